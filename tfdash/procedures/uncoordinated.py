"""Where nothing that several terminals see can be reached: each goes on by what it knows, and says so on every frame."""

from __future__ import annotations

from tfdash.procedures.protocols import Claim


class Uncoordinated:
    """``tfdash.procedures.protocols.Claims`` that nobody keeps. ``why`` as a sentence; ``terminal``: whose they are."""

    def __init__(self, terminal: str, why: str) -> None:
        self._terminal, self._why = terminal, why

    async def claim(self, run: str, step: str, holder: str, *, over: int = 0, unseen: bool = False) -> Claim:
        return Claim(run=run, step=step, fence=over + 1, holder=holder, terminal=self._terminal)

    async def holds(self, claim: Claim) -> bool:
        return True

    async def let_go(self, claim: Claim, *, worked: bool) -> None:
        """There is nothing to let go of."""

    async def ended(self, run: str) -> None:
        """Nothing was kept."""

    def coordinated(self, run: str = "") -> str:
        return self._why
