"""Rows of workloads, autoscalers and disruption budgets."""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.objects import Obj, dig, seconds
from tfdash.demo.apiserver.table.durations import human, since


def age(obj: Obj, now: float) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def pairs(labels: dict[str, str] | None) -> str:
    """``a=b,c=d``, or ``<none>``."""
    return ",".join(f"{k}={labels[k]}" for k in sorted(labels)) if labels else "<none>"


def selector(value: Obj | None) -> str:
    """A metav1.LabelSelector as a string."""
    if value is None:
        return "<none>"
    operators = {"In": "in", "NotIn": "notin"}
    terms = [(k, f"{k}={v}") for k, v in (value.get("matchLabels") or {}).items()]
    for term in value.get("matchExpressions") or ():
        key = term["key"]
        if term["operator"] in operators:
            values = ",".join(sorted(term.get("values") or ()))
            terms.append((key, f"{key} {operators[term['operator']]} ({values})"))
        else:
            terms.append((key, key if term["operator"] == "Exists" else f"!{key}"))
    return ",".join(text for _, text in sorted(terms)) or "<none>"


def _containers(obj: Obj, *path: str) -> list[str]:
    containers = dig(obj, *path, "spec", "containers", default=())
    return [",".join(c["name"] for c in containers), ",".join(c.get("image", "") for c in containers)]


def deployment(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    return [
        obj["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{dig(obj, 'spec', 'replicas', default=0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        *_containers(obj, "spec", "template"),
        selector(dig(obj, "spec", "selector")),
    ]


def replica_set(obj: Obj, now: float) -> list[Any]:
    status, wanted = obj.get("status", {}), dig(obj, "spec", "selector")
    if wanted is not None and "matchLabels" not in wanted and "matchExpressions" not in wanted:
        wanted = {"matchLabels": wanted}  # a ReplicationController's is a plain map
    return [
        obj["metadata"]["name"],
        dig(obj, "spec", "replicas", default=0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        *_containers(obj, "spec", "template"),
        selector(wanted),
    ]


def stateful_set(obj: Obj, now: float) -> list[Any]:
    ready = f"{dig(obj, 'status', 'readyReplicas', default=0)}/{dig(obj, 'spec', 'replicas', default=0)}"
    return [obj["metadata"]["name"], ready, age(obj, now), *_containers(obj, "spec", "template")]


def daemon_set(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status", {})
    counts = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return [
        obj["metadata"]["name"],
        *(status.get(count, 0) for count in counts),
        pairs(dig(obj, "spec", "template", "spec", "nodeSelector")),
        age(obj, now),
        *_containers(obj, "spec", "template"),
        selector(dig(obj, "spec", "selector")),
    ]


def job_state(obj: Obj) -> str:
    true = {c["type"] for c in dig(obj, "status", "conditions", default=()) if c.get("status") == "True"}
    if "Complete" in true:
        return "Complete"
    if "Failed" in true:
        return "Failed"
    if "deletionTimestamp" in obj["metadata"]:
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if kind in true:
            return kind
    return "Running"


def job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    done, parallelism = status.get("succeeded", 0), spec.get("parallelism", 1)
    if spec.get("completions") is not None:
        completions = f"{done}/{spec['completions']}"
    else:
        completions = f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"
    started, ended = seconds(status.get("startTime")), seconds(status.get("completionTime"))
    duration = "" if started is None else human((now if ended is None else ended) - started)
    return [
        obj["metadata"]["name"],
        job_state(obj),
        completions,
        duration,
        age(obj, now),
        *_containers(obj, "spec", "template"),
        selector(spec.get("selector")),
    ]


def cron_job(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    last = status.get("lastScheduleTime")
    suspend = spec.get("suspend")
    return [
        obj["metadata"]["name"],
        spec.get("schedule", ""),
        spec.get("timeZone") or "<none>",
        "<unset>" if suspend is None else str(bool(suspend)),
        len(status.get("active") or ()),
        since(last, now) if last else "<none>",
        age(obj, now),
        *_containers(obj, "spec", "jobTemplate", "spec", "template"),
        selector(dig(obj, "spec", "jobTemplate", "spec", "selector")),
    ]


def _metric(spec: Obj, current: Obj | None) -> str:
    kind = spec["type"]
    field = kind[0].lower() + kind[1:]
    wanted, have = spec[field], (current or {}).get(field) or {}
    target, now = wanted.get("target", {}), have.get("current") or {}
    unknown = "<unknown>"
    if kind in ("Resource", "ContainerResource"):
        name = wanted["name"]
        if target.get("averageValue") is not None:
            return f"{name}: {now.get('averageValue', unknown)}/{target['averageValue']}"
        used = now.get("averageUtilization")
        aim = target.get("averageUtilization")
        return f"{name}: {unknown if used is None else f'{used}%'}/{'<auto>' if aim is None else f'{aim}%'}"
    if target.get("averageValue") is not None:
        mark = "" if kind == "Pods" else " (avg)"
        return f"{now.get('averageValue', unknown)}/{target['averageValue']}{mark}"
    return f"{now.get('value', unknown)}/{target.get('value', unknown)}"


def autoscaler(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    wanted, current = spec.get("metrics") or [], status.get("currentMetrics") or []
    shown = [_metric(m, current[i] if i < len(current) else None) for i, m in enumerate(wanted[:2])]
    text = ", ".join(shown) or "<none>"
    if len(wanted) > 2:
        text = f"{text} + {len(wanted) - 2} more..."
    target = spec.get("scaleTargetRef", {})
    least = spec.get("minReplicas")
    return [
        obj["metadata"]["name"],
        f"{target.get('kind', '')}/{target.get('name', '')}",
        text,
        "<unset>" if least is None else str(least),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(obj, now),
    ]


def disruption_budget(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    return [
        obj["metadata"]["name"],
        "N/A" if least is None else str(least),
        "N/A" if most is None else str(most),
        dig(obj, "status", "disruptionsAllowed", default=0),
        age(obj, now),
    ]
