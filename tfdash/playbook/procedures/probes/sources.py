"""Probes of what is read, and of the room that a namespace has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec

from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Deployment
from tfdash.model.run import Probed
from tfdash.model.verdict import UnknownKind
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.control_plane import answers
from tfdash.playbook.procedures.probes.lines import kubectl, remark
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook, number_of
from tfdash.playbook.staleness import Unread
from tfdash.quantities import amount

_FEW = 3  # that are named one by one
KUBERNETES, PROMETHEUS = "kubernetes", "prometheus"
"""The sources that are a cluster's own; every other is asked by its id."""


def _current(case: ProbeCase) -> Probed:
    sight, id = ProbeLook(case), case.arguments.get("source", "")
    if id == KUBERNETES:
        return _kubernetes(sight)
    if id == PROMETHEUS:
        return _prometheus(sight)
    told = case.picture.sources.get(id)
    if told is None:
        return sight.unclear(UnknownKind.NOT_WATCHED, f"there is no source {id} here")
    name = told.value.name if told.value is not None else id
    if told.problem is not None:
        return sight.said(False, f"{name}: {told.problem.cause}")
    if told.observed_at is None:
        return sight.unclear(UnknownKind.LOADING, f"{name}: still loading")
    if (old := sight.old(told)) is not None:
        return sight.unknown(old, f"{name}: ")
    return sight.said(True, f"{name}: read at {near(told.observed_at, case.now, sight.zone)}")


def _prometheus(sight: ProbeLook) -> Probed:
    name = f"{PROMETHEUS} of {sight.ref.cluster}"
    seen = sight.case.picture.signals.prometheus.get(sight.ref)
    if seen is None or seen.unasked:
        word = seen.note if seen is not None and seen.note else "it was not asked yet"
        return sight.unclear(UnknownKind.NOT_WATCHED, f"{name}: {word}")
    if seen.problem is not None:
        return sight.said(False, f"{name}: {seen.problem.cause}")
    if (old := sight.old(seen)) is not None:
        return sight.unknown(old, f"{name}: ")
    return sight.said(True, f"{name} answers, {seen.value}")


def _kubernetes(sight: ProbeLook) -> Probed:
    name = sight.ref.cluster
    found = answers(sight)
    if isinstance(found, Unread):
        return sight.unknown(found, f"{name}: ")
    if not found:
        assert sight.cluster is not None and sight.cluster.info.problem is not None
        return sight.said(False, f"{name} cannot be read: {sight.cluster.info.problem.cause}")
    if (why := sight.why(Deployment)) is not None:
        return sight.unknown(why)
    return sight.said(True, f"{name} is read")


def _cut_off(case: ProbeCase) -> Probed:
    """Nothing that is read over a network answers this terminal any more. One place alone tells nothing: it may be that place."""
    look = ProbeLook(case)
    there: list[str] = []
    away: list[str] = []
    unclear = 0
    for name, found in _places(case):
        if found is None:
            unclear += 1
        else:
            (there if found else away).append(name)
    if there:
        answer = (
            f"{there[0]} answers" if len(there) == 1 else f"{len(there)} places answer, {there[0]} among them"
        )
        but = f", {', '.join(away[:_FEW])} not" if away else ""
        return look.said(False, f"{answer}{but}")
    if unclear or len(away) < 2:
        only = (
            f"{away[0]} is the only place that is read here, and does not answer"
            if away
            else "nothing was asked yet"
        )
        return look.unclear(
            UnknownKind.NOT_COMPARABLE, only if not unclear else "not every place was asked yet"
        )
    return look.said(True, f"none of {len(away)} places answers this terminal: {', '.join(away[:_FEW])}")


