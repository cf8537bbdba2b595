"""[metrics.usage]: which series tell what containers used, and whose pods are whose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from tfdash.setting import Between, Note, Seconds, SettingsTable, Spelled
from tfdash.sources.prometheus.selector import SelectorError, SeriesSelector, parse_selector

_OF_CONTAINERS = '{namespace="$namespace",container!="",container!="POD"}'
_OF_NAMESPACE = '{namespace="$namespace"}'


def _series(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a selector such as 'kube_pod_owner{namespace=\"$namespace\"}'")
    if not value.strip():
        return ""
    try:
        found = parse_selector(value)
    except SelectorError as error:
        raise ValueError(str(error)) from None
    if {place for m in found.matchers for place in m.places} != {"namespace"}:
        raise ValueError(
            "holds no $namespace, or another placeholder; it is asked for one namespace at a time"
        )
    return value


SeriesText = Annotated[str, Spelled(_series, str)]


@dataclass(frozen=True)
class UsageSeries(SettingsTable):
    """The history of what workloads used: cAdvisor's and kube-state-metrics' names; "": not asked for"""

    enabled: Annotated[bool, Note("false: Prometheus is asked for no history of weeks")] = True
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
    memory_limit: SeriesText = 'kube_pod_container_resource_limits{namespace="$namespace",resource="memory"}'
    oom_killed: SeriesText = (
        'kube_pod_container_status_last_terminated_reason{namespace="$namespace",reason="OOMKilled"}'
    )
    restarts: SeriesText = f"kube_pod_container_status_restarts_total{_OF_NAMESPACE}"
    pod_label: str = "pod"
    container_label: str = "container"

    def selector(self, role: str) -> SeriesSelector | None:
        """None where that is not asked for."""
        text: str = {
            "cpu": self.cpu,
            "memory": self.memory,
            "throttled": self.throttled,
            "periods": self.periods,
            "pod_owner": self.pod_owner,
            "replicaset_owner": self.replicaset_owner,
            "job_owner": self.job_owner,
            "memory_limit": self.memory_limit,
            "oom_killed": self.oom_killed,
            "restarts": self.restarts,
        }[role]
        return parse_selector(text) if text else None
