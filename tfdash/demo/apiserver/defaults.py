"""What the API server fills in: the defaults that its clients rely on seeing, as new objects."""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.objects import Obj

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def _filled(value: Obj, **fields: Any) -> Obj:
    """``value`` with fields it lacks."""
    return {**value, **{k: v for k, v in fields.items() if value.get(k) is None}}


def _container(given: Obj) -> Obj:
    image = str(given.get("image", ""))
    tag = image.rsplit("/", 1)[-1]
    latest = "@" not in tag and (":" not in tag or tag.endswith(":latest"))
    result = _filled(
        given,
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy="Always" if latest else "IfNotPresent",
    )
    resources = result["resources"]
    if resources.get("limits"):
        requests = {**resources["limits"], **(resources.get("requests") or {})}
        if requests != resources.get("requests"):
            result["resources"] = {**resources, "requests": requests}
    if result.get("ports"):
        result["ports"] = [_filled(port, protocol="TCP") for port in result["ports"]]
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(result.get(kind), dict):
            probe = _filled(result[kind], **_PROBE)
            if "httpGet" in probe:
                probe["httpGet"] = _filled(probe["httpGet"], path="/", scheme="HTTP")
            result[kind] = probe
    return result


def pod_spec(given: Obj) -> Obj:
    result = _filled(
        given,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    for field in ("containers", "initContainers"):
        if isinstance(result.get(field), list):
            result[field] = [_container(c) if isinstance(c, dict) else c for c in result[field]]
    if result.get("serviceAccountName"):
        result.setdefault("serviceAccount", result["serviceAccountName"])
    return result


def template(given: Obj | None) -> Obj:
    given = given or {}
    return {**given, "metadata": given.get("metadata") or {}, "spec": pod_spec(given.get("spec") or {})}


def _tolerations(spec: Obj) -> list[Obj]:
    """With the two that admission adds, so that a lost node does not evict at once."""
    found = list(spec.get("tolerations") or ())
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(
            t.get("key") in (key, None, "") and t.get("effect") in ("NoExecute", None, "") for t in found
        ):
            found.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    return found


def _pod(obj: Obj) -> Obj:
    spec = pod_spec(obj.get("spec") or {})
    spec = _filled(
        spec,
        serviceAccountName="default",
        serviceAccount=spec.get("serviceAccountName") or "default",
        enableServiceLinks=True,
        preemptionPolicy="PreemptLowerPriority",
        priority=0,
    )
    spec["tolerations"] = _tolerations(spec)
    return {**obj, "spec": spec}


def _deployment(spec: Obj) -> Obj:
    result = _filled(spec, replicas=1, strategy={}, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = _filled(result["strategy"], type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _filled(
            strategy.get("rollingUpdate") or {}, maxUnavailable="25%", maxSurge="25%"
        )
    return {**result, "strategy": strategy, "template": template(spec.get("template"))}


def _replica_set(spec: Obj) -> Obj:
    return {**_filled(spec, replicas=1), "template": template(spec.get("template"))}


def _stateful_set(spec: Obj) -> Obj:
    result = _filled(
        spec,
        replicas=1,
        serviceName="",
        podManagementPolicy="OrderedReady",
        updateStrategy={},
        revisionHistoryLimit=10,
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"},
    )
    strategy = _filled(result["updateStrategy"], type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _filled(strategy.get("rollingUpdate") or {}, partition=0)
    return {**result, "updateStrategy": strategy, "template": template(spec.get("template"))}


def _daemon_set(spec: Obj) -> Obj:
    result = _filled(spec, updateStrategy={}, revisionHistoryLimit=10)
    strategy = _filled(result["updateStrategy"], type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = _filled(strategy.get("rollingUpdate") or {}, maxUnavailable=1, maxSurge=0)
    return {**result, "updateStrategy": strategy, "template": template(spec.get("template"))}


def job_spec(spec: Obj) -> Obj:
    result = _filled(
        spec,
        parallelism=1,
        backoffLimit=6,
        completionMode="NonIndexed",
        suspend=False,
        manualSelector=False,
        podReplacementPolicy="TerminatingOrFailed",
    )
    if result.get("completions") is None and spec.get("parallelism") is None:
        result["completions"] = 1
    if not result["manualSelector"]:
        del result["manualSelector"]
    return {**result, "template": template(spec.get("template"))}


def _cron_job(spec: Obj) -> Obj:
    result = _filled(
        spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1
    )
    inner = spec.get("jobTemplate") or {}
    job = inner.get("spec") or {}
    return {
        **result,
        "jobTemplate": {"metadata": {}, **inner, "spec": {**job, "template": template(job.get("template"))}},
    }


def _autoscaler(spec: Obj) -> Obj:
    cpu = {"type": "Utilization", "averageUtilization": 80}
    return _filled(
        spec, minReplicas=1, metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": cpu}}]
    )


def _service(spec: Obj) -> Obj:
    result = _filled(spec, type="ClusterIP", sessionAffinity="None")
    if result["type"] != "ExternalName":
        result = _filled(
            result, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack", internalTrafficPolicy="Cluster"
        )
    if result.get("ports"):
        result["ports"] = [
            _filled(p, protocol="TCP", targetPort=p.get("port")) if isinstance(p, dict) else p
            for p in result["ports"]
        ]
    return result


_SPECS = {
    "deployments.apps": _deployment,
    "replicasets.apps": _replica_set,
    "statefulsets.apps": _stateful_set,
    "daemonsets.apps": _daemon_set,
    "jobs.batch": job_spec,
    "cronjobs.batch": _cron_job,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "services": _service,
}


def filled(storage: str, obj: Obj) -> Obj:
    """``obj`` of the stored kind with the server's defaults. What is malformed is left for validation to name."""
    if storage == "pods":
        return _pod(obj)
    if storage == "namespaces":
        spec = _filled(obj.get("spec") or {}, finalizers=["kubernetes"])
        return {**obj, "spec": spec, "status": _filled(obj.get("status") or {}, phase="Active")}
    if storage == "secrets":
        return _filled(obj, type="Opaque")
    if storage == "persistentvolumeclaims":
        spec = _filled(obj.get("spec") or {}, volumeMode="Filesystem")
        return {**obj, "spec": spec, "status": _filled(obj.get("status") or {}, phase="Pending")}
    make = _SPECS.get(storage)
    if make is None:
        return obj
    return {**obj, "spec": make(obj.get("spec") or {})}
