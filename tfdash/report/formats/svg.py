"""The text of pages as a picture of vectors, for a wiki or a slide."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.report.drawn.screen import svg
from tfdash.report.shown import Shown


def write(shown: Sequence[Shown]) -> str:
    lines: list[str] = []
    for one in shown:
        if len(shown) > 1:
            lines += [*([""] if lines else []), f"─── {one.title} ───", ""]
        lines += one.lines()
    return svg(lines, " · ".join(one.title for one in shown))
