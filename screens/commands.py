"""What ``:`` understands: every page by its names, and the commands of this table. A command is one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from screens.registry import SPECS
from screens.shell import Shell
from tfdash.model.resources import known_kind
from tfdash.namespaces import LABEL
from tfdash.text import safe
from tfdash.views import says
from tfdash.views.kinds import VIEWS, view_named
from tfdash.views.pages import ScreenSpec
from tfdash.views.served_kinds import FRESH, OLD
from widgets.commands import Command
from widgets.theme import NAMES
from widgets.workers import begin


class PaletteEntry(NamedTuple):
    """``title`` is "noun: verb"; the first alias is the usual one. ``does`` gets what was typed behind it, which is
    called ``argument`` and may be one of ``choices``. What ``changes`` something is only done by its name in full."""

    id: str
    title: str
    aliases: tuple[str, ...]
    help: str
    does: Callable[[Shell, str], None]
    argument: str = ""
    choices: Callable[[Shell], Iterable[str]] | None = None
    changes: bool = False


# -- what the entries do ----------------------------------------------------------------------------------------


def _open(page: str, shell: Shell, argument: str) -> None:
    shell.open(page)


def _list(view: str, shell: Shell, argument: str) -> None:
    """``po``, ``po tf-production``, ``po all``, ``po /web``."""
    wanted = _choose_place(shell, argument)
    if wanted is None:
        return
    if view == "namespaces" and argument.partition("/")[0].strip():
        shell.show_chosen_namespaces()
    else:
        shell.open(view, filter_text=wanted)


_TOP = {"pods": "cpu", "nodes": "cpu_now"}
"""Lists that are opened by what is used, and by which of their columns."""


def _top(shell: Shell, argument: str) -> None:
    """``po``, ``no tf-production /web``: as ``kubectl top``, the greatest use of CPU first."""
    word, _, place = argument.strip().partition(" ")
    view = view_named(word or "po")
    if view is None or view.id not in _TOP:
        shell.tell(f"top shows pods or nodes, and not {safe(word)}: :top po, :top no", "warning")
        return
    wanted = _choose_place(shell, place)
    if wanted is not None:
        shell.open(view.id, filter_text=wanted, sort=_TOP[view.id])


def _choose_place(shell: Shell, argument: str) -> str | None:
    """Choose the namespace that stands in ``NAMESPACE /FILTER``; returns the filter, None where there is no such namespace."""
    place, slash, wanted = argument.partition("/")
    place = place.strip()
    if place and not LABEL.fullmatch(place):
        shell.tell(
            f"{safe(place)} can be no namespace; a filter stands behind a / (:po tf-prod /web)", "warning"
        )
        return None
    if place:
        known = shell.board.picture.clusters.values()
        if place != "all" and (unknown := says.unknown_namespace(known, (place,))):
            shell.tell(unknown, "warning")
            if says.namespaces_are_known(known):
                return None
        shell.choose_namespaces(None if place == "all" else (place,))
    return wanted if slash else ""


def _list_kind(id: str, shell: Shell, argument: str) -> None:
    wanted = _choose_place(shell, argument)
    if wanted is not None:
        shell.open_kind(id, wanted)


async def find_kind(shell: Shell, text: str) -> tuple[str, str] | str:
    """The command, and what is behind it, that lists the kind which the first word means to the server; or why none."""
    word, _, argument = text.strip().partition(" ")
    found = None
    for max_age in (OLD, FRESH):  # it may have been installed since
        await shell.kinds.look(max_age)
        found = shell.kinds.meant(word)
        if found is not None:
            break
    if found is None:
        return f"no such command, and {shell.kinds.unknown(word)}"
    id, resource = found
    if not resource.listable:
        return f"{safe(id)} cannot be listed, only: {safe(', '.join(resource.verbs))}"
    if also := shell.kinds.also(word, resource):
        shell.tell(f"{safe(word)} is {safe(id)}; there is also {safe(', '.join(also))}")
    return f"kind.{id}", argument.strip()


def _environments(shell: Shell, argument: str) -> None:
    if argument:
        shell.use_environment(argument)
    else:
        shell.open("environments")


def _alias(word: str, shell: Shell, argument: str) -> None:
    """What the user's word stands for, and what was typed behind it."""
    text = f"{shell.context.ui.aliases.get(word, '')} {argument}".strip()
    named, _, rest = text.partition(" ")
    found = next((e for e in ENTRIES.values() if named in e.aliases), None)
    if found is None:
        begin(shell, partial(_served, word, shell, text), "kinds")
    else:
        found.does(shell, rest.strip())


