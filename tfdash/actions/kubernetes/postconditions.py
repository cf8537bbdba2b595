"""Postconditions: whether what was wanted is there, by the objects as they are read afresh and by the board's picture.

A post's id says what is looked at; ``name:value`` carries a number or an object. Pure but for the reads handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tfdash.actions.core.plan_digest import STAMP
from tfdash.actions.kubernetes.patches import took_effect
from tfdash.model.action import Plan, Post
from tfdash.model.kube import Pod
from tfdash.model.picture import Picture
from tfdash.model.subject import Key, Subject
from tfdash.playbook.releases.facts import canonical_at


class Seen(NamedTuple):
    """What is known now. ``document`` is None where the plan's subject is gone; ``since`` is when it was sent."""

    plan: Plan
    document: Mapping[str, Any] | None
    picture: Picture
    since: float
    other: Mapping[str, Any] | None = None  # of a post that looks at another object

    @property
    def spec(self) -> Mapping[str, Any]:
        return (self.document or {}).get("spec") or {}

    @property
    def status(self) -> Mapping[str, Any]:
        return (self.document or {}).get("status") or {}

    @property
    def same(self) -> bool:
        """It is there, and the same object."""
        found = (self.document or {}).get("metadata", {}).get("uid", "")
        return self.document is not None and found == self.plan.subject.uid


def come_true(post: Post, seen: Seen) -> bool:
    """Whether it holds now."""
    name, _, value = post.id.partition(":")
    return _CHECKS[name](seen, value)


def other_subject(post: Post, plan: Plan) -> Subject | None:
    """The object that a post looks at besides the plan's own."""
    if not post.id.startswith("size:"):
        return None
    kind, namespace, name = post.id.split(":")[1].split("/")
    return Subject(plan.subject.cluster, kind, namespace, name)


def _written(seen: Seen, value: str) -> bool:
    mine = [r for r in seen.plan.requests if r.subject == seen.plan.subject]
    return seen.same and all(took_effect(r, seen.document) is not False for r in mine)


def _rolled_out(seen: Seen, value: str) -> bool:
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


def _replicas(seen: Seen, value: str) -> bool:
    return seen.same and int(seen.status.get("replicas", 0)) == int(value)


def _available(seen: Seen, value: str) -> bool:
    wanted = int(seen.spec.get("replicas", 1))
    field = "readyReplicas" if seen.plan.subject.kind == "StatefulSet" else "availableReplicas"
    return seen.same and int(seen.status.get(field, 0)) >= wanted


def _size(seen: Seen, value: str) -> bool:
    _, low, high = value.rsplit(":", 2)
    status = (seen.other or {}).get("status") or {}
    return seen.other is not None and int(low) <= int(status.get("replicas", 0)) <= int(high)


def _gone(seen: Seen, value: str) -> bool:
    return not seen.same


def _disowned(seen: Seen, value: str) -> bool:
    owners = (seen.document or {}).get("metadata", {}).get("ownerReferences") or ()
    return seen.same and not any(o.get("controller") for o in owners)


def _replaced(seen: Seen, value: str) -> bool:
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


def _drained(seen: Seen, value: str) -> bool:
    pods = seen.picture.clusters[seen.plan.subject.cluster].objects("Pod")
    evicted = [r.subject for r in seen.plan.requests if r.subject is not None and r.subject.kind == "Pod"]
    return not any(
        (found := pods.get(Key(s.namespace, s.name))) is not None and found.uid == s.uid for s in evicted
    )


def _moved(seen: Seen, value: str) -> bool:
    """The rollout's controller took the promotion up: another step, another pause, or none."""
    facts = {f.pointer: f.value for f in seen.plan.facts}
    pauses, step = "/status/pauseConditions", "/status/currentStepIndex"
    if bool(seen.spec.get("paused")):
        return False
    had_pause = facts.get(pauses, "") not in ("", "null", "[]")
    now_step, now_pause = (canonical_at(seen.document, p) for p in (step, pauses))
    if had_pause:
        return now_pause != facts.get(pauses) and (
            now_step != facts.get(step) or now_pause in ("", "null", "[]")
        )
    return now_step != facts.get(step) or seen.status.get("currentPodHash") == seen.status.get("stableRS")


def _restarted(seen: Seen, value: str) -> bool:
    wanted = dict(seen.plan.arguments).get(STAMP, "")
    return seen.same and seen.status.get("restartedAt") == wanted


def _promoted(seen: Seen, value: str) -> bool:
    return seen.same and seen.status.get("currentPodHash") == seen.status.get("stableRS")


def _rollout_done(seen: Seen, value: str) -> bool:
    """Healthy; or standing at the first pause of the steps that an undo runs again."""
    generation = str((seen.document or {}).get("metadata", {}).get("generation", ""))
    observed = str(seen.status.get("observedGeneration", ""))
    return seen.same and observed == generation and seen.status.get("phase") in ("Healthy", "Paused")


def _stable_serves(seen: Seen, value: str) -> bool:
    """Every pod that was wanted is a stable one, or the traffic goes to the stable version alone."""
    status = seen.status
    weights = (status.get("canary") or {}).get("weights") or {}
    if weights:
        return int((weights.get("canary") or {}).get("weight", 1)) == 0
    return (
        seen.same
        and int(status.get("updatedReplicas", 0)) == 0
        and int(status.get("availableReplicas", 0)) >= int(seen.spec.get("replicas", 1))
    )


def _flag(name: str, wanted: bool) -> Callable[[Seen, str], bool]:
    return lambda seen, value: seen.same and bool(seen.spec.get(name)) is wanted


def _state(name: str, wanted: bool) -> Callable[[Seen, str], bool]:
    return lambda seen, value: seen.same and bool(seen.status.get(name)) is wanted


def _left_waiting(seen: Seen, value: str) -> bool:
    return seen.same and not str(seen.status.get("phase", "")).startswith("Waiting")


def _run_ended(seen: Seen, value: str) -> bool:
    return not seen.same or seen.status.get("phase") in ("Successful", "Failed", "Error", "Inconclusive")


_CHECKS: dict[str, Callable[[Seen, str], bool]] = {
    "written": _written,
    "rolled-out": _rolled_out,
    "replicas": _replicas,
    "available": _available,
    "size": _size,
    "gone": _gone,
    "disowned": _disowned,
    "replaced": _replaced,
    "drained": _drained,
    "held": _flag("paused", True),
    "not-held": _flag("paused", False),
    "suspended": _flag("suspend", True),
    "not-suspended": _flag("suspend", False),
    "cordoned": _flag("unschedulable", True),
    "uncordoned": _flag("unschedulable", False),
    "moved": _moved,
    "restarted": _restarted,
    "promoted": _promoted,
    "rollout-done": _rollout_done,
    "aborted": lambda seen, value: (
        seen.same and bool(seen.status.get("abortedAt") or seen.status.get("abort"))
    ),
    "not-aborted": _state("abort", False),
    "stable-serves": _stable_serves,
    "phase": lambda seen, value: seen.same and seen.status.get("phase") == value,
    "left-waiting": _left_waiting,
    "run-ended": _run_ended,
}
"""Every post's id (before ":") that a plan may name; a test holds the plans to it."""
