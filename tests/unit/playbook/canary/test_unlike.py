"""Unlike things are not compared: other buckets, native against classic, the same requests twice, numbers of two objects."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from msgspec import structs

from tests.unit.playbook.canary.making import (
    BOUNDS,
    CANARY_POD,
    NEW,
    OLD,
    STABLE_POD,
    STEP,
    T0,
    counter,
    histogram,
    judged,
    lognormal,
    policy,
    release,
    traffic,
    trigger,
    windows_counter,
)
from tfdash.model.judgement import Outcome
from tfdash.model.release import Carrier, Side
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point, Traffic
from tfdash.playbook.canary.buckets import shared
from tfdash.playbook.canary.twice import counted_twice

RULES = policy(warm_up=0)
COARSE = tuple(b for b in BOUNDS if b != 0.25)
MINUTES = 10


def latencies(canary: Any, stable: Any, *, own: Any = BOUNDS, base: Any = BOUNDS, n: int = 600) -> Traffic:
    chance = random.Random(5)
    rows = [[[draw(chance) for _ in range(n)] for _ in range(MINUTES)] for draw in (canary, stable)]
    both = (
        histogram(rows[0], own, pod=CANARY_POD),
        histogram(rows[1], base, pod=STABLE_POD),
    )
    return traffic([(n, 0)] * MINUTES, [(n, 0)] * MINUTES, latency=both)


class TestBuckets:
    """The canary's program has no bucket of 250 ms."""

    def told(self, value: Traffic) -> Any:
        return trigger(judged(value, RULES), "latency")

    def test_the_same_durations_are_no_breach(self) -> None:
        told = self.told(latencies(lognormal(0.12), lognormal(0.12), own=COARSE))
        assert told.outcome is not Outcome.BREACH
        assert "compared at the bounds that both have; left out: 250 ms" in told.flags

    def test_slower_ones_are_no_pass(self) -> None:
        slower = lognormal(0.12)
        told = self.told(latencies(lambda c: slower(c) + 0.2, lognormal(0.12), base=COARSE))
        assert told.outcome is Outcome.NOT_COMPARABLE
        assert "the histogram cannot tell; add bounds around" in told.sentence

    def test_without_two_bounds_in_common_nothing_is_said(self) -> None:
        own = (0.3, 3.0, math.inf)
        assert (
            self.told(latencies(lognormal(0.12), lognormal(0.12), own=own)).outcome is Outcome.NOT_COMPARABLE
        )

    @pytest.mark.parametrize("which", [0, 1])
    def test_native_against_classic(self, which: int) -> None:
        value = latencies(lognormal(0.12), lognormal(0.12))
        both = list(value.latency)
        both[which] = structs.replace(both[which], native=True)
        told = self.told(structs.replace(value, latency=tuple(both)))
        assert told.outcome is Outcome.NOT_COMPARABLE and told.unlike
        assert "native histograms" in told.sentence and "classic" in told.sentence

    def test_of_another_resolution_the_coarser_counts(self) -> None:
        def native(*pairs: tuple[float, float]) -> HistogramSeries:
            bounds, counts = zip(*pairs, (math.inf, pairs[-1][1]), strict=True)
            return HistogramSeries(native=True, points=(Buckets(T0, bounds, counts, 0.0),))

        fine, coarse = native((1.0, 0), (1.4, 3), (2.0, 5)), native((1.0, 0), (2.0, 7))
        told = shared([("canary", fine), ("baseline", coarse)])
        assert told.bounds == (1.0, 2.0, math.inf) and told.note
        assert shared([("canary", fine), ("baseline", fine)]).note == ""


def copies(series: CounterSeries | HistogramSeries, **labels: str) -> Any:
    return structs.replace(series, labels=tuple(sorted({**dict(series.labels), **labels}.items())))


