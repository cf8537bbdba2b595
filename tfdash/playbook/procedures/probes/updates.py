"""Probes of an update of Kubernetes: whether it may go to this environment now, whether it was observed, and how far its nodes are."""

from __future__ import annotations

from tfdash.model.kube import Owner, Pod, PodDisruptionBudget, ReplicaSet
from tfdash.model.kubecluster import Node
from tfdash.model.run import Probed
from tfdash.model.subject import Key
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.moments import weekday_moment
from tfdash.nouns import counted
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.control_plane import VERSION
from tfdash.playbook.procedures.probes.lines import kubectl, remark
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook, number_of
from tfdash.playbook.procedures.probes.nodes import NODE, leaving
from tfdash.playbook.serving.links import selects
from tfdash.playbook.serving.rollout_status import condition
from tfdash.playbook.staleness import Unread
from tfdash.playbook.versions.production import PRODUCTION, SOAK
from tfdash.playbook.versions.version import read, same_update
from tfdash.pod_requests import ENDED

_FEW = 3  # that are named one by one


def _may_go(case: ProbeCase) -> Probed:
    """To development at any time; to staging once development runs it; to production as ``versions.production`` says: soak and notice."""
    sight, wanted = ProbeLook(case), case.arguments.get("version", "")
    here, rules = sight.ref.environment, sight.policies.versions.rules
    if here == rules.production:
        return _to_production(sight, wanted)
    if here == rules.staging:
        return _to_staging(sight, wanted)
    if here == rules.development:
        return sight.said(True, f"{here} is updated first")
    known = ", ".join(filter(None, (rules.development, rules.staging, rules.production)))
    return sight.unclear(UnknownKind.NOT_WATCHED, f"{here} is none of {known} ([versions])")


def _verdict(sight: ProbeLook, rule: str) -> Verdict | None:
    state = sight.case.assessment.versions
    return next((v for v in state.verdicts if v.rule == rule), None) if state is not None else None


def _to_production(sight: ProbeLook, wanted: str) -> Probed:
    verdict, state = _verdict(sight, PRODUCTION), sight.case.assessment.versions
    if verdict is None or state is None:
        return sight.unclear(UnknownKind.LOADING, "whether a version may go to production is not judged yet")
    if verdict.level in (Level.UNKNOWN, Level.IDLE):
        return sight.unclear(verdict.unknown or UnknownKind.NOT_WATCHED, verdict.sentence)
    waits = read(state.next, {}) if state.next else None
    if waits is None or not same_update(wanted, waits.version):
        other = f"{state.next} waits" if state.next else "none waits"
        return sight.said(False, f"{other} for {sight.ref.environment}, not {wanted}: {verdict.sentence}")
    return sight.said(verdict.level in (Level.OK, Level.MOVING), verdict.sentence)


def _to_staging(sight: ProbeLook, wanted: str) -> Probed:
    rules, memory = sight.policies.versions.rules, sight.case.picture.store_state
    first = rules.development
    if not first:
        return sight.said(True, "no environment is updated before it")
    if not memory.health.read or memory.health.unread:
        why = memory.health.unread or "what terminals recorded is read now"
        return sight.unclear(UnknownKind.NO_DATA, f"what {first} ran is not known: {why}")
    of_first = [s for s in memory.versions.sightings if s.cluster.environment == first]
    if not of_first:
        return sight.unclear(UnknownKind.NO_DATA, f"nobody has watched {first}")
    endings = sight.policies.versions.endings
    since = min(
        (
            s.since
            for s in of_first
            if all(told is not None and same_update(wanted, told.version) for told in (read(v, endings) for v in s.versions))
        ),
        default=None,
    )  # fmt: skip
    if since is None:
        return sight.said(False, f"{first} was not seen with {wanted} on all of it")
    return sight.said(True, f"{first} has it since {weekday_moment(since, sight.zone)}")


