"""Probes of a cluster's control plane: whether it answers, its version, and what an update would break."""

from __future__ import annotations

from tfdash.model.kubecluster import Node
from tfdash.model.observation import ProblemKind
from tfdash.model.run import Probed
from tfdash.model.verdict import UnknownKind
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import kubectl
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook
from tfdash.playbook.staleness import Unread
from tfdash.playbook.versions.running import KUBELET_BEHIND, OLD_KUBELET, OLD_KUBELET_BEHIND
from tfdash.playbook.versions.version import ReadVersion, read, same_update

_SILENT = frozenset({ProblemKind.UNREACHABLE, ProblemKind.TIMEOUT, ProblemKind.SERVER_ERROR})
VERSION = ProbeArgument(id="version", title="1.37 or 1.37.2")
_FEW = 3  # that are named one by one


def answers(sight: ProbeLook) -> bool | Unread:
    """Whether its API server answers this terminal: False only where it was asked and nothing came back."""
    if (away := sight.away()) is not None:
        return away
    assert sight.cluster is not None
    info = sight.cluster.info
    if info.problem is not None:
        if info.problem.kind in _SILENT:
            return False
        return Unread(
            UnknownKind.NO_PRIVILEGE, str(info.problem)
        )  # it answers, and not us: no sign of its health
    if info.value is None:
        return Unread(UnknownKind.LOADING, "still loading")
    return sight.old(info) or True


def _away(case: ProbeCase) -> Probed:
    sight = ProbeLook(case)
    found = answers(sight)
    name = sight.ref.cluster
    if isinstance(found, Unread):
        return sight.unknown(found, f"{name}: ")
    assert sight.cluster is not None
    info = sight.cluster.info
    if found:
        return sight.said(False, f"the API server of {name} answers")
    assert info.problem is not None
    since = f" since {near(info.problem.since, sight.now, sight.zone)}" if info.problem.since else ""
    return sight.said(
        True, f"the API server of {name} does not answer this terminal{since}: {info.problem.cause}"
    )


def _here(case: ProbeCase) -> Probed:
    sight = ProbeLook(case)
    found = answers(sight)
    if isinstance(found, Unread):
        return sight.unknown(found, f"{sight.ref.cluster}: ")
    return sight.said(
        found, f"the API server of {sight.ref.cluster} {'answers' if found else 'does not answer'}"
    )


def _server(sight: ProbeLook) -> ReadVersion | Unread:
    found = answers(sight)
    if isinstance(found, Unread):
        return found
    assert sight.cluster is not None
    info = sight.cluster.info.value
    if not found or info is None:
        return Unread(UnknownKind.NO_DATA, "the API server does not answer")
    told = read(info.version, sight.policies.versions.endings)
    return (
        told if told is not None else Unread(UnknownKind.NO_DATA, "the API server does not say its version")
    )


def _version(case: ProbeCase) -> Probed:
    sight, wanted = ProbeLook(case), case.arguments.get("version", "")
    server = _server(sight)
    if isinstance(server, Unread):
        return sight.unknown(server, f"{sight.ref.cluster}: ")
    same = same_update(wanted, server.version)
    word = "that is" if same else "that is not"
    return sight.said(same, f"the API server of {sight.ref.cluster} runs {server.text}: {word} {wanted}")


def _skew(case: ProbeCase) -> Probed:
    """By https://kubernetes.io/releases/version-skew-policy/: no kubelet is newer than the API server, none more minors behind than
    are allowed. With ``version``: as it would be with an API server of that version."""
    sight, wanted = ProbeLook(case), case.arguments.get("version", "")
    server = _server(sight)
    if isinstance(server, Unread):
        return sight.unknown(server, f"{sight.ref.cluster}: ")
    nodes = sight.all(Node)
    if isinstance(nodes, Unread):
        return sight.unknown(nodes)
    at = server.version[:2]
    if wanted:
        planned = read(f"{wanted}.0" if wanted.count(".") == 1 else wanted, {})
        if planned is None:
            return sight.unclear(UnknownKind.NOT_COMPARABLE, f"{wanted!r} is no version of Kubernetes")
        at = planned.version[:2]
    wrong: list[str] = []
    blind: list[str] = []
    for node in nodes:
        told = read(node.kubelet_version, sight.policies.versions.endings)
        if told is None:
            blind.append(node.name)
            continue
        mine = told.version[:2]
        behind = OLD_KUBELET_BEHIND if mine < OLD_KUBELET else KUBELET_BEHIND
        if mine[0] != at[0] or not 0 <= at[1] - mine[1] <= behind:
            wrong.append(f"{node.name} runs {told.version.cycle}")
    with_ = f"{at[0]}.{at[1]}"
    if wrong:
        rest = f" and {len(wrong) - _FEW} more" if len(wrong) > _FEW else ""
        sentence = f"{len(wrong)} of {counted(len(nodes), 'node')} too far from {with_}: {', '.join(wrong[:_FEW])}{rest}"
        return sight.said(False, sentence)
    if blind or not nodes:
        what = f"{blind[0]} does not say its version" if blind else "no node is listed"
        return sight.unclear(UnknownKind.NO_DATA, f"beside {with_}: {what}")
    return sight.said(
        True, f"{len(nodes)} of {counted(len(nodes), 'kubelet')} within {KUBELET_BEHIND} minors of {with_}"
    )


