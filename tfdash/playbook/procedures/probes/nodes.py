"""Probes of nodes and of single pods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Node
from tfdash.model.run import Probed
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Level, UnknownKind
from tfdash.nouns import counted
from tfdash.playbook.nodes.ready import judge as judge_node
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import kubectl
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook, number_of
from tfdash.playbook.serving.rollout_status import condition
from tfdash.playbook.staleness import Unread
from tfdash.playbook.versions.version import read, same_update
from tfdash.pod_requests import ENDED

NODE = ProbeArgument(id="node", title="the node")
POD = ProbeArgument(id="pod", title="namespace/name")
MANY = 34  # percent of the nodes, where nothing else is said: more than a third
_FEW = 3  # that are named one by one


def _of_node(say: Callable[[ProbeLook, Node], Probed], gone: bool = False) -> Callable[[ProbeCase], Probed]:
    """``gone``: what is said where there is no such node."""

    def judge(case: ProbeCase) -> Probed:
        sight = ProbeLook(case)
        name = sight.argument("node").removeprefix("Node ")
        node = sight.one(Node, Key("", name))
        if isinstance(node, Unread):
            return sight.unknown(node, f"{name}: ")
        return sight.said(gone, f"there is no node {name}") if node is None else say(sight, node)

    return judge


def _ready(sight: ProbeLook, node: Node) -> Probed:
    told = judge_node(sight.ref, node)
    if told.level is Level.UNKNOWN:
        return sight.unclear(told.unknown or UnknownKind.NO_DATA, told.sentence)
    status = condition(node.conditions, "Ready")
    return sight.said(status is not None and status.status == "True", told.sentence)


def _version(sight: ProbeLook, node: Node) -> Probed:
    wanted = sight.argument("version")
    told = read(node.kubelet_version, sight.policies.versions.endings)
    if told is None:
        return sight.unclear(UnknownKind.NO_DATA, f"{node.name} does not say a version of Kubernetes")
    same = same_update(wanted, told.version)
    word = "that is" if same else "that is not"
    return sight.said(same, f"{node.name} runs {told.text}: {word} {wanted}")


def _cordoned(sight: ProbeLook, node: Node) -> Probed:
    word = "is cordoned" if node.unschedulable else "takes new pods"
    return sight.said(node.unschedulable, f"{node.name} {word}")


def _schedulable(sight: ProbeLook, node: Node) -> Probed:
    told = _cordoned(sight, node)
    return sight.said(told.passed is False, told.sentence)


def _empty(sight: ProbeLook, node: Node) -> Probed:
    """No pod is on it but those that a drain leaves: of DaemonSets, of its own kubelet, and what has ended."""
    pods = sight.all(Pod)
    if isinstance(pods, Unread):
        return sight.unknown(pods, f"{node.name}: ")
    here = [p for p in pods if p.node == node.name and p.phase not in ENDED]
    left = leaving(here, node.name)
    stay = f"{counted(len(here) - len(left), 'pod')} of DaemonSets and its own stay"
    if not left:
        return sight.said(True, f"{node.name} is empty: {stay}")
    names = ", ".join(f"{p.namespace}/{p.name}" for p in left[:_FEW])
    rest = f" and {len(left) - _FEW} more" if len(left) > _FEW else ""
    return sight.said(False, f"{node.name} still has {counted(len(left), 'pod')}: {names}{rest}; {stay}")


def leaving(pods: Iterable[Pod], node: str) -> list[Pod]:
    """Those on a node that a drain takes away: not of DaemonSets, not its kubelet's own, not ended."""
    stays = ("DaemonSet", "Node")
    here = (p for p in pods if p.node == node and p.phase not in ENDED)
    return [p for p in here if p.owner is None or p.owner.kind not in stays]


def _uid_gone(sight: ProbeLook, node: Node) -> Probed:
    uid, since = sight.argument("uid"), number_of(sight.case.arguments, "since")
    if (uid and node.uid and node.uid != uid) or (since is not None and node.created >= since):
        return sight.said(True, f"{node.name} is another node by the same name: that one is gone")
    return sight.said(False, f"{node.name} is there")


def _many_down(case: ProbeCase) -> Probed:
    sight = ProbeLook(case)
    nodes = sight.all(Node)
    if isinstance(nodes, Unread):
        return sight.unknown(nodes)
    if not nodes:
        return sight.unclear(UnknownKind.NO_DATA, "no node is listed")
    limit = number_of(case.arguments, "percent") or MANY
    told = [judge_node(sight.ref, node) for node in nodes]
    down = [v for v in told if v.level is Level.BREACH]
    share = 100 * len(down)
    many = share >= limit * len(nodes)
    unclear = sum(v.level is Level.UNKNOWN for v in told)
    sentence = (
        f"{len(down)} of {counted(len(nodes), 'node')} not ready, {share / len(nodes):.0f} % of {limit} %"
    )
    if not many and share + 100 * unclear >= limit * len(nodes):
        return sight.unclear(UnknownKind.NO_DATA, f"{sentence}; {unclear} report nothing")
    return sight.said(many, sentence, (v.subject for v in down))


