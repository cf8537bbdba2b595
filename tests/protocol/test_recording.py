"""Started without --record and killed in the midst of it: the ring holds what was judged, up to the last second, and a bundle of it plays so."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.recording_child import said
from tests.waiting import until
from tfdash.cli import main
from tfdash.cli.compose import judge_of
from tfdash.cli.kept import ring_folder
from tfdash.config.load import load
from tfdash.demo.process import DemoOptions, start_process
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.update import Update
from tfdash.recording.places import alive, rings
from tfdash.recording.reading import Recording

SPEED = 60.0
LIVED, KEPT = (
    40 * 60.0,
    15 * 60.0,
)  # seconds of the platform's: killed at minute 40, minutes 25 to 40 are looked at


NOTHING = Change(keys={}, freshness=frozenset())


def words(assessment: Assessment) -> list[Any]:
    found: list[Any] = json.loads(
        said(Update(Picture(at=0.0, number=0, clusters={}), assessment, NOTHING, None))
    )
    return found


def anything(picture: Picture) -> Change:
    """All of it is new."""
    keys = {(ref, kind): None for ref, cluster in picture.clusters.items() for kind in cluster.kinds}
    return Change(keys=keys, freshness=frozenset(keys), signals=None, store=None)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_ring_outlives_its_terminal(tmp_path: Path) -> None:
    with start_process(DemoOptions(scenario="bad-canary", speed=SPEED)) as demo:
        told: list[tuple[float, int, dict[str, int], dict[str, int]]] = []
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.protocol.recording_child", str(demo.config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

        def hear() -> None:
            assert child.stdout is not None
            for line in child.stdout:
                one = json.loads(line) if line.endswith("\n") else [0.0, 0, {}, {}]
                if one[2]:
                    told.append(tuple(one))

        hearing = threading.Thread(target=hear)
        hearing.start()
        try:
            until(lambda: told and told[0][2], "the first verdicts", 60.0)
            began = told[0][0]
            until(lambda: told[-1][0] - began > LIVED, "forty minutes", 240.0)
        finally:
            child.kill()
            child.wait()
        hearing.join()
        settings = load(demo.config)
        [ring] = rings(ring_folder(settings))
        assert not alive(ring)
        bundle = tmp_path / "b.zip"
        asked = ["--config", str(demo.config), "--last", f"{KEPT:.0f}s", "--output", str(bundle), "--yes"]
        assert main(["incident-bundle", *asked]) == 2  # there is no audit log, which is told
        recording, ringed = Recording.open(bundle), Recording.open(ring)
        assert recording.end == ringed.end
        assert recording.cut in ("", "ends within a frame")
        last = told[-1][0]
        assert (
            recording.end > last - 3 * SPEED
        )  # what was not written when it ended: of the last seconds of the machine's
        since = recording.end - KEPT
        assert recording.start <= since
        held = [one.arguments[0] for one in recording.entries(since, recording.end) if one.what == "judged"]
        assert len(held) > 20 and held[-1].at > last - 3 * SPEED
        for assessment in held:  # as judged then: to the letter of what it said while it lived
            assert words(assessment) in [list(word) for word in told if word[1] == assessment.number]
        assert ringed.verdict_changes and any(assessment.whole for assessment in held)
        assert [one for one in ringed.verdict_changes if one.at > since] == [
            one for one in recording.verdict_changes if one.at > since
        ]
        # and judged anew, of the pictures alone
        whole = [assessment for assessment in held if assessment.whole]
        for assessment in whole[:: max(1, len(whole) // 5)]:
            picture = recording.picture_at(assessment.at)
            judge = judge_of(settings)
            anew, _ = judge.assess(picture, anything(picture), assessment.at)
            while judge.go_on(assessment.at):
                anew, _ = judge.assess(picture, NOTHING, assessment.at)
            assert words(anew)[2:] == words(assessment)[2:]
