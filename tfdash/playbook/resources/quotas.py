"""The rule of quotas: how much of each is used, and which namespaces have none.

At its alert share it is a warning, a full one too: namespaces are run full on purpose, and nothing that runs is harmed. More than is
allowed is a rule that is broken: a quota was lowered, or made after what it counts, and no pod that is lost there comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TypeAlias

from tfdash.figures import percent
from tfdash.model import resource_rules
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Object
from tfdash.model.kubecluster import Namespace
from tfdash.model.usage import Usage
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.playbook.resources.links import QUOTAS_IN
from tfdash.playbook.resources.policy import ResourcesPolicy
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.staleness import Unread
from tfdash.quantities import amount, reaches

ID = resource_rules.QUOTA
_COUNTED_IN = 60.0  # seconds in which its controller counts a new quota

_Case: TypeAlias = Case[Object]


def is_system(namespace: str, policy: ResourcesPolicy) -> bool:
    """Whether it is one of those of which nothing is required."""
    return any(fnmatchcase(namespace, pattern) for pattern in policy.system_namespaces)


def _judge(case: _Case) -> RuleResult | None:
    obj = case.obj
    if isinstance(obj, ResourceQuota):
        return RuleResult(tuple(_of(case, obj)))
    if isinstance(obj, Usage):
        return _unlisted(case, obj)
    return _of_namespace(case, case.subject.name)


def _of_namespace(case: _Case, name: str) -> RuleResult | None:
    policy, quotas = case.policies.resources, case.seen(QUOTAS_IN, name)
    if (
        quotas or isinstance(quotas, Unread) or case.obj.deleting is not None
    ):  # of what is unread the section tells
        return None
    wanted = policy.quota_required and not is_system(name, policy)
    level = Level.WARN if wanted else Level.IDLE
    sentence = f"namespace {name}: no quota{'' if wanted else ', and needs none'}"
    return RuleResult((Verdict(level=level, rule=ID, subject=case.subject, sentence=sentence),))


def _unlisted(case: _Case, usage: Usage) -> RuleResult | None:
    """Where quotas are required and Namespaces are not known: those that use something are there all the same, and of all others
    nothing can be said."""
    why = case.unread(Namespace) if case.policies.resources.quota_required else None
    if why is None:
        return None
    if usage.of == "Namespace":
        return _of_namespace(case, usage.called)
    if not case.whole(ResourceQuota):  # the namespaces that are asked about are named one by one
        return None
    sentence = f"{case.ref.cluster}: whether each namespace has a quota is not known: Namespaces: {why.cause}"
    return RuleResult(
        (Verdict(level=Level.UNKNOWN, rule=ID, subject=case.subject, sentence=sentence, unknown=why.unknown),)
    )


def _of(case: _Case, quota: ResourceQuota) -> list[Verdict]:
    """One verdict a resource, which stands as its evidence; in the order of their names."""
    alert_at = case.policies.resources.alert_at
    scope = f" ({', '.join(quota.scopes)})" if quota.scopes else ""
    told = []
    for resource in sorted({*dict(quota.wanted), *dict(quota.hard)}):
        hard, used = amount(quota.hard, resource), amount(quota.used, resource)
        measured: float | None = None
        unknown = None
        if amount(quota.wanted, resource) is None:
            continue  # it was taken out of the spec, and its controller follows in a moment
        if hard is None or used is None:
            new = not case.reached(quota.created + _COUNTED_IN)
            level = Level.MOVING if new else Level.UNKNOWN
            words = "not counted yet" if new else "not counted yet by its controller"
            unknown = None if new else UnknownKind.NO_DATA
        elif used < 0 or hard < 0:
            level, unknown = Level.UNKNOWN, UnknownKind.NO_DATA
            words = f"cannot be: its controller counted {_text(quota.used_text, resource)} of {_text(quota.hard_text, resource)}"
        else:
            level, words = _level(quota, resource, used, hard, alert_at)
            measured = 100 * used / hard if hard > 0 else None
            if hard != amount(quota.wanted, resource):
                words += ", as its controller last counted it: its spec says another"
        told.append(
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=f"{quota.name}{scope}: {resource} {words}",
                measured=measured,
                limit=100.0,
                band=(None, alert_at),
                unit="%",
                evidence=Evidence(query=resource),
                unknown=unknown,
            )
        )
    return told


def _text(texts: Iterable[tuple[str, str]], resource: str) -> str:
    return dict(texts).get(resource, "?")


def _level(quota: ResourceQuota, resource: str, used: int, hard: int, alert_at: float) -> tuple[Level, str]:
    of = f"{_text(quota.used_text, resource)} of {_text(quota.hard_text, resource)}"
    if used > hard:
        return Level.BREACH, f"over, {of}: nothing more is admitted, and what is lost does not come back"
    if hard == 0:
        return Level.OK, "0: none are allowed, none are there"
    if used == hard:
        return Level.WARN, f"full, {of}: nothing more is admitted"
    share = percent(100 * used / hard, alert_at, 100)
    if reaches(used, hard, alert_at):
        return Level.WARN, f"{share} %, {of}: alert at {alert_at:g} %"
    return Level.OK, f"{share} %, {of}"


def _concerned(obj: Object) -> bool:
    return not isinstance(obj, Usage) or obj.of in ("Namespace", "Cluster")


RULE = Rule(ID, (ResourceQuota, Namespace, Usage), _judge, uses=(ResourceQuota,), whom=_concerned)
