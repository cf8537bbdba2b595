"""The latch and the first crossing, rule by rule: which breach stands, which of two counts, what is said of it."""

from __future__ import annotations

import math
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from tests.unit.playbook.canary.making import NEW, OLD, T0, policy, release
from tfdash.model.judgement import Breach, Outcome, Trigger
from tfdash.model.release import Phase, Side
from tfdash.model.traffic import Traffic
from tfdash.playbook.canary import crossing, latch, policy_digest
from tfdash.playbook.canary.data_quality import Comparison
from tfdash.playbook.canary.first_crossing import first_crossing, looked_from
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.latency import Shape
from tfdash.playbook.canary.tally import Count, Pair, Slow, Tally
from tfdash.playbook.canary.window_cache import Memo

UTC = ZoneInfo("UTC")
STATE = release(uid="u")
NOW = T0 + 3600
SINCE = "BREACH since 08:01 UTC"


def crossed(at: float = T0 + 60, trigger: str = "errors", **more: Any) -> Breach:
    given = {"uid": "u", "version": NEW, "value": 0.06, "limit": 0.011, **more}
    return Breach(trigger=trigger, at=at, **given)


def over(ended_at: float | None, at: float = T0 + 60, **more: Any) -> Breach:
    return crossed(at, ended="over", ended_at=ended_at, **more)


FIRST, LATER = crossed(), crossed(T0 + 120)
DECIDED = crossed(T0 + 120, overruled="ann: no")


@pytest.mark.parametrize(
    ("known", "stands"),
    [
        ([], ()),
        ([LATER, FIRST], (FIRST,)),
        ([FIRST, LATER], (FIRST,)),
        ([crossed(trigger="latency"), FIRST], (FIRST, crossed(trigger="latency"))),
        ([crossed(uid="")], (crossed(uid=""),)),  # of a store that knew no uid
        ([crossed(uid="other"), crossed(version=OLD), over(T0 + 90)], ()),
        # a person's decision is said of either
        ([FIRST, DECIDED], (structs.replace(FIRST, overruled="ann: no"),)),
        ([DECIDED, FIRST], (structs.replace(FIRST, overruled="ann: no"),)),
        ([structs.replace(FIRST, overruled="bob: x"), LATER], (structs.replace(FIRST, overruled="bob: x"),)),
        (
            [structs.replace(FIRST, overruled="bob: x"), DECIDED],
            (structs.replace(FIRST, overruled="ann: no"),),
        ),
    ],
)
def test_what_stands(known: list[Breach], stands: tuple[Breach, ...]) -> None:
    assert latch.standing(known, STATE) == stands


def test_of_two_at_one_time_the_first_counts() -> None:
    assert latch.earlier(FIRST, crossed(sentence="x")) is FIRST


def test_when_what_was_crossed_was_over() -> None:
    known = [
        over(T0 + 90),
        over(T0 + 200),
        over(T0 + 150),
        over(T0 + 70, trigger="latency", uid=""),
        over(T0 + 999, version=OLD),
        over(T0 + 999, uid="other"),
        over(None, trigger="journeys"),
        crossed(trigger="manual"),
    ]
    assert latch.ends(known, STATE) == {"errors": T0 + 200, "latency": T0 + 70}


@pytest.mark.parametrize(
    ("one", "two", "kept"),
    [
        (FIRST, LATER, FIRST),
        (over(T0 + 90), over(T0 + 200), over(T0 + 200)),
        (over(None), over(T0 + 1), over(T0 + 1)),
        (over(T0 + 90), FIRST, over(T0 + 90)),
        (over(T0 + 90), crossed(T0 + 90), over(T0 + 90)),  # at its end: before it
        (over(T0 + 90), crossed(T0 + 91), crossed(T0 + 91)),
        (over(None), crossed(T0 + 91), over(None)),
    ],
)
def test_what_two_know_together(one: Breach, two: Breach, kept: Breach) -> None:
    assert latch.merged((one,), (two,)) == latch.merged((two,), (one,)) == (kept,)


