"""Names that several parts of the store share."""

TURN = "Turn"
"""The kind of what terminals take turns at, which is no object: journeys."""
