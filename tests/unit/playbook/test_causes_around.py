"""Causes around the pods at their edges: what refuses them, the scheduler, volumes, nodes, kubelets, gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.playbook.making import (
    NOW,
    Told,
    condition,
    daemon_set,
    deployment,
    event,
    pod,
    replica_set,
    running,
    stateful_set,
    told,
    waiting,
)
from tfdash.model.kube import ContainerStatus, Object, Pod
from tfdash.model.kubecluster import Event
from tfdash.model.workload import CauseCode
from tfdash.playbook.policy import default_policy
from tfdash.playbook.serving.causes import (
    creation,
    kubelet,
    placement,
)
from tfdash.playbook.serving.causes.finding import Finding
from tfdash.playbook.serving.links import Links

POLICY = default_policy()
GRACE = POLICY.ready_grace
LATE = running(ready=False)
QUOTA = "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"
FULL = "quota small is full: requested pods=1, used pods=2, limited pods=2"


def failure(message: str, status: str = "True") -> Any:
    return condition("ReplicaFailure", status, "FailedCreate", message)


@pytest.mark.parametrize(
    ("message", "code", "sentence"),
    [
        (QUOTA, CauseCode.QUOTA, FULL),
        (
            'admission webhook "g.example.com" denied the request: no: latest tag',
            CauseCode.ADMISSION,
            "admission g.example.com refused the pods: latest tag",
        ),
        (
            'failed calling webhook "g.example.com": refused',
            CauseCode.ADMISSION,
            "admission g.example.com did not answer: refused",
        ),
        (
            "ValidatingAdmissionPolicy 'p.example.com' with binding 'b' denied request: too big",
            CauseCode.ADMISSION,
            "admission p.example.com refused the pods: too big",
        ),
        ("forbidden: error", CauseCode.CREATE, "pods cannot be created: forbidden: error"),
    ],
)
def test_what_refuses_pods(message: str, code: CauseCode, sentence: str) -> None:
    failing = replica_set(conditions=(failure(message),))
    assert told(creation.refused(deployment(), Links(replica_sets=(failing,)))) == [
        (code, sentence, ["checkout-1"])
    ]


@pytest.mark.parametrize(
    ("workload", "links", "names"),
    [
        (deployment(conditions=(failure(QUOTA),)), Links(), ["checkout"]),
        (
            deployment(conditions=(failure(QUOTA),)),
            Links(replica_sets=(replica_set(conditions=(failure(QUOTA, "False"),)),)),
            ["checkout"],
        ),
        (deployment(conditions=(failure(QUOTA, "False"),)), Links(), []),
        # kinds without the condition: the newest event of the workload or its newest ReplicaSet, while pods are missing
        (
            stateful_set(),
            Links(
                events=(
                    event("FailedCreate", "old", uid="s", at=NOW - 9, name="old"),
                    event("FailedCreate", QUOTA, uid="s", name="new"),
                    event("FailedMount", "x", uid="s", at=NOW + 1, name="mount"),
                    event("FailedCreate", "x", uid="other", at=NOW + 1, name="other"),
                )
            ),
            ["new"],
        ),
        (deployment(), Links((), (replica_set(),), (event("FailedCreate", QUOTA, uid="r"),)), ["e"]),
        (daemon_set(), Links(events=(event("FailedCreate", QUOTA, uid="n"),)), ["e"]),
        (
            stateful_set(desired=2),
            Links((pod("a"), pod("b")), events=(event("FailedCreate", QUOTA, uid="s"),)),
            [],
        ),
        (
            stateful_set(desired=3),
            Links((pod("a"), pod("b")), events=(event("FailedCreate", QUOTA, uid="s"),)),
            ["e"],
        ),
        (stateful_set(), Links(events=()), []),
    ],
)
def test_who_says_that_pods_are_refused(workload: Object, links: Links, names: list[str]) -> None:
    expected = [(CauseCode.QUOTA, FULL, names)] if names else []
    assert told(creation.refused(workload, links)) == expected


def scheduled(message: str, reason: str = "Unschedulable", name: str = "p", **more: Any) -> Pod:
    return pod(name, conditions=(condition("PodScheduled", "False", reason, message),), **more)


UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: x"
AFFINITY = "0/3 nodes are available: 2 node(s) had volume node affinity conflict, 1 Insufficient cpu."


@pytest.mark.parametrize(
    ("pods", "findings"),
    [
        (
            [
                scheduled(
                    "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had taint {a}. preemption: no"
                )
            ],
            [
                (
                    CauseCode.UNSCHEDULABLE,
                    "1 pod unschedulable, 0 of 5 nodes fit: 3 had taint {a}, 2 Insufficient cpu",
                    ["p"],
                )
            ],
        ),
        (
            [scheduled("no nodes"), scheduled("x", name="q")],
            [(CauseCode.UNSCHEDULABLE, "2 pods unschedulable, no nodes", ["p", "q"])],
        ),
        ([scheduled("")], [(CauseCode.UNSCHEDULABLE, "1 pod unschedulable, no message", ["p"])]),
        ([scheduled("", reason="SchedulingGated"), pod("p")], []),
        # about volumes: only where it has claims
        ([scheduled(UNBOUND, claims=("data",))], []),
        (
            [scheduled(AFFINITY)],
            [
                (
                    CauseCode.UNSCHEDULABLE,
                    "1 pod unschedulable, 0 of 3 nodes fit: 2 had volume node affinity conflict, 1 Insufficient cpu",
                    ["p"],
                )
            ],
        ),
        (
            [scheduled("0/1 nodes are available: 1 Insufficient cpu.", claims=("data",))],
            [(CauseCode.UNSCHEDULABLE, "1 pod unschedulable, 0 of 1 nodes fit: 1 Insufficient cpu", ["p"])],
        ),
    ],
)
def test_unschedulable(pods: Sequence[Pod], findings: list[Told]) -> None:
    assert told(placement.unschedulable(pods)) == findings


MOUNT = (
    event("FailedMount", "old", at=NOW - 9),
    event("FailedAttachVolume", "new", about="q", at=NOW - 1),
    event("FailedMount", "x", about="other"),
    event("Pulled", "x"),
)
PENDING = [pod("p", phase="Pending"), pod("q", phase="Pending"), pod("other")]


@pytest.mark.parametrize(
    ("pods", "events", "findings"),
    [
        (
            [scheduled(UNBOUND, claims=("data",)), scheduled(UNBOUND, claims=("data", "log"), name="q")],
            MOUNT,
            [
                (
                    CauseCode.VOLUME,
                    "2 pods wait for claim data, log: pod has unbound immediate PersistentVolumeClaims",
                    ["p", "q"],
                )
            ],
        ),
        (
            [scheduled(AFFINITY, claims=("data",))],
            (),
            [(CauseCode.VOLUME, "1 pod wait for claim data: had volume node affinity conflict", ["p"])],
        ),
        (
            [scheduled('persistentvolumeclaim "x" not found', claims=("x",))],
            (),
            [(CauseCode.VOLUME, '1 pod wait for claim x: persistentvolumeclaim "x" not found', ["p"])],
        ),
        ([scheduled(UNBOUND)], (), []),
        (PENDING, MOUNT, [(CauseCode.VOLUME, "FailedAttachVolume: new", ["p", "q"])]),
        (PENDING[:1], MOUNT, [(CauseCode.VOLUME, "FailedMount: old", ["p"])]),
        (PENDING, (), []),
    ],
)
def test_volumes(pods: Sequence[Pod], events: tuple[Event, ...], findings: list[Told]) -> None:
    assert told(placement.volumes(pods, Links(events=events))) == findings


def test_gates() -> None:
    held = pod("p", scheduling_gates=("x/quota",), node="")
    two = pod("q", scheduling_gates=("x/quota", "y/topology"), node="")
    assert told(placement.gated([held, two, pod("r", node="")])) == [
        (
            CauseCode.GATED,
            "2 pods held back by scheduling gate x/quota, y/topology: who set it must take it away",
            ["p", "q"],
        )
    ]
    assert told(placement.gated([pod("p", scheduling_gates=("x",)), pod("q", node="")])) == []


UNREADY = condition("Ready", "False")
READY_SIDE = ContainerStatus("main", state="running", ready=True)


@pytest.mark.parametrize(
    ("one", "lost"),
    [
        (pod("p", reason="NodeLost"), True),
        (pod("p", conditions=(condition("Ready", "False", "NodeNotReady"),)), True),
        (pod("p", conditions=(condition("Ready", "Unknown", "NodeStatusUnknown"),)), True),
        (pod("p", conditions=(condition("Ready", "True", "NodeNotReady"),)), False),
        (pod("p", conditions=(condition("Ready", "False", "ContainersNotReady"),)), False),
        (pod("p", conditions=(condition("Other", "False", "NodeNotReady"),)), False),
        # the node lifecycle controller marks it without a reason, and leaves its containers as they were
        (pod("p", READY_SIDE, conditions=(UNREADY,)), True),
        (pod("p", READY_SIDE, running(ready=False), conditions=(UNREADY,)), False),
        (
            pod("p", READY_SIDE, ContainerStatus("i", init=True, state="terminated"), conditions=(UNREADY,)),
            True,
        ),
        (pod("p", READY_SIDE, conditions=(UNREADY,), phase="Pending"), False),
        (pod("p", conditions=(UNREADY,)), False),
        (pod("p", READY_SIDE, conditions=(condition("Ready", "True"),)), False),
        (pod("p", READY_SIDE), False),
    ],
)
def test_lost_nodes(one: Pod, lost: bool) -> None:
    expected = [Finding(CauseCode.NODE_LOST, "1 pod on lost node node-1", (one,), "node-1")] if lost else []
    assert list(placement.lost_nodes([one, pod("fine", running())])) == expected


def test_two_lost_nodes_are_no_one_origin() -> None:
    pods = [pod(n, reason="NodeLost", node=n) for n in ("n1", "n2", "n1")]
    assert list(placement.lost_nodes(pods)) == [
        Finding(CauseCode.NODE_LOST, "3 pods on lost node n1, n2", tuple(pods))
    ]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (pod("p", phase="Failed", reason="Evicted", message="low memory"), "evicted: low memory"),
        (pod("p", phase="Failed", reason="Preempting"), "preempting"),
        (pod("p", phase="Failed", reason="Terminated"), "terminated"),
        (pod("p", phase="Failed", reason="Error"), None),
        (pod("p", phase="Running", reason="Evicted"), None),
        (
            pod("p", phase="Failed", reason="OutOfcpu", message="no room"),
            "refused by the kubelet of node-1, OutOfcpu: no room",
        ),
        (
            pod("p", phase="Failed", reason="NodeAffinity"),
            "refused by the kubelet of node-1, NodeAffinity",
        ),
        (pod("p", phase="Failed", reason="Evicted", created=NOW - POLICY.oom_window + 1), "evicted"),
        (pod("p", phase="Failed", reason="Evicted", created=NOW - POLICY.oom_window), None),
        (
            pod(
                "p",
                phase="Failed",
                reason="Evicted",
                created=NOW - POLICY.oom_window,
                conditions=(condition("Ready", "False"),),
            ),
            "evicted",
        ),
        (  # by the last of what it tells
            pod(
                "p",
                phase="Failed",
                reason="Evicted",
                created=1.0,
                conditions=(condition("Ready", "False"), condition("X", "False", since=2.0)),
            ),
            "evicted",
        ),
    ],
)
def test_ended_from_without(one: Pod, said: str | None) -> None:
    expected = [] if said is None else [(CauseCode.EVICTED, f"1 pod {said}", ["p"])]
    assert told(placement.ended_from_without([one], POLICY, NOW)) == expected


NEWBORN: dict[str, Any] = {"phase": "Pending", "created": NOW - GRACE}


@pytest.mark.parametrize("reason", ["FailedCreatePodSandBox", "FailedPodSandBoxStatus"])
def test_sandboxes(reason: str) -> None:
    pods = [pod(n, node=f"n-{n}", **NEWBORN) for n in "pq"]
    busy = pod("busy", running(), **NEWBORN)
    events = [
        event(reason, "new", at=NOW - 1),
        event(reason, "old", about="q", at=NOW - 9),
        event(reason, "x", about="busy"),
        event("Pulling", "x"),
    ]
    assert told(kubelet.sandboxes([*pods, busy], Links(events=events))) == [
        (CauseCode.SANDBOX, "no sandbox for 2 pods on n-p, n-q: new", ["p", "q"])
    ]
    assert told(kubelet.sandboxes([busy], Links(events=events))) == []
    assert told(kubelet.sandboxes(pods, Links(events=events[2:]))) == []


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (pod("p", **NEWBORN), True),
        (pod("p", phase="Pending", created=NOW - GRACE + 1), False),
        (pod("p", node="", **NEWBORN), False),
        (pod("p", phase="Running", created=NOW - GRACE), False),
        (pod("p", waiting("ContainerCreating"), **NEWBORN), False),
        (pod("p", started=NOW - 9, **NEWBORN), False),
    ],
)
def test_a_silent_kubelet(one: Pod, found: bool) -> None:
    sentence = "1 pod scheduled, but the kubelet of node-1 has not taken it up: is it alive?"
    expected = [(CauseCode.KUBELET, sentence, ["p"])] if found else []
    assert told(kubelet.silent([one], POLICY, NOW)) == expected
    if found:
        [two] = kubelet.silent([one, pod("q", node="n2", **NEWBORN)], POLICY, NOW)
        assert two.sentence == (
            "2 pods scheduled, but the kubelet of node-1, n2 has not taken them up: is it alive?"
        )


@pytest.mark.parametrize(
    ("one", "reason", "found"),
    [
        (pod("p", waiting("ContainerCreating"), **NEWBORN), "Pulling", True),
        (pod("p", waiting("ContainerCreating"), **NEWBORN), "FailedMount", False),  # a cause of its own
        (pod("p", waiting("ContainerCreating"), **NEWBORN), "FailedAttachVolume", False),
        (pod("p", waiting("ContainerCreating"), **{**NEWBORN, "created": NOW - GRACE + 1}), "", False),
        (pod("p", waiting("ContainerCreating"), **NEWBORN, started=NOW - GRACE + 1), "", False),
        (pod("p", waiting("ErrImagePull"), **NEWBORN), "", False),
        (pod("p", waiting("PodInitializing"), waiting("ErrImagePull", init=True), **NEWBORN), "", False),
        (pod("p", **NEWBORN), "", False),  # not taken up at all
    ],
)
def test_containers_that_are_not_made(one: Pod, reason: str, found: bool) -> None:
    seen = told(kubelet.uncreated([one], Links(events=[event(reason, "x")]), POLICY, NOW))
    sentence = "1 pod on node-1 without a container made in "
    assert [(code, text.startswith(sentence)) for code, text, _ in seen] == [
        (CauseCode.KUBELET, True)
    ] * found


GATE = {"readiness_gates": ("lb/ok", "mesh/ok")}
NOT_GATED = condition("Ready", "False", "ReadinessGatesNotReady")


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (pod("p", conditions=(NOT_GATED,), **GATE), "lb/ok, mesh/ok, which another controller must set"),
        # those that are not True, be it that nobody set them; and why, of the first that says so
        (
            pod("p", conditions=(NOT_GATED, condition("mesh/ok", "False", "", "no  backend")), **GATE),
            "lb/ok, mesh/ok, which another controller must set: no backend",
        ),
        (
            pod("p", conditions=(NOT_GATED, condition("lb/ok", "True", "", "in use")), **GATE),
            "mesh/ok, which another controller must set",
        ),
        (
            pod(
                "p",
                conditions=(
                    NOT_GATED,
                    condition("mesh/ok", "Unknown", "", "b"),
                    condition("lb/ok", "False", "", "a"),
                ),
                **GATE,
            ),
            "lb/ok, mesh/ok, which another controller must set: a",
        ),
        (pod("p", conditions=(NOT_GATED,)), None),
        (pod("p", **GATE), None),
        (pod("p", conditions=(condition("Ready", "True", "ReadinessGatesNotReady"),), **GATE), None),
        # an older kubelet gives no such reason: then its containers tell
        (
            pod("p", READY_SIDE, conditions=(UNREADY,), **GATE),
            "lb/ok, mesh/ok, which another controller must set",
        ),
        (pod("p", READY_SIDE, LATE, conditions=(UNREADY,), **GATE), None),
        (pod("p", conditions=(UNREADY,), **GATE), None),
        (
            pod("p", READY_SIDE, ContainerStatus("i", init=True), conditions=(UNREADY,), **GATE),
            "lb/ok, mesh/ok, which another controller must set",
        ),
    ],
)
def test_readiness_gates(one: Pod, said: str | None) -> None:
    expected = (
        []
        if said is None
        else [(CauseCode.READINESS_GATE, f"1 pod ready but for readiness gate {said}", ["p"])]
    )
    assert told(kubelet.readiness_gates([one])) == expected
