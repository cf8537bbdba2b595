"""What is used now and was in the minutes before: against the demo's Prometheus, which is held to the real one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator

import pytest
from aiohttp import web

from tests.unit.sources.prometheus.server import Fake, Ticking, serve_series
from tfdash.demo.prometheus.series import HeldSeries, Series
from tfdash.model.kube import ContainerStatus, Pod
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.subject import Key
from tfdash.model.usage import NodeMetrics, PodMetrics
from tfdash.quantities import NANO, amount
from tfdash.sources.prometheus.connecting import present_usage_for
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.sources.prometheus.usage.present import PresentReader, batches, began, times_of, whose_node
from tfdash.sources.usage.second import UsedThen

NOW = 1_800_000_000.0
EVERY = 30
MI = 2.0**20
NODES = (Node(namespace="", name="n1", internal_ip="10.0.0.1"), Node(namespace="", name="n2"))


class World(HeldSeries):
    """Twenty minutes until ten seconds ago."""

    def add(self, name: str, per_second: float | None, value: float = 0.0, **labels: str) -> None:
        """A counter that grows so much a second, or a gauge."""
        times = [round((NOW - 10 - EVERY * i) * 1000) for i in range(40, -1, -1)]
        counts = [value if per_second is None else per_second * at / 1000 for at in times]
        self.series.append(Series({"__name__": name, **labels}, times, counts))

    def pod(self, namespace: str, pod: str, cores: float, size: float, **labels: str) -> None:
        of = {"namespace": namespace, "pod": pod, "container": "main", **labels}
        self.add("container_cpu_usage_seconds_total", cores, **of)
        self.add("container_memory_working_set_bytes", None, size, **of)


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake() as running:
        yield running


def serving(server: Fake, world: World, longest: float = math.inf) -> None:
    serve_series(server, world, NOW, longest)


def reader(server: Fake) -> PresentReader:
    slots = asyncio.Semaphore(2)
    return present_usage_for(Connection(url=server.url), Options(), None, Ticking(NOW), slots)


def pod(name: str, age: float = 3600.0, namespace: str = "shop") -> Pod:
    return Pod(namespace=namespace, name=name, created=NOW - age)


async def moments(one: PresentReader, *pods: Pod, nodes: tuple[Node, ...] = ()) -> list[UsedThen]:
    found = await one.read({Key(p.namespace, p.name): p for p in pods}, nodes, NOW - 900, NOW)
    assert not isinstance(found, Problem), found
    return list(found)


def used(then: UsedThen, name: str) -> tuple[float, float] | None:
    found = then.pods.get(Key("shop", name))
    if not isinstance(found, PodMetrics):
        return None
    cpu, memory = (amount(found.usage, what) for what in ("cpu", "memory"))
    assert cpu is not None and memory is not None
    return round(cpu / NANO, 6), memory / NANO / MI


async def test_the_minutes_before_and_now_of_the_pods_that_are_there(server: Fake) -> None:
    world = World()
    world.pod("shop", "web", 0.5, 100 * MI, job="kubelet")
    world.pod("shop", "web", 0.5, 100 * MI, job="kubelet-again")  # scraped twice: counted once
    world.pod("shop", "web", 0.25, 20 * MI, container="side")
    world.pod("shop", "gone", 9.0, 900 * MI)
    world.pod("shop", "young", 0.5, 10 * MI)
    world.pod("other", "elsewhere", 1.0, MI)
    world.pod("shop", "half", 0.5, MI)
    world.add("container_memory_working_set_bytes", None, MI, namespace="shop", pod="half", container="c")
    serving(server, world)
    one = reader(server)
    found = await moments(one, pod("web"), pod("young", age=420.0), pod("half"), pod("unseen"))
    assert [round(NOW - 60 * i) for i in range(14, -1, -1)] == [round(at_of(m)) for m in found[:-1]] + [NOW]
    assert {used(then, "web") for then in found} == {(0.75, 120.0)}
    assert [used(then, "young") for then in found] == [None] * 12 + [(0.5, 10.0)] * 3, "after five minutes"
    assert not any(used(then, name) for then in found for name in ("gone", "half", "unseen"))
    newest = found[-1].pods[Key("shop", "web")]
    assert isinstance(newest, PodMetrics) and (newest.at, newest.window) == (NOW - 10, 300.0)
    assert one.cost.startswith("3 queries, ")


def at_of(then: UsedThen) -> float:
    found = then.pods[Key("shop", "web")]
    assert isinstance(found, PodMetrics)
    return found.at


async def test_too_much_at_once_is_asked_for_in_halves(server: Fake) -> None:
    world = World()
    for namespace in ("shop", "store"):
        world.pod(namespace, "web", 0.5, MI)
    pods = (pod("web"), pod("web", namespace="store"))
    serving(server, world)
    whole = await moments(reader(server), *pods)
    serving(server, world, longest=300.0)
    assert await moments(reader(server), *pods) == whole


@pytest.mark.parametrize(
    ("by", "labels", "whose"),
    [
        ("cadvisor", {"node": "n1", "instance": "10.9.9.9:10250"}, "n1"),
        ("cadvisor", {"instance": "n2"}, "n2"),
        ("exporter", {"instance": "10.0.0.1:9100"}, "n1"),
        ("exporter", {"instance": "10.7.7.7:9100"}, None),
    ],
)
async def test_nodes(server: Fake, by: str, labels: dict[str, str], whose: str | None) -> None:
    world = World()
    if by == "cadvisor":
        world.add("container_cpu_usage_seconds_total", 2.0, id="/", **labels)
        world.add("container_memory_working_set_bytes", None, 6 * MI, id="/", **labels)
    else:
        for cpu, mode, per in (("0", "user", 0.75), ("1", "system", 1.25), ("0", "idle", 0.1)):
            world.add("node_cpu_seconds_total", per, cpu=cpu, mode=mode, **labels)
        world.add("node_memory_MemTotal_bytes", None, 10 * MI, **labels)
        world.add("node_memory_MemAvailable_bytes", None, 4 * MI, **labels)
    serving(server, world)
    then = (await moments(reader(server), nodes=NODES))[-1]
    told = {}
    for key, found in then.nodes.items():
        assert isinstance(found, NodeMetrics)
        told[key.name] = tuple(round(value / NANO, 6) for _, value in found.usage)
    assert told == ({whose: (2.0, 6 * MI)} if whose else {})


async def test_what_the_kubelet_says_of_a_node_goes_before_the_exporter(server: Fake) -> None:
    world = World()
    world.add("container_cpu_usage_seconds_total", 2.0, id="/", node="n1")
    world.add("container_memory_working_set_bytes", None, 6 * MI, id="/", node="n1")
    for name in ("n1", "n2"):
        world.add("node_cpu_seconds_total", 1.0, cpu="0", mode="user", node=name)
        world.add("node_memory_MemTotal_bytes", None, 10 * MI, node=name)
        world.add("node_memory_MemAvailable_bytes", None, 9 * MI, node=name)
    serving(server, world)
    then = (await moments(reader(server), nodes=NODES))[-1]
    told = {
        key.name: amount(found.usage, "memory")
        for key, found in then.nodes.items()
        if isinstance(found, NodeMetrics)
    }
    assert told == {"n1": 6 * MI * NANO, "n2": MI * NANO}


async def test_what_fails_is_told(server: Fake) -> None:
    server.fail = lambda request: web.Response(status=503, text="no")
    one = reader(server)
    found = await one.read({Key("shop", "web"): pod("web")}, (), NOW - 900, NOW)
    assert isinstance(found, Problem) and found.kind is ProblemKind.SERVER_ERROR
    assert isinstance(await one.names(), Problem)


async def test_which_names_there_are(server: Fake) -> None:
    world = World()
    world.pod("shop", "web", 0.5, MI)
    serving(server, world)
    found = await reader(server).names()
    assert not isinstance(found, Problem)
    assert found["container_cpu_usage_seconds_total"] == 1 and found["kube_pod_owner"] == 0


@pytest.mark.parametrize(
    ("since", "until", "times"),
    [(0.0, 180.0, [60, 120, 180]), (0.0, 190.0, [10, 70, 130, 190]), (100.0, 130.0, [130]), (90.0, 90.0, [90])],
)  # fmt: skip
def test_times_after_what_is_known(since: float, until: float, times: list[float]) -> None:
    assert times_of(since, until) == times


def test_namespaces_are_asked_for_together_up_to_so_many_pods() -> None:
    keys = [
        Key(name, str(i))
        for name, count in {"a": 600, "b": 399, "c": 2, "d": 5000}.items()
        for i in range(count)
    ]
    assert batches(keys) == [["a", "b"], ["c"], ["d"]]


def test_a_node_is_told_by_its_name_or_its_address() -> None:
    whose = whose_node((*NODES, Node(namespace="", name="n3", internal_ip="fd00::1")), ("node", "instance"))
    told = [
        whose(labels) for labels in ({"node": "x", "instance": "n2:9100"}, {"instance": "[fd00::1]:9100"}, {})
    ]
    assert told == [Key("", "n2"), Key("", "n3"), None]


@pytest.mark.parametrize(
    ("statuses", "at"),
    [
        ((), 100.0),
        ((ContainerStatus("c", state="running", since=160.0),), 160.0),  # its image was pulled first
        ((ContainerStatus("c", state="running", since=900.0, restarts=1),), 100.0),  # it ran before
        ((ContainerStatus("i", init=True, state="running", since=900.0),), 100.0),
    ],
)
def test_from_when_on_a_pod_runs(statuses: tuple[ContainerStatus, ...], at: float) -> None:
    assert began(Pod(namespace="a", name="b", created=100.0, statuses=statuses)) == at
