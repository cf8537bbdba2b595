"""A draft made into a plan: the risk it is confirmed by, when it expires, and the digest that an approval binds to."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.model.action import Choice, FreezeRule, Plan, Post, Request, Risk
from tfdash.model.release import Fact
from tfdash.model.store_state import ApprovalRequest
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical

STAMP = "stamp"
"""The argument that holds the time written into an object, so that a refreshed plan writes the same."""


class Draft(msgspec.Struct, kw_only=True):
    """What an action's maker says. ``subject`` is the object that the facts are read from, with its uid."""

    subject: Subject
    effect: str
    requests: tuple[Request, ...]
    facts: tuple[Fact, ...] = ()
    before: str = ""
    after: str = ""
    diff: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()
    not_reverted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    posts: tuple[Post, ...] = ()
    freeze: FreezeRule | None = None  # where the effect decides it: back or forward, up or down
    promotes: bool | None = None  # likewise
    risk: Risk | None = None  # at least this
    title: str = ""
    typed: str | None = None  # what must be typed, where it is not the subject's name
    arguments: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()  # what a pipeline's texts may name besides the target


def sealed(
    draft: Draft,
    *,
    action: str,
    title: str,
    risk: Risk,
    freeze: FreezeRule,
    promotes: bool,
    typed: str,
    policy: str,
    arguments: Mapping[str, Any],
    chosen: Sequence[str],
    now: float,
    expires: float,
) -> Plan:
    """The plan; ``chosen`` are the ids of the choices that were taken."""
    given = {str(k): _text(v) for k, v in arguments.items() if v is not None}
    plan = Plan(
        id=str(uuid.uuid4()),
        action=action,
        title=draft.title or title,
        subject=draft.subject,
        effect=draft.effect,
        requests=draft.requests,
        facts=draft.facts,
        before=draft.before,
        after=draft.after,
        diff=draft.diff,
        skips=draft.skips,
        not_reverted=draft.not_reverted,
        notes=draft.notes,
        choices=tuple(msgspec.structs.replace(c, chosen=c.id in chosen) for c in draft.choices),
        posts=draft.posts,
        risk=risk,
        freeze=freeze,
        promotes=promotes,
        typed=typed if draft.typed is None else draft.typed,
        arguments=tuple(sorted({**given, **dict(draft.arguments)}.items())),
        policy=policy,
        made_at=now,
        expires_at=now + expires,
    )
    return msgspec.structs.replace(plan, digest=digest_of(plan))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


_NEVER_SAME = ("id", "digest", "made_at", "expires_at")


def digest_of(plan: Plan) -> str:
    """SHA-256 over canonical JSON of the whole plan: what would be done, to what, upon which facts, by which policy, and
    every word that is shown of it. Neither its id nor its times enter it: the same plan made anew has the same digest."""
    return hashlib.sha256(canonical(_shown(plan)).encode()).hexdigest()


def _shown(plan: Plan) -> dict[str, Any]:
    """The parts of a plan that its digest covers, by name, as whoever gets it as JSON reads them: 30 is 30.0 there."""
    read = msgspec.convert(msgspec.to_builtins(plan), Plan)
    told = {name: value for name, value in msgspec.to_builtins(read).items() if name not in _NEVER_SAME}
    if not told["promotes"]:  # plans of before had no such parts: their digests stay what they were
        del told["promotes"]
    for request in (*told["requests"], *(r for c in told["choices"] for r in c["requests"])):
        for name in ("after", "unless"):
            if request[name] is None:
                del request[name]
    return told


def act_of(plan: Plan) -> str:
    """What is done, to what, by which requests. Two plans of the very same act have the same, whatever is shown of them:
    words move (a number of replicas now) while what is sent stays."""
    subject = [*plan.subject.cluster, plan.subject.kind, *plan.subject.key, plan.subject.uid]
    return canonical([plan.action, subject, [request_json(r) for r in requests_of(plan)]])


def of_an_earlier_version(plan: Plan, digest: str) -> bool:
    """Whether ``digest`` is one of a tfdash that left the words out. It proves nothing of what an approver reads."""
    told = {
        "action": plan.action,
        "subject": [*plan.subject.cluster, plan.subject.kind, *plan.subject.key, plan.subject.uid],
        "requests": [request_json(r) for r in requests_of(plan)],
        "facts": [[f.pointer, f.value] for f in plan.facts],
        "risk": int(plan.risk),
        "freeze": str(plan.freeze),
        "policy": plan.policy,
    }
    return hashlib.sha256(canonical(told).encode()).hexdigest() == digest


def plan_of(approval: ApprovalRequest) -> Plan:
    """The plan that an approval is asked for, as its digest proves it. Raises ``ApprovalRefused`` where it is another one,
    where it cannot be read, and where an earlier version asked, whose digest does not cover what is shown."""
    try:
        plan = msgspec.json.decode(approval.plan, type=Plan)
    except (msgspec.ValidationError, msgspec.DecodeError):
        raise ApprovalRefused(
            "the plan cannot be read here, so it cannot be approved (sealed with another [store] key, or forgotten)"
        ) from None
    if digest_of(plan) == approval.digest == plan.digest:
        return plan
    if of_an_earlier_version(plan, approval.digest):
        raise ApprovalRefused(
            "an earlier version of tfdash asked for it, and its digest leaves out the words that are shown: ask again"
        )
    raise ApprovalRefused(
        "its plan is not the one that its digest names: what is shown was changed on its way"
    )


def changed_parts(approval: ApprovalRequest, plan: Plan) -> str:
    """The parts of ``plan`` that are not as they were when it was approved: "effect, before". "" where none is, and where
    the approved plan cannot be read or proven."""
    try:
        approved = _shown(plan_of(approval))
    except ApprovalRefused:
        return ""
    return ", ".join(
        name.replace("_", " ") for name, now in _shown(plan).items() if now != approved.get(name)
    )


def request_json(request: Request) -> dict[str, Any]:
    """The exact request, without the words about it."""
    return {
        "method": request.method,
        "path": request.path,
        "query": [list(pair) for pair in request.query],
        "content_type": request.content_type,
        "body": request.body,
        "argv": list(request.argv),
    }


def requests_of(plan: Plan) -> tuple[Request, ...]:
    """All that would be sent, in order: what was chosen on top comes first (a reconciler is stopped before the change)."""
    first = tuple(r for choice in plan.choices if choice.chosen for r in choice.requests)
    return (*first, *plan.requests)


def changed_facts(before: Sequence[Fact], after: Sequence[Fact]) -> tuple[str, ...]:
    """In words, the facts that differ."""
    now = {f.pointer: f.value for f in after}
    told = []
    for fact in before:
        value = now.get(fact.pointer, "")
        if value != fact.value:
            name = fact.pointer.lstrip("/").replace("/", ".")
            whole = fact.value[:1] in ("{", "[") or value[:1] in ("{", "[")
            told.append(f"{name} changed" if whole else f"{name}: {_short(fact.value)} → {_short(value)}")
    return tuple(told)


def _short(value: str) -> str:
    if not value:
        return "absent"
    return value if len(value) <= 40 else f"{value[:37]}…"
