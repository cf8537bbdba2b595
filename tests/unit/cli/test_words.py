"""Every word of the command line leads somewhere: screens, completion, help."""

from __future__ import annotations

import argparse
import subprocess

import pytest

from screens.registry import page_id
from tfdash.cli import parser
from tfdash.cli.completion import _commands, bash, fish, zsh
from tfdash.cli.gates import GATES
from tfdash.cli.snapshot_options import ALL, REPORTED
from tfdash.model.kinds import JUDGED, LISTED, first_kind
from tfdash.report.gather import screen_view
from tfdash.report.screens import EVERY

OWN = (
    "overview",
    "canary",
    "changes",
    "resources",
    "calendar",
    "recovery",
    "versions",
)  # reported, and no list


def test_every_screen_can_be_opened_and_reported() -> None:
    reported = tuple(name for name in REPORTED if name != ALL)
    for name in (*parser.SCREENS, *reported, *EVERY):
        assert page_id(name), name
    for name in (*reported, *EVERY):
        assert name in OWN or screen_view(name) is not None


def test_what_is_fetched_first_is_a_kind_of_a_screen() -> None:
    assert {first_kind(screen) for screen in parser.SCREENS} <= set(LISTED)
    assert [first_kind(s) for s in ("hpa", "pods", "overview")] == [
        "HorizontalPodAutoscaler",
        "Pod",
        "Deployment",
    ]
    assert first_kind("rollouts") == "Deployment", "a cluster may lack it"
    assert set(JUDGED) <= set(LISTED)


@pytest.mark.parametrize("command", ["run", "demo", "snapshot"])
def test_the_canary_screen_is_a_choice(command: str) -> None:
    assert parser.parse([command, "--screen", "canary"]).screen == "canary"


def completed(words: str) -> set[str]:
    """What bash offers after ``words``; the last one is begun."""
    typed = words.split(" ")
    script = f"{bash(_commands())}\nCOMP_WORDS=({' '.join(repr(w) for w in typed)}); COMP_CWORD={len(typed) - 1}; _tfdash\n"
    done = subprocess.run(
        ["bash", "-c", f'{script} printf "%s\\n" "${{COMPREPLY[@]}}"'],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("tfdash ga", {"gate"}),
        (
            "tfdash gate ",
            {*GATES, "-h", "--help"},
        ),
        ("tfdash gate release --a", {"--at"}),
        ("tfdash gate release --em", {"--emergency-approver", "--emergency-reason"}),
        ("tfdash gate canary --w", {"--workload", "--wait"}),
        ("tfdash gate canary --format ", {"text", "json", "md", "junit"}),
        ("tfdash snapshot --screen can", {"canary", "canaries"}),
        ("tfdash audit v", {"verify"}),
        ("tfdash audit export --format ", {"jsonl", "csv"}),
        ("tfdash run --a", {"--act", "--aliases", "--all-namespaces", "--anonymise"}),
    ],
)
def test_bash_offers(typed: str, offered: set[str]) -> None:
    assert completed(typed) == offered


def test_zsh_and_fish_know_the_same() -> None:
    commands = _commands()
    assert bash(commands) in zsh(commands)
    text = fish(commands)
    assert "from gate; and __fish_seen_subcommand_from canary' -l workload" in text
    assert "from audit; and __fish_seen_subcommand_from verify' -l anchor -r -F" in text


@pytest.mark.parametrize("name", ["", *_commands()])
def test_help_is_short_and_says_what_each_option_does(name: str) -> None:
    found = _commands()[name] if name else parser.build()
    assert len(found.format_help().splitlines()) <= 37
    for action in found._actions:
        told = action.help or action.choices or isinstance(action, argparse._SubParsersAction)
        assert told or action.metavar in ("FILE", "NAME"), action.option_strings
