"""The probe of the place in which services are brought up: whether it has each of them, as it was, and room for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from tfdash.model.autoscaling import ClusterAutoscaler, NodePool
from tfdash.model.capacity import LimitRange, ResourceQuota
from tfdash.model.kube import HorizontalPodAutoscaler, Pod, ReplicaSet, Template
from tfdash.model.kubecluster import Node
from tfdash.model.last_good import GoodService
from tfdash.model.room import NodeRoom
from tfdash.model.run import Probed
from tfdash.model.subject import Key
from tfdash.model.verdict import UnknownKind
from tfdash.nouns import counted
from tfdash.playbook.nodes.capacity import held
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.control_plane import answers
from tfdash.playbook.procedures.probes.lines import kubectl
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook
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
    WORKLOADS,
    images_of,
    other_images,
    pods_of_workloads,
    template_of,
    workload_object,
)
from tfdash.playbook.procedures.recovery_settings import PIPELINE, SIGNED, SYNC
from tfdash.playbook.procedures.room_for import (
    Fitting,
    MorePods,
    into_quotas,
    onto_nodes,
)
from tfdash.playbook.procedures.subject_text import subject_text
from tfdash.playbook.resources.autoscaler import FRESH, grows, pool_grows
from tfdash.playbook.resources.room import size_of
from tfdash.playbook.serving.rollout_status import condition
from tfdash.playbook.staleness import Unread
from tfdash.pod_requests import ENDED


class _Found(NamedTuple):
    """What was seen of the services there: names, or sentences, of what is missing; ``blind``: why something is not known; ``by_hand``:
    what is brought up by hand and stands in no cluster as it is declared, as a database outside may not."""

    absent: list[str]
    unscaled: list[str]
    others: list[str]  # that run other images
    unset: list[str]  # in words: what brings them up is not configured
    blind: list[Probed]
    by_hand: list[str]

    @property
    def lacking(self) -> set[str]:
        return {*self.absent, *self.unscaled, *self.others}


def _ready(case: ProbeCase) -> Probed:
    look, of = ProbeLook(case), ProbeLook(case).argument("of")
    if (unset := not_kept(look)) is not None:
        return unset
    there = answers(look)
    if isinstance(there, Unread):
        return look.unknown(there, f"{look.ref.cluster}: ")
    if not there:
        told = f"the API server of {look.ref.cluster} does not answer: what is there is not known"
        return look.unclear(UnknownKind.NO_DATA, told)
    policy = recovery_of(case)
    good = good_services(pictures_of(case), look.ref.environment, of)
    idle = not_served(case, of) if of else ()
    wanted = {name: one for name, one in good.items() if name in policy.services}
    unseen = [name for name in policy.services if name not in good and name not in idle]
    if not wanted and not unseen:
        return look.said(
            True, f"{of} serves none of {counted(len(idle), 'service')}: nothing is to be brought up"
        )
    found = _Found([], [], [], [], [], [])
    for name, one in wanted.items():
        _one(look, name, one, found)
    room = _room(look, of, wanted)
    return _said(look, found, unseen, room, len(wanted) + len(unseen))


def _said(look: ProbeLook, found: _Found, unseen: list[str], room: Fitting | Probed, of: int) -> Probed:
    """What is missing stands first, then what is not known: neither is ever ready."""
    whole = of - len(unseen) - len(found.lacking)
    missing = [
        *_listed("not there", found.absent),
        *_listed("without their HPA", found.unscaled),
        *_listed("with other images", found.others),
        *found.unset,
    ]
    short = isinstance(room, Fitting) and room.short
    unclear = [one.sentence for one in (*found.blind, *([] if isinstance(room, Fitting) else [room]))]
    if unseen:
        unclear.append(f"what {named(unseen)} was is not known: no last-good picture has it")
    told = [*missing, *([_fits(room)] if isinstance(room, Fitting) and (short or not missing) else [])]
    head = f"{look.ref.cluster} has {whole} of {counted(of, 'service')}"
    if missing or short:
        return look.said(False, f"{head}: {'; '.join((*told, *unclear))}")
    if unclear:
        kind = next((one.unknown for one in (*found.blind, room) if isinstance(one, Probed)), None)
        return look.unclear(kind or UnknownKind.NO_DATA, f"{look.ref.cluster}: {'; '.join(unclear)}")
    by_hand = f"; by hand, and not looked at: {named(found.by_hand)}" if found.by_hand else ""
    return look.said(True, f"{look.ref.cluster} has all of {counted(of, 'service')}; {told[0]}{by_hand}")


def _listed(word: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"{word} {named(names)}"


def _fits(room: Fitting) -> str:
    if not room.of:
        return "no more pods are needed"
    more = f": {room.told}" if room.told else ""
    return f"room for {room.pods} of {counted(room.of, 'pod')} more{more}"


def _one(look: ProbeLook, name: str, one: GoodService, found: _Found) -> None:
    """One service there: what comes up by its size stands there already, what comes up otherwise has what brings it up."""
    policy = recovery_of(look.case)
    if one.comes_up in (SYNC, PIPELINE):
        command = look.argument(one.comes_up)
        places = policy.commands.get(command)
        if places is None:
            found.unset.append(
                f"{name} comes up by {one.comes_up} {one.by}, and there is no [procedures.commands.{command}]"
            )
        elif one.comes_up == PIPELINE and f"pipeline {one.by}" not in places:
            found.unset.append(f'{name}: [procedures.commands.{command}] may not run in "pipeline {one.by}"')
        return
    obj = workload_object(look, one.workload._replace(cluster=look.ref, uid=""))
    if one.comes_up == SIGNED:
        if obj is None or isinstance(obj, Unread):
            found.by_hand.append(name)
        return
    if isinstance(obj, Unread):
        found.blind.append(look.unknown(obj, f"{name}: "))
        return
    if obj is None:
        found.absent.append(name)
        return
    if one.scaler:
        scaler = look.one(HorizontalPodAutoscaler, Key(one.workload.namespace, one.scaler))
        if isinstance(scaler, Unread):
            found.blind.append(look.unknown(scaler, f"the HPA of {name}: "))
        elif scaler is None or (scaler.target_kind, scaler.target_name) != (obj.KIND, obj.name):
            found.unscaled.append(name)
    images = images_of(look, obj)
    if not isinstance(images, Unread) and one.images and other_images(images, one.images):
        found.others.append(name)


# -- room --------------------------------------------------------------------------------------------------------------


def _room(look: ProbeLook, of: str, wanted: Mapping[str, GoodService]) -> Fitting | Probed:
    """For the pods that are not there yet, each service sized as it was."""
    more = _more(look, of, wanted)
    if isinstance(more, Probed):
        return more
    if not more:
        return Fitting(0, 0, "")
    by_quotas = _by_quotas(look, more)
    if isinstance(by_quotas, Probed) or by_quotas.short:
        return by_quotas
    rooms = _rooms(look)
    if isinstance(rooms, Unread):
        return look.unknown(rooms, _NOT_KNOWN)
    by_nodes = onto_nodes(more, rooms)
    if by_nodes.short and (adds := _who_adds(look)):
        told = f"room for {by_nodes.pods} of {counted(by_nodes.of, 'pod')} now, and whether {adds} adds nodes for the others is not known"
        return look.unclear(UnknownKind.NO_DATA, told)
    uncounted = sorted({word for one in more for word in one.size.placement.uncounted})
    besides = f" ({', '.join(uncounted)} not looked at)" if uncounted else ""
    return by_nodes._replace(told=f"{by_nodes.told}{besides}")


_NOT_KNOWN = "whether there is room is not known: "


def _more(look: ProbeLook, of: str, wanted: Mapping[str, GoodService]) -> list[MorePods] | Probed:
    """What a service asks for is told by what stands there; else by what it is where it served. Of one that comes up by hand from nowhere
    nothing is counted: it may be no pods."""
    there = pods_of_workloads(look, lambda pod: bool(pod.node) and pod.deleting is None)
    if isinstance(there, Unread):
        return look.unknown(there, _NOT_KNOWN)
    before = ProbeLook(msgspec.structs.replace(look.case, arguments={"cluster": of})) if of else None
    found: list[MorePods] = []
    for name, one in wanted.items():
        namespace, pods = one.workload.namespace, one.replicas - there.get(subject_text(one.workload), 0)
        if pods <= 0:
            continue
        templates = (_template(at, one) for at in (look, before) if at is not None)
        template = next((made for made in templates if made is not None), None)
        if template is None:
            if one.comes_up == SIGNED:
                continue
            return look.unclear(
                UnknownKind.NO_DATA, f"{_NOT_KNOWN}what a pod of {name} asks for stands nowhere"
            )
        limits = look.within(LimitRange, namespace)
        if isinstance(limits, Unread):
            return look.unknown(limits, _NOT_KNOWN)
        found.append(MorePods(name, namespace, size_of(template, None, limits), pods))
    return found


def _template(look: ProbeLook, one: GoodService) -> Template | None:
    obj = workload_object(look, one.workload._replace(cluster=look.ref, uid=""))
    made = None if obj is None or isinstance(obj, Unread) else template_of(look, obj)
    return None if isinstance(made, Unread) else made


def _by_quotas(look: ProbeLook, more: Sequence[MorePods]) -> Fitting | Probed:
    found: list[ResourceQuota] = []
    for namespace in dict.fromkeys(one.namespace for one in more):
        quotas = look.within(ResourceQuota, namespace)
        if isinstance(quotas, Unread):
            return look.unknown(quotas, _NOT_KNOWN)
        for quota in quotas:
            if quota.wanted and not quota.hard:
                told = f"{_NOT_KNOWN}quota {quota.name} in {namespace} was not counted yet"
                return look.unclear(UnknownKind.LOADING, told)
        found += quotas
    return into_quotas(more, found)


def _rooms(look: ProbeLook) -> list[NodeRoom] | Unread:
    """What is free on each node that is ready, by what its pods ask for."""
    nodes, pods = look.all(Node), look.all(Pod)
    if isinstance(nodes, Unread):
        return nodes
    if isinstance(pods, Unread):
        return pods
    on: defaultdict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        if pod.node and pod.phase not in ENDED:
            on[pod.node].append(pod)
    found: list[NodeRoom] = []
    for node in nodes:
        ready = condition(node.conditions, "Ready")
        if ready is None or ready.status != "True":
            continue
        if not node.allocatable:
            return Unread(UnknownKind.NO_DATA, f"{node.name} does not say what it has for pods")
        asked = dict(held(on[node.name]))
        free = tuple((name, value - asked.get(name, 0)) for name, value in node.allocatable)
        found.append(NodeRoom(node.name, node.labels, node.taints, node.unschedulable, free))
    return found


def _who_adds(look: ProbeLook) -> str:
    """Who may add nodes, as far as that is read; "" where nobody does."""
    scalers, pools = look.some(ClusterAutoscaler), look.some(NodePool)
    for scaler in () if isinstance(scalers, Unread) else scalers[0]:
        if look.now < scaler.at + FRESH and (groups := grows(scaler)):
            return f"the cluster-autoscaler (node group {groups[0].name})"
    growing = (p for p in (() if isinstance(pools, Unread) else pools[0]) if pool_grows(p))
    return next((f"Karpenter (node pool {p.name})" for p in growing), "")


_NEEDS = frozenset(WORKLOADS) | {
    kind.KIND for kind in (HorizontalPodAutoscaler, Pod, ReplicaSet, Node, ResourceQuota, LimitRange)
}
_LISTED = "deployments.apps,statefulsets.apps,horizontalpodautoscalers.autoscaling,resourcequotas"
PROBES = (
    Probe(
        id="standby.ready",
        title="what is brought up stands there as it was, and there is room for it",
        judge=_ready,
        line=lambda _: f"{kubectl('get', _LISTED, '-A')}; {kubectl('describe', 'nodes')}",
        arguments=(
            OF,
            ProbeArgument(id=SYNC, title="the command by which what comes up by sync does", needed=False),
            ProbeArgument(
                id=PIPELINE, title="the command by which what comes up by a pipeline does", needed=False
            ),
            CLUSTER,
        ),
        needs=_NEEDS,
    ),
)
