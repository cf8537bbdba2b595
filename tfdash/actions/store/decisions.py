"""What a person decides of a release, with a reason: to roll it back, or that it is verified. Entries of the audit log.

Nothing is sent for a decision: the "manual" trigger says BREACH from then on, on every terminal that the store reaches,
and the rollback itself is an action of its own. It is about one version: the next release starts without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.store.verified_releases import Reads, said, verified
from tfdash.model.judgement import Outcome
from tfdash.model.release import Phase, ReleaseState
from tfdash.model.store_state import VerifiedGood
from tfdash.model.subject import Subject
from tfdash.playbook.releases.version import version_of

_REASON = 3  # characters at least


class Memory(Protocol):
    """Where it is remembered. Raises ``LedgerUnavailable``."""

    async def remember_verified(self, good: VerifiedGood) -> None: ...

    def remember_manual(
        self, subject: Subject, actor: str, sentence: str, version: str = ""
    ) -> Awaitable[None]: ...


Decides = Callable[[Any, Memory, Standing, str, str, float], Coroutine[Any, Any, str]]


async def roll_back(
    board: Reads, memory: Memory, stands: Standing, user: str, reason: str, now: float
) -> str:
    """Decide to roll the release back; "" as the reason takes a decision back. What came of it, in words."""
    release = _release(stands)
    at = release.subject
    if not reason:
        if not board.picture.store_state.manual.get(at):
            raise PlanRefused(f"nobody has decided to roll {at} back")
        await memory.remember_manual(at, user, "", version_of(release))
        return f"{at}: the decision to roll back is taken back"
    _needs(reason)
    await memory.remember_manual(at, user, f"{user}: {reason}", version_of(release))
    return f"{at}: {user} decides to roll back"


async def sign(board: Reads, memory: Memory, stands: Standing, user: str, reason: str, now: float) -> str:
    """Remember what serves now as verified by a person. Refused while two versions serve, and while a trigger says BREACH."""
    release = _release(stands)
    _needs(reason)
    if release.in_flight:
        raise PlanRefused("it is in flight: only a version that serves everything can be signed")
    if release.phase not in (Phase.NONE, Phase.COMPLETE):  # what is aborted still stands in the spec
        raise PlanRefused(f"it is {release.phase}: only a version that serves everything can be signed")
    judged = stands.judgement
    if judged is not None and judged.outcome is Outcome.BREACH:
        raise PlanRefused(f"its triggers say BREACH: {judged.sentence}")
    verdicts = (f"signed by {user}: {reason}", *(said(judged) if judged is not None else ()))
    good = await verified(board, release, now, user, verdicts)
    await memory.remember_verified(good)
    return f"{good.subject}: {user} signs {', '.join(good.images)} as verified"


def _needs(reason: str) -> None:
    if len(reason) < _REASON:
        raise PlanRefused("a reason is needed")


def _release(stands: Standing) -> ReleaseState:
    if stands.release is None:
        raise PlanRefused(f"no release of {stands.subject} is known here")
    return stands.release
