"""No circles: no module needs, by whatever way round, one that needs it. Imports for types alone count, too."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TREES = ("tfdash", "screens", "widgets")


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name, packages by theirs."""
    found = {}
    for tree in TREES:
        for path in (ROOT / tree).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imported(name: str, source: str, known: Mapping[str, object]) -> Iterator[str]:
    """What ``source`` imports of ``known``: at the top, in functions, and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield from {whole if whole in known else node.module} & (known.keys() - {name})
        elif isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & (known.keys() - {name})


@cache
def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: set(imported(name, path.read_text("utf-8"), known)) for name, path in known.items()}


def circle(of: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle, the first of them again at the end; none: empty."""
    try:
        TopologicalSorter(of).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("tree", TREES)
def test_every_import_is_found(tree: str) -> None:
    """A walk that finds nothing would hold anything."""
    assert any(tree in (a.partition(".")[0], b.partition(".")[0]) for a, to in graph().items() for b in to)


def test_a_circle_is_found_also_where_it_is_for_types_or_in_a_function() -> None:
    sources = {
        "a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from b import x",
        "b": "def f():\n    import c",
        "c": "from a import y",
    }
    found = {name: set(imported(name, source, sources)) for name, source in sources.items()}
    assert set(circle(found)) == {"a", "b", "c"}


def test_no_module_needs_one_that_needs_it() -> None:
    assert not circle(graph())


def test_no_page_imports_another() -> None:
    """They open each other by the names of their registrations."""
    for name, targets in graph().items():
        if name.startswith("screens.pages."):
            folder = ".".join(name.split(".")[:3])
            others = [t for t in targets if t.startswith("screens.pages.") and not t.startswith(folder)]
            assert not others, f"{name} imports {others}"


def test_nobody_but_the_command_line_imports_the_application() -> None:
    who = [name for name, targets in graph().items() if "screens.app" in targets]
    assert who == ["tfdash.cli.running"]
