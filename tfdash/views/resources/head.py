"""The first lines of the page of resources: are we inside the bands, which views there are, and why there is no row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from tfdash.model.section import SectionState
from tfdash.model.usage import HISTORY_SOURCE
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.resources.columns import VIEWS, View
from tfdash.views.resources.rows import Sight
from tfdash.views.sections import state_of
from tfdash.views.table import Cell, Line

_ROOMY = 110  # cells: each view says how many rows it has
SECTIONS = ("resources", "quotas")


def head_lines(sections: Iterable[SectionState]) -> list[Line]:
    """Each section of the page in a line, with its worst where that is not well; the worst section first."""
    mine = sorted(
        (s for s in sections if s.id in SECTIONS),
        key=lambda s: (-max(s.level, Level.OK), SECTIONS.index(s.id)),
    )
    lines: list[Line] = []
    for section in mine:
        state = state_of(section)
        line: list[Cell] = [(f" {state.text:<10}", state.token), (f"{section.title}  ", "bright")]
        if not section.loading:
            line.append(safe(section.sentence))
            if section.level > Level.OK and section.detail and section.detail != section.sentence:
                line.append((f" · {safe(section.detail)}", "dim"))
        lines.append(line)
    return lines or [[(" ◐ loading the platform …", "moving")]]


RowCount: TypeAlias = tuple[int, ...]
"""Of the rows of a view: how many, and of each level of ``BAD``."""
BAD = (Level.BREACH, Level.WARN)
NONE: RowCount = (0, 0, 0)


def view_line(shown: str, counts: Mapping[str, RowCount], width: int) -> Line:
    """``[workloads 42 ▲3]  namespaces 5  …``: all views, the one that is shown in brackets; in little room without how many."""
    line: list[Cell] = [" "]
    for view in VIEWS:
        rows, *bads = counts.get(view.id, NONE)
        here = view.id == shown
        title = f"{view.title} {rows}" if width >= _ROOMY else view.title
        line.append((f"[{title}" if here else title, "bright" if here else "dim"))
        for level, bad in zip(BAD, bads, strict=True):
            if bad:
                state = states.of_level(level)
                line.append((f" {state.glyph}{bad}", state.token))
        line.append(("] " if here else " ", "bright"))
        line.append(" " if width >= _ROOMY else "")
    line.append((" tab", "dim"))
    return line


_RESTS_ON = {
    "quotas": ("ResourceQuota", "Quotas are"),
    "hpas": ("HorizontalPodAutoscaler", "Autoscalers are"),
}
_HISTORY = ("UsageHistory", "The history of what is used is")


def nothing_text(view: View, sight: Sight) -> str:
    """Why there is no row: what was not read yet or cannot be, or that there is none."""
    kind, noun = _RESTS_ON.get(view.id, _HISTORY if view.id == "rightsize" else ("Usage", "What is used is"))
    for cluster in sight.clusters():
        seen = cluster.kinds.get(kind)
        if seen is None and kind == _HISTORY[0]:
            at = f"{HISTORY_SOURCE} {cluster.ref.environment}/{cluster.ref.cluster}"
            if at not in sight.picture.sources:
                continue  # of a cluster without a Prometheus there is none
        if seen is not None and seen.problem is not None:
            return f"? {safe(str(seen.problem))}"
        if seen is None or not seen.complete:
            return f"{noun} read now."
    return view.empty
