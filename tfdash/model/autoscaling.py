"""As ``kube``: who adds nodes, as the cluster-autoscaler tells it of itself. No server has it as a kind: a source makes it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tfdash.model.kube import Object
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
