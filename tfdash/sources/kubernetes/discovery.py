"""What a cluster serves: of our own kinds those that come with a CRD, and, where somebody asks for it, every other."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from tfdash.model.kind_spec import KindSpec
from tfdash.model.kinds import KINDS, LISTED, OPTIONAL
from tfdash.model.resources import Catalogue
from tfdash.sources.kubernetes.deprecated_apis import DeprecatedApiReader
from tfdash.sources.kubernetes.reading_rule import Served

_WHOLE = (
    4  # looks after which a known group's resources are read again: Argo CD and Argo Rollouts share theirs
)


class Discovery:
    """``served`` holds the optional kinds that the cluster has, None until it was found out.

    Where the server does not tell, ``served`` stays as it was, and ``silent`` is set.
    """

    def __init__(self, removed_apis: bool = False) -> None:
        """``removed_apis``: whether the server is asked for those that are used."""
        self.served: dict[str, KindSpec] | None = None
        self.silent = False
        self._known: dict[str, tuple[str, ...]] = {}
        self._looks = 0
        self._catalogue: Catalogue | None = None  # until somebody asks
        self._catalogued = 0.0  # monotonic seconds
        self._reading = asyncio.Lock()
        self.allowed = Served()  # what the reader may ask for beside our own kinds
        self.deprecated = DeprecatedApiReader(removed_apis, self.allowed)

    @property
    def crds(self) -> frozenset[str]:
        """As ``ServerInfo`` has them: "argoproj.io/rollouts"."""
        return frozenset(f"{k.group}/{k.resource}" for k in (self.served or {}).values())

    def where(self, kind: str) -> KindSpec | None:
        """Where the cluster serves a kind of ours, or one by its id in the catalogue; None for one that it lacks, or of which
        that is not known yet."""
        known = LISTED.get(kind)
        if known is None:
            found = self._catalogue.get(kind) if self._catalogue is not None and kind not in KINDS else None
            return found.spec if found is not None else None
        if not known.optional:
            return known
        if self.served is None:  # a server that does not tell is asked for the kind itself
            return known if self.silent else None
        return self.served.get(kind)

    async def catalogue(self, reader: Any, max_age: float) -> Catalogue:
        """Everything that is served, read where what we have is older than ``max_age`` seconds; from then on the reader may ask
        for it. Raises what the reader raises."""
        from tfdash.sources.kubernetes.catalogue import read_catalogue

        async with self._reading:
            if self._catalogue is None or time.monotonic() - self._catalogued > max_age:
                self._catalogue = await read_catalogue(reader)
                self._catalogued = time.monotonic()
                self.allowed.take(self._catalogue.resources)
            return self._catalogue

    async def look(self, reader: Any) -> bool:
        """Ask the server; True where the answer differs from the last one. Raises what the reader raises."""
        from tfdash.sources.kubernetes.transport import ApiError

        before, was_silent = self.served, self.silent
        try:
            versions = await self._versions(reader)
            self._looks += 1
            if self.served is None or versions != self._known or self._looks >= _WHOLE:
                served: dict[str, KindSpec] = {}
                for group, offered in versions.items():
                    served |= await self._kinds(reader, group, offered)
                self.served, self._known, self._looks = served, versions, 0
            self.silent = False
        except ApiError as error:
            if error.status == 401:
                raise
            self.silent = True
        await self.deprecated.look(reader)
        return self.served != before or self.silent != was_silent

    async def _versions(self, reader: Any) -> dict[str, tuple[str, ...]]:
        """For each group of ours that is there: its versions, the preferred one first."""
        listed = msgspec.json.decode(await reader.get("/apis"))
        wanted = {kind.group for kind in OPTIONAL.values()}
        found = {}
        for group in listed.get("groups") or ():
            if group.get("name") in wanted:
                first = (group.get("preferredVersion") or {}).get("version", "")
                versions = [str(v.get("version", "")) for v in group.get("versions") or ()]
                found[str(group["name"])] = tuple(dict.fromkeys(v for v in (first, *versions) if v))
        return found

    async def _kinds(self, reader: Any, group: str, versions: tuple[str, ...]) -> dict[str, KindSpec]:
        """The version that we know where it is served, else the preferred one, kind by kind."""
        known = {k.version for k in OPTIONAL.values() if k.group == group}
        found: dict[str, KindSpec] = {}
        for version in sorted(versions, key=lambda v: v not in known):
            listed = msgspec.json.decode(await reader.get(f"/apis/{group}/{version}"))
            there = {str(r.get("name")) for r in listed.get("resources") or ()}
            for kind in OPTIONAL.values():
                if kind.group == group and kind.resource in there and kind.kind not in found:
                    found[kind.kind] = kind._replace(api=f"apis/{group}/{version}")
            if len(found) == sum(1 for k in OPTIONAL.values() if k.group == group):
                break
        return found
