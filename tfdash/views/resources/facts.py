"""What stands around one row of resources: its gauges with amounts, every sentence, who scales it."""

from __future__ import annotations

from tfdash.durations import write_duration
from tfdash.model.usage import PROMETHEUS, Usage
from tfdash.model.verdict import Level
from tfdash.quantities import NANO, amount
from tfdash.views.age import short_age
from tfdash.views.resources.columns import called, told
from tfdash.views.resources.gauge import state_of
from tfdash.views.resources.rows import BANDS, ResourceRow
from tfdash.views.resources.source_lines import source_name
from tfdash.views.table import Cell, Line

_GIB, _MIB = 2**30, 2**20


def amount_text(nanos: int | float, resource: str) -> str:
    """``1.92 cores``, ``3.4 GiB``, ``612 MiB``; of another resource the plain number."""
    value = nanos / NANO
    if resource == "cpu":
        return f"{value:.2f} cores"
    if resource == "memory":
        return f"{value / _GIB:.1f} GiB" if value >= _GIB else f"{value / _MIB:.0f} MiB"
    return f"{value:g}"


def _of(used: int, whole: int, resource: str) -> str:
    """``1.92 of 2.00 cores``, ``612 MiB of 1.2 GiB``."""
    part, every = amount_text(used, resource), amount_text(whole, resource)
    unit = every.rpartition(" ")[2]
    return f"{part.removesuffix(f' {unit}')} of {every}"


def used_text(usage: Usage, resource: str) -> str:
    """``1.92 of 2.00 cores requested · limit 4.00 cores``: amounts beside each other, and which is not said."""
    used = amount(usage.used, resource)
    if used is None:
        return "not measured"
    asked, whole = amount(usage.asked, resource), amount(usage.allocatable, resource)
    limit = amount(usage.limits, resource)
    if usage.allocatable:
        parts = [
            f"{_of(used, whole, resource)} allocatable" if whole else f"{amount_text(used, resource)} used"
        ]
        parts += [f"{amount_text(asked, resource)} asked for"] if asked is not None else []
        return " · ".join(parts)
    request = amount(usage.requests, resource)
    parts = [
        f"{amount_text(used, resource)} used"
        if request is None
        else f"{_of(used, request, resource)} requested"
    ]
    for name, found, without in (
        ("request", request, usage.without_request),
        ("limit", limit, usage.without_limit),
    ):
        lacking = dict(without).get(resource, 0)
        if found is None and lacking:
            parts.append(f"no {name} in {lacking} of {usage.measured} pods")
        elif found is not None and name == "limit":
            parts.append(f"limit {amount_text(found, resource)}")
    return " · ".join(parts)


def measured_text(row: ResourceRow) -> str:
    """``metrics.k8s.io, 12s ago over 30s, 4 of 4 pods``; of Prometheus memory is of one moment."""
    usage = row.usage
    if usage is None or not usage.at:
        return (
            f"not measured, none of {usage.pods} pods" if usage is not None and usage.pods else "not measured"
        )
    over = f" over {usage.window:.0f}s" if usage.window else ""
    if usage.source == PROMETHEUS:
        over = f", cpu over {write_duration(round(usage.window))}" if usage.window else ""
    pods = f", {usage.measured} of {usage.pods} pods" if usage.pods else ""
    return f"{source_name(usage)}, {row.age or short_age(row.now - usage.at)} ago{over}{pods}"


def gauge_line(row: ResourceRow, resource: str, room: int, *, short: bool = False) -> Line:
    """The gauge of a resource on a line of its own, ``short`` without limits; nothing where nothing was said of it."""
    found = row.gauge(resource)
    verdict = row.banded(resource)
    usage = row.usage
    if verdict is None and usage is None:
        return []
    unit = verdict.unit if verdict is not None and verdict.unit else "%"
    figure = f"{found.percent:>4} {unit}" if found.value is not None else ""
    within = f" of {found.bounds}" if found.bounds else ""
    age = f" {found.age} old" if found.age else ""
    line: list[Cell] = [
        (f" {resource:<7}", "dim"),
        (f"{found.state.text:<9} {figure}{within} {found.trend or ' '}{age} ", found.state.token),
    ]
    if room and found.value is not None:
        line += [found.bar(room), "  "]
    if usage is not None:
        used = used_text(usage, resource)
        line.append((used.partition(" · ")[0] if short else used, "dim"))
    return line


def sentences(row: ResourceRow) -> list[Line]:
    """All that was said, the worst first; what is well and said by a gauge is not said again."""
    lines: list[Line] = []
    for verdict in row.verdicts:
        if verdict.level <= Level.OK and verdict.rule in BANDS.values() and verdict.measured is not None:
            continue
        state = state_of(verdict)
        lines.append([(f" {state.text}  ", state.token), told(verdict, called(row))])
    return lines


def chosen_lines(row: ResourceRow, room: int, *, short: bool = False) -> list[Line]:
    """The row under the cursor, whole. ``room``: cells of its bars; ``short``: what is wrong first, for its gauges stand in the row."""
    gauges = [line for resource in BANDS if (line := gauge_line(row, resource, room, short=short))]
    wrong = tuple(v for v in row.verdicts if short and v.level >= Level.UNKNOWN)
    rest = tuple(v for v in row.verdicts if v not in wrong)
    lines = [*sentences(row._replace(verdicts=wrong)), *gauges, *sentences(row._replace(verdicts=rest))]
    if row.usage is not None:
        lines.append([(" measured ", "dim"), (measured_text(row), "dim")])
    return lines
