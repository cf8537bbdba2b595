"""What is wrong with a configuration, in words that name the file, the line, the key and the remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfdash.text import safe, toml_key


@dataclass(frozen=True)
class ConfigProblem:
    """One fault. ``line`` is 1-based, 0 where there is none; ``key`` is dotted."""

    file: str
    line: int
    key: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        return safe(f"{place}:{key} {_cut(self.message)}" + (f"; {self.remedy}" if self.remedy else ""))


def _cut(text: str) -> str:
    """A message that repeats what was written must not hide what it says of it."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 4]} ... {text[-_LONGEST * 3 // 4 :]}"


class ConfigError(Exception):
    """A configuration that is refused; ``problems`` holds every fault that was found."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


# compiled when a fault is told, not before the first frame
_CLOSE = "look there for a quotation mark or a bracket that is not closed, or a key that stands twice"
_DEEP = "nested too deeply"
_DOTS = 200  # of one key
_CHAIN = rf"(?<![\w-])(?:[\w-]+[ \t]*\.[ \t]*){{{_DOTS}}}"
_QUOTED = r"""\"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
_LONGEST = 600  # characters of a message
_HEADER = r"^\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}"
_KEY = r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""


def dotted(path: Iterable[str]) -> str:
    """A key with its dots, as TOML writes it: a name that is more than a bare word is in quotes."""
    return ".".join(map(toml_key, path))


def _dotted(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(r"""\"[^"]*"|'[^']*'|[^\s.]+""", text))


def line_of(text: str, path: tuple[str, ...]) -> int:
    """The line of ``path`` in TOML ``text``, or of its nearest known parent; 0 if none. The tables of an array are told
    apart by their index in ``path``."""
    return TomlLines(text).of(path)


class TomlLines:
    """``line_of`` for who asks of one text more than once."""

    def __init__(self, text: str) -> None:
        self._own: dict[tuple[str, ...], int] = {}
        self._below: dict[tuple[str, ...], int] = {}  # what is only named by a table or key within it
        table: tuple[str, ...] = ()
        rows: dict[tuple[str, ...], int] = {}  # arrays of tables -> the index of the newest
        for number, line in enumerate(text.splitlines(), 1):
            if header := re.match(_HEADER, line):
                names = _dotted(header[1])
                if line.lstrip().startswith("[["):
                    array = (*_resolved(names[:-1], rows), names[-1])
                    rows[array] = rows.get(array, -1) + 1
                    self._within(array, number)
                here = table = _resolved(names, rows)
            elif key := re.match(_KEY, line):
                here = (*table, *_dotted(key[1]))
            else:
                continue
            self._own.setdefault(here, number)
            self._within(here[:-1], number)

    def _within(self, path: tuple[str, ...], number: int) -> None:
        for depth in range(len(path), 0, -1):
            if self._below.setdefault(path[:depth], number) != number:
                return  # what is above it was named before

    def of(self, path: tuple[str, ...]) -> int:
        if path in self._own:
            return self._own[path]
        parents = (path[:depth] for depth in range(len(path) - 1, 0, -1))
        return self._below.get(path) or next((self._own[one] for one in parents if one in self._own), 0)


def _resolved(names: tuple[str, ...], rows: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    """A table's path, with the index of the newest table behind the name of each array."""
    found: tuple[str, ...] = ()
    for name in names:
        found = (*found, name)
        if found in rows:
            found = (*found, str(rows[found]))
    return found


def toml_of(text: str, file: str) -> dict[str, Any]:
    """What TOML says. Raises ``ConfigError``."""
    if line := _chained(text):
        raise ConfigError([ConfigProblem(file, line, "", f"not valid TOML: {_DEEP}")])
    try:
        found = tomllib.loads(text)
        odd = [ConfigProblem(file, line_of(text, at), dotted(at), why) for at, why in _odd(found, ())]
    except RecursionError:
        why, line = _DEEP, 0
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        why, at = str(error), re.search(r"at line (\d+)", str(error))
        line = int(at[1]) if at else text.rstrip().count("\n") + 1 if "at end of" in why else 0
    else:
        if odd:
            raise ConfigError(odd)
        return found
    raise ConfigError([ConfigProblem(file, line, "", f"not valid TOML: {why}", _CLOSE)]) from None


def _chained(text: str) -> int:
    """The line of a key with more dots than any has, 0 where there is none: tomllib takes a time that grows with their square."""
    for number, line in enumerate(text.split("\n") if text.count(".") > _DOTS else (), 1):
        if line.count(".") > _DOTS and re.search(_CHAIN, re.sub(_QUOTED, "q", line)):
            return number
    return 0


def _odd(value: Any, at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What no setting can use: each place with why."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _odd(inner, (*at, str(key)))
    elif isinstance(value, int) and value.bit_length() > 63:
        yield at, "a whole number of more than 64 bits; write a smaller one"
    elif isinstance(value, str) and "\0" in value:
        yield at, "holds a NUL character; take it out"


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            [ConfigProblem(str(path), 0, "", "there is no such file", "name another with --config")]
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            [ConfigProblem(str(path), 0, "", f"not UTF-8 at byte {error.start}", "save it as UTF-8")]
        ) from None
    except OSError as error:
        raise ConfigError(
            [ConfigProblem(str(path), 0, "", f"cannot be read: {error.strerror}", "check its permissions")]
        ) from None
