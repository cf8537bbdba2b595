"""A page is registered once and appears in every list that follows from it; a line taken out is missed."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from screens import commands, registry
from screens.app import TfdashApp
from screens.context import AppContext
from screens.frame.board_screen import BoardScreen
from screens.navigation import LIST
from screens.pages.program.help import HelpScreen
from tfdash.board.board import Board
from tfdash.clock import FixedClock
from tfdash.config.startup import UiSettings
from tfdash.playbook.registry import SECTIONS
from tfdash.views.kinds import VIEWS
from tfdash.views.pages import PAGES, ScreenSpec
from widgets.commands import proposals

ROOT = Path(__file__).resolve().parents[2]
SPECS = list(registry.SPECS.values())
THERE = [spec for spec in SPECS if spec.opens]
NAMED = [spec for spec in SPECS if spec.command]


def written() -> set[type]:
    """The pages that stand in ``screens/pages``."""
    found: set[type] = set()
    for path in (ROOT / "screens" / "pages").rglob("*.py"):
        module = import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        classes = (
            c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__
        )
        found.update(c for c in classes if issubclass(c, BoardScreen))
    return found


def test_every_page_is_registered() -> None:
    """The folder is the other witness: a line that is taken out is missed."""
    assert written() == {registry.page_class(spec) for spec in PAGES if spec.opens}


@pytest.mark.parametrize("spec", THERE, ids=lambda spec: spec.id)
def test_a_registration_leads_to_a_page(spec: ScreenSpec) -> None:
    assert issubclass(registry.page_class(spec), BoardScreen)


def test_no_two_pages_share_an_id_a_digit_or_a_name() -> None:
    ids = Counter(spec.id for spec in PAGES)
    digits = Counter(spec.digit for spec in PAGES if spec.digit)
    names = Counter(alias for entry in commands.ENTRIES.values() for alias in entry.aliases)
    assert {*ids.values(), *digits.values(), *names.values()} == {1}


def application(start: str = "overview") -> TfdashApp:
    clock = FixedClock(0.0)
    return TfdashApp(
        Board([], None, clock), AppContext(environment="production", clock=clock, ui=UiSettings(start=start))
    )


@pytest.mark.parametrize("entry", commands.ENTRIES.values(), ids=lambda entry: entry.id)
def test_a_command_is_in_the_palette_by_each_of_its_names_and_in_the_help(
    entry: commands.PaletteEntry,
) -> None:
    app = application()

    class Help(HelpScreen):
        shell = app  # type: ignore[assignment] # the real one, without a terminal

    found = app.commands()
    for alias in entry.aliases:
        assert proposals(found, alias)[0].command.id == entry.id
    assert entry.aliases and entry.title
    assert any(
        line.lstrip().startswith(f":{entry.aliases[0]} ") and entry.title in line for line in Help().lines()
    )


def test_no_command_takes_the_place_of_another() -> None:
    """By id: only a page of whose name there is a command with an argument gives way, and is opened without one."""
    pages = [f"list.{s.id}" if s.id in VIEWS else s.id for s in NAMED]
    ids = Counter([*pages, *(entry.id for entry in commands._ENTRIES)])
    assert [i for i, count in ids.items() if count > 1] == ["environments"]
    assert ids.keys() == commands.ENTRIES.keys()


def test_a_command_that_the_program_names_is_there() -> None:
    """The sentences are the other witness: a line that is taken out is missed."""
    files = [ROOT / "README.md", ROOT / "config.example.toml", *(ROOT / "screens").rglob("*.py")]
    word = re.compile(r"(?<=[ (`\"]):([a-z][a-z-]+)(?=[ `\"',;.)])")
    named = {found for path in files for found in word.findall(path.read_text("utf-8"))}
    known = {alias for entry in commands.ENTRIES.values() for alias in entry.aliases}
    served = {"cm", "crd"}  # kinds that only a server names
    assert {"elevate", "break-glass", "decide", "sign"} <= named <= known | served


def test_the_digits_are_the_playbooks_sections() -> None:
    assert [(spec.digit, spec.title) for spec in registry.TABS] == [
        ("1", "Overview"),
        ("2", "Deployments"),
        ("3", "Canary"),
        ("4", "Resources"),
        ("5", "Calendar"),
        ("6", "Recovery"),
        ("7", "Database"),
        ("8", "Incidents"),
        ("9", "Nodes"),  # until Security is there
    ]


def test_each_digit_is_a_key_whose_name_follows_from_the_page() -> None:
    bound = {b.key: (b.action, b.id) for b in BoardScreen.BINDINGS if not isinstance(b, tuple)}
    for spec in registry.TABS:
        assert bound[spec.digit] == (f"app.tab('{spec.id}')", f"tab.{spec.id}")


@pytest.mark.parametrize("spec", NAMED, ids=lambda spec: spec.id)
def test_a_page_with_a_command_is_found_by_each_of_its_names(spec: ScreenSpec) -> None:
    entry = commands.ENTRIES[f"list.{spec.id}" if spec.id in VIEWS else spec.id]
    assert (entry.title, entry.aliases) == (spec.command, spec.aliases)
    for name in (spec.id, *spec.aliases):
        assert registry.page_id(name) == spec.id


def test_what_is_about_one_object_is_opened_from_there_alone() -> None:
    for spec in PAGES:
        if not spec.command and spec.id not in VIEWS:
            assert not registry.page_id(spec.id) and not spec.aliases and spec.id not in commands.ENTRIES


@pytest.mark.parametrize("spec", NAMED, ids=lambda spec: spec.id)
def test_the_program_can_begin_with_every_page_that_has_a_command(spec: ScreenSpec) -> None:
    clock = FixedClock(0.0)
    context = AppContext(environment="production", clock=clock, ui=UiSettings(start=spec.aliases[0]))
    app = TfdashApp(Board([], None, clock), context)
    begun = app._list_view if app.DEFAULT_MODE == LIST else app._first_page or app.DEFAULT_MODE
    assert begun == spec.id


def test_every_section_of_the_playbook_stands_on_a_tab_and_leads_to_a_page() -> None:
    placed = {section for spec in registry.TABS for section in (spec.id, *spec.sections)}
    assert all(s.id in placed or s.target in placed for s in SECTIONS)
    assert all(registry.page_id(s.target) for s in SECTIONS)
