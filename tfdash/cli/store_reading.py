"""The store as it lies, read by a command that shows what is on record and nothing of clusters."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tfdash.cli.output import narrate
from tfdash.cli.parser import program

if TYPE_CHECKING:
    from tfdash.clock import Clock
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.model.run import RunJournal

PATIENCE = 20.0
"""Seconds for the store."""


@contextmanager
def runs_on_record(
    config: QuickConfig, settings: Settings, clock: Clock, run: str = ""
) -> Iterator[Mapping[str, RunJournal] | None]:
    """The runs that it holds, by id, None where it was not read in time, which is told. ``run``: one that is asked for, however old."""
    from tfdash.board.board import Board
    from tfdash.cli.store_options import store_options
    from tfdash.store.opening import open_store

    opened = open_store(store_options(settings, config.path), clock, acting=False, reading=True)
    if run:
        opened.store.projection.runs.want(run)
    board = Board([], None, clock, sources=[opened.source])
    news = threading.Condition()

    def came(update: object) -> None:
        with news:
            news.notify_all()

    board.subscribe(came)
    board.start()
    try:
        with news:
            read = news.wait_for(
                lambda: not opened.source.unsettled(board.picture, board.assessment), PATIENCE
            )
        if not read:
            narrate(f"{program()}: the store was not read within {PATIENCE:g} s")
        yield board.picture.store_state.runs if read else None
    finally:
        board.stop()
        opened.store.close()
