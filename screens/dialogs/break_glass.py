"""``:break-glass`` and ``:break-glass end``: calendar and second person waived for a time, with a reason."""

from __future__ import annotations

from screens.desks import acting
from screens.shell import Shell
from tfdash.actions.core.protocols import LedgerUnavailable, PlanRefused
from tfdash.text import safe


def begin(shell: Shell, argument: str) -> None:
    """``:break-glass`` asks; ``:break-glass end`` ends it."""
    if acting(shell.context.desk) is None:
        shell.tell("this terminal only reads: there is nothing that break-glass could waive", "warning")
        return
    shell.run_worker(
        _end(shell) if argument.strip() == "end" else _open(shell), exit_on_error=False, group="break-glass"
    )


async def _open(shell: Shell) -> None:
    from screens.dialogs.ask import AskScreen
    from tfdash.views.plan import Line

    name = shell.context.environment
    if name in shell.board.picture.store_state.break_glass:
        shell.tell(f"break-glass active in {name} already; :break-glass end ends it", "warning")
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
    word = shell.context.word or name.upper()
    answer = await shell.push_screen_wait(
        AskScreen(f"Break the glass in {word}", lines, [("open", "Break the glass")], typed=safe(name))
    )
    desk = acting(shell.context.desk)
    if answer is None or desk is None:
        return
    try:
        await desk.break_glass(name, answer.reason)
    except (LedgerUnavailable, PlanRefused) as error:
        shell.tell(f"not opened: {error}", "warning")
        return
    shell.tell(f"break-glass active in {name}: the calendar and the second person are waived", "warning")


async def _end(shell: Shell) -> None:
    desk, name = acting(shell.context.desk), shell.context.environment
    if desk is None:
        return
    try:
        await desk.end_break_glass(name)
    except (LedgerUnavailable, PlanRefused) as error:
        shell.tell(f"not ended: {error}", "warning")
        return
    shell.tell(f"break-glass in {name} is over; somebody else reviews it (:audit)")
