"""What served in which order: a way back is told from a release by the sequence of revisions."""

from __future__ import annotations

import pytest

from tfdash.playbook.releases.history import Direction, Kept, history

BACK, FORWARD, UNKNOWN = Direction.BACK, Direction.FORWARD, Direction.UNKNOWN


def sets(**numbers: tuple[float, ...]) -> list[Kept]:
    """ReplicaSets, made in the order given."""
    return [Kept(key, n, float(at)) for at, (key, n) in enumerate(numbers.items(), 1)]


@pytest.mark.parametrize(
    ("numbers", "current", "back", "left"),
    [
        ({"a": (1,), "b": (2,)}, "b", ("a",), set()),
        ({"a": (1,), "b": (2,), "c": (3,)}, "c", ("b", "a"), set()),
        # a return leaves what it comes from: `b` twice never releases it again
        ({"a": (1, 3), "b": (2,)}, "a", (), {"b"}),
        ({"z": (1,), "a": (2, 4), "b": (3,)}, "a", ("z",), {"b"}),
        ({"z": (1, 5), "a": (2, 4), "b": (3,)}, "z", (), {"a", "b"}),
        # released again on purpose, it is no longer left
        ({"a": (1, 3), "b": (2, 4)}, "b", ("a",), set()),
        ({"a": (1, 3, 5), "b": (2, 4)}, "a", (), {"b"}),
        # what comes after a return goes back to what was returned to, not to what was left
        ({"a": (1, 3), "b": (2,), "c": (4,)}, "c", ("a",), {"b"}),
        # wanted, and not numbered yet: the controller is behind, or it is held
        ({"a": (1,), "b": (2,)}, "c", ("b", "a"), set()),
        ({"a": (1,), "b": (2,)}, "a", (), {"b"}),
        ({"a": (1,)}, "a", (), set()),
        ({}, "a", (), set()),
    ],
)
def test_replica_sets(
    numbers: dict[str, tuple[float, ...]], current: str, back: tuple[str, ...], left: set[str]
) -> None:
    found = history(sets(**numbers), current, whole=True)
    assert (found.back, found.left, found.unclear) == (back, left, frozenset())
    assert {k for k in numbers if found.direction(k) is FORWARD} == left
    assert found.direction("never seen") is UNKNOWN


def test_an_older_controller_revision_with_a_higher_number_was_returned_to() -> None:
    found = history([Kept("a", (3,), 10.0), Kept("b", (2,), 20.0)], "a", whole=False)
    assert (found.back, found.direction("b")) == ((), FORWARD)
    before = [Kept("z", (1,), 5.0), Kept("a", (4,), 10.0), Kept("b", (3,), 20.0)]
    assert history(before, "a", whole=False).back == ("z",)
    in_order = [Kept("z", (1,), 5.0), Kept("a", (2,), 10.0), Kept("b", (3,), 20.0)]
    assert history(in_order, "b", whole=False).back == ("a", "z")


def test_what_cannot_be_told_is_unknown() -> None:
    """Made in the same second, with a number missing; and objects that somebody restored without their history."""
    found = history([Kept("b", (2,), 10.0), Kept("a", (3,), 10.0)], "a", whole=False)
    assert found.direction("b") is UNKNOWN
    clear = history([Kept("b", (1,), 10.0), Kept("a", (2,), 10.0)], "a", whole=False)
    assert clear.direction("b") is BACK
    restored = history([Kept("b", (2,), 10.0), Kept("a", (1,), 20.0)], "b", whole=True)
    assert restored.direction("a") is UNKNOWN
    twice = history([Kept("a", (1,), 1.0), Kept("c", (2,), 2.0), Kept("d", (2,), 3.0)], "e", whole=True)
    assert (twice.direction("a"), twice.direction("c"), twice.direction("d")) == (BACK, UNKNOWN, UNKNOWN)


def test_a_restart_is_no_other_version() -> None:
    restarted = [*sets(a=(1,), b=(2,)), Kept("b", (3,), 3.0)]
    assert history(restarted, "b", whole=True).back == ("a",)


@pytest.mark.parametrize(
    ("numbers", "current", "never", "back", "forward"),
    [
        ({"a": (1,), "b": (2,), "c": (3,)}, "c", {"b"}, ("a",), {"b"}),
        ({"a": (1,), "b": (2,), "c": (3,), "d": (4,)}, "d", {"b", "c"}, ("a",), {"b", "c"}),
        # what is wanted now is on its way: it is neither
        ({"a": (1,), "b": (2,)}, "b", {"b"}, ("a",), set()),
        # left by a return, and never well: forward either way
        ({"a": (1, 3), "b": (2,)}, "a", {"b"}, (), {"b"}),
        ({"a": (1,)}, "b", {"a"}, (), {"a"}),
    ],
)
def test_what_never_served_everything_is_forward(
    numbers: dict[str, tuple[float, ...]],
    current: str,
    never: set[str],
    back: tuple[str, ...],
    forward: set[str],
) -> None:
    found = history(sets(**numbers), current, whole=True, unserved=never)
    assert found.back == back
    assert {k for k in numbers if found.direction(k) is FORWARD} == forward
