"""Evict a pod: as a delete that its PodDisruptionBudgets may refuse."""

from __future__ import annotations

from aiohttp import web

from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.errors import ApiError, bad_request, too_many
from tfdash.demo.apiserver.negotiate import decode_body, document
from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import (
    Obj,
    condition_is,
    deleting,
    dig,
    labels_of,
    matches,
    name_of,
    stamp,
    with_status,
)
from tfdash.demo.apiserver.reading import stored
from tfdash.demo.apiserver.request import Call

_BUDGETS = "poddisruptionbudgets.policy"
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_TWICE = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."


def budgets_of(store: ObjectStore, pod: Obj) -> list[Obj]:
    return [
        b
        for b in store.all(_BUDGETS, pod["metadata"]["namespace"])
        if matches(dig(b, "spec", "selector"), labels_of(pod))
    ]


def _charge(store: ObjectStore, pod: Obj, *, dry_run: bool) -> None:
    """Take one disruption from the pod's budget, or raise the 429."""
    budgets = budgets_of(store, pod)
    if not budgets or dig(pod, "status", "phase") in ("Succeeded", "Failed", "Pending") or deleting(pod):
        return
    if len(budgets) > 1:
        message = f"Internal error occurred: {_TWICE}"
        raise ApiError(500, "InternalError", message, {"causes": [{"message": _TWICE}]})
    budget = budgets[0]
    status = budget.get("status", {})
    healthy, needed = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if not condition_is(pod, "Ready") and (
        (healthy >= needed and needed > 0)
        or dig(budget, "spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow"
    ):
        return
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        why = f"The disruption budget {name_of(budget)} is still being processed by the server."
        causes = [{"reason": "DisruptionBudget", "message": why}]
        raise too_many(_REFUSED, 10, {"causes": causes, "retryAfterSeconds": 10})
    if status.get("disruptionsAllowed", 0) < 1:
        why = (
            f"The disruption budget {name_of(budget)} needs {needed} healthy pods and has {healthy} currently"
        )
        raise too_many(_REFUSED, None, {"causes": [{"reason": "DisruptionBudget", "message": why}]})
    if not dry_run:
        disrupted = {**status.get("disruptedPods", {}), name_of(pod): stamp(store.now())}
        left = status["disruptionsAllowed"] - 1
        store.update(_BUDGETS, with_status(budget, disruptionsAllowed=left, disruptedPods=disrupted))


async def evict(call: Call) -> web.Response:
    body = decode_body(await call.request.read(), call.request.content_type, "Eviction")
    given = dig(body, "metadata", "name")
    if given and given != call.name:
        raise bad_request("name in URL does not match name in Eviction object")
    store, pod = call.cluster.store, stored(call).obj
    options = body.get("deleteOptions") or {}
    dry = call.dry_run or bool(options.get("dryRun"))
    _charge(store, pod, dry_run=dry)
    if not dry:
        target = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": stamp(store.now()),
            "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
        }
        others = [c for c in dig(pod, "status", "conditions", default=()) if c["type"] != "DisruptionTarget"]
        pod = store.update("pods", with_status(pod, conditions=[*others, target]))
        remove(store, "pods", pod, options.get("gracePeriodSeconds"))
    return document(
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
    )