def _observed(case: ProbeCase) -> Probed:
    """Of staging alone: it soaked for as long as ``[versions] soak`` says. Other environments are not observed before they are done."""
    sight, wanted = ProbeLook(case), case.arguments.get("version", "")
    staging = sight.policies.versions.rules.staging
    if sight.ref.environment != staging:
        return sight.said(
            True, f"only {staging or 'staging'} is observed, and this is {sight.ref.environment}"
        )
    verdict, state = _verdict(sight, SOAK), case.assessment.versions
    if verdict is None or state is None or state.soak is None:
        return sight.unclear(UnknownKind.LOADING, "how it soaks is not judged yet")
    if verdict.level is Level.UNKNOWN:
        return sight.unclear(verdict.unknown or UnknownKind.NO_DATA, verdict.sentence)
    runs = read(state.soak.version, {})
    if runs is None or not same_update(wanted, runs.version):
        return sight.said(False, f"not {wanted}: {verdict.sentence}")
    return sight.said(verdict.level is Level.OK, verdict.sentence)


# -- nodes ----------------------------------------------------------------------------------------------------------------


def _ready(node: Node) -> bool:
    status = condition(node.conditions, "Ready")
    return status is not None and status.status == "True" and not node.unschedulable


def _runs(sight: ProbeLook, node: Node, wanted: str) -> bool | None:
    """None where it does not say a version."""
    told = read(node.kubelet_version, sight.policies.versions.endings)
    return None if told is None else same_update(wanted, told.version)


def _all_run(case: ProbeCase) -> Probed:
    sight, wanted = ProbeLook(case), case.arguments.get("version", "")
    nodes = sight.all(Node)
    if isinstance(nodes, Unread):
        return sight.unknown(nodes)
    told = [(node, _runs(sight, node, wanted)) for node in nodes]
    others = [f"{node.name} runs {node.kubelet_version}" for node, runs in told if runs is False]
    if others:
        return sight.said(
            False, f"{len(others)} of {counted(len(nodes), 'node')} do not run {wanted}: {_some(others)}"
        )
    blind = [node.name for node, runs in told if runs is None]
    if blind or not nodes:
        what = f"{blind[0]} does not say its version" if blind else "no node is listed"
        return sight.unclear(UnknownKind.NO_DATA, what)
    return sight.said(True, f"{len(nodes)} of {counted(len(nodes), 'node')} run {wanted}")


def _joined(case: ProbeCase) -> Probed:
    """New since ``since``, so that none counts that was there before: ready, taking pods, of the version."""
    sight, wanted = ProbeLook(case), case.arguments.get("version", "")
    since, many = number_of(case.arguments, "since"), number_of(case.arguments, "count") or 1
    if since is None:
        return sight.unclear(UnknownKind.NOT_COMPARABLE, f"{sight.argument('since')!r} is no time")
    nodes = sight.all(Node)
    if isinstance(nodes, Unread):
        return sight.unknown(nodes)
    new = [node for node in nodes if node.created >= since]
    good = [node.name for node in new if _ready(node) and _runs(sight, node, wanted)]
    words = f"{len(good)} of {counted(many, 'new node')} of {wanted} ready"
    rest = [node.name for node in new if node.name not in good]
    more = f"; {_some(rest)} not ready with it" if rest else ""
    return sight.said(len(good) >= many, f"{words}{f': {_some(good)}' if good else ''}{more}")


def _evictable(case: ProbeCase) -> Probed:
    """No PodDisruptionBudget refuses a pod that a drain evicts. Budget and owner of the pod are named."""
    sight = ProbeLook(case)
    name = sight.argument("node").removeprefix("Node ")
    node, pods, budgets, sets = (
        sight.one(Node, Key("", name)),
        sight.all(Pod),
        sight.all(PodDisruptionBudget),
        sight.all(ReplicaSet),
    )
    for one in (node, pods, budgets, sets):
        if isinstance(one, Unread):
            return sight.unknown(one, f"{name}: ")
    assert not isinstance(pods, Unread) and not isinstance(budgets, Unread) and not isinstance(sets, Unread)
    if node is None:
        return sight.said(True, f"there is no node {name}")
    owners = {(s.namespace, s.name): s.owner for s in sets}
    held = []
    for pod in leaving(pods, name):
        if pod.deleting is not None:
            continue
        for budget in budgets:
            if (
                budget.namespace == pod.namespace
                and budget.allowed <= 0
                and selects(budget.selector, pod.labels)
            ):
                needs = f"{budget.healthy} healthy, {budget.desired_healthy} needed"
                held.append(
                    f"PodDisruptionBudget {budget.namespace}/{budget.name} ({needs}) keeps pod {pod.name} of {_owner(pod, owners)}"
                )
    if held:
        return sight.said(False, f"{name}: {_some(held)}")
    return sight.said(True, f"no PodDisruptionBudget keeps a pod on {name}")


