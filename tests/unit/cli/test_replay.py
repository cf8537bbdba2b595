"""``tfdash replay`` before anything is drawn: which time is meant, what cannot be played, and what is not even imported."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.tui.recorded import REF
from tests.unit.recording.worlds import in_file
from tfdash.cli import main
from tfdash.cli.recorded import chosen
from tfdash.judging.judge import Judge
from tfdash.model.observation import Observation
from tfdash.model.picture import ServerInfo
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.recording.reading import Recording
from tfdash.replay.clock import ReplayClock
from tfdash.replay.player import Player
from tfdash.views.replay import ReplayState, changed, meant, words

ROOT = Path(__file__).resolve().parents[3]
NEW_YORK = ZoneInfo("America/New_York")
START = 1_795_443_300.0  # Mon 23 Nov 2026 09:15 EST
END = START + 7200.0

_PLAYED = """
import sys
from pathlib import Path
from tfdash.cli import main, output
output.on_terminal = lambda: True
from screens.replay import ReplayApp

def looked_at(self):
    self.board.start()
    told = self.context.validate()
    assert not told, told
    self.board.stop()

ReplayApp.run_in_terminal = looked_at
code = main(["replay", sys.argv[1], "--at", "end", "--config", sys.argv[2]])
print(code, *sorted(m for m in sys.modules if m.startswith(("tfdash.writers", "tfdash.cli.acting", "kubernetes"))))
"""


def test_no_writer_is_imported_by_a_replay_as_it_runs(tmp_path: Path) -> None:
    lived = in_file(tmp_path / "a.tfrec")
    lived.world()
    lived.turn()
    lived.end()
    config = tmp_path / "config.toml"
    config.write_text("read_only = false\n[environments.production]\n")
    done = subprocess.run(
        [sys.executable, "-c", _PLAYED, str(tmp_path / "a.tfrec"), str(config)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.stdout == "0\n", done.stderr


def test_what_cannot_be_played_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfdash.cli.replay.on_terminal", lambda: True)
    (tmp_path / "text").write_text("no recording")
    for given in (tmp_path / "text", tmp_path / "none", tmp_path):
        assert main(["replay", str(given)]) == 3
        told = capsys.readouterr().err
        assert str(given) in told and "Traceback" not in told and told.count("\n") == 1


def test_what_is_cut_or_changed_plays_up_to_there_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.tfrec"
    lived = in_file(path)
    lived.world()
    lived.turn()
    for number in range(5):
        lived.put("put_info", REF, Observation(value=ServerInfo(version=f"v1.{number}")))
        lived.turn()
    lived.end()
    whole, data = Recording.open(path), path.read_bytes()
    changed_one = bytearray(data)
    changed_one[-200] ^= 1
    for name, content in (("cut", data[:-150]), ("changed", bytes(changed_one))):
        other = tmp_path / f"{name}.tfrec"
        other.write_bytes(content)
        player = Player(lambda other=other: Recording.open(other), lambda hold: Judge())
        assert player.recording.start == whole.start and player.recording.end < whole.end
        told = words(player.state, NEW_YORK).cut
        assert told.startswith("▲ ") and "\n" not in told
        assert words(player.state, NEW_YORK).place
        absent = dict.fromkeys(("config", "environment", "kubeconfig", "context"))
        chosen(Namespace(recording=str(other), at="end", **absent))
        assert capsys.readouterr().err.count("it is taken up to there") == 1


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("start", START),
        ("END", END),
        ("+10m", START + 1800 + 600),
        ("-90s", START + 1800 - 90),
        ("09:20", START + 300),
        ("10:02:07", START + 47 * 60 + 7),
        ("9:15", START),
        ("2026-11-23 09:45", START + 1800),
        ("2026-11-23T14:45:00Z", START + 1800),
    ],
)
def test_a_time_that_is_typed(text: str, at: float) -> None:
    assert meant(text, START + 1800, START, END, NEW_YORK) == at


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "25:00", "2026-11-24 09:45", "+", "+x", "\x1b[31m", "9:99"),
        *("08:00", "09:14", "09:14:59", "11:15:01", "11:16", "-1s", "+2h1s", "2026-11-23 11:16"),
    ],
)
def test_what_is_no_time_of_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|does not hold") as told:
        meant(text, START, START, END, NEW_YORK)
    assert "\x1b" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "at"), [("09:15", START + 23), ("-23s", START + 23), ("11:15:22", END + 22)]
)
def test_the_minute_in_which_it_begins_is_its_beginning(text: str, at: float) -> None:
    assert meant(text, START + 46, START + 23, END + 23, NEW_YORK) == at


def test_what_it_does_not_hold_is_told_by_the_day_on_which_it_begins() -> None:
    with pytest.raises(ValueError, match=r"hold Mon 23 Nov 2026 11:30:00 EST; it goes from Mon .* to Mon"):
        meant("11:30", START, START, END, NEW_YORK)


def test_a_time_of_the_day_after_midnight_is_the_one_that_it_holds() -> None:
    late = START + 14 * 3600  # 23:15
    assert meant("00:10", late, late, late + 3600, NEW_YORK) == late + 55 * 60


def test_the_clock_stands_runs_jumps_and_ends() -> None:
    passed = [0.0]
    clock = ReplayClock(START, END, passed=lambda: passed[0])
    passed[0] = 10.0
    assert clock.now() == START and not clock.plays
    clock.play(True)
    passed[0] = 20.0
    assert clock.now() == START + 10 and clock.plays
    assert clock.faster(3) == 10.0
    passed[0] = 30.0
    assert clock.now() == START + 110
    clock.jump(END - 5)
    passed[0] = 40.0
    assert clock.now() == END and not clock.plays


def test_the_line_says_where_it_is_and_by_what_it_is_judged() -> None:
    state = ReplayState(START + 60, START, END, True, 10.0, True, True, START + 30)
    told = words(state, NEW_YORK)
    assert (told.state, told.clock, told.day) == ("▶ ×10", "09:16:00 EST", "Mon 23 Nov")
    assert (
        told.judged + told.by == "judged anew, by today's policy"
        and told.walking == "verdicts known to 09:15:30"
    )
    assert words(state._replace(anew=False), NEW_YORK).judged == "as judged then"
    assert "not recorded" in words(state._replace(anew=False, on_record=False), NEW_YORK).judged
    assert words(state._replace(cut="odd\x1b"), NEW_YORK).cut == "▲ odd␛"
    others = words(state._replace(anonymised=True), NEW_YORK)
    assert (told.names, others.names) == ("", "anonymised") and others.by.endswith("names nobody")


def test_of_what_changed_at_one_moment_the_gravest_is_told() -> None:
    at = Subject(ClusterRef("production", "eu-1"), "Deployment", "shop", "web")
    found = [(START, at, "a", Level.OK, Level.WARN), (START, at, "b", Level.WARN, Level.BREACH)]
    assert changed(found, NEW_YORK) == "09:15:00  Deployment shop/web: b warn → BREACH, and 1 more"
