"""Who did what, who approved it and what came of it: the entries of the audit log put together by intent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tfdash.model.action import Result
from tfdash.model.store_state import COMPLETION, MAINTENANCE_START, PERIOD_WAIVER, Entry, EntryKind
from tfdash.model.subject import Subject
from tfdash.store.log.attribution import PROGRAM
from tfdash.store.log.audit_projection import subject_of
from tfdash.store.log.canonical import data_of

_DECISIONS = (COMPLETION, PERIOD_WAIVER, MAINTENANCE_START, "manual", "breach", "break-glass")
"""Topics of the entries by which a person says something that others rely on."""
NO_OUTCOME = "no outcome"


class Acted(NamedTuple):
    """``result``: a ``Result``, NO_OUTCOME where none is recorded, "refused" by the gate, or "recorded" of what is said in the log
    itself. ``verified`` None: nothing was to be seen, or nobody saw it. ``approved_by`` "": nobody was asked. Times in epoch seconds."""

    at: float
    actor: str
    action: str
    target: str
    subject: Subject | None
    place: str
    sentence: str
    result: str
    verified: bool | None = None
    ended: float | None = None
    seen: float | None = None
    reason: str = ""
    approved_by: str = ""
    entry: str = ""

    @property
    def done(self) -> bool:
        return self.result == Result.APPLIED.value


def acted(entries: Iterable[Entry], since: float, until: float) -> tuple[Acted, ...]:
    """What began in ``[since, until)``, oldest first; what came of it may lie after that."""
    every = [(entry, data_of(entry)) for entry in entries]
    approvers = {
        str(data.get("id", "")): entry.actor for entry, data in every if entry.kind is EntryKind.APPROVAL
    }
    about: dict[str, list[tuple[Entry, Mapping[str, Any]]]] = {}
    for entry, data in every:
        if entry.intent:
            about.setdefault(entry.intent, []).append((entry, data))
    found = []
    for entry, data in every:
        if not since <= entry.at < until:
            continue
        if entry.kind is EntryKind.INTENT:
            found.append(_of_intent(entry, data, about.get(entry.intent, []), approvers))
        elif entry.kind is EntryKind.REFUSAL:
            found.append(_plain(entry, data, Result.REFUSED.value))
        elif data.get("topic") in _DECISIONS and entry.actor not in ("", *PROGRAM):
            found.append(_plain(entry, data, "recorded"))
    return tuple(sorted(found, key=lambda one: one.at))


def _plain(entry: Entry, data: Mapping[str, Any], result: str) -> Acted:
    subject = subject_of(data.get("subject"))
    reason = str(data.get("reason") or data.get("why") or data.get("note") or "")
    return Acted(
        at=entry.at,
        actor=entry.actor,
        action=entry.action or str(data.get("topic", "")),
        target=entry.target or (str(subject) if subject is not None else ""),
        subject=subject,
        place="/".join(filter(None, (entry.environment, entry.cluster))),
        sentence=entry.sentence,
        result=result,
        reason=reason,
        approved_by=str(data.get("second", "")),
        entry=f"{entry.terminal}:{entry.sequence}",
    )


def _of_intent(
    entry: Entry,
    data: Mapping[str, Any],
    about: list[tuple[Entry, Mapping[str, Any]]],
    approvers: Mapping[str, str],
) -> Acted:
    outcomes = [(e, d) for e, d in about if e.kind is EntryKind.OUTCOME]
    seen = [(e, d) for e, d in about if e.kind is EntryKind.VERIFICATION]
    confirmed = data.get("confirmed")
    given: Mapping[str, Any] = confirmed if isinstance(confirmed, Mapping) else {}
    last = max(outcomes, key=lambda pair: pair[0].at, default=None)
    return _plain(entry, data, NO_OUTCOME)._replace(
        result=str(last[1].get("result", "")) if last is not None else NO_OUTCOME,
        verified=bool(seen[-1][1].get("verified", True)) if seen else None,
        ended=last[0].at if last is not None else None,
        seen=seen[-1][0].at if seen else None,
        reason=str(given.get("reason", "")),
        approved_by=approvers.get(str(given.get("approval", "")), "") if given.get("approval") else "",
        sentence=last[0].sentence if last is not None and not seen else entry.sentence,
    )