class TestTwice:
    def value(self, seed: int = 1, late: float = 0.0) -> Traffic:
        """Both pods, each scraped by two jobs, the second ``late`` seconds after the first."""
        chance = random.Random(seed)
        made: list[CounterSeries] = []
        for pod, mean in ((CANARY_POD, 60), (STABLE_POD, 600)):
            at, total, first, second = T0 - 60.0, 0.0, [], []
            while at < T0 + 60 * MINUTES:
                before = total + chance.gauss(mean, math.sqrt(mean)) * late / STEP
                first.append(Point(at, float(round(total))))
                second.append(Point(at + late, float(round(before))))
                total = before + max(chance.gauss(mean, math.sqrt(mean)), 0) * (1 - late / STEP)
                at += STEP
            one = CounterSeries(pod=pod, points=tuple(first), labels=(("code", "200"),))
            made += [
                copies(one, job="pods"),
                copies(structs.replace(one, points=tuple(second)), job="monitor"),
            ]
        return structs.replace(traffic([(1, 0)], [(1, 0)], minutes=MINUTES), requests=tuple(made), errors=())

    @pytest.mark.parametrize("late", [0.0, 7.0])
    def test_two_jobs_that_scrape_one_pod(self, late: float) -> None:
        told = trigger(judged(self.value(late=late), RULES), "errors")
        assert told.outcome is Outcome.NOT_COMPARABLE and told.unlike
        assert '{job="monitor"}' in told.sentence and '{job="pods"}' in told.sentence

    def test_the_remedy_helps(self) -> None:
        """One of them named in the selectors: what the sentence says to do."""
        value = self.value()
        one = tuple(s for s in value.requests if dict(s.labels)["job"] == "pods")
        told = trigger(judged(structs.replace(value, requests=one), RULES), "errors")
        assert told.outcome is not Outcome.NOT_COMPARABLE

    def test_a_breach_that_was_said_of_them_is_withdrawn(self) -> None:
        first = judged(
            traffic([(1000, 60)] * 5, [(9000, 90)] * 5), policy(warm_up=0, latency={"enabled": False})
        )
        rules = policy(warm_up=0, latency={"enabled": False})
        told = judged(self.value(), rules, breaches=first.breaches)
        assert told.outcome is Outcome.NOT_COMPARABLE
        assert told.breaches[0].withdrawn and told.breaches[0].ended.startswith("the same requests of")

    @pytest.mark.parametrize("seed", range(20))
    def test_two_ports_as_busy_as_each_other_are_added(self, seed: int) -> None:
        chance = random.Random(seed)
        rows = [[chance.gauss(200, 14) // 1 for _ in range(120)] for _ in range(2)]
        for late in (0.0, 7.0):
            several = [
                counter(rows[0], pod="p", labels=(("port", "80"),)),
                counter(rows[1], pod="p", start=T0 + 5 + late, labels=(("port", "81"),)),
            ]
            assert counted_twice(several, T0, T0 + 120 * STEP) == ""

    def test_rare_events_that_fall_together_are_no_evidence(self) -> None:
        rows = [1.0 if i % 9 == 0 else 0.0 for i in range(60)]
        pair = [counter(rows, pod="p", labels=(("code", c),)) for c in ("500", "503")]
        assert counted_twice(pair, T0, T0 + 900) == ""

    def test_copies_of_different_pods_are_different_requests(self) -> None:
        pair = [windows_counter([100] * 10, pod=p) for p in (CANARY_POD, STABLE_POD)]
        assert counted_twice(pair, T0, T0 + 600) == ""


class TestNumbers:
    @pytest.mark.parametrize("carrier", [Carrier.PAIR, Carrier.CANARY])
    def test_revisions_of_two_objects_are_not_compared(self, carrier: Carrier) -> None:
        sides = {
            "canary": Side(hash=NEW, revision="3", oldest_start=T0),
            "stable": Side(hash=OLD, revision="41"),
        }
        value = traffic([(1000, 60)] * 5, [(9000, 90)] * 5)
        told = judged(value, RULES, release(carrier=carrier, **sides))
        assert trigger(told, "errors").outcome is Outcome.BREACH
        own = judged(value, RULES, release(**sides))
        assert "swapped" in own.sentence
