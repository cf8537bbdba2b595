"""What a text at the command prompt means."""

from __future__ import annotations

from widgets.commands import Command, proposals, suggestion

NAMESPACES = ["default", "kube-system", "tf-batch", "tf-production"]
COMMANDS = [
    Command("pods", "pods: list", ("po", "pods"), argument="namespace", complete=lambda typed: NAMESPACES),
    Command("policies", "policies: list", ("pol",)),
    Command("deploy", "deployments: list", ("deploy", "deployments", "dp")),
    Command("theme", "theme: change", ("theme",), argument="name"),
    Command("quit", "program: quit", ("q", "quit")),
]


def ids(text: str) -> list[str]:
    return [p.command.id for p in proposals(COMMANDS, text)]


def test_an_alias_in_full_comes_first() -> None:
    assert ids("po")[:2] == ["pods", "policies"]
    assert ids("PO")[0] == "pods"
    assert ids("q") == ["quit"]
    assert ids("") == [c.id for c in COMMANDS]


def test_beginnings_words_and_letters_in_order() -> None:
    assert ids("depl") == ["deploy"]
    assert ids("change") == ["theme"]
    assert ids("dplmnt") == ["deploy"]
    assert ids("zz") == []


def test_arguments_are_completed() -> None:
    found = proposals(COMMANDS, "po tf")
    assert [p.text for p in found] == ["po tf-batch", "po tf-production", "po tf"]
    assert found[0].argument == "tf-batch"
    assert [p.argument for p in proposals(COMMANDS, "pods tf-batch")] == ["tf-batch"]
    assert proposals(COMMANDS, "pods default")[0].text == "pods default"
    assert len(proposals(COMMANDS, "po ")) == 4
    assert proposals(COMMANDS, "theme light")[0].argument == "light"
    assert proposals(COMMANDS, "nobody x") == []


def test_the_pale_rest() -> None:
    assert suggestion(proposals(COMMANDS, "dep"), "dep") == "loy"
    assert suggestion(proposals(COMMANDS, "po tf-b"), "po tf-b") == "atch"
    assert suggestion(proposals(COMMANDS, ""), "") == ""
    assert suggestion([], "x") == ""
