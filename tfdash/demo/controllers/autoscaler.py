"""The horizontal pod autoscaler: looks at the pods' CPU each fifteen seconds and sets the replicas it wants."""

from __future__ import annotations

import math

from tfdash.demo.apiserver.object_store import ADDED, Happened, StoreKey
from tfdash.demo.apiserver.objects import Obj, dig, stamp, with_meta, with_spec, with_status
from tfdash.demo.apiserver.patch.ownership import after_update
from tfdash.demo.apiserver.quantity import cpu as cpu_text
from tfdash.demo.apiserver.quantity import memory as memory_text
from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import active, live_owner, ready, set_condition
from tfdash.demo.traffic.usage import pod_usage

STORAGE = "horizontalpodautoscalers.autoscaling"
_SOURCE = "horizontal-pod-autoscaler"
_PERIOD = 15.0
# Of the past that nobody saw it looks less often where that lies more than so long before.
_LONG_AGO, _PERIOD_LONG_AGO = 900.0, 60.0
_TOLERANCE = 0.1
_DOWN_WINDOW = 300.0  # the highest recommendation of so many seconds holds
_TARGETS = {
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "ReplicaSet": "replicasets.apps",
    "Rollout": "rollouts.argoproj.io",
}
_OVER_SETS = ("deployments.apps", "rollouts.argoproj.io")


