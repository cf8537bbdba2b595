"""What a pod asks for and what limits it, as the scheduler counts (k8s.io/component-helpers, resource/helpers.go: ``PodRequests``,
``PodLimits``): init containers, sidecars, the runtime's overhead, what is set for the pod as a whole, and resizes under way. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tfdash.model.kube import Condition, Container, ContainerStatus, Pod, Resources
from tfdash.quantities import NANO, NOTHING, Amounts, amount, most, replaced, total

_OF_POD = frozenset({"cpu", "memory"})
_HUGE = "hugepages-"
_ITSELF: Amounts = (("pods", NANO),)
ENDED = frozenset({"Succeeded", "Failed"})

_Of = Callable[[Container, ContainerStatus | None], Amounts]


def requested(pod: Pod) -> Amounts:
    """What the scheduler holds against a node for this pod, its own place ("pods") included. Nothing once it has ended."""
    if pod.phase in ENDED:
        return NOTHING
    if _as_asked(pod):
        return _of_these(pod.containers).requests
    infeasible = _infeasible(pod.conditions)
    actual, whole = pod.actual, pod.resources
    if pod.allocated is not None and actual is not None and actual.requests:
        held = most(pod.allocated, actual.requests)  # what is said of the pod as a whole
    else:
        held = most(
            _added_up(pod, lambda c, s: _allocated(c, s, infeasible)),
            _added_up(pod, lambda c, s: _actual_requests(c, s, infeasible)),
        )
    found = most(NOTHING if infeasible else _added_up(pod, lambda c, s: c.resources.requests), held)
    if whole is not None and _of_pod(whole.requests):
        asked = whole.requests
        if actual is not None:
            asked = most(NOTHING if infeasible else asked, pod.allocated or NOTHING, actual.requests)
        found = replaced(found, _of_pod(asked))
    return total((found, pod.overhead, _ITSELF))


def limited(pod: Pod) -> Amounts:
    """The most that it may use of each resource of which that is said for all its containers together."""
    if _as_asked(pod):
        return _of_these(pod.containers).limits
    infeasible = _infeasible(pod.conditions)
    actual, whole = pod.actual, pod.resources
    if actual is not None and actual.limits:
        held = actual.limits
    else:
        held = _added_up(pod, lambda c, s: _actual_limits(c, s, infeasible))
    found = most(NOTHING if infeasible else _added_up(pod, lambda c, s: c.resources.limits), held)
    if whole is not None and _of_pod((*whole.requests, *whole.limits)):
        asked = whole.limits
        if actual is not None:
            asked = most(NOTHING if infeasible else asked, actual.limits)
        found = replaced(found, _of_pod(asked))
    return total((found, tuple((name, value) for name, value in pod.overhead if amount(found, name))))


def unsaid(pod: Pod) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of which of CPU and memory some container that stays, and the pod as a whole, say no request, and no limit."""
    if pod.resources is None:
        return _of_these(pod.containers).unsaid
    return _unsaid(pod.containers, pod.resources)


def _unsaid(containers: Iterable[Container], whole: Resources) -> tuple[tuple[str, ...], tuple[str, ...]]:
    stays = [c.resources for c in containers if not c.init or c.sidecar]
    return (
        _lacking(whole.requests, [r.requests for r in stays]),
        _lacking(whole.limits, [r.limits for r in stays]),
    )


def _lacking(whole: Amounts, parts: list[Amounts]) -> tuple[str, ...]:
    return tuple(
        name
        for name in ("cpu", "memory")
        if amount(whole, name) is None and any(amount(part, name) is None for part in parts)
    )


def of_template(
    containers: Iterable[Container], whole: Resources | None = None, overhead: Amounts = NOTHING
) -> Amounts:
    """What one pod of these will ask for when it is made. ``whole``: what is set for it as a whole; ``overhead``: its runtime's."""
    found = _sum_of(containers, {}, lambda c, s: c.resources.requests)
    if whole is not None:
        found = replaced(found, _of_pod(whole.requests))
    return total((found, overhead, _ITSELF))


def limits_of_template(
    containers: Iterable[Container], whole: Resources | None = None, overhead: Amounts = NOTHING
) -> Amounts:
    """The same of its limits."""
    found = _sum_of(containers, {}, lambda c, s: c.resources.limits)
    if whole is not None and _of_pod((*whole.requests, *whole.limits)):
        found = replaced(found, _of_pod(whole.limits))
    return total((found, tuple((name, value) for name, value in overhead if amount(found, name))))


class _Alike(NamedTuple):
    """What all pods with these containers have, of which nothing else is said. ``containers``: kept, so that their id stays theirs."""

    containers: tuple[Container, ...]
    requests: Amounts
    limits: Amounts
    unsaid: tuple[tuple[str, ...], tuple[str, ...]]


_known: dict[int, _Alike] = {}
_MOST_KNOWN = 20_000


def _as_asked(pod: Pod) -> bool:
    """Whether it has what its containers ask for, and nothing is said of it as a whole: as nearly always."""
    return (
        not pod.overhead
        and pod.resources is None
        and pod.actual is None
        and all(s.allocated is None and s.actual is None for s in pod.statuses)
        and not _infeasible(pod.conditions)
    )


def _of_these(containers: tuple[Container, ...]) -> _Alike:
    """By what all pods of a template share; added up once."""
    known = _known.get(id(containers))
    if known is None or known.containers is not containers:
        known = _Alike(
            containers,
            of_template(containers),
            limits_of_template(containers),
            _unsaid(containers, Resources()),
        )
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[id(containers)] = known
    return known


def _added_up(pod: Pod, of: _Of) -> Amounts:
    return _sum_of(pod.containers, {s.name: s for s in pod.statuses}, of)


def _sum_of(containers: Iterable[Container], statuses: dict[str, ContainerStatus], of: _Of) -> Amounts:
    """Main containers and sidecars together, and at least what each init container needs beside the sidecars before it."""
    together, before, starting = [], NOTHING, NOTHING
    for container in containers:
        asked = of(container, statuses.get(container.name))
        if not container.init:
            together.append(asked)
        elif container.sidecar:
            together.append(asked)
            before = total((before, asked))
            starting = most(starting, before)
        else:
            starting = most(starting, total((before, asked)))
    return most(total(together), starting)


def _allocated(container: Container, status: ContainerStatus | None, infeasible: bool) -> Amounts:
    if status is not None and status.allocated is not None:
        return status.allocated
    return NOTHING if infeasible else container.resources.requests


def _actual_requests(container: Container, status: ContainerStatus | None, infeasible: bool) -> Amounts:
    if status is not None and status.actual is not None and status.actual.requests:
        return status.actual.requests
    return _allocated(container, status, infeasible)


def _actual_limits(container: Container, status: ContainerStatus | None, infeasible: bool) -> Amounts:
    if status is not None and status.actual is not None and status.actual.limits:
        return status.actual.limits
    return NOTHING if infeasible else container.resources.limits


def _infeasible(conditions: Iterable[Condition]) -> bool:
    return any(c.type == "PodResizePending" and c.reason == "Infeasible" for c in conditions)


def _of_pod(found: Amounts) -> Amounts:
    """Those that can be set for a pod as a whole."""
    return tuple((name, value) for name, value in found if name in _OF_POD or name.startswith(_HUGE))
