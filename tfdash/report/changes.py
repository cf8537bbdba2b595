"""``tfdash snapshot --screen changes``: what was changed lately. The whole differences, in contrast to the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfdash.report.gather import code_of, counted
from tfdash.report.shown import (
    LinesPart,
    ReportAsked,
    ReportPart,
    Shown,
    TableField,
    TablePart,
    TableRow,
    framed,
)
from tfdash.text import safe
from tfdash.views.changes import Altered, change_lines, change_rows
from tfdash.views.kept_revisions import none_known
from tfdash.views.times import iso, moment

CHANGES = "changes"
HOURS = 6.0
_LINES = 10_000  # of one difference


def shown(asked: ReportAsked) -> Shown:
    """Raises ValueError where nobody read what was changed."""
    if asked.changes is None:
        raise ValueError("what was changed was not read")
    changes, several = asked.changes.changes, len(asked.picture.clusters) > 1
    late = (*asked.changes.unread, *asked.late)
    none = none_known(f"{HOURS:g} hours", "", bool(late))

    def content() -> dict[str, Any]:
        return {
            "hours": HOURS,
            "changes": [{**row, "at": iso(row["at"])} for row in change_rows(changes)],
        }

    def told(of: Sequence[Altered]) -> list[str]:
        return change_lines(of, asked.now, asked.zone, several_clusters=several, diff_lines=_LINES)

    def lines() -> list[str]:
        return [
            f"changes of the last {HOURS:g} hours, newest first",
            "",
            *(told(changes) or [none]),
        ]

    def parts() -> list[ReportPart]:
        rows = tuple(_row(one, asked) for one in changes)
        listed = TablePart(CHANGES, f"Changes of the last {HOURS:g} hours", _FIELDS, rows, none)
        return [listed, *([LinesPart("differences", "Differences", tuple(told(changes)))] if changes else [])]

    return framed(asked, code_of((), late), counted(()), (), late, content, lines, parts)


_FIELDS = tuple(
    TableField(name, name.upper())
    for name in ("at", "cluster", "kind", "namespace", "name", "manager", "what", "known")
)


def _row(one: Altered, asked: ReportAsked) -> TableRow:
    subject = one.subject
    texts = (
        safe(subject.cluster.cluster),
        subject.kind,
        safe(subject.namespace),
        safe(subject.name),
        one.manager,
        one.what,
        one.known,
    )
    return TableRow(None, (moment(one.at, asked.zone), *texts), (iso(one.at), *texts))
