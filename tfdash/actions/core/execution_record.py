"""The entries of one execution: intent, confirmation, outcome, verification.

What is exempt goes on without a durable entry, loudly UNRECORDED; all else is refused. No entry is waited for longer than
``patience``: a disk that hangs is no sink.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tfdash.actions.core.plan_digest import request_json, requests_of
from tfdash.actions.core.protocols import Ledger, LedgerUnavailable
from tfdash.actions.core.verification import Verified
from tfdash.model.action import FreezeRule, Plan, Request, Result
from tfdash.model.store_state import Entry, EntryKind
from tfdash.text import fault, safe

log = logging.getLogger(__name__)


def plan_data(plan: Plan, marks: Callable[[Request], Any]) -> dict[str, Any]:
    """What an intent keeps of its plan: enough to look at the cluster again and say what became of it."""
    return {
        "plan": msgspec.to_builtins(plan),
        "digest": plan.digest,
        "policy": plan.policy,
        "requests": [request_json(r) for r in requests_of(plan)],
        "marks": [marks(r) for r in requests_of(plan)],
    }


class ExecutionRecord:
    """One execution's entries. ``unrecorded`` says why there is none, "" where there is."""

    def __init__(self, ledger: Ledger | None, plan: Plan, actor: str, patience: float) -> None:
        self._ledger, self._plan, self.actor, self._patience = ledger, plan, actor, patience
        self.intent: Entry | None = None
        self.unrecorded = ""

    async def _append(self, kind: EntryKind, sentence: str, data: Mapping[str, Any]) -> Entry:
        """Raises ``LedgerUnavailable``, also where nothing answered in time."""
        if self._ledger is None:
            raise LedgerUnavailable("there is no store")
        plan = self._plan
        try:
            async with asyncio.timeout(self._patience):
                return await self._ledger.append(
                    kind,
                    actor=self.actor,
                    subject=plan.subject,
                    action=plan.action,
                    intent="" if self.intent is None else self.intent.intent,
                    sentence=sentence,
                    data=data,
                    environment=plan.subject.cluster.environment,
                )
        except TimeoutError:
            raise LedgerUnavailable(f"the store did not acknowledge within {self._patience:g} s") from None

    async def intend(
        self, confirmed: Mapping[str, Any], marks: Callable[[Request], Any], *, must: bool = False
    ) -> str:
        """Record the intent. Returns why it must not be done, "" where it may be. ``must``: not without it, exempt or not."""
        plan = self._plan
        try:
            if self._ledger is None:
                raise LedgerUnavailable("there is no store")
            async with asyncio.timeout(
                self._patience
            ):  # both together: a roll back waits no longer than this
                await self._ledger.reserve(3)
                self.intent = await self._append(
                    EntryKind.INTENT, plan.effect, {**plan_data(plan, marks), "confirmed": dict(confirmed)}
                )
        except TimeoutError:
            self.unrecorded = f"the store did not acknowledge within {self._patience:g} s"
        except LedgerUnavailable as error:
            self.unrecorded = safe(str(error))
        except Exception as error:  # a defect of the store must not hold a rollback up either
            log.exception("the intent could not be recorded")
            self.unrecorded = fault(error)
        if not self.unrecorded:
            return ""
        if must:
            return f"nothing would tell after a restart that this step was done: {self.unrecorded}; by its own key, outside the run, it is done all the same"
        if plan.freeze is FreezeRule.EXEMPT:
            return ""
        return f"nothing durable would remember it: {self.unrecorded}"

    async def add(self, kind: EntryKind, sentence: str, data: Mapping[str, Any]) -> str:
        """A further entry; returns its id or "" where it could not be kept (said in the log, and by the store's health)."""
        if self.unrecorded:
            return ""
        try:
            entry = await self._append(kind, sentence, data)
            return f"{entry.terminal}:{entry.sequence}"
        except Exception as error:
            log.error("%s of %s not recorded: %s", kind, self._plan.action, safe(str(error)))
            return ""

    async def refuse(self, sentence: str, opens_at: float | None) -> None:
        try:
            await self._append(
                EntryKind.REFUSAL, sentence, {"opens_at": opens_at, "digest": self._plan.digest}
            )
        except Exception as error:
            log.warning("refusal of %s not recorded: %s", self._plan.action, safe(str(error)))

    @property
    def id(self) -> str:
        """Of the intent, "" where it is UNRECORDED."""
        return self.intent.intent if self.intent is not None else ""

    def audit_id(self, number: int) -> str:
        """For the Audit-ID header of the ``number``-th request: derived from the intent, so that logs can be joined."""
        if self.intent is not None and self.intent.hash:
            from tfdash.store.log.canonical import audit_id

            return audit_id(self.intent, number)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"tfdash:{self._plan.id}:{self._plan.digest}:{number}"))


def verified_data(end: Verified) -> dict[str, Any]:
    """What the entry of a verification keeps."""
    return {"verified": end.good, "posts": [[p.id, state] for p, state in end.states]}


def result_words(result: Result) -> str:
    return {
        Result.APPLIED: "done",
        Result.REFUSED: "refused",
        Result.NOT_APPLIED: "not done",
        Result.FAILED: "failed",
        Result.UNKNOWN: "UNKNOWN OUTCOME",
    }[result]
