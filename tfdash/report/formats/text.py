"""What is shown as plain text, as wide as it is or cut to ``--width``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfdash.report.shown import Shown
from tfdash.views.layout import columns, cut_apart
from tfdash.views.sources import SourceRow
from tfdash.views.times import clocks


def write(shown: Sequence[Shown]) -> str:
    """Raises IndexError where nothing is shown."""
    return "\n".join(lines_of(shown))


def lines_of(shown: Sequence[Shown]) -> list[str]:
    """The pages between one head and the sources of all."""
    first = shown[0]
    asked = first.asked
    lines = [f"{first.place}  {clocks(asked.now, asked.zone)}", ""]
    for one in shown:
        lines += [f"== {one.title} ==", ""] if len(shown) > 1 else []
        lines += [*one.lines(), ""]
    sources = dict.fromkeys(row for one in shown for row in one.sources)
    lines = [*lines, *_sources(sources)] if sources else lines[:-1]
    return cut_apart(lines, asked.width) if asked.width else lines


def _sources(rows: Iterable[SourceRow]) -> list[str]:
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
