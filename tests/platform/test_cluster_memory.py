"""Terminals that share no store, on the real API server: who acts is a Lease, what was verified outlives its ReplicaSet."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import Terminal, terminal, write_config
from tests.unit.actions.acting import decided
from tests.unit.store.test_peers import acts, look
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Result
from tfdash.model.release import Phase
from tfdash.model.subject import Subject

pytestmark = pytest.mark.platform
NS = "tf-memory"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Iterator[Cluster]:
    if not cluster.request("GET", "/api/v1/nodes")["items"]:  # another module may have made some
        world.add_nodes(cluster, 2)
    world.add_namespaces(cluster, NS)
    yield cluster
    cluster.kubectl("delete", "namespace", NS, "--wait=false")


@pytest.fixture(scope="module")
def two(seeded: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Terminal, Terminal]]:
    """Ann's and Bob's, each with a store of its own."""
    folder: Path = tmp_path_factory.mktemp("two")
    with ExitStack() as stack:
        ann, bob = (
            stack.enter_context(
                terminal(write_config(folder / identity, seeded.kubeconfig(identity), identity))
            )
            for identity in ("admin", "cert-admin")
        )
        yield ann, bob


@pytest.fixture
def app(seeded: Cluster) -> str:
    name = f"app-{next(_numbers)}"
    seeded.request("POST", f"/apis/apps/v1/namespaces/{NS}/deployments", world.deployment(name, NS, 2))
    running(seeded, name, image(seeded, name))
    return name


def found(cluster: Cluster, name: str) -> dict[str, Any]:
    return cluster.request("GET", f"/apis/apps/v1/namespaces/{NS}/deployments/{name}")


def image(cluster: Cluster, name: str) -> str:
    return str(found(cluster, name)["spec"]["template"]["spec"]["containers"][0]["image"])


def running(cluster: Cluster, name: str, wanted: str) -> None:
    def complete() -> bool:
        told = found(cluster, name)
        status = told.get("status", {})
        return (
            image(cluster, name) == wanted
            and status.get("observedGeneration") == told["metadata"]["generation"]
            and status.get("availableReplicas")
            == status.get("updatedReplicas")
            == status.get("replicas")
            == 2
        )

    cluster.wait(complete, f"{name} to run {wanted}")


def leases(cluster: Cluster) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(cluster.kubectl("get", "leases", "-n", NS, "-o", "json"))[
        "items"
    ]
    return items


def test_two_terminals_see_each_others_lease(
    seeded: Cluster, app: str, two: tuple[Terminal, Terminal]
) -> None:
    ann, bob = two
    subject = ann.subject("Deployment", NS, app)
    for at in two:
        at.see(subject)
    before = bob.plan("workload.scale", subject, replicas=1)
    assert before.allowed, before.refused
    with acts(ann, subject, "admin@corp") as other:
        assert other() == ""
        (lease,) = leases(seeded)
        assert lease["metadata"]["name"] == f"tfdash-acting-deployment-{app}"
        assert lease["spec"]["holderIdentity"] == ann.store.terminal
        done, _ = bob.act(before)  # what a Lease says is claimed: it is shown, and refuses nothing
        assert done.result is Result.APPLIED, done.sentence
        assert found(seeded, app)["spec"]["replicas"] == 1
        look(bob)
        bob.until(
            lambda: (
                [(seen.by, seen.subject, seen.terminal) for seen in bob.board.picture.store_state.acting]
                == [("admin@corp", subject, ann.store.terminal)]
            ),
            "ann to be seen, and nobody else",
        )
        restart = bob.plan("workload.restart", subject)
        assert restart.allowed and any("admin@corp acts on it too" in c.text for c in restart.checks)
    assert leases(seeded) == []
    look(bob)
    bob.until(lambda: not bob.board.picture.store_state.acting, "nobody to act")
    again = bob.plan("workload.scale", subject, replicas=2)
    assert bob.act(again)[0].result is Result.APPLIED
    actions: Any = bob.actions
    bob.loop(actions._announces.idle())
    assert leases(seeded) == []
    assert _by_tfdash(seeded, f"tfdash-acting-deployment-{app}")[-1] == ("delete", 200)


def test_a_verified_release_is_restored_after_its_replica_set_is_gone(
    seeded: Cluster, app: str, two: tuple[Terminal, Terminal]
) -> None:
    """Signed on one terminal, which brings it back; to another that shares no store with it it is a claim, and no target."""
    ann, bob = two
    subject = ann.subject("Deployment", NS, app)
    good = image(seeded, app)
    for at in two:
        at.see(subject)
    actions: Any = ann.actions

    def serves() -> bool:
        release = ann.board.assessment.releases.get(subject)
        return release is not None and release.phase in (Phase.NONE, Phase.COMPLETE)

    ann.until(serves, "its first version to serve")
    assert "admin@corp signs" in ann.run(decided(actions, "release.sign", subject, "it held for a week"))
    first = _sets(seeded, app)
    assert len(first) == 1
    seeded.kubectl("set", "image", f"deployment/{app}", "-n", NS, "*=registry.example.com/bad:2")
    running(seeded, app, "registry.example.com/bad:2")
    seeded.kubectl("delete", "rs", "-n", NS, *first)
    assert not set(_sets(seeded, app)) & set(first)
    look(bob)
    bob.until(lambda: subject in bob.board.picture.store_state.verified, "what ann signed")

    def seen() -> bool:
        obj: Any = bob.board.picture.clusters[subject.cluster].objects("Deployment")[subject.key]
        return bool(obj.template.containers[0].image.endswith("bad:2"))

    bob.until(seen, "the bad version")
    with pytest.raises(PlanRefused, match="no earlier revision is kept"):
        bob.plan("workload.rollback", subject)
    guarded = ann.plan("workload.rollback", subject)
    assert guarded.allowed, guarded.refused
    assert "last verified good" in guarded.plan.after and "by admin@corp" in guarded.plan.after
    assert "its ReplicaSet is gone" in guarded.plan.after
    assert ann.act(guarded)[0].result is Result.APPLIED
    running(seeded, app, good)
    # somebody with the right to write ConfigMaps cannot change the text unnoticed
    name = f"tfdash-verified-deployment-{app}"
    patch = json.dumps({"data": {"template.json": '{"spec":{"hostPID":true}}'}})
    seeded.kubectl("patch", "configmap", name, "-n", NS, "--type=merge", "-p", patch)
    look(bob)
    bob.until(lambda: subject not in bob.board.picture.store_state.verified, "it to be believed no more")
    assert ann.board.picture.store_state.verified[subject].images == (good,)  # the log's own stands


def test_who_may_not_write_leases_acts_all_the_same(seeded: Cluster, app: str, tmp_path: Path) -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "edit", "namespace": NS},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "tfdash-no-lease",
        },
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "onens"}],
    }
    rights = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "tfdash-no-lease"},
        "rules": [
            {"apiGroups": ["", "apps", "autoscaling"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]},
        ],
    }
    for document in (rights, role):
        seeded.kubectl("apply", "-f", "-", stdin=json.dumps(document))
    config = write_config(tmp_path / "carol", seeded.kubeconfig("onens"), "onens")
    text = config.read_text().replace('name = "eu-1"', f'name = "eu-1"\nnamespaces = ["{NS}"]')
    config.write_text(text)
    with terminal(config, kinds=("Deployment", "ReplicaSet", "Pod")) as carol:
        subject = Subject(carol.board.clusters[0], "Deployment", NS, app)
        carol.see(subject)
        look(carol)  # may not list Leases either: nothing comes of it
        guarded = carol.plan("workload.restart", subject)
        assert guarded.allowed, guarded.refused
        assert carol.act(guarded)[0].result is Result.APPLIED
        actions: Any = carol.actions
        carol.loop(actions._announces.idle())
    assert leases(seeded) == []


def _sets(cluster: Cluster, name: str) -> list[str]:
    told = cluster.kubectl("get", "rs", "-n", NS, "-l", f"app={name}", "-o", "name")
    return [line.rpartition("/")[2] for line in told.split()]


def _by_tfdash(cluster: Cluster, name: str) -> list[tuple[str, int]]:
    rows = (json.loads(line) for line in cluster.audit_log.read_text().splitlines())
    return [
        (r["verb"], int(r["responseStatus"]["code"]))
        for r in rows
        if r.get("userAgent") == "tfdash"
        and r.get("objectRef", {}).get("name") == name
        and r["verb"] in ("patch", "delete")
    ]
