"""``a``: everything that may be done to one object, with its key, and why not where it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.frame.acting_screen import action_of, begin_offer, commands_of, common
from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from screens.run_steps import KEY, offers_here
from tfdash.model.action import Offer
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.text import safe, safe_lines
from tfdash.views.table import Cell, Column
from widgets.commands import Command
from widgets.panel import Divider
from widgets.prose import Prose
from widgets.table import Table

_COLUMNS = (
    Column("key", "KEY", 5, sort="none"),
    Column("title", "ACTION", min=24, flex=1, sort="none"),
    Column("state", "ALLOWED", 12, sort="none"),
    Column("why", "WHY NOT", min=24, flex=3, priority=1, sort="none"),
)


def _cells(offer: Offer) -> Sequence[Cell]:
    state: Cell = ("✖ refused", "dim") if offer.refused else ("✔ allowed", "ok")
    return (
        (offer.key, "accent"),
        (safe(offer.title), "dim" if offer.refused else "bright"),
        state,
        (safe(offer.refused), "dim"),
    )


class ActionsScreen(BoardScreen):
    """Enter begins the one under the cursor; its remedy stands below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(KEY, "procedure", "procedure", id="actions.procedure"),
    ]

    def __init__(self, subjects: Sequence[Subject]) -> None:
        super().__init__()
        self._subjects = tuple(subjects)

    @property
    def crumb(self) -> str:
        many = len(self._subjects)
        return f"Actions on {safe(self._subjects[0].name)}" if many == 1 else f"Actions on {many} objects"

    def body(self) -> ComposeResult:
        self._offers = ItemRows(
            _cells,
            marks=lambda o: (o.key, o.title, not o.refused, o.refused),
            text=lambda o: f"{o.title} {o.refused}",
            version=lambda o: o,
        )
        yield Table(_COLUMNS, self._offers, noun="actions", id="body")
        yield Divider(id="about-rule")
        yield Prose(id="about", indent=2)

    def catch_up(self) -> None:
        offered = [offers_here(self.shell, s) for s in self._subjects]
        offers = offered[0] if len(offered) == 1 else common(offered)
        self._offers.all = {o.action: o for o in offers}
        table = self.query_one("#body", Table)
        table.set_empty("Nothing can be done to it: it is gone, or not listed yet.")
        table.set_rows(self._offers.all, presorted=True)  # in the order of the offers
        self._about(table.cursor_key)

    def take(self, update: Update) -> None:
        self.catch_up()

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        self._about(event.key)

    def _about(self, key: Any) -> None:
        offer = self._offers.all.get(key)
        lines: list[list[Cell]] = []
        if offer is not None and offer.refused:
            lines.append([("refused: ", "warn"), safe(offer.refused)])
        if offer is not None:
            lines += [[line] for line in offer.about]
        if offer is not None and offer.remedy:
            lines.append([("what would help:", "dim")])
            lines += [[line] for line in safe_lines(offer.remedy)]
        if offer is not None and not offer.refused:
            lines.append([("enter shows the plan; nothing is done before it is confirmed", "dim")])
        self.query_one("#about-rule", Divider).set_text(safe(offer.title) if offer is not None else "")
        self.query_one("#about", Prose).show(lines)

    def acting_on(self) -> Sequence[Subject]:
        return self._subjects

    def own_commands(self) -> list[Command]:
        return commands_of(list(self._offers.all.values()), self._subjects)

    def do_command(self, command: Command, argument: str) -> None:
        if action := action_of(command):
            self._begin(self._offers.all.get(action), argument)
        else:
            super().do_command(command, argument)

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        self._begin(self._offers.all.get(event.key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "procedure":
            return self.shell.context.runs is not None
        return super().check_action(action, parameters)

    def action_procedure(self) -> None:
        """What is refused here may be a step of a run, which that key leads to."""
        from screens.procedures import begin_on

        begin_on(self.shell, self._subjects[0])

    def _begin(self, offer: Offer | None, argument: str = "") -> None:
        if offer is not None:
            begin_offer(self, offer, self._subjects, argument)
