"""A process that keeps a journal and is ended by SIGKILL: while it lives it is seen to live, and nothing but its last line is ever cut."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.unit.store.journal.journals import REF
from tfdash.store.journal.reading import read
from tfdash.store.journal.times import verdict_times
from tfdash.store.journal.view import Ended
from tfdash.store.journal.watched import watched

CHILD = """
import sys
from pathlib import Path
from tests.unit.store.journal.journals import subject
from tests.unit.store.journal.terminals import SetClock, Terminal
from tfdash.model.verdict import Level
clock = SetClock(1000000.0)
terminal = Terminal(Path(sys.argv[1]), clock)
for number in range(200):
    terminal.shows({subject("a"): Level.BREACH} if number % 40 < 20 else {})
    terminal.look()
    clock.pass_by(5.0)
print("written", flush=True)
sys.stdin.read()
"""


def test_it_watched_until_its_last_line(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None and child.stdout.readline() == b"written\n"
        living = read(tmp_path, 1_000_000.0, 1_001_000.0)
        before = sorted(tmp_path.iterdir())
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert [span.ended for span in living.spans] == [Ended.LIVING]
    killed = read(tmp_path, 1_000_000.0, 1_001_000.0)
    assert [span.ended for span in killed.spans] == [Ended.SILENT] and not killed.doubts
    assert killed.spans[0].words == living.spans[0].words
    assert 985.0 <= watched(killed, REF.environment).seconds <= 1000.0
    (times,) = verdict_times(killed)
    assert sum(times.seconds.values()) == 500.0
    assert sorted(tmp_path.iterdir()) == before  # whoever reads makes nothing
    (file,) = tmp_path.glob("*.journal")
    whole = file.read_bytes()
    stat = file.stat()
    for cut in range(len(whole) - 200, len(whole)):
        file.write_bytes(whole[:cut])
        os.utime(file, (stat.st_mtime, stat.st_mtime))
        part = read(tmp_path, 1_000_000.0, 1_001_000.0)
        assert not part.doubts and len(part.spans) == 1 and part.spans[0].end <= killed.spans[0].end
