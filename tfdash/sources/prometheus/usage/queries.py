"""The queries for one namespace over one stretch of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tfdash.sources.prometheus.selector import Matcher, SeriesSelector, fill
from tfdash.sources.prometheus.usage.options import UsageSeries

_COARSE = 300.0
_OWNERS = {
    "pod_owner": "{pod},owner_kind,owner_name,owner_is_controller",
    "replicaset_owner": "replicaset,owner_kind,owner_name",
    "job_owner": "job_name,owner_kind,owner_name",
}
_NODES = {"pod_info": "{pod},node"}


class RangeQuery(NamedTuple):
    """Evaluated from ``begin`` to ``end`` each ``step`` seconds; at ``end`` alone where ``step`` is 0. ``role`` says what it is."""

    role: str
    text: str
    begin: float
    end: float
    step: float


def coarse(series: UsageSeries) -> float:
    """Seconds between two points of memory and of what all pods use together: long enough that each pod has a rate in it."""
    return max(_COARSE, series.step)


def written(
    selector: SeriesSelector,
    namespaces: Sequence[str],
    match: Sequence[tuple[str, str]],
    more: Sequence[Matcher] = (),
) -> str:
    """``match``: labels that every query gets; ``more``: of this one."""
    places = [{"namespace": (name,)} for name in namespaces]
    own = (Matcher(k, "=", v) for k, v in match)
    return str(SeriesSelector(selector.name, (*own, *(fill(m, places) for m in selector.matchers), *more)))


def first_of_step(at: float, step: float) -> float:
    """The first multiple of ``step`` from ``at`` on: all pods are looked at at the same times, whatever piece is asked for."""
    return -(-at // step) * step


def _reach(begin: float, end: float) -> str:
    return f"[{max(1, round(end - begin))}s]"


def owner_queries(
    series: UsageSeries, namespace: str, begin: float, end: float, match: Sequence[tuple[str, str]]
) -> list[RangeQuery]:
    """Whose the pods of ``[begin, end)`` were."""
    return _facts(_OWNERS, series, namespace, begin, end, match)


def _facts(
    facts: Mapping[str, str],
    series: UsageSeries,
    namespace: str,
    begin: float,
    end: float,
    match: Sequence[tuple[str, str]],
) -> list[RangeQuery]:
    """``facts``: by role the labels that are told."""
    found = []
    for role, by_what in facts.items():
        if (selector := series.selector(role)) is not None:
            names, told = by_what.format(pod=series.pod_label), written(selector, (namespace,), match)
            text = f"group by ({names}) (last_over_time({told}{_reach(begin, end)}))"
            found.append(RangeQuery(role, text, end, end, 0))
    return found


def queries(
    series: UsageSeries, namespace: str, begin: float, end: float, match: Sequence[tuple[str, str]]
) -> list[RangeQuery]:
    """What is asked of ``[begin, end)``, whose pods are whose first."""
    told = {
        role: written(selector, (namespace,), match)
        for role in (
            "cpu", "memory", "throttled", "periods", "memory_limit", "oom_killed", "restarts",
        )
        if (selector := series.selector(role)) is not None
    }  # fmt: skip
    by = f"max by ({series.pod_label},{series.container_label})"
    reach, last = _reach(begin, end), end
    found = _facts({**_OWNERS, **_NODES}, series, namespace, begin, end, match)
    apart = coarse(series)
    ranged = []
    if "cpu" in told:
        ranged.append(("cpu", f"{by} (rate({told['cpu']}[{series.step:.0f}s]))", series.step))
        rates = f"{by} (rate({told['cpu']}[{apart:.0f}s]))"
        ranged.append(("cpu_of_pods", f"sum by ({series.pod_label}) ({rates})", apart))
    if "memory" in told:
        ranged.append(("memory", f"{by} (max_over_time({told['memory']}[{apart:.0f}s]))", apart))
    for role, text, step in ranged:
        first, final = first_of_step(begin, step), first_of_step(end, step) - step
        if final >= first:
            found.append(RangeQuery(role, text, first, final, step))
    found += [
        RangeQuery(role, f"{by} (increase({told[role]}{reach}))", last, last, 0)
        for role in ("throttled", "periods")
        if role in told
    ]
    if "oom_killed" in told and "memory_limit" in told:
        joined = f"{by} ({told['memory_limit']}) * on ({series.pod_label},{series.container_label}) {by} ({told['oom_killed']})"
        text = f"max_over_time(({joined}){reach[:-1]}:{apart:.0f}s])"
        found.append(RangeQuery("oom_limit", text, last, last, 0))
    if "oom_killed" in told and "restarts" in told:
        kills = f"{by} (increase({told['restarts']}{reach})) * on ({series.pod_label},{series.container_label}) {by} (max_over_time({told['oom_killed']}{reach}))"
        found.append(RangeQuery("oom_kills", kills, last, last, 0))
    return found
