"""What ``tfdash report`` says of seven days is what was planted in them, within one poll, and when nobody watched is named."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.unit.store.journal.seven_days import POLL, SevenDays, seven_days
from tests.unit.store.journal.terminals import RULE
from tfdash.cli import main
from tfdash.clock import SystemClock
from tfdash.store.journal.intervals import clipped, total
from tfdash.store.journal.reading import journal_folder
from tfdash.views.age import human_duration


class Kept(NamedTuple):
    config: Path
    days: SevenDays


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """They end now: a weekly report goes until then."""
    folder = tmp_path_factory.mktemp("week")
    config = folder / "tfdash.toml"
    config.write_text(
        f'[time]\nzone = "UTC"\n[store]\npath = "{folder / "store"}"\n'
        f'[environments.production]\nkubeconfig = "{folder / "none"}"\n'
    )
    begin = math.floor(SystemClock().now() / POLL) * POLL - 7 * 86400.0
    return Kept(config, seven_days(journal_folder(folder / "store"), begin))


def report(kept: Kept, what: str, format: str, capsys: pytest.CaptureFixture[str]) -> str:
    since, until = (datetime.fromtimestamp(at, UTC).isoformat() for at in (kept.days.begin, kept.days.end))
    argv = ["report", what, "--from", since, "--format", format, "--wait", "1s"]
    argv += ["--to", until] if what == "audit" else []
    assert main([*argv, "--config", str(kept.config)]) == 2, "no cluster was read"
    return capsys.readouterr().out


def rows(kept: Kept, what: str, part: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(report(kept, what, "json", capsys))["parts"][part]["rows"]
    return found


def lasted(days: SevenDays) -> dict[str, float]:
    """For how long each of them was broken while anybody watched, by name."""
    return {one.name: total(clipped(days.seen, since, until)) for since, until, one in days.planted}


def name_of(thing: str) -> str:
    """``Deployment shop/web (production/eu-1)``"""
    return thing.partition(" (")[0].rpartition("/")[2]


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_each_planted_breach_lasts_as_long_as_it_did(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    told = {name_of(row["subject"]): row["breach_seconds"] for row in rows(kept, "audit", "broken", capsys)}
    for name, expected in lasted(kept.days).items():
        assert abs(told.get(name, 0.0) - expected) <= POLL, name
    assert set(told) <= set(lasted(kept.days))


def test_the_week_sums_them_up_by_rule(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    [row] = rows(kept, "weekly", "broken", capsys)
    expected = {name: seconds for name, seconds in lasted(kept.days).items() if seconds}
    longest = max(expected, key=lambda name: expected[name])
    assert (row["rule"], row["subjects"], name_of(row["worst"])) == (RULE, len(expected), longest)
    assert abs(row["longest_seconds"] - expected[longest]) <= POLL
    assert abs(row["breach_seconds"] - sum(expected.values())) <= POLL * len(expected)
    assert row["warn_seconds"] == row["waived_seconds"] == 0


@pytest.mark.parametrize("what", ["weekly", "audit"])
def test_when_nobody_watched_is_named(what: str, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(report(kept, what, "json", capsys))
    every = told["parts"]["gaps"]["rows"]
    found = [row for row in every if at(row["begin"]) < kept.days.end - POLL]  # then this test ran
    assert len(found) == len(kept.days.gaps)
    for row, (begin, end, who) in zip(found, kept.days.gaps, strict=True):
        assert abs(at(row["begin"]) - begin) <= POLL and abs(at(row["end"]) - end) <= POLL
        assert abs(row["seconds"] - (end - begin)) <= 2 * POLL and row["after"].startswith(f"{who}, ")
    whole = at(told["until"]) - at(told["since"])
    assert abs(told["watched"] * whole - total(kept.days.seen)) <= 2 * POLL


def test_the_text_says_the_same(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    [broken] = rows(kept, "weekly", "broken", capsys)
    gaps = [g for g in rows(kept, "weekly", "gaps", capsys) if at(g["begin"]) < kept.days.end - POLL]
    lines = report(kept, "weekly", "text", capsys).splitlines()
    [line] = [line for line in lines if RULE in line and human_duration(broken["breach_seconds"]) in line]
    assert human_duration(broken["longest_seconds"]) in line and name_of(broken["worst"]) in line
    for row in gaps:
        begin, end = (datetime.fromtimestamp(at(row[edge]), UTC) for edge in ("begin", "end"))
        wanted = rf"{begin:%H:%M}.*{end:%H:%M}.*{re.escape(human_duration(row['seconds']))}.*{row['after']}"
        assert sum(re.search(wanted, line) is not None for line in lines) == 1, wanted
