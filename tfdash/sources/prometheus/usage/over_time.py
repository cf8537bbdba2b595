"""What one workload or namespace used over a day or a week, as a line: asked for while a person looks at it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tfdash.model.usage import UsedAt, UseOverTime
from tfdash.sources.prometheus.answer import Row, decode_labels
from tfdash.sources.prometheus.selector import Matcher
from tfdash.sources.prometheus.usage.options import UsageSeries
from tfdash.sources.prometheus.usage.piece import Owner, owners_in, points_of
from tfdash.sources.prometheus.usage.queries import RangeQuery, coarse, first_of_step, owner_queries, written

MOST = 288  # points of a line
_NAMES = 52  # characters of a workload that the names of its pods surely begin with: longer ones are cut
Ask = Callable[[RangeQuery], Awaitable[list[Row]]]


class Sought(NamedTuple):
    """As ``Usage`` calls it, and the last ``span`` seconds before ``until``. ``current``: whose the pods are that are there now."""

    of: str
    namespace: str
    called: str
    until: float
    span: float
    current: Mapping[str, Owner]

    @property
    def inside(self) -> str:
        """The namespace that is asked for."""
        return self.called if self.of == "Namespace" else self.namespace


def step_of(series: UsageSeries, span: float) -> float:
    """Seconds between two points: at most ``MOST`` of them, and never closer than each pod has a rate."""
    least = coarse(series)
    return max(math.ceil(span / MOST / least), 1) * least


def line_queries(
    series: UsageSeries, sought: Sought, match: Sequence[tuple[str, str]]
) -> tuple[list[RangeQuery], list[RangeQuery]]:
    """Whose the pods were, and what they used: by pod, of a namespace all together."""
    step = step_of(series, sought.span)
    last = first_of_step(sought.until, step) - step
    first = first_of_step(sought.until - sought.span, step)
    whole = sought.of == "Namespace"
    more = () if whole else (_pods(series, sought),)
    per = f"max by ({series.pod_label},{series.container_label})"
    asked = []
    for role, wrap in (("cpu", "rate({}[{:.0f}s])"), ("memory", "max_over_time({}[{:.0f}s])")):
        selector = series.selector(role)
        if selector is None:
            continue
        inner = f"{per} ({wrap.format(written(selector, (sought.inside,), match, more), step)})"
        text = f"sum ({inner})" if whole else f"sum by ({series.pod_label}) ({inner})"
        asked.append(RangeQuery(role, text, first, last, step))
    whose = [] if whole else owner_queries(series, sought.inside, first, last, match)
    return whose, asked


def _pods(series: UsageSeries, sought: Sought) -> Matcher:
    if sought.of == "Pod":
        return Matcher(series.pod_label, "=", sought.called)
    begins = "".join(c if c.isalnum() or c in "-_" else rf"\{c}" for c in sought.called[:_NAMES])
    return Matcher(series.pod_label, "=~", f"{begins}.*")


async def over_time(
    ask: Ask, series: UsageSeries, sought: Sought, match: Sequence[tuple[str, str]], source: str
) -> UseOverTime:
    """One query after the other: what judges releases is asked beside them."""
    whose, asked = line_queries(series, sought, match)
    rows = {query.role: await ask(query) for query in whose}
    owners, known = owners_in(rows, series)
    mine = _of(owners if known else sought.current, sought)
    found = {query.role: _added(await ask(query), series, mine) for query in asked}
    cpu, memory = found.get("cpu", {}), found.get("memory", {})
    points = tuple(
        UsedAt(
            at,
            cpu[at][0] if at in cpu else None,
            memory[at][0] if at in memory else None,
            max(cpu.get(at, _NONE)[1], memory.get(at, _NONE)[1]),
        )
        for at in sorted(cpu.keys() | memory.keys())
    )
    current_only = mine is not None and not known
    return UseOverTime(source, sought.span, step_of(series, sought.span), points, current_only)


def _of(owners: Mapping[str, Owner], sought: Sought) -> frozenset[str] | None:
    """The names of its pods; None of a namespace, which is asked for as a whole."""
    if sought.of == "Namespace":
        return None
    if sought.of == "Pod":
        return frozenset((sought.called,))
    return frozenset(pod for pod, owner in owners.items() if owner == (sought.of, sought.called))


_NONE = (0.0, 0)


def _added(
    rows: Iterable[Row], series: UsageSeries, mine: frozenset[str] | None
) -> dict[float, tuple[float, int]]:
    """At each time what they used together, and how many they were."""
    found: dict[float, tuple[float, int]] = {}
    for row in rows:
        if mine is not None and decode_labels(row.metric).get(series.pod_label, "") not in mine:
            continue
        for at, value in points_of(row):
            used, pods = found.get(at, _NONE)
            found[at] = (used + value, pods + 1)
    return found
