"""The lines of a log viewer: what one holds, what filters see of it, and what colours a program may give it."""

from __future__ import annotations

from typing import Any, NamedTuple

from widgets.highlight import Span

LONGEST = 16_384  # characters kept of one line


class ViewerLine(NamedTuple):
    """``source`` names where it came from (a pod and container); ``stamp`` is its time as text, "" for none.

    A ``mark`` is no line of a log: "lost", "resumed" or "note", said by the viewer's owner. ``full`` is its time as a file
    has it. ``colours`` are the program's own, of a text that is already safe: see ``tfdash.sgr``.
    """

    text: str
    source: str = ""
    stamp: str = ""
    mark: str = ""
    full: str = ""
    colours: tuple[Span, ...] = ()


COLOURS = {
    "red": "tok-warn",  # red is ours, and means a breach
    "yellow": "tok-warn",
    "green": "tok-ok",
    "blue": "tok-accent",
    "magenta": "tok-paused",
    "cyan": "tok-moving",
    "bold": "tok-bright",
    "faint": "tok-dim",
}
"""A program's colour -> the theme's."""


class LogFilter:
    """The filter's view of the ring: keys are the lines themselves."""

    def search_text(self, key: ViewerLine) -> str:
        return f"{key.source}\n{key.text}".lower() if key.source else key.text.lower()

    def labels(self, key: ViewerLine) -> dict[str, str]:
        return {}

    def amount(self, key: Any, column: str) -> None:
        return None

    def trouble(self, key: Any) -> int:
        return 0


LINES = LogFilter()


def shortened(line: ViewerLine) -> ViewerLine:
    more = len(line.text) - LONGEST
    return line._replace(text=f"{line.text[:LONGEST]} … {more:,} characters more")
