"""What people noted in runs that a runbook should say, and does not stand in its file yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from tfdash.model.procedure import Procedure
from tfdash.model.run import RunEventKind, RunJournal

_BY_HAND = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


class Learned(msgspec.Struct, frozen=True):
    """``step``: as the file calls it, "" of the whole."""

    step: str
    text: str
    by: str
    run: str


def learned(journals: Iterable[RunJournal], procedure: Procedure) -> tuple[Learned, ...]:
    """What was proposed in runs of this procedure and does not stand in its file yet, in the order of the runs; each once."""
    found = (one for journal in journals for one in _of(journal, procedure.id))
    fresh = (one for one in found if one.text and quoted(one.text) not in procedure.text)
    return tuple({(one.step, one.text): one for one in fresh}.values())


def _of(journal: RunJournal, id: str) -> Iterator[Learned]:
    started = next((e for e in journal.events if e.kind is RunEventKind.STARTED), None)
    if started is None or started.data.get("procedure") != id:
        return
    for event in journal.events:
        proposes = event.data.get("proposes")
        if event.kind is RunEventKind.NOTE and isinstance(proposes, str):
            text = " ".join(proposes.split())
            yield Learned(event.step.partition("--")[0], text, event.by, journal.id)


def quoted(text: str) -> str:
    """As it stands within quotation marks of TOML."""
    return "".join(_BY_HAND.get(c, c) for c in printed(text))


def printed(text: str) -> str:
    """Without what no line of TOML holds."""
    return "".join(c for c in text if c.isprintable() or c == "\t")
