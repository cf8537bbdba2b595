"""The wall at one fixed moment, held against its golden text; its turns, marks and what it says when something breaks."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from screens.wall.app import WallApp
from screens.wall.context import WallContext, WatchedEnvironment
from tests.leaks import leaks, names_in
from tests.tui import world
from tests.tui.recorded import Recorded
from tests.tui.running import compare
from tests.tui.wallworld import STAGING, Clocks, wall
from tests.waiting import soon
from tfdash.anonymise.table import AliasTable
from tfdash.board.board import Board
from tfdash.judging.judge import Judge
from tfdash.model.capacity import StorageClass
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.subject import ClusterRef, Key
from tfdash.views.wall.content import _observed
from tfdash.views.wall.names import WALL_IDS
from tfdash.views.wall.warnings import WallWarning
from tfdash.watchdog import Watchdog

PRODUCTION = ClusterRef("production", "eu-1")


@pytest.mark.parametrize("page", WALL_IDS)
@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_golden(page: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with wall(size, pages=[page]) as shown:
        compare(f"wall-{page}-{size[0]}x{size[1]}", shown.text)


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_golden_of_a_new_breach_and_of_the_same_while_it_lasts(
    size: tuple[int, int], ascii: bool
) -> None:
    places, name = (PRODUCTION, STAGING), "-ascii" if ascii else ""
    async with wall(size, places=places, ascii=ascii, rotate=20.0, pages=["overview", "nodes"]) as shown:
        await shown.down(source=1)
        text = await shown.look()
        compare(f"wall-new-breach{name}-{size[0]}x{size[1]}", text)
        assert text.isascii() is ascii
        compare(f"wall-breach-lasts{name}-{size[0]}x{size[1]}", await shown.look(20.0))


async def test_a_new_breach_takes_the_wall_and_its_line_stands_on_every_page_until_it_ends() -> None:
    async with wall(places=(PRODUCTION, STAGING), rotate=20.0) as shown:
        assert "✖ BREACH" not in shown.text and not shown.app.turns.taken
        await shown.down("auth", 1)
        text = await shown.look()
        assert (shown.app.turns.shown.environment, shown.app.turns.shown.page) == (1, "workloads")
        assert shown.app.turns.taken
        assert "STAGING: " in text
        pages = set()
        for _ in range(40):
            text = await shown.look(20.0)
            assert "✖ BREACH  STAGING: " in text
            pages.add(shown.app.turns.shown)
        assert len(pages) == 2 * len(WALL_IDS)
        await shown.up("auth", 1)
        assert "✖ BREACH" not in await shown.look()


async def test_what_changed_since_the_last_look_is_marked_and_since_when() -> None:
    async with wall(pages=["overview", "nodes"], rotate=20.0) as shown:
        assert "▌" not in shown.text
        await shown.look(20.0)
        assert shown.app.turns.shown.page == "nodes"
        await shown.down()
        for _ in range(3):
            text = await shown.look(20.0)
            if shown.app.turns.shown.page == "overview" and not shown.app.turns.taken:
                break
        assert "changed since 09:15" in text
        marked = [line for line in text.splitlines() if line.startswith("▌")]
        assert len(marked) >= 1
        assert all("auth" in line for line in marked if "BREACH" in line)
        assert any("▌ BREACH" in line for line in text.splitlines())


async def test_a_lost_server_is_told_across_the_page_and_what_was_read_stays() -> None:
    async with wall() as shown:
        before = shown.text
        lost = Problem(
            kind=ProblemKind.LOGIN_EXPIRED, cause="login expired", remedy="run: log-in", since=world.NOW
        )
        for kind in list(shown.sources[0].objects):
            shown.sources[0].fail(kind, lost)
        await shown.judged()
        text = await shown.look(300.0)
        assert "OLD DATA: " in text
        assert "5m ago" in text
        assert "login expired; run: log-in" in " ".join(text.split())
        assert "as of 09:15:00 EST" in text  # when it was so
        assert "ledger-export" in text
        await shown.proven(world.NOW + 300)
        assert "OLD DATA" not in await shown.look()
        assert "09:20:00 EST" in shown.text
        assert before.count("\n") == shown.text.count("\n")


async def test_a_prometheus_that_is_gone_is_told_though_no_kind_of_object_comes_of_it() -> None:
    async with wall() as shown:
        gone = Problem(kind=ProblemKind.UNREACHABLE, cause="Prometheus: connection refused", since=world.NOW)
        board = shown.app.context.watched[0].board
        many = len(list(_observed(shown.app.environments()[0])))
        board.put_signals({("prometheus", PRODUCTION): Observation(value="3.1", problem=gone)})
        await shown.judged()
        text = " ".join((await shown.look()).split())
        assert f"NOT READ: 1 of {many + 1} was not read yet" in text
        assert "Prometheus: connection refused" in text


async def test_a_right_that_lacks_is_no_old_data_and_is_told_at_the_foot_until_it_is() -> None:
    async with wall(rotate=20.0) as shown:
        lacking = Problem(
            kind=ProblemKind.FORBIDDEN, cause="nodes is forbidden: you may not", since=world.NOW
        )
        shown.sources[0].show("Node", problem=lacking, value={}, complete=False, observed_at=None)
        await shown.judged()
        text = await shown.look()
        assert "OLD DATA" not in text and "as of 09:15:00 EST" in text
        assert "? PRODUCTION: no right to read 1 of " in text and "nodes is forbidden: you may not" in text
        assert "? no right to read 1 of " in await shown.look(20.0)
        shown.sources[0].fail("Deployment", lacking)  # it was read before, and grows old
        await shown.judged()
        assert "no right to read 2 of " in await shown.look()
        text = await shown.look(3600.0)
        assert "OLD DATA: " in text and "no right to read 1 of " in text and ", now " in text


@pytest.mark.parametrize(
    ("at", "later", "clock"),
    [
        (
            1_793_511_000.0,
            3600.0,
            "as of 01:30:00 EST",
        ),  # 1 Nov 2026 05:30 UTC: 01:30 EDT, an hour later 01:30 EST
        (1_795_496_399.0, 2.0, "as of 00:00:01 EST"),  # midnight
        (world.NOW, -86_400.0, "as of 09:15:00 EST"),  # a clock that is set back by a day
    ],
)
async def test_the_clock_goes_on_over_summer_time_midnight_and_a_step_back(
    at: float, later: float, clock: str
) -> None:
    clocks = Clocks(at)
    async with wall(clocks=clocks, rotate=20.0) as shown:
        page = shown.app.turns.shown
        clocks.at += later
        text = await shown.look()
        shown.app._shown = None
        text = await shown.look()
        assert shown.app.turns.shown == page  # turns go by a clock that does not step
        assert "OLD DATA" in text or clock in text
        clocks.run += 20.0
        await shown.look()
        assert shown.app.turns.shown != page


async def test_another_size_is_another_face_at_once() -> None:
    async with wall((200, 60)) as shown:
        for size in ((80, 24), (20, 5), (1, 1), (320, 90), (200, 60)):
            await shown.pilot.resize_terminal(*size)
            await soon(lambda size=size: shown.app.size == size, f"{size}")  # type: ignore[misc]
            text = await shown.look()
            assert text.count("\n") == size[1]


@pytest.mark.parametrize("kiosk", [True, False])
async def test_no_key_does_anything_in_a_kiosk_and_elsewhere_q_ends_it(kiosk: bool) -> None:
    async with wall(kiosk=kiosk) as shown:
        before, ends = shown.text, ("ctrl+c", "ctrl+q")
        idle = ("ctrl+z", "ctrl+p", "tab", "question_mark", "colon", "escape", "f1", "enter", "1", "b")
        await shown.pilot.press(*idle, *(ends if kiosk else ()))
        assert not shown.app._exit
        assert shown.text == before
        await shown.pilot.press("q")
        assert shown.app._exit is not kiosk


async def test_all_stands_a_cell_to_the_side_every_second_hour_and_moves_at_a_turn_alone() -> None:
    async with wall(rotate=20.0, pages=["overview"]) as shown:
        at = shown.text.splitlines()[0].index("PRODUCTION")
        seen = set()
        for _ in range(4):
            before = shown.text.splitlines()[0].index("PRODUCTION")
            shown.clocks.at += 3600.0
            assert (await shown.look()).splitlines()[0].index("PRODUCTION") == before  # no turn, no move
            seen.add((await shown.look(20.0)).splitlines()[0].index("PRODUCTION") - at)
        assert len(seen) == 2 and max(seen) - min(seen) == 1


async def test_the_clock_that_stands_beside_old_data_ticks_while_nothing_is_looked_at_anew() -> None:
    async with wall() as shown:
        lost = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused", since=world.NOW)
        shown.sources[0].fail("Pod", lost)
        await shown.judged()
        await shown.look()
        for second in (1, 2, 3):
            shown.clocks.go(1.0)
            shown.app.look()
            await shown.pilot.pause()
            assert f"as of 09:15:00 EST, now 09:15:0{second}" in shown.text


async def test_nothing_takes_the_focus_or_the_mouse() -> None:
    async with wall() as shown:
        await shown.pilot.click(offset=(5, 5))
        assert shown.app.screen.focused is None


async def test_warnings_stand_at_the_foot_of_every_page_and_whole_on_the_first() -> None:
    told = WallWarning("PRODUCTION eu-1", "login can write", " (delete pods)")
    async with wall(warnings=lambda: [told], rotate=20.0) as shown:
        assert "▲ PRODUCTION eu-1: login can write (delete pods)" in shown.text
        for _ in WALL_IDS[1:]:
            assert "▲ login can write: PRODUCTION eu-1\n" in await shown.look(20.0)
        assert "(delete pods)" in await shown.look(20.0)


@contextmanager
def sign_of_life(folder: Path, clocks: Clocks) -> Iterator[tuple[Watchdog, Callable[[], int]]]:
    """A watchdog, and how many signs it gave since it was asked last."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(folder / "notify"))
        server.setblocking(False)

        def beats() -> int:
            count = 0
            while True:
                try:
                    count += b"WATCHDOG=1" in server.recv(4096)
                except BlockingIOError:
                    return count

        yield Watchdog({"NOTIFY_SOCKET": str(folder / "notify")}, now=clocks.monotonic), beats


