"""Which API versions a minor of Kubernetes no longer serves, as data: the table that is shipped, or a file that takes its place."""

from __future__ import annotations

import re
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
_KEYS: dict[str, type] = {"in": str, "api": str, "kinds": list, "use": str}
_MINOR = re.compile(r"(\d{1,4})\.(\d{1,4})")


class Removal(NamedTuple):
    """``at``: the minor that no longer serves it, (1, 25); ``use``: the API version of the same kind that is served, "" where none is."""

    at: tuple[int, int]
    use: str

    @property
    def minor(self) -> str:
        return f"{self.at[0]}.{self.at[1]}"


@dataclass(frozen=True)
class RemovedApis:
    """By (API version, kind). ``at``: when it was looked up (epoch seconds) and ``source`` where. ``problem``: why the configured file cannot
    be used, in one sentence; nothing is called well then."""

    at: float = 0.0
    source: str = ""
    removals: Mapping[tuple[str, str], Removal] = field(default_factory=dict)
    problem: str = ""


@lru_cache(1)
def shipped_removals() -> RemovedApis:
    """Those of ``removed_apis.toml`` beside this."""
    text = files("tfdash.playbook").joinpath("versions", "removed_apis.toml").read_text(encoding="utf-8")
    return _read(tomllib.loads(text))


def removals_of(path: str) -> RemovedApis:
    """The table that is shipped, or that of the file; never raises."""
    if not path:
        return shipped_removals()
    try:
        return _read(tomllib.loads(read_named(path, _LARGEST).decode()))
    except OSError as error:
        why = error.strerror or type(error).__name__
    except (ValueError, RecursionError) as error:
        why = str(error) or type(error).__name__
    return RemovedApis(
        problem=safe(f"the table of removed API versions {path} ([versions] removals) cannot be used: {why}")
    )


def _read(written: Mapping[str, Any]) -> RemovedApis:
    """Raises ``ValueError`` that says where and what."""
    day, rows = written.get("date"), written.get("removed")
    if not isinstance(day, date) or isinstance(day, datetime):
        raise ValueError("it needs a date such as date = 2026-11-30")
    if not isinstance(rows, list) or not rows:
        raise ValueError("it has no [[removed]]")
    found: dict[tuple[str, str], Removal] = {}
    for number, row in enumerate(rows, 1):
        where = f"[[removed]] {number}"
        _check(where, row)
        minor = _MINOR.fullmatch(row["in"])
        if minor is None:
            raise ValueError(f'{where}: in = "{row["in"]}" is no minor; write it as "1.25"')
        for kind in row["kinds"]:
            if (row["api"], kind) in found:
                raise ValueError(f"{where}: {row['api']} {kind} stands there twice")
            found[row["api"], kind] = Removal((int(minor[1]), int(minor[2])), row["use"])
    at = datetime.combine(day, time(), UTC).timestamp()
    return RemovedApis(at, str(written.get("source", "")), found)


def _check(where: str, row: Any) -> None:
    if not isinstance(row, Mapping):
        raise ValueError(f"{where} is no table")
    for key in row:
        if key not in _KEYS:
            raise ValueError(f"{where}: there is no key {key}; one of {', '.join(_KEYS)}")
    for key, kind in _KEYS.items():
        if not isinstance(row.get(key), kind):
            raise ValueError(f"{where}: {key} is missing, or no {'list' if kind is list else 'text'}")
    if not row["api"] or not row["kinds"] or not all(isinstance(one, str) and one for one in row["kinds"]):
        raise ValueError(f"{where}: api and kinds name what was removed")
