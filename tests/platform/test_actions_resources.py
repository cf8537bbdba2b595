"""The actions of the Resources page on the real control plane. Witnesses are kubectl, managedFields and the server's own audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform.harness.argo import apply_definitions
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.definitions import autoscaling_definitions
from tests.platform.world import add_namespaces, create, deployment, node
from tests.unit.actions.acting import Bench, bench
from tests.waiting import until
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import FreezeRule, Result
from tfdash.model.subject import Subject

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
NS = "tf-sized"
KINDS = (
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Node",
    "Namespace",
    "HorizontalPodAutoscaler",
    "ResourceQuota",
    "LimitRange",
    "ScaledObject",
)
TWO = [
    {"name": name, "image": f"registry.example.com/{name}:1", "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}}}
    for name in ("main", "proxy")
]  # fmt: skip
QUOTA = {"metadata": {"name": "team"}, "spec": {"hard": {"requests.cpu": "4", "pods": "20"}}}
SCALED_OBJECT = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "queue", "namespace": NS},
    "spec": {
        "scaleTargetRef": {"name": "queue"},
        "minReplicaCount": 1,
        "maxReplicaCount": 4,
        "triggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}],
    },
}


def hpa(name: str, least: int, most: int, **metadata: Any) -> dict[str, Any]:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": NS, **metadata},
        "spec": {
            "minReplicas": least,
            "maxReplicas": most,
            "scaleTargetRef": target,
            "metrics": [{"type": "Resource", "resource": cpu}],
        },
    }


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Iterator[Cluster]:
    apply_definitions(cluster, autoscaling_definitions())
    create(cluster, "/api/v1/nodes", node("sized-0"))
    add_namespaces(cluster, NS)
    create(cluster, f"/api/v1/namespaces/{NS}/resourcequotas", QUOTA)
    names = ("bounded", "scaled", "queue", "plain")
    two = deployment("two", NS, 2, pod={"containers": TWO})
    create(cluster, f"/apis/apps/v1/namespaces/{NS}/deployments", *(deployment(n, NS, 2) for n in names), two)
    cluster.kubectl(
        "apply", "--server-side", "--field-manager=helm", "-f", "-", stdin=json.dumps(hpa("bounded", 2, 4))
    )
    cluster.apply(json.dumps(hpa("scaled", 2, 4)))
    cluster.apply(json.dumps(SCALED_OBJECT))
    uid = value(cluster, "scaledobject/queue", "{.metadata.uid}")
    owner = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "queue", "uid": uid}
    cluster.apply(json.dumps(hpa("queue", 1, 4, ownerReferences=[{**owner, "controller": True}])))

    def available() -> bool:
        return value(cluster, "deploy", "{.items[*].status.availableReplicas}").split() == ["2"] * 5

    cluster.wait(available, "the deployments")
    yield cluster
    cluster.kubectl("delete", "namespace", NS, "--wait=false")
    cluster.kubectl("delete", "-f", str(autoscaling_definitions()), "--wait=false")


@pytest.fixture(scope="module")
def at(seeded: Cluster) -> Iterator[Bench]:
    with bench(seeded.kubeconfig("admin"), "admin", kinds=KINDS) as found:
        yield found


def value(cluster: Cluster, what: str, path: str) -> str:
    return cluster.kubectl("get", what, "-n", NS, "-o", f"jsonpath={path}").strip()


def written(cluster: Cluster, since: int = 0) -> list[tuple[str, str, int]]:
    """(verb, resource/name, code) of each request of ours that changed something in the namespace, as the server logs it: no dry runs,
    and no questions about rights, which are creations too."""
    found = []
    for line in cluster.audit_log.read_text().splitlines()[since:]:
        row = json.loads(line)
        of = row.get("objectRef", {})
        changes = row["verb"] in ("create", "update", "patch", "delete") and "dryRun" not in row["requestURI"]
        asks = of.get("apiGroup") in ("authorization.k8s.io", "authentication.k8s.io")
        if changes and not asks and of.get("namespace") == NS and row["userAgent"].startswith("tfdash"):
            sub = f"/{of['subresource']}" if "subresource" in of else ""
            found.append(
                (row["verb"], f"{of['resource']}/{of.get('name', '')}{sub}", row["responseStatus"]["code"])
            )
    return found


def one_patch(cluster: Cluster, since: int, what: str) -> None:
    """That was all, and the Event about it."""
    wanted = [("patch", what, 200), ("create", "events/", 201)]
    until(lambda: written(cluster, since) == wanted, lambda: f"{wanted}: {written(cluster, since)}")


def lines(cluster: Cluster) -> int:
    return len(cluster.audit_log.read_text().splitlines())


def owners(cluster: Cluster, what: str, field: str) -> list[tuple[str, str]]:
    """(manager, operation) of who owns a field of the spec, as ``--show-managed-fields`` has it."""
    text = cluster.kubectl("get", what, "-n", NS, "-o", "json", "--show-managed-fields")
    return [
        (m["manager"], m["operation"])
        for m in json.loads(text)["metadata"]["managedFields"]
        if f'"f:{field}"' in json.dumps(m["fieldsV1"].get("f:spec", {}))
    ]


def subject(at: Bench, kind: str, name: str) -> Subject:
    found = at.subject(kind, NS, name)
    at.see(found)
    return found


def test_the_bounds_of_an_autoscaler(seeded: Cluster, at: Bench) -> None:
    since = lines(seeded)
    guarded = at.plan(
        "autoscaler.bounds", subject(at, "HorizontalPodAutoscaler", "bounded"), minimum="3", maximum="6"
    )
    assert (guarded.refused, guarded.plan.freeze, guarded.plan.typed) == ("", FreezeRule.EXEMPT, "bounded")
    told = (*guarded.plan.notes, *guarded.plan.not_reverted)
    assert any("helm" in line for line in told), f"who owns the bounds is named: {told}"
    done = at.act(guarded)[0]
    assert done.result is Result.APPLIED and all(held for _, held in done.posts), done.sentence
    assert value(seeded, "hpa/bounded", "{.spec.minReplicas}-{.spec.maxReplicas}") == "3-6"
    assert value(seeded, "deploy/bounded", "{.spec.replicas}") == "3"  # its controller's doing
    one_patch(seeded, since, "horizontalpodautoscalers/bounded")
    assert ("tfdash", "Update") in owners(seeded, "hpa/bounded", "maxReplicas")
    manifest = json.dumps(hpa("bounded", 2, 4))
    argv = ("apply", "--server-side", "--field-manager=helm", "-f", "-")
    assert "conflict" in seeded.kubectl(*argv, stdin=manifest, check=False), "as the plan said"


def test_a_size_goes_to_the_autoscaler_in_charge(seeded: Cluster, at: Bench) -> None:
    since = lines(seeded)
    guarded = at.plan("workload.scale", subject(at, "Deployment", "scaled"), replicas="4")
    assert "the HPA is in charge: a size set past it would be overwritten" in guarded.plan.notes
    done = at.act(guarded)[0]
    assert done.result is Result.APPLIED and all(held for _, held in done.posts), done.sentence
    assert value(seeded, "hpa/scaled", "{.spec.minReplicas}-{.spec.maxReplicas}") == "4-4"
    assert value(seeded, "deploy/scaled", "{.spec.replicas}") == "4"
    one_patch(seeded, since, "horizontalpodautoscalers/scaled")
    assert ("tfdash", "Update") not in owners(seeded, "deploy/scaled", "replicas")


def test_a_size_without_one_is_its_own(seeded: Cluster, at: Bench) -> None:
    since = lines(seeded)
    done = at.do("workload.scale", subject(at, "Deployment", "plain"), replicas="3")
    assert done.result is Result.APPLIED, done.sentence
    assert value(seeded, "deploy/plain", "{.spec.replicas}") == "3"
    one_patch(seeded, since, "deployments/plain/scale")


def test_bounds_that_are_keda_s_are_set_on_its_object(seeded: Cluster, at: Bench) -> None:
    since = lines(seeded)
    guarded = at.plan("autoscaler.bounds", subject(at, "HorizontalPodAutoscaler", "queue"), maximum="7")
    assert guarded.plan.subject.kind == "ScaledObject"
    assert any("KEDA is in charge" in note for note in guarded.plan.notes)
    done = at.act(guarded)[0]
    assert value(seeded, "scaledobject/queue", "{.spec.minReplicaCount}-{.spec.maxReplicaCount}") == "1-7"
    assert value(seeded, "hpa/queue", "{.spec.maxReplicas}") == "4", (
        "that is the operator's to do, which does not run here"
    )
    one_patch(seeded, since, "scaledobjects/queue")
    assert done.result is not Result.REFUSED


def test_requests_and_limits_of_one_container_are_a_release_that_goes_back(
    seeded: Cluster, at: Bench
) -> None:
    since, path = lines(seeded), "{.spec.template.spec.containers[%d].resources}"
    before = [json.loads(value(seeded, "deploy/two", path % n)) for n in (0, 1)]
    of = subject(at, "Deployment", "two")
    with pytest.raises(PlanRefused, match=r"which container\?"):
        at.plan("workload.set-resources", of, cpu_request="80m")
    given = {"container": "proxy", "cpu_request": "80m", "memory_limit": "64Mi"}
    guarded = at.plan("workload.set-resources", of, **given)
    assert (guarded.plan.freeze, guarded.plan.promotes) == (FreezeRule.FROZEN, True)
    done = at.act(guarded)[0]
    assert done.result is Result.APPLIED and all(held for _, held in done.posts), done.sentence
    assert json.loads(value(seeded, "deploy/two", path % 0)) == before[0]
    wanted = {"requests": {"cpu": "80m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}
    assert json.loads(value(seeded, "deploy/two", path % 1)) == wanted
    pods = json.loads(seeded.kubectl("get", "pods", "-n", NS, "-l", "app=two", "-o", "json"))["items"]
    assert [
        p["spec"]["containers"][1]["resources"] for p in pods if "deletionTimestamp" not in p["metadata"]
    ] == [wanted] * 2
    one_patch(seeded, since, "deployments/two")
    back = at.do("workload.rollback", of)
    assert back.result is Result.APPLIED, back.sentence
    assert json.loads(value(seeded, "deploy/two", path % 1)) == before[1]


def test_a_quota(seeded: Cluster, at: Bench) -> None:
    since, of = lines(seeded), subject(at, "ResourceQuota", "team")
    done = at.do("quota.hard", of, resource="requests.cpu", hard="6")
    assert done.result is Result.APPLIED and all(held for _, held in done.posts), done.sentence
    assert value(seeded, "quota/team", "{.spec.hard.requests\\.cpu} {.status.hard.requests\\.cpu}") == "6 6"
    assert value(seeded, "quota/team", "{.spec.hard.pods}") == "20"
    one_patch(seeded, since, "resourcequotas/team")
    lower = at.plan("quota.hard", of, resource="requests.cpu", hard="10m")
    assert any("one more pod could not be created" in note or "below" in note for note in lower.plan.notes), (
        lower.plan.notes
    )
