"""The containers of one pod: state, restarts, why the last run ended, image, requests and limits."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from tfdash.model.kube import Container, ContainerStatus, Pod
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.sources.base import Scope
from tfdash.text import safe
from tfdash.views.age import since
from tfdash.views.image import short_images
from tfdash.views.kinds.pods import status_of, status_token
from tfdash.views.quantity import canonical_bytes, canonical_cores
from tfdash.views.table import Cell, Column
from widgets.table import Table

_COLUMNS = (
    Column("name", "CONTAINER", min=16, flex=1, sort="none"),
    Column("role", "ROLE", 8, priority=5, sort="none"),
    Column("state", "STATE", min=18, max=30, flex=1, sort="none"),
    Column("ready", "READY", 6, priority=1, sort="none"),
    Column("restarts", "RESTARTS", 8, align="right", priority=1, sort="none"),
    Column("age", "FOR", 8, align="right", priority=2, sort="none"),
    Column("last", "LAST RUN", min=18, flex=1, priority=3, sort="none"),
    Column("cpu", "CPU REQ/LIM", 12, align="right", priority=6, sort="none"),
    Column("memory", "MEMORY REQ/LIM", 16, align="right", priority=6, sort="none"),
    Column("image", "IMAGE", min=20, flex=2, priority=4, sort="none"),
)


Stated: TypeAlias = tuple[Container, ContainerStatus]


def _containers(pod: Pod) -> dict[str, Stated]:
    """By name, in the order in which the pod names them."""
    statuses = {s.name: s for s in pod.statuses}
    return {c.name: (c, statuses.get(c.name) or ContainerStatus(c.name)) for c in pod.containers}


def _cells(stated: Stated, now: float, stale: bool = False) -> Sequence[Cell]:
    """``stale``: what was well when it was last read is not known now."""
    cells = _fresh_cells(stated, now)
    if not stale:
        return cells
    return [
        (f"?{cell[0][1:]}", "unknown") if not isinstance(cell, str) and cell[0].startswith("✔") else cell
        for cell in cells
    ]


def _fresh_cells(stated: Stated, now: float) -> Sequence[Cell]:
    c, s = stated
    last = s.last_reason
    if s.last_exit_code is not None:
        last = f"{last}, exit {s.last_exit_code}, {since(s.last_finished, now)} ago"
    r = c.resources
    return (
        (safe(c.name), "bright"),
        ("sidecar" if c.sidecar else "init" if c.init else "main", "dim"),
        _state(s),
        ("✔ yes", "ok") if s.ready else ("· no", "dim") if s.state == "terminated" else ("▲ no", "warn"),
        (str(s.restarts), "warn" if s.restarts else ""),
        since(s.since, now) if s.since else "",
        safe(last),
        " / ".join("-" if v is None else canonical_cores(v) for v in (r.cpu_request, r.cpu_limit)),
        " / ".join("-" if v is None else canonical_bytes(v) for v in (r.memory_request, r.memory_limit)),
        short_images((c.image,)),
    )


def _marks(stated: Stated) -> Sequence[Hashable]:
    c, s = stated
    return (c.name, "", (s.state, s.reason), s.ready, s.restarts, "", s.last_finished, "", "", c.image)


def _state(s: ContainerStatus) -> Cell:
    words = s.reason or s.state or "not reported"
    begins = not (s.reason or s.state) or s.reason in ("ContainerCreating", "PodInitializing")
    if s.state == "terminated" and s.exit_code is not None:
        words = f"{words}, exit {s.exit_code}"
    if s.state == "running":
        return ("✔ running", "ok") if s.ready else ("◐ running", "moving")
    if s.state == "terminated" and s.exit_code == 0:
        return (f"· {safe(words)}", "dim")
    if begins:
        return (f"◐ {safe(words)}", "moving")
    return (f"▲ {safe(words)}", "warn")


class ContainersScreen(BoardScreen):
    """Enter and ``l`` show the log of the container under the cursor, ``p`` that of its previous run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "logs(False)", "logs", id="containers.logs"),
        Binding("p", "logs(True)", "previous logs", id="containers.previous"),
        Binding("d", "inspect('describe')", "describe", id="containers.describe"),
        Binding("y", "inspect('yaml')", "yaml", id="containers.yaml"),
        Binding("e", "inspect('events')", "events", id="containers.events"),
    ]

    def __init__(self, pod: Subject) -> None:
        super().__init__()
        self.pod = pod
        self._pod_shown: Pod | None = None
        self._source = ItemRows[Stated](self._cells_of, marks=_marks)

    @property
    def crumb(self) -> str:
        return safe(self.pod.name)

    def _cells_of(self, stated: Stated) -> Sequence[Cell]:
        stale = (self.pod.cluster, "Pod") in self.shell.board.assessment.stale
        return _cells(stated, self.shell.now(), stale)

    def body(self) -> ComposeResult:
        yield Table(_COLUMNS, self._source, noun="containers", id="body")

    def wants(self) -> dict[str, Scope]:
        return {"Pod": Scope((self.pod.namespace,))}

    def says(self) -> list[Cell]:
        pod = self._pod_shown
        if pod is None:
            return []
        status = status_of(pod)
        node = f"on {safe(pod.node)}" if pod.node else "on no node yet"
        return [(safe(status), status_token(status)), (node, "dim")]

    def catch_up(self) -> None:
        self._show()

    def take(self, update: Update) -> None:
        self._show()

    def tick(self) -> None:
        self.query_one("#body", Table).touch()

    def _show(self) -> None:
        cluster = self.shell.board.picture.clusters[self.pod.cluster]
        found = cluster.objects("Pod").get(self.pod.key)
        before = self._pod_shown
        table = self.query_one("#body", Table)
        if found is None:
            gone = cluster.kinds.get("Pod")
            if gone is not None and gone.complete:
                table.set_empty(f"The pod {safe(self.pod.name)} is gone.")
                self._pod_shown, self._source.all = None, {}
                table.set_rows(())
            return
        if not isinstance(found, Pod):
            table.set_progress("loading the pod")
            return
        table.set_progress("")
        self._pod_shown, self._source.all = found, _containers(found)
        names = list(self._source.all)
        if before is None or [c.name for c in before.containers] != names:
            table.set_rows(names, presorted=True)
        elif before is not found:
            table.apply(changed=names)

    # -- keys ---------------------------------------------------------------------------------------------------

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        self.shell.open("logs", self.pod, False, str(event.key))

    def action_logs(self, previous: bool) -> None:
        key = self.query_one("#body", Table).cursor_key
        self.shell.open("logs", self.pod, previous, str(key) if key else "")

    def action_inspect(self, what: str) -> None:
        self.shell.open("inspect", self.pod, what)
