"""Terminals that carry out procedures, for tests: the real store in a folder, a real board, the real engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.unit.store.helpers import NOW, REF, Clock, opened
from tfdash.board.board import Board
from tfdash.model.run import RunEvent, RunState, StepState
from tfdash.model.update import Update
from tfdash.playbook.procedures.library import library
from tfdash.procedures.elapsed import Elapsed
from tfdash.procedures.journals import Journals
from tfdash.procedures.kind import Means, state_of
from tfdash.procedures.proofs import Proofs
from tfdash.procedures.protocols import Given, Prepared
from tfdash.procedures.service import Runs
from tfdash.procedures.uncoordinated import Uncoordinated
from tfdash.procedures.watching import Watching
from tfdash.store.approvals.roles import vouches_of
from tfdash.store.claims.keeping import ClaimKeeper, KeptClaims
from tfdash.store.claims.opening import claims_of, seen_end
from tfdash.store.run_record import alone

ZONE = ZoneInfo("America/New_York")
HEAD = 'title = "a procedure"\npurpose = "for a test"\n'


def step(id: str, kind: str, **more: object) -> str:
    """One step as TOML; values are written as they are."""
    if kind == "manual":
        more.setdefault("text", '"what is to be done"')
    lines = [f'[[steps]]\nid = "{id}"\ntitle = "step {id}"\nkind = "{kind}"']
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in more.items())]) + "\n"


class Terminal:
    """One terminal of ann's, on a folder that several may share. ``procedures``: TOML by id. ``kept``: claims are kept by that folder;
    ``keepers``: by these. ``boot``: seconds on a clock that nobody sets, where that is another than ``clock``."""

    def __init__(
        self,
        folder: Path,
        procedures: Mapping[str, str],
        clock: Clock | None = None,
        *,
        acting: bool = True,
        who: str = "ann",
        watching: bool = False,
        url: str = "",
        roles: Mapping[str, tuple[str, ...]] = {},
        place: str = "store",
        kept: bool = False,
        keepers: Sequence[ClaimKeeper] = (),
        deadline: float = 10.0,
        boot: Callable[[], float] | None = None,
        **means: Any,
    ) -> None:
        own = folder / "procedures"
        own.mkdir(parents=True, exist_ok=True)
        for id, text in procedures.items():
            (own / f"{id}.toml").write_text(text)
        self.clock = clock or Clock(NOW)
        made = opened(folder / place, self.clock, acting=acting, terminal=who, url=url, deadline=deadline)
        self.store = made.store
        self.board = Board([], None, self.clock, sources=[made.source], interval=0.01)
        proofs = Proofs(vouches_of(self.store.approvals), lambda role: roles.get(role, ()))
        journals = Journals(self.board, self.store if acting else None, self.clock, proofs)

        def fence(run: str, step: str) -> int:
            state = journals.state(run)
            found = state_of(state, step) if state is not None else None
            return found.fence if found is not None else 0

        def ended(run: str, step: str) -> int:
            state = journals.state(run)
            found = state_of(state, step) if state is not None else None
            return seen_end(found, lambda name: name == self.store.terminal) if found is not None else 0

        by = KeptClaims(keepers, lambda: self.store.terminal, known=fence, seen=ended) if keepers else None
        given: dict[str, Any] = {
            "board": self.board,
            "journals": journals,
            "claims": by
            or (
                claims_of(made, {}) if kept else Uncoordinated(self.store.terminal, "a test keeps no claims")
            ),
            "clock": self.clock,
            "elapsed": Elapsed(self.clock, boot or self.clock.now),
            "zone": ZONE,
            "who": lambda cluster: who,
            "refused": lambda: "" if acting else "read-only: this terminal was started so",
            "gone": lambda at: at in self.store.own_terminals | self.store.ended_terminals,
            "proofs": proofs,
            "deliver": lambda: self.store.deliver(),
            "break_glass": partial(alone, self.store),
            **means,
        }
        self.runs = Runs(Means(**given), lambda: library(own))
        self.watching = Watching(self.runs.engine)
        self._came = threading.Condition()
        self.board.subscribe(self._update)
        if watching:
            self.board.add_task("runs", self.watching.run)
        self.board.start()
        self.until(lambda: (status := self.board.picture.sources.get("store")) and status.complete)

    def _update(self, update: Update) -> None:
        with self._came:
            self._came.notify_all()

    def until(self, true: Callable[[], object]) -> None:
        """With each update of the board."""
        with self._came:
            assert self._came.wait_for(lambda: bool(true()), 60)

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """On the board's loop."""
        return self.board._submit(work).result(60)

    def news(self) -> None:
        """Something came; what waits looks at it."""
        self.board._call(self.watching.wake)

    def looked(self) -> None:
        """One look of what goes on by itself, whole."""

        async def look() -> None:
            await self.watching.look()
            await self.watching.idle()

        self.call(look())

    # -- a person at the keys -------------------------------------------------------------------------------------

    def start(self, procedure: str, *, dry: bool = False, **inputs: Sequence[str]) -> RunState:
        chosen = {name: tuple(values) for name, values in inputs.items()}
        return self.call(self.runs.start(procedure, chosen, reason="a test", cluster=REF, dry=dry))

    def prepare(self, run: str, step: str) -> Prepared:
        return self.call(self.runs.prepare(run, step))

    def do(self, run: str, step: str, **given: Any) -> RunState:
        return self.call(self.runs.do(run, step, Given(**given)))

    def skip(self, run: str, step: str, reason: str = "") -> RunState:
        return self.call(self.runs.skip(run, step, Given(reason=reason)))

    def state(self, run: str) -> RunState:
        found = self.runs.run(run)
        assert found is not None
        return found

    def step(self, run: str, step: str) -> StepState:
        found = state_of(self.state(run), step)
        assert found is not None
        return found

    def kinds(self, run: str) -> list[str]:
        return [told(event) for event in self.runs.events(run)]

    def end(self) -> None:
        self.board.stop(10.0)
        self.store.close()


def told(event: RunEvent) -> str:
    return f"{event.step} {event.kind.value}".strip()
