"""Tab 6: which runbook do the facts propose, is it ready, what runs now, and all procedures that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from screens.lists.narrowing import Narrowing
from screens.pages.recovery.rows import rows_of
from screens.procedures import begin_start
from tfdash.model.procedure import Procedure
from tfdash.model.run import RunOutcome, RunState
from tfdash.model.update import Update
from tfdash.procedures.protocols import RunService
from tfdash.text import safe
from tfdash.views.recovery import head, pages, procedures, runbooks, runs
from tfdash.views.recovery.pages import BY_ID, VIEWS, RecoveryView
from tfdash.views.recovery.runbooks import BookKey, RunbookRow
from tfdash.views.table import Cell, Line
from widgets.banner import Banner
from widgets.panel import Divider
from widgets.prose import Prose
from widgets.table import Table

_FRAME, _HEAD = 5, 2  # lines of header, tabs, crumbs, rule and footer; those above a table's rows
_TALL = 20  # lines from which what is chosen is shown under the rows


class RecoveryScreen(Narrowing, BoardScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "view(1)", "next view", id="recovery.next", key_display="tab"),
        Binding("shift+tab", "view(-1)", "view before", id="recovery.before", show=False),
        Binding("o", "start", "start it", id="recovery.start", show=False),  # enter does the same
        Binding("d", "describe", "its steps", id="recovery.describe"),
        Binding("h", "hand_over", "hand-over", id="recovery.hand_over"),
        Binding("z", "not_ok", "only what is not ok", id="recovery.not_ok", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view: RecoveryView = VIEWS[0]
        self._picked = False  # whether a person chose the view
        self._runs: Sequence[RunState] = ()
        self._procedures: Mapping[str, Procedure] = {}
        self._shown_view = ""

    @property
    def service(self) -> RunService | None:
        return self.shell.context.runs

    @property
    def crumb(self) -> str:
        return "Recovery"

    def says(self) -> list[Cell]:
        return pages.says(self._runs, self.shell.board.assessment.sections)

    def body(self) -> ComposeResult:
        self._sources: dict[str, ItemRows[Any]] = {
            "runbooks": ItemRows[RunbookRow](
                lambda row: runbooks.cells(row, self.shell.now(), self.shell.zone),
                text=runbooks.search_text,
                version=lambda row: (row.procedure.digest, row.proposal, row.readiness, row.at),
            ),
            "runs": ItemRows[RunState](
                lambda run: runs.cells(run, self.shell.now(), self.shell.zone),
                text=runs.search_text,
                version=lambda run: (run.id, run.number),
            ),
            "procedures": ItemRows[Procedure](
                lambda one: procedures.cells(one, self._open_of(one)),
                text=procedures.search_text,
                version=lambda one: (one.id, one.digest, self._open_of(one)),
            ),
        }
        yield Banner(id="alone")
        yield Banner(id="which")
        yield Prose(id="open", indent=3, most=2)
        yield Prose(id="views", most=1)
        yield Table(
            self.view.columns,
            self._sources[self.view.id],
            noun=self.view.noun,
            sort=self.view.columns[0].key,
            id="body",
        )
        yield Divider(id="chosen-rule")
        yield Prose(id="chosen", indent=4)

    def _open_of(self, procedure: Procedure) -> int:
        return sum(
            run.procedure.id == procedure.id and run.outcome is RunOutcome.OPEN and not run.dry
            for run in self._runs
        )

    # -- what is shown ------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        self._show()

    def tick(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def point_to(self, view_id: str, filter_text: str = "", sort: str = "") -> None:
        if view_id in BY_ID:
            self.view, self._picked = BY_ID[view_id], True
            if self.is_mounted:
                self._show()

    def _read(self) -> None:
        service = self.service
        if service is not None:
            self._runs = runs.order(service.runs())
            self._procedures = {p.id: p for p in service.procedures()}

    def _rows(self) -> dict[str, Any]:
        match self.view.id:
            case "runs":
                return {run.id: run for run in self._runs}
            case "procedures":
                return dict(self._procedures)
        return dict(runbooks.rows_of(self._procedures.values(), self.shell.board.assessment.recovery))

    def _show(self) -> None:
        if not self.is_mounted:
            return
        self._read()
        now = self.shell.now()
        if not self._picked and any(r.outcome is RunOutcome.OPEN and not r.dry for r in self._runs):
            self.view = BY_ID["runs"]  # what is under way comes first
        why = self.service.coordinated() if self.service is not None else ""
        alone = self.query_one("#alone", Banner)
        alone.display = bool(why) and bool(self._runs)
        if why:
            alone.show(*head.not_coordinated(why))
        self._show_head()
        under_way = self.query_one("#open", Prose)
        line = runs.open_line(self._runs, now) if self.view.id != "runs" else []
        under_way.display = bool(line)
        under_way.show([line] if line else [])
        table = self.table
        self.query_one("#views", Prose).show(
            [pages.view_line(self.view, self._runs, table.count_text, table.filter.told)]
        )
        self._show_rows(table)
        self._show_chosen()

    def _show_head(self) -> None:
        said = self.shell.board.assessment.recovery
        rows = runbooks.rows_of(self._procedures.values(), said).values()
        which = self.query_one("#which", Banner)
        if self.service is None:
            which.show(*pages.no_service(self.shell.trouble))
        else:
            begun = {
                BookKey(r.procedure.id, r.cluster)
                for r in self._runs
                if r.outcome is RunOutcome.OPEN and not r.dry
            }
            state, text, key = runbooks.head(rows, said is not None, begun)
            which.show(state, text, key if self.view.id == "runbooks" else "tab" if key else "")

    def _show_rows(self, table: Table) -> None:
        rows, source = self._rows(), self._sources[self.view.id]
        other = self._shown_view != self.view.id
        before = list(source.all)
        source.all = rows
        if other:
            kept = table.filter
            table.set_source(self.view.columns, source, sort=self.view.columns[0].key)
            table.set_filter(kept)
            table.set_title("", "", self.view.noun)
            self._shown_view = self.view.id
        problems = list(self.service.problems()) if self.service is not None else []
        table.set_empty(pages.nothing_text(self.view, problems))
        if other or before != list(rows):
            table.set_rows(list(rows), presorted=True)
        else:
            table.apply(changed=list(rows))

    def _show_chosen(self) -> None:
        row = self._row
        there = row is not None and self.tall >= _TALL
        for name in ("#chosen-rule", "#chosen"):
            self.query_one(name).display = there
        if not there:
            return
        now, zone = self.shell.now(), self.shell.zone
        title, lines = "", list[Line]()
        if isinstance(row, RunState):
            title, lines = head.banner(row)[1], runs.chosen_lines(row, now, zone)
        elif isinstance(row, RunbookRow):
            title, lines = row.title, runbooks.chosen_lines(row, now)
        elif isinstance(row, Procedure):
            title = safe(row.title or row.id)
            lines = [[text] for text in procedures.whole(row)[1:]]
        problems = list(self.service.problems()) if self.service is not None else []
        lines = [*pages.problem_lines(problems), *lines] if self.view.id == "procedures" else lines
        self.query_one("#chosen-rule", Divider).set_text(title)
        self.query_one("#chosen", Prose).show(lines, most=self._room())

    def _room(self) -> int:
        """Rows for what is chosen: what the head leaves and the rows of the table do not need, half of it at least."""
        width = max(self.size.width, 20)
        taken = _FRAME + sum(
            rows_of(self.query_one(name), width) for name in ("#alone", "#which", "#open", "#views")
        )
        left, rows = max(self.tall - taken, 4), len(self._sources[self.view.id].all) + _HEAD
        return max(left - rows, left // 2)

    @property
    def _row(self) -> RunState | RunbookRow | Procedure | None:
        key = self.table.cursor_key
        found: RunState | RunbookRow | Procedure | None = self._sources[self.view.id].all.get(key)
        return found

    def narrowed(self) -> None:
        self._show_chosen()

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        super().on_table_row_highlighted(event)
        self._show_chosen()
        self.refresh_bindings()

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        row = self._row if self.is_mounted and self.query("#body") else None
        if action == "start":
            return isinstance(row, RunbookRow | Procedure)
        if action == "hand_over":
            return isinstance(row, RunState)
        if action == "describe":
            return row is not None
        return super().check_action(action, parameters)

    def word_of(self, action: str) -> str:
        row = self._row if action == "open" and self.is_mounted and self.query("#body") else None
        return "start it" if isinstance(row, RunbookRow | Procedure) else ""

    def refusal_of(self, action: str) -> str:
        row = self._row if self.is_mounted and self.query("#body") else None
        if action == "start" and isinstance(row, RunbookRow) and row.proposal is not None:
            return safe(row.proposal.refused)
        return ""

    def action_view(self, by: int) -> None:
        self.point_to(VIEWS[(VIEWS.index(self.view) + by) % len(VIEWS)].id)
        self.refresh_bindings()

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        row = self._row
        if isinstance(row, RunState):
            self.shell.open("run", row.id)
        else:
            self.action_start()

    def action_start(self) -> None:
        row = self._row
        if isinstance(row, RunbookRow):
            if row.proposal is not None and row.proposal.refused:
                self.shell.tell(f"not offered: {safe(row.proposal.refused)}", "warning")
                return
            given = (
                {id: ", ".join(values) for id, values in row.proposal.inputs.items()} if row.proposal else {}
            )
            begin_start(self.shell, row.procedure.id, given=given, cluster=row.cluster)
        elif isinstance(row, Procedure):
            begin_start(self.shell, row.id)

    def action_describe(self) -> None:
        row = self._row
        if isinstance(row, RunState):
            self.shell.open("journal", row.id)
        elif row is not None:
            self.shell.open("procedure", row.procedure.id if isinstance(row, RunbookRow) else row.id)

    def action_hand_over(self) -> None:
        if isinstance(row := self._row, RunState):
            self.shell.open("handover", row.id)
