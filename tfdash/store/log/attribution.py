"""Who an entry is by: a terminal says it of itself, and the shared store stamps the login that wrote it."""

from __future__ import annotations

import msgspec

from tfdash.model.store_state import Entry

PROGRAM = ("tfdash", "rules")
"""What the program says of itself, whoever runs it."""


def writer_of(actor: str, written_by: str) -> str:
    """The name to show and to hold responsible. ``written_by`` is the stamped login, "" for what stands in files of this user's
    own. A login that says it is somebody else is named first, and the other name is a claim."""
    if not written_by or actor in (written_by, *PROGRAM):
        return actor
    return f"{written_by} (claimed: {actor})"


def attributed(entry: Entry, written_by: str) -> Entry:
    """The entry with who it is by as its actor; its hash is that of what was recorded."""
    who = writer_of(entry.actor, written_by)
    return entry if who == entry.actor else msgspec.structs.replace(entry, actor=who)


def said_by(text: str, actor: str, who: str) -> str:
    """A sentence that begins with "ann: ", as said by whoever it is by."""
    return text if who == actor or not text else f"{who}: {text.removeprefix(f'{actor}: ')}"
