"""What pods use, in columns: comes back as it was, is made where it is asked for, and is left out where it is odd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.recorded import REF
from tests.unit.recording.worlds import Lived
from tfdash.model.kube import Object
from tfdash.model.observation import Observation
from tfdash.model.subject import Key
from tfdash.model.usage import NodeMetrics, PodMetrics, measured_pod
from tfdash.quantities import NANO
from tfdash.recording.bounds import Odd
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.measured import MeasuredColumns, MeasuredObjects, MeasuredWriter, known
from tfdash.recording.places import OneFile
from tfdash.recording.reading import Recording

AT = (REF, "PodMetrics")
amount = st.none() | st.integers(0, 2**62) | st.integers(0, 2**40).map(lambda n: n * NANO)


@st.composite
def pods(draw: st.DrawFn) -> dict[Key, Object]:
    found: dict[Key, Object] = {}
    for number in draw(st.lists(st.integers(0, 12), unique=True, max_size=8)):
        names = tuple(f"c{n}" for n in range(draw(st.integers(0, 3))))
        used = [draw(amount) for _ in range(2 * len(names))]
        at, window = draw(st.floats(0, 2e9)), draw(st.floats(0, 60))
        found[Key(f"n{number % 3}", f"p{number}")] = measured_pod(
            f"n{number % 3}", f"p{number}", at, window, names, used
        )
    return found


def polled(lived: Lived, value: dict[Key, Any]) -> None:
    before = lived.fold.picture.clusters[REF].objects("PodMetrics")
    seen: Observation[Any] = Observation(value=value, complete=True)
    lived.put("put_objects", REF, "PodMetrics", seen, frozenset({*before, *value}), after=15.0)
    lived.recorder.attempt(ending=False)


@given(st.lists(pods(), min_size=1, max_size=6), st.sampled_from([20.0, 1e9]))
def test_each_poll_comes_back_as_it_was(polls: list[dict[Key, Object]], whole_every: float) -> None:
    """Pods that come, go, come again and change their containers; with and without pictures that are written whole between."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tfrec"
        lived = Lived(OneFile(path, RecordingHeader(environment="production")), whole_every)
        for value in polls:
            polled(lived, value)
        lived.recorder.attempt(ending=True)
        recording = Recording.open(path)
        for at, picture in (*lived.pictures, *reversed(lived.pictures)):
            assert recording.picture_at(at).clusters == picture.clusters
        forward = Recording.open(path)
        told = [e for e in forward.puts(forward.start - 1, forward.end) if e.what == "put_objects"]
        assert [e.arguments[2].value for e in told][-1:] == [polls[-1]] or not told
        recording.close()
        forward.close()


def test_who_they_are_is_written_once() -> None:
    writer = MeasuredWriter()

    def poll(at: float, *numbers: int) -> list[str]:
        found = [measured_pod("n", f"p{n}", at, 15.0, ("main",), (n, n)) for n in numbers]
        told = writer.written(AT, [Key("n", one.name) for one in found], list(found))
        assert told is not None
        return [name for _, name, _ in told[0].pods]

    assert [poll(1.0, 1, 2, 3), poll(2.0, 1, 2, 3), poll(3.0, 3, 1), poll(4.0, 4, 2)] == [
        ["p1", "p2", "p3"],
        [],
        [],
        ["p4"],
    ]
    writer.reset()
    assert poll(5.0, 2) == ["p2"]


def test_a_pod_is_made_where_it_is_asked_for_and_once(tmp_path: Path) -> None:
    lived = Lived(OneFile(tmp_path / "a.tfrec", RecordingHeader(environment="production")))
    key, one = Key("n", "p"), measured_pod("n", "p", 5.0, 15.0, ("main",), (7, 9))
    polled(lived, {key: one})
    lived.recorder.attempt(ending=True)
    recording = Recording.open(tmp_path / "a.tfrec")
    value = recording.picture_at(recording.end).clusters[REF].objects("PodMetrics")
    assert isinstance(value, MeasuredObjects) and key in value and len(value) == 1 and list(value) == [key]
    assert value[key] is value[key] == one
    assert value.get(Key("n", "q")) is None and value == {key: one} and {key: one} == value


