"""A bundle plays as the recording in it did; what somebody made of one is told in a sentence, and nothing of it is unpacked."""

from __future__ import annotations

import contextlib
import io
import json
import random
import stat
import zipfile
from pathlib import Path

import pytest

from tests.tui.recorded import REF
from tests.unit.recording.test_recording import said
from tests.unit.recording.worlds import Lived, in_file, opened
from tfdash.model.verdict import Level
from tfdash.recording.bundle import MANIFEST, Manifest, text_piece, write_bundle
from tfdash.recording.excerpt import excerpt, newest
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.places import Ring
from tfdash.recording.reading import NoRecording, Recording

NAME = "recordings/1.tfrec"


def lived(place: Lived, turns: int = 30) -> Lived:
    place.world()
    for number in range(turns):
        place.put("drop_objects", REF, "Pod", after=5.0)
        if number % 2:
            place.world()
        place.judge(said(number + 1, Level.BREACH if number % 3 else Level.OK))
        place.turn()
    return place


def bundled(path: Path, recording: Recording, last: float) -> Path:
    piece = excerpt(recording, recording.end - last).piece(NAME, "what was seen")
    write_bundle(path, Manifest(plays=NAME), [piece, text_piece("doctor.txt", "of it", "well\n")])
    return path


def same(one: Recording, other: Recording, since: float) -> None:
    times = [since + (one.end - since) * part / 7 for part in range(8)]
    for at in times:
        assert other.picture_at(at).clusters == one.picture_at(at).clusters
        assert other.judged_at(at) == one.judged_at(at)
    told = [change for change in one.verdict_changes if change.at > since]
    assert told and [change for change in other.verdict_changes if change.at > since] == told


def test_of_a_ring_it_plays_the_last_of_it(tmp_path: Path) -> None:
    about = RecordingHeader(environment=REF.environment)
    place = Ring(tmp_path / "ring", about, 10_000.0, 10**9, lambda: 1000.0)
    living = lived(Lived(place, whole_every=20.0))  # it is bundled while it is written on
    assert place.path is not None and len(list(place.path.glob("*.tfrec"))) > 3
    [found] = newest(tmp_path / "ring", REF.environment, 60.0, 8)
    assert newest(tmp_path / "ring", "staging", 60.0, 8) == []
    piece = found.piece(NAME, "")
    write_bundle(tmp_path / "b.zip", Manifest(plays=NAME), [piece])
    live, played = opened(place.path), opened(tmp_path / "b.zip")
    assert played.end == live.end == living.clock.at and played.cut == ""
    assert played.end - 60.0 - 25.0 <= played.start <= played.end - 60.0
    same(live, played, played.end - 60.0)
    assert zipfile.ZipFile(tmp_path / "b.zip").getinfo(NAME).file_size == piece.size


def test_it_ends_at_the_moment_that_was_asked_for(tmp_path: Path) -> None:
    living = lived(in_file(tmp_path / "a.tfrec", whole_every=30.0))
    living.end()
    whole = opened(tmp_path / "a.tfrec")
    until = (whole.start + whole.end) / 2
    found = excerpt(whole, until - 50.0, until)
    assert found.end == until
    write_bundle(tmp_path / "b.zip", Manifest(plays=NAME), [found.piece(NAME, "")])
    played = opened(tmp_path / "b.zip")
    assert played.cut == "" and played.start <= until - 50.0 < until <= played.end < whole.end
    assert played.picture_at(until).clusters == whole.picture_at(until).clusters
    assert played.judged_at(until) == whole.judged_at(until)


def test_of_a_file_and_of_a_bundle_likewise(tmp_path: Path) -> None:
    living = lived(in_file(tmp_path / "a.tfrec", whole_every=30.0))
    living.end()
    first = bundled(tmp_path / "b.zip", opened(tmp_path / "a.tfrec"), 100.0)
    second = bundled(tmp_path / "c.zip", opened(first), 50.0)
    whole = opened(tmp_path / "a.tfrec")
    same(whole, opened(first), whole.end - 100.0)
    same(whole, opened(second), whole.end - 50.0)
    assert opened(second).closed and opened(second).start > opened(first).start > whole.start


