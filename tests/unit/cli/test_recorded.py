"""A headless command on a recording: judged with what a terminal would remember, or as it was judged then, and what is cut is told."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from tests.real_parts import CONFIG, file_of
from tests.tui import world
from tests.tui.recorded import INFO, REF
from tests.unit.recording.test_recording import POD, said
from tests.unit.recording.worlds import Lived, in_file, opened
from tfdash.cli import main
from tfdash.cli.headless import settle
from tfdash.cli.parser import parse
from tfdash.cli.recorded import board_of, chosen, judged_by, picture_of
from tfdash.config.quick import RecordedMoment
from tfdash.judging.judge import Judge
from tfdash.model.observation import Observation
from tfdash.model.picture import Change
from tfdash.model.verdict import Level
from tfdash.recording.frames import FrameKind, FrameWriter, RecordingHeader
from tfdash.recording.places import OneFile
from tfdash.replay.walk import Walk


@pytest.fixture
def cut(tmp_path: Path) -> RecordedMoment:
    """Its last frame has the right link and cannot be read: only who plays it finds that."""
    with (tmp_path / "a").open("wb", buffering=0) as out:
        writer = FrameWriter(out, RecordingHeader(environment=REF.environment, clusters=(tuple(REF),)))
        writer.add(FrameKind.WHOLE, 1.0, 1.0, msgspec.msgpack.encode([]))
        writer.add(FrameKind.CHANGES, 2.0, 2.0, bytes(100))
    return RecordedMoment(tmp_path / "a", 2.0)


def test_a_cut_that_only_playing_finds_is_told_once(
    cut: RecordedMoment, capsys: pytest.CaptureFixture[str]
) -> None:
    told = "the recording holds what cannot be read"
    picture_of(cut)
    assert capsys.readouterr().err.count(told) == 1
    board_of(cut, Judge)
    assert capsys.readouterr().err.count(told) == 1


@pytest.mark.parametrize("anonymised", [True, False])
def test_what_was_said_then_stands_where_names_are_aliases(tmp_path: Path, anonymised: bool) -> None:
    path = tmp_path / "a.tfrec"
    lived = Lived(OneFile(path, RecordingHeader(environment="production", anonymised=anonymised)))
    lived.turn()
    lived.world()
    lived.judge(said(1, Level.BREACH))
    lived.end()
    board = board_of(RecordedMoment(path, opened(path).end, anonymised), Judge)
    assert not settle(board, {}, 20.0)
    board.stop()
    assert (board.assessment.verdicts == {POD: said(1, Level.BREACH).verdicts[POD]}) is anonymised


def test_it_is_judged_with_what_a_terminal_that_watched_would_remember(tmp_path: Path) -> None:
    """The clusters ran another version before, which no later picture tells."""
    path = tmp_path / "a.tfrec"
    lived = in_file(path)
    earlier = msgspec.structs.replace(INFO, version="v1.36.0")
    lived.put("put_info", REF, Observation(value=earlier, source="eu-1", observed_at=world.NOW))
    lived.turn()
    lived.world()
    lived.turn()
    lived.end()
    end = opened(path).end
    made: list[Judge] = []

    def make() -> Judge:
        made.append(Judge())
        return made[-1]

    board = board_of(RecordedMoment(path, end), make)
    assert not settle(board, {}, 20.0)
    board.stop()
    assert len(made) == 2, "the walk's and the board's"
    walk = Walk(Judge, opened(path))
    walk.to(end)
    afresh = Judge()
    afresh.assess(opened(path).picture_at(end), Change(keys={}, freshness=frozenset()), end)
    assert made[-1].remembered == walk.remembered(end) != afresh.remembered


@pytest.mark.parametrize("anonymised", [True, False])
def test_it_is_of_the_environment_that_was_recorded_and_says_by_which_policy(
    tmp_path: Path, anonymised: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path, config = tmp_path / "a.tfrec", tmp_path / "tfdash.toml"
    config.write_text(
        "".join(f'[[environments.{name}.clusters]]\ncontext = "{name}"\n' for name in ("staging", "other"))
    )
    lived = Lived(OneFile(path, RecordingHeader(environment="production", anonymised=anonymised)))
    lived.turn()
    lived.world()
    lived.end()
    found = chosen(parse(["snapshot", "--recording", str(path), "--config", str(config)]))
    assert found.environment.name == "production" and found.recorded is not None
    assert found.recorded.anonymised is anonymised
    assert ("the policy of then" in capsys.readouterr().err) is anonymised
    assert (str(config) in judged_by(found)) is not anonymised


def test_whether_a_release_might_begin_then_is_asked_of_the_clock_and_the_store_of_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    path = tmp_path / "a.tfrec"
    lived = in_file(path)
    late = msgspec.structs.replace(INFO, skew=4000.0)
    lived.put("put_info", REF, Observation(value=late, source="eu-1", observed_at=world.NOW))
    lived.turn()
    lived.end()
    assert main(["gate", "release", "--recording", str(path), "--format", "json"]) != 0
    told = json.loads(capsys.readouterr().out)
    assert told["store_unread"] == "the store was not read then"
    assert told["clock_unchecked"] == "" and told["counts"]["no"] >= 1
    assert "clock" in told["why"]


def test_what_was_changed_is_told_by_the_revisions_that_a_recording_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("--screen", "changes", "--recording", str(file_of("argo-aborts")), "--config", str(CONFIG))
    assert main(["snapshot", *words, "--format", "json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert [(c["name"], c["what"]) for c in told["changes"]] == [
        ("checkout", "what is revision 2 now was made: checkout:2.0.0"),
        ("checkout", "what is revision 1 now was made: checkout:1.0.0"),
    ]
    assert main(["snapshot", *words, "-n", "elsewhere"]) == 2
    assert "Nothing that was read tells of a change" in capsys.readouterr().out
