"""The rule of an autoscaler: whether it sees, whether its bounds let it do what it wants, and who else is at its target.

Conditions and reasons are those of the HPA controller (k8s.io/kubernetes, pkg/controller/podautoscaler/horizontal.go). What it last
said of the one stays while it cannot come to the other: without a scale neither metrics nor bounds are current, without
metrics the bounds are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeAlias, cast

from tfdash.model import resource_rules
from tfdash.model.autoscaling import ScaledObject, VerticalPodAutoscaler
from tfdash.model.capacity import LimitRange
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    Container,
    Deployment,
    HorizontalPodAutoscaler,
    Metric,
    Object,
    Pod,
    ReplicaSet,
    Resources,
    StatefulSet,
    Template,
)
from tfdash.model.kubecluster import Event
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.playbook.resources import keda
from tfdash.playbook.resources.links import LIMIT_RANGES_IN
from tfdash.playbook.resources.wording import metric_name, metric_words
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.seen import Relation
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.serving.links import AUTOSCALERS_OF, EVENTS_ABOUT, links_of
from tfdash.playbook.serving.rollout_status import condition
from tfdash.quantities import amount, replaced

ID = resource_rules.HPA
VERTICALS_OF = Relation(VerticalPodAutoscaler, lambda v: ((v.target_kind, Key(v.namespace, v.target_name)),))
"""By (kind, key) of whose requests they set."""
SCALED: dict[str, type[Object]] = {k.KIND: k for k in (Deployment, StatefulSet, ReplicaSet, Rollout)}
"""The kinds of targets that are looked at."""
_UNLOOKED_FOR = (
    60.0  # seconds after which an autoscaler that nobody has looked at is one without a controller
)
_UNMEASURED = 120.0  # seconds in which a new pod is measured twice, collected and looked at
_FLAPPED_IN = 3600.0  # seconds: as long as the API server keeps events
_TURNS = 3  # up, down, up, down
_SIZE = re.compile(r"New size: (\d+)")
_BY_SHARE = "%"
_OF_PODS = ("FailedGetResourceMetric", "FailedGetContainerResourceMetric", "FailedGetPodsMetric")
_BY_RESOURCE = ("Resource", "ContainerResource")

_Case: TypeAlias = Case[HorizontalPodAutoscaler]


class _Finding(NamedTuple):
    level: Level
    sentence: str
    since: float | None = None
    objects: tuple[Subject, ...] = ()


def _judge(case: Case[HorizontalPodAutoscaler | ScaledObject]) -> RuleResult:
    if isinstance(case.obj, ScaledObject):
        return keda.judge(cast(Case[ScaledObject], case), ID)
    return _of_hpa(cast(_Case, case))


def _of_hpa(case: _Case) -> RuleResult:
    hpa = case.obj
    found = list(_found(case))
    level = max(f.level for f in found)
    told = [f for f in found if f.level is level or f.level >= Level.UNKNOWN]
    told.sort(key=lambda f: -f.level)
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=f"{hpa.name}: {'; '.join(f.sentence for f in told)}{_bounds_elsewhere(hpa, level)}",
                measured=float(hpa.current),
                limit=float(hpa.max_replicas),
                band=(float(hpa.min_replicas), float(hpa.max_replicas)),
                unit="replicas",
                evidence=Evidence(objects=tuple(o for f in told for o in f.objects)),
                unknown=UnknownKind.NO_DATA if level is Level.UNKNOWN else None,
                since=told[0].since,
            ),
        )
    )


def _bounds_elsewhere(hpa: HorizontalPodAutoscaler, level: Level) -> str:
    if level < Level.WARN or hpa.owner is None or hpa.owner.kind != "ScaledObject":
        return ""
    return f"; its bounds are changed on ScaledObject {hpa.owner.name}"


def _found(case: _Case) -> Iterator[_Finding]:
    yield _scaling(case)
    yield from _others(case)
    for found in (_without_requests(case), _moved_shares(case), _fixed(case)):
        if found is not None:
            yield found
    if (flaps := _flapping(case)) is not None:
        yield flaps


# -- what its controller says ---------------------------------------------------------------------------------------


def _scaling(case: _Case) -> _Finding:
    """The first of what the controller says that leaves nothing else to say."""
    hpa = case.obj
    if hpa.deleting is not None:
        return _Finding(Level.IDLE, "is being deleted")
    if (gone := _target_gone(case)) is not None:
        return gone
    if not hpa.conditions:
        if not case.reached(hpa.created + _UNLOOKED_FOR):
            return _Finding(Level.MOVING, "its controller has not looked at it yet")
        return _Finding(Level.UNKNOWN, "no controller has looked at it")
    able = condition(hpa.conditions, "AbleToScale")
    if able is not None and able.status == "False":
        return _Finding(Level.WARN, f"cannot scale: {shorten(able.message or able.reason)}", able.since)
    active = condition(hpa.conditions, "ScalingActive")
    if active is not None and active.status == "False":
        if active.reason == "ScalingDisabled":
            return _Finding(Level.IDLE, f"idle: {_target(hpa)} is at 0 replicas", active.since)
        if active.reason in _OF_PODS and _too_new(case):
            return _Finding(Level.MOVING, f"{_target(hpa)} has no pod yet that was measured")
        why = shorten(active.message or active.reason)
        return _Finding(Level.WARN, f"blind, stays at {hpa.current} replicas: {why}", active.since)
    unread = [m for m in hpa.metrics if m.current is None]
    if unread and len(unread) < len(hpa.metrics):
        names = ", ".join(metric_name(m) for m in unread)
        return _Finding(Level.WARN, f"half blind: has no value of {names}, so that it only grows")
    return _bounded(hpa)


def _too_new(case: _Case) -> bool:
    """Whether its target came up so lately, from 0 or for the first time, that none of its pods can have been measured. The condition
    does not tell since when: it was False at 0 already."""
    target = _target_of(case)
    pods = None if target is None else links_of(case, target).pods
    if pods is None:
        return False
    created = [p.created for p in pods if p.deleting is None]
    return not case.reached(min(created) + _UNMEASURED) if created else case.obj.current == 0


def _bounded(hpa: HorizontalPodAutoscaler) -> _Finding:
    limited = condition(hpa.conditions, "ScalingLimited")
    reason = limited.reason if limited is not None and limited.status == "True" else ""
    since = limited.since if limited is not None and reason else None
    bounds = f"{hpa.min_replicas}-{hpa.max_replicas}"
    by = ", ".join(metric_words(m) for m in hpa.metrics)
    tail = f", {by}" if by else ""
    if hpa.wants_more:
        return _Finding(
            Level.WARN, f"pinned at its maximum, {hpa.current} of {bounds}, and wants more{tail}", since
        )
    if reason == "TooFewReplicas":
        return _Finding(Level.OK, f"at its minimum, {hpa.current} of {bounds}{tail}", since)
    if reason == "TooManyReplicas" and hpa.desired == hpa.current:  # somebody wants exactly so many
        return _Finding(Level.OK, f"held at {hpa.current} by equal bounds{tail}", since)
    if hpa.desired != hpa.current:
        slowly = ", as fast as its behaviour allows" if reason else ""
        return _Finding(
            Level.MOVING, f"scales from {hpa.current} to {hpa.desired} of {bounds}{slowly}{tail}", since
        )
    return _Finding(Level.OK, f"{hpa.current} of {bounds}{tail}", since)


def _target(hpa: HorizontalPodAutoscaler) -> str:
    return f"{hpa.target_kind} {hpa.target_name}"


# -- its target ------------------------------------------------------------------------------------------------------


def _target_of(case: _Case) -> Object | None:
    kind = SCALED.get(case.obj.target_kind)
    return None if kind is None else case.maybe(kind, Key(case.obj.namespace, case.obj.target_name))


def _target_gone(case: _Case) -> _Finding | None:
    kind = SCALED.get(case.obj.target_kind)
    if kind is None or case.unread(kind) is not None or _target_of(case) is not None:
        return None
    return _Finding(Level.WARN, f"{_target(case.obj)}, its target, is not there")


def _others(case: _Case) -> Iterator[_Finding]:
    hpa = case.obj
    rivals = [
        other
        for other in case.some(AUTOSCALERS_OF, (hpa.target_kind, Key(hpa.namespace, hpa.target_name)))
        if other.name != hpa.name and other.deleting is None
    ]
    if rivals and hpa.deleting is None:
        yield _Finding(
            Level.WARN,
            f"{_target(hpa)} is scaled by {', '.join(r.name for r in rivals)} too",
            objects=tuple(Subject(case.ref, r.KIND, r.namespace, r.name, r.uid) for r in rivals),
        )


def _moved_shares(case: _Case) -> _Finding | None:
    """A share of a request that somebody else moves: the two pull at each other."""
    hpa = case.obj
    for vpa in case.some(VERTICALS_OF, (hpa.target_kind, Key(hpa.namespace, hpa.target_name))):
        both = [
            m.name
            for m in hpa.metrics
            if m.unit == _BY_SHARE and m.type in _BY_RESOURCE and m.name in vpa.controls
        ]
        if both and vpa.mode != "Off":
            return _Finding(
                Level.WARN,
                f"scales by a share of the {' and '.join(both)} request, which VerticalPodAutoscaler {vpa.name} sets",
                objects=(Subject(case.ref, vpa.KIND, vpa.namespace, vpa.name, vpa.uid),),
            )
    return None


def _fixed(case: _Case) -> _Finding | None:
    """A number in the manifest: whoever applies it sets back what this one scaled, and the two pull at each other. Known of
    who applies on the server until this one scales, of who leaves kubectl's annotation always."""
    target = _target_of(case)
    by = str(getattr(target, "replicas_by", ""))
    if not by or case.obj.deleting is not None:
        return None
    return _Finding(
        Level.WARN,
        f"{_target(case.obj)} has its replicas fixed in the manifest that {by} applies, which sets back what is scaled: "
        "spec.replicas is to be left out there",
    )


