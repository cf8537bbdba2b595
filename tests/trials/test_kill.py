"""kill -9 at every point of the whole chain, from the last check to the outcome, on the program as it is composed.

A child carries one action out on the simulated platform and kills itself with SIGKILL before or after the n-th request or
call of the store. Then the terminal is started anew: nothing is lost, nothing was done twice, and what is open is asked.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.platform.harness.simulated import Platform
from tests.platform.harness.terminals import Terminal, terminal, write_config
from tests.unit.actions.proxying import proxied
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import Result
from tfdash.model.store_state import Entry, EntryKind
from tfdash.store.log.reading import entries_of, read_folder
from tfdash.store.log.verify import lines, verify

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]
KINDS = ("Deployment", "ReplicaSet", "Pod")
CHILD = r"""
import os, signal, sys
from pathlib import Path
config, at, name, action = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
points, counting = 0, False
def point(name):
    global points
    if counting:
        points += 1
        os.write(1, f"{points} {name}\n".encode())
        if points == at:
            os.kill(os.getpid(), signal.SIGKILL)
def around(kind, name, what):
    real = getattr(kind, name)
    async def call(self, *args, **kwargs):
        point("before " + what(args))
        done = await real(self, *args, **kwargs)
        point("after " + what(args))
        return done
    setattr(kind, name, call)
from tfdash.store.log.audit_recorder import AuditRecorder
from tfdash.writers.kubernetes import KubernetesWriter
around(KubernetesWriter, "_by", lambda a: a[1] + " " + a[2].rpartition("/")[2])
around(AuditRecorder, "record", lambda a: "entry " + a[0].kind)
around(AuditRecorder, "reserve", lambda a: "reserve")
from tests.platform.harness.terminals import terminal
from tests.unit.actions.acting import confirmed
def told(progress):
    if progress.stage == "verifying":  # the outcome is recorded
        os._exit(0)
with terminal(config, kinds=("Deployment", "ReplicaSet", "Pod")) as found:
    subject = found.subject("Deployment", "tf-production", name)
    found.see(subject)
    obj = found.board.picture.clusters[subject.cluster].objects("Deployment")[subject.key]
    arguments = {"replicas": obj.desired - 1} if action == "workload.scale" else {}
    guarded = found.plan(action, subject, **arguments)
    assert guarded.allowed, guarded.refused
    counting = True
    ended = found.run(found.actions.execute(guarded, confirmed(guarded), told))
    os.write(2, f"{points} points, {ended.result}: {ended.sentence}".encode())
