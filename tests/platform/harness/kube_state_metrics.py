"""The real kube-state-metrics on a running cluster, built from its Go module inside the module's own folder."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.platform.harness.build import build_component, run_step
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.processes import Kept, end_of, free_ports

KUBE_STATE_METRICS = "v2.20.0"
_RESOURCES = "pods,replicasets,jobs,deployments,statefulsets,daemonsets,nodes"


def build_kube_state_metrics() -> Path:
    """The folder with ``kube-state-metrics``; some three minutes on two idle cores the first time."""

    def make(folder: Path, go: str) -> None:
        argv = [go, "mod", "download", "-json", f"k8s.io/kube-state-metrics/v2@{KUBE_STATE_METRICS}"]
        told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        module = Path(json.loads(told)["Dir"])
        env = {**os.environ, "GOFLAGS": "-trimpath -mod=readonly", "GOWORK": "off"}
        argv = ["nice", go, "build", "-ldflags", "-s -w", "-o", str(folder / "kube-state-metrics"), "."]
        run_step(f"kube-state-metrics {KUBE_STATE_METRICS}", argv, folder / "log", module, env)

    return build_component("kube-state-metrics", (KUBE_STATE_METRICS,), make)


class KubeStateMetrics:
    """``with KubeStateMetrics(cluster) as told``: a scrape target at ``told.address``."""

    def __init__(self, cluster: Cluster) -> None:
        self.binaries = build_kube_state_metrics()
        self.cluster = cluster
        self._ports = free_ports(2)
        self.address = f"127.0.0.1:{self._ports[0]}"
        self.log = cluster.folder / "kube-state-metrics.log"
        self._process: Kept | None = None

    def __enter__(self) -> KubeStateMetrics:
        argv = [
            str(self.binaries / "kube-state-metrics"),
            f"--kubeconfig={self.cluster.kubeconfig('admin')}",
            "--host=127.0.0.1",
            f"--port={self._ports[0]}",
            "--telemetry-host=127.0.0.1",
            f"--telemetry-port={self._ports[1]}",
            f"--resources={_RESOURCES}",
        ]
        self._process = Kept(argv, self.cluster.folder, self.log)
        try:
            self.cluster.wait(self._tells, "kube-state-metrics to tell of pods")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _tells(self) -> bool:
        assert self._process is not None
        if (ended := self._process.poll()) is not None:
            raise RuntimeError(f"kube-state-metrics ended with {ended}:\n  {end_of(self.log)}")
        try:
            with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=2) as answer:
                return b"kube_pod_owner{" in answer.read()
        except (urllib.error.URLError, OSError):
            return False
