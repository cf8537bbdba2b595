"""The rule of what should not stand on a node that may be taken away at any time: state, and a service's only replica."""

from __future__ import annotations

from tfdash.model.delivery import Rollout
from tfdash.model.kube import Deployment, Object, Pod, ReplicaSet, StatefulSet
from tfdash.model.kubecluster import Node
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.nouns import counted
from tfdash.playbook.resources.rightsize import pods_of
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving.links import PODS_OF, REPLICA_SETS_OF

ID = "resources.spot"
LABELS = {
    "karpenter.sh/capacity-type": "spot",
    "eks.amazonaws.com/capacityType": "SPOT",
    "cloud.google.com/gke-spot": "true",
    "kubernetes.azure.com/scalesetpriority": "spot",
}


def on_spot(node: Node) -> bool:
    return any(node.labels.get(label) == value for label, value in LABELS.items())


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


RULE = Rule(ID, (Deployment, StatefulSet, Rollout), _judge, uses=(ReplicaSet, Pod, Node))
