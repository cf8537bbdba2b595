"""What a run that was cut off leaves behind: nothing. A process stands in for PostgreSQL, with its file of its own id."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import until

ROOT = Path(__file__).parents[3]
RUN = """
import sys
from pathlib import Path
from tests.unit.store.keeper import kept
keeper = kept(Path(sys.argv[1]))
print("kept", flush=True)
sys.stdin.read()
"""
# what a shell starts in the background ignores SIGQUIT, and its children with it; PostgreSQL does not
SERVER = """
import signal, sys
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
print("up", flush=True)
sys.stdin.read()
"""


def test_a_killed_run_leaves_neither_its_server_nor_its_folder(tmp_path: Path) -> None:
    folder, other = tmp_path / "own", tmp_path / "other"
    servers = {}
    for place in (folder, other):
        (place / "data").mkdir(parents=True)
        servers[place] = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert servers[place].stdout.readline() == b"up\n"  # type: ignore[union-attr] # a pipe, as asked for
        (place / "data" / "postmaster.pid").write_text(f"{servers[place].pid}\n{place}/data\n")
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert run.stdout is not None and run.stdout.readline() == "kept\n"
    run.kill()
    run.communicate()
    assert servers[folder].wait(60) == -signal.SIGQUIT
    until(lambda: not folder.exists(), "that the folder is gone")
    assert servers[other].poll() is None and other.exists(), "the server of another run is none of its"
    servers[other].communicate()
