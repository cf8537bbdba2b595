"""Tab 9: nodes with their conditions and taints, and how much of each the pods have asked for."""

from __future__ import annotations

from screens.lists.list_screen import ListScreen
from tfdash.model.kubecluster import Node
from tfdash.text import safe
from tfdash.views import sections
from tfdash.views.age import since
from tfdash.views.kinds import NodeUse
from tfdash.views.rows import RowKey
from tfdash.views.table import Cell
from widgets.panel import Piece, PieceLine, bar

_BAR = 24
_TIGHT = 0.9  # of what can be given: the bar turns to its warning colour


class NodesScreen(ListScreen):
    PANEL = 6

    def says(self) -> list[Cell]:
        return sections.said(self.shell.board.assessment.sections, "nodes")

    def detail(self, row: RowKey) -> tuple[str, list[PieceLine]]:
        node = self.rows.object(row)
        asks = sections.asked(self.shell.board.assessment, row.subject, self.shell.now(), "d: describe")
        title = f"{safe(row.key.name)}{asks}"
        if not isinstance(node, Node):
            return title, [[Piece("  loading …", "tok-dim")]]
        now = self.shell.now()
        use = self.rows.context(row).use.get(node.name, NodeUse())
        gib = 2**30
        facts = " · ".join(safe(t) for t in (node.os_image, node.architecture, node.runtime) if t)
        return f"{title}{' · ' + facts if facts else ''}", [
            _room("cpu", use.cpu, node.cpu, f"{use.cpu:.1f} of {node.cpu:.1f} cores"),
            _room("memory", use.memory, node.memory, f"{use.memory / gib:.1f} of {node.memory / gib:.1f} Gi"),
            _room("pods", use.pods, node.pods, f"{use.pods} of {node.pods}"),
            _conditions(node, now, (row.cluster, row.kind) in self.shell.board.assessment.stale),
            _taints(node),
            self._finding(row),
        ]

    def _finding(self, row: RowKey) -> list[Piece]:
        told = self.shell.board.assessment.verdicts.get(row.subject, ())
        worst = max(told, key=lambda v: v.level, default=None)
        return [Piece(f"  {safe(worst.sentence)}", "tok-dim")] if worst is not None else []


def _room(name: str, asked: float, room: float, text: str) -> list[Piece]:
    share = asked / room if room else 0.0
    token = "warn" if share >= _TIGHT else "accent"
    return [
        Piece(f"  {name:<8} ", "tok-dim"),
        *bar(share, _BAR, token),
        Piece(f" {share * 100:>3.0f} %", "tok-warn" if share >= _TIGHT else ""),
        Piece(f"  {text} requested"),
    ]


def _conditions(node: Node, now: float, stale: bool) -> list[Piece]:
    line = [Piece("  state    ", "tok-dim")]
    for condition in node.conditions:
        good = (condition.status == "True") == (condition.type == "Ready")
        if condition.type == "Ready" or not good:
            token, sign = ("ok", "✔") if good else ("warn", "▲")
            if condition.status not in ("True", "False") or (good and stale):
                token, sign = "unknown", "?"
            word = condition.type if condition.status == "True" else f"{condition.type} {condition.status}"
            line.append(Piece(f"{sign} {safe(word)}", f"tok-{token}"))
            line.append(Piece(f" for {since(condition.since, now)}  ", "tok-dim"))
    if node.unschedulable:
        line.append(Piece("‖ cordoned  ", "tok-paused"))
    pressed = any(c.status == "True" and c.type != "Ready" for c in node.conditions)
    if not pressed and node.conditions:
        line.append(Piece("no pressure", "tok-dim"))
    return line


def _taints(node: Node) -> list[Piece]:
    if not node.taints:
        return [Piece("  taints   ", "tok-dim"), Piece("none", "tok-dim")]
    words = [f"{t.key}{'=' + t.value if t.value else ''}:{t.effect}" for t in node.taints]
    return [Piece("  taints   ", "tok-dim"), Piece(safe(", ".join(words)))]
