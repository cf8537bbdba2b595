"""A moment of each recording of real parts on the screen, at 80x24: what an operator would have seen then."""

from __future__ import annotations

import pytest

from tests.real_parts import NAMES, judge, lived, opened, policy
from tests.tui.running import compare, playing
from tfdash.cli.compose import policies_of
from tfdash.model.verdict import Level
from tfdash.recording.changes import RELEASE
from tfdash.replay.player import Player

# the page, and when: at the first time that the rule says this
MOMENTS: dict[str, tuple[str, str, Level]] = {
    "argo-aborts": ("canary", RELEASE, Level.BREACH),
    "argo-promoted": ("canary", RELEASE, Level.OK),
    "flagger-fails": ("canary", RELEASE, Level.BREACH),
    "prometheus-gone": ("canary", RELEASE, Level.BREACH),
    "stuck-and-undone": ("overview", "workload.serves", Level.WARN),
    "drain-blocked": ("overview", "node.ready", Level.PAUSED),
    "quota-reached": ("resources", "resources.quota", Level.WARN),
    "certificate-renewed": ("certificates", "certificates.managed", Level.WARN),
    "api-server-away": ("overview", "node.ready", Level.UNKNOWN),
}


@pytest.mark.parametrize("name", NAMES)
async def test_golden(name: str) -> None:
    page, rule, level = MOMENTS[name]
    player = Player(
        opened(name).again, lambda hold: judge(), interval=0.01, at=lived(name).first(rule, level)
    )
    async with playing(player, (80, 24), policies_of(policy())) as run:
        run.app.open(page)
        compare(f"real-{name}-80x24", await run.still())
