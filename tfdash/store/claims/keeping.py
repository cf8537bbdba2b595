"""Claims (``tfdash.procedures.protocols.Claims``) over whatever keeps them: one that several keep is put into all of them, so that who sees only
one of them sees it there. Each keeper changes what it has only where that is what was looked at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from tfdash.playbook.procedures.folding import LEAP
from tfdash.procedures.protocols import Claim, ClaimTaken, taken

NOBODY = ""
_TRIES = 5
_BETWEEN = ", "


class KeeperAway(Exception):
    """It cannot be reached, or does not let us; the text says why. Whether what was being put stands there is not known."""


class KeptClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a keeper has of one step. ``terminal`` "": let go; ``holder`` is then who had worked on it, "" where nobody had. ``fence`` 0: nobody claimed it
    yet. ``version``: of what was looked at, as the keeper tells it from others."""

    fence: int = 0
    holder: str = ""
    terminal: str = NOBODY
    version: str = ""


class ClaimKeeper(Protocol):
    """``id``: as ``Claim.kept_by`` names it. ``shared``: other machines see it."""

    @property
    def id(self) -> str: ...

    @property
    def shared(self) -> bool: ...

    def problem(self, run: str = "") -> str:
        """Why it cannot keep anything of a run (of any, "") now, "" where nothing speaks against it. No I/O."""

    async def look(self, run: str, step: str) -> KeptClaim:
        """What it has. Raises ``KeeperAway``."""

    async def put(self, run: str, step: str, before: KeptClaim, after: KeptClaim) -> bool:
        """``after`` in the place of ``before``; False where something else stands there now. Raises ``KeeperAway``."""

    async def forget(self, run: str) -> None:
        """All of a run that is over. Raises ``KeeperAway``."""


Seen = tuple[ClaimKeeper, KeptClaim]


