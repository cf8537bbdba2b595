"""A report as a document for programs, and for templates, which have its parts in words beside it."""

from __future__ import annotations

from typing import Any

from tfdash.model.subject import Subject
from tfdash.moments import moment
from tfdash.report.formats.html import part_of
from tfdash.report.reports import news
from tfdash.report.reports.contents import REPORTS
from tfdash.report.reports.made import ReportData
from tfdash.report.shown import LinesPart, ReportPart, SentencesPart, TablePart
from tfdash.text import safe
from tfdash.views.age import human_duration
from tfdash.views.layout import columns
from tfdash.views.times import iso

SCHEMA_VERSION = 1
OK, UNKNOWN = 0, 2


def parts_of(made: ReportData) -> tuple[ReportPart, ...]:
    return tuple(part for maker in REPORTS[made.facts.report].parts for part in maker(made))


def code_of(made: ReportData) -> int:
    """0 where all was read that it tells, else 2: a report is no gate, and what is broken is what it is for."""
    return UNKNOWN if made.not_known else OK


def document(made: ReportData, parts: tuple[ReportPart, ...]) -> dict[str, Any]:
    f, seen = made.facts, made.watched
    return {
        "schema_version": SCHEMA_VERSION,
        "report": f.report,
        "environment": safe(f.environment) or None,
        "workload": safe(str(f.workload)) if f.workload is not None else None,
        "generated_at": iso(f.now),
        "since": iso(f.since),
        "until": iso(f.until),
        "since_why": safe(f.since_why),
        "zone": f.zone.key,
        "exit_code": code_of(made),
        "not_known": [safe(one) for one in made.not_known],
        "watched": None if seen is None else round(seen.share, 6),
        "findings": _findings(made),
        "parts": {part.id: _of_part(part) for part in parts},
    }


def _findings(made: ReportData) -> list[dict[str, Any]] | None:
    """All that is open, by which the next report says what is new; None where that is not what is told, or not known."""
    if news.new not in REPORTS[made.facts.report].parts or not made.compared.known_now:
        return None
    return [
        {
            "level": one.level.name,
            "rule": safe(one.rule),
            "subject": _subject(one.subject),
            "sentence": safe(one.sentence),
            "since": iso(one.since),
            "since_before": iso(one.by) if one.since is None else None,
        }
        for one in (*made.compared.new, *made.compared.open, *made.compared.unsure)
    ]


def _subject(subject: Subject) -> dict[str, str | None]:
    told = (*subject.cluster, subject.kind, subject.namespace, subject.name)
    names = ("environment", "cluster", "kind", "namespace", "name")
    return {name: safe(text) or None for name, text in zip(names, told, strict=True)}


def _of_part(part: ReportPart) -> dict[str, Any]:
    if isinstance(part, TablePart):
        names = [field.id for field in part.fields]
        rows = [dict(zip(names, row.values, strict=True)) for row in part.rows]
        return {"title": part.title, "rows": rows}
    if isinstance(part, SentencesPart):
        said = [{"text": s.text, "level": s.level.name if s.level is not None else None} for s in part.said]
        return {"title": part.title, "sentences": said}
    return {"title": part.title, "lines": list(part.lines)}


def for_templates(made: ReportData, parts: tuple[ReportPart, ...]) -> dict[str, Any]:
    """``title``, ``head`` and ``parts`` in words; ``document`` is what programs get. A part has ``id``, ``title`` and ``kind``: "sentences"
    (``said``: text, state, under), "table" (``fields`` with title and right, ``rows`` of cells, ``lines`` of it aligned for a fixed width,
    ``empty``) or "lines"; and ``page``, which the macros of "parts.html" take."""
    f = made.facts
    kind = REPORTS[f.report]
    about = " · ".join(filter(None, (f.environment, str(f.workload) if f.workload is not None else "")))
    long = human_duration(f.until - f.since)
    return {
        "title": safe(f"{kind.title}{f': {about}' if about else ''}"),
        "head": [
            f"{moment(f.since, f.zone)} to {moment(f.until, f.zone)}, {long}; {safe(f.since_why)}",
            f"made {moment(f.now, f.zone)}",
        ],
        "made": iso(f.now),
        "zone": f.zone.key,
        "parts": [{**_words(part), "page": part_of(part, f"part-{n}")} for n, part in enumerate(parts, 1)],
        "document": document(made, parts),
    }


def _words(part: ReportPart) -> dict[str, Any]:
    told: dict[str, Any] = {"id": part.id, "title": part.title, "lines": [], "empty": "none"}
    if isinstance(part, SentencesPart):
        said = [{"text": s.text, "state": s.state, "under": list(s.under)} for s in part.said]
        return told | {"kind": "sentences", "said": said}
    if isinstance(part, LinesPart):
        return told | {"kind": "lines", "lines": list(part.lines)}
    right = [field.right for field in part.columns]
    rows = [list(part.cells(row)) for row in part.rows]
    lines = columns([[field.title for field in part.columns], *rows], right) if rows else []
    return told | {
        "kind": "table",
        "fields": [{"title": field.title, "right": field.right} for field in part.columns],
        "rows": rows,
        "lines": lines,
        "empty": part.empty or "none",
    }
