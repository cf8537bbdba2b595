"""What pods and nodes use, by a real Prometheus, with promtool for a witness; and by one that refuses so many samples at once."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.platform.harness.prometheus import Prometheus
from tfdash.clock import FixedClock
from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Problem
from tfdash.model.subject import Key
from tfdash.model.usage import NodeMetrics, PodMetrics
from tfdash.quantities import NANO, amount
from tfdash.sources.prometheus.connecting import present_usage_for
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.sources.usage.second import UsedThen

pytestmark = pytest.mark.platform
Start = Callable[..., Prometheus]
END = 1_790_001_200
NOW = float(END + 7)
PODS = [(space, f"web-{n}") for space in ("shop", "store") for n in range(3)]
NODES = (
    Node(namespace="", name="n1", internal_ip="10.0.0.1"),
    Node(namespace="", name="n2", internal_ip="10.0.0.2"),
)


def families() -> dict[str, tuple[str, dict[str, list[tuple[int, float]]]]]:
    """By name: type, and by labels the samples: each fifteen seconds for twenty minutes, uneven, one with a restart, one that ended."""
    times = list(range(END - 1200, END + 1, 15))
    cpu: dict[str, list[tuple[int, float]]] = {}
    memory: dict[str, list[tuple[int, float]]] = {}
    for number, (space, pod) in enumerate(PODS):
        for container in ("main", "side"):
            labels = f'namespace="{space}",pod="{pod}",container="{container}"'
            total, counts = 0.0, []
            for i, at in enumerate(times):
                total = 0.0 if (number, i) == (1, 40) else total + 0.1 * ((i * 7 + number) % 5)
                counts.append((at, total))
            held = [(at, float(2**20 * (50 + (i + number) % 9))) for i, at in enumerate(times)]
            keep = slice(0, 30) if (number, container) == (2, "main") else slice(None)
            cpu[labels], memory[labels] = counts[keep], held[keep]
            again = f'{labels},job="twice"'
            cpu[again], memory[again] = cpu[labels], memory[labels]
    cpu['id="/",node="n1"'] = [(at, 2.5 * i) for i, at in enumerate(times)]
    memory['id="/",node="n1"'] = [(at, 2.0**30) for at in times]
    there = 'instance="10.0.0.2:9100"'
    busy = {
        f'{there},cpu="{c}",mode="{m}"': [(at, 3.0 * i) for i, at in enumerate(times)]
        for c in "01"
        for m in ("user", "idle")
    }
    return {
        "container_cpu_usage_seconds_total": ("counter", cpu),
        "container_memory_working_set_bytes": ("gauge", memory),
        "node_cpu_seconds_total": ("counter", busy),
        "node_memory_MemTotal_bytes": ("gauge", {there: [(at, 8.0 * 2**30) for at in times]}),
        "node_memory_MemAvailable_bytes": ("gauge", {there: [(at, 3.0 * 2**30) for at in times]}),
    }  # fmt: skip


def openmetrics() -> str:
    lines = []
    for name, (kind, series) in families().items():
        lines.append(f"# TYPE {name.removesuffix('_total')} {kind}")
        lines += [f"{name}{{{labels}}} {v!r} {at}" for labels, held in series.items() for at, v in held]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def server(prometheus: Start) -> Prometheus:
    return prometheus(openmetrics=openmetrics())


def asked(server: Prometheus) -> tuple[list[UsedThen], int]:
    """The moments, and after how many queries."""
    one = present_usage_for(
        Connection(url=server.url), Options(), None, FixedClock(NOW), asyncio.Semaphore(2)
    )
    pods = {Key(space, pod): Pod(namespace=space, name=pod, created=NOW - 5000) for space, pod in PODS}
    found = asyncio.run(one.read(pods, NODES, NOW - 900, NOW))
    assert not isinstance(found, Problem), found
    return list(found), int(one.cost.partition(" ")[0])


def moments(server: Prometheus) -> list[UsedThen]:
    return asked(server)[0]


def witness(server: Prometheus, query: str) -> dict[float, dict[tuple[str, str, str], float]]:
    """By time and (namespace, pod, container), as promtool prints it."""
    tool = str(server.binaries / "promtool")
    argv = [tool, "query", "range", f"--start={NOW - 840}", f"--end={NOW}", "--step=60s", "-o", "json"]
    done = subprocess.run([*argv, server.url, query], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: dict[float, dict[tuple[str, str, str], float]] = {}
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    for row in rows:
        of = row["metric"]
        key = (of.get("namespace", ""), of.get("pod", ""), of.get("container", ""))
        for at, value in row["values"]:
            found.setdefault(float(at), {})[key] = float(value)
    return found


def test_each_minute_is_what_promtool_says_of_the_containers_added_up(server: Prometheus) -> None:
    cpu = witness(server, 'rate(container_cpu_usage_seconds_total{container!="",job=""}[5m])')
    memory = witness(server, 'container_memory_working_set_bytes{container!="",job=""}')
    found = moments(server)
    assert len(found) == 15 and len(cpu) == 15
    for number, then in enumerate(found):
        at = NOW - 60 * (14 - number)
        for space, pod in PODS:
            mine = then.pods.get(Key(space, pod))
            wanted = [
                sum(v for (s, p, _), v in by[at].items() if (s, p) == (space, pod)) for by in (cpu, memory)
            ]
            if any(key not in cpu[at] for key in memory[at] if key[:2] == (space, pod)):
                assert mine is None, "a container without a rate: the pod uses more than the others say"
                continue
            assert isinstance(mine, PodMetrics), (at, pod)
            told = [(amount(mine.usage, name) or 0) / NANO for name in ("cpu", "memory")]
            assert told == pytest.approx(wanted, rel=1e-6), (at, pod)
    ages = {m.at for m in found[-1].pods.values() if isinstance(m, PodMetrics)}
    assert ages == {float(END)}, "as old as the sample"


def test_nodes_by_cadvisor_or_node_exporter(server: Prometheus) -> None:
    told = {}
    for key, found in moments(server)[-1].nodes.items():
        assert isinstance(found, NodeMetrics)
        told[key.name] = [value / NANO for _, value in found.usage]
    assert told["n1"] == pytest.approx([2.5 / 15, 2**30])
    assert told["n2"] == pytest.approx([2 * 3.0 / 15, 5 * 2**30])


def test_a_server_that_refuses_so_many_samples_is_asked_for_less(
    prometheus: Start, server: Prometheus
) -> None:
    small = prometheus(openmetrics=openmetrics(), flags=("--query.max-samples=50",))
    (whole, few), (parts, many) = asked(server), asked(small)
    assert parts == whole and many > few
