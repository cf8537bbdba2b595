"""The newest entries of all terminals that the store reaches."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import Entry
from tfdash.store.log.audit_recorder import AuditRecorder
from tfdash.store.log.chain import StoredEntry
from tfdash.store.log.reading import LogHolder, entries_of, newest_in


async def newest(recorder: AuditRecorder, folder: Path, count: int) -> list[Entry]:
    """Newest first. A shared store that is down leaves what is kept here. Raises ``LedgerUnavailable`` where not even that can be read."""
    rows = await recorder.thread.call(lambda: newest_in(folder, count), "reading the audit log")
    if recorder.sink is not None:
        with contextlib.suppress(LedgerUnavailable):
            rows += [StoredEntry(*row) for row in await recorder.sink.newest(count)]
    found = entries_of([LogHolder(name="", rows=tuple(rows), kind="local")], named=True)
    return found[::-1][:count]
