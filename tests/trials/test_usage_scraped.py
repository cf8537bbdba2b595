"""A real Prometheus that scrapes KWOK's usage and the real kube-state-metrics: what is used, asked for and whose it is, is PromQL's.

Where metrics-server is away it tells what it told.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.platform import world
from tests.platform.boards import LONG, objects
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.kube_state_metrics import KubeStateMetrics
from tests.platform.harness.prometheus import Prometheus
from tests.platform.test_platform import REF
from tests.unit.sources.prometheus.server import Board as Stub
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.cli.compose import board_of, clock_of
from tfdash.clock import FixedClock
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.model.kinds import JUDGED
from tfdash.model.observation import Observation
from tfdash.model.picture import Objects, Picture
from tfdash.model.subject import ClusterRef
from tfdash.model.usage import Usage, UsageHistory, usage_key
from tfdash.quantities import NANO, amount
from tfdash.sources.base import ALL
from tfdash.sources.prometheus.connecting import usage_history_for
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.sources.prometheus.usage.options import UsageSeries
from tfdash.sources.prometheus.usage.queries import coarse
from tfdash.sources.prometheus.usage.source import Windows

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1500)]
SPACE = "tf-scraped"
NODES = ("scraped-0", "scraped-1")
TAINT = {"key": "tfdash.test/scraped", "effect": "NoSchedule"}
POOL = {"tfdash.test/pool": "scraped"}
WINDOW = 600.0
"""Seconds: CPU by Prometheus is a mean of five minutes, which a pod must have run."""
SCRAPED = """
global: {{scrape_interval: 5s, scrape_timeout: 4s}}
scrape_configs:
- job_name: kube-state-metrics
  honor_labels: true
  static_configs: [{{targets: ["{told}"]}}]
"""
KUBELET = """
- job_name: {node}
  scheme: https
  tls_config: {{insecure_skip_verify: true}}
  metrics_path: /metrics/nodes/{node}/metrics/resource
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
CONFIG = """
default_environment = "test"
[[environments.test.clusters]]
name = "test"
kubeconfig = "{kubeconfig}"
[environments.test.clusters.prometheus]
url = "{url}"
[store]
path = "{folder}/store"
"""


class Scraped(NamedTuple):
    cluster: Cluster
    server: Prometheus
    board: Board


def workload(name: str, replicas: int, cpu: str, memory: str, *more: str) -> dict[str, object]:
    """``more``: containers beside main; each of them asks for as much, and uses as much."""
    resources = {"requests": {"cpu": "125m", "memory": "70M"}, "limits": {"memory": "90M"}}
    containers = [
        {"name": c, "image": f"registry.example.com/{c}:1", "resources": resources} for c in ("main", *more)
    ]
    pod = {"containers": containers, "nodeSelector": POOL, "tolerations": [TAINT]}
    made = world.deployment(name, SPACE, replicas, pod=pod)
    made["spec"]["template"]["metadata"]["annotations"] = {
        "kwok.x-k8s.io/usage-cpu": cpu,
        "kwok.x-k8s.io/usage-memory": memory,
    }
    return made


