"""Firing and pending alerts of the cluster's workloads, from the alerts API or, where there is none, from ``ALERTS``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tfdash.model.traffic import Alert
from tfdash.sources.prometheus.answer import decode_labels
from tfdash.sources.prometheus.selector import Matcher, SeriesSelector
from tfdash.sources.prometheus.targets import owner_and_hash
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.sources.prometheus.client import Client

_WORKLOAD = (
    "deployment",
    "statefulset",
    "daemonset",
    "rollout",
    "canary",
    "workload",
    "destination_workload",
)
_POD = ("exported_pod", "pod", "pod_name")
_NAMESPACE = ("exported_namespace", "namespace", "destination_workload_namespace", "kubernetes_namespace")
_TEXTS = ("summary", "message", "description")
_MOST = 2000


class _Row(msgspec.Struct):
    labels: dict[str, Any] | None = None
    annotations: dict[str, Any] | None = None
    state: str | None = None
    activeAt: str | None = None


def read_alerts(client: Client, at: float, match: Iterable[tuple[str, str]]) -> tuple[Alert, ...]:
    """All that are not inactive, firing first. ``match``: alerts that name another cluster are not ours."""
    from tfdash.sources.prometheus.failing import QueryFailed

    match = tuple(match)
    try:
        found = client.get("alerts")
        if not isinstance(found, Mapping) or "alerts" not in found:  # that is not "none"
            raise msgspec.ValidationError("it has no list of alerts")
        alerts = [_told(row) for row in msgspec.convert(found["alerts"], list[_Row] | None) or ()]
    except QueryFailed as error:
        if error.status not in (400, 404, 405, 501):  # a Thanos or VictoriaMetrics may serve none
            raise
        alerts = _from_series(client, at, match)
    ours = [a for a in alerts if all(dict(a.labels).get(k, v) == v for k, v in match)]
    ours.sort(key=lambda a: (a.state != "firing", a.namespace, a.workload, a.name, a.labels))
    return tuple(ours[:_MOST])


def _from_series(client: Client, at: float, match: tuple[tuple[str, str], ...]) -> list[Alert]:
    wanted = SeriesSelector("ALERTS", tuple(Matcher(k, "=", v) for k, v in match))
    rows, _ = client.query(str(wanted), at, "vector")
    found = []
    for row in rows:
        labels = decode_labels(row.metric)
        labels.pop("__name__", None)
        found.append(_alert(labels, labels.pop("alertstate", ""), "", None))
    return found


def _told(row: _Row) -> Alert:
    labels = {k: str(v) for k, v in (row.labels or {}).items()}
    notes = row.annotations or {}
    summary = next((str(notes[key]) for key in _TEXTS if notes.get(key)), "")
    return _alert(labels, row.state or "", summary, _time(row.activeAt))


def _alert(labels: dict[str, str], state: str, summary: str, since: float | None) -> Alert:
    name = labels.pop("alertname", "")
    return Alert(
        name=name,
        state=state,
        severity=labels.get("severity", ""),
        namespace=next((labels[key] for key in _NAMESPACE if labels.get(key)), ""),
        workload=workload_of(labels),
        summary=safe(summary)[:500],
        since=since,
        labels=tuple(sorted(labels.items())),
    )


def workload_of(labels: Mapping[str, str]) -> str:
    """The workload that an alert's labels name: its own label, its pod's owner by name, else its service.

    ``service`` comes last: with many exporters it is the exporter's own.
    """
    for key in _WORKLOAD:
        if labels.get(key):
            return labels[key]
    pod = next((labels[key] for key in _POD if labels.get(key)), "")
    owner, _ = owner_and_hash(pod)
    if owner:
        return owner
    if pod and pod.rpartition("-")[2].isdigit():
        return pod.rpartition("-")[0]
    return labels.get("exported_service") or labels.get("service", "")


def _time(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(text)[:19] + "+00:00").timestamp() if text else None
    except ValueError:
        return None
