"""Whether a kind can be seen. What cannot be seen is never said to be well."""

from __future__ import annotations

from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.verdict import UnknownKind
from tfdash.playbook.moment import Moment

_UNKNOWN = {
    ProblemKind.FORBIDDEN: UnknownKind.NO_PRIVILEGE,
    ProblemKind.LOGIN_EXPIRED: UnknownKind.NO_PRIVILEGE,
    ProblemKind.BAD_ANSWER: UnknownKind.QUERY_ERROR,
    ProblemKind.SERVER_ERROR: UnknownKind.QUERY_ERROR,
    ProblemKind.INTERNAL: UnknownKind.QUERY_ERROR,
}


def blindness(seen: Observation[Objects] | None, stale_after: float, moment: Moment) -> UnknownKind | None:
    """Why the kind cannot be judged by, or None where it is whole and was proven current lately.

    A kind that the cluster does not serve is seen: there is none.
    """
    if seen is None:
        return UnknownKind.NO_DATA
    if seen.value is None or not seen.complete or seen.provisional:
        if seen.problem is None:
            return UnknownKind.LOADING
        if seen.problem.kind is ProblemKind.NOT_SERVED:
            return None
        return _UNKNOWN.get(seen.problem.kind, UnknownKind.NO_DATA)
    if seen.observed_at is None:
        return UnknownKind.NO_DATA
    return UnknownKind.STALE if moment.reached(seen.observed_at + stale_after) else None
