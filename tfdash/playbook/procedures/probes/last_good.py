"""Probes of a restore: whether there is a last-good picture, and whether what it shows is there again."""

from __future__ import annotations

from collections.abc import Callable

from tfdash.figures import span
from tfdash.model.kube import HorizontalPodAutoscaler, Pod, ReplicaSet
from tfdash.model.last_good import GoodService
from tfdash.model.run import Probed
from tfdash.model.subject import Subject
from tfdash.model.verdict import UnknownKind
from tfdash.model.workload import Serving
from tfdash.nouns import counted
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import kubectl, of_object, remark
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook, number_of
from tfdash.playbook.procedures.probes.pictures import (
    OF,
    good_services,
    named,
    not_kept,
    not_served,
    pictures_of,
    recovery_of,
)
from tfdash.playbook.procedures.probes.workloads import (
    WORKLOAD,
    WORKLOADS,
    images_of,
    named_workload,
    other_images,
    pods_of_workloads,
    scalers_of,
    serves,
    workload_object,
)
from tfdash.playbook.procedures.recovery_settings import AHEAD, TIERS
from tfdash.playbook.procedures.subject_text import subject_in, subject_text
from tfdash.playbook.staleness import Unread

_FEW = 3  # that are named one by one


def _fresh(case: ProbeCase) -> Probed:
    """``of`` a cluster: of what it is known not to serve there need be none."""
    look, of = ProbeLook(case), ProbeLook(case).argument("of")
    if (unset := not_kept(look)) is not None:
        return unset
    policy = recovery_of(case)
    idle = not_served(case, of) if of else ()
    kept = good_services(pictures_of(case), look.ref.environment, of)
    found = {name: one for name, one in kept.items() if name not in idle}
    none = [name for name in policy.services if name not in found and name not in idle]
    ahead = [name for name, one in found.items() if one.at - look.now > AHEAD]
    old = [name for name, one in found.items() if look.now - one.at >= policy.fresh]
    where = f" in {of}" if of else ""
    if none:
        told = f"no last-good picture of {named(none)}{where}: each is taken once it served long enough"
        return look.said(False, told)
    if ahead:
        least = min(found[name].at - look.now for name in ahead)
        told = f"the last-good picture of {named(ahead)}{where} was taken in {span(least)} from now: by which clock is not known"
        return look.said(False, told)
    if old:
        worst = max(look.now - found[name].at for name in old)
        return look.said(False, f"the last-good picture of {named(old)}{where} is old, up to {span(worst)}")
    if not found:
        return look.said(True, f"{of} serves none of {counted(len(idle), 'service')}")
    oldest = max((look.now - one.at for one in found.values()), default=0.0)
    none_of = f"; it serves nothing of {named(list(idle))}" if idle else ""
    told = f"the last-good picture{f' of {of}' if of else ''} has all of {counted(len(found), 'service')}"
    return look.said(True, f"{told}, none older than {span(max(oldest, 1.0))}{none_of}")


def _restored(case: ProbeCase) -> Probed:
    """Every service of the tier serves, and is sized as it was."""
    look, tier = ProbeLook(case), number_of(case.arguments, "tier")
    if (unset := not_kept(look)) is not None:
        return unset
    if tier not in range(1, len(TIERS) + 1):
        told = f"tier = {look.argument('tier')!r} is none of 1 to {len(TIERS)}"
        return look.unclear(UnknownKind.NOT_COMPARABLE, told)
    policy = recovery_of(case)
    wanted = [name for name, one in policy.services.items() if one.tier == tier]
    if not wanted:
        return look.said(True, f"no service is of tier {tier}")
    good = good_services(pictures_of(case), look.ref.environment, look.argument("of"))
    lacking: list[str] = []
    unclear: Probed | None = None
    for name in wanted:
        if name not in good:
            unclear = unclear or look.unclear(
                UnknownKind.NO_DATA, f"what {name} was is not known: it has no last-good picture"
            )
            continue
        said = _one(look, name, good[name])
        if said.passed is False:
            lacking.append(said.sentence)
        elif said.passed is None:
            unclear = unclear or said
    if lacking:
        more = f", and {counted(len(lacking) - _FEW, 'service')} more" if len(lacking) > _FEW else ""
        return look.said(False, f"{len(lacking)} of {len(wanted)}: {'; '.join(lacking[:_FEW])}{more}")
    if unclear is not None:
        return unclear
    return look.said(True, f"{counted(len(wanted), 'service')} of tier {tier}: each serves, sized as it was")


