"""Reads, now and then, what other terminals left in the clusters themselves. Whatever cannot be read is left as it was.

Two kinds of reads, both by label and from the server's cache: the metadata of ConfigMaps, and whole only what changed of
them; and Leases. Per namespace that is shown, or all at once where those are many.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from tfdash.clock import Clock
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import KINDS
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.requests import Document, ReadFailed
from tfdash.model.store_state import VerifiedGood
from tfdash.model.subject import ClusterRef, Subject
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.store.ledger import Store
from tfdash.store.peers.cluster_records import (
    acting_in_cluster,
    lease_subject,
    verified_in_cluster,
    written_at,
)
from tfdash.store.peers.peer_state import HeldLease
from tfdash.text import safe

log = logging.getLogger(__name__)
SELECTOR = "app.kubernetes.io/managed-by=tfdash"
OFTEN, SELDOM = 10.0, 60.0  # seconds between two looks at Leases: while something is going on, and else
_TEMPLATES = 60.0
_REFUSED = 600.0  # for so long nothing is asked again that we may not
_MANY = 8  # namespaces that are asked one by one
_KINDS = tuple(kind for kind, spec in KINDS.items() if spec.revisions)


class PeerBoard(Protocol):
    """What is asked of it."""

    picture: Picture
    assessment: Assessment

    def unsettled(self) -> tuple[tuple[ClusterRef, str], ...]: ...

    async def read(self, subject: Subject) -> Document: ...

    async def read_labelled(
        self, ref: ClusterRef, kind: str, namespace: str | None, selector: str, *, metadata: bool = False
    ) -> tuple[Mapping[str, Any], ...]: ...


class _Kept(NamedTuple):
    """A ConfigMap as it was read: what it says, or None where it is none."""

    version: str
    good: VerifiedGood | None


class PeerWatcher:
    """``tfdash.sources.base.Source``: keeps ``Store.peer_state`` current."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._due: dict[tuple[ClusterRef, str], float] = {}
        self._looked: set[tuple[ClusterRef, str]] = set()
        self._maps: dict[ClusterRef, dict[tuple[str, str], _Kept]] = {}
        self._one = asyncio.Lock()  # a look that began earlier must not end later, with older leases
        self._read_at: float | None = None
        self._problems: dict[tuple[ClusterRef, str], Problem] = {}

    id = "peers"

    @property
    def status(self) -> Observation[SourceInfo]:
        """As of the last reading of any of its clusters; the first problem of one is named."""
        known = self._store.peer_state
        count = sum(map(len, known.held.values())) + sum(map(len, known.verified.values()))
        return Observation(
            value=SourceInfo(name="other terminals", about="Leases and ConfigMaps", count=count),
            source="peers",
            observed_at=self._read_at,
            problem=next(iter(self._problems.values()), None),
            complete=self._read_at is not None,
            interval=2 * SELDOM,
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """No judgement waits for it: what others left only adds to what is seen."""
        return ()

    def _unlooked(self, picture: Picture) -> bool:
        """Whether a cluster was reached that was not looked through yet."""
        reached = (ref for ref, cluster in picture.clusters.items() if cluster.info.value is not None)
        return any(not self._looked.issuperset(((ref, "ConfigMap"), (ref, "Lease"))) for ref in reached)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        def settled() -> bool:
            infos = [cluster.info for cluster in board.picture.clusters.values()]
            reached = all(i.value is not None or i.problem is not None for i in infos)
            return reached and not self._unlooked(board.picture)

        await board.until(settled, PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: Any) -> None:
        while True:
            before = self._read_at, dict(self._problems)
            await self.look(board)
            if before != (self._read_at, self._problems):
                board.put_status(self.id, self.status)
            await asyncio.sleep(0.2 if self._unlooked(board.picture) else 1.0)

    async def look(self, board: PeerBoard) -> None:
        """Read what is due."""
        async with self._one:
            await self._look(board)

    async def _look(self, board: PeerBoard) -> None:
        now = time.monotonic()
        coming = {ref for ref, kind in board.unsettled() if kind in _KINDS}
        for ref, cluster in tuple(board.picture.clusters.items()):
            if cluster.info.value is None:
                continue  # not reached yet
            if ref in coming and (ref, "ConfigMap") not in self._looked:
                continue  # in which namespaces to look is not known yet
            for kind, every in (("ConfigMap", _TEMPLATES), ("Lease", self._pace(board))):
                last = self._due.get((ref, kind), float("-inf"))
                if now - last >= every:
                    self._due[ref, kind] = now
                    await self._read(board, ref, kind)
                    self._looked.add((ref, kind))
                    if kind == "Lease":
                        self._store.peer_state.looked.add(ref)

    def _pace(self, board: PeerBoard) -> float:
        busy = (
            any(r.in_flight for r in board.assessment.releases.values()) or board.picture.store_state.acting
        )
        return OFTEN if busy else SELDOM

    def soon(self) -> None:
        """Look at everything at the next turn."""
        self._due.clear()

    async def _read(self, board: PeerBoard, ref: ClusterRef, kind: str) -> None:
        try:
            found = await self._listed(board, ref, kind)
        except ReadFailed as failed:
            if failed.problem.kind is ProblemKind.FORBIDDEN:
                self._due[ref, kind] = time.monotonic() + _REFUSED
            log.info("%s: %ss of other terminals are not read: %s", ref.cluster, kind, failed.problem.cause)
            self._problems[ref, kind] = failed.problem
            return
        self._problems.pop((ref, kind), None)
        self._read_at = self._clock.now()
        peer_state = self._store.peer_state
        if kind == "Lease":
            held = self._leases(board, ref, found)
            if held != peer_state.held.get(ref, {}):
                peer_state.held[ref] = held
                self._store.refreshed()
        else:
            verified = await self._verified(board, ref, found)
            if verified != peer_state.verified.get(ref, {}):
                peer_state.verified[ref] = verified
                self._store.refreshed()

    async def _listed(self, board: PeerBoard, ref: ClusterRef, kind: str) -> list[Mapping[str, Any]]:
        """Raises ``ReadFailed`` where nothing at all could be read."""
        shown = namespaces(board.picture, ref)
        metadata = kind == "ConfigMap"
        failed: ReadFailed | None = None
        if len(shown) > _MANY:
            try:
                return list(await board.read_labelled(ref, kind, None, SELECTOR, metadata=metadata))
            except ReadFailed as error:
                if error.problem.kind is not ProblemKind.FORBIDDEN:
                    raise
                failed = error
        if kind == "Lease" and "default" not in shown:
            shown = (*shown, "default")  # those of nodes and of turns
        found: list[Mapping[str, Any]] = []
        answered = False
        for namespace in shown[: 5 * _MANY]:
            try:
                found += await board.read_labelled(ref, kind, namespace, SELECTOR, metadata=metadata)
                answered = True
            except ReadFailed as error:
                failed = error
        if not answered and failed is not None:
            raise failed
        return found

    def _leases(
        self, board: PeerBoard, ref: ClusterRef, found: list[Mapping[str, Any]]
    ) -> dict[Subject, HeldLease]:
        told: dict[Subject, HeldLease] = {}
        for document in found:
            subject = lease_subject(document, ref)
            held = (
                held_in(document, subject, self._clock.now(), skew_of(board.picture, ref))
                if subject
                else None
            )
            if held is not None:
                told[held.acting.subject] = held
        return told

    async def _verified(
        self, board: PeerBoard, ref: ClusterRef, found: list[Mapping[str, Any]]
    ) -> dict[Subject, VerifiedGood]:
        before = self._maps.get(ref, {})
        kept: dict[tuple[str, str], _Kept] = {}
        for item in found:
            meta = item.get("metadata") or {}
            at = (str(meta.get("namespace", "")), str(meta.get("name", "")))
            version = str(meta.get("resourceVersion", ""))
            if not at[1].startswith("tfdash-verified-"):
                continue
            if at in before and before[at].version == version:
                kept[at] = before[at]
                continue
            try:
                document = (await board.read(Subject(ref, "ConfigMap", *at))).document
            except ReadFailed:
                if at in before:
                    kept[at] = before[at]
                continue
            good = verified_in_cluster(document, ref)
            kept[at] = _Kept(version, good and labelled(good, item, self._clock.now(), board.picture))
        self._maps[ref] = kept
        return {k.good.subject: k.good for k in kept.values() if k.good is not None}


def namespaces(picture: Picture, ref: ClusterRef) -> tuple[str, ...]:
    """Those in which a workload is shown."""
    cluster = picture.clusters[ref]
    return tuple(sorted({key.namespace for kind in _KINDS for key in cluster.objects(kind)}))


def skew_of(picture: Picture, ref: ClusterRef) -> float:
    """Seconds by which the server's clock is ahead of ours; 0 where that is not known."""
    info = picture.clusters[ref].info.value if ref in picture.clusters else None
    return (info.skew or 0.0) if info is not None else 0.0


def labelled(
    good: VerifiedGood, item: Mapping[str, Any], now: float, picture: Picture
) -> VerifiedGood | None:
    """With who is said to have written it, and no newer than the server's own stamp; None for what is no workload."""
    if good.subject.kind not in _KINDS:
        return None
    stamp, managers = written_at(item)
    ceiling = now if stamp is None else stamp - skew_of(picture, good.subject.cluster)
    who = ", ".join(safe(m) for m in managers) or "nobody that is named"
    return msgspec.structs.replace(
        good,
        at=min(good.at, ceiling),
        by=safe(good.by),
        revision=safe(good.revision),
        origin=f"claimed: from the cluster, written by {who}; no audit entry here vouches for it",
    )


def held_in(document: Mapping[str, Any], subject: Subject, now: float, skew: float) -> HeldLease | None:
    """A Lease that has not run out. By the server's own stamp of its last write: whoever holds it may have another clock."""
    spec = document.get("spec")
    lasts = spec.get("leaseDurationSeconds") if isinstance(spec, Mapping) else None
    if not isinstance(lasts, int) or isinstance(lasts, bool) or not 0 < lasts <= 3600:
        return None
    acting = acting_in_cluster(document, subject, float("-inf"))
    stamp, _ = written_at(document)
    if acting is None:
        return None
    if stamp is None:
        return (
            HeldLease(acting=msgspec.structs.replace(acting, claimed=True), until=now + lasts)
            if acting_in_cluster(document, subject, now)
            else None
        )
    until = stamp - skew + lasts
    if now >= until:
        return None
    return HeldLease(
        acting=msgspec.structs.replace(
            acting,
            by=safe(acting.by),
            action=safe(acting.action),
            terminal=safe(acting.terminal),
            claimed=True,
        ),
        until=until,
    )
