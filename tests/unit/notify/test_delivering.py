"""Messages against a real HTTP server: told once, later where it is busy, a second time only where nobody knows, and then it says so."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.notify.hook import CLOSE, CUT, HANG, Hook, answer, hook
from tests.unit.notify.world import START, World, message
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.notify.settings import ChannelSettings

AGAIN = "Told again: it was sent before, and whether it arrived is not known."


@pytest.fixture
def there() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.fixture
def world(there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("CHAT_HOOK", there.url)
    made = World(tmp_path, {"chat": ChannelSettings(url="env:CHAT_HOOK", timeout=1.0)})
    yield made
    made.close()


async def test_a_message_is_told_once_and_is_in_the_audit_log(world: World, there: Hook) -> None:
    (told,) = await world.notifier.tell(message())
    assert (told.state, told.channel) == ("queued", "chat")
    assert await world.step() == 0.0
    (again,) = await world.notifier.tell(message(values={"step": "another"}))
    assert again.state == "delivered" and "how is it mended?" in again.subject
    await world.step(times=3)
    assert len(there.got) == 1 and there.got[0]["subject"] == "[production] waits for you: how is it mended?"
    (entry,) = world.ledger.entries
    assert entry["action"] == "notify.waits" and entry["data"]["state"] == "delivered"
    assert (entry["data"]["attempts"], entry["data"]["doubts"]) == (1, 0)
    assert "T0AbCdEf99" not in json.dumps(entry) and "127.0.0.1" not in json.dumps(entry)


async def test_a_server_that_is_busy_is_asked_no_sooner_than_it_says(world: World, there: Hook) -> None:
    there.say(answer(429, "slow down", "Retry-After: 120"), answer(200))
    await world.notifier.tell(message())
    await world.step()
    row = world.row()
    assert (row.state, row.attempts, row.doubts) == ("queued", 1, 0) and row.due_at >= START + 120
    world.clock.at = START + 119
    await world.step(times=3)
    assert len(there.got) == 1
    world.clock.at = row.due_at
    await world.step()
    assert world.row().state == "delivered" and len(there.got) == 2
    assert AGAIN not in there.got[1]["body"]  # it is certain that the first one was not taken


async def test_a_date_in_retry_after_is_obeyed_too(world: World, there: Hook) -> None:
    there.say(answer(503, "", "Retry-After: Mon, 30 Nov 2026 12:05:00 GMT"))
    await world.notifier.tell(message())
    await world.step()
    assert world.row().due_at >= START + 300


async def test_who_asks_for_more_than_the_patience_is_given_up(world: World, there: Hook) -> None:
    there.say(answer(429, "", "Retry-After: 86400"))
    await world.notifier.tell(message())
    await world.step()
    assert world.row().state == "refused"


async def test_an_error_of_the_server_is_tried_later_each_time_until_the_patience_ends(
    world: World, there: Hook
) -> None:
    there.say(answer(500, "oops"))
    await world.notifier.tell(message())
    pauses = []
    while world.row().state == "queued":
        await world.step()
        row = world.row()
        pauses.append(row.due_at - world.clock.at)
        world.clock.at = max(row.due_at, world.clock.at + 61)
    assert pauses[0] < 7 and all(0 < pause < 340 for pause in pauses[:-1])
    assert world.row().state == "refused" and world.clock.at > START + 3600
    assert len(there.got) < 30  # an hour of a dead receiver
    await world.step()
    assert [entry["data"]["state"] for entry in world.ledger.entries] == ["refused"]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (answer(400, "invalid_payload"), "refused"),
        (answer(404, "no_service"), "refused"),
        (answer(302, "", "Location: http://127.0.0.1:1/x"), "refused"),
        (answer(200, "<html>please log in</html>", "Content-Type: text/html"), "unknown"),
    ],
)
async def test_what_will_not_be_taken_is_not_tried_again(
    world: World, there: Hook, said: str, state: str
) -> None:
    there.say(said)
    await world.notifier.tell(message())
    await world.step()
    assert world.row().state == state
    world.clock.at += 4000
    await world.step(times=3)
    assert len(there.got) == 1 and world.ledger.entries[0]["data"]["state"] == state


@pytest.mark.parametrize("said", [HANG, CLOSE, CUT, "HTTP nonsense\r\n\r\n", answer(504, "gateway")])
async def test_where_it_is_not_known_it_is_told_again_and_says_so(
    world: World, there: Hook, said: str
) -> None:
    there.say(said, answer(200))
    await world.notifier.tell(message())
    await world.step()
    row = world.row()
    assert (row.state, row.doubts) == ("queued", 1)
    world.clock.at += 120
    await world.step(times=2)
    assert world.row().state == "delivered"
    assert AGAIN not in there.got[0]["body"] and there.got[1]["body"].startswith(AGAIN)
    keys = {
        line
        for head in there.heads
        for line in head.splitlines()
        if line.lower().startswith("idempotency-key")
    }
    assert len(keys) == 1  # who receives it can tell
    assert world.ledger.entries[0]["data"]["doubts"] == 1


async def test_it_is_sent_into_the_dark_three_times_at_most(world: World, there: Hook) -> None:
    there.say(CLOSE)
    await world.notifier.tell(message())
    for _ in range(10):
        await world.step()
        world.clock.at += 400
    assert len(there.got) == 3 and world.row().state == "unknown"
    assert world.notifier.told("r1.s1.1")[0].state == "unknown"


async def test_what_a_receiver_answers_when_it_took_one_can_be_said(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_HOOK", there.url)
    there.say(answer(200, '{"made": "up"}'), answer(200, "ok"))
    world = World(tmp_path, {"chat": ChannelSettings(url="env:CHAT_HOOK", expects="ok")})
    await world.notifier.tell(message())
    await world.step()
    assert world.row().state == "unknown"
    await world.notifier.tell(message("r1.s1.2"))
    world.clock.at += 61
    await world.step()
    assert world.row("r1.s1.2").state == "delivered"
    world.close()


async def test_a_dead_channel_holds_up_neither_a_step_nor_another_channel(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_HOOK", there.url)
    monkeypatch.setenv("DEAD", "http://127.0.0.1:9/hook")
    world = World(
        tmp_path, {"dead": ChannelSettings(url="env:DEAD"), "chat": ChannelSettings(url="env:CHAT_HOOK")}
    )
    for number in range(20):
        told = await world.notifier.tell(message(f"r1.s{number}.1"))
        assert {one.state for one in told} == {"queued"}
    await world.step("dead")
    await world.step(times=20)
    assert len(there.got) == 20
    assert sum(row.attempts for row in world.rows() if row.channel == "dead") == 1  # it is left alone a while
    assert "connection refused" in next(
        row.sentence for row in world.rows() if row.sentence and row.channel == "dead"
    )
    world.close()


async def test_no_more_than_the_rate_leaves_in_a_minute(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_HOOK", there.url)
    settings = {"chat": ChannelSettings(url="env:CHAT_HOOK", rate=3)}
    world = World(tmp_path, settings)
    for number in range(7):
        await world.notifier.tell(message(f"r1.s{number}.1"))
    await world.step(times=5)
    assert len(there.got) == 3
    world.close()
    after = World(tmp_path, settings)  # a program that was started anew counts on
    after.clock.at += 30
    await after.step(times=5)
    assert len(there.got) == 3
    after.clock.at += 31
    await after.step(times=5)
    assert len(there.got) == 6
    after.close()


async def test_the_queue_is_bounded_and_says_so(
    world: World, there: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfdash.notify.outbox._MOST", 2)
    states = [(await world.notifier.tell(message(f"r1.s{n}.1")))[0] for n in range(3)]
    assert [one.state for one in states] == ["queued", "queued", "refused"]
    assert "2 messages wait" in states[2].sentence
    await world.step(times=4)
    assert sorted(e["data"]["state"] for e in world.ledger.entries) == ["delivered", "delivered", "refused"]


async def test_nobody_to_tell_is_said_and_not_silently_well(world: World) -> None:
    (told,) = await world.notifier.tell(message(to=("chatt",)))
    assert (
        told.state == "refused" and 'there is no channel "chatt"' in told.sentence and "chat" in told.sentence
    )
    assert world.rows() == []


async def test_without_a_channel_that_takes_it_that_is_said(tmp_path: Path) -> None:
    world = World(tmp_path, {})
    (told,) = await world.notifier.tell(message())
    assert (told.channel, told.state) == ("", "refused")
    world.close()


async def test_a_channel_takes_what_its_settings_say(there: Hook, tmp_path: Path) -> None:
    world = World(tmp_path, {"chat": ChannelSettings(url="env:NONE", templates=("approval", "no-*"))})
    assert [one.channel for one in await world.notifier.preview(message(template="approval"))] == ["chat"]
    assert [one.channel for one in await world.notifier.preview(message(template="no-return"))] == ["chat"]
    assert [one.channel for one in await world.notifier.preview(message(template="waits"))] == [""]
    assert [one.channel for one in await world.notifier.preview(message(to=("chat",)))] == ["chat"]
    world.close()


async def test_a_preview_keeps_nothing_and_sends_nothing(world: World, there: Hook) -> None:
    (shown,) = await world.notifier.preview(message())
    await world.step(times=2)
    assert shown.state == "preview" and there.got == [] and world.rows() == []
    await world.notifier.tell(message())
    await world.step()
    sent: Any = there.got[0]
    assert (sent["subject"], sent["body"]) == (shown.subject, shown.body)  # what is seen is what is sent


async def test_a_ledger_that_is_away_gets_the_entry_later(world: World) -> None:
    world.ledger.trouble = LedgerUnavailable("the disk is full")
    await world.notifier.tell(message())
    await world.step(times=3)
    assert world.row().state == "delivered" and not world.row().recorded
    world.ledger.trouble = None
    await world.step(times=2)
    assert len(world.ledger.entries) == 1 and world.row().recorded


@pytest.mark.parametrize("table", ["messages", "sends"])
async def test_a_queue_that_cannot_be_read_is_away_and_no_fault_of_the_program(
    world: World, there: Hook, table: str
) -> None:
    """Whatever is asked of it: who delivers asks again later."""
    await world.notifier.tell(message())
    with sqlite3.connect(world.box.path) as other:
        other.execute(f"ALTER TABLE {table} RENAME TO gone")
    with pytest.raises(LedgerUnavailable, match="no such table"):
        await world.step()
    assert there.got == []
    with sqlite3.connect(world.box.path) as other:
        other.execute(f"ALTER TABLE gone RENAME TO {table}")
    await world.step(times=2)
    assert len(there.got) == 1


async def test_a_secret_that_cannot_be_had_waits_for_it(
    world: World, there: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHAT_HOOK")
    await world.notifier.tell(message())
    await world.step()
    assert world.row().state == "queued" and "CHAT_HOOK is not set" in world.row().sentence
    monkeypatch.setenv("CHAT_HOOK", there.url)
    world.clock.at += 61
    await world.step()
    assert world.row().state == "delivered"


async def test_one_of_two_terminals_delivers_and_the_other_takes_over(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_HOOK", there.url)
    settings = {"chat": ChannelSettings(url="env:CHAT_HOOK")}
    one, two = World(tmp_path, settings), World(tmp_path, settings)
    await one.step()
    await two.notifier.tell(message())
    await two.step(times=3)
    assert there.got == []
    await one.step()
    assert len(there.got) == 1
    await two.step()
    assert two.notifier.told("r1.s1.1")[0].state == "delivered"  # what another terminal did is known here
    await two.notifier.tell(message("r1.s2.1"))
    one.close()
    await two.step()
    assert len(there.got) == 2
    two.close()
