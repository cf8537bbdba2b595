"""What lost entries of the audit log may have said of a release. Pure."""

from __future__ import annotations

import math

from tfdash.model.release import ReleaseState
from tfdash.model.store_state import StoreState


def lost_of(facts: StoreState, release: ReleaseState) -> str:
    """Why it is not known whether a person decided to roll this release back, "" where it is: a terminal found that entries
    of the log were lost since it began, and nobody has decided anew. What begins afterwards is told of by what is there."""
    began = release.started if release.started is not None else -math.inf
    decided = facts.decided_at.get(release.subject, -math.inf)
    told = [sentence for at, sentence in facts.losses if at >= began and at > decided]
    if not told:
        return ""
    return (
        f"whether a person decided to roll back is not known, for entries of the log were lost: {told[-1]};"
        " record the decision anew, or that there is none"
    )
