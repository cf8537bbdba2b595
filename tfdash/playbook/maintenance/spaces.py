"""For which namespaces a promise is kept, by their labels. Pure.

A namespace that is gone, or has other labels, is withdrawn. Where they cannot be read what is on record is kept, and is not known.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tfdash.model.kubecluster import Namespace
from tfdash.model.maintenance import ItemStanding, ItemState, MaintenanceRecord, item_subject
from tfdash.model.observation import Observation
from tfdash.model.picture import Objects, Picture
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.playbook.maintenance.places import remembered
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.text import safe

KIND = Namespace.KIND
MANY = 500
"""Namespaces of one cluster for which one promise is kept; more is a selector gone wrong."""


class LiveSpaces:
    """``unread``: why of some places it is not known whether they are some; ``none``: what no namespace there fits."""

    def __init__(self, picture: Picture, record: MaintenanceRecord) -> None:
        self._picture, self._on_record = picture, remembered(record)
        self.unread: dict[Subject, str] = {}
        self.none: dict[Subject, str] = {}

    def __call__(self, name: str, item: MaintenanceItem, ref: ClusterRef) -> Iterable[str]:
        seen = self._picture.clusters[ref].kinds.get(KIND)
        why = _unread(seen)
        if not why and seen is not None and seen.value is not None:
            fits = sorted({o.name for o in seen.value.values() if item.selector.fits(o.labels)})
            if not fits:  # a selector that is misspelt is not to be gone in silence
                asked = f' has the labels "{item.selector.text}"' if item.selector.text else " is there"
                self.none[item_subject(name, ref.environment, ref.cluster)] = f"no namespace{asked}"
                return ("",)
            if len(fits) <= MANY:
                return fits
            why = f"the selector fits {len(fits):,} namespaces, more than {MANY}: narrow it"
        kept = tuple(self._on_record(name, item, ref)) or ("",)
        for place in kept:
            self.unread[item_subject(name, ref.environment, ref.cluster, place)] = why
        return kept


def _unread(seen: Observation[Objects] | None) -> str:
    """Why not all namespaces are known; "" where they are."""
    if seen is not None and seen.problem is not None:
        return f"namespaces are not read: {seen.problem.cause}"
    if seen is None or not seen.complete or seen.provisional or seen.value is None:
        return "namespaces are not read yet"
    return ""


def not_known(state: ItemState, why: str) -> ItemState:
    """``state`` of a place of which nobody knows whether it is one still."""
    words = f"whether it is kept there is not known: {safe(why)}; {state.words}"
    return msgspec.structs.replace(
        state,
        standing=ItemStanding.NO_EVIDENCE,
        level=Level.UNKNOWN,
        sentence=f"{state.title}: {words}",
        words=words,
        since=None,
        cause=safe(why),
        terms=None,  # nothing is put on record of it
    )


def nowhere(state: ItemState, why: str) -> ItemState:
    """``state`` of a cluster in which there is nothing to do."""
    words = f"nothing to do: {safe(why)}"
    return msgspec.structs.replace(
        state,
        standing=ItemStanding.NOTHING,
        level=Level.IDLE,
        sentence=f"{state.title}: {words}",
        words=words,
        due=None,
        since=None,
        periods=(),
        kept=0,
        judged=0,
        terms=None,
    )
