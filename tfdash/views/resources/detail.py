"""All that is known of one row of resources: its use over time, its bounds, who scales it, what changed it last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias
from zoneinfo import ZoneInfo

from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.model.subject import Subject
from tfdash.model.usage import PodMetrics, Usage, UsageHistory, UseOverTime, usage_key
from tfdash.model.usage_points import UsagePoint
from tfdash.quantities import NANO, amount
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.changes import Altered, change_lines
from tfdash.views.kinds.scaling import targets
from tfdash.views.resources.columns import told
from tfdash.views.resources.facts import amount_text, gauge_line, measured_text, sentences
from tfdash.views.resources.gauge import state_of
from tfdash.views.resources.resizes import resize_lines
from tfdash.views.resources.rows import BANDS, WORKLOADS, ResourceRow, Sight, of_object
from tfdash.views.resources.source_lines import compared_line, instead_line
from tfdash.views.table import Cell, Line

_CHANGES = 3  # of the newest
_DIFF = 4  # lines of each
_VOLUMES = 4
_POINTS = 480  # of a chart


def row_of(sight: Sight, subject: Subject) -> ResourceRow:
    return of_object(sight, subject.cluster, subject.kind, subject.namespace, subject.name)


def gauge_lines(row: ResourceRow, room: int) -> list[Line]:
    return [line for resource in BANDS if (line := gauge_line(row, resource, room))]


# -- over time ------------------------------------------------------------------------------------------------------


def _share(usage: Usage, point: UsagePoint, resource: str) -> float | None:
    """In % of what was asked for then; of nodes, pools and the cluster in % of what they can give."""
    used = point.cpu if resource == "cpu" else point.memory
    given = amount(usage.allocatable, resource)
    whole = (
        given / NANO
        if given is not None
        else point.cpu_request
        if resource == "cpu"
        else point.memory_request
    )
    return 100 * used / whole if whole else None


Shares: TypeAlias = list[tuple[float, float | None, float | None, float | None]]
"""(time, %, lower bound, upper bound), oldest first."""
LINES = (*WORKLOADS, "Namespace")
"""Kinds of which Prometheus is asked for a line."""


def _earlier(usage: Usage, line: UseOverTime, resource: str) -> list[tuple[float, float | None]]:
    """In % of what is asked for now: of a namespace in all, else by each pod that was there."""
    asked = amount(usage.requests, resource)
    if not asked:
        return []
    each = asked / NANO / max(usage.measured, 1)
    found = []
    for at, cpu, memory, pods in line.points:
        used = cpu if resource == "cpu" else memory
        whole = asked / NANO if usage.of == "Namespace" else each * pods
        found.append((at, 100 * used / whole if used is not None and whole else None))
    return found


def chart_points(row: ResourceRow, resource: str, line: UseOverTime | None = None) -> Shares:
    """What ``line`` has of before, and from there on what this session saw, no closer together than the line's."""
    usage = row.usage
    if usage is None:
        return []
    found = row.gauge(resource)
    before = _earlier(usage, line, resource) if line is not None else []
    lived = usage.points[-1].at - usage.points[0].at if usage.points else 0.0
    apart = line.step if before and line is not None else lived / _POINTS
    after: list[tuple[float, float | None]] = []
    newest = before[-1][0] if before else float("-inf")
    for point in reversed(usage.points):  # from the newest: that one is always there
        if point.at <= newest:
            break
        if not after or after[-1][0] - point.at >= apart:
            after.append((point.at, _share(usage, point, resource)))
    kept = [*before, *after[::-1]]
    return [(at, share, found.low, found.high) for at, share in kept]


def chart_title(row: ResourceRow, resource: str, line: UseOverTime | None = None) -> str:
    """``cpu, % of request, seen this session for 12m``: of what, whose history it is, how long and how fine."""
    usage = row.usage
    if usage is not None and line is not None and _earlier(usage, line, resource):
        only = ", current pods only" if line.current_only else ""
        span, step = (short_age(seconds) for seconds in (line.span, line.step))
        return f"{resource}, % of today's request, Prometheus {span} by {step}{only}"
    of = "allocatable" if usage is not None and usage.allocatable else "request"
    seen = (
        f"seen this session for {short_age(usage.points[-1].at - usage.points[0].at)}"
        if usage is not None and usage.points
        else "not seen yet"
    )
    return f"{resource}, % of {of}, {seen}"


def history_line(sight: Sight, row: ResourceRow, line: UseOverTime | None = None) -> Line:
    """The 95th percentiles of the weeks, as Prometheus has them, and where what is drawn is from."""
    cluster = sight.picture.clusters.get(row.subject.cluster)
    found = (
        cluster.objects("UsageHistory").get(usage_key(row.of, row.namespace, row.called))
        if cluster is not None
        else None
    )
    if not isinstance(found, UsageHistory):
        if line is not None and line.points:
            return [
                (" history  ", "dim"),
                (f"drawn from {safe(line.source)}; its weeks are not read yet", "dim"),
            ]
        return [(" history  ", "dim"), ("none of Prometheus: only what this session saw", "dim")]
    parts = [
        f"{name} p95 {amount_text(value * NANO, name)}"
        for name, value in (("cpu", found.cpu_p95), ("memory", found.memory_p95))
        if value is not None
    ]
    days = f"{found.covered / 86_400:.1f} of {(found.until - found.since) / 86_400:.0f} d"
    only = ", current pods only" if found.current_only else ""
    told = f"{' · '.join(parts) or 'no points'} over {days}{only}"
    return [(" history  ", "dim"), f"{told} ({safe(line.source) if line is not None else 'Prometheus'})"]


