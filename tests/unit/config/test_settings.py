"""Every setting: declared once, described everywhere, read by something, and quickly as it is read at leisure."""

from __future__ import annotations

import ast
import inspect
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import TypeAdapter

from tests.syntax import children
from tfdash.cli.config import shown
from tfdash.config.example import example
from tfdash.config.load import _by_parts, load, parse, table_of
from tfdash.config.problems import ConfigError
from tfdash.config.quick import QuickConfig, load_quick
from tfdash.config.settings import ClusterSettings, EnvironmentSettings, Settings
from tfdash.config.startup import Cluster, Environment
from tfdash.playbook.schedule.policy import DAYS
from tfdash.setting import (
    Between,
    Note,
    SettingsTable,
    Spelled,
    default_of,
    hints_of,
    read,
    shipped,
    table_in,
)

ROOT = Path(__file__).resolve().parents[3]


def tables(
    kind: type[SettingsTable] = Settings, at: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], type[SettingsTable]]]:
    """Every table with its path; a table of many once."""
    yield at, kind
    for key, hint in hints_of(kind).items():
        inner = table_in(hint)
        if inner is not None:
            yield from tables(inner, (*at, key))


TABLES = dict(tables())
KEYS = [
    pytest.param(kind, key, hint, id=".".join((*at, key)))
    for at, kind in TABLES.items()
    for key, hint in hints_of(kind).items()
    if table_in(hint) is None
]


def test_the_example_is_what_the_declarations_say() -> None:
    assert (ROOT / "config.example.toml").read_text() == example(), "run: make example"


@pytest.mark.parametrize(("kind", "key", "hint"), KEYS)
def test_a_sample_can_be_used(kind: type[SettingsTable], key: str, hint: Any) -> None:
    """What the example shows in a comment is accepted where it is uncommented."""
    notes = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Note) and mark.sample]
    for note in notes:
        plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        texts = get_origin(plain) is dict and not note.sample.startswith("{")
        value: Any = tomllib.loads(note.sample) if texts else tomllib.loads(f"x = {note.sample}")["x"]
        TypeAdapter(Annotated[hint, None]).validate_python(
            value if not isinstance(value, list) else tuple(value)
        )


BOUNDED = [
    pytest.param(key, hint, id=f"{kind.__name__}.{key}")
    for kind in TABLES.values()
    for key, hint in hints_of(kind).items()
    if any(isinstance(mark, Between) for mark in getattr(hint, "__metadata__", ()))
]


@pytest.mark.parametrize(("key", "hint"), BOUNDED)
def test_a_bound_is_told_in_words_that_are_taken(key: str, hint: Any) -> None:
    """Whoever writes what the refusal says, or the example, is not refused again."""
    marks = hint.__metadata__
    [bounds] = [mark for mark in marks if isinstance(mark, Between)]
    spelled = next((mark for mark in marks if isinstance(mark, Spelled)), None)
    for bound in (bounds.low, bounds.high):
        told = bounds.write(bound)
        if told not in bounds.told:
            assert bound == 0, "a duration that is never nothing"
            continue
        taken = spelled.take(told) if spelled is not None else type(bound)(told)
        assert taken == pytest.approx(bound), told
        bounds.take(taken)
        assert "e+" not in told, "nobody writes a number so"


def test_the_values_that_are_shipped_are_those_that_are_validated() -> None:
    plain = load(None)
    for kind, found in (
        (type(plain.calendar), plain.calendar),
        *((type(p), p) for p in vars(plain.policy).values() if isinstance(p, SettingsTable)),
    ):
        assert shipped(kind)
        assert read(kind, shipped(kind)) == found


def test_what_a_file_does_not_say_is_what_its_validation_would_make_of_it() -> None:
    """A command validates nothing that stands in no file."""
    assert load(None) == table_of(Settings, {}) == parse("", "c.toml")


@pytest.mark.parametrize(
    "text",
    [
        (ROOT / "config.example.toml").read_text(),
        (ROOT / "tests/fixtures/0beb7b6/config.rich.toml").read_text(),
        "read_only = false\n[environments.a]\nproduction = false\n[policy.canary]\n[versions]\n",
    ],
)
def test_a_file_that_is_validated_by_its_parts_says_what_it_says_as_a_whole(text: str) -> None:
    raw = tomllib.loads(text)
    assert parse(text, "c.toml") == table_of(Settings, raw)
    for name, value in raw.items():
        try:
            alone = table_of(Settings, {name: value})
        except ConfigError:  # it names what stands elsewhere
            continue
        assert _by_parts({name: value}) == alone


