"""Whether the newest version of a workload is still being released, or was once shown complete.

In flight from the moment the newest template differs from the last completed one until the controller, or the pods'
hashes, showed it complete. What is lost, evicted or scaled afterwards is a matter of serving, whatever
``kubectl rollout status`` waits for. What the controllers remember:

- a Deployment's Progressing condition stays NewReplicaSetAvailable for a ReplicaSet that was complete once
  (deployment/progress.go: isCompleteDeployment), and names it; without a deadline there is no such condition;
- a StatefulSet's currentRevision becomes its updateRevision when all pods were updated and ready
  (stateful_set_control.go: completeRollingUpdate), never under a partition;
- a DaemonSet remembers nothing: its pods' hashes tell.

Where only the pods tell, one that never was ready keeps the release in flight, unless it came long after its siblings
were ready: then it replaces a lost one, or makes the workload larger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tfdash.model.kube import DaemonSet, Deployment, Object, Pod, ReplicaSet, StatefulSet
from tfdash.model.workload import Release
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import Status, condition

HASH = "controller-revision-hash"
_COMPLETE, _HELD = "NewReplicaSetAvailable", ("DeploymentPaused", "DeploymentResumed")
_STAMP = 2.0  # seconds: a pod's first "not ready" is stamped when it starts, in whole seconds
_LATER = 60.0  # seconds after the last of its siblings was ready: a rolling update goes on sooner


def in_flight(workload: Object, links: Links, status: Status) -> bool:
    """Of a Deployment, StatefulSet or DaemonSet with a rolling update. ``status``: what kubectl says, where nothing
    else is known (no ReplicaSets, no pods, no condition). A spec that was not observed yet counts as in flight."""
    if not status.observed:
        return True
    match workload:
        case Deployment():
            return _deployment(workload, links, status)
        case StatefulSet():
            return _stateful_set(workload, links)
        case DaemonSet():
            return _daemon_set(workload, links)
    raise TypeError(f"{workload.KIND} has no rollout")


def release_of(workload: Deployment | StatefulSet | DaemonSet, links: Links, status: Status) -> Release:
    """Where its newest release is, before anything is known of what holds it up."""
    if status.release is Release.ON_DELETE:
        if not status.observed:
            return Release.PROGRESSING
        return Release.ON_DELETE if behind(workload, links) else Release.COMPLETE
    if in_flight(workload, links, status):
        if status.release in (Release.STUCK, Release.PAUSED):
            return status.release
        held = isinstance(workload, Deployment) and workload.paused and status.observed
        return Release.PAUSED if held else Release.PROGRESSING
    if isinstance(workload, Deployment) and workload.paused:
        return Release.HELD
    partitioned = isinstance(workload, StatefulSet) and workload.partition and behind(workload, links)
    return Release.PARTITIONED if partitioned else Release.COMPLETE


def behind(workload: StatefulSet | DaemonSet | Deployment, links: Links) -> int:
    """How many pods of a StatefulSet or DaemonSet do not run its newest version, the partition or not."""
    if isinstance(workload, Deployment):
        return 0
    if links.pods is None:
        return max(0, workload.desired - workload.updated)
    staying = [p for p in links.pods if p.deleting is None]
    newest = {p.name for p in newest_pods(workload, links)}
    return sum(p.name not in newest for p in staying)


def versions(deployment: Deployment, links: Links) -> tuple[ReplicaSet | None, list[ReplicaSet]]:
    """The ReplicaSet of the revision that the Deployment names, and the others, newest first."""
    ordered = sorted(links.replica_sets, key=lambda s: (s.revision or 0, s.created), reverse=True)
    newest = next((s for s in ordered if s.revision == deployment.revision), None) or next(
        iter(ordered), None
    )
    return newest, [s for s in ordered if s is not newest]


def template_waits(deployment: Deployment, newest: ReplicaSet | None) -> bool:
    """Its template is not that of its newest ReplicaSet: it is paused, or was not seen yet."""
    seen = newest.template.containers if newest is not None else ()
    return bool(seen) and seen != deployment.template.containers


def _deployment(deployment: Deployment, links: Links, status: Status) -> bool:
    newest, older = versions(deployment, links)
    if any(s.replicas or s.desired for s in older) or template_waits(deployment, newest):
        return True
    progressing = condition(deployment.conditions, "Progressing")
    reason = progressing.reason if progressing is not None else ""
    if reason == _COMPLETE and (progressing is None or not _names_another(progressing.message, older)):
        # with the ReplicaSets unread the counts alone tell of old pods
        return newest is None and deployment.replicas > deployment.updated
    if reason not in ("", _COMPLETE, *_HELD):
        return True  # the controller still counts its progress, or gave it up
    if newest is None or (not reason and deployment.progress_deadline is not None):
        return not status.rolled_out
    mine = [p for p in links.pods or () if p.owner is not None and p.owner.uid == newest.uid]
    return bool(deployment.desired) and (not newest.replicas or not _once_ready(mine, deployment.min_ready))


def _names_another(message: str, older: Iterable[ReplicaSet]) -> bool:
    """A rollback under Recreate leaves the condition of the version before: the name in it is all that tells."""
    return any(f'"{s.name}"' in message for s in older)


def newest_pods(workload: Object, links: Links) -> tuple[Pod, ...]:
    """The pods of the newest version; all where the versions cannot be told apart."""
    pods = links.pods or ()
    match workload:
        case Deployment():
            newest, _ = versions(workload, links)
            if newest is None:
                return pods
            return tuple(p for p in pods if p.owner is not None and p.owner.uid == newest.uid)
        case StatefulSet(update_revision=revision):
            return tuple(p for p in pods if p.labels.get(HASH, revision) == revision)
        case DaemonSet():
            revision = _newest_hash(workload, pods)
            return tuple(p for p in pods if p.labels.get(HASH, revision) == revision)
    return pods


def held_back(workload: Object, links: Links) -> tuple[Pod, ...]:
    """The pods of a StatefulSet or DaemonSet that do not run its newest version, those below a partition left out."""
    if not isinstance(workload, StatefulSet | DaemonSet):
        return ()
    newest = {p.name for p in newest_pods(workload, links)}
    behind = tuple(p for p in links.pods or () if p.name not in newest)
    if isinstance(workload, StatefulSet):
        first, end = workload.first_ordinal + workload.partition, workload.first_ordinal + workload.desired
        return tuple(p for p in behind if first <= ordinal(p) < end)
    return behind


def ordinal(pod: Pod) -> int:
    """The number at the end of a StatefulSet's pod; -1 without one."""
    number = pod.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def _stateful_set(s: StatefulSet, links: Links) -> bool:
    if not s.desired:
        return False
    if held_back(s, links):
        return True
    if links.pods is None and s.updated < s.desired - s.partition:
        return True
    if s.update_revision != s.current_revision and not s.partition:
        return True  # the controller has not seen all of them ready yet
    above = s.first_ordinal + s.partition
    return not _once_ready([p for p in newest_pods(s, links) if ordinal(p) >= above], s.min_ready)


