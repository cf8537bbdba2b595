"""[metrics.usage]: which series tell what containers used, whose pods are whose, and how full volumes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from tfdash.setting import Between, Listed, Note, Seconds, SettingsTable, Spelled
from tfdash.sources.prometheus.selector import SelectorError, SeriesSelector, parse_selector

_OF_CONTAINERS = '{namespace="$namespace",container!="",container!="POD"}'
_OF_NAMESPACE = '{namespace="$namespace"}'


def selector_text(value: Any, sample: str, places: set[str], wrong: str) -> str:
    """A selector with just these placeholders, "" for none. Raises ``ValueError``."""
    if not isinstance(value, str):
        raise ValueError(f"must be a selector such as '{sample}'")
    if not value.strip():
        return ""
    try:
        found = parse_selector(value)
    except SelectorError as error:
        raise ValueError(str(error)) from None
    if {place for m in found.matchers for place in m.places} != places:
        raise ValueError(wrong)
    return value


def _series(value: Any) -> str:
    wrong = "holds no $namespace, or another placeholder; it is asked for one namespace at a time"
    return selector_text(value, 'kube_pod_owner{namespace="$namespace"}', {"namespace"}, wrong)


def _of_nodes(value: Any) -> str:
    wrong = "holds a placeholder; nodes are asked for all at once, so remove it"
    return selector_text(value, 'container_cpu_usage_seconds_total{id="/"}', set(), wrong)


SeriesText = Annotated[str, Spelled(_series, str)]
NodeSeries = Annotated[str, Spelled(_of_nodes, str)]


@dataclass(frozen=True)
class UsageSeries(SettingsTable):
    """What workloads use and used, and how full volumes are: names of cAdvisor, kubelet, kube-state-metrics and node-exporter; "": not asked for"""

    enabled: Annotated[bool, Note("false: Prometheus is asked for no history of weeks and no volumes")] = True
    step: Annotated[
        Seconds,
        Between(15, 3600, seconds=True),
        Note("between two points, and what a rate is taken over; KRR's is 1m15s"),
    ] = 75.0
    cpu: SeriesText = f"container_cpu_usage_seconds_total{_OF_CONTAINERS}"
    memory: SeriesText = f"container_memory_working_set_bytes{_OF_CONTAINERS}"
    throttled: SeriesText = f"container_cpu_cfs_throttled_periods_total{_OF_CONTAINERS}"
    periods: SeriesText = f"container_cpu_cfs_periods_total{_OF_CONTAINERS}"
    pod_owner: Annotated[SeriesText, Note("without it current pods only")] = f"kube_pod_owner{_OF_NAMESPACE}"
    replicaset_owner: SeriesText = f"kube_replicaset_owner{_OF_NAMESPACE}"
    job_owner: SeriesText = f"kube_job_owner{_OF_NAMESPACE}"
    pod_info: Annotated[SeriesText, Note("which node a pod is on; without it pools have no history")] = (
        f"kube_pod_info{_OF_NAMESPACE}"
    )
    memory_limit: SeriesText = 'kube_pod_container_resource_limits{namespace="$namespace",resource="memory"}'
    oom_killed: SeriesText = (
        'kube_pod_container_status_last_terminated_reason{namespace="$namespace",reason="OOMKilled"}'
    )
    restarts: SeriesText = f"kube_pod_container_status_restarts_total{_OF_NAMESPACE}"
    volume_used: Annotated[SeriesText, Note("bytes; the kubelet tells them of volumes that are mounted")] = (
        f"kubelet_volume_stats_used_bytes{_OF_NAMESPACE}"
    )
    volume_capacity: SeriesText = f"kubelet_volume_stats_capacity_bytes{_OF_NAMESPACE}"
    volume_inodes_used: SeriesText = f"kubelet_volume_stats_inodes_used{_OF_NAMESPACE}"
    volume_inodes: SeriesText = f"kubelet_volume_stats_inodes{_OF_NAMESPACE}"
    claim_label: str = "persistentvolumeclaim"
    pod_label: str = "pod"
    container_label: str = "container"
    present: Annotated[
        bool, Note("false: it is not asked for what is used now, nor for the minutes before the start")
    ] = True
    node_cpu: NodeSeries = 'container_cpu_usage_seconds_total{id="/"}'
    node_memory: NodeSeries = 'container_memory_working_set_bytes{id="/"}'
    exporter_cpu: Annotated[NodeSeries, Note("of nodes of which the two above say nothing")] = (
        'node_cpu_seconds_total{mode!~"idle|iowait|steal"}'
    )
    exporter_total: NodeSeries = "node_memory_MemTotal_bytes"
    exporter_available: NodeSeries = "node_memory_MemAvailable_bytes"
    node_labels: Annotated[
        tuple[str, ...],
        Listed(),
        Note("the first that is a node's name, or its address with any port, says whose it is"),
    ] = ("node", "kubernetes_node", "kubernetes_io_hostname", "nodename", "instance")

    def selector(self, role: str) -> SeriesSelector | None:
        """None where that is not asked for. Written out, so that a setting that nothing reads is found."""
        text: str = {
            "cpu": self.cpu,
            "memory": self.memory,
            "throttled": self.throttled,
            "periods": self.periods,
            "pod_owner": self.pod_owner,
            "replicaset_owner": self.replicaset_owner,
            "job_owner": self.job_owner,
            "pod_info": self.pod_info,
            "memory_limit": self.memory_limit,
            "oom_killed": self.oom_killed,
            "restarts": self.restarts,
            "node_cpu": self.node_cpu,
            "node_memory": self.node_memory,
            "exporter_cpu": self.exporter_cpu,
            "exporter_total": self.exporter_total,
            "exporter_available": self.exporter_available,
            "volume_used": self.volume_used,
            "volume_capacity": self.volume_capacity,
            "volume_inodes_used": self.volume_inodes_used,
            "volume_inodes": self.volume_inodes,
        }[role]
        return parse_selector(text) if text else None
