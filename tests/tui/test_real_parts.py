"""A moment of each recording of real parts on the screen, at 80x24: what an operator would have seen then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from screens.context import AppContext
from screens.replay import ReplayApp
from tests.real_parts import NAMES, judge, lived, opened, policy
from tests.tui.recorded import Recorded
from tests.tui.running import Run, compare
from tfdash.actions.core.action_service import ReadOnlyService
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.cli.compose import policies_of
from tfdash.config.startup import UiSettings
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


@asynccontextmanager
async def replaying(name: str, at: float) -> AsyncIterator[Run]:
    recording = opened(name)
    player = Player(recording.again, lambda hold: judge(), interval=0.01, at=at)
    player.walk.run(rest=0.0)
    context = AppContext(
        environment="production",
        word="PRODUCTION",
        colour="production",
        environments=("production",),
        clock=player.clock,
        policies=policies_of(policy()),
        ui=UiSettings(frames_per_second=100),
    )
    context.actions = ReadOnlyService(player.board, None, ActionPolicy(), player.clock, Mode(recorded=True))
    app = ReplayApp(player, context)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            run, board = Run(app, pilot, Recorded()), player.board
            await run.until(
                lambda: bool(board.assessment.sections) and board.assessment.number >= board.picture.number,
                "a picture that is judged",
            )
            yield run
            if app.failure is not None:
                raise app.failure
    finally:
        player.board.stop()


@pytest.mark.parametrize("name", NAMES)
async def test_golden(name: str) -> None:
    page, rule, level = MOMENTS[name]
    async with replaying(name, lived(name).first(rule, level)) as run:
        run.app.open(page)
        compare(f"real-{name}-80x24", await run.still())
