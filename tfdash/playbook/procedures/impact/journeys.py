"""Journeys of users: the first run of those that failed one after the other until the recovery began."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from tfdash.model.traffic import Journey, JourneyRun
from tfdash.moments import clock
from tfdash.playbook.procedures.impact.case import LATELY, ImpactCase, ImpactProof, earliest
from tfdash.playbook.schedule.local import zone_of
from tfdash.text import safe


def failing(case: ImpactCase) -> ImpactProof:
    """Of a workload its own; of a cluster the critical ones of all that runs there."""
    mine = [
        seen.value
        for _, seen in sorted(case.picture.signals.journeys.items())
        if seen.value is not None and _is_about(case, seen.value)
    ]
    return earliest((_of(case, one) for one in mine), "no journey of it is run")


def _is_about(case: ImpactCase, journey: Journey) -> bool:
    at = journey.workload
    if at is None or journey.control:
        return False
    whole = journey.critical and at.cluster in case.clusters
    return whole or any(at._replace(uid="") == one._replace(uid="") for one in case.workloads)


def _of(case: ImpactCase, journey: Journey) -> ImpactProof:
    name, fails = safe(journey.name), case.policies.canary.journeys.fails
    told = [run for run in journey.runs if run.ok is not None and run.at <= case.before]
    if not told or case.before - told[-1].at > LATELY:
        return ImpactProof(None, f"{name} was not run in the {LATELY / 60:.0f} minutes before")
    failed = list(takewhile(lambda run: not run.ok, reversed(told)))
    if len(failed) < fails:
        return ImpactProof(None, f"{name} did not fail {fails} times running")
    first = failed[-1]
    return ImpactProof(
        first.at, _sentence(case, name, first, told, len(failed)), at_least=len(failed) == len(told)
    )


def _sentence(case: ImpactCase, name: str, first: JourneyRun, told: Sequence[JourneyRun], many: int) -> str:
    zone = zone_of(case.assessment.calendar)
    why = f" ({safe(first.message)})" if first.message else ""
    if many == len(told):
        return f"{name} failed{why} in all {many} runs that are known"
    return f"{name} fails{why}; it passed last at {clock(told[-many - 1].at, zone)}"