def _one(look: ProbeLook, name: str, one: GoodService) -> Probed:
    subject = one.workload._replace(cluster=look.ref, uid="")
    found = serves(look, subject)
    if isinstance(found, Unread):
        return look.unknown(found, f"{name}: ")
    if found is None:
        return look.said(False, f"there is no {subject_text(subject)}")
    if found.serving is not Serving.OK:
        return look.said(False, str(found))
    if one.scaler:
        bounds = _bounds(look, subject)
        if isinstance(bounds, Unread):
            return look.unknown(bounds, f"{name}: ")
        if bounds != (one.minimum, one.maximum):
            has = f"{bounds[0]} to {bounds[1]}" if bounds is not None else "no HPA"
            return look.said(False, f"{name}: {has}, and it was {one.minimum} to {one.maximum}")
    return _size(look, subject, one.replicas, name)


def _bounds(look: ProbeLook, subject: Subject) -> tuple[int, int] | Unread | None:
    mine = scalers_of(look, subject)
    if isinstance(mine, Unread):
        return mine
    return (mine[0].min_replicas, mine[0].max_replicas) if len(mine) == 1 else None


def _size(look: ProbeLook, subject: Subject, replicas: int, name: str) -> Probed:
    """As many as it was; or, where an HPA is at work, as many as that wants within its bounds."""
    obj = workload_object(look, subject)
    if isinstance(obj, Unread):
        return look.unknown(obj, f"{name}: ")
    if obj is None:
        return look.said(False, f"there is no {subject_text(subject)}")
    has = getattr(obj, "desired", 0)
    bounds = _bounds(look, subject)
    if isinstance(bounds, Unread):
        return look.unknown(bounds, f"{name}: ")
    if has == replicas:
        return look.said(True, f"{name} wants {counted(has, 'replica')}, as it did")
    if bounds is not None and has and bounds[0] <= has <= bounds[1]:
        return look.said(
            True, f"{name} wants {counted(has, 'replica')}, as its HPA of {bounds[0]} to {bounds[1]} says"
        )
    return look.said(False, f"{name} wants {counted(has, 'replica')}, and it was {replicas}")


def _quiet(case: ProbeCase) -> Probed:
    """Of no service a pod is wanted or there: also none that is being deleted, which a node that does not answer runs on. A database outside
    of the cluster is not seen."""
    look, services = ProbeLook(case), recovery_of(case).services
    if not services:
        return look.unclear(
            UnknownKind.NOT_WATCHED, "no service that is restored is named: [recovery.services.NAME]"
        )
    there = pods_of_workloads(look, lambda pod: True)
    running: list[str] = []
    for name, one in services.items():
        subject = subject_in(one.workload, look.ref)
        if subject is None:
            continue
        obj = workload_object(look, subject)
        if isinstance(obj, Unread):
            return look.unknown(obj, f"{name}: ")
        left = 0 if isinstance(there, Unread) else there.get(one.workload, 0)
        if many := max(left, *((getattr(obj, "desired", 0), obj.available) if obj is not None else (0,))):
            running.append(f"{name} has {counted(many, 'pod')}")
    if running:
        more = f", and {counted(len(running) - _FEW, 'service')} more" if len(running) > _FEW else ""
        return look.said(False, f"in {look.ref.cluster} {', '.join(running[:_FEW])}{more}")
    if isinstance(there, Unread):
        return look.unknown(there, "whether a pod is left: ")
    return look.said(
        True, f"in {look.ref.cluster} nothing runs of {counted(len(services), 'service')} that are restored"
    )


def _sized(case: ProbeCase) -> Probed:
    look, replicas = ProbeLook(case), number_of(case.arguments, "replicas")
    subject = named_workload(look)
    if isinstance(subject, Probed):
        return subject
    if replicas is None:
        return look.unclear(
            UnknownKind.NOT_COMPARABLE, f"replicas = {look.argument('replicas')!r} is no whole number"
        )
    return _size(look, subject, replicas, subject.name)


