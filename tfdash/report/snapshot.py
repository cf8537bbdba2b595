"""One screen at one moment as JSON or plain text, and what a script should think of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.kube import Unreadable
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.report.document import written
from tfdash.report.gather import OVERVIEW, ReportContents, code_of, gather, verdicts_of
from tfdash.text import safe
from tfdash.views import says, sections
from tfdash.views import state as states
from tfdash.views.found import found_rows, gravest_first
from tfdash.views.kinds import VIEWS, KindView
from tfdash.views.layout import cells, columns, cut_apart
from tfdash.views.shortnames import common_start, short_names
from tfdash.views.sources import SourceRow
from tfdash.views.times import clocks, iso

SCHEMA_VERSION = 1
_NAME = 24  # cells that a name has at least
_GAP = 3  # blanks between columns
SCREENS: tuple[str, ...] = (OVERVIEW, "deployments", *VIEWS)


def schema(document: str = "snapshot") -> dict[str, Any]:
    """The JSON Schema of a snapshot of any screen, of "snapshot calendar", "snapshot certificates" or "snapshot versions", of "gate release",
    "gate canary", "gate versions" or "calendar items". Raises KeyError for another name."""
    text = files("tfdash.report").joinpath("schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    if document == "snapshot":
        return found
    if document.startswith("snapshot "):  # what every one has, and what this one must have
        own = found["$defs"][document]
        required, properties = [*found["required"], *own["required"]], found["properties"] | own["properties"]
        return {**found, "title": own["title"], "required": required, "properties": properties}
    return {"$schema": found["$schema"], **found["$defs"][document], "$defs": found["$defs"]}


def exit_code(
    picture: Picture,
    assessment: Assessment,
    screen: str,
    namespace: str | None,
    now: float,
    zone: ZoneInfo,
    late: Sequence[str] = (),
    view: KindView | None = None,
) -> int:
    """1 where anything in scope or anything that is printed is WARN or BREACH, else 2 where something could not be read or
    judged, else 0. ``late`` names what was waited for in vain; ``view`` is the list where no table of ours has it."""
    return _code(gather(picture, assessment, screen, namespace, now, zone, late, view))


def _code(found: ReportContents) -> int:
    return code_of(found.levels, found.unread)


def snapshot(
    picture: Picture,
    assessment: Assessment,
    screen: str,
    namespace: str | None,
    format: str,
    now: float,
    zone: ZoneInfo,
    width: int | None = None,
    late: Sequence[str] = (),
    view: KindView | None = None,
) -> str:
    """``format`` is "json" or "text"; ``width`` cuts the lines of a text to so many cells; ``late`` and ``view`` as in
    ``exit_code``.
    Raises ValueError for an unknown screen."""
    found = gather(picture, assessment, screen, namespace, now, zone, late, view)
    if format == "json":
        document = _document(picture, assessment, found, namespace, now)
        return written(document)
    lines = _text(picture, assessment, found, namespace, now, zone, width)
    return "\n".join(cut_apart(lines, width) if width else lines)


def _document(
    picture: Picture, assessment: Assessment, found: ReportContents, namespace: str | None, now: float
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "generated_at": iso(now),
        "screen": found.screen,
        "namespace": safe(namespace) if namespace else None,
        "exit_code": _code(found),
        "counts": dict(found.counts),
        "sources": sources_json(found.sources),
        "unread": [safe(name) for name in found.unread],
    }
    if found.rows is None:
        document["sections"] = [
            {
                "id": s.id,
                "title": s.title,
                "level": Level(s.level).name,
                "sentence": safe(s.sentence),
                "detail": safe(s.detail),
                "count": s.count,
                "unknown": s.unknown,
                "loading": s.loading,
                "screen": s.target,
                "subject": _subject(s.subject) if s.subject is not None else None,
                "since": iso(s.since),
                "next": sections.next_line(s, now) or None,
            }
            for s in gravest_first(assessment.sections)
        ]
        document["findings"] = [
            {
                "level": row.finding.level.name,
                "section": row.section.id,
                "subject": _subject(row.finding.subject) if row.finding.subject is not None else None,
                "sentence": safe(row.finding.sentence),
                "since": iso(row.finding.since),
            }
            for row in found_rows(assessment.sections).values()
        ]
        document["verdicts"] = [verdict_json(v) for v in found.verdicts if v.level >= Level.UNKNOWN]
        return document
    rows = found.rows
    document["rows"] = []
    for key in found.order:
        obj = rows.object(key)
        if obj is None:
            continue
        context = rows.context(key)
        document["rows"].append(
            {
                "cluster": key.cluster.cluster,
                "kind": key.kind,
                "namespace": safe(key.key.namespace) or None,
                "name": safe(key.key.name),
                "uid": safe(obj.uid) or None,
                "unreadable": safe(obj.field) if isinstance(obj, Unreadable) else None,
                "cells": {field.id: field.typed(obj, context) for field in rows.fields},
                "verdicts": [verdict_json(v) for v in verdicts_of(assessment, key, obj.uid)],
            }
        )
    return document


def sources_json(rows: Iterable[SourceRow]) -> list[dict[str, Any]]:
    """Each source with its state and age; shared by the reports."""
    return [
        {
            "source": safe(row.source) or None,
            "cluster": row.cluster.cluster if row.cluster is not None else None,
            "environment": row.cluster.environment if row.cluster is not None else None,
            "kind": row.kind or None,
            "state": row.state.word,
            "objects": row.objects,
            "age_seconds": None if row.age is None else round(row.age, 3),
            "detail": row.detail,
        }
        for row in rows
    ]


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "level": verdict.level.name,
        "rule": safe(verdict.rule),
        "subject": _subject(verdict.subject),
        "sentence": safe(verdict.sentence),
        "measured": verdict.measured,
        "limit": verdict.limit,
        "unit": safe(verdict.unit) or None,
        "unknown": verdict.unknown.value if verdict.unknown else None,
        "since": iso(verdict.since),
        "evidence": [safe(str(o)) for o in verdict.evidence.objects],
    }


def _subject(subject: Subject) -> dict[str, str | None]:
    return {
        "cluster": subject.cluster.cluster,
        "kind": subject.kind,
        "namespace": safe(subject.namespace) or None,
        "name": safe(subject.name),
    }


def _text(
    picture: Picture,
    assessment: Assessment,
    found: ReportContents,
    namespace: str | None,
    now: float,
    zone: ZoneInfo,
    width: int | None,
) -> list[str]:
    lines = [f"{place(picture)}  {clocks(now, zone)}", ""]
    if found.rows is None:
        lines += _sections(assessment, now)
    else:
        lines += _table(found, namespace, width)
    return [*lines, "", *sources_text(found.sources)]


def sources_text(rows: Iterable[SourceRow]) -> list[str]:
    table = [
        (
            row.state.text,
            row.name,
            "" if row.objects is None else f"{row.objects:,}",
            row.age_text,
            row.detail,
        )
        for row in rows
    ]
    return ["data sources", *(f"  {line}" for line in columns(table, right=(False, False, True)))]


def place(picture: Picture) -> str:
    """Which clusters, their versions and who we are there."""
    names = []
    for ref, cluster in picture.clusters.items():
        info = cluster.info.value
        about = " ".join(p for p in (info.version, info.user) if p) if info is not None else "not reached"
        names.append(safe(f"{ref.environment} {ref.cluster} {about}"))
    return " · ".join(names)


def _sections(assessment: Assessment, now: float) -> list[str]:
    """Each section, and under them all that was found, one by one, with the next key of each."""
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
            f"    {sections.next_line(row.as_section, now)}",
        )
        if line.strip()
    ]
    return [*columns(table), *(["", *found] if found else [])]


def _table(found: ReportContents, namespace: str | None, width: int | None) -> list[str]:
    rows = found.rows
    assert rows is not None
    assert found.view is not None
    where = f" in {safe(namespace)}" if namespace else ""
    lines = [f"{says.count(len(rows), len(rows), found.view.noun, unread=rows.unread)}{where}", ""]
    if not len(rows):
        return [*lines, rows.empty]
    table = [[field.title for field in rows.fields]]
    table += [[rows.text(key, field) for field in rows.fields] for key in found.order]
    if width:
        _shorten_names(table, width, next((i for i, f in enumerate(rows.fields) if f.id == "name"), 0))
    return lines + columns(table, right=[field.right for field in rows.fields])


def _shorten_names(table: list[list[str]], width: int, at: int) -> None:
    """Names are cut as lists cut them, where the lines are wider than ``width``: then more of the other columns is seen."""
    wide = [max(map(cells, column)) for column in zip(*table, strict=True)]
    room = max(wide[at] - max(sum(wide) + _GAP * (len(wide) - 1) - width, 0), min(wide[at], _NAME))
    names = [row[at] for row in table[1:]]
    short = short_names(names, room, common_start(names, room))
    for row in table[1:]:
        row[at] = short[row[at]]
