"""What ``:sources`` and ``doctor`` say of the channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.notify.hook import Hook, answer, hook
from tests.unit.notify.world import World, message
from tfdash.model.picture import SourceInfo
from tfdash.notify.posts import posts_of
from tfdash.notify.settings import ChannelSettings, NotifySettings
from tfdash.notify.source import NotifySource
from tfdash.process import in_thread
from tfdash.sources.kubernetes.credentials import read_secret


@pytest.fixture
def there() -> Iterator[Hook]:
    with hook() as made:
        yield made


async def said(source: NotifySource) -> tuple[bool, str]:
    board: Any = None
    found = await source.doctor(board)
    return found.reached, " ".join(found.lines)


async def test_what_waits_in_vain_is_a_problem_with_its_cause(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"chat": ChannelSettings(url="env:CHAT_HOOK")}
    world = World(tmp_path, settings)
    posts = tuple(posts_of(NotifySettings(channels=settings), tmp_path / "c.toml").values())
    source = NotifySource(posts, tmp_path, read_secret, world.clock)
    first = source.status
    assert isinstance(first.value, SourceInfo) and first.observed_at is None  # not looked yet is not well
    reached, words = await said(source)
    assert not reached and "CHAT_HOOK is not set" in words
    monkeypatch.setenv("CHAT_HOOK", there.url)
    assert await said(source) == (True, "✔ notify: chat")
    await world.notifier.tell(message())
    assert await said(source) == (True, "✔ notify: chat · 1 wait")  # it was not tried yet
    there.say(answer(503, "later"))
    await world.step()
    reached, words = await said(source)
    assert not reached and "chat: it answered 503: later" in words and "tfdash notify queue" in words
    there.say(answer(200))
    world.clock.at += 61
    await world.step()
    assert await said(source) == (True, "✔ notify: chat")
    seen = await in_thread(source._look)
    assert isinstance(seen.value, SourceInfo) and seen.value.count == 1  # what it took
    world.close()


async def test_a_queue_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    settings = {"chat": ChannelSettings(kind="command", command=("true",))}
    posts = tuple(posts_of(NotifySettings(channels=settings), None).values())
    (tmp_path / "notify").mkdir()
    (tmp_path / "notify" / "outbox.db").write_bytes(
        b"no database at all, but long enough to be taken for one" * 99
    )
    source = NotifySource(posts, tmp_path, read_secret, World(tmp_path / "other", {}).clock)
    reached, words = await said(source)
    assert not reached and "cannot be read" in words


async def test_a_damaged_queue_is_put_aside_and_another_begun(
    there: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_HOOK", there.url)
    (tmp_path / "notify").mkdir()
    (tmp_path / "notify" / "outbox.db").write_bytes(
        b"no database at all, but long enough to be taken for one" * 99
    )
    world = World(tmp_path, {"chat": ChannelSettings(url="env:CHAT_HOOK")})
    await world.notifier.tell(message())
    await world.step()
    assert len(there.got) == 1 and list((tmp_path / "notify").glob("damaged-*"))
    world.close()
