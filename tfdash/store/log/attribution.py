"""Who an entry is by: a terminal says it of itself, and the shared store stamps the login that wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tfdash.model.run import RunEventKind
from tfdash.model.store_state import Entry
from tfdash.store.log.canonical import data_of

PROGRAM = ("tfdash", "rules")
"""What the program says of itself, whoever runs it."""

_PERSONAL = frozenset(
    kind.value
    for kind in (
        RunEventKind.CLAIMED,
        RunEventKind.SIGNED,
        RunEventKind.APPROVED,
        RunEventKind.DENIED,
        RunEventKind.DECIDED,
        RunEventKind.SKIPPED,
        RunEventKind.CHANGED,
        RunEventKind.ABORTED,
        RunEventKind.CLOSED,
    )
)


def writer_of(actor: str, written_by: str, *, person: bool = False) -> str:
    """The name to show and to hold responsible. ``written_by`` is the stamped login, "" for what stands in files of this user's
    own. A login that says it is somebody else is named first, and the other name is a claim. ``person``: of what only a person
    says, so that the program's name is a claim too."""
    if not written_by or actor == written_by or (actor in PROGRAM and not person):
        return actor
    return f"{written_by} (claimed: {actor})"


def attributed(entry: Entry, written_by: str) -> Entry:
    """The entry with who it is by as its actor; its hash is that of what was recorded."""
    person = bool(written_by) and entry.actor in PROGRAM and _is_of_a_person(data_of(entry))
    who = writer_of(entry.actor, written_by, person=person)
    return entry if who == entry.actor else msgspec.structs.replace(entry, actor=who)


def said_by(text: str, actor: str, who: str, written_by: str) -> str:
    """A sentence that begins with "ann: ", as said by whoever it is by: with no other name at its head, whatever was written."""
    if not text or not written_by or who in PROGRAM:
        return text
    return f"{who}: {text.removeprefix(f'{actor}: ')}"


def _is_of_a_person(data: Mapping[str, Any]) -> bool:
    """Whether it is a fact that no rule and no restart makes: a decision, or break-glass that begins or is reviewed."""
    state = data.get("state")
    match data.get("topic"):
        case "manual":
            return True
        case "breach":
            return state == "overruled"
        case "break-glass":
            return state in ("begun", "reviewed")
        case "procedure-run":
            event = data.get("event")
            return isinstance(event, Mapping) and event.get("kind") in _PERSONAL
    return False
