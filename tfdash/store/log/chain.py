"""One entry as it is stored, and what is wrong with one that should follow another. Pure."""

from __future__ import annotations

import msgspec

from tfdash.model.store_state import Entry
from tfdash.store.log.canonical import EntryHeader, UnreadableEntry, data_of, digest, entry_of, read_header


class StoredEntry(msgspec.Struct, frozen=True):
    """``columns`` (kind, intent, topic) are what a file says beside the bytes, None where nothing."""

    terminal: str
    sequence: int
    raw: bytes
    hash: str
    written_by: str = ""
    columns: tuple[str, str, str] | None = None


def stored(row: tuple[object, ...], written_by: str = "") -> StoredEntry:
    """Of (terminal, sequence, bytes, hash, kind, intent, topic) in a table; SQLite lets anything stand there."""
    terminal, sequence, raw, hash, kind, intent, topic = row
    return StoredEntry(
        str(terminal),
        sequence if isinstance(sequence, int) else 0,
        raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "surrogatepass"),
        str(hash),
        written_by,
        (str(kind), str(intent), str(topic)),
    )


def wrong(row: StoredEntry, sequence: int, previous: str) -> str:
    """What is wrong with the row that should follow on ``sequence`` and ``previous``, "" for nothing."""
    return examined(row, sequence, previous)[1]


def examined(row: StoredEntry, sequence: int, previous: str) -> tuple[Entry | None, str]:
    """The entry, where its bytes are what their hash says, and what is ``wrong``."""
    where = f"entry {row.sequence}"
    try:
        header = read_header(row.raw)
        entry = entry_of(header, row.raw, row.hash)
    except UnreadableEntry as error:
        return None, f"{where} is damaged: {error}"
    if digest(row.raw) != row.hash:
        return None, f"{where} was changed: its hash is not that of its bytes"
    return entry, _misplaced(row, header, entry, sequence, previous)


def _misplaced(row: StoredEntry, header: EntryHeader, entry: Entry, sequence: int, previous: str) -> str:
    where = f"entry {row.sequence}"
    if header.terminal != row.terminal or header.sequence != row.sequence:
        return f"{where} was moved: it says that it is entry {header.sequence} of {header.terminal}"
    if row.sequence > sequence + 1:
        missing = (
            f"entry {sequence + 1} is"
            if row.sequence == sequence + 2
            else f"entries {sequence + 1} to {row.sequence - 1} are"
        )
        return f"{missing} missing"
    if row.sequence <= sequence:
        return f"{where} is out of order: it stands behind entry {sequence}"
    if header.previous != previous:
        return f"{where} was spliced in, or what stands before it was written anew: it continues {header.previous[:12]}"
    if row.columns is not None:
        topic = str(data_of(entry).get("topic", ""))
        if row.columns != (header.kind, header.intent, topic):
            return f"{where} was hidden: the columns beside it say something else than it does"
    return ""
