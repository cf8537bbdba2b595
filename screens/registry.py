"""Every page that there is and how one is made: those of ``tfdash.views.pages``, and a list for every kind."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from textual.screen import Screen

from tfdash.views.kinds import LISTS, VIEWS
from tfdash.views.pages import PAGES, ScreenSpec

_LIST = "screens.lists.list_screen:ListScreen"


def _lists() -> tuple[ScreenSpec, ...]:
    """A page for each kind; one that has a page of its own (a panel, a digit) keeps it."""
    own = {spec.id: spec for spec in PAGES}
    return tuple(
        own.get(view, ScreenSpec(view, VIEWS[view].noun, _LIST))._replace(
            command=title, aliases=words, wants=VIEWS[view].kinds, headless=True
        )
        for view, title, words in LISTS
    )


def _registered() -> dict[str, ScreenSpec]:
    lists = {spec.id: spec for spec in _lists()}
    tabs = [spec for spec in PAGES if spec.digit]
    others = [spec for spec in PAGES if not spec.digit]
    bare = [ScreenSpec(view.id, view.noun, _LIST) for view in VIEWS.values()]  # also what has no command
    return {spec.id: lists.get(spec.id, spec) for spec in (*tabs, *lists.values(), *others, *bare)}


SPECS: dict[str, ScreenSpec] = _registered()
"""Every page by its id, in the order of the palette: tabs, lists, the rest."""
TABS: tuple[ScreenSpec, ...] = tuple(sorted((s for s in PAGES if s.digit), key=lambda s: s.digit))


def page_id(name: str) -> str:
    """The page that a name or an alias means; "" for none, and for one that is about one object."""
    found = (s for s in SPECS.values() if s.command)
    return next((s.id for s in found if name == s.id or name in s.aliases), "")


def make(spec: ScreenSpec, *about: Any, **how: Any) -> Screen[None]:
    """The page, about what is given; its module is imported when the first of it is made."""
    if spec.id in VIEWS:
        about = (VIEWS[spec.id], *about)
    screen: Screen[None] = page_class(spec)(*about, **how)
    return screen


def page_class(spec: ScreenSpec) -> Any:
    """The class of a page that is there."""
    module, _, name = spec.opens.partition(":")
    return getattr(import_module(module if "screens." in module else f"screens.pages.{module}"), name)
