"""``:unsettled``: intents without an outcome, found at the start. What reading cannot tell, a person settles."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from textual.app import ComposeResult

from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from tfdash.actions.store.subjects import intent_subject
from tfdash.model.action import Result
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
    Column("actor", "ACTOR", min=12, max=28, priority=2, sort="none"),
    Column("target", "TARGET", min=20, flex=1, sort="none"),
    Column("action", "ACTION", min=16, max=28, sort="none"),
    Column("sentence", "INTENDED", min=20, flex=2, priority=1, sort="none"),
    Column("observed", "OBSERVED", min=18, flex=1, sort="none"),
)


def _cells(entry: Entry, told: str, zone: ZoneInfo, now: float) -> Sequence[Cell]:
    return (
        (audit.when(entry.at, zone, now), "dim"),
        safe(entry.actor),
        (safe(entry.target), "bright"),
        safe(entry.action),
        safe(entry.sentence),
        (told, "unknown"),
    )


class ReconcileScreen(BoardScreen):
    """Reads each intent's object again first; Enter asks about what stays open."""

    @property
    def crumb(self) -> str:
        return "Unsettled"

    def body(self) -> ComposeResult:
        self._told: dict[str, str] = {}  # by intent: what reading the cluster said
        self._intents = ItemRows[Entry](
            lambda entry: _cells(entry, self._told_of(entry), self.shell.zone, self.shell.now()),
            version=lambda entry: (entry.intent, self._told.get(entry.intent)),
        )
        yield Prose(id="chain")
        yield Table(_COLUMNS, self._intents, noun="intents", id="body")

    def on_mount(self) -> None:
        self.query_one("#chain", Prose).show(
            [
                [
                    "The program or the machine ended between these intents and their outcome. Nothing is done again: "
                    "each is read; what reading cannot tell, you say."
                ]
            ]
        )
        begin(self, self._read, "read")

    def _told_of(self, entry: Entry) -> str:
        return self._told.get(entry.intent, "? not read yet")

    async def _read(self) -> None:
        actions = self.shell.context.actions
        if actions is None:
            return
        for settled in await actions.reconcile():
            word = f"{settled.result.value}: {settled.sentence}"
            self._told[settled.entry.intent] = safe(word)
            if settled.recorded:
                level = "information" if settled.result is Result.APPLIED else "warning"
                self.shell.tell(f"settled by reading: {settled.entry.target} {word}", level)
        if self.is_mounted:
            self.catch_up()

    def catch_up(self) -> None:
        found = self.shell.board.picture.store_state.unsettled
        self._intents.all = {e.intent: e for e in sorted(found, key=lambda e: -e.at)}
        table = self.query_one("#body", Table)
        table.set_empty("Every intent has its outcome.")
        table.set_rows(self._intents.all, presorted=True)

    def take(self, update: Update) -> None:
        if update.change.store:
            self.catch_up()

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        entry = self._intents.all.get(event.key)
        if entry is not None:
            self._ask(entry)

    def _ask(self, entry: Entry) -> None:
        from screens.dialogs.confirm import ConfirmScreen
        from screens.dialogs.offers import offer_of

        if self.shell.context.ledger is None:
            self.shell.tell("this terminal records nothing: start it with a store to settle", "warning")
            return
        environment = entry.environment or self.shell.context.environment
        self.shell.push_screen(
            ConfirmScreen(
                offer_of("intent.applied"),
                (intent_subject(environment, entry.intent),),
                others=(offer_of("intent.not-applied"),),
                heading=f"What became of: {safe(entry.action)} {safe(entry.target)}",
            )
        )
