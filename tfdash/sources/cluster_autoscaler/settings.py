"""[sources.cluster_autoscaler]: where it writes its status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tfdash.model.autoscaling import STATUS
from tfdash.setting import Between, Note, Seconds, SettingsTable


@dataclass(frozen=True)
class ClusterAutoscalerSettings(SettingsTable):
    """What adds and removes nodes."""

    namespace: Annotated[str, Note("of the ConfigMap in which it writes its status")] = STATUS.namespace
    configmap: Annotated[str, Note("its name")] = STATUS.name
    interval: Annotated[Seconds, Between(10, 60, seconds=True), Note("how often it is read")] = 30.0
