"""Why a workload is stuck or degraded. ``find`` asks each family in turn, most specific first.

A family looks at one workload and its links and yields findings: a code, one sentence, and the objects behind it.
While a release is in flight what holds up its newest version comes first: a pod of the old one that ails is another matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tfdash.model.delivery import Rollout
from tfdash.model.kube import DaemonSet, Deployment, Job, Object, Pod, StatefulSet
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.workload import IN_FLIGHT, Cause, CauseCode, Release
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.serving.causes import by_hand, containers, creation, kubelet, placement, waiting
from tfdash.playbook.serving.causes.finding import Finding
from tfdash.playbook.serving.in_flight import newest_pods
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import Status

_OBJECTS = 20  # evidence lists so many objects at most
_PASSING = frozenset(
    {
        CauseCode.PROBE,
        CauseCode.PAUSED,
        CauseCode.GENERATION,
        CauseCode.TERMINATING,
        CauseCode.NODE_LOST,
        CauseCode.KUBELET,
        CauseCode.READINESS_GATE,
        CauseCode.GATED,
        CauseCode.EVICTED,
        CauseCode.NOT_READY,
    }
)
"""Causes that may pass by waiting: a release that has one is not stuck before its deadline says so."""


class Asked(NamedTuple):
    """One workload, what belongs to it, and what is said of its release; ``now`` in epoch seconds."""

    workload: Deployment | StatefulSet | DaemonSet
    links: Links
    status: Status
    release: Release
    policy: WorkloadPolicy
    now: float


def find(ref: ClusterRef, asked: Asked) -> Cause | None:
    """The most specific cause, with the sentences of the others in ``others``; None where none is found."""
    return _cause(ref, list(_all(asked)))


def of_job(ref: ClusterRef, job: Job, links: Links, policy: WorkloadPolicy, now: float) -> Cause | None:
    """What ails the pods of a Job, or keeps them from being made."""
    return _cause(ref, list(_of_pods(job, links, policy, now)))


def holds_up_pods(rollout: Rollout, links: Links, policy: WorkloadPolicy, now: float) -> bool:
    """As ``holds_up``, of what has a controller of its own: what ails its pods, or keeps them from being made."""
    first = next(_of_pods(rollout, links, policy, now), None)
    return first is not None and first.code not in _PASSING


def _of_pods(obj: Object, links: Links, policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    pods = _here(links.pods or ())
    yield from _containers(pods, policy, now)
    yield from _placed(pods, links, policy, now)
    yield from creation.refused(obj, links)


def _cause(ref: ClusterRef, findings: Sequence[Finding]) -> Cause | None:
    if not findings:
        return None
    first = findings[0]
    objects = tuple(Subject(ref, o.KIND, o.namespace, o.name, o.uid) for o in first.objects[:_OBJECTS])
    others = tuple(dict.fromkeys(f.sentence for f in findings[1:] if f.sentence != first.sentence))
    count = len([o for o in first.objects if o.KIND == "Pod"])
    origin = Subject(ref, "Node", "", first.node) if first.node else None
    return Cause(
        code=first.code,
        sentence=first.sentence,
        objects=objects,
        count=count,
        others=others,
        origin=origin,
    )


def holds_up(asked: Asked) -> bool:
    """Whether what ails the newest version will not pass by waiting."""
    first = next(_of_release(asked), None)
    return first is not None and first.code not in _PASSING


def _all(asked: Asked) -> Iterator[Finding]:
    if asked.release in IN_FLIGHT:
        yield from _of_release(asked)
    yield from _of(asked, _here(asked.links.pods or ()))


def _of_release(asked: Asked) -> Iterator[Finding]:
    yield from by_hand.waited_for(asked.workload, asked.links, asked.release, _in_pods(asked))
    yield from _of(asked, _here(newest_pods(asked.workload, asked.links)))


def _here(pods: Sequence[Pod]) -> list[Pod]:
    return [p for p in pods if p.deleting is None and p.phase != "Succeeded"]


def _in_pods(asked: Asked) -> by_hand.Ailment:
    return lambda pod: next(_inside(asked, [pod]), None)


def _inside(asked: Asked, pods: Sequence[Pod]) -> Iterator[Finding]:
    return _containers(pods, asked.policy, asked.now)


def _containers(pods: Sequence[Pod], policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    yield from containers.images(pods)
    yield from containers.out_of_memory(pods, policy, now)
    yield from containers.init_containers(pods)
    yield from containers.crashes(pods)
    yield from containers.configuration(pods)


def _of(asked: Asked, pods: Sequence[Pod]) -> Iterator[Finding]:
    workload, links, policy, now = asked.workload, asked.links, asked.policy, asked.now
    # what failed was ended from without (its containers are always restarted), and another took its place
    staying = [p for p in pods if p.phase != "Failed"]
    yield from waiting.deleting(workload, now)
    yield from _inside(asked, staying)
    yield from _placed(staying, links, policy, now)
    yield from creation.refused(workload, links)
    yield from kubelet.uncreated(staying, links, policy, now)
    yield from kubelet.readiness_gates(staying)
    yield from containers.initializing(staying, policy, now)
    yield from containers.probes(staying, links, policy, now)
    yield from placement.ended_from_without(pods, policy, now)
    yield from waiting.terminating(links, policy, now)
    yield from waiting.stalled(workload, links, asked.status, asked.release, policy, now)


def _placed(pods: Sequence[Pod], links: Links, policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    yield from placement.lost_nodes(pods)
    yield from placement.gated(pods)
    yield from placement.unschedulable(pods)
    yield from placement.volumes(pods, links)
    yield from kubelet.sandboxes(pods, links)
    yield from kubelet.silent(pods, policy, now)
