"""What the API server itself says of a plan: rights, whether the facts still stand, and a dry run."""

from __future__ import annotations

import asyncio
from typing import Any

from tfdash.actions.core.plan_digest import changed_facts, requests_of
from tfdash.actions.core.protocols import NotSent, OutcomeUnknown, Writer
from tfdash.actions.kubernetes.answers import NOT_KUBERNETES, explain, of_kubernetes
from tfdash.actions.kubernetes.patches import operations_of
from tfdash.actions.kubernetes.paths import attributes_of, path_of
from tfdash.model.action import Check, Plan, Request
from tfdash.model.requests import ReadFailed
from tfdash.playbook.releases.facts import canonical_at, facts_of
from tfdash.text import safe

_IN_FRONT = 12
"""Dry runs and access reviews of one plan at most: a drain asks for one eviction, not for hundred."""


async def rights(plan: Plan, writer: Writer) -> Check:
    """An access review of exactly what will be sent, each kind of request once."""
    asked: dict[Any, Request] = {}
    for request in requests_of(plan):
        attributes = attributes_of(request)
        if attributes is not None:
            many = request.alone or (attributes.subresource == "eviction" and not request.dry_run)
            asked.setdefault(attributes._replace(name="") if many else attributes, request)
    requests = list(asked.values())[:_IN_FRONT]
    try:
        answers = await asyncio.gather(*(writer.may(r) for r in requests))
    except ReadFailed as failed:
        return Check(id="right", text=safe(f"whether we may cannot be asked: {failed.problem}"), passed=False)
    for answer in answers:
        if answer.allowed is not True:
            where = f" in {answer.namespace}" if answer.namespace else ""
            why = f": {answer.reason}" if answer.reason else ""
            word = "no right" if answer.allowed is False else "not known whether we may"
            return Check(
                id="right", text=safe(f"{word} to {answer.verb} {answer.resource}{where}{why}"), passed=False
            )
    told = ", ".join(dict.fromkeys(f"{a.verb} {a.resource}" for a in answers)) or "no right is needed"
    return Check(id="right", text=safe(f"may {told}" if answers else told), passed=True)


async def facts(plan: Plan, writer: Writer) -> Check:
    """The plan's facts against the object as it is now, past every cache."""
    if not plan.facts:
        return Check(id="facts", text="it rests on nothing that could change", passed=True)
    try:
        answer = await writer.read(path_of(plan.subject))
    except ReadFailed as failed:
        return Check(id="facts", text=safe(f"it cannot be read: {failed.problem}"), passed=False)
    if answer.status == 404:
        return Check(id="facts", text="it is gone", passed=False)
    if not answer.ok:
        return Check(id="facts", text=f"it cannot be read: {safe(answer.message)}", passed=False)
    changed = changed_facts(plan.facts, facts_of(answer.body, [f.pointer for f in plan.facts]))
    if changed:
        return Check(
            id="facts", text=safe(f"it changed since the plan was made: {'; '.join(changed)}"), passed=False
        )
    return Check(id="facts", text="what it rests on still stands", passed=True)


async def dry_run(plan: Plan, writer: Writer) -> Check:
    """Every request that can be, with dryRun=All; what the server would make of it beyond what was asked is said."""
    ready = [r for r in requests_of(plan) if r.dry_run and not r.argv and r.path.startswith("/")][:_IN_FRONT]
    left = len(requests_of(plan)) - len(ready)
    if not ready:
        return Check(
            id="dry-run", text="there is no dry run of this: it is conditional all the same", passed=None
        )
    also: list[str] = []
    for request in ready:
        try:
            answer = await writer.dry_run(request)
        except (NotSent, OutcomeUnknown) as error:
            return Check(
                id="dry-run", text=safe(f"the dry run was not answered: {error}"), passed=_may_go_on(plan)
            )
        if not answer.ok:
            kind, told = explain(answer, request)
            return Check(id="dry-run", text=told, passed=None if kind == "not-dry-runnable" else False)
        if not of_kubernetes(answer):
            return Check(
                id="dry-run", text=f"the dry run: {NOT_KUBERNETES} ({answer.status})", passed=_may_go_on(plan)
            )
        also += _also(request, answer.body)
    more = f"; {left} more are decided one by one" if left else ""
    beyond = f"; the server would also change {', '.join(also)}" if also else ""
    return Check(id="dry-run", text=f"dry run accepted{more}{beyond}", passed=True)


def _may_go_on(plan: Plan) -> bool | None:
    """A roll back goes on without its dry run's answer: the request itself is as conditional."""
    return None if plan.freeze == "exempt" else False


def _also(request: Request, body: Any) -> list[str]:
    """Members that the server (a webhook) set to something else than what was asked."""
    told = []
    for change in operations_of(request):
        if change["op"] in ("add", "replace") and isinstance(change.get("value"), str | int | bool):
            found = canonical_at(body, change["path"])
            if found and found != canonical_at({"v": change["value"]}, "/v"):
                told.append(safe(change["path"].lstrip("/").replace("/", ".")))
    return told
