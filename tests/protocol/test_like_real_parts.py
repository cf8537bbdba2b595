"""The simulated platform is held to the real part: its like scenario is judged to the same levels, one after the other, as the recording of the real one."""

from __future__ import annotations

import pytest

from tests.real_parts import lived
from tests.waiting import until
from tfdash.cli.compose import board_of, clock_of
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.demo.process import DemoOptions, start_process
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import JUDGED
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.recording.changes import RELEASE
from tfdash.sources.base import ALL

_AT_EASE = (Level.IDLE, Level.OK)
LIKE = {
    "bad-canary": (
        "argo-aborts",
        "Rollout",
        "checkout",
        Level.BREACH,
        8.0,
    ),  # its first two minutes must not be over before a busy machine has judged
}
"""By scenario: the recording, whose release, up to which level both go the same way, and how fast the simulated clock runs."""


def way(levels: list[Level], last: Level) -> list[Level]:
    """From the first that is not known on; each once, until ``last``."""
    begun = levels[next((i for i, level in enumerate(levels) if level is Level.UNKNOWN), len(levels)) :]
    found: list[Level] = []
    for level in begun:
        if not found or found[-1] is not level:
            found.append(level)
        if level is last:
            break
    return found


def level_of(said: Assessment, kind: str, name: str) -> Level | None:
    """OK where it is at ease, of whatever name that has."""
    found = [a.level for s, a in said.answers.items() if (s.kind, s.name) == (kind, name)]
    return None if not found else Level.OK if found[0] in _AT_EASE else found[0]


@pytest.mark.parametrize("scenario", LIKE)
def test_a_canary_goes_the_same_way(scenario: str) -> None:
    name, kind, service, last, speed = LIKE[scenario]
    real = [
        Level.OK if one.after in _AT_EASE else one.after
        for one in lived(name).told
        if one.rule == RELEASE
        and isinstance(one.whom, Subject)
        and one.whom.kind == kind
        and one.after is not None
    ]
    assert way(real, last)[-1] is last
    with start_process(DemoOptions(scenario=scenario, speed=speed)) as demo:
        config = load_quick(str(demo.config))
        clock = clock_of(config)
        board, _ = board_of(config, load(config.path), clock, probing=True)
        told: list[Level] = []

        def heard(said: Assessment) -> None:
            level = level_of(said, kind, service)
            if said.whole and level is not None:
                told.append(level)

        board.subscribe(lambda update: heard(update.assessment))
        board.want("test", dict.fromkeys(JUDGED, ALL))
        board.start()
        try:
            until(lambda: way(told, last)[-1:] == [last], f"{last.name} of {service}", 120.0)
        finally:
            board.stop()
    assert way(told, last) == way(real, last)
