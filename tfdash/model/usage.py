"""As ``kube``: what pods and nodes use, as metrics.k8s.io has it. Amounts are billionths (``tfdash.quantities``)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tfdash.model.kube import Object
from tfdash.quantities import NOTHING, Amounts, total


class ContainerUsage(msgspec.Struct, frozen=True, gc=False):
    name: str
    usage: Amounts = NOTHING


class PodMetrics(Object, frozen=True, gc=False, kw_only=True):
    """``at``: when it was measured (epoch seconds), over the ``window`` seconds before that."""

    KIND: ClassVar[str] = "PodMetrics"

    at: float = 0.0
    window: float = 0.0
    containers: tuple[ContainerUsage, ...] = ()

    @property
    def usage(self) -> Amounts:
        return total(c.usage for c in self.containers)


class NodeMetrics(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "NodeMetrics"

    at: float = 0.0
    window: float = 0.0
    usage: Amounts = NOTHING
