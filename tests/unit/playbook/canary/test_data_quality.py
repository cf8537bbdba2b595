"""What stands in the way before a number is compared, or of a PASS after; and both sides against the time before."""

from __future__ import annotations

import math
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from tests.unit.playbook.canary.making import NEW, OLD, T0, policy, release
from tfdash.model.judgement import Outcome, Trigger
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.release import Side
from tfdash.model.traffic import Query, Traffic
from tfdash.moments import clock
from tfdash.playbook.canary import both_bad
from tfdash.playbook.canary.counting import Grid
from tfdash.playbook.canary.data_quality import (
    Comparison,
    Obstacle,
    empty,
    first_window,
    not_like,
    partial,
    problem,
    query_of,
    unread,
    unsure,
)
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.sides import Versions
from tfdash.playbook.canary.tally import Count, Pair, Slow, Tally
from tfdash.playbook.canary.window_cache import Memo

RULES = policy()
NOW = T0 + 600
STABLE = Side(hash=OLD, pods=("stable-1",))
BOUNDS = (0.1, 0.25, 0.5, 1.0, math.inf)
BEFORE = FrozenBaseline(
    hash=OLD,
    label="b",
    at=T0,
    start=T0 - 600,
    end=T0,
    requests=40_000,
    events=40,
    bounds=BOUNDS,
    counts=(40_000,) * 5,
)
FINE = (Query("requests", "r"), Query("errors", "e"), Query("latency", "l"), Query("errors", "f"))
ERROR, PART = Outcome.QUERY_ERROR, "a store is away"


def compared(
    *,
    began: float | None = T0,
    canary: str = NEW,
    baseline: Side | None = STABLE,
    past: FrozenBaseline | None = None,
    failed: str = "",
    age: float = 0.0,
    due: float = 0.0,
    queries: tuple[Query, ...] = FINE,
    interval: float | None = 15.0,
    pairs: tuple[Pair, ...] = (),
    slows: tuple[Slow, ...] = (),
    bounds: tuple[float, ...] = BOUNDS,
) -> Comparison:
    counts = Tally(
        Grid(T0, 60.0, 5), began, pairs, bounds, False, slows, (None, None), (None, None), False, pairs, slows
    )
    traffic = Traffic(evaluated_at=NOW, since=T0, scrape_interval=interval, queries=queries)
    who = Versions(Side(hash=canary), baseline, "stable pods")
    zone = ZoneInfo("UTC")
    return Comparison(traffic, who, counts, past, "stable pods", failed, 0, age, Memo(), zone, due)


def queried(role: str, **more: str) -> tuple[Query, ...]:
    return tuple(q._replace(**more) if q.role == role else q for q in FINE)


AWAY = Problem(kind=ProblemKind.UNREACHABLE, cause="refused")


@pytest.mark.parametrize(
    ("seen", "obstacle"),
    [
        (
            None,
            Obstacle(
                Outcome.NO_DATA,
                "no Prometheus is configured; add one under [environments.production.prometheus]",
                absent=True,
            ),
        ),
        (Observation(problem=AWAY), Obstacle(ERROR, f"the metrics could not be read: {AWAY}")),
        (Observation(), Obstacle(Outcome.NO_DATA, "the metrics have not been read yet")),
        (Observation(value=Traffic(evaluated_at=NOW, since=T0), problem=AWAY), None),
    ],
)
def test_what_was_never_read(seen: Any, obstacle: Obstacle | None) -> None:
    assert unread(seen, release()) == obstacle


NO_COUNTER = "no request counter of this workload was found; tfdash doctor shows what exists"
NO_HISTOGRAM = "no histogram of this workload was found; tfdash doctor shows what exists"
FAILED = "the requests query failed: 500"


