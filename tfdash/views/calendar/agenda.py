"""The promises as rows, each at each place: overdue and due first."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.gravity import promise_rank
from tfdash.model.dates import Dates, ItemRule
from tfdash.model.maintenance import ItemStanding, ItemState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.nouns import counted
from tfdash.text import safe
from tfdash.views.calendar.words import (
    by_text,
    clash_text,
    day_text,
    due_date,
    evidence_word,
    from_now,
    place_text,
    proof_text,
    short_day,
    state_of,
)
from tfdash.views.filter import Amount
from tfdash.views.table import Cell, Column, Line

_NO_RULE = ItemRule(rule="", sentence="", grace=0.0, blackout="allowed", zone="UTC")


LABELS = ("item", "kind", "owner", "environment", "cluster", "place", "state")
"""By which promises are filtered: ``-l kind=database,state=overdue``."""


class PromiseRow(NamedTuple):
    """One promise at one place."""

    state: ItemState
    rule: ItemRule

    @property
    def subject(self) -> Subject:
        return self.state.subject

    @property
    def title(self) -> str:
        return safe(self.state.title)

    @property
    def due(self) -> float | None:
        """By when it is to be done; of what nobody watches by when it would be, as its days show it."""
        unwatched = self.state.standing is ItemStanding.NOT_WATCHED
        return self.rule.coming if self.state.due is None and unwatched else self.state.due

    @property
    def labels(self) -> dict[str, str]:
        """By ``LABELS``."""
        at = self.subject
        told = (
            at.name,
            self.state.kind,
            self.state.owner,
            at.cluster.environment,
            at.cluster.cluster,
            at.namespace,
            self.state.standing.value.replace(" ", "-"),
        )
        return dict(zip(LABELS, told, strict=True))


def rows_of(dates: Dates, withdrawn: bool = False) -> dict[Subject, PromiseRow]:
    """The gravest first. ``withdrawn``: with what is kept no longer."""
    found = (
        PromiseRow(state, dates.rules.get(at.name, _NO_RULE))
        for at, state in dates.states.items()
        if withdrawn or state.standing is not ItemStanding.WITHDRAWN
    )
    return {row.subject: row for row in sorted(found, key=lambda row: promise_rank(row.state))}


COLUMNS = (
    Column("state", "STATE", 13, sort="none"),
    Column("item", "PROMISE", min=18, max=64, flex=3, fits=True, sort="none"),
    Column("place", "PLACE", min=11, max=32, flex=2, fits=True, sort="none"),
    Column("rule", "RULE", min=12, max=28, flex=1, fits=True, priority=4, sort="none"),
    Column("due", "DUE", 11, priority=1),
    Column("in", "IN", 5, align="right"),
    Column("done", "LAST DONE", 11, priority=2),
    Column("evidence", "EVIDENCE", min=18, max=44, flex=2, priority=5, fits=True, sort="none"),
    Column("owner", "OWNER", min=10, max=24, flex=1, priority=3, fits=True),
    Column("kept", "KEPT", 5, align="right", priority=6),
)


def cells(row: PromiseRow, zone: ZoneInfo, now: float) -> Sequence[Cell]:
    """One for each of ``COLUMNS``."""
    state = row.state
    shown = state_of(state)
    last, due = state.last, row.due
    calm = "" if state.level > Level.OK or state.standing is ItemStanding.DUE else "dim"
    overdue = state.standing is ItemStanding.OVERDUE
    return (
        (shown.text, shown.token),
        row.title,
        place_text(row.subject),
        (safe(row.rule.short), "dim"),
        (due_date(due, zone, now) if due is not None else "-", calm),
        (_away(row, now), "warn" if overdue or state.clashes else calm),
        (short_day(last.done_at, zone) if last is not None else "never", calm),
        (f"{evidence_word(last)} {safe(last.by)}" if last is not None else "-", "dim"),
        (safe(state.owner), "dim"),
        kept_cell(state),
    )


def _away(row: PromiseRow, now: float) -> str:
    """``6d``; ``▲6d`` where something lies in the way of its next window."""
    sign = "▲" if row.state.clashes else ""
    return f"{sign}{from_now(row.due, now)}" if row.due is not None else sign or "-"


def kept_cell(state: ItemState) -> Cell:
    """``92 %`` of the judged periods; ``-`` where none was judged."""
    if not state.judged:
        return ("-", "dim")
    share = state.kept * 100 // state.judged
    return (f"{share} %", "" if state.kept == state.judged else "warn" if share < 90 else "")


def number_of(row: PromiseRow, column: str, now: float) -> Amount | None:
    """What a column says as a number: days and shares, for filters like ``in<7d`` and ``kept<90``."""
    state = row.state
    if column in ("in", "due"):
        return Amount(nan if row.due is None else row.due - now, seconds=True)
    if column in ("done", "last done"):
        return Amount(nan if state.last is None else now - state.last.done_at, seconds=True)
    if column == "kept":
        return Amount(state.kept * 100 / state.judged if state.judged else nan)
    return None


def search_text(row: PromiseRow, zone: ZoneInfo, now: float) -> str:
    """All of its cells, wherever there is no room for one, and what it is filed under."""
    told = [cell if isinstance(cell, str) else cell[0] for cell in cells(row, zone, now)]
    return "\n".join(
        (
            *told,
            *(clash_text(clash, zone) for clash in row.state.clashes),
            row.rule.rule,
            safe(row.state.kind),
            safe(row.subject.name),
            row.state.standing.value,
        )
    )


def chosen_lines(row: PromiseRow, zone: ZoneInfo) -> list[Line]:
    """The rule in words, the playbook's sentence, how it stands, and who says so."""
    state = row.state
    lines: list[Line] = [[safe(state.words)]]
    lines += [[("conflict: ", "dim"), (clash_text(clash, zone), "warn")] for clash in state.clashes]
    if row.rule.sentence:
        lines.append([("playbook: ", "dim"), f"“{safe(row.rule.sentence)}”", (f"   {row.rule.rule}", "dim")])
    if state.last is not None:
        proof = proof_text(state.last)
        told = f"{day_text(state.last.done_at, zone)}, {by_text(state.last)}{f': {proof}' if proof else ''}"
        lines.append([("last: ", "dim"), told])
    if state.judged:
        lines.append(
            [
                ("kept: ", "dim"),
                f"{state.kept} of {counted(state.judged, 'period')}",
                ("   enter: all of them", "dim"),
            ]
        )
    return lines


def trouble_of_row(row: PromiseRow) -> int:
    """By its level: 2 for a warning, 1 for what nobody knows."""
    return {Level.BREACH: 3, Level.WARN: 2, Level.UNKNOWN: 1}.get(row.state.level, 0)
