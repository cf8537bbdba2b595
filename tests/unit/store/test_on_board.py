"""The store as a source of the real board: two terminals of one user, each with its board, on the same folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.unit.store.helpers import CHECKOUT, Clock, opened
from tfdash.board.board import Board, Update
from tfdash.model.picture import Picture
from tfdash.model.store_state import EntryKind, StoreState, VerifiedGood
from tfdash.store.log import data_dir
from tfdash.store.log.reading import read_folder
from tfdash.store.log.verify import verify

GOOD = VerifiedGood(
    subject=CHECKOUT, template='{"spec":{}}', template_hash="6f7c9d", images=("r/checkout:1",), by="rules"
)


class Terminal:
    """A running board with a store. ``told``: what the board named as changed of the store, update by update."""

    def __init__(self, folder: Path, clock: Clock, *, acting: bool = True) -> None:
        made = opened(folder, clock, acting=acting)
        self.store = made.store
        self.board = Board([], None, clock, sources=[made.source], interval=0.01)
        self.told: list[object] = []
        self._came = threading.Condition()
        self.board.subscribe(self._update)
        self.board.start()
        self.until(lambda state: bool(state.health.terminal))

    def _update(self, update: Update) -> None:
        with self._came:
            self.told.append(update.change.store)
            self._came.notify_all()

    @property
    def picture(self) -> Picture:
        return self.board.picture

    def until(self, true: Callable[[StoreState], bool]) -> StoreState:
        with self._came:
            assert self._came.wait_for(lambda: true(self.picture.store_state), 60)
        return self.picture.store_state

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """On the board's loop, where the store lives."""
        return self.board._submit(work).result(60)

    def end(self) -> None:
        self.board.stop(10.0)
        self.store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_one_terminal_records_is_in_its_own_picture_and_in_the_others(
    tmp_path: Path, clock: Clock
) -> None:
    ann, beside, reader = (Terminal(tmp_path, clock, acting=acting) for acting in (True, True, False))
    ann.do(ann.store.remember_verified(GOOD))
    ann.do(ann.store.remember_manual(CHECKOUT, "ann", "customers complain"))
    for terminal in (ann, beside, reader):
        state = terminal.until(lambda state: CHECKOUT in state.manual)
        assert state.verified[CHECKOUT].template == GOOD.template
        assert any(terminal.told)  # readers are told that it was the store
    ann.do(ann.store.remember_manual(CHECKOUT, "ann", ""))
    for terminal in (ann, beside, reader):
        terminal.until(lambda state: not state.manual)
    for terminal in (ann, beside, reader):
        terminal.end()
    assert verify(read_folder(tmp_path)).code == 0


def test_a_reader_takes_no_place_and_records_nothing(tmp_path: Path, clock: Clock) -> None:
    ann = Terminal(tmp_path, clock)
    ann.do(ann.store.remember_manual(CHECKOUT, "ann", "customers complain"))
    before = sorted(path.name for path in tmp_path.iterdir())
    reader = Terminal(tmp_path, clock, acting=False)
    reader.until(lambda state: CHECKOUT in state.manual)
    assert "read-only" in reader.picture.store_state.health.local
    reader.end()
    ann.end()
    assert {path.name for path in tmp_path.iterdir()} - set(before) <= {
        "terminal-0.db-shm",
        "terminal-0.db-wal",
    }


def test_who_acts_is_seen_and_left_unsettled_by_a_terminal_that_ended(tmp_path: Path, clock: Clock) -> None:
    beside, ann = Terminal(tmp_path, clock), Terminal(tmp_path, clock)
    intent = ann.do(
        ann.store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT, action="workload.rollback")
    )
    state = beside.until(lambda state: bool(state.acting))
    assert [(a.by, a.action, a.terminal) for a in state.acting] == [
        ("ann", "workload.rollback", ann.store.terminal)
    ]
    assert not state.unsettled  # it is being carried out
    ann.end()
    state = beside.until(lambda state: bool(state.unsettled))
    assert [entry.hash for entry in state.unsettled] == [intent.hash] and not state.acting
    beside.do(
        beside.store.append(EntryKind.OUTCOME, actor="ann", intent=intent.intent, data={"result": "applied"})
    )
    beside.until(lambda state: not state.unsettled)
    beside.end()


def test_break_glass_ends_with_its_terminal_for_everybody(tmp_path: Path, clock: Clock) -> None:
    beside, ann = Terminal(tmp_path, clock), Terminal(tmp_path, clock)
    ann.do(ann.store.break_glass("production", "ann", "nobody answers"))
    active = beside.until(lambda state: "production" in state.break_glass).break_glass["production"]
    assert active.by == "ann" and active.until > clock.now()
    ann.end()
    again = Terminal(tmp_path, clock)  # takes the free place, and ends what began there
    for terminal in (again, beside):
        terminal.until(lambda state: state.break_glass["production"].until <= clock.now())
        terminal.end()


def test_a_board_that_stopped_has_let_its_place_go(tmp_path: Path, clock: Clock) -> None:
    Terminal(tmp_path, clock).end()
    slot = data_dir.try_slot(tmp_path, 0)
    assert slot is not None
    data_dir.release(slot)
