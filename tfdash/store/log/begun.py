"""Since when entries were recorded at the place of a file: what is lost of them reaches no further back.

Inf: nothing is known to have been recorded there. -inf: something was, and since when is not known.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

from tfdash.model.store_state import Entry
from tfdash.store.log.canonical import data_of, genuine

BROKEN = ("cut", "changed", "gone", "forked", "damaged")
"""Why a terminal could not go on with a chain, where entries are lost or are not its own."""


def lost_by(entry: Entry, data: Mapping[str, Any]) -> bool:
    """Whether a terminal notes in it that it could not go on with a chain, for entries are lost or are not its own."""
    chain = data.get("chain")
    return entry.actor == "tfdash" and isinstance(chain, Mapping) and chain.get("reason") in BROKEN


def in_note(chain: Mapping[str, Any]) -> float:
    """As the note of a loss has it, in epoch seconds."""
    begun = chain.get("begun")
    if isinstance(begun, bool) or not isinstance(begun, int | float) or not isfinite(begun):
        return -inf
    return float(begun)


def in_lock(text: str) -> float:
    """As it stands below the head; -inf where only a head stands there, inf where nothing does."""
    head, _, below = text.partition("\n")
    words = below.split()
    if len(words) == 2 and words[0] == "begun":
        try:
            return in_note({"begun": float(words[1])})
        except ValueError:
            return -inf
    return -inf if head.strip() else inf


def in_file(connection: sqlite3.Connection) -> float:
    """The time of the first entry of each of its chains, and of what its notes say is lost."""
    firsts = connection.execute("SELECT bytes, hash, min(sequence) FROM entries GROUP BY terminal").fetchall()
    times = [next((entry.at for entry in genuine(raw, hash)), -inf) for raw, hash, _ in firsts]
    noted = connection.execute(
        "SELECT bytes, hash FROM entries WHERE kind = 'note' AND instr(bytes, CAST('chain' AS BLOB))"
    )
    for raw, hash in noted:
        for entry in genuine(raw, hash):
            data = data_of(entry)
            times += [in_note(data["chain"])] if lost_by(entry, data) else []
    return min(times, default=inf)
