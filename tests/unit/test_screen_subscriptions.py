"""What pages want is kept current for a while after they were left, so that going back is instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from screens.frame.subscriptions import LINGER, ScreenSubscriptions
from tests.unit.test_board import POD, REF, Scripted
from tfdash.board.board import Board
from tfdash.clock import FixedClock
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.sources.base import ALL, Scope

FORBIDDEN = Problem(kind=ProblemKind.FORBIDDEN, cause="may not list secrets")


class Page:
    def wants(self) -> dict[str, Scope]:
        return {"Pod": ALL, "secrets": ALL}


@pytest.mark.parametrize(
    ("seen", "lingers"),
    [
        (Observation(value={}, complete=True), True),
        (Observation(), True),  # on its way
        (
            Observation(value={POD.key: None}, complete=True, problem=FORBIDDEN),
            True,
        ),  # lost, its rows are kept
        (Observation(value={}, complete=True, problem=FORBIDDEN), False),  # each namespace is hidden
        (Observation(problem=FORBIDDEN), False),
    ],
)
def test_what_was_read_or_may_be_soon_lingers_and_what_was_refused_does_not(
    seen: Observation[Any], lingers: bool
) -> None:
    source = Scripted()
    board = Board([source], None, FixedClock(0.0))  # type: ignore[list-item]  # no more of it is asked
    later: list[tuple[float, Callable[[], None]]] = []
    pages = ScreenSubscriptions(board, lambda seconds, do: later.append((seconds, do)))  # type: ignore
    page = Page()
    pages.show(page)
    board.put_objects(REF, "secrets", seen, None)
    pages.leave(page)
    assert set(source.wanted[-1]) == ({"Pod", "secrets"} if lingers else {"Pod"})
    ((seconds, end),) = later
    end()
    assert seconds == LINGER and not source.wanted[-1]
