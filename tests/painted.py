"""What a person sees of a program on a pseudo-terminal: its screen, painted from what it printed."""

from __future__ import annotations

import codecs
import os
import re
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self, TypeVar

from rich.cells import cell_len

from tests.pseudoterminal import LONGEST, PseudoTerminal

T = TypeVar("T")
COLUMNS, ROWS = 120, 40  # of a PseudoTerminal
_PIECES = re.compile(
    r"\x1b\[(?P<params>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f])"
    r"|(?P<text>[^\x00-\x1f]+)"
)


class Screen:
    """The part of a terminal that our program uses: text at a place, erased lines and screens; colours are left out."""

    def __init__(self) -> None:
        self._rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self._at = (0, 0)
        self._rest = ""

    @property
    def text(self) -> str:
        return "\n".join("".join(row).rstrip() for row in self._rows)

    def feed(self, printed: str) -> None:
        """``printed`` may end within a sequence: its end comes with the next."""
        whole, end = self._rest + printed, 0
        while (found := _PIECES.match(whole, end)) is not None:
            end = found.end()
            if (text := found["text"]) is not None:
                self._write(text)
            elif found["control"] is not None:
                self._control(found["control"])
            elif found["final"] is not None:
                self._sequence(found["final"], found["params"])
        self._rest = whole[end:]

    def _write(self, text: str) -> None:
        row, column = self._at
        for character in text:
            width = cell_len(character)
            if column + width > COLUMNS:
                row, column = min(row + 1, ROWS - 1), 0
            for cell in range(width):
                self._rows[row][column + cell] = character if cell == 0 else ""
            column += width
        self._at = row, column

    def _control(self, character: str) -> None:
        row, column = self._at
        if character == "\n":
            self._at = min(row + 1, ROWS - 1), column
        elif character == "\r":
            self._at = row, 0
        elif character == "\b":
            self._at = row, max(column - 1, 0)

    def _sequence(self, final: str, params: str) -> None:
        numbers = [int(one) if one.isdigit() else 0 for one in params.split(";")]
        first, second = numbers[0], numbers[1] if len(numbers) > 1 else 0
        row, column = self._at
        match final:
            case "H" | "f":
                row, column = max(first, 1) - 1, max(second, 1) - 1
            case "A":
                row -= max(first, 1)
            case "B":
                row += max(first, 1)
            case "C":
                column += max(first, 1)
            case "D":
                column -= max(first, 1)
            case "G":
                column = max(first, 1) - 1
            case "K" if not first:
                self._rows[row][column:] = [" "] * (COLUMNS - column)
            case "J" if first == 2:
                self._rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self._at = min(max(row, 0), ROWS - 1), min(max(column, 0), COLUMNS - 1)


class Painted:
    """``argv`` runs at once; ``screen`` is what stands there after what was read last."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self.terminal = PseudoTerminal(argv, env)
        self._over = False
        self._screen, self._bytes = Screen(), codecs.getincrementaldecoder("utf-8")("replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._over:
            self.ended_by(signal.SIGKILL)

    def ended_by(self, number: signal.Signals) -> int:
        """How it ended, negative by a signal."""
        self._over = True
        self.terminal.send(number)
        return self.terminal.ended()

    @property
    def screen(self) -> str:
        return self._screen.text

    def shows(self, found: Callable[[str], T | None], what: object, timeout: float = LONGEST) -> T:
        """Read until something is found on the screen; what was found."""
        deadline = time.monotonic() + timeout
        while not (one := found(self.screen)):
            if time.monotonic() > deadline or not self.reads(deadline - time.monotonic()):
                raise AssertionError(f"waited for {what}; there is\n{self.screen}")
        return one

    def reads(self, seconds: float) -> bool:
        """Whether something came within that time: it is painted."""
        there, _, _ = select.select([self.terminal.descriptor], [], [], max(seconds, 0.0))
        if there:
            try:
                printed = os.read(self.terminal.descriptor, 65536)
            except OSError:
                raise AssertionError(f"it ended; there was\n{self.screen}") from None
            self._screen.feed(self._bytes.decode(printed))
        return bool(there)

    def presses(self, keys: str) -> None:
        self.terminal.type(keys)
