"""A list of one kind, or of several shown together: filter, sort, mark, drill down, and a panel about one row."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.acting_screen import ActingScreen
from screens.lists.narrowing import Narrowing
from tfdash.model.kinds import KINDS, PLAIN
from tfdash.model.picture import Change
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.sources.base import ALL, Scope
from tfdash.text import safe
from tfdash.views import says
from tfdash.views.filter import Filter, FilterError
from tfdash.views.kinds import VIEWS, KindView
from tfdash.views.rows import BoardRows, RowChanges, RowKey
from tfdash.views.scope import Restriction
from tfdash.views.tablerows import TableRows
from widgets.panel import Divider, Lines, PieceLine
from widgets.table import Table
from widgets.workers import begin

_TITLES = {"workloads": "Deployments", "hpas": "HPAs", "pdbs": "PDBs"}
_NO_CHANGE = Change(keys={}, freshness=frozenset())
_TALL = 20  # lines of a terminal that has room for a panel
_PREPARE = 0.02  # seconds between two slices of making search texts beforehand


def title_of(view: KindView) -> str:
    return _TITLES.get(view.id, view.noun[:1].upper() + view.noun[1:])


class ListScreen(Narrowing, ActingScreen):
    """``view`` under ``restriction``. The cursor, marks and filter survive every update.

    ``scoped``: the root list of a tab, which follows the chosen namespace. Subclasses with a panel give
    ``PANEL`` (its lines) and ``detail``.
    """

    PANEL = 0
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "logs(False)", "logs", id="list.logs"),
        Binding("d", "inspect('describe')", "describe", id="list.describe"),
        Binding("y", "inspect('yaml')", "yaml", id="list.yaml"),
        Binding("e", "inspect('events')", "events", id="list.events"),
        Binding("w", "inspect('why')", "why", id="list.why"),
        Binding("v", "revisions", "revisions", id="list.revisions"),
        Binding("p", "logs(True)", "previous logs", id="list.previous"),
        Binding("t", "panel", "panel", id="list.panel", show=False),
        Binding("z", "not_ok", "only what is not ok", id="list.not_ok", show=False),
        Binding("c", "copy", "copy names", id="list.copy", show=False),
        Binding("ctrl+r", "again", "show anew", id="list.refresh", show=False),
    ]

    def __init__(self, view: KindView, restriction: Restriction, *, scoped: bool = False) -> None:
        super().__init__()
        self.view, self.restriction, self.scoped = view, restriction, scoped
        self.rows: BoardRows
        self._wanted_filter = self._wanted_sort = ""
        self._wanted_row: RowKey | None = None
        self._no_such = ""  # that a namespace is not there, which the rows cannot know
        self._asked: tuple[str, ...] = ()  # the namespaces that were looked for
        self._panel_wanted = True

    @property
    def crumb(self) -> str:
        title = title_of(self.view)
        if self.restriction.owner is not None or self.restriction.node:
            return f"{title} {self.restriction.where}"
        return title

    def body(self) -> ComposeResult:
        self.rows = BoardRows(self.view, self.restriction, zone=self.shell.zone)
        source = TableRows(self.rows)
        yield Table(
            source.columns(),
            source,
            noun=self.view.noun,
            sort=self.view.order,
            descending=self.view.descending,
            id="body",
        )
        if self.PANEL:
            yield Divider(id="detail-rule")
            yield Lines(id="detail")

    def on_mount(self) -> None:
        if self.PANEL:
            self.query_one("#detail", Lines).styles.height = self.PANEL
            self._fold()

    def point_to(self, view_id: str, filter_text: str = "", sort: str = "") -> None:
        """Show another kind in this place, or the same one narrowed by ``filter_text`` and ordered by ``sort``."""
        self._wanted_filter, self._wanted_sort = filter_text, sort
        if view_id != self.view.id and view_id in VIEWS:
            self.view = VIEWS[view_id]
            if self.query(Table):
                self._renew(self.shell.restriction(view_id))
            else:  # not composed yet: it will be with this view
                self.restriction = self.shell.restriction(view_id)
        if self.is_mounted and self.app.screen is self:
            self.on_screen_resume()

    def stand_on(self, subject: Subject) -> None:
        self._wanted_row = RowKey(subject.cluster, subject.kind, subject.key)
        if self.is_mounted and self.app.screen is self:
            self.table.seek(self._wanted_row)
            self._say_unfound()

    def _say_unfound(self) -> None:
        """Why the row that was asked for is not there. While the list is read it may come yet."""
        row, names = self._wanted_row, self.restriction.namespaces
        if row is None:
            return
        if self.table.seeking:
            self.table.flush()  # rows that came are shown a frame later: not hidden by anything
        if self.table.seeking:
            outside = names is not None and row.key.namespace not in names
            if row in self.rows:
                why = "is hidden by the filter; esc shows all"
            elif outside and self.view.namespaced:
                why = f"is in namespace {safe(row.key.namespace)}, which is not shown; 0 shows all"
            elif self._progress() or self.rows.freshness.state == "loading":
                return
            else:
                why = "is not in this list any more"
            self.shell.tell(f"{row.kind} {safe(row.key.name)} {why}", "warning")
        self._wanted_row = None

    def _renew(self, restriction: Restriction) -> None:
        """Other rows in the same table."""
        self.restriction, self._no_such, self._asked = restriction, "", ()
        self.rows = BoardRows(self.view, restriction, zone=self.shell.zone)
        source = TableRows(self.rows)
        table = self.table
        table.set_source(source.columns(), source, sort=self.view.order, descending=self.view.descending)
        table.set_title("", "", self.view.noun)

    # -- updates ------------------------------------------------------------------------------------------------

    def wants(self) -> dict[str, Scope]:
        names = self.restriction.namespaces
        scope = ALL if names is None else Scope(names)
        return {kind: scope for kind in self.rows.needs}

    def catch_up(self) -> None:
        if self.scoped and self.restriction != self.shell.restriction(self.view.id):
            self._renew(self.shell.restriction(self.view.id))
        board = self.shell.board
        wanted, self._wanted_row = self._wanted_row, None  # sought below, when the rows are there
        self.take(Update(board.picture, board.assessment, _NO_CHANGE, None))
        if self._wanted_sort:
            column, self._wanted_sort = self._wanted_sort, ""
            field = next((f for f in self.rows.fields if f.id == column), None)
            self.table.sort_by(column, field is not None and field.right)
        if self._wanted_filter:
            text, self._wanted_filter = self._wanted_filter, ""
            try:
                self.apply_filter(Filter(text))
            except FilterError as error:
                self.shell.tell(str(error), "warning")
        if wanted is not None:
            self._wanted_row = wanted
            self.table.flush()
            self.table.seek(wanted)
            self._say_unfound()

    def take(self, update: Update) -> None:
        columns = self.rows.fields
        changes = self.rows.update(update, self.shell.now())
        table = self.table
        if self.rows.fields is not columns:
            table.set_columns(TableRows(self.rows).columns())
        progress = self._progress()
        if progress:
            table.set_progress(progress)
        table.set_empty(self._no_such or self.rows.empty, unread=self.rows.unread)
        if changes.reset:
            table.set_rows(self.rows.keys())
            self.set_timer(_PREPARE, self._prepare)
        elif changes:
            table.apply(changes.changed | self._seen_measured(changes), changes.removed, changes.added)
        self._ask_for_namespaces()
        table.set_progress(progress)  # ends only behind the rows: until then the cursor rests at the top
        self._say_unfound()
        self._say()
        self._show_detail()

    def _seen_measured(self, changes: RowChanges) -> frozenset[RowKey]:
        """Of the rows that use something else than before those that are seen; all where they are ordered or chosen by it."""
        by = {f.id for f in self.rows.fields if f.measured}
        by |= {f.title.lower() for f in self.rows.fields if f.measured}
        if self.table.sorted_by[0] in by or self.table.filter.column in by:
            return changes.measured
        return changes.measured.intersection(self.table.keys_in_view())

    def _ask_for_namespaces(self) -> None:
        """No row in the namespaces that were named: is there such a namespace at all?"""
        names = self.restriction.namespaces
        seen = [observation for _, _, observation in self.rows.seen]
        if len(self.rows):
            self._no_such = ""
        elif names and names != self._asked and all(o is not None and o.complete for o in seen):
            self._asked, self._no_such = names, ""
            begin(self, partial(self._look_for, names), "namespaces")

    async def _look_for(self, names: tuple[str, ...]) -> None:
        from tfdash.views.namespaces import unknown_namespace

        told = await unknown_namespace(self.shell.board, names)
        if told and names == self.restriction.namespaces and not len(self.rows):
            self._no_such = f"No {self.view.noun} {self.restriction.where}. {told} 0 shows all namespaces."
            self.table.set_empty(self._no_such)

    def _progress(self) -> str:
        """What is still coming, also between two of the kinds that are shown together."""
        if self.rows.progress or not len(self.rows):
            return self.rows.progress
        seen = [observation for _, _, observation in self.rows.seen]
        partly = any(o is None or not (o.complete or o.provisional or o.problem) for o in seen)
        return f"loading {self.view.noun}" if partly else ""

    def _prepare(self) -> None:
        """In idle moments, so that the first letter of a filter finds its texts made."""
        if self.app.screen is self and not self.rows.prepare(250):
            self.set_timer(_PREPARE, self._prepare)

    def _say(self) -> None:
        fresh = self.rows.freshness
        token = {"late": "dim", "old": "warn", "dead": "unknown"}.get(fresh.state, "dim")
        text = fresh.text if fresh.state != "loading" else ""
        self.table.set_status(says.joined([text, self.rows.hidden]), token)

    def tick(self) -> None:
        self.rows.at(self.shell.now())
        self.table.touch()
        self._say()
        self._show_detail()

    # -- panel --------------------------------------------------------------------------------------------------

    def detail(self, row: RowKey) -> tuple[str, list[PieceLine]]:
        """The title and the lines about one row."""
        return "", []

    def _show_detail(self) -> None:
        if self.PANEL and self.is_mounted:
            row: RowKey | None = self.table.cursor_key
            title, lines = self.detail(row) if row is not None and row in self.rows else ("", [])
            self.query_one("#detail-rule", Divider).set_text(title)
            self.query_one("#detail", Lines).show(lines[: self.PANEL])

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self._show_detail()

    def action_panel(self) -> None:
        self._panel_wanted = not self._panel_wanted
        self._fold()

    def on_resize(self) -> None:
        self._fold()

    def _fold(self) -> None:
        """A short terminal has no panel. Not by a class of the screen: every style would be worked out anew."""
        if self.PANEL and self.is_mounted:
            shown = self._panel_wanted and self.tall >= _TALL
            self.query_one("#detail").display = self.query_one("#detail-rule").display = shown

    def narrowed(self) -> None:
        self._show_detail()

    # -- what can be done ---------------------------------------------------------------------------------------

    @property
    def chosen(self) -> Subject | None:
        """The object that is painted under the cursor."""
        key: RowKey | None = self.table.cursor_key
        return None if key is None else self.rows.subject(key)

    def acting_on(self) -> list[Subject]:
        """The marked rows that are shown, or the one under the cursor."""
        return [self.rows.subject(key) for key in self.table.chosen_keys]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        kinds = [KINDS.get(kind, PLAIN) for kind in self.view.kinds]
        if action == "logs":
            return any(kind.logs for kind in kinds)
        if action == "inspect" and parameters and parameters[0] == "why":
            return any(kind.why for kind in kinds)
        if action == "inspect" and parameters and parameters[0] == "events":
            return "Event" not in self.view.kinds
        if action == "revisions":
            return any(bool(kind.revisions) for kind in kinds)
        if action == "panel":
            return bool(self.PANEL)
        return super().check_action(action, parameters)

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        subject = self.rows.subject(event.key)
        match subject.kind:
            case "Namespace":
                self.shell.choose_namespaces((subject.name,))
                self.shell.show_chosen_namespaces()
            case "Node":
                self.shell.open("pods", Restriction(node=subject.name))
            case "Pod":
                self.shell.open("containers", subject)
            case "CronJob":
                self.shell.open("jobs", Restriction((subject.namespace,), owner=subject))
            case kind if KINDS.get(kind, PLAIN).logs:
                self.shell.open("pods", Restriction((subject.namespace,), owner=subject))
            case _:
                self.shell.open("inspect", subject, "describe")

    def action_inspect(self, what: str) -> None:
        if (subject := self.chosen) is not None:
            self.shell.open("inspect", subject, what)

    def action_revisions(self) -> None:
        if (subject := self.chosen) is not None:
            self.shell.open("revisions", subject)

    def action_logs(self, previous: bool) -> None:
        if (subject := self.chosen) is not None and KINDS.get(subject.kind, PLAIN).logs:
            self.shell.open("logs", subject, previous)

    def action_copy(self) -> None:
        keys: list[RowKey] = self.table.chosen_keys
        if keys:
            what = safe(keys[0].key.name) if len(keys) == 1 else f"{len(keys)} names"
            self.shell.copy_text("\n".join(k.key.name for k in keys), what)

    def action_again(self) -> None:
        """The watches keep the list current by themselves; this is for those who want to see it with their own eyes."""
        self.catch_up()
        self.shell.board.relist(self.rows.needs)
        self.shell.tell("listed again; until that is complete what was there stays")
