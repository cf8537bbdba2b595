"""What is to be seen of a certificate after it was renewed."""

from __future__ import annotations

from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts


def _reissued(seen: PostconditionFacts, value: str) -> bool:
    conditions = {c.get("type"): c.get("status") for c in seen.status.get("conditions") or ()}
    later = int(seen.status.get("revision") or 0) > int(value)
    return seen.same and later and conditions.get("Ready") == "True" and conditions.get("Issuing") != "True"


REISSUED = Postcondition("reissued", _reissued)
"""A revision after that of the value is issued, and ready."""
