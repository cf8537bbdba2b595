"""A draft made into a plan: the risk it is confirmed by, when it expires, and the digest that an approval binds to."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.model.action import Choice, FreezeRule, Plan, Post, Request, Risk, Waiver
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
    waives: tuple[Waiver, ...] | None = None  # where it is not for the rules to say
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
    asked: Subject,
    waives: tuple[Waiver, ...],
    now: float,
    expires: float,
) -> Plan:
    """The plan; ``chosen`` are the ids of the choices that were taken, ``asked`` is what the operator chose."""
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
        asked=asked,
        waives=waives if draft.waives is None else draft.waives,
        made_at=now,
        expires_at=now + expires,
    )
    return msgspec.structs.replace(plan, digest=digest_of(plan))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


def digest_of(plan: Plan) -> str:
    """SHA-256 over canonical JSON of what an approval binds to: what would be sent, to what, upon which facts, what must be
    seen of it, how it is confirmed, by which policy, and what is waived. No word that is shown enters it: whoever
    approves has them made anew on their own terminal, and a status that moved does not undo an approval."""
    return hashlib.sha256(canonical(_covered(plan)).encode()).hexdigest()


def _covered(plan: Plan) -> dict[str, Any]:
    """The parts that the digest covers, by name."""
    return {
        "action": plan.action,
        "target": _target(plan),
        "requests": [_ordered(r) for r in requests_of(plan)],
        "choices": [c.id for c in plan.choices if c.chosen],
        "facts": [[f.pointer, f.value] for f in plan.facts],
        "posts": [_seen(p) for p in plan.posts],
        "risk": int(plan.risk),
        "freeze": str(plan.freeze),
        "promotes": plan.promotes,
        "typed": plan.typed,
        "policy": plan.policy,
        "waives": [w.id for w in plan.waives],
    }


def _target(plan: Plan) -> list[str]:
    return [*plan.subject.cluster, plan.subject.kind, *plan.subject.key, plan.subject.uid]


def _seen(post: Post | None) -> list[Any] | None:
    """30 seconds are 30.0: whoever gets a plan as JSON reads them so."""
    return [post.id, float(post.within)] if post is not None else None


def _ordered(request: Request) -> dict[str, Any]:
    """The request with what it waits for, and whether its refusal holds up the others (said only where it does not: plans of
    earlier versions keep their digest)."""
    alone = {"alone": True} if request.alone else {}
    return {**request_json(request), "after": _seen(request.after), "unless": _seen(request.unless), **alone}


def what_moves(plan: Plan) -> object:
    """What a plan that is made anew may not change under the finger of whoever read it: all that its digest covers, but for
    what they chose themselves."""
    told = _covered(plan)
    told["requests"] = [_ordered(r) for r in plan.requests]
    return {name: value for name, value in told.items() if name != "choices"}


def carried(plan: Plan) -> Plan:
    """The plan as it travels to a second person: without any word that is shown, and with the same digest."""

    def post(one: Post | None) -> Post | None:
        return msgspec.structs.replace(one, text="") if one is not None else None

    def request(one: Request) -> Request:
        return msgspec.structs.replace(one, what="", after=post(one.after), unless=post(one.unless))

    return msgspec.structs.replace(
        plan,
        title="",
        effect="",
        requests=tuple(map(request, plan.requests)),
        before="",
        after="",
        diff=(),
        skips=(),
        not_reverted=(),
        notes=(),
        choices=tuple(
            msgspec.structs.replace(c, text="", unsure="", requests=tuple(map(request, c.requests)))
            for c in plan.choices
            if c.chosen
        ),
        posts=tuple(msgspec.structs.replace(p, text="") for p in plan.posts),
        waives=tuple(msgspec.structs.replace(w, text="") for w in plan.waives),
    )


def derived(proven: Plan, made: Plan) -> Plan:
    """``made`` is what this terminal plans for the action and the target of ``proven``, from the live object: the words that
    are shown for it. Raises ``ApprovalRefused`` where what it would send is anything else than what ``proven`` says. How it
    is confirmed, by which policy and what is waived is the requester's own."""
    words = {w.id: w for w in made.waives}
    here = "nothing on this terminal stands against it"
    same = msgspec.structs.replace(
        made,
        risk=proven.risk,
        policy=proven.policy,
        waives=tuple(words.get(w.id, Waiver(id=w.id, text=f"{w.id}: {here}")) for w in proven.waives),
        digest=proven.digest,
    )
    if digest_of(same) != proven.digest:
        parts = different(proven, same)
        raise ApprovalRefused(
            f"made anew on this terminal it is another plan ({parts}): what was asked for is not what this is now; "
            "ask again"
        )
    return same


def different(one: Plan, other: Plan) -> str:
    """The parts, as the digest sees them, in which two plans differ: "requests, facts"; "" where in none."""
    before = _covered(one)
    return ", ".join(name for name, now in _covered(other).items() if now != before[name])


def act_of(plan: Plan) -> str:
    """What is done, to what, by which requests. Two plans of the very same act have the same, whatever is shown of them:
    words move (a number of replicas now) while what is sent stays."""
    return canonical([plan.action, _target(plan), [request_json(r) for r in requests_of(plan)]])


def of_an_earlier_version(asked: ApprovalRequest, plan: Plan) -> bool:
    """Whether its digest is one of a tfdash whose digests covered the words too, or left out what is waived."""
    words = msgspec.json.decode(asked.plan)
    for name in ("id", "digest", "made_at", "expires_at", *(() if words.get("promotes") else ("promotes",))):
        words.pop(name, None)
    for request in (*words["requests"], *(r for c in words["choices"] for r in c["requests"])):
        for name in ("after", "unless"):
            if request.get(name) is None:
                request.pop(name, None)
    first = {
        "action": plan.action,
        "subject": _target(plan),
        "requests": [request_json(r) for r in requests_of(plan)],
        "facts": [[f.pointer, f.value] for f in plan.facts],
        "risk": int(plan.risk),
        "freeze": str(plan.freeze),
        "policy": plan.policy,
    }
    return asked.digest in {hashlib.sha256(canonical(told).encode()).hexdigest() for told in (first, words)}


_read_plan = msgspec.json.Decoder(Plan).decode


def plan_of(approval: ApprovalRequest) -> Plan:
    """The plan that an approval is asked for, as its digest proves it: what would be done, without words. Raises
    ``ApprovalRefused`` where it is another one, where it cannot be read, and where an earlier version asked."""
    try:
        plan = _read_plan(approval.plan)
    except (msgspec.ValidationError, msgspec.DecodeError):
        raise ApprovalRefused(
            "the plan cannot be read here, so it cannot be approved (sealed with another [store] key, or forgotten)"
        ) from None
    if digest_of(plan) == approval.digest == plan.digest:
        return carried(plan)
    if of_an_earlier_version(approval, plan):
        raise ApprovalRefused(
            "an earlier version of tfdash asked for it, whose digests mean something else: ask again"
        )
    raise ApprovalRefused("its plan is not the one that its digest names: it was changed on its way")


def changed_parts(approval: ApprovalRequest, plan: Plan) -> str:
    """The parts of ``plan`` that are not as they were when it was approved: "facts, waives". "" where none is, and where
    the approved plan cannot be read or proven."""
    try:
        return different(plan_of(approval), plan)
    except ApprovalRefused:
        return ""


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
