"""Long files are read in pieces: none waits for all of it, and what was not read yet is said."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.store.helpers import CHECKOUT, Board, note, opened
from tests.unit.store.test_reading import problem, read_once, reading, recorded
from tests.waiting import soon
from tfdash.model.store_state import EntryKind, StoreHealth
from tfdash.store.log import chain_walk, local_file
from tfdash.store.log.local_file import LocalFile
from tfdash.store.peers.local_peers import LocalPeers
from tfdash.views.audit import chain_line


async def test_what_a_slow_disk_tells_too_late_is_taken_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await recorded(tmp_path / "store")
    answers, look = threading.Event(), LocalPeers.look

    def slow(self: LocalPeers) -> Iterator[None]:
        for piece in look(self):
            answers.wait()
            yield piece

    monkeypatch.setattr(LocalPeers, "look", slow)
    source = reading(tmp_path / "store")
    thread = source.store.recorder.thread
    thread.deadline = 0.05
    await source.load()
    assert "the disk did not answer" in str(source.status.problem)
    assert not source.store.state().manual
    answers.set()
    thread.deadline = 60.0
    await source.load()
    assert source.status.problem is None
    assert source.store.state().manual == {CHECKOUT: "customers call"}
    ann.store.close()


@pytest.mark.parametrize("acting", [False, True])
async def test_a_long_log_is_read_in_pieces_each_with_the_deadline_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, acting: bool
) -> None:
    """Own and others': the deadline measures a disk that does not answer, and not how much there is to read."""
    ann = await recorded(tmp_path)
    for count in range(6):
        await ann.store.record(note(str(count), kind=EntryKind.OUTCOME, intent=f"i{count}"))
    ann.store.close()
    for module in (chain_walk, local_file):
        monkeypatch.setattr(module, "PIECE", 2)
    source = opened(tmp_path, terminal="ann").source if acting else reading(tmp_path)
    thread, pieces = source.store.recorder.thread, list[str]()
    call = thread.call

    async def counted(work: Callable[[], Any], what: str, ticket: Any = None) -> Any:
        pieces.append(what)
        return await call(work, what, ticket)

    monkeypatch.setattr(thread, "call", counted)
    board = await read_once(source)
    assert board.facts.manual == {CHECKOUT: "customers call"} and problem(board) is None
    for what in (
        ("reading what is remembered", "walking its own log")
        if acting
        else ("reading other terminals' files",)
    ):
        assert pieces.count(what) >= 4, pieces
    source.store.close()


async def test_what_a_terminal_knows_is_there_before_its_file_is_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (await recorded(tmp_path)).store.close()
    goes_on, walk = threading.Event(), LocalFile.walk

    def held_up(self: LocalFile, one: chain_walk.ChainWalk) -> bool:
        goes_on.wait()
        return walk(self, one)

    monkeypatch.setattr(LocalFile, "walk", held_up)
    source, board = opened(tmp_path, terminal="ann", deadline=60.0).source, Board()
    running = asyncio.create_task(source.run(board))
    await board.until(lambda facts: CHECKOUT in facts.manual)
    status = board.picture.sources["store"]
    assert not status.complete and status.observed_at is None and status.progress is not None
    assert source.unsettled(board.picture, board.assessment) and not board.facts.health.walked
    goes_on.set()
    await soon(lambda: not source.unsettled(board.picture, board.assessment), "the store")
    assert board.facts.health.walked and board.picture.sources["store"].observed_at is not None
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    source.store.close()


@pytest.mark.parametrize(
    ("health", "first"),
    [
        (StoreHealth(proven_to=5), "✔ proven to entry 5"),
        (StoreHealth(proven_to=5, walked=False), "? this terminal's log was not read to its end yet"),
        (StoreHealth(proven_to=5, broken="entry 3 was changed"), "▲ entry 3 was changed"),
    ],
)
def test_what_was_not_read_to_its_end_or_is_broken_is_not_proven(health: StoreHealth, first: str) -> None:
    assert chain_line(health)[0][0].startswith(first)
