"""ResourceQuota: what a pod counts for, what a namespace uses, and the refusal when it would be too much."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tfdash.demo.apiserver.errors import ApiError, forbidden
from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import Obj, dig, name_of, with_status
from tfdash.demo.apiserver.quantity import parse, write

_COUNTED = {
    "services": "services",
    "configmaps": "configmaps",
    "secrets": "secrets",
    "persistentvolumeclaims": "persistentvolumeclaims",
    "replicationcontrollers": "replicationcontrollers",
    "count/deployments.apps": "deployments.apps",
    "count/jobs.batch": "jobs.batch",
    "count/cronjobs.batch": "cronjobs.batch",
    "count/statefulsets.apps": "statefulsets.apps",
}


def container_sum(spec: Obj, part: str, resource: str) -> Decimal:
    """The pod's effective request or limit: the sum of its containers, or its largest init container if more."""

    def of(containers: Iterable[Obj]) -> list[Decimal]:
        found = (dig(c, "resources", part, resource) for c in containers)
        return [parse(v) for v in found if v is not None]

    inits = spec.get("initContainers") or ()
    sidecars = [c for c in inits if c.get("restartPolicy") == "Always"]
    total = sum(of([*(spec.get("containers") or ()), *sidecars]), Decimal(0))
    return max([total, *of(c for c in inits if c not in sidecars)])


_known: dict[
    int, tuple[Obj, dict[str, Decimal]]
] = {}  # by the id of a spec, which is kept so that it stays its own
_MOST_KNOWN = 20_000


def pod_usage(pod: Obj) -> dict[str, Decimal]:
    """By quota resource name; not to be changed. Stored specs never change in place, so each is counted once."""
    spec = pod.get("spec", {})
    known = _known.get(id(spec))
    if known is not None and known[0] is spec:
        return known[1]
    usage = _pod_usage(spec)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[id(spec)] = (spec, usage)
    return usage


def _pod_usage(spec: Obj) -> dict[str, Decimal]:
    usage = {"pods": Decimal(1), "count/pods": Decimal(1)}
    for part in ("requests", "limits"):
        for resource in ("cpu", "memory", "ephemeral-storage"):
            usage[f"{part}.{resource}"] = container_sum(spec, part, resource)
    usage |= {r: usage[f"requests.{r}"] for r in ("cpu", "memory", "ephemeral-storage")}
    return usage


def _counts(pod: Obj) -> bool:
    return dig(pod, "status", "phase") not in ("Succeeded", "Failed")


def used(store: ObjectStore, namespace: str, names: Iterable[str]) -> dict[str, Decimal]:
    wanted = set(names)
    total = {name: Decimal(0) for name in wanted}
    for pod in store.all("pods", namespace):
        if _counts(pod):
            usage = pod_usage(pod)
            for name in total.keys() & usage.keys():
                total[name] += usage[name]
    for name, storage in _COUNTED.items():
        if name in wanted:
            total[name] = Decimal(len(store.shelf(storage).keys(namespace)))
    return total


def refresh(store: ObjectStore, quota: Obj, extra: dict[str, Decimal] | None = None) -> None:
    """Bring one quota's status up to date, with what is about to be created on top."""
    hard = dig(quota, "spec", "hard", default={})
    amounts = used(store, quota["metadata"]["namespace"], hard)
    for name, value in (extra or {}).items():
        if name in amounts:
            amounts[name] += value
    shown = {name: write(amounts[name], name) for name in hard}
    store.update("resourcequotas", with_status(quota, hard=hard, used=shown))


def _must_name(hard: dict[str, str], pod: Obj) -> str:
    """What the quota makes a pod say and this one does not: ``requests.cpu for: a,b``."""
    missing = []
    for name in sorted(hard):
        part, _, resource = name.partition(".") if "." in name else ("requests", "", name)
        if part not in ("requests", "limits") or resource not in ("cpu", "memory"):
            continue
        silent = [
            c["name"]
            for c in pod["spec"].get("containers") or ()
            if dig(c, "resources", part, resource) is None
        ]
        if silent:
            missing.append(f"{name} for: {','.join(sorted(silent))}")
    return "; ".join(missing)


def admit(store: ObjectStore, pod: Obj, *, dry_run: bool = False) -> None:
    """Raise the 403 where a quota of its namespace has no room for ``pod``; else count it in."""
    namespace = pod["metadata"]["namespace"]
    quotas = list(store.all("resourcequotas", namespace))
    if not quotas:
        return
    wanted = pod_usage(pod)
    for quota in quotas:
        hard = dig(quota, "spec", "hard", default={})
        silent = _must_name(hard, pod)
        if silent:
            raise forbidden(
                "pods", "", name_of(pod), f"failed quota: {name_of(quota)}: must specify {silent}"
            )
        amounts = used(store, namespace, hard)
        over = [
            n for n in sorted(hard) if n in wanted and wanted[n] and amounts[n] + wanted[n] > parse(hard[n])
        ]
        if over:
            raise _exceeded(quota, pod, over, wanted, amounts, hard)
    if not dry_run:
        for quota in quotas:
            refresh(store, quota, wanted)


def _exceeded(
    quota: Obj,
    pod: Obj,
    over: list[str],
    wanted: dict[str, Decimal],
    amounts: dict[str, Decimal],
    hard: dict[str, str],
) -> ApiError:
    def said(values: dict[str, Decimal]) -> str:
        return ",".join(f"{n}={write(values[n], n)}" for n in over)

    limited = ",".join(f"{n}={hard[n]}" for n in over)
    why = f"exceeded quota: {name_of(quota)}, requested: {said(wanted)}, used: {said(amounts)}, limited: {limited}"
    return forbidden("pods", "", name_of(pod), why)
