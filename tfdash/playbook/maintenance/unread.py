"""What is said of an item where not all that is on record can be read: what rests on nothing having been recorded is not known."""

from __future__ import annotations

import msgspec

from tfdash.model.maintenance import ItemStanding, ItemState, Period, PeriodVerdict
from tfdash.model.verdict import Level
from tfdash.text import safe

_KNOWN = frozenset(
    {
        ItemStanding.DONE,
        ItemStanding.WAIVED,
        ItemStanding.IN_PROGRESS,
        ItemStanding.NO_EVIDENCE,
        ItemStanding.WITHDRAWN,
    }
)
"""What some evidence says, whatever else there is."""


def not_read(state: ItemState, why: str) -> ItemState:
    """``state`` without what only the absence of records said. ``why`` they cannot be read."""
    periods = tuple(map(_unseen, state.periods))
    judged = state.judged - sum(p.verdict is PeriodVerdict.MISSED for p in state.periods)
    if state.standing in _KNOWN:
        return msgspec.structs.replace(state, periods=periods, judged=judged)
    words = f"not known whether it was done: {safe(why)}"
    return msgspec.structs.replace(
        state,
        standing=ItemStanding.NO_EVIDENCE,
        level=Level.UNKNOWN,
        sentence=f"{state.title}: {words}",
        words=words,
        since=None,
        cause=safe(why),
        periods=periods,
        judged=judged,
    )


def _unseen(period: Period) -> Period:
    missed = period.verdict is PeriodVerdict.MISSED
    return msgspec.structs.replace(period, verdict=PeriodVerdict.NOT_WATCHED) if missed else period
