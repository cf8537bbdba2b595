"""The table of formats. Imports nothing heavy: the command line reads it for ``--help`` and completion.

A new one is its line here and a module of its name beside this one with ``write(shown: Sequence[Shown]) -> str | bytes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tfdash.report.shown import Shown


class Format(NamedTuple):
    """``suffix`` is that of a file's name. ``binary``: ``write`` gives bytes, which no terminal should get."""

    name: str
    help: str
    suffix: str
    binary: bool = False

    def write(self, shown: Sequence[Shown]) -> str | bytes:
        """What is shown, one page or several, in this format; a text has no line end behind its last line. A text where ``binary`` is
        False."""
        written: str | bytes = import_module(f"{__name__}.{self.name}").write(shown)
        return written


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("text", "for people, as the screen has it", ".txt"),
        Format("json", "for programs, by the schema", ".json"),
        Format("html", "one file for a browser and for paper, with charts", ".html"),
    )
}
