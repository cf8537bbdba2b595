"""The error-rate trigger: each branch, its arithmetic, and what must never happen."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from itertools import zip_longest
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.playbook.canary.making import (
    CANARY_POD,
    NEW,
    OLD,
    STABLE_POD,
    T0,
    errors,
    judged,
    policy,
    release,
    seen,
    traffic,
    trigger,
    windows_counter,
)
from tfdash.model.judgement import Advice, Measured, Outcome
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.release import Phase, Side
from tfdash.model.traffic import CounterSeries, Point, Query
from tfdash.playbook.canary import judge_release, limits
from tfdash.playbook.canary.errors import base_of, decide, measured, reached, shares_mislead, shown, window
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.tally import Count, Pair

FIXED = {"warm_up": 0, "latency": {"enabled": False}}  # every window counts, errors alone
RULES = policy(**FIXED)


def minutes(n: float, x: float, count: int = 5) -> list[tuple[float, float]]:
    return [(n, x)] * count


class TestLimit:
    """The limit is reached at >=, in whole numbers."""

    def test_exactly_ten_per_cent_more_reaches_it(self) -> None:
        rules = policy(errors={"floor_points": 0})
        assert reached(Count(100_000, 1100), Count(100_000, 1000), rules)
        assert not reached(Count(100_000, 1099), Count(100_000, 1000), rules)
        assert reached(
            Count(3_000_000, 33), Count(1_000_000, 10), rules
        )  # in floats 1.1e-5 is not 1e-5 x 1.1

    def test_the_floor_and_a_baseline_without_errors(self) -> None:
        assert not reached(Count(100_000, 99), Count(100_000, 0), RULES)
        assert reached(Count(100_000, 100), Count(100_000, 0), RULES)  # 0.1 points
        assert not reached(Count(100, 0), Count(100, 0), policy(errors={"floor_points": 0}))

    @pytest.mark.parametrize(
        ("mode", "x", "hit"),
        [
            ("relative", 33, True),
            ("relative", 32, False),
            ("points", 130, True),
            ("points", 129, False),
            ("both", 130, True),
            ("both", 129, False),
        ],
    )
    def test_modes(self, mode: str, x: int, hit: bool) -> None:
        rules = policy(errors={"mode": mode})
        assert reached(Count(1000, x), Count(1000, 30), rules) is hit

    @given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 1000), st.integers(0, 1000))
    def test_more_errors_never_unreach_it(self, n: int, m: int, x: int, y: int) -> None:
        x, y = min(x, n), min(y, m)
        if reached(Count(n, x), Count(m, y), RULES):
            assert reached(Count(n, min(x + 1, n)), Count(m, y), RULES)
        top = limits.limit(Fraction(y, m), RULES.errors)
        assert top >= Fraction(y, m)


class TestDecision:
    def test_breach_with_its_arithmetic(self) -> None:
        told = judged(traffic(minutes(1000, 30), minutes(9000, 90)), RULES)
        one = trigger(told, "errors")
        assert one.outcome is Outcome.BREACH
        assert told.advice is Advice.ROLL_BACK
        assert one.sentence.startswith(
            "3 % (150 of 5,000; 2.6–3.4 %) ≥ 1 % × 1.10 = 1.1 % (baseline 450 of 45,000)"
        )
        assert "excludes no change" in one.sentence and " counted from " in one.sentence
        assert one.plain == "3 % is +200 % on 1 %: at or over +10 %: reached"
        assert one.other == "read as percentage points: +2 points: under +10 points: not reached"
        assert (one.value, one.baseline, one.limit) == (0.03, 0.01, 0.011)
        assert one.sample == 5000
        assert one.baseline_sample == 45_000
        assert one.evaluated_at == T0 + 300
        assert one.baseline_label == "stable pods, same window"
        assert one.query == 'http_requests_total; http_requests_total{code=~"5.."}'
        assert len(one.windows) == 5 == len(one.chart)
        assert one.chart[0].limit == pytest.approx(0.011)
        assert "3 of the last 3 windows reach the limit" in one.flags

    def test_pass_needs_the_interval_below_the_limit(self) -> None:
        told = errors(traffic(minutes(40_000, 40, 10), minutes(40_000, 40, 10)), RULES)
        assert told.outcome is Outcome.PASS
        assert "stays under" in told.sentence

    def test_windows_over_the_limit_beside_a_pass_say_what_they_are(self) -> None:
        quiet = minutes(40_000, 40, 10)
        assert "0 of the last 3 windows reach the limit" in errors(traffic(quiet, quiet), RULES).flags
        told = errors(traffic([*quiet, *minutes(2000, 5, 3)], [*quiet, *minutes(2000, 2, 3)]), RULES)
        assert told.outcome is Outcome.PASS
        assert (
            told.flags[0]
            == "3 of the last 3 windows reach the limit by themselves, all windows together pass"
        )

    def test_pass_by_the_ratio(self) -> None:
        told = errors(traffic(minutes(100_000, 5000), minutes(100_000, 5000)), RULES)
        assert told.outcome is Outcome.PASS
        assert "stays under ×1.1" in told.sentence

    def test_between_is_low_traffic_with_the_requests_still_needed(self) -> None:
        told = errors(traffic(minutes(6000, 60), minutes(54_000, 540)), RULES)
        assert told.outcome is Outcome.LOW_TRAFFIC
        assert told.needed is not None and 20_000 < told.needed < 50_000
        assert told.needed_seconds == pytest.approx(told.needed / 100)
        assert "allows the limit too" in told.sentence

    def test_what_the_windows_could_never_hold_cannot_be_decided_at_this_rate(self) -> None:
        told = errors(traffic(minutes(600, 6), minutes(5400, 54)), RULES)
        assert (told.outcome, told.needed, told.needed_seconds) == (Outcome.LOW_TRAFFIC, None, None)
        assert (
            "cannot be decided at the present rate: the 30 windows of 60 s that count hold 18,000"
            in told.sentence
        )
        assert told.hopeless
        whole = judged(traffic(minutes(600, 6), minutes(5400, 54)), RULES)
        assert (whole.outcome, whole.advice) == (
            Outcome.LOW_TRAFFIC,
            Advice.HOLD,
        )  # to wait would mend nothing
        assert judged(traffic(minutes(6000, 60), minutes(54_000, 540)), RULES).advice is Advice.WAIT

    def test_a_limit_that_is_reached_by_chance_is_low_traffic(self) -> None:
        told = errors(traffic(minutes(600, 8), minutes(5400, 54)), RULES)
        assert told.outcome is Outcome.LOW_TRAFFIC
        assert told.plain.endswith("reached")
        assert "the limit is reached, but" in told.sentence

    def test_too_few_requests(self) -> None:
        told = errors(traffic(minutes(10, 5), minutes(90, 1)), RULES)
        assert told.outcome is Outcome.BREACH  # half of them fail: gross
        told = errors(traffic(minutes(10, 1), minutes(90, 1)), RULES)
        assert told.outcome is Outcome.LOW_TRAFFIC
        assert told.needed == 50

    def test_a_gross_failure_breaches_within_one_window_and_in_warm_up(self) -> None:
        told = judged(traffic([(60, 30)], [(540, 1)]), policy(latency={"enabled": False}))
        assert trigger(told, "errors").outcome is Outcome.BREACH
        assert "gross failure" in trigger(told, "errors").flags
        assert told.advice is Advice.ROLL_BACK

    @pytest.mark.parametrize(
        ("requests", "failed", "gross"),
        [
            (19, 19, False),  # under the least number of requests, whatever fails
            (20, 20, True),
            (20, 5, True),
            (20, 4, False),  # under the least number of errors
            (25, 5, True),  # exactly 20 %
            (26, 5, False),
            (50, 10, True),
            (51, 10, False),
            (100, 20, True),
        ],
    )
    def test_the_least_of_a_gross_failure(self, requests: int, failed: int, gross: bool) -> None:
        canary, stable = Count(requests, failed), Count(2000, 2)
        window = Pair(T0, T0 + 60, 1, canary, stable, canary, stable)
        assert (decide([window], None, RULES).reason == "gross") is gross

    def test_a_gross_failure_needs_a_baseline_that_served(self) -> None:
        canary, none = Count(100, 100), Count(0, 0)
        window = Pair(T0, T0 + 60, 1, canary, none, canary, none)
        assert decide([window, window], None, RULES).reason != "gross"

    def test_a_gross_failure_of_both_sides_is_none(self) -> None:
        told = errors(traffic(minutes(600, 300), minutes(5400, 2700)), RULES)
        assert told.outcome is not Outcome.BREACH

    def test_a_late_fault_is_found_since_when_it_began(self) -> None:
        rows = minutes(600, 6, 20) + minutes(600, 40, 3)
        told = errors(traffic(rows, minutes(5400, 54, 23)), RULES)
        assert told.outcome is Outcome.BREACH

    def test_a_breach_is_not_forgiven_while_its_windows_are_kept(self) -> None:
        rows = minutes(600, 60, 3) + minutes(600, 6, 10)
        assert errors(traffic(rows, minutes(5400, 54, 13)), RULES).outcome is Outcome.BREACH

    def test_a_shared_fault_is_nobodys(self) -> None:
        rows = [(600, 6 if k < 5 else 120) for k in range(10)]
        base = [(5400, 54 if k < 5 else 1080) for k in range(10)]
        assert errors(traffic(rows, base), RULES).outcome is not Outcome.BREACH

    def test_a_share_that_moves_misleads_nobody(self) -> None:
        """The canary gets most of its traffic while everything fails more: its total is worse, window by window it is not."""
        rows = [(1000, 5)] * 8 + [(10_000, 500)] * 8
        base = [(19_000, 95)] * 8 + [(10_000, 500)] * 8
        told = errors(traffic(rows, base), RULES)
        assert told.outcome is not Outcome.BREACH
        assert any("share of the traffic moved" in f for f in told.flags)

    def test_points_mode_leaves_relative_rises_alone(self) -> None:
        rules = policy(**FIXED, errors={"mode": "points"})
        told = errors(traffic(minutes(1000, 30), minutes(9000, 90)), rules)
        assert told.outcome is Outcome.PASS
        assert "read as relative" in told.other
        assert errors(traffic(minutes(1000, 150), minutes(9000, 90)), rules).outcome is Outcome.BREACH

    def test_bursts_are_named(self) -> None:
        rows = [(1000, 40 if k % 2 else 0) for k in range(12)]
        told = errors(traffic(rows, minutes(9000, 90, 12)), RULES)
        assert any("bursts" in f for f in told.flags)


@pytest.mark.parametrize("requests", [10, 100, 1000, 3000, 10_000, 100_000])
def test_sparse_errors_never_pass(requests: int) -> None:
    """Kayenta's known miss (spinnaker/kayenta issue 426): no error before, [0, 1, 2, 1, 0, 0] now."""
    rows = [(requests, x) for x in (0, 1, 2, 1, 0, 0)]
    told = errors(traffic(rows, minutes(requests, 0, 6)), RULES)
    assert told.outcome in (Outcome.BREACH, Outcome.LOW_TRAFFIC)
    assert told.second_opinion == "", "six windows are fewer than its makers ask for"


