"""The line of what serves: workloads of the API's own kinds, and Argo's Rollouts, which serve users just the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tfdash.model.delivery import Rollout
from tfdash.model.kube import DaemonSet, Deployment, StatefulSet
from tfdash.model.release import Carrier, ReleaseState
from tfdash.model.section import SectionFinding
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.model.workload import Serving, WorkloadState
from tfdash.playbook.section import Findings, Reading, Section, shared_cause
from tfdash.playbook.serving import workload

_OF_SERVING = {
    Serving.DOWN: Level.BREACH,
    Serving.DEGRADED: Level.WARN,
    Serving.UNKNOWN: Level.UNKNOWN,
}


def read(findings: Findings) -> Reading:
    rollouts = [r for r in findings.releases.values() if r.carrier is Carrier.ROLLOUT]
    served = [s.serving for s in findings.workloads.values()]
    served += [r.serving for r in rollouts if r.serving is not None]
    wanted = sum(s is not Serving.IDLE for s in served)
    good = sum(s is Serving.OK for s in served)
    blind = sum(
        s is Serving.UNKNOWN for s in served
    )  # these may serve: "0 of 4" alone would say that they do not
    seen = f", {blind} not known" if blind else ""
    troubled = [
        (v.level, v.subject, v.sentence, v.since, shared_cause(v))
        for v in findings.by_rule(workload.ID)
        if v.level >= Level.UNKNOWN
    ]
    troubled += [
        (
            _OF_SERVING[r.serving],
            r.subject,
            f"{r.subject.name}: {r.served or r.message}",
            r.unwell_since or (r.started if r.in_flight else None),
            "",
        )
        for r in rollouts
        if r.serving in _OF_SERVING
    ]
    troubled.sort(key=lambda row: (-row[0], row[1]))
    level = troubled[0][0] if troubled else Level.OK
    sentence, count = _shared(findings, [row[1] for row in troubled if row[0] is level])
    return Reading(
        level,
        f"{good} of {wanted} workloads serve{seen}" if wanted else "no workloads",
        sentence or (troubled[0][2] if troubled else "no workload lacks a pod"),
        count,
        unknown=sum(row[0] is Level.UNKNOWN for row in troubled),
        subject=troubled[0][1] if troubled else None,
        since=troubled[0][3] if troubled else None,
        findings=tuple(_one_by_one(findings, troubled)),
    )


def _origin(findings: Findings, subject: Subject) -> Subject | None:
    """The object behind it, where others may lack a pod by the same one."""
    state = findings.workloads.get(subject)
    return state.cause.origin if state is not None and state.cause is not None else None


def _one_by_one(
    findings: Findings, troubled: list[tuple[Level, Subject, str, float | None, str]]
) -> Iterator[SectionFinding]:
    """Each by itself; of what a lost node took only the node, at the place of the worst."""
    many = Counter(_origin(findings, subject) for _, subject, *_ in troubled)
    told = set()
    for level, subject, sentence, since, cause in troubled:
        origin = _origin(findings, subject)
        if origin is not None and many[origin] > 1:
            if origin in told:
                continue
            told.add(origin)
            sentence = _lost(origin, many[origin], subject)
        yield SectionFinding(
            level=level,
            sentence=sentence,
            subject=subject,
            since=since,
            cause=cause,
            rule=workload.ID,
            many=max(1, many[origin] if origin is not None else 1),
        )


def _lost(node: Subject, many: int, first: Subject) -> str:
    return f"node {node.name} is lost: {many} workloads lack pods, {first.name} among them"


def _shared(findings: Findings, subjects: list[Subject]) -> tuple[str, int]:
    """What the first of the worst has in common with others, "" where nothing, and how many causes they have in all: a
    lost node is one, however many workloads lack a pod by it."""
    origins = [_origin(findings, s) for s in subjects]
    many = Counter(o for o in origins if o is not None)
    count = sum(o is None for o in origins) + len(many)
    first = origins[0] if origins else None
    if first is None or many[first] < 2:
        return "", count
    return _lost(first, many[first], subjects[0]), count


SECTION = Section(
    "serving",
    "Serving",
    "deployments",
    read,
    needs=(Deployment, StatefulSet, DaemonSet),
    uses=(Rollout,),
    rules=(workload.ID,),
    hears=(WorkloadState, ReleaseState),
    noun="workload",
)
