"""What many applications in one process need not do again: parse the same style sheets, find the rules of the same node, and
paint frames that nobody sees.

Half of the time of a terminal test went there. Nothing is left out of what a test looks at: ``screen_text`` renders the whole
screen, and what is found once is found under everything that a selector can ask for. Textual is pinned exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.screen import Screen

# -- style sheets ---------------------------------------------------------------------------------------------------

_parse_rules = Stylesheet._parse_rules
_apply = Stylesheet.apply
_replace_rules = Stylesheet.replace_rules.__func__  # type: ignore[attr-defined]

FLAGS = ("_has_hover_style", "_has_focus_within", "_has_order_style", "_has_odd_or_even")
OF_THE_APP = ("dark", "light", "inline", "ansi", "nocolor")  # pseudo classes that are the same of every node

_parsed: dict[Any, Any] = {}
_sheets: dict[tuple[int, ...], tuple[int, tuple[str, ...]]] = {}
_matched: dict[Any, tuple[tuple[bool, ...], Any]] = {}


@dataclass
class _Asked:
    """A node that is given its rules at this moment."""

    node: DOMNode
    key: Any
    rules: Any = None


_asked: list[_Asked] = []


def _parse_once(sheet: Stylesheet, *args: Any, **kwargs: Any) -> Any:
    """The rules of a style sheet under the same variables."""
    key = (args, tuple(kwargs.items()), tuple(sheet._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, *args, **kwargs)
    return _parsed[key]


def _sheet(sheet: Stylesheet) -> tuple[int, tuple[str, ...]]:
    """A number for these rules, and the pseudo classes that they ask for. ``_parsed`` keeps each rule alive."""
    rules = sheet.rules
    known: tuple[Any, Any] | None = vars(sheet).get("_known")
    if known is None or known[0] is not rules:
        key = tuple(map(id, rules))
        if key not in _sheets:
            _sheets[key] = (
                len(_sheets),
                tuple(sorted({name for rule in rules for name in rule.pseudo_classes})),
            )
        vars(sheet)["_known"] = known = (rules, _sheets[key])
    found: tuple[int, tuple[str, ...]] = known[1]
    return found


def _key(sheet: Stylesheet, node: DOMNode) -> Any:
    """All that a selector can ask of a node and of those that it stands in."""
    if _asked and type(node) is DOMNode and node._parent is _asked[-1].node:
        return _asked[-1].key, frozenset(node._classes)  # a component class: asked of where it stands
    number, pseudo = _sheet(sheet)
    path = []
    for asked in node.css_path_nodes:
        has: Any = asked._PSEUDO_CLASSES
        states = tuple(has[name](asked) for name in pseudo if name in has and name not in OF_THE_APP)
        path.append((type(asked), asked._id, frozenset(asked._classes), states))
    of_the_app: Any = node.app._PSEUDO_CLASSES
    return number, tuple(of_the_app[name](node.app) for name in OF_THE_APP if name in of_the_app), *path


def _apply_once(sheet: Stylesheet, node: DOMNode, *, animate: bool = False, cache: Any = None) -> None:
    """Where a node of the same kind stood in the same place before, its rules are known."""
    asked = _Asked(node, _key(sheet, node))
    _asked.append(asked)
    try:
        if asked.key not in _matched:
            _apply(sheet, node, animate=animate, cache=cache)
            _matched[asked.key] = tuple(getattr(node, name) for name in FLAGS), asked.rules
            return
        flags, rules = _matched[asked.key]
        for name, value in zip(FLAGS, flags, strict=True):
            setattr(node, name, value)
        if rules is not None:
            sheet.replace_rules(node, rules, animate=animate)
        sheet._process_component_classes(node)
    finally:
        _asked.pop()


def _replace_and_note(cls: type[Stylesheet], node: DOMNode, rules: Any, animate: bool = False) -> None:
    if _asked and _asked[-1].node is node and _asked[-1].rules is None:
        _asked[-1].rules = dict(rules)
    _replace_rules(cls, node, rules, animate=animate)


# -- frames ---------------------------------------------------------------------------------------------------------

_compositor_refresh = Screen._compositor_refresh


def _paint_for_nobody(screen: Screen[Any]) -> None:
    """What is done around the painting of a frame, without a terminal that would show it."""
    app = screen.app
    if not app.is_headless or app.is_inline or screen is not app.screen:
        _compositor_refresh(screen)
        return
    screen._compositor._dirty_regions.clear()
    screen._dirty_widgets.clear()
    app._update_mouse_over(screen)


@contextmanager
def frames_painted() -> Iterator[None]:
    with patch.object(Screen, "_compositor_refresh", _compositor_refresh):
        yield


@contextmanager
def once() -> Iterator[None]:
    with (
        patch.object(Stylesheet, "_parse_rules", _parse_once),
        patch.object(Stylesheet, "apply", _apply_once),
        patch.object(Stylesheet, "replace_rules", classmethod(_replace_and_note)),
        patch.object(Screen, "_compositor_refresh", _paint_for_nobody),
    ):
        yield


__all__ = ["frames_painted", "once"]