class TestUnknown:
    def test_no_metrics(self) -> None:
        told = judge_release(release(), None, (), {}, RULES, T0 + 300)
        assert told.outcome is Outcome.NO_DATA
        assert (
            "no Prometheus is configured; add one under [environments.production.prometheus]" in told.sentence
        )

    def test_not_read_yet_waits(self) -> None:
        told = judge_release(release(), Observation(), (), {}, RULES, T0 + 60)
        assert (told.outcome, told.advice) == (Outcome.NO_DATA, Advice.WAIT)

    def problem(self) -> Problem:
        return Problem(kind=ProblemKind.TIMEOUT, cause="Prometheus did not answer in 10 s")

    def test_query_error(self) -> None:
        told = judge_release(release(), Observation(problem=self.problem()), (), {}, RULES, T0 + 300)
        assert (told.outcome, told.advice) == (Outcome.QUERY_ERROR, Advice.HOLD)
        good = traffic(minutes(40_000, 40, 10), minutes(40_000, 40, 10))
        told = judge_release(release(), seen(good, problem=self.problem()), (), {}, RULES, T0 + 600)
        assert told.outcome is Outcome.QUERY_ERROR  # it would pass, but the answer may lack the errors
        bad = traffic(minutes(1000, 30), minutes(9000, 90))
        told = judge_release(release(), seen(bad, problem=self.problem()), (), {}, RULES, T0 + 300)
        assert told.outcome is Outcome.BREACH  # what was found stays found
        assert any("did not answer" in f for f in told.triggers[0].flags)

    def test_a_partial_answer_is_no_pass(self) -> None:
        good = traffic(
            minutes(40_000, 40, 10),
            minutes(40_000, 40, 10),
            queries=(Query("errors", "q", "one store is down"),),
        )
        told = errors(good, RULES)
        assert told.outcome is Outcome.QUERY_ERROR
        assert "one store is down" in told.sentence

    def test_stale(self) -> None:
        good = traffic(minutes(40_000, 40, 10), minutes(40_000, 40, 10))
        told = judged(msgspec.structs.replace(good, evaluated_at=good.evaluated_at + 60), RULES)
        assert (told.outcome, told.advice) == (Outcome.STALE, Advice.WAIT)
        assert "over 2 scrape intervals of 15 s" in told.sentence

    def test_one_sided(self) -> None:
        told = judged(traffic([], minutes(5400, 54)), RULES)
        assert told.outcome is Outcome.NO_DATA
        told = judged(traffic(minutes(600, 6), []), RULES)
        assert (told.outcome, told.advice) == (Outcome.NOT_COMPARABLE, Advice.HOLD)
        told = judged(traffic(minutes(600, 6), minutes(0, 0)), RULES)
        assert told.outcome is Outcome.NOT_COMPARABLE
        assert "30 of 3,000 requests failed" in told.sentence
        told = judged(traffic(minutes(0, 0), minutes(600, 6)), RULES)
        assert told.outcome is Outcome.LOW_TRAFFIC
        assert "no request reached the canary" in told.sentence
        told = judged(traffic([], []), RULES)
        assert told.outcome is Outcome.NO_DATA

    def test_errors_without_series_are_no_errors(self) -> None:
        good = traffic(minutes(40_000, 0, 10), minutes(40_000, 0, 10), errors=())
        assert errors(good, RULES).outcome is Outcome.PASS

    def test_before_the_first_window(self) -> None:
        told = judged(traffic([(600, 6)], [(5400, 54)]), policy(latency={"enabled": False}))
        assert (told.outcome, told.advice) == (Outcome.NO_DATA, Advice.WAIT)
        assert "first window after warm-up ends in about 60 s" in told.sentence

    @pytest.mark.parametrize(
        ("canary", "stable", "words"),
        [
            (Side(hash=OLD), Side(hash=OLD), "not compared with itself"),
            (Side(hash=OLD, revision="7"), Side(hash=NEW, revision="8"), "swapped"),
            (Side(), Side(hash=OLD), "no label value"),
        ],
    )
    def test_versions_that_cannot_be_compared(self, canary: Side, stable: Side, words: str) -> None:
        told = judged(
            traffic(minutes(600, 60), minutes(5400, 54)), RULES, release(canary=canary, stable=stable)
        )
        assert (told.outcome, told.advice) == (Outcome.NOT_COMPARABLE, Advice.HOLD)
        assert words in told.sentence
        unread = judge_release(release(canary=canary, stable=stable), None, (), {}, RULES, T0 + 300)
        assert words in unread.sentence
        assert [told.triggers[0].absent, unread.triggers[0].absent] == [False, True]  # nothing measures it

    def test_nothing_in_flight(self) -> None:
        told = judged(traffic([], minutes(600, 6)), RULES, release(phase=Phase.NONE, canary=None))
        assert told.advice is Advice.NOTHING

    def test_aborted(self) -> None:
        told = judged(traffic(minutes(1000, 30), minutes(9000, 90)), RULES, release(phase=Phase.ABORTED))
        assert told.advice is Advice.NOTHING