def _daemon_set(d: DaemonSet, links: Links) -> bool:
    if not d.desired:
        return False
    if links.pods is None:
        return d.updated < d.current
    if held_back(d, links) or (not links.pods and d.updated < d.current):
        return True
    return not _once_ready(newest_pods(d, links), d.min_ready)


def _newest_hash(d: DaemonSet, pods: Sequence[Pod]) -> str:
    """The hash that as many pods bear as the controller counts updated; of several the one that came last."""
    hashes = Counter(p.labels.get(HASH, "") for p in pods if p.deleting is None)
    last = {h: max(p.created for p in pods if p.labels.get(HASH, "") == h) for h in hashes}
    if not d.updated:
        return ""
    matching = [h for h, count in hashes.items() if count == d.updated] or list(hashes)
    return max(matching, key=lambda h: last[h], default="")


def _once_ready(pods: Sequence[Pod], min_ready: float) -> bool:
    """Whether none of them is on its way up for the first time as part of the release."""
    coming = [p for p in pods if p.deleting is None and never_ready(p)]
    if not coming:
        return True
    ready = [c.since for p in pods if (c := condition(p.conditions, "Ready")) and c.status == "True"]
    return bool(ready) and all(p.created > max(ready) + min_ready + _LATER for p in coming)


def never_ready(pod: Pod) -> bool:
    """It is not ready since it began. False also where nothing tells."""
    ready = condition(pod.conditions, "Ready")
    if ready is None:
        return pod.phase == "Pending" and not pod.node
    began = pod.started or pod.created
    return ready.status == "False" and ready.since <= began + _STAMP
