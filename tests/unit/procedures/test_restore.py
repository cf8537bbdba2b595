"""The runbook of a complete environment failure, begun by the real engine: all that was good is put in when it begins, by its tiers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.unit.playbook.procedures.restoring import LOST, good
from tests.unit.procedures.world import HEAD, Terminal, step
from tests.unit.store.helpers import REF
from tfdash.model.last_good import GoodService, LastGood
from tfdash.model.observation import Observation
from tfdash.model.run import StepStatus
from tfdash.procedures.protocols import RunRefused
from tfdash.report.runbooks.evidence import evidence

RUNBOOK = "environment-failure"
SEVERAL = (
    "recovery = true\n"
    + HEAD
    + '[[inputs]]\nid = "lost"\ntitle = "those that are lost"\ntype = "cluster"\nmany = true\n'
    + '[scenario]\ntitle = "x"\nsigns = [{ probe = "control-plane.away" }]\nloses = ["cluster"]\n'
    + step("look", "manual")
)


def put(one: Terminal, *services: GoodService) -> None:
    seen = Observation(value=LastGood(services=services), observed_at=one.clock.at, complete=True)

    async def go() -> None:
        one.board.put_signals({("last_good", LOST): seen})
        await asyncio.sleep(0)

    one.call(go())
    one.until(lambda: one.board.picture.signals.last_good.get(LOST) is seen)


def test_all_is_what_there_was_when_it_began(terminal: Callable[..., Terminal]) -> None:
    one = terminal({})
    put(one, good("ledger", comes_up="signed"), good(replicas=7, scaler="checkout", minimum=3, maximum=9))
    run = one.start(RUNBOOK, lost=[LOST.cluster]).id
    put(one, good(replicas=1))  # what is seen later changes no run
    state = one.state(run)
    assert not state.unreadable
    ids = {step.id for step in state.steps}
    assert {"hand-1--1", "size-1--1", "bounds-3--2", "size-3--2", "gate-1", "switched"} <= ids
    assert not {id for id in ids if id.startswith(("sync-", "pipeline-")) or id == "size-2--1"}
    shown = one.prepare(run, "bounds-3--2")
    assert shown.step.title == "checkout: its HPA scales from 3 to 9, as it did"
    assert one.step(run, "gate-1").status is StepStatus.WAITING


def test_a_gate_is_opened_by_a_reason_alone(terminal: Callable[..., Terminal]) -> None:
    one = terminal({})
    put(one, good("ledger", comes_up="signed"))
    run = one.start(RUNBOOK, lost=[LOST.cluster]).id
    while (state := one.state(run)) and "gate-1" not in state.next:
        for id in state.next:
            one.skip(run, id, "a test goes on")
    with pytest.raises(RunRefused):
        one.skip(run, "gate-1")
    one.do(run, "gate-1")
    assert one.step(run, "gate-1").status is not StepStatus.DONE  # what is not known opens nothing
    assert not [id for id in one.state(run).next if id.endswith("-2")]
    one.skip(run, "gate-1", "the ledger is promoted by its team")
    assert one.step(run, "gate-1").status is StepStatus.SKIPPED
    assert "told-1" in one.state(run).next


def test_it_acts_elsewhere_than_in_what_is_lost_and_never_on_nothing(
    terminal: Callable[..., Terminal],
) -> None:
    one = terminal({})
    with pytest.raises(RunRefused, match="there are none"):
        one.start(RUNBOOK, lost=[LOST.cluster])
    put(one, good())
    with pytest.raises(RunRefused, match="which is what is lost"):
        one.start(RUNBOOK, lost=[REF.cluster], services=["Deployment a/x tier=3 replicas=2"])


def test_of_several_that_are_lost_it_acts_in_none(terminal: Callable[..., Terminal]) -> None:
    one = terminal({"several": SEVERAL})
    with pytest.raises(RunRefused, match="which is what is lost"):
        one.start("several", lost=["eu-9", REF.cluster])
    assert one.start("several", lost=["eu-8", "eu-9"]).next == ("look",)


def test_the_way_back_is_begun_in_the_cluster_that_serves(terminal: Callable[..., Terminal]) -> None:
    one = terminal({})
    put(one, good())
    with pytest.raises(RunRefused, match="in which it would be carried out"):
        one.start("way-back", home=[REF.cluster])
    run = one.start("way-back", home=[LOST.cluster])
    assert run.procedure.holds == (f"Cluster {LOST.cluster}", f"Cluster {REF.cluster}")
    assert "back" not in {step.id for step in run.steps}  # no recovery here is known that brought anything up


def test_what_no_service_can_be_is_brought_up_nowhere(terminal: Callable[..., Terminal]) -> None:
    """The picture is a file that somebody may have written."""
    one = terminal({})
    for wrong in ({"replicas": -5}, {"scaler": "x tier=1"}, {"scaler": "checkout", "maximum": 10**9}):
        put(one, good(), good("ledger", **wrong))
        with pytest.raises(RunRefused, match="StatefulSet a/ledger"):
            one.start(RUNBOOK, lost=[LOST.cluster])
    assert not one.runs.runs()


def test_the_line_of_what_is_asked_asks_the_very_cluster(terminal: Callable[..., Terminal]) -> None:
    """The run's own too: wherever kubectl points for whoever pastes it."""
    away = f'cluster = "{LOST.cluster}"'
    asks = f'[{{ probe = "control-plane.answers" }}, {{ probe = "control-plane.answers", {away} }}, {{ probe = "standby.ready", {away} }}]'
    one = terminal(
        {"p": HEAD + step("both", "check", asks=asks)},
        kubectl=lambda ref: ("kubectl", "--context", f"at {ref.cluster}"),
    )
    run = one.start("p")
    here, there, both = one.prepare(run.id, "both").asks
    assert here.line == f"kubectl --context 'at {run.cluster.cluster}' get --raw '/readyz?verbose'"
    assert there.line == f"kubectl --context 'at {LOST.cluster}' get --raw '/readyz?verbose'"
    assert both.line.count("kubectl ") == both.line.count(f"kubectl --context 'at {LOST.cluster}' ") == 2


def test_a_tier_that_waits_for_the_one_before_stops_no_rehearsal(terminal: Callable[..., Terminal]) -> None:
    """Of a region that stands by nothing serves before the first tier is up, which a rehearsal does not bring up."""
    asks = '[{ probe = "time.past", time = "2999-01-01 00:00" }]'
    one = terminal(
        {
            "tiers": HEAD
            + step("early", "gate", asks=asks)
            + step("first", "command", command='"up"', by_hand='"bring it up"')
            + step("gate", "gate", asks=asks)
            + step("second", "command", command='"up"', before=asks)
            + step("last", "command", command='"up"', before=asks, by_hand='"do it there"')
        }
    )
    run = one.start("tiers", dry=True)
    while run.next:
        run = one.do(run.id, run.next[0])
    told = {s["id"]: s for s in evidence(run, one.runs.events(run.id))["steps"]}
    assert told["early"]["would_stop"] and not told["early"]["would_wait"]  # no act stands before it
    assert told["gate"]["would_wait"] and not told["gate"]["would_stop"]
    assert "not among the commands" in told["second"]["would_stop"]  # what can be tried is tried
    assert told["last"]["by_hand"] and not told["last"]["would_stop"]
    assert {s.id for s in run.steps if s.stops} == {"early", "second"}
