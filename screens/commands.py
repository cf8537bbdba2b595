"""What ``:`` understands: names of lists as kubectl and k9s have them, and a few words of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tfdash.views.kinds import LISTS, VIEWS
from widgets.commands import Command


def view_id(name: str) -> str:
    """The id of the view that a name or an alias means; "" for none."""
    return next((view for view, _, aliases in LISTS if name == view or name in aliases), "")


def commands(
    namespaces: Callable[[], Iterable[str]],
    places: Callable[[], Iterable[str]],
    themes: Iterable[str],
    aliases: Mapping[str, str],
    releases: Callable[[], Iterable[str]] = tuple,
) -> list[Command]:
    """All of them. ``places`` are environments and contexts. ``aliases`` are the user's own: a word and what it stands for (``prod`` -> ``po tf-production``)."""

    def matching(texts: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
        return lambda typed: [text for text in texts() if typed.lower() in text.lower()]

    theme_names = tuple(themes)
    where = matching(lambda: ("all", *sorted(namespaces())))
    found = [
        Command("overview", "overview: open", ("overview", "pulse"), "the playbook's sections, worst first")
    ]
    found.append(
        Command(
            "canary",
            "canary: open",
            ("canary", "release", "releases"),
            "releases in flight and their verdict",
        )
    )
    for view, title, words in LISTS:
        if view == "namespaces":
            found.append(
                Command("list.namespaces", title, words, "with a name: show that one", "namespace", where)
            )
        elif not VIEWS[view].namespaced:
            found.append(Command(f"list.{view}", title, words))
        else:
            found.append(Command(f"list.{view}", title, words, "in a namespace, or all", "namespace", where))
    found += [
        Command(
            "environments",
            "environment: list or switch",
            ("ctx", "env", "context", "contexts", "environments"),
            "environments of the configuration, contexts of the kubeconfig",
            "environment",
            matching(places),
        ),
        Command(
            "elevate", "acting: elevate", ("elevate", "sudo"), "starts anew, to act for a time", changes=True
        ),
        Command(
            "sources",
            "sources: how fresh each is",
            ("sources", "src", "about"),
            "data sources and their ages",
        ),
        Command(
            "changes", "changes: who changed what", ("changes", "changed"), "the last hours, as differences"
        ),
        Command("messages", "messages: what was told", ("messages", "msg"), "the newest 500"),
        Command(
            "audit", "audit log: open", ("audit", "log"), "what was done, refused and approved, newest first"
        ),
        Command(
            "approvals", "approvals: list", ("approvals", "approve"), "plans that wait for a second person"
        ),
        Command(
            "unsettled",
            "actions: settle what was left",
            ("unsettled", "settle"),
            "intents without an outcome",
        ),
        Command(
            "calendar",
            "calendar: open",
            ("calendar", "cal", "slots"),
            "may we release now, and the next five slots",
        ),
        Command(
            "break-glass",
            "break-glass: open",
            ("break-glass", "glass"),
            "waives calendar and second person for 60 minutes; with end: ends it",
            "end",
            lambda typed: [w for w in ("end",) if w.startswith(typed.lower())],
            changes=True,
        ),
        Command(
            "decide",
            "rollback: decide",
            ("decide",),
            "a person decides to roll back, with a reason; or takes it back",
            "release",
            matching(releases),
            changes=True,
        ),
        Command(
            "sign",
            "release: sign as verified",
            ("sign",),
            "a person signs what serves as last verified good",
            "release",
            matching(releases),
            changes=True,
        ),
        Command("progress", "action: what was begun last", ("progress",), "stages, postconditions, outcome"),
        Command("help", "help: keys and commands", ("help", "h", "?"), "the keys that work here"),
        Command(
            "theme",
            "theme: choose",
            ("theme", "skin"),
            ", ".join(theme_names),
            "theme",
            matching(lambda: theme_names),
        ),
        Command("quit", "tfdash: quit", ("q", "quit", "q!", "qa", "exit"), "ctrl+c does the same"),
    ]
    changing = {alias for c in found if c.changes for alias in c.aliases}
    found += [
        Command(f"alias.{word}", f"alias: {text}", (word,), "yours", changes=text.split(" ")[0] in changing)
        for word, text in aliases.items()
    ]
    return found
