"""``tfdash record`` on a platform where much happens ends at its size, and what it wrote plays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tfdash.demo.process import DemoOptions, start_process
from tfdash.recording.reading import Recording


@pytest.mark.long
def test_it_ends_at_its_size(tmp_path: Path) -> None:
    with start_process(DemoOptions(scenario="bad-canary", speed=60.0)) as demo:
        for words, code in (((), 0), (("--for", "20m"), 3)):  # all that was asked for, or not
            path = tmp_path / f"{code}.tfrec"
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "tfdash",
                    "record",
                    "--config",
                    demo.config,
                    "--size",
                    "1MB",
                    *words,
                    path,
                ],
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
            assert (done.returncode, done.stdout) == (code, f"{path}\n"), done.stderr
            assert "at 1MB, or with ctrl+c" in done.stderr
            assert done.stderr.splitlines()[1:] == [
                "tfdash: the recording ended: it has all the room that it may take"
            ]
            assert 300_000 < path.stat().st_size <= 1_000_000
            recording = Recording.open(path)
            assert recording.closed and recording.cut == ""
            assert (
                recording.picture_at(recording.end).clusters
                and recording.judged_at(recording.end) is not None
            )
