"""``:audit``: what was done, refused and approved, newest first, and how far anybody else can prove it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from screens.lists.narrowing import Narrowing
from tfdash.model.store_state import Entry
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views import audit
from tfdash.views.table import Cell, Column
from widgets.prose import Prose
from widgets.table import Table
from widgets.workers import begin

_COLUMNS = (
    Column("at", "AT", 13, sort="none"),
    Column("kind", "KIND", 13, sort="none"),
    Column("actor", "ACTOR", min=12, max=28, priority=1, sort="none"),
    Column("target", "TARGET", min=16, max=44, flex=2, priority=2, sort="none"),
    Column("sentence", "WHAT", min=24, flex=4, sort="none"),
    Column("terminal", "ENTRY", min=12, max=28, priority=3, sort="none"),
)
LIMIT = 1000  # the newest entries that are listed
_SOON = 2.0  # seconds between two readings while entries come


def _cells(entry: Entry, zone: ZoneInfo, now: float) -> Sequence[Cell]:
    return (
        (audit.when(entry.at, zone, now), "dim"),
        audit.kind_cell(entry),
        safe(entry.actor),
        safe(entry.target),
        safe(entry.sentence),
        (f"{entry.sequence} {safe(entry.terminal)}", "dim"),
    )


_NONE = "This terminal has no audit log: it was started without a store."
_IN_A_RECORDING = "A recording holds no audit log. tfdash audit tail tells it; a bundle has that of its time (audit/entries.jsonl)."


class AuditScreen(Narrowing, BoardScreen):
    """``/`` filters by anything; Enter shows one entry whole."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "again", "read again", id="audit.refresh", show=False),
    ]
    _due = False

    @property
    def crumb(self) -> str:
        return "Audit log"

    def body(self) -> ComposeResult:
        self._entries = ItemRows[Entry](
            lambda entry: _cells(entry, self.shell.zone, self.shell.now()), text=audit.search_text
        )
        yield Prose(id="chain", most=2)
        yield Table(_COLUMNS, self._entries, noun="entries", id="body")

    def catch_up(self) -> None:
        self._show_chain()
        self._load()

    def take(self, update: Update) -> None:
        self._show_chain()
        if update.change.store and not self._due:
            self._due = True
            self.set_timer(_SOON, self._load)

    def _show_chain(self) -> None:
        self.query_one("#chain", Prose).show([audit.chain_line(self.shell.board.picture.store_state.health)])

    def _load(self) -> None:
        self._due = False
        begin(self, self._reading, "read")

    async def _reading(self) -> None:
        table, read = self.query_one("#body", Table), self.shell.context.audit
        if read is None:
            table.set_empty(_NONE if self.shell.replay is None else _IN_A_RECORDING)
            return
        if not self._entries.all:
            table.set_progress("reading the log")
        try:
            found = await self.shell.board.on_loop(read(LIMIT))
        except Exception as error:  # a log that cannot be read is said, not hidden
            table.set_progress("")
            table.set_empty(f"? the log cannot be read: {safe(str(error) or type(error).__name__)}")
            return
        entries = sorted(found, key=lambda e: (-e.at, e.terminal, -e.sequence))
        self._entries.all = {(e.terminal, e.sequence): e for e in entries}
        table.set_rows(self._entries.all, presorted=True)
        table.set_progress("")
        table.set_empty(
            "No entry yet: what is planned, refused, approved and done from here is kept in this log."
        )

    def action_again(self) -> None:
        self._load()

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        entry = self._entries.all.get(event.key)
        if entry is not None:
            self.shell.open("entry", entry)
