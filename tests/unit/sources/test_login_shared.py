"""A log-in that fails, seen from the board: all feeds of a cluster share one run, and a person's asking is one more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.judging.judge import Judge
from tfdash.model.kinds import JUDGED
from tfdash.model.observation import ProblemKind
from tfdash.model.subject import ClusterRef
from tfdash.sources.base import ALL
from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin
from tfdash.sources.kubernetes.source import KubernetesSource

REF = ClusterRef("test", "test")


def test_all_feeds_share_one_failing_run(tmp_path: Path) -> None:
    count, plugin = tmp_path / "count", tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\necho x >> {count}\necho 'nobody logged in' >&2\nexit 1\n")
    plugin.chmod(0o755)
    access = Access("http://127.0.0.1:9", plugin=ExecPlugin(str(plugin)))
    source = KubernetesSource(REF, access, SystemClock())
    board = Board([source], Judge(), SystemClock())
    news = threading.Condition()

    def heard(update: object) -> None:
        with news:
            news.notify_all()

    def until(true: Callable[[], bool]) -> None:
        with news:
            assert news.wait_for(true, 30.0)

    def told() -> list[str]:
        """What each kind says is wrong."""
        kinds = board.picture.clusters[REF].kinds
        problems = [kinds[k].problem for k in JUDGED if k in kinds]
        return [str(p) for p in problems if p is not None and p.kind is ProblemKind.LOGIN_EXPIRED]

    runs = lambda: count.read_text().count("x")  # noqa: E731  # one line, two uses
    board.subscribe(heard)
    board.want("test", dict.fromkeys(JUDGED, ALL))
    board.start()
    try:
        until(lambda: len(told()) == len(JUDGED))
        assert runs() == 1
        assert all("nobody logged in; run: " in text for text in told())
        board.retry_now()
        until(lambda: runs() == 2)
        assert len(told()) == len(JUDGED)
    finally:
        board.stop(5.0)
    assert runs() == 2
