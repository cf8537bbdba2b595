"""One target, one run: what an open run holds, and what meets it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.procedures.running import TEXT, Run
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.procedures.holding import holders, meets, said
from tfdash.playbook.procedures.reading import digest_of
from tfdash.playbook.procedures.subject_text import subject_in

HERE = ClusterRef("production", "eu-1")
HOLDS = 'recovery = true\nholds = ["Deployment shop/web"]\n'


def at(text: str, cluster: ClusterRef = HERE) -> Subject:
    found = subject_in(text, cluster)
    assert found is not None
    return found


def recovery(**data: Any) -> Run:
    text = TEXT.replace("recovery = true\n", HOLDS)
    return Run(text, **{"environment": "production", "cluster": "eu-1", **data})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Deployment shop/web", "Deployment shop/web", True),
        ("Deployment shop/web", "Deployment shop/cart", False),
        ("Deployment shop/web", "Deployment pay/web", False),
        ("Deployment shop/web", "StatefulSet shop/web", False),
        ("Deployment shop/web", "Canary shop/web", True),
        ("Deployment shop/web", "HorizontalPodAutoscaler shop/web", True),
        ("Deployment shop/web", "Rollout shop/web", True),
        ("Deployment shop/web", "ScaledObject shop/web", True),
        ("Deployment shop/web", "ScaledObject pay/web", False),
        ("Deployment shop/web", "Namespace shop", True),
        ("Deployment shop/web", "Namespace pay", False),
        ("Node worker-1", "Node worker-1", True),
        ("Node worker-1", "Node worker-2", False),
        ("Node worker-1", "Namespace worker-1", False),
        ("Cluster eu-1", "Node worker-1", True),
        ("Cluster eu-2", "Node worker-1", False),
        ("Cluster eu-1", "Cluster eu-1", True),
        ("Environment production", "Deployment shop/web", True),
        ("Environment production", "Cluster eu-1", True),
        ("Environment staging", "Cluster eu-1", False),
    ],
)
def test_what_is_the_same(one: str, other: str, same: bool) -> None:
    assert meets(at(one), at(other)) is meets(at(other), at(one)) is same


def test_another_cluster_is_another_thing_unless_the_environment_is_held() -> None:
    there = ClusterRef("production", "eu-2")
    assert not meets(at("Deployment shop/web"), at("Deployment shop/web", there))
    assert meets(at("Environment production"), at("Deployment shop/web", there))
    assert meets(at("Cluster eu-2"), at("Deployment shop/web", there))
    assert not meets(at("Cluster eu-1", ClusterRef("staging", "eu-1")), at("Node worker-1"))


def test_an_open_run_holds_what_its_text_says_and_nothing_once_it_is_over() -> None:
    run = recovery(targets=["Deployment other/thing"])
    journals = {run.id: run.journal}
    (found,) = holders(journals, at("Deployment shop/web"))
    assert found.recovery and said([found]) == f"bring it back (run {run.id}, of ann)"
    assert holders(journals, at("Deployment other/thing")) == ()
    run.add("aborted", sentence="no")
    assert holders({run.id: run.journal}, at("Deployment shop/web")) == ()


def test_a_rehearsal_holds_nothing_and_what_cannot_be_read_is_only_told() -> None:
    dry = recovery(dry=True)
    assert holders({dry.id: dry.journal}, at("Deployment shop/web")) == ()
    odd = Run("title = 7", targets=["Deployment shop/web"], environment="production", cluster="eu-1")
    (found,) = holders({odd.id: odd.journal}, at("Deployment shop/web"))
    assert not found.recovery
    none = Run(TEXT, targets=7)
    assert holders({none.id: none.journal}, at("Deployment shop/web")) == ()


def test_a_run_holds_what_the_text_holds_that_it_goes_on_by_and_goes_on_to_hold_what_it_held() -> None:
    run = recovery()
    newer = run.events[0].data["text"].replace('shop/web"]', 'shop/cart"]')
    run.add("changed", text=newer, digest=digest_of(newer))
    for text in ("Deployment shop/web", "Deployment shop/cart"):
        assert holders({run.id: run.journal}, at(text))
    assert run.state.targets == ("Deployment shop/web", "Deployment shop/cart")


def test_recoveries_are_named_first() -> None:
    text = TEXT.replace("recovery = true\n", HOLDS.partition("\n")[2])
    first, plain = recovery(), Run(text, nonce="m", environment="production", cluster="eu-1")
    found = holders({run.id: run.journal for run in (plain, first)}, at("Deployment shop/web"))
    assert [one.recovery for one in found] == [True, False]


def test_what_stands_before_its_start_ends_no_run() -> None:
    run = recovery()
    for number, terminal, kind in ((1, "a", "started"), (1, "ab", "aborted")):
        run.add(kind, number=number, terminal=terminal)  # in the order of a journal before that of ann
    journal = run.journal
    assert journal.events[0].kind == "started" and journal.events[1].kind == "aborted"
    assert run.state.outcome == "open"
    assert [one.run for one in holders({run.id: journal}, at("Deployment shop/web"))] == [run.id]
    run.add("aborted", sentence="given up")
    assert not holders({run.id: run.journal}, at("Deployment shop/web"))
