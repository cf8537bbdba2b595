"""No circles: no module needs, by whatever way round, one that needs it. Imports for types alone count, too.

One name, one thing: no two public classes, nor names of types, are called alike.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.syntax import walk

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
TREES = ("tfdash", "screens", "widgets")
TOP = frozenset(
    (
        *TREES,
        *(".ci", ".gitignore", "benchmarks", "docs", "examples", "tests"),
        *("ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", "README.md"),
        *("config.example.toml", "pyproject.toml", "requirements.lock"),
    )
)
"""What lies at the top of the repository."""


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name, packages by theirs."""
    found = {}
    for tree in TREES:
        for path in (ROOT / tree).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def _read(source: str) -> tuple[list[ast.Import | ast.ImportFrom], list[str]]:
    """The imports of a module wherever they stand, and its classes and ``TypeAlias``es at the top; parsed once."""
    tree, types = ast.parse(source), list[str]()
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            types.append(node.name)
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            types.append(ast.unparse(node.target))
    return [node for node in walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)], types


def imported(name: str, source: str, known: Mapping[str, object]) -> Iterator[str]:
    """What ``source`` imports of ``known``: at the top, in functions, and under TYPE_CHECKING."""
    for node in _read(source)[0]:
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
    assert sorted(who) == [
        "screens.replay",
        "tfdash.cli.running",
    ]  # the former is the same one on a recording


APART = {  # these are read by themselves: a name of theirs may be one of ours
    "tfdash.demo": "the other side of the wire, a program of its own: its Deployment controller's Bounds, its API server's ApiError",
    "tfdash.sources.kubernetes.decoders": "wire forms are called as Kubernetes calls them, like what they become in the model",
}


def public_types(source: str) -> Iterator[str]:
    """Classes and ``TypeAlias``es at the top of a module; one inside a class is told by its class (``FilterPrompt.Changed``)."""
    yield from (name for name in _read(source)[1] if not name.startswith("_"))


def alike(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Where each name stands that stands for more than one thing, by the names."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for module, source in sources.items():
        for name in public_types(source):
            found[name].append(module)
    return {name: where for name, where in found.items() if len(where) > 1}


def test_two_of_one_name_are_found_whatever_they_are() -> None:
    sources = {
        "a": "class Target: ...\nclass _Own: ...",
        "b": "Target: TypeAlias = int\nclass Outer:\n    class Changed: ...",
        "c": "class _Own: ...\nclass Other:\n    class Changed: ...",
    }
    assert alike(sources) == {"Target": ["a", "b"]}


@pytest.mark.parametrize("part", ["", *APART])
def test_one_name_is_one_thing(part: str) -> None:
    def of(module: str) -> str:
        return next((p for p in APART if module.startswith(f"{p}.")), "")

    sources = {name: path.read_text("utf-8") for name, path in modules().items() if of(name) == part}
    assert sources and not alike(sources)


LONGEST = 400
"""Lines of a module. What is longer holds two ideas: give the second a module of its own, named after it."""


def test_work_beside_the_screen_is_begun_in_one_place() -> None:
    """By a function: a coroutine that another takes the place of before it began is never awaited, and says so on the screen."""
    begin = {name for name, path in modules().items() if ".run_worker(" in path.read_text()}
    assert begin == {"widgets.workers"}


def decoded_late(source: str) -> list[str]:
    """Calls that have a type made ready at their first turn."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [
        ast.unparse(c)
        for c in calls
        if "decode" in ast.unparse(c.func) and any(k.arg == "type" for k in c.keywords)
    ]


def test_what_is_decoded_is_made_ready_when_its_module_is_imported() -> None:
    """msgspec makes a type ready at its first use, and two threads that meet it at once may bring the process down: a decoder of its own
    stands beside it. The demo is a process of its own, of which one thread decodes."""
    assert decoded_late("msgspec.json.decode(await get(x), type=Page)") and not decoded_late("decode(x)")
    told = {
        name: decoded_late(p.read_text())
        for name, p in modules().items()
        if not name.startswith("tfdash.demo")
    }
    assert not {name: calls for name, calls in told.items() if calls}


def test_no_module_is_longer_than_one_idea() -> None:
    """Tests are tables, and may be longer."""
    told = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules().items()}
    benchmarks = {p.stem: len(p.read_text("utf-8").splitlines()) for p in (ROOT / "benchmarks").rglob("*.py")}
    assert not {name: n for name, n in (told | benchmarks).items() if n > LONGEST}


ONE_FILE = {"fontpkg-jetbrains-mono"}
"""Published as one wheel without a source; a pure one (py3-none-any), which installs everywhere."""


def test_every_locked_package_installs_from_a_wheel_and_from_its_source() -> None:
    """One hash is one file: where that form is not taken, nothing installs."""
    text = (ROOT / "requirements.lock").read_text()
    locked = re.findall(r"(?m)^([\w.-]+(?:\[.*?\])?)==.*\n((?:    --hash=.*\n)+)", text)
    assert len(locked) > 50
    assert {name for name, hashes in locked if hashes.count("--hash=") < 2} == ONE_FILE
    for name in ONE_FILE:
        assert "\nTag: py3-none-any\n" in (distribution(name).read_text("WHEEL") or "")


def test_what_draws_pictures_is_there_for_the_tests_and_optional_for_people() -> None:
    """Without it the tests of PNG are skipped, and nobody would see that they are."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=]", one)[0] for one in project["optional-dependencies"]["png"]}
    assert names == {"resvg-py", "fontpkg-jetbrains-mono"}
    assert not names & {re.split(r"[<>=\[]", one)[0] for one in project["dependencies"]}
    assert all(distribution(name) for name in names)


def test_nothing_else_lies_at_the_top() -> None:
    """A file that a run left behind was committed once."""
    if not (ROOT / ".git").exists():
        pytest.skip("no repository: it was unpacked")
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert {name.partition("/")[0] for name in done.stdout.split("\0") if name} == TOP
