"""What is free on a node: made by the rule of nodes, for the rules that ask what fits."""

from __future__ import annotations

import msgspec

from tfdash.model.kube import Labels
from tfdash.model.kubecluster import Taint
from tfdash.quantities import Amounts


class NodeRoom(msgspec.Struct, frozen=True, gc=False):
    """``free``: what its pods have left of what it can give, "pods" among it; below 0 where they ask for more than there is."""

    name: str
    labels: Labels
    taints: tuple[Taint, ...]
    unschedulable: bool
    free: Amounts
