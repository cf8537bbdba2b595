"""The rule of a workload: serving health, release state, cause, and the verdict that follows from them."""

from __future__ import annotations

from tfdash.model.kube import DaemonSet, Deployment, Object, StatefulSet
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.model.workload import (
    IN_FLIGHT,
    Cause,
    CauseCode,
    DisruptionRoom,
    Release,
    ScaledBy,
    Serving,
    WorkloadState,
)
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.resources.wording import metric_words
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving import causes
from tfdash.playbook.serving.causes import waiting
from tfdash.playbook.serving.coming_up import coming_up
from tfdash.playbook.serving.health import contradiction, serving, uncounted
from tfdash.playbook.serving.in_flight import behind, release_of
from tfdash.playbook.serving.links import LINKED, Links, all_links_of
from tfdash.playbook.serving.rollout_status import Status, condition, rollout
from tfdash.playbook.serving.unwell_since import unwell_since

ID = "workload.serves"
_LOOK_AGAIN = 15.0  # seconds: a troubled workload is judged again although nothing changed (ages, deadlines)


def judge(
    ref: ClusterRef, workload: Object, links: Links, policy: WorkloadPolicy, now: float
) -> tuple[WorkloadState, Verdict]:
    """The state and the verdict of a Deployment, StatefulSet or DaemonSet."""
    return _judged(ref, workload, links, policy, now)[:2]


def _judged(
    ref: ClusterRef, workload: Object, links: Links, policy: WorkloadPolicy, now: float
) -> tuple[WorkloadState, Verdict, tuple[float, ...]]:
    """With the times at which time alone may change what is said."""
    assert isinstance(workload, Deployment | StatefulSet | DaemonSet)
    subject = Subject(ref, workload.KIND, workload.namespace, workload.name)
    status = rollout(workload)
    release = release_of(workload, links, status)
    health = plain = serving(workload, workload.desired, workload.available, release)
    changed_at = links.newest.created if links.newest is not None else _changed_at(workload)
    odd = contradiction(workload)
    if odd and release in (Release.COMPLETE, Release.PARTITIONED):
        release = Release.UNKNOWN  # which the same counts tell
    may_start = health is Serving.DOWN or (uncounted(workload) and not odd)
    begins = coming_up(workload, links, status, release, changed_at, policy) if may_start else None
    if begins is not None and now < begins.until:
        health = Serving.STARTING
    cause = None
    unwell = health in (Serving.DOWN, Serving.DEGRADED, Serving.STARTING)
    if unwell or release in IN_FLIGHT or _restless(workload, links):
        about = causes.Asked(workload, links, status, release, policy, now)
        cause = causes.find(ref, about)
        if release is Release.PROGRESSING and causes.holds_up(about):
            release = Release.STUCK
        if (
            health is Serving.STARTING
            and begins is not None
            and now >= begins.patient
            and causes.holds_up(about)
        ):
            health = plain
    containers = [c for c in workload.template.containers if not c.init or c.sidecar]
    state = WorkloadState(
        subject=subject,
        serving=health,
        release=release,
        message=status.message,
        said=_said(workload, links, release, odd),
        cause=cause,
        revision=_revision(workload),
        images=tuple(c.image for c in containers),
        image=short_image([c.image for c in containers]),
        desired=workload.desired,
        ready=workload.ready,
        updated=workload.updated,
        available=workload.available,
        restarts=sum(s.restarts for p in links.pods or () for s in p.statuses),
        changed_at=changed_at,
        created=workload.created,
        progress=status.progress if release in IN_FLIGHT else None,
        deadline_at=_deadline(workload, status) if release in IN_FLIGHT else None,
        scaled_by=_scaled_by(ref, links),
        disruption=_disruption(ref, links),
    )
    edges = (*(begins or ()), *(() if status.observed else (waiting.seen_by(workload, links, policy),)))
    return state, _verdict(state, unwell_since(workload, links, health, release, changed_at)), edges


def _said(workload: StatefulSet | DaemonSet | Deployment, links: Links, release: Release, odd: str) -> str:
    if odd:
        return f"its status contradicts itself: {odd}"
    if uncounted(workload):
        return "its controller has not counted its nodes yet"
    return _on_delete(workload, links) if release is Release.ON_DELETE else ""


def _on_delete(workload: StatefulSet | DaemonSet | Deployment, links: Links) -> str:
    image = short_image([c.image for c in workload.template.containers if not c.init or c.sidecar])
    new = max(0, workload.desired - behind(workload, links))
    return (
        f"{new} of {workload.desired} pods run {image or 'the newest version'}, replaced as you delete them"
    )


def _restless(workload: Object, links: Links) -> bool:
    """All replicas are there, and yet a container was killed or restarts, or something does not go."""
    return workload.deleting is not None or any(
        s.last_reason == "OOMKilled" or s.state == "waiting"
        for p in links.pods or ()
        if p.phase not in ("Succeeded", "Failed")
        for s in p.statuses
    )


