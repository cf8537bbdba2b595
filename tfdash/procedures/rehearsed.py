"""What the end of a run says of the promise that its runbook is rehearsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunOutcome
from tfdash.model.store_state import REHEARSED
from tfdash.playbook.procedures.progress import would_stop
from tfdash.playbook.procedures.state import RunStates


def rehearsed_by(events: Sequence[RunEvent]) -> Mapping[str, Any]:
    """For the last event of a run, which is closed now: it stands in the very same entry, so that no kill lies between. {} where it is no
    recovery, comes to another end than done, or would have stopped at what acts."""
    before = events[-1]
    last = msgspec.structs.replace(
        before, number=before.number + 1, kind=RunEventKind.CLOSED, step="", attempt=0, data={}
    )
    ended = RunStates().of(RunJournal(id=before.run, events=(*events, last)))
    if not ended.procedure.recovery or ended.outcome is not RunOutcome.DONE or would_stop(ended):
        return {}
    return {REHEARSED: ended.procedure.id, "dry": ended.dry}
