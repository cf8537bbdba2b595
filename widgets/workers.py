"""Work beside the screen, begun by a function: a coroutine that is replaced before it began would never be awaited."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol


class RunsWorkers(Protocol):
    """Widgets, screens and the application: what of theirs is still under way when they go ends with them."""

    def run_worker(
        self, work: Any, *, group: str, exclusive: bool = False, exit_on_error: bool = True
    ) -> Any: ...


def begin(
    owner: RunsWorkers, work: Callable[[], Coroutine[Any, Any, None]], group: str, exclusive: bool = True
) -> None:
    """Run ``work()`` beside the screen. An ``exclusive`` one takes the place of what is under way in its group."""
    owner.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)
