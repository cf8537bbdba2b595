"""What the board tells those who listen."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Subject

T = TypeVar("T")


class Update(NamedTuple):
    """What listeners get: a picture, what was said of it, and what differs from the update before.

    ``judged`` names the subjects whose verdicts or state changed; None means "any".
    """

    picture: Picture
    assessment: Assessment
    change: Change
    judged: frozenset[Subject] | None


def merged(first: Update, second: Update) -> Update:
    """Two updates as one, for a reader that was busy: nothing that either named is lost."""
    keys = dict(first.change.keys)
    for at, named in second.change.keys.items():
        known = keys.get(at, frozenset())
        keys[at] = None if named is None or known is None else known | named
    change = Change(
        keys=keys,
        freshness=first.change.freshness | second.change.freshness,
        signals=_both(first.change.signals, second.change.signals),
        store=_both(first.change.store, second.change.store),
        sources=first.change.sources | second.change.sources,
    )
    judged = None if first.judged is None or second.judged is None else first.judged | second.judged
    return Update(second.picture, second.assessment, change, judged)


def _both(first: frozenset[T] | None, second: frozenset[T] | None) -> frozenset[T] | None:
    return None if first is None or second is None else first | second
