"""``:break-glass`` and ``:break-glass end``: calendar and second person waived for a time, with a reason."""

from __future__ import annotations

from screens.dialogs.carry_out import carry_out
from screens.shell import Shell
from tfdash.actions.store.subjects import environment_subject
from tfdash.text import safe


def begin(shell: Shell, argument: str) -> None:
    """``:break-glass`` asks; ``:break-glass end`` ends it."""
    if shell.context.actions is None or not shell.context.actions.acts:
        shell.tell("this terminal only reads: there is nothing that break-glass could waive", "warning")
        return
    if argument.strip() not in ("", "end"):
        shell.tell("after break-glass comes nothing, or end", "warning")
        return
    shell.run_worker(
        _end(shell) if argument.strip() == "end" else _open(shell), exit_on_error=False, group="break-glass"
    )


async def _open(shell: Shell) -> None:
    from screens.dialogs.ask import AskScreen
    from tfdash.views.table import Line

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
    actions = shell.context.actions
    if answer is None or actions is None:
        return
    at = environment_subject(name)
    told = await carry_out(actions, "environment.break-glass", at, reason=answer.reason, typed=name)
    shell.tell(told.sentence if told.done else f"not opened: {told.sentence}", "warning")


async def _end(shell: Shell) -> None:
    actions = shell.context.actions
    if actions is None:
        return
    at = environment_subject(shell.context.environment)
    told = await carry_out(actions, "environment.end-break-glass", at)
    if told.done:
        shell.tell(told.sentence)
    else:
        shell.tell(f"not ended: {told.sentence}", "warning")
