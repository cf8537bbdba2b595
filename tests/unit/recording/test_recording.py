"""What was recorded is what there was, at every moment of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.tui import world
from tests.tui.recorded import REF
from tests.unit.recording.worlds import in_file, opened
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.recording.reading import NoRecording

POD = Subject(REF, "Pod", world.NS, "checkout")


def verdict(level: Level) -> Verdict:
    return Verdict(level=level, rule="serving.pods", subject=POD, sentence=f"it is {level.name}")


def said(number: int, level: Level) -> Any:
    return msgspec.structs.replace(
        EMPTY_ASSESSMENT, at=float(number), number=number, verdicts={POD: (verdict(level),)}
    )


@pytest.mark.parametrize("whole_every", [1e9, 0.0])
def test_every_picture_is_as_it_was(tmp_path: Path, whole_every: float) -> None:
    path = tmp_path / "a.tfrec"
    lived = in_file(path, whole_every=whole_every)
    lived.turn()
    lived.world()
    lived.turn()
    pods = lived.fold.picture.clusters[REF].kinds["Pod"]
    assert pods.value is not None
    name, one = next(iter(pods.value.items()))
    for number in range(5):
        value = {**pods.value, name: msgspec.structs.replace(one, phase=f"Phase{number}")}
        if number == 3:
            del value[name]
        lived.put("put_objects", REF, "Pod", msgspec.structs.replace(pods, value=value), frozenset({name}))
        lived.judge(said(number + 1, Level.OK if number % 2 else Level.BREACH))
        lived.turn()
    lived.put("drop_objects", REF, "Pod")
    lived.end()
    played = opened(path)
    assert (played.cut, played.foreign, played.closed) == ("", "", True)
    for at, picture in [*lived.pictures, *reversed(lived.pictures)]:
        shown = played.picture_at(at)
        assert shown.clusters == picture.clusters
        assert shown.at == at
    for at, then in [*lived.said, *reversed(lived.said)]:
        assert played.judged_at(at) == then
    assert [(c.before, c.after) for c in played.verdict_changes] == [
        (Level.OK, Level.BREACH) if n % 2 else (Level.BREACH, Level.OK) for n in range(4)
    ]
    puts = list(played.puts(played.start, played.end))
    assert [one.at for one in puts] == [at for at, _ in lived.pictures]
    assert puts[-1].what == "drop_objects"
    assert puts[-2].arguments[3] == {Key(*name)}


def test_who_jumps_reads_again_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrec"
    lived = in_file(path, whole_every=0.0)
    lived.turn()
    lived.world()
    lived.turn()
    pods = lived.fold.picture.clusters[REF].kinds["Pod"]
    assert pods.value is not None
    name, one = next(iter(pods.value.items()))
    ends = []
    for number in range(3):
        value = {**pods.value, name: msgspec.structs.replace(one, phase=f"Phase{number}")}
        lived.put("put_objects", REF, "Pod", msgspec.structs.replace(pods, value=value), frozenset({name}))
        lived.turn()
        ends.append(lived.clock.at)
    lived.end()
    played = opened(path)
    shown = [
        played.picture_at(at).clusters[REF].kinds["Pod"].value or {} for at in (ends[2], ends[0], ends[1])
    ]
    assert {o.phase for o in (value[name] for value in shown)} == {"Phase0", "Phase1", "Phase2"}
    for value in shown[1:]:
        assert all(value[key] is shown[0][key] for key in value if key != name)


def test_other_readers_of_it_go_ways_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrec"
    lived = in_file(path, whole_every=0.0)
    lived.turn()
    lived.world()
    lived.end()
    played = opened(path)
    coming = iter(played.puts(played.start, played.end))
    first, other = next(coming), played.again()
    path.unlink()
    for at, picture in reversed(lived.pictures):
        assert other.picture_at(at).clusters == picture.clusters
    assert [first.at, *(one.at for one in coming)] == [at for at, _ in lived.pictures]


def test_numbers_beyond_64_bits_and_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrec"
    lived = in_file(path)
    lived.turn()
    lived.put("put_objects", REF, "Node", Observation(value=None, source="eu-1"), None)
    lived.world()
    lived.end()
    at, picture = lived.pictures[-1]
    assert opened(path).picture_at(at).clusters == picture.clusters
    at, picture = lived.pictures[0]
    assert opened(path).picture_at(at).clusters == picture.clusters


def test_what_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x00" * 100)
    with pytest.raises(NoRecording, match="is no recording of tfdash"):
        opened(tmp_path / "a")
    with pytest.raises(NoRecording, match="holds no recording"):
        opened(tmp_path)
    with pytest.raises(NoRecording, match="No such file"):
        opened(tmp_path / "b")


class Named(str):
    """A text with something more to it, as what says why a host is not reached."""

    unknown = True


def test_a_text_with_something_more_to_it_is_recorded_as_that_text(tmp_path: Path) -> None:
    """With an API server that refused its connections nothing was recorded at all."""
    lived = in_file(tmp_path / "a.tfrec")
    lived.world()
    lived.turn()
    pods = lived.fold.picture.clusters[REF].kinds["Pod"]
    lost = Problem(kind=ProblemKind.UNREACHABLE, cause=Named("connection refused"))
    lived.put("put_objects", REF, "Pod", msgspec.structs.replace(pods, problem=lost), frozenset())
    lived.end()
    assert lived.problems == [] and lived.recorder.lost == 0
    at, _ = lived.pictures[-1]
    told = opened(tmp_path / "a.tfrec").picture_at(at).clusters[REF].kinds["Pod"].problem
    assert told == msgspec.structs.replace(lost, cause="connection refused")


@pytest.mark.parametrize("whole_every", [1e9, 0.0])
def test_what_no_recording_can_hold_costs_itself_and_is_counted(tmp_path: Path, whole_every: float) -> None:
    lived = in_file(tmp_path / "a.tfrec", whole_every=whole_every)
    lived.world()
    lived.turn()
    kinds = lived.fold.picture.clusters[REF].kinds
    pods, nodes = kinds["Pod"], kinds["Node"]
    strange = msgspec.structs.replace(pods, note=object())
    lived.put("put_objects", REF, "Pod", strange, frozenset())
    fresh = msgspec.structs.replace(nodes, observed_at=lived.clock.at)
    lived.put("put_objects", REF, "Node", fresh, frozenset())
    lived.turn()
    assert lived.recorder.lost > 0 and lived.recorder.problem == ""
    lived.put("put_objects", REF, "Pod", msgspec.structs.replace(pods, value={}), None)
    lived.end()
    played = opened(tmp_path / "a.tfrec")
    assert played.cut == ""
    shown = [played.picture_at(at).clusters[REF].kinds for at, _ in lived.pictures[-3:]]
    assert shown[1]["Node"] == fresh
    assert shown[2]["Pod"].value == {}
