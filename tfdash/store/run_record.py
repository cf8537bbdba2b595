"""What the store holds of one act for a step of a run, and whether that is all there is; and that somebody went on alone."""

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


async def alone(store: Store, environment: str, who: str, why: str) -> None:
    """``who`` goes past an approval alone: break-glass, which somebody else has to review. It waives nothing else: it is over at once
    where it was not active before. Raises ``LedgerUnavailable``, and ``ValueError`` for no environment and no person."""
    if not store.break_glass_active(environment, who):
        await store.break_glass(environment, who, why)
        await store.end_break_glass(environment, who)