class TestWhoseIsIt:
    def test_pods_that_are_gone_are_told_by_their_name(self) -> None:
        state = release(canary=Side(hash=NEW, oldest_start=T0), stable=Side(hash=OLD))
        told = judged(traffic(minutes(1000, 30), minutes(9000, 90)), RULES, state, pod_started={})
        assert told.outcome is Outcome.BREACH

    def test_the_map_wins_and_strangers_are_left_out(self) -> None:
        value = traffic(minutes(1000, 30), minutes(9000, 90))
        told = judged(value, RULES, pods={CANARY_POD: "other", STABLE_POD: OLD})
        assert trigger(told, "errors").outcome is Outcome.NO_DATA

    def test_a_version_label(self) -> None:
        rows = [("2.15.0", 1000, 30), ("2.14.0", 9000, 90), ("2.13.0", 500, 500)]
        value = traffic(
            [],
            [],
            minutes=5,
            group="version",
            requests=tuple(windows_counter([n] * 5, version=v) for v, n, _ in rows),
            errors=tuple(windows_counter([x] * 5, version=v) for v, _, x in rows),
        )
        one = errors(value, RULES)
        assert one.outcome is Outcome.BREACH
        assert (one.sample, one.baseline_sample) == (5000, 45_000)
        assert "1 series of other versions left out" in one.flags

    def test_a_dedicated_baseline(self) -> None:
        rules = policy(**FIXED, baseline="dedicated", baseline_version="base1")
        pod = "checkout-base1-zzzzz"
        value = traffic(minutes(1000, 30), minutes(9000, 2700))
        value = msgspec.structs.replace(
            value,
            requests=(*value.requests, windows_counter([9000] * 5, pod=pod)),
            errors=(*value.errors, windows_counter([90] * 5, pod=pod)),
        )
        one = errors(value, rules)
        assert one.outcome is Outcome.BREACH
        assert one.baseline_label == "dedicated baseline pods base1, same window"

    def test_warm_up_is_left_out_by_pod(self) -> None:
        """A stable pod that has just started counts no more than a canary's."""
        value = traffic(minutes(1000, 10), minutes(1000, 10))
        young = windows_counter([0, 0, 500, 500, 500], pod=f"checkout-{OLD}-young")
        value = msgspec.structs.replace(
            value, requests=(*value.requests, young), errors=(*value.errors, msgspec.structs.replace(young))
        )
        started = {CANARY_POD: T0, STABLE_POD: T0 - 9000, f"checkout-{OLD}-young": T0 + 110}
        one = errors(value, policy(latency={"enabled": False}), pod_started=started)
        assert one.sample == 4000
        assert one.baseline_sample == 4000 + 2 * 500

    def test_the_pods_first_errors_count(self) -> None:
        """rate() and increase() would read 0: the series begin with these errors."""
        first = CounterSeries(pod=CANARY_POD, points=tuple(Point(T0 + 5 + 15 * i, 40.0) for i in range(20)))
        value = traffic([(0, 0)], minutes(9000, 90))
        value = msgspec.structs.replace(
            value,
            errors=(first, value.errors[1]),
            requests=(windows_counter([100] * 5, pod=CANARY_POD), value.requests[1]),
        )
        one = errors(value, RULES)
        assert one.outcome is Outcome.BREACH
        assert "40 of" in one.sentence


