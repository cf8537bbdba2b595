"""Which versions served before what runs now, and which were left: from the sequence of revisions, not from their names. Pure.

A controller numbers each template anew whenever it is taken up again. A Deployment's and a Rollout's ReplicaSets keep the
numbers that they had (``revision-history``); a ControllerRevision keeps only its newest, so that an old one with a higher
number than younger ones is one that was returned to (kubernetes pkg/controller/history: ``UpdateControllerRevision``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple


class Direction(StrEnum):
    """Of a change from what runs now to another version."""

    BACK = "back"  # it served before what runs now, and was not left since
    FORWARD = (
        "forward"  # what a return left, or what never served everything: taking it up again is a release
    )
    UNKNOWN = "unknown"  # the sequence does not say


class Kept(NamedTuple):
    """One template that is kept. ``key`` is the same for versions that run the same; ``numbers`` all that it is known to
    have had; ``created`` in epoch seconds, 0.0 where it is not known."""

    key: str
    numbers: tuple[float, ...]
    created: float = 0.0


class History(NamedTuple):
    """``back``: the keys that served before the present one and were not left, newest first; ``unserved``: those that were
    taken up and replaced before they had served everything."""

    back: tuple[str, ...]
    left: frozenset[str]
    unclear: frozenset[str]
    unserved: frozenset[str] = frozenset()

    def direction(self, key: str) -> Direction:
        """Of a change to that one."""
        return Direction.FORWARD if key in self.unserved else self.by_sequence(key)

    def by_sequence(self, key: str) -> Direction:
        """By the revisions alone, whatever became of it."""
        if key in self.unclear:
            return Direction.UNKNOWN
        if key in self.left:
            return Direction.FORWARD
        return Direction.BACK if key in self.back else Direction.UNKNOWN


def history(kept: Iterable[Kept], current: str, *, whole: bool, unserved: Collection[str] = ()) -> History:
    """``current`` is the key of the template that is wanted now. ``whole``: whether ``numbers`` holds all that each had
    (ReplicaSets); without it returns are seen by what is older and bears the higher number (ControllerRevisions).
    ``unserved``: keys of which it is known that they never served everything."""
    versions = [v for v in kept if v.numbers]
    events = [(n, v.key) for v in versions for n in v.numbers]
    owner: dict[float, set[str]] = {}
    for number, key in events:
        owner.setdefault(number, set()).add(key)
    unclear = {key for keys in owner.values() if len(keys) > 1 for key in keys}
    taken = {number for number, _ in events}
    for later in versions:
        younger = [v for v in versions if _returned(later, v)]
        if whole and younger:
            # its own history does not name the number that it must have had: somebody restored or edited these objects
            unclear |= {v.key for v in younger}
        elif younger:
            events.append((min(v.numbers[0] for v in younger) - 0.5, later.key))
        if not whole:
            unclear |= {v.key for v in versions if _cannot_tell(later, v, taken)}
    stack: list[str] = []
    left: set[str] = set()
    for key in (*(key for _, key in sorted(events)), current):
        if key in stack:
            at = stack.index(key) + 1
            left |= set(stack[at:])
            del stack[at:]
        else:
            stack.append(key)
            left.discard(key)
    never = frozenset(unserved) - {current}
    back = tuple(key for key in reversed(stack[:-1]) if key not in never)
    return History(back, frozenset(left), frozenset(unclear - {current}), never)


def _returned(later: Kept, other: Kept) -> bool:
    """``later`` was made before ``other``, bears the higher number, and none that is lower: it was returned to."""
    return (
        later.key != other.key
        and later.numbers[-1] > other.numbers[-1]
        and later.numbers[0] > other.numbers[0]
        and 0.0 < later.created < other.created
    )


def _cannot_tell(later: Kept, other: Kept, taken: set[float]) -> bool:
    """Both were made in the same second (or it is not known when), and a number is missing that ``later`` may have had
    before ``other`` came."""
    if later.key == other.key or later.numbers[-1] <= other.numbers[-1]:
        return False
    when_unknown = later.created == other.created or not later.created or not other.created
    return when_unknown and any(n not in taken for n in range(1, int(other.numbers[0])))
