"""Subjects as procedures write them: ``Deployment shop/checkout``, ``Node worker-1``."""

from __future__ import annotations

from tfdash.model.procedure import Step
from tfdash.model.subject import ClusterRef, Subject


def subject_in(text: str, cluster: ClusterRef) -> Subject | None:
    """What is meant in ``cluster``; None where it is no kind and name."""
    kind, _, where = text.strip().partition(" ")
    namespace, _, name = where.strip().rpartition("/")
    if not kind or not name or "/" in namespace or " " in where.strip():
        return None
    return Subject(cluster, kind, namespace, name)


def acted_on(step: Step, cluster: ClusterRef) -> Subject | None:
    """What an action of a run in ``cluster`` acts on: there, or in the cluster that its step names."""
    return subject_in(step.subject, cluster._replace(cluster=step.cluster) if step.cluster else cluster)


def subject_text(subject: Subject) -> str:
    """The same the other way."""
    return str(subject._replace(uid=""))
