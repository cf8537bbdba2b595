"""A run of many events is taken up out of a file many at a time, each event once, and as the file has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.procedures.world import HEAD, Terminal, step
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.procedures import journals
from tfdash.procedures.protocols import Given
from tfdash.store.log.local_file import LocalFile
from tfdash.store.log.reading import entries_of, read_folder

Make = Callable[..., Terminal]
WALK = {"walk": HEAD + step("a", "manual") + step("b", "manual")}


@pytest.fixture
def handed(terminal: Make, tmp_path: Path) -> tuple[str, Path, int]:
    """The run, its file, and how many events are in it."""
    ann = terminal(WALK)
    run = ann.start("walk").id
    for number in range(9):
        ann.call(ann.runs.note(run, "a", f"note {number}"))
    ann.do(run, "a", note="done by ann")
    ann.call(ann.runs.hand_over(run, str(tmp_path / "run.json")))
    return run, tmp_path / "run.json", len(ann.runs.events(run))


def test_many_are_written_with_one_wait_and_each_once(
    terminal: Make, handed: tuple[str, Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, path, count = handed
    writes: list[int] = []
    plain = LocalFile.append_all

    def counted(self: LocalFile, drafts: list[object], *more: object) -> object:
        writes.append(len(drafts))
        return plain(self, drafts, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalFile, "append_all", counted)
    monkeypatch.setattr(journals, "_AT_ONCE", 5)
    bob = terminal(WALK, who="bob", place="elsewhere")
    del writes[:]
    bob.call(bob.runs.resume(str(path)))
    assert writes == [5, 5, count - 10, 1]  # and that it was taken up
    assert len(bob.runs.events(run)) == count + 1
    assert bob.state(run).next == ("b",)
    assert [e.by for e in bob.runs.events(run)][:count] == ["ann (a file of bob)"] * count
    bob.call(bob.runs.resume(str(path)))
    assert len(bob.runs.events(run)) == count + 2  # that it was taken up again, and nothing of it twice
    bob.do(run, "b", note="done by bob")
    bob.call(bob.runs.close(run, Given()))


def test_where_the_file_of_this_terminal_takes_none_nothing_is_taken_up(
    terminal: Make, handed: tuple[str, Path, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, path, _ = handed
    bob = terminal(WALK, who="bob", place="elsewhere")

    def full(self: LocalFile, drafts: object, *more: object) -> object:
        raise LedgerUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(LocalFile, "append_all", full)
        with pytest.raises(LedgerUnavailable, match="the disk is full"):
            bob.call(bob.runs.resume(str(path)))
    assert bob.runs.run(run) is None
    bob.call(bob.runs.resume(str(path)))
    assert bob.state(run).next == ("b",)
    told = [e for e in entries_of(read_folder(tmp_path / "elsewhere")) if "note 3" in e.sentence]
    assert len(told) == 1
