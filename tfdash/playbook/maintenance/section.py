"""The line of the dated promises: what is overdue, what is due next, what nobody watches yet."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from tfdash.gravity import promise_rank
from tfdash.item_place import place_of
from tfdash.model.maintenance import ItemStanding, ItemState
from tfdash.model.section import SectionFinding
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.schedule.local import local_date
from tfdash.playbook.section import Findings, Reading, Section

_COUNTED = (ItemStanding.NO_EVIDENCE, ItemStanding.IN_PROGRESS, ItemStanding.WAIVED, ItemStanding.NOT_WATCHED)


def _read(findings: Findings) -> Reading:
    if findings.maintenance is None:
        return Reading(
            Level.UNKNOWN, "loading", "what is on record of the dated promises is not read yet", loading=True
        )
    states = [s for s in findings.maintenance.values() if s.standing is not ItemStanding.WITHDRAWN]
    count = Counter(state.standing for state in states)
    worst = max((s.level for s in states), default=Level.IDLE)
    first = min(states, key=_worst_first, default=None)
    coming = min(
        (s for s in states if s.due is not None and s.level <= Level.OK),
        key=lambda s: s.due or 0.0,
        default=None,
    )
    words = [f"{count[ItemStanding.OVERDUE]} overdue"]
    if coming is not None and (day := _by(coming, findings)):
        words.append(
            f"next due {day}"
        )  # beside what is overdue, too: the row of the Overview has no other words
    words += [f"{count[one]} {one.value}" for one in _COUNTED if count[one]]
    told = first if first is not None and first.level > Level.OK else coming
    return Reading(
        worst,
        ", ".join(words),
        _next(told, findings) if told is not None else "",
        sum(s.level is worst for s in states),
        unknown=sum(s.level is Level.UNKNOWN for s in states),
        subject=told.subject if told is not None else None,
        since=told.since if told is not None else None,
        findings=tuple(
            SectionFinding(
                level=s.level,
                sentence=f"{_called(s)}: {s.words}",
                subject=s.subject,
                since=s.since,
                cause=s.cause,
                rule=rule_of(s),
                waived=s.standing is ItemStanding.WAIVED,
            )
            for s in sorted(states, key=_worst_first)  # as the line above them names it
            if s.level > Level.OK
        ),
    )


def rule_of(state: ItemState) -> str:
    """What a finding of it is known by: the promise."""
    return f"maintenance.{state.subject.name}"


def _next(state: ItemState, findings: Findings) -> str:
    """What is the matter with it and where; of what is well, by when it is to be done next."""
    called = _called(state)
    day = _by(state, findings)
    return f"next: {called}, by {day}" if state.level <= Level.OK and day else f"{called}: {state.words}"


def _by(state: ItemState, findings: Findings) -> str:
    """The last day for it; "" where that is not known."""
    zone = findings.calendar.zone if findings.calendar is not None else ""
    if state.due is None or not zone:
        return ""
    day = local_date(state.due - 1.0, ZoneInfo(zone))  # a midnight is the end of the day before it
    return f"{day:%a} {day.day} {day:%b}"


def _called(state: ItemState) -> str:
    """With its place: what is overdue in staging is not so in production."""
    return f"{state.title}, {place_of(state.subject)}"


def _worst_first(state: ItemState) -> tuple[int, int, float, Subject]:
    return -state.level, *promise_rank(state)


SECTION = Section("maintenance", "Maintenance", "calendar", _read, noun="promise")
