"""A log-in that needs a person: the screen steps aside, says why, and comes back."""

from __future__ import annotations

import shlex
from typing import Any

from textual.app import App, SuspendNotSupported

from screens.frame.terminal_handover import hand_over
from tfdash.board.board import Board
from tfdash.process import how_ended
from tfdash.text import safe


def log_in(app: App[Any], board: Board) -> str:
    """Run the log-in command on the terminal, keep the credential that it prints; returns what to tell.

    One that failed is not run again: it may have opened a browser, and its reason was on the terminal.
    """
    found = board.login_command()
    if found is None:
        return "no log-in is asked for"
    ref, command = found
    shown, printed = safe(shlex.join(command.argv)), bytearray()
    told = f"{ref.cluster} wants you to log in. Running: {shown}"
    try:
        code = hand_over(app, command.argv, told, command.environment, printed)
    except SuspendNotSupported:
        return f"this terminal cannot be lent out; run in another one: {shown}"
    except OSError as error:
        return f"{shown} cannot be run: {error.strerror}"
    if code:
        return f"{shown} {how_ended(code)}"
    if command.take is not None:
        try:
            command.take(bytes(printed))
        except Exception as error:
            return safe(str(error))
    board.retry_now()
    return f"logged in to {safe(ref.cluster)}; trying again"
