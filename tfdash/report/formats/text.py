"""What is shown as plain text, as wide as it is or cut to ``--width``."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.report.shown import Shown, TablePart, sources_part
from tfdash.views.layout import columns, cut_apart
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
        lines += [*one.lines(), *(f"? not read: {name}" for name in one.unread), ""]
    sources = sources_part(shown)
    lines = [*lines, *_sources(sources)] if sources.rows else lines[:-1]
    return cut_apart(lines, asked.width) if asked.width else lines


def _sources(part: TablePart) -> list[str]:
    told = columns([row.cells for row in part.rows], right=[field.right for field in part.fields])
    return ["data sources", *(f"  {line}" for line in told)]
