"""cert-manager's own controllers of certificates on a running cluster, without its webhook and without ACME.

Its program is a Go module of its own, which the module proxy does not have: so the packages of its controllers are put together by
``tests/platform/go_cert_manager``, in the versions and with the checksums that cert-manager's module names.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.platform.harness.argo import apply_definitions
from tests.platform.harness.build import build_component, run_step
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.processes import Controller

CERT_MANAGER = "v1.21.2"
_MODULE = "github.com/cert-manager/cert-manager"
_SOURCE = Path(__file__).resolve().parent.parent / "go_cert_manager" / "main.go"
NAMESPACE = "cert-manager"


def build_cert_manager() -> Path:
    """The folder with ``controllers`` and ``crds``; some two minutes of two cores the first time."""

    def make(folder: Path, go: str) -> None:
        module = _downloaded(go)
        work = folder / "module"
        work.mkdir()
        sums = f"{_MODULE} {CERT_MANAGER} {module['Sum']}\n{_MODULE} {CERT_MANAGER}/go.mod {module['GoModSum']}\n"
        theirs = (Path(module["Dir"]) / "go.mod").read_text().partition("\n")[2]
        own = f"module tfdash.test/cert-manager\n{theirs}\nrequire {_MODULE} {CERT_MANAGER}\n"
        (work / "go.mod").write_text(own)
        (work / "go.sum").write_text((Path(module["Dir"]) / "go.sum").read_text() + sums)
        (work / "main.go").write_bytes(_SOURCE.read_bytes())
        env = {**os.environ, "GOFLAGS": "-trimpath -mod=mod", "GOWORK": "off"}
        argv = ["nice", go, "build", "-ldflags", "-s -w", "-o", str(folder / "controllers"), "."]
        run_step(f"cert-manager {CERT_MANAGER}", argv, folder / "cert-manager.log", work, env)
        crds = folder / "crds"
        crds.mkdir()
        for source in (Path(module["Dir"]) / "deploy" / "crds").glob("*.yaml"):
            (crds / source.name).write_bytes(source.read_bytes())

    return build_component("cert-manager", (CERT_MANAGER, _SOURCE.read_text()), make)


def _downloaded(go: str) -> dict[str, Any]:
    argv = [go, "mod", "download", "-json", f"{_MODULE}@{CERT_MANAGER}"]
    found: dict[str, Any] = json.loads(
        subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    )
    return found


class CertManager(Controller):
    """``with CertManager(cluster) as controllers``: the definitions are served and the controllers run."""

    name = "cert-manager"
    works = b"controllers run"

    def __init__(self, cluster: Cluster, backoff: str = "1h") -> None:
        super().__init__(cluster.folder / "cert-manager.log")
        self.binaries = build_cert_manager()
        self.cluster, self.backoff = cluster, backoff

    def prepared(self) -> list[str]:
        apply_definitions(self.cluster, self.binaries / "crds")
        self.cluster.apply(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n")
        kubeconfig = str(self.cluster.kubeconfig("admin"))
        return [str(self.binaries / "controllers"), "-kubeconfig", kubeconfig, "-backoff", self.backoff]
