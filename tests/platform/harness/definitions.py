"""The CustomResourceDefinitions of Karpenter, KEDA and the vertical autoscaler, out of their modules; none of their controllers runs."""

from __future__ import annotations

from pathlib import Path

from tests.platform.harness.argo import go_module
from tests.platform.harness.build import build_component

KARPENTER = "sigs.k8s.io/karpenter@v1.14.0"
KEDA = "github.com/kedacore/keda/v2@v2.21.0"
VERTICAL = "k8s.io/autoscaler/vertical-pod-autoscaler@v1.8.1"
FILES = (
    (KARPENTER, "pkg/apis/crds/karpenter.sh_nodepools.yaml"),
    (KARPENTER, "pkg/apis/crds/karpenter.sh_nodeclaims.yaml"),
    (KEDA, "config/crd/bases/keda.sh_scaledobjects.yaml"),
    (VERTICAL, "deploy/vpa-v1-crd-gen.yaml"),
)


def autoscaling_definitions() -> Path:
    """The folder with them, for ``apply_definitions``."""

    def make(folder: Path, go: str) -> None:
        crds = folder / "crds"
        crds.mkdir()
        for module, path in FILES:
            source = go_module(go, module) / path
            (crds / source.name).write_bytes(source.read_bytes())

    return build_component("autoscaling-definitions", tuple(f"{m} {p}" for m, p in FILES), make) / "crds"
