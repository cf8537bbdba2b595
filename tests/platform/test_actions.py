"""Every workload, pod and node action on the real control plane, and its refusals. Outcomes are asked of kubectl."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.world import create, deployment, node
from tests.unit.actions.acting import CLOSED, OPEN, REF, Bench, bench, confirmed
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Request, Result
from tfdash.model.calendar import CalendarState
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject

pytestmark = pytest.mark.platform

NS = "tf-acting"
KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Pod",
    "Node",
    "Service",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
)
_MERGE = "application/merge-patch+json"
_DENY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-restarts}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tf-acting}}
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [deployments]}]
  matchConditions: [{name: only-guarded, expression: "object.metadata.name == 'guarded'"}]
  validations: [{expression: "false", message: "guarded is frozen by its team"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-restarts}
spec: {policyName: no-restarts, validationActions: [Deny]}
"""


def workload(kind: str, name: str, replicas: int = 2) -> dict[str, Any]:
    base = deployment(name, NS, replicas)
    spec = {k: v for k, v in base["spec"].items() if k in ("replicas", "selector", "template")}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    if kind == "DaemonSet":
        spec.pop("replicas")
    return {**base, "kind": kind, "spec": spec}


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Cluster:
    create(
        cluster, "/api/v1/nodes", *(node(f"acting-{i}") for i in range(3))
    )  # the session's cluster has others too
    cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
    apps = f"/apis/apps/v1/namespaces/{NS}"
    names = ("web", "auth", "held", "busy", "guarded", "lonely", "drained", "raced")
    create(cluster, f"{apps}/deployments", *(deployment(n, NS, 2) for n in names))
    create(cluster, f"{apps}/statefulsets", workload("StatefulSet", "db"))
    create(cluster, f"{apps}/daemonsets", workload("DaemonSet", "agent"))
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    create(cluster, f"/api/v1/namespaces/{NS}/services", service)
    cluster.wait(
        lambda: (
            cluster.kubectl(
                "get", "deploy", "-n", NS, "-o", "jsonpath={.items[*].status.availableReplicas}"
            ).split()
            == ["2"] * len(names)
        ),
        "the deployments",
    )
    cluster.wait(lambda: value(cluster, "sts/db", "{.status.readyReplicas}") == "2", "the stateful set")
    return cluster


@pytest.fixture(scope="module")
def at(seeded: Cluster) -> Iterator[Bench]:
    with bench(seeded.kubeconfig("admin"), "admin", kinds=KINDS) as found:
        yield found


def value(cluster: Cluster, what: str, path: str, namespace: str = NS) -> str:
    return cluster.kubectl("get", what, "-n", namespace, "-o", f"jsonpath={path}").strip()


def image(cluster: Cluster, what: str) -> str:
    return value(cluster, what, "{.spec.template.spec.containers[0].image}")


@contextmanager
def closed(at: Bench) -> Iterator[None]:
    """The calendar is closed meanwhile."""

    def say(calendar: CalendarState) -> None:
        at.judge.calendar = calendar
        at.board.put_store_state(StoreState())  # have it judged by that calendar
        at.until(lambda: at.board.assessment.calendar is calendar, calendar.text)

    try:
        say(CLOSED)
        yield
    finally:
        say(OPEN)


def release(cluster: Cluster, at: Bench, kind: str, name: str, wanted: str) -> None:
    """A new image, by kubectl, rolled out and known to the board."""
    cluster.kubectl("set", "image", f"{kind.lower()}/{name}", f"main={wanted}", "-n", NS)
    cluster.kubectl("rollout", "status", f"{kind.lower()}/{name}", "-n", NS, "--timeout=60s")
    subject = at.subject(kind, NS, name)

    def seen() -> bool:
        obj: Any = at.board.picture.clusters[REF].objects(kind)[subject.key]
        sets: Any = at.board.picture.clusters[REF].objects("ReplicaSet").values()
        mine = [s for s in sets if s.owner is not None and s.owner.name == name]
        return obj.template.containers[0].image == wanted and (kind != "Deployment" or len(mine) > 1)

    at.until(seen, f"{name} with {wanted}")


