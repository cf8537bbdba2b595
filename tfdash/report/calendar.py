"""``tfdash snapshot --screen calendar``: may we release now, and how every dated promise stands, as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.verdict import Level
from tfdash.report.document import written
from tfdash.report.gather import code_of, counted
from tfdash.report.maintenance import as_json, chosen, table, worst_first
from tfdash.report.snapshot import SCHEMA_VERSION, place, sources_json, sources_text
from tfdash.text import safe
from tfdash.views.calendar.release import as_json as release_json
from tfdash.views.calendar.release import lines as release_lines
from tfdash.views.layout import cut_apart
from tfdash.views.sources import doubts, source_rows
from tfdash.views.times import clocks, iso

CALENDAR = "calendar"
SECTION = "maintenance"


def calendar_report(
    picture: Picture,
    assessment: Assessment,
    format: str,
    now: float,
    zone: ZoneInfo,
    width: int | None = None,
    late: Sequence[str] = (),
) -> tuple[str, int]:
    """The report and its exit code. ``width`` cuts a text's lines to so many cells; ``late`` names what was waited for in vain."""
    found, release = assessment.maintenance, assessment.calendar
    rows = sorted(chosen("list", found or {}), key=worst_first)
    sources = source_rows(picture, now, assessment.stale)
    section = next((s for s in assessment.sections if s.id == SECTION), None)
    doubtful = doubts(sources, CALENDAR)
    doubtful += [Level.UNKNOWN] if found is None or release is None else []
    code = code_of([*(row.level for row in rows), *doubtful], late)
    if format == "json":
        document = {
            "schema_version": SCHEMA_VERSION,
            "generated_at": iso(now),
            "screen": CALENDAR,
            "namespace": None,
            "exit_code": code,
            "counts": counted(row.level for row in rows),
            "sources": sources_json(sources),
            "unread": [safe(name) for name in late],
            "release": release_json(release) if release is not None else None,
            "items": [as_json(row, periods=False) for row in rows],
        }
        return written(document), code
    lines = [f"{place(picture)}  {clocks(now, zone)}", ""]
    lines += (
        release_lines(release) if release is not None else ["? whether a release may be is not known yet"]
    )
    lines += [
        "",
        "; ".join(safe(told) for told in (section.sentence, section.detail) if told)
        if section is not None
        else "",
        "",
    ]
    lines += table(rows, zone) if rows else ["no promise is dated"]
    lines += [f"? not read: {safe(name)}" for name in late]
    lines += ["", *sources_text(sources)]
    return "\n".join(cut_apart(lines, width) if width else lines), code
