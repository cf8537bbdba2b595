"""Documents as text, Markdown or HTML by Jinja templates: those that ship (``packaged/``), or the company's own of the same name.

A template gets plain data (texts, numbers, lists, tables) and gives text. It reads no file but templates of its folder, reaches no
object of the program, and whatever it prints is escaped for the format that its name ends with: no template can forget to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from tfdash.named_file import read_named
from tfdash.report.formats.md import inline
from tfdash.spelling import nearest
from tfdash.text import safe

log = logging.getLogger(__name__)

_LARGEST = 1_000_000  # bytes of a template
_LONGEST = 50_000_000  # characters of a report
_TRUSTING = (
    "safe",
    "urlize",
    "xmlattr",
    "forceescape",
    "tojson",
    "pprint",
)  # what would let text through as it is


class TemplateFault(Exception):
    """One sentence, with the file and the line where there is one."""


_WRITTEN: Mapping[str, Callable[[str], str]] = {"html": escape, "md": partial(inline, table=True), "txt": str}
"""How what a template prints is written, by the end of its name."""


class Templates:
    """``folder``: the company's own templates, "" for none. One of the name of a shipped one is taken in its place."""

    def __init__(self, folder: str = "") -> None:
        self._loader = _Loader(folder)
        self._made: dict[str, Environment] = {}

    def chosen(self, *names: str) -> str:
        """The first of those names of which there is a template, once it was looked at: a broken one is told before anything is read. Raises
        ``TemplateFault``."""
        there = next((name for name in names if self._loader.has(name)), names[-1])
        try:
            self._environment(there.rpartition(".")[2]).get_template(there)
        except TemplateFault:
            raise
        except Exception as error:
            raise TemplateFault(self._told(error, there)) from None
        return there

    def render(self, name: str, document: Mapping[str, Any]) -> str:
        """The template ``name`` ("daily.md") with ``document``: texts, numbers, true, false and None in lists and mappings by names.
        Raises ``TemplateFault``."""
        try:
            plain = _plain(document)
            template = self._environment(name.rpartition(".")[2]).get_template(name)
            return "".join(_within(template.generate(plain)))
        except RecursionError:
            raise TemplateFault(f"{self._loader.place(name)}: it goes round in a circle of its own") from None
        except TemplateFault:
            raise
        except (
            Exception
        ) as error:  # a template's mistakes are of any type: 1 / 0, a call of what is no function
            raise TemplateFault(self._told(error, name)) from None

    def _environment(self, suffix: str) -> Environment:
        if suffix not in self._made:
            made = ImmutableSandboxedEnvironment(
                loader=self._loader,
                autoescape=True,
                finalize=_finalized(_WRITTEN[suffix]),
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                keep_trailing_newline=False,
            )
            for trusting in _TRUSTING:
                del made.filters[trusting]
            self._made[suffix] = made
        return self._made[suffix]

    def _told(self, error: Exception, name: str) -> str:
        if isinstance(error, TemplateSyntaxError):
            return safe(f"{error.filename or name}:{error.lineno}: {error.message}")
        line, traceback = "", error.__traceback__
        while traceback is not None:  # the innermost of a template's own lines
            at = traceback.tb_frame.f_code.co_filename
            if at in self._loader.places:
                line = f"{at}:{traceback.tb_lineno}"
            traceback = traceback.tb_next
        if isinstance(error, TemplateNotFound):
            wanted = str(error.name or "")
            what = f'there is no template "{wanted}"; {nearest(wanted, self._loader.list_templates())}'
        elif isinstance(error, TemplateError):
            what = error.message or type(error).__name__
        else:
            log.error("a template goes wrong", exc_info=error)
            what = f"what stands there goes wrong ({type(error).__name__}); the log has the details"
        return safe(f"{line or self._loader.place(name)}: {what}")


def _within(pieces: Iterator[str]) -> Iterator[str]:
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > _LONGEST:
            raise TemplateError(f"it writes more than {_LONGEST:,} characters")
        yield piece


def _finalized(write: Callable[[str], str]) -> Callable[[object], object]:
    def finalize(value: object) -> object:
        """What was written once, as what a macro gives, is not written again."""
        if value is None:
            return ""
        if isinstance(value, Markup | StrictUndefined):
            return value
        return Markup(write(safe(str(value))))

    return finalize


def _plain(value: Any) -> Any:
    """A copy out of nothing but texts, numbers, lists and dicts: a template reaches nothing else."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or type(value) in (str, int, float, bool):
        return value
    raise TemplateError(f"a template gets no {type(value).__name__}")


class _Loader(BaseLoader):
    """A name is that of a file in the folder itself: none leads out of it, by ".." or by a link."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder).expanduser() if folder else None
        self._shipped = files("tfdash.report").joinpath("packaged")
        self.places: set[str] = set()

    def place(self, name: str) -> str:
        """Where a template stands, for a sentence."""
        own = self._folder / name if self._folder is not None else None
        return str(own) if own is not None and own.exists() else name

    def has(self, name: str) -> bool:
        return self._shipped.joinpath(name).is_file() or (
            self._folder is not None and (not self._folder.is_dir() or (self._folder / name).exists())
        )

    def list_templates(self) -> list[str]:
        return sorted(one.name for one in self._shipped.iterdir()) if self._shipped.is_dir() else []

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        if "/" in template or "\\" in template or template.startswith("."):
            raise TemplateNotFound(template)
        if self._folder is not None and (text := self._own(self._folder, template)) is not None:
            place = str(self._folder / template)
        else:
            shipped = self._shipped.joinpath(template)
            if not shipped.is_file():
                raise TemplateNotFound(template)
            text, place = shipped.read_text("utf-8"), template
        self.places.add(place)
        return text, place, None

    def _own(self, folder: Path, name: str) -> str | None:
        path = folder / name
        try:
            if not folder.is_dir():
                raise ValueError("it is no folder" if folder.exists() else "there is no such folder")
            if not path.exists():
                return None
            if not path.resolve().is_relative_to(folder.resolve()):
                raise ValueError("it is a link that leads out of the folder of templates")
            return read_named(str(path), _LARGEST).decode()
        except (OSError, ValueError) as error:
            place = path if folder.is_dir() else folder
            why = getattr(error, "strerror", None) or (
                "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            )
            raise TemplateFault(safe(f"{place}: {why}")) from None