# -- what stands around it ------------------------------------------------------------------------------------------


def scaler_lines(sight: Sight, row: ResourceRow) -> list[Line]:
    """Each autoscaler of it with its metrics, and what was said of it."""
    cluster = sight.picture.clusters.get(row.subject.cluster)
    lines: list[Line] = []
    for key, hpa in (cluster.objects("HorizontalPodAutoscaler") if cluster is not None else {}).items():
        if not isinstance(hpa, HorizontalPodAutoscaler) or key.namespace != row.namespace:
            continue
        if (hpa.target_kind, hpa.target_name) != (row.of, row.called):
            continue
        scaled = f"scaled {short_age(row.now - hpa.last_scaled)} ago" if hpa.last_scaled else "never scaled"
        line: list[Cell] = [
            (" hpa      ", "dim"),
            safe(
                f"{hpa.name}  {hpa.current} of {hpa.min_replicas}-{hpa.max_replicas}, "
                f"{f'wants {hpa.desired}' if hpa.sees else 'cannot tell what it wants'} · {targets(hpa)} · {scaled}"
            ),
        ]
        for verdict in sight.told(row.subject.cluster, "HorizontalPodAutoscaler", key.namespace, key.name):
            if verdict not in row.verdicts:  # said above
                state = state_of(verdict)
                line += [(f" · {state.text} ", state.token), told(verdict, hpa.name)]
        lines.append(line)
    return lines


def quota_lines(sight: Sight, row: ResourceRow) -> list[Line]:
    """What was said of each quota of its namespace, the fullest resource of each."""
    cluster = sight.picture.clusters.get(row.subject.cluster)
    lines: list[Line] = []
    for key in cluster.objects("ResourceQuota") if cluster is not None else ():
        if key.namespace != row.namespace or not row.namespace:
            continue
        said = sight.told(row.subject.cluster, "ResourceQuota", key.namespace, key.name)
        if said:
            state = state_of(said[0])
            lines.append([(" quota    ", "dim"), (f"{state.text}  ", state.token), safe(said[0].sentence)])
    return lines


def volume_lines(sight: Sight, row: ResourceRow) -> list[Line]:
    """Of a namespace what was said of its claims: the worst and fullest first."""
    cluster = sight.picture.clusters.get(row.subject.cluster)
    if cluster is None or row.of != "Namespace":
        return []
    said = [
        verdict
        for key in cluster.objects("PersistentVolumeClaim")
        if key.namespace == row.called
        for verdict in sight.told(row.subject.cluster, "PersistentVolumeClaim", key.namespace, key.name)
    ]
    said.sort(key=lambda v: (-v.level, -(v.measured or 0.0), v.subject))
    lines: list[Line] = []
    for verdict in said[:_VOLUMES]:
        state = state_of(verdict)
        lines.append([(" volume   ", "dim"), (f"{state.text}  ", state.token), safe(verdict.sentence)])
    if len(said) > _VOLUMES:
        lines.append([(" volume   ", "dim"), (f"and {len(said) - _VOLUMES} more: :pvc", "dim")])
    return lines


def change_lines_of(changes: Sequence[Altered], row: ResourceRow, zone: ZoneInfo) -> list[Line]:
    """The newest changes of it and of its autoscalers."""
    mine = [
        c
        for c in changes
        if c.subject.cluster == row.subject.cluster
        and c.subject.namespace == row.namespace
        and (
            c.subject[:4] == row.subject[:4]
            or (c.subject.kind == "HorizontalPodAutoscaler" and c.subject.name == row.called)
        )
    ]
    return [
        [(f"   {line}", "")]
        for line in change_lines(mine[:_CHANGES], row.now, zone, diff_lines=_DIFF)
        if line
    ]


def around_lines(sight: Sight, row: ResourceRow, line: UseOverTime | None = None) -> list[Line]:
    """Every sentence, then what it rests on."""
    lines = [
        *sentences(row),
        *scaler_lines(sight, row),
        *resize_lines(sight.picture.clusters.get(row.subject.cluster), row.subject),
        *quota_lines(sight, row),
        *volume_lines(sight, row),
        history_line(sight, row, line),
    ]
    if row.usage is not None:
        lines.append([(" measured ", "dim"), (measured_text(row), "dim")])
    metrics = sight.picture.clusters[row.subject.cluster].kinds.get(PodMetrics.KIND)
    beside = (
        instead_line(row.usage, metrics, row.now),
        compared_line(row.usage, tuple(BANDS), row.now),
    )
    lines += [line for line in beside if line is not None]
    return lines
