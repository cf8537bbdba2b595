"""Since when what a recovery is about fails, by each source that may tell it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, deployment, picture
from tests.unit.playbook.procedures.probing import GONE, STALE_AFTER, seen
from tfdash.judging.judge import judge_all
from tfdash.model.kube import Condition
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.recovery import RecoveryProposal, RecoveryState
from tfdash.model.run import Probed
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Alert, CounterSeries, Journey, JourneyRun, Point, Signals, Traffic
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.impact import SOURCES, ImpactCase, impact_of
from tfdash.playbook.procedures.impact.case import LATELY, ImpactProof
from tfdash.playbook.procedures.impact.metrics import windows

TARGET = Subject(REF, "Deployment", "a", "checkout")
OTHER = TARGET._replace(name="cart")
CLUSTER = Subject(REF, "Cluster", "", REF.cluster)
START = NOW - NOW % 60  # of a window
WELL = deployment()
UNAVAILABLE = Condition("Available", "False", "MinimumReplicasUnavailable", since=START - 250)
DOWN = deployment(ready=0, available=0, unavailable=3, conditions=(UNAVAILABLE,))


def case(
    of: Picture, *targets: Subject, before: float = START, proposals: Sequence[RecoveryProposal] = ()
) -> ImpactCase:
    said = judge_all(of, START, stale_after=STALE_AFTER)
    if proposals:
        said = msgspec.structs.replace(said, recovery=RecoveryState(proposals=tuple(proposals)))
    return ImpactCase(
        procedure="service",
        targets=targets or (TARGET,),
        picture=of,
        assessment=said,
        policies=Policies(),
        before=before,
    )


def signals(of: Picture, **fields: Any) -> Picture:
    return msgspec.structs.replace(of, signals=Signals(**fields))


def proof(id: str, of: Picture, *targets: Subject, **more: Any) -> ImpactProof:
    return SOURCES[id].prove(case(of, *targets, **more))


# -- Prometheus ------------------------------------------------------------------------------------------------------

INTERVAL = 15.0


def counter(
    code: str, per_minute: Mapping[int, float], until: float = START, pod: str = "p", since: int = -20
) -> CounterSeries:
    """A counter that rises by ``per_minute`` in each minute, counted from ``START``; 0 where it is not said."""
    value, points = 1000.0, []
    for minute in range(since, 1):
        for part in range(4):
            at = START + minute * 60 + part * INTERVAL + 5
            value += per_minute.get(minute, per_minute.get(-99, 0.0)) / 4
            points.append(Point(at, value))
    return CounterSeries(
        pod=pod, labels=(("code", code),), points=tuple(one for one in points if one.at <= until)
    )


def traffic(
    *series: CounterSeries, errors: Sequence[CounterSeries] = (), **more: Any
) -> Observation[Traffic]:
    given = {"evaluated_at": START + 5, "since": START - 20 * 60, "scrape_interval": INTERVAL, **more}
    value = Traffic(requests=(*series, *errors), errors=tuple(errors), **given)
    return Observation(value=value, observed_at=START, complete=True)


def metrics(of: Observation[Traffic], **more: Any) -> ImpactProof:
    return proof("metrics", signals(picture(WELL), traffic={TARGET: of, OTHER: OTHERS}), **more)


FINE = counter("200", {-99: 400.0})
OTHERS = traffic(FINE)
SOME = {-99: 1.0}


def test_metrics_tell_the_first_window_of_those_that_fail_one_after_the_other() -> None:
    failing = {**SOME, **dict.fromkeys((-6, -5, -3, -2, -1), 40.0), -15: 40.0}
    told = metrics(traffic(FINE, errors=[counter("500", failing)]))
    assert (told.at, told.at_least) == (START - 6 * 60, False)
    assert told.sentence == "40 of 440 requests of checkout failed in 60 s, 9.09 %; 0.249 % when it was quiet"


def test_metrics_that_fail_in_all_that_is_held_say_at_least() -> None:
    told = metrics(traffic(FINE, errors=[counter("500", {-99: 400.0})]))
    assert told.at is not None and told.at_least and told.at <= START - 19 * 60


@pytest.mark.parametrize(
    "failing",
    [
        {-99: 12.0},  # it fails always so much, and not more than that
        {**SOME, -1: 3.0},  # fewer than are looked at
        {**SOME, **dict.fromkeys(range(-15, -8), 90.0)},  # over long before
        {-99: 0.0},
    ],
)
def test_metrics_that_tell_no_beginning_say_so(failing: Mapping[int, float]) -> None:
    told = metrics(traffic(FINE, errors=[counter("500", failing)]))
    assert told.at is None and "tells no beginning" in told.sentence


def test_a_service_that_is_scraped_no_more_failed_when_its_first_scrape_was_missed() -> None:
    ended = START - 4 * 60
    told = metrics(traffic(counter("200", {-99: 400.0}, until=ended)))
    assert told.at == ended - 10 + INTERVAL
    assert (
        told.sentence == "no pod of checkout is scraped any more, and it served 6.7 requests a second before"
    )


def test_what_failed_before_it_was_gone_began_when_it_failed() -> None:
    ended = START - 4 * 60
    failing = counter("500", {**SOME, -7: 90.0, -6: 90.0, -5: 90.0}, until=ended)
    told = metrics(traffic(counter("200", {-99: 400.0}, until=ended), errors=[failing]))
    assert told.at == START - 7 * 60


def test_a_server_that_scrapes_nothing_at_all_tells_nothing_of_one_service() -> None:
    gone = traffic(counter("200", {-99: 400.0}, until=START - 240))
    of = signals(picture(WELL), traffic={TARGET: gone, OTHER: gone})
    assert proof("metrics", of).at is None


def test_nobody_who_asks_is_no_failure() -> None:
    told = metrics(traffic(counter("200", {-10: 400.0})))
    assert told.at is None


def test_metrics_that_are_not_read_are_not_known() -> None:
    assert (
        proof("metrics", picture(WELL)).sentence
        == "metrics of checkout: no Prometheus is configured for this cluster"
    )
    away = Observation[Traffic](problem=GONE)
    of = signals(picture(WELL), traffic={TARGET: away})
    assert proof("metrics", of).sentence == "metrics of checkout: connection refused"
    assert proof("metrics", picture(WELL), CLUSTER).at is None


def test_who_looks_later_finds_the_same_beginning() -> None:
    series = traffic(FINE, errors=[counter("500", {**SOME, **dict.fromkeys(range(-6, 1), 40.0)})])
    for evaluated in (START + 5, START + 45, START + 120):
        value = msgspec.structs.replace(series.value, evaluated_at=evaluated, since=evaluated - 1150)
        later = msgspec.structs.replace(series, value=value)
        assert metrics(later).at == START - 6 * 60
        assert all(one.start % 60 == 0 and one.end <= evaluated for one in windows(value, 60.0, START))


# -- journeys --------------------------------------------------------------------------------------------------------


def journey(*ok: bool | None, workload: Subject | None = TARGET, **fields: Any) -> Observation[Journey]:
    """Its runs, 30 s apart, the last of them 10 s before the start."""
    runs = tuple(
        JourneyRun(at=START - 10 - 30 * back, ok=one, message="" if one else "502 at step 2")
        for back, one in reversed(list(enumerate(reversed(ok))))
    )
    return Observation(value=Journey(name="pay", workload=workload, runs=runs, **fields), complete=True)


def journeys(
    *found: Observation[Journey], targets: Sequence[Subject] = (TARGET,), **more: Any
) -> ImpactProof:
    of = signals(picture(WELL), journeys={str(n): one for n, one in enumerate(found)})
    return proof("journeys", of, *targets, **more)


def test_a_journey_tells_the_first_of_the_runs_that_failed_one_after_the_other() -> None:
    told = journeys(journey(True, False, True, False, None, False, False))
    assert (told.at, told.at_least) == (START - 10 - 90, False)
    assert told.sentence.startswith("pay fails (502 at step 2); it passed last at ")
    least = journeys(journey(False, False, False))
    assert (least.at, least.at_least) == (START - 70, True)
    assert least.sentence == "pay failed (502 at step 2) in all 3 runs that are known"


def test_a_journey_that_tells_no_beginning_says_why() -> None:
    assert journeys(journey(True, True, False)).sentence == "pay did not fail 2 times running"
    assert journeys(journey(False, False, False, True)).at is None
    old = journeys(journey(False, False), before=START + LATELY)
    assert (old.at, old.sentence) == (None, "pay was not run in the 5 minutes before")
    assert journeys().sentence == "no journey of it is run"
    assert journeys(journey(False, False, workload=OTHER)).sentence == "no journey of it is run"
    assert journeys(journey(False, False, control=True)).at is None


def test_what_failed_only_after_it_was_begun_is_not_what_it_was_begun_for() -> None:
    assert journeys(journey(True, True, False, False), before=START - 60).at is None


def test_of_a_cluster_every_critical_journey_tells() -> None:
    found = journey(True, False, False), journey(False, False, False, workload=OTHER)
    assert journeys(*found, targets=(CLUSTER,)).at == START - 70
    lesser = journey(False, False, False, critical=False)
    assert journeys(lesser, targets=(CLUSTER,)).at is None


# -- Kubernetes ------------------------------------------------------------------------------------------------------


def test_a_workload_tells_since_when_too_few_of_its_pods_are_available() -> None:
    told = proof("kubernetes", picture(DOWN))
    assert told == ImpactProof(START - 250, "checkout has too few available pods, MinimumReplicasUnavailable")
    assert proof("kubernetes", picture(WELL)).sentence == "nothing of checkout says since when it fails"
    assert proof("kubernetes", picture()).at is None


def test_what_was_read_once_was_so_although_nothing_answers_any_more() -> None:
    old = seen(picture(DOWN), "Deployment", observed_at=START - 9000, problem=GONE)
    assert proof("kubernetes", old).at == START - 250


def test_a_cluster_tells_when_many_nodes_were_not_ready_or_nothing_answered() -> None:
    def node(name: str, since: float = 0.0) -> Node:
        ready = Condition("Ready", "Unknown" if since else "True", since=since or START - 9e5)
        return Node(namespace="", name=name, uid=name, conditions=(ready,))

    few = picture(node("a", START - 900), node("b"), node("c"), node("d"))
    assert proof("kubernetes", few, CLUSTER).at is None
    many = picture(node("a", START - 900), node("b", START - 300), node("c", START - 290), node("d"))
    assert proof("kubernetes", many, CLUSTER).at == START - 300
    away = seen(many, "", problem=msgspec.structs.replace(GONE, since=START - 400))
    told = proof("kubernetes", away, CLUSTER)
    assert (told.at, told.at_least) == (START - 400, True)
    assert proof("kubernetes", many, Subject(REF, "Environment", "", REF.environment)).at == START - 300
    assert proof("kubernetes", many, Subject(REF, "Cluster", "", "eu-9")).at is None


# -- alerts, and our own sight ----------------------------------------------------------------------------------------


def alert(**fields: Any) -> Alert:
    given = {
        "name": "HighErrors",
        "state": "firing",
        "severity": "critical",
        "namespace": "a",
        "workload": "checkout",
        "since": START - 200,
    }
    return Alert(**{**given, **fields})


def alerts(*found: Alert, **seen: Any) -> ImpactProof:
    given = Observation(**{"value": found, "complete": True, "observed_at": START - 20, **seen})
    return proof("alerts", signals(picture(WELL), alerts={REF: given}))


def test_a_grave_alert_that_fires_for_it_tells_since_when() -> None:
    told = alerts(alert(), alert(since=START - 100), alert(name="Old", workload="cart", since=1.0))
    assert told == ImpactProof(START - 200, "HighErrors fires for checkout")


@pytest.mark.parametrize(
    "other",
    [
        {"state": "pending"},
        {"severity": "warning"},
        {"severity": ""},
        {"namespace": "b"},
        {"workload": ""},
        {"since": None},
    ],
)
def test_an_alert_that_is_another_s_or_lesser_tells_nothing(other: Mapping[str, Any]) -> None:
    assert alerts(alert(**other)).sentence == "no grave alert fires for checkout"
    assert proof("alerts", picture(WELL)).sentence == "alerts of eu-1: none are read"


def test_what_fired_when_alerts_were_read_last_days_ago_may_be_over() -> None:
    days = alert(since=START - 3 * 86_400)
    told = alerts(days, observed_at=START - 2 * 86_400, problem=GONE)
    assert told == ImpactProof(None, "alerts of eu-1: connection refused")
    assert (
        alerts(days, observed_at=START - LATELY - 1).sentence
        == "alerts of eu-1: not read in the 5 minutes before"
    )
    assert alerts(days, observed_at=START - LATELY, problem=GONE).at == days.since
    assert alerts(days, observed_at=START - 800, interval=900.0).at == days.since  # merely between two rounds


def proposed(since: float | None = START - 20, about: Subject = TARGET, **fields: Any) -> RecoveryProposal:
    sign = Probed(passed=True, sentence="it is down", about=(about._replace(uid="7"),))
    given = {"procedure": "service", "title": "t", "proposed": True, "sentence": "s", "cluster": REF}
    return RecoveryProposal(**{**given, "signs": (sign,), "since": since, **fields})


def test_when_it_was_seen_here_first_is_at_least() -> None:
    told = proof("sight", picture(WELL), proposals=[proposed()])
    assert (told.at, told.at_least) == (START - 20, True)
    assert proof("sight", picture(WELL), CLUSTER, proposals=[proposed(about=OTHER)]).at == START - 20
    for other in (proposed(None), proposed(about=OTHER), proposed(procedure="x"), proposed(proposed=None)):
        assert proof("sight", picture(WELL), proposals=[other]).at is None


# -- all of them ------------------------------------------------------------------------------------------------------


def test_the_earliest_proof_counts_and_what_tells_nothing_says_why() -> None:
    of = signals(picture(DOWN), journeys={"pay": journey(True, False, False)})
    found = impact_of(case(of, proposals=[proposed()]))
    assert found.source == "kubernetes" and found.proof is not None and found.proof.at == START - 250
    assert found.by == "Kubernetes" and found.proof.sentence.startswith("checkout has too few")
    assert set(found.unknown) == {"Prometheus", "alerts"}


def test_where_nothing_tells_it_every_source_says_why() -> None:
    found = impact_of(case(picture(WELL)))
    assert found.proof is None and found.by == ""
    assert set(found.unknown) == {one.name for one in SOURCES.values()}
    assert all(found.unknown.values())
    assert impact_of(case(picture(WELL), Subject(ClusterRef("x", "y"), "Node", "", "n"))).proof is None


def test_a_time_that_lies_behind_the_start_is_no_proof() -> None:
    assert impact_of(case(picture(DOWN), before=START - 300)).proof is None


def test_a_source_that_goes_wrong_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(case: ImpactCase) -> ImpactProof:
        raise ZeroDivisionError("secret")

    broken = {
        id: dataclasses.replace(one, prove=wrong) if id == "metrics" else one for id, one in SOURCES.items()
    }
    monkeypatch.setattr("tfdash.playbook.procedures.impact.SOURCES", broken)
    found = impact_of(case(picture(DOWN)))
    assert found.source == "kubernetes"
    assert "ZeroDivisionError" in found.unknown["Prometheus"] and "secret" not in found.unknown["Prometheus"]


def test_no_name_from_outside_is_control() -> None:
    of = signals(
        picture(WELL),
        alerts={REF: Observation(value=(alert(name="\x1b[31mX"),), complete=True, observed_at=START)},
        journeys={"j": journey(True, False, False)},
    )
    for source in SOURCES.values():
        assert "\x1b" not in source.prove(case(of)).sentence
