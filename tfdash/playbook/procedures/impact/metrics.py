"""Prometheus' history of a service, as far as the board holds it: since when its requests fail, or nothing of it is scraped any more."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import add
from typing import NamedTuple

from tfdash import figures
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import CounterSeries, Traffic
from tfdash.playbook.canary.counting import Births, Edges, Grid, newest, rises
from tfdash.playbook.canary.policy import ErrorsPolicy
from tfdash.playbook.procedures.impact.case import LATELY, ImpactCase, ImpactProof, earliest
from tfdash.text import safe

LEAST = 0.01
"""The share of failed requests under which a service is never said to fail: one of a hundred."""
APART = 2.0
"""By how much more than in its quietest quarter of the windows a service fails that fails always a little."""
_GAP = 2  # windows between two failing ones that are of the same failure
_MOST = 2000  # windows that are counted
_BEFORE = 5  # windows that tell how much was served before
_PATIENCE = 2.5  # scrape intervals after which a sample is missing


class ServedWindow(NamedTuple):
    """[start, end) in epoch seconds."""

    start: float
    end: float
    requests: float
    errors: float

    @property
    def ratio(self) -> float:
        return self.errors / self.requests if self.requests else 0.0


def failing_requests(case: ImpactCase) -> ImpactProof:
    return earliest((_of(case, one) for one in case.workloads), "no workload is its target")


def _of(case: ImpactCase, target: Subject) -> ImpactProof:
    signals, name = case.picture.signals, safe(target.name)
    server, seen = signals.prometheus.get(target.cluster), signals.traffic.get(target)
    if seen is None or seen.value is None:
        for one in (seen, server):
            if one is not None and (one.problem is not None or one.note):
                return ImpactProof(None, f"metrics of {name}: {safe(str(one.problem or one.note))}")
        return ImpactProof(None, f"no metrics of {name} are read")
    traffic, length = seen.value, case.policies.canary.window
    if not traffic.requests and not traffic.ended:
        return ImpactProof(None, f"no requests of {name} are counted")
    found = windows(traffic, length, case.before)
    gone = _gone_since(traffic, found, _newest_of_others(case, target.cluster, target))
    until = case.before if gone is None or gone > case.before else gone
    proofs = [_errors(found, until, case.policies.canary.errors, name)]
    if gone is not None and gone <= case.before:
        proofs.append(
            ImpactProof(
                gone, f"no pod of {name} is scraped any more, and it served {_pace(found, gone)} before"
            )
        )
    return earliest(proofs, "")


def windows(traffic: Traffic, length: float, before: float) -> tuple[ServedWindow, ...]:
    """The complete windows of the samples, oldest first, the last of them the one that ``before`` lies in. Aligned to the clock, so that who
    looks later finds the same."""
    first = math.ceil(traffic.since / length)
    last = min(math.floor(traffic.evaluated_at / length), math.floor(before / length) + 1)
    first = max(first, last - _MOST)
    if last <= first:
        return ()
    grid = Grid(first * length, length, last - first)
    births = Births(traffic.requests, {}, traffic.since, traffic.scrape_interval)
    edges = Edges(grid.edges)
    requests = _sum(traffic.requests, births, edges)
    errors = _sum(traffic.errors, births, edges)
    pairs = zip(grid.edges[:-1], grid.edges[1:], requests, errors, strict=True)
    return tuple(ServedWindow(*one) for one in pairs)


def _sum(series: Sequence[CounterSeries], births: Births, edges: Edges) -> list[float]:
    total = [0.0] * (len(edges.edges) - 1)
    for one in series:
        found = rises(one.points, edges, births.from_zero(one)) if one.points else None
        if found is not None:
            total = list(map(add, total, found))
    return total


def _errors(found: Sequence[ServedWindow], until: float, policy: ErrorsPolicy, name: str) -> ImpactProof:
    """The first of the failing windows that follow one another until ``until``, or nearly."""
    served = [one for one in found if one.requests]
    if not served:
        return ImpactProof(None, f"no requests of {name} in what is held of its metrics")
    base = _quiet(served)

    def fails(one: ServedWindow) -> bool:
        if one.errors < policy.min_errors:
            return False
        return one.ratio >= policy.gross or one.ratio >= max(LEAST, APART * base.ratio)

    bad = [place for place, one in enumerate(served) if fails(one)]
    if not bad or served[bad[-1]].end < until - LATELY:
        lately = sum(one.errors for one in served[-_BEFORE:]) / sum(one.requests for one in served[-_BEFORE:])
        return ImpactProof(
            None,
            f"its error rate tells no beginning: {figures.percents((lately,))[0]} of its requests failed lately",
        )
    place = bad[-1]
    for earlier in reversed(bad[:-1]):
        if place - earlier > _GAP + 1:
            break
        place = earlier
    first = served[place]
    share, before = figures.percents((first.ratio, base.ratio))
    many = f"{first.errors:,.0f} of {first.requests:,.0f} requests of {name} failed in {first.end - first.start:.0f} s, {share}"
    if place == 0:
        return ImpactProof(first.start, f"{many}, in the oldest samples that are held", at_least=True)
    return ImpactProof(first.start, f"{many}; {before} when it was quiet")


def _quiet(served: Sequence[ServedWindow]) -> ServedWindow:
    """The quarter of the windows in which least failed, as one."""
    least = sorted(served, key=lambda one: one.ratio)[: max(1, len(served) // 4)]
    requests, errors = sum(one.requests for one in least), sum(one.errors for one in least)
    return ServedWindow(least[0].start, least[-1].end, requests, errors)


def _gone_since(traffic: Traffic, found: Sequence[ServedWindow], others: float | None) -> float | None:
    """When the first scrape brought nothing of it any more, although others were scraped; None where it is scraped, or served nothing before.
    Samples that do not rise tell nothing: nobody may have asked."""
    interval = traffic.scrape_interval or 0.0
    seen = (
        newest(traffic.requests) if traffic.requests else max((at for _, at in traffic.ended), default=None)
    )
    if seen is None or not interval or others is None:
        return None
    patience = _PATIENCE * interval
    if traffic.evaluated_at - seen < patience or others - seen < patience:
        return None
    return seen + interval if _pace(found, seen) else None


def _pace(found: Sequence[ServedWindow], until: float) -> str:
    """How much it served just before, in words; "" nothing."""
    last = [one for one in found if one.end <= until][-_BEFORE:]
    served = sum(one.requests for one in last)
    return f"{served / (last[-1].end - last[0].start):,.1f} requests a second" if served else ""


def _newest_of_others(case: ImpactCase, ref: ClusterRef, target: Subject) -> float | None:
    """The newest sample of any other workload there: that the server scrapes at all."""

    def times() -> Iterator[float]:
        for subject, seen in case.picture.signals.traffic.items():
            if subject.cluster == ref and subject != target and seen.value is not None:
                at = newest(seen.value.requests)
                if at is not None:
                    yield at

    return max(times(), default=None)
