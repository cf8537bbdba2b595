"""The real Flagger controller on a running cluster, by Services alone (its provider "kubernetes"), asking a Prometheus that is named."""

from __future__ import annotations

import os
from pathlib import Path

from tests.platform.harness.argo import FLAGGER, apply_definitions, flagger_definitions, go_module
from tests.platform.harness.build import build_component, run_step
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.processes import Controller, free_ports

NAMESPACE = "flagger-system"


def build_flagger() -> Path:
    """The folder with ``flagger``; some two minutes of two cores the first time."""

    def make(folder: Path, go: str) -> None:
        module = go_module(go, f"github.com/fluxcd/flagger@{FLAGGER}")
        env = {**os.environ, "GOFLAGS": "-trimpath -mod=readonly", "GOWORK": "off"}
        argv = ["nice", go, "build", "-ldflags", "-s -w", "-o", str(folder / "flagger"), "./cmd/flagger"]
        run_step(f"Flagger {FLAGGER}", argv, folder / "log", module, env)

    return build_component("flagger-controller", (FLAGGER,), make)


class Flagger(Controller):
    """``with Flagger(cluster, url)``: the definitions are served and the controller runs."""

    name = "Flagger"
    works = b"Started operator workers"

    def __init__(self, cluster: Cluster, metrics: str) -> None:
        super().__init__(cluster.folder / "flagger.log")
        self.binary = build_flagger() / "flagger"
        self.cluster, self.metrics = cluster, metrics
        self._port = free_ports(1)[0]

    def prepared(self) -> list[str]:
        apply_definitions(self.cluster, flagger_definitions())
        self.cluster.apply(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n")
        return [
            str(self.binary),
            f"-kubeconfig={self.cluster.kubeconfig('admin')}",
            "-mesh-provider=kubernetes",
            f"-metrics-server={self.metrics}",
            f"-port={self._port}",
            "-control-loop-interval=2s",
            "-log-level=info",
        ]
