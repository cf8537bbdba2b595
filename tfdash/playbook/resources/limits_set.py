"""The rule that each container says what it asks for and what limits it.

The pods tell it where there are any: what a LimitRange fills in stands in them and not in the template. Init containers that end need
no request, since what is reserved for the others covers them; a limit they do. What is said for a pod as a whole counts for all
its containers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from tfdash.model import resource_rules
from tfdash.model.capacity import LimitRange
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    Container,
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    Object,
    Pod,
    ReplicaSet,
    Resources,
    StatefulSet,
    Template,
)
from tfdash.model.subject import Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.nouns import counted
from tfdash.playbook.resources.admission import filled
from tfdash.playbook.resources.links import LIMIT_RANGES_IN
from tfdash.playbook.resources.quotas import is_system
from tfdash.playbook.resources.rightsize import template_of
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving.links import links_of
from tfdash.playbook.serving.rollout_status import condition
from tfdash.playbook.staleness import Unread
from tfdash.pod_requests import ENDED
from tfdash.quantities import amount, replaced

ID = resource_rules.LIMITS
_Case: TypeAlias = Case[Object]
_TOLD_BY: dict[type[Object], tuple[str, ...]] = {
    Pod: ("ReplicaSet", "StatefulSet", "DaemonSet", "Job"),
    Job: ("CronJob",),
    ReplicaSet: ("Deployment", "Rollout"),
}
"""By kind, the owners that tell it."""


def lacking(
    containers: Iterable[Container], whole: Resources | None, required: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Of each container that lacks something, what ("cpu request", "memory limit")."""
    found: dict[str, tuple[str, ...]] = {}
    for one in containers:
        names = []
        for name in required:
            resource, _, what = name.partition(" ")
            of_one, of_pod = (
                (one.resources.requests, whole.requests if whole else ())
                if what == "request"
                else (one.resources.limits, whole.limits if whole else ())
            )
            ends = one.init and not one.sidecar and what == "request"
            if not ends and amount(of_one, resource) is None and amount(of_pod, resource) is None:
                names.append(name)
        if names:
            found[one.name] = tuple(names)
    return found


def _judge(case: _Case) -> RuleResult | None:
    obj, policy = case.obj, case.policies.resources
    if not policy.required:
        return None
    if isinstance(obj, Pod):
        pods: Sequence[Pod] = (obj,)
    else:
        pods = [p for p in links_of(case, obj).pods or () if p.phase not in ENDED and p.deleting is None]
    from_pods = bool(pods)
    unknown: Unread | None = None
    if from_pods:
        several = [lacking(p.containers, p.resources, policy.required) for p in pods]
    else:
        template = _template_of(case, obj)
        if not template.containers:
            return None
        ranges = case.seen(LIMIT_RANGES_IN, obj.namespace)
        unknown = ranges if isinstance(ranges, Unread) else None
        known: tuple[LimitRange, ...] = () if isinstance(ranges, Unread) else ranges
        several = [lacking(filled(template.containers, known), _whole(template), policy.required)]
    found = _worst(several)
    sentence = f"{obj.name}: {_words(found, several if from_pods else [])}"
    level = Level.WARN if found else Level.OK
    if found and is_system(obj.namespace, policy):
        level, sentence = Level.IDLE, f"{sentence}; nothing is required in {obj.namespace}"
    elif found and unknown is not None:
        level, sentence = Level.UNKNOWN, f"{sentence}, but for LimitRanges: {unknown.cause}"
    objects = tuple(
        Subject(case.ref, p.KIND, p.namespace, p.name, p.uid)
        for p, lacks in zip(pods, several, strict=False)
        if lacks
    )
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=sentence,
                evidence=Evidence(sample=len(pods) or None, objects=objects),
                unknown=UnknownKind.NO_DATA if level is Level.UNKNOWN else None,
            ),
        )
    )


def _is_told_elsewhere(obj: Object) -> bool:
    """By its owner, where that is judged itself (what an operator makes is not told by the operator's object); or it is over."""
    if obj.deleting is not None or (obj.owner is not None and obj.owner.kind in _TOLD_BY.get(type(obj), ())):
        return True
    if isinstance(obj, Pod):
        return obj.phase in ENDED
    if isinstance(obj, Job):
        ended = (condition(obj.conditions, kind) for kind in ("Complete", "Failed"))
        return obj.completed is not None or any(c is not None and c.status == "True" for c in ended)
    return False


def _template_of(case: _Case, obj: Object) -> Template:
    if isinstance(obj, Job | CronJob | ReplicaSet):
        return obj.template
    return template_of(obj, links_of(case, obj).replica_sets if isinstance(obj, Rollout) else ())


def _whole(template: Template) -> Resources | None:
    """What a pod of it says for itself as a whole: the server takes a limit alone for the request, too."""
    said = template.resources
    return said and Resources(replaced(said.limits, said.requests), said.limits)


def _worst(several: Sequence[dict[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """What each container lacks in any pod."""
    found: dict[str, dict[str, None]] = {}
    for lacks in several:
        for name, what in lacks.items():
            found.setdefault(name, {}).update(dict.fromkeys(what))
    return {name: tuple(what) for name, what in found.items()}


def _words(found: dict[str, tuple[str, ...]], pods: Sequence[dict[str, tuple[str, ...]]]) -> str:
    if not found:
        return "each container says what is required"
    told = "; ".join(f"container {name} says no {', no '.join(what)}" for name, what in found.items())
    some = sum(bool(lacks) for lacks in pods)
    return f"{told} ({some} of {counted(len(pods), 'pod')})" if some < len(pods) else told


RULE = Rule(
    ID,
    (Deployment, StatefulSet, DaemonSet, Rollout, ReplicaSet, Job, CronJob, Pod),
    _judge,
    needs=(Pod,),
    uses=(LimitRange,),
    whom=lambda obj: not _is_told_elsewhere(obj),
)
