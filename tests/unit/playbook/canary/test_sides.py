"""Who is judged against whom, whose a series is, and the edges of what the error trigger and the journeys decide."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.canary.making import NEW, OLD, REF, SUBJECT, T0, policy, release
from tfdash.model.judgement import Outcome, Trigger
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.release import Carrier, Phase, Side
from tfdash.model.subject import Subject
from tfdash.model.traffic import CounterSeries, Journey, JourneyRun
from tfdash.playbook.canary import errors
from tfdash.playbook.canary.journeys import TITLE, journeys_trigger, worst
from tfdash.playbook.canary.sides import Sorter, Versions, back_from, returned, versions
from tfdash.playbook.canary.tally import Count, Pair

CANARY, STABLE = Side(hash=NEW, revision="8"), Side(hash=OLD, revision="7")
SAME = "stable pods, same window"
DONE: dict[str, Any] = {"phase": Phase.COMPLETE, "canary": None}


@pytest.mark.parametrize(
    ("state", "rules", "frozen", "who"),
    [
        ({}, {}, None, Versions(CANARY, STABLE, SAME)),
        ({}, {"baseline": "before"}, None, Versions(CANARY, STABLE, "the service before the release (weaker)")),
        (
            {},
            {"baseline": "dedicated", "baseline_version": "v1"},
            None,
            Versions(CANARY, Side(hash="v1"), "dedicated baseline pods v1, same window"),
        ),
        ({"canary": None}, {}, None, Versions(None, STABLE, SAME, "one version only: nothing to compare")),
        ({"stable": None}, {}, None, Versions(CANARY, None, SAME)),
        (
            {"canary": Side()},
            {},
            None,
            Versions(Side(), STABLE, SAME, "the canary's version has no label value to tell it by"),
        ),
        ({"canary": Side(pods=("p",))}, {}, None, Versions(Side(pods=("p",)), STABLE, SAME)),
        (
            {"canary": STABLE},
            {},
            None,
            Versions(STABLE, STABLE, SAME, f"both sides are version {OLD}: a version is not compared with itself"),
        ),
        # the numbers of one object are in order; those of two say nothing
        *[
            (
                {"carrier": carrier, "canary": STABLE, "stable": CANARY},
                {},
                None,
                Versions(
                    STABLE,
                    CANARY,
                    SAME,
                    "the sides look swapped: the canary is revision 7, older than stable revision 8" if own else "",
                ),
            )
            for carrier, own in (
                (Carrier.DEPLOYMENT, True),
                (Carrier.ROLLOUT, True),
                (Carrier.PAIR, False),
                (Carrier.CANARY, False),
            )
        ],
        ({"canary": Side(hash=NEW, revision="7")}, {}, None, Versions(Side(hash=NEW, revision="7"), STABLE, SAME)),
        ({"canary": Side(hash=NEW, revision="x")}, {}, None, Versions(Side(hash=NEW, revision="x"), STABLE, SAME)),
        # after it served everything, against what was frozen
        ({**DONE, "stable": CANARY}, {}, OLD, Versions(CANARY, Side(hash=OLD), "")),
        (
            DONE,
            {},
            OLD,
            Versions(None, STABLE, "", "the version that serves is the frozen baseline itself"),
        ),
        (
            {**DONE, "phase": Phase.NONE},
            {},
            "x",
            Versions(None, STABLE, SAME, "one version only: nothing to compare"),
        ),
        ({**DONE, "stable": None}, {}, OLD, Versions(None, None, SAME, "one version only: nothing to compare")),
        ({"phase": Phase.COMPLETE}, {}, OLD, Versions(CANARY, STABLE, SAME)),
    ],
)  # fmt: skip  # a row is one case
def test_who_is_judged_against_whom(
    state: dict[str, Any], rules: dict[str, Any], frozen: str | None, who: Versions
) -> None:
    assert versions(release(**{"canary": CANARY, "stable": STABLE, **state}), policy(**rules), frozen) == who


@pytest.mark.parametrize(
    ("canary", "stable", "left", "frozen", "back"),
    [
        (STABLE, CANARY, {NEW: 1.0}, None, True),  # the old one is on its way again
        (CANARY, STABLE, {NEW: 1.0}, None, False),  # the bad one itself
        (STABLE, CANARY, {}, OLD, False),
        (STABLE, Side(hash="x"), {NEW: 1.0}, None, False),
        (STABLE, Side(hash="x"), {NEW: 1.0}, OLD, True),
        (None, STABLE, {NEW: 1.0}, None, False),
        (None, STABLE, {NEW: 1.0}, OLD, True),
        (STABLE, None, {NEW: 1.0}, None, False),
        (None, None, {NEW: 1.0}, "", False),
    ],
)
def test_what_came_back(
    canary: Side | None, stable: Side | None, left: dict[str, float], frozen: str | None, back: bool
) -> None:
    assert returned(release(canary=canary, stable=stable), left, frozen) is back


WHY = "of which a BREACH was said, and no baseline from before that is kept: nothing to compare with"


@pytest.mark.parametrize(
    ("canary", "left", "frozen", "who"),
    [
        (STABLE, {NEW: 1.0}, "kept", Versions(STABLE, Side(), "frozen")),
        (None, {NEW: 1.0}, "kept", Versions(CANARY, Side(), "frozen")),
        (STABLE, {NEW: 1.0}, None, Versions(STABLE, None, "", f"it came back in place of {NEW}, {WHY}")),
        # the last that was left; a baseline that it was itself is none
        (STABLE, {"x": 1.0, NEW: 2.0}, "x", Versions(STABLE, None, "", f"it came back in place of {NEW}, {WHY}")),
    ],
)  # fmt: skip  # a row is one case
def test_what_it_is_held_against_then(
    canary: Side | None, left: dict[str, float], frozen: str | None, who: Versions
) -> None:
    assert back_from(release(canary=canary, stable=CANARY), left, frozen, "frozen") == who


TAGGED = Side(hash=NEW, revision="8", image="checkout:2.15.0", pods=("by-name",))


@pytest.mark.parametrize(
    ("pod", "version", "pods", "side"),
    [
        ("by-name", "", {}, "canary"),
        (f"checkout-{NEW}-x", "", {}, "canary"),
        (f"checkout-{OLD}-x", "", {}, "baseline"),
        (f"checkout-{NEW}", "", {}, ""),  # no hash of its own in the middle
        ("p", "", {"p": OLD}, "baseline"),
        (f"checkout-{NEW}-x", "", {f"checkout-{NEW}-x": OLD}, "baseline"),  # what is known comes first
        (f"checkout-{NEW}-x", NEW, {f"checkout-{NEW}-x": "third"}, ""),
        ("p", NEW, {}, "canary"),  # a pod that nobody knows, with a label that tells
        ("p", "third", {}, ""),
        ("", NEW, {}, "canary"),
        ("", "8", {}, "canary"),
        ("", "2.15.0", {}, "canary"),
        ("", "7", {}, "baseline"),
        ("", "checkout", {}, ""),
        ("", "", {}, ""),
    ],
)
def test_whose_a_series_is(pod: str, version: str, pods: dict[str, str], side: str) -> None:
    sorter = Sorter(Versions(TAGGED, STABLE, ""), pods)
    series = CounterSeries(pod=pod, version=version)
    assert [sorter(series), sorter(series)] == [side, side]
    stranger = pod or version
    assert sorter.strangers == ({stranger} if stranger and not side else set())
    alone = Sorter(Versions(TAGGED, None, ""), pods)
    assert alone(series) == (side if side == "canary" else "")
    alone = Sorter(Versions(None, STABLE, ""), pods)
    assert alone(series) == (side if side == "baseline" else "")


def test_a_side_without_an_image_has_no_tag() -> None:
    sorter = Sorter(Versions(Side(pods=("x",), image="checkout"), Side(), ""), {"p": ""})
    assert [sorter(CounterSeries(version=v)) for v in ("checkout", "")] == ["", ""]


# -- the error trigger at its edges --------------------------------------------------------------------------------------

PLAIN = policy(warm_up=0)


@pytest.mark.parametrize(
    ("canary", "baseline", "reached"),
    [
        ((1000, 11), (1000, 10), True),  # 10 % over 1 %: exactly at it
        ((10_000, 109), (1000, 10), False),
        ((1000, 0), (1000, 0), False),  # what never failed reaches nothing
        ((0, 0), (1000, 10), False),
        ((1000, 11), (0, 0), False),
    ],
)
def test_the_limit_in_whole_numbers(
    canary: tuple[int, int], baseline: tuple[int, int], reached: bool
) -> None:
    assert errors.reached(Count(*canary), Count(*baseline), PLAIN) is reached


def pair(number: int, canary: int, baseline: int) -> Pair:
    counts = Count(canary, 0), Count(baseline, 0)
    return Pair(0.0, 60.0, number, *counts, *counts)


def test_windows_that_both_served_count() -> None:
    rows = [pair(0, 1, 1), pair(1, 1, 1), pair(2, 0, 1), pair(3, 1, 0), pair(4, 1, 1)]
    assert [p.number for p in errors.comparable(rows, None)] == [1, 4]
    held: Any = object()
    assert [p.number for p in errors.comparable(rows, held)] == [1, 3, 4]


# -- journeys ------------------------------------------------------------------------------------------------------------

NOW = T0 + 600
JOURNEYS = PLAIN.journeys


def run(age: float, ok: bool | None = True, **more: Any) -> JourneyRun:
    return JourneyRun(at=NOW - age, ok=ok, **more)


def journey(*runs: JourneyRun, problem: str = "", **more: Any) -> Observation[Journey]:
    given = {"name": "buy", "workload": SUBJECT, "side": "canary", "runs": runs, "source": "probes", **more}
    found = Problem(kind=ProblemKind.UNREACHABLE, cause=problem) if problem else None
    return Observation(value=Journey(**given), problem=found)


def told(*seen: Observation[Journey], began: float | None = T0) -> Trigger | None:
    return journeys_trigger(release(), seen, began, PLAIN, NOW)


BAD = {"step": 3, "steps": 4, "message": "502"}
STALE = JOURNEYS.stale_after


@pytest.mark.parametrize(
    ("seen", "outcome", "sentence"),
    [
        ([journey(run(60), run(30))], Outcome.PASS, "1 of 1 critical journeys work"),
        ([journey(run(60, False), run(30, False, **BAD))], Outcome.BREACH, "buy: 2 of the last 2 runs failed at step 3 of 4 (502)"),
        ([journey(run(60, False), run(30, False, step=3, steps=4, message="502 at step 3"))], Outcome.BREACH, "buy: 2 of the last 2 runs failed (502 at step 3)"),
        ([journey(run(60, False), run(30, False, message="502"))], Outcome.BREACH, "buy: 2 of the last 2 runs failed (502)"),
        ([journey(run(60, False), run(30, False, step=3, steps=4))], Outcome.BREACH, "buy: 2 of the last 2 runs failed at step 3 of 4"),
        ([journey(run(60, False), run(30, False, step=3))], Outcome.BREACH, "buy: 2 of the last 2 runs failed"),
        ([journey(run(60), run(30, False, **BAD))], Outcome.LOW_TRAFFIC, "buy: 1 of the last 2 runs failed at step 3 of 4 (502); 2 are wanted"),
        ([journey(run(601, False), run(600, False), run(30, False))], Outcome.BREACH, "buy: 2 of the last 2 runs failed"),
        ([journey(run(60, False), run(30, False), problem="refused")], Outcome.BREACH, "buy: 2 of the last 2 runs failed"),
        ([journey(run(600))], Outcome.STALE, "buy: it last ran 10 min ago"),
        ([journey(run(601))], Outcome.NO_DATA, "buy: it has not run since the canary began"),
        ([journey(run(30, None, **BAD))], Outcome.NOT_COMPARABLE, "buy: its last run cannot be judged at step 3 of 4 (502)"),
        ([journey(run(30)), journey(run(60), name="pay")], Outcome.PASS, "2 of 2 critical journeys work"),
        ([journey(run(30)), journey(name="pay")], Outcome.NO_DATA, "pay: it has not run since the canary began"),
        ([journey(run(30), critical=False)], Outcome.NOT_COMPARABLE, "no critical journey reaches the canary"),
        ([journey(run(30), side="stable")], Outcome.NOT_COMPARABLE, "no critical journey reaches the canary"),
        (
            [journey(run(60, False), run(30, False)), journey(run(30, False), name="probe", control=True)],
            Outcome.NOT_COMPARABLE,
            "buy: the control probe probe fails too, so the fault may be the prober's",
        ),
        ([journey(run(30)), journey(run(30, False), run(20), name="probe", control=True)], Outcome.PASS, "1 of 1 critical journeys work"),
    ],
)  # fmt: skip  # a row is one case
def test_journeys(seen: list[Observation[Journey]], outcome: Outcome, sentence: str) -> None:
    found = told(*seen)
    assert found is not None and (found.outcome, found.sentence) == (outcome, sentence)


@pytest.mark.parametrize(
    ("side", "before", "since", "outcome"),
    [
        ("mixed", "..xx", "", Outcome.NO_DATA),
        ("mixed", "..xx", "x", Outcome.HOLD),
        ("mixed", "..xx", "xxxxx", Outcome.HOLD),
        ("mixed", "..xx", "xxx.x", Outcome.HOLD),  # it met the new one once
        ("mixed", "..xx", "xxx..", Outcome.PASS),
        ("mixed", "..xx", "xxx.", Outcome.HOLD),
        ("mixed", "..xx", "xx..x", Outcome.LOW_TRAFFIC),
        ("mixed", "xxxx", ".", Outcome.LOW_TRAFFIC),  # one run does not say which version it met
        ("mixed", "xxxx", "..", Outcome.PASS),
        ("mixed", "..xx", "x..xx", Outcome.BREACH),  # it worked again, and then it did not
        ("mixed", "xx.", "xxx", Outcome.BREACH),  # it worked when the new version began
        ("mixed", "..x", "xxx", Outcome.BREACH),
        ("mixed", "", "xx", Outcome.BREACH),
        ("mixed", "x", "xx", Outcome.HOLD),  # all that a terminal knows that was begun lately
        ("canary", "xxxx", "xx", Outcome.BREACH),  # no canary was there to be reached
    ],
)
def test_what_was_broken_when_the_version_began_is_not_its_doing(
    side: str, before: str, since: str, outcome: Outcome
) -> None:
    """A fix of what the journeys saw broken: "x" is a run that failed, "." one that worked."""
    runs = [run(610 + 10 * (len(before) - k), one == ".") for k, one in enumerate(before)]
    runs += [run(10 * (len(since) - k), one == ".") for k, one in enumerate(since)]
    found = told(journey(*runs, side=side))
    assert found is not None and found.outcome is outcome, found.sentence
    assert ("failed before this version began, too" in found.sentence) is (outcome is Outcome.HOLD)


def test_what_failed_long_before_the_version_began_excuses_nothing() -> None:
    """Nor what failed while the prober itself did."""
    new = [run(age, False) for age in (60, 30)]
    for age, outcome in ((600 + STALE, Outcome.HOLD), (601 + STALE, Outcome.BREACH)):
        found = told(journey(run(age + 30, False), run(age, False), *new, side="mixed"))
        assert found is not None and found.outcome is outcome
    old = [run(640, False), run(620, False)]
    probe = journey(run(630, False), run(20), name="probe", control=True)
    found = told(journey(*old, *new, side="mixed"), probe)
    assert found is not None and found.outcome is Outcome.BREACH


def test_a_run_that_is_old_is_stale() -> None:
    for age, outcome in ((STALE, Outcome.PASS), (STALE + 1, Outcome.STALE)):
        found = told(journey(run(age)), began=None)
        assert found is not None and found.outcome is outcome
    unread = told(journey(run(30), problem="refused"))
    assert unread is not None and unread.sentence.startswith("buy: its runs could not be read: ")


def test_a_breach_of_journeys_whole() -> None:
    runs = [run(200, False), run(90, False), run(60), run(30, False)]
    assert told(
        journey(*runs),
        journey(run(70, False), run(20, False), name="pay", side="mixed", source="others"),
        journey(run(10, False), run(5, False), name="help", critical=False),
        journey(run(9, False), run(4, False), name="old", side="stable"),
        journey(run(1), name="probe", control=True),
    ) == Trigger(
        id="journeys",
        title=TITLE,
        outcome=Outcome.BREACH,
        sentence="buy: 2 of the last 3 runs failed; pay: 2 of the last 2 runs failed",
        plain="broken by its last run: buy, pay, old",
        unit="runs",
        sample=6,
        query="probes; others",
        evaluated_at=NOW - 4,
        baseline_label="control probe",
        flags=(
            "help is not critical: 2 of the last 2 runs failed",
            "old runs on the stable side: 2 of the last 2 runs failed",
        ),
        since=NOW - 90,
        until=NOW - 20,
    )


@pytest.mark.parametrize(
    ("first", "second", "mostly"),
    [
        (("mixed", False), ("mixed", True), True),
        (("mixed", False), ("canary", True), True),  # what it rests on is
        (("canary", False), ("mixed", False), False),
        (("mixed", True), ("mixed", True), True),
        (("mixed", True), ("canary", True), False),
    ],
)
def test_whether_what_was_said_rests_on_the_stable_pods_mostly(
    first: tuple[str, bool], second: tuple[str, bool], mostly: bool
) -> None:
    both = (journey(run(60, ok), run(30, ok), side=side, name=side) for side, ok in (first, second))
    found = told(*both)
    assert found is not None and ("mostly stable" in found.flags) is mostly


@pytest.mark.parametrize(
    ("workload", "concerns"),
    [
        (SUBJECT, True),
        (None, True),
        (Subject(REF, "Deployment", "shop", "checkout", "another-uid"), True),
        (Subject(REF, "Deployment", "shop", "cart"), False),
        (Subject(REF, "Rollout", "shop", "checkout"), False),
        (Subject(REF, "Deployment", "other", "checkout"), False),
        (Subject(REF._replace(cluster="eu-2"), "Deployment", "shop", "checkout"), False),
    ],
)
def test_whose_journeys_they_are(workload: Subject | None, concerns: bool) -> None:
    assert (told(journey(run(30), workload=workload)) is not None) is concerns
    assert told(journey(run(30), workload=workload, control=True)) is None  # a probe alone judges nothing
    assert told(Observation()) is None


def test_the_worst_of_several() -> None:
    assert worst([]) is Outcome.PASS
    assert worst([Outcome.PASS, Outcome.LOW_TRAFFIC, Outcome.BREACH]) is Outcome.BREACH
