"""The time at which a rule is asked, which remembers when the answer could become another."""

from __future__ import annotations


class Moment:
    """``now`` and, after a judgement, ``again``: the first time (epoch seconds) at which it must be made anew although
    nothing changed; None where time alone changes nothing. Limits are half-open: they are reached at their second."""

    __slots__ = ("again", "now")

    def __init__(self, now: float) -> None:
        self.now = now
        self.again: float | None = None

    def reached(self, at: float) -> bool:
        """Whether ``at`` has come; if not, the judgement is due again then."""
        if self.now >= at:
            return True
        if self.again is None or at < self.again:
            self.again = at
        return False
