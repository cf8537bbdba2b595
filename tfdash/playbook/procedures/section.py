"""The line of the recoveries: whether each could begin, which one the facts propose, and what is being carried out."""

from __future__ import annotations

from tfdash.model.delivery import Rollout
from tfdash.model.kube import DaemonSet, Deployment, StatefulSet
from tfdash.model.kubecluster import Node
from tfdash.model.recovery import RecoveryState
from tfdash.model.release import ReleaseState
from tfdash.model.section import SectionFinding
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.model.workload import WorkloadState
from tfdash.nouns import counted
from tfdash.playbook.section import Findings, Reading, Section

KIND = "Procedure"
"""Of the subjects that findings are about; none of them is an object of a cluster."""
READY, FITS, OPEN, FILES = "recovery.ready", "recovery.fits", "recovery.open", "recovery.files"
"""What findings are known by, beside rules."""


def subject_of_procedure(cluster: ClusterRef, id: str) -> Subject:
    return Subject(cluster, KIND, "", id)


def read(findings: Findings) -> Reading:
    state: RecoveryState | None = findings.recovery
    if state is None:
        return Reading(Level.UNKNOWN, "not known yet", loading=True)
    found = [*_open(state), *_files(state), *_fitting(state), *_ready(state)]
    found.sort(key=lambda one: -one.level)
    several, good = len(state.readiness), sum(one.level is Level.OK for one in state.readiness)
    if not several:  # nothing is written down for the worst hour: that is not judged, and not well
        level = max((one.level for one in found), default=Level.IDLE)
        told = found[0].sentence if found else ""
        return Reading(level, "no runbook is there", told, len(found), findings=tuple(found))
    level = found[0].level if found else Level.OK
    under_way, fits = len(state.open), len(_fitting(state))
    more = [f"{under_way} under way"] if under_way else []
    more += [f"{fits} {'fits' if fits == 1 else 'fit'} now"] if fits else []
    return Reading(
        level,
        ", ".join([*more, f"{good} of {several} ready"]),
        found[0].sentence if found else f"{counted(several, 'recovery')} rehearsed, nothing is missing",
        sum(one.level is level for one in found),
        unknown=sum(one.level is Level.UNKNOWN for one in state.readiness),
        since=found[0].since if found else None,
        findings=tuple(found),
    )


def _open(state: RecoveryState) -> list[SectionFinding]:
    return [
        SectionFinding(
            level=Level.WARN if one.late else Level.MOVING,
            sentence=f"{one.title}: {one.sentence}",
            about=subject_of_procedure(one.cluster, one.procedure),
            since=one.since,
            rule=OPEN,
        )
        for one in state.open
    ]


def _files(state: RecoveryState) -> list[SectionFinding]:
    return [SectionFinding(level=Level.WARN, sentence=one, rule=FILES) for one in state.problems]


def _fitting(state: RecoveryState) -> list[SectionFinding]:
    """What waits for a person to begin it; not what is begun already."""
    begun = {(one.procedure, one.cluster) for one in state.open}
    return [
        SectionFinding(
            level=Level.PAUSED,
            sentence=f"{one.title} fits: {one.sentence}",
            about=subject_of_procedure(one.cluster, one.procedure),
            rule=FITS,
        )
        for one in state.proposals
        if one.proposed and (one.procedure, one.cluster) not in begun
    ]


def _ready(state: RecoveryState) -> list[SectionFinding]:
    return [
        SectionFinding(
            level=one.level,
            sentence=f"{one.title}: {one.sentence}",
            about=subject_of_procedure(one.cluster, one.procedure),
            rule=READY,
        )
        for one in state.readiness
        if one.level > Level.OK
    ]


SECTION = Section(
    "recovery",
    "Recovery",
    "recovery",
    read,
    hears=(WorkloadState, ReleaseState),
    noun="recovery",
    reads=(Deployment, StatefulSet, DaemonSet, Rollout, Node),
)
