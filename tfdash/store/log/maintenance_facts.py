"""What the log says of dated promises: when they were done, who answers for what was not, from when account is kept. Every terminal's
entries add up to it, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from tfdash.model.maintenance import (
    KIND,
    REHEARSAL,
    AccountStart,
    Completion,
    EvidenceKind,
    ItemState,
    LostEntries,
    MaintenanceRecord,
    PeriodWaiver,
    RuleSaid,
    RuleTerms,
    Sighting,
    item_subject,
    runbook_item,
)
from tfdash.model.run import RunEventKind
from tfdash.model.store_state import (
    COMPLETION,
    MAINTENANCE_RULES,
    MAINTENANCE_START,
    PERIOD_WAIVER,
    REHEARSED,
    RULE,
    SIGHTING,
    Entry,
)
from tfdash.model.subject import Subject
from tfdash.store.log.run_facts import TOPIC as RUN

T = TypeVar("T")
_TOPICS = frozenset({COMPLETION, MAINTENANCE_START, PERIOD_WAIVER, SIGHTING})
_CLOCKS_DIFFER = 300.0
"""Seconds by which something may be recorded before it was done."""


class MaintenanceFacts:
    """See the module. The tables that are told are replaced and never mutated, each only by an entry about it."""

    def __init__(self) -> None:
        self._completions: _Rows[Completion] = _Rows()
        self._waivers: _Rows[PeriodWaiver] = _Rows()
        self._sightings: _Rows[Sighting] = _Rows()
        self._started: _Rows[AccountStart] = _Rows()
        self._rules: _Rows[RuleSaid] = _Rows()

    def told(
        self, uses: Mapping[str, tuple[float, ...]], lost: tuple[LostEntries, ...] = ()
    ) -> MaintenanceRecord:
        return MaintenanceRecord(
            completions=self._completions.told(),
            waivers=self._waivers.told(),
            sightings=self._sightings.told(),
            started=self._started.told(),
            rules=self._rules.told(),
            uses=uses,
            lost=lost,
            known=True,
        )

    def apply(self, entry: Entry, data: Mapping[str, Any], subject: Subject | None) -> None:
        """Take in one entry; the same one again changes nothing, and one that cannot be read says nothing."""
        topic = data.get("topic")
        if topic == MAINTENANCE_RULES:
            self._settings(entry, data)
            return
        if topic == RUN:
            self._run(entry, data)
            return
        if topic not in _TOPICS or subject is None or subject.kind != KIND:
            return
        if (terms := _terms(data.get(RULE))) is not None:
            self._rules.add(subject, RuleSaid(terms, entry.at))
        if topic == COMPLETION:
            self._completion(entry, data, subject)
        elif topic == PERIOD_WAIVER:
            since, until = _time(data.get("since")), _time(data.get("until"))
            if since is not None and until is not None and since < until:
                waiver = PeriodWaiver(
                    subject=subject,
                    since=since,
                    until=until,
                    who=entry.actor,
                    why=str(data.get("why", "")),
                    second=str(data.get("second", "")),
                    recorded_at=entry.at,
                )
                self._waivers.add(subject, waiver)
        elif topic == SIGHTING:
            seen, done = _time(data.get("seen")), _time(data.get("done_at"))
            readable = done is not None or data.get("done_at") is None
            if readable and seen is not None and (done or 0.0) <= seen <= entry.at + _CLOCKS_DIFFER:
                self._sightings.add(subject, Sighting(seen, done, entry.at))
        else:
            start = _time(data.get("start"))
            if start is not None:
                self._started.add(subject, AccountStart(start, entry.at))

    def _settings(self, entry: Entry, data: Mapping[str, Any]) -> None:
        for told in _list(data.get("items")):
            if isinstance(told, Mapping) and (terms := _terms(told.get(RULE))) is not None:
                words = {name: str(told.get(name, "")) for name in ("title", "kind", "owner")}
                for subject in _places(told.get("at")):
                    self._rules.add(subject, RuleSaid(terms, entry.at, **words))
        for subject in _places(data.get("withdrawn")):
            self._rules.add(subject, RuleSaid(None, entry.at))

    def _run(self, entry: Entry, data: Mapping[str, Any]) -> None:
        """A run that came to its end rehearsed its runbook: its last event says so. One that came here in a file says nothing."""
        told = data.get("event")
        if not isinstance(told, Mapping) or told.get("kind") != RunEventKind.CLOSED.value or "of" in data:
            return
        more = told.get("data")
        if not isinstance(more, Mapping) or not entry.environment:
            return
        runbook, run = more.get(REHEARSED), told.get("run")
        if isinstance(runbook, str) and runbook and isinstance(run, str):
            subject = item_subject(runbook_item(REHEARSAL, runbook), entry.environment)
            how = "rehearsed" if more.get("dry") is True else "carried out"
            one = Completion(
                subject=subject,
                done_at=entry.at,
                recorded_at=entry.at,
                evidence=EvidenceKind.LIVE,
                by=f"run {run}",
                note=f"{how}, closed by {entry.actor}",
                terminal=entry.terminal,
            )
            self._completions.add(subject, one)

    def _completion(self, entry: Entry, data: Mapping[str, Any], subject: Subject) -> None:
        done = _time(data.get("done_at"))
        evidence = data.get("evidence")
        if done is None or done > entry.at + _CLOCKS_DIFFER or evidence not in list(EvidenceKind):
            return  # nobody has done it yet
        by = str(data.get("by", "")) if evidence == EvidenceKind.LIVE else entry.actor
        one = Completion(
            subject=subject,
            done_at=done,
            recorded_at=entry.at,
            evidence=EvidenceKind(evidence),
            by=by or entry.actor,
            note=str(data.get("note", "")),
            link=str(data.get("link", "")),
            digest=str(data.get("digest", "")),
            terminal=entry.terminal,
        )
        self._completions.add(subject, one)


class _Rows(Generic[T]):
    """Each once, by what they are about. Ten years of daily entries are read one after the other: nothing is copied until told."""

    def __init__(self) -> None:
        self._rows: dict[Subject, dict[T, None]] = {}
        self._told: dict[Subject, tuple[T, ...]] = {}
        self._new: set[Subject] = set()

    def add(self, subject: Subject, one: T) -> None:
        rows = self._rows.setdefault(subject, {})
        if one not in rows:
            rows[one] = None
            self._new.add(subject)

    def told(self) -> Mapping[Subject, tuple[T, ...]]:
        if self._new:
            self._told = {**self._told, **{subject: tuple(self._rows[subject]) for subject in self._new}}
            self._new = set()
        return self._told


def rules_data(kept: Iterable[ItemState], withdrawn: Iterable[Subject]) -> dict[str, Any]:
    """The settings as they stand in ``data``: each rule once, with all that is kept by it."""
    items: dict[tuple[object, ...], dict[str, Any]] = {}
    for state in kept:
        key = (state.title, state.kind, state.owner, state.terms)
        told = {
            "title": state.title,
            "kind": state.kind,
            "owner": state.owner,
            RULE: msgspec.to_builtins(state.terms),
        }
        items.setdefault(key, {**told, "at": []})["at"].append(_place_data(state.subject))
    return {
        "topic": MAINTENANCE_RULES,
        "items": list(items.values()),
        "withdrawn": [_place_data(one) for one in withdrawn],
    }


def _place_data(subject: Subject) -> list[str]:
    return [subject.name, subject.cluster.environment, subject.cluster.cluster, subject.namespace]


def _places(value: Any) -> Iterator[Subject]:
    for one in _list(value):
        if isinstance(one, list) and len(one) == 4 and all(isinstance(text, str) for text in one):
            yield item_subject(*one)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _terms(value: Any) -> RuleTerms | None:
    """None for what entries of earlier versions do not say, and for what cannot be read or is no time."""
    try:
        terms = msgspec.convert(value, RuleTerms)
    except msgspec.ValidationError:
        return None
    times = (terms.grace, *(() if terms.start is None else (terms.start,)))
    return terms if all(_time(value) is not None for value in times) else None


def _time(value: Any) -> float | None:
    """Epoch seconds of this and the next centuries; None for what is no such time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10_000_000_000:
        return None
    return float(value)
