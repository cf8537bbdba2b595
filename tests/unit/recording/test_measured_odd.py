"""Columns of what pods use, by somebody who knows the format, and with texts that are more than texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.tui.recorded import REF
from tests.unit.recording.test_untrusted import forged
from tfdash.model.observation import Observation
from tfdash.model.subject import Key
from tfdash.model.usage import PodMetrics, measured_pod
from tfdash.recording.entries import MEASURED, Written
from tfdash.recording.measured import MeasuredPods, MeasuredWriter, Roster
from tfdash.recording.reading import Recording

AT = (REF, "PodMetrics")


def put(roster: Roster, row: Any, at: float = 2.0) -> Written:
    seen = Observation[None](source="eu-1", observed_at=at, complete=True)
    body = {
        "ref": REF,
        "kind": "PodMetrics",
        "seen": seen,
        "objects": [("", "", MEASURED, row)],
        "roster": roster,
        "whole": at == 2.0,
    }
    return Written(at, "put_objects", msgspec.Raw(msgspec.msgpack.encode(body)))


def polled(number: int = 1) -> tuple[Roster, MeasuredPods]:
    told = MeasuredWriter().written(
        AT, [Key("n", f"p{number}")], [measured_pod("n", f"p{number}", 1.0, 15.0, ("main",), (7, 9))]
    )
    assert told is not None
    return told


def read(recording: Recording) -> Observation[Any]:
    return recording.picture_at(9.0).clusters[REF].kinds["PodMetrics"]


def test_a_row_that_cannot_be_read_is_counted_and_gone_once_one_can(tmp_path: Path) -> None:
    """What is not known is told: a poll that is odd is no poll in which nothing runs."""
    roster, row = polled()
    odd = msgspec.structs.replace(row, cpus=b"")
    seen = read(forged(tmp_path / "a", [put(roster, odd)]))
    assert (seen.unreadable, len(seen.value or ())) == (1, 0)
    seen = read(forged(tmp_path / "b", [put(roster, odd), put(Roster(1, []), row, 3.0)]))
    assert list(seen.value or ()) == [Key("n", "p1")]


def test_a_roster_that_does_not_go_on_where_it_ended_ends_the_recording(tmp_path: Path) -> None:
    """By its places the figures of one pod would be another's."""
    (first, row), (other, _) = polled(1), polled(2)
    entries = [put(first, row), put(Roster(3, other.pods), row, 3.0)]
    recording = forged(tmp_path / "a", entries)
    recording.picture_at(9.0)
    assert "cannot be read" in recording.cut and "roster" in recording.cut


@pytest.mark.parametrize("at", ["namespace", "name", "container"])
def test_a_text_with_more_to_it_is_for_the_codec(at: str) -> None:
    class More(str):
        __slots__ = ()

    texts = {name: name for name in ("namespace", "name", "container")} | {at: More(at)}
    one = PodMetrics(namespace=texts["namespace"], name=texts["name"], names=(texts["container"],))
    assert MeasuredWriter().written(AT, [Key("namespace", "name")], [one]) is None