numbers = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40)), min_size=1, max_size=12)


@settings(max_examples=60)
@given(numbers, numbers, st.floats(-90, 90), st.booleans())
def test_any_traffic_gets_one_of_seven(
    one: list[tuple[int, int]], two: list[tuple[int, int]], skew: float, lost: bool
) -> None:
    """Whatever comes, clock offsets and lost series included: an answer, and PASS only where every rule of it holds."""
    rows = [(n, min(x, n)) for n, x in one]
    base = [(n, min(x, n)) for n, x in two]
    value = traffic(rows, base)
    if lost:
        value = msgspec.structs.replace(value, errors=value.errors[:1])
    told = judged(value, RULES, pod_started={CANARY_POD: T0 + skew, STABLE_POD: T0 - 90000})
    got = trigger(told, "errors")
    assert got.sentence
    if got.outcome is Outcome.PASS:
        assert got.sample >= 100 and got.baseline_sample >= 100
        assert got.high is not None and got.value is not None
    if got.outcome is Outcome.BREACH:
        assert got.value is not None and got.limit is not None and got.value >= got.limit
    assert (told.advice is Advice.ROLL_BACK) == (told.outcome is Outcome.BREACH)


@settings(max_examples=30)
@given(numbers, numbers)
def test_swapped_sides_never_breach_both(one: list[tuple[int, int]], two: list[tuple[int, int]]) -> None:
    rows = [(n, min(x, n)) for n, x in one]
    base = [(n, min(x, n)) for n, x in two]
    rules = dataclasses.replace(RULES, errors=dataclasses.replace(RULES.errors, gross_percent=100.0))
    both = [errors(traffic(a, b), rules).outcome for a, b in ((rows, base), (base, rows))]
    assert both.count(Outcome.BREACH) <= 1 or _turned(rows, base)


