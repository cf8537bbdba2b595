"""Each rule of resources seen true and false on the simulated platform, as its judge says it: what has no scenario nobody can look at."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import NamedTuple

import pytest

from tfdash.cli.compose import board_of, clock_of
from tfdash.cli.headless import settle, weeks_judged, weeks_of_these
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.demo.process import DemoOptions, start_process
from tfdash.model.kinds import JUDGED
from tfdash.model.verdict import Level
from tfdash.playbook.waivers import RESOURCE_RULES
from tfdash.sources.base import ALL

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


class Look(NamedTuple):
    """``weeks``: its past is read, too, which takes most of a minute."""

    scenario: str
    environment: str = "production"
    at: str = "2026-11-24T15:05:00Z"  # Tuesday, 10:05 in New York
    weeks: bool = False


OVER, QUOTA, BLIND, NO_ROOM = map(Look, ("over-band", "quota", "hpa-blind", "does-not-fit"))
IDLE, PAST = Look("idle"), Look("idle", weeks=True)
DAY, NIGHT = Look("calm", "staging"), Look("calm", "staging", "2026-11-25T04:05:00Z")
TRUE_AND_FALSE = {
    "resources.band.cpu": (OVER, QUOTA),
    "resources.band.memory": (OVER, QUOTA),
    "resources.hpa": (BLIND, QUOTA),
    "resources.fits": (NO_ROOM, OVER),
    "resources.node": (NO_ROOM, OVER),
    "resources.autoscaler": (NO_ROOM, IDLE),
    "resources.volume": (OVER, QUOTA),
    "resources.quota": (QUOTA, OVER),
    "resources.limits": (BLIND, QUOTA),
    "resources.unattached": (IDLE, QUOTA),
    "resources.spot": (IDLE, QUOTA),
    "resources.rightsize": (PAST, OVER),  # without its past nothing is proposed
    "resources.idle": (PAST, OVER),
    "resources.hours": (NIGHT, DAY),
}
SPEAKS = {"resources.spot.share": (IDLE, QUOTA), "resources.cost": (IDLE, QUOTA)}
"""What tells a figure and finds nothing: where it does, and where it has nothing to tell."""


@cache
def levels(look: Look) -> dict[str, set[Level]]:
    """What the rules said, by their ids."""
    start = datetime.fromisoformat(look.at).timestamp()
    with start_process(DemoOptions(scenario=look.scenario, seed=1, start=start)) as demo:
        config = load_quick(str(demo.config), look.environment, "", "")
        settings = load(config.path)
        board, _ = board_of(config, settings, clock_of(config), probing=True, remembering=True, weeks=True)
        weeks_of_these(board, ALL, ask=look.weeks)
        try:
            late = settle(
                board,
                dict.fromkeys(JUDGED, ALL),
                300.0,
                enough=lambda settled, _: settled and (not look.weeks or weeks_judged(board)),
            )
            assert not late
            found: dict[str, set[Level]] = {}
            for told in board.assessment.verdicts.values():
                for one in told:
                    found.setdefault(one.rule, set()).add(one.level)
            return found
        finally:
            board.stop()


def test_each_rule_has_a_scenario() -> None:
    assert set(TRUE_AND_FALSE) | set(SPEAKS) == set(RESOURCE_RULES)


@pytest.mark.parametrize("rule", TRUE_AND_FALSE)
def test_it_is_seen_true_and_false(rule: str) -> None:
    there, elsewhere = TRUE_AND_FALSE[rule]
    assert max(levels(there).get(rule, {Level.IDLE})) >= Level.WARN
    assert max(levels(elsewhere).get(rule, {Level.IDLE})) <= Level.PAUSED


@pytest.mark.parametrize("rule", SPEAKS)
def test_what_finds_nothing_speaks(rule: str) -> None:
    there, elsewhere = SPEAKS[rule]
    assert levels(there)[rule] == {Level.OK}
    assert rule not in levels(elsewhere)


def test_what_is_below_its_band_is_told_by_its_past() -> None:
    for rule in ("resources.band.cpu", "resources.band.memory"):
        assert Level.WARN in levels(PAST)[rule]
        assert Level.WARN not in levels(IDLE)[rule]
