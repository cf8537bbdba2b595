"""All that is said of the versions of one environment, put together of what runs there and of what was seen before, there and elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.versions import PlannedUpdate, VersionSighting, VersionsState
from tfdash.playbook.moment import Moment
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.staleness import Unread
from tfdash.playbook.versions.policy import VersionsPolicy
from tfdash.playbook.versions.production import (
    PRODUCTION,
    SeenEnvironment,
    doubted,
    production_verdict,
    soak_verdict,
    waiting,
)
from tfdash.playbook.versions.running import Running, judged
from tfdash.playbook.versions.soak import WatchedSpan
from tfdash.playbook.versions.version import read
from tfdash.playbook.waivers import NO_WAIVERS, Waivers


def versions_state(
    environment: str,
    running: Sequence[Running],
    seen: Sequence[VersionSighting],
    stored: Iterable[VersionSighting],
    announced: Iterable[PlannedUpdate],
    policy: VersionsPolicy,
    moment: Moment,
    unread: Unread | None = None,
    waivers: Waivers = NO_WAIVERS,
) -> VersionsState:
    """``seen`` by this terminal, ``stored`` by whoever recorded; ``announced``: plans as they were first recorded; ``unread``: why
    not all of that could be read. What runs may be waived, and not what is to happen before production."""
    said = (_named(v, one, running) for one in running for v in judged(one, policy, moment))
    verdicts = [waived for v in said for waived in waivers.apply((v,), v.subject, moment)]
    own = [r.cluster for r in running]
    since = moment.now - _horizon(policy)
    places = _places(environment, own, [s for s in (*seen, *stored) if s.until >= since], policy)
    plans = _plans(announced, policy)
    rules = policy.rules
    mine = places.get(environment)
    soak, told = soak_verdict(mine, policy, moment) if mine is not None else (None, None)
    seen_now = all(one.control and one.unseen is None for one in running)
    waits = None
    if environment == rules.production and mine is not None and seen_now:
        verdicts.append(doubted(production_verdict(places, plans, policy, moment), unread))
        waits = waiting(places, policy, moment)
    elif environment == rules.staging and told is not None and seen_now:
        verdicts.append(doubted(told, unread))
    elif environment not in (rules.development, rules.staging, rules.production):
        verdicts.append(_not_judged(environment, policy))
    return VersionsState(
        verdicts=tuple(verdicts),
        running=_in_one_line(running),
        next=waits.short if waits is not None else "",
        soak=soak,
        seen=tuple(seen),
        plans=plans,
    )


def _named(verdict: Verdict, of: Running, running: Sequence[Running]) -> Verdict:
    """With its cluster, where they are several."""
    if len(running) < 2:
        return verdict
    return msgspec.structs.replace(verdict, sentence=f"{of.cluster.cluster}: {verdict.sentence}")


def _horizon(policy: VersionsPolicy) -> float:
    """For so long back it is looked: years of sightings would be counted for what the last weeks decide."""
    return 90 * 86_400.0 + 2 * (policy.rules.soak + policy.rules.notice)


def _not_judged(environment: str, policy: VersionsPolicy) -> Verdict:
    rules = policy.rules
    known = ", ".join(filter(None, (rules.development, rules.staging, rules.production)))
    sentence = f"{environment} is none of {known} ([versions]): how updates come to it is not judged"
    subject = Subject(ClusterRef(environment, ""), "Environment", "", environment)
    return Verdict(level=Level.IDLE, rule=PRODUCTION, subject=subject, sentence=sentence)


def _in_one_line(running: Sequence[Running]) -> str:
    """``v1.37.2, nodes v1.36.4``, of each cluster with its name where they are several."""
    said = {one.cluster.cluster: line for one in running if (line := _line(one))}
    return "; ".join(f"{name} {line}" if len(said) > 1 else line for name, line in said.items())


def _line(running: Running) -> str:
    control, kubelets = " and ".join(running.control), [version for version in running.nodes if version]
    few = kubelets[0] if len(kubelets) == 1 else f"of {len(kubelets)} versions"
    nodes = f"nodes {few}" if kubelets and kubelets != [control] else ""
    return ", ".join(shorten(part, 60) for part in (control, nodes) if part)


def _places(
    environment: str, own: Sequence[ClusterRef], sightings: Iterable[VersionSighting], policy: VersionsPolicy
) -> dict[str, SeenEnvironment]:
    by_environment: dict[str, list[WatchedSpan]] = {}
    for one in sightings:
        span = _span(one, policy)
        if span is not None:
            by_environment.setdefault(one.cluster.environment, []).append(span)
    found = {}
    for name, spans in by_environment.items():
        clusters = own if name == environment else _clusters(name, spans, policy)
        found[name] = SeenEnvironment(name, tuple(clusters), [s for s in spans if s.cluster in clusters])
    return found


def _clusters(environment: str, spans: Sequence[WatchedSpan], policy: VersionsPolicy) -> list[ClusterRef]:
    """Those that the configuration names; where it has one that is named by its context alone the one that was seen last; of an
    environment that stands in no configuration here all that were seen."""
    names = policy.clusters.get(environment)
    if names:
        return [ClusterRef(environment, name) for name in names]
    if names is None:
        return sorted({span.cluster for span in spans})
    return [max(spans, key=lambda span: span.until).cluster]


def _span(one: VersionSighting, policy: VersionsPolicy) -> WatchedSpan | None:
    """None where one of its versions cannot be read: what was the oldest is not known then, as if nobody had watched."""
    versions = [told.version for text in one.versions if (told := read(text, policy.endings)) is not None]
    if not versions or len(versions) < len(one.versions):
        return None
    return WatchedSpan(one.cluster, one.since, one.until, min(versions), max(versions))


def _plans(announced: Iterable[PlannedUpdate], policy: VersionsPolicy) -> tuple[PlannedUpdate, ...]:
    """Of the configuration. A day that was put off later was announced with the earlier one; one that was brought forward was not."""
    known: dict[tuple[str, str], list[PlannedUpdate]] = {}
    for one in announced:
        known.setdefault((one.environment, one.version), []).append(one)
    found = []
    for plan in policy.rules.plan:
        environment, day = plan.environment or policy.rules.production, plan.date.isoformat()
        times = [
            p.announced
            for p in known.get((environment, plan.version), ())
            if p.announced is not None and p.day <= day
        ]
        found.append(
            PlannedUpdate(
                environment=environment, version=plan.version, day=day, announced=min(times, default=None)
            )
        )
    return tuple(found)
