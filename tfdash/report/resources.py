"""``tfdash snapshot --screen resources``: whether the platform is in its bands, view by view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.quantities import NANO, Amounts
from tfdash.report.gather import code_of, counted, readable
from tfdash.report.shown import (
    ReportAsked,
    ReportPart,
    Sentence,
    SentencesPart,
    Shown,
    TableField,
    TablePart,
    TableRow,
    framed,
    section_json,
    sentence_of,
    verdict_json,
)
from tfdash.text import safe
from tfdash.usage_compared import usage_compared
from tfdash.views.layout import columns_within
from tfdash.views.resources.columns import VIEWS, Room, View
from tfdash.views.resources.head import SECTIONS, head_lines, nothing_text
from tfdash.views.resources.rows import BANDS, ResourceRow, Sight, sight
from tfdash.views.sources import doubts, source_rows
from tfdash.views.table import Cell, Line
from tfdash.views.times import iso

RESOURCES = "resources"
_WIDTH = 160  # of a text that is not cut: bars of a middling length
_FIRST_TO_GO = 3  # priority of columns that narrower lines do without
_NEEDED = ("Usage", "ResourceQuota", "HorizontalPodAutoscaler")


def shown(asked: ReportAsked) -> Shown:
    """Of a namespace its sections are read anew, of the verdicts that are within it."""
    picture, assessment, namespace = asked.picture, asked.assessment, asked.namespace
    names, sections = (namespace,) if namespace else None, assessment.sections
    if names and sections:
        from tfdash.judging.narrowed import sections_within

        sections = sections_within(picture, assessment, names)
    seen = sight(picture, assessment, names, asked.now)
    rows = {view.id: sorted(view.rows(seen), key=lambda row: row.rank) for view in VIEWS}
    mine = [section for section in sections if section.id in SECTIONS]
    lacking = tuple(dict.fromkeys((*_unread(picture), *asked.late)))
    sources = source_rows(picture, asked.now, assessment.stale)
    worst: dict[Subject, Level] = {}
    for row in (row for many in rows.values() for row in many):  # some stand in several views
        worst[row.subject] = max(row.level, worst.get(row.subject, Level.IDLE))
    levels = (*worst.values(), *(Level(s.level) for s in mine), *doubts(sources, RESOURCES))
    code = code_of(levels or (Level.UNKNOWN,), lacking)
    head = [_plain(line) for line in head_lines(mine)]

    def content() -> dict[str, Any]:
        return {
            "sections": [section_json(section, asked) for section in mine],
            "views": {id: [_row(row) for row in many] for id, many in rows.items()},
        }

    def lines() -> list[str]:
        told = list(head)
        for view in VIEWS:
            told += ["", *_table(view, rows[view.id], seen, asked.width)]
        return told

    def parts() -> list[ReportPart]:
        worst_first = sorted(mine, key=lambda section: -section.level)
        said = tuple(sentence_of(section, named=True) for section in worst_first)
        told = SentencesPart("sections", "", said or tuple(map(Sentence, head)))
        return [told, *(_part(view, rows[view.id], seen) for view in VIEWS)]

    return framed(asked, code, counted(worst.values()), sources, lacking, content, lines, parts)


def _part(view: View, rows: Sequence[ResourceRow], seen: Sight) -> TablePart:
    """As programs read it a cell is its number where the column has one."""
    columns = view.parts(rows, Room(_WIDTH, seen.namespaces is not None))
    fields = tuple(
        TableField(
            p.column.key,
            p.column.title,
            p.column.align == "right",
            programs=not p.column.key.endswith("-bar"),
        )
        for p in columns
    )
    made = []
    for row in rows:
        cells = tuple(_text(column.write(row)) for column in columns)
        values = (c if p.number is None else p.number(row) for p, c in zip(columns, cells, strict=True))
        made.append(TableRow(row.level, cells, tuple(values)))
    return TablePart(view.id, view.title, fields, tuple(made), nothing_text(view, seen))


def _table(view: View, rows: Sequence[ResourceRow], seen: Sight, asked: int | None) -> list[str]:
    if not rows:
        return [view.title, f"  {nothing_text(view, seen)}"]
    width = asked or _WIDTH
    parts = view.parts(rows, Room(width, seen.namespaces is not None))
    if width < _WIDTH:
        parts = [part for part in parts if part.column.priority < _FIRST_TO_GO]
    table = [[part.column.title for part in parts]]
    table += [[_text(part.write(row)) for part in parts] for row in rows]
    right = [part.column.align == "right" for part in parts]
    return [
        f"{view.title} {len(rows)}",
        *(f"  {line}" for line in columns_within(table, table[0], asked and asked - 2, right)),
    ]


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _plain(line: Line) -> str:
    return "".join(map(_text, line)).strip()


def _row(row: ResourceRow) -> dict[str, Any]:
    usage = row.usage
    return {
        "cluster": row.subject.cluster.cluster,
        "kind": row.of,
        "namespace": safe(row.namespace) or None,
        "name": safe(row.called) or None,
        "level": row.level.name,
        "gauges": {name: found for name in BANDS if (found := _gauge(row, name)) is not None},
        "usage": None
        if usage is None
        else {
            "source": safe(usage.source),
            "at": iso(usage.at),
            "window_seconds": usage.window,
            "beside": {
                name: {"apart": told.apart, "words": told.words}
                for name in BANDS
                if (told := usage_compared(usage, name)) is not None
            },
            "pods": usage.pods,
            "measured": usage.measured,
            "used": _amounts(usage.used),
            "requests": _amounts(usage.requests),
            "limits": _amounts(usage.limits),
            "allocatable": _amounts(usage.allocatable),
            "asked": _amounts(usage.asked),
        },
        "verdicts": [verdict_json(v) for v in row.verdicts],
    }


def _gauge(row: ResourceRow, name: str) -> dict[str, Any] | None:
    found = row.gauge(name)
    verdict = row.verdict(BANDS[name])
    if verdict is None:
        return None
    return {
        "level": verdict.level.name,
        "percent": found.value,
        "low": found.low,
        "high": found.high,
        "trend": found.trend or None,
    }


def _amounts(several: Amounts) -> dict[str, float]:
    """Cores, bytes and whatever else, as numbers."""
    return {safe(name): value / NANO for name, value in several}


def _unread(picture: Picture) -> Iterable[str]:
    for cluster in picture.clusters.values():
        for kind in _NEEDED:
            if not readable(cluster.kinds.get(kind)):
                yield f"{cluster.ref.cluster}/{kind}"
