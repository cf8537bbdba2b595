"""``:break-glass`` and ``:break-glass end``: calendar and second person waived for a time, with a reason."""

from __future__ import annotations

from screens.shell import Shell
from tfdash.actions.store.subjects import environment_subject

_ACTIONS = {
    "": ("environment.break-glass", "Break the glass"),
    "end": ("environment.end-break-glass", "End break-glass"),
    "review": ("environment.review-break-glass", "Review break-glass"),
}


def begin(shell: Shell, argument: str) -> None:
    """``:break-glass`` asks; ``:break-glass end`` ends it; ``:review`` is what somebody else says of it afterwards."""
    from screens.dialogs.confirm import ConfirmScreen
    from screens.dialogs.offers import offer_of

    if shell.context.actions is None or not shell.context.actions.acts:
        shell.tell("this terminal only reads: there is nothing that break-glass could waive", "warning")
        return
    if argument.strip() not in _ACTIONS:
        shell.tell("after break-glass comes nothing, or end", "warning")
        return
    action, heading = _ACTIONS[argument.strip()]
    name = shell.context.environment
    shell.push_screen(ConfirmScreen(offer_of(action), (environment_subject(name),), heading=heading))
