"""A step claimed for as long as it is worked on, and taken over from who is not at it any more."""

from __future__ import annotations

import asyncio
import logging

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.run import RunEventKind, StepStatus
from tfdash.playbook.procedures.tree import IN_AIR
from tfdash.procedures.kind import Doing, state_of
from tfdash.procedures.protocols import Claim, ClaimTaken, RunRefused, WorkUnseen

log = logging.getLogger(__name__)
_FREE_AGAIN = frozenset({StepStatus.CLAIMED, StepStatus.FAILED, StepStatus.READY})
_REMEDIES = {
    ClaimTaken: "take it over, if they are not at it any more",
    WorkUnseen: "wait until their journal is here, or find out and take it over",
}


class Claimed:
    """Ours for as long as it is entered, and as long as it goes on where it does. ``record``: also in the journal, so that others see it
    where claims are kept by nobody."""

    def __init__(self, doing: Doing, *, record: bool) -> None:
        self._means, self._doing, self._record = doing.means, doing, record

    async def __aenter__(self) -> Claim:
        doing = self._doing
        doing.claim = claim = await _claim(doing, doing.state.fence)
        if self._record:
            data = {"fence": claim.fence, "kept_by": claim.kept_by}
            await doing.record(RunEventKind.CLAIMED, "", data)
        return claim

    async def __aexit__(self, *failed: object) -> None:
        doing, claim = self._doing, self._doing.claim
        if claim is None or (failed and isinstance(failed[1], asyncio.CancelledError)):
            return  # the program ends: whoever comes next finds it in the air
        newest = self._means.journals.state(doing.run.id)
        state = state_of(newest, doing.step.id) if newest is not None else None
        if state is None or state.status not in IN_AIR:
            await let_go(doing, worked=self._record)


async def let_go(doing: Doing, *, worked: bool = True) -> None:
    """Others may have it: of a step that ended, or was not begun. ``worked``: the journal tells of it."""
    claim, doing.claim = doing.claim, None
    if claim is None:
        return
    await doing.means.claims.let_go(claim, worked=worked)
    newest = doing.means.journals.state(doing.run.id)
    state = state_of(newest, doing.step.id) if newest is not None else None
    if state is not None and state.terminal == claim.terminal and state.status in _FREE_AGAIN:
        try:
            await doing.record(RunEventKind.LET_GO, "", {"fence": claim.fence})
        except LedgerUnavailable:
            log.warning("that %s is free again could not be recorded", doing.tag)


async def _claim(doing: Doing, over: int, **unseen: bool) -> Claim:
    """Raises ``RunRefused``, and keeps in mind whose it is: the journal need not tell of them."""
    try:
        return await doing.means.claims.claim(doing.run.id, doing.step.id, doing.by, over=over, **unseen)
    except ClaimTaken as error:
        doing.means.met[doing.run.id, doing.step.id] = error.claim
        raise RunRefused(str(error), remedy=_REMEDIES[type(error)]) from None


async def take(doing: Doing, why: str = "", over: Claim | None = None) -> None:
    """Claim it over whoever has it, or had it (``over``: where the journal does not tell of them). Raises ``RunRefused`` where somebody was
    quicker."""
    state = doing.state
    theirs = state if over is None else over
    unseen = {"unseen": True} if over is not None and not over.terminal else {}
    doing.claim = claim = await _claim(doing, max(theirs.fence, state.fence), **unseen)
    place = f" at {theirs.terminal}" if theirs.terminal else ""
    was = f"from {theirs.holder}{place}" if theirs.holder else ""
    sentence = ": ".join(part for part in (f"taken over {was}".strip(), why) if part)
    await doing.record(RunEventKind.CLAIMED, sentence, {"fence": claim.fence, "kept_by": claim.kept_by})
