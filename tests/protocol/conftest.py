"""What the contract cases run against: the simulator always, the real API server under ``--platform``."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.platform.harness.cluster import Cluster
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.sources.kubernetes.kubeconfig import resolve


@dataclass
class Target:
    """One API server: ``admin`` may do everything, ``viewer`` may read; plain httpx, none of tfdash's client."""

    name: str
    admin: httpx.Client
    viewer: httpx.Client
    kubeconfig: Path
    context: str
    demo: DemoProcess | None = None

    @property
    def simulated(self) -> bool:
        return self.demo is not None

    def kubectl(self, *argv: str) -> list[str]:
        return ["kubectl", f"--kubeconfig={self.kubeconfig}", f"--context={self.context}", *argv]


def client(kubeconfig: Path, context: str) -> httpx.Client:
    access = resolve(str(kubeconfig), context)
    tls = ssl.create_default_context(cadata=(access.ca or b"").decode()) if access.ca else False
    headers = {"Authorization": f"Bearer {access.token}"}
    return httpx.Client(base_url=access.server, verify=tls, headers=headers, timeout=20, trust_env=False)


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, history=2000)) as running:
        yield running


@pytest.fixture(scope="session", params=["simulator", pytest.param("real", marks=pytest.mark.platform)])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    if request.param == "simulator":
        demo: DemoProcess = request.getfixturevalue("demo")
        admin, viewer = client(demo.kubeconfig, "production"), client(demo.kubeconfig, "production-viewer")
        found = Target("simulator", admin, viewer, demo.kubeconfig, "production", demo)
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        admin = client(cluster.kubeconfig("admin"), "admin")
        viewer = client(cluster.kubeconfig("viewer"), "viewer")
        found = Target("real", admin, viewer, cluster.kubeconfig("admin"), "admin")
    with found.admin, found.viewer:
        yield found


@pytest.fixture(scope="session")
def space(target: Target) -> str:
    """A namespace of the tests' own."""
    name = "contract"
    created = target.admin.post("/api/v1/namespaces", json={"metadata": {"name": name}})
    assert created.status_code in (201, 409)
    return name