def _pod(say: Callable[[ProbeLook, Pod], Probed], gone: bool) -> Callable[[ProbeCase], Probed]:
    def judge(case: ProbeCase) -> Probed:
        sight = ProbeLook(case)
        namespace, _, name = sight.argument("pod").removeprefix("Pod ").partition("/")
        if not name:
            return sight.misnamed("pod")
        pod = sight.one(Pod, Key(namespace, name))
        if isinstance(pod, Unread):
            return sight.unknown(pod, f"{name}: ")
        return sight.said(gone, f"there is no pod {namespace}/{name}") if pod is None else say(sight, pod)

    return judge


def _pod_ready(sight: ProbeLook, pod: Pod) -> Probed:
    ready = condition(pod.conditions, "Ready")
    about = (Subject(sight.ref, "Pod", pod.namespace, pod.name),)
    if pod.deleting is not None:
        return sight.said(False, f"{pod.name} is being deleted", about)
    if pod.phase == "Unknown" or (ready is not None and ready.status == "Unknown"):
        return sight.unclear(UnknownKind.STALE, f"{pod.name}: its node does not report")
    good = ready is not None and ready.status == "True"
    word = "ready" if good else f"{pod.phase or 'not begun'}, not ready"
    return sight.said(good, f"{pod.name} is {word}", about)


def _pod_gone(sight: ProbeLook, pod: Pod) -> Probed:
    uid = sight.argument("uid")
    if uid and pod.uid and pod.uid != uid:
        return sight.said(True, f"{pod.name} is another pod by the same name: that one is gone")
    word = "is being deleted" if pod.deleting is not None else f"is there, {pod.phase}"
    return sight.said(False, f"{pod.name} {word}")


def _get_pod(*more: str) -> Callable[[Mapping[str, str]], str]:
    def line(arguments: Mapping[str, str]) -> str:
        namespace, _, name = arguments.get("pod", "").removeprefix("Pod ").partition("/")
        return kubectl("get", "pod", name, "-n", namespace, *more) if name else ""

    return line


def _get_node(*more: str) -> Callable[[Mapping[str, str]], str]:
    return lambda a: kubectl("get", "node", a.get("node", "").removeprefix("Node "), *more)


_UID = ProbeArgument(id="uid", title="of which one exactly", needed=False)
_OF_NODE = frozenset({Node.KIND})
PROBES = (
    Probe(
        id="node.ready",
        title="{node} is ready",
        judge=_of_node(_ready),
        line=_get_node(),
        arguments=(NODE, CLUSTER),
        needs=_OF_NODE,
    ),
    Probe(
        id="node.version",
        title="{node} runs {version}",
        judge=_of_node(_version),
        line=_get_node("-o", "jsonpath={.status.nodeInfo.kubeletVersion}"),
        arguments=(NODE, ProbeArgument(id="version", title="1.37 or 1.37.2"), CLUSTER),
        needs=_OF_NODE,
    ),
    Probe(
        id="node.cordoned",
        title="{node} is cordoned",
        judge=_of_node(_cordoned),
        line=_get_node("-o", "jsonpath={.spec.unschedulable}"),
        arguments=(NODE, CLUSTER),
        needs=_OF_NODE,
    ),
    Probe(
        id="node.schedulable",
        title="{node} takes new pods",
        judge=_of_node(_schedulable),
        line=_get_node("-o", "jsonpath={.spec.unschedulable}"),
        arguments=(NODE, CLUSTER),
        needs=_OF_NODE,
    ),
    Probe(
        id="node.empty",
        title="{node} has no pods but those that stay",
        judge=_of_node(_empty, gone=True),
        line=lambda a: kubectl(
            "get",
            "pods",
            "-A",
            "--field-selector",
            f"spec.nodeName={a.get('node', '').removeprefix('Node ')}",
        ),
        arguments=(NODE, CLUSTER),
        needs=frozenset({Node.KIND, Pod.KIND}),
    ),
    Probe(
        id="node.gone",
        title="{node} is gone",
        judge=_of_node(_uid_gone, gone=True),
        line=_get_node("--ignore-not-found", "-o", "jsonpath={.metadata.uid}"),
        arguments=(
            NODE,
            _UID,
            ProbeArgument(id="since", title="one made since then (epoch seconds) is another", needed=False),
            CLUSTER,
        ),
        needs=_OF_NODE,
    ),
    Probe(
        id="nodes.many-down",
        title="many nodes are not ready",
        judge=_many_down,
        line=lambda _: kubectl("get", "nodes"),
        arguments=(
            ProbeArgument(id="percent", title="how many of a hundred are many", needed=False),
            CLUSTER,
        ),
        needs=_OF_NODE,
    ),
    Probe(
        id="pod.ready",
        title="{pod} is ready",
        judge=_pod(_pod_ready, gone=False),
        line=_get_pod(),
        arguments=(POD, CLUSTER),
        needs=frozenset({Pod.KIND}),
    ),
    Probe(
        id="pod.gone",
        title="{pod} is gone",
        judge=_pod(_pod_gone, gone=True),
        line=_get_pod("--ignore-not-found", "-o", "jsonpath={.metadata.uid}"),
        arguments=(POD, _UID, CLUSTER),
        needs=frozenset({Pod.KIND}),
    ),
)
