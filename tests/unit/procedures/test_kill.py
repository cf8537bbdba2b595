"""kill -9 at every point of a run: nothing that was said is lost, nothing that is not idempotent is done twice by itself, and who comes next can
always go on.

A child walks a run on the real store and kills itself with SIGKILL at the n-th of the points at which something is about to reach the disk, or
is about to be done, or was. Each act appends a line to a file: the witness.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.procedures.appending import Appending
from tests.unit.procedures.world import Terminal, step
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunOutcome, RunState, StepStatus
from tfdash.procedures.protocols import Given
from tfdash.store.log.reading import read_folder
from tfdash.store.log.verify import verify

PROCEDURE = (
    'title = "killed"\n'
    + step("before", "manual", evidence='["note"]')
    + step("act", "command", command='"append"', idempotent="false")
    + step("again", "command", command='"append"', idempotent="true")
    + step("after", "manual")
)
CHILD = r"""
import os, signal, sqlite3, sys
from pathlib import Path
import tests.unit.procedures.appending as appending
folder, at = Path(sys.argv[1]), int(sys.argv[2])
points, run = 0, ""
def point():
    global points
    points += 1
    if points == at:
        os.kill(os.getpid(), signal.SIGKILL)
class Connection(sqlite3.Connection):
    def execute(self, sql, *rest):
        changing = run and sql.split(" ")[0] in ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT")
        if changing:
            point()
        done = super().execute(sql, *rest)
        if changing:
            point()
        return done
real = sqlite3.connect
sqlite3.connect = lambda *a, **k: real(*a, factory=Connection, **k)
append = appending.append
def appended(*a):
    point(); append(*a); point()
appending.append = appended
from tests.unit.procedures.world import Terminal
from tfdash.model.procedure import StepKind
from tfdash.procedures.protocols import Given
one = Terminal(folder, {})
one.runs.engine.kinds[StepKind.COMMAND] = appending.Appending(folder / "witness")
run = "the run"
run = one.start("killed").id
os.write(1, f"started {run}\n".encode())
one.do(run, "before", note="done it")
os.write(1, b"before\n")
one.do(run, "act")
os.write(1, b"act\n")
one.do(run, "again")
os.write(1, b"again\n")
one.do(run, "after")
one.call(one.runs.close(run, Given()))
os.write(1, b"closed\n")
os.write(1, f"points {points}\n".encode())
os._exit(0)
"""


def child(folder: Path, at: int) -> tuple[list[str], int]:
    own = folder / "procedures"
    own.mkdir(parents=True)
    (own / "killed.toml").write_text(PROCEDURE)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), str(at)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.returncode in (0, -9), done.stderr
    return done.stdout.split("\n")[:-1], done.returncode


def witnesses(folder: Path) -> list[str]:
    file = folder / "witness"
    return file.read_text().splitlines() if file.exists() else []


def finish(one: Terminal, run: str, folder: Path) -> RunState:
    """What a person does who knows only what the screen says."""
    for _ in range(30):
        state = one.state(run)
        if not state.next and all(s.status is not StepStatus.RUNNING for s in state.steps):
            break
        one.looked()
        for id in one.state(run).next:
            shown = one.prepare(run, id)
            if "settle" in shown.may:
                did = any(f"/{id}/" in line for line in witnesses(folder))
                one.call(one.runs.settle(run, id, Given(worked=did, reason="the file says so")))
            elif "sign" in shown.may:
                one.do(run, id, note="done it")
            elif "do" in shown.may:
                one.do(run, id)
    closed = one.state(run).outcome is not RunOutcome.OPEN
    return one.state(run) if closed else one.call(one.runs.close(run, Given()))


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_run_killed_at_any_point_loses_nothing_and_repeats_nothing_by_itself(tmp_path: Path) -> None:
    said, code = child(tmp_path / "whole", 0)
    assert code == 0 and said[-2] == "closed"
    points = int(said[-1].removeprefix("points "))
    assert points > 40
    seen = set[StepStatus]()
    for at in range(1, points + 1):
        folder = tmp_path / str(at)
        said, code = child(folder, at)
        assert code == -9
        one = Terminal(folder, {}, who="bob")
        try:
            one.runs.engine.kinds[StepKind.COMMAND] = Appending(folder / "witness")
            runs = one.runs.runs()
            if not said:
                assert len(runs) <= 1  # it was begun or not; nobody was told
                continue
            run = said[0].removeprefix("started ")
            assert [state.id for state in runs] == [run]
            for id in said[1:4]:
                assert one.step(run, id).status is StepStatus.DONE, (at, id)  # what was acknowledged is there
            before = witnesses(folder)
            one.looked()
            by_itself = [
                line for line in witnesses(folder) if line not in before or witnesses(folder).count(line) > 1
            ]
            assert not [line for line in by_itself if "/act/" in line], at
            seen.add(one.step(run, "act").status)
            done = finish(one, run, folder)
            assert done.outcome is RunOutcome.DONE, at
            lines = witnesses(folder)
            assert len([line for line in lines if "/act/" in line]) == 1, (at, lines)
            assert len([line for line in lines if "/again/" in line]) >= 1, (at, lines)
            journal = one.runs.events(run)
            assert [event.number for event in journal] == list(range(1, len(journal) + 1))
        finally:
            one.end()
        assert verify(read_folder(folder / "store")).code == 0, at
    assert {StepStatus.UNKNOWN, StepStatus.DONE, StepStatus.READY} <= seen
