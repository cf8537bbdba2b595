"""``:approvals``: plans that wait for a second person. What is shown of one is made on this terminal, from the live object."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from screens.shell import Shell
from tfdash.actions.store.subjects import approval_subject
from tfdash.model.picture import Picture
from tfdash.model.store_state import ApprovalRequest
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views.table import Cell, Column
from widgets.table import Table

_COLUMNS = (
    Column("id", "REQUEST", min=12, max=24, sort="none"),
    Column("state", "STATE", 14, sort="none"),
    Column("requester", "ASKED BY", min=14, max=32, sort="none"),
    Column("left", "LEFT", 7, align="right", sort="none"),
    Column("reason", "REASON", min=20, flex=2, priority=1, sort="none"),
)
_STATES = {
    "waiting": ("◐ waiting", "moving"),
    "approved": ("✔ approved", "ok"),
    "denied": ("✖ denied", "warn"),
}


def _cells(asked: ApprovalRequest, now: float) -> Sequence[Cell]:
    minutes, seconds = divmod(max(0, int(asked.expires_at - now)), 60)
    state = _STATES.get(asked.state, (f"· {safe(asked.state)}", "dim"))
    return (
        (safe(asked.id), "bright"),
        state,
        safe(asked.requester),
        f"{minutes:02d}:{seconds:02d}",
        safe(asked.reason),
    )


def none_shown(picture: Picture, *, begun: bool) -> tuple[tuple[str, str], str]:
    """Where no request is shown: what the header says, with its style, and the sentence. None is said only where all was read.
    ``begun``: the store is there."""
    store, health = picture.sources.get("store"), picture.store_state.health
    if not begun or (store is not None and not store.complete):
        return ("◐ loading", "moving"), "The store was not read yet."
    if health.shared:
        return ("? not read", "unknown"), f"Whether anybody asks is not known: {safe(health.shared)}"
    if health.stamps or health.shared_configured:
        return ("· none waits", "dim"), "Nobody asks for a second person now."
    return ("· none waits", "dim"), (
        "Nobody can ask for a second person here: no server stamps who approves. [store] url names a PostgreSQL with a role for "
        'each person; or [store] approvals = "kubernetes", for terminals that act.'
    )


class ApprovalsScreen(BoardScreen):
    """Enter shows the plan of a request, with what can be answered."""

    @property
    def crumb(self) -> str:
        return "Approvals"

    def body(self) -> ComposeResult:
        self._requests = ItemRows[ApprovalRequest](
            lambda asked: _cells(asked, self.shell.now()),
            marks=lambda asked: (asked.id, asked.state, asked.requester, "", asked.reason),
            version=lambda asked: (asked.state, int(self.shell.now())),
        )
        yield Table(_COLUMNS, self._requests, noun="requests", id="body")

    def says(self) -> list[Cell]:
        waiting = sum(a.state == "waiting" for a in self._requests.all.values())
        (word, style), _ = self._none()
        told: list[Cell] = [(f"◐ {waiting} waiting", "moving")] if waiting else []
        return told if told and style == "dim" else [*told, (word, style)]

    def _none(self) -> tuple[tuple[str, str], str]:
        return none_shown(self.shell.board.picture, begun=self.shell.context.actions is not None)

    def catch_up(self) -> None:
        found = sorted(
            self.shell.board.picture.store_state.approvals,
            key=lambda a: (a.state != "waiting", -a.requested_at),
        )
        self._requests.all = {a.id: a for a in found}
        table = self.query_one("#body", Table)
        table.set_empty(self._none()[1])
        table.set_rows(self._requests.all, presorted=True)

    def take(self, update: Update) -> None:
        self.catch_up()

    def tick(self) -> None:
        self.catch_up()

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        asked = self._requests.all.get(event.key)
        if asked is None:
            return
        if asked.state != "waiting":
            self.shell.tell(
                f"request {safe(asked.id)} is {safe(asked.state)}: nothing can be answered any more"
            )
            return
        answer(self.shell, asked)


def answer(shell: Shell, asked: ApprovalRequest) -> None:
    """The dialog: the plan with its exact requests, approved by typing its target's name, or denied."""
    from screens.dialogs.confirm import ConfirmScreen
    from screens.dialogs.offers import offer_of

    if shell.context.actions is None or not shell.context.actions.acts:
        shell.tell("this terminal only reads: it can neither approve nor deny", "warning")
        return
    shell.push_screen(
        ConfirmScreen(
            offer_of("approval.approve"),
            (approval_subject(shell.context.environment, asked.id),),
            given={"digest": asked.digest},  # what was on the screen, and nothing else, is answered
            others=(offer_of("approval.deny"),),
        )
    )