def test_each_object_version_and_trigger_is_kept_for_itself() -> None:
    apart = (crossed(uid="a"), crossed(uid="b"), crossed(uid="b", version=OLD), crossed(trigger="latency"))
    assert latch.merged(apart[::-1], ()) == tuple(sorted(apart, key=lambda b: b.key))
    tied = over(T0 + 90, sentence="x")
    assert latch.merged((tied,), (over(T0 + 90),)) == (tied,)


@pytest.mark.parametrize(
    ("phase", "serves", "ends"),
    [
        (Phase.COMPLETE, OLD, True),
        (Phase.NONE, OLD, True),
        (Phase.PROGRESSING, OLD, False),
        (Phase.ABORTED, OLD, False),
        (Phase.COMPLETE, NEW, False),
        (Phase.COMPLETE, "", False),  # nobody knows what serves
    ],
)
def test_another_version_that_serves_everything_ends_it(phase: Phase, serves: str, ends: bool) -> None:
    state = release(uid="u", phase=phase, canary=None, stable=Side(hash=serves))
    other, done = crossed(uid="other"), over(T0 + 90)
    ended = structs.replace(FIRST, ended=f"{OLD} serves everything", ended_at=NOW)
    nameless = crossed(uid="", trigger="latency")
    told = latch.over((FIRST, other, done, nameless), state, NOW)
    assert told[:3] == ((ended if ends else FIRST), other, done)
    assert told[3].stands is not ends


def said(outcome: Outcome, sentence: str = "s", id: str = "errors", **more: Any) -> Trigger:
    return Trigger(id=id, title="Errors", outcome=outcome, sentence=sentence, **more)


RULES = policy(warm_up=0)
LATE = RULES.journeys.stale_after
PASS = said(Outcome.PASS)
NUMBERS = "(6 % ≥ 1.1 %)"


@pytest.mark.parametrize(
    ("trigger", "known", "found", "told", "stand"),
    [
        (PASS, (), {}, PASS, ()),
        (
            PASS,
            (FIRST,),
            {"errors": LATER},
            said(Outcome.BREACH, f"{SINCE} {NUMBERS}; now PASS: s", breached=FIRST),
            (FIRST,),
        ),
        (
            PASS,
            (),
            {"errors": FIRST},
            said(Outcome.BREACH, f"{SINCE} {NUMBERS}; now PASS: s", breached=FIRST),
            (FIRST,),
        ),
        (
            said(Outcome.BREACH, flags=("f",)),
            (FIRST,),
            {},
            said(Outcome.BREACH, flags=("f", SINCE), breached=FIRST),
            (FIRST,),
        ),
        (
            said(Outcome.BREACH),
            (structs.replace(FIRST, overruled="ann: no"),),
            {},
            said(
                Outcome.HOLD,
                f"overruled by ann: no; {SINCE} {NUMBERS}; now BREACH: s",
                breached=structs.replace(FIRST, overruled="ann: no"),
            ),
            (structs.replace(FIRST, overruled="ann: no"),),
        ),
        # a person's own decision ends when they take it back
        (
            said(Outcome.BREACH, id="manual"),
            (crossed(trigger="manual"),),
            {},
            said(Outcome.BREACH, id="manual"),
            (),
        ),
        # what the data proves to be no comparison
        *[
            (
                said(Outcome.NOT_COMPARABLE, "why", unlike=True, until=until),
                (FIRST,),
                {},
                said(
                    Outcome.NOT_COMPARABLE,
                    "why; the BREACH of 08:01 UTC is withdrawn",
                    unlike=True,
                    until=until,
                ),
                (structs.replace(FIRST, ended="why", ended_at=NOW, withdrawn=True),),
            )
            for until in (None, FIRST.at, FIRST.at + LATE)
        ],
        (
            said(Outcome.NOT_COMPARABLE, "why", unlike=True, until=FIRST.at + LATE + 1),
            (FIRST,),
            {},
            said(
                Outcome.BREACH,
                f"{SINCE} {NUMBERS}; now NOT COMPARABLE: why",
                unlike=True,
                until=FIRST.at + LATE + 1,
                breached=FIRST,
            ),
            (FIRST,),
        ),
        (
            said(Outcome.NOT_COMPARABLE, "why"),
            (FIRST,),
            {},
            said(Outcome.BREACH, f"{SINCE} {NUMBERS}; now NOT COMPARABLE: why", breached=FIRST),
            (FIRST,),
        ),
    ],
)
def test_what_is_said_with_what_stands(
    trigger: Trigger,
    known: tuple[Breach, ...],
    found: dict[str, Breach],
    told: Trigger,
    stand: tuple[Breach, ...],
) -> None:
    assert latch.latched([trigger], known, found, RULES, NOW, UTC) == ([told], stand)