@pytest.mark.parametrize(
    ("given", "kind", "has", "windows", "obstacle"),
    [
        ({}, "requests", (True, True), 1, None),
        ({}, "requests", (False, False), 1, Obstacle(Outcome.NO_DATA, NO_COUNTER, absent=True)),
        ({}, "latency", (False, False), 1, Obstacle(Outcome.NO_DATA, NO_HISTOGRAM, absent=True)),
        # a query that failed is why there is none of its own
        ({"queries": queried("requests", problem="500")}, "requests", (False, False), 1, Obstacle(ERROR, FAILED)),
        ({"queries": queried("errors", problem="500")}, "requests", (False, False), 1, Obstacle(ERROR, "the errors query failed: 500")),
        ({"queries": queried("requests", problem="500")}, "latency", (False, False), 1, Obstacle(Outcome.NO_DATA, NO_HISTOGRAM, absent=True)),
        ({"queries": queried("latency", problem="500")}, "latency", (False, False), 1, Obstacle(ERROR, "the latency query failed: 500")),
        ({"queries": queried("requests", problem="500")}, "requests", (True, True), 1, None),
        ({}, "requests", (False, True), 1, Obstacle(Outcome.NO_DATA, f"the canary ({NEW}) has no series yet")),
        ({"canary": ""}, "requests", (False, True), 1, Obstacle(Outcome.NO_DATA, "the canary (its pods) has no series yet")),
        ({}, "requests", (True, False), 1, Obstacle(Outcome.NOT_COMPARABLE, f"the baseline ({OLD}) has no series: nothing to compare with")),
        ({"baseline": None}, "requests", (True, False), 1, Obstacle(Outcome.NOT_COMPARABLE, "the baseline has no series: nothing to compare with")),
        ({"past": BEFORE}, "requests", (True, False), 1, None),
        ({"began": NOW + 30}, "requests", (True, True), 0, Obstacle(Outcome.NO_DATA, "the first window after warm-up ends in about 3 min")),
        ({"began": T0}, "requests", (True, True), 0, Obstacle(Outcome.NO_DATA, "the first window after warm-up ends in about 1 s")),
    ],
)  # fmt: skip  # a row is one case
def test_nothing_to_compare(
    given: dict[str, Any], kind: str, has: tuple[bool, bool], windows: int, obstacle: Obstacle | None
) -> None:
    rules = policy(warm_up=60)
    assert empty(compared(**given), kind, has, windows, rules) == obstacle


@pytest.mark.parametrize(
    ("began", "warm_up", "ends"),
    [(T0, 0, T0 + 60), (T0, 60, T0 + 120), (T0 + 1, 60, T0 + 180), (None, 60, NOW + 60)],
)
def test_when_the_first_window_ends(began: float | None, warm_up: float, ends: float) -> None:
    assert first_window(compared(began=began), policy(warm_up=warm_up, window=60)) == ends


OLDEST = 3 * RULES.window
FRESH = RULES.stale_intervals * 15.0


def stale(name: str, age: float, interval: float = 15.0) -> Obstacle:
    return Obstacle(
        Outcome.STALE,
        f"the {name}'s newest sample is {age:.0f} s old, over {RULES.stale_intervals:g} scrape intervals of {interval:g} s",
    )


