"""What is asked for, used and left, on the real scheduler, quota controller and metrics-server: kubectl's figures are ours."""

from __future__ import annotations

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.platform import world
from tests.platform.boards import LONG, USED, K, objects, started, told
from tests.platform.harness.cluster import Cluster
from tests.platform.test_platform import REF
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Object, Pod
from tfdash.model.kubecluster import Node
from tfdash.model.subject import Key
from tfdash.model.usage import NodeMetrics, PodMetrics, Usage, usage_key
from tfdash.model.verdict import Level
from tfdash.pod_requests import ENDED, limited, requested
from tfdash.quantities import Amounts, amount, parse, total
from tfdash.sources.kubernetes.codec import Codec
from tfdash.views.kinds import view_of
from tfdash.views.kinds.base import Context
from tfdash.views.kinds.nodes import use_of

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
SPACE, QUOTA = "tf-resources", "tf-resources-quota"
POOL = {"tfdash.test/pool": "resources"}
NODES = 50
TAINT = {"key": "tfdash.test/resources", "effect": "NoSchedule"}  # they are this module's alone
KINDS = (*USED, "ResourceQuota", "LimitRange")


def asks(
    name: str, requests: dict[str, str], limits: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    resources = {"requests": requests, "limits": limits or {}}
    return {"name": name, "image": f"registry.example.com/{name}:1", "resources": resources, **more}


MAIN = asks("main", {"cpu": "110m", "memory": "70Mi"}, {"cpu": "1", "memory": "256Mi"})
SIDECAR = asks("proxy", {"cpu": "35m", "memory": "41Mi"}, {"memory": "64Mi"}, restartPolicy="Always")
INIT = asks("init", {"cpu": "700m", "memory": "300M"}, {"cpu": "1500m", "memory": "1G"})
WHOLE = {"requests": {"cpu": "1300m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {"containers": [MAIN]},
    "two": {"containers": [MAIN, asks("second", {"memory": "1e6"}, {"cpu": "0.25"})]},
    "init": {"initContainers": [INIT], "containers": [MAIN]},
    "sidecar": {"initContainers": [SIDECAR], "containers": [MAIN]},
    "sidecar-first": {"initContainers": [SIDECAR, INIT], "containers": [MAIN]},
    "sidecar-last": {"initContainers": [INIT, SIDECAR], "containers": [MAIN]},
    "overhead": {"runtimeClassName": "tfdash-heavy", "containers": [MAIN]},
    "whole": {"resources": WHOLE, "containers": [MAIN]},
    "whole-cpu": {"resources": {"requests": {"cpu": "1"}}, "initContainers": [SIDECAR], "containers": [MAIN]},
    "all": {
        "resources": WHOLE,
        "runtimeClassName": "tfdash-heavy",
        "initContainers": [SIDECAR, INIT],
        "containers": [MAIN],
    },
    "limits": {"containers": [asks("main", {}, {"cpu": "123m", "memory": "99999999"})]},
    "more": {
        "containers": [
            asks("main", {"ephemeral-storage": "5M", "cpu": "1e-1"}, {"example.com/gpu": "1", "cpu": "7"})
        ]
    },
    "silent": {"containers": [{"name": "main", "image": "registry.example.com/silent:1"}]},
}
EXTRAS = """
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: tfdash-heavy}
handler: heavy
overhead: {podFixed: {cpu: 250m, memory: 120Mi}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: ended, namespace: %(space)s}
spec:
  completions: 3
  parallelism: 3
  template:
    spec: %(pod)s
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: three, namespace: %(quota)s}
spec: {hard: {requests.cpu: "1", requests.memory: 1000Mi, limits.memory: 1000Mi, pods: "3"}}
"""


def here(**pod: Any) -> dict[str, Any]:
    """On this module's nodes."""
    return {"nodeSelector": POOL, "tolerations": [TAINT], "terminationGracePeriodSeconds": 0, **pod}


def node(name: str) -> dict[str, Any]:
    made = world.node(name, **POOL)
    more = {"ephemeral-storage": "20Gi", "example.com/gpu": "8", "cpu": "63500m", "memory": "250123456Ki"}
    for amounts in made["status"].values():
        amounts |= more
    return {**made, "spec": {"taints": [TAINT]}}


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Iterator[Cluster]:
    names = [f"res-{n:02}" for n in range(NODES)]
    world.add_namespaces(cluster, SPACE, QUOTA)
    world.create(cluster, "/api/v1/nodes", *map(node, names))
    apps = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
    job = json.dumps(here(containers=[MAIN], restartPolicy="Never"))
    cluster.apply(EXTRAS % {"space": SPACE, "quota": QUOTA, "pod": job})
    shapes = (world.deployment(name, SPACE, 9, pod=here(**pod)) for name, pod in SHAPES.items())
    world.create(cluster, apps, *shapes)
    share = asks("main", {"cpu": "790m", "memory": "800Mi"}, {"memory": "810Mi"})
    pod = {"metadata": {"name": "one"}, "spec": here(containers=[share])}
    cluster.wait(partial(admitted, cluster, pod), "a pod to be admitted: the quota is counted first")
    yield cluster
    cluster.kubectl("delete", "namespace", SPACE, QUOTA, "--wait=false")
    cluster.request("DELETE", "/api/v1/nodes?labelSelector=tfdash.test/pool%3Dresources")


def admitted(cluster: Cluster, pod: dict[str, Any]) -> bool:
    try:
        cluster.request("POST", f"/api/v1/namespaces/{QUOTA}/pods", pod)
    except HTTPError as error:
        if error.code != 403:
            raise
        return False
    return True


@pytest.fixture(scope="module")
def board(seeded: Cluster) -> Iterator[Board]:
    board = started(seeded, KINDS)
    until(lambda: not board.unsettled(), "the first lists", LONG)
    yield board
    board.stop()


# -- requests and limits -------------------------------------------------------------------------------------------

_POD_LINE = re.compile(
    r"  (\S+) +(\S+) +(\S+) \((\d+)%\) +(\S+) \((\d+)%\) +(\S+) \((\d+)%\) +(\S+) \((\d+)%\)"
)
_SUM_LINE = re.compile(r"  (\S+) +(\S+)(?: \((\d+)%\))? +(\S+)(?: \((\d+)%\))?$")


def described(text: str) -> tuple[dict[str, list[int]], dict[str, dict[str, tuple[int, int, str | None]]]]:
    """By pod its four amounts, by node and resource requests, limits and the share of the requests, of ``kubectl describe node``."""
    pods: dict[str, list[int]] = {}
    nodes: dict[str, dict[str, tuple[int, int, str | None]]] = {}
    part = name = ""
    for line in text.splitlines():
        if not line.startswith(" "):
            part, _, rest = line.partition(":")
            name = rest.strip() if part == "Name" else name
        elif part == "Non-terminated Pods" and (found := _POD_LINE.match(line)):
            pods[f"{found[1]}/{found[2]}"] = [parse(found[n]) for n in (3, 5, 7, 9)]
        elif part == "Allocated resources" and (found := _SUM_LINE.match(line)) and found[2][0].isdigit():
            nodes.setdefault(name, {})[found[1]] = parse(found[2]), parse(found[4]), found[3]
    return pods, nodes


def test_what_kubectl_describes_of_fifty_nodes_is_what_we_add_up(seeded: Cluster, board: Board) -> None:
    wanted = 9 * len(SHAPES)

    def phases() -> Counter[tuple[str, str]]:
        pods = (p for p in objects(board, Pod).values() if p.namespace == SPACE)
        return Counter((p.labels.get("app", "the Job"), p.phase) for p in pods)

    def placed() -> bool:
        found = phases()
        return found["the Job", "Succeeded"] == 3 and all(found[name, "Running"] == 9 for name in SHAPES)

    until(placed, lambda: f"all pods to run, and those of the Job to have ended: {phases()}", LONG)
    compared: list[int] = []

    def differ() -> list[str]:
        pods, nodes = described(seeded.kubectl("describe", "nodes", "-l", "tfdash.test/pool=resources"))
        compared[:] = len(pods), len(nodes), len({p.split("/")[1].rsplit("-", 2)[0] for p in pods})
        ours: dict[str, list[tuple[Amounts, Amounts]]] = defaultdict(list)
        found, all_pods = [], [p for p in objects(board, Pod).values() if p.phase not in ENDED]
        for pod in all_pods:
            both = requested(pod), limited(pod)
            ours[pod.node].append(both)
            four = [amount(side, name) or 0 for name in ("cpu", "memory") for side in both]
            if f"{pod.namespace}/{pod.name}" in pods and pods[f"{pod.namespace}/{pod.name}"] != four:
                found.append(f"{pod.name}: kubectl {pods[f'{pod.namespace}/{pod.name}']}, tfdash {four}")
        context = Context(time.time(), REF, "Node", use=use_of(all_pods))
        cells = {f.id: f for f in view_of("Node").fields}
        for name, sums in nodes.items():
            requests, limits = (total(p[n] for p in ours[name]) for n in (0, 1))
            for resource, (theirs, most, percent) in sums.items():
                mine = amount(requests, resource) or 0, amount(limits, resource) or 0
                if mine != (theirs, most):
                    found.append(f"{name} {resource}: kubectl {theirs, most}, tfdash {mine}")
                cell = cells.get({"cpu": "cpu_requested", "memory": "mem_requested"}.get(resource, ""))
                node = objects(board, Node)[Key("", name)]
                if cell is not None and ours[name] and cell.text(node, context) != f"{percent} %":
                    found.append(f"{name} {resource}: kubectl {percent} %, tfdash {cell.text(node, context)}")
        return found

    last: list[str] = []

    def agree() -> bool:
        last[:] = differ()
        return not last

    until(agree, lambda: f"kubectl and tfdash to agree: {last[:8]}")
    assert compared[0] >= wanted
    assert compared[1] == NODES
    assert compared[2] >= len(SHAPES)
    # and what the source of use holds against each node's pods is the same
    sums = {
        name: [requested(p) for p in objects(board, Pod).values() if p.node == name]
        for name in (f"res-{n:02}" for n in range(NODES))
    }

    def put_together() -> bool:
        made = objects(board, Usage)
        return all(
            (found := made.get(usage_key("Node", "", n))) is not None and found.asked == total(asked)
            for n, asked in sums.items()
        )

    until(put_together, "Usage to have the same sums", LONG)


# -- quotas --------------------------------------------------------------------------------------------------------


def test_a_quota_is_as_kubectl_describes_it_and_warns_at_eighty(seeded: Cluster, board: Board) -> None:
    wanted = [
        ("limits.memory", 81.0, Level.WARN),
        ("pods", 100 / 3, Level.OK),
        ("requests.cpu", 79.0, Level.OK),
        ("requests.memory", 80.0, Level.WARN),
    ]

    def judged() -> list[tuple[str, float | None, Level]]:
        verdicts = told(board, "resources.quota", "ResourceQuota", QUOTA, "three")
        return [(v.evidence.query, v.measured, v.level) for v in verdicts if v.evidence is not None]

    until(lambda: judged() == wanted, lambda: f"79, 80 and 81 %: {judged()}", LONG)
    lines = seeded.kubectl("describe", "quota", "three", "-n", QUOTA).splitlines()
    rows = [
        line.split() for line in lines if line.strip() and not line.startswith(("Name", "----", "Resource"))
    ]
    quota = objects(board, ResourceQuota)[Key(QUOTA, "three")]
    used, hard = dict(quota.used_text), dict(quota.hard_text)
    assert sorted(rows) == sorted([name, used[name], hard[name]] for name in hard)


# -- use -----------------------------------------------------------------------------------------------------------


def measured(cluster: Cluster, kind: type[K], path: str) -> dict[Key, K]:
    """Decoded as we decode, asked as anybody asks."""
    body = cluster.get(f"/apis/metrics.k8s.io/v1beta1/{path}")
    found = Codec(kind.KIND).page(body)[1] if body else []
    return {Key(o.namespace, o.name): o for o in found if isinstance(o, kind)}


def at_one_time(
    cluster: Cluster, kind: type[K], path: str, argv: tuple[str, ...]
) -> tuple[dict[Key, K], list[list[str]]]:
    """What was measured, and the rows of ``kubectl top`` that go back to the same measurements: nothing came between."""
    found: dict[Key, K] = {}
    rows: list[list[str]] = []

    def same() -> bool:
        nonlocal found, rows
        found = measured(cluster, kind, path)
        rows = [r.split() for r in cluster.kubectl("top", *argv, check=False).splitlines()]
        return bool(found) and {k: at(o) for k, o in found.items()} == {
            k: at(o) for k, o in measured(cluster, kind, path).items()
        }

    until(same, f"{path} that stay the same while kubectl reads them", LONG)
    return found, rows


def at(obj: Object) -> float:
    assert isinstance(obj, PodMetrics | NodeMetrics)
    return obj.at


def test_our_cells_are_those_of_kubectl_top(seeded: Cluster, board: Board) -> None:
    def all_measured() -> bool:
        pods = [p for p in objects(board, Pod).values() if p.namespace == SPACE and p.phase == "Running"]
        running = {Key(p.namespace, p.name) for p in pods}
        return len(running) >= 9 * len(SHAPES) and objects(board, PodMetrics).keys() >= running

    until(all_measured, "all pods to be measured", LONG)
    found, rows = at_one_time(
        seeded, PodMetrics, f"namespaces/{SPACE}/pods", ("pods", "-n", SPACE, "--no-headers")
    )
    pods = objects(board, Pod)
    assert len(rows) == len(found) >= 9 * len(SHAPES)
    context = Context(time.time(), REF, "Pod", measured=found)
    cells = {f.id: f for f in view_of("Pod").fields}
    ours = [[n, *(cells[i].text(pods[Key(SPACE, n)], context) for i in ("cpu", "mem"))] for n, _, _ in rows]
    assert ours == rows

    of_nodes, rows = at_one_time(seeded, NodeMetrics, "nodes", ("nodes", "--no-headers"))
    nodes = objects(board, Node)
    context = Context(time.time(), REF, "Node", measured=of_nodes)
    cells = {f.id: f for f in view_of("Node").fields}
    ids = ("cpu_now", "cpu_used", "mem_now", "mem_used")
    ours = [
        [n, *(cells[i].text(nodes[Key("", n)], context).replace(" ", "") for i in ids)]
        for n, *_ in rows
        if Key("", n) in of_nodes
    ]
    assert len(ours) >= NODES / 2
    assert ours == [row for row in rows if Key("", row[0]) in of_nodes]
