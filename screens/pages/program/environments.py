"""Environments of the configuration and contexts of the kubeconfig."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from textual.app import ComposeResult

from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from tfdash.text import safe
from tfdash.views.table import Cell, Column
from widgets.table import Table

EnvironmentKey: TypeAlias = tuple[str, str]
"""(kind, name): an environment of the configuration or a context of the kubeconfig."""


def _cells(place: EnvironmentKey, here: bool, about: str) -> Sequence[Cell]:
    kind, name = place
    return (
        (safe(name), "bright"),
        (kind, "dim"),
        ("✔ shown now", "ok") if here else ("· enter switches", "dim"),
        about if here else "",
    )


class EnvironmentsScreen(BoardScreen):
    """``:ctx``: environments of the configuration and contexts of the kubeconfig; Enter starts anew with the one under
    the cursor."""

    @property
    def crumb(self) -> str:
        return "Environments"

    def body(self) -> ComposeResult:
        c = self.shell.context
        clusters = ", ".join(safe(ref.cluster) for ref in self.shell.board.clusters)
        shown = ("environment", c.environment) if c.environments else ("context", c.context_name)
        about = f"clusters: {clusters}"
        self._source = ItemRows[EnvironmentKey](
            lambda place: _cells(place, place == shown, about), text=lambda place: place[1]
        )
        columns_ = (
            Column("name", "NAME", 30, sort="none"),
            Column("kind", "KIND", 11, sort="none"),
            Column("state", "STATE", 18, sort="none"),
            Column("about", "ABOUT", min=20, priority=1, sort="none"),
        )
        yield Table(columns_, self._source, noun="places", id="body")

    def on_mount(self) -> None:
        c = self.shell.context
        rows = [("environment", name) for name in c.environments]
        rows += [("context", name) for name in c.contexts() if name not in c.environments]
        if not rows:
            rows = [("environment", c.environment)]
        self._source.all = {row: row for row in rows}
        self.query_one("#body", Table).set_rows(rows, presorted=True)

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        self.shell.use_environment(str(event.key[1]))
