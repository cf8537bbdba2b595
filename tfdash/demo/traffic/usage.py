"""How much CPU and memory the simulated containers use, as a function of simulated time.

A service has a demand in cores, which swings over the day, wavers from minute to minute and is shared by its ready
pods; a scenario may multiply it. Everything is computed from the seed and the time, nothing is stored.
"""

from __future__ import annotations

import math
import zlib
from functools import lru_cache

from tfdash.demo.apiserver.objects import Obj, condition_is, dig, labels_of, namespace_of, uid_of
from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.traffic.demand import Demand

DAY = 86_400.0
IDLE_MEMORY = 48 * 2**20


@lru_cache(maxsize=8192)
def noise(*parts: object) -> float:
    """A stable number in [-1, 1) for these parts."""
    return zlib.crc32("/".join(map(str, parts)).encode()) / 2**31 - 1.0


def _wavering(seed: object, name: str, at: float) -> float:
    """Smooth noise in [-1, 1]: a new value each minute, blended between."""
    minute, part = divmod(at, 60.0)
    first, second = noise(seed, name, int(minute)), noise(seed, name, int(minute) + 1)
    blend = (1 - math.cos(math.pi * part / 60.0)) / 2
    return first + (second - first) * blend


def demand_factor(demand: Demand, at: float) -> float:
    factor = demand.factor
    for begins, ends, final in demand.ramps:
        if at >= ends:
            factor *= final
        elif at > begins:
            factor *= 1 + (final - 1) * (at - begins) / (ends - begins)
    return factor


def cores(cluster: ClusterState, namespace: str, app: str, demand: Demand, at: float) -> float:
    """What the whole service uses: highest in the afternoon (UTC-5), lowest at night."""
    day = math.sin(2 * math.pi * ((at - 5 * 3600) % DAY / DAY - 0.375))
    waver = _wavering(cluster.options.seed, f"{cluster.name}/{namespace}/{app}", at)
    return max(0.0, demand.cores * (1 + demand.swing * day + 0.08 * waver) * demand_factor(demand, at))


def app_of(pod: Obj) -> str:
    labels = labels_of(pod)
    return labels.get("app") or labels.get("app.kubernetes.io/name") or ""


def serving(cluster: ClusterState, namespace: str, app: str) -> int:
    """Pods of a service that share its load; counted again when pods changed."""
    version, counts = cluster.serving
    shelf = cluster.store.shelf("pods")
    newest = shelf.history[-1].version if shelf.history else 0
    if version != newest:
        counts = {}
        for item in shelf.items.values():
            if condition_is(item.obj, "Ready"):
                key = (item.key[0], app_of(item.obj))
                counts[key] = counts.get(key, 0) + 1
        cluster.serving = (newest, counts)
    return counts.get((namespace, app), 0)


def request_of(container: Obj, resource: str, otherwise: float) -> float:
    found = dig(container, "resources", "requests", resource)
    return otherwise if found is None else float(parse(found))


def pod_usage(cluster: ClusterState, pod: Obj, at: float) -> dict[str, tuple[float, float]]:
    """(cores, bytes) of each running container."""
    namespace, app = namespace_of(pod), app_of(pod)
    running = {
        s["name"]
        for s in dig(pod, "status", "containerStatuses", default=())
        if "running" in (s.get("state") or {})
    }
    containers = [c for c in pod["spec"]["containers"] if c["name"] in running]
    if not containers:
        return {}
    demand = cluster.demands.get((namespace, app))
    own = noise(uid_of(pod))
    found = {}
    for index, container in enumerate(containers):
        requested = request_of(container, "cpu", 0.05)
        if index == 0 and demand is not None:
            share = cores(cluster, namespace, app, demand, at) / max(1, serving(cluster, namespace, app))
            used, memory = share * (1 + 0.06 * own), demand.memory * (1 + 0.05 * own)
        else:
            used = requested * (0.4 + 0.1 * own)
            memory = request_of(container, "memory", IDLE_MEMORY) * (0.55 + 0.1 * own)
        waver = _wavering(cluster.options.seed, uid_of(pod), at)
        limit = dig(container, "resources", "limits", "cpu")
        used = max(0.0005, used * (1 + 0.04 * waver))
        found[container["name"]] = (
            min(used, float(parse(limit))) if limit else used,
            memory * (1 + 0.01 * waver),
        )
    return found


def node_usage(cluster: ClusterState, node: str, at: float) -> tuple[float, float]:
    """(cores, bytes) of a node: its pods and the system beside them."""
    used, memory = 0.12 + 0.02 * _wavering(cluster.options.seed, node, at), 900.0 * 2**20
    for item in cluster.store.shelf("pods").items.values():
        if dig(item.obj, "spec", "nodeName") == node:
            for cpu, size in pod_usage(cluster, item.obj, at).values():
                used += cpu
                memory += size
    return used, memory
