"""``tfdash snapshot --screen calendar``: may we release now, and how every dated promise stands."""

from __future__ import annotations

from typing import Any

from tfdash.model.verdict import Level
from tfdash.report.gather import code_of, counted
from tfdash.report.maintenance import FIELDS, as_json, cells, chosen, table, worst_first
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
    sentence_of,
)
from tfdash.views.calendar.release import as_json as release_json
from tfdash.views.calendar.release import lines as release_lines
from tfdash.views.sources import doubts, source_rows
from tfdash.views.times import iso

CALENDAR = "calendar"
SECTION = "maintenance"
_NONE = "no promise is dated"


def shown(asked: ReportAsked) -> Shown:
    """Of no namespace."""
    asked = asked._replace(namespace=None)
    assessment, zone = asked.assessment, asked.zone
    found, release = assessment.maintenance, assessment.calendar
    rows = sorted(chosen("list", found or {}), key=worst_first)
    sources = source_rows(asked.picture, asked.now, assessment.stale)
    section = next((s for s in assessment.sections if s.id == SECTION), None)
    doubtful = doubts(sources, CALENDAR)
    doubtful += [Level.UNKNOWN] if found is None or release is None else []
    code = code_of([*(row.level for row in rows), *doubtful], asked.late)
    may = release_lines(release) if release is not None else ["? whether a release may be is not known yet"]
    head = sentence_of(section) if section is not None else Sentence("")
    unsure = Level.UNKNOWN if release is None else None

    def content() -> dict[str, Any]:
        return {
            "release": release_json(release) if release is not None else None,
            "items": [as_json(row, periods=False) for row in rows],
        }

    def lines() -> list[str]:
        return [*may, "", head.text, "", *(table(rows, zone, asked.width) if rows else [_NONE])]

    def parts() -> list[ReportPart]:
        fields = tuple(TableField(title.lower().replace(" ", "_"), title) for title in FIELDS)
        made = []
        for row in rows:
            state, *texts = cells(row, zone)
            exact = (
                row.level.name,
                *texts[:2],
                iso(row.due),
                iso(row.last.done_at if row.last else None),
                *texts[4:],
            )
            made.append(TableRow(row.level, (state, *texts), exact))
        return [
            SentencesPart(
                "release",
                "May we release now",
                tuple(Sentence(line.strip(), unsure) for line in may if line.strip()),
            ),
            SentencesPart("section", "Dated promises", (head,) if head.text else ()),
            TablePart("items", "", fields, tuple(made), _NONE),
        ]

    return framed(asked, code, counted(row.level for row in rows), sources, asked.late, content, lines, parts)
