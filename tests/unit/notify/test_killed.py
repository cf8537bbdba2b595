"""A program that is killed while it tells: nothing is lost, and what is told a second time says that it may be one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.notify.hook import HANG, Hook, answer, hook
from tests.unit.notify.world import World, message
from tfdash.clock import SystemClock
from tfdash.notify.settings import ChannelSettings

AGAIN = "Told again"
PATIENCE = 90.0  # seconds of a machine that others use too


@pytest.fixture
def there() -> Iterator[Hook]:
    with hook() as made:
        yield made


def started(folder: Path, there: Hook, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.notify.teller", str(folder), str(count)],
        env={**os.environ, "CHAT_HOOK": there.url},
        cwd=Path(__file__).parents[3],
        stdout=subprocess.DEVNULL,
    )


async def delivered(world: World, most: int = 500) -> None:
    """Step until nothing waits."""
    for _ in range(most):
        if not any(row.open for row in world.rows()):
            return
        world.clock.at += 61
        await world.step()
    raise AssertionError("something waits for ever")


async def test_killed_in_the_middle_of_a_delivery_it_is_told_again_and_says_so(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.say(HANG)
    program = started(tmp_path, there, 1)
    assert there.came.acquire(timeout=PATIENCE)
    program.kill()
    program.wait()
    there.say(answer(200))
    monkeypatch.setenv("CHAT_HOOK", there.url)
    world = World(tmp_path, {"chat": ChannelSettings(url="env:CHAT_HOOK", rate=600)})
    world.clock.at = SystemClock().now()
    assert world.row("r1.s0.1").state == "sending"
    await delivered(world)
    assert [AGAIN in got["body"] for got in there.got] == [False, True]
    assert world.row("r1.s0.1").state == "delivered" and world.row("r1.s0.1").doubts == 1
    await world.step()
    assert world.ledger.entries[0]["data"]["doubts"] == 1
    world.close()


async def test_killed_again_and_again_nothing_is_lost_and_nothing_is_told_twice_in_silence(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 30
    for kill in range(5):
        program = started(tmp_path, there, count)
        for _ in range(3 + kill):  # killed as soon as the server has seen so many
            assert there.came.acquire(timeout=PATIENCE)
        program.kill()
        program.wait()
        while there.came.acquire(blocking=False):
            pass
    monkeypatch.setenv("CHAT_HOOK", there.url)
    world = World(tmp_path, {"chat": ChannelSettings(url="env:CHAT_HOOK", rate=600)})
    world.clock.at = SystemClock().now()
    await delivered(world)
    await world.step()
    seen = Counter(got["key"] for got in there.got)
    unsaid = Counter(got["key"] for got in there.got if AGAIN not in got["body"])
    assert set(seen) == {f"r1.s{number}.1" for number in range(count)}  # each arrived
    assert max(unsaid.values()) == 1 and max(seen.values()) <= 3
    assert {row.state for row in world.rows()} == {"delivered"} and len(world.rows()) == count
    world.close()


async def test_a_second_program_tells_no_key_again(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_HOOK", there.url)
    settings = {"chat": ChannelSettings(url="env:CHAT_HOOK")}
    for _ in range(2):
        world = World(tmp_path, settings)
        await world.notifier.tell(message())
        await world.step(times=3)
        world.close()
    assert len(there.got) == 1
