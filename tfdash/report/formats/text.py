"""What is shown as plain text, as wide as it is or cut to ``--width``."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.report.shown import Shown
from tfdash.views.layout import cut_apart


def write(shown: Sequence[Shown]) -> str:
    lines: list[str] = []
    for one in shown:
        if len(shown) > 1:
            lines += [*([""] if lines else []), f"== {one.title} =="]
        width = one.asked.width
        lines += cut_apart(one.lines(), width) if width else one.lines()
    return "\n".join(lines)
