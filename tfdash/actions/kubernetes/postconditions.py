"""What is to be seen of Kubernetes objects after an action."""

from __future__ import annotations

from collections.abc import Callable

from tfdash.actions.core.plan_digest import STAMP
from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts
from tfdash.actions.kubernetes.patches import took_effect
from tfdash.model.action import Plan
from tfdash.model.kube import Pod
from tfdash.model.subject import Key, Subject


def _written(seen: PostconditionFacts, value: str) -> bool:
    # what is sent after something is seen is an order to a controller, which uses it up
    mine = [r for r in seen.plan.requests if r.subject == seen.plan.subject and r.after is None]
    return seen.same and all(took_effect(r, seen.document) is not False for r in mine)


def _rolled_out(seen: PostconditionFacts, value: str) -> bool:
    """As kubectl's rollout status (kubectl pkg/polymorphichelpers/rollout_status.go)."""
    if not seen.same:
        return False
    spec, status = seen.spec, seen.status
    generation = int((seen.document or {}).get("metadata", {}).get("generation", 0))
    if int(status.get("observedGeneration", 0)) < generation:
        return False
    if seen.plan.subject.kind == "DaemonSet":
        wanted = int(status.get("desiredNumberScheduled", 0))
        return (
            int(status.get("updatedNumberScheduled", 0)) >= wanted
            and int(status.get("numberAvailable", 0)) >= wanted
        )
    wanted = int(spec.get("replicas", 1))
    updated, total = int(status.get("updatedReplicas", 0)), int(status.get("replicas", 0))
    if seen.plan.subject.kind == "StatefulSet":
        kept = int(((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition", 0))
        ready = int(status.get("readyReplicas", 0)) >= wanted
        return ready and updated >= max(wanted - kept, 0)
    return updated >= wanted and total <= updated and int(status.get("availableReplicas", 0)) >= updated


def _replicas(seen: PostconditionFacts, value: str) -> bool:
    return seen.same and int(seen.status.get("replicas", 0)) == int(value)


def _available(seen: PostconditionFacts, value: str) -> bool:
    wanted = int(seen.spec.get("replicas", 1))
    field = "readyReplicas" if seen.plan.subject.kind == "StatefulSet" else "availableReplicas"
    return seen.same and int(seen.status.get(field, 0)) >= wanted


def _size(seen: PostconditionFacts, value: str) -> bool:
    _, low, high = value.rsplit(":", 2)
    status = (seen.other or {}).get("status") or {}
    return seen.other is not None and int(low) <= int(status.get("replicas", 0)) <= int(high)


def _sized(plan: Plan, value: str) -> Subject | None:
    kind, namespace, name = value.split(":")[0].split("/")
    return Subject(plan.subject.cluster, kind, namespace, name)


def _gone(seen: PostconditionFacts, value: str) -> bool:
    return not seen.same


def _disowned(seen: PostconditionFacts, value: str) -> bool:
    owners = (seen.document or {}).get("metadata", {}).get("ownerReferences") or ()
    return seen.same and not any(o.get("controller") for o in owners)


def _replaced(seen: PostconditionFacts, value: str) -> bool:
    """A younger pod of the ReplicaSet ``value`` is ready."""
    pods = seen.picture.clusters[seen.plan.subject.cluster].objects("Pod").values()
    return any(
        isinstance(p, Pod)
        and p.owner is not None
        and (p.owner.kind, p.owner.name, p.namespace) == ("ReplicaSet", value, seen.plan.subject.namespace)
        and p.created >= seen.since - 2
        and any(c.type == "Ready" and c.status == "True" for c in p.conditions)
        for p in pods
    )


def _drained(seen: PostconditionFacts, value: str) -> bool:
    pods = seen.picture.clusters[seen.plan.subject.cluster].objects("Pod")
    evicted = [r.subject for r in seen.plan.requests if r.subject is not None and r.subject.kind == "Pod"]
    return not any(
        # one that cannot be read has no uid: it may be the very one
        (found := pods.get(Key(s.namespace, s.name))) is not None and found.uid in ("", s.uid)
        for s in evicted
    )


def _restarted(seen: PostconditionFacts, value: str) -> bool:
    wanted = dict(seen.plan.arguments).get(STAMP, "")
    return seen.same and seen.status.get("restartedAt") == wanted


def _flag(name: str, wanted: bool) -> Callable[[PostconditionFacts, str], bool]:
    return lambda seen, value: seen.same and bool(seen.spec.get(name)) is wanted


WRITTEN = Postcondition("written", _written, lasts=True)
ROLLED_OUT = Postcondition("rolled-out", _rolled_out)
REPLICAS = Postcondition("replicas", _replicas)
AVAILABLE = Postcondition("available", _available)
SIZE = Postcondition("size", _size, _sized)
GONE = Postcondition("gone", _gone)
DISOWNED = Postcondition("disowned", _disowned)
REPLACED = Postcondition("replaced", _replaced)
DRAINED = Postcondition("drained", _drained)
HELD = Postcondition("held", _flag("paused", True), lasts=True)
NOT_HELD = Postcondition("not-held", _flag("paused", False), lasts=True)
CORDONED = Postcondition("cordoned", _flag("unschedulable", True), lasts=True)
UNCORDONED = Postcondition("uncordoned", _flag("unschedulable", False), lasts=True)
RESTARTED = Postcondition("restarted", _restarted)
