"""The rule of a non-production namespace: up in its hours, down outside them. Judged by what runs, whoever scaled it: we, a person,
KEDA, kube-downscaler."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, TypeAlias

from tfdash.model import resource_rules
from tfdash.model.delivery import Rollout
from tfdash.model.kube import CronJob, Deployment, Pod, StatefulSet
from tfdash.model.kubecluster import Namespace, Node
from tfdash.model.verdict import Level, Verdict
from tfdash.nouns import counted
from tfdash.playbook.resources.hours import Hours, kept_up
from tfdash.playbook.resources.pricing import Unpriced, money, rate_of_pods
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.schedule.local import local_time
from tfdash.playbook.seen import Relation
from tfdash.pod_requests import of_template
from tfdash.quantities import Amounts, amount, shown, total
from tfdash.text import safe

ID = resource_rules.HOURS
GRACE = 1800.0
"""Seconds after its hours begin or end, for whoever brings it up or down."""

Scalable: TypeAlias = Deployment | StatefulSet | Rollout
_DEPLOYMENTS = Relation(Deployment, lambda d: (d.namespace,))
_STATEFUL_SETS = Relation(StatefulSet, lambda s: (s.namespace,))
_ROLLOUTS = Relation(Rollout, lambda r: (r.namespace,))
_PODS = Relation(Pod, lambda p: (p.namespace,))
_CRON_JOBS = Relation(CronJob, lambda c: (c.namespace,))
_Case: TypeAlias = Case[Namespace]


class _Runs(NamedTuple):
    """What is up in a namespace. ``all``: how many workloads there are, whether up or not."""

    all: int
    up: int
    pods: int
    asks: Amounts
    cron_jobs: int


def _judge(case: _Case) -> RuleResult | None:
    hours = case.policies.hours.get(case.ref.environment)
    if hours is None or hours.unmarked(case.obj.labels) or case.obj.deleting is not None:
        return None
    runs = _runs(case)
    if not runs.all and not runs.cron_jobs:
        return None
    changes = hours.changes_at(case.now)
    if changes is not None:
        case.reached(changes)
    slot = hours.slot(case.now)
    level, sentence, since = (
        _in_hours(case, hours, runs, slot.start) if slot is not None else _outside(case, hours, runs, changes)
    )
    return RuleResult(
        (
            Verdict(
                level=level,
                rule=ID,
                subject=case.subject,
                sentence=f"{case.obj.name} {sentence}",
                measured=float(runs.pods),
                unit="pods",
                since=since,
            ),
        )
    )


def _outside(case: _Case, hours: Hours, runs: _Runs, until: float | None) -> tuple[Level, str, float | None]:
    again = f" until {_clock(hours, until)}" if until is not None else ""
    if not runs.up and not runs.cron_jobs:
        return Level.OK, f"is down outside its hours{again}", None
    kept = kept_up(case.obj.keeps_up, case.now)
    if kept is not None:
        case.reached(kept.until)
        who = safe(kept.by) or "somebody"
        return Level.PAUSED, f"is kept up until {_clock(hours, kept.until)} by {who}: {safe(kept.why)}", None
    ended = hours.ended_before(case.now)
    costs = _price(case, runs, ended, until)
    if ended is not None and not case.reached(ended + GRACE):
        return Level.OK, f"goes down by {_clock(hours, ended + GRACE)}: its hours are over{costs}", None
    return Level.WARN, f"is up outside its hours: {_words(runs)}{costs}; it should be down{again}", ended


def _price(case: _Case, runs: _Runs, began: float | None, until: float | None) -> str:
    """What all that costs at list price for so long as it should be down."""
    if not case.policies.resources.prices or began is None or until is None or not runs.asks:
        return ""
    rate = rate_of_pods(case, case.some(_PODS, case.obj.name), case.policies)
    if rate is None:
        return ""
    if isinstance(rate, Unpriced):
        return f", its cost not known: {rate.why}"
    hours = Fraction(round(until - began), 3600)
    told = money(rate.hourly(runs.asks) * hours, rate.currency)
    return f", {told} at list price for these {float(hours):g} h"


def _in_hours(case: _Case, hours: Hours, runs: _Runs, began: float) -> tuple[Level, str, float | None]:
    if runs.up or not runs.all:
        return Level.OK, f"is up in its hours: {_words(runs)}", None
    if not case.reached(began + GRACE):
        return Level.OK, f"comes up by {_clock(hours, began + GRACE)}: its hours have begun", None
    return Level.WARN, f"is down inside its hours: none of {counted(runs.all, 'workload')} runs", began


def _runs(case: _Case) -> _Runs:
    name = case.obj.name
    sized: list[Scalable] = [
        *case.some(_DEPLOYMENTS, name),
        *case.some(_STATEFUL_SETS, name),
        *case.some(_ROLLOUTS, name),
    ]
    up = [w for w in sized if w.desired]
    asks = total(
        tuple(
            (resource, value * w.desired)
            for resource, value in of_template(w.template.containers, w.template.resources)
        )
        for w in up
    )
    crons = sum(not c.suspended for c in case.some(_CRON_JOBS, name))
    return _Runs(len(sized), len(up), sum(w.desired for w in up), asks, crons)


def _words(runs: _Runs) -> str:
    told = [f"{counted(runs.up, 'workload')} of {counted(runs.pods, 'pod')}"] if runs.up else []
    asked = [
        f"{shown(name, value)} {word}"
        for name, word in (("cpu", "cores"), ("memory", "of memory"))
        if (value := amount(runs.asks, name))
    ]
    told += [f"asking for {' and '.join(asked)}"] if asked else []
    told += [f"{counted(runs.cron_jobs, 'CronJob')} not suspended"] if runs.cron_jobs else []
    return ", ".join(told)


def _clock(hours: Hours, at: float) -> str:
    return f"{local_time(at, hours.up.tz):%a %d %b %H:%M %Z}"


RULE = Rule(ID, (Namespace,), _judge, needs=(Deployment, StatefulSet, CronJob), uses=(Rollout, Pod, Node))
