"""A walk over everything that is registered: each entry stands in every list that is derived from it."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

import pytest

from screens import commands
from screens.frame.acting_screen import VERBS
from screens.registry import page_id
from tests.reports import snapshot_of
from tests.syntax import walk
from tests.unit.cli.server import kubeconfig
from tfdash import actions, playbook
from tfdash.actions.core.action import Target
from tfdash.actions.executors import EXECUTORS
from tfdash.actions.registry import ACTIONS, wrong_for_second_person, wrong_id
from tfdash.board.board import Board
from tfdash.cli import parser
from tfdash.cli.completion import _commands, bash
from tfdash.cli.compose import clusters_of, judge_of
from tfdash.cli.parser import parse
from tfdash.cli.source_registry import SOURCES, Needs, Wiring, made
from tfdash.cli.store_options import store_options
from tfdash.clock import SystemClock
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.judging.judge import Judge, judge_all
from tfdash.model.action import FreezeRule
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.kinds import JUDGED, KINDS, LISTED, OPTIONAL
from tfdash.model.kubecluster import Node
from tfdash.model.made import MADE, MADE_OF
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.verdict import Level
from tfdash.playbook.registry import RULES, SECTIONS
from tfdash.playbook.rule import Rule
from tfdash.playbook.section import Section
from tfdash.report.gather import screen_view
from tfdash.setting import SettingsTable, hints_of, table_in
from tfdash.sources.kubernetes import decoders
from tfdash.sources.kubernetes.codec import decoder_of
from tfdash.sources.kubernetes.entrances import KINDS_WITH_ENTRANCES
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.pem import FINDERS
from tfdash.sources.kubernetes.reading_rule import Refused, check_allowed
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.store.opening import open_store
from tfdash.views import kinds as views
from tfdash.views.kinds import VIEWS, view_of
from tfdash.views.sources import source_rows

ROOT = Path(__file__).resolve().parents[2]


# -- settings ---------------------------------------------------------------------------------------------------------


def settings_of(kind: type[SettingsTable], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
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


NAMED = {  # tables of which the user chooses the names
    ("environments",),
    ("metrics", "templates"),
    ("actions", "pipelines"),
    ("maintenance", "items"),
    ("procedures", "commands"),
    ("procedures", "hosts"),
    ("procedures", "pipelines"),
    ("procedures", "roles"),
    ("recovery", "services"),
    ("notify", "channels"),
}


def in_example(text: str) -> Iterator[tuple[str, ...]]:
    """The keys of the example, commented out or not, by the table that they stand in."""
    at: tuple[str, ...] = ()
    for line in text.splitlines():
        if header := re.match(r"(?:# )?\[\[?([^\]]+)\]\]?$", line):
            names = re.findall(r'"[^"]*"|[\w-]+', header[1])
            at = tuple(
                name
                for i, name in enumerate(names)
                if tuple(names[:i]) not in NAMED and not name.startswith('"')
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
    elif at in NAMED:
        for row in table.values():  # by names that the user chose
            for key, value in row.items():
                yield from in_table(value, (*at, key))
    elif isinstance(table, dict):
        for key, value in table.items():
            yield from in_table(value, (*at, key))


def test_every_setting_stands_in_the_example_the_schema_and_what_is_shown() -> None:
    from tfdash.cli.config import shown
    from tfdash.config.load import adapter, parse
    from tfdash.config.settings import Settings

    declared = set(settings_of(Settings))
    schema = adapter(Settings).json_schema()
    text = (ROOT / "tests" / "fixtures" / "0beb7b6" / "config.rich.toml").read_text()
    more = (
        'path_prefix = "/select/"\nheaders = { a = "b" }\nmatch = { a = "b" }'  # what is empty is not shown
    )
    prices = '\n[[policy.resources.prices]]\ncore_hour = 0.033\ngib_hour = 0.0044\ncurrency = "EUR"\n'
    prices += '\n[maintenance]\nstart = "2026-12-01"\n[maintenance.items.drill]\ntitle = "Restore drill"\nwhen = "on FREQ=MONTHLY;BYDAY=1MO"\nat = "02:00"\nstart = "2026-12-01"\n'
    prices += "\n[[policy.resources.volume_prices]]\ngib_month = 0.08\n"
    waived = '\n[[policy.waivers]]\nrule = "resources.*"\nwho = "jo"\nwhy = "known"\nuntil = "2027-01-31"\n'
    looked_at = '\n[[certificates.endpoints]]\naddress = "shop:443"\n[[calendar.feeds]]\nname = "own"\nfile = "own.ics"\n'
    waived += (
        '\n[versions]\nendings = { "" = "aks" }\n[[versions.plan]]\nversion = "1.38"\ndate = "2027-01-19"\n'
    )
    told = '\n[notify.channels.chat]\nurl = "env:CHAT"\nheaders = { a = "b" }\nfields = { text = "{text}" }\n'
    runs = '\n[procedures.commands.flush]\ncommand = ["flush"]\nvalues = { a = "b" }\n[procedures.hosts.db]\naddress = "db"\n'
    runs += (
        '[procedures.pipelines.deploy]\nkind = "github"\nrepository = "acme/shop"\nworkflow = "deploy.yml"\n'
        '[procedures.roles.managers]\ndatabase = "managers"\ngroups = ["managers"]\n'
    )
    runs += '[recovery.services.ledger]\nworkload = "StatefulSet shop/ledger"\ntier = 1\n'
    added = prices + waived + looked_at + told + runs
    rich = parse(text.replace('path_prefix = "/select/"', more) + added, "rich")
    assert declared == set(in_schema(schema, schema))
    assert declared <= set(in_example((ROOT / "config.example.toml").read_text()))
    assert declared <= set(in_table(tomllib.loads(shown(rich))))


# -- kinds ------------------------------------------------------------------------------------------------------------


def modules_in(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def test_no_decoder_and_no_view_is_without_its_line_in_the_table_of_kinds() -> None:
    """What each line is needed for: without it these are left over."""
    decoded = {
        kind: module.__name__.rpartition(".")[2]
        for module in modules_in(decoders)
        for kind in getattr(module, "DECODERS", ())
    }
    assert decoded == {kind: spec.decoder for kind, spec in LISTED.items()}
    shown = {kind for view in VIEWS.values() for kind in view.kinds}
    assert shown == set(LISTED)
    plain = {kind for kind, spec in LISTED.items() if spec.columns}
    own = {
        kind for module in modules_in(views) for view in getattr(module, "VIEWS", ()) for kind in view.kinds
    }
    assert plain | own == set(LISTED) and not plain & own, "columns as data, or a view of its own"
    read_singly = {spec.revisions for spec in KINDS.values() if spec.revisions} | {"Lease", "ConfigMap"}
    read_singly |= {*FINDERS, *KINDS_WITH_ENTRANCES} - {"Service"}
    assert read_singly == {k for k in KINDS if k not in LISTED} | {"ReplicaSet"}


@pytest.mark.parametrize("kind", LISTED)
def test_a_kind_stands_in_every_list_that_follows_from_the_table(kind: str) -> None:
    spec, view = LISTED[kind], view_of(kind)
    assert VIEWS[spec.id] is view and (view.kinds, view.noun, view.namespaced) == (
        (kind,),
        spec.noun,
        spec.namespaced,
    )
    wire, convert = decoder_of(kind)
    assert wire is not None and kind == get_type_hints(convert)["return"].KIND
    for path in (spec.path(), spec.path("a"), spec.path("a", "x")):
        check_allowed("GET", path)
    with pytest.raises(Refused):
        check_allowed("GET", f"{spec.path('a', 'x')}/exec")
    screen = spec.screen or spec.id
    assert screen in parser.SCREENS and parse(["run", "--screen", screen]).screen == screen
    assert screen_view(screen) in (view, VIEWS["workloads"])
    assert re.search(rf'run --screen"\) words="[^"]*\b{screen}\b', bash(_commands()))
    opened = "workloads" if kind == "Deployment" else spec.id
    assert [page_id(name) for name in spec.aliases] == [opened] * len(spec.aliases)
    command = commands.ENTRIES[f"list.{opened}"]
    assert set(spec.aliases) <= set(command.aliases)
    if not spec.optional:  # the server prints a Table of it before the objects are there
        named = {name for layout in spec.printed for name in layout.split("|")}
        assert {f.printer for f in view.fields if f.printer} - named <= {""}


def test_no_two_kinds_have_one_name() -> None:
    for names in (
        [alias for spec in KINDS.values() for alias in spec.aliases],
        [spec.id for spec in KINDS.values()],
        [spec.qualified for spec in KINDS.values()],
    ):
        assert len(names) == len(set(names))


async def test_doctor_asks_for_the_right_to_list_each_kind_that_is_served() -> None:
    source = KubernetesSource(ClusterRef("e", "c"), Access("http://127.0.0.1:9"), SystemClock())
    source._discovery.served = dict(OPTIONAL)
    asked = {p.resource for p in await source.privileges() if p.verb == "list"}
    assert asked == {spec.qualified for spec in LISTED.values()}


# -- sources ----------------------------------------------------------------------------------------------------------

CONFIGURED = """
[environments.production]
clusters = [{{ name = "eu-1", kubeconfig = "{kubeconfig}", prometheus = {{ url = "http://127.0.0.1:9" }} }}]
[[journeys]]
name = "sign in"
url = "http://127.0.0.1:9"
timeout = "1s"
[[calendar.feeds]]
name = "corp"
file = "{folder}/corp.ics"
[sources.helm]
stored_in = ["Secret"]
[store]
path = "{folder}/store"
[recovery.last_good]
folder = "{folder}/apart"
[recovery.services.ledger]
workload = "StatefulSet shop/ledger"
tier = 1
[notify.channels.desk]
kind = "command"
command = ["true"]
[procedures.pipelines.deploy]
kind = "gitlab"
repository = "acme/shop"
"""


def sources_of_code() -> set[str]:
    """The classes of the program that have all that a source has; clusters are configured as such."""
    wanted = {"id", "status", "run", "unsettled", "doctor"}
    found = set()
    for path in (ROOT / "tfdash").rglob("*.py"):
        text = path.read_text()
        for node in walk(ast.parse(text)) if all(name in text for name in wanted) else ():
            if isinstance(node, ast.ClassDef) and not any("Protocol" in ast.unparse(b) for b in node.bases):
                names = {getattr(n, "name", "") for n in node.body}
                names |= {ast.unparse(t) for n in node.body if isinstance(n, ast.Assign) for t in n.targets}
                found |= {node.name} if wanted <= names and "read_catalogue" not in names else set()
    derived, bases = set(), set()
    for path in (ROOT / "tfdash" / "sources").rglob("*.py"):
        for name, above in re.findall(r"^class (\w+)\((\w+)\):", path.read_text(), re.MULTILINE):
            if above in found:
                derived.add(name)
                bases.add(above)
    return (found | derived) - bases - {"KubernetesSource"}


async def test_a_source_shows_everywhere_from_its_registration_alone(tmp_path: Path) -> None:
    """On ``:sources``, in snapshot, in the headless wait and in doctor, although nothing of it can be reached."""
    path = tmp_path / "tfdash.toml"
    at = kubeconfig(tmp_path, "http://127.0.0.1:9")
    path.write_text(CONFIGURED.format(kubeconfig=at, folder=tmp_path))
    config, settings = load_quick(str(path)), load(path)
    clusters = clusters_of(config.environment, config, SystemClock())
    opened = open_store(store_options(settings, path), SystemClock(), acting=False)
    wiring = Wiring("production", settings, clusters, SystemClock(), opened=opened)
    each = {one.name: list(one.make(wiring)) for one in SOURCES}
    assert all(each.values()), "the configuration above configures one of each"
    sources = made(wiring, *Needs)
    assert {type(source).__name__ for source in sources} == sources_of_code()
    assert len({source.id for source in sources}) == len(sources)

    board = Board(clusters, judge_of(settings), SystemClock(), sources=sources)
    shown = {row.source: row for row in source_rows(board.picture, board.picture.at)}
    printed = json.loads(
        snapshot_of(
            board.picture, EMPTY_ASSESSMENT, "overview", None, "json", board.picture.at, ZoneInfo("UTC")
        )[0]
    )
    for source in sources:
        assert shown[source.id].state.word == "loading" and shown[source.id].name
        assert source.id in [row["source"] for row in printed["sources"]]
        source.unsettled(board.picture, EMPTY_ASSESSMENT)
    board.start()
    try:
        examined = await board.doctor()
    finally:
        board.stop(5.0)
        opened.store.close()
    assert len(examined) == len(clusters) + len(sources)
    assert all(one.lines and one.group in ("clusters", "metrics", "sources") for one in examined)
    assert {one.group: one.reached for one in examined if one.group != "sources"} == {
        "clusters": False,
        "metrics": False,
    }


# -- rules and sections of the playbook -------------------------------------------------------------------------------

PLACE = ClusterRef("production", "eu-1")


def _registered(type_: type) -> dict[str, object]:
    """Every rule or section that some module of the playbook holds, by its id."""
    found: dict[str, object] = {}
    for module in pkgutil.walk_packages(playbook.__path__, "tfdash.playbook."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type_):
                found[value.id] = value  # type: ignore[attr-defined]  # they share no base, each has one
    return found


def test_every_rule_and_section_of_the_playbook_stands_in_its_table() -> None:
    assert {rule.id: rule for rule in RULES} == _registered(Rule)
    assert {section.id: replace(section, behind=None) for section in SECTIONS} == _registered(Section)
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len({section.id for section in SECTIONS}) == len(SECTIONS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_a_rule_looks_at_is_a_kind_that_can_be_read(rule: Rule) -> None:
    assert rule.judges
    assert rule.kinds <= {*JUDGED, *MADE}, "kinds that nobody keeps current"


def test_what_is_kept_current_for_the_playbook_is_what_its_rules_look_at() -> None:
    assert set(JUDGED) == {kind for rule in RULES for kind in rule.kinds} - set(MADE) | MADE_OF


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.id)
def test_a_section_has_its_line_its_screen_and_its_tab(section: Section) -> None:
    cluster = ClusterPicture(ref=PLACE, info=Observation(), kinds={})
    told = judge_all(Picture(at=0.0, number=1, clusters={PLACE: cluster}), 0.0)
    assert [s.level for s in told.sections if s.id == section.id] == [Level.UNKNOWN], "and is not well unread"
    assert page_id(section.target)


def test_a_rule_or_section_that_is_taken_out_is_missed() -> None:
    """The tables are what the judge runs: without a line there is no verdict and no section."""
    node = Node(namespace="", name="n1")
    seen = Observation(value={Key("", "n1"): node}, complete=True, observed_at=0.0)
    cluster = ClusterPicture(ref=PLACE, info=Observation(), kinds={"Node": seen})
    picture = Picture(at=0.0, number=1, clusters={PLACE: cluster})
    every = Change(keys={(PLACE, "Node"): None}, freshness=frozenset({(PLACE, "Node")}))
    said = {v.rule for vs in Judge().assess(picture, every, 0.0)[0].verdicts.values() for v in vs}
    less = tuple(rule for rule in RULES if rule.id != "node.ready")
    still = {v.rule for vs in Judge(rules=less).assess(picture, every, 0.0)[0].verdicts.values() for v in vs}
    assert said - still == {"node.ready"}
    told = Judge(sections=SECTIONS[1:]).assess(picture, every, 0.0)[0]
    assert [s.id for s in told.sections] == [s.id for s in SECTIONS[1:]]


# -- actions ----------------------------------------------------------------------------------------------------------


def families() -> list[ModuleType]:
    """Every module of actions that declares some."""
    found = (
        importlib.import_module(m.name) for m in pkgutil.walk_packages(actions.__path__, "tfdash.actions.")
    )
    return [m for m in found if isinstance(getattr(m, "ACTIONS", None), tuple)]


def test_every_action_that_a_module_declares_is_registered_once_and_in_no_other_way() -> None:
    declared = [action for module in families() for action in module.ACTIONS]
    assert sorted(a.id for a in declared) == sorted(ACTIONS)
    assert len(declared) == len(ACTIONS)
    assert all(ACTIONS[a.id] is a for a in declared)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_follows_from_its_entry(name: str) -> None:
    """Its title says noun and verb, its target has an executor, the configuration knows it as its freeze rule says, and
    what a person decides says what records it."""
    action = ACTIONS[name]
    assert re.fullmatch(r"[a-z]+(\.[a-z]+(-[a-z]+)*)", name) and ": " in action.title
    assert action.target in EXECUTORS
    cluster = action.target is Target.CLUSTER
    assert (action.record is None) is (cluster or action.target is Target.ARCHIVE)
    assert (wrong_id(name) == "") is cluster
    asks = wrong_for_second_person(f"production/{name}") == ""
    assert asks is (cluster and action.freeze is FreezeRule.FROZEN)
    assert set(action.needed) <= set(action.arguments)
    assert action.key == "" or action.key in {key for key, _, _ in VERBS}
    assert action.kinds


def test_every_target_is_somebodys() -> None:
    assert {action.target for action in ACTIONS.values()} == set(EXECUTORS)


def test_a_postcondition_has_one_meaning() -> None:
    by_id: dict[str, set[int]] = {}
    for action in ACTIONS.values():
        for post in action.posts:
            by_id.setdefault(post.id, set()).add(id(post))
    assert {name: len(meant) for name, meant in by_id.items() if len(meant) > 1} == {}
