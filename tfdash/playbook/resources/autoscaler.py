"""The rule of who adds nodes: whether the cluster-autoscaler runs, and which of its node groups cannot grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model import resource_rules
from tfdash.model.autoscaling import ClusterAutoscaler, NodeClaim, NodeGroup, NodePool
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.moments import clock, moment
from tfdash.nouns import counted
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.seen import Relation
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.quantities import amount

ID = resource_rules.AUTOSCALER
FRESH = 180.0  # seconds: it writes each time that it looks, every ten, and as its own health check has it is dead after three minutes
ALL_OF_THEM = Relation(ClusterAutoscaler, lambda a: ("",))
"""By "": the one that there is."""
POOLS = Relation(NodePool, lambda p: ("",))
"""By "": all of Karpenter's."""
CLAIMS_OF = Relation(NodeClaim, lambda c: (c.pool,))
"""By the name of their pool: the nodes that Karpenter wants in it."""
_COMES_IN = 900.0  # seconds after which Karpenter itself gives a node up that has not registered
_BACKOFF = "Backoff"
_WELL = ("", "Healthy")  # "": it does not say
_DAY = 86_400.0


def grows(scaler: ClusterAutoscaler) -> list[NodeGroup]:
    """Its groups that may have more nodes: none of a cluster that it calls unhealthy, nor one that is so itself."""
    if scaler.health not in _WELL:
        return []
    return [
        g
        for g in scaler.groups
        if g.target is not None
        and g.most is not None
        and g.target < g.most
        and g.scale_up != _BACKOFF
        and g.health in _WELL
    ]


def at_limit(pool: NodePool) -> list[tuple[str, int, int]]:
    """(resource, had, limit) of each of which it has all that it may."""
    found = ((name, amount(pool.used, name) or 0, most) for name, most in pool.limits)
    return [(name, had, most) for name, had, most in found if had >= most]


def pool_grows(pool: NodePool) -> bool:
    """Whether Karpenter may make it larger."""
    return not pool.fixed and pool.ready != "False" and pool.deleting is None and not at_limit(pool)


def _judge(case: Case[Any]) -> RuleResult:
    if isinstance(case.obj, NodePool):
        return RuleResult((_of_pool(case, case.obj),))
    found = list(_found(case))
    return RuleResult(tuple(found) or (_well(case),))


def _of_pool(case: Case[NodePool], pool: NodePool) -> Verdict:
    level, said = Level.OK, []
    if pool.ready == "False":
        level, why = Level.WARN, f": {shorten(pool.said)}" if pool.said else ""
        said.append(f"is not ready, so that it adds no node{why}")
    for name, had, most in at_limit(pool):
        level = Level.WARN
        said.append(f"is at its limit, {written(name, had)} of {written(name, most)} {name}")
    coming = _coming(case, case.some(CLAIMS_OF, pool.name))
    if coming is not None:
        level, words = max(level, coming[0]), coming[1]
        said.append(words)
    if level <= Level.MOVING:
        held = [
            f"{100 * (amount(pool.used, n) or 0) // most} % of its {n}" for n, most in pool.limits if most
        ]
        said.insert(0, ", ".join([counted(pool.nodes or 0, "node"), *held]))
    return Verdict(
        level=level,
        rule=ID,
        subject=case.subject,
        sentence=f"node pool {pool.name} {'; '.join(said)}"
        if level > Level.MOVING
        else f"node pool {pool.name}: {'; '.join(said)}",
    )


