"""Journals of runs in a recording: of one that only grew what was added, under a table of its own (``MORE``). A run has thousands of events, and
its start the whole text of a procedure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.model.run import RunJournal

RUNS, MORE = "runs", "runs+"


def apart(
    before: Mapping[str, Any], put: Mapping[str, RunJournal]
) -> tuple[dict[str, RunJournal], dict[str, RunJournal]]:
    """Those that are to be written whole, and of the others what is new."""
    whole, more = {}, {}
    for id, journal in put.items():
        old = before.get(id)
        count = len(old.events) if isinstance(old, RunJournal) else 0
        if count and isinstance(old, RunJournal) and journal.events[:count] == old.events:
            more[id] = RunJournal(id=journal.id, events=journal.events[count:])
        else:
            whole[id] = journal
    return whole, more


def joined(table: Mapping[str, RunJournal], more: Mapping[str, RunJournal]) -> dict[str, RunJournal]:
    """The other way. What grew and is not there is left out: half a run would be another one."""
    found = dict(table)
    for id, journal in more.items():
        if id in found:
            found[id] = RunJournal(id=journal.id, events=(*found[id].events, *journal.events))
    return found
