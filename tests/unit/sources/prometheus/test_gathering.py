"""Samples in columns read as the tuples they stand for, and what was published stays as it was."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfdash.model.samples import Buckets, Point, Points, Scrapes
from tfdash.sources.prometheus.gathering import GatheredBuckets, GatheredPoints
from tfdash.sources.prometheus.series import counted

BOUNDS, OTHER = (0.1, 1.0, math.inf), (0.5, math.inf)
STEPS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40), st.booleans()), max_size=12)


@given(STEPS)
def test_a_counter_reads_as_its_samples(steps: list[tuple[int, int, bool]]) -> None:
    gathered, model, at, published = GatheredPoints(), [], 0.0, []
    for more, horizon, _ in steps:
        for _ in range(more):
            at += 15.0
            gathered.append(at, at * 2)
            model.append(Point(at, at * 2))
        since = at - 15.0 * horizon
        went = bool(model) and model[0].at < since
        model = [p for p in model if p.at >= since]
        assert gathered.cut(since) == went
        assert len(gathered) == len(model) and gathered.last() == (model[-1] if model else None)
        published.append((gathered.view(), tuple(model)))
    for view, wanted in published:
        assert view == wanted and tuple(view) == wanted and len(view) == len(wanted)
        assert view[1:-1] == wanted[1:-1] and view[::2] == wanted[::2] and view[-2:] == wanted[-2:]
        assert view.times() == tuple(p.at for p in wanted)
        assert view.before(45.0) == sum(p.at < 45.0 for p in wanted)
        assert view == Points(view.ats, view.numbers, view.first, view.last) and hash(view) == hash(wanted)


@given(STEPS)
def test_a_histogram_reads_as_its_samples_also_where_its_bounds_change(
    steps: list[tuple[int, int, bool]],
) -> None:
    gathered, model, at, published = GatheredBuckets(), [], 0.0, []
    for more, horizon, other in steps:
        for _ in range(more):
            at += 15.0
            bounds = OTHER if other else BOUNDS
            made = Buckets(at, bounds, tuple(at + i for i in range(len(bounds))), at / 2)
            gathered.append(*made)
            model.append(made)
        since = at - 15.0 * horizon
        model = [p for p in model if p.at >= since]
        gathered.cut(since)
        assert len(gathered) == len(model) and gathered.last_at() == (model[-1].at if model else None)
        published.append((gathered.view(), tuple(model)))
        if len({p.bounds for p in model}) > 1:
            assert not isinstance(gathered.view(), Scrapes)
    for view, wanted in published:
        assert tuple(view) == wanted and view == wanted
        assert tuple(counted(view)) == tuple(Point(p.at, p.counts[-1]) for p in wanted)
        assert view[1:] == wanted[1:] and view[-1:] == wanted[-1:]


def test_it_is_in_columns_again_once_the_old_bounds_are_past_the_horizon() -> None:
    gathered = GatheredBuckets()
    for at in range(4):
        gathered.append(float(at), OTHER if at < 2 else BOUNDS, (1.0,) * (2 if at < 2 else 3), math.nan)
    assert isinstance(gathered.view(), tuple)
    gathered.cut(2.0)
    view = gathered.view()
    assert isinstance(view, Scrapes) and view.bounds == BOUNDS and view.values() == (1.0, 1.0)


def test_a_sample_without_a_sum_equals_itself_and_an_index_beyond_is_an_error() -> None:
    one, two = GatheredBuckets(), GatheredBuckets()
    for each in (one, two):
        each.append(1.0, BOUNDS, (1.0, 2.0, 3.0), math.nan)
    assert one.view() == two.view()
    assert one.view() != GatheredBuckets().view()
    assert one.view() != "text"
    for index in (1, -2):
        with pytest.raises(IndexError):
            one.view()[index]
    assert "counts=(1.0, 2.0, 3.0)" in repr(one.view())
