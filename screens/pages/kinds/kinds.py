"""Everything that the clusters serve, as ``kubectl api-resources`` lists it; Enter lists the objects."""

from __future__ import annotations

from functools import partial

from textual.app import ComposeResult

from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from screens.lists.narrowing import Narrowing
from tfdash.model.resources import ApiResource
from tfdash.text import safe
from tfdash.views.served_kinds import FRESH, OLD
from tfdash.views.table import Cell, Column
from widgets.table import Table
from widgets.workers import begin

_COLUMNS = (
    Column("name", "NAME", min=24),
    Column("short", "SHORT NAMES", width=14, priority=2),
    Column("api", "API VERSION", width=32, priority=1),
    Column("namespaced", "NAMESPACED", width=10, priority=3),
    Column("kind", "KIND", width=28, priority=2),
    Column("verbs", "VERBS", min=10, priority=4),
)


class KindsScreen(Narrowing, BoardScreen):
    @property
    def crumb(self) -> str:
        return "Kinds"

    def body(self) -> ComposeResult:
        self.items: ItemRows[ApiResource] = ItemRows(_cells, text=_text)
        yield Table(_COLUMNS, self.items, noun="kinds", sort="", id="body")

    def catch_up(self) -> None:
        self._show()
        begin(self, partial(self._look, OLD), "kinds")

    async def _look(self, max_age: float) -> None:
        await self.shell.kinds.look(max_age)
        self._show()

    def _show(self) -> None:
        kinds = self.shell.kinds
        known = bool(kinds.catalogues)
        every = {id: r for c in kinds.catalogues.values() for id, r in c.by_id.items()}
        self.items.all = every
        table = self.table
        silent = list(kinds.silent())
        table.set_empty(
            "; ".join(f"? {each}" for each in silent) if silent else "" if known else "asking the server …"
        )
        table.set_rows(list(every))
        table.set_status(f"? not known: {'; '.join(silent)}" if silent else "", "unknown")

    def says(self) -> list[Cell]:
        silent = list(self.shell.kinds.silent())
        return [(f"? {len(silent)} did not answer", "unknown")] if silent else []

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        resource = self.items.all.get(event.key)
        if resource is not None and resource.listable:
            self.shell.open_kind(str(event.key))
        else:
            self.shell.tell(
                f"{safe(str(event.key))} cannot be listed: it is only there for {_verbs(resource)}"
            )

    def action_again(self) -> None:
        begin(self, partial(self._look, FRESH), "kinds")


def _verbs(resource: ApiResource | None) -> str:
    return ", ".join(resource.verbs) if resource is not None else "nothing"


def _cells(r: ApiResource) -> list[Cell]:
    version = f"{r.group}/{r.version}" if r.group else r.version
    name: Cell = safe(r.resource) if r.listable else (safe(r.resource), "dim")
    return [
        name,
        safe(",".join(r.short)),
        safe(version),
        "true" if r.namespaced else "false",
        safe(r.kind),
        (safe(",".join(r.verbs)), "dim"),
    ]


def _text(r: ApiResource) -> str:
    return " ".join((r.resource, *r.short, r.group, r.version, r.kind, *r.verbs))