def test_each_trigger_is_said_whatever_is_said_of_those_before_it() -> None:
    slow = crossed(trigger="latency")
    proven = said(Outcome.NOT_COMPARABLE, "why", unlike=True)
    by_hand, fine = said(Outcome.HOLD, id="manual"), said(Outcome.PASS, id="latency")
    told, stand = latch.latched([by_hand, proven, fine], (FIRST, slow), {}, RULES, NOW, UTC)
    assert [(t.id, t.outcome) for t in told] == [
        ("manual", Outcome.HOLD),
        ("errors", Outcome.NOT_COMPARABLE),
        ("latency", Outcome.BREACH),
    ]
    assert [(b.trigger, b.stands) for b in stand] == [("errors", False), ("latency", True)]


@pytest.mark.parametrize(("title", "shown"), [("Latency", "Latency"), ("", "latency")])
def test_a_trigger_that_nobody_judges_now_is_said_for_what_is_known(title: str, shown: str) -> None:
    slow = crossed(trigger="latency", title=title, unit="s", value=0.5, limit=0.25)
    told, stand = latch.latched([PASS], (slow,), {}, RULES, NOW, UTC)
    assert told[0] == PASS and stand == (slow,)
    assert told[1] == Trigger(
        id="latency",
        title=shown,
        outcome=Outcome.BREACH,
        sentence=f"{SINCE} (500 ms ≥ 250 ms); now NO DATA: it is not judged now",
        unit="s",
        breached=slow,
    )


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "6 % ≥ 1.1 %"),
        ({"unit": "s", "value": 1.5, "limit": 0.25}, "1.5 s ≥ 250 ms"),
        ({"value": None, "sentence": "buy failed"}, "buy failed"),
        ({"limit": None, "sentence": "buy failed"}, "buy failed"),
    ],
)
def test_the_bare_comparison(more: dict[str, Any], text: str) -> None:
    assert latch.short(crossed(**more)) == text


def test_a_first_crossing_keeps_what_was_said() -> None:
    trigger = said(Outcome.BREACH, since=1.0, until=2.0, value=3.0, baseline=4.0, limit=5.0, unit="s")
    assert latch.breach_of(trigger, STATE, 9.0, RULES) == Breach(
        trigger="errors",
        uid="u",
        version=NEW,
        title="Errors",
        at=9.0,
        since=1.0,
        until=2.0,
        sentence="s",
        value=3.0,
        baseline=4.0,
        limit=5.0,
        unit="s",
        canary_policy=policy_digest(RULES),
    )


# -- the first crossing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("served", "alone"),
    [
        ([], True),
        ([(False, False)], True),
        ([(True, False)], True),
        ([(True, True)], False),
        ([(True, True), (True, False)], False),
        ([(True, True), (True, False), (True, False)], True),
        ([(True, True), (True, False), (False, False), (True, False)], True),  # what nobody served counts not
        ([(False, True), (False, True)], False),
        ([(True, False), (False, True)], False),
    ],
)
def test_whether_the_baseline_serves_no_more(served: list[tuple[bool, bool]], alone: bool) -> None:
    assert crossing.alone(served) is alone


