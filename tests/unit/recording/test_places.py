"""A ring keeps what it promises and no more; a disk that fails is told, and what comes after it is whole again."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import msgspec
import pytest

from tests.tui import world
from tests.tui.recorded import REF
from tests.unit.recording.test_recording import said
from tests.unit.recording.worlds import Lived, in_file, opened
from tfdash.model.observation import Observation
from tfdash.model.subject import Key
from tfdash.model.verdict import Level
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.places import LOCK, OneFile, Ring, alive, rings, sweep

ABOUT = RecordingHeader(environment=REF.environment)
DAY = 86_400.0


def ring(folder: Path, span: float = 60.0, size: int = 10**9, now: float = 1000.0) -> tuple[Ring, Lived]:
    place = Ring(folder, ABOUT, span, size, lambda: now)
    return place, Lived(place, whole_every=0.0, least=0.0)


def live(lived: Lived, turns: int, after: float = 5.0) -> None:
    for number in range(turns):
        lived.put("drop_objects", REF, "Pod", after=after)
        lived.judge(said(number + 1, Level.OK))
        lived.turn()


def test_a_ring_keeps_its_span_and_little_more(tmp_path: Path) -> None:
    place, lived = ring(tmp_path / "ring")
    lived.world()
    lived.turn()
    live(lived, 50)
    assert place.path is not None
    recording = opened(place.path)
    assert recording.cut == ""
    assert recording.end == lived.clock.at
    assert 60.0 <= recording.end - recording.start <= 60.0 + 2 * 5.5
    assert recording.picture_at(recording.end).clusters == lived.fold.picture.clusters


def test_a_ring_is_no_larger_than_it_may_be(tmp_path: Path) -> None:
    place, lived = ring(tmp_path / "ring", span=1e9, size=400_000)
    lived.world()
    live(lived, 40)
    assert place.path is not None
    sizes = [path.stat().st_size for path in place.path.glob("*.tfrec")]
    assert len(sizes) > 1
    assert 300_000 - max(sizes) < sum(sizes) <= 400_000
    assert opened(place.path).end == lived.clock.at


def test_a_segment_that_grows_large_ends(tmp_path: Path) -> None:
    place = Ring(tmp_path / "ring", ABOUT, 1e9, 400_000, lambda: 1000.0)
    lived = Lived(place)  # by the clock no segment ends
    lived.world()
    for number in range(40):
        for kind, objects in world.objects().items():
            for one in objects:  # what does not compress, as a name that is new each time
                noise = hashlib.sha256(f"{number} {one.name}".encode()).hexdigest()
                new = {Key("a", noise): msgspec.structs.replace(one, namespace="a", name=noise)}
                lived.put("put_objects", REF, kind, Observation(value=new), None)
        lived.turn()
    assert place.path is not None
    sizes = [path.stat().st_size for path in place.path.glob("*.tfrec")]
    assert len(sizes) > 1 and sum(sizes) <= 400_000 + 50_000
    assert opened(place.path).picture_at(lived.clock.at).clusters == lived.fold.picture.clusters


def test_it_is_for_its_user_alone(tmp_path: Path) -> None:
    place, lived = ring(tmp_path / "ring")
    live(lived, 2)
    assert place.path is not None
    for path in (tmp_path / "ring", place.path, *place.path.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_what_an_ended_terminal_left_stays_for_a_day(tmp_path: Path) -> None:
    place, lived = ring(tmp_path, now=1000.0)
    live(lived, 2)
    assert place.path is not None and alive(place.path)
    sweep(tmp_path, now=10 * DAY + place.path.stat().st_mtime)
    assert rings(tmp_path) == [place.path]  # it lives
    lived.end()
    assert not alive(place.path)
    sweep(tmp_path, now=place.path.stat().st_mtime + 0.5 * DAY)
    assert rings(tmp_path) == [place.path]
    sweep(tmp_path, now=place.path.stat().st_mtime + 2 * DAY)
    assert rings(tmp_path) == []


def test_of_many_ended_terminals_the_newest_stay(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / LOCK).touch()
        (folder / "000001.tfrec").write_bytes(b"x")
        os.utime(folder / "000001.tfrec", (1000.0 + number, 1000.0 + number))
    sweep(tmp_path, now=1100.0)
    assert [path.name for path in rings(tmp_path)] == [str(number) for number in range(19, 11, -1)]


def test_no_other_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(FileExistsError):
        OneFile(tmp_path / "a", ABOUT).make()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    with pytest.raises(OSError, match=r"exists|symbolic"):
        OneFile(tmp_path / "link", ABOUT).make()
    assert (tmp_path / "a").read_text() == "mine" and not (tmp_path / "b").exists()


class Full:
    """A disk that takes so many bytes: the write that meets its end takes a part, the next none."""

    def __init__(self, file: object, room: list[int]) -> None:
        self._file, self._room = file, room

    def write(self, data: bytes) -> int:
        if self._room[0] <= 0:
            raise OSError(28, "No space left on device")
        part = data[: self._room[0]]
        self._room[0] -= len(part)
        return self._file.write(part)  # type: ignore[attr-defined,no-any-return]

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def test_a_full_disk_is_told_and_afterwards_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [10**9]
    place = OneFile(tmp_path / "a", ABOUT)
    place.make()
    place._file = Full(place._file, room)  # type: ignore[assignment]
    lived = Lived(place)
    lived.turn()
    lived.world()
    lived.turn()
    whole = (lived.clock.at, lived.fold.picture)
    room[0] = 100
    live(lived, 3)
    assert lived.problems == ["nothing is recorded: No space left on device"]
    room[0] = 10**9
    lived.recorder._retry_at = 0.0
    live(lived, 3)
    lived.end()
    assert lived.problems[1:] == [""]
    recording = opened(tmp_path / "a")
    assert recording.cut == "" and recording.closed
    assert recording.picture_at(whole[0]).clusters == whole[1].clusters
    assert recording.picture_at(recording.end).clusters == lived.fold.picture.clusters
    told = list(recording.puts(whole[0], recording.end))
    assert any(one.what == "put_objects" for one in told)  # what is lacking is made up for


def test_what_waits_for_a_slow_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfdash.recording.recorder.MOST_WAITING", 10)
    lived = in_file(tmp_path / "a")
    lived.turn()
    for _ in range(50):
        lived.world()
    assert len(lived.recorder._waiting) == 10
    assert lived.recorder.lost > 100
    lived.turn()
    lived.end()
    recording = opened(tmp_path / "a")
    assert recording.picture_at(recording.end).clusters == lived.fold.picture.clusters


def test_a_pipe_in_the_place_of_a_lock_is_nobody_and_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOCK)
    assert not alive(tmp_path)
