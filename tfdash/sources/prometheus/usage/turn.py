"""When weeks of use may be asked for: never in the way of what judges releases."""

from __future__ import annotations

from tfdash.model.kube import Pod
from tfdash.model.observation import Observation, Problem
from tfdash.model.picture import Objects, Picture
from tfdash.model.subject import ClusterRef


def may_ask(picture: Picture, ref: ClusterRef) -> bool:
    """Not before what judges releases was answered once, nor while it is not answered well; and only of pods that are known."""
    judging, cluster = picture.signals.prometheus.get(ref), picture.clusters.get(ref)
    if judging is None or judging.observed_at is None or judging.problem is not None:
        return False
    return cluster is not None and read_whole(cluster.kinds.get(Pod.KIND))


def away(picture: Picture, ref: ClusterRef) -> Problem | None:
    """Why what judges releases is not answered."""
    judging = picture.signals.prometheus.get(ref)
    return judging.problem if judging is not None else None


def read_whole(seen: Observation[Objects] | None) -> bool:
    return seen is not None and seen.complete