@pytest.mark.parametrize(
    ("given", "ages", "obstacle"),
    [
        ({}, (0.0, 0.0), None),
        ({"failed": "refused"}, (0.0, 0.0), Obstacle(ERROR, "the metrics could not be read: refused")),
        ({"queries": queried("requests", problem="500", warning=PART)}, (0.0, 0.0), Obstacle(ERROR, FAILED)),
        (
            {"queries": queried("requests", warning=PART)},
            (0.0, 0.0),
            Obstacle(ERROR, f"the requests query answered in part: {PART}", partial=True),
        ),
        ({"queries": queried("latency", problem="500", warning=PART)}, (0.0, 0.0), None),
        ({"age": OLDEST}, (0.0, 0.0), None),
        (
            {"age": OLDEST + 61},
            (0.0, 0.0),
            Obstacle(Outcome.STALE, f"the metrics were last evaluated {(OLDEST + 61) / 60:.0f} min ago"),
        ),
        ({"age": OLDEST + 61, "due": OLDEST + 61}, (0.0, 0.0), None),  # merely between two rounds
        (
            {"age": OLDEST + 61, "due": 40.0},
            (0.0, 0.0),
            Obstacle(Outcome.STALE, f"the metrics were last evaluated {(OLDEST + 61) / 60:.0f} min ago"),
        ),
        ({}, (FRESH, FRESH), None),
        ({}, (FRESH + 1, 0.0), stale("canary", FRESH + 1)),
        ({}, (0.0, FRESH + 1), stale("baseline", FRESH + 1)),
        (
            {"baseline": Side(hash=OLD)},  # the release serves everything: nothing is late
            (0.0, FRESH + 1),
            Obstacle(
                Outcome.STALE,
                f"no pod of the stable version is there any more, its last sample is of {clock(NOW - FRESH - 1, ZoneInfo('UTC'))}: two windows without it come first",
            ),
        ),
        ({"baseline": Side(hash=OLD), "past": BEFORE}, (0.0, FRESH + 1), None),
        ({}, (FRESH + 2, FRESH + 1), stale("canary", FRESH + 2)),
        ({"past": BEFORE}, (0.0, FRESH + 1), None),  # it serves no more
        ({"past": BEFORE}, (FRESH + 1, 0.0), stale("canary", FRESH + 1)),
        ({}, (None, None), None),
        ({"interval": None}, (60.0 * RULES.stale_intervals, 0.0), None),
        (
            {"interval": None},
            (60.0 * RULES.stale_intervals + 1, 0.0),
            stale("canary", 60.0 * RULES.stale_intervals + 1, 60.0),
        ),
    ],
)
def test_what_forbids_a_pass(
    given: dict[str, Any], ages: tuple[float | None, float | None], obstacle: Obstacle | None
) -> None:
    canary, baseline = (None if age is None else NOW - age for age in ages)
    assert unsure(compared(**given), ("requests", "errors"), (canary, baseline), RULES) == obstacle


def test_the_first_of_several_is_told() -> None:
    both = compared(
        queries=(Query("requests", "r", problem="x", warning="v"), Query("errors", "e", problem="y")),
        failed="z",
    )
    assert problem(both, ("errors",)) == Obstacle(ERROR, "the errors query failed: y")
    assert problem(both, ("latency",)) == Obstacle(ERROR, "the metrics could not be read: z")
    assert partial(both, ("errors",)) is None
    assert query_of(compared().traffic, "errors", "latency") == "e; l; f"
    assert not_like("s") == Obstacle(Outcome.NOT_COMPARABLE, "s", unlike=True)


# -- both against the time before --------------------------------------------------------------------------------------


def pairs(canary: int, baseline: int) -> tuple[Pair, ...]:
    both = Count(1000, canary), Count(9000, baseline)
    return tuple(Pair(T0 + 60 * i, T0 + 60 * (i + 1), i + 1, *both, *both) for i in range(5))


def slows(*counts: int) -> tuple[Slow, ...]:
    return tuple(Slow(T0 + 60 * i, T0 + 60 * (i + 1), i + 1, counts, counts) for i in range(5))


PASS = Trigger(id="errors", title="E", outcome=Outcome.PASS, sentence="s")
SLOW = structs.replace(PASS, id="latency")
WORSE = "the service, both versions together, is worse than before the release (07:50 UTC to 08:00 UTC): "