@pytest.mark.parametrize(
    "one",
    [
        NodeMetrics(namespace="", name="n"),
        PodMetrics(namespace="n", name="p", uid="u"),
        PodMetrics(namespace="n", name="p", labels={"a": "b"}),
        PodMetrics(namespace="n", name="p", cpu=-1, names=("a",)),
        PodMetrics(namespace="n", name="p", memory=2**80 + 1, names=("a",)),
        PodMetrics(namespace="n", name="p", names=("a", "b")),
        PodMetrics(namespace="n", name="other", names=("a",)),
    ],
)
def test_what_columns_do_not_hold_is_written_as_it_is(one: Object, tmp_path: Path) -> None:
    key = Key("n", "p")
    assert MeasuredWriter().written(AT, [key], [one]) is None
    lived = Lived(OneFile(tmp_path / "a.tfrec", RecordingHeader(environment="production")))
    polled(lived, {key: one})
    lived.recorder.attempt(ending=True)
    recording = Recording.open(tmp_path / "a.tfrec")
    assert recording.picture_at(recording.end).clusters[REF].objects("PodMetrics") == {key: one}


def test_a_row_that_is_odd_is_refused_whatever_is_odd_of_it() -> None:
    objects: list[Object] = [measured_pod("n", f"p{n}", 1.0, 2.0, ("a", "b"), (1, 2, 3, 4)) for n in range(3)]
    keys = [Key("n", f"p{n}") for n in range(3)]
    told = MeasuredWriter().written(AT, keys, objects)
    assert told is not None
    roster, row = [known(who) for who in told[0].pods], told[1]
    assert list(MeasuredColumns(row, roster).all()) == keys
    for change in (
        {"start": 1},
        {"start": -1},
        {"ats": row.ats[:-1]},
        {"ats": row.ats[:-8]},
        {"cpus": b""},
        {"each": row.each[8:]},
        {"places": b"\xff" * 12},
        {"places": b"\0" * 8},
    ):
        with pytest.raises(Odd):
            MeasuredColumns(msgspec.structs.replace(row, **change), roster)
    with pytest.raises(Odd):
        MeasuredColumns(row, roster[:-1])


def test_a_roster_in_which_a_secret_stands_is_cleaned_as_all_else_is(tmp_path: Path) -> None:
    names = ("Bearer abcdefghijklmnop",)
    lived = Lived(OneFile(tmp_path / "a.tfrec", RecordingHeader(environment="production")))
    for at in (1.0, 2.0):
        polled(lived, {Key("n", "p"): measured_pod("n", "p", at, 15.0, names, (7, 9))})
    lived.recorder.attempt(ending=True)
    recording = Recording.open(tmp_path / "a.tfrec")
    found = recording.picture_at(recording.end).clusters[REF].objects("PodMetrics")[Key("n", "p")]
    assert isinstance(found, PodMetrics) and "abcdefghijklmnop" not in str(found) and found.at == 2.0


def test_a_recording_of_before_there_were_columns_opens_and_means_the_same() -> None:
    """Of f0cbc22b, by ``benchmarks.recording``: 20 pods, a minute."""
    path = Path(__file__).parents[2] / "fixtures" / "f0cbc22b" / "metrics-one-by-one.tfrec"
    recording = Recording.open(path)
    assert not recording.cut and not recording.foreign
    for at, polled_at in ((recording.start, 0.0), (recording.end, 45.0)):
        found = recording.picture_at(at + 0.5).clusters[REF].objects("PodMetrics")
        assert len(found) == 20
        for one in found.values():
            assert isinstance(one, PodMetrics) and one.names == ("main",)
            assert one.at - recording.start == pytest.approx(polled_at, abs=1.0)
            assert one.cpu is not None and one.memory is not None
    recording.close()
