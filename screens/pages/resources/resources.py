"""Tab 4: whether the platform is in its bands, and by workload, namespace, node, quota, autoscaler and proposal what is not."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import nan
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.acting_screen import ActingScreen
from screens.lists.item_rows import ItemRows
from screens.lists.narrowing import Narrowing
from tfdash.model.autoscaling import ClusterAutoscaler
from tfdash.model.kinds import KINDS, PLAIN
from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.model.made import MADE
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.model.verdict import Level
from tfdash.quantities import NANO, amount
from tfdash.text import safe
from tfdash.views.filter import NO_FILTER, Amount
from tfdash.views.resources.columns import BY_ID, FINDING, VIEWS, Part, Room, View
from tfdash.views.resources.facts import chosen_lines
from tfdash.views.resources.head import BAD, RowCount, head_lines, nothing_text, view_line
from tfdash.views.resources.rows import WORKLOADS, ResourceRow, Sight, sight
from tfdash.views.table import Cell
from widgets.filter import FilterPrompt
from widgets.panel import Divider
from widgets.prose import Prose
from widgets.table import Table

_HEAD = 3  # lines of the sections
_TALL = 22  # lines from which what is chosen is shown whole
_READ = frozenset({"Usage", "UsageHistory", "ResourceQuota", "HorizontalPodAutoscaler"})
_READING = "reading what is used"
_MANY = 200  # rows, from which not each change is shown at once
_EVERY = 5  # seconds between two looks at the other views, where rows are many
_CHOSEN = 9  # lines of it at most
_FEW = 5  # and where the table would have few
_ROOMY = 30  # lines from which it would not


class ResourceRows(ItemRows[ResourceRow]):
    """Rows under the columns of the view that is shown."""

    def __init__(self) -> None:
        super().__init__(self._write, text=self._text, version=_version)
        self.parts: Sequence[Part] = ()

    def _write(self, row: ResourceRow) -> Sequence[Cell]:
        return [part.write(row) for part in self.parts]

    def _text(self, row: ResourceRow) -> str:
        return "\n".join(cell if isinstance(cell, str) else cell[0] for cell in self._write(row))

    def sort_value(self, key: Any, column: str) -> Any:
        if column == FINDING:
            return super().sort_value(key, column)  # they come with the worst first
        row, part = self.all.get(key), self._part(column)
        if row is None or part is None:
            return ""
        if part.number is not None:
            found = part.number(row)
            return nan if found is None else found
        cell = part.write(row)
        return cell if isinstance(cell, str) else cell[0]

    def _part(self, column: str) -> Part | None:
        names = (column, column.removesuffix("%").strip())
        return next(
            (p for p in self.parts if p.column.key in names or p.column.title.lower() == column), None
        )

    def amount(self, key: Any, column: str) -> Amount | None:
        part = self._part(column)
        if part is None or part.number is None:
            return None
        row = self.all.get(key)
        found = part.number(row) if row is not None else None
        used = amount(row.usage.used, part.column.key) if row is not None and row.usage is not None else None
        return Amount(nan if found is None else found, quantity=nan if used is None else used / NANO)

    def trouble(self, key: Any) -> int:
        """As the row's level says, whatever its columns paint."""
        row = self.all.get(key)
        return 0 if row is None else {Level.BREACH: 3, Level.WARN: 2, Level.UNKNOWN: 1}.get(row.level, 0)


def _version(row: ResourceRow) -> Hashable:
    usage = (row.usage.at, row.usage.used) if row.usage is not None else None
    version = row.obj.resource_version if row.obj is not None else ""
    told = tuple((v.rule, v.level, v.measured, v.sentence) for v in row.verdicts)
    return (usage, version, told, row.age, row.scaled)


