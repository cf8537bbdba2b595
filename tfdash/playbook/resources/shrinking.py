"""What cannot be asked for less: of one workload, and of all that are in a namespace, on a pool of nodes or in the cluster. Pure."""

from __future__ import annotations

from typing import Any

from tfdash.model.kube import CronJob, DaemonSet, Job, Pod
from tfdash.model.subject import Key
from tfdash.model.usage import Usage
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case
from tfdash.playbook.seen import Relation
from tfdash.playbook.serving.links import AUTOSCALERS_OF
from tfdash.playbook.staleness import Unread
from tfdash.quantities import NANO, amount, reaches

_USES_IN = Relation(Usage, lambda usage: (usage.namespace, "") if usage.namespace else ())
"""Of workloads, by namespace; "" has all."""
_NAMED = 2  # of those that cannot shrink


def why_fixed(case: Case[Any], usage: Usage, resource: str, question: str, whole: int) -> str | Unread:
    """Why a workload cannot be asked for less than ``whole`` (billionths); "" where it can. ``question``: "request" or "limit"."""
    if usage.of in (Job.KIND, CronJob.KIND):
        return "it runs to an end"
    if usage.of == DaemonSet.KIND:
        return "one pod a node"
    if usage.of == Pod.KIND:
        return "one pod"
    scalers = case.seen(AUTOSCALERS_OF, (usage.of, Key(usage.namespace, usage.called)))
    if isinstance(scalers, Unread):
        return scalers
    for scaler in scalers:
        if scaler.current <= scaler.min_replicas:
            return f"its HPA is at its minimum of {scaler.min_replicas}"
    if usage.pods <= 1:
        return "one replica"
    least = case.policies.resources.rightsize
    floor = least.least_cpu if resource == "cpu" else least.least_memory
    if question == "request" and whole <= floor * NANO * max(usage.measured, 1):
        return f"its request is at the floor of {written(resource, round(floor * NANO))}"
    return ""


def why_nothing_shrinks(case: Case[Any], namespace: str, resource: str, low: float) -> str | Unread:
    """Why none of the workloads below ``low`` percent of what they ask for can be asked for less; "" where one can, or none is below.
    ``namespace``: "" is all of them."""
    policy = case.policies.resources
    question = policy.cpu_of if resource == "cpu" else policy.memory_of
    found = case.seen(_USES_IN, namespace)
    if isinstance(found, Unread):
        return found
    told: list[str] = []
    unknown: Unread | None = None
    for usage in found:
        used = amount(usage.used, resource)
        whole = amount(usage.requests if question == "request" else usage.limits, resource)
        if used is None or not whole or reaches(used, whole, low):
            continue
        why = why_fixed(case, usage, resource, question, whole)
        if isinstance(why, Unread):
            unknown = why
        elif not why:
            return ""
        else:
            told.append(f"{usage.called}: {why}")
    if unknown is not None:
        return unknown
    more = (f"{len(told) - _NAMED} more",) if len(told) > _NAMED else ()
    return f"nothing in it can shrink ({'; '.join((*told[:_NAMED], *more))})" if told else ""
