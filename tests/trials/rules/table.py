"""The table: each rule of resources, and the objects of the real API server on which it finds something, and on which it does not.

A line of a level above MOVING is a finding. What cannot be made on real parts stands in ``ELSEWHERE`` with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.platform.harness.cluster import Cluster
from tests.trials.rules import objects as o
from tests.trials.rules import scalers
from tests.trials.rules.scalers import AUTOSCALER
from tests.trials.weeks import SPACE as WEEKS
from tfdash.model.subject import Subject
from tfdash.model.usage import Usage, usage_key

NOTHING = ""
"""The level of a line where the rule says nothing at all."""
FINDINGS = frozenset({"WARN", "BREACH"})


class Line(NamedTuple):
    """``level``: the verdict's by name; ``words`` of its sentence."""

    rule: str
    level: str
    words: str
    kind: str
    namespace: str
    name: str

    @property
    def finds(self) -> bool:
        return self.level in FINDINGS

    def about(self, subject: Subject) -> bool:
        return (subject.kind, subject.namespace, subject.name) == self[3:]


def _use(of: str, name: str = "", space: str = "") -> tuple[str, str, str]:
    key = usage_key(of, space, name)
    return Usage.KIND, key.namespace, key.name


def _lines(rule: str, *told: tuple[str, str, tuple[str, str, str]]) -> tuple[Line, ...]:
    return tuple(Line(rule, level, words, *subject) for level, words, subject in told)


def _deployment(space: str, name: str) -> tuple[str, str, str]:
    return "Deployment", space, name


def _week(name: str) -> tuple[str, str, str]:
    return _deployment(WEEKS, name)


def _set(space: str, name: str) -> tuple[str, str, str]:
    return "StatefulSet", space, name


def _hpa(name: str) -> tuple[str, str, str]:
    return "HorizontalPodAutoscaler", o.HPAS, name


def _keda(name: str) -> tuple[str, str, str]:
    return "ScaledObject", o.HPAS, name


def _claim(name: str) -> tuple[str, str, str]:
    return "PersistentVolumeClaim", o.VOLUMES, name


def _volume(name: str) -> tuple[str, str, str]:
    return "PersistentVolume", "", f"tf-{name}"


def _space(name: str) -> tuple[str, str, str]:
    return "Namespace", "", name


def _node(name: str) -> tuple[str, str, str]:
    return "Node", "", name


def _pool(name: str) -> tuple[str, str, str]:
    return "NodePool", "", name


