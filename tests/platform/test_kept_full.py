"""Journal, ring and recording on a disk that is really full, and really read-only (a small tmpfs in a mount namespace): told, and told again
once they are written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.platform
CHILD = r"""
import json, os, subprocess, sys, time
from pathlib import Path
from tests.unit.test_kept import CLOCK, NAMES, heard, keeping, row
from tfdash.recording import recorder
from tfdash.recording.places import rings
from tfdash.recording.reading import Recording
from tfdash.sources import kept
from tfdash.store.journal import recorder as journal
from tfdash.store.journal.reading import read
from tfdash.views.wall.kept import not_written
kept._LOOK = journal.TICK = recorder.EVERY = 0.05
journal.BEAT, journal._AGAIN, recorder._RETRY = 0.01, 0.0, 0.0
disk = Path(sys.argv[1]) / "disk"
told = {}
began = CLOCK.now()
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
board, end = keeping(disk)
board.start()
well = lambda: all(row(board, name).state.word == "ok" for name in NAMES)
both = lambda: len(not_written(board.picture)) == 2
heard(board, both)
told["read-only"] = dict(not_written(board.picture))
subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
heard(board, well)
with open(disk / "filler", "ab", buffering=0) as filler:
    try:
        while True:
            filler.write(b"z" * 4096)
    except OSError as error:
        told["errno"] = error.errno
heard(board, both)
told["full"] = dict(not_written(board.picture))
[ring] = rings(disk / "ring")
told["plays meanwhile"] = not Recording.open(ring).cut
(disk / "filler").unlink()
heard(board, well)
end()
[ring] = rings(disk / "ring")
told["cut"] = Recording.open(ring).cut
view = read(disk / "journal", began, CLOCK.now())
told["journal"] = [list(view.doubts), len(view.spans) > 1]
print(json.dumps(told), flush=True)
os._exit(0)
"""


def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    script = (
        f'mount -t tmpfs -o size=8m tmpfs {tmp_path}/disk && exec {sys.executable} -c "$CHILD" {tmp_path}'
    )
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "CHILD": CHILD},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["read-only"]["verdict journal"].startswith(
        "it is not written: the file system is read-only; "
    )
    assert told["read-only"]["ring"].startswith("nothing is recorded: Read-only file system; ")
    assert told["errno"] == 28 and told["plays meanwhile"]
    assert told["full"]["verdict journal"].startswith("it is not written: the disk is full; ")
    assert told["full"]["ring"].startswith("nothing is recorded: less than 0.4 MB of that disk are free, ")
    assert (told["cut"], told["journal"]) == ("", [[], True])
