"""A section's line as a table: what is read, what is missing beside it, and which of several is named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.tui import canaryworld as cw
from tests.unit.playbook.making import NOW, REF
from tfdash.figures import beyond
from tfdash.model.calendar import CalendarState
from tfdash.model.delivery import Canary
from tfdash.model.judgement import Breach, CanaryJudgement, Outcome, Trigger
from tfdash.model.kube import Deployment
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import AbsentNamespace, ClusterPicture, Objects, Picture, ServerInfo
from tfdash.model.release import Carrier, Pause, Phase, ReleaseState, Weight
from tfdash.model.release_answer import Ground, ReleaseAnswer
from tfdash.model.section import MOST, SectionState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.workload import Cause, CauseCode, Release, Serving, WorkloadState
from tfdash.playbook.releases import section as releases
from tfdash.playbook.section import Findings, Reading, Section, summarise, worst_of
from tfdash.playbook.serving import section as serving
from tfdash.playbook.serving import workload
from tfdash.playbook.staleness import Unread

US = ClusterRef("production", "us-1")
DENIED = Problem(kind=ProblemKind.FORBIDDEN, cause="may not list")
DEAD = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")
WHOLE: Observation[Objects] = Observation(value={}, complete=True, observed_at=NOW)
NO_RIGHT: Observation[Objects] = Observation(problem=DENIED)
COMING: Observation[Objects] = Observation()
OLD = Unread(UnknownKind.STALE, "not proven current since 05:00 EST")
NOTHING = Findings({}, {}, {}, {}, None)


def named(name: str, kind: str = "Deployment") -> Subject:
    return Subject(REF, kind, "a", name)


WEB = named("web")
READ = Reading(Level.OK, "3 serve", "all is well", 2, "", 0, WEB, 5.0)


def verdict(level: Level, subject: Subject = WEB, sentence: str = "so", **more: Any) -> Verdict:
    return Verdict(level=level, rule=more.pop("rule", "r"), subject=subject, sentence=sentence, **more)


def cluster(ref: ClusterRef = REF, **kinds: Observation[Objects]) -> ClusterPicture:
    info = Observation(value=ServerInfo(version="v1"), observed_at=NOW)
    return ClusterPicture(
        ref=ref, info=info, kinds={"Deployment": WHOLE, "Node": WHOLE, "Canary": WHOLE} | kinds
    )


def state(reading: Reading, *clusters: ClusterPicture, **found: Any) -> SectionState:
    section = Section("s", "S", "screen", lambda _: reading, needs=(Deployment, Node), uses=(Canary,))
    seen = Picture(at=NOW, number=1, clusters={c.ref: c for c in clusters})
    [told] = summarise((section,), seen, Findings({}, {}, {}, {}, None, **found))
    assert [f.level for f in told.findings] == sorted((f.level for f in told.findings), reverse=True)
    return msgspec.structs.replace(told, findings=())


def line(reading: Reading, **over: Any) -> SectionState:
    """As it is said where nothing is missing, but for ``over``."""
    given: dict[str, Any] = {
        "id": "s",
        "title": "S",
        "level": reading.level,
        "sentence": reading.sentence,
        "detail": reading.detail,
        "target": "screen",
        "count": reading.many,
        "unknown": reading.unknown,
        "subject": reading.subject,
        "since": reading.since,
    }
    return SectionState(**(given | over))


def test_where_nothing_is_missing_it_is_the_reading() -> None:
    assert state(READ, cluster()) == line(READ)
    assert state(READ._replace(target="other", unknown=1), cluster()) == line(READ, target="other", unknown=1)
    answers = {WEB: ReleaseAnswer(subject=WEB, level=Level.OK, ground=Ground.OUTCOME, phase=Phase.NONE)}
    assert state(READ._replace(answers=answers), cluster()).answers == answers
    plain = SectionState(id="s", title="S", level=Level.OK, sentence="none", target="screen")
    assert state(Reading(Level.OK, "none"), cluster()) == plain


def agree(told: Reading) -> None:
    """One by one it is the same as in the line: the first is the one that is named, and as many are as bad."""
    worst = [f for f in told.findings if f.level is told.level]
    assert len(worst) == told.many
    if worst:
        assert (worst[0].subject, worst[0].since) == (told.subject, told.since)
        assert {f.subject for f in told.findings} >= {told.subject}


def test_what_is_not_known_is_among_the_findings_worst_first() -> None:
    section = Section("s", "S", "screen", lambda _: bad, needs=(Deployment, Node))
    bad = worst_of([verdict(Level.PAUSED), verdict(Level.BREACH, named("b"), "down")], "well", "serve")
    there = cluster(Node=NO_RIGHT, Deployment=COMING)
    [told] = summarise((section,), Picture(at=NOW, number=1, clusters={REF: there}), NOTHING)
    assert [(f.level, f.sentence, f.subject) for f in told.findings] == [
        (Level.BREACH, "down", named("b")),
        (Level.UNKNOWN, f"{NODES}: may not list", None),
        (Level.PAUSED, "so", WEB),
    ]
    many = worst_of([verdict(Level.WARN, named(f"w{n}")) for n in range(300)], "well", "serve")
    section = Section("s", "S", "screen", lambda _: many, needs=(Node,))
    [told] = summarise((section,), Picture(at=NOW, number=1, clusters={REF: there}), NOTHING)
    assert (told.count, len(told.findings)) == (300, MOST + 2)
    assert [(f.level, f.sentence) for f in told.findings[-2:]] == [
        (Level.WARN, "100 more of S: its page has them all"),
        (Level.UNKNOWN, f"{NODES}: may not list"),
    ]


NODES, DEPLOYMENTS = "Nodes of eu-1 cannot be read", "Deployments of eu-1 cannot be read"


@pytest.mark.parametrize(
    ("clusters", "sentence", "detail", "unknown"),
    [
        ((cluster(Node=NO_RIGHT),), NODES, "may not list", 1),
        ((cluster(Node=NO_RIGHT, Deployment=NO_RIGHT),), f"{DEPLOYMENTS} and 1 more", "may not list", 2),
        # what a cluster may lack comes after what it must have; what still loads, after what failed, and is not counted
        ((cluster(Node=NO_RIGHT, Canary=NO_RIGHT),), f"{NODES} and 1 more", "may not list", 2),
        ((cluster(Deployment=COMING, Node=NO_RIGHT),), NODES, "may not list", 1),
        (
            (
                cluster(US, Node=NO_RIGHT),
                cluster(Node=NO_RIGHT, Deployment=NO_RIGHT),
            ),  # in the order of the clusters
            "Nodes of us-1 cannot be read and 2 more",
            "may not list",
            3,
        ),
        (
            (ClusterPicture(ref=US, info=Observation(problem=DEAD), kinds={}), cluster(Node=NO_RIGHT)),
            "us-1 cannot be reached and 1 more",
            "connection refused",
            2,
        ),
        (
            (cluster(Node=Observation(value={}, complete=True, unreadable=1)),),
            "1 Node of eu-1 cannot be read",
            "",
            1,
        ),
        (
            (cluster(Node=Observation(value={}, complete=True, unreadable=2, problem=DEAD)),),
            "2 Nodes of eu-1 cannot be read",
            "connection refused",
            2,
        ),
    ],
)
def test_what_is_missing_takes_the_green_away(
    clusters: tuple[ClusterPicture, ...], sentence: str, detail: str, unknown: int
) -> None:
    # of what is green nothing is left: the line is about what is not known
    expected: dict[str, Any] = {"level": Level.UNKNOWN, "count": unknown, "unknown": unknown}
    gone = {"sentence": sentence, "detail": detail, "subject": None, "since": None}
    assert state(READ, *clusters) == line(READ, **expected, **gone)
    # what moves or waits is said first, with its own words
    for level in (Level.MOVING, Level.PAUSED):
        reading = READ._replace(level=level)
        assert state(reading, *clusters) == line(reading, **expected, sentence=f"3 serve; {sentence}")
    # what is bad stays as bad, and its own count
    for level in (Level.WARN, Level.BREACH):
        reading = READ._replace(level=level)
        assert state(reading, *clusters) == line(reading, sentence=f"3 serve; {sentence}", unknown=unknown)
    # where something is unknown already, that is named, and the larger count told
    reading = READ._replace(level=Level.UNKNOWN, unknown=2)
    most = max(2, unknown)
    assert state(reading, *clusters) == line(
        reading, level=Level.UNKNOWN, count=most, unknown=most, sentence=sentence
    )


@pytest.mark.parametrize("problem", [None, DEAD])
def test_what_was_not_proven_lately_is_not_known(problem: Problem | None) -> None:
    old = Observation[Objects](value={}, complete=True, problem=problem)
    told = state(READ, cluster(Node=old), stale={(REF, "Node"): OLD, (US, "Deployment"): OLD})
    assert (told.level, told.sentence) == (Level.UNKNOWN, "Nodes of eu-1 not proven current since 05:00 EST")
    assert told.detail == ("connection refused" if problem else "")


def test_loading_is_said_only_where_nothing_failed_and_nothing_is_unknown() -> None:
    told = state(READ, cluster(Node=COMING))
    assert told == line(
        READ,
        level=Level.UNKNOWN,
        sentence="loading",
        detail="",
        subject=None,
        since=None,
        count=0,
        loading=True,
    )
    assert not state(READ, cluster(Node=COMING, Deployment=NO_RIGHT)).loading
    assert not state(READ._replace(unknown=1), cluster(Node=COMING)).loading


def test_a_rule_that_went_wrong_leaves_its_subjects_unknown() -> None:
    wrong = tuple(verdict(Level.UNKNOWN, s, f"{s.name} failed") for s in (named("b"), named("a")))
    told = state(READ, cluster(), failed=(*wrong, verdict(Level.UNKNOWN, named("x", "Secret"))))
    assert (told.level, told.sentence, told.detail) == (Level.UNKNOWN, "2 not known", "a failed")
    assert (told.count, told.unknown) == (2, 2)
    assert state(READ, cluster(), failed=(verdict(Level.UNKNOWN, named("x", "Secret")),)) == line(READ)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), Reading(Level.OK, "0 of 0 ready", "well")),
        ((verdict(Level.OK, since=1.0),), Reading(Level.OK, "1 of 1 ready", "well", 1)),
        (
            (verdict(Level.OK), verdict(Level.UNKNOWN, named("x"), "not known", since=7.0)),
            Reading(Level.UNKNOWN, "1 of 2 ready", "not known", 1, "", 1, named("x"), 7.0),
        ),
        (
            # of equals the first by name
            (verdict(Level.WARN, named("b")), verdict(Level.WARN, named("a"), "a is bad", since=7.0)),
            Reading(Level.WARN, "0 of 2 ready", "a is bad", 2, "", 0, named("a"), 7.0),
        ),
        (
            (verdict(Level.MOVING, since=7.0),),
            Reading(Level.MOVING, "1 of 1 ready", "so", 1, "", 0, WEB, 7.0),
        ),
    ],
)
def test_the_worst_of_some_verdicts(verdicts: tuple[Verdict, ...], expected: Reading) -> None:
    told = worst_of(verdicts, "well", "ready")
    assert told._replace(findings=()) == expected
    if told.level > Level.OK:
        agree(told)


def test_verdicts_are_found_by_their_rules() -> None:
    found = Findings({WEB: (verdict(Level.OK), verdict(Level.WARN, rule="q"))}, {}, {}, {}, None)
    assert [v.level for v in found.by_rule("q")] == [Level.WARN]
    assert [v.level for v in found.by_rule("q", "r")] == [Level.OK, Level.WARN]


# what is in flight


def a_workload(name: str, release: Release = Release.COMPLETE, **more: Any) -> WorkloadState:
    given = {"serving": Serving.OK, "message": f"{name} rolls", "changed_at": 9.0}
    return WorkloadState(**({"subject": named(name), "release": release} | given | more))


def a_release(name: str, phase: Phase, **more: Any) -> ReleaseState:
    given: dict[str, Any] = {"carrier": Carrier.ROLLOUT, "message": f"{name} goes on", "started": 4.0}
    return ReleaseState(**({"subject": named(name, "Rollout"), "phase": phase} | given | more))


def word(name: str, outcome: Outcome) -> CanaryJudgement:
    return msgspec.structs.replace(
        cw.BREACH, subject=named(name, "Rollout"), outcome=outcome, sentence=f"{outcome}"
    )


def of_releases(
    *found: WorkloadState | ReleaseState | CanaryJudgement, calendar: CalendarState | None = None
) -> Reading:
    return releases.read(
        Findings(
            {},
            {w.subject: w for w in found if isinstance(w, WorkloadState)},
            {r.subject: r for r in found if isinstance(r, ReleaseState)},
            {j.subject: j for j in found if isinstance(j, CanaryJudgement)},
            calendar,
        )
    )


DIES = Cause(code=CauseCode.CRASH_LOOP, sentence="it keeps crashing")
QUIET = CalendarState(at=NOW, open=True, text="release OPEN", why="")
STUCK, MOVES, WAITS = Release.STUCK, Release.PROGRESSING, Release.PAUSED
BACK = {"phase": Phase.ABORTED, "weight": Weight(wanted=0.0, actual=0.0)}


def of_deployment(name: str, phase: Phase) -> ReleaseState:
    return a_release(name, phase, subject=named(name), carrier=Carrier.DEPLOYMENT)


ROLL = named("r", "Rollout")
GATE = Pause(reason="x", sentence="a gate waits")
LATE = Pause(reason="x", sentence="it should have gone on", overdue=True)
PASSES = word("r", Outcome.PASS)
BOTH_PASS = (PASSES, word("s", Outcome.PASS))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((), (Level.OK, "none in flight", "", 0, "", 0, None, None)),
        ((a_workload("a"),), (Level.OK, "none in flight", "", 0, "", 0, None, None)),
        # a Deployment's own release is told by its workload, where that moves, and is not counted twice
        (
            (a_workload("a", MOVES), of_deployment("a", Phase.PROGRESSING)),
            (Level.MOVING, "1 in flight", "a: a rolls", 1, "canary", 0, named("a"), 9.0),
        ),
        (
            (a_workload("b", MOVES), of_deployment("a", Phase.PROGRESSING)),
            (Level.MOVING, "2 in flight", "b: b rolls", 2, "", 0, named("b"), 9.0),
        ),
        (
            (a_workload("b", MOVES), a_workload("a", MOVES, changed_at=0.0)),
            (Level.MOVING, "2 in flight", "a and 1 more: a rolls", 2, "", 0, named("a"), None),
        ),
        (
            (a_workload("c", WAITS), a_workload("b", WAITS), a_workload("a", WAITS)),
            (
                Level.PAUSED,
                "3 in flight, 3 paused",
                "a and 2 more: waits for a person",
                3,
                "",
                0,
                named("a"),
                9.0,
            ),
        ),
        # of what is stuck, what is down is named; its cause, or kubectl's words
        (
            (a_workload("a", STUCK), a_workload("b", STUCK, serving=Serving.DOWN, cause=DIES)),
            (
                Level.WARN,
                "2 in flight, 2 stuck",
                "b and 1 more: it keeps crashing",
                2,
                "",
                0,
                named("b"),
                9.0,
            ),
        ),
        (
            (a_workload("a", STUCK),),
            (Level.WARN, "1 in flight, 1 stuck", "a: a rolls", 1, "", 0, named("a"), 9.0),
        ),
        (
            (a_release("r", Phase.STUCK), a_workload("a", STUCK), a_workload("m", MOVES)),
            (Level.WARN, "3 in flight, 2 stuck", "a: a rolls", 2, "", 0, named("a"), 9.0),
        ),
        (
            (a_release("r", Phase.STUCK),),
            (Level.WARN, "1 in flight, 1 stuck", "r: r goes on", 1, "canary", 0, ROLL, 4.0),
        ),
        (
            (a_release("s", Phase.PROGRESSING), a_release("r", Phase.PROGRESSING), *BOTH_PASS),
            (Level.MOVING, "2 in flight", "r: r goes on", 2, "canary", 0, ROLL, 4.0),
        ),
        (
            (a_release("r", Phase.ANALYSING), PASSES),
            (Level.MOVING, "1 in flight", "r: r goes on", 1, "canary", 0, ROLL, 4.0),
        ),
        (
            (a_release("r", Phase.PAUSED, pause=GATE), PASSES, a_workload("a", WAITS)),
            (Level.PAUSED, "2 in flight, 2 paused", "a: waits for a person", 2, "", 0, named("a"), 9.0),
        ),
        (
            (a_release("r", Phase.PAUSED, pause=GATE), PASSES),
            (Level.PAUSED, "1 in flight, 1 paused", "r: a gate waits", 1, "canary", 0, ROLL, 4.0),
        ),
        (
            (a_release("r", Phase.PAUSED, pause=Pause(reason="x")), PASSES),
            (Level.PAUSED, "1 in flight, 1 paused", "r: r goes on", 1, "canary", 0, ROLL, 4.0),
        ),
        # what should have gone on by itself is a warning, and named before what waits as it should
        (
            (
                a_release("q", Phase.PAUSED),
                word("q", Outcome.PASS),
                a_release("r", Phase.PAUSED, pause=LATE),
                PASSES,
            ),
            (
                Level.WARN,
                "2 in flight, 2 paused, 1 overdue",
                "r: it should have gone on",
                1,
                "canary",
                0,
                ROLL,
                4.0,
            ),
        ),
        # aborted: not in flight; why, and since when
        (
            (a_release("s", aborted_at=2.0, **BACK), a_release("r", aborted_at=3.0, **BACK)),
            (
                Level.WARN,
                "none in flight, 2 aborted",
                "r: the update was aborted: r goes on",
                2,
                "canary",
                0,
                ROLL,
                3.0,
            ),
        ),
        (
            (a_release("r", message="", **BACK),),
            (
                Level.WARN,
                "none in flight, 1 aborted",
                "r: the update was aborted",
                1,
                "canary",
                0,
                ROLL,
                None,
            ),
        ),
        # the triggers' word; one that nothing judges is undecided, too
        (
            (a_release("r", Phase.PAUSED), PASSES),
            (Level.PAUSED, "1 in flight, 1 paused", "r: r goes on", 1, "canary", 0, ROLL, 4.0),
        ),
        (
            (a_release("r", Phase.PROGRESSING),),
            (Level.UNKNOWN, "1 in flight, 1 undecided", "r: r goes on", 1, "canary", 1, ROLL, 4.0),
        ),
        (
            (a_release("r", Phase.PAUSED), word("r", Outcome.LOW_TRAFFIC), a_release("s", Phase.ANALYSING)),
            (
                Level.UNKNOWN,
                "2 in flight, 1 paused, 2 undecided",
                "r: LOW TRAFFIC",
                2,
                "canary",
                2,
                ROLL,
                4.0,
            ),
        ),
        (
            (
                *(a_release("s", Phase.PAUSED), a_release("r", Phase.PAUSED, started=6.0)),
                *(word("s", Outcome.BREACH), word("r", Outcome.BREACH)),
            ),
            (
                Level.BREACH,
                "2 must roll back, 2 in flight, 2 paused",
                "r: BREACH",
                2,
                "canary",
                0,
                ROLL,
                6.0,
            ),
        ),
        # one that is over and not verified yet is on the page of the canaries
        (
            (a_release("r", Phase.COMPLETE), PASSES),
            (Level.OK, "none in flight", "", 0, "canary", 0, None, None),
        ),
        ((a_release("r", Phase.COMPLETE),), (Level.OK, "none in flight", "", 0, "", 0, None, None)),
    ],
)
def test_what_is_in_flight(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    told = of_releases(*found)
    assert told[:8] == expected
    agree(told)
    assert set(told.answers) == {f.subject for f in found if isinstance(f, ReleaseState)}


def test_each_finding_of_the_releases_leads_to_where_its_object_has_a_row() -> None:
    """A breach on the Canary page takes nothing else there: a StatefulSet that is stuck has its row among the workloads."""
    rolls = (a_release("r", Phase.PROGRESSING), word("r", Outcome.BREACH))
    stuck = a_workload("db", STUCK, subject=named("db", "StatefulSet"))
    found = Findings(
        {}, {stuck.subject: stuck}, {rolls[0].subject: rolls[0]}, {rolls[1].subject: rolls[1]}, None
    )
    [told] = summarise((releases.SECTION,), Picture(at=NOW, number=1, clusters={}), found)
    assert told.target == "canary"
    assert {f.subject: f.page for f in told.findings} == {ROLL: "canary", stuck.subject: "deployments"}


def crossed(*at: float) -> CanaryJudgement:
    def trigger(when: float) -> Trigger:
        breach = Breach(trigger="errors", uid="", version="v", at=when)
        return Trigger(id="errors", title="Error rate", outcome=Outcome.BREACH, sentence="", breached=breach)

    return msgspec.structs.replace(word("r", Outcome.BREACH), triggers=tuple(trigger(a) for a in at))


@pytest.mark.parametrize(
    ("found", "since"),
    [
        ((a_release("r", Phase.PAUSED), crossed(8.0, 7.0)), 7.0),  # of a limit its first crossing
        ((a_release("r", Phase.PAUSED), crossed()), 4.0),
        ((a_release("r", Phase.PAUSED), word("r", Outcome.LOW_TRAFFIC)), 4.0),
        # what is back began when its version was made, long ago: since when it is not known is another matter
        ((a_release("r", Phase.COMPLETE), word("r", Outcome.LOW_TRAFFIC)), None),
    ],
)
def test_since_when_a_release_is_so(found: tuple[Any, ...], since: float | None) -> None:
    assert of_releases(*found).since == since


def test_where_nothing_is_in_flight_the_calendar_has_the_word() -> None:
    assert of_releases(calendar=QUIET).detail == "release OPEN"
    assert of_releases(a_workload("a", MOVES), calendar=QUIET).detail == "a: a rolls"


# what serves

NODE = Subject(REF, "Node", "", "n1")
LOST = Cause(code=CauseCode.NODE_LOST, sentence="a node is lost", origin=NODE)


def lacks(name: str, level: Level = Level.WARN, since: float = 3.0) -> Verdict:
    return verdict(level, named(name), f"{name} lacks pods", rule=workload.ID, since=since)


def of_serving(*found: Verdict | WorkloadState | ReleaseState) -> Reading:
    return serving.read(
        Findings(
            {v.subject: (v,) for v in found if isinstance(v, Verdict)},
            {w.subject: w for w in found if isinstance(w, WorkloadState)},
            {r.subject: r for r in found if isinstance(r, ReleaseState)},
            {},
            None,
        )
    )


def a_rollout(name: str, serves: Serving | None, **more: Any) -> ReleaseState:
    return a_release(name, Phase.COMPLETE, serving=serves, **more)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((), (Level.OK, "no workloads", "no workload lacks a pod", 0, "", 0, None, None)),
        (
            (a_workload("a"),),
            (Level.OK, "1 of 1 workloads serve", "no workload lacks a pod", 0, "", 0, None, None),
        ),
        (
            (a_workload("a", serving=Serving.IDLE), lacks("a", Level.PAUSED)),  # that is no trouble
            (Level.OK, "no workloads", "no workload lacks a pod", 0, "", 0, None, None),
        ),
        (
            (a_workload("a", serving=Serving.UNKNOWN), lacks("a", Level.UNKNOWN)),
            (Level.UNKNOWN, "0 of 1 workloads serve, 1 not known", "a lacks pods", 1, "", 1, named("a"), 3.0),
        ),
        # a Rollout serves as well; what another carries is counted with its workload
        (
            (
                a_rollout("r", Serving.OK),
                a_rollout("q", None),
                a_rollout("f", Serving.OK, carrier=Carrier.CANARY),
            ),
            (Level.OK, "1 of 1 workloads serve", "no workload lacks a pod", 0, "", 0, None, None),
        ),
        (
            (a_rollout("r", Serving.DOWN, served="0 of 5"), lacks("a")),
            (Level.BREACH, "0 of 1 workloads serve", "r: 0 of 5", 1, "", 0, named("r", "Rollout"), None),
        ),
        (
            (a_rollout("r", Serving.DEGRADED), a_rollout("q", Serving.UNKNOWN)),
            (
                Level.WARN,
                "0 of 2 workloads serve, 1 not known",
                "r: r goes on",
                1,
                "",
                1,
                named("r", "Rollout"),
                None,
            ),
        ),
        # a lost node is one cause, however many workloads lack pods by it; the node is named from two on
        (
            (lacks("a"), a_workload("a", cause=LOST), lacks("b"), a_workload("b", cause=LOST), lacks("c")),
            (
                Level.WARN,
                "2 of 2 workloads serve",
                "node n1 is lost: 2 workloads lack pods, a among them",
                2,
                "",
                0,
                named("a"),
                3.0,
            ),
        ),
        (
            (lacks("a"), a_workload("a", cause=LOST), lacks("c", since=5.0), a_workload("c", cause=DIES)),
            (Level.WARN, "2 of 2 workloads serve", "a lacks pods", 2, "", 0, named("a"), 3.0),
        ),
        (
            # the first of the worst has none of it
            (lacks("a"), lacks("b"), a_workload("b", cause=LOST), lacks("c"), a_workload("c", cause=LOST)),
            (Level.WARN, "2 of 2 workloads serve", "a lacks pods", 2, "", 0, named("a"), 3.0),
        ),
    ],
)
def test_what_serves(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    told = of_serving(*found)
    assert told._replace(findings=()) == Reading(*expected)
    agree(told)


def test_what_is_restricted_to_a_namespace_that_is_not_there_is_never_well() -> None:
    info = Observation(value=ServerInfo(version="v1", missing=(AbsentNamespace("tf-prod"),)), observed_at=NOW)
    there = msgspec.structs.replace(cluster(), info=info)
    told = state(READ, there)
    assert (told.level, told.sentence) == (Level.UNKNOWN, "there is no namespace tf-prod")
    of_nodes = Section("n", "N", "nodes", lambda _: READ, needs=(Node,))  # of no namespace
    [told] = summarise((of_nodes,), Picture(at=NOW, number=1, clusters={REF: there}), NOTHING)
    assert told.level is Level.OK


def test_of_equals_the_line_names_what_is_furthest_from_its_bounds() -> None:
    told = [
        verdict(Level.WARN, named(name), name, measured=measured, band=(60.0, 80.0))
        for name, measured in (("a", 12.0), ("b", 131.0), ("c", 104.0), ("d", None))
    ]
    reading = worst_of(told, "well", "in order", lambda v: -beyond(v.measured, *(v.band or (None, v.limit))))
    assert (reading.detail, [f.sentence for f in reading.findings]) == ("b", ["b", "a", "c", "d"])
    assert [beyond(50, None, 80), beyond(85, None, 80), beyond(70, 60, 80), beyond(None, 1, 2)] == [
        -30,
        5,
        -10,
        0,
    ]
