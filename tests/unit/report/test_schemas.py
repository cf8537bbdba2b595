"""What is published of the JSON: each page is by its schema, and version 1 only ever grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.report.test_formats import WORLD, pages, text
from tests.unit.report.test_report import check
from tfdash.cli import main
from tfdash.cli.parser import build, subcommands
from tfdash.report.schemas import documents, schema
from tfdash.report.screens import EVERY
from tfdash.report.shown import SCHEMA_VERSION

FIRST = Path(__file__).with_name("schema_version_1.txt")
"""What version 1 promises, one a line; what is added to it is added here, and nothing is ever taken away but by another version."""


def promised(rule: Any, at: str) -> Iterator[str]:
    """What a reader may rely on: fields that must be there, and the types and values of fields."""
    if not isinstance(rule, dict):
        return
    yield from (f"{at}: has {name}" for name in rule.get("required", ()))
    for key in ("type", "enum", "const", "$ref"):
        if key in rule:
            yield f"{at}: {key} {json.dumps(rule[key])}"
    for name, inner in (rule.get("properties", {}) | rule.get("$defs", {})).items():
        yield from promised(inner, f"{at}.{name}")
    yield from promised(rule.get("items"), f"{at}[]")


def test_version_1_takes_nothing_back() -> None:
    assert SCHEMA_VERSION == 1, "another version begins another file"
    now = {line for line in promised(schema(), "$")}
    before = set(FIRST.read_text(encoding="utf-8").splitlines())
    assert not before - now, "a reader of version 1 relied on it"
    assert now == before, "what is new is promised from now on: add it to the file"


@pytest.mark.parametrize("screen", EVERY)
def test_each_page_is_by_its_schema(screen: str) -> None:
    told = json.loads(text("json", *pages(WORLD, None, screen)))
    check(told, schema())
    name = f"snapshot {screen}"
    assert name in documents() or "rows" in told or "findings" in told
    if name in documents():
        check(told, schema(name))


def test_all_pages_in_one_are_by_theirs() -> None:
    told = json.loads(text("json", *pages(WORLD)))
    check(told, schema("snapshot all"))
    for one in told["screens"].values():
        check(one, schema())


def test_the_command_prints_each_and_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    names = capsys.readouterr().out.splitlines()
    assert tuple(names) == documents() and {"snapshot", "snapshot all", "gate canary"} <= set(names)
    for name in names:
        assert main(["schema", *name.split()]) == 0
        assert json.loads(capsys.readouterr().out) == schema(name)
    for command, words in subcommands(build()).items():
        for name in subcommands(words) if command in ("gate", "report") else ():
            assert main(["schema", command, name]) == 0, (command, name)
            assert json.loads(capsys.readouterr().out)["type"] == "object"
    assert main(["schema", "gate", "canari"]) == 64
    assert "gate canary" in capsys.readouterr().err
