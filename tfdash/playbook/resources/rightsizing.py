"""What each container should ask for: KRR's rules on its history (robusta-dev/krr: robusta_krr/strategies/simple.py, core/runner.py,
core/models/severity.py), then held to the playbook. Pure; amounts are billionths.

Where it departs from KRR, each departure said in ``Sizing.why``: a request is never so small that what was used stands above the
band; CPU keeps a limit where the policy wants one, since the playbook does, and KRR takes it away; OOM kills count without being
asked for; what a LimitRange or a ResourceQuota refuses is not proposed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from tfdash.model.capacity import LimitRange, ResourceQuota
from tfdash.model.kube import Container, HorizontalPodAutoscaler
from tfdash.model.usage import ContainerHistory, Usage, UsageHistory
from tfdash.model.usage_points import values_since
from tfdash.playbook.resources.policy import ResourcesPolicy, RightsizingPolicy
from tfdash.quantities import NANO, amount

MILLI, MEBI = NANO // 1000, 2**20 * NANO
UNIT = {"cpu": MILLI, "memory": MEBI}
RESOURCES = ("cpu", "memory")


class Gap(IntEnum):
    """KRR's severities: how far the request that is set lies from the one that is proposed."""

    UNKNOWN = 0
    GOOD = 1
    OK = 2
    WARNING = 3
    CRITICAL = 4


