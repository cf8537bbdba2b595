"""Probes of time and calendar."""

from __future__ import annotations

import shlex

import msgspec

from tfdash.model.run import Probed
from tfdash.model.verdict import UnknownKind
from tfdash.moments import moment
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import remark
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.playbook.schedule.asking import asked
from tfdash.playbook.schedule.windows import next_slots, slot_at, words


def _open(case: ProbeCase) -> Probed:
    sight, state = ProbeLook(case), case.assessment.calendar
    if state is None:
        return sight.unclear(UnknownKind.LOADING, "the release calendar is not known yet")
    if _over(state.closes_at if state.open else state.opens_at, case.now):
        return sight.unclear(UnknownKind.STALE, "what the release calendar says now was not looked up yet")
    return _with_now(sight, sight.said(state.open, state.why), f"the windows: {_windows(sight)}")


def _no_freeze(case: ProbeCase) -> Probed:
    """No blackout, holiday or freeze closes the calendar now; whether a window is open is another question."""
    sight, state = ProbeLook(case), case.assessment.calendar
    if state is None:
        return sight.unclear(UnknownKind.LOADING, "the release calendar is not known yet")
    policy = sight.policies.fed(case.picture.signals.feeds).calendar
    if policy.unread:
        return sight.unclear(UnknownKind.NO_DATA, f"{policy.unread}, so nobody knows which days it closes")
    edge = state.freeze.end if state.freeze is not None else state.closes_at if state.open else state.opens_at
    if _over(edge, case.now):
        return sight.unclear(UnknownKind.STALE, "what the release calendar says now was not looked up yet")
    if state.freeze is not None:
        until = f"until {moment(state.freeze.end, sight.zone)}"
        told = sight.said(False, f"closed for {state.freeze.reason}: {state.freeze.text}")
        return _with_now(sight, told, f"closed for {state.freeze.reason} {until}")
    said = sight.said(True, "no blackout and no freeze is in force")
    return _with_now(sight, said, "none of [calendar]'s blackouts, holidays and feeds has this day")


def _with_now(sight: ProbeLook, said: Probed, held_against: str) -> Probed:
    """The clock on the calendar's wall, and what it is held against."""
    zone = shlex.quote(sight.policies.calendar.zone)
    return msgspec.structs.replace(said, line=remark(f"TZ={zone} {_CLOCK}", held_against))


def _windows(sight: ProbeLook) -> str:
    """The next ones; where there are none, that."""
    policy = sight.policies.calendar
    now = slot_at(policy, sight.now)
    slots = (*((now,) if now is not None else ()), *next_slots(policy, sight.now, 2))
    return "; ".join(words(policy, slot.start, slot.end) for slot in slots) or "none for two years"


def _over(edge: float | None, now: float) -> bool:
    """Whether what was said ended meanwhile."""
    return edge is not None and now >= edge


def _past(case: ProbeCase) -> Probed:
    sight, text = ProbeLook(case), case.arguments.get("time", "")
    try:
        at = asked(text, sight.policies.calendar, case.now).at
    except ValueError as error:
        return sight.unclear(UnknownKind.NOT_COMPARABLE, str(error))
    tz = sight.policies.calendar.tz
    word = "is past" if case.now >= at else "is to come"
    return sight.said(case.now >= at, f"{moment(at, tz)} {word}: it is {moment(case.now, tz)}")


_CLOCK = "date '+%a %F %R %Z'"
PROBES = (
    Probe(
        id="calendar.open",
        title="a standard release may happen now",
        judge=_open,
        line=lambda _: remark(_CLOCK, "in the zone of [time], held against the windows of [calendar]"),
    ),
    Probe(
        id="calendar.no-freeze",
        title="no blackout or freeze is in force",
        judge=_no_freeze,
        line=lambda _: remark(_CLOCK, "held against the blackouts, holidays and feeds of [calendar]"),
    ),
    Probe(
        id="time.past",
        title="it is past {time}",
        judge=_past,
        line=lambda _: "date",
        arguments=(ProbeArgument(id="time", title='as "2026-11-26 10:30"'),),
    ),
)
