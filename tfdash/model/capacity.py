"""As ``kube``: what bounds a namespace, and the storage of a cluster. Texts of quantities are the server's own."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tfdash.model.kube import Condition, Object
from tfdash.model.placement import Requirement
from tfdash.quantities import NOTHING, Amounts

Texts = tuple[tuple[str, str], ...]
"""Quantities by resource, sorted, as the server writes them."""


class ResourceQuota(Object, frozen=True, gc=False, kw_only=True):
    """``wanted`` is what the spec says; ``hard`` and ``used`` what its controller last counted, with ``*_text`` as printed."""

    KIND: ClassVar[str] = "ResourceQuota"

    wanted: Amounts = NOTHING
    hard: Amounts = NOTHING
    used: Amounts = NOTHING
    hard_text: Texts = ()
    used_text: Texts = ()
    scopes: tuple[str, ...] = ()  # "BestEffort", "PriorityClass In (high)": it counts only pods of these
    scoped: tuple[Requirement, ...] = ()  # the same as they are compared


class LimitRangeItem(msgspec.Struct, frozen=True, gc=False):
    """``type`` is "Container", "Pod" or "PersistentVolumeClaim"."""

    type: str
    least: Amounts = NOTHING
    most: Amounts = NOTHING
    default_request: Amounts = NOTHING
    default_limit: Amounts = NOTHING
    ratio: Amounts = NOTHING  # at most so many times its request is a limit, in billionths


class LimitRange(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "LimitRange"

    items: tuple[LimitRangeItem, ...] = ()


class PersistentVolumeClaim(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "PersistentVolumeClaim"

    phase: str = ""
    volume: str = ""
    asked: int | None = None  # billionths of a byte
    capacity: int | None = None
    capacity_text: str = ""
    access_modes: str = ""  # "RWO,ROX"
    storage_class: str = ""
    volume_mode: str = ""
    conditions: tuple[Condition, ...] = ()


class PersistentVolume(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "PersistentVolume"

    phase: str = ""
    phase_since: float = 0.0  # 0.0: the server does not say
    capacity: int | None = None
    capacity_text: str = ""
    access_modes: str = ""
    reclaim_policy: str = ""
    claim: str = ""  # "namespace/name"
    storage_class: str = ""
    reason: str = ""
    volume_mode: str = ""


class StorageClass(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "StorageClass"

    provisioner: str = ""
    reclaim_policy: str = "Delete"
    binding_mode: str = "Immediate"
    expandable: str = "false"  # "true" or "false", as printed
    shown: str = ""  # its name, marked where it is the default


class PriorityClass(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "PriorityClass"

    value: int = 0
    default: str = "false"  # "true" or "false", as printed: of all pods that name none
    preemption_policy: str = ""