GAPS = {"cpu": (NANO // 10, NANO // 4, NANO // 2), "memory": (100 * MEBI, 250 * MEBI, 500 * MEBI)}


class Sizes(NamedTuple):
    """None: nothing is set."""

    request: int | None = None
    limit: int | None = None


class Krr(NamedTuple):
    """KRR's own word on one resource of a container: its request, or None and why there is none."""

    request: int | None
    why: str = ""


class Sizing(NamedTuple):
    """Of one resource of one container. ``to`` is None where nothing can be said ("?"), and ``why`` says why; else ``why`` says
    where the proposal is not KRR's."""

    container: str
    resource: str
    now: Sizes
    krr: int | None
    to: Sizes | None
    gap: Gap
    why: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        return self.to is not None and self.to != self.now

    @property
    def worthwhile(self) -> bool:
        """A change that KRR would not call good as it is."""
        return self.changes and self.gap >= Gap.OK

    @property
    def freed(self) -> int:
        """Of one pod's request; below 0 where more is asked for."""
        return (self.now.request or 0) - (self.to.request or 0) if self.to is not None else 0


class Surroundings(NamedTuple):
    """What a proposal is held to. ``pods``: how many the workload wants."""

    pods: int = 1
    hpas: tuple[HorizontalPodAutoscaler, ...] = ()
    ranges: tuple[LimitRange, ...] = ()
    quotas: tuple[ResourceQuota, ...] = ()
    usage: Usage | None = None


def gap(resource: str, now: int | None, to: int | None) -> Gap:
    if now is None and to is None:
        return Gap.GOOD
    if now is None or to is None:
        return Gap.WARNING
    ok, warning, critical = GAPS[resource]
    off = abs(now - to)
    return (
        Gap.CRITICAL
        if off >= critical
        else Gap.WARNING
        if off >= warning
        else Gap.OK
        if off >= ok
        else Gap.GOOD
    )


def krr(
    history: ContainerHistory, policy: RightsizingPolicy, scaled_by: Iterable[str] = ()
) -> Mapping[str, Krr]:
    """What KRR proposes for each resource. ``scaled_by``: resources whose utilisation an HPA of the workload follows."""
    if history.samples == 0:
        short = "no data"
    elif history.samples < policy.least_points:
        short = f"{history.samples} of {policy.least_points} points"
    elif history.seconds < policy.least_time:
        short = f"{history.seconds / 3600:.1f} h of {policy.least_time / 3600:g} h"
    else:
        short = ""
    cpu = dict(history.cpu).get(policy.cpu_percentile)
    peak = _largest(history.memory_most, history.starting_memory)
    found = {}
    for resource, value in (("cpu", cpu), ("memory", peak)):
        if short or value is None:
            found[resource] = Krr(None, short or "no data")
        elif resource in scaled_by:
            found[resource] = Krr(None, f"an HPA follows its {resource} utilisation, which a request changes")
        elif resource == "cpu":
            found[resource] = Krr(max(math.ceil(value * 1000) * MILLI, _nanos(policy.least_cpu, MILLI)))
        else:
            killed = math.ceil((history.oom_limit or 0.0) * (1 + policy.oom_buffer / 100) / 2**20) * MEBI
            found[resource] = Krr(max(_of_peak(value, policy), killed))
    return found


def _of_peak(most: float, policy: RightsizingPolicy) -> int:
    """What KRR asks for where it was given no OOM kills."""
    wanted = math.ceil(most * (1 + policy.memory_buffer / 100) / 2**20) * MEBI
    return max(wanted, _nanos(policy.least_memory, NANO))


def scaled_resources(hpas: Iterable[HorizontalPodAutoscaler]) -> frozenset[str]:
    """The resources whose share of the request an HPA keeps."""
    return frozenset(
        m.name
        for hpa in hpas
        for m in hpa.metrics
        if m.type in ("Resource", "ContainerResource") and m.unit == "%"
    )


def sizings(
    containers: Sequence[Container], history: UsageHistory, around: Surroundings, policy: ResourcesPolicy
) -> tuple[Sizing, ...]:
    """For each container of a template that lives as long as its pod, CPU before memory; those without a history are "?"."""
    scaled = scaled_resources(around.hpas)
    seen = {c.name: c for c in history.containers}
    living = [c for c in containers if not c.init or c.sidecar]
    made: list[Sizing] = []
    for resource in RESOURCES:
        of = []
        for container in living:
            known = seen.get(container.name, ContainerHistory(container.name))
            of.append(_of_container(container, known, resource, krr(known, policy.rightsize, scaled), policy))
        made += _together(of, resource, history, around, policy)
    return tuple(sorted(made, key=lambda p: ([c.name for c in living].index(p.container), p.resource)))


def _of_container(
    container: Container,
    history: ContainerHistory,
    resource: str,
    found: Mapping[str, Krr],
    policy: ResourcesPolicy,
) -> Sizing:
    now = Sizes(amount(container.resources.requests, resource), amount(container.resources.limits, resource))
    said = found[resource]
    if said.request is None:
        return Sizing(container.name, resource, now, None, None, Gap.UNKNOWN, (said.why,))
    why: list[str] = []
    unit, (_, high) = UNIT[resource], _band(resource, policy)
    used = (
        dict(history.cpu)[policy.rightsize.cpu_percentile]
        if resource == "cpu"
        else _largest(history.memory_most, history.starting_memory)
    )
    request = said.request
    if resource == "memory" and said.request > _of_peak(used or 0.0, policy.rightsize):
        why.append("its OOM kills count, which KRR leaves out unless it is told to count them")
    banded = _up(_nanos((used or 0.0) * 100 / high, 1), unit)
    if banded > request and (resource == "memory" or policy.cpu_of == "request"):
        request = banded
        why.append(
            f"more than KRR's {in_manifest(resource, said.request)}: what is used stays below {high:g} % of it"
        )
    if resource == "memory":
        return _sized(container.name, resource, now, said.request, Sizes(request, request), why)
    limit = now.limit if now.limit is None else max(now.limit, request, banded)
    if limit is None and "cpu limit" in policy.required:
        most = _largest(history.cpu_most, history.starting_cpu) or 0.0
        limit = _up(max(2 * request, _nanos(most * 1.15, 1)), unit)
        why.append(
            "with a limit, which the playbook wants and KRR does not: twice the request, and above all that was used"
        )
    elif limit is not None:
        why.append("its limit stays, which KRR takes away: the playbook wants one")
    return _sized(container.name, resource, now, said.request, Sizes(request, limit), why)


def _sized(
    container: str, resource: str, now: Sizes, own: int | None, to: Sizes, why: Iterable[str]
) -> Sizing:
    return Sizing(container, resource, now, own, to, gap(resource, now.request, to.request), tuple(why))


def _together(
    of: list[Sizing], resource: str, history: UsageHistory, around: Surroundings, policy: ResourcesPolicy
) -> list[Sizing]:
    """The containers of a pod, held to what counts them together: the band, LimitRange, quota."""
    of = _not_above(of, resource, around, policy)
    of = _not_newly_below(of, resource, history, around, policy)
    of = [_in_ranges(p, around.ranges) for p in of]
    if refused := _refused_by_pod_range(of, resource, around.ranges) or _refused_by_quota(
        of, resource, around
    ):
        return [p if p.to is None or p.to == p.now else _left(p, refused) for p in of]
    return of


def _left(proposal: Sizing, why: str) -> Sizing:
    return proposal._replace(to=None, gap=Gap.UNKNOWN, why=(why,))


def _requests(of: Iterable[Sizing]) -> int | None:
    """Of one pod once the proposals hold; None where some container would ask for nothing."""
    found = [p.to.request if p.to is not None else p.now.request for p in of]
    return None if None in found else sum(v for v in found if v is not None)


def _not_above(
    of: list[Sizing], resource: str, around: Surroundings, policy: ResourcesPolicy
) -> list[Sizing]:
    """Requests so large that what is used at this time is inside the band too."""
    usage, asked = around.usage, _requests(of)
    if usage is None or not usage.measured or not asked or not usage.points:
        return of
    newest = usage.points[-1].at
    used = values_since(usage.points, resource, newest - policy.above_for)
    _, high = _band(resource, policy)
    wanted = _nanos(max(used) / usage.measured * 100 / high, 1)
    if wanted <= asked:
        return of
    why = f"what is used at this time stays below {high:g} % of it"
    return [_scaled(p, resource, wanted, asked, why) for p in of]


def _scaled(proposal: Sizing, resource: str, part: int, whole: int, why: str) -> Sizing:
    to = proposal.to
    if to is None or to.request is None:
        return proposal
    request = _up(-(-to.request * part // whole), UNIT[resource])
    limit = to.limit if to.limit is None else max(to.limit, request)
    made = Sizes(request, request if resource == "memory" else limit)
    return _sized(proposal.container, resource, proposal.now, proposal.krr, made, (*proposal.why, why))


def _not_newly_below(
    of: list[Sizing], resource: str, history: UsageHistory, around: Surroundings, policy: ResourcesPolicy
) -> list[Sizing]:
    """A workload that is inside the band is not taken below it: what one busy pod would want is then not asked for all."""
    used = history.cpu_p95 if resource == "cpu" else history.memory_p95
    asked, before = _requests(of), [p.now.request for p in of]
    if used is None or not asked or not around.pods or None in before:
        return of
    low, _ = _band(resource, policy)
    had = sum(v for v in before if v is not None) * around.pods
    if asked * around.pods * low <= _nanos(used, 1) * 100 or not had or had * low > _nanos(used, 1) * 100:
        return of
    why = f"the pods are used unevenly: with what the busiest wants, all together would stand below {low:g} %"
    return [p if not p.changes or p.freed >= 0 else _left(p, why) for p in of]


def _in_ranges(proposal: Sizing, ranges: Iterable[LimitRange]) -> Sizing:
    """What a LimitRange lets a container say: its own least and most."""
    to = proposal.to
    if to is None:
        return proposal
    why = list(proposal.why)
    request, limit = to
    for one in ranges:
        for item in one.items:
            if item.type != "Container":
                continue
            least, most = amount(item.least, proposal.resource), amount(item.most, proposal.resource)
            if least is not None and request is not None and request < least:
                request = least
                limit = None if limit is None else max(limit, least)
                why.append(f"LimitRange {one.name} wants at least {in_manifest(proposal.resource, least)}")
            if most is not None and max(request or 0, limit or 0) > most:
                request = None if request is None else min(request, most)
                limit = None if limit is None else min(limit, most)
                why.append(f"LimitRange {one.name} ends at {in_manifest(proposal.resource, most)}")
    return _sized(
        proposal.container, proposal.resource, proposal.now, proposal.krr, Sizes(request, limit), why
    )


def _refused_by_pod_range(of: Sequence[Sizing], resource: str, ranges: Iterable[LimitRange]) -> str:
    sums = [_sum(of, "request"), _sum(of, "limit")]
    for one in ranges:
        for item in one.items:
            if item.type != "Pod":
                continue
            least, most = amount(item.least, resource), amount(item.most, resource)
            if most is not None and max(sums) > most:
                return f"LimitRange {one.name} lets a pod have {in_manifest(resource, most)}"
            if least is not None and sums[0] < least:
                return f"LimitRange {one.name} wants a pod to have at least {in_manifest(resource, least)}"
    return ""


def _sum(of: Iterable[Sizing], which: str) -> int:
    return sum(getattr(p.now if p.to is None else p.to, which) or 0 for p in of)


def _refused_by_quota(of: Sequence[Sizing], resource: str, around: Surroundings) -> str:
    """The quota that would not take what is more of it in all pods."""
    for which, names in (
        ("request", (f"requests.{resource}", resource)),
        ("limit", (f"limits.{resource}",)),
    ):
        more = (_sum(of, which) - sum(getattr(p.now, which) or 0 for p in of)) * around.pods
        for quota in around.quotas if more > 0 else ():
            for name in names:
                hard, used = amount(quota.hard, name), amount(quota.used, name)
                if hard is not None and used is not None and used + more > hard:
                    left = in_manifest(resource, max(0, hard - used))
                    return f"quota {quota.name} has {left} of {name} left, and {in_manifest(resource, more)} more were needed"
    return ""


def _band(resource: str, policy: ResourcesPolicy) -> tuple[float, float]:
    return policy.cpu if resource == "cpu" else policy.memory


def in_manifest(resource: str, nanos: int) -> str:
    """As a manifest has it: "250m", "2", "512Mi", "3Gi"; what is no whole unit as the next larger one."""
    if resource == "cpu":
        milli = -(-nanos // MILLI)
        return f"{milli}m" if milli % 1000 else str(milli // 1000)
    size = -(-nanos // NANO)
    for unit, factor in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def _nanos(value: float, unit: int) -> int:
    """A float in whole ``unit`` nanos, rounded up; one that is a whole number of them but for its last bits stays that."""
    return math.ceil(round(value * NANO / unit, 6)) * unit


def _up(nanos: int, unit: int) -> int:
    return -(-nanos // unit) * unit


def _largest(*values: float | None) -> float | None:
    return max((v for v in values if v is not None), default=None)
