"""Whether this terminal may act, as it is shown."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Posture(StrEnum):
    READ_ONLY = "READ-ONLY"
    ACTING = "ACTING"
    ELEVATED = "ELEVATED"
    BREAK_GLASS = "BREAK-GLASS"
    RECORDING = "RECORDING"  # nothing is done to what was


class ModeNow(NamedTuple):
    """``left``: seconds until it ends; None where it does not end by itself."""

    posture: Posture = Posture.READ_ONLY
    left: float | None = None

    @property
    def text(self) -> str:
        """READ-ONLY, ACTING, ELEVATED 04:12, BREAK-GLASS 52:10."""
        if self.left is None:
            return self.posture.value
        minutes, seconds = divmod(int(self.left), 60)
        return f"{self.posture.value} {minutes:02d}:{seconds:02d}"


READ_ONLY = ModeNow()
