"""Random key presses on every screen of a read-only terminal: it goes on, and nothing is asked to change anything.

The same on a real API server, proved by its audit log, is in ``tests/trials/test_reading.py``.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest
from textual import events

from screens.frame.acting_screen import VERBS
from tests.keypresses import character_of, presses
from tests.tui import canaryworld as cw
from tests.tui.running import SIZES, Run, running
from tests.tui.test_golden import source_with_logs
from tfdash.actions.core.action_service import ReadOnlyService, make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.clock import FixedClock
from tfdash.model.action import Confirmation, Guarded, Progress, Result
from tfdash.model.store_state import Entry, EntryKind
from tfdash.model.subject import Subject
from tfdash.views.kinds import VIEWS
from widgets.confirm import Dialog

pytestmark = pytest.mark.usefixtures("painted")

PAGES = ("changes", "sources", "messages", "environments", "help", "progress", "audit", "approvals")
PLACES = ("overview", "canary", *VIEWS, *PAGES)
MANY = 6  # presses on each screen; 40 in tests/trials/test_random_keys_longer.py
RELEASE: dict[str, Any] = {"judge": cw.Told((cw.release(), cw.BREACH)), "prepare": cw.prepare}


class Watched(ReadOnlyService):
    """the read-only service itself; what was asked of it is kept."""

    planned = 0
    executed: list[Progress]

    async def plan(self, action: str, subject: Subject, arguments: Mapping[str, Any]) -> Guarded:
        self.planned += 1
        return await super().plan(action, subject, arguments)

    async def execute(
        self, guarded: Guarded, confirmation: Confirmation, tell: Callable[[Progress], None]
    ) -> Progress:
        done = await super().execute(guarded, confirmation, tell)
        self.executed.append(done)
        return done


def watched(run: Run) -> Watched:
    actions = Watched(run.app.board, None, ActionPolicy(), FixedClock(cw.NOW), Mode())
    actions.executed = []
    run.app.context.actions = actions
    return actions


def entries(count: int) -> list[Entry]:
    return [
        Entry(
            version=1,
            terminal="ops-7",
            sequence=n,
            at=cw.NOW - n,
            kind=EntryKind.INTENT,
            actor="ann",
            action="workload.rollback",
            environment="production",
            target="Deployment tf-production/checkout",
            sentence=f"entry {n}",
            intent=f"ops-7:{n}",
        )
        for n in range(1, min(count, 30))
    ]


async def audit(count: int) -> list[Entry]:
    return entries(count)


def contexts() -> tuple[str, ...]:
    return ("eu-1", "eu-2")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dialog takes its first key at once, so that random ones reach its buttons."""
    monkeypatch.setattr(Dialog, "patience", 0.0)


async def hammer(run: Run, random: Random, count: int, again: Callable[[], None], every: int = 5) -> int:
    """``count`` presses, some in a hurry; ``again`` brings the screen back now and then, so that it is this one that is
    tried. Returns how many, fewer where the keys left the program."""
    pressed = 0
    trail: list[tuple[str, ...]] = []
    again()
    for keys in presses(random):
        trail.append(keys)
        for key in keys:
            run.app.post_message(events.Key(key, character_of(key)))
        pressed += len(keys)
        if len(trail) % every == 0:
            await settled(run)
            if run.app.failure is not None:
                raise AssertionError(f"after {trail[-30:]}") from run.app.failure
            if left(run):
                return pressed
            if pressed >= count:
                return pressed
        if len(trail) % (4 * every) == 0:
            again()
    raise AssertionError("unreachable")


async def settled(run: Run) -> None:
    """The pilot's pause; it would wait in vain for the widgets of an application that was left meanwhile."""
    pause = asyncio.ensure_future(run.pilot.pause())
    while not pause.done() and not left(run):
        await asyncio.wait({pause}, timeout=0.05)
    if pause.done():
        pause.result()
    pause.cancel()


def left(run: Run) -> bool:
    return run.app.switch_to != ("", "") or run.app._exit or not run.app.is_running


@pytest.mark.parametrize("turn", range(3))
async def test_a_read_only_terminal_survives_any_keys(turn: int) -> None:
    await survives(turn, MANY)


async def survives(turn: int, many: int) -> None:
    """Every list, tab and page in turn. Where the keys left the program (:quit, another environment), it is begun anew."""
    places = deque(PLACES[turn::3])
    random = Random(f"tfdash {turn}")
    while places:
        async with running(
            source_with_logs(), SIZES[turn], start="overview", audit=audit, contexts=contexts, **RELEASE
        ) as run:
            actions = watched(run)
            while places and not left(run):
                place = places.popleft()
                await hammer(run, random, many, lambda place=place: go(run, place))
            if run.app.switch_to == ("", "") and not run.app._exit:
                assert not places
            assert not run.app.elevate
            assert all(p.result is Result.REFUSED for p in actions.executed)


def go(run: Run, place: str) -> None:
    if place in VIEWS:
        run.app.open(place)
    elif place in ("overview", "canary"):
        run.app.pop_to_root() if run.app.current_mode == place else run.app.switch_mode(place)
    else:
        run.app.pop_to_root()
        for key in ("colon", *place, "enter"):
            run.app.post_message(events.Key(key, character_of(key)))


async def test_every_key_of_an_action_is_refused_before_a_plan_is_made() -> None:
    """On the canary's screen, the workloads, pods and nodes: each verb, and each line of the page of all actions."""
    async with running(start="canary", **RELEASE) as run:
        actions = watched(run)
        for start, (key, _, _) in itertools.product(("canary", "workloads", "pods", "nodes"), VERBS):
            if run.app.current_mode != start:
                run.app.action_tab("canary") if start == "canary" else run.app.open(start)
                await run.pilot.pause()
            await run.press(key)
            assert len(run.app.screen_stack) == 1, f"{key} on {start} opened {run.app.screen}"
        assert actions.planned == 0 and not actions.executed


async def test_there_is_nothing_behind_a_read_only_service_that_could_write() -> None:
    """Even where writers are handed in."""
    from tests.unit.actions.acting import REF
    from tfdash.actions.core.protocols import Writers

    class Alarm:
        ref = REF

        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the writer's {name} was touched")

    async with running(start="workloads", **RELEASE) as run:
        alarm: Any = Alarm()
        actions = make_service(
            run.app.board, Writers(clusters={REF: alarm}), None, ActionPolicy(), FixedClock(cw.NOW), Mode()
        )
        assert type(actions) is ReadOnlyService
        assert not any(isinstance(v, Writers | Alarm) for v in vars(actions).values())
        run.app.context.actions = actions
        await hammer(run, Random(4), 60, lambda: None)
