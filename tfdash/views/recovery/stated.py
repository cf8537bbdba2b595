"""The word that stakeholders are owed at stated times: in the head of a run, at its key, in its dialog."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tfdash.durations import tell_duration
from tfdash.model.run import RunState
from tfdash.moments import near
from tfdash.playbook.procedures.stated import word_due
from tfdash.procedures.protocols import Told
from tfdash.views.recovery.forms import Form, FormButton, FormField
from tfdash.views.recovery.hand import told_lines
from tfdash.views.recovery.keys import RunKey
from tfdash.views.table import Line

KEY = "w"


def late_line(run: RunState, now: float, zone: ZoneInfo) -> Line | None:
    """Where a word is due by now; nothing before that: who carries it out has other things to read."""
    due = word_due(run)
    if due is None or now < due:
        return None
    return [
        ("▲ stakeholders wait for a word: ", "warn"),
        f"due since {near(due, now, zone)}, {tell_duration(now - due)}: ",
        (KEY, "accent"),
    ]


def next_text(run: RunState, now: float, zone: ZoneInfo) -> str:
    """ "" where none is owed, or it is due already."""
    due = word_due(run)
    return f"next word to stakeholders by {near(due, now, zone)}" if due is not None and now < due else ""


def word_key(run: RunState, now: float) -> RunKey | None:
    due = word_due(run)
    if due is None:
        return None
    late = f": due since {tell_duration(now - due)}" if now >= due else ""
    return RunKey("word", KEY, f"tell stakeholders{late}")


def form(run: RunState, told: Sequence[Told], now: float, zone: ZoneInfo) -> Form:
    """What they would be told now, before it is; where no channel takes it, or they were told already, that is noted."""
    reached = any(one.state != "refused" for one in told)
    due = word_due(run)
    lines: list[Line] = []
    if due is not None:
        late = f", {tell_duration(now - due)} ago" if now >= due else ""
        lines.append(
            [("it was due " if now >= due else "it is due ", "dim"), f"{near(due, now, zone)}{late}"]
        )
    lines += told_lines(told)
    other = FormButton("other", "Told another way", ("note",))
    return Form(
        "To stakeholders: how it stands",
        lines,
        (other, FormButton("send", "Send it")) if reached else (other,),
        (
            FormField(
                "note",
                "In your words",
                "stands in the place of its first sentence; or whom you told, and how",
            ),
        ),
    )
