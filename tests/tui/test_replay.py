"""A recording played in the application: its line, its keys, and that nothing can be done to what was."""

from __future__ import annotations

import asyncio
import random
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest

from tests.kinds import NOTHING_STORED
from tests.replaying import InMemory, Tape
from tests.tui import world
from tests.tui.recorded import REF, Recorded
from tests.tui.running import SIZES, Run, compare, playing
from tests.waiting import soon
from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.anonymise.table import AliasTable
from tfdash.board.board import Board
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Condition
from tfdash.model.section import SectionState
from tfdash.model.subject import Key
from tfdash.model.verdict import Level
from tfdash.replay.player import Player
from tfdash.views.pages import PAGES

KEYS = {":": "colon", "+": "plus", "-": "minus", " ": "space"}
_BROKE, _MENDED, _LASTS = world.NOW + 600, world.NOW + 1200, 2400.0


class Stepped:
    """A clock that a test moves on."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


async def recorded(**over: Any) -> InMemory:
    """Forty minutes, in which ``auth`` has no pod that is available from minute 10 to minute 20."""
    clock, source = Stepped(world.NOW), Recorded()
    board = Board([source], None, clock)
    board.put_store_state(NOTHING_STORED)
    running = asyncio.ensure_future(source.run(board))
    await soon(source.running.is_set, every=0.0)
    running.cancel()
    tape = Tape(board)
    auth = source.objects["Deployment"][Key(world.NS, "auth")]
    at_first = board.picture.clusters[REF]
    for minute in range(int(_LASTS) // 60 + 1):
        clock.at = world.NOW + 60.0 * minute
        if clock.at == _BROKE:
            away = Condition("Available", "False", since=_BROKE)
            source.put(msgspec.structs.replace(auth, ready=0, available=0, conditions=(away,)))
        elif clock.at == _MENDED:
            source.put(auth)
        board.put_info(REF, msgspec.structs.replace(at_first.info, observed_at=clock.at))
        for kind, seen in at_first.kinds.items():
            now = board.picture.clusters[REF].kinds[kind].value
            fresh = msgspec.structs.replace(seen, value=now, observed_at=clock.at)
            board.put_objects(REF, kind, fresh, frozenset())
    return InMemory(tape.first, world.NOW, world.NOW + _LASTS, tape.entered, **over)


def told_then() -> Assessment:
    section = SectionState(
        id="serving", title="Serving", level=Level.WARN, sentence="what was said in those days"
    )
    return Assessment(at=world.NOW, number=1, verdicts={}, workloads={}, sections=(section,))


def replaying(
    tape: InMemory, size: tuple[int, int] = (120, 40), **over: Any
) -> AbstractAsyncContextManager[Run]:
    return playing(Player(lambda: tape, lambda hold: Judge(), interval=0.01, **over), size)


async def told_of(run: Run, text: str) -> None:
    """A notice of it, which breaks its lines where it will."""
    await run.until(lambda: any(text in m.text for m in run.app.messages.all), text)


@pytest.mark.parametrize("size", SIZES)
async def test_golden(size: tuple[int, int]) -> None:
    async with replaying(await recorded(), size) as run:
        compare(f"replay-{size[0]}x{size[1]}", await run.still())


def by_aliases(tape: InMemory, seed: int) -> InMemory:
    """As ``--anonymise`` has it written, with numbers that are the same each time."""
    named = Anonymiser(AliasTable(random.Random(seed).randrange))
    first, told = named.shown(tape.first, told_then())
    entered = [
        one._replace(arguments=tuple(a if isinstance(a, str) else named.value(a) for a in one.arguments))
        for one in tape.entered
    ]
    return InMemory(first, tape.start, tape.end, entered, told=[told])


@pytest.mark.parametrize("size", SIZES)
async def test_golden_of_one_by_aliases(size: tuple[int, int]) -> None:
    async with replaying(by_aliases(await recorded(), 1), size, anew=False, anonymised=True) as run:
        await run.press("2")
        screen = await run.still()
        assert "anonymised" in screen and "as judged then" in screen and "auth" not in screen
        compare(f"replay-anonymised-{size[0]}x{size[1]}", screen)


async def test_steps_lead_from_one_change_of_a_verdict_to_the_next_and_back() -> None:
    async with replaying(await recorded()) as run:
        await run.press("full_stop")
        await run.shows("09:25:00 EST  10m of 40m")
        await told_of(run, "09:25:00  Deployment tf-production/auth: ")
        await run.press("full_stop")
        await run.shows("09:35:00 EST  20m of 40m")
        await told_of(run, "→ ok")
        await run.press("full_stop")
        await told_of(run, "ceases to warn or to break after this")
        await run.press("comma")
        await run.shows("09:25:00 EST  10m of 40m")
        await run.press("comma")
        await told_of(run, "ceases to warn or to break before this")


@pytest.mark.parametrize("size", SIZES)
async def test_what_a_key_tells_covers_nothing_of_the_page(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.replay._TOLD", 3600.0)  # a slow machine would find it gone
    async with replaying(await recorded(), size) as run:
        for key, told in (
            ("full_stop", "09:25:00  Deployment tf-production/auth: "),
            ("r", "workload: restart is refu"),
        ):
            await run.press("2", "down", key)
            await run.until(lambda told=told: run.text.splitlines()[1].startswith(f" REPLAY  {told}"), told)
            assert not run.app._notifications
            run.app._forget()
            await run.shows("judged anew")


async def test_what_has_no_room_in_the_line_is_told_whole() -> None:
    async with replaying(await recorded(), (80, 24)) as run:
        run.app.tell("a long one " * 9)
        await run.until(lambda: bool(run.app._notifications), "a notice of its own")


async def test_a_time_is_typed_and_one_that_it_does_not_hold_is_told() -> None:
    async with replaying(await recorded()) as run:
        for typed, shown in (("09:27", "09:27:00 EST  12m of 40m"), ("+2m", "09:29:00 EST  14m of 40m")):
            await run.press("at", *(KEYS.get(c, c) for c in typed), "enter")
            await run.shows(shown)
        for typed, told in (("08:00", "does not hold"), ("soon", "is no time")):
            await run.press("at", *(KEYS.get(c, c) for c in typed), "enter")
            await told_of(run, told)
        await run.press("right_curly_bracket")
        await run.shows("09:30:00 EST  15m of 40m")


async def test_it_plays_at_its_speed_and_stands_at_its_end() -> None:
    async with replaying(await recorded(), at=world.NOW + _LASTS - 1.0) as run:
        await run.press(*["greater_than_sign"] * 6)
        await run.shows("‖ ×300")
        await run.press("space")
        await run.shows("■ ×300", "40m of 40m, its end", "space play")
        await run.press("space")  # from the start again
        await run.shows("▶ ×300", "space pause")


async def test_nothing_can_be_done_to_what_was_and_each_key_says_so() -> None:
    async with replaying(await recorded(), at=world.NOW + 700) as run:
        await run.press("2", "down")
        await run.shows("r h s refused: this is a recording")
        await run.press("r")
        await told_of(run, "restart is refused: this is a recording: nothing can be done to what was")
        await run.press("a")
        await run.shows("✖ refused", "tfdash run shows the platform as it is now")
        await run.shows("it would send: PATCH /apis/apps/v1/namespaces/tf-production/deployments/")
        await run.shows("it is confirmed by", "as things stood")
        await run.press("escape", "colon", *"elevate", "enter")
        await run.shows("refused: this is a recording")
        await run.press("escape")


async def test_what_a_recording_does_not_hold_is_said_and_is_not_waited_for() -> None:
    async with replaying(await recorded()) as run:
        await run.press("colon", *"secrets", "enter")
        await run.shows("no kind 'secrets'", "a recording does not hold")
        await run.press("escape", "colon", *"sc", "enter")
        await run.shows("a recording does not hold this")
        await run.press("2", "y")
        await run.shows("a recording does not hold this")


async def test_the_page_of_the_audit_log_says_that_a_recording_has_none() -> None:
    async with replaying(await recorded()) as run:
        run.app.open("audit")
        await run.shows("A recording holds no audit log")
        await run.lacks("started without a store")


async def test_it_is_shown_as_it_was_judged_then_and_the_line_says_which() -> None:
    tape = await recorded()
    tape.told = [told_then()]
    async with replaying(tape) as run:
        await run.press("J")
        await run.shows("as judged then", "what was said in those days")
        await run.press("J")
        await run.shows("judged anew")
        await run.lacks("what was said in those days")


async def test_what_was_not_recorded_as_judged_is_judged_anew_and_says_so() -> None:
    async with replaying(await recorded()) as run:
        await run.press("J")
        await run.shows("judged anew: what was said then is not recorded")


async def test_a_cut_is_said_in_one_sentence() -> None:
    async with replaying(await recorded(cut="it is cut short at 09:55")) as run:
        await run.shows("▲ it is cut short at 09:55")


@pytest.mark.parametrize("page", [spec.id for spec in PAGES if spec.command and spec.opens])
async def test_no_page_is_too_tall_for_its_line(page: str) -> None:
    async with replaying(await recorded(), (80, 24)) as run:
        run.app.open(page)
        shown = await run.still()
        assert run.app.screen.max_scroll_y == 0, shown
        assert "REPLAY" in shown.splitlines()[1]


async def test_changes_in_a_recording_are_those_that_it_holds_and_it_says_from_when_on() -> None:
    async with replaying(await recorded()) as run:
        await run.press("colon", *"changes", "enter")
        await run.shows(
            "seen from ", "where this recording begins", "what is revision 88 now was made: checkout:2.14.0"
        )
        assert "Nobody is known" not in run.text
