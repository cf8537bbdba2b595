"""What the store holds of one act for a step of a run, and whether that is all there is."""

from __future__ import annotations

import msgspec

from tfdash.model.store_state import ActOnRecord
from tfdash.store.ledger import Store


def act_on_record(store: Store, terminal: str, tag: str) -> ActOnRecord:
    """``terminal``: that of who began the step. Its log is held whole where it lies in this user's files, was read to its end after
    whoever wrote it had ended, and nothing of it went elsewhere that cannot be read now."""
    health = store.health
    here = terminal in store.own_terminals | store.ended_terminals
    amiss = health.unread or health.local or health.broken or health.shared
    told = store.projection.run_acts.told(terminal, tag)
    return msgspec.structs.replace(told, whole=here and health.read and not amiss)
