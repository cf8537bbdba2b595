"""The addresses that clusters' own objects name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef
from tfdash.sources.certificates.endpoint import Endpoint, system
from tfdash.sources.certificates.settings import named
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.sources.kubernetes.entrances import Entrance

_KINDS = {"LoadBalancer": "Service"}


class NamingCluster(NamedTuple):
    """A cluster, and how the objects of a kind there are read for what they name."""

    ref: ClusterRef
    read: Callable[[str], Awaitable[tuple[Entrance, ...]]]


class Found(NamedTuple):
    """``problem``: what could not be asked, of which nothing is among the ``endpoints``."""

    endpoints: tuple[Endpoint, ...] = ()
    problem: Problem | None = None


async def find(picture: Picture, places: Sequence[NamingCluster], named_by: Sequence[str]) -> Found:
    """``named_by`` as in the settings. Nothing is asked of a cluster of which nothing is asked: a log-in may be waited for."""
    found: dict[tuple[ClusterRef, str], Endpoint] = {}
    problem: Problem | None = None
    for ref, read in places:
        if picture.clusters[ref].info.value is None:
            continue
        for word in named_by:
            kind = _KINDS.get(word, word)
            try:
                entrances = await read(kind)
            except ReadFailed as failed:
                if failed.problem.kind is not ProblemKind.NOT_SERVED:  # who serves none has none
                    cause = f"{kind} of {ref.cluster}: {failed.problem.cause}"
                    problem = problem or msgspec.structs.replace(failed.problem, cause=cause)
                continue
            for entrance in entrances:
                one = _endpoint(ref, entrance)
                found.setdefault((ref, one.name), one)
    return Found(tuple(found.values()), problem)


def _endpoint(ref: ClusterRef, entrance: Entrance) -> Endpoint:
    """Whom it is to be trusted by no object says: by the system's own."""
    host, port, asked = entrance
    return Endpoint(ref, safe(named(host, port, asked)), host, port, asked, system)
