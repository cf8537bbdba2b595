"""What is to be seen of Flagger's Canaries after an action."""

from __future__ import annotations

from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts


def _left_waiting(seen: PostconditionFacts, value: str) -> bool:
    return seen.same and not str(seen.status.get("phase", "")).startswith("Waiting")


def _in_phase(seen: PostconditionFacts, value: str) -> bool:
    return seen.same and seen.status.get("phase") == value


def _suspended(seen: PostconditionFacts, value: str) -> bool:
    return seen.same and bool(seen.spec.get("suspend"))


def _not_suspended(seen: PostconditionFacts, value: str) -> bool:
    return seen.same and not seen.spec.get("suspend")


LEFT_WAITING = Postcondition("left-waiting", _left_waiting)
PHASE = Postcondition("phase", _in_phase)
SUSPENDED = Postcondition("suspended", _suspended)
NOT_SUSPENDED = Postcondition("not-suspended", _not_suspended)
