"""Stated times: by when stakeholders hear of a run again, and how late they heard. Seconds throughout.

From the start of a run on a word is due ``every`` so long, counted from the last one: a step that told people, a status that was sent, or one that a
person gave another way. Once it was told that it ended nothing is due any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfdash.model.procedure import Procedure
from tfdash.model.run import RunOutcome, RunState
from tfdash.playbook.procedures.fields import At, Faults
from tfdash.playbook.procedures.vocabulary import Vocabulary
from tfdash.spelling import nearest

ENDED = "ended"
"""The message behind which nobody waits for a word any more."""


class WordGiven(NamedTuple):
    """When it was given (epoch seconds), and how late: 0 in time."""

    at: float
    late: float


def word_due(run: RunState) -> float | None:
    """When the next is due (epoch seconds); None where none is."""
    status = run.procedure.status
    if status is None or run.dry or run.words_over or run.outcome is not RunOutcome.OPEN:
        return None
    return max((run.started_at, *run.words)) + status.every


def words_given(run: RunState) -> Iterator[WordGiven]:
    """Each word of a run that states times, in their order."""
    status, last = run.procedure.status, run.started_at
    for at in sorted(run.words) if status is not None and not run.dry else ():
        yield WordGiven(at, max(0.0, at - last - (status.every if status is not None else 0.0)))
        last = max(last, at)


def check_status(procedure: Procedure, known: Vocabulary, faults: Faults) -> None:
    """What it names must be there."""
    status, at = procedure.status, ("status",)
    if status is None:
        return
    named: tuple[tuple[At, str, object], ...] = (
        ((*at, "message"), status.message, known.messages),
        *(((*at, "to", str(i)), name, known.channels) for i, name in enumerate(status.to)),
    )
    for where, name, there in named:
        if isinstance(there, (frozenset, set, tuple, list, dict)) and name not in there:
            faults.add(where, f'there is no "{name}"', nearest(name, tuple(there)))
