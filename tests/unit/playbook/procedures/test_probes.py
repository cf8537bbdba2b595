"""The probes by table: what passes, what fails, what is not known; none is known of what is not read, not wholly or not lately."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import CONTAINER, NOW, condition, deployment, pod, running, stateful_set
from tests.unit.playbook.procedures.probing import FORBIDDEN, GONE, STALE_AFTER, of, probe, seen
from tfdash.model.delivery import Rollout
from tfdash.model.kinds import KINDS
from tfdash.model.kube import HorizontalPodAutoscaler, Owner, Unreadable
from tfdash.model.kubecluster import Node
from tfdash.model.subject import Subject
from tfdash.model.verdict import UnknownKind
from tfdash.playbook.procedures.probes import PROBES


def node(name: str = "node-1", *, ready: str = "True", **fields: Any) -> Node:
    base: dict[str, Any] = {"namespace": "", "name": name, "uid": name, "kubelet_version": "v1.37.2"}
    return Node(**{**base, "conditions": (condition("Ready", ready),), **fields})


def hpa(**fields: Any) -> HorizontalPodAutoscaler:
    base: dict[str, Any] = {"namespace": "a", "name": "checkout", "target_kind": "Deployment"}
    return HorizontalPodAutoscaler(
        **{**base, "target_name": "checkout", "min_replicas": 2, "max_replicas": 8, "current": 3, **fields}
    )


WELL = deployment()
DOWN = deployment(ready=0, available=0, unavailable=3)
LAME = deployment(ready=1, available=1, unavailable=2)
ITS = {"workload": "Deployment a/checkout"}
OF_THE_ROLLOUT = {"workload": "Rollout a/web"}
REFERS = Rollout(
    namespace="a", name="web", uid="r", desired=3, workload_kind="Deployment", workload_name="checkout"
)
TABLE: list[tuple[tuple[Any, ...], str, dict[str, str], bool | None, str]] = [
    ((WELL,), "workload.serving", ITS, True, "checkout serves, 3 of 3 pods available"),
    ((DOWN,), "workload.serving", ITS, False, "checkout is down, 0 of 3 pods available"),
    ((LAME,), "workload.serving", ITS, False, "checkout is degraded, 1 of 3 pods available"),
    ((), "workload.serving", ITS, False, "there is no Deployment a/checkout"),
    ((WELL,), "workload.serving", {"workload": "checkout"}, None, "names no object"),
    ((WELL,), "workload.serving", {"workload": "Pod a/checkout"}, None, "is no workload"),
    (
        (deployment(desired=0, ready=0, available=0, replicas=0, updated=0),),
        "workload.serving",
        ITS,
        False,
        "not wanted",
    ),
    ((DOWN,), "workload.down", ITS, True, "checkout is down"),
    ((LAME,), "workload.down", ITS, False, "degraded"),
    ((LAME,), "workload.unwell", ITS, True, "degraded"),
    ((DOWN, stateful_set()), "workload.down", {}, True, "1 of 2 workloads down: checkout is down"),
    ((WELL, stateful_set()), "workload.down", {}, False, "0 of 2 workloads down"),
    ((WELL,), "workload.image", {**ITS, "image": CONTAINER.image}, True, "checkout is to run"),
    ((WELL,), "workload.image", {**ITS, "image": "2.14.0"}, True, "checkout is to run"),
    ((WELL,), "workload.image", {**ITS, "image": "2.14"}, False, "not 2.14"),
    ((WELL,), "workload.image", {**ITS, "image": "checkout:2.14.1"}, False, "not checkout:2.14.1"),
    ((WELL,), "workload.replicas", {**ITS, "replicas": "3"}, True, "wants 3 replicas"),
    ((WELL,), "workload.replicas", {**ITS, "replicas": "4"}, False, "that is not 4"),
    ((WELL,), "workload.replicas", {**ITS, "replicas": "four"}, None, "is no whole number"),
    ((WELL, hpa()), "hpa.bounds", {**ITS, "min": "2", "max": "8"}, True, "from 2 to 8"),
    ((WELL, hpa()), "hpa.bounds", {**ITS, "min": "2", "max": "9"}, False, "these are not 2 to 9"),
    ((WELL,), "hpa.bounds", {**ITS, "min": "2", "max": "8"}, False, "no HPA scales"),
    ((WELL,), "release.complete", ITS, True, "its release is complete"),
    ((deployment(updated=1),), "release.complete", ITS, False, "checkout"),
    ((WELL,), "release.complete", {**ITS, "image": "9.9"}, False, "not 9.9"),
    (
        (REFERS, WELL),
        "release.complete",
        {**OF_THE_ROLLOUT, "image": "9.9"},
        False,
        "checkout:2.14.0, not 9.9",
    ),
    ((REFERS, WELL), "workload.image", {**OF_THE_ROLLOUT, "image": "2.14.0"}, True, "is to run"),
    ((REFERS, WELL), "workload.image", {**OF_THE_ROLLOUT, "image": "9.9"}, False, "not 9.9"),
    ((node(),), "node.ready", {"node": "node-1"}, True, "node-1 is ready"),
    ((node(ready="False"),), "node.ready", {"node": "node-1"}, False, "is not ready"),
    ((node(ready="Unknown"),), "node.ready", {"node": "node-1"}, False, "is lost"),
    ((node(conditions=()),), "node.ready", {"node": "node-1"}, None, "no Ready condition"),
    ((), "node.ready", {"node": "node-1"}, False, "there is no node node-1"),
    ((node(unschedulable=True),), "node.ready", {"node": "node-1"}, True, "cordoned"),
    ((node(unschedulable=True),), "node.cordoned", {"node": "node-1"}, True, "is cordoned"),
    ((node(),), "node.cordoned", {"node": "node-1"}, False, "takes new pods"),
    ((node(),), "node.version", {"node": "node-1", "version": "1.37"}, True, "that is 1.37"),
    ((node(),), "node.version", {"node": "node-1", "version": "1.37.3"}, False, "that is not 1.37.3"),
    (
        (node(kubelet_version="?"),),
        "node.version",
        {"node": "node-1", "version": "1.37"},
        None,
        "does not say",
    ),
    ((node(), pod()), "node.empty", {"node": "node-1"}, False, "still has 1 pod: a/checkout-1-x"),
    (
        (node(), pod(owner=Owner("DaemonSet", "logs", "n"))),
        "node.empty",
        {"node": "node-1"},
        True,
        "1 pod of DaemonSets",
    ),
    ((node(), pod(phase="Succeeded")), "node.empty", {"node": "node-1"}, True, "is empty"),
    ((node(),), "node.gone", {"node": "node-1"}, False, "is there"),
    ((node(),), "node.gone", {"node": "node-1", "uid": "older"}, True, "another node by the same name"),
    ((node(),), "node.gone", {"node": "node-2"}, True, "there is no node"),
    (
        (node("a", ready="False"), node("b"), node("c")),
        "nodes.many-down",
        {},
        False,
        "1 of 3 nodes not ready, 33 % of 34 %",
    ),
    (
        (node("a", ready="False"), node("b"), node("c")),
        "nodes.many-down",
        {"percent": "33"},
        True,
        "33 % of 33 %",
    ),
    (
        (node("a", ready="False"), node("b", conditions=()), node("c")),
        "nodes.many-down",
        {},
        None,
        "1 report nothing",
    ),
    ((), "nodes.many-down", {}, None, "no node is listed"),
    (
        (pod(conditions=(condition("Ready", "True"),)),),
        "pod.ready",
        {"pod": "a/checkout-1-x"},
        True,
        "is ready",
    ),
    (
        (pod(conditions=(condition("Ready", "False"),)),),
        "pod.ready",
        {"pod": "a/checkout-1-x"},
        False,
        "not ready",
    ),
    (
        (pod(conditions=(condition("Ready", "Unknown"),)),),
        "pod.ready",
        {"pod": "a/checkout-1-x"},
        None,
        "does not report",
    ),
    ((pod(),), "pod.gone", {"pod": "a/checkout-1-x"}, False, "is there, Running"),
    ((pod(),), "pod.gone", {"pod": "a/checkout-1-x", "uid": "older"}, True, "another pod"),
    ((), "pod.gone", {"pod": "a/checkout-1-x"}, True, "there is no pod"),
    ((), "control-plane.away", {}, False, "answers"),
    ((), "control-plane.answers", {}, True, "answers"),
    ((), "control-plane.away", {"cluster": "us-1"}, None, "no cluster that is watched"),
    ((), "control-plane.version", {"version": "1.37"}, True, "v1.37.2"),
    ((), "control-plane.version", {"version": "1.38"}, False, "that is not 1.38"),
    ((node(),), "skew.ok", {}, True, "1 of 1 kubelet within 3 minors of 1.37"),
    ((node(),), "skew.ok", {"version": "1.40"}, True, "of 1.40"),
    ((node(),), "skew.ok", {"version": "1.41"}, False, "too far from 1.41"),
    ((node(kubelet_version="v1.38.0"),), "skew.ok", {}, False, "node-1 runs 1.38"),
    ((node(kubelet_version="v1.24.9"),), "skew.ok", {"version": "1.27"}, False, "too far"),
    ((), "skew.ok", {"version": "new"}, None, "is no version"),
    ((), "removed-apis.none", {"version": "1.38"}, None, "removed_apis is off"),
    ((), "source.current", {"source": "kubernetes"}, True, "is read"),
    ((), "source.current", {"source": "prometheus"}, None, "no Prometheus is configured"),
    ((), "source.current", {"source": "none"}, None, "there is no source none"),
    ((), "time.past", {"time": "2000-01-01"}, False, "is to come"),
    ((), "time.past", {"time": "1970-01-02 00:00"}, True, "is past"),
    ((), "time.past", {"time": "soon"}, None, "is no time"),
    ((DOWN,), "rule", {"rule": "workload.serves", "subject": "Deployment a/checkout"}, False, "checkout"),
    ((WELL,), "rule", {"rule": "workload.serves", "subject": "Deployment a/checkout"}, True, "checkout"),
    ((WELL,), "rule", {"rule": "workload.serves", "subject": "Deployment a/other"}, None, "says nothing of"),
    ((DOWN, stateful_set()), "rule", {"rule": "workload.serves"}, False, "1 of 2: "),
    ((node(),), "section", {"section": "nodes"}, True, "Nodes: 1 of 1 ready"),
    ((node(ready="False"),), "section", {"section": "nodes"}, False, "Nodes: 0 of 1 ready"),
    ((), "section", {"section": "nodes"}, None, "Nodes"),
]


@pytest.mark.parametrize(("objects", "id", "arguments", "passed", "sentence"), TABLE)
def test_what_it_says(
    objects: tuple[Any, ...], id: str, arguments: dict[str, str], passed: bool | None, sentence: str
) -> None:
    told = probe(of(*objects), id, **arguments)
    assert (told.passed, told.unknown is None) == (passed, passed is not None), told.sentence
    assert sentence in told.sentence


OF_KINDS = [row for row in TABLE if row[3] is not None and PROBES[row[1]].needs]


@pytest.mark.parametrize(("objects", "id", "arguments", "passed", "sentence"), OF_KINDS)
@pytest.mark.parametrize(
    "odd",
    [
        {"observed_at": NOW - 10_000},
        {"complete": False, "value": None},
        {"complete": False, "problem": FORBIDDEN},
        {"provisional": True},
        {"complete": False, "problem": GONE, "value": None, "observed_at": None},
    ],
)
def test_of_what_is_not_read_or_not_lately_nothing_is_known(
    objects: tuple[Any, ...],
    id: str,
    arguments: dict[str, str],
    passed: bool | None,
    sentence: str,
    odd: dict[str, Any],
) -> None:
    """Both ways: what would pass does not, and what would fail is not said to."""
    found = of(*objects)
    for kind in PROBES[id].needs & found.clusters[next(iter(found.clusters))].kinds.keys():
        found = seen(found, kind, **odd)
    told = probe(found, id, **arguments)
    assert told.passed is None and told.unknown is not None, told.sentence


def test_what_was_current_is_not_for_ever() -> None:
    """Half-open, and by the probe's own clock: an assessment that stands still keeps nothing green."""
    told = [
        probe(of(WELL), "workload.serving", now=NOW + after, **ITS).passed
        for after in (0, STALE_AFTER - 91, STALE_AFTER, 10_000)
    ]
    assert told == [True, True, None, None]


