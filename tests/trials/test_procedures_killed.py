# ruff: noqa: F811 - fixtures of another folder
"""Sixty steps by chance, two terminals, kill -9 at random times, and the shared store cut off in every other run.

Witnesses are others': a file to which each command appends a line, and the audit log of the API server. No step that is not idempotent was
done twice, no run came to its end without each of its acts, nothing was done of which nothing is on record, and no request was sent twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import terminal, write_config
from tests.platform.world import create, node
from tests.trials.random_procedure import LEAVES, ROLE, Drawn, inner_of
from tests.unit.store.conftest import Database, database, postgres, template  # noqa: F401
from tests.waiting import until
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEvent, RunEventKind, RunOutcome, RunState, StepStatus
from tfdash.playbook.procedures.walk import all_steps
from tfdash.procedures.kind import state_of
from tfdash.store.log.reading import read_folder
from tfdash.store.log.verify import lines, verify

pytestmark = [pytest.mark.platform, pytest.mark.timeout(7200)]
KILLS = int(os.environ.get("TFDASH_KILLS", "300"))
_OVER = frozenset({StepStatus.DONE, StepStatus.ALREADY})


class Door:
    """A socket of PostgreSQL's before the real one, which can be closed: what is connected is cut off, and nothing new comes through."""

    def __init__(self, folder: Path, real: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._real = folder, real
        self.open = True
        self._pairs: set[socket.socket] = set()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / ".s.PGSQL.5432"))
        self._listening.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if not self.open:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._real))
            self._pairs |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    def _copy(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        finally:
            self._shut(one, other)

    def _shut(self, *ends: socket.socket) -> None:
        for end in ends:
            self._pairs.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        self.open = False
        self._shut(*self._pairs)

    def turn(self) -> None:
        """Closed where it was open, and the other way."""
        if self.open:
            self.cut()
        else:
            self.open = True

    def end(self) -> None:
        self.cut()
        self._listening.close()


class Worker:
    """One terminal, on a machine of its own: its folder and its login are its own."""

    def __init__(
        self, config: Path, witness: Path, log: Path, procedure: str, word: str, given_up: int
    ) -> None:
        self._config, self._witness, self._log = config, witness, log
        self._does = (procedure, word, str(given_up))
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self, seed: int) -> None:
        argv = [sys.executable, "-m", "tests.trials.procedure_driver", self._config, self._witness, seed]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen([*map(str, argv), *self._does], stdout=log, stderr=log)

    def said(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def has_said(self, word: str) -> bool:
        """As a line of its own: its sentences have such words, too."""
        return word in self.said().splitlines()

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Trial(NamedTuple):
    """How often it was killed, how it ended, and what tells what was done."""

    kills: int
    state: RunState
    inner: tuple[RunState, ...]
    events: tuple[RunEvent, ...]
    drawn: Drawn
    witness: Path


@pytest.fixture
def door(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    found = Door(tmp_path_factory.mktemp("pg"), Path(database.host) / ".s.PGSQL.5432")
    yield found
    found.end()


def _config(folder: Path, cluster: Cluster, url: str, drawn: Drawn, witness: Path, name: str) -> Path:
    own = folder / "procedures"
    own.mkdir(parents=True)
    (own / f"{name}.toml").write_text(drawn.text)
    (own / f"{inner_of(name)}.toml").write_text(drawn.inner)
    argv = [
        sys.executable,
        "-S",
        str(Path(__file__).with_name("counting.py")),
        str(witness),
        "{run}",
        "{words}",
    ]
    more = (
        f"[procedures]\nfolder = {json.dumps(str(own))}\n"
        f'[notify.channels.list]\nkind = "command"\ncommand = {json.dumps(["tee", "-a", str(folder / "told")])}\n'
        f'[procedures.commands.count]\ncommand = {json.dumps(argv)}\nplaces = ["here"]\ntimeout = "60s"\n'
        f'[procedures.roles.{ROLE}]\ndatabase = "tfdash_people"\n'
    )
    return write_config(folder, cluster.kubeconfig("admin"), "admin", url=url, more=more)


def test_no_kill_repeats_or_loses_an_act(
    cluster: Cluster, database: Database, door: Door, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    luck, told, kinds = Random(20261130), Counter[str](), Counter[str]()
    kills = runs = inner = 0
    while kills < KILLS:
        name = f"chance-{runs}"
        given_up = luck.randint(20, 50) if runs % 3 == 2 else 0
        cut, most = runs % 2 == 1, KILLS - kills
        trial = _one_run(
            cluster, database, door, tmp_path / name, name, luck, cut=cut, most=most, given_up=given_up
        )
        kills, runs = kills + trial.kills, runs + 1
        told.update(step.status.value for step in trial.state.steps)
        inner += len(trial.inner)
        kinds.update(step.kind.value for step in all_steps(trial.state.procedure.steps))
        _witnessed(cluster, trial, given_up=given_up)
        print(f"{kills} kills, {runs} runs: {dict(told)}", flush=True)
    figure(
        f"{kills} kills in {runs} runs of {LEAVES} steps, {runs // 3} of them given up and taken back, the shared store cut off in {runs // 2}, {inner} begun by"
        f" their steps:"
        f" {dict(kinds)}, which ended {dict(told)}; nothing done twice, nothing left out"
    )


def _one_run(
    cluster: Cluster,
    database: Database,
    door: Door,
    folder: Path,
    name: str,
    luck: Random,
    *,
    cut: bool,
    most: int,
    given_up: int,
) -> Trial:
    """Kill until it is over."""
    folder.mkdir()
    drawn, witness = Drawn(luck.randrange(1 << 30), name), folder / "witness"
    witness.touch()
    for one in drawn.nodes.values():
        create(cluster, "/api/v1/nodes", node(one))
    behind = Database(str(door.folder), database.name)
    configs = [
        _config(folder / who, cluster, behind.url(who), drawn, witness, name) for who in ("ann", "bob")
    ]
    workers = [
        Worker(config, witness, folder / f"{word}.log", name, word, given_up)
        for config, word in zip(configs, ("start", "join"), strict=True)
    ]
    done = 0
    try:
        for worker in workers:
            worker.begin(luck.randrange(1 << 30))
        until(lambda: all(worker.has_said("ready") for worker in workers), workers[0].said)
        ended = time.monotonic() + 600.0
        while not any(worker.has_said("over") for worker in workers):
            assert time.monotonic() < ended, workers[0].said()[-2000:]
            time.sleep(luck.uniform(0.2, 4.0))
            if cut and luck.random() < 0.3:
                door.turn()
            victim = luck.choice(workers)
            if victim.lives and done < most and not victim.has_said("over"):
                victim.kill()
                done += 1
            for worker in workers:
                if not worker.lives and not worker.has_said("over"):
                    worker.begin(luck.randrange(1 << 30))
    finally:
        for worker in workers:
            worker.kill()
        door.open = True
    # what one of them could not deliver while the store was cut off is delivered by its next start
    with terminal(configs[1], kinds=("Node",)), terminal(configs[0], kinds=("Node",)) as at:
        found = until(lambda: _ended(at.runs, name), "the end of the run", timeout=120.0)
        events = tuple(at.runs.events(found.id))
        inner = tuple(run for run in at.runs.runs() if run.procedure.id == inner_of(name))
    for who in ("ann", "bob"):
        checked = verify(read_folder(folder / who / "store"))
        assert checked.code == 0, lines(checked)
    for one in drawn.nodes.values():
        cluster.request("DELETE", f"/api/v1/nodes/{one}")
    return Trial(done, found, inner, events, drawn, witness)


def _ended(runs: Any, name: str) -> Any:
    """Its state once it is over, and all that its steps began, for this terminal, too."""
    found = {run.procedure.id: run for run in runs.runs() if run.procedure.id in (name, inner_of(name))}
    open_yet = [run.id for run in runs.runs() if run.procedure.id in found and not _closed(runs, run.id)]
    return found.get(name) if not open_yet else None


def _closed(runs: Any, run: str) -> bool:
    return any(event.kind is RunEventKind.CLOSED for event in runs.events(run))


def _witnessed(cluster: Cluster, trial: Trial, *, given_up: int) -> None:
    state, drawn = trial.state, trial.drawn
    assert state.outcome is (RunOutcome.ABORTED if given_up else RunOutcome.DONE), state
    steps = {step.id: step for step in state.steps}
    lines = trial.witness.read_text().splitlines()
    counts = Counter(line.split()[1] for line in lines if line.split()[0] == state.id)
    for id, again in drawn.counted.items():
        step = steps.get(id)  # None of what takes back, where there is nothing to take back
        told = (id, counts[id], step)
        assert again or counts[id] <= 1, told
        assert counts[id] >= 1 or step is None or step.status not in _OVER, told
        # what is done is on record: of what was not begun, of another branch least of all, nothing is
        assert not counts[id] or (step is not None and step.attempt), told
    _begun_by_steps(trial, lines)
    _approved(trial)
    patched: dict[str, list[str]] = {one: [] for one in drawn.nodes.values()}
    ids = Counter[str]()
    for row in cluster.audit_log.read_text().splitlines():
        told = json.loads(row)
        object = told.get("objectRef", {})
        if (
            told.get("stage") != "ResponseComplete"
            or object.get("resource") != "nodes"
            or told["verb"] != "patch"
        ):
            continue
        if told.get("userAgent") != "tfdash" or "dryRun" in told.get("requestURI", ""):
            continue
        if object.get("name") not in drawn.nodes.values():
            continue
        ids[told["auditID"]] += 1
        if told.get("responseStatus", {}).get("code") == 200:
            patched[object["name"]].append(row)
    assert all(count == 1 for count in ids.values()), ids
    for id, one in drawn.nodes.items():
        back = steps.get(drawn.backs.get(id, ""))
        most = 2 if back is not None and back.attempt else 1  # there, and back
        assert len(patched[one]) <= most, "\n".join((id, *patched[one]))
        if steps[id].status is StepStatus.DONE:
            assert patched[one], (id, steps[id])


def _begun_by_steps(trial: Trial, lines: list[str]) -> None:
    """Each other run did what it did once, and what waited for one had one."""
    for run in trial.inner:
        counts = Counter(line.split()[1] for line in lines if line.split()[0] == run.id)
        assert run.outcome is RunOutcome.DONE, run
        for state in (one for one in run.steps if one.id in trial.drawn.inner_counted):
            assert counts[state.id] <= 1 and (counts[state.id] or state.status not in _OVER), (run, counts)
    begun = {run.within for run in trial.inner}
    waited = {step.id for step in all_steps(trial.state.procedure.steps) if step.begins}
    for state in trial.state.steps:
        done = state.id in waited and state.status is StepStatus.DONE
        assert not done or (trial.state.id, state.id) in begun, state


def _approved(trial: Trial) -> None:
    """By as many people as are wanted, whom the database saw write it; or by one, alone, where that is a way."""
    for step in all_steps(trial.state.procedure.steps):
        said = [e for e in trial.events if e.step == step.id and e.kind is RunEventKind.APPROVED]
        state = state_of(trial.state, step.id)
        if step.kind is not StepKind.APPROVAL or state is None or state.status is not StepStatus.DONE:
            continue
        alone = any(event.data.get("alone") for event in said)
        people = {event.stamped for event in said if not event.data.get("alone")}
        assert (alone and step.alone) or len(people) >= step.count, said
        assert alone or not (step.others and "ann" in people), said  # who started it
