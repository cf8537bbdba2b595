"""What stands on the real API server for each rule of resources to find something, and to find nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.platform import world
from tests.trials.weeks import Pods, Work, flat, manifest

SPACE = "tf-rules"
LIMITS, RANGES, QUOTAS, OVER, HPAS, FITS = (f"{SPACE}-{n}" for n in ("limits", "ranges", "quotas", "over", "hpas", "fits"))  # fmt: skip
FULL, GROWS, SPOT, VOLUMES, HOT = (f"{SPACE}-{n}" for n in ("full", "grows", "spot", "volumes", "hot"))
UP, DARK, KEPT, UNMARKED = (f"{SPACE}-{n}" for n in ("up", "dark", "kept", "unmarked"))
SPACES = (LIMITS, RANGES, QUOTAS, OVER, HPAS, FITS, FULL, GROWS, SPOT, VOLUMES, HOT, UNMARKED)
NON_PRODUCTION = (UP, DARK, KEPT)
Manifest = dict[str, Any]

# -- nodes ---------------------------------------------------------------------------------------------------------


def _node(name: str, pool: dict[str, str], taint: str = "", **amounts: str) -> Manifest:
    made = world.node(name, **pool)
    for side in made["status"].values():
        side |= amounts
    return {**made, "spec": {"taints": [{"key": taint, "effect": "NoSchedule"}]} if taint else {}}


def _karpenter(pool: str, capacity: str = "on-demand") -> dict[str, str]:
    return {"karpenter.sh/nodepool": pool, "karpenter.sh/capacity-type": capacity}


BARE = {"eks.amazonaws.com/nodegroup": "bare"}
"""A pool whose nodes say nothing of their capacity, and for which there is no price."""
NODES = (
    _node("general-0", _karpenter("general")),
    _node("general-1", _karpenter("general")),
    _node("spot-0", _karpenter("spot", "spot"), "spot"),
    _node("small-0", _karpenter("small"), "small", cpu="2"),
    _node("slots-0", BARE, "slots", pods="5"),
    _node("free-0", BARE, "free", pods="6"),
    _node("gpus-0", BARE, "gpus", **{"example.com/gpu": "5"}),
    _node("shrunk-0", BARE, "shrunk", cpu="4"),
    _node("hot-0", _karpenter("hot"), "hot", cpu="1", memory="1Gi"),
)


def on(taint: str) -> Manifest:
    """A pod that goes to the node of this taint, and to no other."""
    return {
        "tolerations": [{"key": taint, "effect": "NoSchedule"}],
        "nodeSelector": {"kubernetes.io/hostname": f"{taint}-0"},
    }


# -- workloads -----------------------------------------------------------------------------------------------------

ASKS = {"cpu": "100m", "memory": "100Mi"}
WHOLE = {"requests": ASKS, "limits": {"cpu": "200m", "memory": "200Mi"}}


def work(
    name: str, space: str, replicas: int = 1, uses: int = 70, resources: Manifest | None = None, **more: Any
) -> Manifest:
    """``uses``: per cent of 100m and of 100Mi. ``more``: ``pod`` and ``spec``, as ``world.deployment`` has them."""
    container = {"resources": WHOLE if resources is None else resources}
    made = world.deployment(name, space, replicas, container=container, **more)
    notes = {"kwok.x-k8s.io/usage-cpu": f"{uses}m", "kwok.x-k8s.io/usage-memory": f"{uses}Mi"}
    made["spec"]["template"]["metadata"]["annotations"] = notes
    return made


def asks(**more: str) -> Manifest:
    return {"requests": {**ASKS, **more}, "limits": {**WHOLE["limits"], **more}}


def stateful(name: str, space: str, pod: Manifest) -> Manifest:
    made = work(name, space, pod=pod)
    del made["spec"]["replicas"]
    return {**made, "kind": "StatefulSet", "spec": {**made["spec"], "serviceName": name, "replicas": 1}}


def _limits() -> Iterator[Manifest]:
    yield work("set", LIMITS)
    yield work("requests-only", LIMITS, resources={"requests": ASKS})
    yield work("silent", LIMITS, resources={})
    yield work("silent-at-0", LIMITS, 0, resources={})
    yield work("set-at-0", LIMITS, 0)
    yield work("for-the-pod", LIMITS, resources={}, pod={"resources": WHOLE})
    yield work("filled-in", RANGES, resources={})
    yield work("system", "kube-system", resources={})


def _fits() -> Iterator[Manifest]:
    yield work("room", FITS, 2)
    yield work("on-small", FITS, 2, resources=asks(cpu="900m"), pod=on("small"))
    yield work("too-large", FITS, 1, resources=asks(cpu="900"))
    yield work("nothing", FITS, 0)
    yield work("full", FULL, 3)
    yield work("grows", GROWS, 1)
    yield work("hot", HOT, 1, 900, asks(cpu="950m", memory="950Mi"), pod=on("hot"))
    yield work("slots", FITS, 4, pod=on("slots"))
    yield work("free", FITS, 4, pod=on("free"))
    yield work("gpus", FITS, 4, resources=asks(**{"example.com/gpu": "1"}), pod=on("gpus"))
    yield work("shrunk", FITS, 1, resources=asks(cpu="3"), pod=on("shrunk"))


def _spot() -> Iterator[Manifest]:
    spot = on("spot")
    yield work("alone", SPOT, 1, pod=spot)
    yield work("two", SPOT, 2, pod=spot)
    yield work("elsewhere", SPOT, 1)
    yield stateful("stateful", SPOT, spot)
    yield stateful("stateful-elsewhere", SPOT, {})


def _hours() -> Iterator[Manifest]:
    yield work("web", UP, 2)
    yield work("web", DARK, 0)
    yield work("web", KEPT, 1)
    yield work("web", UNMARKED, 1)


# -- autoscalers ---------------------------------------------------------------------------------------------------

CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}  # fmt: skip
NOWHERE = {"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "5"}}}  # fmt: skip


def hpa(name: str, space: str, least: int, most: int, *metrics: Manifest, **more: Any) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": more.pop("of", name)}
    spec = {
        "minReplicas": least,
        "maxReplicas": most,
        "scaleTargetRef": target,
        "metrics": list(metrics or [CPU]),
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": space, **more.pop("metadata", {})},
        "spec": {**spec, **more},
    }  # fmt: skip


AT_ONCE = {"scaleDown": {"stabilizationWindowSeconds": 0}}
NOT_ASKED_FOR = {"requests": {"memory": "100Mi"}, "limits": {"memory": "200Mi"}}


def _scaled() -> Iterator[Manifest]:
    """Each Deployment beside its HPA, if it has one."""
    yield from (work("steady", HPAS, 2), hpa("steady", HPAS, 1, 4))
    yield from (work("lowest", HPAS, 2, uses=10), hpa("lowest", HPAS, 2, 4, behavior=AT_ONCE))
    yield from (work("pinned", HPAS, 2, uses=140), hpa("pinned", HPAS, 1, 2))
    yield from (work("equal", HPAS, 2, uses=140), hpa("equal", HPAS, 2, 2))
    yield from (work("blind", HPAS, 2), hpa("blind", HPAS, 1, 4, NOWHERE))
    yield from (work("half", HPAS, 2), hpa("half", HPAS, 1, 4, CPU, NOWHERE))
    yield from (work("idle", HPAS, 0), hpa("idle", HPAS, 1, 4))
    yield from (work("twice", HPAS, 2), hpa("twice", HPAS, 1, 4), hpa("twice-too", HPAS, 1, 4, of="twice"))
    yield from (work("unasked", HPAS, 2, resources=NOT_ASKED_FOR), hpa("unasked", HPAS, 1, 4))
    yield from (work("moved", HPAS, 2), hpa("moved", HPAS, 1, 4), vertical("moved", "Recreate"))
    yield from (work("advised", HPAS, 2), hpa("advised", HPAS, 1, 4), vertical("advised", "Off"))
    yield from (work("flaps", HPAS, 2), hpa("flaps", HPAS, 2, 2))
    yield hpa("gone", HPAS, 1, 4)
    yield hpa(
        "no-scale",
        HPAS,
        1,
        4,
        scaleTargetRef={"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "name": "no-scale"},
    )
    yield from (hpa("grows", GROWS, 1, 6), work("queue", HPAS, 1), work("kept", HPAS, 1))


FIXED = work("fixed", HPAS, 2)
"""Applied with its replicas, as by whoever keeps it in a repository."""
FIXED_SCALER = hpa("fixed", HPAS, 1, 4)


def vertical(name: str, mode: str) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"name": name, "namespace": HPAS},
        "spec": {"targetRef": target, "updatePolicy": {"updateMode": mode}},
    }


# -- quotas --------------------------------------------------------------------------------------------------------

THREE = {
    "requests.cpu": "1",
    "requests.memory": "1000Mi",
    "limits.memory": "1000Mi",
    "pods": "1",
    "services": "0",
}
EXACT = {"requests": {"cpu": "790m", "memory": "800Mi"}, "limits": {"cpu": "1", "memory": "810Mi"}}
DEFAULTS = {"type": "Container", "default": WHOLE["limits"], "defaultRequest": ASKS}


def quota(name: str, space: str, **hard: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name, "namespace": space}, "spec": {"hard": hard}}  # fmt: skip


def before() -> list[Manifest]:
    """What has to be there before the first pod."""
    limits = {"metadata": {"name": "defaults", "namespace": RANGES}, "spec": {"limits": [DEFAULTS]}}
    return [
        {"apiVersion": "v1", "kind": "LimitRange", **limits},
        quota("three", QUOTAS, **THREE),
        quota("three", FULL, pods="3"),
        quota("three", GROWS, pods="3"),
    ]


# -- what was used for days ----------------------------------------------------------------------------------------

_DAYS = (Pods(2.1),)
_NOTHING = ()
WEEKS = tuple(
    Work(name, flat(cpu), flat(memory), (cpu, memory), _NOTHING, pods=pods, request=request)  # type: ignore[arg-type]
    for name, cpu, memory, request, pods in (
        ("steady", 0.70, 0.77, {"cpu": "200m", "memory": "200Mi"}, _DAYS),
        ("under", 0.30, 0.40, {"cpu": "200m", "memory": "200Mi"}, _DAYS),
        ("wide", 0.20, 0.20, {"cpu": "2000m", "memory": "2000Mi"}, _DAYS),
        ("idle", 0.01, 0.77, {"cpu": "1000m", "memory": "200Mi"}, _DAYS),
        ("hot", 0.95, 0.95, {"cpu": "200m", "memory": "200Mi"}, _DAYS),
        ("past", 1.3, 1.1, {"cpu": "200m", "memory": "200Mi"}, _DAYS),
        ("short", 0.3, 0.4, {"cpu": "200m", "memory": "200Mi"}, (Pods(0.4),)),
        ("new", 0.3, 0.4, {"cpu": "200m", "memory": "200Mi"}, (Pods(float("nan")),)),
        ("single", 0.3, 0.4, {"cpu": "200m", "memory": "200Mi"}, (Pods(2.1, count=1),)),
    )
)


def deployments() -> list[Manifest]:
    return [*_limits(), *_fits(), *_spot(), *_hours(), *_scaled(), *(manifest(w, {}) for w in WEEKS)]


def as_list(documents: list[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
