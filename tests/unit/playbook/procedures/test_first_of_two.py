"""Recoveries on one target that began unseen by each other: one goes on, whoever asks, and no clock that is wrong takes that from one that is half done."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.procedures.running import AT, TEXT, Run
from tfdash.model.run import RunJournal
from tfdash.playbook.procedures.holding import Holding, behind, goes_first, holdings

HELD = TEXT.replace("recovery = true\n", 'recovery = true\nholds = ["Deployment shop/web"]\n')
SEVERAL = 3


def recovery(name: str, at: float = AT, text: str = HELD) -> Run:
    run = Run(text, terminal=name, nonce=name, environment="production", cluster="eu-1")
    start = run.events.pop()
    run.add("started", terminal=name, at=at, **start.data)
    return run


def known(*runs: Run) -> dict[str, RunJournal]:
    return {run.id: run.journal for run in runs}


def acts(run: Run, view: Mapping[str, RunJournal], step: str = "rollback") -> None:
    """As the engine records it."""
    place = behind(view, run.id)
    told = {"behind": place} if place is not None else {}
    run.add("begun", step, terminal=run.events[0].terminal, attempt=1, fence=1, mark={}, **told)


def ordered(view: Mapping[str, RunJournal]) -> list[str]:
    """Who goes first among those that are known, by each against each other."""
    found = holdings(view)

    def before(one: Holding) -> int:
        return sum(goes_first(other, one) for other in found if other.run != one.run)

    ranks = sorted((before(one), one.run) for one in found)
    assert [rank for rank, _ in ranks] == list(range(len(found)))  # one order, without a circle
    return [run for _, run in ranks]


@pytest.mark.parametrize("late", [3600.0, -3600.0, 0.0])
def test_one_that_has_done_something_goes_before_one_that_has_not(late: float) -> None:
    half, unseen = recovery("a"), recovery("b", AT + late)
    acts(half, known(half))
    assert ordered(known(half, unseen)) == [half.id, unseen.id]
    acts(unseen, known(half, unseen))  # what is exempt goes on beside it, and takes nothing from it
    assert ordered(known(half, unseen)) == [half.id, unseen.id]


def test_what_changes_nothing_is_no_act() -> None:
    keeps = HELD.replace('action = "workload.rollback"', 'action = "workload.archive"')
    first, second = recovery("a", text=keeps), recovery("b", AT - 60, text=keeps)
    first.add("begun", "rollback", terminal="a", attempt=1, fence=1, mark={})
    assert ordered(known(first, second)) == [second.id, first.id]


def test_runs_of_before_have_no_place_and_their_acts_count() -> None:
    old, new = recovery("a", AT + 60), recovery("b")
    old.add("begun", "rollback", terminal="a", attempt=1, fence=1, mark={})
    assert ordered(known(old, new)) == [old.id, new.id]
    assert behind(known(old, new), old.id) is None and behind(known(old, new), new.id) == 1


@pytest.mark.parametrize("odd", [None, True, -1, "x", 2**60])
def test_an_odd_place_is_the_first(odd: object) -> None:
    run = recovery("a")
    run.add("begun", "rollback", terminal="a", attempt=1, fence=1, mark={}, behind=odd)
    (found,) = holdings(known(run))
    assert found.acted == 0


@st.composite
def told(draw: st.DrawFn) -> tuple[list[float], list[tuple[int, int]]]:
    """Clocks of the starts, and what happens: (i, i) an act of i, (i, j) i hears all that j knows."""
    clocks = draw(
        st.lists(st.sampled_from([-7200.0, -1.0, 0.0, 1.0, 7200.0]), min_size=SEVERAL, max_size=SEVERAL)
    )
    which = st.integers(0, SEVERAL - 1)
    return clocks, draw(st.lists(st.tuples(which, which), max_size=16))


@given(told())
def test_what_was_done_where_it_was_known_stays_first(
    case: tuple[list[float], list[tuple[int, int]]],
) -> None:
    clocks, happens = case
    runs = [recovery("abc"[i], AT + late) for i, late in enumerate(clocks)]
    views: list[dict[str, RunJournal]] = [known(run) for run in runs]
    pledged: set[tuple[str, str]] = (
        set()
    )  # (first, second), as the second one's terminal knew when it began its first act
    acted: list[str] = []
    for i, j in happens:
        if i != j:
            for id, journal in views[j].items():
                mine = views[i].get(id)
                if mine is None or len(mine.events) < len(journal.events):
                    views[i][id] = journal
            continue
        own = runs[i].id
        if own not in acted:
            pledged |= {(one.run, own) for one in holdings(views[i]) if one.acted is not None}
            acted.append(own)
        acts(runs[i], views[i])
        views[i][own] = runs[i].journal
    whole = known(*runs)
    order = ordered(whole)
    assert all(ordered({run.id: run.journal for run in some}) == order for some in permutations(runs))
    assert all(order.index(one) < order.index(other) for one, other in pledged)
    rest = [id for id in order if id not in acted]
    assert order[len(order) - len(rest) :] == rest  # who has done nothing waits