class Autoscalers:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._wishes: dict[StoreKey, list[tuple[float, int]]] = {}
        kernel.store.listen(STORAGE, self._own)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type == ADDED:
            # Spread over the period, so that not all look at once.
            self._k.look(
                self.reconcile, event.now.key, 0.5 + self._k.luck_of(event.now.obj).random() * _PERIOD
            )

    def reconcile(self, key: StoreKey) -> None:
        found = live_owner(self._k.store, STORAGE, key)
        if found is None:
            self._wishes.pop(key, None)
            return
        self._look(key, found)
        long_ago = self._k.now() < self._k.cluster.shown_from - _LONG_AGO
        self._k.look(self.reconcile, key, _PERIOD_LONG_AGO if long_ago else _PERIOD)

    def _look(self, key: StoreKey, found: Obj) -> None:
        ref = found["spec"]["scaleTargetRef"]
        storage = _TARGETS.get(ref["kind"], "")
        target = live_owner(self._k.store, storage, (key[0], ref["name"])) if storage else None
        now = self._k.now()
        conditions = list(dig(found, "status", "conditions", default=[]))
        if target is None:
            message = f'the HPA controller was unable to get the target\'s current scale: deployments.apps "{ref["name"]}" not found'
            conditions = set_condition(conditions, "AbleToScale", "False", "FailedGetScale", message, now)
            self._k.tell(STORAGE, found, "Warning", "FailedGetScale", message.partition(": ")[2], _SOURCE)
            self._k.update(STORAGE, with_status(found, conditions=conditions))
            return
        replicas = dig(target, "spec", "replicas", default=1)
        if replicas == 0:
            message = "scaling is disabled since the replica count of the target is zero"
            conditions = set_condition(conditions, "ScalingActive", "False", "ScalingDisabled", message, now)
            self._k.update(
                STORAGE, with_status(found, conditions=conditions, currentReplicas=0, desiredReplicas=0)
            )
            return
        ready_message = "the HPA controller was able to get the target's current scale"
        conditions = set_condition(conditions, "AbleToScale", "True", "SucceededGetScale", ready_message, now)
        pods = self._pods(storage, target)
        measured = self._measure(found, pods)
        if not measured:
            self._blind(found, conditions, pods, replicas, now)
            return
        self._decide(key, found, storage, target, replicas, len(pods) or replicas, measured, conditions)

    def _blind(self, found: Obj, conditions: list[Obj], pods: list[Obj], replicas: int, now: float) -> None:
        reason, why = _unmeasured(found, pods)
        message = f"the HPA was unable to compute the replica count: {why}"
        conditions = set_condition(conditions, "ScalingActive", "False", reason, message, now)
        self._k.tell(STORAGE, found, "Warning", reason, why, _SOURCE)
        self._k.update(
            STORAGE,
            with_status(found, conditions=conditions, currentReplicas=replicas, desiredReplicas=replicas),
        )

    def _measure(self, found: Obj, pods: list[Obj]) -> list[tuple[Obj, float, Obj]]:
        """(the metric's current status, usage over target, the metric) for each that can be measured."""
        at = self._k.now() // _PERIOD * _PERIOD
        usages = [pod_usage(self._k.cluster, p, at).values() for p in pods]
        result = []
        for metric in found["spec"].get("metrics") or ():
            resource = metric.get("resource")
            if metric.get("type") != "Resource" or resource is None:
                continue
            index = 0 if resource["name"] == "cpu" else 1
            used = [sum(v[index] for v in usage) for usage in usages]
            if not used:
                continue
            average = sum(used) / len(used)
            shown = cpu_text(average) if index == 0 else memory_text(int(average) // 4096 * 4096)
            current: Obj = {"averageValue": shown}
            aim = resource["target"]
            if aim.get("averageUtilization") is not None:
                asked = [
                    sum(
                        float(parse(dig(c, "resources", "requests", resource["name"], default="0")))
                        for c in p["spec"]["containers"]
                    )
                    for p in pods
                ]
                if not sum(asked):
                    continue
                percent = int(100 * sum(used) / sum(asked))
                current = {"averageUtilization": percent, **current}
                ratio = percent / aim["averageUtilization"]
            else:
                ratio = average / float(parse(aim["averageValue"]))
            status = {"type": "Resource", "resource": {"name": resource["name"], "current": current}}
            result.append((status, ratio, metric))
        return result

    def _pods(self, storage: str, target: Obj) -> list[Obj]:
        owners = self._k.store.owned("replicasets.apps", target) if storage in _OVER_SETS else [target]
        return [p for o in owners for p in active(self._k.store.owned("pods", o)) if ready(p)]

    def _decide(
        self,
        key: StoreKey,
        found: Obj,
        storage: str,
        target: Obj,
        replicas: int,
        count: int,
        measured: list[tuple[Obj, float, Obj]],
        conditions: list[Obj],
    ) -> None:
        now = self._k.now()
        name = measured[0][2]["resource"]["name"]
        wish = max(replicas if abs(r - 1) <= _TOLERANCE else math.ceil(r * count) for _, r, _ in measured)
        message = f"the HPA was able to successfully calculate a replica count from {name} resource utilization (percentage of request)"
        conditions = set_condition(conditions, "ScalingActive", "True", "ValidMetricFound", message, now)
        wishes = [w for w in self._wishes.get(key, [(now, replicas)]) if w[0] > now - _DOWN_WINDOW] + [
            (now, wish)
        ]
        self._wishes[key] = wishes
        steady = max(w for _, w in wishes) if wish < replicas else wish
        if steady > wish:
            said = (
                "ScaleDownStabilized",
                "recent recommendations were higher than current one, applying the highest recent recommendation",
            )
        else:
            said = ("ReadyForNewScale", "recommended size matches current size")
        conditions = set_condition(conditions, "AbleToScale", "True", *said, now)
        least, most = dig(found, "spec", "minReplicas", default=1), found["spec"]["maxReplicas"]
        limited = ("False", "DesiredWithinRange", "the desired count is within the acceptable range")
        wanted = min(steady, max(2 * replicas, replicas + 4))
        if steady > wanted:
            limited = (
                "True",
                "ScaleUpLimit",
                "the desired replica count is increasing faster than the maximum scale rate",
            )
        if wanted > most:
            limited = (
                "True",
                "TooManyReplicas",
                "the desired replica count is more than the maximum replica count",
            )
        elif wanted < least:
            limited = (
                "True",
                "TooFewReplicas",
                "the desired replica count is less than the minimum replica count",
            )
        wanted = max(least, min(most, wanted))
        conditions = set_condition(conditions, "ScalingLimited", *limited, now)
        last = dig(found, "status", "lastScaleTime")
        if wanted != replicas:
            reason = (
                f"{name} resource utilization (percentage of request) above target"
                if wanted > replicas
                else "All metrics below target"
            )
            self._k.tell(
                STORAGE,
                found,
                "Normal",
                "SuccessfulRescale",
                f"New size: {wanted}; reason: {reason}",
                _SOURCE,
            )
            message = f"the HPA controller was able to update the target scale to {wanted}"
            conditions = set_condition(conditions, "AbleToScale", "True", "SucceededRescale", message, now)
            scaled = with_meta(
                with_spec(target, replicas=wanted), generation=target["metadata"].get("generation", 0) + 1
            )
            last = stamp(now)
            version = target.get("apiVersion", "apps/v1")
            fields = after_update(target, scaled, "kube-controller-manager", "scale", version, last)
            self._k.update(storage, with_meta(scaled, managedFields=fields))
        self._k.update(
            STORAGE,
            with_status(
                found,
                currentReplicas=replicas,
                desiredReplicas=wanted,
                lastScaleTime=last,
                currentMetrics=[status for status, _, _ in measured],
                conditions=conditions,
            ),
        )


def _unmeasured(found: Obj, pods: list[Obj]) -> tuple[str, str]:
    """Reason and words of the first of its metrics that cannot be had, as the controller has them."""
    metric: Obj = next(iter(found["spec"].get("metrics") or ()), {})
    external = metric.get("external")
    if external is not None:
        name, namespace = external["metric"]["name"], found["metadata"]["namespace"]
        return "FailedGetExternalMetric", (
            f"unable to get external metric {namespace}/{name}/nil: unable to fetch metrics from external metrics API: "
            f"the server could not find the requested resource (get {name}.external.metrics.k8s.io)"
        )
    resource = dig(metric, "resource", "name", default="cpu")
    for pod in pods:
        for container in pod["spec"]["containers"]:
            if dig(container, "resources", "requests", resource) is None:
                why = f"missing request for {resource} in container {container['name']} of Pod {pod['metadata']['name']}"
                return "FailedGetResourceMetric", f"failed to get {resource} utilization: {why}"
    return "FailedGetResourceMetric", (
        f"failed to get {resource} utilization: unable to get metrics for resource {resource}: "
        "no metrics returned from resource metrics API"
    )