os._exit(7)
"""


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=10.0)) as running:
        yield running


@pytest.fixture(scope="module")
def platform(demo: DemoProcess) -> Iterator[Platform]:
    found = Platform(demo)
    yield found
    found.client.close()


def child(config: Path, at: int, name: str, action: str = "workload.restart") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(config), str(at), name, action],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def ended(process: subprocess.Popen[str], code: int) -> list[str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err[-3000:]
    return out.splitlines()


def log_of(folder: Path) -> list[Entry]:
    sources = read_folder(folder)
    report = verify(sources)
    assert report.code == 0, lines(report)
    return entries_of(sources)


def settled(at: Terminal) -> tuple[Result, str, bool]:
    at.until(lambda: len(at.board.picture.store_state.unsettled) == 1, "the open intent to be told")
    (found,) = at.run(at.actions.reconcile())
    return found.result, found.sentence, found.recorded


def check(config: Path, platform: Platform, before: int, where: str) -> None:
    """Start anew and look: the log holds what was acknowledged, what is open is found and settled truly."""
    now = platform.generation()
    assert now in (before, before + 1), where
    folder = config.parent / "store"
    entries = log_of(folder) if folder.exists() else []
    intents = [e for e in entries if e.kind is EntryKind.INTENT]
    outcomes = [e for e in entries if e.kind is EntryKind.OUTCOME]
    assert len(intents) <= 1 and len(outcomes) <= len(intents), where
    assert now == before or intents, f"{where}: done without a durable intent"
    with terminal(config, kinds=KINDS) as again:
        if intents and not outcomes:
            result, sentence, recorded = settled(again)
            if (
                result is Result.UNKNOWN and now == before
            ):  # too young to be told: the server may still be at it
                assert "may still" in sentence and not recorded, (where, sentence)
            else:
                assert (result is Result.APPLIED) == (now == before + 1), (where, result, sentence)
                assert recorded, where
                again.until(lambda: not again.board.picture.store_state.unsettled, "that it is settled")
        else:
            assert again.board.picture.store_state.unsettled == ()
    assert platform.generation() == now, f"{where}: settling did something"
    told = [e for e in log_of(folder) if e.kind is EntryKind.OUTCOME]
    assert len(told) <= 1, where


@pytest.mark.parametrize("action", ["workload.restart", "workload.scale"])
def test_at_every_point(
    platform: Platform, tmp_path: Path, action: str, figure: Callable[[str], None]
) -> None:
    """One that is exempt from the calendar waits for its intent alone; one that is frozen for its confirmation too."""
    target = "scale" if action == "workload.scale" else platform.name
    whole = write_config(tmp_path / "whole", platform.kubeconfig, "production")
    platform.three()
    before = platform.generation()
    points = ended(child(whole, 0, platform.name, action), 0)
    assert platform.generation() == before + 1
    assert any(p.endswith(f"before PATCH {target}") for p in points) and any(
        "entry outcome" in p for p in points
    )
    first = next(i for i, p in enumerate(points, 1) if "reserve" in p)
    assert len(points) - first >= 8, points
    for at in range(first, len(points) + 1):
        config = write_config(tmp_path / str(at), platform.kubeconfig, "production")
        platform.three()
        before = platform.generation()
        reached = ended(child(config, at, platform.name, action), -9)
        check(config, platform, before, reached[-1])
    figure(
        f"{len(points) + 1 - first} kills, at every point from {points[first - 1]!r} on: none lost, none done twice"
    )


@pytest.mark.parametrize("late", [0.0, 4.0])
def test_killed_while_the_request_is_on_its_way(platform: Platform, tmp_path: Path, late: float) -> None:
    """The program is gone before the server has the request; it is applied all the same, even after the next start."""
    with proxied(platform.access.server, platform.access.ca) as proxy:
        document = json.loads(platform.kubeconfig.read_text())
        for cluster in document["clusters"]:
            if cluster["name"] == "production":
                cluster["cluster"] = {"server": f"http://127.0.0.1:{proxy.port}"}
        through = tmp_path / "kubeconfig"
        through.write_text(json.dumps(document))
        config = write_config(tmp_path / "one", through, "production")
        before = platform.generation()
        process = child(config, 0, platform.name)
        forward, sent = proxy._forward, list[str]()

        async def forwarding(request: bytes) -> bytes:
            """The kill comes when the request arrives; the request goes on all the same, perhaps much later."""
            line = request.split(b"\r\n")[0].decode()
            if line.startswith("PATCH") and f"/deployments/{platform.name}" in line and "dryRun" not in line:
                sent.append(line)
                os.kill(process.pid, signal.SIGKILL)
                await asyncio.sleep(late)
            return await forward(request)

        proxy._forward = forwarding
        ended(process, -9)
        direct = write_config(tmp_path / "one", platform.kubeconfig, "production")
        with terminal(direct, kinds=KINDS) as again:
            first = settled(again)
            if first[0] is Result.UNKNOWN:  # it took no effect yet, and nobody says that it never will
                assert platform.generation() == before and "may still" in first[1] and not first[2]
                again.until(
                    lambda: platform.generation() == before + 1 or not again.board.picture.store_state,
                    "it to be applied",
                    20,
                )
                first = settled(again)
            assert first[0] is Result.APPLIED and first[2]
        assert platform.generation() == before + 1
        assert len(sent) == 1, sent
