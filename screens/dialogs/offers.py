"""Actions that no key leads to: as something that a dialog may ask, and as what is said after ``:``."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.actions.core.action import Action
from tfdash.actions.registry import ACTIONS
from tfdash.model.action import Offer
from tfdash.model.kinds import KINDS
from tfdash.model.maintenance import KIND as MAINTENANCE
from tfdash.model.subject import Subject
from tfdash.text import safe
from tfdash.views.action_words import words_of
from tfdash.views.plan import objects_named, verb_of

PLACEHOLDERS = {
    "replicas": "how many",
    **dict.fromkeys(("cpu_request", "cpu_limit"), "as it is; else like 250m, or none"),
    **dict.fromkeys(("memory_request", "memory_limit"), "as it is; else like 256Mi, or none"),
    "all": "no; yes: more pods than the cap of one action",
    "force": "no; yes: also pods that nothing starts anew",
    "delete_emptydir_data": "no; yes: also pods whose local data is lost",
    "container": "the first one",
    "workload.set-resources/container": "the only one",
    "command": "the shell of the configuration",
    "done": "now; else like 2026-11-26 10:30",
    "maintenance.waive/until": "the end of a day, like 2026-12-31, or a time",
    **dict.fromkeys(("note", "link"), "none"),
    "digest": "none; else what sha256sum says of the file",
    "ports": "a free local one to the first declared; else like 8080:80",
}
"""What an argument is where it is left empty, or how it is written: of every action, or of one."""


LISTED = {MAINTENANCE: ":calendar"}
"""Where what is no kind of Kubernetes is listed."""


def placeholder_of(action: str, argument: str) -> str:
    """What stands in an empty field."""
    return PLACEHOLDERS.get(f"{action}/{argument}") or PLACEHOLDERS.get(argument, "left to the plan")


def slug(argument: str) -> str:
    """An argument's name as a part of a widget's id."""
    return "".join(c if c.isalnum() else "-" for c in argument)


def offer_of(action: str) -> Offer:
    """By its id."""
    return Offer(action=action, title=ACTIONS[action].title, key="")


def where_offered(text: str, subjects: Sequence[Subject] = ()) -> str:
    """Where the action that ``text`` begins with is offered, if not on ``subjects``; "" for what is no such action."""
    said = " ".join(text.lower().split())
    named = [a for a in ACTIONS.values() if a.offered and _says(said, a)]
    if not named:
        return ""
    verb, kinds = verb_of(named[0].title), sorted({kind for action in named for kind in action.kinds})
    if subjects and all(s.kind in kinds for s in subjects):
        return f"{verb} is not offered for {safe(objects_named(subjects))} now; a shows what is"
    lists = (LISTED.get(kind) or f":{KINDS[kind].aliases[0]}" for kind in kinds if _has_list(kind))
    return f"{verb} is not offered here, only on {_either(kinds)} ({', '.join(lists)})"


def _has_list(kind: str) -> bool:
    return kind in LISTED or bool(KINDS[kind].aliases)


def _says(said: str, action: Action) -> bool:
    words = words_of(action.id, action.title, action.kinds)
    return any(said == word or said.startswith(f"{word} ") for word in words)


def _either(kinds: Sequence[str]) -> str:
    named = [f"{'an' if kind[0] in 'AEIO' else 'a'} {kind}" for kind in kinds]
    return " or ".join(part for part in (", ".join(named[:-1]), named[-1]) if part)
