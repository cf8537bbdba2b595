"""Colours that a program writes into its log (SGR sequences): taken out of the text, kept as spans. All else stays literal.

https://www.ecma-international.org/publications-and-standards/standards/ecma-48/ 8.3.117. Backgrounds are left out: on a
theme of ours they would make the text unreadable. A line's colours end with the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfdash.text import safe

COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
Spans = tuple[tuple[int, int, str], ...]
"""(start, stop, name): half-open, of characters; the name is of ``COLOURS``, "bold" or "faint"."""
_SGR = re.compile("\x1b\\[([0-9;:]{0,64})m")
_NO_COLOUR = ("", "", "")  # colour, bold, faint


def coloured(raw: str, tab: int = 4) -> tuple[str, Spans]:
    """One line without its SGR sequences, tabs expanded and made safe, and where it had which colour."""
    raw = raw.rstrip("\r")
    if "\x1b" not in raw:
        return safe(raw.expandtabs(tab)), ()
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    state, length = _NO_COLOUR, 0
    for piece, codes in _pieces(raw):
        # a tab goes to the next stop of the whole line
        text = safe(("\x00" * (length % tab) + piece).expandtabs(tab)[length % tab :])
        if text:
            parts.append(text)
            spans += [(length, length + len(text), name) for name in state if name]
            length += len(text)
        state = _after(state, codes)
    return "".join(parts), tuple(spans)


def _pieces(raw: str) -> Iterator[tuple[str, str]]:
    """Text, and the codes of the sequence behind it ("-" at the end)."""
    at = 0
    for match in _SGR.finditer(raw):
        yield raw[at : match.start()], match[1]
        at = match.end()
    yield raw[at:], "-"


def _after(state: tuple[str, str, str], text: str) -> tuple[str, str, str]:
    colour, bold, faint = state
    codes = iter(int(c) if c.isdecimal() else 0 for c in re.split("[;:]", text)) if text != "-" else iter(())
    for code in codes:
        match code:
            case 0:
                colour, bold, faint = _NO_COLOUR
            case 1:
                bold = "bold"
            case 2:
                faint = "faint"
            case 22:
                bold = faint = ""
            case 39:
                colour = ""
            case 38 | 48:
                found = _extended(codes)
                colour = found if code == 38 else colour
            case _ if 30 <= code <= 37:
                colour = COLOURS[code - 30]
            case _ if 90 <= code <= 97:
                colour = "faint" if code == 90 else COLOURS[code - 90]
    return colour, bold, faint


def _extended(codes: Iterator[int]) -> str:
    """The nearest of the eight to a colour of the 256, or of red, green and blue."""
    how = next(codes, 0)
    if how == 5:
        number = next(codes, 0)
        if number < 16:
            return COLOURS[number % 8]
        if number >= 232:
            return "faint" if number < 244 else "white"
        number -= 16
        return _nearest(*(51 * part for part in (number // 36 % 6, number // 6 % 6, number % 6)))
    if how == 2:
        return _nearest(*(next(codes, 0) for _ in range(3)))
    return ""


def _nearest(red: int, green: int, blue: int) -> str:
    most = max(red, green, blue)
    if not most:
        return "black"
    return COLOURS[sum(bit for bit, part in ((1, red), (2, green), (4, blue)) if part * 2 > most)]