@pytest.mark.parametrize(
    ("kind", "name"), [("Deployment", "auth"), ("StatefulSet", "db"), ("DaemonSet", "agent")]
)
def test_twice_in_the_blackout_kubectl_sees_no_newer_version(
    seeded: Cluster, at: Bench, kind: str, name: str
) -> None:
    what, subject = f"{kind.lower()}/{name}", at.subject(kind, NS, name)
    before = image(seeded, what)
    release(seeded, at, kind, name, f"registry.example.com/{name}:1.9.9")
    with closed(at):
        done = at.do("workload.rollback", subject)
        assert all(held for _, held in done.posts), done.sentence
        assert image(seeded, what) == before
        with pytest.raises(PlanRefused, match=rf"{name}:1.9.9, left since"):
            at.plan("workload.rollback", subject)
        newest = next(
            n for n in range(9, 0, -1) if _reads(at, subject, str(n), "1.9.9")
        )  # what kubectl would undo to
        again = at.plan("workload.rollback", subject, revision=str(newest))
        assert (again.refused, again.plan.freeze, again.plan.promotes) == ("closed: blackout", "frozen", True)
        assert at.act(again)[0].result is Result.REFUSED
        assert image(seeded, what) == before


def test_a_restart_under_a_moving_tag_is_a_release_in_the_blackout(seeded: Cluster, at: Bench) -> None:
    what, subject = "deployment/moving", at.subject("Deployment", NS, "moving")
    tag = {"image": "registry.example.com/moving:latest", "imagePullPolicy": "Always"}
    create(seeded, f"/apis/apps/v1/namespaces/{NS}/deployments", deployment("moving", NS, 2, container=tag))
    pinned = f"registry.example.com/moving@sha256:{'a' * 64}"
    stamp = "{.spec.template.metadata.annotations}"

    def known(wanted: str) -> Callable[[], bool]:
        return lambda: wanted in str(at.board.picture.clusters[REF].objects("Deployment").get(subject.key))

    with closed(at):
        at.until(known(tag["image"]), "the moving tag")
        guarded = at.plan("workload.restart", subject)
        assert guarded.plan.effect.startswith("may bring another image (registry.example.com/moving:latest")
        assert (guarded.refused, guarded.plan.freeze) == ("closed: blackout", "frozen")
        assert at.act(guarded)[0].result is Result.REFUSED
        assert "restartedAt" not in value(seeded, what, stamp)
        seeded.kubectl("set", "image", what, f"main={pinned}", "-n", NS)
        seeded.kubectl("rollout", "status", what, "-n", NS, "--timeout=60s")
        at.until(known(pinned), "the digest")
        assert at.do("workload.restart", subject).result is Result.APPLIED
    assert "restartedAt" in value(seeded, what, stamp)


def test_what_restores_gives_its_fields_back(seeded: Cluster, at: Bench) -> None:
    """The next server-side apply of who had them conflicts with our way back, and no more once it is undone."""
    what, subject = "deployment/raced", at.subject("Deployment", NS, "raced")
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "raced", "namespace": NS}}
    template = json.loads(value(seeded, what, "{.spec}"))

    def apply(tag: str) -> str:
        container = {"name": "main", "image": f"registry.example.com/raced:{tag}"}
        pod = {
            "metadata": {"labels": template["template"]["metadata"]["labels"]},
            "spec": {"containers": [container]},
        }
        body = {**manifest, "spec": {"selector": template["selector"], "template": pod}}
        path = f"/apis/apps/v1/namespaces/{NS}/deployments/raced?fieldManager=helm&force={'true' if tag == '5' else 'false'}"
        try:
            seeded.request("PATCH", path, body, "application/apply-patch+yaml")
        except Exception as error:
            return str(error)
        return ""

    assert apply("5") == ""
    seeded.kubectl("rollout", "status", what, "-n", NS, "--timeout=60s")
    at.until(lambda: "raced:5" in str(at.board.picture.clusters[REF].objects("Deployment")[subject.key]), "5")
    guarded = at.plan("workload.rollback", subject)
    note = "helm (Apply) manage spec.template: the next helm upgrade or server-side apply will conflict here"
    assert any(n.endswith(note) for n in guarded.plan.notes), guarded.plan.notes
    done, _ = at.act(guarded)
    assert all(held for _, held in done.posts), done.sentence
    assert "409" in apply("6"), "the conflict that the plan named"
    at.until(
        lambda: "raced:5" not in str(at.board.picture.clusters[REF].objects("Deployment")[subject.key]), "1"
    )
    kept = [r for r in range(1, 9) if _reads(at, subject, str(r), "raced:5")]
    again = at.plan("workload.rollback", subject, revision=str(kept[0]))
    assert [r.what for r in again.plan.requests][-1].startswith("give its fields back")
    done, _ = at.act(again)
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    assert "tfdash" not in value(seeded, what, "{.metadata.managedFields[*].manager}").split()
    assert apply("6") == ""


