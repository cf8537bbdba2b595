"""The events of a run as text, the newest last: who did what, when, and what they said."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tfdash.model.run import RunEvent, RunState
from tfdash.nouns import counted
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.text import safe
from tfdash.views.times import local, zone_name

_SHOWN = (
    "reason",
    "note",
    "link",
    "file",
    "branch",
    "role",
    "vouched",
    "result",
    "at_least",
    "source",
    "proposes",
)


def lines(run: RunState, events: Sequence[RunEvent], zone: ZoneInfo) -> list[str]:
    """All of them under their number."""
    return [
        f"Journal of run {safe(run.id)}: {counted(len(events), 'event')}",
        "",
        *event_lines(run, events, zone),
    ]


def of_step(run: RunState, events: Sequence[RunEvent], zone: ZoneInfo) -> list[str]:
    """Of one step, which has a head of its own."""
    if not events:
        return ["nothing was done of it yet"]
    return [f"{counted(len(events), 'event')} of it", "", *event_lines(run, events, zone)]


def event_lines(run: RunState, events: Sequence[RunEvent], zone: ZoneInfo) -> list[str]:
    """A line each, with what was given under it."""
    steps = steps_by_id(run.procedure)
    found: list[str] = []
    for event in events:
        step = steps.get(event.step)
        title = safe(step.title or step.id) if step is not None else safe(event.step)
        at = f" at {safe(event.terminal)}" if event.terminal else ""
        attempt = f" (attempt {event.attempt})" if event.attempt > 1 else ""
        about = f"  {title}{attempt}" if title else ""
        found.append(
            f"  {local(event.at, zone):%Y-%m-%d %H:%M:%S} {zone_name(event.at, zone)}  {event.kind.value}{about}  by {safe(event.by)}{at}"
        )
        if event.sentence:
            found.append(f"      {safe(event.sentence)}")
        found += [
            f"      {name.replace('_', ' ')}: {safe(str(event.data[name]))}"
            for name in _SHOWN
            if event.data.get(name) not in (None, "", (), False, event.sentence)
        ]
    return found
