"""Pages about releases and what was done, by their commands; their modules are imported when they are first opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.desks import acting
from screens.frame.board_screen import BoardScreen
from tfdash.actions.core.protocols import LedgerUnavailable, PlanRefused
from tfdash.model.update import Update
from tfdash.text import safe

if TYPE_CHECKING:
    from screens.app import TfdashApp

PLACES = ("audit", "approvals", "unsettled", "calendar", "progress")


def open_place(app: TfdashApp, name: str) -> None:
    """Show one of ``PLACES``, unless it is shown already."""
    if name == "progress":
        _progress(app)
        return
    page = _page(name)
    if not isinstance(app.top, page):
        app.push_screen(page())


def _page(name: str) -> type[BoardScreen]:
    match name:
        case "audit":
            from screens.pages.audit.audit import AuditScreen

            return AuditScreen
        case "approvals":
            from screens.pages.audit.approvals import ApprovalsScreen

            return ApprovalsScreen
        case "unsettled":
            from screens.pages.audit.reconcile import ReconcileScreen

            return ReconcileScreen
    from screens.pages.calendar.calendar import CalendarPage

    return CalendarPage


def _progress(app: TfdashApp) -> None:
    """What was begun last, again."""
    if not app.action_runs:
        app.tell("nothing was begun on this terminal yet")
        return
    from screens.dialogs.progress import ProgressScreen

    app.push_screen(ProgressScreen(app.action_runs[-1]))


def ask_to_settle(app: TfdashApp, update: Update) -> bool:
    """Intents of before without an outcome: show them, once. True when that was done."""
    left = update.picture.store_state.unsettled
    if not left or len(app.screen_stack) > 1 or acting(app.context.desk) is None:
        return False
    many = f"{len(left)} intents have" if len(left) > 1 else "1 intent has"
    app.tell(f"{many} no outcome: the program ended in between; settle them here (:unsettled)", "warning")
    open_place(app, "unsettled")
    return True


def break_glass(app: TfdashApp, argument: str) -> None:
    """``:break-glass`` asks; ``:break-glass end`` ends it."""
    if acting(app.context.desk) is None:
        app.tell("this terminal only reads: there is nothing that break-glass could waive", "warning")
        return
    app.run_worker(
        _end(app) if argument.strip() == "end" else _open(app), exit_on_error=False, group="break-glass"
    )


async def _open(app: TfdashApp) -> None:
    from screens.dialogs.ask import AskScreen
    from tfdash.views.plan import Line

    name = app.context.environment
    if name in app.board.picture.store_state.break_glass:
        app.tell(f"glass is broken in {name} already; :break-glass end ends it", "warning")
        return
    lines: list[Line] = [
        [
            ("The release calendar and the second person are waived, and nothing else: ", "bright"),
            "rights, canary verdicts, typed names, the audit log and every other check stay.",
        ],
        [
            "It lasts 60 minutes, ends at a restart or a change of identity, and is shown on every terminal that the store "
            "reaches. Somebody else reviews it afterwards."
        ],
    ]
    word = app.context.word or name.upper()
    answer = await app.push_screen_wait(
        AskScreen(f"Break the glass in {word}", lines, [("open", "Break the glass")], typed=safe(name))
    )
    desk = acting(app.context.desk)
    if answer is None or desk is None:
        return
    try:
        await desk.break_glass(name, answer.reason)
    except (LedgerUnavailable, PlanRefused) as error:
        app.tell(f"not opened: {error}", "warning")
        return
    app.tell(f"break-glass is open in {name}: the calendar and the second person are waived", "warning")


async def _end(app: TfdashApp) -> None:
    desk, name = acting(app.context.desk), app.context.environment
    if desk is None:
        return
    try:
        await desk.end_break_glass(name)
    except (LedgerUnavailable, PlanRefused) as error:
        app.tell(f"not ended: {error}", "warning")
        return
    app.tell(f"break-glass in {name} is over; somebody else reviews it (:audit)")
