"""kubectl itself, of the platform's version, works against the simulator."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.platform.harness.build import build
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process

pytestmark = pytest.mark.platform
Kubectl = Callable[..., str]
NS = "tf-production"


@pytest.fixture(scope="module")
def world() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=3, scenario="calm", speed=5.0)) as running:
        yield running


@pytest.fixture(scope="module")
def kubectl(world: DemoProcess) -> Kubectl:
    program = str(build() / "controlplane")

    def run(*argv: str, stdin: str | None = None, timeout: float = 60, fails: bool = False) -> str:
        command = [program, "kubectl", f"--kubeconfig={world.kubeconfig}", "--context=production", *argv]
        try:
            done = subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=timeout)
        except subprocess.TimeoutExpired as over:  # a watch or a followed log: what came until then
            return (over.stdout or b"").decode()
        assert fails == (done.returncode != 0), done.stderr
        return done.stdout + (done.stderr if fails else "")

    return run


def test_get_in_all_forms(kubectl: Kubectl) -> None:
    assert "checkout" in kubectl("get", "deploy", "-n", NS)
    assert "CONTAINERS" in kubectl("get", "deploy", "-n", NS, "-o", "wide")
    assert "checkout" in kubectl("get", "deploy", "checkout", "-n", NS, "-o", "yaml")
    assert kubectl("get", "pods", "-A", "-l", "app=checkout", "--no-headers").count("checkout-") >= 2
    for kind in (
        "nodes",
        "ns",
        "svc",
        "hpa",
        "pdb",
        "sts",
        "ds",
        "jobs",
        "cronjobs",
        "events -A",
        "endpointslices -A",
        "rs -A",
    ):
        kubectl("get", *kind.split())
    assert "deployments" in kubectl("api-resources")


def test_get_watch_goes_on(kubectl: Kubectl) -> None:
    assert "checkout" in kubectl("get", "deploy", "-n", NS, "-w", timeout=4)


def test_describe(kubectl: Kubectl) -> None:
    told = kubectl("describe", "deployment", "checkout", "-n", NS)
    assert "RollingUpdateStrategy" in told
    assert "NewReplicaSet" in told
    pod = kubectl("get", "pods", "-n", NS, "-l", "app=checkout", "-o", "name").splitlines()[0]
    assert "Containers:" in kubectl("describe", "-n", NS, pod)
    assert "Allocatable" in kubectl("describe", "nodes")


def test_a_release_is_followed_its_history_read_and_undone(kubectl: Kubectl) -> None:
    before = kubectl(
        "get", "deploy", "auth", "-n", NS, "-o", "jsonpath={.spec.template.spec.containers[0].image}"
    )
    name = kubectl(
        "get", "deploy", "auth", "-n", NS, "-o", "jsonpath={.spec.template.spec.containers[0].name}"
    )
    kubectl("set", "image", "deployment/auth", "-n", NS, f"{name}={before}-next")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/auth", "-n", NS, timeout=120)
    assert "REVISION" in kubectl("rollout", "history", "deployment/auth", "-n", NS)
    assert "rolled back" in kubectl("rollout", "undo", "deployment/auth", "-n", NS)
    kubectl("rollout", "status", "deployment/auth", "-n", NS, timeout=120)
    after = kubectl(
        "get", "deploy", "auth", "-n", NS, "-o", "jsonpath={.spec.template.spec.containers[0].image}"
    )
    assert after == before
    assert "restarted" in kubectl("rollout", "restart", "deployment/auth", "-n", NS)
    assert "paused" in kubectl("rollout", "pause", "deployment/auth", "-n", NS)
    assert "resumed" in kubectl("rollout", "resume", "deployment/auth", "-n", NS)


def test_scale(kubectl: Kubectl) -> None:
    assert "scaled" in kubectl("scale", "deployment/documents", "-n", NS, "--replicas=2")
    deadline = time.monotonic() + 60
    while kubectl("get", "deploy", "documents", "-n", NS, "-o", "jsonpath={.status.replicas}") != "2":
        assert time.monotonic() < deadline


def test_logs_followed(kubectl: Kubectl) -> None:
    pod = kubectl("get", "pods", "-n", NS, "-l", "app=checkout", "-o", "name").splitlines()[0]
    assert kubectl("logs", "-n", NS, pod, "--tail=5").count("\n") == 5
    assert kubectl("logs", "-n", NS, pod, "-f", "--tail=1", timeout=8).count("\n") >= 1


def test_top(kubectl: Kubectl) -> None:
    assert "CPU" in kubectl("top", "nodes")
    assert "checkout" in kubectl("top", "pods", "-n", NS)


def test_who_may(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "delete", "pods").strip() == "yes"
    assert "admin@corp" in kubectl("auth", "whoami")


def test_apply_both_ways(kubectl: Kubectl) -> None:
    manifest = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied, namespace: default}\ndata: {a: '1'}\n"
    )
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
    assert "serverside-applied" in kubectl(
        "apply", "--server-side", "-f", "-", stdin=manifest.replace("'1'", "'2'")
    )
    other = manifest.replace("applied", "plain")
    assert "created" in kubectl("apply", "-f", "-", stdin=other)
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=other)
    assert "configured" in kubectl("apply", "-f", "-", stdin=other.replace("'1'", "'2'"))
    assert "deleted" in kubectl("delete", "configmap", "plain", "-n", "default")


def test_cordon_and_drain(kubectl: Kubectl) -> None:
    node = kubectl("get", "nodes", "-o", "name").splitlines()[-1]
    assert "cordoned" in kubectl("cordon", node)
    told = kubectl(
        "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s", timeout=90
    )
    assert "drained" in told
    assert "uncordoned" in kubectl("uncordon", node)
