"""The one gate: identity, rights, playbook, dry run, facts. Asked when a plan is made, and again before it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from tfdash.actions.core.executor import Executor
from tfdash.actions.core.gate_rules import GateInput, checks
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.kubernetes.managed_by import sync_check
from tfdash.model.action import Check, Plan
from tfdash.model.requests import ReadFailed
from tfdash.text import safe


class Looked(msgspec.Struct, kw_only=True):
    """What the guard found. ``groups`` and ``user`` as the server says them."""

    checks: tuple[Check, ...]
    user: str = ""
    groups: tuple[str, ...] = ()

    @property
    def refused(self) -> Check | None:
        return next((c for c in self.checks if c.passed is False), None)


async def look(
    plan: Plan,
    executor: Executor,
    case_of: Callable[[str], GateInput],
    policy: ActionPolicy,
    *,
    dry_run: bool,
    user: str = "",
    groups: tuple[str, ...] = (),
) -> Looked:
    """Everything in the order of the house's rule 3; ``case_of`` makes the playbook's case for a user. ``user`` and
    ``groups``: whom the plan was made as, where it was made before."""
    found: list[Check] = []
    try:
        now_user, now_groups = await executor.identity()
    except ReadFailed as failed:
        told = f"who we are cannot be asked: {failed.problem}"
        return Looked(checks=(Check(id="identity", text=safe(told), passed=False),))
    if user and (user, groups) != (now_user, now_groups):
        told = f"the server takes us for {safe(now_user)} now; the plan was made as {safe(user)}"
        return Looked(checks=(Check(id="identity", text=told, passed=False),), user=now_user)
    found.append(Check(id="identity", text=f"the server takes us for {safe(now_user)}", passed=True))
    rights, facts = await asyncio.gather(executor.rights(plan), executor.facts(plan))
    found.append(rights)
    found += checks(case_of(now_user), policy)
    sync = sync_check(plan)
    found += [] if sync is None else [sync]
    found.append(facts)
    if dry_run and not any(c.passed is False for c in found):
        told_by_dry_run = await executor.dry_run(plan)
        if told_by_dry_run is not None:
            found.append(told_by_dry_run)
    return Looked(checks=tuple(found), user=now_user, groups=now_groups)
