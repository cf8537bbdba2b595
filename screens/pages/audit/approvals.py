"""``:approvals``: plans that wait for a second person. What is shown is made again from the exact requests."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from screens.dialogs.ask import AskScreen, DialogAnswer
from screens.dialogs.carry_out import carry_out
from screens.frame.board_screen import BoardScreen
from screens.lists.item_rows import ItemRows
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.actions.store.subjects import approval_subject
from tfdash.model.store_state import ApprovalRequest
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views.plan import plan_lines, request_lines, verb
from tfdash.views.table import Cell, Column, Line
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
        return [(f"◐ {waiting} waiting", "moving")] if waiting else [("· none waits", "dim")]

    def catch_up(self) -> None:
        found = sorted(
            self.shell.board.picture.store_state.approvals,
            key=lambda a: (a.state != "waiting", -a.requested_at),
        )
        self._requests.all = {a.id: a for a in found}
        table = self.query_one("#body", Table)
        shared = self.shell.board.picture.store_state.health.shared_configured
        table.set_empty(
            "Nobody asks for a second person now."
            if shared
            else "No shared store is configured ([store] url): without a server that stamps who approves, nobody can."
        )
        table.set_rows(self._requests.all, presorted=True)

    def take(self, update: Update) -> None:
        self.catch_up()

    def tick(self) -> None:
        self.catch_up()

    def on_table_row_activated(self, event: Table.RowActivated) -> None:
        asked = self._requests.all.get(event.key)
        if asked is not None:
            self.run_worker(self._ask(asked), exclusive=True, exit_on_error=False, group="decide")

    async def _ask(self, asked: ApprovalRequest) -> None:
        from tfdash.actions.core.plan_digest import plan_of

        try:
            plan = plan_of(asked)
        except ApprovalRefused as refused:
            lines: list[Line] = [[("✖ this request cannot be approved: ", "breach"), safe(str(refused))]]
            answer = await self.app.push_screen_wait(
                AskScreen(f"Request {safe(asked.id)}", lines, [("deny", "Deny")])
            )
            if answer is not None:
                await self._decide(asked, answer, "")
            return
        lines = [
            [("asked by ", "dim"), safe(asked.requester), (": ", "dim"), safe(asked.reason)],
            [],
            *plan_lines(plan),
            [],
            [("exactly what would be sent", "bright")],
            *(line for request in plan.requests for line in request_lines(request)),
            [],
            [
                (
                    f"your approval holds for this very plan alone ({asked.digest[:16]}), once, until it expires",
                    "dim",
                )
            ],
        ]
        answers = [("deny", "Deny"), ("approve", "Approve")] if asked.state == "waiting" else []
        where = safe(plan.subject.cluster.environment).upper()
        heading = f"Approve: {verb(plan.title)} {safe(plan.subject.name)} in {where}"
        answer = await self.app.push_screen_wait(
            AskScreen(heading, lines, answers, typed=safe(plan.subject.name), untyped=("deny",))
        )
        if answer is not None:
            await self._decide(asked, answer, plan.subject.name)

    async def _decide(self, asked: ApprovalRequest, answer: DialogAnswer, name: str) -> None:
        actions = self.shell.context.actions
        if actions is None or not actions.acts:
            self.shell.tell("this terminal only reads: it can neither approve nor deny", "warning")
            return
        at = approval_subject(self.shell.context.environment, asked.id)
        typed = name if answer.button == "approve" else ""
        shown = {"digest": asked.digest}  # what was on the screen, and nothing else, is answered
        told = await carry_out(
            actions, f"approval.{answer.button}", at, shown, reason=answer.reason, typed=typed
        )
        if told.done:
            self.shell.tell(told.sentence)
        else:
            self.shell.tell(f"not recorded: {told.sentence}", "warning")
