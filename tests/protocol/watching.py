"""A board on a target, for tests that look at what tfdash itself makes of the protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.protocol.conftest import Target
from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.judging.judge import Judge
from tfdash.model.subject import ClusterRef
from tfdash.model.update import Update
from tfdash.sources.base import Scope
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.source import KubernetesSource

REF = ClusterRef("test", "test")
QUICK = {
    "backoff_first": 0.05,
    "backoff_longest": 0.3,
    "publish_every": 0.02,
    "watch_silence": 60.0,
    "connect_timeout": 1.0,
    "read_timeout": 1.0,
}


@contextmanager
def board_on(target: Target, kinds: dict[str, Scope], **tuning: float) -> Iterator[Board]:
    source = KubernetesSource(
        REF,
        resolve(str(target.kubeconfig), target.context),
        SystemClock(),
        tuning=KubernetesSettings(**{**QUICK, **tuning}),
    )
    board = Board([source], Judge(), SystemClock(), interval=0.02)
    board.want("test", kinds)
    board.start()
    try:
        yield board
    finally:
        board.stop(5.0)


def until(board: Board, true: Callable[[], bool], what: str, timeout: float = 20.0) -> None:
    """Wait for the board's updates until ``true``; fails with ``what``."""
    news = threading.Condition()

    def heard(update: Update) -> None:
        with news:
            news.notify_all()

    stop = board.subscribe(heard)
    try:
        with news:
            assert news.wait_for(true, timeout), f"waited {timeout:g} s for {what}"
    finally:
        stop()
