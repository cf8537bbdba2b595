"""A file that was cut, edited or made by somebody else: what is whole is played, nothing else, and no more than its bounds."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.recorded import REF
from tests.unit.recording.test_recording import said
from tests.unit.recording.worlds import in_file, opened
from tfdash.judging.judge import Judge
from tfdash.model.observation import Observation
from tfdash.model.verdict import Level
from tfdash.recording import frames as file_of
from tfdash.recording.entries import Written
from tfdash.recording.frames import FrameKind, FrameWriter, NotWhole, RecordingHeader
from tfdash.recording.reading import NoRecording, Recording
from tfdash.replay.walk import Walk


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "a.tfrec"
    lived = in_file(path, whole_every=1e9)
    lived.turn()
    lived.world()
    lived.turn()
    for number in range(6):
        lived.put("drop_objects", REF, sorted(lived.fold.picture.clusters[REF].kinds)[0])
        lived.judge(said(number + 1, Level.BREACH if number % 2 else Level.OK))
        lived.turn()
    lived.end()
    return path


def played(path: Path) -> tuple[float, str]:
    """All of it, and until when that was."""
    recording = opened(path)
    for one in recording.entries(recording.start, recording.end):
        assert recording.start <= one.at <= recording.end
    recording.picture_at(recording.end)
    assert recording.verdict_changes is not None
    return recording.end, recording.cut


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_wherever_it_is_cut_it_plays_up_to_there(
    made: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = made.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    path = tmp_path_factory.mktemp("cut") / "a"
    path.write_bytes(whole[:at])
    try:
        end, cut = played(path)
    except NoRecording:
        return
    everything = opened(made)
    assert end <= everything.end
    then = everything.picture_at(end)
    assert opened(path).picture_at(end).clusters == then.clusters
    assert not cut or cut == "ends within a frame"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_edited_is_not_played(
    made: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(made.read_bytes())
    header = len(file_of.MAGIC) + whole[len(file_of.MAGIC) :].index(b"\n") + 1
    at = data.draw(st.integers(header, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("edited") / "a"
    path.write_bytes(whole)
    try:
        end, cut = played(path)
    except NoRecording:
        return
    assert cut
    assert opened(path).picture_at(end).clusters == opened(made).picture_at(end).clusters


def test_frames_taken_out_or_put_in_are_told(made: Path, tmp_path: Path) -> None:
    file, _, link = file_of.open_recording(made)
    places = [frame for frame, _ in file_of.frames(file, link)]
    file.close()
    whole = made.read_bytes()
    one, other = places[3].offset - 45, places[4].offset - 45
    for name, data in {
        "without": whole[:one] + whole[other:],
        "twice": whole[:other] + whole[one:],
    }.items():
        (tmp_path / name).write_bytes(data)
        end, cut = played(tmp_path / name)
        assert cut == "goes on with what was changed, cut out or put in"
        assert end < opened(made).end


def test_a_frame_unpacks_to_no_more_than_one_may_hold(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(file_of.MOST_RAW + 1), 9)
    frame = file_of.Frame(FrameKind.CHANGES, 0.0, 0.0, 0, len(bomb))
    (tmp_path / "bomb").write_bytes(bomb)
    with (tmp_path / "bomb").open("rb") as file, pytest.raises(NotWhole, match="more than one may hold"):
        file_of.payload(file, frame)


def test_a_length_beyond_the_bound_is_not_read(made: Path, tmp_path: Path) -> None:
    whole = bytearray(made.read_bytes())
    file, _, link = file_of.open_recording(made)
    places = [frame for frame, _ in file_of.frames(file, link)]
    struct.pack_into("<I", whole, places[4].offset - 45 + 5, file_of.MOST_PACKED + 1)
    (tmp_path / "a").write_bytes(whole)
    assert played(tmp_path / "a")[1] == "goes on with what is no frame"


def forged(path: Path, entries: list[Written], header: RecordingHeader | None = None) -> Recording:
    """By somebody who knows the format."""
    with path.open("wb", buffering=0) as out:
        header = header or RecordingHeader(environment=REF.environment, clusters=(tuple(REF),))
        writer = FrameWriter(out, header)
        writer.add(FrameKind.WHOLE, 1.0, 1.0, msgspec.msgpack.encode([]))
        writer.add(FrameKind.CHANGES, 2.0, 2.0, msgspec.msgpack.encode(entries))
    return opened(path)


@pytest.mark.parametrize(
    "what", ["__init__", "is_whole", "absorb", "put_objects", "drop_objects", "put_info", "judged", "picture"]
)
@pytest.mark.parametrize("body", [b"\xc0", b"\x80", b"\x93\x01\x02\x03"])
def test_what_is_forged_is_no_call_and_no_crash(tmp_path: Path, what: str, body: bytes) -> None:
    recording = forged(tmp_path / "a", [Written(2.0, what, msgspec.Raw(body))])
    assert list(recording.puts(0.0, 9.0)) == []
    assert recording.picture_at(9.0).clusters.keys() == {REF}


@pytest.mark.parametrize(
    "raw", [b"", b"\xdd\xff\xff\xff\xff", b"\x91" * 5000, b"\x93\x01\x02\x03", bytes(100)]
)
def test_a_frame_that_holds_something_else_ends_it(tmp_path: Path, raw: bytes) -> None:
    with (tmp_path / "a").open("wb", buffering=0) as out:
        writer = FrameWriter(out, RecordingHeader(environment=REF.environment, clusters=(tuple(REF),)))
        for kind, data in ((FrameKind.WHOLE, msgspec.msgpack.encode([])), (FrameKind.CHANGES, raw)):
            writer.add(kind, 1.0, 1.0, data)
        writer.add(FrameKind.VERDICTS, 1.0, 1.0, raw)
    recording = opened(tmp_path / "a")
    assert recording.verdict_changes == ()
    assert recording.picture_at(1.0).clusters.keys() == {REF}
    assert recording.cut.startswith("holds what cannot be read: ")


def test_what_a_newer_version_wrote_is_played_as_far_as_it_is_known(tmp_path: Path) -> None:
    newer = RecordingHeader(
        program="9.0",
        environment=REF.environment,
        clusters=(tuple(REF),),
        schema={"Pod": ["name", "aura"], "Mood": ["x"]},
    )
    seen = msgspec.to_builtins(Observation(source="eu-1", observed_at=2.0)) | {"mood": 1}
    pod = {"namespace": "a", "name": "x", "phase": "Running", "aura": "blue"}
    odd = {"namespace": "a", "name": "y", "phase": 7}
    raw = msgspec.msgpack.encode
    body = {
        "ref": REF,
        "kind": "Pod",
        "seen": seen,
        "objects": [["a", "x", "Pod", pod], ["a", "y", "Pod", odd], ["a", "z", "Mood", {}]],
    }
    entries = [
        Written(2.0, "put_objects", msgspec.Raw(raw(body))),
        Written(2.0, "put_mood", msgspec.Raw(raw({}))),
    ]
    recording = forged(tmp_path / "a", entries, newer)
    assert recording.foreign == "it was made by tfdash 9.0, and this version leaves out: Mood, Pod (aura)"
    pods = recording.picture_at(2.0).clusters[REF].kinds["Pod"]
    assert pods.value is not None
    assert [one.phase for one in pods.value.values()] == ["Running"]
    assert pods.unreadable == 2
    assert not recording.cut


def test_a_later_format_is_refused_in_one_sentence(tmp_path: Path) -> None:
    later = RecordingHeader(
        format=file_of.FILE_FORMAT + 1, environment=REF.environment, clusters=(tuple(REF),)
    )
    with pytest.raises(NoRecording, match="is of format 2, and this version reads up to 1"):
        forged(tmp_path / "a", [], later)


def test_a_header_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(file_of.MAGIC + b"{" * (file_of.MOST_HEADER + 10))
    with pytest.raises(NoRecording, match="has no whole header"):
        opened(tmp_path / "a")
    (tmp_path / "a").write_bytes(file_of.MAGIC + b"[" * 100_000 + b"\n")
    with pytest.raises(NoRecording, match="has a header that cannot be read"):
        opened(tmp_path / "a")


def timed(path: Path, *times: tuple[float, float, float]) -> Recording:
    """After its first picture at 1.0 a frame for each (first, last, time of its entry)."""
    with path.open("wb", buffering=0) as out:
        writer = FrameWriter(out, RecordingHeader(environment=REF.environment, clusters=(tuple(REF),)))
        writer.add(FrameKind.WHOLE, 1.0, 1.0, msgspec.msgpack.encode([]))
        for first, last, at in times:
            body = msgspec.Raw(msgspec.msgpack.encode({"ref": REF, "kind": "Pod"}))
            writer.add(
                FrameKind.CHANGES, first, last, msgspec.msgpack.encode([Written(at, "drop_objects", body)])
            )
    return opened(path)


@pytest.mark.parametrize("at", [float("nan"), float("inf"), float("-inf"), 1e300, -1e300, 9000.0])
def test_an_entry_of_another_time_ends_it(tmp_path: Path, at: float) -> None:
    recording = timed(tmp_path / "a", (2.0, 3.0, 2.5), (4.0, 5.0, at), (6.0, 7.0, 6.5))
    assert [one.at for one in recording.puts(0.0, 9.0)] == [2.5]
    assert recording.cut == "holds what cannot be read: an entry of another time than its frame"


@pytest.mark.parametrize("last", [float("nan"), float("inf"), 1e300, 253_370_764_800.0])
def test_a_frame_of_no_time_ends_it(tmp_path: Path, last: float) -> None:
    recording = timed(tmp_path / "a", (2.0, 3.0, 2.5), (4.0, last, 4.5))
    assert (recording.end, recording.cut) == (3.0, "goes on with a frame without a time")


@pytest.mark.parametrize("objects", [True, [["a", "x", True, {}]], [["a"]], {"a": 1}])
def test_of_a_kind_that_cannot_be_read_nothing_is_known(tmp_path: Path, objects: object) -> None:
    seen = msgspec.to_builtins(Observation(source="eu-1", observed_at=2.0))
    raw = msgspec.msgpack.encode({"ref": REF, "kind": "Pod", "seen": seen, "objects": objects})
    recording = forged(tmp_path / "a", [Written(2.0, "put_objects", msgspec.Raw(raw))])
    pods = recording.picture_at(2.0).clusters[REF].kinds["Pod"]
    assert pods.value is None and pods.observed_at is None
    list(recording.puts(0.0, 9.0))


def test_a_century_of_silence_is_not_walked_second_by_second(tmp_path: Path) -> None:
    path = tmp_path / "a"
    lived = in_file(path, whole_every=1e9)
    lived.turn()
    lived.world()
    lived.turn()
    lived.end()
    recording = opened(path)
    recording.end += 3e9
    walk = Walk(Judge, recording, looks=50)
    steps = list(walk.steps())
    assert walk.done and steps[-1] < recording.end
    assert len(steps) < 1000


@pytest.mark.parametrize(
    ("at", "taken"),
    [(9_000.0, True), (7_000.0, True), (6_000.0, False), (math.inf, False), (math.nan, False)],
)
def test_a_clock_is_set_back_a_little_within_a_file_and_no_more(
    tmp_path: Path, at: float, taken: bool
) -> None:
    with (tmp_path / "a").open("wb", buffering=0) as out:
        writer = FrameWriter(out, RecordingHeader(environment=REF.environment, clusters=(tuple(REF),)))
        writer.add(FrameKind.WHOLE, 10_000.0, 10_000.0, msgspec.msgpack.encode([]))
        writer.add(FrameKind.CHANGES, at, at, msgspec.msgpack.encode([]))
    recording = opened(tmp_path / "a")
    assert recording.cut == ("" if taken else "goes on with a frame without a time")
    assert recording.end == 10_000.0