def _reads(at: Bench, subject: Subject, revision: str, wanted: str) -> bool:
    try:
        return wanted in at.plan("workload.rollback", subject, revision=revision).plan.after
    except PlanRefused:
        return False


@pytest.mark.parametrize(
    ("kind", "name"), [("Deployment", "web"), ("StatefulSet", "db"), ("DaemonSet", "agent")]
)
def test_roll_back(seeded: Cluster, at: Bench, kind: str, name: str) -> None:
    what = f"{kind.lower()}/{name}"
    before = image(seeded, what)
    release(seeded, at, kind, name, f"registry.example.com/{name}:2.0.0")
    if kind == "Deployment":
        seeded.kubectl(
            "annotate", what, "-n", NS, "later=yes", "kubectl.kubernetes.io/last-applied-configuration={}"
        )
    guarded = at.plan("workload.rollback", at.subject(kind, NS, name))
    assert guarded.allowed, guarded.refused
    done, _ = at.act(guarded)
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    assert image(seeded, what) == before
    assert "successfully rolled out" in seeded.kubectl(
        "rollout", "status", what, "-n", NS, "--timeout=5s"
    ).lower() or ("complete" in seeded.kubectl("rollout", "status", what, "-n", NS, "--timeout=5s"))
    if kind == "Deployment":  # as kubectl: what the revision before had not goes, what was applied last stays
        notes = json.loads(value(seeded, what, "{.metadata.annotations}"))
        assert "later" not in notes
        assert notes["kubectl.kubernetes.io/last-applied-configuration"] == "{}"
        assert "deployment.kubernetes.io/revision" in notes


def test_what_we_undo_is_what_kubectl_undoes(seeded: Cluster, at: Bench) -> None:
    """The same release undone by both leaves the same object but for times and numbers."""
    ours, theirs = "auth", "held"
    for name in (ours, theirs):
        seeded.kubectl(
            "annotate", f"deploy/{name}", "-n", NS, "kubernetes.io/change-cause=first", "--overwrite"
        )
        seeded.kubectl("set", "env", f"deploy/{name}", "-n", NS, "FEATURE=on")
        seeded.kubectl(
            "annotate", f"deploy/{name}", "-n", NS, "kubernetes.io/change-cause=second", "--overwrite"
        )
        seeded.kubectl("rollout", "status", f"deploy/{name}", "-n", NS, "--timeout=60s")
    at.until(
        lambda: (
            sum(
                getattr(s.owner, "name", "") == ours
                for s in at.board.picture.clusters[REF].objects("ReplicaSet").values()
            )
            > 1
        ),
        "two revisions",
    )
    seeded.kubectl("rollout", "undo", f"deploy/{theirs}", "-n", NS)
    assert at.do("workload.rollback", at.subject("Deployment", NS, ours)).result is Result.APPLIED

    def shape(name: str) -> Any:
        found = json.loads(seeded.kubectl("get", f"deploy/{name}", "-n", NS, "-o", "json"))
        notes = found["metadata"].get("annotations", {})
        notes.pop("deployment.kubernetes.io/revision")  # other tests released them more or less often
        return json.loads(json.dumps([found["spec"], notes]).replace(name, "NAME"))

    seeded.kubectl("rollout", "status", f"deploy/{theirs}", "-n", NS, "--timeout=60s")
    assert shape(ours) == shape(theirs)


