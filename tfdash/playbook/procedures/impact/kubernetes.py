"""What the API server keeps of it: since when a workload has too few available pods, many nodes are not ready, or nothing answers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tfdash.model.kube import Object
from tfdash.model.kubecluster import Node
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.workload import IN_FLIGHT, Serving
from tfdash.nouns import counted
from tfdash.playbook.procedures.impact.case import ImpactCase, ImpactProof, earliest
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes.control_plane import answers
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.playbook.procedures.probes.nodes import MANY
from tfdash.playbook.serving.rollout_status import condition
from tfdash.playbook.serving.unwell_since import not_true_since
from tfdash.playbook.serving.workload import ID as WORKLOADS
from tfdash.playbook.staleness import Unread, unread
from tfdash.text import safe


def unwell(case: ImpactCase) -> ImpactProof:
    found = [_workload(case, one) for one in case.workloads]
    for ref in case.clusters:
        found += [_away(case, ref), _nodes(case, ref)]
    return earliest(found, "neither a workload nor a cluster is its target")


def _workload(case: ImpactCase, target: Subject) -> ImpactProof:
    """What is stale was so all the same."""
    name, cluster = safe(target.name), case.cluster(target.cluster)
    if cluster is None:
        return ImpactProof(None, f"{safe(target.cluster.cluster)} is not watched here")
    if (why := unread(cluster.kinds.get(target.kind))) is not None:
        return ImpactProof(None, f"{name}: {safe(why.cause)}")
    obj = cluster.objects(target.kind).get(target.key)
    if obj is None:
        return ImpactProof(None, f"there is no {safe(str(target))}")
    return earliest(_since(case, target, obj), f"nothing of {name} says since when it fails")


def _since(case: ImpactCase, target: Subject, obj: Object) -> Iterator[ImpactProof]:
    """Where a condition counts what is available, its word goes before a single pod's: one of many may lack for weeks."""
    name = safe(target.name)
    told = condition(getattr(obj, "conditions", ()), "Available")
    if told is not None and told.status != "True" and told.since:
        why = f", {safe(told.reason)}" if told.reason else ""
        yield ImpactProof(told.since, f"{name} has too few available pods{why}")
    state = case.assessment.workloads.get(target)
    ill = {Serving.DOWN} if told is not None else {Serving.DOWN, Serving.DEGRADED}
    if state is None or state.serving not in ill or state.release in IN_FLIGHT:
        return
    for verdict in case.assessment.verdicts.get(target, ()):
        if verdict.rule == WORKLOADS and verdict.since is not None:
            yield ImpactProof(verdict.since, f"pods of {name} are not ready")


def _away(case: ImpactCase, ref: ClusterRef) -> ImpactProof:
    """By this terminal's view alone: it may have been away before it was asked."""
    cluster, found = case.cluster(ref), answers(_look(case, ref))
    name = safe(ref.cluster)
    if isinstance(found, Unread):
        return ImpactProof(None, f"{name}: {safe(found.cause)}")
    problem = cluster.info.problem if cluster is not None else None
    if found or problem is None or not problem.since:
        return ImpactProof(None, f"the API server of {name} answers")
    return ImpactProof(
        problem.since, f"the API server of {name} does not answer this terminal", at_least=True
    )


def _nodes(case: ImpactCase, ref: ClusterRef) -> ImpactProof:
    """When so many were not ready that it was many."""
    cluster, name = case.cluster(ref), safe(ref.cluster)
    if cluster is None:
        return ImpactProof(None, f"{name} is not watched here")
    if (why := unread(cluster.kinds.get(Node.KIND))) is not None:
        return ImpactProof(None, f"nodes of {name}: {safe(why.cause)}")
    nodes = [one for one in cluster.objects(Node.KIND).values() if isinstance(one, Node)]
    away = sorted(at for one in nodes if (at := not_true_since(one.conditions, "Ready")) is not None)
    needed = max(1, math.ceil(MANY * len(nodes) / 100))
    if len(away) < needed:
        return ImpactProof(
            None, f"{len(away)} of {counted(len(nodes), 'node')} of {name} not ready: not many"
        )
    return ImpactProof(
        away[needed - 1], f"{needed} of {counted(len(nodes), 'node')} of {name} were not ready then"
    )


def _look(case: ImpactCase, ref: ClusterRef) -> ProbeLook:
    return ProbeLook(
        ProbeCase(
            arguments={},
            cluster=ref,
            picture=case.picture,
            assessment=case.assessment,
            now=case.picture.at,
            policies=case.policies,
        )
    )
