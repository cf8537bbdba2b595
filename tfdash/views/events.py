"""The events of one object: newest last, repeated ones counted, as lines that align."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tfdash.model.kubecluster import Event
from tfdash.text import safe
from tfdash.views.age import since
from tfdash.views.layout import columns

TITLES = ("TYPE", "REASON", "AGE", "FROM", "MESSAGE")
RIGHT = (False, False, True, False, False)


class EventLine(NamedTuple):
    """Safe texts; ``warning`` is what a screen marks."""

    type: str
    reason: str
    age: str
    source: str
    message: str
    warning: bool

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        return (self.type, self.reason, self.age, self.source, self.message)


def event_lines(events: Iterable[Event], now: float) -> list[EventLine]:
    """Oldest first by when each was last seen. ``5m (x4 over 12m)`` tells how often and since when."""
    lines = []
    for event in sorted(events, key=lambda e: (e.last_seen or e.first_seen, e.name)):
        last = event.last_seen or event.first_seen
        age = since(last, now)
        if event.count > 1:
            age += f" (x{event.count} over {since(event.first_seen or last, now)})"
        lines.append(
            EventLine(
                safe(event.type),
                safe(event.reason),
                age,
                safe(event.source),
                safe(" ".join(event.message.split())),
                event.type != "Normal",
            )
        )
    return lines


def event_text(events: Iterable[Event], now: float) -> list[str]:
    """The same as plain lines with a head; one line that says so where there is none."""
    lines = event_lines(events, now)
    if not lines:
        return ["none; the API server keeps events for about an hour"]
    return columns([TITLES, *(line.cells for line in lines)], RIGHT)
