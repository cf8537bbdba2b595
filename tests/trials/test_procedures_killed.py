# ruff: noqa: F811 - fixtures of another folder
"""Sixty steps by chance, two terminals, kill -9 at random times, and the shared store cut off in every other run.

Witnesses are others': a file to which each command appends a line, and the audit log of the API server. No step that is not idempotent was
done twice, no run came to its end without each of its acts, and no request was sent twice.
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
from typing import Any

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import terminal, write_config
from tests.platform.world import create, node
from tests.trials.random_procedure import Drawn
from tests.unit.store.conftest import Database, database, postgres, template  # noqa: F401
from tests.waiting import until
from tfdash.model.run import RunOutcome, RunState, StepStatus
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

    def __init__(self, config: Path, witness: Path, log: Path, procedure: str, word: str) -> None:
        self._config, self._witness, self._log = config, witness, log
        self._does = (procedure, word)
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


@pytest.fixture
def door(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    found = Door(tmp_path_factory.mktemp("pg"), Path(database.host) / ".s.PGSQL.5432")
    yield found
    found.end()


def _config(folder: Path, cluster: Cluster, url: str, drawn: Drawn, witness: Path, name: str) -> Path:
    own = folder / "procedures"
    own.mkdir(parents=True)
    (own / f"{name}.toml").write_text(drawn.text)
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
    )
    return write_config(folder, cluster.kubeconfig("admin"), "admin", url=url, more=more)


def test_no_kill_repeats_or_loses_an_act(
    cluster: Cluster, database: Database, door: Door, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    luck, kills, runs, told = Random(20261130), 0, 0, Counter[str]()
    while kills < KILLS:
        name = f"chance-{runs}"
        done, state, drawn, witness = _one_run(
            cluster, database, door, tmp_path / name, name, luck, cut=runs % 2 == 1, most=KILLS - kills
        )
        kills, runs = kills + done, runs + 1
        told.update(step.status.value for step in state.steps)
        _witnessed(cluster, state, drawn, witness)
    figure(f"{kills} kills in {runs} runs of 60 steps: {dict(told)}; nothing done twice, nothing left out")


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
) -> tuple[int, RunState, Drawn, Path]:
    """Kill until it is over; how often, how it ended, and what tells what was done."""
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
        Worker(config, witness, folder / f"{word}.log", name, word)
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
        found = until(lambda: _ended(at.runs.runs(), name), "the end of the run", timeout=120.0)
    for who in ("ann", "bob"):
        checked = verify(read_folder(folder / who / "store"))
        assert checked.code == 0, lines(checked)
    for one in drawn.nodes.values():
        cluster.request("DELETE", f"/api/v1/nodes/{one}")
    return done, found, drawn, witness


def _ended(runs: Any, name: str) -> Any:
    """Its state once it is over."""
    found = [run for run in runs if run.procedure.id == name]
    return found[0] if found and found[0].outcome is not RunOutcome.OPEN else None


def _witnessed(cluster: Cluster, state: RunState, drawn: Drawn, witness: Path) -> None:
    assert state.outcome is RunOutcome.DONE, state
    steps = {step.id: step for step in state.steps}
    counts = Counter(
        line.split()[1] for line in witness.read_text().splitlines() if line.split()[0] == state.id
    )
    for id, again in drawn.counted.items():
        if not again:
            assert counts[id] <= 1, (id, counts[id])
        if steps[id].status in _OVER:
            assert counts[id] >= 1, (id, steps[id])
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
        assert len(patched[one]) <= 1, "\n".join((id, *patched[one]))
        if steps[id].status is StepStatus.DONE:
            assert patched[one], (id, steps[id])
