"""The rules of nodes that may be taken away at any time: what should not stand on them (state, and a service's only replica), and how
much of a pool and of the cluster they are."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.figures import percent
from tfdash.model import resource_rules
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Deployment, Object, Pod, ReplicaSet, StatefulSet
from tfdash.model.kubecluster import Node
from tfdash.model.subject import Key, Subject
from tfdash.model.usage import Usage, usage_key
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.node_pools import CAPACITY, on_spot
from tfdash.nouns import counted
from tfdash.playbook.resources.pool_nodes import called, has_nodes, nodes_of
from tfdash.playbook.resources.rightsize import pods_of
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving.links import PODS_OF, REPLICA_SETS_OF
from tfdash.playbook.staleness import Unread
from tfdash.quantities import Amounts, amount, total

ID = resource_rules.SPOT
SHARE_ID = resource_rules.SPOT_SHARE


def _judge(case: Case[Object]) -> RuleResult | None:
    subject, workload = case.subject, case.obj
    stateful = isinstance(workload, StatefulSet)
    if not stateful and pods_of(workload) != 1:
        return None
    owners = (
        [workload.uid] if stateful else [s.uid for s in case.some(REPLICA_SETS_OF, workload.uid) if s.desired]
    )
    there = [
        pod
        for uid in owners
        for pod in case.some(PODS_OF, uid)
        if pod.node and (node := case.maybe(Node, Key("", pod.node))) is not None and on_spot(node)
    ]
    if not there:
        return None
    what = f"{counted(len(there), 'pod')} of a StatefulSet" if stateful else "its only replica"
    stands = "stand" if stateful and len(there) > 1 else "stands"
    sentence = f"{subject.name}: {what} {stands} on a spot node ({there[0].node}), which may be taken away"
    nodes = tuple(Subject(case.ref, "Node", "", name) for name in sorted({pod.node for pod in there}))
    verdict = Verdict(
        level=Level.WARN, rule=ID, subject=subject, sentence=sentence, evidence=Evidence(objects=nodes)
    )
    return RuleResult((verdict,))


def _share(case: Case[Usage]) -> RuleResult | None:
    """Said where some node says of what kind its capacity is: of nodes without such a label nobody knows that they are not spot."""
    nodes = nodes_of(case, case.obj)
    if nodes is None:
        return None
    if isinstance(nodes, Unread):
        sentence = f"{called(case)}: its nodes are not known: {nodes.cause}"
        return RuleResult((_of(case, Level.UNKNOWN, sentence, None, nodes.unknown),))
    if not any(label in node.labels for node in nodes for label in CAPACITY):
        return None
    spot = [node for node in nodes if on_spot(node)]
    share = 100 * len(spot) / len(nodes)
    sentence = f"{called(case)}: {len(spot)} of {counted(len(nodes), 'node')} {'is' if len(spot) == 1 else 'are'} spot"
    if spot and case.obj.pods:
        there, every = _asked(case, spot), _asked(case, nodes)
        told = [
            f"{percent(100 * (amount(there, name) or 0) / whole, 0, 100)} % of the {word}"
            for name, word in (("cpu", "CPU"), ("memory", "memory"))
            if (whole := amount(every, name))
        ]
        sentence += (
            f" ({percent(share, 0, 100)} %), with {' and '.join(told)} that is asked for" if told else ""
        )
    return RuleResult((_of(case, Level.OK, sentence, share, None),))


def _asked(case: Case[Usage], nodes: Iterable[Node]) -> Amounts:
    found = (case.maybe(Usage, usage_key("Node", "", node.name)) for node in nodes)
    return total(usage.asked for usage in found if usage is not None)


def _of(
    case: Case[Usage], level: Level, sentence: str, share: float | None, unknown: UnknownKind | None
) -> Verdict:
    return Verdict(
        level=level,
        rule=SHARE_ID,
        subject=case.subject,
        sentence=sentence,
        measured=share,
        unit="%",
        unknown=unknown,
    )


RULE = Rule(ID, (Deployment, StatefulSet, Rollout), _judge, uses=(ReplicaSet, Pod, Node))
SHARE = Rule(SHARE_ID, (Usage,), _share, uses=(Node,), whom=has_nodes)
