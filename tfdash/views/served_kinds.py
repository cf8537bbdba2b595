"""Every kind that the shown clusters serve: read when somebody asks, known by the names that kubectl takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Protocol

from tfdash.model.requests import ReadFailed
from tfdash.model.resources import ApiResource, Catalogue, known_kind
from tfdash.model.subject import ClusterRef
from tfdash.text import safe
from tfdash.views.kinds import VIEWS, view_of
from tfdash.views.kinds.base import KindView
from tfdash.views.kinds.discovered import discovered_view
from tfdash.views.resolution import nearest, others, resolve

OLD = 300.0  # seconds after which what is served is read again, when the prompt is opened
FRESH = 5.0  # and where a name means nothing


class CatalogueReader(Protocol):
    """What is asked of the board."""

    @property
    def clusters(self) -> tuple[ClusterRef, ...]: ...

    def read_catalogue(self, ref: ClusterRef, max_age: float) -> Awaitable[Catalogue]: ...


class ServedKinds:
    """``look`` asks the clusters; the rest answers from what they said last."""

    def __init__(self, board: CatalogueReader) -> None:
        self._board = board
        self.catalogues: Mapping[ClusterRef, Catalogue] = {}
        self.problems: Mapping[ClusterRef, str] = {}

    async def look(self, max_age: float) -> None:
        """Never raises: what a cluster does not say is a problem of that one, and holds up none of the others."""
        await asyncio.gather(*(self._look_at(ref, max_age) for ref in self._board.clusters))

    async def _look_at(self, ref: ClusterRef, max_age: float) -> None:
        found, problem = self.catalogues.get(ref), ""
        try:
            found = await self._board.read_catalogue(ref, max_age)
        except ReadFailed as failed:
            problem = str(failed.problem)
        except RuntimeError:  # the board is not up yet
            problem = "not asked yet"
        catalogues, problems = {**self.catalogues, ref: found}, {**self.problems, ref: problem}
        # in the order of the clusters, whichever answered first: a word means what it means in the first of them
        order = self._board.clusters
        self.catalogues = {r: c for r in order if (c := catalogues.get(r)) is not None}
        self.problems = {r: why for r in order if (why := problems.get(r))}

    def meant(self, word: str) -> tuple[str, ApiResource] | None:
        """The id and the resource that a word means, in the first cluster that has such a thing."""
        for catalogue in self.catalogues.values():
            found = resolve(catalogue, word)
            if found is not None and found in catalogue.ids:  # one that a server named twice has no second id
                return catalogue.ids[found], found
        return None

    def view(self, id: str) -> KindView | None:
        """The list of the kind of that id: our own where we have one."""
        for catalogue in self.catalogues.values():
            found = catalogue.get(id)
            if found is not None:
                kind = known_kind(found, id)
                view = view_of(kind) if kind else discovered_view(id, found)
                return VIEWS["workloads"] if kind == "Deployment" else view
        return None

    def also(self, word: str, chosen: ApiResource) -> list[str]:
        """Full names of what else a word could mean."""
        found = (other for c in self.catalogues.values() for other in others(c, word, chosen))
        return list(dict.fromkeys(found))

    def unknown(self, word: str) -> str:
        """Why a word means nothing, with the nearest, and what did not answer."""
        near = dict.fromkeys(n for c in self.catalogues.values() for n in nearest(c, word))
        names = ", ".join(safe(ref.cluster) for ref in self.catalogues)
        parts = [f"no kind {safe(word)!r}{f' in {names}' if names else ''}"]
        if near:
            parts.append(f"the nearest: {', '.join(map(safe, near))}")
        if silent := list(self.silent()):
            parts.append(f"not known: {'; '.join(silent)}")
        return "; ".join(parts)

    def silent(self) -> Iterable[str]:
        """What did not say what it serves, and why."""
        for ref, why in self.problems.items():
            yield f"{safe(ref.cluster)}: {safe(why)}"
        several = len(self._board.clusters) > 1
        for ref, catalogue in self.catalogues.items():
            for name, why in catalogue.broken:
                yield f"{f'{safe(ref.cluster)} ' if several else ''}{safe(name)} ({safe(why)})"

    def every(self) -> dict[str, ApiResource]:
        """What can be listed, by id, of all clusters."""
        return {id: r for c in self.catalogues.values() for id, r in c.by_id.items() if r.listable}