def _of_declared(judge: Callable[[ProbeLook, Subject, str], Probed]) -> Callable[[ProbeCase], Probed]:
    """Of a workload that is one of the services; ``judge`` gets its name."""

    def judged(case: ProbeCase) -> Probed:
        look = ProbeLook(case)
        subject = named_workload(look)
        if isinstance(subject, Probed):
            return subject
        text = subject_text(subject)
        name = next((n for n, one in recovery_of(case).services.items() if one.workload == text), None)
        if name is None:
            return look.unclear(UnknownKind.NOT_WATCHED, f"{text} is none of [recovery.services]")
        return judge(look, subject, name)

    return judged


def _rests(look: ProbeLook, subject: Subject, name: str) -> Probed:
    services = recovery_of(look.case).services
    below = services[name].rests_on
    for on in below:
        under = subject_in(services[on].workload, look.ref)
        found = serves(look, under) if under is not None else None
        if isinstance(found, Unread):
            return look.unknown(found, f"{on}: ")
        if found is None:
            return look.said(False, f"{name} rests on {on}, and there is none")
        if found.serving is not Serving.OK:
            return look.said(False, f"{name} rests on {on}: {found}")
    told = (
        f"{named(list(below))}: what {name} rests on serves" if below else f"{name} rests on no other service"
    )
    return look.said(True, told)


def _images(look: ProbeLook, subject: Subject, name: str) -> Probed:
    if (unset := not_kept(look)) is not None:
        return unset
    good = good_services(pictures_of(look.case), look.ref.environment, look.argument("of")).get(name)
    if good is None:
        return look.unclear(UnknownKind.NO_DATA, f"what {name} ran is not known: it has no last-good picture")
    obj = workload_object(look, subject)
    if isinstance(obj, Unread):
        return look.unknown(obj, f"{name}: ")
    if obj is None:
        return look.said(False, f"there is no {subject_text(subject)}")
    images = images_of(look, obj)
    if isinstance(images, Unread):
        return look.unknown(images, f"{name}: ")
    if not good.images:
        return look.unclear(
            UnknownKind.NO_DATA, f"what {name} ran is not known: its last-good picture does not say it"
        )
    if other_images(images, good.images):
        return look.said(
            False, f"{name} is to run {named(list(images))}, and was good with {named(list(good.images))}"
        )
    return look.said(True, f"{name} is to run what it was good with")


_NEEDS = frozenset(WORKLOADS)
_SIZES = _NEEDS | {HorizontalPodAutoscaler.KIND}
_ALL = "deployments.apps,statefulsets.apps,horizontalpodautoscalers.autoscaling"
PROBES = (
    Probe(
        id="last-good.fresh",
        title="what each service was when it served is known, and lately",
        judge=_fresh,
        line=lambda _: remark(
            "jq -r '.cluster, (.picture.services[] | [.name, .replicas, (.at | todate)] | @tsv)' last-good-*.json",
            "in the folder of [recovery.last_good]: each service is there, and none is older than fresh",
        ),
        arguments=(OF,),
    ),
    Probe(
        id="last-good.restored",
        title="all of tier {tier} serve, sized as they were",
        judge=_restored,
        line=lambda _: kubectl("get", _ALL, "-A"),
        arguments=(ProbeArgument(id="tier", title="1 to 5"), OF, CLUSTER),
        needs=_SIZES,
    ),
    Probe(
        id="last-good.quiet",
        title="nothing runs of what is restored",
        judge=_quiet,
        line=lambda _: kubectl("get", f"{_ALL},pods", "-A"),
        arguments=(CLUSTER,),
        needs=_NEEDS | {Pod.KIND, ReplicaSet.KIND},
    ),
    Probe(
        id="last-good.sized",
        title="{workload} wants {replicas} replicas, or as many as its HPA says",
        judge=_sized,
        line=lambda a: of_object(a, "workload", "-o", "jsonpath={.spec.replicas}"),
        arguments=(WORKLOAD, ProbeArgument(id="replicas", title="how many it was"), CLUSTER),
        needs=_SIZES,
    ),
    Probe(
        id="last-good.rests-on",
        title="what {workload} rests on serves",
        judge=_of_declared(_rests),
        line=lambda _: kubectl("get", _ALL, "-A"),
        arguments=(WORKLOAD, CLUSTER),
        needs=_NEEDS,
    ),
    Probe(
        id="last-good.images",
        title="{workload} is to run the images that it was good with",
        judge=_of_declared(_images),
        line=lambda a: of_object(a, "workload", "-o", "jsonpath={.spec.template.spec.containers[*].image}"),
        arguments=(WORKLOAD, OF, CLUSTER),
        needs=_NEEDS,
    ),
)