def test_it_lists_what_it_holds_and_is_for_its_user_alone(tmp_path: Path) -> None:
    lived(in_file(tmp_path / "a.tfrec")).end()
    path = bundled(tmp_path / "b.zip", opened(tmp_path / "a.tfrec"), 1e9)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        told = json.loads(archive.read(MANIFEST))["files"]
        held = {one.filename: one.file_size for one in archive.infolist() if one.filename != MANIFEST}
    assert {one["name"]: one["bytes"] for one in told} == held
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_a_disk_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    lived(in_file(tmp_path / "a.tfrec"), 3).end()
    recording = opened(tmp_path / "a.tfrec")
    path = bundled(tmp_path / "b.zip", recording, 1e9)
    before = path.read_bytes()
    recording.close()  # what is to be copied cannot be read
    with pytest.raises(ValueError, match="closed"):
        bundled(path, recording, 1e9)
    assert path.read_bytes() == before and sorted(p.name for p in tmp_path.iterdir()) == ["a.tfrec", "b.zip"]


def archive(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


def manifest(**fields: object) -> bytes:
    return json.dumps({"plays": NAME, **fields}).encode()


def test_what_is_no_bundle_or_was_made_by_somebody_else_is_told(tmp_path: Path) -> None:
    lived(in_file(tmp_path / "a.tfrec"), 3).end()
    recorded = (tmp_path / "a.tfrec").read_bytes()
    outside = tmp_path / "outside.tfrec"
    outside.write_bytes(recorded)
    strange = {
        "no manifest": ({"x": b""}, "no bundle"),
        "not there": ({MANIFEST: manifest()}, "no bundle"),
        "a way out": ({MANIFEST: manifest(plays="../outside.tfrec")}, "no bundle"),
        "a path": ({MANIFEST: manifest(plays=str(outside))}, "no bundle"),
        "none": ({MANIFEST: manifest(plays="")}, "without a recording"),
        "no json": ({MANIFEST: b"{"}, "cannot be read"),
        "deep": ({MANIFEST: b"[" * 100_000}, "cannot be read"),
        "newer": ({MANIFEST: manifest(format=99)}, "format 99"),
        "large": ({MANIFEST: b" " * (2 << 20)}, "too large"),
        "many": ({MANIFEST: manifest(), **{str(n): b"" for n in range(1001)}}, "too many"),
        "text": ({MANIFEST: manifest(), NAME: b"hello"}, "no recording of tfdash"),
    }
    for case, (members, told) in strange.items():
        path = archive(tmp_path / f"{case}.zip", members)
        with pytest.raises(NoRecording, match=told):
            Recording.open(path)
    packed = archive(tmp_path / "p.zip", {MANIFEST: manifest(), NAME: recorded}, zipfile.ZIP_DEFLATED)
    with pytest.raises(NoRecording, match="packed anew"):
        Recording.open(packed)
    members = {"../../x.tfrec": b"escaped", MANIFEST: manifest(), NAME: recorded}
    before = sorted(tmp_path.parent.iterdir())
    assert opened(archive(tmp_path / "q.zip", members)).closed
    assert sorted(tmp_path.parent.iterdir()) == before


def test_whatever_is_changed_in_it_is_a_sentence_or_a_cut(tmp_path: Path) -> None:
    lived(in_file(tmp_path / "a.tfrec"), 3).end()
    whole = bundled(tmp_path / "b.zip", opened(tmp_path / "a.tfrec"), 1e9).read_bytes()
    luck, path = random.Random(7), tmp_path / "odd.zip"
    ends = len(whole) - 400  # where the list of members lies
    for turn in range(400):
        data = bytearray(whole)
        if turn % 4:
            for _ in range(luck.randrange(1, 4)):
                at = luck.randrange(ends, len(data)) if turn % 2 else luck.randrange(len(data))
                data[at] = luck.randrange(256)
        else:
            del data[luck.randrange(len(data)) :]
        path.write_bytes(data)
        with contextlib.suppress(NoRecording):  # and nothing else
            recording = Recording.open(path)
            recording.picture_at(recording.end)
            recording.close()


def test_a_part_of_a_file_reads_as_a_file(tmp_path: Path) -> None:
    from tfdash.recording.bundle import _Part

    whole = bytes(range(200))
    part = io.BufferedReader(_Part(io.BytesIO(whole), 50, 100), 16)
    assert part.tell() == 50 and part.read() == whole[50:150] and part.read(1) == b""
    assert part.seek(-10, io.SEEK_END) == 140 and part.read(5) == whole[140:145] and part.tell() == 145
    assert part.seek(500) == 500 and part.read(3) == b""