def _turned(rows: list[tuple[int, int]], base: list[tuple[int, int]]) -> bool:
    """Both may have been worse, each for some of the time, or failing where the other one did not serve."""
    both = list(zip_longest(rows, base, fillvalue=(0, 0)))
    worse = {x * m > y * n for (n, x), (m, y) in both if n and m}
    alone = any((x and not m) or (y and not n) for (n, x), (m, y) in both)
    return alone or worse == {True, False}


@pytest.mark.parametrize(
    ("canary", "baseline", "middle", "misled"),
    [
        ((1_000, 30), (9_000, 90), 3.0, False),  # 3 % against 1 %: the totals say what the windows say
        ((1_000, 30), (9_000, 90), 3.3, False),
        ((1_000, 30), (9_000, 90), 3.4, True),
        ((1_000, 30), (9_000, 90), 2.7, True),
        ((1_000, 30), (9_000, 90), 0.0, False),
        ((1_000, 30), (9_000, 0), 3.4, False),
        ((1_000, 9), (9_000, 10), 3.4, False),  # too few to tell
        ((1_000, 0), (9_000, 90), 3.4, False),
    ],
)
def test_totals_mislead_where_they_say_something_else_than_the_windows(
    canary: tuple[int, int], baseline: tuple[int, int], middle: float, misled: bool
) -> None:
    assert shares_mislead(Count(*canary), Count(*baseline), middle) is misled


