"""When an impact began stands in its run, by what proves it: found by terminals, moved by people, the same for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.procedures.world import HEAD, ZONE, Terminal, step
from tests.unit.store.helpers import REF
from tfdash.model.observation import Observation
from tfdash.model.run import RunClock, RunEvent, RunEventKind
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Journey, JourneyRun
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.report.runbooks.evidence import evidence
from tfdash.report.runbooks.evidence_text import evidence_text
from tfdash.sources.prometheus.options import Options
from tfdash.sources.prometheus.targets import targets_now
from tfdash.views.recovery import head
from tfdash.views.recovery.handover import lines
from tfdash.views.recovery.words import began_text
from tfdash.views.table import Line

Make = Callable[..., Terminal]
WEB = "Deployment shop/web"
TEXT = HEAD + f'recovery = true\nholds = ["{WEB}"]\n' + step("mend", "manual")


def fails(
    one: Terminal, *ago: float, passed: float | None = None, at: ClusterRef = REF, name: str = "pay"
) -> None:
    """A critical journey of the workload whose runs failed so many seconds ago, the oldest first; the one before them passed."""
    runs = [JourneyRun(at=one.clock.at - seconds, ok=False, message="502") for seconds in ago]
    if passed is not None:
        runs.insert(0, JourneyRun(at=one.clock.at - passed, ok=True))
    workload = Subject(at, "Deployment", "shop", "web")
    journey = Journey(name=name, workload=workload, runs=tuple(runs), critical=True)
    one.board.put_signals({("journeys", name): Observation(value=journey, complete=True)})
    one.until(lambda: one.board.picture.signals.journeys.get(name, Observation()).value == journey)


def impact(one: Terminal, run: str) -> RunClock:
    return next(clock for clock in one.state(run).clocks if clock.id == "impact")


def told(one: Terminal, run: str) -> list[RunEvent]:
    return [event for event in one.runs.events(run) if event.kind is RunEventKind.IMPACT]


def plain(line: Line) -> str:
    return "".join(cell if isinstance(cell, str) else cell[0] for cell in line)


def test_a_run_begins_with_the_earliest_proof_of_its_impact(terminal: Make) -> None:
    one = terminal({"act": TEXT})
    fails(one, 250, 150, 50, passed=350)
    run = one.start("act")
    clock = impact(one, run.id)
    assert (clock.start, clock.at_least) == (one.clock.at - 250, False)
    assert clock.by == "journeys" and clock.source.startswith("pay fails (502); it passed last at ")
    (event,) = told(one, run.id)
    assert event.sentence.startswith("impact since ") and "; not known: Prometheus: " in event.sentence
    assert run.clocks == one.state(run.id).clocks
    detect = next(clock for clock in run.clocks if clock.id == "detect")
    assert (detect.start, detect.end) == (one.clock.at - 250, run.started_at)


def test_of_a_lost_cluster_nothing_is_told_by_the_one_that_takes_over(terminal: Make) -> None:
    one = terminal({})
    fails(one, 250, 150, 50, passed=350, name="stands by, and serves nobody")
    fails(one, 200, 100, 40, passed=300, at=ClusterRef(REF.environment, "gone"))
    run = one.start("environment-failure", lost=["gone"], services=["Deployment shop/web tier=3 replicas=2"])
    assert run.targets == ("Cluster gone", f"Cluster {REF.cluster}")
    clock = impact(one, run.id)
    assert clock.start == one.clock.at - 200 and clock.source.startswith("pay fails")


def test_everybody_reads_it_by_what_it_is_known(terminal: Make) -> None:
    one = terminal({"act": TEXT})
    fails(one, 250, 150, 50)
    run = one.start("act")
    state, events = one.state(run.id), one.runs.events(run.id)
    page = "\n".join(lines(state, events, "ben", one.clock.at, one.runs.engine.means.zone))
    assert "by journeys: pay failed (502) in all 3 runs that are known; at least" in page
    assert "RPO not known: no database is watched for this procedure" in page
    exported = evidence_text(evidence(state, events))
    assert "by journeys: pay failed (502) in all 3 runs that are known; at least" in exported
    assert "not known: no database is watched for this procedure" in exported
    wide = head.lines(state, one.clock.at, ZONE)
    assert plain(wide[1]) == f"impact {began_text(state, one.clock.at, ZONE)}"
    narrow = plain(head.lines(state, one.clock.at, ZONE, short=True)[0])
    assert narrow.endswith(" EST by journeys") and len(narrow) <= 78
    two = terminal({}, who="ben")
    two.until(lambda: two.runs.run(run.id))
    assert two.state(run.id).clocks == state.clocks


def test_where_nothing_tells_it_that_is_recorded_with_the_reasons(terminal: Make) -> None:
    one = terminal({"act": TEXT})
    run = one.start("act").id
    clock = impact(one, run)
    assert (clock.start, clock.at_least, clock.by) == (
        one.state(run).started_at,
        True,
        "the start of this run",
    )
    (event,) = told(one, run)
    assert event.sentence.startswith("nothing tells when the impact began: Prometheus: ")
    assert "at" not in event.data


def test_an_earlier_proof_is_taken_as_long_as_the_run_is_open(terminal: Make) -> None:
    one = terminal({"act": TEXT})
    fails(one, 100, 50, passed=200)
    began = one.clock.at
    run = one.start("act").id
    assert impact(one, run).start == began - 100
    one.looked()
    fails(one, 280, 100, 50, passed=290)
    one.clock.at += 31
    one.looked()
    assert impact(one, run).start == began - 280
    assert [event.data["at"] for event in told(one, run)] == [began - 100, began - 280]


def test_a_proof_is_recorded_once_and_never_moves_it_later(terminal: Make) -> None:
    one = terminal({"act": TEXT})
    fails(one, 250, 150, passed=300)
    run = one.start("act").id
    fails(one, 150, 50, passed=200)
    for _ in range(3):
        one.clock.at += 31
        one.looked()
    assert len(told(one, run)) == 1


def test_it_is_no_sign_of_life_of_who_uses_the_terminal(terminal: Make) -> None:
    one = terminal({"act": TEXT})
    run = one.start("act").id
    began = one.state(run).started_at
    fails(one, 250, 150, passed=300)
    one.clock.at += 31
    one.looked()
    assert len(told(one, run)) == 2 and one.state(run).people == {"ann": began}


def test_a_person_moves_it_earlier_and_only_earlier(terminal: Make) -> None:
    one = terminal({"act": TEXT})
    fails(one, 250, 150, passed=300)
    run = one.start("act").id

    def said(at: float) -> Any:
        given = Given(reason="users called")
        return one.call(one.runs.add(run, RunEventKind.IMPACT, "", given, {"at": at}))

    with pytest.raises(RunRefused, match="known to have begun before, by journeys"):
        said(one.clock.at - 200)
    said(one.clock.at - 900)
    clock = impact(one, run)
    assert (clock.start, clock.by, clock.source) == (one.clock.at - 900, "ann", "users called")


def test_metrics_of_what_is_recovered_are_asked_for_as_far_back_as_may_be(terminal: Make) -> None:
    one, options = terminal({"act": TEXT}), Options()

    def asked() -> dict[str, float]:
        found = targets_now(REF, one.board, options, one.clock.at)
        return {target.subject.name: target.horizon for target in found}

    assert asked() == {}
    one.start("act", dry=True)
    assert asked() == {}
    run = one.start("act").id
    one.until(lambda: asked() == {"web": options.history})
    one.call(one.runs.abort(run, Given(reason="no more")))
    one.until(lambda: asked() == {})


def test_no_proof_is_asked_of_what_is_no_recovery_a_rehearsal_or_over(terminal: Make) -> None:
    one = terminal({"act": TEXT, "plain": HEAD + f'holds = ["{WEB}"]\n' + step("a", "manual")})
    fails(one, 250, 150)
    plain, dry = one.start("plain").id, one.start("act", dry=True).id
    one.call(one.runs.abort(plain, Given(reason="no more")))
    run = one.start("act").id
    one.call(one.runs.abort(run, Given(reason="no more")))
    fails(one, 280, 250, 150)
    one.clock.at += 31
    one.looked()
    assert [len(told(one, id)) for id in (plain, dry, run)] == [0, 0, 1]
