"""Makes the README's pictures from real runs of the demo: ``python docs/make_pictures.py [SCENARIO ...]``.

The program as the composition puts it together, on the scenarios of ``STORIES`` with a clock that runs faster.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from screens.app import TfdashApp
from tfdash.cli import running
from tfdash.cli.demo_past import leave_past
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import start_process
from tfdash.model.judgement import Outcome
from widgets.textual_private import screen_svg, screen_text

FOLDER = Path(__file__).resolve().parent
SIZE = (120, 40)


async def until(true: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    for _ in range(int(seconds * 10)):
        if true():
            return
        await asyncio.sleep(0.1)
    raise SystemExit(f"never came: {what}")


def save(app: TfdashApp, name: str) -> None:
    (FOLDER / f"{name}.svg").write_text(screen_svg(app, title="tfdash demo"), encoding="utf-8")


async def a_bad_release(app: TfdashApp, pilot: Any) -> None:
    """The README's story, key by key, with a picture at each turn."""

    def breached() -> bool:
        return any(j.outcome is Outcome.BREACH for j in app.board.assessment.canaries.values())

    await until(lambda: not app.board.unsettled() and app.context.actions is not None, "a settled board")
    await until(lambda: "loading" not in screen_text(app), "all that is read at a start")
    save(app, "overview")
    await pilot.press("2")
    await asyncio.sleep(2)
    save(app, "deployments")
    await pilot.press("3")
    await until(breached, "the breach", 300)
    await asyncio.sleep(3)
    save(app, "breach")
    await pilot.press("b")
    await until(lambda: "Type checkout" in screen_text(app), "the plan")
    await asyncio.sleep(1)
    save(app, "plan")
    await pilot.press(*"checkout", "enter", "enter")
    await until(lambda: "applied" in screen_text(app), "the outcome", 60)
    await asyncio.sleep(1)
    save(app, "done")
    app.exit()


async def over_its_band(app: TfdashApp, pilot: Any) -> None:
    await pilot.press("4")
    await until(
        lambda: not app.board.unsettled() and "BREACH   " in screen_text(app), "what is over its band"
    )
    await asyncio.sleep(3)
    save(app, "resources")
    app.exit()


async def the_dates(app: TfdashApp, pilot: Any) -> None:
    await pilot.press("5")
    await until(lambda: "[month]" in screen_text(app) and "▲ overdue" in screen_text(app), "the month")
    await asyncio.sleep(3)
    save(app, "calendar")
    app.exit()


STORIES: dict[str, Callable[[TfdashApp, Any], Awaitable[None]]] = {
    "bad-canary": a_bad_release,
    "over-band": over_its_band,
    "overdue-maintenance": the_dates,
}


def main(scenario: str) -> None:
    def run_headless(self: TfdashApp) -> int | None:
        self.run(headless=True, size=SIZE, auto_pilot=lambda pilot: STORIES[scenario](self, pilot))
        return self.return_code or None

    TfdashApp.run_in_terminal = run_headless  # type: ignore[method-assign]  # all runs as it is, but for the terminal
    with start_process(DemoOptions(scenario=scenario, seed=1, speed=3.0)) as demo:
        leave_past(demo.config, scenario)
        running.run(
            argparse.Namespace(
                config=str(demo.config),
                environment="",
                kubeconfig="",
                context="",
                namespace="",
                all_namespaces=False,
                debug=False,
                screen="overview",
                theme="",
                read_only=False,
                act=False,
            )
        )


if __name__ == "__main__":
    for scenario in sys.argv[1:] or STORIES:
        main(scenario)
