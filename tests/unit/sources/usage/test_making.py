"""What is put together of pods and nodes: whose a pod is, what is held against what, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec import structs

from tests.kinds import resources
from tests.unit.playbook.making import REF
from tests.unit.playbook.making import pod as pod_of
from tfdash.model.kube import Container, Job, Object, Owner, Pod, ReplicaSet
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture
from tfdash.model.usage import NodeMetrics, PodMetrics, Usage, measured_pod, usage_key
from tfdash.pieces import at_once
from tfdash.quantities import amounts, parse
from tfdash.sources.usage.making import UsageMade, UsageMaker
from tfdash.sources.usage.points import FINE

T0 = 1_800_000_000.0
POOLS = ("karpenter.sh/nodepool", "node.kubernetes.io/instance-type")


def holding(cpu: str | None = "1", memory: str | None = "1Gi", **more: Any) -> tuple[Container, ...]:
    said = {"cpu": cpu, "memory": memory, **more}
    return (Container("main", "i", resources(**{k: v for k, v in said.items() if v is not None})),)


def pod(name: str, owner: Owner | None = None, node: str = "n1", **over: Any) -> Pod:
    base = {"containers": holding(), "created": T0 - 900, "owner": owner, "node": node}
    return pod_of(name, **{**base, **over})


def measured(name: str, cpu: str = "500m", at: float = T0, namespace: str = "a") -> PodMetrics:
    used = (parse(cpu), parse("256Mi"))
    return measured_pod(namespace, name, at, 15.0, ("main",), used)


def node(name: str, **labels: str) -> Node:
    found = {"karpenter.sh/nodepool": "general", **labels}
    return Node(namespace="", name=name, labels=found, allocatable=amounts({"cpu": "4", "memory": "8Gi"}))


def of_node(name: str, cpu: str = "2") -> NodeMetrics:
    usage = amounts({"cpu": cpu, "memory": "2Gi"})
    return NodeMetrics(namespace="", name=name, at=T0, window=15.0, usage=usage)


def cluster(*objects: Object) -> ClusterPicture:
    kinds: dict[str, dict[Any, Object]] = {}
    for obj in objects:
        kinds.setdefault(obj.KIND, {})[obj.namespace, obj.name] = obj
    seen = {kind: Observation(value=found, complete=True) for kind, found in kinds.items()}
    return ClusterPicture(ref=REF, info=Observation(), kinds=seen)  # type: ignore[arg-type]  # plain tuples for keys


def made(*objects: Object, maker: UsageMaker | None = None, whole: bool = True) -> UsageMade:
    return at_once((maker or UsageMaker(POOLS)).make(cluster(*objects), 60.0, whole))


def one(told: UsageMade, of: str, namespace: str, name: str) -> Usage:
    found = told.objects[usage_key(of, namespace, name)]
    assert isinstance(found, Usage)
    return found


def said(found: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {name: value for name, value in found if name != "pods"}


RS = ReplicaSet(namespace="a", name="web-1", owner=Owner("Deployment", "web", "d"))
ROLLOUT = ReplicaSet(namespace="a", name="api-1", owner=Owner("Rollout", "api", "o"))
BARE = ReplicaSet(namespace="a", name="bare")
NIGHTLY = Job(namespace="a", name="nightly-1", owner=Owner("CronJob", "nightly", "c"))


@pytest.mark.parametrize(
    ("owner", "top"),
    [
        (None, ("Pod", "x")),
        (Owner("Node", "n1", "n"), ("Pod", "x")),
        (Owner("ReplicaSet", "web-1", "r"), ("Deployment", "web")),
        (Owner("ReplicaSet", "api-1", "r"), ("Rollout", "api")),
        (Owner("ReplicaSet", "bare", "r"), ("ReplicaSet", "bare")),
        (Owner("ReplicaSet", "gone", "r"), ("ReplicaSet", "gone")),
        (Owner("StatefulSet", "db", "s"), ("StatefulSet", "db")),
        (Owner("DaemonSet", "logs", "s"), ("DaemonSet", "logs")),
        (Owner("Job", "nightly-1", "j"), ("CronJob", "nightly")),
        (Owner("Job", "once", "j"), ("Job", "once")),
        (Owner("Cluster", "pg", "x"), ("Cluster", "pg")),
    ],
)
def test_a_pod_counts_for_whom_it_belongs_to_in_the_end(owner: Owner | None, top: tuple[str, str]) -> None:
    told = made(RS, ROLLOUT, BARE, NIGHTLY, pod("x", owner), measured("x"))
    assert one(told, top[0], "a", top[1]).measured == 1
    assert one(told, "Namespace", "", "a").measured == 1


def test_whose_a_pod_is_is_asked_again_until_it_is_known() -> None:
    maker, mine = UsageMaker(POOLS), pod("x", Owner("ReplicaSet", "web-1", "r"))
    assert usage_key("ReplicaSet", "a", "web-1") in made(mine, maker=maker).objects
    told = made(mine, RS, maker=maker)
    assert usage_key("Deployment", "a", "web") in told.objects
    assert (
        usage_key("ReplicaSet", "a", "web-1") in told.changed
        and usage_key("ReplicaSet", "a", "web-1") not in told.objects
    )


def test_like_is_held_against_like() -> None:
    """Requests of the measured pods alone; what all ask for stands beside, and what ended asks for nothing."""
    web = Owner("ReplicaSet", "web-1", "r")
    pods = [pod(n, web) for n in ("one", "two", "new")] + [pod("over", web, phase="Succeeded")]
    told = made(RS, *pods, measured("one"), measured("two", "250m"), measured("over"))
    found = one(told, "Deployment", "a", "web")
    assert (found.pods, found.measured) == (3, 2)
    assert said(found.used) == amounts_of({"cpu": "750m", "memory": "512Mi"})
    assert said(found.requests) == amounts_of({"cpu": "2", "memory": "2Gi"})
    assert said(found.asked) == amounts_of({"cpu": "3", "memory": "3Gi"})
    assert (told.pods, told.measured) == (3, 2)


def amounts_of(found: dict[str, str | int | float]) -> dict[str, int]:
    return dict(amounts(found))


@pytest.mark.parametrize(
    ("metrics", "why"),
    [
        ((), "not measured yet"),
        ((measured("x", at=T0 - 901),), "it was another pod of that name"),
        ((measured("x", at=T0 - 61), measured("y")), "old beside the newest"),
    ],
)
def test_what_is_not_measured_is_no_zero(metrics: tuple[PodMetrics, ...], why: str) -> None:
    found = one(made(pod("x"), *metrics), "Pod", "a", "x")
    assert (found.pods, found.measured, found.used, found.requests, len(found.points)) == (1, 0, (), (), 0), (
        why
    )


def test_three_windows_are_not_old_however_short_the_patience() -> None:
    """Where kubelets measure each minute, the last measurement is up to two of them old."""
    for age, pods in ((180, 1), (181, 0)):
        slow = measured_pod("a", "x", T0 - age, 60.0, ("main",), (parse("1"), parse("1Mi")))
        assert one(made(pod("x"), slow, pod("y"), measured("y")), "Pod", "a", "x").measured == pods


def test_what_comes_back_has_its_points_again_and_not_for_ever() -> None:
    maker, both = UsageMaker(POOLS), (pod("y"), measured("y"))
    made(pod("x"), measured("x"), *both, maker=maker)
    for later, points in ((900, 2), (916 + FINE, 1)):
        made(pod("y"), measured("y", at=T0 + later), maker=maker)
        again = made(pod("x"), measured("x", at=T0 + later + 15), maker=maker)
        assert len(one(again, "Pod", "a", "x").points) == points


def test_a_resource_of_which_a_container_says_nothing_is_not_added_up() -> None:
    silent = pod("silent", containers=holding(cpu=None, memory_limit="2Gi"))
    both = (*holding(), Container("beside", "i", resources(memory="1Gi")))
    init = (Container("init", "i", init=True), *holding(cpu_limit="2", memory_limit="2Gi"))
    told = made(
        silent,
        pod("half", containers=both),
        pod("started", containers=init),
        *map(measured, ("silent", "half", "started")),
    )
    found = one(told, "Namespace", "", "a")
    assert said(found.requests) == amounts_of({"memory": "4Gi"})
    assert found.without_request == (("cpu", 2),)
    assert found.without_limit == (("cpu", 2), ("memory", 1))
    assert one(told, "Pod", "a", "started").without_request == (), (
        "what only starts says nothing of what stays"
    )
    assert said(one(told, "Pod", "a", "started").limits) == amounts_of({"cpu": "2", "memory": "2Gi"})


def test_of_a_namespace_what_requests_nothing_is_kept_apart() -> None:
    """Its points are of the others alone, and of all again once all request it; a workload of its own is not judged by a part."""
    maker = UsageMaker(POOLS)
    silent = pod("silent", containers=holding(memory=None))
    found = one(made(silent, pod("x"), measured("silent"), measured("x"), maker=maker), "Namespace", "", "a")
    assert (found.silent, said(found.rest)) == (amounts({"memory": "256Mi"}), amounts_of({"memory": "1Gi"}))
    assert said(found.used) == amounts_of({"cpu": "1", "memory": "512Mi"}) and said(
        found.requests
    ) == amounts_of({"cpu": "2"})
    later = (measured("silent", at=T0 + 15), measured("x", at=T0 + 15))
    whole = one(made(pod("silent"), pod("x"), *later, maker=maker), "Namespace", "", "a")
    assert not whole.silent and not whole.rest
    size = 256.0 * 2**20
    assert [(p.cpu, p.memory, p.memory_request) for p in whole.points] == [
        (1.0, size, 4 * size),
        (1.0, 2 * size, 8 * size),
    ]
    alone = made(silent, measured("silent"))
    found = one(alone, "Namespace", "", "a")
    assert not found.silent and not found.rest and [p.memory for p in found.points] == [size]
    assert not one(alone, "Pod", "a", "silent").rest
    two = (silent, pod("other", containers=holding(memory=None)), pod("x"))
    found = one(made(*two, *(measured(p.name) for p in two)), "Namespace", "", "a")
    assert found.silent == amounts({"memory": "512Mi"}), "of each workload"


def test_of_nodes_pools_and_the_cluster_what_pods_use_and_what_nodes_say_are_apart() -> None:
    there = (
        node("n1"),
        node("n2"),
        node("n3", **{"karpenter.sh/nodepool": "", "node.kubernetes.io/instance-type": "c5"}),
    )
    pods = [pod("one"), pod("two", node="n2"), pod("three", node="n3"), pod("waits", node="")]
    told = made(*there, *pods, *map(measured, ("one", "two", "three")), of_node("n1"), of_node("n2", "1"))
    assert said(one(told, "Node", "", "n1").used) == amounts_of({"cpu": "2", "memory": "2Gi"})
    assert [(one(told, "Node", "", n).at, one(told, "Node", "", n).window) for n in ("n1", "n3")] == [
        (T0, 15.0),
        (0.0, 0.0),
    ]
    assert said(one(told, "Node", "", "n1").requests) == amounts_of({"cpu": "1", "memory": "1Gi"})
    general, every = one(told, "NodePool", "", "general"), one(told, "Cluster", "", "")
    assert said(general.used) == amounts_of({"cpu": "1", "memory": "512Mi"})
    assert said(general.nodes_used) == amounts_of({"cpu": "3", "memory": "4Gi"})
    assert said(general.allocatable) == amounts_of({"cpu": "8", "memory": "16Gi"})
    assert said(one(told, "NodePool", "", "c5").used) == amounts_of({"cpu": "500m", "memory": "256Mi"})
    assert one(told, "Node", "", "n3").used == () and one(told, "NodePool", "", "c5").nodes_used == ()
    assert (every.pods, every.measured, every.nodes_used) == (3, 3, ()), "one node says nothing"


def test_where_not_all_namespaces_are_read_nobody_counts_pods_on_nodes() -> None:
    told = made(node("n1"), pod("one"), measured("one"), of_node("n1"), whole=False)
    for of, name in (("Node", "n1"), ("NodePool", "general"), ("Cluster", "")):
        found = one(told, of, "", name)
        assert (found.pods, found.requests, found.asked) == (0, (), ())
    assert one(told, "Node", "", "n1").used and one(told, "Cluster", "", "").nodes_used
    assert one(told, "Namespace", "", "a").measured == 1


def test_what_was_measured_once_is_one_point_and_one_object() -> None:
    maker, everything = UsageMaker(POOLS), (pod("x"), pod("y"), measured("x"), measured("y", at=T0 - 10))
    first = made(*everything, maker=maker)
    again = made(*everything, maker=maker)
    assert first.changed == first.objects.keys() and not again.changed
    assert all(again.objects[key] is usage for key, usage in first.objects.items())
    later = made(*everything[:2], measured("x", at=T0 + 15), measured("y", at=T0 - 10), maker=maker)
    assert later.changed == {usage_key("Pod", "a", "x"), usage_key("Namespace", "", "a")}
    assert [p.at for p in one(later, "Pod", "a", "x").points] == [T0, T0 + 15]
    assert len(one(first, "Pod", "a", "x").points) == 1
    gone = made(pod("x"), measured("x", at=T0 + 15), maker=maker)
    assert usage_key("Pod", "a", "y") in gone.changed and one(gone, "Namespace", "", "a").pods == 1


@pytest.mark.parametrize(
    "odd",
    [
        measured_pod("a", "web-2", T0, 15.0, (), ()),
        measured_pod("a", "web-2", T0, 15.0, ("main",), (None, None)),
        measured_pod("a", "web-2", T0, 15.0, ("main", "side"), (parse("1"), parse("1Mi"), None, None)),
        measured("web-2", at=T0 + 3600),
    ],
)
def test_a_pod_of_which_nothing_is_said_or_by_a_clock_that_goes_wrong_is_not_measured(
    odd: PodMetrics,
) -> None:
    """Never 0, and what is measured well beside it stays so."""
    web = Owner("ReplicaSet", "web-1", "r")
    there = cluster(RS, pod("web-1", web), pod("web-2", web), measured("web-1"), odd)
    told = at_once(UsageMaker(POOLS).make(there, 60.0, True, until=T0 + 60))
    usage = one(told, "Deployment", "a", "web")
    assert (usage.pods, usage.measured, usage.at, told.at) == (2, 1, T0, T0)


def test_pods_that_come_and_go_while_nothing_is_measured_are_not_remembered() -> None:
    maker = UsageMaker(POOLS)
    for number in range(50):
        made(pod(f"run-{number}"), maker=maker)
    assert len(maker._series) <= 4


@pytest.mark.parametrize("at", [T0 - 3600, T0 + 3600])
def test_a_node_that_was_measured_long_before_the_others_or_later_than_now_is_not_measured(at: float) -> None:
    other = structs.replace(of_node("n2"), at=at)
    there = cluster(node("n1"), node("n2"), of_node("n1"), other)
    told = at_once(UsageMaker(POOLS).make(there, 60.0, True, until=T0 + 60))
    assert [bool(one(told, "Node", "", name).used) for name in ("n1", "n2")] == [True, False]


def test_a_kubelet_whose_clock_is_a_little_ahead_makes_nobody_elses_measurement_old() -> None:
    there = cluster(pod("x"), pod("ahead"), measured("x", at=T0 - 25), measured("ahead", at=T0 + 50))
    told = at_once(UsageMaker(POOLS).make(there, 60.0, True, until=T0 + 60))
    assert (told.pods, told.measured) == (2, 2)