@pytest.fixture(scope="module")
def scraped(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    world.add_namespaces(cluster, SPACE)
    nodes = [{**world.node(name, **POOL), "spec": {"taints": [TAINT]}} for name in NODES]
    world.create(cluster, "/api/v1/nodes", *nodes)
    apps = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
    made = [workload("one", 3, "87m", "43Mi"), workload("two", 2, "31m", "12345Ki", "proxy")]
    world.create(cluster, apps, *made)
    folder: Path = tmp_path_factory.mktemp("scraped")
    with KubeStateMetrics(cluster) as told:
        config = SCRAPED.format(told=told.address)
        config += "".join(KUBELET.format(node=node, port=cluster.ports["kwok"]) for node in NODES)
        with Prometheus(config) as server:
            file = folder / "config.toml"
            file.write_text(CONFIG.format(kubeconfig=cluster.kubeconfig(), url=server.url, folder=folder))
            quick = load_quick(str(file))
            settings = load(quick.path)
            board, _ = board_of(quick, settings, clock_of(quick), remembering=True, others=True)
            board.want("test", dict.fromkeys(JUDGED, ALL))
            board.start()
            yield Scraped(cluster, server, board)
            board.stop()
    cluster.kubectl("delete", "namespace", SPACE, "--wait=false")


def asked(server: Prometheus, query: str) -> dict[str, float]:
    """By the value of the one label that is left; "" where none is."""
    with urllib.request.urlopen(
        f"{server.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}", timeout=30
    ) as answer:
        found = json.load(answer)["data"]["result"]
    return {next(iter(r["metric"].values()), ""): float(r["value"][1]) for r in found}


def of_workload(query: str) -> str:
    """Its sum over the pods of each Deployment, by the owners that kube-state-metrics tells."""
    sets = f'max by (pod,replicaset) (label_replace(kube_pod_owner{{namespace="{SPACE}"}},"replicaset","$1","owner_name","(.*)"))'
    above = f'max by (replicaset,owner_name) (kube_replicaset_owner{{namespace="{SPACE}"}})'
    owned = f"{sets} * on (replicaset) group_left (owner_name) {above}"
    return f"sum by (owner_name) (sum by (pod) ({query}) * on (pod) group_left (owner_name) ({owned}))"


USED = {
    "cpu": f'rate(container_cpu_usage_seconds_total{{namespace="{SPACE}"}}[2m])',
    "memory": f'container_memory_working_set_bytes{{namespace="{SPACE}"}}',
}


def use(board: Board, of: str, namespace: str, name: str) -> Usage | None:
    return objects(board, Usage).get(usage_key(of, namespace, name))


def deployments(board: Board, source: str) -> dict[str, Usage]:
    """Wholly measured, as this source tells."""
    found = {n: use(board, "Deployment", SPACE, n) for n in ("one", "two")}
    return {
        n: u
        for n, u in found.items()
        if u is not None
        and u.source.startswith(source)
        and 0 < u.pods == u.measured
        and amount(u.used, "cpu")
    }


def as_promql_has_it(scraped: Scraped, source: str) -> list[str]:
    """What differs of what both workloads use: memory is the same to the byte, CPU within 3 %."""
    wrong = []
    for resource, query in USED.items():
        theirs = asked(scraped.server, of_workload(query))
        for name, usage in deployments(scraped.board, source).items():
            mine = (amount(usage.used, resource) or 0) / NANO
            if not math.isclose(mine, theirs.get(name, math.nan), rel_tol=0.03 if resource == "cpu" else 0):
                wrong.append(f"{name} {resource}: {mine}, PromQL {theirs}")
    return wrong


def both(scraped: Scraped, source: str) -> bool:
    return len(deployments(scraped.board, source)) == 2


def test_what_metrics_server_tells_is_what_promql_adds_up(scraped: Scraped) -> None:
    until(lambda: both(scraped, "metrics.k8s.io"), "both to be measured", LONG)
    last: list[str] = []

    def agree() -> bool:
        last[:] = as_promql_has_it(scraped, "metrics.k8s.io")
        return not last

    until(agree, lambda: last, LONG, every=1)


def not_as_told(scraped: Scraped, resource: str) -> list[str]:
    """What is asked for by workload and by node, where kube-state-metrics tells otherwise."""
    of = f'kube_pod_container_resource_requests{{namespace="{SPACE}",resource="{resource}"}}'
    by_workload = asked(scraped.server, of_workload(of))
    nodes = f'kube_pod_container_resource_requests{{resource="{resource}",node=~"scraped-.*"}}'
    by_node = asked(scraped.server, f"sum by (node) ({nodes})")
    pairs = [(n, u.requests, by_workload.get(n)) for n, u in deployments(scraped.board, "").items()]
    for node in NODES:
        usage = use(scraped.board, "Node", "", node)
        pairs.append((node, usage.asked if usage is not None else (), by_node.get(node)))
    return [
        f"{name} {resource}: {amount(ours, resource)}, kube-state-metrics {theirs}"
        for name, ours, theirs in pairs
        if not math.isclose((amount(ours, resource) or 0) / NANO, theirs or 0.0, rel_tol=1e-9)
    ]


def test_what_is_asked_for_is_what_kube_state_metrics_tells(scraped: Scraped) -> None:
    until(lambda: both(scraped, ""), "both to be measured", LONG)
    last: list[str] = []

    def agree() -> bool:
        last[:] = [*not_as_told(scraped, "cpu"), *not_as_told(scraped, "memory")]
        return not last

    until(agree, lambda: last, LONG, every=1)


def well(picture: Picture) -> bool:
    seen = picture.signals.prometheus.get(REF)
    return seen is not None and seen.observed_at is not None and seen.problem is None


class Reading(Stub):
    """The board as it stands, and which histories were put."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self.picture = board.picture
        self.put: Objects = {}

    def put_objects(self, ref: ClusterRef, kind: str, seen: Observation[Objects], changed: object) -> None:
        self.put = seen.value or {}

    async def until(self, true: Callable[[], bool], patience: float) -> None:
        assert true()


def test_the_history_is_what_kwok_was_told_to_use_and_whose_it_is_what_kube_state_metrics_tells(
    scraped: Scraped,
) -> None:
    """Read as at a quarter of an hour, until when a day's last part is asked for: at the first of which the last step is not over.
    Of a day that has not begun nobody tells yet whose its pods are: five minutes before midnight this waits until then."""
    until(lambda: both(scraped, ""), "both to be measured", LONG)
    until(lambda: well(scraped.board.picture), "Prometheus to have answered", LONG)
    url, windows = scraped.server.url, Windows(bands=1, sizes=1, percentile=95.0)

    def history(name: str) -> UsageHistory | None:
        board = Reading(scraped.board)
        at = math.ceil((time.time() + coarse(UsageSeries())) / 900) * 900.0
        one = usage_history_for(
            REF, Connection(url=url), Options(), None, FixedClock(at), windows, None, asyncio.Semaphore(2)
        )
        one.only([SPACE])
        asyncio.run(one.round(board))
        assert one.status.problem is None
        found = board.put.get(usage_key("Deployment", SPACE, name))
        return found if isinstance(found, UsageHistory) else None

    def right(name: str, cores: float, size: int, count: int) -> bool:
        found = history(name)
        if found is None or len(found.containers) != count or found.current_only:
            return False
        # the first step is only partly scraped; the most is that of a whole one
        return all(
            c.memory_most == size and math.isclose(c.cpu_most or 0, cores, rel_tol=0.02)
            for c in found.containers
        )

    for name, cores, size, count in (("one", 0.087, 43 * 2**20, 1), ("two", 0.031, 12345 * 2**10, 2)):
        until(partial(right, name, cores, size, count), partial(history, name), 3 * LONG, every=5)


def test_prometheus_tells_the_same_where_metrics_server_is_away(
    scraped: Scraped, figure: Callable[[str], None]
) -> None:
    until(lambda: both(scraped, "metrics.k8s.io"), "both to be measured", LONG)
    before = {n: u.used for n, u in deployments(scraped.board, "metrics.k8s.io").items()}
    with scraped.cluster.without_metrics_server():
        until(lambda: both(scraped, "prometheus"), lambda: objects(scraped.board, Usage).values(), WINDOW)
        last: list[str] = []

        def agree() -> bool:
            """Of pods that run for just five minutes the mean lacks the seconds before their first scrape: it comes nearer."""
            last[:] = as_promql_has_it(scraped, "prometheus")
            for name, usage in deployments(scraped.board, "prometheus").items():
                cpu = (amount(usage.used, "cpu") or 0) / (amount(before[name], "cpu") or 1)
                if not math.isclose(cpu, 1, rel_tol=0.03):
                    last.append(f"{name}: CPU {100 * cpu:.1f} % of metrics-server's")
            return not last and both(scraped, "prometheus")

        until(agree, lambda: last, WINDOW, every=1)
        for name, usage in deployments(scraped.board, "prometheus").items():
            assert amount(usage.used, "memory") == amount(before[name], "memory")
            cpu = (amount(usage.used, "cpu") or 0) / (amount(before[name], "cpu") or 1)
            figure(f"{name}: CPU over five minutes {100 * cpu:.1f} % of metrics-server's")
    until(lambda: both(scraped, "metrics.k8s.io"), "metrics-server to be used again", LONG)