def _without_requests(case: _Case) -> _Finding | None:
    """A share of the request that some container does not say cannot be counted: the controller then counts nothing at all."""
    target = _target_of(case)
    template: Template | None = getattr(target, "template", None)
    if target is None or template is None:
        return None
    missing = []
    for metric in case.obj.metrics:
        if metric.unit != _BY_SHARE or metric.type not in _BY_RESOURCE:
            continue
        silent = _silent(template.containers, metric)
        if silent and not _filled_in(case, target, metric):
            missing.append(f"{metric.name} of {', '.join(silent)}")
    if not missing:
        return None
    return _Finding(Level.WARN, f"scales by a share of what is not requested: {'; '.join(missing)}")


def _silent(containers: Iterable[Container], metric: Metric) -> list[str]:
    """Those that a metric counts and that do not request its resource."""
    return [
        c.name
        for c in containers
        if (not c.init or c.sidecar)
        and (not metric.container or c.name == metric.container)
        and amount(c.resources.requests, metric.name) is None
    ]


def _filled_in(case: _Case, target: Object, metric: Metric) -> bool:
    """Whether the pods have it all the same: from a LimitRange, another admission or for the pod as a whole. Where pods are, they
    tell; else the LimitRanges do."""
    pods = [p for p in links_of(case, target).pods or () if p.deleting is None]
    if pods:
        return not any(_silent(p.containers, metric) and not _of_pod(p.resources, metric) for p in pods)
    template: Template | None = getattr(target, "template", None)
    if template is not None and _of_pod(template.resources, metric):
        return True
    return any(
        item.type == "Container" and amount(item.default_request, metric.name) is not None
        for limits in case.some(LIMIT_RANGES_IN, case.obj.namespace)
        for item in limits.items
    )


