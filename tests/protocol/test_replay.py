"""A bad canary of the simulated platform, recorded while it is judged, and played again."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.waiting import until
from tfdash.cli import main
from tfdash.cli.compose import board_of, clock_of, judge_of
from tfdash.cli.headless import settle
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.config.settings import Settings
from tfdash.demo.process import DemoOptions, start_process
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import JUDGED
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.model.verdict import Level
from tfdash.recording.changes import levels_of
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.places import OneFile
from tfdash.recording.reading import Recording
from tfdash.recording.recorder import Recorder
from tfdash.replay.judging import ReplayJudge
from tfdash.replay.player import Player
from tfdash.sources.base import ALL

_LONG = 240.0  # seconds of the platform's, of which it has 24 in one of ours


class Lived:
    """What was recorded, the settings that it was judged by, and what was said at the time."""

    def __init__(
        self, place: Path, config: Path, settings: Settings, told: list[tuple[float, Assessment]]
    ) -> None:
        self.place, self.config, self.settings, self.told = place, config, settings, told

    def opened(self) -> Recording:
        return Recording.open(self.place)

    def make(self, hold: float = math.inf) -> Judge:
        """All at once, where a player would judge piece by piece."""
        return judge_of(self.settings)

    def player(self, at: float | None = None, **how: bool) -> Player:
        return Player(self.opened, self.make, at=at, interval=0.0, **how)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with start_process(DemoOptions(scenario="bad-canary", speed=24.0)) as demo:
        place: Path = tmp_path_factory.mktemp("replay") / "tfdash.toml"
        beside = Path(
            shutil.copy(demo.kubeconfig, place.parent)
        )  # a simulator's configuration has it beside it
        said = demo.config.read_text().replace(str(demo.kubeconfig), str(beside))
        place.write_text(f'{said}\n[metrics]\ninterval = "1s"\n')
        config = load_quick(str(place))
        known = load(config.path)
        clock = clock_of(config)
        board, _ = board_of(config, known, clock, probing=True)
        recorded = tmp_path_factory.mktemp("recorded") / "bad.tfrec"
        about = RecordingHeader(environment=config.environment.name)
        recorder = Recorder(OneFile(recorded, about), clock, lambda: (board.picture, board.assessment))
        board.record(recorder.taken)
        told: list[tuple[float, Assessment]] = []  # and when it was heard

        def heard(update: Update) -> None:
            if update.assessment.whole and update.assessment.number == update.picture.number:
                told.append((clock.now(), update.assessment))

        board.subscribe(recorder.update)
        board.subscribe(heard)
        recorder.start()
        settle(board, dict.fromkeys(JUDGED, ALL), 60.0)
        settled = clock.now()
        until(lambda: clock.now() > settled + _LONG, "time to pass")
        until(lambda: told and told[-1][0] > settled + _LONG, "the last judgement")
        board.stop()
        recorder.stop()
        yield Lived(recorded, place, known, told)


def said(assessment: Assessment) -> dict[Subject, dict[str, Level]]:
    subjects = {*assessment.verdicts, *assessment.answers}
    return {s: levels for s in subjects if (levels := levels_of(assessment, s))}


def judged_at(player: Player, at: float) -> Assessment:
    """What the player's own board says there, once it is judged."""
    player.jump(at)
    player._turn()
    board = player.board
    told, _ = player.judge.assess(board.picture, board._fold.take(), at)
    return told


def test_a_bad_canary_is_judged_as_it_was_then(lived: Lived) -> None:
    player = lived.player()
    player.walk.run(rest=0.0)
    recorded = lived.opened()
    told = [one for one in lived.told if one[1].at > recorded.start and one[1].number]
    breached = [one for one in told if any(a.level is Level.BREACH for a in one[1].answers.values())]
    assert breached, "the canary is no bad one"
    for heard, then in (*told[:: max(1, len(told) // 12)], breached[0], told[-1]):
        now, was = judged_at(player, then.at), recorded.judged_at(heard)
        assert was is not None and said(was) == said(then)
        assert said(now) == said(then), then.at
        assert [s.level for s in now.sections] == [s.level for s in then.sections]
        assert {s: j.outcome for s, j in now.canaries.items()} == {
            s: j.outcome for s, j in then.canaries.items()
        }
    [change] = {c for c in player.walk.changes if c.rule == "release" and c.after is Level.BREACH}
    assert change.subject.name == "checkout"


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_jumps_say_what_playing_through_says(lived: Lived, data: st.DataObject) -> None:
    through = Through(lived)
    player = lived.player()
    player.walk.run(rest=0.0)
    tape = player.recording
    times = data.draw(st.lists(st.floats(tape.start, tape.end), min_size=1, max_size=4))
    shown = {at: judged_at(player, at) for at in times}
    for at in sorted(shown):
        assert said(shown[at]) == said(through.to(at))


class Through:
    """The same, played from the start in the order of what came."""

    def __init__(self, lived: Lived) -> None:
        from tfdash.board.fold import Fold

        self._tape, self._judge = lived.opened(), ReplayJudge(lived.make, lived.opened())
        self._fold = Fold(self._tape.picture_at(self._tape.start))
        self._fold.show(self._fold.picture)
        self._at = self._tape.start
        self._told, _ = self._judge.assess(self._fold.picture, self._fold.take(), self._at)

    def to(self, at: float) -> Assessment:
        for one in self._tape.puts(self._at, at):
            self._fold.put(one)
            self._told, _ = self._judge.assess(self._fold.picture, self._fold.take(), one.at)
        self._at = at
        self._told, _ = self._judge.assess(self._fold.picture, self._fold.take(), at)
        return self._told


def test_a_snapshot_of_any_moment_of_it_without_a_cluster(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ["snapshot", "--recording", str(lived.place), "--config", str(lived.config), "--screen", "canary"]
    assert main([*first, "--format", "json"]) == 1
    [release] = json.loads(capsys.readouterr().out)["releases"]
    assert (release["subject"]["name"], release["verdict"]) == ("checkout", "BREACH")
    assert main([*first, "--at", "start"]) == 2  # nothing was read yet: unknown is never green
    assert main([*first, "--at", "1999-01-01"]) == 64
    assert "does not hold" in capsys.readouterr().err
