"""What may be said on the command line, and in which order."""

from __future__ import annotations

import argparse
import itertools
import re

import pytest

from tfdash.cli.gates import GATES
from tfdash.cli.parser import build, parse, subcommands
from tfdash.demo.options import SCENARIOS
from tfdash.demo.scenarios.scenario import load
from tfdash.spelling import closest


def parsers(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Every command that stands for itself, with its words."""
    below = subcommands(parser)
    if not below:
        return [(words, parser)]
    return list(itertools.chain(*(parsers(child, (*words, name)) for name, child in below.items())))


ALL = parsers(build())
VALUES = {"DURATION": "20s", "SIZE": "20MB"}  # that an option takes; others take a number


def _needed(parser: argparse.ArgumentParser) -> list[str]:
    """The words without which its command is refused."""
    return [
        text
        for action in parser._actions
        if action.required
        for text in (*action.option_strings[:1], str(next(iter(action.choices or ["x"]))))
    ]


@pytest.mark.parametrize(
    ("words", "parser"), ALL, ids=lambda one: " ".join(one) if isinstance(one, tuple) else ""
)
def test_an_option_means_the_same_before_and_after_its_command(
    words: tuple[str, ...], parser: argparse.ArgumentParser
) -> None:
    needed = _needed(parser)
    for action in parser._actions:
        if not action.option_strings or action.dest == "help" or action.required:
            continue
        for option in action.option_strings:
            value = (
                []
                if action.nargs == 0
                else [str(next(iter(action.choices or [VALUES.get(str(action.metavar), "7")])))]
            )
            after = parse([*words, *needed, option, *value])
            for at in range(len(words)):
                assert parse([*words[:at], option, *value, *words[at:], *needed]) == after, (words, option)
            if value and option.startswith("--"):
                assert parse([f"{option}={value[0]}", *words, *needed]) == after


def test_options_alone_are_for_the_terminal() -> None:
    assert parse(["--config", "gate"]).command == "run"
    assert parse(["-n", "audit", "--read-only"]).namespace == "audit"


def test_scenarios_are_named_in_the_help_and_a_wrong_one_is_refused_with_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "bad-canary" in SCENARIOS
    for told in (["demo", "--scenario", "bad-canry"], ["demo", "--help"]):
        with pytest.raises(SystemExit) as left:
            parse(told)
        assert left.value.code == (64 if "--scenario" in told else 0)
        said = "".join(capsys.readouterr())
        assert all(re.search(rf"\b{name}\b", " ".join(said.split()).replace("- ", "-")) for name in SCENARIOS)
    assert parse(["demo", "--scenario", "own.toml"]).scenario == "own.toml"
    assert all(load(name).title for name in SCENARIOS)


@pytest.mark.parametrize(
    "argv", [["snapshot", "--wait", "20"], ["gate", "canary", "--workload", "x", "--wait", "soon"]]
)
def test_a_wait_is_a_duration_and_a_bare_number_is_refused_with_how_to_write_it(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parse(argv)
    assert left.value.code == 64
    assert 'is not a duration; write it as "10s"' in capsys.readouterr().err


def test_no_number_of_the_command_line_stands_for_a_time() -> None:
    for words, parser in ALL:
        for action in parser._actions:
            assert action.metavar not in ("SECONDS", "MINUTES"), (words, action.option_strings)


def _said(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as left:
        parse(argv)
    assert left.value.code == 64, argv
    return capsys.readouterr().err


def test_a_misspelt_word_of_any_command_is_named_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands, choices and options; after every command, and behind options that stand before it."""
    open_ended = 0
    for words, parser in ALL:
        if words:
            typo = f"{words[-1][:-1]}{words[-1][-1]}x"
            for before in ([], ["--config", "F"], ["--config=F"], ["-nF"]):
                said = _said([*before, *words[:-1], typo], capsys)
                assert f'no command "{typo}"; did you mean "{words[-1]}"?' in said, (words, said)
        needed = _needed(parser)
        for action in parser._actions:
            longest = max(action.option_strings, key=len, default="")
            if len(longest) > 3:
                said = _said([*words, *needed, f"{longest}x"], capsys)
                assert f'not understood: {longest}x; did you mean "{longest}"?' in said, (words, said)
            for choice in map(str, action.choices or ()):
                if f"{choice}x" in (action.choices or ()):  # what only a server can tell
                    open_ended += 1
                    continue
                given = [longest, f"{choice}x"] if longest else [f"{choice}x"]
                said = _said([*words, *(needed if longest else ()), *given], capsys)
                assert re.search(rf'there is no (screen .* own )?"{choice}x"; did you mean "\w', said), (
                    words,
                    said,
                )
    assert open_ended


@pytest.mark.parametrize("words", [("gate", what) for what, gate in GATES.items() if not gate.scoped])
@pytest.mark.parametrize("given", ["-n", "-nshop", "--namespace", "--namespace=shop", "-A"])
def test_what_is_of_the_whole_platform_says_so_where_a_namespace_is_named(
    words: tuple[str, ...], given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for rest in ([given], [given, "shop"]) if given in ("-n", "--namespace") else ([given],):
        said = _said([*words, *rest], capsys)
        assert "it is of the whole platform and takes no namespace; leave -" in said, said


@pytest.mark.parametrize(
    ("argv", "odd"),
    [
        (["--config", "F", "completion", "bash"], "--config"),
        (["-n", "check", "config", "show"], "-n"),
        (["--config", "F", "-nF", "audit", "tail"], "-nF"),
    ],
)
def test_the_value_of_an_option_that_a_command_has_not_is_none_of_its_words(
    argv: list[str], odd: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"not understood: {odd}; see: " in _said(argv, capsys)


@pytest.mark.parametrize(
    "empty", [["-e", ""], ["--environment="], ["--config", ""], ["--at", ""], ["--context", ""]]
)
def test_an_option_that_is_given_nothing_is_refused(
    empty: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An unset variable of a script would else ask about another environment, or about now."""
    for argv in (["gate", "release", *empty], [*empty, "gate", "release"]):
        assert f"{empty[0].rstrip('=')} is given nothing" in _said(argv, capsys)


@pytest.mark.parametrize(
    "argv", [["snapshot", "--width"], ["audit", "tail", "--lines"], ["audit", "tail", "-l"]]
)
@pytest.mark.parametrize("odd", ["=-5", "=abc", "=1.5", "=²"])
def test_a_count_is_a_whole_number(argv: list[str], odd: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The last minus five entries were all but the first five."""
    value = odd if argv[-1].startswith("--") else odd[1:]
    assert "is no whole number from 0 on" in _said([*argv[:-1], argv[-1] + value], capsys)


def test_what_is_written_in_capitals_is_named_with_the_nearest() -> None:
    assert closest("CHECKOUT", ["checkout", "web"]) == "checkout"


@pytest.mark.parametrize("name", ["audit", "gate"])
def test_help_of_a_command_behind_options_is_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in ([name, "--help"], ["--config", "F", name, "--help"]):
        with pytest.raises(SystemExit) as left:
            parse(argv)
        assert left.value.code == 0
        assert f"usage: tfdash {name}" in capsys.readouterr().out


@pytest.mark.parametrize("before", [[], ["--config", "F"], ["-e", "x"]])
def test_a_command_that_needs_another_word_says_which(
    before: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "say which: release, canary" in _said([*before, "gate"], capsys)
    assert "say which: release, canary" in _said(["gate", *before], capsys)
    assert "say which: list, check" in _said([*before, "procedures"], capsys)


def test_a_kind_that_only_the_server_has_is_said_with_how_to_open_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for argv in (
        ["run", "--screen", "externalsecrets"],
        ["--screen", "externalsecrets"],
        ["demo", "--screen", "externalsecrets"],
    ):
        said = _said(argv, capsys)
        assert 'no screen of the program\'s own "externalsecrets"' in said
        assert (
            "opens with :externalsecrets in the terminal; tfdash snapshot --screen externalsecrets writes it"
            in said
        )
    assert parse(["snapshot", "--screen", "externalsecrets"]).screen == "externalsecrets"