@pytest.mark.parametrize(
    ("kind", "name"), [("Deployment", "web"), ("StatefulSet", "db"), ("DaemonSet", "agent")]
)
def test_restart(seeded: Cluster, at: Bench, kind: str, name: str) -> None:
    what = f"{kind.lower()}/{name}"
    before = {p["metadata"]["uid"] for p in pods(seeded, name)}
    done = at.do("workload.restart", at.subject(kind, NS, name))
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    path = "{.spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt}"
    assert value(seeded, what, path)
    seeded.wait(lambda: not before & {p["metadata"]["uid"] for p in pods(seeded, name)}, "younger pods")


def pods(cluster: Cluster, app: str) -> list[dict[str, Any]]:
    found = json.loads(cluster.kubectl("get", "pods", "-n", NS, "-l", f"app={app}", "-o", "json"))["items"]
    return [p for p in found if "deletionTimestamp" not in p["metadata"]]


def test_hold_release_and_what_a_hold_refuses(seeded: Cluster, at: Bench) -> None:
    subject = at.subject("Deployment", NS, "held")
    assert at.do("workload.hold", subject).result is Result.APPLIED
    assert value(seeded, "deploy/held", "{.spec.paused}") == "true"
    at.until(lambda: "workload.release" in {o.action for o in at.actions.offers(subject)}, "the hold")
    with pytest.raises(PlanRefused, match="paused"):
        at.plan("workload.restart", subject)
    assert at.do("workload.release", subject).result is Result.APPLIED
    assert value(seeded, "deploy/held", "{.spec.paused}") == ""


def test_scale(seeded: Cluster, at: Bench) -> None:
    for kind, name in (("Deployment", "web"), ("StatefulSet", "db")):
        done = at.do("workload.scale", at.subject(kind, NS, name), replicas=3)
        assert done.result is Result.APPLIED, done.sentence
        assert all(held for _, held in done.posts), done.sentence
        assert value(seeded, f"{kind.lower()}/{name}", "{.spec.replicas}") == "3"
    assert at.do("workload.scale", at.subject("Deployment", NS, "web"), replicas=2).result is Result.APPLIED


def test_scale_by_its_autoscaler(seeded: Cluster, at: Bench) -> None:
    seeded.kubectl("autoscale", "deploy/busy", "-n", NS, "--min=2", "--max=4", "--cpu=80%")
    at.until(
        lambda: bool(at.board.picture.clusters[REF].objects("HorizontalPodAutoscaler")), "the autoscaler"
    )
    guarded = at.plan("workload.scale", at.subject("Deployment", NS, "busy"), replicas=5)
    assert guarded.plan.subject.kind == "HorizontalPodAutoscaler"
    done, _ = at.act(guarded)
    assert done.result is Result.APPLIED, done.sentence
    assert value(seeded, "hpa/busy", "{.spec.minReplicas} {.spec.maxReplicas}") == "5 5"
    assert all(held for _, held in done.posts), done.sentence
    assert value(seeded, "deploy/busy", "{.spec.replicas}") == "5"


_WRITES = r"""
import http.client, json, ssl, sys, time
host, port, ca, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
server = http.client.HTTPSConnection(host, port, context=ssl.create_default_context(cafile=ca))
headers = {"Authorization": "Bearer admin-token", "Content-Type": "application/merge-patch+json"}
number, due = 0, time.monotonic()
while True:
    number, due = number + 1, due + 0.03
    body = json.dumps({"status": {"conditions": [{"type": "Test", "status": "True", "reason": str(number)}]}})
    server.request("PATCH", path, body, headers)
    answer = server.getresponse()
    answer.read()
    if answer.status == 200:
        print(time.monotonic(), flush=True)
    time.sleep(max(0.0, due - time.monotonic()))
"""


