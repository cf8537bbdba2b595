"""The points of a session: each once, the finest for half an hour, means for a day, and what was published stays as it was."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from tfdash.model.usage_points import AskedRun, UsagePoint
from tfdash.quantities import NANO, Amounts
from tfdash.sources.usage.points import FINE, LONG_MEAN, LONGEST, MEAN, MEANS, Series

T0 = 1_800_000_000
ASKED: Amounts = (("cpu", NANO), ("memory", 64 * NANO))


def used(cpu: float, memory: float = 32.0) -> Amounts:
    return ("cpu", round(cpu * NANO)), ("memory", round(memory * NANO))


def test_a_time_is_seen_once_and_what_was_not_measured_is_no_point() -> None:
    series = Series()
    assert series.add(T0, used(0.5), ASKED)
    assert not series.add(T0, used(0.75), ASKED)
    assert not series.add(T0 - 15, used(0.75), ASKED)
    assert not series.add(T0 + 15, (), ASKED)
    assert list(series.points) == [UsagePoint(T0, 0.5, 32.0, 1.0, 64.0)]


def test_a_use_is_held_against_the_request_of_its_own_time() -> None:
    series = Series()
    for at, asked in ((0, 1), (15, 1), (30, 4), (45, None), (60, 4)):
        series.add(T0 + at, used(1), () if asked is None else (("cpu", asked * NANO),))
    assert [p.cpu_request for p in series.points] == [1.0, 1.0, 4.0, None, 4.0]
    assert {p.memory_request for p in series.points} == {None}


def test_after_half_an_hour_five_minutes_are_one_point_after_six_hours_half_an_hour_and_after_a_day_none() -> (
    None
):
    series, shown, random_ = Series(), [], random.Random(1)
    raw: list[tuple[int, float]] = []
    for at in range(T0, T0 + LONGEST + 2 * FINE, 15):
        value = random_.randrange(1, 1024) / 8
        raw.append((at, value))
        series.add(at, used(value), ASKED)
        if at % 5000 == 0:
            shown.append((series.points, tuple(series.points)))
    points, newest = series.points, raw[-1][0]
    assert all(tuple(view) == then for view, then in shown), "what is published stays as it was"
    fine = [p for p in points if p.at > newest - FINE]
    assert [(p.at, p.cpu) for p in fine] == [(at, v) for at, v in raw if at > newest - FINE]
    assert newest - LONGEST <= points[0].at < newest - LONGEST + LONG_MEAN
    older = [p for p in points if p.at < newest - MEANS - LONG_MEAN]
    old = [p for p in points if newest - MEANS < p.at < newest - FINE - MEAN]
    for means, long in ((old, MEAN), (older, LONG_MEAN)):
        assert {p.at % long for p in means} == {long - 16}, "to two seconds"
        assert len(means) > 7 and {b.at - a.at for a, b in pairwise(means)} == {long}
        for point in means[:: len(means) // 7]:
            inside = [v for at, v in raw if at // long == point.at // long]
            assert abs(point.cpu * len(inside) / sum(inside) - 1) < 12e-4
    most = (FINE + MEAN) // 15 + (MEANS + LONG_MEAN) // MEAN + LONGEST // LONG_MEAN + 1
    assert len(points) <= most, "bounded"
    assert [p.at for p in points] == sorted({p.at for p in points})


def test_a_part_is_had_by_time_and_by_place() -> None:
    series = Series()
    for at in range(T0, T0 + 3 * FINE, 60):
        series.add(at, used(0.25), (("cpu", (1 + (at - T0) // FINE) * NANO),))
    points = series.points
    everything = [points[i] for i in range(len(points))]
    assert list(points) == everything
    for start, stop in (
        (0, 0),
        (0, 3),
        (5, 200),
        (1, len(everything) - 1),
        (len(everything) - 2, len(everything)),
        (7, 3),
    ):
        assert points[start:stop] == tuple(everything[start:stop])
    assert (
        len(points) == len(everything)
        and points[-1] == everything[-1]
        and points[2:5] == tuple(everything[2:5])
    )
    for since in (
        0,
        T0 + 400,
        everything[-1].at - FINE,
        everything[-1].at - 7,
        everything[-1].at,
        everything[-1].at + 1,
    ):
        there = [p for p in everything if p.at >= since]
        found = points.windows(since).cpu
        assert (list(found.at), list(found.values)) == ([p.at for p in there], [p.cpu for p in there])
        assert found.before == max((p.at for p in everything if p.at < since), default=None)
        assert [_at(found.runs, place) for place in range(len(there))] == [p.cpu_request for p in there]


def _at(runs: Sequence[AskedRun], place: int) -> float | None:
    return [asked for low, asked in runs if low <= place][-1]


def test_after_a_long_silence_and_from_any_second_it_is_kept_right() -> None:
    series, times = Series(), (T0 + 1, T0 + 2, T0 + 299, T0 + 300, T0 + 601, T0 + 70_000, T0 + 150_003)
    for at in times:
        series.add(at, used(1e-9 if at % 2 else 1.0, 2.0**50), ASKED)
        assert series.points[-1].at == at
    assert [(p.at, round(p.cpu)) for p in series.points] == [(T0 + 70_000, 1), (T0 + 150_003, 0)]
