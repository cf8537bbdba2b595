"""When a headless run has seen enough: every source came or failed, samples and journeys too, and all of it was judged."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from operator import or_

from tfdash.board.board import Board
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.update import Update
from tfdash.model.usage import HISTORY_SOURCE
from tfdash.sources.base import ALL, Scope
from tfdash.text import safe

RULES = ("the rules",)
_SELDOM = 100_000  # objects between two passes of the garbage collector


def collect_seldom() -> None:
    """Of a run that ends with its answer: what judging makes stays, and to walk it again and again is a fifth of the time."""
    gc.set_threshold(_SELDOM)


def awaited(board: Board, *, signals: bool = True) -> tuple[str, ...]:
    """Names of what has neither come nor failed yet, () when settled. ``signals``: samples and journeys count as well."""
    picture, assessment = board.picture, board.assessment
    waiting = tuple(safe(n) for s in board.cluster_sources for n in s.unsettled(picture, assessment))
    if waiting:
        return waiting
    if assessment.number < picture.number:
        return RULES
    return tuple(safe(n) for s in board.sources for n in s.unsettled(picture, assessment)) if signals else ()


def _weeks(picture: Picture) -> Iterator[Observation[SourceInfo]]:
    return (status for id, status in picture.sources.items() if id.startswith(HISTORY_SOURCE))


def weeks_judged(board: Board) -> bool:
    """Whether no day of use is lacking that can be asked for, and what was read is judged. Today's part is not waited for."""
    picture, assessment = board.picture, board.assessment
    every = list(_weeks(picture))
    if not every:
        return True
    whole = (s.complete or (s.observed_at is not None and s.progress is None) for s in every)
    away = (_away(picture, s) for s in every)
    return all(map(or_, whole, away)) and assessment.number >= picture.number


def _away(picture: Picture, status: Observation[SourceInfo]) -> bool:
    """Whether what it would be asked of does not answer: that is not waited for."""
    ref = status.value.cluster if status.value is not None else None
    asked = picture.signals.prometheus.get(ref) if ref is not None else None
    return asked is not None and asked.problem is not None


def weeks_of_these(board: Board, scope: Scope, *, ask: bool) -> None:
    """Before its start: no history is read but of the namespaces that are; of a part of them pools and the cluster have none.
    ``ask``: for days that are not kept."""
    from tfdash.sources.prometheus.usage.source import UsageHistorySource

    for source in board.sources:
        if isinstance(source, UsageHistorySource):
            source.only(scope.namespaces)
            source.asks = ask


def weeks_lacking(board: Board) -> str:
    """A sentence where days of use are neither kept nor read, "" where none is. They are of no weight, as in the terminal: what rests
    on them is "not judged: no history"."""
    told = []
    for status in _weeks(board.picture):
        days = status.progress
        if days is not None and status.value is not None:
            told.append(f"{safe(status.value.name)} ({days.loaded} of {days.total} days of its namespaces)")
    return f"not whole: {', '.join(told)}" if told else ""


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
    collect_seldom()
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