NO_NODE = "no node can take 1 pod: "
NOW: tuple[Line, ...] = (
    *_lines(
        "resources.band.cpu",
        ("OK", "70 % of its request", _week("steady")),
        ("WARN", "below 60 %", _week("under")),
        ("WARN", "above 80 %", _week("hot")),
        ("BREACH", "past 100 %", _week("past")),
        ("OK", "one replica", _week("single")),
        ("OK", "its HPA is at its minimum of 2", _deployment(o.HPAS, "lowest")),
        ("IDLE", "name no cpu request", _deployment(o.LIMITS, "silent")),
        ("WARN", f"namespace {o.HOT}: cpu 9", _use("Namespace", o.HOT)),
        ("WARN", "pool hot: cpu 90 % of allocatable", _use("NodePool", "hot")),
        ("WARN", "% of allocatable, below 60 %: 95th percentile 1 % over 1d", _use("Cluster")),
        ("WARN", "above 80 %", _use("Node", "hot-0")),
        ("IDLE", "below 60 %: its pool shrinks, not it", _use("Node", "free-0")),
    ),
    *_lines(
        "resources.band.memory",
        ("OK", "77 % of its request", _week("steady")),
        ("WARN", "below 70 %", _week("under")),
        ("WARN", "above 85 %", _week("hot")),
        ("BREACH", "past 100 %", _week("past")),
        ("OK", "one replica", _week("single")),
        ("IDLE", "name no memory request", _deployment(o.LIMITS, "silent")),
        ("OK", f"namespace {o.OVER}: memory 70 % of its request", _use("Namespace", o.OVER)),
        ("WARN", f"namespace {o.HOT}: memory 95 % of its request, above 85 %", _use("Namespace", o.HOT)),
        ("WARN", "pool hot: memory 88 % of allocatable, above 85 %", _use("NodePool", "hot")),
        ("WARN", "% of allocatable, below 70 %: 95th percentile 0.1 % over 1d", _use("Cluster")),
        ("WARN", "above 85 %", _use("Node", "hot-0")),
        ("IDLE", "below 70 %: its pool shrinks, not it", _use("Node", "free-0")),
    ),
    *_lines(
        "resources.hpa",
        ("OK", "2 of 1-4, cpu 7", _hpa("steady")),
        ("OK", "at its minimum, 2 of 2-4", _hpa("lowest")),
        ("OK", "held at 2 by equal bounds", _hpa("equal")),
        ("OK", "2 of 1-4", _hpa("advised")),
        ("IDLE", "idle: Deployment idle is at 0 replicas", _hpa("idle")),
        ("WARN", "pinned at its maximum, 2 of 1-2, and wants more", _hpa("pinned")),
        ("WARN", "blind, stays at 2 replicas: ", _hpa("blind")),
        ("WARN", "half blind: has no value of queue", _hpa("half")),
        ("WARN", "Deployment twice is scaled by twice-too too", _hpa("twice")),
        ("WARN", "scales by a share of what is not requested: cpu of main", _hpa("unasked")),
        ("WARN", "which VerticalPodAutoscaler moved sets", _hpa("moved")),
        ("WARN", "has its replicas fixed in the manifest that ", _hpa("fixed")),
        ("WARN", "flaps: ", _hpa("flaps")),
        ("WARN", "Deployment gone, its target, is not there", _hpa("gone")),
        ("WARN", "cannot scale: ", _hpa("no-scale")),
        ("WARN", "its bounds are changed on ScaledObject works", _hpa("keda-hpa-works")),
        ("OK", "0-4 of Deployment queue by cron", _keda("works")),
        ("IDLE", "nothing to do, so that it rests at 0", _keda("rests")),
        ("PAUSED", "paused at 0 replicas", _keda("paused")),
        ("WARN", "is not ready: its secret is not there", _keda("broken")),
        ("WARN", "falls back, its triggers cannot be read", _keda("falls-back")),
        ("UNKNOWN", "no operator of KEDA has looked at it", _keda("unseen")),
    ),
    *_lines(
        "resources.fits",
        ("OK", "room for 3 pods", _deployment(o.FITS, "room")),
        (NOTHING, "", _deployment(o.FITS, "nothing")),
        ("WARN", NO_NODE, _deployment(o.FITS, "too-large")),
        ("WARN", "no room for one more pod: nodes end at 2 pods", _deployment(o.FITS, "on-small")),
        ("WARN", "no room for one more pod: quota three ends at 3 pods (pods, 0 left)", _deployment(o.FULL, "full")),
        ("WARN", "the next release cannot start", _deployment(o.FULL, "full")),
        ("WARN", "its maximum 6 cannot be reached: quota three ends at 3 pods", _deployment(o.GROWS, "grows")),
    ),
    *_lines(
        "resources.node",
        ("OK", "pods are asked for", _node("general-0")),
        ("OK", "4 of 6 pods are asked for", _node("free-0")),
        ("WARN", "4 of 5 pods are asked for (80 %)", _node("slots-0")),
        ("WARN", "4 of 5 example.com/gpu are asked for (80 %)", _node("gpus-0")),
        ("WARN", "cpu are asked for (150 %), more than it has", _node("shrunk-0")),
    ),
    *_lines(
        "resources.volume",
        ("OK", "50 % used, 5Gi of 10Gi", _claim("half")),
        ("WARN", "80 % used, 8Gi of 10Gi: alert at 80 %", _claim("eighty")),
        ("BREACH", "100 % used, 10Gi of 10Gi, full: nothing more can be written", _claim("full")),
        ("WARN", "90 % of its inodes used", _claim("inodes")),
        ("MOVING", "its pod has just begun", _claim("untold")),
        ("IDLE", "no pod runs with it", _claim("alone")),
        ("IDLE", "a block device", _claim("block")),
        ("IDLE", "no pod that wants it", _claim("waits")),
        ("MOVING", "its resize to 20Gi has not begun", _claim("grown")),
        ("WARN", "its resize fails: the provider has no more", _claim("failing")),
        ("WARN", "gets no volume: ", _claim("no-class")),
        ("BREACH", "is lost: its volume tf-lost is not there any more", _claim("lost")),
    ),
    *_lines(
        "resources.rightsize",
        ("OK", "", _week("steady")),
        ("WARN", "cpu request 2 → ", _week("wide")),
        ("IDLE", "? no proposal: ", _week("new")),
    ),
    *_lines(
        "resources.idle",
        ("WARN", "is idle by its CPU: ", _week("idle")),
        (NOTHING, "", _week("steady")),
        (NOTHING, "", _week("under")),
    ),
    *_lines(
        "resources.spot",
        ("WARN", "its only replica stands on a spot node (spot-0)", _deployment(o.SPOT, "alone")),
        ("WARN", "1 pod of a StatefulSet stands on a spot node", _set(o.SPOT, "stateful")),
        (NOTHING, "", _deployment(o.SPOT, "two")),
        (NOTHING, "", _deployment(o.SPOT, "elsewhere")),
        (NOTHING, "", _set(o.SPOT, "stateful-elsewhere")),
    ),
    *_lines(
        "resources.spot.share",
        ("OK", "pool spot: 1 of 1 node is spot", _use("NodePool", "spot")),
        ("OK", "pool general: 0 of 2 nodes are spot", _use("NodePool", "general")),
        ("OK", "1 of 9 nodes is spot", _use("Cluster")),
        (NOTHING, "", _use("NodePool", "bare")),
    ),
    *_lines(
        "resources.cost",
        ("OK", "a month at list price are asked for by nobody", _use("NodePool", "general")),
        ("UNKNOWN", "its cost is not known", _use("NodePool", "bare")),
        ("UNKNOWN", "its cost is not known", _use("Cluster")),
    ),
    *_lines(
        "resources.unattached",
        *((NOTHING, "", subject) for subject in (_volume("never"), _volume("kept"), _volume("half"), _claim("alone"))),
    ),
    *_lines(
        "resources.hours",
        ("OK", "is up in its hours: 1 workload of 2 pods", _space(o.UP)),
        ("WARN", "is down inside its hours: none of 1 workload runs", _space(o.DARK)),
        (NOTHING, "", _space(o.UNMARKED)),
    ),
    *_lines(
        "resources.quota",
        ("OK", "requests.cpu 79 %, 790m of 1", ("ResourceQuota", o.QUOTAS, "three")),
        ("WARN", "requests.memory 80 %, 800Mi of 1000Mi: alert at 80 %", ("ResourceQuota", o.QUOTAS, "three")),
        ("WARN", "limits.memory 81 %, 810Mi of 1000Mi: alert at 80 %", ("ResourceQuota", o.QUOTAS, "three")),
        ("WARN", "pods full, 1 of 1", ("ResourceQuota", o.QUOTAS, "three")),
        ("OK", "services 0: none are allowed, none are there", ("ResourceQuota", o.QUOTAS, "three")),
        ("BREACH", "pods over, 3 of 2", ("ResourceQuota", o.OVER, "late")),
        ("WARN", "no quota", _space(o.HPAS)),
        ("IDLE", "no quota, and needs none", _space("kube-system")),
        (NOTHING, "", _space(o.QUOTAS)),
    ),
    *_lines(
        "resources.limits",
        ("OK", "each container says what is required", _deployment(o.LIMITS, "set")),
        ("OK", "each container says what is required", _deployment(o.LIMITS, "set-at-0")),
        ("OK", "each container says what is required", _deployment(o.LIMITS, "for-the-pod")),
        ("OK", "each container says what is required", _deployment(o.RANGES, "filled-in")),
        ("WARN", "container main says no cpu limit, no memory limit", _deployment(o.LIMITS, "requests-only")),
        ("WARN", "container main says no cpu request, no memory request, no cpu", _deployment(o.LIMITS, "silent")),
        ("WARN", "container main says no cpu request", _deployment(o.LIMITS, "silent-at-0")),
        ("IDLE", "nothing is required in kube-system", _deployment("kube-system", "system")),
    ),
)  # fmt: skip
LATER: tuple[Line, ...] = (
    *_lines(
        "resources.unattached",
        ("WARN", "Available since 8d: nobody claims it", _volume("never")),
        ("WARN", f"Released since 8d: its claim {o.VOLUMES}/kept is gone", _volume("kept")),
        ("WARN", "Failed since 8d: ", _volume("failed")),
        (NOTHING, "", _volume("half")),
        ("WARN", "that no pod mounts", _claim("alone")),
        (NOTHING, "", _claim("half")),
    ),
    *_lines(
        "resources.hours",
        ("WARN", "is up outside its hours: 1 workload of 2 pods", _space(o.UP)),
        ("OK", "is down outside its hours", _space(o.DARK)),
        ("PAUSED", "by jo: a test of load", _space(o.KEPT)),
        (NOTHING, "", _space(o.UNMARKED)),
    ),
)  # fmt: skip
"""Eight days on, by tfdash's own clock alone, and outside the hours."""


