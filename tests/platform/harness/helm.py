"""The real ``helm``, built from its Go module inside the module's own folder: it stores releases, and says of one whether it can be upgraded."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.platform.harness.argo import go_module
from tests.platform.harness.build import build_component, run_step
from tests.platform.harness.cluster import Cluster

HELM = "v3.22.0"


def build_helm() -> Path:
    """The folder with ``helm``; some five minutes on two idle cores the first time."""

    def make(folder: Path, go: str) -> None:
        module = go_module(go, f"helm.sh/helm/v3@{HELM}")
        env = {**os.environ, "GOFLAGS": "-trimpath -mod=readonly", "GOWORK": "off"}
        argv = ["nice", go, "build", "-ldflags", "-s -w", "-o", str(folder / "helm"), "./cmd/helm"]
        run_step(f"Helm {HELM}", argv, folder / "log", module, env)

    return build_component("helm", (HELM,), make)


def helm(
    cluster: Cluster, *argv: str, driver: str = "secret", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """``helm ARGV`` as the cluster's admin; ``driver``: what it stores its releases in."""
    own = cluster.folder / "helm"
    env = {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig("admin")),
        "HELM_DRIVER": driver,
        "HELM_CACHE_HOME": str(own / "cache"),
        "HELM_CONFIG_HOME": str(own / "config"),
        "HELM_DATA_HOME": str(own / "data"),
    }
    told = subprocess.run([str(build_helm() / "helm"), *argv], capture_output=True, text=True, env=env)
    assert not check or told.returncode == 0, told.stderr
    return told