LEAST = RULES.errors.min_requests


@pytest.mark.parametrize(
    ("canary", "baseline", "outcome"),
    [
        ((0, 0), (9_000, 90), Outcome.NO_DATA),
        ((9_000, 90), (0, 0), Outcome.NO_DATA),
        ((LEAST - 1, 0), (90_000, 9_000), Outcome.LOW_TRAFFIC),
        ((LEAST, 0), (90_000, 9_000), Outcome.PASS),  # so many are enough
        ((90_000, 900), (LEAST - 1, 9), Outcome.LOW_TRAFFIC),
        ((9_000, 450), (9_000, 90), Outcome.BREACH),
    ],
)
def test_one_window_by_itself(canary: tuple[int, int], baseline: tuple[int, int], outcome: Outcome) -> None:
    one = Pair(0.0, 60.0, 1, Count(*canary), Count(*baseline), Count(*canary), Count(*baseline))
    assert window(one, None, RULES) is outcome
    past = FrozenBaseline(
        hash="h", label="l", at=0.0, start=0.0, end=60.0, requests=baseline[0], events=baseline[1]
    )
    other = one._replace(baseline=Count(5, 5))
    assert base_of(other, past) == Count(*baseline)
    assert window(other, past, RULES) is outcome


# -- windows by hand: (requests, errors) of the canary, and of the baseline -------------------------------------------------

STABLE = (9_000, 90)
FROZEN = FrozenBaseline(hash="h", label="l", at=T0, start=T0 - 600, end=T0, requests=90_000, events=900)
NOISE = (5, 5)  # what serves beside a frozen baseline is not what is compared
BREACH, LOW, PASS = Outcome.BREACH, Outcome.LOW_TRAFFIC, Outcome.PASS