def _owner(pod: Pod, owners: dict[tuple[str, str], Owner | None]) -> str:
    """The workload that a pod is of: of a ReplicaSet's pod whose that is."""
    owner = pod.owner
    if owner is not None and owner.kind == "ReplicaSet":
        owner = owners.get((pod.namespace, owner.name)) or owner
    return f"{owner.kind} {pod.namespace}/{owner.name}" if owner is not None else "nobody"


def _placed(case: ProbeCase) -> Probed:
    sight = ProbeLook(case)
    pods = sight.all(Pod)
    if isinstance(pods, Unread):
        return sight.unknown(pods)
    wait = [
        f"{p.namespace}/{p.name}"
        for p in pods
        if not p.node and p.phase not in ENDED and not p.scheduling_gates and p.deleting is None
    ]
    if wait:
        return sight.said(False, f"{counted(len(wait), 'pod')} without a node: {_some(wait)}")
    return sight.said(True, "every pod has a node")


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"{', '.join(names[:_FEW])}{rest}"


_OF_NODE = frozenset({Node.KIND})
_VERSIONS = kubectl("get", "nodes", "-o", "custom-columns=NAME:.metadata.name,VERSION:.status.nodeInfo.kubeletVersion,MADE:.metadata.creationTimestamp")  # fmt: skip
PROBES = (
    Probe(
        id="update.may-go",
        title="{version} may go to this environment",
        judge=_may_go,
        line=lambda a: remark(
            _VERSIONS,
            f"in the environments that come before: all nodes of {a.get('version', '')}, and for how long; then [[versions.plan]]",
        ),
        arguments=(VERSION,),
        needs=_OF_NODE,
    ),
    Probe(
        id="update.observed",
        title="{version} was observed in staging",
        judge=_observed,
        line=lambda a: remark(
            _VERSIONS,
            f"in staging: all nodes of {a.get('version', '')}, the youngest made before [versions] soak",
        ),
        arguments=(VERSION,),
        needs=_OF_NODE,
    ),
    Probe(
        id="nodes.version",
        title="all nodes run {version}",
        judge=_all_run,
        line=lambda _: _VERSIONS,
        arguments=(VERSION, CLUSTER),
        needs=_OF_NODE,
    ),
    Probe(
        id="nodes.joined",
        title="{count} new nodes of {version} are ready",
        judge=_joined,
        line=lambda _: _VERSIONS,
        arguments=(
            VERSION,
            ProbeArgument(id="since", title="made since (epoch seconds)"),
            ProbeArgument(id="count", title="how many; 1 where it is not said", needed=False),
            CLUSTER,
        ),
        needs=_OF_NODE,
    ),
    Probe(
        id="node.evictable",
        title="no budget keeps a pod on {node}",
        judge=_evictable,
        line=lambda _: kubectl("get", "poddisruptionbudgets", "-A"),
        arguments=(NODE, CLUSTER),
        needs=frozenset({Node.KIND, Pod.KIND, PodDisruptionBudget.KIND, ReplicaSet.KIND}),
    ),
    Probe(
        id="pods.placed",
        title="every pod has a node",
        judge=_placed,
        line=lambda _: kubectl("get", "pods", "-A", "--field-selector", "spec.nodeName="),
        arguments=(CLUSTER,),
        needs=frozenset({Pod.KIND}),
    ),
)
