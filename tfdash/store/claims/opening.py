"""Puts together what keeps claims: of the store that is open, and of the clusters where this terminal may write."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfdash.actions.core.protocols import Writer
from tfdash.model.run import RunState, StepState, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.state import RunStates
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.store.claims.cluster import LeaseKeeper, RunPlace
from tfdash.store.claims.folder import FolderKeeper
from tfdash.store.claims.keeping import ClaimKeeper, KeptClaims
from tfdash.store.claims.shared import SharedKeeper
from tfdash.store.opening import Opened
from tfdash.store.shared.sync import Sync

_HELD = frozenset({StepStatus.CLAIMED, StepStatus.RUNNING, StepStatus.UNKNOWN})


def claims_of(opened: Opened, writers: Mapping[ClusterRef, Writer]) -> KeptClaims:
    """``writers``: {} where nothing is to be written in clusters. Used on the board's loop."""
    store, sync, states = opened.store, opened.source.sync, RunStates()

    def state(run: str) -> RunState | None:
        journal = store.projection.runs.whole(run)
        return states.of(journal) if journal is not None else None

    def known(run: str, step: str) -> int:
        now = state(run)
        return next((one.fence for one in now.steps if one.id == step), 0) if now is not None else 0

    def seen(run: str, step: str) -> int:
        now = state(run)
        found = next((one for one in now.steps if one.id == step), None) if now is not None else None
        return 0 if found is None else seen_end(found, ours)

    def place(run: str) -> RunPlace | None:
        now = state(run)
        return RunPlace(now.cluster, _namespace(now)) if now is not None and now.steps else None

    def ours(terminal: str) -> bool:
        return terminal in store.own_terminals or terminal.startswith(f"{store.terminal}-d")

    keepers: list[ClaimKeeper] = []
    if isinstance(sync, Sync):
        keepers.append(SharedKeeper(sync.shared, lambda: sync.away))
    keepers.append(LeaseKeeper(writers, place, lambda: store.terminal))
    keepers.append(FolderKeeper(store.folder, store.recorder.thread))
    return KeptClaims(keepers, lambda: store.terminal, known=known, ours=ours, seen=seen)


def seen_end(state: StepState, ours: Callable[[str], bool]) -> int:
    """The highest fence of a step of whose claim the journal tells the end."""
    held = state.status in _HELD and state.terminal and not ours(state.terminal)
    return state.fence - 1 if held else state.fence


def _namespace(state: RunState) -> str:
    """Of the first target that has one: who may act there may write Leases there, or nobody may."""
    found = (subject_in(text, state.cluster) for text in state.targets)
    return next((one.namespace for one in found if one is not None and one.namespace), "default")
