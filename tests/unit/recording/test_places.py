"""A ring keeps what it promises and no more; a disk that fails is told, and what comes after it is whole again."""

from __future__ import annotations

import hashlib
import os
import shutil
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
from tfdash.recording import places
from tfdash.recording.excerpt import newest
from tfdash.recording.frames import FrameKind, FrameWriter, RecordingHeader, frames, open_recording
from tfdash.recording.places import LOCK, OneFile, Ring, alive, rings, sweep
from tfdash.recording.reading import NoRecording
from tfdash.recording.recorder import FULL

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


# -- what a disk, a clock and somebody else do to it ------------------------------------------------------------------


def test_a_ring_whose_disk_was_full_in_mid_frame_is_whole_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often: what was written in part is cut, and what has no picture goes, so that reading does not end there."""
    room = [10**9]
    make = places._made
    monkeypatch.setattr(places, "_made", lambda path: Full(make(path), room))
    place, lived = ring(tmp_path / "ring", span=1e9)
    lived.world()
    live(lived, 3)
    before = lived.clock.at
    for left in (0, 30, 100, 2000, 9000):
        room[0] = left
        live(lived, 2)
        assert lived.problems[-1] == "nothing is recorded: No space left on device"
        assert place.path is not None
        assert opened(place.path).picture_at(before).clusters  # what was written until then plays meanwhile
        room[0] = 10**9
        lived.recorder._retry_at = 0.0
        live(lived, 2)
        assert lived.problems[-1] == ""
        recording = opened(place.path)
        assert (recording.cut, recording.end) == ("", lived.clock.at), left
        assert recording.start < before
        assert recording.picture_at(recording.end).clusters == lived.fold.picture.clusters


def test_what_was_cut_in_mid_frame_is_what_was_whole(tmp_path: Path) -> None:
    with open(tmp_path / "a", "wb", buffering=0) as file:
        writer = FrameWriter(file, ABOUT)
        writer.add(FrameKind.GAP, 1.0, 1.0, b"")
        size, link = writer.size, writer.link
        writer._out = Full(file, [20])  # type: ignore[assignment]
        with pytest.raises(OSError, match="No space"):
            writer.add(FrameKind.GAP, 2.0, 2.0, b"x" * 99)
        assert writer.broken and os.path.getsize(tmp_path / "a") == size + 20
        writer._out = file
        writer.cut_back()
        assert os.path.getsize(tmp_path / "a") == size and (writer.size, writer.link) == (size, link)
        writer.add(FrameKind.GAP, 3.0, 3.0, b"")
    opened_file, _, first = open_recording(tmp_path / "a")
    with opened_file:
        assert [frame.first for frame, _ in frames(opened_file, first)] == [1.0, 3.0]


@pytest.mark.parametrize("seconds", [-3600.0, -7200.0, DAY])
def test_another_ring_goes_on_where_the_clock_is_set(tmp_path: Path, seconds: float) -> None:
    """By the new times all that there is would be too old, or never: it stays, whole, and is kept as what an ended terminal left."""
    place, lived = ring(tmp_path / "ring", span=1800.0)
    lived.world()
    live(lived, 5)
    first, until = place.path, lived.clock.at
    lived.clock.set(seconds)
    live(lived, 5)
    assert place.path is not None and first is not None and place.path != first
    assert alive(place.path) and not alive(first)
    old, new = opened(first), opened(place.path)
    assert (old.cut, old.closed, old.end) == ("", True, until)
    assert (new.cut, new.end) == ("", lived.clock.at) and new.start > until + seconds
    assert new.picture_at(new.end).clusters == lived.fold.picture.clusters
    # and a bundle has the last minutes of both, the newest first
    for last in (1.0, 600.0):
        held = newest(tmp_path / "ring", new.header.environment, new.end - new.start + last, 8)
        assert [(one.end, one.stepped) for one in held] == [(new.end, False), (until, True)]
        assert held[1].since == pytest.approx(until - last) and held[1].header.continues == ""
    held = newest(tmp_path / "ring", new.header.environment, (new.end - new.start) / 2, 8)
    assert [one.end for one in held] == [new.end]


def test_a_folder_that_says_it_continues_itself_ends_all_the_same(tmp_path: Path) -> None:
    place, lived = ring(tmp_path / "ring")
    lived.world()
    live(lived, 2)
    place._before = place.path
    live(lived, 50)
    assert place.path is not None and opened(place.path).header.continues == place.path.name
    [found] = newest(tmp_path / "ring", REF.environment, 1800.0, 8)
    assert found.end == lived.clock.at


def test_another_file_goes_on_where_the_clock_is_set_back(tmp_path: Path) -> None:
    lived = in_file(tmp_path / "a.tfrec")
    (tmp_path / "a-2.tfrec").touch()
    lived.world()
    lived.turn()
    live(lived, 2)
    lived.clock.set(DAY)
    live(lived, 2)
    until = lived.clock.at
    lived.clock.set(-7200.0)
    live(lived, 2)
    lived.end()
    old, new = opened(tmp_path / "a.tfrec"), opened(tmp_path / "a-3.tfrec")
    assert (old.cut, old.end, old.closed) == ("", until, True)
    assert (new.cut, new.end, new.closed) == ("", lived.clock.at, True)


def test_a_machine_that_slept_had_no_clock_set(tmp_path: Path) -> None:
    place, lived = ring(tmp_path / "ring", span=1800.0)
    lived.world()
    live(lived, 2)
    lived.clock.at += 600.0  # stopped, or suspended: both clocks went on
    live(lived, 2)
    [only] = rings(tmp_path / "ring")
    assert place.path == only and opened(only).cut == "" and opened(only).end == lived.clock.at


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277, 0o777])
def test_it_is_for_its_user_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        place, lived = ring(tmp_path / "ring")
        live(lived, 2)
        OneFile(tmp_path / "a", ABOUT).make()
    finally:
        os.umask(before)
    assert place.path is not None
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "a", *place.path.iterdir()]}
    assert set(modes.values()) == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "ring", place.path)} == {0o700}


def test_a_link_planted_in_the_place_of_a_segment_is_neither_followed_nor_read(tmp_path: Path) -> None:
    place, lived = ring(tmp_path / "ring")
    lived.world()
    live(lived, 2)
    assert place.path is not None
    other = tmp_path / "other"
    other.write_text("mine")
    (place.path / f"{place._number + 1:06d}.tfrec").symlink_to(other)
    (place.path / f"{place._number + 2:06d}.tfrec").symlink_to(tmp_path / "nowhere")
    for _ in range(3):
        lived.recorder._retry_at = 0.0
        live(lived, 1)
    assert lived.problems[-1] == "" and other.read_text() == "mine" and not (tmp_path / "nowhere").exists()
    recording = opened(place.path)
    assert (recording.cut, recording.end) == ("", lived.clock.at)


@pytest.mark.parametrize("taken", ["ring", "its own folder", "segments"])
def test_a_ring_that_is_removed_while_it_is_written_is_begun_anew(tmp_path: Path, taken: str) -> None:
    place, lived = ring(tmp_path / "ring")
    lived.world()
    live(lived, 2)
    assert place.path is not None
    if taken == "segments":
        for segment in place.path.glob("*.tfrec"):
            segment.unlink()
    else:
        shutil.rmtree(place.path if taken == "its own folder" else tmp_path / "ring")
    live(lived, 1)
    assert lived.problems[-1] == "nothing is recorded: its file was removed"
    lived.recorder._retry_at = 0.0
    live(lived, 2)
    assert lived.problems[-1] == "" and place.path is not None
    recording = opened(place.path)
    assert (recording.cut, recording.end) == ("", lived.clock.at)
    assert [one for one in rings(tmp_path / "ring") if alive(one)] == [place.path]


def test_a_file_that_is_removed_while_it_is_written_is_begun_anew(tmp_path: Path) -> None:
    lived = in_file(tmp_path / "a")
    lived.world()
    lived.turn()
    (tmp_path / "a").unlink()
    live(lived, 1)
    assert lived.problems[-1] == "nothing is recorded: its file was removed"
    lived.recorder._retry_at = 0.0
    live(lived, 1)
    lived.end()
    assert opened(tmp_path / "a").end == lived.clock.at and lived.problems[-1] == ""


def test_two_terminals_with_one_folder_have_a_ring_each(tmp_path: Path) -> None:
    (one, first), (two, second) = ring(tmp_path / "ring"), ring(tmp_path / "ring")
    for lived in (first, second):
        lived.world()
        live(lived, 3)
    assert one.path != two.path and len(rings(tmp_path / "ring")) == 2
    first.end()
    live(second, 3)
    for place, lived in ((one, first), (two, second)):
        assert place.path is not None
        assert (opened(place.path).cut, opened(place.path).end) == ("", lived.clock.at)


def test_a_copy_of_a_ring_is_one_that_ended(tmp_path: Path) -> None:
    place, lived = ring(tmp_path / "ring")
    lived.world()
    live(lived, 3)
    assert place.path is not None
    copy = tmp_path / "ring" / "copy"
    shutil.copytree(place.path, copy)
    live(lived, 1)
    assert alive(place.path) and not alive(copy) and opened(copy).cut == ""


def test_thousands_of_dead_rings_hold_nothing_up(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number:05d}").mkdir()
    asked = iter(range(10**6))
    sweep(tmp_path, now=1e12, patience=0.0)
    left = len(rings(tmp_path))
    assert left >= 2998, "what there is no time for stays"
    while rings(tmp_path) and next(asked) < 100:
        sweep(tmp_path, now=1e12, patience=60.0)
    assert rings(tmp_path) == []


def test_the_last_of_a_disk_is_left_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [10**12]

    class Room:
        f_frsize, f_blocks = 4096, 10**12 // 4096

        @property
        def f_bavail(self) -> int:
            return left[0] // 4096

    monkeypatch.setattr(os, "statvfs", lambda place: Room())
    one, first = ring(tmp_path / "ring")
    second = in_file(tmp_path / "a")
    for lived in (first, second):
        lived.world()
        lived.turn()
    sizes = {path: path.stat().st_size for path in tmp_path.rglob("*.tfrec")}
    left[0] = 99_000_000
    for lived in (first, second):
        live(lived, 2)
        [problem] = lived.problems
        assert problem.startswith("nothing is recorded: less than 100 MB of that disk are free")
    assert sizes == {path: path.stat().st_size for path in tmp_path.rglob("*.tfrec")}
    left[0] = 10**12
    for lived in (first, second):
        lived.recorder._retry_at = 0.0
        live(lived, 2)
        assert lived.problems[-1] == ""
    assert one.path is not None
    for path, lived in ((one.path, first), (tmp_path / "a", second)):
        assert (opened(path).cut, opened(path).end) == ("", lived.clock.at)


def test_a_file_ends_at_its_size_and_plays(tmp_path: Path) -> None:
    for most in range(24_000, 60_000, 1999):
        path = tmp_path / str(most)
        lived = Lived(OneFile(path, ABOUT, most))
        lived.world()
        lived.turn()
        shows = lived.recorder.shows
        for number in range(400):
            if lived.recorder.full:
                break
            noise = hashlib.sha256(str(number).encode()).hexdigest() * 9
            one = msgspec.structs.replace(world.objects()["Pod"][0], name=noise)
            lived.put("put_objects", REF, "Pod", Observation(value={Key("a", noise): one}), None)
            lived.turn()
        assert lived.recorder.full and lived.problems == [FULL]
        lived.world()
        lived.end()
        assert most - 20_000 < path.stat().st_size <= most
        if shows:
            recording = opened(path)
            assert recording.closed and recording.cut == "" and recording.end <= lived.clock.at
            assert recording.picture_at(recording.end).clusters
        else:
            with pytest.raises(NoRecording):
                opened(path)


@pytest.mark.parametrize("what", ["removed", "of another"])
def test_a_segment_that_does_not_follow_ends_it(tmp_path: Path, what: str) -> None:
    """One in the midst of a ring that was taken out, or put in its place from another ring."""
    place, lived = ring(tmp_path / "ring")
    other, second = ring(tmp_path / "other")
    second.clock.at += 1.0
    for one in (lived, second):
        one.world()
        live(one, 6)
    assert place.path is not None and other.path is not None
    segments = sorted(place.path.glob("*.tfrec"))
    assert len(segments) > 4
    segments[2].unlink()
    if what == "of another":
        shutil.copy(other.path / segments[2].name, segments[2])
    recording = opened(place.path)
    assert recording.cut == "a part of it is missing, or is of another recording"
    assert recording.end < lived.clock.at - 5.0


def test_a_link_to_what_somebody_holds_makes_no_ring_alive(tmp_path: Path) -> None:
    place, lived = ring(tmp_path / "ring")
    live(lived, 1)
    assert place.path is not None and alive(place.path)
    dead = tmp_path / "ring" / "dead"
    dead.mkdir()
    (dead / LOCK).symlink_to(place.path / LOCK)
    assert not alive(dead)


def test_a_clock_that_is_set_back_a_little_within_a_frame_cuts_nothing(tmp_path: Path) -> None:
    lived = in_file(tmp_path / "a")
    lived.world()
    lived.turn()
    for after in (1.0, 5.0, -4.0, 1.0):
        lived.put("drop_objects", REF, "Pod", after=after)
        lived.put("put_objects", REF, "Pod", Observation(value={}, complete=True), None, after=0.1)
    lived.turn()
    lived.end()
    recording = opened(tmp_path / "a")
    list(recording.puts(recording.start, recording.end))
    assert recording.cut == ""
