"""Samples as no backend should send them: an answer of the seven, never a traceback, never a PASS out of nothing."""

from __future__ import annotations

import json
import math
import random

import msgspec
import pytest

from tests.unit.playbook.canary.making import BOUNDS, NEW, OLD, T0, policy, release, seen
from tfdash.model.judgement import Advice, Outcome
from tfdash.model.release import Phase, ReleaseState, Side
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point, Traffic
from tfdash.playbook.canary import freeze_baseline, judge_release

PODS = (f"checkout-{NEW}-a", f"checkout-{OLD}-b", "checkout-zzz-c", "", "\x1b[31m")


def _value(chance: random.Random, last: float) -> float:
    kind = chance.random()
    if kind < 0.05:
        return math.nan
    if kind < 0.1:
        return chance.choice([0.0, -5.0, 1e18, 0.5])
    return last + chance.choice([0, 1, 7, 300])


def _counter(chance: random.Random) -> CounterSeries:
    points, value = [], float(chance.randint(0, 9))
    for i in range(chance.randint(0, 40)):
        value = _value(chance, value if value == value else 0.0)
        points.append(Point(T0 - 100 + 15 * i + chance.choice([0, 0, 0, -40]), value))
    return CounterSeries(pod=chance.choice(PODS), version=chance.choice(["", NEW, "x"]), points=tuple(points))


def _histogram(chance: random.Random) -> HistogramSeries:
    points, counts = [], [0.0] * len(BOUNDS)
    for i in range(chance.randint(0, 40)):
        bounds = (
            BOUNDS
            if chance.random() < 0.95
            else chance.choice([(), (math.inf,), BOUNDS[:-1], (0.1, 0.3, math.inf)])
        )
        counts = (
            [c + chance.choice([0, 1, 5]) for c in counts] if chance.random() < 0.95 else [0.0] * len(BOUNDS)
        )
        row = [*counts[: len(bounds)]]
        if row and chance.random() < 0.05:
            row[-1] = math.nan
        points.append(Buckets(T0 - 100 + 15 * i, tuple(bounds), tuple(row), 0.0))
    return HistogramSeries(pod=chance.choice(PODS), native=chance.random() < 0.3, points=tuple(points))


def _release(chance: random.Random) -> ReleaseState:
    sides = [
        None,
        Side(),
        Side(hash=NEW, oldest_start=T0),
        Side(hash=OLD, revision="x"),
        Side(hash=NEW, revision="3"),
    ]
    return release(phase=chance.choice(list(Phase)), canary=chance.choice(sides), stable=chance.choice(sides))


@pytest.mark.parametrize("seed", range(150))
def test_an_answer_to_everything(seed: int) -> None:
    chance = random.Random(seed)
    value = Traffic(
        evaluated_at=T0 + chance.choice([0, 59, 60, 300, 601, 4000]),
        since=T0 - chance.choice([100, 0, -300, 4000]),
        requests=tuple(_counter(chance) for _ in range(chance.randint(0, 5))),
        errors=tuple(_counter(chance) for _ in range(chance.randint(0, 3))),
        latency=tuple(_histogram(chance) for _ in range(chance.randint(0, 3))),
        scrape_interval=chance.choice([None, 15.0, 0.0]),
    )
    started = {p: T0 + chance.choice([0, -5000, 5000, 30]) for p in PODS if chance.random() < 0.5}
    rules = policy(
        baseline=chance.choice(["stable", "before"]),
        warm_up=chance.choice([0, 30, 7200]),
        window=chance.choice([15, 60]),
        errors={
            "mode": chance.choice(["relative", "points", "both"]),
            "floor_points": chance.choice([0, 0.1]),
        },
        latency={"within_bucket": chance.choice(["interpolate", "refuse"])},
    )
    state = _release(chance)
    frozen = freeze_baseline(release(), value, started, rules, T0 + 300)
    told = judge_release(
        state, seen(value), (), started, rules, value.evaluated_at, frozen=chance.choice(["", frozen])
    )
    assert told.sentence
    for one in told.triggers:
        assert one.sentence
        assert one.outcome is not Outcome.PASS or min(one.sample, one.baseline_sample) >= 100
    assert (told.advice is Advice.ROLL_BACK) == (told.outcome is Outcome.BREACH)
    json.dumps(msgspec.to_builtins(told), allow_nan=True)
