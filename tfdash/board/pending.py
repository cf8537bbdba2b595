"""What was put into the board since its last update: from it the next ``Change`` is made."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.model.picture import Change
from tfdash.model.store_state import StoreState
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.traffic import SignalKey


class PendingChange:
    """Guarded by whoever holds it."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._keys: dict[tuple[ClusterRef, str], frozenset[Key] | None] = {}
        self._fresh: set[tuple[ClusterRef, str]] = set()
        self._signals: set[SignalKey] = set()
        self._store: set[str] = set()
        self._rest = False  # any signal, anything that the store remembers
        self._sources: set[str] = set()

    def objects(self, at: tuple[ClusterRef, str], changed: frozenset[Key] | None) -> None:
        """``changed`` None: any of them may differ."""
        known = self._keys.get(at, frozenset())
        if changed is None or known is None:
            self._keys[at] = None
        elif changed:
            self._keys[at] = known | changed
        self._fresh.add(at)

    def info(self, ref: ClusterRef) -> None:
        self._fresh.add((ref, ""))

    def signals(self, keys: Iterable[SignalKey]) -> None:
        self._signals.update(keys)

    def store(self, before: StoreState, after: StoreState) -> None:
        names = StoreState.__struct_fields__
        self._store.update(n for n in names if getattr(before, n) != getattr(after, n))

    def source(self, id: str) -> None:
        self._sources.add(id)

    def rest(self, *sources: str) -> None:
        """All that is no cluster's may differ; ``sources``: ids of those that are or were known."""
        self._rest = True
        self._sources.update(sources)

    def take(self) -> Change:
        """All of it as one change; from here on nothing is pending."""
        change = Change(
            keys=self._keys,
            freshness=frozenset(self._fresh),
            signals=None if self._rest else frozenset(self._signals),
            store=None if self._rest else frozenset(self._store),
            sources=frozenset(self._sources),
        )
        self._reset()
        return change
