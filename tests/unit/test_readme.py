"""What a newcomer can ask for stands in README.md: scenarios, gates, and what a calendar can be asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tfdash.cli.parser import build, parse, subcommands

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCENARIOS = sorted(path.stem for path in (ROOT / "tfdash" / "demo" / "scenarios").glob("*.toml"))


def test_the_first_screen_tells_the_three_ways_of_use() -> None:
    first = "\n".join(README.splitlines()[:24])
    commands = [line.split("#")[0].split() for line in first.splitlines() if line.startswith("    tfdash")]
    assert [(words[1:] or ["run"])[0] for words in commands] == ["run", "wallboard", "snapshot"]
    for words in commands:
        assert parse(words[1:]).command


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_named(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("command", ["gate", "calendar", "report"])
def test_every_question_is_named(command: str) -> None:
    said = " ".join(line for line in README.splitlines() if f" {command} " in line)
    assert set(subcommands(subcommands(build())[command])) <= set(re.findall(r"[\w-]+", said))
