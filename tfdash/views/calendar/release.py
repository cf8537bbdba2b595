"""The release calendar in words: for the gate, the header and the reports."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model.calendar import CalendarState, Slot
from tfdash.text import safe
from tfdash.views.times import iso, moment


def lines(state: CalendarState) -> list[str]:
    """The answer first, then why, then the next slots."""
    first = state.text if not state.waived else f"{state.text} (waived: {safe(state.waived)})"
    told = [first, safe(state.why)]
    if state.finish_until is not None:
        until = moment(state.finish_until, ZoneInfo(state.zone))
        told.append(f"a release that began inside its window may finish until {until}")
    for number, slot in enumerate(state.next):
        told.append(f"{'next: ' if not number else '      '}{slot.text}")
    return told


def as_json(state: CalendarState) -> dict[str, Any]:
    """For pipelines; times are RFC 3339 in UTC."""

    def slot(s: Slot | None) -> dict[str, Any] | None:
        if s is None:
            return None
        return {"start": iso(s.start), "end": iso(s.end), "text": s.text, "reason": safe(s.reason)}

    return {
        "at": iso(state.at),
        "open": state.open,
        "text": state.text,
        "why": safe(state.why),
        "zone": state.zone,
        "closes_at": iso(state.closes_at),
        "opens_at": iso(state.opens_at),
        "freeze": slot(state.freeze),
        "next": [slot(s) for s in state.next],
        "finish_until": iso(state.finish_until),
        "problem": safe(state.problem),
        "waived": safe(state.waived),
    }