@pytest.mark.parametrize(
    ("rows", "past", "outcome", "reason", "needed", "since", "until"),
    [
        ([], None, LOW, "few", 100, None, None),
        ([((99, 1), STABLE)], None, LOW, "few", 1, 0, 1),
        ([((50, 0), (20, 0))], None, LOW, "few", 200, 0, 1),  # 80 more of the baseline, at 50 to 20
        ([((200, 0), (50, 0))], None, LOW, "few", 200, 0, 1),
        ([((1_000, 22), STABLE)], None, LOW, "wide", 62_627, 0, 1),
        ([((1_000, 23), STABLE)], None, BREACH, "evidence", None, 0, 1),
        ([((1_000, 23), STABLE)] + [((1_000, 10), STABLE)] * 3, None, BREACH, "evidence", None, 0, 1),
        ([((40_000, 400), STABLE)] * 10 + [((1_000, 60), STABLE)] * 2, None, BREACH, "evidence", None, 10, 12),
        ([((1_000, 4), (9_000, 1))], None, LOW, "errors", 6_889, 0, 1),
        ([((1_000, 10), STABLE)], None, LOW, "wide", 70_278, 0, 1),
        ([((100_000, 5_000), (100_000, 5_000))], None, PASS, "pass", None, 0, 1),
        ([((100_000, 10), (100_000, 10))], None, PASS, "pass", None, 0, 1),  # by the floor
        ([((100_000, 20), (100_000, 8))], None, LOW, "chance", 100_000, 0, 1),
        ([((10**6, 1_000), (10**6, 1_000))] * 5 + [((1_000, 10), (1_000, 1))], None, LOW, "recent", 5_001_000, 0, 6),
        # against what was frozen
        ([], FROZEN, LOW, "few", 100, None, None),
        ([((99, 1), NOISE)], FROZEN, LOW, "few", 1, 0, 1),
        ([((1_000, 18), NOISE)], FROZEN, LOW, "wide", 64_210, 0, 1),
        ([((1_000, 20), NOISE)], FROZEN, BREACH, "evidence", None, 0, 1),
        ([((1_000, 40), NOISE)] + [((9_000, 10), NOISE)] * 3, FROZEN, BREACH, "evidence", None, 0, 1),
        ([((10**6, 10_000), NOISE)] * 3, FROZEN, PASS, "pass", None, 0, 3),
    ],
)  # fmt: skip  # a row is one case
def test_what_is_said_of_windows(
    rows: list[Any],
    past: FrozenBaseline | None,
    outcome: Outcome,
    reason: str,
    needed: int | None,
    since: int | None,
    until: int | None,
) -> None:
    if past is not None and outcome is PASS:
        past = msgspec.structs.replace(past, requests=10**7, events=10**5)
    pairs = [
        Pair(T0 + 60 * i, T0 + 60 * (i + 1), i + 1, Count(*one), Count(*two), Count(*one), Count(*two))
        for i, (one, two) in enumerate(rows)
    ]
    told = decide(pairs, past, RULES)
    assert (told.outcome, told.reason, told.needed) == (outcome, reason, needed)
    if since is None or until is None:
        assert (told.since, told.until) == (0.0, 0.0)
    else:
        assert (told.since, told.until) == (T0 + 60 * since, T0 + 60 * until)
    if outcome is BREACH:
        assert 1.0 <= told.low < told.high
    elif outcome is PASS and told.canary.events > 10:
        assert 0.9 < told.low < 1.0 < told.high < 1.1


@pytest.mark.parametrize("many", [1e9, 1e15, 9e18])
@pytest.mark.parametrize("part", [0, 1e-3, 1])
def test_absurd_counts_have_an_answer(many: float, part: float) -> None:
    for canary, stable in (
        ((many, many * part), (5, 5)),
        ((5, 5), (many, many * part)),
        ((many, many), (many, many * part)),
    ):
        told = [
            errors(traffic(minutes(*one), minutes(*two)), RULES)
            for one, two in ((canary, stable), (stable, canary))
        ]
        assert all(t.sentence for t in told)
        if part == 1 and canary == stable:
            assert all(t.outcome is Outcome.PASS for t in told)


def test_a_window_as_it_is_shown() -> None:
    one = Pair(T0, T0 + 60, 1, Count(9_000, 450), Count(9_000, 90), Count(9_500, 500), Count(9_500, 95))
    told = shown(one, None, RULES)
    assert (told.result.start, told.result.end, told.result.outcome) == (T0, T0 + 60, Outcome.BREACH)
    assert (told.result.canary.count, told.result.canary.events, told.result.canary.value) == (
        9_000,
        450,
        0.05,
    )
    assert told.result.baseline == measured(Count(9_000, 90), RULES)
    assert told.hit and told.limit == pytest.approx(0.011)
    none = shown(one._replace(canary=Count(0, 0), baseline=Count(0, 0)), None, RULES)
    assert (none.result.canary, none.result.baseline, none.hit) == (Measured(), Measured(), False)
    assert none.limit == pytest.approx(0.001)  # the floor
