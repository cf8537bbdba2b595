"""What the API server would refuse of the pods of a template before it starts one: LimitRange and ResourceQuota. Pure.

As the admission plug-ins count (kubernetes plugin/pkg/admission/limitranger, pkg/quota/v1/evaluator/core/pods.go): a request that is
not said is the limit; defaults of a LimitRange fill in what neither says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from tfdash.model.capacity import LimitRange, LimitRangeItem, ResourceQuota
from tfdash.model.kube import Container, Resources
from tfdash.pod_requests import of_template
from tfdash.quantities import NANO, Amounts, amount, replaced, shown, text

_PLAIN = frozenset({"cpu", "memory", "ephemeral-storage"})  # "cpu" in a quota means "requests.cpu"
_BEST_EFFORT, _ENDING = "BestEffort", "Terminating"


class RollingUpdate(NamedTuple):
    """``pods`` of the new template in the end; ``surge`` of them beside the old ones at first, 0 where an old one goes before."""

    pods: int
    surge: int
    waits: bool  # no old pod goes before a new one is ready


def filled(containers: Iterable[Container], ranges: Iterable[LimitRange]) -> tuple[Container, ...]:
    """With the defaults that the server fills in."""
    items = [i for r in ranges for i in r.items if i.type == "Container"]
    found = []
    for one in containers:
        limits = one.resources.limits
        asked = replaced(limits, one.resources.requests)
        for item in items:
            limits = replaced(item.default_limit, limits)
            asked = replaced(item.default_request, asked)
        found.append(msgspec.structs.replace(one, resources=Resources(asked, limits)))
    return tuple(found)


def outside_limits(
    containers: Iterable[Container], ranges: Iterable[LimitRange], names: frozenset[str] | None = None
) -> tuple[str, ...]:
    """In words, what limit ranges refuse of these containers, defaults filled in; ``names``: only of these and of the pod."""
    ranges = tuple(ranges)
    found = filled(containers, ranges)
    told = [f"container {c.name}: {why}" for c in found for why in _unequal(c) if _asked(c, names)]
    for limits in ranges:
        for item in limits.items:
            if item.type == "Container":
                mine = [c for c in found if _asked(c, names)]
                told += [
                    f"LimitRange {limits.name}: container {c.name}: {why}"
                    for c in mine
                    for why in _against(item, c.resources.requests, c.resources.limits)
                ]
            elif item.type == "Pod":
                told += [
                    f"LimitRange {limits.name}: the pod: {why}"
                    for why in _against(item, _asked_of(found), _limits_of(found))
                ]
    return tuple(dict.fromkeys(told))


def _asked(container: Container, names: frozenset[str] | None) -> bool:
    return names is None or container.name in names


def _unequal(container: Container) -> Iterable[str]:
    for name, limit in container.resources.limits:
        asked = amount(container.resources.requests, name)
        if asked is not None and asked > limit:
            yield f"its {name} request of {shown(name, asked)} is above its limit of {shown(name, limit)}"


def _against(item: LimitRangeItem, asked: Amounts, limits: Amounts) -> Iterable[str]:
    for name, least in item.least:
        for what, found in (("request", asked), ("limit", limits)):
            value = amount(found, name)
            if value is None and what == "request":
                yield f"no {name} {what} is set, and the least is {shown(name, least)}"
            elif value is not None and value < least:
                yield f"{name} {what} {shown(name, value)} is below the least, {shown(name, least)}"
    for name, most in item.most:
        for what, found in (("request", asked), ("limit", limits)):
            value = amount(found, name)
            if value is None and what == "limit":
                yield f"no {name} {what} is set, and the most is {shown(name, most)}"
            elif value is not None and value > most:
                yield f"{name} {what} {shown(name, value)} is above the most, {shown(name, most)}"
    for name, ratio in item.ratio:
        base, limit = amount(asked, name), amount(limits, name)
        if not base or not limit:
            yield f"{name} must have a request and a limit, of at most {text(ratio)} times the request"
        elif limit * NANO > ratio * base:
            yield f"{name} limit {shown(name, limit)} is more than {text(ratio)} times its request of {shown(name, base)}"


def _asked_of(containers: Iterable[Container]) -> Amounts:
    return of_template(containers)


def _limits_of(containers: Iterable[Container]) -> Amounts:
    limits = [msgspec.structs.replace(c, resources=Resources(c.resources.limits)) for c in containers]
    return tuple((name, value) for name, value in of_template(limits) if name != "pods")


def counted(containers: Iterable[Container]) -> dict[str, int]:
    """What one pod of them counts for in a quota, by the quota's names, in billionths."""
    found = tuple(containers)
    usage: dict[str, int] = {}
    for name, value in _asked_of(found):
        if name == "pods":
            usage |= {"pods": value, "count/pods": value}
        else:
            usage |= {f"requests.{name}": value} | ({name: value} if name in _PLAIN else {})
    return usage | {f"limits.{name}": value for name, value in _limits_of(found)}


def covers(quota: ResourceQuota, usage: Mapping[str, int]) -> bool:
    """Whether it counts a pod that runs on and uses that; of a priority class nothing is known here, so it is taken to."""
    effort = any(name.startswith(("requests.", "limits.")) and v for name, v in usage.items())
    for scope in quota.scopes:
        word = scope.split()[0]
        if word == _ENDING or (word == _BEST_EFFORT and effort) or (word == "NotBestEffort" and not effort):
            return False
    return True


def beyond_quota(
    quota: ResourceQuota, before: Mapping[str, int], after: Mapping[str, int], update: RollingUpdate
) -> str:
    """Why pods that count for ``after`` in place of ``before`` each cannot all start, "" where they can."""
    if not update.pods or not covers(quota, after):
        return ""
    for name, hard in quota.hard:
        new, old, used = after.get(name), before.get(name, 0), amount(quota.used, name) or 0
        if new is None:
            if name.removeprefix("requests.").removeprefix("limits.") in ("cpu", "memory"):
                return f"quota {quota.name} counts {name}: each container must say it"
            continue
        if name in ("pods", "count/pods"):
            continue  # as many as there are; whether it can surge at all is asked of each release
        ends = used + update.pods * (new - old)
        if new > old and ends > hard:
            return f"quota {quota.name}: {name} would be {shown(name, ends)} of {shown(name, hard)}"
        first = used + update.surge * new
        if update.waits and update.surge and first > hard:
            left = shown(name, max(hard - used, 0))
            return (
                f"quota {quota.name}: of {name} {left} is left, and the first new pod of {shown(name, new)} "
                "must start before an old one goes"
            )
    return ""
