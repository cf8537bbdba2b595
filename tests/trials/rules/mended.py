"""What ends a finding: done to the same objects, each after its finding was seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.platform.harness.cluster import Cluster
from tests.trials.rules import objects as o
from tests.trials.rules.table import NOTHING, Line, Stage
from tests.trials.weeks import SPACE as WEEKS


def _kubectl(*argv: str) -> Callable[[Cluster], None]:
    return lambda cluster: void(cluster.kubectl(*argv))


def void(_: object) -> None:
    """Of a command whose words nobody reads."""


def _scale(space: str, name: str, replicas: int) -> Callable[[Cluster], None]:
    return _kubectl("scale", f"deployment/{name}", "-n", space, f"--replicas={replicas}")


def _patch(space: str, what: str, patch: Any, *more: str) -> Callable[[Cluster], None]:
    return _kubectl("patch", what, "-n", space, "--type=merge", "-p", json.dumps(patch), *more)


def _uses_less(cluster: Cluster) -> None:
    for name in ("hot", "past"):
        notes = ("kwok.x-k8s.io/usage-cpu=140m", f"kwok.x-k8s.io/usage-memory={154 * 1024}Ki", "--overwrite")
        cluster.kubectl("annotate", "pods", "-n", WEEKS, "-l", f"app={name}", *notes)


MENDED: tuple[Stage, ...] = (
    Stage(
        "less is used",
        _uses_less,
        tuple(
            Line(f"resources.band.{resource}", "OK", f"{share} % of its request", "Deployment", WEEKS, name)
            for name in ("hot", "past")
            for resource, share in (("cpu", 70), ("memory", 77))
        ),
    ),
    Stage(
        "limits are said",
        _kubectl("set", "resources", "deployment/requests-only", "-n", o.LIMITS, "--limits=cpu=200m,memory=200Mi"),
        (Line("resources.limits", "OK", "says what is required", "Deployment", o.LIMITS, "requests-only"),),
    ),
    Stage(
        "a quota allows more",
        _patch(o.FULL, "quota/three", {"spec": {"hard": {"pods": "9"}}}),
        (
            Line("resources.quota", "OK", "pods 33 %, 3 of 9", "ResourceQuota", o.FULL, "three"),
            Line("resources.fits", "OK", "room for 4 pods", "Deployment", o.FULL, "full"),
        ),
    ),
    Stage(
        "the other scaler goes",
        _kubectl("delete", "hpa", "twice-too", "-n", o.HPAS),
        (Line("resources.hpa", "OK", "2 of 1-4", "HorizontalPodAutoscaler", o.HPAS, "twice"),),
    ),
    Stage(
        "a node has places",
        _scale(o.FITS, "slots", 3),
        (Line("resources.node", "OK", "3 of 5 pods are asked for", "Node", "", "slots-0"),),
    ),
    Stage(
        "two replicas on spot",
        _scale(o.SPOT, "alone", 2),
        (Line("resources.spot", NOTHING, "", "Deployment", o.SPOT, "alone"),),
    ),
    Stage(
        "up in its hours",
        _scale(o.DARK, "web", 1),
        (Line("resources.hours", "OK", "is up in its hours", "Namespace", "", o.DARK),),
    ),
    Stage(
        "the resize is tried anew",
        _patch(o.VOLUMES, "pvc/failing", {"status": {"conditions": None}}, "--subresource=status"),
        (Line("resources.volume", "MOVING", "has not begun", "PersistentVolumeClaim", o.VOLUMES, "failing"),),
    ),
)  # fmt: skip
