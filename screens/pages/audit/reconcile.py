"""``:unsettled``: intents without an outcome, found at the start. What reading cannot tell, a person settles."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from textual.app import ComposeResult
from textual.worker import WorkType

from screens.dialogs.ask import AskScreen
from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from tfdash.model.action import Result
from tfdash.model.store_state import Entry
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views import audit
from tfdash.views.table import Cell, Column, Line
from widgets.prose import Prose
from widgets.table import Table

_COLUMNS = (
    Column("at", "AT", 13, sort="none"),
    Column("actor", "ACTOR", min=12, max=28, priority=2, sort="none"),
    Column("target", "TARGET", min=20, flex=1, sort="none"),
    Column("action", "ACTION", min=16, max=28, sort="none"),
    Column("sentence", "INTENDED", min=20, flex=2, priority=1, sort="none"),
    Column("observed", "OBSERVED", min=18, flex=1, sort="none"),
)
_ANSWERS = [("applied", "It was applied"), ("not-applied", "It was not applied")]
_RESULTS = {"applied": Result.APPLIED, "not-applied": Result.NOT_APPLIED}


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
        work: WorkType[None] = self._read
        self.run_worker(work, exclusive=True, exit_on_error=False, group="read")

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
                self.shell.tell(f"settled by reading: {settled.entry.target} {word}")
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
            self.run_worker(self._ask(entry), exclusive=True, exit_on_error=False, group="ask")

    async def _ask(self, entry: Entry) -> None:
        shell = self.shell
        lines: list[Line] = [
            [(safe(entry.sentence), "bright")],
            [("observed: ", "dim"), self._told_of(entry)],
            [("look at the object before you answer; your word is recorded as yours", "dim")],
        ]
        heading = f"What became of: {safe(entry.action)} {safe(entry.target)}"
        answer = await self.app.push_screen_wait(AskScreen(heading, lines, _ANSWERS))
        if answer is None:
            return
        ledger = shell.context.ledger
        if ledger is None:
            shell.tell("this terminal records nothing: start it with a store to settle", "warning")
            return
        from tfdash.actions.core.reconcile import record

        done = await shell.board.on_loop(
            record(ledger, entry, _RESULTS[answer.button], answer.reason, "settled by a person")
        )
        shell.tell(
            "settled" if done else "it could not be recorded: see the audit log",
            "information" if done else "warning",
        )
