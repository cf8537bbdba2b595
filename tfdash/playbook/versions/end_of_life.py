"""Tables of how long a minor version is supported, as data: those that are shipped, or a file that takes their place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from tfdash.named_file import read_named
from tfdash.text import safe

_LARGEST = 1_000_000  # bytes of a file
_KEYS = {"released": date, "end": date, "extended": date, "patch": str, "patched": date}


class Support(NamedTuple):
    """Of one minor; epoch seconds. ``extended``: until when for a further payment, None where that is not sold. ``patch``: the newest that
    the table knows, out since ``patched``, "" where it has none."""

    end: float
    extended: float | None = None
    patch: str = ""
    patched: float = 0.0


class SupportTable(NamedTuple):
    """Whose it is; when it was looked up (epoch seconds) and where; by minor, "1.37"."""

    name: str
    at: float
    source: str
    minors: Mapping[str, Support]


@dataclass(frozen=True)
class EndOfLife:
    """By name: "upstream", "eks", "gke", "aks", or a name of the file's own. ``problem``: why the configured file cannot be used, in one
    sentence; nothing is said of support then."""

    tables: Mapping[str, SupportTable] = field(default_factory=dict)
    problem: str = ""


@lru_cache(1)
def shipped_tables() -> EndOfLife:
    """Those of ``end_of_life.toml`` beside this."""
    text = files("tfdash.playbook").joinpath("versions", "end_of_life.toml").read_text(encoding="utf-8")
    return EndOfLife(_tables(tomllib.loads(text)))


def tables_of(path: str) -> EndOfLife:
    """Those that are shipped, and in the place of the same ones those of the file; never raises."""
    if not path:
        return shipped_tables()
    try:
        own = _tables(tomllib.loads(read_named(path, _LARGEST).decode()))
        if not own:
            raise ValueError("it has no table; write [upstream] with a date and [upstream.minors]")
    except OSError as error:
        why = error.strerror or type(error).__name__
    except (ValueError, RecursionError) as error:
        why = str(error) or type(error).__name__
    else:
        return EndOfLife({**shipped_tables().tables, **own})
    return EndOfLife(
        problem=safe(f"the table of support {path} ([versions] end_of_life) cannot be used: {why}")
    )


def _tables(written: Mapping[str, Any]) -> dict[str, SupportTable]:
    """Raises ``ValueError`` that says where and what."""
    found = {}
    for name, table in written.items():
        if not isinstance(table, Mapping) or not isinstance(table.get("minors"), Mapping):
            raise ValueError(f"[{name}] needs a table [{name}.minors]")
        minors = {cycle: _support(f"{name}.minors.{cycle}", row) for cycle, row in table["minors"].items()}
        at = _midnight(f"{name}.date", table.get("date"))
        found[name] = SupportTable(name, at, str(table.get("source", "")), minors)
    return found


def _support(where: str, row: Any) -> Support:
    number, _, minor = where.rpartition(".minors.")[2].partition(".")
    if not (number.isdecimal() and minor.isdecimal()):
        raise ValueError(f'{where} is no minor; write it as "1.37"')
    if not isinstance(row, Mapping):
        raise ValueError(f"{where}: write a table such as {{ end = 2027-10-28 }}")
    for key, value in row.items():
        if key not in _KEYS:
            raise ValueError(f"{where}: there is no key {key}; one of {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]) or isinstance(value, datetime):
            raise ValueError(f"{where}: {key} = {value!r} is no {'date' if _KEYS[key] is date else 'text'}")
    if ("patch" in row) is not ("patched" in row):
        raise ValueError(f"{where}: patch and patched stand together")
    return Support(
        end=_midnight(f"{where}: end", row.get("end")),
        extended=_midnight(where, row["extended"]) if "extended" in row else None,
        patch=row.get("patch", ""),
        patched=_midnight(where, row["patched"]) if "patched" in row else 0.0,
    )


def _midnight(where: str, day: Any) -> float:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise ValueError(f"{where} needs a date such as 2027-10-28")
    return datetime.combine(day, time(), UTC).timestamp()
