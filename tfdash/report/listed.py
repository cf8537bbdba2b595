"""The Overview and the lists of kinds as a report: the same rows, cells and order as the terminal has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tfdash.model.kube import Unreadable
from tfdash.model.verdict import Level, Verdict
from tfdash.report.gather import OVERVIEW, ReportContents, code_of, gather, verdicts_of
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
    subject_json,
    verdict_json,
)
from tfdash.text import safe
from tfdash.views import says, sections
from tfdash.views import state as states
from tfdash.views.found import found_rows, gravest_first
from tfdash.views.kinds import VIEWS
from tfdash.views.layout import cells, columns_within
from tfdash.views.rows import RowKey
from tfdash.views.shortnames import common_start, short_names
from tfdash.views.times import iso

_NAME = 24  # cells that a name has at least
_GAP = 3  # blanks between columns
SCREENS: tuple[str, ...] = (OVERVIEW, "deployments", *VIEWS)


def listed(asked: ReportAsked) -> Shown:
    """1 where anything in scope or anything that is printed is WARN or BREACH, else 2 where something could not be read or
    judged, else 0. Raises ValueError for an unknown screen."""
    found = gather(
        asked.picture,
        asked.assessment,
        asked.screen,
        asked.namespace,
        asked.now,
        asked.zone,
        asked.late,
        asked.view,
    )
    overview = found.rows is None
    return framed(
        asked,
        code_of(found.levels, found.unread),
        found.counts,
        found.sources,
        found.unread,
        lambda: _overview_json(asked, found) if overview else {"rows": _rows_json(asked, found)},
        lambda: _sections(asked) if overview else _table(asked, found),
        lambda: _told(asked) if overview else _listing(asked, found),
    )


def _overview_json(asked: ReportAsked, found: ReportContents) -> dict[str, Any]:
    assessment = asked.assessment
    return {
        "sections": [section_json(s, asked) for s in gravest_first(assessment.sections)],
        "findings": [
            {
                "level": row.finding.level.name,
                "section": row.section.id,
                "subject": subject_json(row.finding.subject) if row.finding.subject is not None else None,
                "sentence": safe(row.finding.sentence),
                "since": iso(row.finding.since),
            }
            for row in found_rows(assessment.sections).values()
        ],
        "verdicts": [verdict_json(v) for v in _worst_first(found.verdicts) if v.level >= Level.UNKNOWN],
    }


def _worst_first(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """In one order, whatever the order in which they came to be said: two snapshots of one moment differ in nothing."""
    return sorted(verdicts, key=lambda v: (-v.level, v.subject, v.rule, v.sentence))


def _rows_json(asked: ReportAsked, found: ReportContents) -> list[dict[str, Any]]:
    rows = found.rows
    assert rows is not None
    written = []
    for key in found.order:
        obj = rows.object(key)
        if obj is None:
            continue
        context = rows.context(key)
        written.append(
            {
                "cluster": key.cluster.cluster,
                "kind": key.kind,
                "namespace": safe(key.key.namespace) or None,
                "name": safe(key.key.name),
                "uid": safe(obj.uid) or None,
                "unreadable": safe(obj.field) if isinstance(obj, Unreadable) else None,
                "cells": {field.id: field.typed(obj, context) for field in rows.fields},
                "verdicts": [verdict_json(v) for v in verdicts_of(asked.assessment, key, obj.uid)],
            }
        )
    return written


_SECTION = (
    TableField("level", "STATE"),
    TableField("section", "SECTION"),
    TableField("sentence", "FINDING"),
    TableField("detail", "DETAIL"),
    TableField("count", "COUNT", right=True, people=False),
)


def _told(asked: ReportAsked) -> tuple[ReportPart, ...]:
    """The sections as a table, and what was found as sentences."""
    ordered = gravest_first(asked.assessment.sections)
    rows = []
    for s in ordered:
        level = Level(s.level)
        sentence, detail = safe(s.sentence), safe(s.detail)
        cells_of = (
            states.of_level(level).text,
            s.title,
            sentence,
            "" if s.findings else detail,
            str(s.count),
        )
        rows.append(TableRow(level, cells_of, (level.name, s.id, sentence, detail, s.count)))
    found = tuple(
        Sentence(
            safe(row.finding.sentence),
            row.finding.level,
            states.of_level(row.finding.level).text,
            tuple(filter(None, [sections.next_command(row.as_section, asked.now, bool(asked.judged_by))])),
        )
        for row in found_rows(ordered).values()
    )
    table = TablePart("sections", "Sections", _SECTION, tuple(rows), "nothing has been judged yet")
    return (table, *([SentencesPart("findings", "Findings", found)] if found else []))


def _listing(asked: ReportAsked, found: ReportContents) -> tuple[ReportPart, ...]:
    rows, view = found.rows, found.view
    assert rows is not None and view is not None
    fields = tuple(TableField(field.id, field.title, field.right) for field in rows.fields)
    title = says.count(len(rows), len(rows), view.noun, unread=rows.unread)
    made = tuple(row for key in found.order if (row := _row(asked, found, key)) is not None)
    return (TablePart(view.id, title, fields, made, rows.empty),)


def _row(asked: ReportAsked, found: ReportContents, key: RowKey) -> TableRow | None:
    rows = found.rows
    obj = rows.object(key) if rows is not None else None
    if rows is None or obj is None:
        return None
    context = rows.context(key)
    levels = [*rows.levels(key), *(v.level for v in verdicts_of(asked.assessment, key, obj.uid))]
    texts = tuple(field.text(obj, context) for field in rows.fields)
    return TableRow(max(levels, default=None), texts, tuple(f.typed(obj, context) for f in rows.fields))


def _sections(asked: ReportAsked) -> list[str]:
    """Each section, and under them all that was found, one by one, with where each is shown."""
    assessment, now = asked.assessment, asked.now
    if not assessment.sections:
        return ["nothing has been judged yet"]
    ordered = gravest_first(assessment.sections)
    table = [
        (
            s.title,
            states.of_level(Level(s.level)).text,
            safe(s.sentence),
            "" if s.findings else safe(s.detail),
        )
        for s in ordered
    ]
    found = [
        line
        for row in found_rows(ordered).values()
        for line in (
            f"{states.of_level(Level(row.finding.level)).text}  {safe(row.finding.sentence)}",
            f"    {sections.next_command(row.as_section, now, bool(asked.judged_by))}",
        )
        if line.strip()
    ]
    titles = [field.title for field in (_SECTION[1], _SECTION[0], *_SECTION[2:4])]
    return [*columns_within(table, titles, asked.width), *(["", *found] if found else [])]


def _table(asked: ReportAsked, found: ReportContents) -> list[str]:
    rows = found.rows
    assert rows is not None
    assert found.view is not None
    where = f" in {safe(asked.namespace)}" if asked.namespace else ""
    lines = [f"{says.count(len(rows), len(rows), found.view.noun, unread=rows.unread)}{where}", ""]
    if not len(rows):
        return [*lines, rows.empty]
    table = [[field.title for field in rows.fields]]
    for key in found.order:
        obj, context = rows.object(key), rows.context(key)
        table.append([field.text(obj, context) if obj is not None else "" for field in rows.fields])
    if asked.width:
        _shorten_names(table, asked.width, next((i for i, f in enumerate(rows.fields) if f.id == "name"), 0))
    return lines + columns_within(table, table[0], asked.width, [field.right for field in rows.fields])


def _shorten_names(table: list[list[str]], width: int, at: int) -> None:
    """Names are cut as lists cut them, where the lines are wider than ``width``: then more of the other columns is seen."""
    wide = [max(map(cells, column)) for column in zip(*table, strict=True)]
    room = max(wide[at] - max(sum(wide) + _GAP * (len(wide) - 1) - width, 0), min(wide[at], _NAME))
    names = [row[at] for row in table[1:]]
    short = short_names(names, room, common_start(names, room))
    for row in table[1:]:
        row[at] = short[row[at]]