async def test_a_board_that_answers_no_more_is_no_sign_of_life(tmp_path: Path) -> None:
    clocks = Clocks()
    with sign_of_life(tmp_path, clocks) as (dog, beats):
        async with wall(clocks=clocks, watchdog=dog) as shown:
            await shown.look(5.0)
            assert beats()
            board = shown.app.context.watched[0].board
            loop, freeze = board._loop, threading.Event()
            assert loop is not None
            loop.call_soon_threadsafe(freeze.wait)
            for _ in range(10):
                await shown.look(5.0)
            early = beats()
            assert early <= 7  # so long an answer may be owed
            for _ in range(10):
                await shown.look(5.0)
            assert beats() == 0
            freeze.set()
            await soon(lambda: not any(shown.app._asked), "an answer")
            await shown.look(5.0)
            assert beats()


async def test_a_new_name_holds_no_look_and_for_long_is_no_sign_of_life(tmp_path: Path) -> None:
    """Its alias is put into all that is shown on a thread: what was made before stays, with a clock that ticks."""
    go, clocks = threading.Event(), Clocks()
    go.set()

    def below(room: int) -> int:
        assert go.wait(120.0)
        return secrets.randbelow(room)

    table = AliasTable(below)
    with sign_of_life(tmp_path, clocks) as (dog, beats):
        async with wall(clocks=clocks, watchdog=dog, aliases=table) as shown:
            shown.sources[0].fail(
                "Pod", Problem(kind=ProblemKind.UNREACHABLE, cause="refused", since=world.NOW)
            )
            await shown.judged()
            assert await shown.look() and beats()
            [node, *_] = shown.sources[0].objects["Node"].values()
            go.clear()
            try:
                shown.sources[0].put(msgspec.structs.replace(node, name="newcomer"))
                await soon(lambda: bool(shown.app._walked), "a look that waits for a name")
                shown.clocks.go(5.0)
                shown.app.look()
                await shown.pilot.pause()
                assert "as of 09:15:00 EST, now 09:15:05" in shown.text and beats()
                for _ in range(10):
                    shown.clocks.go(5.0)
                    shown.app.look()
                    await shown.pilot.pause()
                beats()
                shown.clocks.go(5.0)
                shown.app.look()
                assert shown.app._walked and not beats()
            finally:
                go.set()
            await soon(lambda: not any(shown.app._asked), "the boards' answers")
            await shown.look(5.0)
            assert "newcomer" in table.aliases and beats()


