"""A walk over everything that is registered: each entry stands in every list that is derived from it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfdash.setting import Table, hints_of, table_in

ROOT = Path(__file__).resolve().parents[2]


# -- settings ---------------------------------------------------------------------------------------------------------


def settings_of(kind: type[Table], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every key; a table of many is one step."""
    for key, hint in hints_of(kind).items():
        inner = table_in(hint)
        yield from [(*at, key)] if inner is None else settings_of(inner, (*at, key))


def in_schema(
    schema: dict[str, Any], table: dict[str, Any], at: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    for key, field in table.get("properties", {}).items():
        references = re.findall(r"#/\$defs/(\w+)", str(field))
        for reference in references:
            yield from in_schema(schema, schema["$defs"][reference], (*at, key))
        if not references:
            yield (*at, key)


def in_example(text: str) -> Iterator[tuple[str, ...]]:
    """The keys of the example, commented out or not, by the table that they stand in."""
    at: tuple[str, ...] = ()
    for line in text.splitlines():
        if header := re.match(r"(?:# )?\[\[?([^\]]+)\]\]?$", line):
            names = re.findall(r'"[^"]*"|[\w-]+', header[1])
            at = tuple(
                name for name in names if name not in ("production", "own") and not name.startswith('"')
            )
            if not line.startswith("# "):
                yield at  # the table of texts that has no key of its own
        elif key := re.match(r"(?:# )?([a-z_]+) = ", line):
            yield (*at, key[1])


def in_table(table: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield at
    if isinstance(table, list):
        for row in table:
            yield from in_table(row, at)
    elif at in (("environments",), ("metrics", "templates"), ("actions", "pipelines")):
        for row in table.values():  # by names that the user chose
            for key, value in row.items():
                yield from in_table(value, (*at, key))
    elif isinstance(table, dict):
        for key, value in table.items():
            yield from in_table(value, (*at, key))


def test_every_setting_stands_in_the_example_the_schema_and_what_is_shown() -> None:
    from tfdash.cli.configuring import shown
    from tfdash.config.load import adapter, parse
    from tfdash.config.settings import Settings

    declared = set(settings_of(Settings))
    schema = adapter(Settings).json_schema()
    text = (ROOT / "tests" / "fixtures" / "0beb7b6" / "config.rich.toml").read_text()
    more = (
        'path_prefix = "/select/"\nheaders = { a = "b" }\nmatch = { a = "b" }'  # what is empty is not shown
    )
    rich = parse(text.replace('path_prefix = "/select/"', more), "rich")
    assert declared == set(in_schema(schema, schema))
    assert declared <= set(in_example((ROOT / "config.example.toml").read_text()))
    assert declared <= set(in_table(tomllib.loads(shown(rich))))
