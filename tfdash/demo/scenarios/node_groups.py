"""What a cluster-autoscaler writes of its node groups (YAML, as it does since 1.30)."""

from __future__ import annotations

from datetime import UTC, datetime


def status_of(now: float, group: str, nodes: int, least: int, most: int) -> str:
    """Of one group that is well and has ``nodes``, written ``now`` (epoch seconds)."""
    written = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S.%f} +0000 UTC"
    counts = f"registered: {{total: {nodes}, ready: {nodes}, notStarted: 0}}"
    return f"""time: {written}
autoscalerStatus: Running
clusterWide:
  health: {{status: Healthy, nodeCounts: {{{counts}}}}}
  scaleUp: {{status: NoActivity}}
nodeGroups:
- name: {group}
  health: {{status: Healthy, nodeCounts: {{{counts}}}, cloudProviderTarget: {nodes}, minSize: {least}, maxSize: {most}}}
  scaleUp: {{status: NoActivity}}
"""
