"""What a GitOps controller undoes, on the real API server: asked first whether it is stopped, and named where it undid it.

A small controller stands for Argo CD: it applies its manifest server side as ``argocd-controller`` while its Application has an
automated sync. It waits until the test lets it, so that the order of things is the test's. kubectl is the witness.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.unit.actions.acting import KINDS, Bench, bench, confirmed
from tests.waiting import until
from tfdash.actions.core.policy import ActionPolicy
from tfdash.model.action import Guarded, Progress, Result
from tfdash.model.subject import Subject

pytestmark = pytest.mark.platform
NS, ARGO = "tf-healed", "argocd-healed"
APPLICATION = f"/apis/argoproj.io/v1alpha1/namespaces/{ARGO}/applications/shop"
SHOP = f"/apis/apps/v1/namespaces/{NS}/deployments/shop"
LEAVE, STOP = "leave-keeper", "suspend-keeper"
_DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {kind: Application, plural: applications, singular: application, listKind: ApplicationList}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


class Healer:
    """Puts its manifest back, while its Application says so, after each ``let``."""

    def __init__(self, cluster: Cluster, manifest: dict[str, Any]) -> None:
        self._cluster, self._manifest = cluster, manifest
        self._let, self._over = threading.Semaphore(0), False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def let(self) -> None:
        self._let.release()

    def _run(self) -> None:
        while True:
            self._let.acquire()
            if self._over:
                return
            self.heal()

    def heal(self) -> None:
        automated = self._cluster.request("GET", APPLICATION)["spec"].get("syncPolicy", {}).get("automated")
        if automated and automated.get("selfHeal"):
            how = "?fieldManager=argocd-controller&force=true"
            self._cluster.request("PATCH", SHOP + how, self._manifest, "application/apply-patch+yaml")

    def stop(self) -> None:
        self._over = True
        self._let.release()
        self._thread.join()


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Cluster:
    world.add_nodes(cluster, 2)
    world.add_namespaces(cluster, NS, ARGO)
    cluster.apply(_DEFINITION)
    cluster.kubectl(
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "crd/applications.argoproj.io",
    )
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": ARGO},
        "spec": {"project": "default", "syncPolicy": {"automated": {"selfHeal": True}}},
    }
    cluster.request("POST", APPLICATION.rpartition("/")[0], application)
    return cluster


@pytest.fixture(scope="module")
def healer(seeded: Cluster) -> Iterator[Healer]:
    made = world.deployment("shop", NS, 2)
    made["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": f"shop:apps/Deployment:{NS}/shop"}
    made["spec"]["paused"] = False  # its manifest says so, as some do
    found = Healer(seeded, made)
    found.heal()
    yield found
    found.stop()
    seeded.kubectl("delete", "crd/applications.argoproj.io", "--wait=false")


@pytest.fixture(scope="module")
def at(seeded: Cluster, healer: Healer) -> Iterator[Bench]:
    seeded.kubectl("rollout", "status", "deploy/shop", "-n", NS, "--timeout=60s")
    policy = ActionPolicy(follow=60.0, server_timeout=5.0, settle_margin=1.0)
    with bench(seeded.kubeconfig("admin"), "admin", kinds=(*KINDS, "Application"), policy=policy) as found:
        yield found


@pytest.fixture
def shop(at: Bench) -> Subject:
    subject = at.subject("Deployment", NS, "shop")
    at.see(subject)
    # who keeps it must be read, too: a kind that a cluster has just learnt is found at the next look
    until(
        lambda: any(c.objects("Application") for c in at.board.picture.clusters.values()),
        "its Application",
        180.0,
    )
    return subject


def value(cluster: Cluster, path: str) -> str:
    return cluster.kubectl("get", "deploy/shop", "-n", NS, "-o", f"jsonpath={path}").strip()


def choose(at: Bench, guarded: Guarded, *choices: str) -> Guarded:
    return at.run(at.actions.refresh(guarded.plan, choices))


def sync_of(guarded: Guarded) -> tuple[bool | None, str]:
    return next((c.passed, c.text) for c in guarded.checks if c.id == "sync")


def test_scaled_it_must_be_chosen_and_what_is_undone_is_named(
    seeded: Cluster, healer: Healer, at: Bench, shop: Subject
) -> None:
    """Every node is closed, so that the new pods come and do not become available: the run is not over when it is undone."""
    asked = at.plan("workload.scale", shop, replicas=4)
    assert sync_of(asked) == (False, "choose first whether its reconciliation is stopped or left on")
    assert at.act(asked)[0].result is Result.REFUSED
    assert value(seeded, "{.spec.replicas}") == "2"

    nodes = seeded.kubectl("get", "nodes", "-o", "name").split()
    seeded.kubectl("cordon", *nodes)
    try:
        left = choose(at, asked, LEAVE)
        assert sync_of(left) == (None, "the reconciliation is left on: it may undo this")
        let = threading.Event()

        def tell(progress: Progress) -> None:
            seen = {post.text for post, held in progress.posts if held}
            if "it has 4 pods" in seen and not let.is_set():
                let.set()
                healer.let()

        done = at.run(at.actions.execute(left, confirmed(left), tell), 120.0)
    finally:
        seeded.kubectl("uncordon", *nodes)
    assert let.is_set(), done.sentence
    assert "UNDONE by argocd-controller (Apply): no longer so: the size is written" in done.sentence
    assert value(seeded, "{.spec.replicas}") == "2"


def test_a_restart_is_not_undone_and_the_choice_is_only_offered(
    seeded: Cluster, healer: Healer, at: Bench, shop: Subject
) -> None:
    """Server-side apply takes away nothing that its manifest does not name."""
    asked = at.plan("workload.restart", shop)
    assert [c.id for c in asked.plan.choices] == [STOP]
    assert asked.allowed, asked.refused
    done = at.act(asked)[0]
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    stamp = value(seeded, "{.spec.template.metadata.annotations}")
    healer.heal()
    assert value(seeded, "{.spec.template.metadata.annotations}") == stamp != ""


def test_stopped_first_it_stays_and_who_may_switch_it_on_again_is_named(
    seeded: Cluster, healer: Healer, at: Bench, shop: Subject
) -> None:
    merge = "application/merge-patch+json"
    parent = {"metadata": {"labels": {"app.kubernetes.io/instance": "root"}}}
    seeded.request("PATCH", APPLICATION, parent, merge)
    held = choose(at, at.plan("workload.hold", shop), STOP)
    assert "Argo CD Application root, which made it, may switch that on again" in held.plan.choices[0].text
    scaled = choose(at, at.plan("workload.scale", shop, replicas=3), STOP)
    passed, text = sync_of(scaled)
    assert passed is None
    assert "stopped first, but Argo CD Application root, which made it, may switch that on again" in text
    done = at.act(scaled)[0]
    assert done.result is Result.APPLIED, done.sentence
    assert all(seen for _, seen in done.posts), done.sentence
    assert "automated" not in seeded.request("GET", APPLICATION)["spec"].get("syncPolicy", {})
    healer.heal()
    assert value(seeded, "{.spec.replicas}") == "3"
