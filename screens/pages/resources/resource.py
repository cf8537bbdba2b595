"""One workload, namespace, node or pool: its use over time with the band, its containers, and what stands around them."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from screens.frame.acting_screen import ActingScreen
from screens.lists.item_rows import ItemRows
from tfdash.model.kinds import KINDS, PLAIN
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.model.usage import UseOverTime
from tfdash.sources.base import Scope
from tfdash.text import safe
from tfdash.views.changes import Altered
from tfdash.views.resources.columns import Room
from tfdash.views.resources.containers import COLUMNS, ContainerUse, cells, container_uses
from tfdash.views.resources.detail import (
    LINES,
    around_lines,
    change_lines_of,
    chart_points,
    chart_title,
    gauge_lines,
    row_of,
)
from tfdash.views.resources.rows import BANDS, WORKLOADS, ResourceRow, name_of, sight
from tfdash.views.table import Cell, Line
from widgets.chart import Chart, Drawing
from widgets.panel import Divider
from widgets.prose import Prose
from widgets.table import Table
from widgets.workers import begin

_WIDE = 100  # columns: two charts stand side by side
_STACKED = 40  # lines: room for two charts under each other
_HOURS = 6  # of changes
_FRAME = 5  # lines of header, tabs, crumbs, rule and footer
_CHART, _LEAST = 6, 3  # lines of a chart, and of what stands around it, at least
_DAY, _WEEK = 86_400.0, 7 * 86_400.0
_AGAIN = 60.0  # seconds until Prometheus is asked again at the earliest
_SPAN = 20.0  # % of a chart at least: noise is no fall
_ROWS = 6  # containers that are in view at once


class ResourceScreen(ActingScreen):
    """Opened with the subject of a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other_chart", "memory or cpu", id="resource.other_chart", key_display="tab"),
        Binding("t", "other_span", "day or week", id="resource.other_span"),
        Binding("l", "logs", "logs", id="resource.logs"),
        Binding("d", "inspect('describe')", "describe", id="resource.describe"),
        Binding("y", "inspect('yaml')", "yaml", id="resource.yaml", show=False),
        Binding("e", "inspect('events')", "events", id="resource.events", show=False),
        Binding("w", "inspect('why')", "why", id="resource.why"),
    ]

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.subject = subject._replace(uid="")
        self._row: ResourceRow | None = None
        self._containers = ItemRows[ContainerUse](cells, version=lambda use: use)
        self._changes: tuple[Altered, ...] | None = None
        self._unread: tuple[str, ...] = ()
        self._week = False
        self._line: UseOverTime | None = None  # of Prometheus
        self._line_at = 0.0  # when it was asked for
        self._no_line = ""  # why it could not be read
        self._second = False  # which chart is shown where there is room for one

    @property
    def crumb(self) -> str:
        return name_of(self.subject)

    @property
    def _works(self) -> bool:
        return self.subject.kind in WORKLOADS

    def body(self) -> ComposeResult:
        yield Prose(id="head", indent=9)
        with Container(id="charts"):
            for name in BANDS:
                yield Chart(id=f"chart-{name}")
        yield Table(COLUMNS, self._containers, noun="containers", id="body")
        yield Divider(id="around-rule")
        yield Prose(id="around", indent=10)

    def wants(self) -> dict[str, Scope]:
        scope = Scope((self.subject.namespace,)) if self.subject.namespace else Scope(self.shell.namespaces)
        kinds = ("HorizontalPodAutoscaler", "ResourceQuota", "Pod", "ReplicaSet") if self._works else ("Pod",)
        return dict.fromkeys(kinds, scope)

    # -- updates ------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        if self._works:
            begin(self, self._read, "changes")
        self._look()

    def _look(self) -> None:
        """What Prometheus has of before; what is under way ends with this page."""
        if self.subject.kind in LINES:
            self._line_at = self.shell.now()
            begin(self, self._read_line, "line")

    async def _read_line(self) -> None:
        try:
            self._line = await self.shell.board.read_use(self.subject, _WEEK if self._week else _DAY)
            self._no_line = ""
        except ReadFailed as failed:
            self._no_line = safe(str(failed.problem))
        except RuntimeError as error:  # the board is stopping
            self._no_line = safe(str(error))
        self._show()
        self.refresh_bindings()

    async def _read(self) -> None:
        """What changed it last."""
        from tfdash.changes.gather import gather

        try:
            found = await gather(
                self.shell.board,
                (self.subject.cluster,),
                (self.subject.namespace,),
                self.shell.now() - _HOURS * 3600,
                seen_changes=self.shell.change_history.seen_changes if self.shell.change_history else (),
                entries=self.shell.audit_entries(),
            )
            self._changes, self._unread = found.changes, found.unread
        except RuntimeError as error:  # the board is stopping
            self._changes, self._unread = (), (str(error),)
        self._show()

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        self._show()

    def tick(self) -> None:
        every = max(self._line.step, _AGAIN) if self._line is not None else _AGAIN
        if self._line_at and self.shell.now() - self._line_at >= every:
            self._look()
        self._show()

    def on_resize(self) -> None:
        self._show()
        self.refresh_bindings()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        board = self.shell.board
        seen = sight(board.picture, board.assessment, None, self.shell.now())
        row = self._row = row_of(seen, self.subject)
        room = Room(self.size.width)
        self.query_one("#head", Prose).show(gauge_lines(row, room.bar) or [[("   not measured", "dim")]])
        drawings = {name: self._drawing(row, name) for name in BANDS}
        for name, drawing in drawings.items():
            self.query_one(f"#chart-{name}", Chart).show(drawing)
        empty = not any(drawing.points for drawing in drawings.values())
        self.query_one("#charts").set_class(empty, "-empty")
        self._fold()
        self._show_containers(row)
        self.query_one("#around-rule", Divider).set_text("findings and what stands around it")
        around = self.query_one("#around", Prose)
        told = around_lines(seen, row, self._line)
        if self._no_line:
            told.append([(" history  ", "dim"), (f"? Prometheus: {self._no_line}", "unknown")])
        around.show([*told, *self._changed(row)])
        head = self.query_one("#head", Prose).rows_at(self.size.width - 2)
        table = min(len(self._containers.all), _ROWS) + 2 if self._works else 0
        left = max(self.tall - _FRAME - head - table - _CHART, _LEAST)
        most = around.styles.max_height
        if most is None or most.value != left:
            around.styles.max_height = left

    def _changed(self, row: ResourceRow) -> list[Line]:
        if not self._works:
            return []
        if self._changes is None:
            return [[(" changed  ", "dim"), ("reading …", "dim")]]
        told = change_lines_of(self._changes, row, self.shell.zone)
        lines: list[Line] = [[(" changed  ", "dim"), f"? not read: {safe(u)}"] for u in self._unread]
        none: list[Cell] = [(" changed  ", "dim"), (f"nobody is known to have, in {_HOURS} hours", "dim")]
        return [*lines, *([[(" changed  ", "dim"), "newest first"], *told] if told else [none])]

    def _drawing(self, row: ResourceRow, name: str) -> Drawing:
        found = row.gauge(name)
        names = ("used", "high", "low")
        return Drawing(
            title=chart_title(row, name, self._line),
            points=chart_points(row, name, self._line),
            unit="%",
            zone=self.shell.zone,
            empty="nothing that could be drawn: no share was measured",
            over=found.state.token == "breach",
            names=names,
            span=_SPAN,
        )

    def _show_containers(self, row: ResourceRow) -> None:
        table = self.query_one("#body", Table)
        if table.display is not self._works:
            table.display = self._works
        cluster = self.shell.board.picture.clusters.get(self.subject.cluster)
        if not self._works or cluster is None:
            return
        before = list(self._containers.all)
        self._containers.all = container_uses(cluster, self.subject)
        names = list(self._containers.all)
        table.set_empty("It has no pod now.")
        table.styles.height = min(len(names), _ROWS) + 2
        if names != before:
            table.set_rows(names, presorted=True)
        else:
            table.apply(changed=names)

    # -- layout -------------------------------------------------------------------------------------------------

    @property
    def _one_chart(self) -> bool:
        return self.size.width < _WIDE and self.tall < _STACKED

    def _fold(self) -> None:
        """Two charts side by side, under each other, or one at a time."""
        layout = "horizontal" if self.size.width >= _WIDE else "vertical"
        charts = self.query_one("#charts")
        if charts.styles.layout is None or charts.styles.layout.name != layout:
            charts.styles.layout = layout
        for at, name in enumerate(BANDS):
            chart = self.query_one(f"#chart-{name}")
            shown = not self._one_chart or at == int(self._second)
            if chart.display is not shown:
                chart.display = shown

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "other_chart":
            return self._one_chart
        if action == "other_span":
            return self._line is not None
        if action in ("inspect", "logs"):
            if self._row is None or self._row.obj is None:
                return False
            kind = KINDS.get(self.subject.kind, PLAIN)
            if action == "logs":
                return kind.logs
            return kind.why if parameters and parameters[0] == "why" else True
        return super().check_action(action, parameters)

    def acting_on(self) -> list[Subject]:
        row = self._row
        return [self.subject._replace(uid=row.obj.uid)] if row is not None and row.obj is not None else []

    def action_other_chart(self) -> None:
        self._second = not self._second
        self._fold()

    def action_other_span(self) -> None:
        self._week = not self._week
        self._look()

    def action_inspect(self, what: str) -> None:
        for subject in self.acting_on():
            self.shell.open("inspect", subject, what)

    def action_logs(self) -> None:
        for subject in self.acting_on():
            self.shell.open("logs", subject, False)

    def on_table_row_activated(self, event: Any) -> None:
        """A container's own log is with its pods."""
        for subject in self.acting_on():
            self.shell.open("logs", subject, False)
