"""The small pure parts of a release as tables: words, conditions of analyses, pairs, sides, and the one answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.tui import canaryworld as cw
from tests.unit.playbook.releases.making import NOW, at, cluster, meta, owned, rollout, subject
from tfdash.model.delivery import AnalysisMetric, AnalysisRun, MetricMeasurement, RolloutStep
from tfdash.model.judgement import Advice, CanaryJudgement, Outcome
from tfdash.model.kube import Container, Owner, Pod, ReplicaSet, Template
from tfdash.model.release import (
    Carrier,
    Measurement,
    MetricResult,
    Pause,
    Phase,
    ReleaseState,
    ReleaseStep,
    Side,
    Weight,
)
from tfdash.model.release_answer import Ground
from tfdash.model.verdict import Level
from tfdash.playbook.releases import due_again
from tfdash.playbook.releases.analysis import condition_of, of_metric, on_no_data
from tfdash.playbook.releases.answers import answer
from tfdash.playbook.releases.facts import canonical_at, pointer_of
from tfdash.playbook.releases.sides import by_pods, hash_of, newest_first, of_template, side
from tfdash.playbook.releases.words import at_step, count, lasting, named, percent, step_in_words
from tfdash.playbook.releases.world import World, filled, matched
from tfdash.playbook.seen import ClusterLook


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "0.5s"),
        (59, "59s"),
        (59.6, "1m"),
        (60, "1m"),
        (61, "1m1s"),
        (3599, "59m59s"),
        (3600, "1h"),
        (3900, "1h5m"),
        (7201, "2h1s"),
    ],
)
def test_how_long(seconds: float, text: str) -> None:
    assert lasting(seconds) == text


@pytest.mark.parametrize(
    ("given", "text", "weight", "duration"),
    [
        ({"kind": "setWeight", "weight": 20.0}, "set weight 20 %", 20.0, None),
        ({"kind": "setWeight"}, "set weight 0 %", None, None),
        ({"kind": "pause", "duration": 600.0}, "pause 10m", None, 600.0),
        ({"kind": "pause"}, "pause until promoted", None, None),
        ({"kind": "pause", "duration": 0.0}, "pause until promoted", None, None),
        ({"kind": "analysis", "names": ("a", "", "b")}, "analysis a, b", None, None),
        ({"kind": "analysis"}, "analysis", None, None),
        (
            {"kind": "experiment", "names": ("a", "b"), "duration": 60.0},
            "experiment a against b for 1m",
            None,
            None,
        ),
        ({"kind": "experiment", "names": ("a",)}, "experiment a", None, None),
        ({"kind": "setCanaryScale", "replicas": 1}, "scale the canary to 1 pod", None, None),
        ({"kind": "setCanaryScale", "replicas": 0, "weight": 5.0}, "scale the canary to 0 pods", None, None),
        ({"kind": "setCanaryScale", "weight": 5.0}, "scale the canary to 5 % of the pods", None, None),
        ({"kind": "setCanaryScale"}, "scale the canary with its traffic weight", None, None),
        ({"kind": "setHeaderRoute", "name": "r", "matched": True}, "header route r", None, None),
        ({"kind": "setHeaderRoute", "name": "r"}, "take header route r away", None, None),
        (
            {"kind": "setMirrorRoute", "name": "r", "percentage": 35, "matched": True},
            "mirror route r of 35 %",
            None,
            None,
        ),
        ({"kind": "setMirrorRoute", "name": "r", "matched": True}, "mirror route r", None, None),
        ({"kind": "plugin", "name": "p"}, "plugin p", None, None),
        ({"kind": "newer"}, "newer", None, None),
    ],
)
def test_a_step_in_words(
    given: dict[str, Any], text: str, weight: float | None, duration: float | None
) -> None:
    assert step_in_words(RolloutStep(**given)) == ReleaseStep(
        text=text, kind=given["kind"], weight=weight, duration=duration
    )


def test_where_among_the_steps() -> None:
    steps = (ReleaseStep(text="pause", kind="pause"), ReleaseStep(text="go", kind="setWeight"))
    assert [at_step(i, steps) for i in range(3)] == [
        "step 1 of 2, pause",
        "step 2 of 2, go",
        "all 2 steps done",
    ]
    assert (at_step(1, steps[:1]), percent(2.5), count(2, "pod"), named(("", "a"))) == (
        "all 1 step done",
        "2.5 %",
        "2 pods",
        "a",
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "no condition: what the provider answers decides"),
        ({"success": "x", "failure": "y"}, "succeeds when x; fails when y"),
        ({"failure": "y", "failure_limit": "0"}, "fails when y"),
        ({"success": "x", "failure_limit": "2"}, "succeeds when x; more than 2 failed end it"),
        ({"success": "x", "failure_limit": "-1"}, "succeeds when x; failures end nothing"),
        (
            {"success": "x", "inconclusive_limit": "3", "error_limit": "4", "success_limit": "5"},
            "succeeds when x; more than 3 inconclusive end it; more than 4 errors in a row end it; 5 successes in a row end it",
        ),
        ({"success": "x", "inconclusive_limit": "-1", "success_limit": "0"}, "succeeds when x"),
    ],
)
def test_the_condition_of_a_metric(given: dict[str, str], text: str) -> None:
    assert condition_of(AnalysisMetric(name="m", **given)) == text


def measured(value: str, phase: str = "Successful", **more: Any) -> MetricMeasurement:
    return MetricMeasurement(phase=phase, value=value, **more)


def test_a_metric_is_told_whole() -> None:
    given = AnalysisMetric(
        name="m",
        phase="Failed",
        message="no",
        successful=1,
        failed=2,
        inconclusive=3,
        error=4,
        dry_run=True,
        measurements=(measured("1", message="a", started=1.0, finished=2.0), measured("2", started=3.0)),
    )
    assert of_metric(given) == MetricResult(
        name="m",
        phase="Failed",
        message="no",
        successful=1,
        failed=2,
        inconclusive=3,
        error=4,
        dry_run=True,
        condition="no condition: what the provider answers decides",
        measurements=(
            Measurement(phase="Successful", value="1", message="a", at=2.0),
            Measurement(phase="Successful", value="2", at=3.0),
        ),
    )
    assert of_metric(AnalysisMetric(name="m")).phase == "Pending"


@pytest.mark.parametrize(
    ("phase", "values", "dry", "nothing"),
    [
        ("Successful", ("[]",), False, True),
        ("Successful", (), False, True),
        *[("Successful", (v,), False, True) for v in ("NaN", "[NaN]", "null", "[null]")],
        ("Successful", ("[]", "[1]"), False, False),
        ("Successful", ("",), False, False),  # a Job's
        ("Successful", ("[1]",), True, True),  # a dry run decides nothing
        ("Failed", ("[]",), False, False),
    ],
)
def test_what_passed_on_no_data(phase: str, values: tuple[str, ...], dry: bool, nothing: bool) -> None:
    metric = AnalysisMetric(name="m", dry_run=dry, measurements=tuple(map(measured, values)))
    assert on_no_data(AnalysisRun(namespace="a", name="r", phase=phase, metrics=(metric,))) is nothing
    assert on_no_data(AnalysisRun(namespace="a", name="r", phase=phase)) is False


@pytest.mark.parametrize(
    ("pattern", "star"),
    [
        ("web", ""),
        ("web-1", None),
        ("shop/web", ""),
        ("*/web", ""),
        ("other/web", None),
        ("*", "web"),
        ("w*", "eb"),
        ("*b", "we"),
        ("w*b", "e"),
        ("we*b", None),  # the star stands for something
        ("x*", None),
        ("*x", None),
    ],
)
def test_what_a_pattern_of_a_pair_means(pattern: str, star: str | None) -> None:
    assert matched(pattern, "shop", "web") == star


def test_a_pattern_is_filled() -> None:
    patterns = ("*-canary", "shop/*-canary", "x", "*-*")  # one star stands for something
    assert [filled(p, "web") for p in patterns] == ["web-canary", "web-canary", "x", "web-*"]


def a_set(name: str, revision: int | None, created: float = 0.0, **more: Any) -> ReplicaSet:
    return ReplicaSet(namespace="a", name=name, uid=name, revision=revision, created=created, **more)


def test_a_version_by_its_replica_set_and_pods() -> None:
    images = Template(
        containers=(
            Container("i", "r/i:1", init=True),
            Container("s", "r/s:1", init=True, sidecar=True),
            Container("m", "r/m:1"),
        )
    )
    mine = Owner("ReplicaSet", "rs", "rs")
    pods = (
        Pod(namespace="a", name="p", owner=mine, started=5.0),
        Pod(namespace="a", name="q", owner=mine, started=9.0),
        Pod(namespace="a", name="new", owner=mine),
        Pod(namespace="a", name="goes", owner=mine, started=1.0, deleting=2.0),
        Pod(namespace="a", name="other", owner=Owner("ReplicaSet", "x", "x"), started=1.0),
        Pod(namespace="a", name="alone", started=1.0),
    )
    found = a_set("rs", 3, template=images, ready=2, desired=4, labels={"pod-template-hash": "h"})
    expected = Side(
        hash="h",
        revision="3",
        image="s:1 +1",
        images=("r/s:1", "r/m:1"),
        pods=("p", "q", "new"),
        ready=2,
        desired=4,
        oldest_start=5.0,
        newest_start=9.0,
    )
    assert side(found, pods) == expected
    assert side(found, None).pods == () and side(a_set("x", None), pods[:1]).revision == ""
    assert side(found, (), Template(containers=(Container("m", "r/m:2"),))).images == ("r/m:2",)
    assert of_template(images) == Side(image="s:1 +1", images=("r/s:1", "r/m:1"))
    both = {"pod-template-hash": "d", "rollouts-pod-template-hash": "r"}
    assert [hash_of(a_set("x", 1, labels=labels)) for labels in (both, {})] == ["r", ""]
    order = [a_set("a", 1, 9.0), a_set("n", None, 9.0), a_set("b", 2, 1.0), a_set("c", 2, 2.0)]
    assert [s.name for s in newest_first(order)] == ["c", "b", "a", "n"]


def test_the_runs_of_a_rollout_are_its_own_and_oldest_first() -> None:
    def run(name: str, of: str = "web", created: float = 0.0, **status: Any) -> dict[str, Any]:
        return {
            "kind": "AnalysisRun",
            "metadata": meta(name, creationTimestamp=at(created), **owned("Rollout", of)),
            "status": status,
        }

    alone = {"kind": "AnalysisRun", "metadata": meta("alone")}
    started = run("a", startedAt=at(-10))
    picture = cluster(
        rollout(), alone, started, run("b", created=-20), run("c", "other"), run("z", created=-20)
    )
    world = World(ClusterLook(picture, {}), NOW)
    [web] = picture.objects("Rollout").values()
    assert [r.name for r in world.runs(web)] == ["b", "z", "a"]


@pytest.mark.parametrize(
    ("canary", "stable", "actual"),
    [
        (Side(ready=1), Side(ready=3), 25.0),
        (Side(ready=1), None, 100.0),
        (None, Side(ready=2), 0.0),
        (None, None, None),
    ],
)
def test_the_share_of_the_pods(canary: Side | None, stable: Side | None, actual: float | None) -> None:
    assert by_pods(canary, stable, 30.0) == Weight(wanted=30.0, actual=actual, approximate=True)


def a_release(phase: Phase, **more: Any) -> ReleaseState:
    given: dict[str, Any] = {"carrier": Carrier.ROLLOUT, "message": "", "phase": phase}
    return ReleaseState(**(given | {"subject": subject("Rollout")} | more))


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (a_release(Phase.COMPLETE, finished=NOW), NOW + 3600),
        (a_release(Phase.COMPLETE), None),
        (a_release(Phase.PROGRESSING, finished=NOW), None),
        (a_release(Phase.PAUSED, pause=Pause(reason="x", until=NOW)), NOW + 60),
        (a_release(Phase.PAUSED, pause=Pause(reason="x", until=NOW, overdue=True)), None),
        (a_release(Phase.PAUSED, pause=Pause(reason="x")), None),
        # when its controller was silent for too long, first of all
        (a_release(Phase.PAUSED, quiet_at=NOW + 5, pause=Pause(reason="x", until=NOW)), NOW + 5),
        (
            a_release(Phase.PAUSED, quiet_at=NOW + 5, silent=True, pause=Pause(reason="x", until=NOW)),
            NOW + 60,
        ),
    ],
)
def test_when_time_alone_changes_what_is_said(state: ReleaseState, due: float | None) -> None:
    assert due_again(state) == due
    if state.phase is Phase.COMPLETE and due is not None:
        assert due_again(state, 60.0) == NOW + 60


def word(outcome: Outcome, advice: Advice = Advice.WAIT, absent: bool = False) -> CanaryJudgement:
    triggers = tuple(msgspec.structs.replace(t, absent=absent) for t in cw.BREACH.triggers)
    return msgspec.structs.replace(cw.BREACH, outcome=outcome, advice=advice, triggers=triggers)


PLAIN = {"carrier": Carrier.DEPLOYMENT}
BACK = {"weight": Weight(actual=0.0)}


@pytest.mark.parametrize(
    ("release", "judgement", "expected"),
    [
        # level, ground, go on, listed
        (a_release(Phase.PAUSED), word(Outcome.BREACH), (Level.BREACH, Ground.ROLL_BACK, False, True)),
        (
            a_release(Phase.ABORTED),
            word(Outcome.BREACH),
            (Level.WARN, Ground.PHASE, False, True),
        ),  # no canary is left
        (
            a_release(Phase.ABORTED, weight=Weight(actual=5.0)),
            word(Outcome.BREACH),
            (Level.BREACH, Ground.ROLL_BACK, False, True),
        ),
        (a_release(Phase.ABORTED, **BACK), word(Outcome.BREACH), (Level.WARN, Ground.PHASE, False, True)),
        (a_release(Phase.STUCK), word(Outcome.PASS, Advice.PROMOTE), (Level.WARN, Ground.PHASE, False, True)),
        (a_release(Phase.PAUSED), word(Outcome.PASS), (Level.OK, Ground.OUTCOME, None, True)),
        (a_release(Phase.PAUSED), word(Outcome.PASS, Advice.PROMOTE), (Level.OK, Ground.OUTCOME, True, True)),
        (a_release(Phase.PAUSED), word(Outcome.HOLD), (Level.UNKNOWN, Ground.OUTCOME, None, True)),
        (a_release(Phase.PAUSED), None, (Level.UNKNOWN, Ground.NOT_JUDGED, None, True)),
        (a_release(Phase.PAUSED, **PLAIN), None, (Level.PAUSED, Ground.PHASE, None, True)),
        (
            a_release(Phase.PROGRESSING, **PLAIN),
            word(Outcome.NO_DATA, absent=True),
            (Level.MOVING, Ground.PHASE, None, True),
        ),
        (
            a_release(Phase.PROGRESSING, **PLAIN),
            word(Outcome.NO_DATA),
            (Level.UNKNOWN, Ground.OUTCOME, None, True),
        ),
        (
            a_release(Phase.COMPLETE, **PLAIN),
            word(Outcome.NO_DATA, absent=True),
            (Level.IDLE, Ground.NOT_JUDGED, None, True),
        ),
        (a_release(Phase.COMPLETE), None, (Level.OK, Ground.PHASE, None, False)),
        (a_release(Phase.COMPLETE), word(Outcome.PASS), (Level.OK, Ground.OUTCOME, True, True)),
        (
            a_release(Phase.COMPLETE),
            word(Outcome.NO_DATA, Advice.NOTHING),
            (Level.OK, Ground.PHASE, None, False),
        ),
        (a_release(Phase.NONE), None, (Level.IDLE, Ground.PHASE, None, False)),
        (a_release(Phase.UNKNOWN), word(Outcome.PASS), (Level.UNKNOWN, Ground.PHASE, None, True)),
        (a_release(Phase.UNKNOWN), None, (Level.UNKNOWN, Ground.PHASE, None, True)),
        # stale takes green away, and leaves red and what moves
        (a_release(Phase.COMPLETE, as_of=NOW), word(Outcome.PASS), (Level.UNKNOWN, Ground.STALE, None, True)),
        (a_release(Phase.NONE, as_of=NOW), None, (Level.UNKNOWN, Ground.STALE, None, False)),
        (a_release(Phase.STUCK, as_of=NOW), None, (Level.WARN, Ground.PHASE, False, True)),
        (a_release(Phase.PROGRESSING, as_of=NOW, **PLAIN), None, (Level.MOVING, Ground.PHASE, None, True)),
    ],
)
def test_the_one_answer(
    release: ReleaseState,
    judgement: CanaryJudgement | None,
    expected: tuple[Level, Ground, bool | None, bool],
) -> None:
    told = answer(release, judgement)
    assert (told.level, told.ground, told.go_on, told.listed) == expected
    assert (told.subject, told.phase) == (release.subject, release.phase)
    assert told.outcome == (judgement.outcome if judgement else None)


def test_one_trigger_that_is_measured_is_enough_to_be_judged() -> None:
    first, *rest = word(Outcome.NO_DATA, absent=True).triggers
    some = msgspec.structs.replace(
        word(Outcome.NO_DATA), triggers=(msgspec.structs.replace(first, absent=False), *rest)
    )
    assert rest and answer(a_release(Phase.PROGRESSING, **PLAIN), some).level is Level.UNKNOWN


def test_pointers() -> None:
    document = {"a/b": [{"~": 1}], "": 2, "n": None}
    assert pointer_of("a/b", "0", "~") == "/a~1b/0/~0"
    asked = ("/a~1b/0/~0", "/", "/n", "/a~1b/1", "/a~1b/x", "/x", "/n/x")
    assert [canonical_at(document, p) for p in asked] == ["1", "2", "null", "", "", "", ""]
