"""A board over the real control plane, judged as the program judges, and what its tests ask of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tests.platform.harness.cluster import Cluster
from tests.platform.test_platform import REF
from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.judging.judge import Judge
from tfdash.model.kube import Object
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Verdict
from tfdash.sources.base import ALL, Source
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.sources.usage.settings import UsageSettings
from tfdash.sources.usage.source import UsageSource

K = TypeVar("K", bound=Object)
LONG = 180.0
"""Seconds: metrics-server collects each 15 s, and a controller waits for two of its rounds."""
USED = ("Deployment", "ReplicaSet", "Job", "Pod", "Node", "Namespace", "PodMetrics", "NodeMetrics")


def started(cluster: Cluster, kinds: Iterable[str], *more: Source) -> Board:
    """With what pods and nodes use now; ``more``: further sources. Who starts it stops it."""
    clock = SystemClock()
    reads = KubernetesSource(REF, resolve(str(cluster.kubeconfig("admin"))), clock)
    makes = UsageSource(REF, UsageSettings(), clock, lambda: True)
    board = Board([reads], Judge(), clock, sources=[makes, *more])
    board.want("test", dict.fromkeys(kinds, ALL))
    board.start()
    return board


def objects(board: Board, kind: type[K]) -> dict[Key, K]:
    found = board.picture.clusters[REF].objects(kind.KIND)
    return {key: obj for key, obj in found.items() if isinstance(obj, kind)}


def told(board: Board, rule: str, kind: str, namespace: str, name: str) -> list[Verdict]:
    """The rule's verdicts on the object of this name, whichever its uid."""
    several = board.assessment.verdicts.items()
    wanted = Subject(REF, kind, namespace, name)
    return [v for subject, vs in several if subject._replace(uid="") == wanted for v in vs if v.rule == rule]
