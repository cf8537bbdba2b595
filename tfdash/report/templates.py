"""Documents as text, Markdown or HTML by Jinja templates: those that ship (``packaged/``), or the company's own of the same name.

A template gets plain data (texts, numbers, lists, tables) and gives text. It reads no file but templates of its folder, reaches no
object of the program, and whatever it prints is written for the format that its name ends with: no template can forget to. What was
written is a type of its own that no template can make: of a macro's text that is cut, joined or replaced it is lost, and the outcome is
written again. A company's own is rendered in a child, within bounds of time and memory.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateNotFound, pass_context
from jinja2.exceptions import TemplateSyntaxError
from jinja2.nodes import FilterBlock
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from tfdash.named_file import read_named
from tfdash.process import CommandFailed, CommandTimedOut, run_command
from tfdash.report.formats.md import inline
from tfdash.spelling import nearest
from tfdash.text import safe

log = logging.getLogger(__name__)

_LARGEST = 1_000_000  # bytes of a template
_LONGEST = 50_000_000  # characters of a report
SECONDS = 20  # of a processor, for a template of the company's own
_PATIENCE = 60  # seconds, and ten times its own: others work beside it
_TRUSTING = (
    "safe",
    "urlize",
    "xmlattr",
    "forceescape",
    "tojson",
    "pprint",
)  # what would spell a text for a format, as each text is anyway
_SPELLED = ("e", "escape")  # asks for what is done


class TemplateFault(Exception):
    """One sentence, with the file and the line where there is one."""


_WRITTEN: Mapping[str, Callable[[str], str]] = {"html": escape, "md": partial(inline, table=True), "txt": str}
"""How what a template prints is written, by the end of its name."""


class Templates:
    """``folder``: the company's own templates, "" for none. One of the name of a shipped one is taken in its place. ``package``: in whose
    ``packaged`` those that ship lie."""

    def __init__(self, folder: str = "", seconds: int = SECONDS, package: str = "tfdash.report") -> None:
        self._folder, self._seconds, self._package = folder, seconds, package
        self._loader = _Loader(folder, package)
        self._made: dict[str, Environment] = {}

    def own(self) -> list[str]:
        """Names of the company's own. Raises ``TemplateFault`` where there is no such folder."""
        return self._loader.own()

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
        return self._apart(name, document) if self._folder else self.render_here(name, document)

    def _apart(self, name: str, document: Mapping[str, Any]) -> str:
        """In a child that may be ended."""
        with tempfile.TemporaryDirectory(prefix="tfdash-report-") as private:
            file = Path(private) / "document.json"
            file.write_text(json.dumps(document, default=_no_plain), "utf-8", "backslashreplace")
            words = [self._folder, name, str(file), str(self._seconds), self._package]
            try:
                done = run_command(
                    [sys.executable, "-P", "-m", "tfdash.report.template_child", *words],
                    timeout=_PATIENCE + 10 * self._seconds,
                    max_output=4 * _LONGEST,
                )
            except CommandTimedOut:
                raise TemplateFault(self._too_much(name)) from None
            except CommandFailed as error:
                raise TemplateFault(safe(f"{self._loader.place(name)}: {error}")) from None
        told = done.stdout.decode("utf-8", "replace")
        if done.returncode == 0:
            return told
        if done.stderr:
            log.error("a template goes wrong: %s", done.stderr)
        raise TemplateFault(safe(told) if done.returncode == 1 and told else self._too_much(name))

    def _too_much(self, name: str) -> str:
        return safe(
            f"{self._loader.place(name)}: it takes more time or memory than a template may, and was ended"
        )

    def render_here(self, name: str, document: Mapping[str, Any]) -> str:
        """As ``render``, in this process and without a bound of time."""
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
            made = _Sandbox(
                loader=self._loader,
                autoescape=False,  # what is printed is written by ``finalize``, whatever it is
                optimized=False,  # nothing is computed before it is rendered
                finalize=_finalized(_WRITTEN[suffix]),
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                keep_trailing_newline=False,
            )
            for trusting in _TRUSTING:
                del made.filters[trusting]
            made.filters.update(dict.fromkeys(_SPELLED, _as_it_is))
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
        elif isinstance(error, MemoryError):
            what = "it takes more memory than a template may"
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


class _Written(str):
    """A text that was written for its format: a value, or what a macro or a block made of such. Whatever is made of one is a plain text."""

    __slots__ = ()

    def __new__(cls, text: object = "") -> Any:
        return str(text)  # as the sandbox makes them, of one that was formatted

    def __html__(self) -> str:
        return str(self)


def _written(text: str) -> str:
    return str.__new__(_Written, text)


class _Sandbox(ImmutableSandboxedEnvironment):
    @staticmethod
    def concat(pieces: Iterable[str]) -> str:  # of a macro, a block: each was written
        return _written("".join(pieces))

    def call(
        __self, __context: Context, __obj: Any, *args: Any, **kwargs: Any
    ) -> Any:  # its names are the template's
        """What a block calls ({% call %}) is printed as it is: it is written here, unless a macro did."""
        given = super().call(__context, __obj, *args, **kwargs)
        return __self.finalize(__context, given) if "caller" in kwargs and __self.finalize else given


def _as_it_is(value: object) -> object:
    return value


def _no_plain(value: object) -> Any:
    raise TemplateFault(f"a template gets no {type(value).__name__}")


def _finalized(write: Callable[[str], str]) -> Callable[[Context, object], object]:
    @pass_context
    def finalize(context: Context, value: object) -> object:
        """What was written once is not written again."""
        if value is None:
            return ""
        if isinstance(value, _Written | StrictUndefined):
            return value
        return _written(write(safe(str(value))))

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

    def __init__(self, folder: str, package: str) -> None:
        self._folder = Path(os.path.expanduser(folder)) if folder else None
        self._shipped = files(package).joinpath("packaged")
        self.places: set[str] = set()

    def place(self, name: str) -> str:
        """Where a template stands, for a sentence."""
        own = self._folder / name if self._folder is not None else None
        return str(own) if own is not None and own.exists() else name

    def has(self, name: str) -> bool:
        return self._shipped.joinpath(name).is_file() or (
            self._folder is not None and (not self._folder.is_dir() or (self._folder / name).exists())
        )

    def own(self) -> list[str]:
        folder = self._folder
        if folder is None:
            return []
        try:
            return sorted(
                one.name for one in folder.iterdir() if one.suffix[1:] in _WRITTEN and one.is_file()
            )
        except OSError as error:
            raise TemplateFault(safe(f"{folder}: {error.strerror}")) from None

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
        for block in environment.parse(text, template, place).find_all(FilterBlock):
            why = "{% filter %} prints what it makes of a block as it is: write {{ x | filter }}"
            raise TemplateSyntaxError(why, block.lineno, template, place)
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
