"""The events of runs in the log: how one is written down, and the journals that all of them add up to, of all terminals and in any order.

An event is an entry of the topic ``TOPIC``. Its terminal, its time and who it is by are those of the entry, which nobody chooses for
another; an event that was carried here in a file ("of") is told by whoever carried it until the terminal's own entry comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from tfdash.model.run import RunEvent, RunEventKind, RunJournal
from tfdash.model.store_state import Entry
from tfdash.playbook.procedures.folding import LEAP
from tfdash.playbook.procedures.told_in import MOST
from tfdash.store.log.canonical import data_of
from tfdash.text import safe

TOPIC = "procedure-run"
FINISHED = 50
"""So many runs that ended are held, the newest; and of each procedure the last two carried out and the last two rehearsed."""
OPEN = 100
"""So many are held open that one terminal began: more than that is somebody's mistake, and the oldest of them are left out."""
_ENDS = frozenset({RunEventKind.ABORTED, RunEventKind.CLOSED})
_LONGEST = 200  # characters of an id
_DEPTH = 20  # of values within values


def event_data(event: RunEvent) -> dict[str, Any]:
    """What the entry of an event says of it; the rest is the entry's own."""
    return {
        "topic": TOPIC,
        "event": {
            "run": event.run,
            "number": event.number,
            "kind": event.kind.value,
            "step": event.step,
            "attempt": event.attempt,
            "sentence": event.sentence,
            "data": dict(event.data),
        },
    }


def imported_data(event: RunEvent, file: str) -> dict[str, Any]:
    """The same of an event of another terminal that came in a file. ``file``: its SHA-256."""
    told = event_data(event)
    told["event"] |= {"at": event.at, "by": event.by}
    return {**told, "of": event.terminal, "file": file}


def unreadable(events: Iterable[RunEvent]) -> str:
    """Why the log would not give back these, in their order, as they are; "" where it would. What it drops, a run would forget."""
    number = 0
    for event in events:
        told = f"event {event.number} of {safe(event.terminal[:40])}"
        if not 0 <= event.number - number <= LEAP:
            return f"{told} leaps ahead of those before it"
        number = event.number
        if not (0 < len(event.run) <= _LONGEST and 0 < len(event.terminal) <= _LONGEST):
            return f"{told} is of no run, or of no terminal"
        if not _count(number) or _count(event.attempt) is None:
            return f"{told} has numbers that none has"
        if _deep(event.data):
            return f"{told} holds what is nested too deep"
    return ""