@pytest.mark.parametrize(
    ("told", "given", "before", "hold"),
    [
        (PASS, {"pairs": pairs(120, 1080)}, {}, True),
        (PASS, {"pairs": pairs(1, 9)}, {}, False),
        (PASS, {"pairs": pairs(120, 1080)}, {"events": 4800}, False),
        (PASS, {"pairs": pairs(120, 1080)}, {"requests": 0, "events": 0}, False),
        (PASS, {"pairs": ()}, {}, False),
        (PASS, {"pairs": pairs(1, 9), "slows": slows(0, 0, 0, 900, 900)}, {}, False),  # each by its own
        (SLOW, {"slows": slows(0, 0, 0, 900, 900)}, {}, True),
        (SLOW, {"slows": slows(900, 900, 900, 900, 900), "pairs": pairs(120, 1080)}, {}, False),
        (SLOW, {"slows": slows(0, 0, 0, 900, 900)}, {"counts": (0, 0, 0, 40_000, 40_000)}, False),
        (SLOW, {"slows": slows(0, 0, 0, 900, 900)}, {"counts": (0,) * 5}, False),
        (SLOW, {"slows": slows(0, 0, 0, 900, 900)}, {"counts": (), "bounds": ()}, False),
        (SLOW, {"slows": slows(900), "bounds": (math.inf,)}, {}, False),
        # two bounds are enough
        (
            SLOW,
            {"slows": slows(0, 900), "bounds": (5.0, math.inf)},
            {"counts": (40_000, 40_000), "bounds": (5.0, math.inf)},
            True,
        ),
        (SLOW, {"slows": ()}, {}, False),
        # without a bound in common nothing is told
        (SLOW, {"slows": slows(0, 0, 0, 900, 900)}, {"bounds": (0.3, 2.0, 3.0, 4.0, 5.0)}, False),
    ],
)
def test_both_against_the_time_before(
    told: Trigger, given: dict[str, Any], before: dict[str, Any], hold: bool
) -> None:
    found = both_bad.held(told, compared(**given), structs.replace(BEFORE, **before), policy(warm_up=0))
    if not hold:
        assert found is told
        return
    assert structs.replace(found, sentence="", outcome=told.outcome) == structs.replace(told, sentence="")
    assert found.outcome is Outcome.HOLD
    assert found.sentence.startswith(WORSE) and found.sentence.endswith("; against each other: s")


FAST, SLOWER = (900,) * 5, (0, 0, 0, 9000, 9000)
OLD_ALONE = tuple(s._replace(canary=FAST, baseline=SLOWER) for s in slows(*FAST))
WARMING = Pair(T0, T0 + 60, 0, Count(), Count(), Count(100, 1), Count(900, 300))


@pytest.mark.parametrize(
    ("told", "given"),
    [
        (PASS, {"pairs": pairs(0, 50)}),  # 0.5 % of all, and the canary alone none
        (PASS, {"pairs": (WARMING,)}),  # a gross failure, in warm-up too
        (SLOW, {"slows": OLD_ALONE}),
    ],
)
def test_what_both_served_is_added_up(told: Trigger, given: dict[str, Any]) -> None:
    """The service as a whole is over the limit, though its new version alone is not."""
    assert both_bad.held(told, compared(**given), BEFORE, policy(warm_up=0)).outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("silent", "past", "roles", "words"),
    [
        (
            (True, False),
            None,
            ("requests", "errors"),
            "the canary was not scraped in the last window that ended",
        ),
        (
            (False, True),
            None,
            ("requests", "errors"),
            "the baseline was not scraped in the last window that ended",
        ),
        ((False, True), BEFORE, ("requests", "errors"), ""),  # it is held against what was counted before
        ((True, True), None, ("latency",), ""),
    ],
)
def test_after_a_gap_what_was_counted_before_it_is_no_pass(
    silent: tuple[bool, bool], past: FrozenBaseline | None, roles: tuple[str, ...], words: str
) -> None:
    """The newest sample is of now, and the window that it is in has not ended: PASS, and "promote", of a canary that failed meanwhile."""
    given = compared(past=past)
    given = given._replace(tally=given.tally._replace(silent=silent))
    found = unsure(given, roles, (NOW, NOW), RULES)
    assert (found is None) == (not words)
    assert found is None or (found.outcome is Outcome.STALE and found.sentence.startswith(words))