def window(number: int, errors: int, baseline: int = 9000) -> Pair:
    start, canary, stable = T0 + 60.0 * (number - 1), Count(1000, errors), Count(baseline, baseline // 100)
    return Pair(start, start + 60.0, number, canary, stable, canary, stable)


BEFORE = FrozenBaseline(hash=OLD, label="frozen", at=T0, start=T0 - 600, end=T0, requests=40_000, events=40)
GOOD_THEN_BAD = (window(1, 10), window(2, 10), window(3, 60), window(4, 60), window(5, 60))
ALONE = tuple(window(n, e, 0) for n, e in enumerate((1, 1, 60, 60, 60), 1))


@pytest.mark.parametrize(
    ("pairs", "past", "rules", "after", "at", "held"),
    [
        (GOOD_THEN_BAD, None, {}, 0.0, 3, None),
        (GOOD_THEN_BAD, None, {}, T0 + 179.0, 3, None),
        (GOOD_THEN_BAD, None, {}, T0 + 180.0, 4, None),  # what ended by then is over
        (GOOD_THEN_BAD, None, {}, T0 + 300.0, None, None),
        (GOOD_THEN_BAD[:2], None, {}, 0.0, None, None),
        # each other while both serve, what was held before only when the baseline is gone, or where it is asked for
        (GOOD_THEN_BAD, BEFORE, {}, 0.0, 3, None),
        (ALONE, BEFORE, {}, 0.0, 3, BEFORE),
        (GOOD_THEN_BAD, BEFORE, {"baseline": "before"}, 0.0, 1, BEFORE),
    ],
)
def test_the_first_window_after_which_it_was_reached(
    pairs: tuple[Pair, ...],
    past: FrozenBaseline | None,
    rules: dict[str, Any],
    after: float,
    at: int | None,
    held: FrozenBaseline | None,
) -> None:
    found = crossing.of_errors(Memo(), pairs, past, policy(warm_up=0, windows=2, **rules), after)
    if at is None:
        assert found is None
    else:
        assert found == crossing.Crossing(T0 + 60.0 * at, pairs[max(0, at - 2) : at], held)


SHAPE = Shape((0.1, 0.25, 0.5, 1.0, math.inf), False)
QUICK, LONG, BEYOND, NONE = (900,) * 5, (0, 0, 0, 900, 900), (0, 0, 0, 0, 900), (0,) * 5
HELD = structs.replace(BEFORE, bounds=SHAPE.bounds, counts=(40_000,) * 5)


def served(*windows: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[Slow, ...]:
    return tuple(Slow(T0 + 60 * i, T0 + 60 * (i + 1), i + 1, *both) for i, both in enumerate(windows))


LATE_SLOW = served((QUICK, QUICK), (QUICK, QUICK), (LONG, QUICK), (LONG, QUICK))
LATE_ALONE = served((QUICK, NONE), (QUICK, NONE), (LONG, NONE), (LONG, NONE))


@pytest.mark.parametrize(
    ("slows", "past", "after", "at", "held"),
    [
        (LATE_SLOW, None, 0.0, 3, None),
        (LATE_SLOW, None, T0 + 180, 4, None),
        (LATE_SLOW[:2], None, 0.0, None, None),
        (LATE_SLOW, HELD, 0.0, 3, None),
        (LATE_ALONE, HELD, 0.0, 3, HELD),
        (LATE_ALONE, None, 0.0, None, None),
        # a baseline that serves beyond every bound serves: nothing is held against the time before
        (served(*[(LONG, BEYOND)] * 3), HELD, 0.0, None, None),
    ],
)
def test_likewise_of_latencies(
    slows: tuple[Slow, ...],
    past: FrozenBaseline | None,
    after: float,
    at: int | None,
    held: FrozenBaseline | None,
) -> None:
    rules = policy(warm_up=0, windows=2)
    found = crossing.of_latency(Memo(), slows, past, SHAPE, rules, after)
    expected = None if at is None else crossing.Crossing(T0 + 60.0 * at, slows[max(0, at - 2) : at], held)
    assert found == expected


def compared(began: float | None, since: float, reach: int = 1, slow: int = 0) -> Comparison:
    empty: Any = None
    pairs: Any = tuple(window(n, 0) for n in range(1, reach + 1))
    slows: Any = tuple(window(n, 0) for n in range(3, 3 + slow))
    counts = Tally(empty, began, (), (), False, (), (None, None), (None, None), False, pairs, slows)
    traffic = Traffic(evaluated_at=NOW, since=since)
    return Comparison(traffic, empty, counts, None, "", "", 0, 0.0, Memo(), UTC)


WARM = policy()
REACHES = WARM.warm_up + WARM.window


@pytest.mark.parametrize(
    ("name", "began", "started", "since", "reach", "start"),
    [
        ("errors", T0, T0 + 60, T0 + REACHES, (1, 0), None),
        ("errors", T0, T0 + 60, T0 + REACHES + 1, (1, 0), T0),  # the earlier of the two
        ("errors", T0 + 60, T0, T0 + REACHES + 1, (2, 0), T0),
        ("errors", None, T0, T0 + REACHES + 1, (1, 0), T0),
        ("errors", T0, None, T0 + REACHES + 1, (1, 0), T0),
        ("errors", None, None, T0 + REACHES + 1, (1, 0), None),
        ("errors", T0, T0, T0 + REACHES + 1, (0, 1), None),
        ("latency", T0, T0, T0 + REACHES + 1, (1, 1), T0 + 120),
        ("latency", T0, T0, T0 + REACHES + 1, (1, 0), None),
    ],
)
def test_from_when_on_it_could_be_seen(
    name: str,
    began: float | None,
    started: float | None,
    since: float,
    reach: tuple[int, int],
    start: float | None,
) -> None:
    state = structs.replace(STATE, started=started)
    assert looked_from(name, compared(began, since, *reach), state, WARM) == start


TWO = Shape((2.5, math.inf), False)
LATE_TWO = served(*[((900, 900), (900, 900))] * 2, *[((0, 900), (900, 900))] * 2)
HELD_LESS = structs.replace(HELD, bounds=(0.5, 0.7, 1.0, math.inf), counts=(40_000,) * 4)


WITHOUT = structs.replace(HELD, counts=(), bounds=())  # it held no latencies
NATIVE = structs.replace(HELD, native=True)
THEN_ALONE = served(*[(QUICK, QUICK)] * 2, *[(LONG, QUICK)] * 2, *[(LONG, NONE)] * 2)


@pytest.mark.parametrize(
    ("shape", "slows", "past", "after", "at"),
    [
        (SHAPE, LATE_SLOW, None, 0.0, 3),
        (SHAPE, LATE_SLOW, None, T0 + 180, 4),
        (SHAPE, LATE_SLOW[:2], None, 0.0, None),
        (SHAPE, LATE_ALONE, HELD, 0.0, 3),
        (SHAPE, LATE_ALONE, HELD_LESS, 0.0, 3),  # at the bounds that both have
        (SHAPE, LATE_ALONE, WITHOUT, 0.0, None),
        (SHAPE, LATE_ALONE, NATIVE, 0.0, None),
        # what was kept cannot be compared with: what both served still is, each with the other
        (SHAPE, THEN_ALONE, WITHOUT, 0.0, 3),
        (SHAPE, THEN_ALONE, structs.replace(WITHOUT, native=True), 0.0, 3),
        (SHAPE, THEN_ALONE, NATIVE, 0.0, 3),
        (TWO, LATE_TWO, None, 0.0, 3),
        (Shape((0.25, 0.5), False), LATE_TWO, None, 0.0, None),
        (Shape((math.inf,), False), served(*[((900,), (900,))] * 3), None, 0.0, None),
    ],
)
def test_the_first_crossing_is_said_as_it_would_have_been_then(
    shape: Shape, slows: tuple[Slow, ...], past: FrozenBaseline | None, after: float, at: int | None
) -> None:
    seen = compared(T0, T0)
    counts = seen.tally._replace(bounds=shape.bounds, native=shape.native, slow_reach=slows)
    found = first_crossing("latency", seen._replace(tally=counts, past=past), policy(windows=2), after)
    if at is None:
        assert found is None
    else:
        assert found is not None and (found.at, found.trigger.until) == (T0 + 60.0 * at, T0 + 60.0 * at)
        assert (found.trigger.id, found.trigger.outcome) == ("latency", Outcome.BREACH)
    if past in (WITHOUT, NATIVE):
        before = policy(windows=2, baseline="before")
        assert first_crossing("latency", seen._replace(tally=counts, past=past), before, after) is None


def test_likewise_of_errors() -> None:
    seen = compared(T0, T0)
    seen = seen._replace(tally=seen.tally._replace(reach=GOOD_THEN_BAD))
    found = first_crossing("errors", seen, policy(windows=2), T0 + 180)
    assert found is not None and (found.at, found.trigger.until) == (T0 + 240.0, T0 + 240.0)
    assert (found.trigger.id, found.trigger.outcome) == ("errors", Outcome.BREACH)
    assert first_crossing("errors", seen, policy(windows=2), T0 + 300) is None
