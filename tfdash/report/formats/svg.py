"""The text of pages as a picture of vectors, for a wiki or a slide."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.report.drawn.screen import WIDEST, svg
from tfdash.report.formats.text import lines_of
from tfdash.report.shown import Shown


def write(shown: Sequence[Shown]) -> str:
    """What is wider than was asked for goes on in the next line."""
    return svg(lines_of(shown), " · ".join(one.title for one in shown), shown[0].asked.width or WIDEST)
