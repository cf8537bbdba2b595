"""What objects were before a scale-down, where they do not say it any more: by the audit log, and where not even that says it. Pure.

Somebody applied a manifest over the annotation, or a GitOps tool pruned it. The log is believed only of what is down yet, and where
nobody but us wrote the field: whoever else did decided that it is down.
"""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.actions.core.eligibility import bare
from tfdash.actions.kubernetes.field_managers import OURS, managers_of
from tfdash.actions.kubernetes.scaled_objects import FIELDS, One, listed, note_at, noun
from tfdash.model.autoscaling import PAUSED_AT
from tfdash.model.store_state import RememberedSize, StoreState
from tfdash.model.subject import Subject
from tfdash.moments import weekday_moment
from tfdash.playbook.resources.scaled_down import MEMORY, is_down, remembered, scaler_of
from tfdash.text import safe


class Lost(NamedTuple):
    """``sizes`` that the log knows, by object without uid; ``skips``: in words, what stays down for nothing tells what it was, or since
    somebody else decided so; ``left``: those of the latter that remember what they were."""

    sizes: dict[Subject, RememberedSize]
    skips: tuple[str, ...]
    left: frozenset[Subject] = frozenset()

    def memory_of(self, one: One) -> str | None:
        """What ``one`` was, by whichever of the two tells."""
        found = self.sizes.get(bare(one.subject))
        own = remembered(one.document)
        return own if own is not None or found is None else found.memory

    def notes(self, zone: ZoneInfo) -> tuple[str, ...]:
        """Where the numbers come from, for whoever confirms."""
        by: dict[tuple[float, str], list[str]] = {}
        for at, size in self.sizes.items():
            by.setdefault((size.at, size.by), []).append(at.name)
        return tuple(
            f"{listed(names)}: the memory in the object is gone; by the audit log, as {safe(who) or 'somebody'} scaled down on "
            f"{weekday_moment(at, zone)}"
            for (at, who), names in sorted(by.items())
        )


def lost_in(objects: list[One], facts: StoreState) -> Lost:
    """Of all that is down and does not say what it was."""
    sizes: dict[Subject, RememberedSize] = {}
    skips: list[str] = []
    left: set[Subject] = set()
    for one in objects:
        kind, own = one.subject.kind, remembered(one.document)
        if not is_down(one.document, kind):
            continue
        field = note_at(PAUSED_AT) if kind == "ScaledObject" else FIELDS.get(kind, "/spec/replicas")
        managers = managers_of(one.document, (field,))
        ours = any(m.manager == OURS for m in managers)
        if own is not None:
            writers = {m.manager for m in managers}
            noted = {m.manager for m in managers_of(one.document, (note_at(MEMORY),))}
            # who wrote both copied the whole object; what KEDA sizes is at 0 by KEDA
            if writers and OURS not in writers and not writers & noted and not scaler_of(own):
                left.add(bare(one.subject))
                skips.append(f"{noun(one)} stays down: {managers[0]} wrote that since it was scaled down")
            continue
        size = facts.sizes.get(bare(one.subject))
        if size is not None and (ours or not managers):
            sizes[bare(one.subject)] = size
        elif size is not None:
            skips.append(f"{noun(one)} stays down: {managers[0]} wrote that since it was scaled down")
        elif ours:
            why = "" if facts.health.walked else ", which is not read to its end yet"
            skips.append(
                f"{noun(one)} stays down: what it was stands neither in it nor in the audit log{why}; scale it by hand"
            )
    return Lost(sizes, tuple(map(safe, skips)), frozenset(left))


def otherwise_told(objects: list[One], facts: StoreState) -> tuple[str, ...]:
    """Of what comes back by its own memory: where the audit log has another number."""
    told = ((one, remembered(one.document), facts.sizes.get(bare(one.subject))) for one in objects)
    return tuple(
        safe(f"{noun(one)} says that it was {own[:40]}; by the audit log it was {size.memory[:40]}")
        for one, own, size in told
        if own is not None and size is not None and own != size.memory
    )