class KeptClaims:
    """See the module. ``keepers``: the strongest first. ``terminal`` is our own name, ``ours`` whether one is this terminal under another.
    ``known``: the highest fence of a step that the journal of its run has; ``seen``: the highest of which it tells the end, too."""

    def __init__(
        self,
        keepers: Sequence[ClaimKeeper],
        terminal: Callable[[], str],
        *,
        known: Callable[[str, str], int],
        ours: Callable[[str], bool] = lambda name: False,
        seen: Callable[[str, str], int] | None = None,
    ) -> None:
        self._keepers, self._terminal, self._known, self._ours = tuple(keepers), terminal, known, ours
        self._seen = seen or known
        self._one = asyncio.Lock()  # two of this terminal's own steps would only hinder one another

    async def claim(self, run: str, step: str, holder: str, *, over: int = 0, unseen: bool = False) -> Claim:
        """See ``Claims``."""
        async with self._one:
            for _ in range(_TRIES):
                seen = await self._look(run, step)
                self._refuse(run, step, seen, over, unseen)
                fence = 1 + max([over, self._known(run, step), *(kept.fence for _, kept in seen)])
                ours = KeptClaim(fence=fence, holder=holder, terminal=self._terminal())
                took, lost = await self._put(run, step, seen, ours)
                if not lost:
                    return self._claim(run, step, ours, took)
                # nothing was done under it; who worked on it before is known to who was faster: they were asked
                await self._give_back(run, step, took, KeptClaim(fence=fence))
            self._refuse(run, step, await self._look(run, step), over, unseen)
            # somebody is faster each time, and is gone again each time one looks
            raise ClaimTaken(Claim(run=run, step=step, fence=fence, holder="somebody", terminal="another"))

    async def holds(self, claim: Claim) -> bool:
        """See ``Claims``. Where what keeps it cannot be asked it is not ours: nobody knows who took it over. It can be claimed anew,
        by what can be reached."""
        confirmed = not claim.kept_by
        named = claim.kept_by.split(_BETWEEN)
        for keeper, kept in await self._look(claim.run, claim.step):
            if kept.fence > claim.fence or (kept.fence == claim.fence and not self._mine(kept)):
                return False
            confirmed = confirmed or (keeper.id in named and kept.fence == claim.fence)
        return confirmed

    async def let_go(self, claim: Claim, *, worked: bool) -> None:
        """See ``Claims``. What cannot be reached keeps it: who takes it over says so."""
        after = KeptClaim(fence=claim.fence, holder=claim.holder if worked else NOBODY)
        async with self._one:
            await self._give_back(claim.run, claim.step, self._keepers, after)

    async def ended(self, run: str) -> None:
        """The run is over: nobody needs to know who worked on it."""
        for keeper in self._keepers:
            with contextlib.suppress(KeeperAway):
                await keeper.forget(run)

    def coordinated(self, run: str = "") -> str:
        """See ``Claims``. ``run``: of that one."""
        why = [(keeper, keeper.problem(run)) for keeper in self._keepers if keeper.shared]
        if any(not problem for _, problem in why):
            return ""
        reasons = "; ".join(problem for _, problem in why)
        return "NOT COORDINATED: nobody but the programs of this machine sees who works on which step" + (
            f" ({reasons})" if reasons else ""
        )

    # -- of all keepers -------------------------------------------------------------------------------------------

    def _mine(self, kept: KeptClaim) -> bool:
        return kept.terminal == self._terminal() or (kept.terminal != NOBODY and self._ours(kept.terminal))

    async def _look(self, run: str, step: str) -> list[Seen]:
        """Of those that can be asked, in their order; all at the same time. One that has a fence of nobody who counts is as one
        that cannot be asked."""
        most = self._known(run, step) + LEAP
        answers = await asyncio.gather(*(k.look(run, step) for k in self._keepers), return_exceptions=True)
        found = []
        for keeper, answer in zip(self._keepers, answers, strict=True):
            if isinstance(answer, KeptClaim):
                found += [(keeper, answer)] if answer.fence <= most else []
            elif not isinstance(answer, KeeperAway):
                raise answer
        return found

    def _refuse(self, run: str, step: str, seen: Sequence[Seen], over: int, unseen: bool) -> None:
        """Raises where somebody has it, or had it and did what is not known here: of several the newest. That they began it may be known while that
        they ended it is still on its way."""
        known = max(over if unseen else 0, self._seen(run, step))

        def passed(kept: KeptClaim) -> bool:
            if kept.terminal != NOBODY:
                return kept.fence <= over or self._mine(kept)
            return kept.fence <= known or kept.holder == NOBODY

        theirs = [(keeper, kept) for keeper, kept in seen if not passed(kept)]
        if theirs:
            keeper, kept = max(theirs, key=lambda one: one[1].fence)
            raise taken(
                Claim(
                    run=run,
                    step=step,
                    fence=kept.fence,
                    holder=kept.holder,
                    terminal=kept.terminal,
                    kept_by=keeper.id,
                )
            )

    async def _put(
        self, run: str, step: str, seen: Sequence[Seen], ours: KeptClaim
    ) -> tuple[list[ClaimKeeper], bool]:
        """Who keeps it now, and whether somebody was faster at one of them."""
        took: list[ClaimKeeper] = []
        for keeper, kept in seen:
            try:
                if not await keeper.put(run, step, kept, ours):
                    return took, True
            except KeeperAway:
                continue
            took.append(keeper)
        return took, False

    async def _give_back(self, run: str, step: str, keepers: Sequence[ClaimKeeper], after: KeptClaim) -> None:
        """Our claim of that fence is nobody's any more; looked at again where something else of the run changed there meanwhile."""

        async def one(keeper: ClaimKeeper) -> None:
            with contextlib.suppress(KeeperAway):
                for _ in range(_TRIES):
                    kept = await keeper.look(run, step)
                    ours = kept.fence == after.fence and self._mine(kept)
                    if not ours or await keeper.put(run, step, kept, after):
                        return

        await asyncio.gather(*(one(keeper) for keeper in keepers))

    def _claim(self, run: str, step: str, ours: KeptClaim, took: Sequence[ClaimKeeper]) -> Claim:
        """Kept by those whom others see, else by this machine alone."""
        shared = [keeper.id for keeper in took if keeper.shared]
        return Claim(
            run=run,
            step=step,
            fence=ours.fence,
            holder=ours.holder,
            terminal=ours.terminal,
            kept_by=_BETWEEN.join(shared or [keeper.id for keeper in took]),
        )