class ResourcesScreen(Narrowing, ActingScreen):
    """One table, seen by workload, namespace, node, quota, autoscaler or proposal; each row is a reading of what was said."""

    scoped = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "view(1)", "next view", id="resources.next", key_display="tab"),
        Binding("shift+tab", "view(-1)", "view before", id="resources.before", show=False),
        Binding("d", "inspect('describe')", "describe", id="resources.describe"),
        Binding("y", "inspect('yaml')", "yaml", id="resources.yaml", show=False),
        Binding("e", "inspect('events')", "events", id="resources.events", show=False),
        Binding("w", "inspect('why')", "why", id="resources.why"),
        Binding("l", "logs", "logs", id="resources.logs", show=False),
        Binding("z", "not_ok", "only what is not ok", id="resources.not_ok", show=False),
        Binding("c", "copy", "copy names", id="resources.copy", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view: View = VIEWS[0]
        self._rows = ResourceRows()
        self._sight: Sight | None = None
        self._counts: dict[str, RowCount] = {}
        self._wanted: Subject | None = None
        self._due = False  # whether something else was said since it was shown
        self._seconds = 0
        self._shown_in = -1  # in which of them news was shown at once
        self._waited = False  # whether a second passed without a look, for what is said in a moment
        self._kind = ""  # of the object under the cursor
        self._settled = False  # whether all that the rows are ordered by was read and judged once

    @property
    def crumb(self) -> str:
        return "Resources"

    def body(self) -> ComposeResult:
        yield Prose(id="head", indent=3, most=_HEAD - 1)
        yield Prose(id="head-rest", indent=3, most=1)  # however long the worst is, the other section is told
        yield Prose(id="views", most=1)
        self._rows.parts = self.view.parts((), self._room)
        yield Table(self._columns(), self._rows, noun=self.view.noun, sort=FINDING, id="body")
        yield Divider(id="chosen-rule")
        yield Prose(id="chosen", indent=3, most=_CHOSEN)

    @property
    def _room(self) -> Room:
        names = self.shell.namespaces
        return Room(self.app.size.width, names is not None and len(names) == 1)

    def _columns(self) -> list[Any]:
        return [part.column for part in self._rows.parts]

    def says(self) -> list[Cell]:
        return []

    # -- updates ------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        many = len(self._rows.all) >= _MANY
        read = _READ - {"Usage"} if many else _READ  # their gauges are what is said of it, which comes next
        if update.judged is None or update.judged or any(kind in read for _, kind in update.change.keys):
            self._renew_soon()

    def _renew_soon(self) -> None:
        """At once where that costs little, or was not done in this second and shows all that is said of it; else with the next."""
        if len(self._rows.all) < _MANY or not (self._more or self._shown_in == self._seconds):
            self._shown_in = self._seconds
            self._show()
        else:
            self._due = True

    @property
    def _more(self) -> bool:
        return not self.shell.board.assessment.whole

    def tick(self) -> None:
        """What is old says so; of many rows every few seconds."""
        self._seconds += 1
        many = len(self._rows.all) >= _MANY
        self._waited = many and self._more and not self._waited  # or what comes in a moment waits a second
        if not self._waited and (self._due or not many or not self._seconds % _EVERY):
            self._show()

    def on_resize(self) -> None:
        self._show()

    def point_to(self, view_id: str, filter_text: str = "", sort: str = "") -> None:
        """The view of that name."""
        if view_id in BY_ID and view_id != self.view.id:
            self.view = BY_ID[view_id]
            if self.is_mounted:
                self._renew()

    def stand_on(self, subject: Subject) -> None:
        """Its row, in the view where it has one."""
        self._wanted = subject._replace(uid="")
        if self.is_mounted and self.app.screen is self:
            self._show()

    def _renew(self) -> None:
        """Other rows in the same table."""
        if self._sight is None:
            return
        self._rows = ResourceRows()
        self._rows.parts = self.view.parts((), self._room)
        table = self.table
        table.set_source(self._columns(), self._rows, sort=FINDING)
        table.set_title("", "", self.view.noun)
        for prompt in self.query("#filter").results(FilterPrompt):
            prompt.reset(NO_FILTER)
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        board, now = self.shell.board, self.shell.now()
        seen = sight(board.picture, board.assessment, self.shell.namespaces, now)
        self._sight, self._due = seen, False
        every = len(self._rows.all) < _MANY or self._wanted is not None or not self._seconds % _EVERY
        rows = {view.id: view.rows(seen) for view in VIEWS if every or view is self.view}
        there = self._view_of(self._wanted, rows) if self._wanted is not None else None
        if there is not None and there is not self.view:
            self.view = there
            self._renew()
            return
        mine = sorted(rows[self.view.id], key=lambda row: row.rank)
        self._counts |= {
            view: (len(many), *(sum(row.level is bad for row in many) for bad in BAD))
            for view, many in rows.items()
        }
        self._show_rows(mine)
        first, *rest = head_lines(self._sections())
        self.query_one("#head", Prose).show([first])
        self.query_one("#head-rest", Prose).show(rest)
        self.query_one("#views", Prose).show([view_line(self.view.id, self._counts, self.size.width)])
        self._show_chosen()

    def _sections(self) -> Sequence[SectionState]:
        """Of the namespaces that are shown, where that are not all."""
        board, names = self.shell.board, self.shell.namespaces
        if names is None or not board.assessment.sections:
            return board.assessment.sections
        from tfdash.judging.narrowed import sections_within  # nothing was judged before the first frame

        return sections_within(board.picture, board.assessment, names)

    def _show_rows(self, mine: Sequence[ResourceRow]) -> None:
        table = self.table
        before = [part.column for part in self._rows.parts]
        self._rows.parts = self.view.parts(mine, self._room)
        columns = self._columns()
        if [(c.key, c.title, c.width) for c in before] != [(c.key, c.title, c.width) for c in columns]:
            table.set_columns(columns)
        keys = list(self._rows.all)
        self._rows.all = {row.subject: row for row in mine}
        now = list(self._rows.all)
        assert self._sight is not None
        table.set_empty(nothing_text(self.view, self._sight))
        self._settled = self._settled or not self._waits()
        if not self._settled:
            table.set_progress(_READING)
        if keys != now:
            table.set_rows(now, presorted=table.sorted_by == (FINDING, False))
        else:
            table.apply(changed=now)
        if self._settled:  # behind the rows: until then the cursor rests at the top, where the worst will be
            table.set_progress("")
        if self._wanted is not None and self._wanted in self._rows.all:
            table.move_to(self._wanted)
            self._wanted = None

    def _waits(self) -> bool:
        board = self.shell.board
        picture, assessment = board.picture, board.assessment
        return (
            bool(board.unsettled())
            or assessment.number < picture.number
            or not assessment.whole
            or any(source.unsettled(picture, assessment) for source in board.sources)
        )

    def _view_of(self, subject: Subject, rows: dict[str, list[ResourceRow]]) -> View | None:
        """The view that is shown where it has the row, else the first that has it."""
        order = sorted(VIEWS, key=lambda view: view is not self.view)
        return next((v for v in order if any(row.subject == subject for row in rows[v.id])), None)

    def _show_chosen(self) -> None:
        row = self._row
        kind = row.subject.kind if row is not None and row.obj is not None else ""
        if kind != self._kind:  # other keys work on it
            self._kind = kind
            self.refresh_bindings()
        there = row is not None and self.tall >= _TALL
        for name in ("#chosen-rule", "#chosen"):
            self.query_one(name).display = there
        if row is not None and there:
            self.query_one("#chosen-rule", Divider).set_text(f"{row.name} · {safe(row.of)}")
            short = self.tall < _ROOMY
            chosen = self.query_one("#chosen", Prose)
            chosen.styles.max_height = _FEW if short else _CHOSEN
            chosen.show(chosen_lines(row, self._room.bar, short=short))

    @property
    def _row(self) -> ResourceRow | None:
        key = self.table.cursor_key
        return self._rows.all.get(key) if key is not None else None

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self._show_chosen()

    def narrowed(self) -> None:
        self._show_chosen()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_view(self, by: int) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + by) % len(VIEWS)]
        self._renew()

    def acting_on(self) -> list[Subject]:
        """The marked rows that are objects of a cluster, or the one under the cursor."""
        found = []
        for key in self.table.chosen_keys:
            row = self._rows.all.get(key)
            if row is not None and row.obj is not None:
                found.append(row.subject._replace(uid=row.obj.uid))
        return found

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("inspect", "logs"):
            row = self._row if self.is_mounted else None
            if row is None or row.obj is None or row.subject.kind in MADE:
                return False
            kind = KINDS.get(row.subject.kind, PLAIN)
            if action == "logs":
                return kind.logs
            return kind.why if parameters and parameters[0] == "why" else True
        return super().check_action(action, parameters)

    def action_inspect(self, what: str) -> None:
        if (row := self._row) is not None and row.obj is not None:
            self.shell.open("inspect", row.subject._replace(uid=row.obj.uid), what)

    def action_logs(self) -> None:
        if (row := self._row) is not None and row.obj is not None:
            self.shell.open("logs", row.subject._replace(uid=row.obj.uid), False)

    def action_copy(self) -> None:
        if (row := self._row) is not None:
            self.shell.copy_text(row.called, safe(row.called))

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        row = self._rows.all.get(event.key)
        if row is None:
            return
        if isinstance(row.obj, ClusterAutoscaler):  # it is told by a ConfigMap, which can be looked at
            at = row.subject.key
            status = Subject(row.subject.cluster, "ConfigMap", at.namespace, at.name)
            self.shell.open("inspect", status, "describe")
        elif isinstance(row.obj, HorizontalPodAutoscaler):
            hpa = row.obj
            self.shell.open(
                "resource", Subject(row.subject.cluster, hpa.target_kind, row.namespace, hpa.target_name)
            )
        elif row.usage is not None or row.subject.kind in WORKLOADS:
            self.shell.open("resource", row.subject)
        elif row.obj is not None:
            self.shell.open("inspect", row.subject._replace(uid=row.obj.uid), "describe")