async def _served(word: str, shell: Shell, text: str) -> None:
    """An alias of a kind that only the server knows."""
    found = await find_kind(shell, text)
    if isinstance(found, str):
        shell.tell(f":{safe(word)} stands for {safe(text)}: {found}", "warning")
    else:
        do(shell, *found)


def _break_glass(shell: Shell, argument: str) -> None:
    from screens.dialogs import break_glass  # these bring what the first frame does not need

    break_glass.begin(shell, argument)


def _bundle(shell: Shell, last: str) -> None:
    from screens.frame.bundle import make_bundle

    shown = shell.context.clock.now() if shell.context.bundle_at else None
    shell.tell(*make_bundle(shell, shell.context.bundle, last.strip(), shown))


def _decide(command: str, shell: Shell, argument: str) -> None:
    from screens.dialogs import decide

    decide.begin(command, shell, argument)


def _procedures(shell: Shell, argument: str) -> None:
    from screens.procedures import begin_start

    if argument.strip():
        begin_start(shell, argument.strip())
    else:
        shell.open("recovery", view="procedures")


def _procedures_there(shell: Shell) -> Iterable[str]:
    return [p.id for p in shell.context.runs.procedures()] if shell.context.runs is not None else []


def _releases(shell: Shell) -> Iterable[str]:
    from screens.dialogs import decide

    return decide.names(shell)


def _places(shell: Shell) -> Iterable[str]:
    return (*shell.context.environments, *shell.context.contexts())


def _namespaces(shell: Shell) -> Iterable[str]:
    return ("all", *sorted(says.namespaces_of(shell.board.picture.clusters.values())))


# -- the table --------------------------------------------------------------------------------------------------

_ENTRIES: tuple[PaletteEntry, ...] = (
    PaletteEntry(
        "environments",  # the page of that name, or with an argument there at once
        SPECS["environments"].command,
        SPECS["environments"].aliases,
        SPECS["environments"].help,
        _environments,
        "environment",
        _places,
    ),
    PaletteEntry(
        "elevate",
        "acting: elevate",
        ("elevate", "sudo"),
        "starts anew, to act for a time",
        lambda shell, _: shell.start_elevated(),
        changes=True,
    ),
    PaletteEntry(
        "break-glass",
        "break-glass: open",
        ("break-glass", "glass"),
        "waives calendar and second person for 60 minutes; with end: ends it",
        _break_glass,
        "end",
        lambda shell: ("end",),
        changes=True,
    ),
    PaletteEntry(
        "review",
        "break-glass: review",
        ("review",),
        "somebody else says that they looked at what was done under it",
        lambda shell, _: _break_glass(shell, "review"),
        changes=True,
    ),
    PaletteEntry(
        "decide",
        "rollback: decide",
        ("decide",),
        "a person decides to roll back, with a reason; or takes it back",
        partial(_decide, "decide"),
        "release",
        _releases,
        changes=True,
    ),
    PaletteEntry(
        "overrule",
        "release: go on in spite of a BREACH",
        ("overrule",),
        "two persons decide to go on, with a reason: HOLD, never PASS",
        partial(_decide, "overrule"),
        "release",
        _releases,
        changes=True,
    ),
    PaletteEntry(
        "sign",
        "release: sign as verified",
        ("sign",),
        "a person signs what serves as last verified good",
        partial(_decide, "sign"),
        "release",
        _releases,
        changes=True,
    ),
    PaletteEntry(
        "progress",
        "action: what was begun last",
        ("progress",),
        "stages, postconditions, outcome",
        lambda shell, _: shell.show_progress(),
    ),
    PaletteEntry(
        "top",
        "usage: most CPU first",
        ("top",),
        "pods or nodes by what they use",
        _top,
        "po or no",
        lambda shell: ("po", "no"),
    ),
    PaletteEntry(
        "rightsize",
        "right-sizing: what workloads should ask for",
        ("rightsize", "sizing"),
        "by their history; on the page of resources",
        lambda shell, _: shell.open("resources", view="rightsize"),
    ),
    PaletteEntry(
        "procedures",
        "procedures: list, or start one",
        ("procedures", "procedure", "playbook"),
        "all that are there; with a name: start that one",
        _procedures,
        "procedure",
        _procedures_there,
    ),
    PaletteEntry(
        "bundle",
        "incident: bundle of the last minutes",
        ("incident-bundle", "incident"),
        "one file for who was not there, listed first; with --anonymise by aliases",
        _bundle,
        "30m",
        lambda shell: ("10m", "30m", "2h", "30m --anonymise"),
    ),
    PaletteEntry(
        "theme",
        "theme: choose",
        ("theme", "skin"),
        ", ".join(NAMES),
        lambda shell, name: shell.use_theme(name),
        "theme",
        lambda shell: tuple(NAMES),
    ),
    PaletteEntry(
        "quit",
        "tfdash: quit",
        ("q", "quit", "q!", "qa", "exit"),
        "ctrl+c does the same",
        lambda shell, _: shell.leave(),
    ),
)


