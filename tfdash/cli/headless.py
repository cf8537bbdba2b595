"""When a headless run has seen enough: every source came or failed, samples and journeys too, and all of it was judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from tfdash.board.board import Board
from tfdash.model.update import Update
from tfdash.sources.base import ALL, Scope
from tfdash.text import safe

RULES = ("the rules",)


def awaited(board: Board, *, signals: bool = True) -> tuple[str, ...]:
    """Names of what has neither come nor failed yet, () when settled. ``signals``: samples and journeys count as well."""
    picture, assessment = board.picture, board.assessment
    waiting = tuple(safe(n) for s in board.cluster_sources for n in s.unsettled(picture, assessment))
    if waiting:
        return waiting
    if assessment.number < picture.number:
        return RULES
    return tuple(safe(n) for s in board.sources for n in s.unsettled(picture, assessment)) if signals else ()


def settle(
    board: Board,
    kinds: Mapping[str, Scope],
    wait: float,
    *,
    signals: bool = True,
    started: bool = False,
    enough: Callable[[bool, float], bool] | None = None,
) -> tuple[str, ...]:
    """Start the board, where it is not ``started``, and wait until it is settled, or ``wait`` seconds; returns what is still awaited, () where nothing.

    ``enough(settled, seconds)`` is asked instead at each news: with whether it is settled and how long it took so far.
    """
    news = threading.Condition()

    def listener(update: Update) -> None:
        with news:
            news.notify_all()

    unsubscribe = board.subscribe(listener)
    board.want("headless", kinds or {"Namespace": ALL})
    if not started:
        board.start()
    began, was_settled = time.monotonic(), False
    try:
        with news:
            while True:
                waiting, took = awaited(board, signals=signals), time.monotonic() - began
                if was_settled and waiting == RULES:
                    waiting = ()  # news that came since; it was whole before
                was_settled = was_settled or not waiting
                if (not waiting if enough is None else enough(not waiting, took)) or took >= wait:
                    return waiting
                news.wait(min(0.2, max(0.0, wait - took)))
    finally:
        unsubscribe()


def no_namespace(board: Board, scope: Scope, wait: float) -> str:
    """A sentence where no cluster has a namespace that -n or the configuration names; "" where one has, or where it cannot be
    known."""
    import asyncio

    from tfdash.views.namespaces import unknown_namespace

    async def ask() -> str:
        async with asyncio.timeout(max(wait, 1.0)):
            return await unknown_namespace(board, scope.namespaces or ())

    try:
        return asyncio.run(ask())
    except TimeoutError:
        return ""
