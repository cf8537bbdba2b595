"""Why a kind cannot be judged by. What was not read, not wholly or not lately is never said to be well."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.verdict import UnknownKind
from tfdash.moments import clock

_UNKNOWN = {
    ProblemKind.FORBIDDEN: UnknownKind.NO_PRIVILEGE,
    ProblemKind.LOGIN_EXPIRED: UnknownKind.NO_PRIVILEGE,
    ProblemKind.BAD_ANSWER: UnknownKind.QUERY_ERROR,
    ProblemKind.SERVER_ERROR: UnknownKind.QUERY_ERROR,
    ProblemKind.INTERNAL: UnknownKind.QUERY_ERROR,
}


class Unread(NamedTuple):
    """A named UNKNOWN in the place of objects. ``cause`` is one sentence; ``absent``: the cluster does not serve the
    kind, so there are none of it; ``as_of``: when what is stale was last proven current (epoch seconds)."""

    unknown: UnknownKind
    cause: str
    absent: bool = False
    as_of: float = 0.0


NOT_ASKED = Unread(UnknownKind.NO_DATA, "not asked for")
LOADING = Unread(UnknownKind.LOADING, "still loading")


def unread(seen: Observation[Objects] | None) -> Unread | None:
    """Why the objects of a kind are not known; None where they were all read once."""
    if seen is None:
        return NOT_ASKED
    if seen.problem is not None and not seen.complete:
        absent = seen.problem.kind is ProblemKind.NOT_SERVED
        return Unread(_UNKNOWN.get(seen.problem.kind, UnknownKind.NO_DATA), str(seen.problem), absent)
    return None if seen.complete and not seen.provisional else LOADING


def lacking(seen: Observation[Objects] | None) -> str:
    """What of a kind that was read could not be, as its source says it; "" where nothing is lacking."""
    there = seen is not None and seen.complete and bool(seen.unreadable)
    return str(seen.problem) if seen is not None and there and seen.problem is not None else ""


def stale(proven: float, stale_after: float, now: float, zone: ZoneInfo) -> Unread | None:
    """That nothing proved it current since ``proven`` (epoch seconds), for ``stale_after`` seconds, or None. Half-open: from
    then on."""
    if now < proven + stale_after:
        return None
    return not_current(proven, zone)


def not_current(proven: float, zone: ZoneInfo) -> Unread:
    """``proven``: when something proved it current last, 0: never; ``zone``: the platform's, in which it is written."""
    since = f"not proven current since {clock(proven, zone)}" if proven > 0 else "never proven current"
    return Unread(UnknownKind.STALE, since, as_of=proven)