@pytest.mark.parametrize("name", hints_of(Settings))
@pytest.mark.parametrize("value", ["yes", 1, 2.5, True, [], [{}], {}, {"x": 1}])
def test_a_part_refuses_what_the_whole_refuses(name: str, value: Any) -> None:
    try:
        whole: Settings | None = table_of(Settings, {name: value})
    except ConfigError:
        whole = None
    assert _by_parts({name: value}) == whole


def test_a_shipped_file_holds_every_key_and_nothing_else() -> None:
    holding = [kind for kind in TABLES.values() if kind.defaults]
    names = {path.name for path in (ROOT / "tfdash" / "playbook" / "defaults").glob("*.toml")}
    assert {kind.defaults for kind in holding} == names

    def same(kind: type[SettingsTable], table: Mapping[str, Any]) -> None:
        assert set(table) == set(hints_of(kind))
        for key, hint in hints_of(kind).items():
            assert default_of(kind, key) is MISSING, (
                f"{kind.__name__}.{key} has a default beside the playbook's"
            )
            if isinstance(hint, type) and issubclass(hint, SettingsTable):
                same(hint, table[key])

    for kind in holding:
        same(kind, shipped(kind))


def test_a_policy_of_the_playbook_is_no_module_of_pydantic() -> None:
    for kind in TABLES.values():
        text = inspect.getsource(sys.modules[kind.__module__])
        assert "import pydantic" not in text and "from pydantic" not in text


# -- what was written for 28 November 2026 ------------------------------------------------------------------------------

OLD = ROOT / "tests" / "fixtures" / "0beb7b6"


def test_a_rich_configuration_is_shown_as_it_was() -> None:
    def holds(now: Any, then: Any) -> bool:
        if isinstance(then, dict):
            return all(key in now and holds(now[key], value) for key, value in then.items())
        if isinstance(then, list) and isinstance(now, list):
            return len(now) == len(then) and all(map(holds, now, then))
        return bool(now == then)

    then = tomllib.loads((OLD / "config.rich.shown.toml").read_text())
    now = tomllib.loads(shown(load(OLD / "config.rich.toml")))
    del then["policy"]["canary"]["persist"]  # retired: it is taken, and means nothing
    then["calendar"]["days"].sort(key=DAYS.index)  # shown in the order of the week
    then["journeys"][1]["steps"][0]["method"] = "POST"  # was taken in small letters too, and sent in capitals
    assert holds(now, then)


def test_a_key_of_an_earlier_version_is_taken_and_means_nothing() -> None:
    plain = parse("", "c.toml")
    assert parse("[policy.canary]\npersist = 3\n", "c.toml") == plain
    with pytest.raises(ConfigError, match="unknown key"):
        parse("[policy.canary]\npersists = 3\n", "c.toml")
    for kind in TABLES.values():
        assert not kind.retired & set(hints_of(kind))
    assert "persist " not in (ROOT / "config.example.toml").read_text()


# -- the quick reading ------------------------------------------------------------------------------------------------


def written(text: str, tmp_path: Path) -> tuple[QuickConfig, Settings]:
    file = tmp_path / "c.toml"
    file.write_text(text)
    return load_quick(str(file)), load(file)


@pytest.mark.parametrize("text", ["", (ROOT / "tests/fixtures/0beb7b6/config.rich.toml").read_text()])
def test_what_the_first_frame_reads_is_what_is_validated(text: str, tmp_path: Path) -> None:
    """Path, type and default of every key that ``quick`` reads."""
    quick, whole = written(text, tmp_path)
    assert (quick.zone, quick.ui, quick.demo) == (whole.time.zone, whole.ui, whole.demo)
    assert quick.kubernetes == whole.sources.kubernetes
    assert quick.environments == tuple(whole.environments)
    chosen = whole.environments.get(quick.environment.name, EnvironmentSettings())
    assert (quick.environment.word, quick.environment.colour) == (chosen.word, chosen.colour)
    for read_quickly, configured in zip(
        quick.environment.clusters, chosen.clusters or (chosen,), strict=True
    ):
        assert replace(read_quickly, name="") == Cluster(
            **{f.name: getattr(configured, f.name) for f in fields(Cluster) if f.name != "name"}
        )


