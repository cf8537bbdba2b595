"""Probes of workloads: whether they serve, what they run, how many they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Pod,
    ReplicaSet,
    StatefulSet,
    Template,
)
from tfdash.model.run import Probed
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import UnknownKind
from tfdash.model.workload import Serving
from tfdash.nouns import counted
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import kubectl, of_namespace, of_object
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook, number_of
from tfdash.playbook.staleness import Unread
from tfdash.pod_requests import ENDED

WORKLOADS: dict[str, type[Deployment] | type[StatefulSet] | type[DaemonSet] | type[Rollout]] = {
    kind.KIND: kind for kind in (Deployment, StatefulSet, DaemonSet, Rollout)
}
WORKLOAD = ProbeArgument(id="workload", title="Kind namespace/name")
_NEEDS = frozenset(WORKLOADS)
_FEW = 3  # workloads that are named one by one


def template_of(sight: ProbeLook, obj: Deployment | StatefulSet | DaemonSet | Rollout) -> Template | Unread:
    """Of its pods; of a Rollout that refers to a workload, that of that one."""
    holder: Deployment | StatefulSet | DaemonSet | Rollout | Unread | None = obj
    if isinstance(obj, Rollout) and obj.workload_name:
        kind = WORKLOADS.get(obj.workload_kind)
        holder = sight.one(kind, Key(obj.namespace, obj.workload_name)) if kind is not None else None
    if isinstance(holder, Unread):
        return holder
    if holder is None or not holder.template.containers:
        return Unread(UnknownKind.NO_DATA, "what it runs stands elsewhere")
    return holder.template


def images_of(
    sight: ProbeLook, obj: Deployment | StatefulSet | DaemonSet | Rollout
) -> tuple[str, ...] | Unread:
    """What it is to run, as its template has it."""
    template = template_of(sight, obj)
    if isinstance(template, Unread):
        return template
    return tuple(c.image for c in template.containers if not c.init)


def other_images(images: Sequence[str], good: Sequence[str]) -> bool:
    """Whether it is to run anything else than what it was good with, or less."""
    return len(images) < len(good) or any(image not in good for image in images)


def pods_of_workloads(look: ProbeLook, counts: Callable[[Pod], bool]) -> Counter[str] | Unread:
    """How many pods that have not ended, and count, each workload has, as a subject is written."""
    pods, sets = look.some(Pod), look.some(ReplicaSet)
    if isinstance(pods, Unread):
        return pods
    if isinstance(sets, Unread):
        return sets
    for short in (pods[1], sets[1]):
        if short is not None and short.unknown is not UnknownKind.NO_PRIVILEGE:
            return short  # of namespaces that are not read nothing is restored from here either
    above = {(one.namespace, one.name): one.owner for one in sets[0]}
    owners = Counter[str]()
    for pod in pods[0]:
        owner = pod.owner
        if owner is not None and owner.kind == ReplicaSet.KIND:
            owner = above.get((pod.namespace, owner.name)) or owner
        if owner is not None and pod.phase not in ENDED and counts(pod):
            owners[f"{owner.kind} {pod.namespace}/{owner.name}"] += 1
    return owners


def scalers_of(sight: ProbeLook, subject: Subject) -> tuple[HorizontalPodAutoscaler, ...] | Unread:
    """The HPAs that scale a workload."""
    found = sight.within(HorizontalPodAutoscaler, subject.namespace)
    if isinstance(found, Unread):
        return found
    return tuple(s for s in found if (s.target_kind, s.target_name) == (subject.kind, subject.name))


class Serves(NamedTuple):
    """How one workload serves. ``counts``: "2 of 3 pods available"."""

    subject: Subject
    serving: Serving
    counts: str
    why: str = ""

    def __str__(self) -> str:
        cause = f": {self.why}" if self.why else ""
        return f"{self.subject.name} {_WORDS[self.serving]}, {self.counts}{cause}"


_WORDS = {
    Serving.OK: "serves",
    Serving.DEGRADED: "is degraded",
    Serving.DOWN: "is down",
    Serving.STARTING: "starts",
    Serving.IDLE: "is not wanted",
    Serving.UNKNOWN: "is not known to serve",
}


def named_workload(sight: ProbeLook, id: str = "workload") -> Subject | Probed:
    """The workload that an argument names, of a kind that is one; else what is to be said."""
    subject = sight.subject(id)
    if subject is None:
        return sight.misnamed(id)
    if subject.kind not in WORKLOADS:
        kinds = ", ".join(WORKLOADS)
        return sight.unclear(UnknownKind.NOT_COMPARABLE, f"{subject} is no workload: one of {kinds}")
    return subject


def workload_object(
    sight: ProbeLook, subject: Subject
) -> Deployment | StatefulSet | DaemonSet | Rollout | Unread | None:
    return sight.one(WORKLOADS[subject.kind], subject.key)


def serves(sight: ProbeLook, subject: Subject) -> Serves | Unread | None:
    """None where there is no such workload. It is the word of the rule of workloads (of releases, for a Rollout), so that a probe says
    what every screen says."""
    obj = workload_object(sight, subject)
    if obj is None or isinstance(obj, Unread):
        return obj
    counts = f"{obj.available} of {counted(obj.desired, 'pod')} available"
    assessment = sight.case.assessment
    if (state := assessment.workloads.get(subject)) is not None:
        if state.serving is Serving.UNKNOWN:
            return Unread(UnknownKind.STALE, f"whether {subject.name} serves is not known")
        counts = f"{state.available} of {counted(state.desired, 'pod')} available"
        return Serves(subject, state.serving, counts, state.cause.sentence if state.cause is not None else "")
    release = assessment.releases.get(subject)
    if release is not None and release.serving is not None and release.serving is not Serving.UNKNOWN:
        return Serves(subject, release.serving, release.served or counts)
    return Unread(UnknownKind.LOADING, f"{subject.name} was not judged yet")


def _of_one(good: frozenset[Serving]) -> Callable[[ProbeCase], Probed]:
    def judge(case: ProbeCase) -> Probed:
        sight = ProbeLook(case)
        subject = named_workload(sight)
        if isinstance(subject, Probed):
            return subject
        found = serves(sight, subject)
        if isinstance(found, Unread):
            return sight.unknown(found, f"{subject.name}: ")
        if found is None:
            return sight.said(False, f"there is no {subject}")
        return sight.said(found.serving in good, str(found), (subject,))

    return judge


def _of_any(bad: frozenset[Serving], word: str) -> Callable[[ProbeCase], Probed]:
    """Of one, where it is named; else whether there is any."""
    one = _of_one(bad)

    def judge(case: ProbeCase) -> Probed:
        if case.arguments.get("workload"):
            return one(case)
        sight = ProbeLook(case)
        found: list[Serves] = []
        unseen: list[Unread] = []
        there = 0
        for kind in WORKLOADS.values():
            read = sight.some(kind)
            if isinstance(read, Unread):
                unseen.append(read)
                continue
            objects, short = read
            unseen += [] if short is None else [short]
            for obj in objects:
                subject = Subject(sight.ref, kind.KIND, obj.namespace, obj.name)
                told = serves(sight, subject)
                if isinstance(told, Unread):
                    unseen.append(told)
                elif told is not None:
                    there += 1
                    found += [told] if told.serving in bad else []
        if found:
            rest = f" and {len(found) - _FEW} more" if len(found) > _FEW else ""
            names = "; ".join(map(str, found[:_FEW]))
            sentence = f"{len(found)} of {counted(there, 'workload')} {word}: {names}{rest}"
            return sight.said(True, sentence, (one.subject for one in found))
        if unseen:
            return sight.unknown(unseen[0])
        return sight.said(False, f"0 of {counted(there, 'workload')} {word}")

    return judge


def _image(case: ProbeCase) -> Probed:
    """What its template says; whether that runs already is ``release.complete``."""
    sight, wanted = ProbeLook(case), case.arguments.get("image", "")
    subject = named_workload(sight)
    if isinstance(subject, Probed):
        return subject
    obj = workload_object(sight, subject)
    if isinstance(obj, Unread):
        return sight.unknown(obj, f"{subject.name}: ")
    if obj is None:
        return sight.said(False, f"there is no {subject}")
    images = images_of(sight, obj)
    if isinstance(images, Unread):
        return sight.unknown(images, f"{subject.name}: ")
    has = any(same_image(image, wanted) for image in images)
    return sight.said(has, f"{subject.name} is to run {', '.join(images)}{'' if has else f', not {wanted}'}")


def same_image(image: str, wanted: str) -> bool:
    """Whether ``wanted`` names an image: whole, as name:tag or name@digest, or by its tag or digest alone."""
    last = image.rpartition("/")[2]
    name, at, digest = last.partition("@")
    return bool(wanted) and wanted in (image, last, digest if at else name.partition(":")[2])


def _replicas(case: ProbeCase) -> Probed:
    sight, wanted = ProbeLook(case), number_of(case.arguments, "replicas")
    subject = named_workload(sight)
    if isinstance(subject, Probed):
        return subject
    if wanted is None:
        given = sight.argument("replicas")
        return sight.unclear(UnknownKind.NOT_COMPARABLE, f"replicas = {given!r} is no whole number")
    obj = workload_object(sight, subject)
    if isinstance(obj, Unread):
        return sight.unknown(obj, f"{subject.name}: ")
    if obj is None:
        return sight.said(False, f"there is no {subject}")
    if isinstance(obj, DaemonSet):
        return sight.unclear(
            UnknownKind.NOT_COMPARABLE, f"{subject.name}: of a DaemonSet its nodes say how many"
        )
    word = "is" if obj.desired == wanted else "is not"
    return sight.said(
        obj.desired == wanted, f"{subject.name} wants {obj.desired} replicas: that {word} {wanted}"
    )


def _bounds(case: ProbeCase) -> Probed:
    sight = ProbeLook(case)
    subject = named_workload(sight)
    if isinstance(subject, Probed):
        return subject
    low, high = (number_of(case.arguments, id) for id in ("min", "max"))
    if low is None or high is None:
        return sight.unclear(UnknownKind.NOT_COMPARABLE, "min and max are whole numbers")
    mine = scalers_of(sight, subject)
    if isinstance(mine, Unread):
        return sight.unknown(mine, f"{subject.name}: ")
    if len(mine) != 1:
        many = "no HPA scales" if not mine else f"{len(mine)} HPAs scale"
        return sight.said(False, f"{many} {subject}")
    found = (mine[0].min_replicas, mine[0].max_replicas)
    word = "are" if found == (low, high) else "are not"
    sentence = (
        f"{mine[0].name} scales {subject.name} from {found[0]} to {found[1]}: these {word} {low} to {high}"
    )
    return sight.said(found == (low, high), sentence)


_ALL = "deployments.apps,statefulsets.apps,daemonsets.apps"
_DOWN, _UNWELL = frozenset({Serving.DOWN}), frozenset({Serving.DOWN, Serving.DEGRADED})
_MAYBE = ProbeArgument(id="workload", title=WORKLOAD.title, needed=False)


def _one_or_all(arguments: Mapping[str, str]) -> str:
    return of_object(arguments, "workload") if arguments.get("workload") else kubectl("get", _ALL, "-A")


def _scalers(arguments: Mapping[str, str]) -> str:
    namespace = of_namespace(arguments, "workload")
    return kubectl("get", "horizontalpodautoscalers.autoscaling", "-n", namespace) if namespace else ""


PROBES = (
    Probe(
        id="workload.serving",
        title="{workload} serves",
        judge=_of_one(frozenset({Serving.OK})),
        line=lambda a: of_object(a, "workload"),
        arguments=(WORKLOAD, CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="workload.down",
        title="{workload} is down",
        judge=_of_any(_DOWN, "down"),
        line=_one_or_all,
        arguments=(_MAYBE, CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="workload.unwell",
        title="{workload} is down or lacks pods",
        judge=_of_any(_UNWELL, "down or degraded"),
        line=_one_or_all,
        arguments=(_MAYBE, CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="workload.image",
        title="{workload} is to run {image}",
        judge=_image,
        line=lambda a: of_object(a, "workload", "-o", "jsonpath={.spec.template.spec.containers[*].image}"),
        arguments=(WORKLOAD, ProbeArgument(id="image", title="image, name:tag, or tag"), CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="workload.replicas",
        title="{workload} wants {replicas} replicas",
        judge=_replicas,
        line=lambda a: of_object(a, "workload", "-o", "jsonpath={.spec.replicas}"),
        arguments=(WORKLOAD, ProbeArgument(id="replicas", title="how many"), CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="hpa.bounds",
        title="the HPA of {workload} scales from {min} to {max}",
        judge=_bounds,
        line=_scalers,
        arguments=(
            WORKLOAD,
            ProbeArgument(id="min", title="at least"),
            ProbeArgument(id="max", title="at most"),
            CLUSTER,
        ),
        needs=frozenset({HorizontalPodAutoscaler.KIND}),
    ),
)
