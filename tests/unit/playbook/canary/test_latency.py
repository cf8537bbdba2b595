"""The latency trigger: quantiles as Prometheus has them, and what buckets allow to say."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.unit.playbook.canary.making import (
    BOUNDS,
    CANARY_POD,
    STABLE_POD,
    T0,
    histogram,
    judged,
    lognormal,
    policy,
    slow,
    traffic,
    trigger,
)
from tfdash.model.judgement import Advice, Measured, Outcome, Trigger
from tfdash.playbook.canary import latency
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.latency import Sample, Shape, aligned
from tfdash.playbook.canary.quantile import Quantile, edges, interval, quantile
from tfdash.playbook.canary.tally import Slow

INF = math.inf
P90 = Fraction(9, 10)
FINE = (*(x / 50 for x in range(1, 51)), 2.5, 5.0, INF)


class TestQuantile:
    @pytest.mark.parametrize(
        ("bounds", "counts", "q", "value", "bucket"),
        [
            ((0.1, 0.2, INF), (0, 10, 10), "0.5", 0.15, (0.1, 0.2)),
            ((0.1, 0.2, INF), (10, 10, 10), "0.9", 0.09, (0.0, 0.1)),
            ((0.1, 0.2, INF), (1, 1, 1), "0.9", 0.09, (0.0, 0.1)),
            ((-1.0, 1.0, INF), (10, 10, 10), "0.9", -1.0, (-INF, -1.0)),
            ((0.1, 0.2, INF), (9, 9, 10), "0.9", 0.1, (0.0, 0.1)),  # the rank is the bucket's last
        ],
    )
    def test_linear(
        self,
        bounds: tuple[float, ...],
        counts: tuple[int, ...],
        q: str,
        value: float,
        bucket: tuple[float, float],
    ) -> None:
        told = quantile(bounds, counts, Fraction(q))
        assert told is not None
        assert (float(told.value), told.bucket, told.saturated) == (pytest.approx(value), bucket, False)

    @pytest.mark.parametrize(("q", "value"), [("0.3", 0.075), ("0.5", 0.1277777777777778)])
    def test_prometheus_own_cases(self, q: str, value: float) -> None:
        """promql/promqltest histograms.test: request_duration_seconds over both jobs and both instances."""
        rows = ((1, 3, 4), (2, 5, 6), (3, 4, 6), (4, 7, 9))
        got = quantile((0.1, 0.2, INF), [sum(column) for column in zip(*rows, strict=True)], Fraction(q))
        assert got is not None and float(got.value) == pytest.approx(value)

    def test_saturated_is_the_greatest_finite_bound(self) -> None:
        told = quantile((0.1, 0.2, INF), (1, 2, 10), P90)
        assert told is not None
        assert (float(told.value), told.bucket, told.saturated) == (0.2, (0.2, INF), True)

    def test_nothing_to_tell(self) -> None:
        assert quantile((0.1, INF), (0, 0), P90) is None
        assert quantile((INF,), (5,), P90) is None
        assert quantile((0.1, 0.2), (5, 6), P90) is None
        assert quantile((0.1, INF), (), P90) is None

    def test_native_buckets_are_interpolated_exponentially(self) -> None:
        told = quantile((1.0, 4.0, INF), (0, 10, 10), Fraction(1, 2), native=True)
        assert told is not None and float(told.value) == pytest.approx(2.0)

    @given(st.lists(st.integers(0, 50), min_size=12, max_size=12), st.integers(1, 99))
    def test_lies_in_its_bucket_and_grows_with_q(self, rises: list[int], q: int) -> None:
        counts = [sum(rises[: i + 1]) for i in range(12)]
        if not counts[-1]:
            return
        one, two = (quantile(BOUNDS, counts, Fraction(n, 100)) for n in (q, min(q + 1, 99)))
        assert one is not None and two is not None
        assert one.bucket[0] <= one.value <= min(one.bucket[1], 10.0)
        assert one.value <= two.value

    @pytest.mark.long
    @pytest.mark.parametrize("n", [200, 1000])
    def test_the_interval_covers_as_it_says(self, n: int) -> None:
        """Each end misses the true P90 in 5 % of samples, give or take interpolation in fine buckets."""
        from tests.unit.playbook.canary import oracle  # scipy, which is long to import

        chance, truth, misses = random.Random(2), oracle.lognorm.ppf(0.9, 0.5, scale=0.12), [0, 0]
        for _ in range(400):
            counts = _counts(FINE, [chance.lognormvariate(math.log(0.12), 0.5) for _ in range(n)])
            told = interval(FINE, counts, 0.9, 0.95)
            misses[0] += told.low > truth
            misses[1] += told.high < truth
            assert told.sure_low <= told.low <= told.high <= told.sure_high
        assert max(misses) <= 400 * 0.09
        assert min(misses) >= 400 * 0.015

    @pytest.mark.parametrize(
        ("counts", "native", "low", "high", "sure"),
        [
            ((100, 360, 390, 400), False, lambda r: 0.1 + 0.1 * (r - 100) / 260, lambda r: 0.2 + 0.2 * (r - 360) / 30, (0.1, 0.4)),
            ((100, 360, 390, 400), True, lambda r: 0.1 * 2 ** ((r - 100) / 260), lambda r: 0.2 * 2 ** ((r - 360) / 30), (0.1, 0.4)),
            ((390, 400, 400, 400), False, lambda r: 0.1 * r / 390, lambda r: 0.1 * r / 390, (0.0, 0.1)),
            ((390, 400, 400, 400), True, lambda r: 0.1 * r / 390, lambda r: 0.1 * r / 390, (0.0, 0.1)),  # from nothing
            ((100, 200, 360, 400), False, lambda r: 0.2 + 0.2 * (r - 200) / 160, lambda r: INF, (0.2, INF)),
            ((100, 200, 300, 400), False, lambda r: INF, lambda r: INF, (0.4, INF)),  # above all bounds
        ],
    )  # fmt: skip  # a row is one case
    def test_the_interval_lies_where_its_ranks_lie(
        self, counts: tuple[int, ...], native: bool, low: Any, high: Any, sure: tuple[float, float]
    ) -> None:
        """The ranks of P90 of 400: 360, and 1.645 times sqrt(400 * 0.9 * 0.1) = 6 about it."""
        ranks = [360 - 1.6448536 * 6, 360 + 1.6448536 * 6]
        told = interval((0.1, 0.2, 0.4, INF), counts, 0.9, 0.95, native)
        assert (told.low, told.high) == pytest.approx((low(ranks[0]), high(ranks[1])))
        assert (told.sure_low, told.sure_high) == sure

    def test_of_a_few_there_is_no_upper_bound_and_below_nothing_none_is_quicker(self) -> None:
        few = interval((0.1, 0.2, INF), (0, 10, 10), 0.9, 0.95)
        assert (few.low, few.high, few.sure_low, few.sure_high) == (
            pytest.approx(0.1 + 0.1 * (0.9 - 1.6448536 * 0.3 / math.sqrt(10))), INF, 0.1, INF
        )  # fmt: skip
        assert interval((-1.0, 1.0, INF), (0, 400, 400), 0.9, 0.95).sure_low == 0.0
        assert interval((0.1, 0.2, INF), (1, 1, 1), 0.5, 0.999)[:2] == (0.0, INF)
        assert interval((0.1, 0.2, INF), (0, 1, 1), 0.5, 0.999)[:2] == (0.1, INF)

    def test_places_to_look_at(self) -> None:
        counts = (0, 50, 90, 95, 100)
        assert edges((0.1, 0.2, 0.3, 0.4, INF), counts, 0.9) == [1, 2, 3]
        assert edges((0.1, 0.2, 0.3, 0.4, INF), (0, 0, 0, 0, 100), 0.9) == [3]
        assert edges((0.1, 0.2, 0.3, INF), (100, 100, 100, 100), 0.9) == [0, 1]
        assert edges((0.1, INF), (0, 0), 0.9) == edges((), (), 0.9) == []


def _counts(bounds: tuple[float, ...], durations: list[float]) -> tuple[int, ...]:
    ordered = sorted(durations)
    return tuple(bisect_right(ordered, b) for b in bounds)


def told(
    canary: float,
    stable: float,
    *,
    n: int = 400,
    windows: int = 6,
    bounds: tuple[float, ...] = FINE,
    seed: int = 1,
    scale: float = 0.5,
    native: bool = False,
    **rules: object,
) -> Trigger:
    """P90 of lognormal durations with these medians, seconds."""
    chance = random.Random(seed)
    series = [
        histogram(
            [slow(lognormal(m, scale), chance, n) for _ in range(windows)], bounds, pod=pod, native=native
        )
        for m, pod in ((canary, CANARY_POD), (stable, STABLE_POD))
    ]
    value = traffic([(n, 0)] * windows, [(n, 0)] * windows, latency=series)
    return trigger(judged(value, policy(warm_up=0, **rules)), "latency")


class TestDecision:
    def test_breach(self) -> None:
        got = told(0.24, 0.12)
        assert got.outcome is Outcome.BREACH
        assert got.title == "P90 latency"
        assert "+ 100 ms =" in got.sentence and "exclude no change" in got.sentence
        assert got.plain.endswith("at or over 100 ms: reached")
        assert got.bucket is not None and got.value is not None
        assert got.bucket[0] <= got.value <= got.bucket[1]
        assert got.unit == "s"
        assert got.limit == pytest.approx((got.baseline or 0) + 0.1)
        assert got.query == "http_request_duration_seconds_bucket"

    def test_pass(self) -> None:
        got = told(0.12, 0.12)
        assert got.outcome is Outcome.PASS
        assert "limit finer than the bucket" not in got.flags

    def test_a_small_rise_is_no_breach(self) -> None:
        assert told(0.14, 0.12).outcome is Outcome.PASS

    def test_low_traffic(self) -> None:
        got = told(0.16, 0.12, n=40)
        assert got.outcome is Outcome.LOW_TRAFFIC
        assert got.needed is not None and got.needed_seconds is not None
        assert told(0.24, 0.12, n=10).outcome is Outcome.LOW_TRAFFIC

    def test_limit_finer_than_the_bucket_is_flagged(self) -> None:
        got = told(0.12, 0.12, bounds=BOUNDS)
        assert "limit finer than the bucket" in got.flags
        assert got.outcome is Outcome.PASS
        got = told(0.2, 0.2, bounds=BOUNDS, latency={"within_bucket": "refuse"})
        assert got.outcome is Outcome.NOT_COMPARABLE
        assert "add bounds around" in got.sentence

    def test_straight_lines_alone_make_no_breach_in_wide_buckets(self) -> None:
        """True P90 285 and 247 ms; linear interpolation says +93 to +105, exponential +75."""
        for seed in range(6):
            got = told(0.15, 0.13, n=600, windows=10, bounds=BOUNDS, seed=seed)
            assert got.outcome is not Outcome.BREACH

    def test_saturated(self) -> None:
        got = told(30.0, 0.12)
        assert "saturated" in got.flags
        assert got.outcome is Outcome.BREACH  # beyond the greatest bound, which alone is more than the limit
        got = told(30.0, 30.0)
        assert got.outcome is Outcome.NOT_COMPARABLE
        assert "greatest bound" in got.sentence

    def test_native(self) -> None:
        bounds = (*(0.01 * 2 ** (i / 4) for i in range(40)), INF)
        assert told(0.24, 0.12, bounds=bounds, native=True).outcome is Outcome.BREACH
        assert told(0.12, 0.12, bounds=bounds, native=True).outcome is Outcome.PASS

    def test_no_histogram(self) -> None:
        value = traffic([(600, 0)] * 5, [(600, 0)] * 5)
        got = trigger(judged(value), "latency")
        assert got.outcome is Outcome.NO_DATA
        assert judged(value).advice is not Advice.PROMOTE

    def test_a_histogram_without_infinity(self) -> None:
        series = [histogram([[0.1] * 200] * 5, (0.1, 0.2), pod=p) for p in (CANARY_POD, STABLE_POD)]
        value = traffic([(600, 0)] * 5, [(600, 0)] * 5, latency=series)
        assert trigger(judged(value), "latency").outcome is Outcome.NO_DATA

    def test_one_sided(self) -> None:
        one = histogram([[0.1] * 200] * 5, pod=CANARY_POD)
        value = traffic([(600, 0)] * 5, [(600, 0)] * 5, latency=[one])
        assert trigger(judged(value), "latency").outcome is Outcome.NOT_COMPARABLE

    @settings(max_examples=15)
    @given(st.integers(0, 10**6), st.sampled_from([0.05, 0.12, 0.3]))
    def test_no_change_is_no_breach(self, seed: int, median: float) -> None:
        assert told(median, median, n=60, windows=4, bounds=BOUNDS, seed=seed).outcome is not Outcome.BREACH


# -- windows of few buckets, by hand ---------------------------------------------------------------------------------------

SHAPE = Shape((0.1, 0.25, 0.5, 1.0, INF), False)
RULES = policy(warm_up=0)


def counts(n: int, late: int, beyond: int = 0) -> tuple[int, ...]:
    """``n`` requests: so many of them took 0.5 to 1 s, so many more, the rest up to 0.1 s."""
    quick = n - late - beyond
    return quick, quick, quick, n - beyond, n


def windows(*both: tuple[tuple[int, ...], tuple[int, ...]]) -> list[Slow]:
    return [Slow(T0 + 60 * i, T0 + 60 * (i + 1), i + 1, *sides) for i, sides in enumerate(both)]


FEW = counts(100, 8)


@pytest.mark.parametrize(
    ("canary", "since", "until"),
    [
        ([counts(100, 30)], 0, None),  # the evidence, the mean of three bounds, is 47 and 72: 50 is wanted
        ([counts(100, 31)], 0, 1),
        ([counts(100, 31), FEW, FEW], 0, 1),  # not forgiven
        ([FEW, FEW, counts(100, 60), counts(100, 60)], 0, 4),
        (
            [counts(1000, 80)] * 10 + [counts(100, 60)] * 2,
            10,
            12,
        ),  # all together are quick: since the change began
        ([FEW] * 4, 0, None),
    ],
)
def test_what_the_evidence_of_the_same_windows_reaches(
    canary: list[tuple[int, ...]], since: int, until: int | None
) -> None:
    found = latency.crossed(windows(*[(c, FEW) for c in canary]), None, SHAPE, RULES)
    span = found and (found.since, found.until)
    assert span == (None if until is None else (T0 + 60 * since, T0 + 60 * until))


QUICK, NONE = counts(100, 0), (0,) * 5
WIDE = counts(1000, 200)  # P90 in the middle of 0.5 to 1 s
REFUSE = policy(warm_up=0, latency={"within_bucket": "refuse"})
MANY = (counts(5000, 100), counts(5000, 100))
COARSE, LOW, PASS = Outcome.NOT_COMPARABLE, Outcome.LOW_TRAFFIC, Outcome.PASS


@pytest.mark.parametrize(
    ("rows", "rules", "outcome", "reason", "needed", "last"),
    [
        ([(QUICK, QUICK)], RULES, PASS, "pass", None, PASS),
        ([], RULES, LOW, "few", 100, None),
        ([(NONE, QUICK)], RULES, LOW, "few", 100, Outcome.NO_DATA),
        ([(QUICK, NONE)], RULES, LOW, "few", 1, Outcome.NO_DATA),
        ([(counts(99, 0), QUICK)], RULES, LOW, "few", 1, LOW),
        ([(counts(50, 0), counts(20, 0))], RULES, LOW, "few", 200, LOW),  # 80 more of the baseline, at 50 to 20
        ([(counts(200, 0), counts(50, 0))], RULES, LOW, "few", 200, LOW),
        ([(counts(100, 12), FEW)], RULES, LOW, "wide", 100, LOW),
        ([(counts(20_000, 2_080), counts(20_000, 2_080))], RULES, PASS, "pass", None, PASS),
        # above every bound
        ([(counts(200, 0, 100), counts(200, 0, 100))], RULES, COARSE, "saturated", None, COARSE),
        ([(WIDE, counts(200, 0, 100))], RULES, COARSE, "saturated", None, PASS),
        ([(counts(1000, 890, 105), counts(1000, 890, 95))], RULES, COARSE, "saturated", None, LOW),
        ([(counts(100, 0, 60), QUICK)], RULES, Outcome.BREACH, "evidence", None, Outcome.BREACH),
        # in a bucket wider than the limit: where that is refused, and where it is interpolated
        ([(WIDE, WIDE)], REFUSE, COARSE, "coarse", None, PASS),
        ([(counts(100, 12), FEW)], REFUSE, COARSE, "coarse", None, LOW),  # one of the two is enough
        ([(QUICK, QUICK)], REFUSE, PASS, "pass", None, PASS),
        ([(counts(20_000, 2_680), counts(20_000, 2_080))], RULES, COARSE, "curved", None, COARSE),
        ([(counts(20_000, 2_920), counts(20_000, 2_080))], RULES, Outcome.BREACH, "evidence", None, Outcome.BREACH),
        # all together under the limit, and the last by itself over it
        ([*[MANY] * 30, (counts(100, 10), counts(100, 2))], RULES, PASS, "pass", None, LOW),
        ([*[MANY] * 30, (counts(100, 13), counts(100, 2))], RULES, LOW, "recent", 150_100, Outcome.BREACH),
    ],
)  # fmt: skip  # a row is one case
def test_what_is_said_of_windows(
    rows: list[Any], rules: Any, outcome: Outcome, reason: str, needed: int | None, last: Outcome | None
) -> None:
    seen = windows(*rows)
    told = latency.decide(seen, None, SHAPE, rules)
    assert (told.outcome, told.reason, told.needed) == (outcome, reason, needed)
    assert (told.since, told.until) == ((T0, T0 + 60 * len(rows)) if rows else (0.0, 0.0))
    if last is not None:
        assert latency.window(seen[-1], None, SHAPE, rules) is last
        shown = latency.shown(seen[-1], None, SHAPE, rules)
        assert (shown.start, shown.end, shown.outcome) == (seen[-1].start, seen[-1].end, last)
        assert shown.canary == latency.measured(seen[-1].canary, SHAPE, rules)
        assert shown.baseline == latency.measured(seen[-1].baseline, SHAPE, rules)


def test_windows_that_both_served_count() -> None:
    rows = windows((FEW, FEW), (FEW, FEW), (NONE, FEW), (FEW, NONE), (FEW, FEW))
    rows[0] = rows[0]._replace(number=0)
    assert [s.number for s in latency.comparable(rows, None)] == [2, 5]
    assert [s.number for s in latency.comparable(rows, KEPT)] == [2, 4, 5]


def at(value: str, low: float = 0.0, high: float = 1.0) -> Sample:
    return Sample(100, Quantile(Fraction(value), (0.0, 1.0)), low, high, float(value))


@pytest.mark.parametrize(
    ("canary", "baseline", "high", "needed"),
    [
        ("0.20", "0.15", 0.25, 1500),  # the bound is four times too wide, so sixteen times as many
        ("0.20", "0.15", 0.1, 1),
        ("0.20", "0.101", 0.3, 10_000),  # no more than a hundred times as many
        ("0.25", "0.15", 0.3, 100),
        ("0.20", "0.15", INF, 100),
    ],
)
def test_how_many_more_are_needed(canary: str, baseline: str, high: float, needed: int) -> None:
    assert latency._needed(at(canary), at(baseline), high, 0.1) == needed


def test_what_is_measured_of_one_side() -> None:
    assert latency.measured((), SHAPE, RULES) == Measured()
    assert latency.measured(NONE, SHAPE, RULES) == Measured(count=0)
    quick = latency.measured(counts(400, 0), SHAPE, RULES)
    low, high = (0.1 * (360 + z) / 400 for z in (-9.869, 9.869))  # 1.645 times sqrt(400 * 0.9 * 0.1)
    assert (quick.count, quick.value, quick.bucket, quick.saturated) == (400, 0.09, (0.0, 0.1), False)
    assert (quick.low, quick.high) == pytest.approx((low, high), rel=1e-4)
    beyond = latency.measured(counts(400, 0, 200), SHAPE, RULES)
    assert (beyond.value, beyond.high, beyond.bucket, beyond.saturated) == (1.0, None, (1.0, INF), True)


KEPT = FrozenBaseline(hash="h", label="kept", at=T0, start=T0 - 600, end=T0, requests=100, events=0)


@pytest.mark.parametrize(
    ("bounds", "native", "places", "why"),
    [
        (SHAPE.bounds, False, [0, 1, 2, 3, 4], ""),
        ((0.1, 0.3, 0.5, INF), False, [0, 2, 4], ""),
        ((0.3, 1.0, INF), False, [3, 4], ""),
        ((0.3, INF), False, None, "the canary's histogram and the baseline's (kept) have no two bounds in common"),
        ((0.1, 0.5), False, None, "the canary's histogram and the baseline's (kept) have no two bounds in common"),
        (SHAPE.bounds, True, None, "the canary's latencies are classic histograms, the baseline's (kept) native ones"),
    ],
)  # fmt: skip  # a row is one case
def test_at_the_bounds_of_what_was_kept(
    bounds: tuple[float, ...], native: bool, places: list[int] | None, why: str
) -> None:
    past = structs.replace(KEPT, bounds=bounds, counts=tuple(range(len(bounds))), native=native)
    one = windows((tuple(range(5)), tuple(range(5, 10))))
    told, shape, problem = aligned(one, past, SHAPE)
    assert problem == why
    if places is None:
        assert told == ()
    else:
        assert shape == Shape(tuple(SHAPE.bounds[i] for i in places), False)
        assert told == (one[0]._replace(canary=tuple(places), baseline=tuple(5 + i for i in places)),)
    natively = Shape(SHAPE.bounds, True)
    assert aligned(one, structs.replace(past, native=True), natively) == (tuple(one), natively, "")
    assert aligned(one, structs.replace(past, native=False), natively)[2].startswith(
        "the canary's latencies are native"
    )


@pytest.mark.parametrize(
    ("canary", "past", "until"),
    [
        (counts(100, 60), counts(4000, 100), 1),
        (counts(100, 8), counts(4000, 320), None),
        (
            counts(100, 18),
            counts(4000, 320),
            None,
        ),  # the first look may spend half the budget, a third at each bound
        (counts(100, 19), counts(4000, 320), 1),
        (counts(99, 60), counts(4000, 100), None),
        (counts(100, 60), (), None),
        (counts(100, 60), NONE, None),
    ],
)
def test_against_what_was_kept(canary: tuple[int, ...], past: tuple[int, ...], until: int | None) -> None:
    held = structs.replace(KEPT, bounds=SHAPE.bounds if past else (), counts=past)
    found = latency.crossed(windows((canary, QUICK)), held, SHAPE, RULES)
    assert (found and found.until) == (None if until is None else T0 + 60 * until)
    assert latency.crossed([], held, SHAPE, RULES) is None
