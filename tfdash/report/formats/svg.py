"""The text of pages as a picture of vectors, for a wiki or a slide."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.report.drawn.screen import svg
from tfdash.report.formats.text import lines_of
from tfdash.report.shown import Shown


def write(shown: Sequence[Shown]) -> str:
    return svg(lines_of(shown), " · ".join(one.title for one in shown))
