"""The view-only login of ``examples/wallboard`` on a real API server: it reads, may not write, and the wall says so of one that may."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.platform.harness.cluster import Cluster
from tfdash.cli.wall_login import LoginLook
from tfdash.clock import FixedClock, SystemClock
from tfdash.model.kinds import JUDGED, KINDS
from tfdash.model.subject import ClusterRef
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.source import KubernetesSource

pytestmark = pytest.mark.platform
RBAC = Path(__file__).parents[2] / "examples/wallboard/rbac.yaml"
REF = ClusterRef("production", "eu-1")


def wall_kubeconfig(cluster: Cluster, folder: Path, duration: str) -> Path:
    """As the README of the example says it: a token file, and a kubeconfig that names it."""
    cluster.kubectl("apply", "-f", "-", stdin=RBAC.read_text())
    token = folder / "wall.token"
    token.write_text(cluster.kubectl("create", "token", "wall", "-n", "tfdash", "--duration", duration))
    access = resolve(str(cluster.kubeconfig("admin")))
    ca = folder / "ca.crt"
    ca.write_bytes(access.ca or b"")
    path = folder / "kubeconfig"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: wall\n"
        f'clusters: [{{name: eu-1, cluster: {{server: "{access.server}", certificate-authority: {ca}}}}}]\n'
        f"users: [{{name: wall, user: {{tokenFile: {token}}}}}]\n"
        "contexts: [{name: wall, context: {cluster: eu-1, user: wall}}]\n"
    )
    return path


def look(kubeconfig: Path, ahead: float = 0.0) -> tuple[tuple[str, ...], KubernetesSource]:
    clock = FixedClock(SystemClock().now() + ahead)
    source = KubernetesSource(REF, resolve(str(kubeconfig)), clock)
    found = LoginLook("PRODUCTION", [source], clock)
    assert asyncio.run(found.look())
    return found.told, source


def test_the_login_of_the_example_reads_what_is_judged_and_may_not_write(
    cluster: Cluster, tmp_path: Path
) -> None:
    kubeconfig = wall_kubeconfig(cluster, tmp_path, "2160h")
    told, source = look(kubeconfig)
    assert told == ()
    allowed = {p.resource: p.allowed for p in asyncio.run(source.singly.privileges())}
    judged = {
        spec.resource for kind in JUDGED if (spec := KINDS[kind]).group in ("", "apps", "batch", "policy")
    }
    refused = {
        resource
        for resource in judged
        for name, ok in allowed.items()
        if ok is False and name.partition(".")[0] == resource
    }
    assert refused == set()


def test_a_login_that_may_write_is_told_and_one_that_ends_soon(cluster: Cluster, tmp_path: Path) -> None:
    told, _ = look(cluster.kubeconfig("admin"))
    assert (
        "PRODUCTION eu-1: this login can write (patch deployments.apps, delete pods, create pods/exec, 7 more)"
        in told
    )
    kubeconfig = wall_kubeconfig(cluster, tmp_path, "2160h")
    told, _ = look(kubeconfig, ahead=2160 * 3600 - 86_400.0)
    assert len(told) == 1
    assert "wall.token ends in" in told[0] and "nothing here renews it" in told[0]
