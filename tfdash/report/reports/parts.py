"""Pieces that the parts of a report are made of: cells of times and durations for people, with their values for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.item_place import place_of
from tfdash.model.maintenance import KIND as PROMISE
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.moments import moment
from tfdash.report.shown import Sentence, SentencesPart, TableField, TablePart, TableRow
from tfdash.text import safe
from tfdash.views.age import human_duration
from tfdash.views.state import of_level
from tfdash.views.times import iso


class PartCell(NamedTuple):
    """What is read, and what programs get (seconds, RFC 3339 in UTC, numbers, texts)."""

    text: str
    value: Any


NOTHING = PartCell("-", None)
Row = tuple[Level | None, Sequence[PartCell]]


def words(text: str) -> PartCell:
    return PartCell(safe(text), safe(text)) if text else NOTHING


def number(value: int) -> PartCell:
    return PartCell(f"{value:,}", value)


def lasting(seconds: float | None) -> PartCell:
    return NOTHING if seconds is None else PartCell(human_duration(seconds), round(seconds))


def when(at: float | None, zone: ZoneInfo) -> PartCell:
    return NOTHING if at is None else PartCell(moment(at, zone), iso(at))


def begun(at: float, zone: ZoneInfo, exactly: bool) -> tuple[PartCell, PartCell]:
    """When it began, and the time before which it did where that alone is known (epoch seconds); the latter is for programs alone."""
    told = when(at, zone)
    return (told, NOTHING) if exactly else (PartCell(f"before {told.text}", None), told)


def percent(share: float | None) -> PartCell:
    """Never 100 % of what is not whole, nor 0 % of what is."""
    if share is None:
        return NOTHING
    text = f"{100 * share:.0f} %"
    if share < 1 and text == "100 %":
        text = f"{min(100 * share, 99.9):.1f} %"
    elif share > 0 and text == "0 %":
        text = "under 1 %"
    return PartCell(text, round(share, 6))


def state(level: Level) -> PartCell:
    return PartCell(of_level(level).text, level.name)


def thing(subject: Subject) -> PartCell:
    """An object with its cluster; a dated promise by its name and where it is to be kept."""
    ref = subject.cluster
    if subject.kind == PROMISE:
        return words(f"{subject.name}, {place_of(subject)}")
    where = "/".join(filter(None, (ref.environment, ref.cluster)))
    return words(f"{subject} ({where})" if where else str(subject))


def place(subject: Subject) -> PartCell:
    return words(place_of(subject))


def table(
    id: str,
    title: str,
    fields: Sequence[tuple[str, str]],
    rows: Iterable[Row],
    empty: str = "",
    right: frozenset[str] = frozenset(),
) -> TablePart:
    """``fields``: the id of a column for programs and its title, "" of one that people read in another."""
    told = tuple(TableField(name, shown, name in right, people=bool(shown)) for name, shown in fields)
    found = tuple(
        TableRow(level, tuple(c.text for c in cells), tuple(c.value for c in cells)) for level, cells in rows
    )
    return TablePart(id, title, told, found, empty)


def sentences(id: str, title: str, said: Iterable[str | Sentence]) -> SentencesPart:
    told = tuple(one if isinstance(one, Sentence) else Sentence(safe(one)) for one in said)
    return SentencesPart(id, title, told)


def judged(text: str, level: Level) -> Sentence:
    return Sentence(safe(text), level, of_level(level).text)
