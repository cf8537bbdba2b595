"""Where a figure comes from, how old it is, and what the other source says."""

from __future__ import annotations

from tfdash.model.observation import Observation
from tfdash.model.picture import Objects
from tfdash.model.usage import PROMETHEUS, Usage
from tfdash.text import safe
from tfdash.usage_compared import usage_compared
from tfdash.views.age import short_age
from tfdash.views.table import Cell, Line

_NAMES = {PROMETHEUS: "Prometheus"}


def source_name(usage: Usage) -> str:
    return safe(_NAMES.get(usage.source, usage.source))


def instead_line(usage: Usage | None, metrics: Observation[Objects] | None, now: float) -> Line | None:
    """Why Prometheus tells what metrics.k8s.io would: ``metrics.k8s.io not read for 13m: forbidden``; None where it need not.
    ``metrics``: of pods, by metrics.k8s.io."""
    if usage is None or usage.source != PROMETHEUS or metrics is None or metrics.problem is None:
        return None
    since = f" for {short_age(now - metrics.observed_at)}" if metrics.observed_at else ""
    return [(" beside   ", "dim"), (f"metrics.k8s.io not read{since}: {safe(metrics.problem.cause)}", "dim")]


def compared_line(usage: Usage | None, resources: tuple[str, ...], now: float) -> Line | None:
    """``Prometheus, 12s ago: cpu NOT COMPARABLE: ... · memory agrees within 2 %``; None where one source alone speaks."""
    if usage is None or not usage.other_points:
        return None
    found = [(name, told) for name in resources if (told := usage_compared(usage, name)) is not None]
    if not found:
        return None
    age = short_age(max(0.0, now - usage.other_points[-1].at))
    line: list[Cell] = [(" beside   ", "dim"), f"Prometheus, {age} ago: "]
    for number, (name, told) in enumerate(found):
        differs = told.apart is not None and not told.agree
        line += [" · " if number else "", (f"{name} {told.words}", "warn" if differs else "dim")]
    return line
