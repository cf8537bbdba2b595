"""Intervals and tests on counts, against scipy; the sequential test against what it promises."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.canary import oracle
from tfdash.playbook.canary import evidence, stats
from tfdash.playbook.canary.evidence import Split
from tfdash.playbook.canary.frozen_baseline import looks

pytestmark = pytest.mark.long

COUNTS = [(0, 10), (1, 10), (10, 10), (3, 500), (96, 3102), (5000, 100_000), (1, 10**7)]


@pytest.mark.parametrize(("events", "count"), COUNTS)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_intervals_of_a_ratio(events: int, count: int, confidence: float) -> None:
    two_sided = 2 * confidence - 1
    low = oracle.beta.ppf(1 - confidence, events, count - events + 1) if events else 0.0
    high = oracle.beta.ppf(confidence, events + 1, count - events) if events < count else 1.0
    assert stats.clopper_pearson(events, count, confidence) == pytest.approx((low, high), rel=1e-7, abs=1e-15)
    score = oracle.binomtest(events, count).proportion_ci(two_sided, "wilson")
    assert stats.wilson(events, count, confidence) == pytest.approx(tuple(score), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("a", [0.5, 1, 3, 40, 2500.5, 1e5])
@pytest.mark.parametrize("b", [0.7, 1, 7, 300, 2e5])
def test_beta(a: float, b: float) -> None:
    for p in (1e-6, 0.05, 0.5, 0.95):
        x = oracle.beta.ppf(p, a, b)
        assert stats.beta_quantile(p, a, b) == pytest.approx(x, rel=1e-7)
        assert stats.beta_cdf(x, a, b) == pytest.approx(oracle.beta.cdf(x, a, b), rel=1e-8)


@pytest.mark.parametrize(
    ("x", "n", "y", "m"), [(5, 100, 2, 300), (0, 100, 4, 100), (96, 3102, 37, 3090), (7, 50, 0, 900)]
)
def test_the_conditional_test_of_two_counts(x: int, n: int, y: int, m: int) -> None:
    expected = oracle.binomtest(x, x + y, n / (n + m), "greater").pvalue
    assert stats.more_than_chance(x, n, y, m) == pytest.approx(expected, rel=1e-7)
    low, high = stats.rate_ratio(x, n, y, m, 0.975)
    ci = oracle.binomtest(x, x + y).proportion_ci(0.95, "exact")
    assert low == pytest.approx(ci.low / (1 - ci.low) * m / n, rel=1e-6)
    if ci.high < 1:
        assert high == pytest.approx(ci.high / (1 - ci.high) * m / n, rel=1e-6)
    else:
        assert high == math.inf


def test_nothing_says_nothing() -> None:
    assert stats.wilson(0, 0, 0.95) == (0, 1)
    assert stats.clopper_pearson(0, 0, 0.95) == (0, 1)
    assert stats.rate_ratio(0, 100, 0, 100, 0.95) == (0, math.inf)
    assert stats.more_than_chance(3, 0, 1, 5) == 1.0


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """His example (a): 56/70 and 48/80, 95 % score interval 0.0524 to 0.3339."""
    low = [stats.wilson(e, n, 0.975)[0] for e, n in ((56, 70), (48, 80))]
    high = [stats.wilson(e, n, 0.975)[1] for e, n in ((56, 70), (48, 80))]
    assert stats.difference_lower(56 / 70, low[0], 48 / 80, high[1]) == pytest.approx(0.0524, abs=5e-5)
    assert stats.difference_upper(56 / 70, high[0], 48 / 80, low[1]) == pytest.approx(0.3339, abs=5e-5)


def test_sample_sizes_are_of_the_known_order() -> None:
    assert stats.sample_needed(0.01, 0.011, 1, 0.95) == pytest.approx(128_469, rel=0.03)
    assert stats.sample_needed(0.001, 0.0011, 1, 0.95) == pytest.approx(1_296_973, rel=0.03)
    assert stats.sample_needed(0.01, 0.01, 1, 0.95) == math.inf
    assert stats.sample_needed(0.01, 0.02, 0, 0.95) == math.inf
    # beside a baseline without end it is the sample of one ratio
    one = (stats.z(0.95) * math.sqrt(0.02 * 0.98) + stats.z(0.8) * math.sqrt(0.01 * 0.99)) / 0.01
    assert stats.sample_needed(0.01, 0.02, 1e12, 0.95) == pytest.approx(one**2)
    assert stats.sample_needed(0.01, 0.02, 1e12, 0.95, 0.9) > one**2


@pytest.mark.parametrize("count", [1e9, 1e12, 1e17, 1e30])
def test_beyond_what_can_be_reckoned_with_less_is_said_and_something(count: float) -> None:
    low, high = stats.clopper_pearson(count / 4, count, 0.95)
    assert 0.2499 < low < 0.25 < high < 0.2501
    assert (
        stats.clopper_pearson(0, count, 0.95)[1] < 1e-8
        and stats.clopper_pearson(count, count, 0.95)[0] > 1 - 1e-8
    )
    assert stats.more_than_chance(count / 2, count, count / 2, count) == pytest.approx(0.5, abs=1e-4)
    assert stats.more_than_chance(count, count, count / 2, count) == 0.0
    assert stats.rate_ratio(count, count, 0, 5, 0.95)[1] == math.inf


@pytest.mark.parametrize(("x", "p"), [(-1.0, 0.0), (0.0, 0.0), (1.0, 1.0), (2.0, 1.0)])
def test_beta_at_its_ends(x: float, p: float) -> None:
    assert stats.beta_cdf(x, 2, 3) == p


@pytest.mark.parametrize(
    ("counts", "interval", "chance"),
    [
        ((3, 0, 1, 5), (0.0, math.inf), 1.0),
        ((0, 5, 1, 0), (0.0, math.inf), 1.0),
        ((3, 5, 1, 0), (0.0, math.inf), 1.0),
    ],
)
def test_without_requests_of_a_side_no_ratio_is_known(
    counts: tuple[int, int, int, int], interval: tuple[float, float], chance: float
) -> None:
    assert stats.rate_ratio(*counts, 0.95) == interval
    assert stats.more_than_chance(*counts) == chance


def test_mantel_haenszel_sees_through_shares_that_move() -> None:
    strata = [(5, 100, 95, 1900), (10, 1000, 10, 1000)]  # ratio 1 in each
    middle, high = stats.stratified(strata, 0.95)
    assert middle == pytest.approx(1.0)
    assert high > 1.1
    for strata in ([(0, 10, 0, 10)], [(0, 10, 3, 10)], [(3, 10, 0, 10)], [(3, 10, 2, 0), (3, 0, 2, 10)], []):
        assert stats.stratified(strata, 0.95) == (0.0, 0.0)


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("scatter", [1.0, 2.5])
def test_of_like_strata_mantel_haenszel_is_the_logarithm_s_own_interval(times: int, scatter: float) -> None:
    """The variance of the log of one ratio of ratios is 1/a - 1/n + 1/b - 1/m."""
    a, n, b, m = 12, 300, 20, 900
    variance = scatter * (1 / a - 1 / n + 1 / b - 1 / m) / times
    middle, high = stats.stratified([(a, n, b, m)] * times, 0.95, scatter)
    assert middle == pytest.approx(a * m / (b * n))
    assert high == pytest.approx(middle * math.exp(stats.z(0.95) * math.sqrt(variance)))


class TestEvidence:
    def test_the_budget_is_spent_once(self) -> None:
        assert sum(evidence.weight(k) for k in range(1, 100_000)) == pytest.approx(1, abs=1e-4)
        assert sum(part for _, part in looks(10**6)) <= 1

    @pytest.mark.parametrize("p", [0.02, 0.1, 0.5, 0.9])
    @pytest.mark.parametrize("total", [1, 5, 40])
    def test_one_window_has_mean_one_or_less_where_nothing_changed(self, p: float, total: int) -> None:
        """The martingale's step, summed exactly; so too by the hypergeometric law and where the canary is better."""
        n, m = round(1000 * p), 1000 - round(1000 * p)

        def mean(pmf: object) -> float:
            return sum(
                pmf(x) * evidence.weigh([Split(1, x, n, total - x, m)])[0] / evidence.weight(1)
                for x in range(total + 1)
            )

        assert mean(lambda x: oracle.binom.pmf(x, total, n / 1000)) == pytest.approx(1.0)
        assert mean(lambda x: oracle.hypergeom.pmf(x, 1000, n, total)) <= 1 + 1e-9
        assert mean(lambda x: oracle.binom.pmf(x, total, 0.8 * n / 1000)) <= 1 + 1e-9

    @pytest.mark.parametrize("null", [1.0, 1.5])
    @pytest.mark.parametrize("scatter", [1.0, 3.0])
    def test_what_two_windows_weigh(self, null: float, scatter: float) -> None:
        """From the binomial law itself: what began with the first, and what began with the second."""
        rows = [Split(1, 9, 200, 11, 600), Split(2, 7, 100, 5, 400)]

        def ratio(row: Split, t: float) -> float:
            total = row.events + row.base_events
            p, worse = (r * row.requests / (r * row.requests + row.base_requests) for r in (null, t * null))
            law = oracle.binom.pmf
            return float((law(row.events, total, worse) / law(row.events, total, p)) ** (1 / scatter))

        parts = [evidence.weight(row.number) for row in rows]
        first = [parts[0] * ratio(rows[0], t) for t in evidence.CHANGES]
        both = [(one + parts[1]) * ratio(rows[1], t) for one, t in zip(first, evidence.CHANGES, strict=True)]
        expected = [sum(x) / len(evidence.CHANGES) for x in (first, both)]
        assert evidence.weigh(rows, null, scatter) == pytest.approx(expected)

    def test_a_window_that_says_nothing_spends_its_part_alone(self) -> None:
        for quiet in (Split(1, 0, 100, 0, 100), Split(1, 1, 0, 1, 100), Split(1, 1, 100, 1, 0)):
            assert evidence.weigh([quiet]) == [pytest.approx(evidence.weight(1))]
            assert evidence.began([quiet]) == 0
        assert evidence.weigh([]) == []

    def test_no_evidence_is_beyond_what_can_be_counted_on_with(self) -> None:
        told = evidence.weigh([Split(k, 10_000, 10_000, 1, 10_000) for k in range(1, 40)])
        assert told == sorted(told)
        assert math.isfinite(told[-1])

    def test_false_alarms_of_a_thousand_releases(self) -> None:
        """P(ever over 1 / alpha) at no change stays under alpha, at a level high enough to be measured."""
        chance, alpha, hits = random.Random(4), 0.2, 0
        for _ in range(1000):
            windows = []
            for k in range(1, 31):
                total = sum(chance.random() < 0.5 for _ in range(16))
                x = sum(chance.random() < 0.25 for _ in range(total))
                windows.append(Split(k, x, 250, total - x, 750))
            hits += max(evidence.weigh(windows)) >= 1 / alpha
        assert 0 < hits <= 1000 * alpha

    def test_where_the_change_began(self) -> None:
        quiet = [Split(k, 10, 1000, 90, 9000) for k in range(1, 11)]
        loud = [Split(k, 60, 1000, 90, 9000) for k in range(11, 14)]
        assert evidence.began(quiet + loud) == 10
        assert evidence.began(quiet + loud[:1]) == 10
        assert evidence.began([w._replace(number=k) for k, w in enumerate(loud, 1)]) == 0

    def test_the_low_bound_and_the_evidence_agree(self) -> None:
        loud = [Split(k, 30, 1000, 90, 9000) for k in range(1, 6)]
        assert 1 < evidence.ratio_low(loud, 0.02, 4.0) < 3
        assert evidence.ratio_low([Split(1, 10, 1000, 90, 9000)], 0.02, 3.0) == 1.0
        assert evidence.ratio_low([], 0.02, 4.0) == 1.0
        for scatter in (1.0, 1.5):  # where it lies the evidence is just what is asked for
            low = evidence.ratio_low(loud, 0.02, 4.0, scatter)
            assert (
                evidence.weigh(loud, low * 0.999, scatter)[-1]
                >= 50
                > evidence.weigh(loud, low * 1.001, scatter)[-1]
            )
        assert evidence.ratio_low(loud, 0.02, 4.0) == evidence.ratio_low(loud, 0.02, 4.0, 1.0)
        sure = [w._replace(events=900) for w in loud]
        assert evidence.ratio_low(sure, 0.02, 4.0) == pytest.approx(4.0, rel=1e-3), "no farther than asked"

    def test_bursts_are_told_from_a_change_of_level(self) -> None:
        chance = random.Random(1)
        bursts = [Split(k, 60 if k % 2 else 2, 1000, 270, 9000) for k in range(1, 13)]
        level = [Split(k, 30 if k < 7 else 90, 1000, 270, 9000) for k in range(1, 13)]
        noise = [
            Split(k, sum(chance.random() < 0.03 for _ in range(1000)), 1000, 270, 9000) for k in range(1, 13)
        ]
        assert evidence.dispersion(bursts) > 10
        assert evidence.dispersion(level) < 4
        assert evidence.dispersion(noise) == 1.0
        assert evidence.dispersion(bursts[:3], 1.5) == 1.5
        few = [
            Split(k, *((2, 99, 1, 99) if k % 2 else (0, 99, 3, 99))) for k in range(1, 6)
        ]  # of three events each
        assert [evidence.dispersion(few[:n], 1.5) for n in (3, 4)] == [1.5, pytest.approx(3.0)]
        assert evidence.dispersion([w._replace(events=1, base_events=1) for w in few]) == 1.0
        for side in ("events", "base_events"):  # no ratio of one side is known
            assert evidence.dispersion([w._replace(**{side: 0}) for w in bursts], 1.5) == 1.5
        for side in ("requests", "base_requests"):
            assert evidence.dispersion([w._replace(**{side: 0}) for w in bursts], 1.5) == 1.5
        assert evidence.weigh(bursts, 1.0, 10.0)[-1] <= max(evidence.weigh(bursts)[-1], 1.0)

    @given(
        st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12),
        st.integers(0, 11),
    )
    def test_another_error_of_the_canary_never_speaks_for_it(
        self, rows: list[tuple[int, int]], at: int
    ) -> None:
        windows = [Split(k, x, 100, y, 300) for k, (x, y) in enumerate(rows, 1)]
        at %= len(windows)
        worse = list(windows)
        worse[at] = worse[at]._replace(
            events=worse[at].events + 1, base_events=max(worse[at].base_events - 1, 0)
        )
        assert (
            evidence.weigh(worse)[-1] >= evidence.weigh(windows)[-1] * (1 - 1e-9)
            or windows[at].base_events == 0
        )
