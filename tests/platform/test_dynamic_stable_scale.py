"""dynamicStableScale on the real Argo Rollouts controller, routed by Ingress annotations: a way back is over only when the
stable pods have the requests again, which is held up here by a node that takes no pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform.harness.argo import ArgoRollouts
from tests.platform.harness.cluster import Cluster
from tests.platform.world import add_namespaces, create, node
from tests.unit.actions.acting import Bench, bench
from tfdash.model.action import Result
from tfdash.model.release import Phase, ReleaseState

pytestmark = pytest.mark.platform

NS, NAME, NODE = "argo-dynamic", "spread", "argo-dynamic-0"
_MERGE = "application/merge-patch+json"
_PATH = f"/apis/argoproj.io/v1alpha1/namespaces/{NS}/rollouts"
_SLOWLY = "dynamicStableScale: traffic goes back only as the stable pods come up, not at once"


def template(tag: str) -> dict[str, Any]:
    container = {"name": "main", "image": f"registry.example/{NAME}:{tag}"}
    spec = {"containers": [container], "nodeSelector": {"own": NS}, "terminationGracePeriodSeconds": 0}
    return {"metadata": {"labels": {"app": NAME}}, "spec": spec}


def rollout() -> dict[str, Any]:
    canary = {
        "dynamicStableScale": True,
        "canaryService": f"{NAME}-canary",
        "stableService": f"{NAME}-stable",
        "trafficRouting": {"nginx": {"stableIngress": NAME}},
        "steps": [{"setWeight": 50}, {"pause": {}}, {"setWeight": 100}, {"pause": {}}],
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": NAME},
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": {"app": NAME}},
            "template": template("1"),
            "strategy": {"canary": canary},
        },
    }


@pytest.fixture(scope="module")
def seeded(cluster: Cluster, argo: ArgoRollouts) -> Cluster:
    create(cluster, "/api/v1/nodes", node(NODE, own=NS))
    add_namespaces(cluster, NS)
    for side in ("canary", "stable"):
        spec = {"selector": {"app": NAME}, "ports": [{"port": 80}]}
        create(
            cluster,
            f"/api/v1/namespaces/{NS}/services",
            {"metadata": {"name": f"{NAME}-{side}"}, "spec": spec},
        )
    backend = {"service": {"name": f"{NAME}-stable", "port": {"number": 80}}}
    rule = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    ingress = {"metadata": {"name": NAME}, "spec": {"ingressClassName": "nginx", "rules": [rule]}}
    create(cluster, f"/apis/networking.k8s.io/v1/namespaces/{NS}/ingresses", ingress)
    cluster.request("POST", _PATH, rollout())
    cluster.wait(lambda: status(cluster).get("phase") == "Healthy", "the first version")
    return cluster


@pytest.fixture(scope="module")
def at(seeded: Cluster) -> Iterator[Bench]:
    kinds = ("ReplicaSet", "Pod", "Rollout", "AnalysisRun", "Experiment", "Node")
    with bench(seeded.kubeconfig("admin"), "admin", kinds=kinds) as found:
        yield found


def status(cluster: Cluster) -> dict[str, Any]:
    return dict(cluster.request("GET", f"{_PATH}/{NAME}").get("status") or {})


def share(cluster: Cluster) -> int:
    """Of the requests, that the router sends to what is not the stable version."""
    return int(status(cluster)["canary"]["weights"]["canary"]["weight"])


def full(cluster: Cluster, yes: bool) -> None:
    cluster.request("PATCH", f"/api/v1/nodes/{NODE}", {"spec": {"unschedulable": yes}}, _MERGE)


def set_template(cluster: Cluster, tag: str) -> None:
    cluster.request("PATCH", f"{_PATH}/{NAME}", {"spec": {"template": template(tag)}}, _MERGE)


def seen(at: Bench, phase: Phase, actual: float | None) -> ReleaseState:
    subject = at.subject("Rollout", NS, NAME)

    def state() -> ReleaseState | None:
        return at.actions._standing(subject).release

    def there() -> bool:
        found = state()
        return found is not None and (found.phase, found.weight.actual) == (phase, actual)

    at.until(there, f"{phase} at {actual} %; it is {state()}", 60.0)
    found = state()
    assert found is not None
    return found


def at_half(cluster: Cluster, at: Bench) -> None:
    """Paused with half of the requests, and its controller has read that itself."""

    def known() -> bool:
        conditions = status(cluster).get("conditions") or ()
        return any(c["type"] == "Progressing" and c["reason"] == "RolloutPaused" for c in conditions)

    seen(at, Phase.PAUSED, 50.0)
    cluster.wait(known, "the controller to know of the pause")


def test_set_back_it_is_in_flight_while_its_controller_says_healthy(seeded: Cluster, at: Bench) -> None:
    set_template(seeded, "2")
    at_half(seeded, at)
    full(seeded, True)
    set_template(seeded, "1")
    seeded.wait(lambda: status(seeded)["phase"] == "Healthy", "the controller to say Healthy")
    assert share(seeded) == 50
    state = seen(at, Phase.PROGRESSING, 50.0)
    assert state.message.startswith("50 % of the requests still go to the version that was left (spread:2)")
    assert state.canary is not None
    assert state.stable is not None
    assert (state.canary.image, state.stable.image) == ("spread:1", "spread:2")
    full(seeded, False)
    seeded.wait(lambda: share(seeded) == 0, "the stable pods to have all requests")
    seen(at, Phase.COMPLETE, 100.0)


def test_an_abort_and_an_undo_are_over_when_the_requests_are_back(seeded: Cluster, at: Bench) -> None:
    subject = at.subject("Rollout", NS, NAME)
    set_template(seeded, "2")
    at_half(seeded, at)
    guarded = at.plan("workload.rollback", subject)
    assert guarded.plan.title == "rollout: abort"
    assert _SLOWLY in guarded.plan.notes
    done, _ = at.act(guarded)
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    assert share(seeded) == 0
    assert seen(at, Phase.ABORTED, 0.0).is_back

    assert at.do("rollout.retry", subject).result is Result.APPLIED
    at_half(seeded, at)
    first = at.actions._standing(subject).release
    assert first is not None
    assert first.stable is not None
    guarded = at.plan("rollout.undo", subject, revision=first.stable.revision)
    assert _SLOWLY in guarded.plan.notes
    done, _ = at.act(guarded)
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    now = status(seeded)
    assert (now["phase"], now["currentPodHash"], share(seeded)) == ("Healthy", now["stableRS"], 0)