def test_a_rollback_under_twenty_status_updates_a_second(seeded: Cluster, at: Bench) -> None:
    """Status writes never refuse it, and it happens exactly once."""
    name = "raced"
    before = image(seeded, f"deploy/{name}")
    release(seeded, at, "Deployment", name, "registry.example.com/raced:2.0.0")
    path = f"/apis/apps/v1/namespaces/{NS}/deployments/{name}/status"
    generation = int(value(seeded, f"deploy/{name}", "{.metadata.generation}"))
    argv = [
        sys.executable,
        "-c",
        _WRITES,
        "127.0.0.1",
        str(seeded.ports["api"]),
        str(seeded.pki / "ca.crt"),
        path,
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            writer.stdout.readline()  # it is at it
            guarded = at.plan("workload.rollback", at.subject("Deployment", NS, name))
            assert guarded.allowed, guarded.refused
            times = [float(writer.stdout.readline()) for _ in range(20)]  # twenty writes later it still holds
            done, told = at.act(guarded)
        finally:
            writer.kill()
        times += [float(line) for line in writer.stdout.read().split()]
    assert done.result is Result.APPLIED, done.sentence
    assert len([p for p in told if p.stage == "sending"]) == 1
    busiest = max(sum(t <= other < t + 1.0 for other in times) for t in times)
    assert busiest >= 20, f"{busiest} status writes in the busiest second"
    assert image(seeded, f"deploy/{name}") == before
    assert int(value(seeded, f"deploy/{name}", "{.metadata.generation}")) == generation + 1


def test_a_template_that_changed_is_refused_by_the_server_itself(seeded: Cluster, at: Bench) -> None:
    """Past our own second look: the JSON Patch's tests hold on the server."""
    release(seeded, at, "Deployment", "web", "registry.example.com/web:3.0.0")
    plan = at.plan("workload.rollback", at.subject("Deployment", NS, "web")).plan
    seeded.kubectl("set", "image", "deploy/web", "main=registry.example.com/web:4.0.0", "-n", NS)
    answer = send(at, plan.requests[0])
    assert (answer.status, image(seeded, "deploy/web")) == (422, "registry.example.com/web:4.0.0")
    done, _ = at.act(at.plan("workload.rollback", at.subject("Deployment", NS, "web")))
    assert done.result is Result.APPLIED


def send(at: Bench, request: Request) -> Any:
    writer: Any = at.actions._parts.writers.clusters[REF]
    return at.run(at.board.on_loop(writer.send(request, audit_id="", timeout=5.0)))


def test_an_absent_member_is_tested_for(seeded: Cluster, at: Bench) -> None:
    """``test`` of null passes where nothing is there, and fails where something came; also below a missing parent."""
    for action, change in (
        ("workload.hold", {"spec": {"paused": True}}),
        ("workload.restart", {"spec": {"template": {"metadata": {"annotations": {"x": "y"}}}}}),
    ):
        plan = at.plan(action, at.subject("Deployment", NS, "lonely")).plan
        path = f"/apis/apps/v1/namespaces/{NS}/deployments/lonely"
        seeded.request("PATCH", path, change, _MERGE)
        assert send(at, plan.requests[0]).status == 422
        seeded.request(
            "PATCH", path, {"spec": {"paused": None, "template": {"metadata": {"annotations": None}}}}, _MERGE
        )
        assert send(at, plan.requests[0]).status == 200
        seeded.request("PATCH", path, {"spec": {"paused": None}}, _MERGE)
        at.until(
            lambda: (
                "workload.hold"
                in {o.action for o in at.actions.offers(at.subject("Deployment", NS, "lonely"))}
            ),
            "",
        )


def test_a_plan_changes_nothing(seeded: Cluster, at: Bench) -> None:
    """Dry runs are dry: also of a deletion, whose options the server reads from the body alone."""
    pod = settled(seeded, at, "web")
    name, node_name = pod["metadata"]["name"], pod["spec"]["nodeName"]

    def versions() -> list[str]:
        told = [
            seeded.kubectl("get", what, "-n", NS, "-o", "json")
            for what in (f"pod/{name}", "deploy/web", "deploy/lonely", "sts/db")
        ]
        found = [json.loads(text) for text in told]
        return [
            o["metadata"]["uid"]
            + str(o["metadata"].get("generation"))
            + str(o["metadata"].get("deletionTimestamp"))
            for o in found
        ]

    before = versions()
    for action in ("pod.delete", "pod.evict", "pod.isolate"):
        assert at.plan(action, at.subject("Pod", NS, name)).checks[-1].id == "dry-run"
    for action in ("workload.restart", "workload.hold"):
        assert at.plan(action, at.subject("Deployment", NS, "web")).allowed
    assert at.plan("workload.scale", at.subject("StatefulSet", NS, "db"), replicas=7).allowed
    assert at.plan("node.drain", at.subject("Node", "", node_name), all="yes", force="yes").allowed
    assert versions() == before
    assert value(seeded, f"node/{node_name}", "{.spec.unschedulable}") == ""


def test_a_pod_is_deleted_evicted_and_isolated(seeded: Cluster, at: Bench) -> None:
    for action in ("pod.delete", "pod.evict"):
        pod = settled(seeded, at, "web")
        done = at.do(action, at.subject("Pod", NS, pod["metadata"]["name"]))
        assert done.result is Result.APPLIED, done.sentence
        assert pod["metadata"]["uid"] not in {p["metadata"]["uid"] for p in pods(seeded, "web")}
    pod = settled(seeded, at, "web")
    name = pod["metadata"]["name"]
    done = at.do("pod.isolate", at.subject("Pod", NS, name))
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    kept = json.loads(seeded.kubectl("get", f"pod/{name}", "-n", NS, "-o", "json"))["metadata"]
    assert kept["uid"] == pod["metadata"]["uid"]
    assert not kept.get("ownerReferences")
    slices = json.loads(
        seeded.kubectl(
            "get", "endpointslices", "-n", NS, "-l", "kubernetes.io/service-name=web", "-o", "json"
        )
    )
    targets = {e["targetRef"]["name"] for s in slices["items"] for e in s.get("endpoints") or ()}
    assert name not in targets
    assert "tfdash" in seeded.kubectl(
        "get", "events", "-n", NS, "--field-selector=reason=PodIsolate", "-o", "wide"
    )
    seeded.kubectl("delete", f"pod/{name}", "-n", NS, "--wait=false")


def settled(cluster: Cluster, at: Bench, app: str) -> dict[str, Any]:
    """A pod of ``app`` once as many are ready as are wanted, known to the board."""
    cluster.kubectl("rollout", "status", f"deploy/{app}", "-n", NS, "--timeout=60s")
    wanted = int(value(cluster, f"deploy/{app}", "{.spec.replicas}"))
    cluster.wait(lambda: len(pods(cluster, app)) == wanted, f"{wanted} pods of {app}")
    pod = pods(cluster, app)[0]
    at.see(at.subject("Pod", NS, pod["metadata"]["name"]))
    return pod


def test_another_pod_of_the_same_name_is_left_alone(seeded: Cluster, at: Bench) -> None:
    at.see(at.subject("Pod", NS, "db-0"))
    plan = at.plan("pod.delete", at.subject("Pod", NS, "db-0")).plan
    seeded.kubectl("delete", "pod/db-0", "-n", NS, "--grace-period=0", "--force")
    seeded.wait(
        lambda: value(seeded, "pod/db-0", "{.metadata.uid}") not in ("", plan.subject.uid), "another db-0"
    )
    answer = send(at, plan.requests[0])
    assert answer.status == 409
    assert "deletionTimestamp" not in value(seeded, "pod/db-0", "{.metadata}")


def test_the_budget_the_right_and_the_admission(seeded: Cluster, at: Bench) -> None:
    seeded.kubectl("create", "pdb", "none-away", "-n", NS, "--selector=app=lonely", "--max-unavailable=0")
    seeded.wait(lambda: value(seeded, "pdb/none-away", "{.status.expectedPods}") == "2", "the budget")
    pod = settled(seeded, at, "lonely")
    guarded = at.plan("pod.evict", at.subject("Pod", NS, pod["metadata"]["name"]))
    assert "PodDisruptionBudget allows no disruption now" in guarded.refused
    assert "none-away" in guarded.refused
    seeded.apply(_DENY)
    subject = at.subject("Deployment", NS, "guarded")

    def denied() -> bool:
        return not at.plan("workload.restart", subject).allowed

    seeded.wait(denied, "the admission policy")
    guarded = at.plan("workload.restart", subject)
    assert "an admission rule refuses it" in guarded.refused
    assert "frozen by its team" in guarded.refused
    with bench(seeded.kubeconfig("viewer"), "viewer", kinds=("Deployment", "ReplicaSet")) as viewer:
        guarded = viewer.plan("workload.restart", viewer.subject("Deployment", NS, "web"))
        assert "no right to patch deployments.apps" in guarded.refused
        assert viewer.act(guarded)[0].result is Result.REFUSED
    assert "restartedAt" not in value(seeded, "deploy/guarded", "{.spec.template.metadata.annotations}")


def test_a_quota_that_holds_new_pods_back_is_seen(seeded: Cluster) -> None:
    """The restart is accepted and its postcondition does not come true: both are said."""
    seeded.kubectl("create", "quota", "full", "-n", NS, "--hard=pods=1")
    try:
        policy = ActionPolicy(follow=4.0, server_timeout=5.0, settle_margin=1.0)
        with bench(seeded.kubeconfig("admin"), "admin", kinds=KINDS, policy=policy) as quick:
            done = quick.do("workload.restart", quick.subject("Deployment", NS, "held"))
        assert done.result is Result.APPLIED
        assert "NOT seen in time: every pod is new and available" in done.sentence
    finally:
        seeded.kubectl("delete", "quota", "full", "-n", NS)


def test_a_node_is_cordoned_drained_and_uncordoned(seeded: Cluster, at: Bench) -> None:
    pods = json.loads(seeded.kubectl("get", "pods", "-n", NS, "-o", "json"))["items"]
    name = next(
        p["spec"]["nodeName"]
        for p in pods
        if any(o["kind"] == "ReplicaSet" for o in p["metadata"].get("ownerReferences", ()))
    )
    subject = at.subject("Node", "", name)
    assert at.do("node.cordon", subject).result is Result.APPLIED
    assert value(seeded, f"node/{name}", "{.spec.unschedulable}") == "true"
    seeded.kubectl("delete", "pdb", "none-away", "-n", NS)
    guarded = at.plan("node.drain", subject, all="yes", force="yes")
    assert guarded.allowed, guarded.refused
    assert any("DaemonSet" in s for s in guarded.plan.skips)
    done, _ = at.act(guarded)
    assert done.result is Result.APPLIED, done.sentence
    left = json.loads(
        seeded.kubectl("get", "pods", "-A", f"--field-selector=spec.nodeName={name}", "-o", "json")
    )["items"]
    assert {o["kind"] for p in left for o in p["metadata"].get("ownerReferences", ())} <= {"DaemonSet"}
    at.until(
        lambda: "node.uncordon" in {o.action for o in at.actions.offers(subject) if not o.refused},
        "the cordon",
    )
    assert at.do("node.uncordon", subject).result is Result.APPLIED
    assert value(seeded, f"node/{name}", "{.spec.unschedulable}") == ""


def test_the_cluster_s_own_audit_log_joins(seeded: Cluster, at: Bench) -> None:
    """The Audit-ID of the request is the one that is derived from the intent."""
    from tfdash.store.log.canonical import audit_id

    done = at.do("workload.restart", at.subject("Deployment", NS, "web"))
    intent = next(e for e in at.ledger.entries if e.intent == done.entry)
    wanted = audit_id(intent, 0)
    seeded.wait(lambda: wanted in seeded.audit_log.read_text(), "the cluster's own entry", 20)
    line = next(json.loads(row) for row in seeded.audit_log.read_text().splitlines() if wanted in row)
    assert (line["verb"], line["objectRef"]["name"], line["user"]["username"]) == (
        "patch",
        "web",
        "admin@corp",
    )


def test_two_presses_at_once_are_one_action(seeded: Cluster, at: Bench) -> None:
    """Two terminals with plans made of the same facts: the server's own tests let one through."""
    subject = at.subject("Deployment", NS, "lonely")
    release(seeded, at, "Deployment", "lonely", "registry.example.com/lonely:2.0.0")
    generation = int(value(seeded, "deploy/lonely", "{.metadata.generation}"))
    with bench(seeded.kubeconfig("admin"), "admin", kinds=KINDS) as other:
        first, second = at.plan("workload.rollback", subject), other.plan("workload.rollback", subject)
        results: list[Result | None] = []

        def press(one: Bench, guarded: Any) -> None:
            results.append(one.run(one.actions.execute(guarded, confirmed(guarded), lambda p: None)).result)

        threads = [threading.Thread(target=press, args=pair) for pair in ((at, first), (other, second))]
        run: Callable[[threading.Thread], None] = threading.Thread.start
        for thread in threads:
            run(thread)
        for thread in threads:
            thread.join()
    assert sorted(map(str, results)) == ["applied", "refused"]
    assert int(value(seeded, "deploy/lonely", "{.metadata.generation}")) == generation + 1