def _places(case: ProbeCase) -> Iterator[tuple[str, bool | None]]:
    """What is read over a network, and whether it answers; None where that is not known."""
    for ref in sorted(case.picture.clusters):
        of = msgspec.structs.replace(case, cluster=ref, arguments={})
        found = answers(ProbeLook(of))
        yield ref.cluster, None if isinstance(found, Unread) else found
        seen = case.picture.signals.prometheus.get(ref)
        if seen is not None and not seen.unasked:
            yield f"{PROMETHEUS} of {ref.cluster}", seen.problem is None
    health = case.picture.store_state.health
    if health.shared_configured:
        yield "the shared store", not health.shared
    for name, feed in sorted(case.picture.signals.feeds.items()):
        if not feed.unasked:
            yield f"feed {name}", feed.problem is None


def _room(case: ProbeCase) -> Probed:
    """Every resource of every quota of the namespace is used for less than ``percent`` of what is allowed."""
    sight, namespace = ProbeLook(case), case.arguments.get("namespace", "")
    limit = number_of(case.arguments, "percent") or 100
    quotas = sight.within(ResourceQuota, namespace)
    if isinstance(quotas, Unread):
        return sight.unknown(quotas, f"{namespace}: ")
    if not quotas:
        return sight.said(True, f"{namespace}: no quota limits it")
    shares: list[tuple[float, str]] = []
    for quota in quotas:
        used_text, hard_text = dict(quota.used_text), dict(quota.hard_text)
        for resource, _ in quota.wanted:
            used, hard = amount(quota.used, resource), amount(quota.hard, resource)
            if used is None or hard is None or used < 0 or hard < 0:
                return sight.unclear(
                    UnknownKind.NO_DATA, f"{namespace}: {quota.name}: {resource} is not counted yet"
                )
            if not hard and not used:
                continue  # none are allowed, none are there: nobody means to have any
            share = 100 * used / hard if hard else math.inf
            told = (
                f"{resource} {used_text.get(resource, '?')} of {hard_text.get(resource, '?')}, {share:.0f} %"
            )
            shares.append((share, told))
    if not shares:
        return sight.said(True, f"{namespace}: its quotas limit nothing")
    full = sorted((one for one in shares if one[0] >= limit), key=lambda one: -one[0])
    highest = max(shares, key=lambda one: one[0])
    if full:
        more = f", and {counted(len(full) - 1, 'resource')} more" if len(full) > 1 else ""
        return sight.said(False, f"{namespace}: {full[0][1]} of {limit} %{more}")
    return sight.said(True, f"{namespace}: the highest is {highest[1]} of {limit} %")


def _line(arguments: Mapping[str, str]) -> str:
    if arguments.get("source") == KUBERNETES:
        return kubectl("get", "--raw", "/readyz?verbose")
    if arguments.get("source") == PROMETHEUS:
        return 'curl -fsS "$PROMETHEUS_URL/-/ready"'
    return remark(
        "",
        "tfdash alone reads this source: ask what it reads by its own means, at the address of its settings",
    )


_EACH = (
    "ip route get 1.1.1.1; for c in $(kubectl config get-contexts -o name); do "
    'kubectl --context "$c" --request-timeout=5s get --raw /readyz || echo "$c does not answer"; done; '
    'curl -fsS -m 5 "$PROMETHEUS_URL/-/ready"'
)
PROBES = (
    Probe(
        id="source.current",
        title="{source} is read, and lately",
        judge=_current,
        line=_line,
        arguments=(
            ProbeArgument(id="source", title="kubernetes, prometheus, or the id of a source"),
            CLUSTER,
        ),
        reach=True,
    ),
    Probe(
        id="terminal.cut-off",
        title="this terminal is cut off from everything",
        judge=_cut_off,
        line=lambda _: _EACH,
        reach=True,
    ),
    Probe(
        id="namespace.quota-room",
        title="the quotas of {namespace} leave room",
        judge=_room,
        line=lambda a: kubectl("describe", "resourcequota", "-n", a.get("namespace", "")),
        arguments=(
            ProbeArgument(id="namespace", title="the namespace"),
            ProbeArgument(id="percent", title="below how much of a hundred", needed=False),
            CLUSTER,
        ),
        needs=frozenset({ResourceQuota.KIND}),
    ),
)
