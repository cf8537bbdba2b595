"""How long a crashed container waits: at once after its first crash, then 10 s doubled up to 5 minutes."""

from __future__ import annotations

FIRST, LONGEST = 10.0, 300.0


class BackOff:
    def __init__(self) -> None:
        self._crashes = 0

    def next(self) -> float:
        """Seconds to wait after one more crash."""
        self._crashes += 1
        return 0.0 if self._crashes == 1 else min(LONGEST, FIRST * 2 ** min(self._crashes - 2, 10))

    def reset(self) -> None:
        self._crashes = 0
