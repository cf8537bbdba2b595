"""What terminals tell each other of the clusters that they reach: only while somebody does not reach one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from tests.unit.playbook.making import REF as EU
from tests.unit.playbook.making import picture
from tests.unit.playbook.procedures.probing import GONE, seen
from tests.unit.store.helpers import NOW, Board, Clock, opened
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.observation import Problem
from tfdash.model.store_state import Entry, EntryKind, TerminalView
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.proposals import LATELY
from tfdash.store.log.reading import entries_of, read_folder
from tfdash.store.log.view_facts import ViewFacts, data_of_views
from tfdash.store.view_recorder import AGAIN, SURE, ViewRecorder

US = ClusterRef("production", "us-1")


def test_the_newest_word_of_each_terminal_counts_in_whatever_order_it_comes() -> None:
    said = [
        (30.0, "a", data_of_views("desk", [(EU, True)])),
        (10.0, "a", data_of_views("desk", [(EU, False), (US, False)])),
        (20.0, "b", data_of_views("phone", [(EU, False)])),
    ]
    for order in (said, said[::-1]):
        facts = ViewFacts()
        for at, terminal, data in order:
            facts.apply(at, data, terminal)
        found = {(v.terminal, v.cluster): (v.at, v.reaches, v.machine) for v in facts.told()}
        assert found == {
            ("a", EU): (30.0, True, "desk"),
            ("a", US): (10.0, False, "desk"),
            ("b", EU): (20.0, False, "phone"),
        }
        assert facts.told() is facts.told()


def test_what_is_no_word_says_nothing() -> None:
    facts = ViewFacts()
    rows: list[Any] = [3, {"cluster": "eu-1", "reaches": "no"}, {"reaches": True}, None]
    for odd in ({}, {"views": 3}, {"views": rows}):
        facts.apply(1.0, {"topic": "reach", **odd}, "a")
    assert facts.told() == ()


class Terminal:
    """One with a store of its own; ``reaches`` says how it looks there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.board = folder, Clock(NOW), Board()
        self.made = opened(folder, self.clock)
        self.recorder = ViewRecorder(self.made.store, "laptop")

    async def at(self, after: float, problem: Problem | None) -> None:
        self.clock.at = NOW + after
        found = seen(picture(), "", problem=problem, observed_at=self.clock.at)
        self.board.picture = found
        await self.recorder.look(self.board)

    def hears(self, after: float, reaches: bool) -> None:
        data = json.dumps(data_of_views("desk", [(EU, reaches)]))
        entry = Entry(
            version=1,
            terminal="other",
            sequence=int(after) + 1,
            at=NOW + after,
            kind=EntryKind.NOTE,
            actor="x",
            data=data,
        )
        self.made.store.projection.apply(entry)

    @property
    def notes(self) -> list[str]:
        try:
            found = entries_of(read_folder(self.folder))
        except LedgerUnavailable:  # nothing was written at all
            return []
        return [e.sentence for e in found if e.kind is EntryKind.NOTE]


AWAY, REACHED = "this terminal does not reach eu-1", "this terminal reaches eu-1"


async def test_it_is_told_once_it_is_sure_and_again_before_it_stops_to_count(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    gone = msgspec.structs.replace(GONE, since=NOW + 60)
    await terminal.at(0, None)
    await terminal.at(60 + SURE - 1, gone)
    assert terminal.notes == [], "of a platform that answers nothing is written"
    for after in range(int(60 + SURE), int(60 + SURE + 2 * AGAIN), 5):
        await terminal.at(after, gone)
    assert terminal.notes == [AWAY, AWAY] and AGAIN < LATELY
    await terminal.at(400, None)
    await terminal.at(405, None)
    assert terminal.notes == [AWAY, AWAY, REACHED], "and once that it is back"
    state = terminal.made.store.state()
    assert state.views == (
        TerminalView(
            terminal=state.health.terminal, machine="laptop", cluster=EU, at=NOW + 400, reaches=True
        ),
    )
    terminal.made.store.close()


async def test_who_reaches_it_answers_who_does_not(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.hears(0, False)
    for after in range(5, int(AGAIN) + 5, 5):
        await terminal.at(after, None)
    assert terminal.notes == [REACHED]
    await terminal.at(AGAIN + 5, None)
    assert terminal.notes == [REACHED, REACHED]
    await terminal.at(LATELY + AGAIN + 10, None)
    assert terminal.notes == [REACHED, REACHED], "nobody asks any more"
    terminal.made.store.close()
