"""Alerts that fire for a workload: since when their condition holds."""

from __future__ import annotations

from tfdash.model.subject import Subject
from tfdash.model.traffic import Alert
from tfdash.playbook.procedures.impact.case import LATELY, ImpactCase, ImpactProof, earliest
from tfdash.text import safe

GRAVE = frozenset({"critical", "page", "emergency", "fatal", "disaster"})
"""Severities that say that users are hit; a lesser alert ("it may grow no further") fires for weeks beside what works."""


def firing(case: ImpactCase) -> ImpactProof:
    """An alert says by its labels whose it is; one that names no workload is nobody's. One that was not read lately may be over."""
    return earliest((_of(case, one) for one in case.workloads), "no workload is its target")


def _of(case: ImpactCase, target: Subject) -> ImpactProof:
    seen = case.picture.signals.alerts.get(target.cluster)
    if seen is None or seen.value is None:
        why = str(seen.problem) if seen is not None and seen.problem is not None else "none are read"
        return ImpactProof(None, f"alerts of {safe(target.cluster.cluster)}: {safe(why)}")
    if (seen.observed_at or 0.0) < case.before - max(LATELY, seen.interval):
        why = str(seen.problem or f"not read in the {LATELY / 60:.0f} minutes before")
        return ImpactProof(None, f"alerts of {safe(target.cluster.cluster)}: {safe(why)}")
    mine = [one for one in seen.value if _is_of(one, target)]
    found = [ImpactProof(one.since, f"{safe(one.name)} fires for {safe(target.name)}") for one in mine]
    return earliest(found, f"no grave alert fires for {safe(target.name)}")


def _is_of(alert: Alert, target: Subject) -> bool:
    grave = alert.state == "firing" and alert.severity.casefold() in GRAVE
    whose = (alert.namespace, alert.workload) == (target.namespace, target.name)
    return grave and whose and alert.since is not None
