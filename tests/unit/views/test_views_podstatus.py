"""READY, STATUS and RESTARTS of pods: every branch of the API server's printer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tfdash.model.kube import Condition, Container, ContainerStatus, Pod
from tfdash.views.kinds.podstatus import pod_cells

MAIN = Container("main", "i:1")
SIDE = Container("side", "i:1", init=True, sidecar=True)
INIT = Container("setup", "i:1", init=True)
INIT2 = Container("migrate", "i:1", init=True)
READY = Condition("Ready", "True")
NOT_READY = Condition("Ready", "False")
NOT_INITIALIZED = Condition("Initialized", "False")


def run(name: str = "main", **over: Any) -> ContainerStatus:
    return msgspec.structs.replace(ContainerStatus(name, ready=True, started=True, state="running"), **over)


def wait(reason: str, name: str = "main", **over: Any) -> ContainerStatus:
    return msgspec.structs.replace(ContainerStatus(name, state="waiting", reason=reason), **over)


def end(code: int, reason: str = "", name: str = "main", **over: Any) -> ContainerStatus:
    return msgspec.structs.replace(
        ContainerStatus(name, state="terminated", exit_code=code, reason=reason), **over
    )


def pod(*statuses: ContainerStatus, containers: tuple[Container, ...] = (MAIN,), **over: Any) -> Pod:
    given: dict[str, Any] = {"phase": "Running", "conditions": (READY,)}
    return Pod(namespace="a", name="p", containers=containers, statuses=statuses, **(given | over))


TWO = (MAIN, Container("proxy", "i:1"))
CASES: list[tuple[str, Pod, str, str]] = [
    ("running", pod(run()), "1/1", "Running"),
    ("not reported yet", pod(phase="Pending", conditions=()), "0/1", "Pending"),
    ("running but not ready", pod(run(ready=False), conditions=(NOT_READY,)), "0/1", "Running"),
    ("creating", pod(wait("ContainerCreating"), phase="Pending"), "0/1", "ContainerCreating"),
    ("waiting without a reason", pod(wait(""), phase="Pending"), "0/1", "Pending"),
    ("crash loop", pod(wait("CrashLoopBackOff")), "0/1", "CrashLoopBackOff"),
    ("image", pod(wait("ImagePullBackOff"), phase="Pending"), "0/1", "ImagePullBackOff"),
    ("completed", pod(end(0, "Completed"), phase="Succeeded"), "0/1", "Completed"),
    ("error", pod(end(1, "Error"), phase="Failed"), "0/1", "Error"),
    ("OOM", pod(end(137, "OOMKilled")), "0/1", "OOMKilled"),
    ("exit code without a reason", pod(end(1)), "0/1", "ExitCode:1"),
    ("exit 0 without a reason", pod(end(0)), "0/1", "ExitCode:0"),
    ("signal without a reason", pod(end(137, signal=9)), "0/1", "Signal:9"),
    (
        "first container's reason wins",
        pod(wait("ErrImagePull"), wait("CrashLoopBackOff", "proxy"), containers=TWO),
        "0/2",
        "ErrImagePull",
    ),
    (
        "one completed, one running and ready",
        pod(end(0, "Completed"), run("proxy"), containers=TWO),
        "1/2",
        "Running",
    ),
    (
        "one completed, one running, pod not ready",
        pod(end(0, "Completed"), run("proxy"), containers=TWO, conditions=(NOT_READY,)),
        "1/2",
        "NotReady",
    ),
    (
        "one completed, one failed",
        pod(end(0, "Completed"), end(2, "Error", "proxy"), containers=TWO),
        "0/2",
        "Error",
    ),
    (
        "one completed, one failed and one runs, not ready",
        pod(
            end(0, "Completed"),
            end(2, "Error", "b"),
            run("c"),
            conditions=(NOT_READY,),
            containers=(MAIN, Container("b", "i"), Container("c", "i")),
        ),
        "1/3",
        "Error",
    ),
    ("evicted", pod(phase="Failed", reason="Evicted"), "0/1", "Evicted"),
    (
        "gated",
        pod(phase="Pending", conditions=(Condition("PodScheduled", "False", "SchedulingGated"),)),
        "0/1",
        "SchedulingGated",
    ),
    ("terminating", pod(run(), deleting=5.0), "1/1", "Terminating"),
    (
        "terminated while deleted",
        pod(end(0, "Completed"), phase="Succeeded", deleting=5.0),
        "0/1",
        "Completed",
    ),
    ("failed while deleted", pod(end(1, "Error"), phase="Failed", deleting=5.0), "0/1", "Error"),
    ("node lost, deleted", pod(run(), reason="NodeLost", deleting=5.0), "1/1", "Unknown"),
    ("node lost, not deleted, no container reported", pod(reason="NodeLost"), "0/1", "NodeLost"),
    (
        "first of two init containers runs",
        pod(
            run("setup", init=True, ready=False),
            wait("PodInitializing", "migrate", init=True),
            wait("PodInitializing"),
            containers=(INIT, INIT2, MAIN),
            phase="Pending",
            conditions=(NOT_READY, NOT_INITIALIZED),
        ),
        "0/1",
        "Init:0/2",
    ),
    (
        "second init container",
        pod(
            end(0, "Completed", "setup", init=True),
            wait("PodInitializing", "migrate", init=True),
            containers=(INIT, INIT2, MAIN),
            conditions=(NOT_READY, NOT_INITIALIZED),
        ),
        "0/1",
        "Init:1/2",
    ),
    (
        "init crash loop",
        pod(
            wait("CrashLoopBackOff", "setup", init=True),
            wait("PodInitializing"),
            containers=(INIT, MAIN),
            conditions=(NOT_READY, NOT_INITIALIZED),
        ),
        "0/1",
        "Init:CrashLoopBackOff",
    ),
    (
        "init error",
        pod(
            end(1, "Error", "setup", init=True),
            containers=(INIT, MAIN),
            conditions=(NOT_READY, NOT_INITIALIZED),
        ),
        "0/1",
        "Init:Error",
    ),
    (
        "init exit code",
        pod(end(3, "", "setup", init=True), containers=(INIT, MAIN), conditions=(NOT_READY, NOT_INITIALIZED)),
        "0/1",
        "Init:ExitCode:3",
    ),
    (
        "init signal",
        pod(
            end(1, "", "setup", init=True, signal=9),
            containers=(INIT, MAIN),
            conditions=(NOT_READY, NOT_INITIALIZED),
        ),
        "0/1",
        "Init:Signal:9",
    ),
    (
        "nothing reported but the init container",
        pod(wait("", "setup", init=True), containers=(INIT, MAIN), conditions=(), phase="Pending"),
        "0/1",
        "Init:0/1",
    ),
    (
        "init done, main starts",
        pod(
            end(0, "Completed", "setup", init=True),
            wait("PodInitializing"),
            containers=(INIT, MAIN),
            phase="Pending",
        ),
        "0/1",
        "PodInitializing",
    ),
    ("sidecar counts", pod(run("side", init=True), run(), containers=(SIDE, MAIN)), "2/2", "Running"),
    (
        "sidecar started, not ready",
        pod(run("side", init=True, ready=False), run(), containers=(SIDE, MAIN), conditions=(NOT_READY,)),
        "1/2",
        "Running",
    ),
    (
        "sidecar not started",
        pod(
            run("side", init=True, ready=False, started=False),
            wait("PodInitializing"),
            containers=(SIDE, MAIN),
            conditions=(NOT_READY, NOT_INITIALIZED),
        ),
        "0/2",
        "Init:0/1",
    ),
    (
        "sidecar crashes after initialization, the main container runs",
        pod(
            wait("CrashLoopBackOff", "side", init=True),
            run(),
            containers=(SIDE, MAIN),
            conditions=(NOT_READY,),
        ),
        "1/2",
        "Init:CrashLoopBackOff",
    ),
]


@pytest.mark.parametrize(("given", "ready", "status"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_ready_and_status(given: Pod, ready: str, status: str) -> None:
    cells = pod_cells(given)
    assert (cells.ready_text, cells.status) == (ready, status)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (pod(run()), "0"),
        (pod(run(restarts=3)), "3"),
        (pod(run(restarts=3, last_finished=700.0)), "3 (5m ago)"),
        (pod(run(last_finished=700.0)), "0"),  # a time without a restart is not shown
        (
            pod(
                run(restarts=1, last_finished=400.0),
                run("proxy", restarts=2, last_finished=940.0),
                containers=TWO,
            ),
            "3 (60s ago)",
        ),
        # past initialization, restarts of plain init containers no longer count, those of sidecars do
        (
            pod(
                end(0, "Completed", "setup", init=True, restarts=7, last_finished=990.0),
                run(restarts=1),
                containers=(INIT, MAIN),
            ),
            "1",
        ),
        (
            pod(run("side", init=True, restarts=2, last_finished=400.0), run(), containers=(SIDE, MAIN)),
            "2 (10m ago)",
        ),
        (
            pod(
                wait("CrashLoopBackOff", "setup", init=True, restarts=4, last_finished=970.0),
                containers=(INIT, MAIN),
                conditions=(NOT_INITIALIZED, NOT_READY),
            ),
            "4 (30s ago)",
        ),
    ],
)
def test_restarts(given: Pod, text: str) -> None:
    assert pod_cells(given).restarts_text(1000.0) == text
