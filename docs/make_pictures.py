"""Makes the README's pictures from a real run of the demo: ``python docs/make_pictures.py``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from screens.app import TfdashApp
from screens.context import AppContext
from tfdash.cli.compose import board_of, clock_of
from tfdash.config.quick import load_quick
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import start_process
from tfdash.judge import Judge
from widgets.textual_private import screen_svg

FOLDER = Path(__file__).resolve().parent
PICTURES = {"overview": (), "deployments": ("2",)}
SIZE = (120, 26)


def main() -> None:
    with start_process(DemoOptions(seed=1)) as demo:
        config = load_quick(str(demo.config))
        clock = clock_of(config)
        board, _ = board_of(config.environment, config, clock, Judge())
        context = AppContext(
            environment=config.environment.name, word=config.environment.word, colour=config.environment.colour,
            clock=clock, zone=config.zone, demo=True,
        )  # fmt: skip
        app = TfdashApp(board, context)

        async def pilot(pilot: Any) -> None:
            while board.unsettled():  # noqa: ASYNC110 - the board lives on another thread
                await asyncio.sleep(0.1)
            await asyncio.sleep(2)
            for name, keys in PICTURES.items():
                await pilot.press(*keys)
                await asyncio.sleep(2)
                (FOLDER / f"{name}.svg").write_text(screen_svg(app, title="tfdash demo"), encoding="utf-8")
            app.exit()

        app.run(headless=True, size=SIZE, auto_pilot=pilot)
        board.stop()


if __name__ == "__main__":
    main()
