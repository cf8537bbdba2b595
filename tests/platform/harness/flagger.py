"""The real Flagger controller on a running cluster, by Services alone (its provider "kubernetes"), asking a Prometheus that is named."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.platform.harness.argo import FLAGGER, apply_definitions, flagger_definitions, go_module
from tests.platform.harness.build import build_component, run_step
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.processes import Kept, end_of, free_ports

NAMESPACE = "flagger-system"


def build_flagger() -> Path:
    """The folder with ``flagger``; some two minutes of two cores the first time."""

    def make(folder: Path, go: str) -> None:
        module = go_module(go, f"github.com/fluxcd/flagger@{FLAGGER}")
        env = {**os.environ, "GOFLAGS": "-trimpath -mod=readonly", "GOWORK": "off"}
        argv = ["nice", go, "build", "-ldflags", "-s -w", "-o", str(folder / "flagger"), "./cmd/flagger"]
        run_step(f"Flagger {FLAGGER}", argv, folder / "log", module, env)

    return build_component("flagger-controller", (FLAGGER,), make)


class Flagger:
    """``with Flagger(cluster, url)``: the definitions are served and the controller runs. ``log`` is its output."""

    def __init__(self, cluster: Cluster, metrics: str) -> None:
        self.binary = build_flagger() / "flagger"
        self.cluster, self.metrics = cluster, metrics
        self.log = cluster.folder / "flagger.log"
        self._port = free_ports(1)[0]
        self._process: Kept | None = None

    def start(self) -> Flagger:
        try:
            apply_definitions(self.cluster, flagger_definitions())
            self.cluster.apply(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n")
            argv = [
                str(self.binary),
                f"-kubeconfig={self.cluster.kubeconfig('admin')}",
                "-mesh-provider=kubernetes",
                f"-metrics-server={self.metrics}",
                f"-port={self._port}",
                "-control-loop-interval=2s",
                "-log-level=info",
            ]
            self._process = Kept(argv, self.cluster.folder, self.log)
            self._wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_ready(self, timeout: float = 60.0) -> None:
        assert self._process is not None
        deadline = time.monotonic() + timeout
        while b"Started operator workers" not in self.log.read_bytes():
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                why = "is not ready" if ended is None else f"ended with {ended}"
                raise RuntimeError(f"Flagger {why}:\n  {end_of(self.log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def __enter__(self) -> Flagger:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()
