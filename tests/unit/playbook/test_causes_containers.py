"""Causes inside the pods at their edges: images, memory, exit codes, crashes, configuration, probes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.kinds import resources
from tests.unit.playbook.making import (
    CONTAINER,
    NOW,
    Told,
    event,
    pod,
    running,
    told,
    waiting,
)
from tfdash.model.kube import Container, ContainerStatus, Pod
from tfdash.model.kubecluster import Event
from tfdash.model.workload import CauseCode
from tfdash.playbook.policy import default_policy
from tfdash.playbook.serving.causes import (
    containers,
)
from tfdash.playbook.serving.causes.containers import exit_text, last_words
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.serving.links import Links

POLICY = default_policy()
IMAGE = CONTAINER.image
ERRORS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "ImageInspectError",
)


def ended(code: int | None = 1, reason: str = "Error", name: str = "main", **more: Any) -> ContainerStatus:
    return ContainerStatus(name, state="terminated", exit_code=code, reason=reason, **more)


LOOP = "CrashLoopBackOff"
SIDE = ContainerStatus("side", state="running", ready=True)


@pytest.mark.parametrize(
    ("pods", "findings"),
    [
        *[
            (
                [pod("p", waiting(reason))],
                [(CauseCode.IMAGE_PULL, f"{reason}: {IMAGE} cannot be pulled in 1 pod", ["p"])],
            )
            for reason in ERRORS
        ],
        # a pod counts once, however many of its containers wait; the first says why
        (
            [
                pod("p", SIDE, waiting("ErrImagePull", "rpc error: code = X desc = gone")),
                pod(
                    "q",
                    waiting("ErrImagePull", "other"),
                    ContainerStatus("side", state="waiting", reason="ErrImagePull"),
                ),
                pod("r", running()),
            ],
            [(CauseCode.IMAGE_PULL, f"ErrImagePull: {IMAGE} cannot be pulled in 2 pods: gone", ["p", "q"])],
        ),
        (
            [pod("p", waiting("ImagePullBackOff", 'Back-off pulling image "x"'))],
            [(CauseCode.IMAGE_PULL, f"ImagePullBackOff: {IMAGE} cannot be pulled in 1 pod", ["p"])],
        ),
        ([pod("p", waiting("ContainerCreating")), pod("q", ended(reason="ErrImagePull"))], []),
    ],
)
def test_images(pods: Sequence[Pod], findings: list[Told]) -> None:
    assert told(containers.images(pods)) == findings


WINDOW = POLICY.oom_window


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (ended(137, "OOMKilled", since=NOW - 10 * WINDOW), ", exit 137, limit 256Mi (container main)"),
        (running(last_reason="OOMKilled", last_finished=NOW - WINDOW), None),  # half-open
        (
            running(last_reason="OOMKilled", last_finished=NOW - WINDOW + 1, restarts=1),
            ", exit 137, limit 256Mi (container main)",
        ),
        (
            waiting(LOOP, last_reason="OOMKilled", restarts=2),
            ", restarted 2 times, exit 137, limit 256Mi (container main)",
        ),
        (waiting("ContainerCreating", last_reason="OOMKilled", last_finished=NOW - WINDOW), None),
        (ended(1, "Error", last_reason="OOMKilled", last_finished=NOW - WINDOW), None),
        (running(last_reason="Error", last_finished=NOW), None),
        (
            ContainerStatus("side", state="terminated", reason="OOMKilled"),
            ", exit 137, no limit set (container side)",
        ),
    ],
)
def test_out_of_memory(status: ContainerStatus, said: str | None) -> None:
    expected = [] if said is None else [(CauseCode.OOM_KILLED, f"OOM killed in 1 pod{said}", ["p"])]
    assert told(containers.out_of_memory([pod("p", SIDE, status)], POLICY, NOW)) == expected


def test_restarts_of_all_pods_are_added_up() -> None:
    pods = [pod(n, waiting(LOOP, last_reason="OOMKilled", restarts=2)) for n in "pq"]
    assert told(containers.out_of_memory(pods, POLICY, NOW)) == [
        (
            CauseCode.OOM_KILLED,
            "OOM killed in 2 pods, restarted 4 times, exit 137, limit 256Mi (container main)",
            ["p", "q"],
        )
    ]


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (512, "512B"),
        (1024, "1Ki"),
        (1536, "1.5Ki"),
        (2**20, "1Mi"),
        (2**30 - 2**20, "1023Mi"),
        (2**30, "1Gi"),
    ],
)
def test_a_limit_in_words(limit: float, text: str) -> None:
    asked = resources(memory_limit=limit)
    one = pod(
        "p",
        ended(137, "OOMKilled"),
        containers=(msgspec.structs.replace(CONTAINER, resources=asked),),
    )
    [found] = containers.out_of_memory([one], POLICY, NOW)
    assert f"limit {text} (" in found.sentence


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (running(), ""),
        (ended(0), "exit 0"),
        (ended(137), "exit 137 (SIGKILL)"),
        (running(last_exit_code=143), "exit 143 (SIGTERM)"),
        (ended(1, last_exit_code=139), "exit 1"),  # the run that ended last
        *[
            (ended(code), f"exit {code} ({name})")
            for code, name in ((130, "SIGINT"), (134, "SIGABRT"), (139, "SIGSEGV"), (141, "SIGPIPE"))
        ],
        (ended(126), "exit 126"),  # a program's own
        (ended(127, "ContainerCannotRun"), "exit 127 (the command was not found)"),
        (ended(126, "StartError"), "exit 126 (the command cannot be executed)"),
        (ended(137, "StartError"), "exit 137"),
        (
            waiting(LOOP, last_exit_code=127, last_reason="StartError"),
            "exit 127 (the command was not found)",
        ),
        (waiting("StartError", last_exit_code=127), "exit 127"),
    ],
)
def test_what_an_exit_code_means(status: ContainerStatus, text: str) -> None:
    assert exit_text(status) == text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (ended(message="a\n\n  b  \n \n", last_message="c"), "b"),
        (waiting(LOOP, "back-off", last_message="first\nlast"), "last"),
        (ended(message=""), ""),
        (ended(message="x" * 101), "x" * 99 + "…"),
    ],
)
def test_last_words(status: ContainerStatus, text: str) -> None:
    assert last_words(status) == text


@pytest.mark.parametrize(
    ("text", "length", "short"), [("a  b\nc", 160, "a b c"), ("abcd", 4, "abcd"), ("abcde", 4, "abc…")]
)
def test_one_line(text: str, length: int, short: str) -> None:
    assert shorten(text, length) == short
    assert len(shorten("x" * 161)) == 160 and shorten("x" * 160) == "x" * 160


def crash(said: str, of: str = "container main", pods: str = "1 pod") -> str:
    return f"{of} keeps crashing in {pods}{said}"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            waiting(LOOP, last_reason="Error", last_exit_code=1, restarts=7, last_message="no config"),
            ": last exit 1, restarted 7 times: no config",
        ),
        (waiting(LOOP), ""),
        (
            waiting(LOOP, last_reason="ContainerCannotRun", last_exit_code=127),
            ": last exit 127 (the command was not found), ContainerCannotRun",
        ),
        (waiting(LOOP, last_reason="Completed", last_exit_code=0), ": last exit 0"),
        (ended(2, "StartError"), ": last exit 2, StartError"),
        (ended(2, "Error"), ": last exit 2"),
        # the kill is a cause of its own; what ended well is none; nor is what waits for something else
        (waiting(LOOP, last_reason="OOMKilled"), None),
        (ended(137, "OOMKilled"), None),
        (ended(0, "Completed"), None),
        (ended(None, ""), None),
        (waiting("ContainerCreating", last_exit_code=1), None),
        (running(last_exit_code=1), None),
    ],
)
@pytest.mark.parametrize("init", [False, True])
def test_crashes(status: ContainerStatus, said: str | None, init: bool) -> None:
    status = msgspec.structs.replace(status, init=init)
    pods = [pod("p", SIDE, status), pod("q", status)]
    code = CauseCode.INIT_CONTAINER if init else CauseCode.CRASH_LOOP
    of = "init container main" if init else "container main"
    expected = [] if said is None else [(code, crash(said, of, "2 pods"), ["p", "q"])]
    family, other = containers.crashes, containers.init_containers
    if init:
        family, other = other, family
    assert told(family(pods)) == expected
    assert told(other(pods)) == []


@pytest.mark.parametrize(
    "reason", ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]
)
def test_configuration(reason: str) -> None:
    pods = [pod("p", SIDE, waiting(reason, 'secret "x" not found')), pod("q", waiting(reason))]
    sentence = f'{reason} in 2 pods: secret "x" not found'
    assert told(containers.configuration(pods)) == [(CauseCode.CONFIG, sentence, ["p", "q"])]
    [bare] = containers.configuration(pods[1:])
    assert bare.sentence == f"{reason} in 1 pod: no message"
    others = [pod("p", waiting("PodInitializing")), pod("q", ended(reason=reason))]
    assert told(containers.configuration(others)) == []


GRACE = POLICY.ready_grace
STARTUP = Container("main", "i", has_readiness_probe=True, has_startup_probe=True)
BARE = Container("main", "i")
LATE = ContainerStatus("main", state="running", since=NOW - GRACE)


def probing(kind: str, why: str = "", pods: str = "1 pod") -> Told:
    return (CauseCode.PROBE, f"{pods} running but not ready, {kind} probe failing{why}", ["p"])


@pytest.mark.parametrize(
    ("one", "events", "findings"),
    [
        (pod("p", LATE), (), [probing("readiness")]),
        (pod("p", msgspec.structs.replace(LATE, since=NOW - GRACE + 1)), (), []),
        (pod("p", LATE, phase="Pending"), (), []),
        (pod("p", msgspec.structs.replace(LATE, init=True)), (), []),
        (pod("p", msgspec.structs.replace(LATE, ready=True)), (), []),
        (pod("p", waiting("ContainerCreating", since=NOW - GRACE)), (), []),
        (pod("p", LATE, containers=(STARTUP,)), (), [probing("startup")]),
        (
            pod("p", msgspec.structs.replace(LATE, started=True), containers=(STARTUP,)),
            (),
            [probing("readiness")],
        ),
        # the newest event of that probe and that pod says why
        (
            pod("p", LATE),
            (
                event("Unhealthy", "Readiness probe failed: new", at=NOW - 1),
                event("Unhealthy", "Readiness probe failed: old", at=NOW - 9),
                event("Unhealthy", "Liveness probe failed: x"),
                event("Unhealthy", "Readiness probe failed: q", about="q"),
                event("Killing", "Readiness probe failed: y"),
            ),
            [probing("readiness", ": Readiness probe failed: new")],
        ),
        (
            pod("p", LATE, containers=(BARE,)),
            (),
            [
                (
                    CauseCode.KUBELET,
                    "1 pod running without a probe and not reported ready: is the kubelet of node-1 alive?",
                    ["p"],
                )
            ],
        ),
        # an init container of the same name has no say
        (
            pod("p", LATE, containers=(msgspec.structs.replace(CONTAINER, init=True), BARE)),
            (),
            [
                (
                    CauseCode.KUBELET,
                    "1 pod running without a probe and not reported ready: is the kubelet of node-1 alive?",
                    ["p"],
                )
            ],
        ),
    ],
)
def test_probes(one: Pod, events: tuple[Event, ...], findings: list[Told]) -> None:
    assert told(containers.probes([one, pod("fine", running())], Links(events=events), POLICY, NOW)) == (
        findings
    )


def test_pods_with_and_without_a_probe_are_told_apart() -> None:
    bare = [pod(n, LATE, containers=(BARE,), node=node) for n, node in (("b", "n1"), ("c", "n2"))]
    found = told(containers.probes([pod("p", LATE), *bare, pod("d", LATE)], Links(), POLICY, NOW))
    assert found == [
        (CauseCode.PROBE, "2 pods running but not ready, readiness probe failing", ["p", "d"]),
        (
            CauseCode.KUBELET,
            "2 pods running without a probe and not reported ready: is the kubelet of n1, n2 alive?",
            ["b", "c"],
        ),
    ]


SIDECAR = Container("proxy", "p", init=True, sidecar=True)


@pytest.mark.parametrize(
    ("status", "more", "found"),
    [
        (ContainerStatus("proxy", init=True, state="running", since=NOW - GRACE), {}, True),
        (ContainerStatus("proxy", init=True, state="running", since=NOW - GRACE + 1), {}, False),
        (ContainerStatus("proxy", init=True, state="running", since=NOW - GRACE, started=True), {}, False),
        (ContainerStatus("proxy", init=True, state="terminated", since=NOW - GRACE), {}, False),
        (ContainerStatus("proxy", state="running", since=NOW - GRACE), {}, False),
        (
            ContainerStatus("proxy", init=True, state="running", since=NOW - GRACE),
            {"phase": "Running"},
            False,
        ),
    ],
)
def test_what_the_others_wait_for(status: ContainerStatus, more: dict[str, Any], found: bool) -> None:
    one = pod("p", status, **{"phase": "Pending", "containers": (SIDECAR, CONTAINER), **more})
    assert bool(told(containers.initializing([one], POLICY, NOW))) is found


def test_a_sidecar_that_crashes_is_called_one() -> None:
    status = ContainerStatus("proxy", init=True, state="waiting", reason="CrashLoopBackOff", restarts=9)
    [(code, sentence, _)] = told(
        containers.init_containers([pod("p", status, containers=(SIDECAR, CONTAINER))])
    )
    assert (code, sentence) == (
        CauseCode.INIT_CONTAINER,
        "sidecar proxy keeps crashing in 1 pod, restarted 9 times",
    )
