"""Puts together what remembers and what acts: the store, the writers, the action service. Behind the first frame, in a thread.

The only place that imports writers. A read-only terminal gets a service without any: its keys say why they are refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.board.board import Board
from tfdash.cli.action_policy import policy_of
from tfdash.clock import Clock
from tfdash.model.store_state import Entry

if TYPE_CHECKING:
    from tfdash.actions.core.mode import Mode
    from tfdash.actions.core.policy import ActionPolicy
    from tfdash.actions.core.protocols import ActionService, Writer, Writers
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.model.subject import ClusterRef
    from tfdash.notify.notifier import QueuedNotifier
    from tfdash.procedures.kind import Places
    from tfdash.procedures.protocols import RunService
    from tfdash.sources.kubernetes.source import KubernetesSource
    from tfdash.store.approvals.protocol import Approvals, Vouches
    from tfdash.store.ledger import Store
    from tfdash.store.opening import StoreOptions
    from tfdash.store.peers.leases import Leases
    from tfdash.store.peers.peer_state import PeerState

log = logging.getLogger(__name__)
_EVERY = 15.0  # seconds between two readings for the page of changes
_NEWEST = 2000  # entries that the audit screen gets at most


@dataclass(frozen=True)
class ActingParts:
    """What the application is handed once it is there."""

    actions: ActionService
    ledger: Store
    options: StoreOptions
    leases: Leases
    notifier: QueuedNotifier
    runs: RunService
    kept: list[Entry] = field(default_factory=list)  # of the last reading

    def entries(self) -> Sequence[Entry]:
        """What was read last, for those who cannot wait; the reading goes on behind."""
        return tuple(self.kept)

    @property
    def last_wait(self) -> float:
        """Seconds that the end of the program waits at most for what others wait for: a turn that is given back, a message."""
        return 2.0 if self.leases.taking_turns or self.notifier.waiting else 0.2

    async def follow(self, board: object = None) -> None:
        """Read the newest entries now and then, until cancelled."""
        while True:
            try:
                self.kept[:] = await self.audit(_NEWEST)
            except LedgerUnavailable as error:
                log.info("the audit log was not read: %s", error)
            await asyncio.sleep(_EVERY)

    async def audit(self, count: int) -> Sequence[Entry]:
        """The newest entries of all terminals that the store reaches, newest first. Called on the board's loop."""
        return await self.ledger.newest(min(count, _NEWEST))


def mode_of(settings: Settings, read_only: bool, elevate: bool) -> Mode:
    """``--read-only`` is stronger than anything; ``--act`` acts for a time; else what the configuration says."""
    from tfdash.actions.core.mode import Mode

    if read_only:
        return Mode()
    if not settings.read_only:
        return Mode(acts=True)
    return Mode(acts=True, lasts=settings.actions.elevation) if elevate else Mode()


def compose(
    board: Board,
    config: QuickConfig,
    settings: Settings,
    sources: Sequence[KubernetesSource],
    clock: Clock,
    mode: Mode,
) -> ActingParts:
    """Open the store, make writers where the mode acts, and hand the sources that need them to the board."""
    from tfdash.actions.core.action_service import ActingService, make_service
    from tfdash.actions.store.verified_releases import Verifier
    from tfdash.cli.notifying import notifier_of
    from tfdash.cli.runs import RunParts, runs_of
    from tfdash.cli.source_registry import Needs, Wiring, made
    from tfdash.cli.store_options import store_options
    from tfdash.store.claims.opening import claims_of
    from tfdash.store.opening import open_store
    from tfdash.store.peers.last_known_good import LastKnownGood
    from tfdash.store.peers.leases import Leases
    from tfdash.store.peers.peer_watcher import skew_of

    policy = policy_of(settings, sources)
    options = store_options(settings, config.path)
    writers = _keeping(writers_of(sources, policy), board, options, clock) if mode.acts else None
    opened = open_store(
        options,
        clock,
        acting=mode.acts,
        policy=policy.digest,
        secrets=_secrets(sources),
        approvals=approvals_of(options, writers, clock),
    )
    store = opened.store
    clusters = writers.clusters if writers is not None else {}
    leases = Leases(
        lambda: store.terminal,
        clock,
        store.peer_state,
        skew=lambda ref: skew_of(board.picture, ref),
        changed=lambda: store.refreshed(),
    )
    in_cluster = settings.actions.in_cluster
    if not in_cluster:
        clusters = {}
    keeping = LastKnownGood(store, clusters)
    actions = make_service(
        board, writers, store, policy, clock, mode, leases if in_cluster else None, keeping
    )
    environment = config.environment.name
    notifier = notifier_of(
        settings, config.path, options.folder, store, clock, environment, sending=mode.acts
    )
    carrier = RunParts(
        board=board,
        settings=settings,
        clock=clock,
        mode=mode,
        actions=actions,
        store=store,
        notifier=notifier,
        claims=claims_of(opened, clusters) if mode.acts else None,
        kubectl=policy.kubectl,
        places=_places(settings, options, writers.clusters) if writers is not None else None,
        vouches=_vouching(options, writers, clock),
    )
    runs, watching = runs_of(carrier)
    acting = ActingParts(actions, opened.store, options, leases, notifier, runs)
    # what changes things by itself runs where acting is configured, never by an elevation, which ends while it goes on
    unattended = mode.acts and mode.lasts is None
    wiring = Wiring(
        environment,
        settings,
        sources,
        clock,
        opened=opened,
        path=config.path,
        keeping=True,
        acting=unattended,
        may_run=_turn(board, config, options, clock, unattended, store.peer_state, leases, clusters),
    )
    for source in made(wiring, Needs.STORE, Needs.OTHERS, Needs.WEEKS, Needs.LEAVE):
        board.add_source(source)
    if mode.acts:
        board.add_task("verified releases", Verifier(keeping, clock).run)
        board.add_task("leases", leases.run)
        board.add_task("messages", notifier.run)
    if isinstance(actions, ActingService):
        board.add_task("what was left unverified", actions.follow_what_was_left)
        board.add_task("rights", actions.rights.run)
    board.add_task("audit entries", acting.follow)
    board.add_task("runs of procedures", watching.run)
    return acting


