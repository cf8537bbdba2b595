"""The procedure "Kubernetes update" from its start to its close on the real control plane: four nodes, one of them with a pod that its budget
keeps, one of them replaced. kubectl is the witness of the nodes and pods, the API server's audit log of what was sent, and how often."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import Terminal, write_config
from tests.platform.walking import Walk, changes, exported, walking_terminal
from tests.platform.world import add_namespaces, create, deployment, node
from tests.waiting import until
from tfdash.model.run import RunOutcome, StepStatus
from tfdash.procedures.protocols import Given

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1200)]
NS = "tf-update"
IN_PLACE, REPLACED = ("up-0", "up-1", "up-2"), "up-3"
GUARDED = "up-1"
KINDS = ("Node", "Pod", "ReplicaSet", "Deployment", "DaemonSet", "PodDisruptionBudget")


@pytest.fixture(scope="module")
def alone() -> Iterator[Cluster]:
    """Of its own: every node of it is updated."""
    with Cluster() as cluster:
        yield cluster


def minor(cluster: Cluster, less: int = 0) -> str:
    major, own = cluster.request("GET", "/version")["gitVersion"].removeprefix("v").split(".")[:2]
    return f"{major}.{int(own) - less}"


@pytest.fixture(scope="module")
def seeded(alone: Cluster) -> Cluster:
    old = {"nodeInfo": {"kubeletVersion": f"v{minor(alone, 1)}.4"}}
    nodes = [node(name) for name in (*IN_PLACE, REPLACED)]
    create(alone, "/api/v1/nodes", *({**one, "status": {**one["status"], **old}} for one in nodes))
    ready = ("get", "nodes", "-o", 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}')
    until(lambda: alone.kubectl(*ready).split() == ["True"] * 4, "the nodes")
    add_namespaces(alone, NS)
    apps = f"/apis/apps/v1/namespaces/{NS}"
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    others = [name for name in (*IN_PLACE, REPLACED) if name != GUARDED]
    alone.kubectl("cordon", *others)  # a preference gives way where the node is not open to it yet
    create(alone, f"{apps}/deployments", deployment("guarded", NS, 1))
    alone.kubectl("rollout", "status", "deploy/guarded", "-n", NS, "--timeout=60s")
    alone.kubectl("uncordon", *others)
    create(
        alone,
        f"{apps}/deployments",
        deployment("web", NS, 8, pod={"topologySpreadConstraints": [spread]}),
    )
    agent = deployment("agent", NS)
    spec = {key: agent["spec"][key] for key in ("selector", "template")}
    create(alone, f"{apps}/daemonsets", {**agent, "kind": "DaemonSet", "spec": spec})
    budget = {
        "metadata": {"name": "one-stays"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}},
    }
    create(alone, f"/apis/policy/v1/namespaces/{NS}/poddisruptionbudgets", budget)
    alone.kubectl("rollout", "status", "deploy/web", "-n", NS, "--timeout=60s")
    until(lambda: value(alone, "pdb/one-stays", "{.status.currentHealthy}") == "1", "the budget's count")
    return alone


def value(cluster: Cluster, what: str, path: str) -> str:
    return cluster.kubectl("get", what, "-n", NS, "-o", f"jsonpath={path}").strip()


def pods_on(cluster: Cluster, name: str, app: str = "") -> dict[str, str]:
    """uid by name, of what a drain takes away."""
    labels = ("-l", f"app={app}") if app else ("-l", "app!=agent")
    found = cluster.kubectl(
        "get", "pods", "-A", *labels, f"--field-selector=spec.nodeName={name}", "-o", "json"
    )
    return {p["metadata"]["name"]: p["metadata"]["uid"] for p in json.loads(found)["items"]}


def version(cluster: Cluster, name: str) -> str:
    return value(cluster, f"node/{name}", "{.status.nodeInfo.kubeletVersion}")


def config_of(folder: Path, cluster: Cluster) -> Path:
    kubectl = [str(cluster.binaries / "controlplane"), "kubectl", f"--kubeconfig={cluster.kubeconfig()}"]
    script = [sys.executable, str(Path(__file__).with_name("updating.py")), *kubectl, "--"]
    commands = {
        "update-node": ["update", "{node}", "{version}"],
        "add-node": ["add", "{node}", "{version}"],
        "remove-node": ["remove", "{node}"],
    }
    more = "".join(
        f"[procedures.commands.{name}]\ncommand = {json.dumps([*script, *words])}\n"
        for name, words in commands.items()
    )
    return write_config(
        folder,
        cluster.kubeconfig("admin"),
        "admin",
        more=more,
        actions='drain_timeout = "6s"',
        kubernetes="removed_apis = true",
    )


def updated(cluster: Cluster, walk: Walk, number: int, wanted: str, sent: dict[str, Any]) -> None:
    """One node where it is, from cordon to uncordon; kubectl sees each of it."""
    name, of = IN_PLACE[number - 1], f"--{number}"
    leaves = pods_on(cluster, name)
    assert leaves
    sent.update(leaves)
    assert walk.do(f"cordon{of}").status is StepStatus.DONE
    assert value(cluster, f"node/{name}", "{.spec.unschedulable}") == "true"
    if name == GUARDED:
        refused(cluster, walk, of)
    else:
        walk.do(f"evictable{of}")
    assert walk.do(f"drain{of}").status is StepStatus.DONE
    assert pods_on(cluster, name) == {}
    assert walk.do(f"update{of}").status is StepStatus.DONE
    assert version(cluster, name) == f"v{wanted}.0"
    walk.do(f"runs{of}")
    assert walk.do(f"uncordon{of}").status is StepStatus.DONE
    assert value(cluster, f"node/{name}", "{.spec.unschedulable}") == ""
    walk.do(f"placed{of}")
    cluster.kubectl("rollout", "status", "deploy/web", "-n", NS, "--timeout=60s")


def refused(cluster: Cluster, walk: Walk, of: str) -> None:
    """Its budget keeps a pod: named with its owner, by the wait and by the drain, and nothing is forced."""
    (kept,) = pods_on(cluster, GUARDED, "guarded")
    begun = walk.at.runs.do(walk.run, f"evictable{of}", Given())
    walk.at.run(begun)
    assert walk.step(f"evictable{of}").status is StepStatus.RUNNING
    (told,) = walk.prepared(f"evictable{of}").asks
    assert told.passed is False
    for words in (
        f"PodDisruptionBudget {NS}/one-stays",
        "1 healthy, 1 needed",
        f"pod {kept}",
        f"of Deployment {NS}/guarded",
    ):
        assert words in told.sentence, told.sentence
    walk.skip(f"evictable{of}", "a test: to see what a drain says of it")
    failed = walk.do(f"drain{of}", fails=True)
    for words in (
        f"evict {kept} of Deployment {NS}/guarded",
        "The disruption budget one-stays needs 1 healthy pods and has 1 currently",
    ):
        assert words in failed.sentence, failed.sentence
    assert set(pods_on(cluster, GUARDED)) == {kept}
    cluster.kubectl(
        "patch", "pdb", "one-stays", "-n", NS, "--type=merge", "-p", '{"spec":{"minAvailable":0}}'
    )
    until(
        lambda: value(cluster, "pdb/one-stays", "{.status.disruptionsAllowed}") == "1",
        "the budget to allow it",
    )
    walk.note(f"drain{of}", "the test set minAvailable of one-stays to 0")


def test_a_cluster_is_updated_node_by_node(seeded: Cluster, tmp_path: Path) -> None:
    wanted, config = minor(seeded), config_of(tmp_path, seeded)
    since = len(seeded.audit_log.read_text().splitlines())
    leaves: dict[str, str] = {}
    with walking_terminal(config, KINDS) as at:
        walk = begun(at, wanted)
        updated(seeded, walk, 1, wanted, leaves)
        updated(seeded, walk, 2, wanted, leaves)
        run = walk.run
    with walking_terminal(config, KINDS) as at:  # the next person goes on, by what stands in the store
        walk = Walk(at, run)
        updated(seeded, walk, 3, wanted, leaves)
        replaced(seeded, walk, wanted, leaves)
        for id in ("complete", "observed"):
            walk.do(id)
        walk.skip("ended", "a test tells nobody")
        walk.sign("learned", note="nothing was learned")
        assert walk.close("all nodes run it").outcome is RunOutcome.DONE
    versions = seeded.kubectl(
        "get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}"
    ).split()
    assert versions == [f"v{wanted}.0"] * 4
    once(seeded, since, leaves)
    told = exported(
        config,
        run,
        "kubernetes-update",
        tmp_path,
        tmp_path,
        seeded.folder,
        seeded.binaries,
        Path(sys.executable).parent,
        Path(__file__).parent,
    )
    assert run in told and f"of Deployment {NS}/guarded" in told


def begun(at: Terminal, wanted: str) -> Walk:
    """Whether it may begin, and the control plane: that runs the version already, and is not touched."""
    walk = Walk(at)
    inputs = {"version": (wanted,), "nodes": IN_PLACE, "replaced": (REPLACED,)}
    walk.start("kubernetes-update", inputs, "a test: its nodes run the minor version before")
    assert set(walk.state.targets) == {f"Node {name}" for name in (*IN_PLACE, REPLACED)}
    walk.sign(
        "may-go",
        link="https://wiki.example.com/updates/announced",
        note="the page is an example, nothing was announced",
    )
    for id in ("no-freeze", "removed", "skew"):
        walk.do(id)
    walk.sign("backup", note="none was made")
    walk.skip("announced", "a test tells nobody")
    assert walk.do("control-plane").status is StepStatus.ALREADY
    walk.do("control-plane-runs")
    return walk


def replaced(cluster: Cluster, walk: Walk, wanted: str, leaves: dict[str, str]) -> None:
    """A new one is ready before the old one is touched; the old one is gone by its uid."""
    uid, of = value(cluster, f"node/{REPLACED}", "{.metadata.uid}"), "--1"
    assert walk.do(f"add{of}").status is StepStatus.DONE
    assert version(cluster, f"{REPLACED}-new") == f"v{wanted}.0"
    walk.do(f"joined{of}")
    leaves.update(pods_on(cluster, REPLACED))
    assert walk.do(f"old-cordon{of}").status is StepStatus.DONE
    walk.do(f"old-evictable{of}")
    assert walk.do(f"old-drain{of}").status is StepStatus.DONE
    assert pods_on(cluster, REPLACED) == {}
    assert walk.do(f"remove{of}", no_return=True).status is StepStatus.DONE
    walk.do(f"gone{of}")
    assert uid not in cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.uid}")


def once(cluster: Cluster, since: int, leaves: dict[str, str]) -> None:
    """Each node cordoned once and, where it stays, uncordoned once; each pod evicted once; and nothing else was sent."""
    found = changes(cluster, since)
    nodes = {name: count for (_, what, name), count in found.items() if what == "nodes"}
    assert nodes == {**dict.fromkeys(IN_PLACE, 2), REPLACED: 1}
    evicted = {name: count for (_, what, name), count in found.items() if what == "pods/eviction"}
    assert evicted == dict.fromkeys(leaves, 1)
    others = {what for _, what, _ in found} - {"nodes", "pods/eviction"}
    assert others <= {"leases", "selfsubjectaccessreviews", "selfsubjectreviews", "events"}, found
