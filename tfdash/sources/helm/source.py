"""Releases that Helm stores in a cluster, looked for now and then: what changed is read, and of that its kinds of objects are kept."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.helm import StoredRelease
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef, Key
from tfdash.nouns import counted, plural
from tfdash.sources.base import SourceBoard
from tfdash.sources.helm.settings import HelmSettings
from tfdash.sources.rounds import ClusterRounds
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.sources.kubernetes.helm_release import ReleaseContents
    from tfdash.sources.kubernetes.helm_stored import StoredRevision

log = logging.getLogger(__name__)
MOST = 3000
"""Releases of one cluster that are read."""
_SHARED = frozenset(
    {ProblemKind.FORBIDDEN, ProblemKind.LOGIN_EXPIRED, ProblemKind.UNREACHABLE, ProblemKind.TIMEOUT}
)


class ListStored(Protocol):
    """``tfdash.sources.kubernetes.reads.SingleReads.list_stored``."""

    def __call__(self, kind: str) -> Awaitable[tuple[StoredRevision, ...]]: ...


class ReadStored(Protocol):
    """``tfdash.sources.kubernetes.reads.SingleReads.read_stored``."""

    def __call__(self, kind: str, at: Key) -> Awaitable[ReleaseContents]: ...


class StoredReleasesSource(ClusterRounds):
    """See ``tfdash.sources.base.Source``."""

    ONLY_FOR = ("versions", "calendar")

    def __init__(
        self, ref: ClusterRef, settings: HelmSettings, clock: Clock, listed: ListStored, read: ReadStored
    ) -> None:
        super().__init__(ref, "stored Helm releases", settings.interval)
        self._settings, self._clock = settings, clock
        self._listed, self._read = listed, read
        self._as_of: dict[Key, tuple[Key, tuple[str, str]]] = {}  # what each was read from, and which of it
        self._problems: list[Problem] = []

    @property
    def id(self) -> str:
        return f"helm {self.ref.environment}/{self.ref.cluster}"

    def _about(self, count: int | None) -> str:
        return "" if count is None else counted(count, "stored release")

    async def _look(self, board: SourceBoard) -> None:
        now, before = self._clock.now(), self._seen
        self._problems = []
        try:
            found = await self._found(before.value or {})
        except (
            Exception
        ) as error:  # a bug of ours must not end what comes after; its words may quote what was read
            log.error("stored Helm releases were not read: %s", type(error).__name__)
            cause = f"it failed with {type(error).__name__}, a fault of the program; the log has more"
            self._problems.append(Problem(kind=ProblemKind.INTERNAL, cause=cause))
            found = {k: one for k, one in (before.value or {}).items() if isinstance(one, StoredRelease)}
        problem = next(iter(self._problems), None)
        since = now
        if problem is not None and before.problem is not None and before.problem.cause == problem.cause:
            since = before.problem.since
        self._seen = Observation(
            value=found if before.complete or problem is None or found else None,
            source=self.id,
            observed_at=now if problem is None else before.observed_at,
            problem=None if problem is None else msgspec.structs.replace(problem, since=since),
            complete=before.complete or problem is None,
            interval=in_clock_seconds(self._clock, 2 * self._settings.interval),
        )
        same = before.complete and dict(before.value or {}) == found
        board.put_objects(self.ref, StoredRelease.KIND, self._seen, frozenset() if same else None)
        board.put_status(self.id, self.status)

    async def _found(self, before: Objects) -> dict[Key, StoredRelease]:
        """What could not be read stays as it was: it takes nothing with it."""
        found: dict[Key, StoredRelease] = {}
        for kind in self._settings.stored_in:
            try:
                revisions = await self._listed(kind)
            except ReadFailed as failed:
                self._failed(plural(kind), failed.problem)
                found |= {
                    key: one
                    for key, one in before.items()
                    if isinstance(one, StoredRelease) and one.of == kind
                }
                continue
            await self._take(kind, revisions, before, found)
        self._as_of = {key: at for key, at in self._as_of.items() if key in found}
        return found

    async def _take(
        self,
        kind: str,
        revisions: tuple[StoredRevision, ...],
        before: Objects,
        found: dict[Key, StoredRelease],
    ) -> None:
        from tfdash.sources.kubernetes.helm_stored import upgraded_from

        current = sorted(upgraded_from(revisions).items())
        if len(current) > MOST:
            cause = f"{len(current):,} releases are stored in {plural(kind)}: only {MOST:,} are read"
            self._problems.append(Problem(kind=ProblemKind.BAD_ANSWER, cause=cause))
        refused = False  # for a cause that every other would run into
        for (namespace, release), one in current[:MOST]:
            key = Key(namespace, safe(f"{kind}/{release}"))
            known = before.get(key)
            if isinstance(known, StoredRelease) and self._as_of.get(key) == (one.at, one.as_of):
                found[key] = known
                continue
            has = None
            if not refused:
                try:
                    has = await self._read(kind, one.at)
                except ReadFailed as failed:
                    if failed.problem.kind is ProblemKind.NOT_SERVED:  # gone since it was listed
                        continue
                    refused = failed.problem.kind in _SHARED
                    what = plural(kind) if refused else f"{kind} {one.at.namespace}/{one.at.name}"
                    self._failed(what, failed.problem)
            if has is None:
                if isinstance(known, StoredRelease):
                    found[key] = known
                continue
            found[key] = StoredRelease(
                namespace=namespace,
                name=key.name,
                called=safe(release),
                of=kind,
                revision=one.revision,
                kinds=has.kinds,
                odd=has.odd,
            )
            self._as_of[key] = (one.at, one.as_of)

    def _failed(self, what: str, problem: Problem) -> None:
        told = msgspec.structs.replace(problem, cause=f"{safe(what)}: {problem.cause}")
        if problem.kind is ProblemKind.FORBIDDEN:
            remedy = "allow list and get of them, or take them out of stored_in under [sources.helm]"
            told = msgspec.structs.replace(told, remedy=remedy)
        self._problems.append(told)
