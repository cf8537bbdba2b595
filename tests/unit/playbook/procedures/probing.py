"""A case for probes: objects, judged, and asked of."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.unit.playbook.making import NOW, REF, picture
from tfdash.judging.judge import judge_all
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Object
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.procedure import Ask
from tfdash.model.run import Probed
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.probe import ProbeCase

STALE_AFTER = 180.0
GONE = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused", since=NOW - 120)
FORBIDDEN = Problem(kind=ProblemKind.FORBIDDEN, cause="may not list", transient=False)


def ask(probe: str, /, **arguments: str) -> Ask:
    return Ask(probe=probe, arguments=tuple(arguments.items()))


def seen(picture: Picture, kind: str, **fields: Any) -> Picture:
    """With another observation of one kind; ``kind`` "" is the cluster itself."""
    cluster = picture.clusters[REF]
    if kind:
        kinds = {**cluster.kinds, kind: msgspec.structs.replace(cluster.kinds[kind], **fields)}
        cluster = msgspec.structs.replace(cluster, kinds=kinds)
    else:
        cluster = msgspec.structs.replace(cluster, info=msgspec.structs.replace(cluster.info, **fields))
    return msgspec.structs.replace(picture, clusters={**picture.clusters, REF: cluster})


def case_of(
    of: Picture, *, now: float = NOW, judged: float | None = None, said: Assessment | None = None
) -> ProbeCase:
    """Judged at ``judged`` (``now`` where it is not said), as a terminal does."""
    at = now if judged is None else judged
    assessment = judge_all(of, at, stale_after=STALE_AFTER) if said is None else said
    return ProbeCase(arguments={}, cluster=REF, picture=of, assessment=assessment, now=now)


def probe(
    of: Picture, id: str, /, now: float = NOW, said: Assessment | None = None, **arguments: str
) -> Probed:
    return answered(ask(id, **arguments), case_of(of, now=now, said=said))


def of(*objects: Object) -> Picture:
    return picture(*objects)
