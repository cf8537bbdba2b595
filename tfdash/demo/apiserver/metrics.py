"""metrics.k8s.io: what nodes and pods use, sampled every fifteen simulated seconds as metrics-server does."""

from __future__ import annotations

from aiohttp import web

from tfdash.demo.apiserver.errors import ApiError, method_not_allowed, not_found
from tfdash.demo.apiserver.negotiate import document
from tfdash.demo.apiserver.objects import Obj, dig, labels_of, name_of, namespace_of, seconds, stamp
from tfdash.demo.apiserver.request import Call
from tfdash.demo.apiserver.selectors import label_test
from tfdash.demo.traffic.usage import node_usage, pod_usage

WINDOW = 15.0


def _quantities(cpu: float, memory: float) -> Obj:
    return {"cpu": f"{round(cpu * 1e9)}n", "memory": f"{round(memory / 1024)}Ki"}


def _meta(obj: Obj, now: float) -> Obj:
    meta: Obj = {"name": name_of(obj)}
    if namespace_of(obj):
        meta["namespace"] = namespace_of(obj)
    meta["creationTimestamp"] = stamp(now)
    if labels_of(obj):
        meta["labels"] = labels_of(obj)
    return meta


def _pod(call: Call, pod: Obj, at: float) -> Obj | None:
    if dig(pod, "status", "phase") != "Running":
        return None
    started = seconds(dig(pod, "status", "startTime"))
    if started is None or started > at - WINDOW:
        return None
    used = pod_usage(call.cluster, pod, at)
    if not used:
        return None
    return {
        "metadata": _meta(pod, at),
        "timestamp": stamp(at),
        "window": "15s",
        "containers": [{"name": name, "usage": _quantities(*amounts)} for name, amounts in used.items()],
    }


def _node(call: Call, node: Obj, at: float) -> Obj:
    cpu, memory = node_usage(call.cluster, name_of(node), at)
    return {
        "metadata": _meta(node, at),
        "timestamp": stamp(at),
        "window": "15s",
        "usage": _quantities(cpu, memory),
    }


def metrics(call: Call) -> web.Response:
    """Answer a get or list of NodeMetrics or PodMetrics."""
    if call.verb not in ("get", "list"):
        raise method_not_allowed()
    if call.cluster.metrics_away:  # as the aggregator says it of an APIService without endpoints
        raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    store = call.cluster.store
    at = store.now() // WINDOW * WINDOW
    nodes = call.resource.plural == "nodes"
    version = "metrics.k8s.io/v1beta1"
    kind = "NodeMetrics" if nodes else "PodMetrics"
    storage = "nodes" if nodes else "pods"
    if call.name:
        obj = store.find(storage, "" if nodes else call.namespace, call.name)
        found = None if obj is None else (_node(call, obj, at) if nodes else _pod(call, obj, at))
        if found is None:
            raise not_found(call.resource.plural, "metrics.k8s.io", call.name)
        return document({"kind": kind, "apiVersion": version, **found})
    chosen = label_test(call.text("labelSelector"))
    items = []
    for obj in store.all(storage, "" if nodes else call.namespace):
        if chosen is None or chosen(obj):
            entry = _node(call, obj, at) if nodes else _pod(call, obj, at)
            if entry is not None:
                items.append(entry)
    return document({"kind": f"{kind}List", "apiVersion": version, "metadata": {}, "items": items})