def test_a_name_of_one_environment_stands_in_no_words_of_another() -> None:
    watched = []
    for ref, one in (
        (PRODUCTION, StorageClass(namespace="", name="a", shown="bignode is full")),
        (STAGING, Node(namespace="", name="bignode")),
    ):
        held: Any = Recorded(ref=ref)
        board = Board([held], Judge(), Clocks(), interval=0.0)
        seen = Observation(value={Key("", one.name): one}, complete=True)
        board.put_objects(ref, type(one).KIND, seen, None)
        watched.append(WatchedEnvironment(ref.environment, ref.environment, board))
    context = WallContext(watched, Clocks(), "UTC", WALL_IDS, 20.0, aliases=AliasTable())
    first, second = WallApp(context).environments()
    assert "is full" in str(first.picture) and "node-" in str(second.picture)
    assert "bignode" not in str((first, second))


async def test_what_cannot_be_shown_by_aliases_ends_the_wall() -> None:
    def below(room: int) -> int:
        raise LookupError("none is left")

    with pytest.raises(LookupError, match="none is left"):
        async with wall(aliases=AliasTable(below)):
            pass


async def test_a_wall_by_aliases_shows_no_name_and_each_thing_under_one() -> None:
    table = AliasTable()
    told = WallWarning("PRODUCTION eu-1", "login can write", " (patch configmaps (acme-key) in un-seen)")
    async with wall(
        places=(PRODUCTION, STAGING), rotate=20.0, aliases=table, warnings=lambda: [told]
    ) as shown:
        await shown.down("auth", 1)
        texts = [await shown.look(20.0) for _ in range(2 * len(WALL_IDS))]
        names: set[str] = set()
        for watched in shown.app.context.watched:
            names |= names_in(watched.board.picture)
    names |= {"acme-key", "un-seen"}  # which no picture has: the server's own words of a right
    assert any("login can write (patch configmaps (" in text for text in texts)
    assert "auth" in names and not leaks(
        [("wall", text) for text in texts], names - set(table.aliases.values())
    )
    auth, staging = table.aliases["auth"], table.aliases["staging"]
    assert any(auth in text for text in texts) and any(staging.upper() in text for text in texts)