def test_what_the_first_frame_reads_is_declared_where_the_whole_is() -> None:
    """No key is known to ``quick`` by a second declaration."""
    assert issubclass(EnvironmentSettings, Environment) and issubclass(ClusterSettings, Cluster)
    whole = hints_of(Settings)
    quick = hints_of(QuickConfig)
    assert (quick["ui"], quick["demo"]) == (whole["ui"], whole["demo"])


def test_what_is_wrong_stands_at_its_default_until_it_is_told(tmp_path: Path) -> None:
    text = (
        "[ui]\nmouse = 'yes'\ntheme = 'red'\nlog_lines = 5\nframes_per_second = 3.5\nstart = 'pods'\n[ui.keys]\na = 1\n"
        "[time]\nzone = 'Mars/Olympus'\n[sources.kubernetes]\npage_size = true\nread_timeout = 30\n"
        "[environments.p]\ntoken = 'hunter2'\nnamespaces = 'shop'\ncontext = 'c'\n"
    )
    file = tmp_path / "c.toml"
    file.write_text(text)
    quick = load_quick(str(file))
    plain = load(None)
    assert quick.ui == replace(plain.ui, start="pods")
    assert (quick.zone, quick.kubernetes) == (plain.time.zone, plain.sources.kubernetes)
    assert quick.environment.clusters == (Cluster(name="c", context="c"),)
    with pytest.raises(ConfigError) as told:
        load(file)
    assert len(str(told.value).splitlines()) == 10 and "hunter2" not in str(told.value)


# -- each setting is read ---------------------------------------------------------------------------------------------


@cache
def _modules() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """By module: what it imports, and which attributes it reads, alone and with their owner (``ui.mouse``)."""
    found = {}
    for folder in ("tfdash", "screens"):
        for path in (ROOT / folder).rglob("*.py"):
            imported: set[str] = set()
            attributes: set[str] = set()
            waiting: list[ast.AST] = [ast.parse(path.read_text())]
            while waiting:
                node = waiting.pop()
                if isinstance(node, ast.FunctionDef) and node.name == "__post_init__":
                    continue  # a check is no use
                if isinstance(node, ast.ImportFrom) and node.module:
                    imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
                elif isinstance(node, ast.Import):
                    imported |= {alias.name for alias in node.names}
                elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                    attributes.add(node.attr)
                    if isinstance(node.value, ast.Attribute):
                        attributes.add(f"{node.value.attr}.{node.attr}")
                elif isinstance(node, ast.Constant) and path.name == "quick.py":  # a few it reads by name
                    attributes.add(str(node.value))
                waiting += children(node)
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = (frozenset(imported), frozenset(attributes))
    return found


def _declared_in(kind: type[SettingsTable]) -> set[str]:
    """The modules that name the table, its bases or what it was made into."""
    family = {base for base in kind.__mro__ if issubclass(base, SettingsTable) and base is not SettingsTable}
    family |= {sub for base in family for sub in base.__subclasses__()}
    return {one.__module__ for one in family} | {"tfdash.config.quick", "tfdash.config.settings"}


def unread(kind: type[SettingsTable], key: str) -> bool:
    known = _declared_in(kind)
    near = {module for name in known for module in (name, name.rpartition(".")[0])}
    owners = {
        "policy",
        *(at[-1] for at, one in TABLES.items() if at and one is kind),
    }  # as in ``context.ui.mouse``
    chains = {f"{owner}.{key}" for owner in owners}
    return not any(
        attributes & chains or (key in attributes and (name in known or imported & near))
        for name, (imported, attributes) in _modules().items()
    )


UNREAD = {}


@pytest.mark.long
@pytest.mark.parametrize(("kind", "key", "hint"), KEYS)
def test_every_setting_is_read_by_something(kind: type[SettingsTable], key: str, hint: Any) -> None:
    assert not unread(kind, key) or (kind, key) in UNREAD, f"{kind.__name__}.{key}: wire it or take it out"
