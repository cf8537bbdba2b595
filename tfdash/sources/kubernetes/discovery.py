"""Which of the kinds that come with a CRD a cluster serves, and in which version."""

from __future__ import annotations

from typing import Any

import msgspec

from tfdash.model.kinds import LISTED, OPTIONAL, KindSpec

_WHOLE = (
    4  # looks after which a known group's resources are read again: Argo CD and Argo Rollouts share theirs
)


class Discovery:
    """``served`` holds the optional kinds that the cluster has, None until it was found out.

    Where the server does not tell, ``served`` stays as it was, and ``silent`` is set.
    """

    def __init__(self) -> None:
        self.served: dict[str, KindSpec] | None = None
        self.silent = False
        self._known: dict[str, tuple[str, ...]] = {}
        self._looks = 0

    @property
    def crds(self) -> frozenset[str]:
        """As ``ServerInfo`` has them: "argoproj.io/rollouts"."""
        return frozenset(f"{k.group}/{k.resource}" for k in (self.served or {}).values())

    def where(self, kind: str) -> KindSpec | None:
        """Where the cluster serves a kind; None for one that it lacks, or of which that is not known yet."""
        known = LISTED.get(kind)
        if known is None or not known.optional:
            return known
        if self.served is None:  # a server that does not tell is asked for the kind itself
            return known if self.silent else None
        return self.served.get(kind)

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
