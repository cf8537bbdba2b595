"""What there is to choose for an input, out of the live picture: what wants attention stands first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from tfdash.model.assessment import Assessment
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Object, Pod, ReplicaSet
from tfdash.model.kubecluster import Node
from tfdash.model.last_good import GoodService
from tfdash.model.picture import Picture
from tfdash.model.procedure import Input
from tfdash.model.release import ReleaseState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.workload import Serving
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.last_good import restored_text, standing
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes.pictures import good_services
from tfdash.playbook.procedures.standing_before import stood_here
from tfdash.playbook.schedule.local import zone_of

_ATTENTION = (Serving.DOWN, Serving.DEGRADED, Serving.UNKNOWN, Serving.STARTING, Serving.OK, Serving.IDLE)


class Candidate(msgspec.Struct, frozen=True):
    """``sentence``: what is known of it, beside it. ``other``: it stands in the place of another one, for who chooses it: "all" is without it."""

    value: str
    sentence: str = ""
    other: bool = False


class InputCase(msgspec.Struct, frozen=True, kw_only=True):
    """``chosen``: the inputs that were chosen before, of which this one may be one."""

    wanted: Input
    cluster: ClusterRef
    picture: Picture
    assessment: Assessment
    policies: Policies | None = None
    chosen: Mapping[str, tuple[str, ...]] = {}


def choices(case: InputCase) -> Sequence[Candidate]:
    return [Candidate(one) for one in case.wanted.choices]


def namespaces(case: InputCase) -> Sequence[Candidate]:
    """Those that the server lists; where it lists none to us, those in which something runs."""
    cluster = case.picture.clusters.get(case.cluster)
    listed = {key.name for key in cluster.objects("Namespace")} if cluster is not None else set()
    return [Candidate(name) for name in sorted(listed or {s.namespace for s in _here(case)})]


def _here(case: InputCase) -> Iterator[Subject]:
    return (subject for subject in case.assessment.workloads if subject.cluster == case.cluster)


def workloads(case: InputCase) -> Sequence[Candidate]:
    """What serves users, the worst first: the workloads, and the Rollouts, of which the releases say how they serve."""
    states = (case.assessment.workloads[subject] for subject in _here(case))
    found = [
        (s.serving, s.subject, f"{s.serving}: {s.cause.sentence}" if s.cause else f"{s.serving}")
        for s in states
    ]
    found += [
        (s.serving or Serving.UNKNOWN, s.subject, f"{s.serving or Serving.UNKNOWN}")
        for s in case.assessment.releases.values()
        if s.subject.kind == Rollout.KIND and s.subject.cluster == case.cluster
    ]
    found.sort(key=lambda one: (_ATTENTION.index(one[0]), one[1].namespace, one[1].name))
    return [Candidate(str(subject), told) for _, subject, told in found]


def pods(case: InputCase) -> Sequence[Candidate]:
    """Those of the chosen workload, else all; what is not ready first."""
    cluster = case.picture.clusters.get(case.cluster)
    owners = {value for values in case.chosen.values() for value in values}
    sets = cluster.objects("ReplicaSet").values() if cluster is not None and owners else ()
    owners |= {f"ReplicaSet {one.namespace}/{one.name}" for one in sets if _owner(one) in owners}
    found = [
        (_unready(one), one)
        for one in (cluster.objects("Pod").values() if cluster is not None else ())
        if isinstance(one, Pod) and one.phase != "Succeeded" and (not owners or _owner(one) in owners)
    ]
    found.sort(key=lambda each: (not each[0], each[1].namespace, each[1].name))
    return [Candidate(f"Pod {one.namespace}/{one.name}", why or "ready") for why, one in found]


def _unready(pod: Pod) -> str:
    """Why it is not ready, in the words of what runs it; "" where it is."""
    ready = next((c for c in pod.conditions if c.type == "Ready"), None)
    if ready is not None and ready.status == "True":
        return ""
    waits = (s.reason or s.last_reason for s in pod.statuses if not s.ready and s.state != "running")
    return (
        next(filter(None, waits), "")
        or pod.reason
        or (ready.reason if ready is not None else "")
        or "not ready"
    )


def nodes(case: InputCase) -> Sequence[Candidate]:
    cluster = case.picture.clusters.get(case.cluster)
    found = cluster.objects("Node").values() if cluster is not None else ()
    return [Candidate(node.name, _of_node(node)) for node in sorted(found, key=lambda node: node.name)]


def _of_node(node: object) -> str:
    if not isinstance(node, Node):
        return ""
    ready = next((c.status for c in node.conditions if c.type == "Ready"), "")
    words = ("ready" if ready == "True" else "not ready" if ready else "not known whether ready",)
    cordoned = "cordoned" if node.unschedulable else ""
    return ", ".join(filter(None, (*words, cordoned, node.kubelet_version)))


def releases(case: InputCase) -> Sequence[Candidate]:
    """Those in flight first."""
    found = [s for s in case.assessment.releases.values() if s.subject.cluster == case.cluster]
    found.sort(key=lambda s: (not s.in_flight, s.subject.namespace, s.subject.name))
    return [Candidate(str(s.subject), s.message or str(s.phase)) for s in found]


def versions(case: InputCase) -> Sequence[Candidate]:
    """The versions of the chosen workload or release: what is being released, what serves, what its history has, the newest
    first; none where nothing was chosen before."""
    owners = {value for values in case.chosen.values() for value in values}
    found: dict[str, str] = {}
    for state in case.assessment.releases.values():
        if state.subject.cluster == case.cluster and owners & {str(state.subject), str(state.workload)}:
            owners |= {str(state.workload or state.subject)}
            for tag, where in _of_release(state):
                found.setdefault(tag, where)
    for tag, where in _of_history(case, owners):
        found.setdefault(tag, where)
    return [Candidate(tag, where) for tag, where in found.items()]


def commits(case: InputCase) -> Sequence[Candidate]:
    """The newest of the default branches of the code hosts that are read, and those that open runs ask for."""
    signals, zone = case.picture.signals, zone_of(case.assessment.calendar)
    found: dict[str, str] = {}
    for _, branch in sorted(signals.newest.items()):
        for one in branch.value or ():
            when = near(one.at, case.picture.at, zone) if one.at is not None else ""
            found.setdefault(one.commit, ", ".join(filter(None, (one.title, one.author, when))))
    for _, seen in sorted(signals.commits.items()):
        if seen.value is not None and seen.value.commit:
            found.setdefault(seen.value.commit, f"asked for as {seen.value.version}")
    return [Candidate(commit, told) for commit, told in found.items()]


def coming_versions(state: ReleaseState) -> tuple[str, ...]:
    """Of a release in flight: the versions that it brings."""
    return tuple(dict.fromkeys(map(_tag, _new_images(state)))) if state.in_flight else ()


def _new_images(state: ReleaseState) -> tuple[str, ...]:
    """Without those that stay as they are: a sidecar's."""
    serves = state.stable.images if state.stable is not None else ()
    return tuple(i for i in state.canary.images if i not in serves) if state.canary is not None else ()


