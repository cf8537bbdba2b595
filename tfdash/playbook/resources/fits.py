"""The rule of what fits: whether quotas and nodes have room for one more pod of a workload, for the surge of its next rolling update
and for the maximum of its autoscaler, said before any of them is tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from tfdash.model import resource_rules
from tfdash.model.autoscaling import ClusterAutoscaler, NodePool
from tfdash.model.capacity import LimitRange, ResourceQuota
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    Deployment,
    HorizontalPodAutoscaler,
    Pod,
    ReplicaSet,
    StatefulSet,
)
from tfdash.model.kubecluster import Event, Node
from tfdash.model.room import NodeRoom
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.nouns import counted
from tfdash.playbook.resources.autoscaler import ALL_OF_THEM, FRESH, POOLS, grows, pool_grows
from tfdash.playbook.resources.links import LIMIT_RANGES_IN, QUOTAS_IN
from tfdash.playbook.resources.room import Size, in_quota, on_node, size_of
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.serving.health import may_be_away, resolve_bound
from tfdash.playbook.serving.links import AUTOSCALERS_OF, Links, links_of
from tfdash.playbook.serving.rollout_status import condition
from tfdash.playbook.staleness import Unread
from tfdash.pod_requests import ENDED
from tfdash.quantities import amount

ID = resource_rules.FITS
Scaled: TypeAlias = Deployment | StatefulSet | Rollout | ReplicaSet
_DEFAULT_SCHEDULER = ("", "default-scheduler")


class Ceiling(NamedTuple):
    """How many pods of the workload there can be at most, and why no more. ``pods``: as many as were asked after, or fewer."""

    pods: int
    why: str
    objects: tuple[Subject, ...] = ()


class Wish(NamedTuple):
    """What is held against the reach: so many pods in all, and what it means where they are fewer."""

    pods: int
    without: str


def _judge(case: Case[Scaled]) -> RuleResult | None:
    workload = case.obj
    if not workload.template.containers or not workload.desired or workload.deleting is not None:
        return None  # nothing to be placed, or its template stands elsewhere
    if isinstance(workload, ReplicaSet) and workload.owner is not None:
        return None  # its owner's is the word
    if case.unread(Pod) is not None:
        return None
    links = links_of(case, workload)
    alive = [p for p in links.pods or () if p.phase not in ENDED and p.deleting is None]
    size = size_of(
        workload.template, _like_template(links, alive), case.some(LIMIT_RANGES_IN, workload.namespace)
    )
    wishes = list(_wishes(case, len(alive)))
    most = max(wish.pods for wish in wishes)
    quotas = case.seen(QUOTAS_IN, workload.namespace)
    reaches = [] if isinstance(quotas, Unread) else [*_by_quotas(case, quotas, size, len(alive))]
    unknown = isinstance(quotas, Unread)
    by_nodes = workload.template.placement.scheduler in _DEFAULT_SCHEDULER  # another one has its own mind
    waits = _waiting(alive)
    adds, soft = "", ""
    if by_nodes:
        on_nodes = _by_nodes(case, size, sum(bool(p.node) for p in alive), most)
        unknown = unknown or on_nodes is None
        short = on_nodes is not None and on_nodes.pods < most
        adds = _nodes_come(case) if short or waits else ""
        if on_nodes is not None and short and adds:
            soft = f"; more than {counted(on_nodes.pods, 'pod')} need new nodes, which {adds} can add"
        elif on_nodes is not None:
            reaches.append(on_nodes)
    reach = min(reaches, key=lambda r: r.pods, default=Ceiling(most, ""))
    missed = [wish for wish in wishes if wish.pods > reach.pods]
    told = [*(f"{wish.without}: {reach.why}" for wish in missed[:1]), *(w.without for w in missed[1:])]
    level = Level.WARN if told else Level.OK
    if waits:
        level = max(level, Level.MOVING if adds else Level.WARN)
        told.insert(0, f"{_unplaced(waits)}{f'; {adds} can add nodes' if adds else ''}")
    if unknown and not told:
        return _not_known(case)
    objects = tuple(Subject(case.ref, p.KIND, p.namespace, p.name, p.uid) for p in waits)
    said = "; ".join(told) or f"room for {counted(most, 'pod')}{_uncounted(workload)}"
    verdict = Verdict(
        level=level,
        rule=ID,
        subject=case.subject,
        sentence=f"{workload.name}: {said}{soft}",
        measured=float(min(reach.pods, most)),
        limit=float(most),
        unit="pods",
        evidence=Evidence(objects=(*objects, *(reach.objects if missed else ()))),
    )
    return RuleResult((verdict,))


def _not_known(case: Case[Scaled]) -> RuleResult | None:
    """What is not known has no room and no lack of it; only that some namespaces alone are read is told by nobody else."""
    if case.whole(Pod):
        return None
    sentence = f"{case.obj.name}: room on nodes is not known: the pods of other namespaces are not read"
    return RuleResult((Verdict(level=Level.IDLE, rule=ID, subject=case.subject, sentence=sentence),))


def _uncounted(workload: Scaled) -> str:
    """What may still keep them from their nodes, where it is so of this template; "" where there is none of it."""
    found = list(workload.template.placement.uncounted)
    if isinstance(workload, StatefulSet) and workload.claims and "volumes" not in found:
        found.append("volumes")
    return f" by what they ask for ({_listed(found)} not looked at)" if found else ""


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _like_template(links: Links, alive: list[Pod]) -> Pod | None:
    """The newest pod of the newest version, which admission has filled in as it would the next one."""
    newest = links.newest
    own = [p for p in alive if newest is None or (p.owner is not None and p.owner.uid == newest.uid)]
    return max(own, key=lambda p: (p.created, p.name), default=None)


# -- what is wanted -------------------------------------------------------------------------------------------------


def _wishes(case: Case[Scaled], alive: int) -> Iterator[Wish]:
    workload = case.obj
    yield Wish(workload.desired + 1, "no room for one more pod")
    surge = _surge(workload)
    if surge and alive <= workload.desired:  # else one is on its way
        yield Wish(
            workload.desired + 1,
            "the next release cannot start"
            if not may_be_away(workload) and not isinstance(workload, Rollout)
            else "the next release cannot surge, it takes pods away first",
        )
    for hpa in case.some(AUTOSCALERS_OF, (workload.KIND, Key(workload.namespace, workload.name))):
        if hpa.max_replicas > workload.desired:
            yield Wish(hpa.max_replicas, f"its maximum {hpa.max_replicas} cannot be reached")


def _surge(workload: Scaled) -> int:
    """How many pods more than it has a rolling update makes at once."""
    match workload:
        case Deployment(strategy="RollingUpdate"):
            return resolve_bound(workload.max_surge, workload.desired, up=True)
        case Rollout(strategy="blueGreen"):
            return workload.desired
        case Rollout():
            return resolve_bound(workload.max_surge, workload.desired, up=True)
    return 0


# -- what there is ----------------------------------------------------------------------------------------------------


def _by_quotas(
    case: Case[Scaled], quotas: tuple[ResourceQuota, ...], size: Size, alive: int
) -> Iterator[Ceiling]:
    for quota in quotas:
        bound = in_quota(quota, size)
        if bound is None:
            continue
        subject = Subject(case.ref, quota.KIND, quota.namespace, quota.name, quota.uid)
        hard, used = amount(quota.hard, bound.ends), amount(quota.used, bound.ends) or 0
        left = "" if hard is None else f", {written(bound.ends, max(0, hard - used))} left"
        yield Ceiling(
            alive + bound.places,
            f"quota {quota.name} ends at {counted(alive + bound.places, 'pod')} ({bound.ends}{left})",
            (subject,),
        )


def _by_nodes(case: Case[Scaled], size: Size, placed: int, most: int) -> Ceiling | None:
    """Nodes are looked at until they have room for all that is asked after. None where no node is known."""
    found, nodes, full = placed, 0, Counter[str]()
    for room in case.rooms():
        nodes += 1
        if found >= most:
            break
        bound = on_node(room, size)
        found += bound.places
        full[bound.ends] += 1
    if not nodes:
        return None
    said = ", ".join(f"{count} {why}" for why, count in sorted(full.items()))
    return Ceiling(found, f"nodes end at {counted(found, 'pod')} (of {counted(nodes, 'node')} {said})")


def _waiting(alive: list[Pod]) -> list[Pod]:
    return [
        p
        for p in alive
        if not p.node
        and (placed := condition(p.conditions, "PodScheduled")) is not None
        and placed.status == "False"
        and placed.reason == "Unschedulable"
    ]


def _unplaced(waiting: list[Pod]) -> str:
    """The scheduler's own word of pods that no node can take."""
    placed = condition(waiting[0].conditions, "PodScheduled")
    why = shorten(placed.message) if placed is not None else ""
    return f"no node can take {counted(len(waiting), 'pod')}: {why}"


def _nodes_come(case: Case[Scaled]) -> str:
    """Who adds nodes: a cluster-autoscaler that runs and has a group which may grow, Karpenter with such a pool. "" where nobody does, or nobody knows."""
    for scaler in case.some(ALL_OF_THEM, ""):
        if not case.reached(scaler.at + FRESH) and (groups := grows(scaler)):
            return f"the cluster-autoscaler (node group {groups[0].name})"
    return next((f"Karpenter (node pool {p.name})" for p in case.some(POOLS, "") if pool_grows(p)), "")


RULE = Rule(
    ID,
    (Deployment, StatefulSet, Rollout, ReplicaSet),
    _judge,
    uses=(
        ReplicaSet,
        Pod,
        Event,
        Node,
        ResourceQuota,
        LimitRange,
        HorizontalPodAutoscaler,
        ClusterAutoscaler,
        NodePool,
    ),
    hears=(NodeRoom,),
)
