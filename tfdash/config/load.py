"""The whole configuration, validated. Slow where a file says something (pydantic): the first frame uses ``quick`` instead.

Of what a file says nothing the playbook's values and our own defaults hold, which no command need validate: a test holds them to what validation
makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar

from tfdash.config.problems import ConfigError, ConfigProblem, dotted, line_of, read_text, toml_of
from tfdash.config.settings import Settings
from tfdash.setting import SettingsTable, SeveralUnfit, Unfit, hints_of, read, shipped, table_in
from tfdash.spelling import closest, nearest

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

T = TypeVar("T", bound=SettingsTable)
_TYPES = {
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "list_type": 'must be a list such as ["a", "b"]',
    "tuple_type": 'must be a list such as ["a", "b"]',
    "dict_type": "must be a table",
    "dataclass_type": "must be a table",
}
_TABLE, _LIST = {"dict_type", "dataclass_type"}, {"list_type", "tuple_type"}
_WORDS: dict[type | UnionType, str] = {
    bool: "true or false",
    str: "a text",
    int: "a whole number",
    float: "a decimal number",
    Mapping: "a table",
    list | tuple: "a list",
}


def load(path: Path | None) -> Settings:
    """Settings of a file, or the defaults when there is none. Raises ``ConfigError`` with every fault."""
    return _unsaid() if path is None else parse(read_text(path), str(path))


def parse(text: str, file: str) -> Settings:
    raw = toml_of(text, file)
    return _by_parts(raw) or table_of(Settings, raw, text, file)


@cache
def _unsaid() -> Settings:
    """Of a configuration that says nothing."""
    return read(Settings, over_shipped(Settings, {}))


def _by_parts(raw: Mapping[str, Any]) -> Settings | None:
    """Only what the file names is validated; None where that is not right, which the validation of all of it puts in words."""
    hints = hints_of(Settings)
    if not raw.keys() <= hints.keys():
        return None
    if not raw:
        return _unsaid()
    from pydantic import ValidationError

    try:
        return replace(
            _unsaid(),
            **{name: _part(hints[name]).validate_python(_over(hints[name], raw[name])) for name in raw},
        )
    except (ValidationError, ValueError):
        return None


def _over(hint: Any, raw: Any) -> Any:
    return over_shipped(hint, raw) if _is_table(hint) else raw


def _is_table(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, SettingsTable)


@cache
def _part(hint: Any) -> TypeAdapter[Any]:
    """What validates one key of the whole as the whole would."""
    from pydantic import ConfigDict, TypeAdapter

    return (
        adapter(hint)
        if _is_table(hint)
        else TypeAdapter(hint, config=ConfigDict(extra="forbid", strict=True))
    )


def table_of(kind: type[T], raw: Mapping[str, Any], text: str = "", file: str = "configuration") -> T:
    """One table, or the whole, from what TOML says over the playbook's values. Raises ``ConfigError``."""
    from pydantic import ValidationError

    try:
        plain: Any = kind  # mypy takes a dataclass for something that has no hash
        found: T = adapter(plain).validate_python(over_shipped(kind, raw))
    except ValidationError as error:
        raise ConfigError(
            problem for detail in error.errors() for problem in _problems(kind, detail, text, file)
        ) from None
    return found


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What validates, writes and describes a table."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def over_shipped(kind: Any, raw: Any) -> Any:
    """``raw`` laid over the playbook's values of the table ``kind`` and of those within."""
    if not isinstance(raw, Mapping):
        return raw  # a fault, which the validation tells
    merged = {key: value for key, value in _merged(shipped(kind), raw).items() if key not in kind.retired}
    for name, table in _tables_within(kind):
        inner = over_shipped(table, merged[name]) if name in merged else _shipped_within(table)
        if inner:
            merged[name] = inner
    return merged


@cache
def _tables_within(kind: Any) -> tuple[tuple[str, Any], ...]:
    hints = hints_of(kind).items()
    return tuple((k, hint) for k, hint in hints if _is_table(hint))


@cache
def _shipped_within(kind: Any) -> Any:
    """What a table is that nothing is said of; never changed."""
    return over_shipped(kind, {})


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for key, value in above.items():
        lower = below.get(key)
        if isinstance(value, Mapping) and isinstance(lower, Mapping):
            merged[key] = _merged(lower, value)
    return merged


def _problems(
    kind: type[SettingsTable], detail: ErrorDetails, text: str, file: str
) -> Iterator[ConfigProblem]:
    """One for each fault that a table says of itself."""
    error = detail.get("ctx", {}).get("error")
    for one in error.faults if isinstance(error, SeveralUnfit) else (error,):
        yield _problem(kind, detail, text, file, one)


def _problem(
    kind: type[SettingsTable], detail: ErrorDetails, text: str, file: str, error: Exception | None
) -> ConfigProblem:
    path, fault = tuple(str(part) for part in detail["loc"]), detail["type"]
    if isinstance(error, Unfit):  # said of a table by itself; the key stands within
        path = (*path, *error.path)
    key, line = dotted(path), line_of(text, path)
    table = dotted(
        part for part in detail["loc"] if isinstance(part, str)
    )  # the newest of an array has no number
    if fault == "unexpected_keyword_argument":
        return ConfigProblem(file, line, key, "unknown key", nearest(path[-1], _valid_keys(kind, path[:-1])))
    if fault == "missing":
        meant = _name_meant(kind, path[:-1])
        remedy = (
            f'did you mean "{meant}", which ships? else add {path[-1]} = ...'
            if meant
            else f"add {path[-1]} = ..."
        )
        return ConfigProblem(file, line, key, "missing", remedy)
    if fault in _TYPES:
        given = detail["input"]
        remedy = f"write [{table}], not [[{table}]]" if fault in _TABLE and _tables(given) else ""
        if fault in _LIST and isinstance(given, Mapping):
            return ConfigProblem(
                file, line, key, "must be a list of tables, not one table", f"write [[{table}]]"
            )
        return ConfigProblem(file, line, key, f"{_TYPES[fault]}, not {_said(given)}", remedy)
    message = error.why if isinstance(error, Unfit) else detail["msg"]
    message = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return ConfigProblem(file, line, key, message)


def _name_meant(kind: type[SettingsTable], path: tuple[str, ...]) -> str:
    """The shipped table of a name that was probably meant by one that lacks what only shipped ones may lack; "" for none."""
    ships: Any = over_shipped(kind, {})
    for part in path[:-1]:
        ships = ships.get(part) if isinstance(ships, Mapping) else None
    return closest(path[-1], ships) if path and isinstance(ships, Mapping) else ""


def _tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _said(value: Any) -> str:
    """What TOML calls it."""
    return next((word for kind, word in _WORDS.items() if isinstance(value, kind)), "a date or a time")


def _valid_keys(kind: type[SettingsTable], path: tuple[str, ...]) -> list[str]:
    """The keys that the table at ``path`` may have."""
    for part in path:
        hint = hints_of(kind).get(part)
        kind = (table_in(hint) if hint is not None else None) or kind
    return list(hints_of(kind))
