"""What the step in hand would do, asked of the engine: again where another one is in hand, something of the run is new, or it is a while ago."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from screens.frame.board_screen import BoardScreen
from tfdash.model.run import RunState, StepState
from tfdash.playbook.procedures.progress import OVER
from tfdash.procedures.protocols import Prepared, RunRefused
from tfdash.text import fault, safe
from widgets.workers import begin

log = logging.getLogger("tfdash.screens.recovery")
_LOOKS = 20  # seconds after which it is asked again


class StepLook:
    """Of one page and run. ``shown`` is called where an answer came; nothing of one step is ever told of another."""

    def __init__(self, page: BoardScreen, run: str, shown: Callable[[], object]) -> None:
        self._page, self._run, self._shown = page, run, shown
        self._step = ""  # of which the answer is
        self._prepared: Prepared | None = None
        self._trouble = ""
        self._asked: tuple[object, ...] = ()  # what was asked about, and when

    def prepared(self, step: str) -> Prepared | None:
        return self._prepared if step == self._step else None

    def trouble(self, step: str) -> str:
        """Why it is not known what the step would do."""
        return self._trouble if step == self._step else ""

    def look(self, run: RunState, state: StepState) -> None:
        """What is over does nothing any more: it is not asked about."""
        if state.status in OVER:
            return
        asked = (state.id, run.number, state, int(self._page.shell.now() // _LOOKS))
        if asked != self._asked:
            self._asked = asked
            begin(self._page, partial(self._prepare, state.id), "prepare")

    async def _prepare(self, step: str) -> None:
        runs = self._page.shell.context.runs
        if runs is None:
            return
        prepared, trouble = None, ""
        try:
            prepared = await runs.prepare(self._run, step)
        except RunRefused as refused:
            trouble = safe(str(refused))
        except Exception as error:  # a page that still looks would be taken for one that will know
            log.error("unforeseen", exc_info=error)
            trouble = f"what it would do is not known: {fault(error)}"
        self._step, self._prepared, self._trouble = step, prepared, trouble
        if self._page.is_mounted:
            self._shown()
