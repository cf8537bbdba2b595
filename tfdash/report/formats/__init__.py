"""The table of formats. Imports nothing heavy: the command line reads it for ``--help`` and completion.

A new one is its line here and a module of its name beside this one with ``write(shown: Sequence[Shown]) -> str | bytes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tfdash.report.shown import Shown


class Format(NamedTuple):
    """``suffix`` is that of a file's name. ``binary``: it is nothing for a terminal. ``extra`` brings the modules that it ``needs``."""

    name: str
    help: str
    suffix: str
    binary: bool = False
    extra: str = ""
    needs: tuple[str, ...] = ()

    def lacking(self) -> str:
        """Why it cannot be written here, with what to do; "" where it can."""
        if all(find_spec(name) is not None for name in self.needs):
            return ""
        return f"{self.name} needs what draws it: pipx install --force '.[{self.extra}]', in the folder of tfdash's source"

    def write(self, shown: Sequence[Shown]) -> str | bytes:
        """What is shown, one page or several, in this format; a text has no line end behind its last line. Bytes are written as they are, whatever the
        encoding of stdout."""
        written: str | bytes = import_module(f"{__name__}.{self.name}").write(shown)
        return written


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("text", "for people, as the screen has it", ".txt"),
        Format("json", "for programs, by the schema", ".json"),
        Format("md", "Markdown for GitHub and GitLab", ".md"),
        Format("slack", "a message of blocks for a webhook", ".json"),
        Format("csv", "rows for a spreadsheet", ".csv"),
        Format("prometheus", "metrics for the node exporter's textfile collector", ".prom"),
        Format("html", "one file for a browser and for paper, with charts", ".html"),
        Format("svg", "the text as a picture of vectors", ".svg"),
        Format(
            "png",
            "the text as a picture of pixels, by the extra tfdash[png]",
            ".png",
            binary=True,
            extra="png",
            needs=("resvg_py", "fontpkg_jetbrains_mono"),
        ),
    )
}
