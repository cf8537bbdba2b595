"""Runs in a recording: each picture has what there was, and an event more costs an event, not the run."""

from __future__ import annotations

from pathlib import Path

from tests.unit.playbook.procedures.running import Run
from tests.unit.recording.worlds import in_file, opened
from tfdash.model.run import RunJournal
from tfdash.model.store_state import StoreState


def test_a_run_that_grows_is_played_as_it_was(tmp_path: Path) -> None:
    lived, run, other = in_file(tmp_path / "a"), Run(), Run(nonce="other")
    journals = {other.id: other.journal}
    for count in range(5):
        for step in ("seen", "how"):
            run.add("note", step, sentence=f"note {count}")
        journals = {**journals, run.id: run.journal}
        lived.put("put_store_state", StoreState(runs=journals))
        lived.turn()
    late = run.add("note", terminal="bob", number=3)  # between those that are there
    journals = {**journals, run.id: run.journal}
    lived.put("put_store_state", StoreState(runs=journals))
    lived.put("put_store_state", StoreState(runs={run.id: run.journal}))
    lived.turn()
    run.add("closed")
    lived.put("put_store_state", StoreState(runs={run.id: run.journal}))
    lived.end()
    recording = opened(tmp_path / "a")
    for at, picture in lived.pictures:
        assert recording.picture_at(at).store_state.runs == picture.store_state.runs
    told = recording.picture_at(recording.end).store_state.runs
    assert late in told[run.id].events and other.id not in told


def test_one_event_more_costs_no_whole_run(tmp_path: Path) -> None:
    lived, run = in_file(tmp_path / "a"), Run()
    for number in range(2000):
        run.add("note", "seen", sentence=f"a line of note {number} that has its length")
    whole = run.journal
    lived.put("put_store_state", StoreState(runs={run.id: whole}))
    lived.turn()
    before = (tmp_path / "a").stat().st_size
    grown = whole
    for number in range(20):
        event = run.add("note", "seen", sentence=f"one more {number}")
        grown = RunJournal(id=run.id, events=(*grown.events, event))
        lived.put("put_store_state", StoreState(runs={run.id: grown}))
        lived.turn()
    lived.end()
    assert (tmp_path / "a").stat().st_size - before < 20 * 1000
    recording = opened(tmp_path / "a")
    assert recording.picture_at(recording.end).store_state.runs == {run.id: grown}
