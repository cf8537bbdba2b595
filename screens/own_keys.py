"""What a user may name in [ui]: binding ids, keys and commands. For ``tfdash config check``; imports every page."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable, Iterator
from importlib import import_module

from textual.dom import DOMNode
from textual.keys import Keys, key_to_character

import screens
import widgets
from screens.commands import ENTRIES
from screens.registry import page_id
from tfdash.config.startup import UiSettings
from tfdash.spelling import alike, nearest

_KIND = re.compile(r"[a-z]([-a-z0-9.]*[a-z0-9])?")
_MISSPELT = 0.82  # how alike a command and a typing error of it are at least
_MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
_NAMED = {key.value for key in Keys} | {"plus"}


def binding_ids() -> frozenset[str]:
    """The ids of all bindings of ours."""
    for package in (screens, widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    return frozenset(
        binding.id
        for kind in _kinds(DOMNode)
        if kind.__module__.startswith(("screens.", "widgets."))
        for binding in vars(kind).get("BINDINGS", ())
        if getattr(binding, "id", None)
    )


def _kinds(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from _kinds(inner)


def wrong(ui: UiSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each key of [ui] that names what there is not, and why."""
    if not page_id(ui.start):
        pages = sorted({alias for entry in ENTRIES.values() for alias in entry.aliases if page_id(alias)})
        yield ("start",), f'no page is called "{ui.start}"; {nearest(ui.start, pages)}'
    ids = binding_ids() if ui.keys else frozenset[str]()
    for name, keys in ui.keys.items():
        if name not in ids:
            yield ("keys", name), f"no key has this id; {_near(name, ids)} (all of them stand in the help, ?)"
        elif bad := next((key for key in keys.split(",") if keys and not _is_key(key.strip())), None):
            yield (
                ("keys", name),
                f'"{bad}" is no key; write it as "L", "ctrl+l", "f5", "question_mark" or "a,b"',
            )
    commands = {alias for entry in ENTRIES.values() for alias in entry.aliases}
    for word, text in ui.aliases.items():
        named = text.split()[:1]
        if word in commands:
            yield ("aliases", word), f":{word} is a command already; choose another name"
        elif " " in word or not word:
            yield ("aliases", word), "an alias is one word"
        elif not named or (named[0] not in commands and not _may_be_a_kind(named[0], commands)):
            yield ("aliases", word), f'"{text}" begins with no command; {_near("".join(named), commands)}'


def _may_be_a_kind(word: str, commands: Iterable[str]) -> bool:
    """Whether a server may have a kind of that name (``cm``, ``externalsecrets.external-secrets.io``): not what is a command misspelt."""
    close = alike(word, commands, 1, _MISSPELT)
    return bool(_KIND.fullmatch(word)) and not any(abs(len(word) - len(one)) < 2 for one in close)


def _near(name: str, known: frozenset[str] | set[str]) -> str:
    """The nearest, or what there is in its group: all of them are too many for a line."""
    told = nearest(name, known)
    if told.startswith("did"):
        return told
    group = sorted(one for one in known if one.partition(".")[0] == name.partition(".")[0])
    return f"there is: {', '.join(group)}" if group and "." in name else "look it up in the help"


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+")
    return set(modifiers) <= _MODIFIERS and (
        len(last) == 1 or last in _NAMED or key_to_character(last) is not None
    )
