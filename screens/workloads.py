"""Tab 2: workloads with state and cause, and under them a panel about the one under the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.listing import ListScreen
from screens.panel import Lines, Piece, Rule
from tfdash.model.update import Update
from tfdash.model.workload import Release, Serving, WorkloadState
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import since
from tfdash.views.table import Cell
from widgets.table import Table


class WorkloadsScreen(ListScreen):
    """A list with a panel; ``t`` hides it, a short terminal does so by itself."""

    CSS_PATH = ["base.tcss", "workloads.tcss"]
    VERTICAL_BREAKPOINTS: ClassVar = [(0, "-short"), (20, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("t", "toggle_panel", "panel", id="workloads.panel")]

    def body(self) -> ComposeResult:
        yield from super().body()
        yield Rule(id="detail-rule")
        yield Lines(id="detail")

    def says(self) -> list[Cell]:
        told = [s for s in self.tf.board.assessment.workloads.values() if self._inside(s)]
        wanted = [s for s in told if s.serving is not Serving.IDLE]
        bad = sum(s.serving in (Serving.DEGRADED, Serving.DOWN) for s in wanted)
        flying = sum(s.release in (Release.PROGRESSING, Release.STUCK, Release.PAUSED) for s in told)
        if not told:
            return []
        worst = "breach" if any(s.serving is Serving.DOWN for s in wanted) else "warn"
        return [
            (f"{bad} not serving", worst if bad else "ok"),
            (f"{flying} in release", "moving" if flying else "dim"),
            (f"{len(wanted)} workloads", "dim"),
        ]

    def _inside(self, state: WorkloadState) -> bool:
        names = self.restriction.namespaces
        return names is None or state.subject.namespace in names

    def take(self, update: Update) -> None:
        super().take(update)
        self._show_detail()

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self._show_detail()

    def action_toggle_panel(self) -> None:
        self.toggle_class("-no-panel")

    def _show_detail(self) -> None:
        if not self.is_mounted:
            return
        subject = self.chosen
        state = None if subject is None else self.tf.board.assessment.workloads.get(subject._replace(uid=""))
        rule, panel = self.query_one("#detail-rule", Rule), self.query_one("#detail", Lines)
        if state is None:
            rule.set_text("")
            panel.show([[Piece(" not judged yet" if subject else "", "tok-dim")]] + [[]] * 4)
            return
        rule.set_text(f"{safe(state.subject.name)} · {state.subject.kind} in {safe(state.subject.namespace)}")
        panel.show(detail_lines(state, self.tf.now()))


def detail_lines(state: WorkloadState, now: float) -> list[list[Piece]]:
    """Five lines about one workload."""
    serving, release = states.serving(state), states.release(state)
    first = [
        Piece(f"  {serving.text}", f"tok-{serving.token}"),
        Piece(f" {state.available} of {state.desired} available   "),
        Piece(release.text, f"tok-{release.token}"),
        Piece(
            f"  revision {safe(state.revision) or '?'}, {since(state.changed_at or state.created, now)} ago",
            "tok-dim",
        ),
    ]
    cause = [Piece(f"  {safe(state.message)}", "tok-dim")]
    if state.cause is not None:
        cause = [Piece(f"  {state.cause.code.value}: ", "tok-bright"), Piece(safe(state.cause.sentence))]
    images = [Piece("  image  ", "tok-dim"), Piece(safe(", ".join(state.images)))]
    third = [Piece("  ", "")]
    if state.scaled_by is not None:
        hpa = state.scaled_by
        pinned = " pinned" if hpa.limited else ""
        third.append(
            Piece(f"hpa {hpa.minimum} ≤ {hpa.desired} ≤ {hpa.maximum}{pinned} by {safe(hpa.metric)}   ")
        )
        if hpa.problem:
            third.append(Piece(f"{safe(hpa.problem)}   ", "tok-warn"))
    else:
        third.append(Piece("no hpa in charge   ", "tok-dim"))
    if state.disruption is not None:
        third.append(Piece(f"pdb {state.disruption.allowed} may be away   "))
    else:
        third.append(Piece("no pdb   ", "tok-dim"))
    third.append(Piece(f"{state.restarts} restarts", "tok-dim"))
    others = [Piece("  ")]
    if state.cause is not None and state.cause.others:
        others = [Piece("  also  ", "tok-dim"), Piece(safe("; ".join(state.cause.others)), "tok-dim")]
    return [first, cause, images, third, others]
