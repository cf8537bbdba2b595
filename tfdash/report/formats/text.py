"""What is shown as plain text, as wide as it is or cut to ``--width``."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.report.shown import Shown, TablePart, sources_part
from tfdash.views.layout import columns_within, cut_apart
from tfdash.views.times import clocks


def write(shown: Sequence[Shown]) -> str:
    """Raises IndexError where nothing is shown."""
    lines, width = lines_of(shown), shown[0].asked.width
    return "\n".join(cut_apart(lines, width) if width else lines)


def lines_of(shown: Sequence[Shown]) -> list[str]:
    """The pages between one head and the sources of all. Tables keep to the width that is asked for, sentences are whole."""
    first = shown[0]
    asked = first.asked
    lines = [f"{first.place}  {clocks(asked.now, asked.zone)}", ""]
    for one in shown:
        lines += [f"== {one.title} ==", ""] if len(shown) > 1 else []
        lines += [*one.lines(), *(f"? not read: {name}" for name in one.unread), ""]
    sources = sources_part(shown)
    return [*lines, *_sources(sources, asked.width)] if sources.rows else lines[:-1]


def _sources(part: TablePart, width: int | None) -> list[str]:
    titles, right = [field.title for field in part.fields], [field.right for field in part.fields]
    told = columns_within([row.cells for row in part.rows], titles, width and width - 2, right)
    return ["data sources", *(f"  {line}" for line in told)]
