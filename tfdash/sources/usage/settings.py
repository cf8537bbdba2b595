"""[sources.usage]: where what is used is read from, and by what nodes are put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tfdash.node_pools import POOL_LABELS
from tfdash.setting import Listed, Note, SettingsTable


@dataclass(frozen=True)
class UsageSettings(SettingsTable):
    """What pods and nodes use."""

    pool_labels: Annotated[
        tuple[str, ...], Listed(), Note("a node's pool is what the first of these labels that it has says")
    ] = POOL_LABELS
