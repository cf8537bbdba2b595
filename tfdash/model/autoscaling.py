"""As ``kube``: who adds nodes, as the cluster-autoscaler tells it of itself. No server has it as a kind: a source makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from tfdash.model.kube import Condition, Object
from tfdash.model.subject import Key
from tfdash.quantities import NOTHING, Amounts


class NodeGroup(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """``target``: how many nodes its provider was asked for; None where that is not said, as of the bounds. ``scale_up`` in its
    own word ("NoActivity", "InProgress", "Backoff"); ``error`` and ``why`` of a back-off, which older versions do not tell."""

    name: str
    health: str = ""
    ready: int | None = None
    registered: int | None = None
    target: int | None = None
    least: int | None = None
    most: int | None = None
    scale_up: str = ""
    since: float = 0.0  # that this is its scale_up
    error: str = ""
    why: str = ""

    @property
    def full(self) -> bool:
        """It can grow at all, and is as large as it may be."""
        if self.target is None or self.most is None:
            return False
        return self.target >= self.most and self.most > (self.least or 0)


class ClusterAutoscaler(Object, frozen=True, gc=False, kw_only=True):
    """``at``: when it wrote this (epoch seconds; 0.0 not said); ``running`` "Running" or "Initializing"."""

    KIND: ClassVar[str] = "ClusterAutoscaler"

    at: float = 0.0
    running: str = ""
    said: str = ""
    health: str = ""
    scale_up: str = ""
    groups: tuple[NodeGroup, ...] = ()


STATUS = Key("kube-system", "cluster-autoscaler-status")
"""The ConfigMap that it writes, unless told otherwise."""


class NodePool(Object, frozen=True, gc=False, kw_only=True):
    """Of Karpenter. ``limits`` and ``used``: of what all its nodes together may have, and have; ``fixed``: it keeps so many nodes
    whatever waits. ``ready`` "True", "False" or ""."""

    KIND: ClassVar[str] = "NodePool"

    node_class: str = ""
    nodes: int | None = None
    ready: str = ""
    said: str = ""
    weight: int | None = None
    limits: Amounts = NOTHING
    used: Amounts = NOTHING
    fixed: bool = False


class NodeClaim(Object, frozen=True, gc=False, kw_only=True):
    """One node that Karpenter wants. ``launched``, ``registered``, ``ready``: "True", "False", "Unknown" or "" where not said, and
    ``said`` why the first of them that is not "True" is not, ``since`` when."""

    KIND: ClassVar[str] = "NodeClaim"

    pool: str = ""
    instance: str = ""
    capacity: str = ""  # "spot", "on-demand", "reserved"
    zone: str = ""
    node: str = ""
    launched: str = ""
    registered: str = ""
    ready: str = ""
    said: str = ""
    since: float = 0.0


PAUSED, PAUSED_AT = "autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"
_NO = frozenset({"0", "f", "F", "false", "False", "FALSE"})  # Go's ParseBool


def pausing(notes: Mapping[str, str]) -> str:
    """The annotation by which KEDA rests, "" where none does: what is no boolean pauses, too (kedacore/keda,
    apis/keda/v1alpha1/scaledobject_types.go)."""
    if PAUSED_AT in notes:
        return PAUSED_AT
    return PAUSED if notes.get(PAUSED, "false") not in _NO else ""


class ScaledObject(Object, frozen=True, gc=False, kw_only=True):
    """Of KEDA, which makes the HPA ``hpa`` of it. ``idle``: how many replicas where none of its ``triggers`` is active; None: as many
    as at least. ``paused_replicas`` None: paused as it is, or not ``paused``."""

    KIND: ClassVar[str] = "ScaledObject"

    target_kind: str = ""
    target_name: str = ""
    min_replicas: int = 0
    max_replicas: int = 100
    idle: int | None = None
    cooldown: float = 300.0
    paused: bool = False
    paused_replicas: int | None = None
    triggers: tuple[str, ...] = ()
    hpa: str = ""
    conditions: tuple[Condition, ...] = ()

    @property
    def target(self) -> str:
        return f"{self.target_kind}/{self.target_name}"

    @property
    def by(self) -> str:
        return ",".join(self.triggers)

    @property
    def rests(self) -> str:
        """As printed: whether it is paused."""
        return str(self.paused)


class VerticalPodAutoscaler(Object, frozen=True, gc=False, kw_only=True):
    """``mode`` as it is said ("Off", "Initial", "Recreate", "Auto", ...; "" is the default, which acts). ``controls``: the resources
    of which it sets the requests of some container. ``cpu`` and ``memory``: what it recommends for the first one."""

    KIND: ClassVar[str] = "VerticalPodAutoscaler"

    target_kind: str = ""
    target_name: str = ""
    mode: str = ""
    controls: tuple[str, ...] = ()
    cpu: str = ""
    memory: str = ""
    provided: str = ""
