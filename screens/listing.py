"""A list of one kind, or of several shown together: filter, sort, mark, drill down."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.base import BoardScreen
from screens.copying import copy_text
from tfdash.model.kube import Pod
from tfdash.model.picture import Change
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.sources.base import ALL, Scope
from tfdash.views import says
from tfdash.views.filter import NO_FILTER, Filter, FilterError
from tfdash.views.kinds import KindView
from tfdash.views.rows import BoardRows, RowKey
from tfdash.views.scope import Restriction
from tfdash.views.tablerows import TableRows
from widgets.table import Table

_JUDGED = ("ReplicaSet", "Pod", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Event")
_TITLES = {"workloads": "Deployments", "hpas": "HPAs", "pdbs": "PDBs"}
_NO_UPDATE = Change(keys={}, freshness=frozenset())


def title_of(view: KindView) -> str:
    return _TITLES.get(view.id, view.noun[:1].upper() + view.noun[1:])


class ListScreen(BoardScreen):
    """``view`` under ``restriction``. The cursor, marks and filter survive every update."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "logs(False)", "logs", id="list.logs"),
        Binding("d", "inspect('describe')", "describe", id="list.describe"),
        Binding("y", "inspect('yaml')", "yaml", id="list.yaml"),
        Binding("e", "inspect('events')", "events", id="list.events"),
        Binding("w", "inspect('why')", "why", id="list.why"),
        Binding("v", "inspect('revisions')", "revisions", id="list.revisions"),
        Binding("p", "logs(True)", "previous logs", id="list.previous"),
        Binding("0", "all_namespaces", "all namespaces", id="list.all_namespaces", show=False),
        Binding("c", "copy", "copy name", id="list.copy", show=False),
        Binding("ctrl+r", "relist", "refresh", id="list.refresh", show=False),
    ]

    def __init__(self, view: KindView, restriction: Restriction, tab: str = "") -> None:
        super().__init__()
        self.view, self.restriction = view, restriction
        self.tab = tab or {"workloads": "workloads", "nodes": "nodes"}.get(view.id, "")
        self.rows: BoardRows | None = None

    @property
    def crumb(self) -> str:
        title = title_of(self.view)
        if self.restriction.owner is not None:
            return f"{title} of {self.restriction.owner.name}"
        if self.restriction.node:
            return f"{title} on {self.restriction.node}"
        return title

    def body(self) -> ComposeResult:
        self.rows = BoardRows(self.view, self.restriction, zone=self.tf.zone)
        source = TableRows(self.rows)
        names = self.restriction.namespaces
        scope = ", ".join(names) if names is not None and self.view.namespaced else ""
        yield Table(
            source.columns(),
            source,
            title=self.crumb,
            scope=scope,
            noun=self.view.noun,
            sort=self.view.order,
            descending=self.view.descending,
            id="body",
        )

    @property
    def table(self) -> Table:
        return self.query_one("#body", Table)

    # -- updates ------------------------------------------------------------------------------------------------

    def wants(self) -> dict[str, Scope]:
        assert self.rows is not None
        kinds = dict.fromkeys((*self.rows.needs, *(_JUDGED if self.view.judged else ())))
        names = self.restriction.namespaces
        scope = ALL if names is None else Scope(names)
        return {kind: scope for kind in kinds}

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.catch_up()

    def catch_up(self) -> None:
        board = self.tf.board
        self.take(Update(board.picture, board.assessment, _NO_UPDATE, None))

    def take(self, update: Update) -> None:
        if self.rows is None or not self.is_mounted:
            return
        columns = len(self.rows.fields)
        changes = self.rows.update(update, self.tf.now())
        table = self.table
        if len(self.rows.fields) != columns:
            table.set_columns(TableRows(self.rows).columns())
        table.set_progress(self.rows.progress)
        table.set_empty(self.rows.empty)
        if changes.reset:
            table.set_rows(self.rows.keys(), presorted=self.view.order == "name" and self.sorted_keys())
        elif changes:
            table.apply(changes.changed, changes.removed, changes.added)
        self._say()

    def sorted_keys(self) -> bool:
        return False

    def _say(self) -> None:
        assert self.rows is not None
        fresh = self.rows.freshness
        token = {"late": "dim", "old": "warn", "dead": "unknown"}.get(fresh.state, "dim")
        text = fresh.text if fresh.state != "loading" else ""
        self.table.set_status(says.joined([text, self.rows.hidden]), token)

    def tick(self) -> None:
        """Time passed."""
        if self.rows is not None and self.is_mounted:
            self.rows.at(self.tf.now())
            self.table.touch()
            self._say()

    # -- filter -------------------------------------------------------------------------------------------------

    def filter_by(self, text: str) -> str:
        try:
            found = Filter(text) if text.strip() else NO_FILTER
        except FilterError as error:
            return str(error)
        self.table.set_filter(found)
        return ""

    def filter_text(self) -> str:
        return self.table.filter.text

    # -- what can be done ---------------------------------------------------------------------------------------

    @property
    def chosen(self) -> Subject | None:
        """The object that is painted under the cursor."""
        key: RowKey | None = self.table.cursor_key
        return None if key is None or self.rows is None else self.rows.subject(key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        kind = self.view.kinds[0]
        if action == "logs":
            return kind in ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")
        if action == "inspect" and parameters and parameters[0] in ("why", "revisions"):
            return self.view.judged
        if action == "all_namespaces":
            return self.view.namespaced
        return super().check_action(action, parameters)

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        subject = self.chosen
        if subject is None:
            return
        match subject.kind:
            case "Namespace":
                self.tf.use_namespace(subject.name)
            case "Node":
                self.tf.open_list("pods", Restriction(node=subject.name))
            case "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job":
                self.tf.open_list("pods", Restriction((subject.namespace,), owner=subject))
            case "Pod":
                self.tf.open_logs(subject, False)
            case _:
                self.tf.open_inspect(subject, "describe")

    def action_inspect(self, what: str) -> None:
        if self.chosen is not None:
            self.tf.open_inspect(self.chosen, what)

    def action_logs(self, previous: bool) -> None:
        if self.chosen is not None:
            self.tf.open_logs(self.chosen, previous)

    def action_all_namespaces(self) -> None:
        if self.restriction.namespaces is not None and self.restriction.owner is None:
            self.tf.use_namespace("")

    def action_copy(self) -> None:
        keys = self.table.chosen_keys
        if keys:
            self.tf.tell(copy_text(self.app, "\n".join(k.key.name for k in keys)))

    def action_relist(self) -> None:
        self.catch_up()
        self.tf.tell("shown anew; the watches keep it current")

    def pod_containers(self, subject: Subject) -> Pod | None:
        found = self.tf.board.picture.clusters[subject.cluster].objects("Pod").get(subject.key)
        return found if isinstance(found, Pod) else None
