"""The events of runs in the audit log: written, read by every terminal in any order, and bounded."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.procedures.running import AT, Run
from tests.unit.store.helpers import Board, opened
from tfdash.model.run import RunEvent, RunEventKind
from tfdash.model.store_state import Entry, EntryKind
from tfdash.playbook.procedures.state import run_state
from tfdash.store.log.attribution import attributed
from tfdash.store.log.canonical import data_of, dump, plain
from tfdash.store.log.run_facts import FINISHED, OPEN, RunFacts, event_data, imported_data, next_number


def entry(event: RunEvent, sequence: int = 0, **fields: Any) -> Entry:
    """As the terminal of the event records it."""
    told = {
        "version": 1,
        "terminal": event.terminal,
        "sequence": sequence or event.number,
        "at": event.at,
        "kind": EntryKind.NOTE,
        "actor": event.by,
        "sentence": event.sentence,
        "data": dump(plain(event_data(event))),
    }
    return Entry(**{**told, **fields})


def applied(facts: RunFacts, one: Entry, written_by: str = "") -> None:
    facts.apply(attributed(one, written_by), data_of(one), written_by)


def a_run(nonce: str = "n") -> Run:
    run = Run(nonce=nonce)
    run.add("done", "seen", sentence="it is down")
    run.add("decided", "how", terminal="bob", branch="back")
    run.acted("rollback", terminal="bob")
    return run


def test_what_is_written_is_what_is_read_in_whatever_order_it_comes() -> None:
    run = a_run()
    entries = [entry(event) for event in run.events]
    for seed in range(10):
        facts = RunFacts()
        shuffled = [*entries, *entries]
        random.Random(seed).shuffle(shuffled)
        for one in shuffled:
            applied(facts, one)
        assert facts.told()[run.id] == run.journal
        assert run_state(facts.told()[run.id]) == run.state
    assert next_number(run.journal) == 1 + len(run.events) and next_number(None) == 1


def test_a_journal_that_nothing_was_added_to_is_the_same_object() -> None:
    facts, run, other = RunFacts(), a_run(), a_run("m")
    for event in (*run.events, *other.events):
        applied(facts, entry(event))
    before = facts.told()
    assert facts.told() is before
    applied(facts, entry(run.add("done", "tell")))
    after = facts.told()
    assert after[other.id] is before[other.id] and len(after[run.id].events) == len(run.events)


def test_an_event_out_of_a_file_counts_until_its_own_terminal_is_read() -> None:
    facts, run = RunFacts(), Run()
    signed = run.add("done", "seen", by="bob", terminal="bob-1", sentence="it is down")
    forged = msgspec.structs.replace(signed, sentence="it is well")
    carried = entry(forged, terminal="eve-1", actor="eve", sequence=5, at=signed.at + 60)
    carried = msgspec.structs.replace(carried, data=dump(plain(imported_data(forged, "f" * 64))))
    applied(facts, entry(run.events[0]))
    applied(facts, carried, "eve")
    (told,) = [one for one in facts.told()[run.id].events if one.step]
    assert (told.terminal, told.by, told.at) == ("bob-1", "bob (a file of eve)", signed.at)
    assert told.data["from_file"] == "f" * 64
    applied(facts, entry(signed), "bob")
    applied(facts, carried, "eve")
    (told,) = [one for one in facts.told()[run.id].events if one.step]
    assert told.sentence == "it is down" and "from_file" not in told.data and told.stamped == "bob"


def test_a_login_that_says_it_is_somebody_else_is_named_first() -> None:
    facts, run = RunFacts(), Run()
    applied(facts, entry(run.events[0]))
    applied(facts, entry(run.add("approved", "may", by="tfdash", terminal="eve-1")), "eve")
    assert facts.told()[run.id].events[-1].by == "eve (claimed: tfdash)"


def test_what_lies_in_this_user_s_files_is_stamped_as_the_login_that_they_are_written_by() -> None:
    facts, run = RunFacts(), Run()
    applied(facts, entry(run.events[0]))
    assert facts.told()[run.id].events[0].stamped == ""
    told = facts.told("ann")[run.id].events[0]
    assert told.stamped == "ann"
    applied(facts, entry(run.add("done", "seen")))
    assert facts.told("ann")[run.id].events[0] is told


def test_a_number_that_leaps_is_no_word_of_who_counts() -> None:
    facts, run = RunFacts(), a_run()
    for event in run.events:
        applied(facts, entry(event))
    far = msgspec.structs.replace(run.events[-1], number=2**52, terminal="eve")
    applied(facts, entry(far))
    assert facts.told()[run.id] == run.journal
    assert next_number(facts.told()[run.id]) == 1 + len(run.events)


@pytest.mark.parametrize(
    "odd",
    [
        {"event": None},
        {"event": []},
        {"run": 7},
        {"run": ""},
        {"run": "x" * 201},
        {"number": "1"},
        {"number": 0},
        {"number": -1},
        {"number": True},
        {"number": 2**53},
        {"attempt": None},
        {"attempt": "2"},
        {"step": None},
        {"data": "x"},
        {"of": None},
        {"of": ["x"]},
    ],
    ids=str,
)
def test_what_is_no_event_says_nothing(odd: dict[str, Any]) -> None:
    facts, run = RunFacts(), Run()
    data = event_data(run.events[0])
    data = {**data, **odd} if {"event", "of"} & odd.keys() else {**data, "event": data["event"] | odd}
    applied(facts, entry(run.events[0], data=dump(plain(data))))
    assert facts.told() == {}


@pytest.mark.parametrize("kind", ["paused", None, 7, ["done"], {}])
def test_a_kind_of_a_newer_version_is_a_note_that_says_so(kind: Any) -> None:
    facts, run = RunFacts(), Run()
    applied(facts, entry(run.events[0]))
    event = run.add("done", "seen", sentence="for lunch")
    data = event_data(event)
    data["event"]["kind"] = kind
    applied(facts, entry(event, data=dump(plain(data))))
    told = facts.told()[run.id].events[-1]
    assert told.kind is RunEventKind.NOTE and "of a newer version" in told.sentence
    assert run_state(facts.told()[run.id]).next == ("seen",)


def test_open_runs_are_whole_and_of_the_others_the_newest_are_kept() -> None:
    facts, count = RunFacts(), FINISHED + 20
    opened_first = Run(nonce="open")
    for event in opened_first.events:
        applied(facts, entry(event))
    rehearsed = Run(nonce="dry", dry=True)
    for event in (*rehearsed.events, rehearsed.add("closed", at=AT + 1)):
        applied(facts, entry(event))
    ended = []
    for number in range(count):
        run = Run(nonce=str(number))
        ended.append(run.id)
        for event in (*run.events, run.add("aborted", sentence="no", at=AT + 1000 + number)):
            applied(facts, entry(event))
    told = facts.told()
    assert opened_first.id in told and rehearsed.id in told
    assert [id for id in ended if id in told] == ended[-FINISHED:]
    assert facts.whole(ended[0]) is None and facts.whole(ended[-1]) is not None
    late = Run(nonce="0")
    assert late.id == ended[0]
    applied(facts, entry(late.add("note", sentence="long after", at=AT + 10**6)))
    assert late.id not in facts.told()  # half of it would be another run


def test_one_that_is_asked_for_is_held_however_old_it_is() -> None:
    facts, old = RunFacts(), Run(nonce="old")
    facts.want(old.id)
    for event in (*old.events, old.add("aborted", sentence="no", at=AT)):
        applied(facts, entry(event))
    for number in range(FINISHED + 5):
        run = Run(nonce=str(number))
        for event in (*run.events, run.add("aborted", sentence="no", at=AT + 1000 + number)):
            applied(facts, entry(event))
    assert facts.whole(old.id) is not None and len(facts.told()) == FINISHED + 1


def test_one_terminal_s_flood_of_open_runs_takes_nobody_else_s_place() -> None:
    facts, honest = RunFacts(), Run(nonce="honest", terminal="ann")
    applied(facts, entry(honest.events[0]))
    for number in range(OPEN + 10):
        applied(
            facts, entry(Run(terminal="eve", nonce=str(number)).add("note", terminal="eve", at=AT + 10**5))
        )
    assert honest.id in facts.told() and len(facts.told()) == OPEN + 1


async def test_a_run_goes_through_the_log_of_a_terminal_and_is_read_by_another(tmp_path: Path) -> None:
    ann, run = opened(tmp_path, terminal="ann"), a_run()
    for event in run.events:
        await ann.store.append(
            EntryKind.NOTE, actor=event.by, sentence=event.sentence, data=event_data(event)
        )
    told = ann.store.state().runs[run.id]
    assert [(one.number, one.kind, one.data) for one in told.events] == [
        (one.number, one.kind, one.data) for one in run.events
    ]
    ann.store.close()
    bob, board = opened(tmp_path, acting=False), Board()
    await bob.source.load()
    assert bob.store.state().runs[run.id].events == told.events
    board.put_store_state(bob.store.state())
    assert board.facts.runs[run.id].events[0].terminal == ann.store.terminal