def _page(spec: ScreenSpec) -> PaletteEntry:
    """The entry that follows from a page's registration."""
    if spec.id not in VIEWS:
        return PaletteEntry(spec.id, spec.command, spec.aliases, spec.help, partial(_open, spec.id))
    id_, does = f"list.{spec.id}", partial(_list, spec.id)
    if spec.id == "namespaces":
        help_ = "with a name: show that one"
    elif VIEWS[spec.id].namespaced:
        help_ = "in a namespace, or all"
    else:
        return PaletteEntry(id_, spec.command, spec.aliases, "", does)
    return PaletteEntry(id_, spec.command, spec.aliases, help_, does, "namespace", _namespaces)


ENTRIES: dict[str, PaletteEntry] = {
    entry.id: entry for entry in (*(_page(spec) for spec in SPECS.values() if spec.command), *_ENTRIES)
}
"""By id: pages in the order of their registration, then what is no page."""


# -- for the prompt ---------------------------------------------------------------------------------------------


def commands(shell: Shell) -> list[Command]:
    """All of them. The user's own aliases (``prod`` -> ``po tf-production``) come last."""
    found = [
        Command(e.id, e.title, e.aliases, e.help, e.argument, _proposing(shell, e), changes=e.changes)
        for e in ENTRIES.values()
    ]
    changing = {alias for c in found if c.changes for alias in c.aliases}
    own = shell.context.ui.aliases.items()
    found += [
        Command(
            f"alias.{word}",
            f"alias: {text}",
            (word,),
            "yours",
            changes=" ".join(text.split()[:1]) in changing,
        )
        for word, text in own
    ]
    found += [
        Command(
            f"kind.{id}",
            f"{safe(id)}: list",
            tuple(dict.fromkeys(safe(n) for n in (r.resource, *r.short, r.kind.lower(), id))),
            "as the server prints it",
            "namespace" if r.namespaced else "",
            partial(_namespaces_typed, shell) if r.namespaced else None,
            yields=True,
        )
        for id, r in shell.kinds.every().items()
        if not known_kind(r, id)
    ]
    return found


def _namespaces_typed(shell: Shell, typed: str) -> list[str]:
    return [text for text in _namespaces(shell) if typed.lower() in text.lower()]


def _proposing(shell: Shell, entry: PaletteEntry) -> Callable[[str], list[str]] | None:
    choices = entry.choices
    if choices is None:
        return None
    return lambda typed: [text for text in choices(shell) if typed.lower() in text.lower()]


def do(shell: Shell, command: str, argument: str) -> None:
    """Do what the command of that id does."""
    area, _, word = command.partition(".")
    if area == "kind":
        _list_kind(word, shell, argument)
    elif area == "alias":
        _alias(word, shell, argument)
    elif command in ENTRIES:
        ENTRIES[command].does(shell, argument)