def _removed(case: ProbeCase) -> Probed:
    """Of what the API server counted as asked for since it began, nothing is gone in ``version``. What was not asked for since may be used
    all the same: the sentence says since when it counts."""
    sight, wanted = ProbeLook(case), case.arguments.get("version", "")
    planned = read(f"{wanted}.0" if wanted.count(".") == 1 else wanted, {})
    if planned is None:
        return sight.unclear(UnknownKind.NOT_COMPARABLE, f"{wanted!r} is no version of Kubernetes")
    server = _server(sight)
    if isinstance(server, Unread):
        return sight.unknown(server, f"{sight.ref.cluster}: ")
    assert sight.cluster is not None and sight.cluster.info.value is not None
    found = sight.cluster.info.value.deprecated
    if found is None:
        told = "[sources.kubernetes] removed_apis is off, or they were not read yet"
        return sight.unclear(
            UnknownKind.NO_DATA, f"which deprecated API versions are used is not known: {told}"
        )
    if found.problem:
        kind = UnknownKind.NO_PRIVILEGE if found.refused else UnknownKind.QUERY_ERROR
        return sight.unclear(kind, f"which deprecated API versions are used is not known: {found.problem}")
    gone, odd = [], []
    for api in found.asked:
        at = read(f"{api.removed}.0", {})
        if at is None:
            odd.append(api)
        elif at.version[:2] <= planned.version[:2]:
            gone.append(f"{api} (removed in {api.removed})")
    since = near(found.since, sight.now, sight.zone) if found.since else "it began"
    if gone:
        rest = f" and {len(gone) - _FEW} more" if len(gone) > _FEW else ""
        return sight.said(
            False, f"asked for since {since} and gone in {wanted}: {', '.join(gone[:_FEW])}{rest}"
        )
    if odd:
        return sight.unclear(UnknownKind.NO_DATA, f"{odd[0]}: nobody says in which version it is removed")
    return sight.said(True, f"nothing that is gone in {wanted} was asked for since {since}")


_METRIC = "apiserver_requested_deprecated_apis"
PROBES = (
    Probe(
        id="control-plane.away",
        title="the API server does not answer",
        judge=_away,
        line=lambda _: kubectl("get", "--raw", "/readyz?verbose"),
        arguments=(CLUSTER,),
        reach=True,
    ),
    Probe(
        id="control-plane.answers",
        title="the API server answers",
        judge=_here,
        line=lambda _: kubectl("get", "--raw", "/readyz?verbose"),
        arguments=(CLUSTER,),
        reach=True,
    ),
    Probe(
        id="control-plane.version",
        title="the API server runs {version}",
        judge=_version,
        line=lambda _: kubectl("version"),
        arguments=(VERSION, CLUSTER),
    ),
    Probe(
        id="skew.ok",
        title="no kubelet is too far from the API server",
        judge=_skew,
        line=lambda _: kubectl(
            "get", "nodes", "-o", "custom-columns=NAME:.metadata.name,VERSION:.status.nodeInfo.kubeletVersion"
        ),
        arguments=(
            ProbeArgument(id="version", title="that the API server would have", needed=False),
            CLUSTER,
        ),
        needs=frozenset({Node.KIND}),
    ),
    Probe(
        id="removed-apis.none",
        title="nothing that {version} takes away is used",
        judge=_removed,
        line=lambda _: f"{kubectl('get', '--raw', '/metrics')} | grep ^{_METRIC}",
        arguments=(VERSION, CLUSTER),
    ),
)
