"""What is said of a kind of which an API server has nothing to tell, not even bookmarks, and of a server that answers no more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.protocol.conftest import Target
from tests.protocol.watching import REF, board_on, until
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.update import Update
from tfdash.sources.base import ALL
from tfdash.sources.kubernetes import listwatch

_KIND = "Namespace"  # nobody makes or changes one while this runs


def is_proven_without_a_word(
    target: Target, muted: Callable[[], AbstractContextManager[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three silences are followed up and nothing is said; then ``muted`` has the server answer nothing, and that is said."""
    monkeypatch.setattr(listwatch, "_SILENT", (0.1, 0.1))  # sooner than any bookmark, and 9 s to answer
    proven: set[float] = set()
    problems: list[Problem] = []

    def heard(update: Update) -> None:
        seen = update.picture.clusters[REF].kinds.get(_KIND)
        if seen is not None and seen.observed_at is not None:
            proven.add(seen.observed_at)
        if seen is not None and seen.problem is not None:
            problems.append(seen.problem)

    with board_on(target, {_KIND: ALL}, watch_silence=10.0, read_timeout=20.0, connect_timeout=20.0) as board:
        leave = board.subscribe(heard)
        until(board, lambda: len(proven) > 3, "the third proof", 60.0)
        assert not problems
        with muted():
            until(board, lambda: bool(problems), "that the server is gone", 60.0)
            assert problems[0].kind is ProblemKind.TIMEOUT
        leave()
        until(board, lambda: board.picture.clusters[REF].kinds[_KIND].problem is None, "recovery", 60.0)
