"""The real Argo Rollouts controller on a running cluster, and the CustomResourceDefinitions of Flagger without its controller.

The controller is built from its Go module, inside the module's own folder, so that its ``replace`` lines and its
checksums hold; the definitions are the module's as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.platform.harness.build import build_component, run_step
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.processes import Controller, free_ports

ARGO_ROLLOUTS = "v1.10.1"
FLAGGER = "v1.36.1"
NAMESPACE = "argo-rollouts"


def go_module(go: str, name: str) -> Path:
    """The folder of a Go module, fetched at need."""
    argv = [go, "mod", "download", "-json", name]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return Path(json.loads(told)["Dir"])


def build_argo() -> Path:
    """The folder with ``rollouts-controller`` and ``crds``; some three minutes on two cores the first time."""

    def make(folder: Path, go: str) -> None:
        module = go_module(go, f"github.com/argoproj/argo-rollouts@{ARGO_ROLLOUTS}")
        env = {**os.environ, "GOFLAGS": "-trimpath -mod=readonly", "GOWORK": "off"}
        output = str(folder / "rollouts-controller")
        argv = ["nice", go, "build", "-ldflags", "-s -w", "-o", output, "./cmd/rollouts-controller"]
        run_step(f"Argo Rollouts {ARGO_ROLLOUTS}", argv, folder / "argo.log", module, env)
        crds = folder / "crds"
        crds.mkdir()
        for source in (module / "manifests" / "crds").glob("*-crd.yaml"):
            (crds / source.name).write_bytes(source.read_bytes())

    return build_component("argo", (ARGO_ROLLOUTS,), make)


def flagger_definitions() -> Path:
    """The folder with Flagger's ``crd.yaml``."""

    def make(folder: Path, go: str) -> None:
        module = go_module(go, f"github.com/fluxcd/flagger@{FLAGGER}")
        (folder / "crd.yaml").write_bytes((module / "artifacts" / "flagger" / "crd.yaml").read_bytes())

    return build_component("flagger", (FLAGGER,), make)


def apply_definitions(cluster: Cluster, folder: Path) -> None:
    """Apply every definition in ``folder`` (server side: Rollout's is too large for an annotation) and wait until served."""
    applied = cluster.kubectl(
        "apply", "--server-side", "--force-conflicts", "-o", "name", "-f", str(folder)
    ).split()
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", *applied)


class ArgoRollouts(Controller):
    """``with ArgoRollouts(cluster) as argo``: the definitions are served and the controller has its leases and caches."""

    name = "the Argo Rollouts controller"
    works = b"Started rollout workers"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.folder / "argo-rollouts.log")
        self.binaries = build_argo()
        self.cluster = cluster
        self._ports = free_ports(2)

    def prepared(self) -> list[str]:
        apply_definitions(self.cluster, self.binaries / "crds")
        self.cluster.apply(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n")
        metrics, health = self._ports
        return [
            str(self.binaries / "rollouts-controller"),
            "--kubeconfig",
            str(self.cluster.kubeconfig("admin")),
            "--namespace",
            NAMESPACE,
            "--leader-elect=false",
            "--metricsport",
            str(metrics),
            "--healthzPort",
            str(health),
            "--qps",
            "200",
            "--burst",
            "400",
            "--loglevel",
            "info",
        ]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[1]}/healthz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def again(self) -> None:
        """Start the controller anew, with what the API server has."""
        if self._process is not None:
            self._process.again()