def _coming(case: Case[NodePool], claims: tuple[NodeClaim, ...]) -> tuple[Level, str] | None:
    """Of the nodes that it wants those that do not serve yet, by how far they came; None where all do."""
    lacking = [c for c in claims if c.ready != "True" and c.deleting is None]
    if not lacking:
        return None
    stages = Counter(
        "launched" if c.launched != "True" else "registered" if c.registered != "True" else "ready"
        for c in lacking
    )
    counts = ", ".join(
        f"{stages[name]} not {name}" for name in ("launched", "registered", "ready") if stages[name]
    )
    refused = next((c for c in lacking if c.launched != "True" and c.said), None)
    # each is asked when its own time is over
    late = [c for c in lacking if case.reached(max(c.created, c.since) + _COMES_IN)]
    why = "" if refused is None else f": {shorten(refused.said)}"
    told = f"of {counted(len(claims), 'NodeClaim')} {counts}{why}"
    if late:
        told += f"; {late[0].name} for more than {_COMES_IN / 60:.0f} min"
    return Level.WARN if late or refused is not None else Level.MOVING, told


def _found(case: Case[ClusterAutoscaler]) -> Iterator[Verdict]:
    scaler = case.obj
    if not scaler.at:
        yield _said(case, Level.UNKNOWN, "its status does not say when it was written", scaler.at)
    elif case.reached(scaler.at + FRESH):
        text = f"it has not written its status since {_when(scaler.at, case.now, case.policies.calendar.tz)}: it does not run, and adds no node"
        yield _said(case, Level.WARN, text, scaler.at)
    if scaler.health not in _WELL:
        more = f": {shorten(scaler.said)}" if scaler.said else ""
        yield _said(case, Level.WARN, f"it calls the cluster {scaler.health} and adds no node{more}")
    for group in scaler.groups:
        yield from _of_group(case, group)


def _when(at: float, now: float, zone: ZoneInfo) -> str:
    """``13:46 EST``, with its day where that is not one of the last."""
    return moment(at, zone) if now - at >= _DAY else clock(at, zone)


def _of_group(case: Case[ClusterAutoscaler], group: NodeGroup) -> Iterator[Verdict]:
    named = f"node group {group.name}"
    if group.scale_up == _BACKOFF:
        why = ": ".join(part for part in (group.error, shorten(group.why)) if part)
        text = f"{named} backs off after a failure to grow" + (f": {why}" if why else "")
        yield _of(case, group, text, group.since or None)
    elif group.full:
        yield _of(
            case, group, f"{named} is at its maximum, {group.target} of {group.least}-{group.most} nodes"
        )
    if group.health not in _WELL:
        ready = "" if group.ready is None else f", {group.ready} of {group.registered or '?'} nodes ready"
        yield _of(case, group, f"{named} is {group.health}{ready}")


def _of(case: Case[ClusterAutoscaler], group: NodeGroup, text: str, since: float | None = None) -> Verdict:
    return _said(
        case,
        Level.WARN,
        text,
        since,
        None if group.target is None else float(group.target),
        None if group.most is None else float(group.most),
    )


def _well(case: Case[ClusterAutoscaler]) -> Verdict:
    scaler = case.obj
    if scaler.running == "Initializing":
        return _said(case, Level.MOVING, "it starts")
    nodes = sum(g.target or 0 for g in scaler.groups)
    growing = scaler.scale_up == "InProgress" or any(g.scale_up == "InProgress" for g in scaler.groups)
    text = f"{counted(len(scaler.groups), 'node group')} with {counted(nodes, 'node')}, none at its maximum"
    return _said(case, Level.MOVING if growing else Level.OK, f"adds nodes, {text}" if growing else text)


def _said(
    case: Case[ClusterAutoscaler],
    level: Level,
    text: str,
    since: float | None = None,
    measured: float | None = None,
    limit: float | None = None,
) -> Verdict:
    return Verdict(
        level=level,
        rule=ID,
        subject=case.subject,
        sentence=f"cluster-autoscaler: {text}",
        measured=measured,
        limit=limit,
        unit="nodes" if limit is not None else "",
        unknown=UnknownKind.NO_DATA if level is Level.UNKNOWN else None,
        since=since or None,
    )


RULE = Rule(ID, (ClusterAutoscaler, NodePool), _judge, uses=(NodeClaim,))
