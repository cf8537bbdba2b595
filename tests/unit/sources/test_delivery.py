"""Custom resources from the wire; discovery of what a cluster serves; managedFields as paths."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.kinds import CUSTOM, TYPES
from tfdash.model.delivery import (
    AnalysisRun,
    Application,
    Canary,
    Experiment,
    HelmRelease,
    Kustomization,
)
from tfdash.model.kinds import OPTIONAL
from tfdash.model.kube import Deployment
from tfdash.model.subject import ClusterRef
from tfdash.quantities import amounts
from tfdash.sources.kubernetes.codec import Codec
from tfdash.sources.kubernetes.decoders.custom_resource import go_duration
from tfdash.sources.kubernetes.discovery import Discovery
from tfdash.sources.kubernetes.managed_fields import page, paths
from tfdash.sources.kubernetes.reading_rule import check_allowed
from tfdash.sources.kubernetes.transport import ApiError


def decoded(kind: str, **document: Any) -> Any:
    body = {"metadata": {"name": "x", "namespace": "a", **document.pop("metadata", {})}, **document}
    return Codec(kind).item(msgspec.Raw(json.dumps(body).encode()))


@pytest.mark.parametrize("kind", CUSTOM)
def test_an_empty_object_has_defaults_and_odd_fields_cost_themselves(kind: str) -> None:
    assert type(decoded(kind)) is TYPES[kind]
    assert type(decoded(kind, spec=None, status=None)) is TYPES[kind]
    odd = {
        name: [1, None, "x"]
        for name in (
            "strategy",
            "metrics",
            "templates",
            "analysis",
            "syncPolicy",
            "phase",
            "conditions",
            "sourceRef",
            "chart",
            "suspend",
        )
    }
    assert type(decoded(kind, spec=odd, status=odd)) is TYPES[kind]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("250ms", 0.25),
        (30, 30),
        ("45", 45),
        ("", None),
        ("x", None),
        ("10s!", None),
        (None, None),
        (True, None),
        ("1d", None),
        ("9" * 400, None),
        ("9" * 400 + "h", None),
        (1e308, None),
    ],
)
def test_go_durations(text: Any, seconds: float | None) -> None:
    assert go_duration(text) == seconds


def test_an_analysis_run_joins_its_metrics_with_their_results() -> None:
    run = decoded(
        "AnalysisRun",
        spec={
            "metrics": [{"name": "a", "count": 3, "provider": {"web": {"url": "u"}}}, {"name": "b"}],
            "dryRun": [{"metricName": "b"}],
            "terminate": True,
        },
        status={
            "phase": "Running",
            "metricResults": [
                {
                    "name": "a",
                    "phase": "Failed",
                    "failed": 1,
                    "measurements": [{"phase": "Failed", "value": str(i)} for i in range(30)],
                }
            ],
        },
    )
    assert isinstance(run, AnalysisRun)
    first, second = run.metrics
    assert (first.provider, first.query, first.count, first.failed, second.dry_run, run.terminate) == (
        "web",
        "u",
        "3",
        1,
        True,
        True,
    )
    assert [m.value for m in first.measurements] == [str(i) for i in range(10, 30)]


def test_experiment_canary_and_owners() -> None:
    trial = decoded(
        "Experiment",
        spec={"templates": [{"name": "a", "replicas": 3}], "duration": "5m"},
        status={"templateStatuses": [{"name": "a", "status": "Running", "availableReplicas": 2}]},
    )
    assert isinstance(trial, Experiment)
    assert (trial.templates, trial.duration) == ((("a", "Running", 2, 3),), 300.0)
    canary = decoded(
        "Canary",
        spec={"targetRef": {"kind": "Deployment", "name": "d"}, "analysis": {"stepWeights": [5, 50]}},
    )
    assert isinstance(canary, Canary)
    assert (canary.interval, canary.step_weights, canary.target_name) == (60.0, (5.0, 50.0), "d")
    app = decoded(
        "Application",
        spec={"syncPolicy": {"automated": {"prune": True}}, "sources": [{"repoURL": "r", "chart": "c"}]},
        status={"sync": {"status": "Synced"}},
    )
    assert isinstance(app, Application)
    assert (app.automated, app.self_heal, app.prune, app.source, app.sync) == (
        True,
        False,
        True,
        "r c",
        "Synced",
    )
    flux = decoded(
        "Kustomization", spec={"suspend": True, "sourceRef": {"kind": "GitRepository", "name": "g"}}
    )
    assert isinstance(flux, Kustomization)
    assert (flux.suspend, flux.source) == (True, "GitRepository/g")
    helm = decoded(
        "HelmRelease", spec={"chartRef": {"name": "c"}}, status={"history": [{"chartVersion": "1.2.3"}]}
    )
    assert isinstance(helm, HelmRelease)
    assert (helm.chart, helm.applied) == ("c", "1.2.3")


def test_the_template_of_a_rollout_is_read_as_that_of_a_deployment() -> None:
    """With all that real ones have: health checks, and rules of placement."""
    check = {"httpGet": {"path": "/healthz", "port": 8080}}
    term = {"topologyKey": "zone", "labelSelector": {}, "namespaceSelector": {}}
    container = {"name": "web", "image": "r/web:1", "resources": {"requests": {"cpu": "200m"}}}
    checked = {name: check for name in ("readinessProbe", "livenessProbe", "startupProbe")}
    spec = {
        "containers": [{**container, **checked}],
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    rollout, deployment = (decoded(kind, spec={"template": template}) for kind in ("Rollout", "Deployment"))
    assert rollout.template == deployment.template
    assert [(c.image, c.has_readiness_probe, c.has_startup_probe) for c in rollout.template.containers] == [
        ("r/web:1", True, True)
    ]


def test_of_the_annotations_only_what_tells_an_owner_is_kept() -> None:
    notes = {
        "argocd.argoproj.io/tracking-id": "t",
        "kubectl.kubernetes.io/last-applied-configuration": "{large}",
        "x": "y",
    }
    one = decoded("Deployment", metadata={"annotations": notes})
    assert isinstance(one, Deployment)
    assert one.notes == {
        "argocd.argoproj.io/tracking-id": "t",
        "kubectl.kubernetes.io/last-applied-configuration": "",
    }
    assert decoded("Deployment", metadata={"annotations": notes}).notes is one.notes


class Server:
    """Answers discovery; ``groups`` maps a group to its versions and their resources."""

    def __init__(self, groups: dict[str, dict[str, list[str]]], status: int = 0) -> None:
        self.groups, self.status, self.asked = groups, status, []

    async def get(self, path: str) -> bytes:
        self.asked.append(path)
        check_allowed("GET", path)
        if self.status:
            raise ApiError(self.status, "no")
        if path == "/apis":
            listed = [
                {
                    "name": g,
                    "versions": [{"version": v} for v in vs],
                    "preferredVersion": {"version": next(iter(vs))},
                }
                for g, vs in self.groups.items()
            ]
            return json.dumps({"groups": listed}).encode()
        _, _, group, version = path.split("/")
        return json.dumps({"resources": [{"name": n} for n in self.groups[group][version]]}).encode()


async def test_argo_cd_alone_serves_no_rollouts() -> None:
    discovery = Discovery()
    assert await discovery.look(
        Server({"apps": {"v1": []}, "argoproj.io": {"v1alpha1": ["applications", "appprojects"]}})
    )
    assert set(discovery.served or ()) == {"Application"}
    assert discovery.crds == {"argoproj.io/applications"}


async def test_another_version_is_taken_where_ours_is_not_served_and_its_paths_are_allowed() -> None:
    discovery = Discovery()
    await discovery.look(
        Server(
            {
                "helm.toolkit.fluxcd.io": {"v2beta2": ["helmreleases"]},
                "kustomize.toolkit.fluxcd.io": {"v1beta2": ["kustomizations"], "v1": ["kustomizations"]},
            }
        )
    )
    served = discovery.served or {}
    assert served["HelmRelease"].path("a") == "/apis/helm.toolkit.fluxcd.io/v2beta2/namespaces/a/helmreleases"
    assert served["Kustomization"] == OPTIONAL["Kustomization"]
    check_allowed("GET", served["HelmRelease"].path("a", "x"))


async def test_what_comes_and_goes_is_noticed_and_nothing_new_is_not_asked_twice() -> None:
    discovery, server = Discovery(), Server({})
    assert await discovery.look(server)
    assert discovery.served == {}
    assert not await discovery.look(server)
    server.groups = {"flagger.app": {"v1beta1": ["canaries"]}}
    assert await discovery.look(server)
    assert set(discovery.served) == {"Canary"}
    server.asked.clear()
    assert not await discovery.look(server)
    assert server.asked == ["/apis"]


async def test_a_definition_that_comes_into_a_known_group_is_found() -> None:
    discovery, server = Discovery(), Server({"argoproj.io": {"v1alpha1": ["applications"]}})
    await discovery.look(server)
    server.groups["argoproj.io"]["v1alpha1"].append("rollouts")
    for _ in range(10):
        await discovery.look(server)
    assert "Rollout" in (discovery.served or {})


async def test_a_server_that_does_not_tell() -> None:
    discovery = Discovery()
    assert await discovery.look(Server({}, 403))
    assert (discovery.served, discovery.silent) == (None, True)
    assert await discovery.look(Server({}))
    assert (discovery.served, discovery.silent) == ({}, False)
    with pytest.raises(ApiError):
        await discovery.look(Server({}, 401))


FIELDS = {
    "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
    "f:spec": {
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"main"}': {".": {}, "f:image": {}},
                    'k:{"containerPort":80,"protocol":"TCP"}': {},
                }
            }
        },
        "f:finalizers": {'v:"x"': {}},
        "f:odd": {"k:not json": {}},
    },
}


def test_managed_fields_as_paths() -> None:
    assert list(paths(FIELDS)) == [
        "metadata.labels.app",
        "spec.template.spec.containers[main].image",
        "spec.template.spec.containers[80,TCP]",
        'spec.finalizers["x"]',
        "spec.odd[not json]",
    ]


def test_a_page_of_metadata() -> None:
    ref = ClusterRef("e", "c")
    entries = [
        {
            "manager": "kubectl-edit",
            "operation": "Update",
            "time": "1970-01-01T00:00:09Z",
            "fieldsV1": FIELDS,
        },
        {"manager": "helm", "operation": "Apply", "time": "1970-01-01T00:00:20Z"},
    ]
    item = {
        "metadata": {
            "name": "x",
            "namespace": "a",
            "uid": "u",
            "managedFields": entries,
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        }
    }
    body = json.dumps(
        {"metadata": {"continue": "more"}, "items": [item, {"metadata": {"name": "bare"}}]}
    ).encode()
    more, [one, bare] = page(body, ref, "ConfigMap")
    assert (more, one.subject.uid, one.applied, bare.writes) == ("more", "u", "{}", ())
    assert [(w[0], w[3]) for w in one.writes] == [("helm", 20.0), ("kubectl-edit", 9.0)]
    assert page(body, ref, "Secret")[1][0].applied == ""


def test_a_node_pool_has_its_limits_and_what_it_has_of_them() -> None:
    found = decoded(
        "NodePool",
        spec={
            "limits": {"cpu": "100", "memory": "1Ti"},
            "template": {"spec": {"nodeClassRef": {"name": "c"}}},
        },
        status={
            "resources": {"cpu": "60500m", "nodes": "4"},
            "conditions": [{"type": "Ready", "status": "False", "message": "m"}],
        },
    )
    assert (found.node_class, found.nodes, found.ready, found.said) == ("c", 4, "False", "m")
    assert (found.limits, found.used) == (
        amounts({"cpu": 100, "memory": "1Ti"}),
        amounts({"cpu": "60.5", "nodes": 4}),
    )
    assert decoded("NodePool", status={"nodes": 2}).nodes == 2 and decoded("NodePool").nodes is None
    assert decoded("NodePool", spec={"replicas": 0}).fixed and not found.fixed


@pytest.mark.parametrize(
    ("policies", "controls"),
    [
        (None, ("cpu", "memory")),
        ([{"containerName": "*", "controlledResources": ["cpu"]}], ("cpu",)),
        ([{"containerName": "*", "mode": "Off"}], ()),
        ([{"containerName": "*", "mode": "Off"}, {"containerName": "main"}], ("cpu", "memory")),
        ([{"containerName": "main", "mode": "Off"}], ("cpu", "memory")),
    ],
)
def test_what_a_vertical_autoscaler_sets(policies: Any, controls: tuple[str, ...]) -> None:
    found = decoded(
        "VerticalPodAutoscaler",
        spec={
            "targetRef": {"kind": "Deployment", "name": "web"},
            "updatePolicy": {"updateMode": "Initial"},
            **({"resourcePolicy": {"containerPolicies": policies}} if policies else {}),
        },
        status={
            "recommendation": {
                "containerRecommendations": [{"target": {"cpu": "250m", "memory": "262144k"}}]
            },
            "conditions": [{"type": "RecommendationProvided", "status": "True"}],
        },
    )
    assert (found.target_kind, found.target_name, found.mode) == ("Deployment", "web", "Initial")
    assert (found.cpu, found.memory, found.provided) == ("250m", "262144k", "True")
    assert found.controls == controls