def deciding(
    board: Board,
    config: QuickConfig,
    settings: Settings,
    sources: Sequence[KubernetesSource],
    clock: Clock,
) -> tuple[ActionService, Store]:
    """For a command that records what a person says and ends: an acting service, and the store that it records in."""
    from tfdash.actions.core.action_service import make_service
    from tfdash.actions.core.mode import Mode
    from tfdash.cli.store_options import store_options
    from tfdash.store.opening import open_store

    policy = policy_of(settings, sources)
    options = store_options(settings, config.path)
    opened = open_store(options, clock, acting=True, secrets=_secrets(sources))
    board.add_source(opened.source)
    mode = Mode(acts=True, lasts=settings.actions.elevation)
    return make_service(board, writers_of(sources, policy), opened.store, policy, clock, mode), opened.store


def _turn(
    board: Board,
    config: QuickConfig,
    options: StoreOptions,
    clock: Clock,
    acting: bool,
    peer_state: PeerState,
    leases: Leases,
    writers: Mapping[ClusterRef, Writer],
) -> Callable[[], Awaitable[bool]]:
    """Whether it is this terminal's turn to send requests of its own: one terminal at a time does."""
    from tfdash.store.peers.leader_lock import LeaderLock, with_lease

    name = f"journeys-{config.environment.name}"
    turn = LeaderLock(options.folder, name, url=options.url, deadline=options.deadline, strict=acting)
    first = board.clusters[0]
    return with_lease(
        turn,
        name,
        first,
        peer_state,
        clock,
        leases=leases if acting else None,
        writer=writers.get(first),
        by=lambda: _user(board, first),
    )


def _user(board: Board, ref: ClusterRef) -> str:
    info = board.picture.clusters[ref].info.value
    return info.user if info is not None else ""


def _secrets(sources: Sequence[KubernetesSource]) -> list[str]:
    """What this program holds in plain text and must never be recorded."""
    found = [source.access.token for source in sources]
    return [secret for secret in (*found, *(s.access.basic[1] for s in sources if s.access.basic)) if secret]


def _places(settings: Settings, options: StoreOptions, clusters: Mapping[ClusterRef, Writer]) -> Places:
    from tfdash.cli.places import places_of

    return places_of(settings.procedures, options.folder, clusters)


def approvals_of(
    options: StoreOptions, writers: Writers | None, clock: Clock, at: ClusterRef | None = None
) -> Approvals | None:
    """The API server of the first cluster, or of ``at``, as the one that stamps a second person, where [store] approvals says so."""
    if options.approvals != "kubernetes" or writers is None or not writers.clusters:
        return None
    from tfdash.store.approvals.kubernetes import KubernetesApprovals

    writer = writers.clusters.get(at) if at is not None else next(iter(writers.clusters.values()))
    if writer is None:
        return None
    return KubernetesApprovals(writer, clock, life=options.approval_life, shared=options.shared_roles)


def _vouching(
    options: StoreOptions, writers: Writers | None, clock: Clock
) -> Callable[[ClusterRef], Vouches | None]:
    """People of a run are vouched for by the server of its cluster, which is not the one that it recovers."""
    from tfdash.store.approvals.roles import vouches_of

    return cache(lambda ref: vouches_of(approvals_of(options, writers, clock, ref)))


def _keeping(writers: Writers, board: Board, options: StoreOptions, clock: Clock) -> Writers:
    """With what keeps evidence, beside the store."""
    from tfdash.writers.archives import FOLDER, ArchiveWriter

    archives = ArchiveWriter(board, options.folder / FOLDER, clock)
    return msgspec.structs.replace(writers, archives=archives)


def writers_of(sources: Sequence[KubernetesSource], policy: ActionPolicy) -> Writers:
    from tfdash.actions.core.protocols import Writers
    from tfdash.sources.kubernetes.credentials import read_header, read_secret
    from tfdash.writers.kubernetes import KubernetesWriter
    from tfdash.writers.pipelines import CommandWriter, HttpWriter

    clusters = {source.ref: KubernetesWriter(source.ref, source.credentials) for source in sources}
    return Writers(clusters=clusters, commands=CommandWriter(), calls=HttpWriter(read_header, read_secret))