class Stage(NamedTuple):
    """What is done to the cluster, and what is so then."""

    name: str
    make: Callable[[Cluster], None]
    lines: tuple[Line, ...]


def _adds(*told: tuple[str, str], fits: tuple[str, str] = ("WARN", NO_NODE)) -> tuple[Line, ...]:
    """``told``: of the cluster-autoscaler; ``fits``: of the pod that no node can take."""
    return (
        *_lines("resources.autoscaler", *((level, words, AUTOSCALER) for level, words in told)),
        *_lines("resources.fits", (*fits, _deployment(o.FITS, "too-large"))),
    )


def _status(**said: object) -> Callable[[Cluster], None]:
    return lambda cluster: scalers.write_status(cluster, **said)  # type: ignore[arg-type]


_COME = ("MOVING", "the cluster-autoscaler (node group large) can add nodes")
_WELL = ("OK", "1 node group with 3 nodes, none at its maximum")
_FULL = ("WARN", "node group large is at its maximum, 5 of 1-5 nodes")
_STALE = ("WARN", "it has not written its status since")
_SICK = ("WARN", "it calls the cluster Unhealthy and adds no node")
_BACKS_OFF = ("WARN", "node group large backs off after a failure to grow")
STAGES: tuple[Stage, ...] = (
    Stage("yaml, well", _status(), _adds(_WELL, fits=_COME)),
    Stage("yaml, full", _status(target=5), _adds(_FULL)),
    Stage("yaml, backs off", _status(up="Backoff"), _adds((_BACKS_OFF[0], f"{_BACKS_OFF[1]}: QUOTA_EXCEEDED: Limit: 57.0"))),
    Stage("yaml, sick", _status(whole="Unhealthy"), _adds(_SICK)),
    Stage("yaml, group sick", _status(health="Unhealthy"), _adds(("WARN", "node group large is Unhealthy"))),
    Stage("yaml, stale", _status(ago=200), _adds(_STALE)),
    Stage("yaml, undated", _status(ago=None), _adds(("UNKNOWN", "does not say when it was written"))),
    Stage("text, well", _status(old=True), _adds(_WELL, fits=_COME)),
    Stage("text, full", _status(old=True, target=5), _adds(_FULL)),
    Stage("text, backs off", _status(old=True, up="Backoff"), _adds(_BACKS_OFF)),
    Stage("text, sick", _status(old=True, whole="Unhealthy"), _adds(_SICK)),
    Stage("text, stale", _status(old=True, ago=200), _adds(_STALE)),
    Stage("none", scalers.no_status, _adds((NOTHING, ""))),
    Stage(
        "Karpenter",
        scalers.add_pools,
        (
            *_lines(
                "resources.autoscaler",
                ("OK", "node pool grows: 1 node, 40 % of its cpu", _pool("grows")),
                ("WARN", "node pool limited is at its limit, 10 of 10 cpu", _pool("limited")),
                ("WARN", "node pool broken is not ready, so that it adds no node", _pool("broken")),
                ("WARN", "of 1 NodeClaim 1 not launched: insufficient capacity", _pool("coming")),
            ),
            *_lines("resources.fits", ("MOVING", "can add nodes", _deployment(o.FITS, "too-large"))),
        ),
    ),
    Stage("Karpenter, full", scalers.pools_full, _lines("resources.fits", ("WARN", NO_NODE, _deployment(o.FITS, "too-large")))),
)  # fmt: skip
ALL: tuple[Line, ...] = (*NOW, *LATER, *(line for stage in STAGES for line in stage.lines))

INFORM = {
    "resources.spot.share": "tells a share, and finds nothing by itself",
    "resources.cost": "tells money, and finds nothing by itself",
}
"""Rules that never find anything: what they say, and where they say nothing or that it is not known, stands in the table."""
ELSEWHERE = {
    "resources.hpa, no controller": "a minute without the controller manager, which all else here needs: the unit tests have it",
    "resources.volume, days left": "its growth counts from the making of the claim, which the server stamps: the unit tests have it",
    "resources.cost, realised": "wants nodes that went away days ago: KWOK has no past; the unit tests have it",
    "resources.hours, within the grace": "half an hour after the hours, by the clock alone: the unit tests have it",
    "what a controller of Karpenter, KEDA or a provider would write": "none runs here: their status is written as they write it",
}
"""What no real part here makes, and why."""
