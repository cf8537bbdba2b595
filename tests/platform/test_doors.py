"""A shell in a pod and a forwarded port, through kubectl and the real API server; KWOK stands in for the kubelet."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import Terminal, terminal, write_config
from tests.pseudoterminal import PseudoTerminal
from tests.unit.actions.acting import confirmed
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Guarded, Progress, Result
from tfdash.model.subject import Subject

pytestmark = pytest.mark.platform
SPACE = "doors"


@pytest.fixture(scope="module")
def at(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    world.add_nodes(cluster, 1)
    world.add_namespaces(cluster, SPACE)
    shop = world.deployment("shop", SPACE, 1, container={"ports": [{"containerPort": 8080}]})
    world.create(cluster, f"/apis/apps/v1/namespaces/{SPACE}/deployments", shop)
    cluster.wait(lambda: names(cluster, "status.phase=Running"), "a pod that runs")
    folder = tmp_path_factory.mktemp("doors")
    (folder / "bin").mkdir()
    kubectl = folder / "bin" / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nexec {cluster.binaries / "controlplane"} kubectl "$@"\n')
    kubectl.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{kubectl.parent}:{os.environ['PATH']}")
        with terminal(write_config(folder / "t", cluster.kubeconfig(), "admin")) as found:
            yield found


def names(cluster: Cluster, selector: str) -> list[str]:
    items = cluster.request("GET", f"/api/v1/namespaces/{SPACE}/pods?fieldSelector={selector}")["items"]
    return [str(i["metadata"]["name"]) for i in items]


def pod(cluster: Cluster, at: Terminal) -> Subject:
    found = at.subject("Pod", SPACE, names(cluster, "status.phase=Running")[0])
    at.see(found)
    return found


def lent(at: Terminal, guarded: Guarded, use: Callable[[PseudoTerminal], int]) -> Progress:
    """Carry it out as the screens do: while the command has the terminal, ``use`` types and reads; it returns how it ended."""
    assert guarded.allowed, guarded.refused

    def hand_over(progress: Progress) -> None:
        if progress.stage == "terminal":
            code = use(PseudoTerminal(progress.plan.requests[0].argv))
            at.run(at.actions.terminal_ended(progress.plan, code))

    def tell(progress: Progress) -> None:
        threading.Thread(target=hand_over, args=(progress,)).start()

    return at.run(at.actions.execute(guarded, confirmed(guarded), tell), 90.0)


def recorded(at: Terminal, action: str) -> list[tuple[str, str]]:
    """What the audit log holds of it, oldest first."""
    found = at.loop(at.store.newest(50))
    return [(str(e.kind), e.sentence) for e in reversed(found) if e.action == action]


def test_a_shell_in_a_container(cluster: Cluster, at: Terminal) -> None:
    def use(shell: PseudoTerminal) -> int:
        shell.type("echo in $TFDASH_POD $((40+2))\n")
        shell.until("in a pod of KWOK 42")
        shell.type("exit\n")
        return shell.ended()

    done = lent(at, at.plan("pod.shell", pod(cluster, at)), use)
    assert (done.result, done.sentence) == (Result.APPLIED, "the command ended with 0")
    kinds = [kind for kind, _ in recorded(at, "pod.shell")]
    assert kinds == ["intent", "confirmation", "outcome"]


def test_a_port_is_forwarded_until_it_is_interrupted(cluster: Cluster, at: Terminal) -> None:
    answers: list[str] = []

    def use(forward: PseudoTerminal) -> int:
        port = forward.until(r"Forwarding from 127\.0\.0\.1:(\d+) -> 8080")[1]
        answers.append(httpx.get(f"https://127.0.0.1:{port}/version", verify=False).json()["gitVersion"])
        forward.type("\x03")
        return forward.ended()

    guarded = at.plan("pod.port-forward", pod(cluster, at))
    assert "a free local port leads to port 8080 of shop-" in guarded.plan.effect
    done = lent(at, guarded, use)
    assert done.result is Result.APPLIED
    assert answers == [
        cluster.request("GET", "/version")["gitVersion"]
    ]  # KWOK leads to the API server itself
    assert [kind for kind, _ in recorded(at, "pod.port-forward")] == ["intent", "confirmation", "outcome"]


def test_what_is_no_port_and_no_container_is_refused_before_kubectl_is_asked(
    cluster: Cluster, at: Terminal
) -> None:
    subject = pod(cluster, at)
    with pytest.raises(PlanRefused, match=r"'--address=0\.0\.0\.0' is no pair of ports"):
        at.plan("pod.port-forward", subject, ports="8080:80,--address=0.0.0.0")
    with pytest.raises(PlanRefused, match="it has no container nope; there are: main"):
        at.plan("pod.shell", subject, container="nope")


def test_who_may_not_enter_is_told_so_in_the_plan(cluster: Cluster, at: Terminal, tmp_path: Path) -> None:
    with terminal(write_config(tmp_path, cluster.kubeconfig("viewer"), "viewer")) as viewer:
        subject = pod(cluster, viewer)
        assert "no right to create pods/exec" in viewer.plan("pod.shell", subject).refused
        assert "no right to create pods/portforward" in viewer.plan("pod.port-forward", subject).refused
