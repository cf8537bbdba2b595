"""Every action is found by the words one types, on the page where it is offered."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from screens import commands
from screens.dialogs.offers import where_offered
from screens.frame.acting_screen import action_of, commands_of
from tests.unit.test_page_registrations import application
from tfdash.actions.core.action import Action
from tfdash.actions.registry import ACTIONS
from tfdash.model.action import Offer
from tfdash.model.subject import ClusterRef, Subject
from widgets.commands import Command, meant, proposals

OFFERED = [action for action in ACTIONS.values() if action.offered]
TAKEN = {"release": "canary"}  # a page is called so: it stays that page, and the action has its other words


def on_a_page_of(kind: str) -> Sequence[Command]:
    """All that can be said there when everything is offered that ever is together."""
    subject = Subject(ClusterRef("production", "eu-1"), kind, "shop", "x", uid="u")
    offers = [
        Offer(action=a.id, title=a.title, key=a.key, arguments=a.arguments)
        for a in OFFERED
        if kind in a.kinds
    ]
    return [*commands.commands(application()), *commands_of(offers, [subject])]


def said(action: Action, kind: str) -> list[str]:
    """What a person may type: its last word, the verb of its title, either behind the kind, the whole title, the id."""
    last, verb = action.id.rpartition(".")[2], action.title.rpartition(": ")[2]
    return [last, verb, f"{kind} {last}", f"{kind.lower()} {verb}", action.title, action.id]


@pytest.mark.parametrize(
    ("action", "kind"),
    [(a, kind) for a in OFFERED for kind in sorted(a.kinds)],
    ids=lambda value: value if isinstance(value, str) else value.id,
)
def test_an_action_is_done_by_its_words_in_full_and_proposed_by_their_beginning(
    action: Action, kind: str
) -> None:
    there = on_a_page_of(kind)
    for text in said(action, kind):
        found = meant(there, text)
        assert not isinstance(found, str), (text, found)
        assert found.command.id == TAKEN.get(text) or action_of(found.command) == action.id, text
        begun = text[:-1]
        assert action.id in [action_of(p.command) for p in proposals(there, begun)] or text in TAKEN, begun
        if not isinstance(
            less := meant(there, begun), str
        ):  # never by a beginning: then it is something else
            assert not action_of(less.command) or begun in (w for c in there for w in c.aliases), begun


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("partition 2", ("act.workload.partition", "2")),
        ("sts partition 2", ("act.workload.partition", "2")),
        ("statefulset partition", ("act.workload.partition", "")),
        ("move", "tab, then enter: move the partition changes something"),
        ("statefulset par", "tab, then enter: statefulset partition changes something"),
        ("statefulset shop", ("list.statefulsets", "shop")),
        ("statefulset", ("list.statefulsets", "")),
        ("rel", ("canary", "")),  # the page, although an action of the page begins so too
    ],
)
def test_words_of_an_action_take_nothing_from_the_pages(text: str, wanted: tuple[str, str] | str) -> None:
    found = meant(on_a_page_of("StatefulSet"), text)
    assert (found if isinstance(found, str) else (found.command.id, found.argument)) == wanted


@pytest.mark.parametrize("action", OFFERED, ids=lambda a: a.id)
def test_where_it_is_not_offered_it_is_said_where_it_is(action: Action) -> None:
    told = where_offered(action.id)
    assert "is not offered here, only on" in told and all(kind in told for kind in action.kinds)
    assert not where_offered("no-action")
