"""Puts together what carries out procedures: with what a terminal may act with, or with nothing."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tfdash.board.board import Board
from tfdash.clock import Clock
from tfdash.model.store_state import ActOnRecord
from tfdash.model.subject import ClusterRef
from tfdash.procedures.elapsed import Elapsed
from tfdash.procedures.journals import Journals
from tfdash.procedures.kind import Means, Places, no_place, nothing, unremembered
from tfdash.procedures.proofs import Proofs
from tfdash.procedures.service import Runs
from tfdash.procedures.shelf import Shelf
from tfdash.procedures.uncoordinated import Uncoordinated
from tfdash.procedures.watching import Watching
from tfdash.store.approvals.roles import vouches_of
from tfdash.store.run_record import act_on_record, alone

if TYPE_CHECKING:
    from tfdash.actions.core.mode import Mode
    from tfdash.actions.core.protocols import ActionService
    from tfdash.config.settings import Settings
    from tfdash.playbook.policies import Policies
    from tfdash.procedures.protocols import Claims, Notifier
    from tfdash.store.approvals.protocol import Vouches
    from tfdash.store.ledger import Store


@dataclass(frozen=True, kw_only=True)
class RunParts:
    """What runs are carried out with. ``store`` None: nothing is recorded, a rehearsal lives as long as this program."""

    board: Board
    settings: Settings
    clock: Clock
    mode: Mode
    actions: ActionService
    store: Store | None
    notifier: Notifier | None = None
    claims: Claims | None = None
    kubectl: Mapping[ClusterRef, tuple[str, ...]] = field(default_factory=dict)
    places: Places | None = None
    vouches: Callable[[ClusterRef], Vouches | None] = lambda cluster: None  # of runs of that cluster


def runs_of(given: RunParts) -> tuple[Runs, Watching]:
    """The service, and what goes on by itself, which is a task of the board's."""
    from tfdash.cli.compose import policies_of

    store, settings, board = given.store, given.settings, given.board
    acting = store is not None and given.mode.acts
    shelf = Shelf(settings)
    begun_with = cache(lambda: policies_of(settings))

    def policies() -> Policies:
        """With the procedures as their files are by now."""
        first, now = begun_with(), shelf().procedures
        return replace(first, recovery=replace(first.recovery, procedures=now))

    proofs = _proofs(store, given)
    means = Means(
        board=board,
        journals=Journals(board, store if acting else None, given.clock, proofs),
        # who only reads claims nothing, and what it rehearses is nobody else's
        claims=given.claims or Uncoordinated(store.terminal if store is not None else "", ""),
        clock=given.clock,
        elapsed=Elapsed(given.clock),
        zone=ZoneInfo(settings.time.zone),
        who=lambda ref: who(board, ref),
        refused=lambda: given.mode.refused,
        gone=_gone(store),
        policies=policies,
        actions=given.actions,
        notifier=given.notifier,
        acts=partial(act_on_record, store) if store is not None else lambda terminal, tag: ActOnRecord(),
        kubectl=lambda ref: given.kubectl.get(ref) or ("kubectl",),
        places=given.places or no_place,
        allowed=settings.procedures,
        proofs=proofs,
        deliver=(lambda: store.deliver()) if store is not None else nothing,
        break_glass=partial(alone, store) if store is not None else unremembered,
    )
    runs = Runs(means, shelf)
    return runs, Watching(runs.engine)


def _proofs(store: Store | None, given: RunParts) -> Proofs:
    """By whoever stamps a second person here; [procedures.roles] says which groups a role is."""
    vouches = vouches_of(store.approvals) if store is not None else None
    roles, stamped_by = given.settings.procedures.roles, vouches.stamped_by if vouches is not None else ""
    return Proofs(vouches, lambda role: roles[role].of(stamped_by) if role in roles else (), at=given.vouches)


def who(board: Board, ref: ClusterRef) -> str:
    """The person at this terminal as the cluster knew them last; where it never did, as this machine does, and said so."""
    cluster = board.picture.clusters.get(ref)
    info = cluster.info.value if cluster is not None else None
    if info is not None and info.user:
        return info.user
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{name} (as this machine says)"


def _gone(store: Store | None) -> Callable[[str], bool]:
    """Terminals of this user's that certainly run no more."""
    if store is None:
        return lambda terminal: False
    return lambda terminal: terminal in store.own_terminals | store.ended_terminals
