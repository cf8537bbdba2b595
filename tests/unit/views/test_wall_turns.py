"""Whose turn it is on the wall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tfdash.views.wall.turns import FORGET, Turns, WallPlace

A, B, C = (WallPlace(0, page) for page in ("overview", "workloads", "canary"))


def turns() -> Turns:
    found = Turns([A, B, C], 10.0)
    found.look(0.0, {})
    return found


def shown(of: Turns, at: float, breaches: dict[object, WallPlace]) -> WallPlace:
    of.look(at, breaches)  # type: ignore[arg-type]
    return of.shown


def test_pages_take_turns() -> None:
    wall = turns()
    assert [shown(wall, at, {}) for at in (5.0, 10.0, 19.0, 20.0, 30.0, 40.0)] == [A, B, B, C, A, B]


def test_what_is_there_when_all_is_first_known_takes_nothing_and_every_second_turn() -> None:
    wall = Turns([A, B, C], 10.0)
    assert shown(wall, 0.0, {"x": C}) == A
    assert not wall.taken
    assert [shown(wall, at, {"x": C}) for at in (10.0, 20.0, 30.0, 40.0, 50.0)] == [C, B, C, A, C]


def test_a_new_one_takes_the_wall_at_once_for_its_turn() -> None:
    wall = turns()
    assert shown(wall, 3.0, {"x": C}) == C
    assert wall.taken
    assert shown(wall, 12.9, {"x": C}) == C
    assert shown(wall, 13.0, {"x": C}) == B  # where it was
    assert not wall.taken
    assert [shown(wall, at, {"x": C}) for at in (23.0, 33.0, 43.0)] == [C, A, C]


def test_several_that_are_new_wait_for_each_other_and_those_of_one_page_come_together() -> None:
    wall = turns()
    breaches: dict[object, WallPlace] = {"x": C, "y": B, "z": C}
    assert shown(wall, 1.0, breaches) == C
    assert shown(wall, 11.0, breaches) == B
    assert wall.taken
    assert shown(wall, 21.0, breaches) == C  # as any page in its turn
    assert not wall.taken


def test_those_that_last_share_every_second_turn() -> None:
    wall = Turns([A, B, C], 10.0)
    breaches: dict[object, WallPlace] = {"x": C, "y": B}
    assert [shown(wall, at, breaches) for at in (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)] == [A, C, B, B, C, C]


def test_one_that_flickers_takes_the_wall_once_and_after_a_while_again() -> None:
    wall = turns()
    shown(wall, 1.0, {"x": C})
    shown(wall, 11.0, {})
    assert shown(wall, 12.0, {"x": C}) == B
    shown(wall, 13.0, {})
    shown(wall, 14.0 + FORGET, {})
    assert shown(wall, 14.5 + FORGET, {"x": C}) == C
    assert wall.taken


def test_one_that_ended_before_its_turn_is_not_shown_as_new() -> None:
    wall = turns()
    shown(wall, 1.0, {"x": C, "y": B})
    shown(wall, 2.0, {"x": C})
    shown(wall, 11.0, {"x": C})
    assert not wall.taken


def test_one_page_alone() -> None:
    wall = Turns([A], 10.0)
    assert [shown(wall, at, {"x": A}) for at in (0.0, 10.0, 20.0)] == [A, A, A]


@given(
    st.lists(
        st.tuples(st.floats(0.1, 40.0), st.dictionaries(st.sampled_from("wxyz"), st.sampled_from([A, B, C]))),
        max_size=80,
    )
)
def test_every_page_comes_and_no_turn_is_longer_than_it_should_be(
    steps: list[tuple[float, dict[str, WallPlace]]],
) -> None:
    wall, at, began = Turns([A, B, C], 10.0), 0.0, 0.0
    wall.look(at, {})
    for wait, breaches in steps:
        at += wait
        if wall.look(at, dict(breaches)):
            began = at
        assert at - began < 10.0
    seen = set()
    for step in range(1, 20):
        wall.look(at + 10.0 * step, {"w": B})
        seen.add(wall.shown)
    assert seen == {A, B, C}
