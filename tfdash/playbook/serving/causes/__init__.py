"""Why a workload is stuck or degraded. ``find`` asks each family in turn, most specific first.

A family looks at one workload and its links and yields findings: a code, one sentence, and the objects behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tfdash.model.kube import Object
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.workload import Cause
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.serving.causes import containers, creation, placement, waiting
from tfdash.playbook.serving.causes.finding import Finding
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import Status

_OBJECTS = 20  # evidence lists so many objects at most


def find(
    ref: ClusterRef, workload: Object, links: Links, status: Status, policy: WorkloadPolicy, now: float
) -> Cause | None:
    """The most specific cause, with the sentences of the others in ``others``; None where none is found."""
    findings = list(_all(workload, links, status, policy, now))
    if not findings:
        return None
    first = findings[0]
    objects = tuple(Subject(ref, o.KIND, o.namespace, o.name, o.uid) for o in first.objects[:_OBJECTS])
    others = tuple(dict.fromkeys(f.sentence for f in findings[1:] if f.sentence != first.sentence))
    count = len([o for o in first.objects if o.KIND == "Pod"])
    return Cause(code=first.code, sentence=first.sentence, objects=objects, count=count, others=others)


def _all(
    workload: Object, links: Links, status: Status, policy: WorkloadPolicy, now: float
) -> Iterator[Finding]:
    pods = [p for p in links.pods or () if p.deleting is None and p.phase not in ("Succeeded",)]
    yield from containers.images(pods)
    yield from containers.out_of_memory(pods, policy, now)
    yield from containers.init_containers(pods)
    yield from containers.crashes(pods)
    yield from containers.configuration(pods)
    yield from placement.lost_nodes(pods)
    yield from placement.unschedulable(pods)
    yield from placement.volumes(pods, links)
    yield from creation.refused(workload, links)
    yield from placement.evicted(pods)
    yield from containers.probes(pods, links, policy, now)
    yield from waiting.terminating(links, policy, now)
    yield from waiting.stalled(workload, status)
