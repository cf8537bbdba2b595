"""``tfdash snapshot --screen changes``: what was changed, as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tfdash.report.document import written
from tfdash.text import safe
from tfdash.views.changes import Altered, change_lines, change_rows
from tfdash.views.layout import cut_apart
from tfdash.views.times import iso

HOURS = 6.0
OK, UNKNOWN = 0, 2


def changes_report(
    changes: Sequence[Altered],
    unread: Sequence[str],
    format: str,
    now: float,
    zone: ZoneInfo,
    width: int | None = None,
    hours: float = HOURS,
    several_clusters: bool = False,
) -> str:
    """The whole differences, in contrast to the page."""
    if format == "json":
        document = {
            "schema_version": 1,
            "generated_at": iso(now),
            "screen": "changes",
            "hours": hours,
            "unread": [safe(u) for u in unread],
            "changes": [{**row, "at": iso(row["at"])} for row in change_rows(changes)],
        }
        return written(document)
    told = change_lines(changes, now, zone, several_clusters=several_clusters, diff_lines=10_000)
    lines = [
        f"changes of the last {hours:g} hours, newest first",
        *(f"? not read: {safe(u)}" for u in unread),
        "",
    ]
    lines += told or ["nobody is known to have changed anything"]
    return "\n".join(cut_apart(lines, width) if width else lines)
