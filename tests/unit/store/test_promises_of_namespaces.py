"""A promise that is kept for each namespace with some labels: each has its own state, one that is gone is withdrawn, one of which nothing
can be read is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.playbook.making import REF
from tests.unit.store.helpers import Clock, opened
from tests.unit.store.test_rules_on_record import DRILL, HOUR, MISSED, NOW, Terminal, closed
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.model.kubecluster import Namespace
from tfdash.model.maintenance import ItemStanding, item_subject
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.maintenance.spaces import MANY

PAYMENTS = DRILL | {"per": "namespace", "selector": "team=payments,tier in (db,web)"}


def space(name: str, **labels: str) -> Namespace:
    return Namespace(namespace="", name=name, labels=labels)


def at(name: str) -> Subject:
    return item_subject("drill", REF.environment, REF.cluster, name)


THREE = (
    space("pay-db", team="payments", tier="db"),
    space("pay-web", team="payments", tier="web"),
    space("shop", team="shop", tier="web"),
)


async def test_each_namespace_that_fits_has_a_state_of_its_own(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    terminal = Terminal(made, clock, drill=PAYMENTS)
    terminal.objects = THREE
    assert set(await terminal.looks()) == {at("pay-db"), at("pay-web")}
    await terminal.signs(at("pay-db"), NOW - HOUR)
    states = await terminal.looks()
    assert states[at("pay-db")].standing is ItemStanding.DONE
    assert states[at("pay-web")].standing is ItemStanding.OVERDUE
    assert len(await terminal.entries()) == 2  # the rule of both, and the signature
    made.store.close()


async def test_one_that_is_gone_is_withdrawn_and_comes_back(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    terminal = Terminal(made, clock, drill=PAYMENTS)
    terminal.objects = THREE
    await terminal.looks()
    for number in range(2):
        terminal.objects = THREE[1:]
        clock.at += 2 * HOUR
        gone = (await terminal.looks())[at("pay-db")]
        assert gone.standing is ItemStanding.WITHDRAWN and closed(gone) == MISSED
        assert sum("kept no longer" in e for e in await terminal.entries()) == number + 1
        terminal.objects = THREE
        clock.at += 2 * HOUR
        assert (await terminal.looks())[at("pay-db")].standing is ItemStanding.OVERDUE
    made.store.close()


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause="may not list")), "may not list"),
        (Observation(), "not read yet"),
    ],
)
async def test_where_they_cannot_be_read_what_is_on_record_is_kept_and_not_known(
    tmp_path: Path, seen: Observation[object], why: str
) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    terminal = Terminal(made, clock, drill=PAYMENTS)
    terminal.objects = THREE
    await terminal.looks()
    await terminal.signs(at("pay-db"), NOW - HOUR)
    await terminal.looks()
    terminal.objects, terminal.kinds = (), {"Namespace": seen}
    states = await terminal.looks()
    assert set(states) == {at("pay-db"), at("pay-web")}
    assert {s.level for s in states.values()} == {Level.UNKNOWN}
    assert all(why in s.words for s in states.values()) and closed(states[at("pay-web")]) == MISSED
    assert len(await terminal.entries()) == 2
    made.store.close()


async def test_where_nothing_is_on_record_either_the_cluster_itself_is_not_known(tmp_path: Path) -> None:
    clock = Clock(NOW)
    made = opened(tmp_path, clock)
    terminal = Terminal(made, clock, drill=PAYMENTS)
    terminal.kinds = {"Namespace": Observation()}
    [state] = (await terminal.looks()).values()
    assert (state.subject, state.level) == (at(""), Level.UNKNOWN)
    terminal.kinds = {}
    terminal.objects = tuple(space(f"n{n}", team="payments", tier="db") for n in range(MANY + 1))
    [state] = (await terminal.looks()).values()
    assert state.level is Level.UNKNOWN and "more than 500: narrow it" in state.words
    terminal.objects = THREE[2:]
    [state] = (await terminal.looks()).values()
    assert (state.standing, state.level) == (ItemStanding.NOTHING, Level.IDLE)
    assert state.words == 'nothing to do: no namespace has the labels "team=payments,tier in (db,web)"'
    assert await terminal.entries() == []
    made.store.close()


@pytest.mark.parametrize(
    ("given", "key", "told"),
    [
        ('selector = "a=b"', "selector", 'counts where per = "namespace"'),
        ('per = "namespace"\nselector = "a in (b"', "selector", "a parenthesis is not closed"),
        ('per = "namespace"\nselector = "a b"', "selector", "write a=b"),
        ('per = "namespace"\nselector = 3', "selector", "is no text"),
        ('per = "namespace"\nplaces = ["x"]', "places", "whose places are namespaces"),
        ('per = "namespace"\nevidence = "live"\nlive = "root-ca"', "per", 'write "cluster"'),
    ],
)
def test_what_a_selector_cannot_be_is_a_fault_of_the_configuration(given: str, key: str, told: str) -> None:
    text = f'[maintenance.items.drill]\nwhen = "each month"\ntitle = "Drill"\n{given}\n'
    with pytest.raises(ConfigError) as fault:
        parse(text, "c.toml")
    assert f"maintenance.items.drill.{key}" in str(fault.value) and told in str(fault.value)
