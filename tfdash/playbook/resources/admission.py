"""What LimitRanges fill into the pods of a template, and what they would refuse of them before one is started. Pure.

As the admission plug-in has it (kubernetes plugin/pkg/admission/limitranger): a request that is not said is the limit; defaults of a
LimitRange fill in what neither says.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tfdash.model.capacity import LimitRange, LimitRangeItem
from tfdash.model.kube import Container, Resources
from tfdash.pod_requests import of_template
from tfdash.quantities import NANO, Amounts, amount, replaced, shown, text


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
