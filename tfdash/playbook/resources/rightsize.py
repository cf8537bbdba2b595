"""The rule that says what a workload should ask for, by its history, and what that frees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tfdash.model import resource_rules
from tfdash.model.capacity import LimitRange, ResourceQuota
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Object,
    ReplicaSet,
    StatefulSet,
    Template,
)
from tfdash.model.subject import Subject
from tfdash.model.usage import Usage, UsageHistory, usage_key
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.nouns import counted
from tfdash.playbook.resources import pricing
from tfdash.playbook.resources.links import LIMIT_RANGES_IN, QUOTAS_IN
from tfdash.playbook.resources.policy import ResourcesPolicy
from tfdash.playbook.resources.rightsizing import GAPS, Gap, Sizing, Surroundings, in_manifest, sizings
from tfdash.playbook.resources.room import applies, size_of
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.seen import Look
from tfdash.playbook.serving.links import AUTOSCALERS_OF, REPLICA_SETS_OF
from tfdash.quantities import Amounts, total

ID = resource_rules.RIGHTSIZE
KINDS = (Deployment, StatefulSet, DaemonSet, Rollout)
_SHOWN = 2


def template_of(workload: Object | None, sets: Iterable[ReplicaSet] = ()) -> Template:
    """An empty one where there is none; of a Rollout that takes it from another object, that of the newest of its ``sets``."""
    own = workload.template if isinstance(workload, KINDS) else Template()
    if own.containers or not isinstance(workload, Rollout):
        return own
    newest = max(sets, key=lambda s: (s.created, s.name), default=None)
    return own if newest is None else newest.template


def pods_of(workload: Object) -> int:
    """How many it wants."""
    return int(getattr(workload, "desired", 0))


def verdict(
    subject: Subject, history: UsageHistory, found: Sequence[Sizing], pods: int, worth: str = ""
) -> Verdict:
    """What is said of one workload: the largest gaps in words, what they free and its ``worth``."""
    days = max(1, round((history.until - history.sized_since) / 86_400))
    points = max((c.samples for c in history.containers), default=0)
    evidence = Evidence(
        query=history.queries[0] if history.queries else "",
        sample=points,
        window=history.until - history.sized_since,
    )
    known = [p for p in found if p.to is not None]
    only = ", current pods only" if history.current_only else ""
    on = f"({days} d, {counted(points, 'point')}{only})"
    if not known:
        why = found[0].why[0] if found and found[0].why else "no history"
        sentence = f"{subject.name}: ? no proposal: {why} {on}"
        return Verdict(level=Level.IDLE, rule=ID, subject=subject, sentence=sentence, evidence=evidence)
    far = sorted((p for p in known if p.gap >= Gap.WARNING), key=lambda p: (-p.gap, p.container, p.resource))
    if (
        not far
    ):  # by KRR's measure; of a small workload that may be half of what it asks for, and its band says so
        sentence = f"{subject.name}: {_near(known, len({q.container for q in found}) > 1, pods)} {on}"
        return Verdict(level=Level.OK, rule=ID, subject=subject, sentence=sentence, evidence=evidence)
    told = ", ".join(_change(p, len({q.container for q in found}) > 1) for p in far[:_SHOWN])
    more = f" and {len(far) - _SHOWN} more" if len(far) > _SHOWN else ""
    sentence = f"{subject.name}: {told}{more}{freed(known, pods)}{worth} {on}"
    return Verdict(level=Level.WARN, rule=ID, subject=subject, sentence=sentence, evidence=evidence)


def _near(known: Sequence[Sizing], named: bool, pods: int) -> str:
    close = sorted((p for p in known if p.worthwhile), key=lambda p: (p.container, p.resource))
    if close:
        more = f" and {len(close) - _SHOWN} more" if len(close) > _SHOWN else ""
        told = ", ".join(_change(p, named) for p in close[:_SHOWN])
        return f"not far from what it used: {told}{more}{freed(known, pods)}"
    if not any(p.changes for p in known):
        return "requests are what it used asks for"
    apart = " and ".join(written(resource, gaps[0]) for resource, gaps in GAPS.items())
    return f"close to what it used: less than {apart} a container apart"


def _change(proposal: Sizing, named: bool) -> str:
    assert proposal.to is not None
    now, to = (
        "none" if v is None else in_manifest(proposal.resource, v)
        for v in (proposal.now.request, proposal.to.request)
    )
    of = f"{proposal.container} " if named else ""
    return f"{of}{proposal.resource} request {now} → {to}"


def freed(found: Iterable[Sizing], pods: int) -> str:
    """``: frees 1500m cores, 3Gi``, of all pods by the changes that are worth it; "" where nothing is freed."""
    sums: dict[str, int] = {}
    for proposal in filter(lambda s: s.worthwhile, found):
        sums[proposal.resource] = sums.get(proposal.resource, 0) + proposal.freed * pods
    told = [
        f"{written(resource, value)}{' cores' if resource == 'cpu' else ''}"
        for resource, value in sorted(sums.items())
        if value > 0
    ]
    return f": frees {', '.join(told)}" if told else ""


def net(found: Iterable[Sizing], pods: int) -> Amounts:
    """What all pods would ask for less, by those changes; below 0 where it is more."""
    return total(((s.resource, s.freed * pods),) for s in found if s.worthwhile)


class Sized(NamedTuple):
    """One workload: what its containers should ask for. ``places`` are those of its template that live as long as a pod, in the
    template's order."""

    history: UsageHistory
    pods: int
    places: tuple[str, ...]
    sizings: tuple[Sizing, ...]


def size(look: Look, subject: Subject, workload: Object, policy: ResourcesPolicy) -> Sized | None:
    """None where nothing measures it, or not yet."""
    key = usage_key(subject.kind, subject.namespace, subject.name)
    history = look.maybe(UsageHistory, key)
    sets = look.some(REPLICA_SETS_OF, workload.uid) if isinstance(workload, Rollout) else ()
    template = template_of(workload, sets)
    containers = template.containers
    if history is None or not containers:
        return None
    ranges = look.some(LIMIT_RANGES_IN, subject.namespace)
    pod = size_of(template, None, ranges)
    around = Surroundings(
        pods=pods_of(workload),
        hpas=look.some(AUTOSCALERS_OF, (subject.kind, subject.key)),
        ranges=ranges,
        quotas=tuple(q for q in look.some(QUOTAS_IN, subject.namespace) if applies(q, pod)),
        usage=look.maybe(Usage, key),
    )
    places = tuple(c.name for c in containers if not c.init)
    return Sized(history, around.pods, places, sizings(containers, history, around, policy))


def _judge(case: Case[Object]) -> RuleResult | None:
    found = size(case, case.subject, case.obj, case.policies.resources)
    if found is None:  # that is no finding of sizes
        return None
    worth = pricing.worth(case, case.obj, net(found.sizings, found.pods), case.policies)
    return RuleResult((verdict(case.subject, found.history, found.sizings, found.pods, worth),))


RULE = Rule(
    ID,
    KINDS,
    _judge,
    uses=(UsageHistory, Usage, HorizontalPodAutoscaler, LimitRange, ResourceQuota, *pricing.PRICED),
)