def _of_pod(whole: Resources | None, metric: Metric) -> bool:
    """A limit alone is the request, too; the server fills that in."""
    return whole is not None and amount(replaced(whole.limits, whole.requests), metric.name) is not None


# -- flapping --------------------------------------------------------------------------------------------------------


def _flapping(case: _Case) -> _Finding | None:
    """From the sizes that its events tell of. Like events are folded to their first and last time, so that the turns counted are
    at least as many as there were."""
    seen: list[tuple[float, int]] = []
    for event in case.some(EVENTS_ABOUT, case.obj.uid) if case.obj.uid else ():
        size = _SIZE.match(event.message) if event.reason == "SuccessfulRescale" else None
        if size is not None:
            times = {event.first_seen, event.last_seen}
            seen += [(at, int(size[1])) for at in times if not case.reached(at + _FLAPPED_IN)]
    sizes = [size for _, size in sorted(seen)]
    steps = [b - a for a, b in pairwise(sizes) if a != b]
    turns = sum((a > 0) != (b > 0) for a, b in pairwise(steps))
    if turns < _TURNS:
        return None
    shown = " → ".join(str(s) for s in sizes[-6:])
    return _Finding(Level.WARN, f"flaps: {shown} replicas within an hour")


RULE = Rule(
    ID,
    (HorizontalPodAutoscaler, ScaledObject),
    _judge,
    uses=(Deployment, StatefulSet, ReplicaSet, Rollout, Pod, Event, LimitRange, VerticalPodAutoscaler),
)