def test_a_part_is_not_all() -> None:
    part = seen(of(WELL), "Deployment", partial=True)
    assert probe(part, "workload.down").passed is None
    assert probe(seen(of(DOWN), "Deployment", partial=True), "workload.down").passed is True
    assert probe(part, "workload.serving", workload="Deployment b/other").passed is None
    assert probe(part, "workload.serving", workload="Deployment a/other").passed is False


def test_a_row_that_cannot_be_read_is_not_absent() -> None:
    odd = Unreadable(namespace="a", name="x", kind="Pod", cells=(), field="status")
    found = probe(of(odd), "pod.gone", pod="a/x")
    assert found.passed is None
    assert probe(seen(of(), "Pod", unreadable=1, problem=FORBIDDEN), "pod.gone", pod="a/x").passed is None


@pytest.mark.parametrize(("problem", "away", "here"), [(GONE, True, False), (FORBIDDEN, None, None)])
def test_an_api_server_that_refuses_us_is_not_away(
    problem: Any, away: bool | None, here: bool | None
) -> None:
    found = seen(of(), "", problem=problem)
    assert probe(found, "control-plane.away").passed is away
    assert probe(found, "control-plane.answers").passed is here


@pytest.mark.parametrize("id", ["workload.image", "release.complete"])
def test_what_a_rollout_runs_where_that_stands_elsewhere(id: str) -> None:
    """Of a template that is not there, or of a kind that is not read, nothing is known."""
    for objects in ((REFERS,), (msgspec.structs.replace(REFERS, workload_kind="PodTemplate"), WELL)):
        told = probe(of(*objects), id, **OF_THE_ROLLOUT, image="2.14.0")
        assert told.passed is None and "stands elsewhere" in told.sentence
    unread = seen(of(REFERS, WELL), "Deployment", complete=False, problem=FORBIDDEN)
    assert probe(unread, id, **OF_THE_ROLLOUT, image="9.9").unknown is UnknownKind.NO_PRIVILEGE


def test_whom_it_found_is_told() -> None:
    found = probe(of(DOWN), "workload.down")
    assert found.about == (Subject(of().clusters.copy().popitem()[0], "Deployment", "a", "checkout"),)


def test_every_probe_names_kinds_that_are_there() -> None:
    assert all(probe.needs <= KINDS.keys() for probe in PROBES.values())
    assert all(id == probe.id for id, probe in PROBES.items())


def test_a_line_is_quoted_for_a_shell() -> None:
    told = probe(of(running and pod()), "pod.gone", pod="a/x; rm -rf $HOME")
    assert "'x; rm -rf $HOME'" in told.line
    told = probe(of(), "pod.gone", pod="a/x\x1b[31m")
    assert "\x1b" not in told.line + told.sentence


def test_a_probe_that_is_not_there_or_goes_wrong_is_not_known() -> None:
    told = probe(of(), "no.such")
    assert (told.passed, told.unknown) == (None, UnknownKind.NOT_WATCHED)
