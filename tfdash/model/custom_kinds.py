"""The kinds of the table ``kinds`` that come with a CRD: a cluster may lack them, or have them in a version of its own."""

from __future__ import annotations

from tfdash.model.kind_spec import KindSpec

_ARGO, _FLUX = "apis/argoproj.io/v1alpha1", "toolkit.fluxcd.io"

CUSTOM: tuple[KindSpec, ...] = (
    KindSpec(
        "Rollout",
        _ARGO,
        "rollouts",
        "rollouts",
        "rollouts",
        ("ro", "rollouts", "rollout"),
        optional=True,
        judged=True,
        logs=True,
        revisions="ReplicaSet",
    ),
    KindSpec(
        "AnalysisRun",
        _ARGO,
        "analysisruns",
        "rollouts",
        "analysis runs",
        ("ar", "analysisruns", "analysisrun"),
        optional=True,
        judged=True,
    ),
    KindSpec(
        "Experiment",
        _ARGO,
        "experiments",
        "rollouts",
        "experiments",
        ("exp", "experiments", "experiment"),
        optional=True,
        judged=True,
    ),
    KindSpec(
        "Canary",
        "apis/flagger.app/v1beta1",
        "canaries",
        "flagger",
        "canaries",
        ("canaries",),
        optional=True,
        judged=True,
        title="Flagger canaries: list",
    ),
    KindSpec(
        "Application",
        _ARGO,
        "applications",
        "gitops",
        "applications",
        ("apps", "applications", "application"),
        optional=True,
        judged=True,
    ),
    KindSpec(
        "Kustomization",
        f"apis/kustomize.{_FLUX}/v1",
        "kustomizations",
        "gitops",
        "kustomizations",
        ("ks", "kustomizations", "kustomization"),
        optional=True,
        judged=True,
    ),
    KindSpec(
        "HelmRelease",
        f"apis/helm.{_FLUX}/v2",
        "helmreleases",
        "gitops",
        "helm releases",
        ("hr", "helmreleases", "helmrelease"),
        optional=True,
        judged=True,
    ),
)
