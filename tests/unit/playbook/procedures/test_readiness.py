"""Whether a recovery could begin: what it needs, how long it took, when it was rehearsed, and that nothing it stands on is lost with it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF
from tests.unit.playbook.procedures.probing import GONE, ask, case_of, of, seen
from tfdash.model.kubecluster import Node, Service
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture, ServerInfo
from tfdash.model.procedure import Procedure, Scenario, Step, StepKind
from tfdash.model.recovery import RecoveryReadiness
from tfdash.model.run import RunClock, RunOutcome, RunState, StepState, StepStatus
from tfdash.model.subject import Key
from tfdash.model.verdict import Level
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.policy import Dependency, RecoveryPolicy
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.readiness import PROVES_FOR, PastRuns, needs_of, readiness

DAY = 86_400.0
READS = ask("source.current", source="kubernetes")


def step(id: str = "a", kind: StepKind = StepKind.MANUAL, **fields: Any) -> Step:
    return Step(id=id, title=id, kind=kind, **fields)


def runbook(**fields: Any) -> Procedure:
    base: dict[str, Any] = {"id": "x", "title": "x fails", "steps": (step(),), "recovery": True}
    return Procedure(**{**base, "ready": (READS,), "digest": "d", **fields})


def run(procedure: Procedure, *, ended: float = NOW - DAY, lasted: float = 600.0, **fields: Any) -> RunState:
    base: dict[str, Any] = {
        "id": "r",
        "procedure": procedure,
        "inputs": {},
        "started_at": ended - lasted,
        "ended_at": ended,
        "by": "jo",
        "reason": "",
        "dry": False,
        "targets": (),
        "cluster": REF,
        "steps": (),
        "next": (),
        "outcome": RunOutcome.DONE,
    }
    return RunState(**{**base, **fields})


def case(picture: Picture | None = None, **policy: Any) -> ProbeCase:
    found = case_of(of() if picture is None else picture)
    return msgspec.structs.replace(found, policies=Policies(recovery=RecoveryPolicy(**policy)))


def told(
    procedure: Procedure, *runs: RunState, of: Picture | None = None, **policy: Any
) -> RecoveryReadiness:
    return readiness(procedure, case(of, **policy), PastRuns(runs))


def at(status: StepStatus, id: str = "a") -> StepState:
    return StepState(id=id, status=status)


MONTHLY = runbook(rehearse=30 * DAY)
OTHER = runbook(id="y", rehearse=30 * DAY)


@pytest.mark.parametrize(
    ("runs", "level", "missing"),
    [
        ((), Level.UNKNOWN, "never rehearsed, and is to be every 30d"),
        ((run(MONTHLY, dry=True),), Level.OK, ""),
        ((run(MONTHLY),), Level.OK, ""),
        ((run(MONTHLY, ended=NOW - 30 * DAY + 1),), Level.OK, ""),
        ((run(MONTHLY, ended=NOW - 30 * DAY),), Level.WARN, "ago: every 30d"),
        ((run(MONTHLY, ended=NOW - 90 * DAY), run(MONTHLY, ended=NOW - DAY, dry=True)), Level.OK, ""),
        ((run(MONTHLY, outcome=RunOutcome.ABORTED),), Level.UNKNOWN, "never rehearsed"),
        ((run(MONTHLY, outcome=RunOutcome.OPEN, ended_at=None),), Level.UNKNOWN, "never rehearsed"),
        ((run(OTHER),), Level.UNKNOWN, "never rehearsed"),
        ((run(MONTHLY, cluster=REF._replace(environment="staging")),), Level.UNKNOWN, "never rehearsed"),
        ((run(msgspec.structs.replace(MONTHLY, digest="e")),), Level.UNKNOWN, "became another since"),
        ((run(MONTHLY, outcome=RunOutcome.SKIPPED),), Level.UNKNOWN, "never rehearsed"),
        ((run(MONTHLY, steps=(at(StepStatus.SKIPPED), at(StepStatus.DONE)), dry=True),), Level.OK, ""),
    ],
)
def test_when_it_was_rehearsed(runs: tuple[RunState, ...], level: Level, missing: str) -> None:
    found = told(MONTHLY, *runs)
    assert found.level is level, found.missing
    assert missing in "; ".join(found.missing) and bool(missing) is bool(found.missing)


ACTS = runbook(
    rehearse=30 * DAY,
    steps=(
        step("scale", StepKind.ACTION, action="workload.scale"),
        step("switch", StepKind.COMMAND, command="switch", by_hand="by the load balancer's page"),
        step("tell", StepKind.NOTIFY, message="started", optional=True),
        step("down", StepKind.CHECK),
    ),
)


def stopped(*at: str, **fields: Any) -> RunState:
    steps = tuple(StepState(id=id, status=StepStatus.DONE, stops="it is away") for id in at)
    return run(ACTS, dry=True, steps=steps, **fields)


@pytest.mark.parametrize(
    ("runs", "level"),
    [
        ((stopped("scale"),), Level.WARN),
        ((stopped("switch", "tell", "down"),), Level.OK),  # another way, left out, and nothing fails now
        ((stopped("scale", ended=NOW - 2 * DAY), stopped()), Level.OK),
        ((stopped(ended=NOW - 2 * DAY), stopped("scale")), Level.WARN),
    ],
)
def test_a_rehearsal_that_would_have_stopped_makes_nothing_ready(
    runs: tuple[RunState, ...], level: Level
) -> None:
    found = told(ACTS, *runs)
    assert found.level is level, found.missing
    assert ("would have stopped at 1 step: scale: it is away" in found.sentence) is (level is Level.WARN)


def test_without_a_cadence_nobody_asks_for_a_rehearsal() -> None:
    assert told(runbook()).level is Level.OK


def test_a_run_that_skipped_all_that_acts_took_no_time_that_counts() -> None:
    assert told(runbook(), run(runbook(), outcome=RunOutcome.SKIPPED)).rto is None


@pytest.mark.parametrize(
    ("lasts", "expected", "level"),
    [((), None, Level.OK), ((600.0,), 600.0, Level.OK), ((60.0, 1801.0, 120.0), 1801.0, Level.WARN)],
)
def test_how_long_it_takes_is_what_it_took(
    lasts: tuple[float, ...], expected: float | None, level: Level
) -> None:
    quick = runbook(rto=1800.0)
    runs = [run(quick, ended=NOW - DAY + i, lasted=lasted) for i, lasted in enumerate(lasts)]
    found = told(quick, *runs, run(quick, dry=True, lasted=9e9), run(OTHER, lasted=9e9))
    assert (found.rto, found.level) == (expected, level)
    assert bool(found.rto_source) is bool(lasts)


def test_only_the_last_runs_count_and_their_clocks_go_before_their_length() -> None:
    old = [
        run(runbook(), ended=NOW - 90 * DAY, lasted=9e6),
        *(run(runbook(), ended=NOW - i) for i in range(5)),
    ]
    assert told(runbook(), *old).rto == 600.0
    clocks = (
        RunClock(id="impact", title="i", start=NOW - 5000, end=NOW - 4000),
        RunClock(id="restore", title="r", start=NOW - 3000, end=NOW - 2000),
    )
    assert told(runbook(), run(runbook(), clocks=clocks)).rto == 3000.0


# -- what it needs -----------------------------------------------------------------------------------------------------


def test_what_its_steps_need_is_asked_for_but_what_may_be_left_out_or_done_by_hand() -> None:
    steps = (
        step("a", needs=("cluster", "metrics")),
        step("b", needs=("shared",), optional=True),
        step("c", needs=("notify",), by_hand="call them"),
        step("d", StepKind.COMMAND, place="host db-1"),
        step("e", StepKind.COMMAND, place="pipeline deploy", needs=("cluster",)),
        step("f", StepKind.GROUP, steps=(step("g", needs=("logs", "cluster {each}")),)),
    )
    found = needs_of(runbook(steps=steps))
    assert found == ("cluster", "metrics", "ssh db-1", "pipeline deploy", "logs")


@pytest.mark.parametrize(
    ("needs", "policy", "level", "missing"),
    [
        (("cluster",), {}, Level.OK, ""),
        (("cluster us-1",), {}, Level.UNKNOWN, "us-1 is no cluster that is watched"),
        (("ssh db-1",), {"hosts": ("db-1",)}, Level.UNKNOWN, "not used lately"),
        (("ssh db-1",), {}, Level.WARN, "no host db-1 is configured"),
        (("shared",), {}, Level.UNKNOWN, "no shared store is configured"),
    ],
)
def test_what_is_not_there_is_missing(
    needs: tuple[str, ...], policy: dict[str, Any], level: Level, missing: str
) -> None:
    found = told(runbook(steps=(step(needs=needs),)), **policy)
    assert found.level is level and missing in "; ".join(found.missing)


def test_what_this_terminal_does_not_reach_is_not_known_to_be_gone() -> None:
    found = told(runbook(steps=(step(needs=("cluster",)),)), of=seen(of(), "", problem=GONE))
    assert found.level is Level.UNKNOWN and "does not answer" in "; ".join(found.missing)


def test_a_step_that_did_its_work_proves_what_it_needed() -> None:
    worked = runbook(
        steps=(step("a", StepKind.COMMAND, place="host db-1"), step("n", StepKind.NOTIFY, needs=("notify",)))
    )

    def after(ended: float, status: StepStatus = StepStatus.DONE, **fields: Any) -> dict[str, float]:
        steps = tuple(StepState(id=id, status=status, ended=ended) for id in ("a", "n"))
        return dict(PastRuns([run(worked, steps=steps, **fields)]).proven(NOW, PROVES_FOR))

    assert after(NOW - 60) == {"ssh db-1": NOW - 60}, "a message is only queued"
    assert not after(NOW - PROVES_FOR) and not after(NOW + 1)
    assert not after(NOW - 60, StepStatus.FAILED) and not after(NOW - 60, StepStatus.SKIPPED)
    assert not after(NOW - 60, dry=True)
    steps = (StepState(id="a", status=StepStatus.DONE, ended=NOW - 60),)
    found = told(runbook(steps=worked.steps[:1]), run(worked, steps=steps), hosts=("db-1",))
    assert found.level is Level.OK


# -- no circle ---------------------------------------------------------------------------------------------------------


def shared(host: str) -> Dependency:
    return Dependency("shared", "the shared store", host, "store.url")


LOST = runbook(scenario=Scenario(loses=("cluster", "metrics")))


def there() -> Picture:
    node = Node(namespace="", name="n", internal_ip="10.0.0.7")
    service = Service(namespace="a", name="db", external=("lb.example.com",))
    found = of(node)
    picture = seen(found, "", value=ServerInfo(version="v1.37.2", url="https://api.example.com:6443"))
    cluster = picture.clusters[REF]
    services = {Key("a", "db"): service}
    kinds = {**cluster.kinds, "Service": Observation(value=services, complete=True, observed_at=NOW)}
    return msgspec.structs.replace(picture, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})


@pytest.mark.parametrize(
    ("host", "policy", "level"),
    [
        ("db.shop.svc", {}, Level.BREACH),
        ("db.shop.svc.cluster.local.", {}, Level.BREACH),
        ("10.0.0.7", {}, Level.BREACH),
        ("LB.example.com", {}, Level.BREACH),
        ("api.example.com", {}, Level.BREACH),
        ("db.example.com", {}, Level.UNKNOWN),
        ("?", {}, Level.UNKNOWN),
        ("db.example.com", {"apart": ("*.example.com",)}, Level.OK),
        ("db.example.com", {"along": ("db.*",), "apart": ("*.example.com",)}, Level.BREACH),
        ("localhost", {}, Level.OK),
        ("", {"inside": True}, Level.BREACH),
    ],
)
def test_what_lies_on_what_is_lost_is_a_circle(host: str, policy: dict[str, Any], level: Level) -> None:
    found = told(LOST, of=there(), dependencies=(shared(host),), **policy)
    assert found.level is level, found.missing
    assert bool(found.circle) is (level is Level.BREACH)
    plain = told(runbook(), of=there(), dependencies=(shared(host),), **policy)
    assert plain.level is Level.OK, "where nothing is lost there is no circle"


def test_a_step_that_needs_what_is_lost_is_a_circle_unless_the_file_says_how_else() -> None:
    needs = step(needs=("metrics",))
    lost = msgspec.structs.replace(LOST, steps=(needs,))
    assert told(lost).circle == ("a step needs metrics, which is what it loses",)
    by_hand = msgspec.structs.replace(lost, steps=(msgspec.structs.replace(needs, by_hand="look"),))
    assert not told(by_hand).circle
    known = msgspec.structs.replace(LOST, scenario=Scenario(loses=("cluster", "shared")))
    assert not told(known, of=there(), dependencies=(shared("db.svc"),)).circle, "its steps do without"


def test_a_circle_is_worse_than_all_that_is_missing() -> None:
    lost = msgspec.structs.replace(LOST, rehearse=DAY)
    found = told(lost, of=there(), dependencies=(shared("db.svc"), shared("b.svc")))
    assert found.level is Level.BREACH and found.sentence.startswith("a circle: the shared store (db.svc)")
    assert len(found.circle) == 2 and "never rehearsed" in "; ".join(found.missing)