def _verdict(state: WorkloadState, unwell: float | None) -> Verdict:
    level = _level(state)
    what = f"{state.available} of {state.desired} available"
    if state.serving is not Serving.DOWN and state.ready > state.available:
        what += f" ({state.ready} ready, inside minReadySeconds)"
    why = f": {state.cause.sentence}" if state.cause is not None else ""
    if state.release is Release.STUCK:
        sentence = f"{state.subject.name}: release {state.revision or ''} is stuck, {what}{why}".replace(
            "release  ", "release "
        )
    elif level is Level.OK:
        sentence = f"{state.subject.name} serves, {what}"
    elif state.serving is Serving.UNKNOWN:
        sentence = f"{state.subject.name}: {state.said}{why}"
    else:
        waits = state.serving is Serving.STARTING or state.release is Release.UNKNOWN
        kubectl = state.message if waits or state.release in IN_FLIGHT else ""
        tail = state.said or kubectl
        sentence = f"{state.subject.name}: {what}{why or (f', {tail}' if tail else '')}"
    return Verdict(
        level=level,
        rule=ID,
        subject=state.subject,
        sentence=sentence,
        measured=float(state.available),
        limit=float(state.desired),
        unit="pods",
        evidence=Evidence(objects=state.cause.objects if state.cause else (), sample=state.desired),
        unknown=UnknownKind.NO_DATA if level is Level.UNKNOWN else None,
        since=unwell if level >= Level.UNKNOWN else state.changed_at or None,
    )


def _level(state: WorkloadState) -> Level:
    """The worst of what its cells show, so that no other list of levels can differ from it."""
    if state.serving is Serving.DOWN:
        return Level.BREACH
    if state.serving is Serving.DEGRADED or state.release is Release.STUCK or state.cause is not None:
        return Level.PAUSED if _paused(state) else Level.WARN
    if state.serving is Serving.UNKNOWN:
        return Level.UNKNOWN
    if state.serving is Serving.IDLE:
        return Level.IDLE
    by_release = {
        Release.PROGRESSING: Level.MOVING,
        Release.PAUSED: Level.PAUSED,
        Release.HELD: Level.PAUSED,
        Release.ON_DELETE: Level.PAUSED,
    }
    return by_release.get(state.release, Level.MOVING if state.serving is Serving.STARTING else Level.OK)


def _paused(state: WorkloadState) -> bool:
    only = state.cause is None or state.cause.code is CauseCode.PAUSED
    return state.release is Release.PAUSED and state.serving is not Serving.DEGRADED and only


def _revision(workload: Deployment | StatefulSet | DaemonSet) -> str:
    match workload:
        case Deployment():
            return "" if workload.revision is None else str(workload.revision)
        case StatefulSet():
            return workload.update_revision.removeprefix(f"{workload.name}-")
        case DaemonSet():
            return str(workload.generation)


def _changed_at(workload: Object) -> float:
    progressing = condition(getattr(workload, "conditions", ()), "Progressing")
    return progressing.since if progressing is not None and progressing.since else workload.created


def _deadline(workload: Object, status: Status) -> float | None:
    if (
        not isinstance(workload, Deployment)
        or status.release is not Release.PROGRESSING
        or not workload.progress_deadline
    ):
        return None
    progressing = condition(workload.conditions, "Progressing")
    if progressing is None:
        return None
    return (progressing.updated or progressing.since) + workload.progress_deadline


def short_image(images: list[str]) -> str:
    """``checkout:2.14.0``, ``checkout@4f2a9c1``; ``+2`` for further containers."""
    if not images:
        return ""
    name, at, digest = images[0].rpartition("/")[2].partition("@")
    short = f"{name.partition(':')[0]}@{digest.removeprefix('sha256:')[:7]}" if at else name
    return f"{short} +{len(images) - 1}" if len(images) > 1 else short


def _scaled_by(ref: ClusterRef, links: Links) -> ScaledBy | None:
    hpa = links.autoscaler
    if hpa is None:
        return None
    active = condition(hpa.conditions, "ScalingActive")
    if active is not None and active.reason == "ScalingDisabled":
        active = None  # its target is at 0 replicas: there is nothing to see
    return ScaledBy(
        subject=Subject(ref, hpa.KIND, hpa.namespace, hpa.name, hpa.uid),
        minimum=hpa.min_replicas,
        desired=hpa.wanted,
        maximum=hpa.max_replicas,
        metric=metric_words(hpa.metrics[0]) if hpa.metrics else "",
        active=active is None or active.status != "False",
        limited=hpa.wants_more,
        problem=active.message if active is not None and active.status == "False" else "",
    )


def _disruption(ref: ClusterRef, links: Links) -> DisruptionRoom | None:
    tightest = min(links.budgets, key=lambda b: b.allowed, default=None)
    if tightest is None:
        return None
    return DisruptionRoom(
        subject=Subject(ref, tightest.KIND, tightest.namespace, tightest.name, tightest.uid),
        allowed=tightest.allowed,
        healthy=tightest.healthy,
        desired_healthy=tightest.desired_healthy,
        expected=tightest.expected,
    )


def _rule(case: Case[Deployment | StatefulSet | DaemonSet]) -> RuleResult:
    links = all_links_of(case, case.obj)
    state, verdict, edges = _judged(case.ref, case.obj, links, case.policies.workloads, case.now)
    leaving = any(p.deleting is not None for p in links.pods or ())
    starting = state.serving is Serving.STARTING
    for at in edges:
        if case.now < at:
            case.reached(at)
    if starting or state.cause is not None or state.deadline_at is not None or leaving:
        case.reached(case.now + _LOOK_AGAIN)
    return RuleResult((verdict,), state)


RULE = Rule(ID, (Deployment, StatefulSet, DaemonSet), _rule, uses=LINKED, tells=WorkloadState)

__all__ = ["RULE", "Cause", "judge"]
