"""The events of runs as this terminal knows them: what the store's picture holds, and what was recorded here and is not in it yet."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tfdash.actions.core.protocols import Ledger
from tfdash.clock import Clock
from tfdash.model.picture import Picture
from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunOutcome, RunState
from tfdash.model.store_state import Entry, EntryKind
from tfdash.playbook.procedures.state import RunStates
from tfdash.procedures.proofs import Proofs
from tfdash.store.log.run_facts import event_data, event_of, imported_data, next_number

STORE = "store"
"""The store as a source of the picture."""
_AT_ONCE = 200  # events that are recorded with one wait for the disk, which has a deadline
HERE = "here"
"""The terminal of what nothing records: a dry run on a terminal that may change nothing."""


class _HasPicture(Protocol):
    """What is needed of the board."""

    picture: Picture


class Journals:
    """``ledger`` None: nothing is recorded, and what happens lives as long as this program. Read from any thread; written on the board's
    loop alone."""

    def __init__(
        self, board: _HasPicture, ledger: Ledger | None, clock: Clock, proofs: Proofs | None = None
    ) -> None:
        self._board, self._ledger, self._clock, self._proofs = board, ledger, clock, proofs
        self._counting: dict[str, tuple[RunJournal, int, RunJournal]] = {}
        self._own: dict[str, tuple[RunEvent, ...]] = {}  # recorded here; replaced, never changed
        self._numbers: dict[str, int] = {}  # the highest that was given away here
        self._states, self._folding = RunStates(), threading.Lock()
        self._joined: dict[str, tuple[RunJournal | None, tuple[RunEvent, ...], RunJournal]] = {}

    @property
    def terminal(self) -> str:
        return self._ledger.terminal if self._ledger is not None else HERE

    @property
    def recorded(self) -> bool:
        """Whether what is said here outlives this program."""
        return self._ledger is not None

    @property
    def unread(self) -> str:
        """Why nothing can be recorded yet: what is not known of a run would not be followed. "" where all was read that can be."""
        if self._ledger is None:
            return ""
        status = self._board.picture.sources.get(STORE)
        if status is not None and (status.complete or status.problem is not None):
            return ""
        return "what is on record is still being read"

    def ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._board.picture.store_state.runs, *self._own)))

    def known(self) -> dict[str, RunJournal]:
        """All of them, by id."""
        found = ((id, self.journal(id)) for id in self.ids())
        return {id: journal for id, journal in found if journal is not None}

    def journal(self, run: str, *, forged: bool = False) -> RunJournal | None:
        """All its events that are known here, each once; without the approvals that nobody vouches for, unless they are asked for."""
        journal, proofs = self._all(run), self._proofs
        if journal is None or proofs is None or forged:
            return journal
        known = self._counting.get(run)
        if known is None or known[0] is not journal or known[1] != proofs.version:
            version = proofs.version
            known = self._counting[run] = (journal, version, proofs.without_forged(journal))
        return known[2]

    def _all(self, run: str) -> RunJournal | None:
        seen, own = self._board.picture.store_state.runs.get(run), self._own.get(run, ())
        if not own:
            return seen
        known = self._joined.get(run)
        if known is not None and known[0] is seen and known[1] is own:
            return known[2]
        theirs = seen.events if seen is not None else ()
        there = {(event.number, event.terminal) for event in theirs}
        more = [event for event in own if (event.number, event.terminal) not in there]
        if seen is not None and not more:
            joined = seen
        else:
            events = sorted((*theirs, *more), key=lambda event: (event.number, event.terminal))
            joined = RunJournal(id=run, events=tuple(events))
        self._joined[run] = (seen, own, joined)
        return joined

    def state(self, run: str) -> RunState | None:
        """What they add up to; folded anew only where there is more of them."""
        journal = self.journal(run)
        if journal is None:
            return None
        with self._folding:  # screens ask on their loop, the engine on the board's
            return self._states.of(journal)

    def states(self) -> tuple[RunState, ...]:
        """All of them: open ones first, newest first."""
        found = [state for run in self.ids() if (state := self.state(run)) is not None]
        return tuple(sorted(found, key=lambda run: (run.outcome is not RunOutcome.OPEN, -run.started_at)))

    async def record(
        self,
        run: str,
        kind: RunEventKind,
        *,
        by: str,
        step: str = "",
        attempt: int = 0,
        sentence: str = "",
        data: Mapping[str, Any] | None = None,
        environment: str = "",
        procedure: str = "",
    ) -> RunEvent:
        """Durable when it returns. Raises ``LedgerUnavailable``."""
        journal = self._all(run)
        number = self._numbers[run] = max(next_number(journal), self._numbers.get(run, 0) + 1)
        event = RunEvent(
            run=run,
            number=number,
            at=self._clock.now(),
            kind=kind,
            by=by,
            terminal=self.terminal,
            step=step,
            attempt=attempt,
            sentence=sentence,
            data=dict(data or {}),
        )
        return await self._keep(event, event_data(event), by, environment, procedure)

    async def take(
        self, events: Sequence[RunEvent], *, file: str, by: str, environment: str, procedure: str
    ) -> None:
        """Events of one run that another terminal handed over in a file (its SHA-256), kept as what that file says. Those before one that could
        not be recorded are kept all the same. Raises ``LedgerUnavailable``."""
        for first in range(0, len(events), _AT_ONCE):
            some = events[first : first + _AT_ONCE]
            run = some[0].run
            self._numbers[run] = max(self._numbers.get(run, 0), *(event.number for event in some))
            if self._ledger is not None:
                told = [(_sentence(event), imported_data(event, file)) for event in some]
                entries = await self._ledger.append_all(
                    told, actor=by, action=_action(procedure), environment=environment
                )
                some = [_as_read(entry, run) for entry in entries]
            self._own[run] = (*self._still_own(run), *some)

    async def _keep(
        self, event: RunEvent, data: Mapping[str, Any], by: str, environment: str, procedure: str
    ) -> RunEvent:
        if self._ledger is not None:
            entry = await self._ledger.append(
                EntryKind.NOTE,
                actor=by,
                action=_action(procedure),
                sentence=_sentence(event),
                data=data,
                environment=environment,
            )
            event = _as_read(entry, event.run)
        self._own[event.run] = (*self._still_own(event.run), event)
        return event

    def _still_own(self, run: str) -> Sequence[RunEvent]:
        """Those that the picture does not have yet: the others need not be remembered here."""
        seen = self._board.picture.store_state.runs.get(run)
        there = {(event.number, event.terminal) for event in seen.events} if seen is not None else set()
        return [event for event in self._own.get(run, ()) if (event.number, event.terminal) not in there]


def _action(procedure: str) -> str:
    return f"procedure.{procedure}" if procedure else "procedure"


def _as_read(entry: Entry, run: str) -> RunEvent:
    """As everybody reads it from now on: without what was secret in it."""
    read = event_of(entry)
    if read is None:
        raise ValueError(f"an event of {run!r} that nobody can read")
    return read


def _sentence(event: RunEvent) -> str:
    """As the audit log shows it: which run, which step, what."""
    at = f"{event.run} {event.step}".strip()
    return f"{at}: {event.kind.value}" + (f": {event.sentence}" if event.sentence else "")
