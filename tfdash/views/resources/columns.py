"""The views of resources as columns: what the page draws and the report prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tfdash.model.autoscaling import ClusterAutoscaler
from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.quantities import NANO, amount
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.kinds.scaling import targets
from tfdash.views.quantity import canonical_cores
from tfdash.views.resources import rows as made
from tfdash.views.resources.gauge import GLYPHS, REPLICAS, WORDS, Gauge, gauge, of_replicas, scale, state_of
from tfdash.views.resources.rows import BANDS, CLUSTER_AUTOSCALER, ResourceRow, Sight, name_of
from tfdash.views.resources.source_lines import source_name
from tfdash.views.table import Cell, Column

_NAMES = {"cpu": "CPU", "memory": "MEMORY"}
# From which width of the terminal a bar has so many cells: the finding has the rest.
_ROOMS = ((260, 30), (220, 20), (0, 12))
_WORDED = 100  # from which width: gauges have their word
FINDING = "finding"
"""The column by which the worst rows are first."""


class Part(NamedTuple):
    """One column. ``number``: what it is sorted and filtered by; None: its text."""

    column: Column
    write: Callable[[ResourceRow], Cell]
    number: Callable[[ResourceRow], float | None] | None = None


class Room(NamedTuple):
    """Where columns stand: the width of the terminal or report, and whether one namespace alone is shown, which no row repeats."""

    width: int
    one_namespace: bool = False

    @property
    def bar(self) -> int:
        """Cells of a bar."""
        return next(cells for least, cells in _ROOMS if self.width >= least)

    @property
    def worded(self) -> bool:
        return self.width >= _WORDED


class View(NamedTuple):
    """``empty``: what is said where it has no row."""

    id: str
    title: str
    noun: str
    rows: Callable[[Sight], list[ResourceRow]]
    parts: Callable[[Sequence[ResourceRow], Room], list[Part]]
    empty: str = ""


# -- columns that several views have --------------------------------------------------------------------------------


def _full(key: Any) -> str:
    return name_of(key) if isinstance(key, Subject) else ""


def _bare(key: Any) -> str:
    return name_of(key, spaced=False) if isinstance(key, Subject) else ""


def _name(title: str, room: Room) -> Part:
    named = _bare if room.one_namespace else _full
    column = Column("name", title, min=16, max=48, flex=1, names=named)
    return Part(column, lambda row: (named(row.subject), "bright" if row.level >= Level.WARN else ""))


def _gauges(resource: str, rows: Sequence[ResourceRow], room: Room) -> list[Part]:
    """Words and bar of a resource; the bounds stand in the heads where all rows have the same."""
    said = [v for row in rows if (v := row.verdict(BANDS[resource])) is not None and v.measured is not None]
    units, bands = {v.unit for v in said}, {v.band for v in said}
    head = f"{_NAMES[resource]} {units.pop() if len(units) == 1 else '%'}"
    low, high = (bands.pop() if len(bands) == 1 else None) or (None, None)
    return [
        Part(
            Column(resource, head, WORDS if room.worded else GLYPHS, sort="descending"),
            lambda row: row.gauge(resource).cell(room.worded),
            lambda row: row.gauge(resource).value,
        ),
        Part(
            Column(f"{resource}-bar", scale(low, high, room.bar), room.bar, priority=3, sort="none"),
            lambda row: row.gauge(resource).bar(room.bar),
        ),
    ]


_TITLES = ("", "namespace ", "pool ", "pod ")  # with which the rules name what no workload is


def told(verdict: Verdict, name: str) -> str:
    """Its sentence without the name that the row begins with."""
    sentence = safe(verdict.sentence)
    for title in _TITLES:
        sentence = sentence.removeprefix(f"{title}{safe(name)}: ")
    return sentence


def called(row: ResourceRow) -> str:
    """As its sentences call it."""
    of_cluster = row.of == "Cluster" and row.subject.cluster.cluster
    return CLUSTER_AUTOSCALER if row.of == ClusterAutoscaler.KIND else of_cluster or row.called


def finding_of(row: ResourceRow) -> Cell:
    if not row.verdicts:
        return ""
    worst = row.verdicts[0]
    more = sum(v.level >= Level.UNKNOWN for v in row.verdicts) - 1
    token = "breach" if worst.level is Level.BREACH else "" if worst.level >= Level.PAUSED else "dim"
    return told(worst, called(row)) + (f" (+{more} more)" if more > 0 else ""), token


_FINDING = Part(Column(FINDING, "FINDING", min=16, flex=4), finding_of)


def _beside_gauges(row: ResourceRow) -> Cell:
    """Of what is equally bad that which no gauge of the row tells."""
    others = [v for v in row.verdicts if v.level is row.level and v.rule not in BANDS.values()]
    if row.level >= Level.WARN and others and others[0] is not row.verdicts[0]:
        rest = (v for v in row.verdicts if v is not others[0])
        return finding_of(row._replace(verdicts=(others[0], *rest)))
    found = finding_of(row)
    band = next((name for name, rule in BANDS.items() if row.verdicts and rule == row.verdicts[0].rule), "")
    if not band or not isinstance(found, tuple) or row.verdicts[0].measured is None:
        return found
    figure, _, words = found[0].partition(", ")  # the gauge shows the figure
    return (f"{band} {words}" if words else figure, *found[1:])


_FINDING_BESIDE = Part(_FINDING.column, _beside_gauges)


def _state(row: ResourceRow) -> Cell:
    if not row.verdicts:
        return "·", "dim"
    state = state_of(row.verdicts[0])
    return state.text, state.token


_STATE = Part(Column("state", "STATE", 9), _state, lambda row: float(row.level))


def _kind(row: ResourceRow) -> Cell:
    return safe(row.of), "dim"


def _hpa(row: ResourceRow) -> Cell:
    scaled = row.scaled
    if scaled is None:
        return "none", "dim"
    text = f"{scaled.desired} of {scaled.minimum}-{scaled.maximum}"
    return (f"{text} pinned", "warn") if scaled.limited else text


def _asked(resource: str) -> Part:
    """Which share of what the nodes can give their pods ask for."""

    def number(row: ResourceRow) -> float | None:
        if row.usage is None:
            return None
        asked, whole = amount(row.usage.asked, resource), amount(row.usage.allocatable, resource)
        return None if asked is None or not whole else 100 * asked / whole

    def write(row: ResourceRow) -> Cell:
        found = number(row)
        return "" if found is None else f"{found:.0f}"

    column = Column(f"{resource}-asked", "ASKED %", 7, align="right", priority=2, sort="descending")
    return Part(column, write, number)


def _pods(row: ResourceRow) -> Cell:
    return "" if row.usage is None else f"{row.usage.measured}/{row.usage.pods}"


_PODS = Part(
    Column("pods", "MEASURED", 8, align="right", priority=4, sort="descending"),
    _pods,
    lambda row: None if row.usage is None else float(row.usage.pods),
)


def _source(row: ResourceRow) -> Cell:
    return (source_name(row.usage), "dim") if row.usage is not None else ""


_SOURCE = Part(Column("source", "SOURCE", 14, priority=6), _source)


# -- the views ------------------------------------------------------------------------------------------------------


def _workloads(rows: Sequence[ResourceRow], room: Room) -> list[Part]:
    return [
        _name("WORKLOAD", room),
        *_gauges("cpu", rows, room),
        *_gauges("memory", rows, room),
        Part(Column("hpa", "HPA", 15, priority=4), _hpa),
        _FINDING_BESIDE,
        Part(Column("kind", "KIND", 11, priority=5), _kind),
        _PODS,
        _SOURCE,
    ]


def _namespaces(rows: Sequence[ResourceRow], room: Room) -> list[Part]:
    return [
        _name("NAMESPACE", room),
        *_gauges("cpu", rows, room),
        *_gauges("memory", rows, room),
        _PODS,
        _FINDING_BESIDE,
        _SOURCE,
    ]


def _nodes(rows: Sequence[ResourceRow], room: Room) -> list[Part]:
    cpu, memory = _gauges("cpu", rows, room), _gauges("memory", rows, room)
    return [
        _name("NODE", room),
        *cpu,
        _asked("cpu"),
        *memory,
        _asked("memory"),
        _PODS,
        _FINDING_BESIDE,
        _SOURCE,
    ]


def quota_gauge(row: ResourceRow) -> Gauge:
    """Of its fullest resource: what is worst stands first."""
    return gauge(row.verdicts[0] if row.verdicts else None)


def _quotas(rows: Sequence[ResourceRow], room: Room) -> list[Part]:
    limits = {g.bounds for row in rows if (g := quota_gauge(row)).bounds}
    high = next((g.high for row in rows if (g := quota_gauge(row)).high is not None), None)
    head = f"USED % of {limits.pop()}" if len(limits) == 1 else "USED %"
    return [
        _name("QUOTA", room),
        Part(
            Column("used", head, WORDS, sort="descending"),
            lambda row: quota_gauge(row).cell(),
            lambda row: quota_gauge(row).value,
        ),
        Part(
            Column("used-bar", scale(None, high, room.bar), room.bar, priority=2, sort="none"),
            lambda row: quota_gauge(row).bar(room.bar),
        ),
        Part(replace(_FINDING.column, min=32), finding_of),  # rather than the bar
    ]


def _size(row: ResourceRow) -> Cell:
    hpa = row.obj
    if not isinstance(hpa, HorizontalPodAutoscaler):
        return ""
    wanted = f" → {hpa.wanted}" if hpa.wanted != hpa.current else ""
    return f"{hpa.current}{wanted} of {hpa.min_replicas}-{hpa.max_replicas}"


def _target(row: ResourceRow) -> Cell:
    hpa = row.obj
    return safe(f"{hpa.target_kind}/{hpa.target_name}") if isinstance(hpa, HorizontalPodAutoscaler) else ""


def _metrics(row: ResourceRow) -> Cell:
    return safe(targets(row.obj)) if isinstance(row.obj, HorizontalPodAutoscaler) else ""


def _scaled(row: ResourceRow) -> Cell:
    hpa = row.obj
    if not isinstance(hpa, HorizontalPodAutoscaler):
        return ""
    return short_age(row.now - hpa.last_scaled) if hpa.last_scaled else ("never", "dim")


def _replicas(row: ResourceRow) -> float | None:
    return float(row.obj.current) if isinstance(row.obj, HorizontalPodAutoscaler) else None


def _autoscalers(rows: Sequence[ResourceRow], room: Room) -> list[Part]:
    return [
        _name("HPA", room),
        _STATE,
        Part(Column("replicas", "PODS", 14, sort="descending"), _size, _replicas),
        Part(
            Column("replicas-bar", "OF MAXIMUM", room.bar, priority=2, sort="none"),
            lambda row: of_replicas(row.verdict(REPLICAS)).bar(room.bar),
        ),
        Part(Column("metrics", "METRICS", 22, priority=1), _metrics),
        _FINDING,
        Part(Column("target", "TARGET", 24, priority=2), _target),
        Part(Column("scaled", "SCALED", 7, align="right", priority=3, sort="none"), _scaled),
    ]


def _requests(row: ResourceRow) -> Cell:
    """What all its measured pods ask for together."""
    if row.usage is None:
        return ""
    cpu, memory = amount(row.usage.requests, "cpu"), amount(row.usage.requests, "memory")
    parts = [canonical_cores(cpu / NANO) if cpu is not None else "-"]
    parts.append(f"{memory / NANO / 2**20:.0f}Mi" if memory is not None else "-")
    return " ".join(parts)


def _sizing(rows: Sequence[ResourceRow], room: Room) -> list[Part]:
    return [
        _name("OF WHAT", room),
        _STATE,
        Part(Column("asked", "ASKED", 16, priority=2, sort="none"), _requests),
        _FINDING,
        Part(Column("kind", "KIND", 11, priority=3), _kind),
    ]


VIEWS: tuple[View, ...] = (
    View("workloads", "workloads", "workloads", made.workloads, _workloads, "No workload is measured."),
    View("namespaces", "namespaces", "namespaces", made.namespaces, _namespaces, "No namespace is measured."),
    View("nodes", "nodes", "nodes and pools", made.nodes, _nodes, "No node is measured."),
    View(
        "quotas",
        "quotas",
        "rows",
        made.quotas,
        _quotas,
        "No namespace shown has a ResourceQuota.",
    ),
    View(
        "hpas",
        "HPAs",
        "autoscalers",
        made.autoscalers,
        _autoscalers,
        "No HorizontalPodAutoscaler is there: nothing scales by itself.",
    ),
    View(
        "rightsize",
        "right-sizing",
        "proposals",
        made.sizing,
        _sizing,
        "No proposal: nothing was said of requests by their history.",
    ),
)
BY_ID: dict[str, View] = {view.id: view for view in VIEWS}