def _deep(data: Any) -> bool:
    level = [data]
    for _ in range(_DEPTH):
        level = [one for value in level for one in _inside(value)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def next_number(journal: RunJournal | None) -> int:
    """Of an event that follows all of these."""
    return 1 + (journal.events[-1].number if journal is not None and journal.events else 0)


class _Held(NamedTuple):
    """An event as one entry has it. The first by ``rank`` counts: a terminal's own entry, and the first that it wrote."""

    rank: tuple[bool, str, int]
    event: RunEvent


class RunFacts:
    """See the module. A journal that nothing was added to stays the same object."""

    def __init__(self) -> None:
        self._runs: dict[str, dict[tuple[int, str], _Held]] = {}
        self._journals: dict[str, RunJournal] = {}
        self._changed: set[str] = set()
        self._told: dict[str, RunJournal] = {}
        self._left: set[str] = set()  # runs that are held no more
        self._wanted: set[str] = set()
        self._login = ""

    def want(self, run: str) -> None:
        """Hold that one, however old it is. Asked before the log is read."""
        self._wanted.add(run)

    def apply(self, entry: Entry, data: Mapping[str, Any], written_by: str = "") -> None:
        """Take in one entry of the topic; the same one again changes nothing, and one that cannot be read says nothing."""
        event = _event(entry, data, written_by)
        if event is None or event.run in self._left:
            return
        held = _Held(("of" in data, entry.terminal, entry.sequence), event)
        of_run = self._runs.setdefault(event.run, {})
        key = (event.number, event.terminal)
        known = of_run.get(key)
        if known is None or held.rank < known.rank or (held.rank == known.rank and written_by):
            of_run[key] = held
            self._changed.add(event.run)

    def told(self, login: str = "") -> Mapping[str, RunJournal]:
        """Those that are open, and of the others the newest, by id. ``login``: as whom this user writes to the shared store, which is
        who stamps what is in this user's own files. The same object while nothing is new."""
        if login != self._login:
            self._login = login
            self._changed |= self._runs.keys()
        if self._changed:
            for id in self._changed:
                self._journals[id] = RunJournal(id=id, events=tuple(self._in_order(id)))
            self._changed = set()
            self._told = _bounded(self._journals, self._wanted)
            for id in self._journals.keys() - self._told.keys():
                if _ended(self._journals[id]):  # that others are open may only mean that not all was read yet
                    self._left.add(id)
                    del self._runs[id], self._journals[id]
        return self._told

    def whole(self, id: str) -> RunJournal | None:
        """One of those that are told."""
        return self.told(self._login).get(id)

    def _in_order(self, id: str) -> Iterator[RunEvent]:
        number = 0
        for _, held in sorted(self._runs[id].items()):
            event = held.event
            if event.number > number + LEAP:
                return
            number = event.number
            if self._login and not event.stamped:
                event = self._stamped(event)
            yield event

    def _stamped(self, event: RunEvent) -> RunEvent:
        """The same object each time, so that who folded it need not do so again."""
        stamped = msgspec.structs.replace(event, stamped=self._login)
        key = (event.number, event.terminal)
        held = self._runs[event.run][key]
        self._runs[event.run][key] = held._replace(event=stamped)
        return stamped


def _bounded(journals: Mapping[str, RunJournal], wanted: Collection[str]) -> dict[str, RunJournal]:
    known = sorted(
        (one for one in journals.values() if one.events), key=lambda j: (j.events[-1].at, j.id), reverse=True
    )
    kept: dict[str, RunJournal] = {}
    finished = 0
    open_ones, ended = Counter[str](), Counter[tuple[str, bool]]()
    for one in known:
        if _ended(one):
            what = _what(one.events)
            finished, ended[what] = finished + 1, ended[what] + 1
            keep = finished <= FINISHED or ended[what] <= 2
        else:
            open_ones[one.events[0].terminal] += 1
            keep = open_ones[one.events[0].terminal] <= OPEN
        if keep or one.id in wanted:
            kept[one.id] = one
    return kept


def _ended(journal: RunJournal) -> bool:
    return any(event.kind in _ENDS for event in journal.events)


def _what(events: Iterable[RunEvent]) -> tuple[str, bool]:
    """Which procedure, and whether it was a rehearsal."""
    for event in events:
        if event.kind is RunEventKind.STARTED:
            return str(event.data.get("procedure", "")), event.data.get("dry") is True
    return "", False


def event_of(entry: Entry) -> RunEvent | None:
    """The event that an entry was recorded for, as everybody reads it."""
    return _event(entry, data_of(entry), "")


def _event(entry: Entry, data: Mapping[str, Any], written_by: str) -> RunEvent | None:
    told = data.get("event")
    if not isinstance(told, Mapping):
        return None
    run, step, more = told.get("run"), told.get("step", ""), told.get("data", {})
    number, attempt = _count(told.get("number")), _count(told.get("attempt", 0))
    if not (isinstance(run, str) and 0 < len(run) <= _LONGEST and isinstance(step, str)):
        return None
    if not number or attempt is None or not isinstance(more, Mapping):
        return None
    said = told.get("sentence")
    words = said if isinstance(said, str) and said else entry.sentence
    kind = _KINDS.get(str(told.get("kind")))
    if kind is None:
        kind, words = RunEventKind.NOTE, f"({told.get('kind')!s:.40}, of a newer version) {words}"
    event = RunEvent(
        run=run,
        number=number,
        at=entry.at,
        kind=kind,
        by=entry.actor,
        terminal=entry.terminal,
        step=step,
        attempt=attempt,
        sentence=words,
        data=more,
        stamped=written_by,
    )
    return _carried(event, entry, data, told) if "of" in data else event


def _carried(
    event: RunEvent, entry: Entry, data: Mapping[str, Any], told: Mapping[str, Any]
) -> RunEvent | None:
    """An event that came in a file, as who carried it says that it was."""
    terminal, by, at = data.get("of"), told.get("by"), told.get("at")
    if not (isinstance(terminal, str) and 0 < len(terminal) <= _LONGEST and isinstance(by, str)):
        return None
    then = isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at <= entry.at
    return msgspec.structs.replace(
        event,
        terminal=terminal,
        by=f"{by} (a file of {entry.actor})",
        at=float(at) if then and at is not None else entry.at,
        data={**event.data, "from_file": str(data.get("file", "")) or "a file"},
    )


_KINDS = {kind.value: kind for kind in RunEventKind}


def _count(value: Any) -> int | None:
    """None for what is no such number."""
    counts = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST
    return int(value) if counts else None