def _of_release(state: ReleaseState) -> Iterator[tuple[str, str]]:
    serves = state.stable.images if state.stable is not None else ()
    new = _new_images(state)
    comes = "being released" if state.in_flight else "released last"
    for images, words in ((new, comes), (serves, "what it replaces" if new else "serves now")):
        for image in images:
            yield _tag(image), words


def _of_history(case: InputCase, owners: Collection[str]) -> Iterator[tuple[str, str]]:
    cluster = case.picture.clusters.get(case.cluster)
    sets = cluster.objects("ReplicaSet").values() if cluster is not None and owners else ()
    own = [one for one in sets if isinstance(one, ReplicaSet) and _owner(one) in owners]
    for one in sorted(own, key=lambda one: one.created, reverse=True):
        for container in one.template.containers:
            yield _tag(container.image), "in its history"


def _owner(one: Object) -> str:
    return f"{one.owner.kind} {one.namespace}/{one.owner.name}" if one.owner is not None else ""


def _tag(image: str) -> str:
    """What tells one version of an image from another: its tag, else its digest, else all of it."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest or image


def clusters(case: InputCase) -> Sequence[Candidate]:
    here = sorted(ref.cluster for ref in case.picture.clusters if ref.environment == case.cluster.environment)
    return [Candidate(name) for name in here if not (case.wanted.elsewhere and name == case.cluster.cluster)]


def environments(case: InputCase) -> Sequence[Candidate]:
    named = case.policies.environments if case.policies is not None else ()
    shown = {ref.environment for ref in case.picture.clusters}
    return [Candidate(name) for name in (*named, *sorted(shown - set(named)))]


def restored(case: InputCase) -> Sequence[Candidate]:
    """What there is to bring back, in the order in which it is: of the cluster that was chosen before as the one that is lost, else of those where nothing
    is carried out."""
    pictures = {
        ref: seen.value for ref, seen in case.picture.signals.last_good.items() if seen.value is not None
    }
    there = {ref.cluster for ref in (*case.picture.signals.last_good, *case.picture.clusters)}
    named = there & {value for values in case.chosen.values() for value in values}
    lost = {
        ref: one for ref, one in pictures.items() if (ref.cluster in named if named else ref != case.cluster)
    }
    found = good_services(lost, case.cluster.environment)
    here = ProbeCase(
        arguments={},
        cluster=case.cluster,
        picture=case.picture,
        assessment=case.assessment,
        now=case.picture.at,
        policies=case.policies,
    )
    return [Candidate(restored_text(one, standing(one, here)), _as_it_was(one)) for one in found.values()]


def _as_it_was(one: GoodService) -> str:
    sized = f", HPA {one.minimum} to {one.maximum}" if one.scaler else ""
    return f"tier {one.tier}, {counted(one.replicas, 'replica')}{sized}{f', of {one.owner}' if one.owner else ''}"


def stood(case: InputCase) -> Sequence[Candidate]:
    """What each service was in the cluster of the run before recoveries brought it up there, as those were told; what came last is taken down
    first. Where somebody changed it since, that is one more, for who chooses it."""
    known = (case.policies or Policies()).recovery.procedures
    now, zone = case.picture.at, zone_of(case.assessment.calendar)
    found: list[Candidate] = []
    for one in reversed(stood_here(case.picture.store_state.runs, known, case.cluster)):
        if not one.changed:
            found.append(Candidate(one.text, "as it stood"))
            continue
        since, again = near(one.at, now, zone), near(one.changed_at, now, zone)
        told = f"as it stood before the recovery of {since}; it was changed by hand before that of {again}"
        found.append(Candidate(one.text, told))
        found.append(
            Candidate(one.changed, f"as it was set by hand before the recovery of {again}", other=True)
        )
    return found
