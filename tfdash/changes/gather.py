"""Reads managers and revisions, and gathers what ``tfdash.views.changes`` tells."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tfdash.board.board import Board
from tfdash.model.kinds import KINDS
from tfdash.model.requests import Managed, ReadFailed
from tfdash.model.store_state import Entry
from tfdash.model.subject import ClusterRef, Subject
from tfdash.views.changes import (
    CHANGING,
    Altered,
    SeenChange,
    altered,
    data_diff,
    drifted,
    touched,
)
from tfdash.views.kept_revisions import kept_revisions
from tfdash.views.revisions import Revision, revisions

_MOST_READ = 40  # workloads and ConfigMaps of which more than the metadata is read in one gathering
_AT_ONCE = 6


class RecentChanges(NamedTuple):
    """``unread``: sentences of what could not be read, so that no change is not the same as not known."""

    changes: tuple[Altered, ...]
    unread: tuple[str, ...]


class Contents:
    """The data of ConfigMaps as it was when it was last read, so that the next change of one is a diff."""

    def __init__(self) -> None:
        self._known: dict[Subject, tuple[str, dict[str, Any]]] = {}
        self._diffs: dict[Subject, tuple[str, ...]] = {}

    async def diffs(
        self, board: Board, managed: Sequence[Managed], since: float
    ) -> dict[Subject, tuple[str, ...]]:
        """By subject without uid: what changed since the last reading, or what differs from what kubectl applied."""
        wanted = [
            m for m in managed if m.subject.kind == "ConfigMap" and m.writes and m.writes[0][3] >= since
        ][:_MOST_READ]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(of: Managed) -> None:
            at = of.subject._replace(uid="")
            known = self._known.get(at)
            if known is not None and known[0] == of.resource_version:
                return
            async with gate:
                try:
                    document = (await board.read(at)).document
                except ReadFailed:
                    return
            data = dict(document.get("data") or {})
            lines = data_diff(known[1], data) if known is not None else drifted(document, of.applied)
            if lines:
                self._diffs[at] = lines
            self._known[at] = (of.resource_version, data)

        await asyncio.gather(*(one(m) for m in wanted))
        return dict(self._diffs)


async def gather(
    board: Board,
    refs: Sequence[ClusterRef],
    namespaces: tuple[str, ...] | None,
    since: float,
    *,
    seen_changes: Sequence[SeenChange] = (),
    entries: Sequence[Entry] | None = None,
    contents: Contents | None = None,
    until: float = 0.0,
) -> RecentChanges:
    """Read and tell the changes since then, of ``namespaces`` or all. Callable from any loop; never raises ``ReadFailed``.

    ``until`` (epoch seconds): from when on all that changed is in ``seen_changes``, as in a recording. Before it, of what nobody can be asked
    about, the picture's ReplicaSets tell what was made; 0: it is not known of any time."""
    unread: list[str] = []
    silent: list[tuple[ClusterRef, str]] = []
    managed: list[Managed] = []

    async def managers(ref: ClusterRef, kind: str, namespace: str | None) -> None:
        try:
            managed.extend(await board.read_managers(ref, kind, namespace))
        except ReadFailed as failed:
            unread.append(f"{ref.cluster} {kind}: {failed.problem}")
            silent.append((ref, kind))

    wanted = [(r, k, n) for r in refs for k in CHANGING for n in (namespaces or (None,))]
    await asyncio.gather(*(managers(*at) for at in wanted))
    found, failed = await _revisions(board, touched(managed, since)[:_MOST_READ])
    contents = contents or Contents()
    diffs = await contents.diffs(board, managed, since)
    inside = [s for s in seen_changes if namespaces is None or s.subject.namespace in namespaces]
    told = altered(managed, found, inside, since, entries, diffs)
    made = kept_revisions(board.picture, silent, namespaces, since, until) if until else ()
    return RecentChanges(
        tuple(sorted((*told, *made), key=lambda c: (-c.at, str(c.subject)))),
        tuple(sorted({*unread, *failed})),
    )


async def _revisions(
    board: Board, subjects: Sequence[Subject]
) -> tuple[Mapping[Subject, tuple[Revision, ...]], list[str]]:
    gate = asyncio.Semaphore(_AT_ONCE)
    found: dict[Subject, tuple[Revision, ...]] = {}
    failed: list[str] = []

    async def one(subject: Subject) -> None:
        bare = subject._replace(uid="")
        async with gate:
            try:
                document = await board.read(bare)
                children = await board.read_children(bare, KINDS[bare.kind].revisions)
            except ReadFailed as error:
                failed.append(f"{subject.cluster.cluster} {subject}: {error.problem}")
                return
        uid = str(document.document.get("metadata", {}).get("uid", ""))
        found[bare._replace(uid=uid)] = revisions(document.document, [c.document for c in children])

    await asyncio.gather(*(one(s) for s in subjects if KINDS[s.kind].revisions))
    return found, failed
