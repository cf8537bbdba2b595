"""Workloads, pods and nodes acted on against the simulated platform, by the action service that the screens use."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
import pytest

from tests.unit.actions.acting import CLOSED, OPEN, REF, Bench, bench, confirmed
from tests.waiting import until
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.protocols import Offer, PlanRefused
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import FreezeRule, Progress, Result
from tfdash.model.kube import Pod
from tfdash.model.store_state import StoreState, VerifiedGood
from tfdash.sources.kubernetes.kubeconfig import resolve

NS = "tf-production"


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=10.0)) as running:
        yield running


@pytest.fixture(scope="module")
def at(demo: DemoProcess) -> Iterator[Bench]:
    with bench(demo.kubeconfig, "production") as found:
        yield found


@contextmanager
def admin_of(demo: DemoProcess, context: str) -> Iterator[httpx.Client]:
    """Plain HTTP, none of tfdash's clients: what the platform says afterwards."""
    access = resolve(str(demo.kubeconfig), context)
    tls = ssl.create_default_context(cadata=(access.ca or b"").decode()) if access.ca else False
    headers = {"Authorization": f"Bearer {access.token}"}
    with httpx.Client(
        base_url=access.server, verify=tls, headers=headers, timeout=60, trust_env=False
    ) as client:
        yield client


@pytest.fixture(scope="module")
def admin(demo: DemoProcess) -> Iterator[httpx.Client]:
    with admin_of(demo, "production") as client:
        yield client


def deployment(admin: httpx.Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = admin.get(f"/apis/apps/v1/namespaces/{NS}/deployments/{name}").json()
    return found


def patched(admin: httpx.Client, name: str, body: Any) -> None:
    answer = admin.patch(
        f"/apis/apps/v1/namespaces/{NS}/deployments/{name}",
        json=body,
        headers={"Content-Type": "application/strategic-merge-patch+json"},
    )
    assert answer.is_success, answer.text


def new_image(admin: httpx.Client, at: Bench, name: str, image: str) -> dict[str, Any]:
    """Release ``image`` and wait until the board knows; returns the template before."""
    before = deployment(admin, name)["spec"]["template"]
    container = before["spec"]["containers"][0]["name"]
    patched(
        admin, name, {"spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}}}
    )
    subject = at.subject("Deployment", NS, name)

    def seen() -> bool:
        obj: Any = at.board.picture.clusters[REF].objects("Deployment")[subject.key]
        return bool(obj.template.containers[0].image == image)

    at.until(seen, f"{name} with {image}")
    return dict(before)


def pods_of(at: Bench, name: str) -> list[Any]:
    pods: Any = at.board.picture.clusters[REF].objects("Pod").values()
    return [p for p in pods if p.labels.get("app") == name and p.deleting is None and p.phase == "Running"]


def test_a_rollback_puts_the_revision_before_back(at: Bench, admin: httpx.Client) -> None:
    before = new_image(admin, at, "checkout", "registry.terrafusion.example/checkout:9.9.9")
    guarded = at.plan("workload.rollback", at.subject("Deployment", NS, "checkout"))
    assert guarded.allowed
    assert "UNVERIFIED" in guarded.plan.after
    assert any("9.9.9" in line and line.startswith("- ") for line in guarded.plan.diff)
    assert guarded.plan.freeze is FreezeRule.EXEMPT
    done, told = at.act(guarded)
    assert (done.stage, done.result) == ("done", Result.APPLIED), done.sentence
    assert all(held for _, held in done.posts)
    assert deployment(admin, "checkout")["spec"]["template"]["spec"] == before["spec"]
    assert [p.stage for p in told][:4] == ["checking", "recording", "sending", "verifying"]


def test_a_rollback_goes_back_to_the_last_verified_good(at: Bench, admin: httpx.Client) -> None:
    subject = at.subject("Deployment", NS, "checkout")
    good = new_image(admin, at, "checkout", "registry.terrafusion.example/checkout:9.9.10")
    new_image(admin, at, "checkout", "registry.terrafusion.example/checkout:9.9.11")
    remembered = VerifiedGood(
        subject=subject,
        template=json.dumps(good),
        template_hash="x",
        images=(),
        at=1_700_000_000.0,
        by="rules",
    )
    at.board.put_store_state(StoreState(verified={subject: remembered}))
    try:
        guarded = at.plan("workload.rollback", subject)
        assert "last verified good, Tue 14 Nov 22:13 UTC by rules" in guarded.plan.after
        assert at.act(guarded)[0].result is Result.APPLIED
        assert deployment(admin, "checkout")["spec"]["template"]["spec"] == good["spec"]
        with pytest.raises(PlanRefused, match="revision 1 is not kept"):
            at.plan("workload.rollback", subject, revision="1")
        other = at.plan("workload.rollback", subject)  # the verified one runs: another is labelled
        assert "UNVERIFIED" in other.plan.after
    finally:
        at.board.put_store_state(StoreState())


def test_a_template_that_changed_meanwhile_refuses_and_says_so(at: Bench, admin: httpx.Client) -> None:
    subject = at.subject("Deployment", NS, "documents")
    new_image(admin, at, "documents", "registry.terrafusion.example/documents:9.1")
    guarded = at.plan("workload.rollback", subject)
    new_image(admin, at, "documents", "registry.terrafusion.example/documents:9.2")
    done, _ = at.act(guarded)
    assert done.result is Result.REFUSED
    assert "spec.template changed" in done.sentence
    assert "documents:9.2" in str(deployment(admin, "documents")["spec"]["template"])
    again = at.run(at.actions.refresh(guarded.plan))
    assert again.changed == ("spec.template changed",)
    assert again.allowed


def test_the_same_plan_is_carried_out_once(at: Bench, admin: httpx.Client) -> None:
    subject = at.subject("Deployment", NS, "billing")
    guarded = at.plan("workload.restart", subject)
    before = deployment(admin, "billing")["metadata"]["generation"]

    async def twice() -> tuple[Progress, Progress]:
        told = confirmed(guarded)
        first = at.actions.execute(guarded, told, lambda p: None)
        second = at.actions.execute(guarded, told, lambda p: None)
        found = await asyncio.gather(first, second)
        return found[0], found[1]

    first, second = at.run(twice(), 90)
    assert first.result is second.result is Result.APPLIED
    assert deployment(admin, "billing")["metadata"]["generation"] == before + 1


def test_hold_and_release(at: Bench, admin: httpx.Client) -> None:
    subject = at.subject("Deployment", NS, "auth")
    assert at.do("workload.hold", subject).result is Result.APPLIED
    assert deployment(admin, "auth")["spec"]["paused"] is True
    assert "tfdash" in {e["manager"] for e in deployment(admin, "auth")["metadata"]["managedFields"]}

    def offers() -> dict[str, Offer]:
        return {o.action: o for o in at.actions.offers(subject)}

    at.until(lambda: "workload.release" in offers(), "the hold to be seen")
    assert "workload.hold" not in offers()
    assert at.do("workload.release", subject).result is Result.APPLIED
    assert not deployment(admin, "auth")["spec"].get("paused")
    managers = {e["manager"] for e in deployment(admin, "auth")["metadata"]["managedFields"]}
    assert "tfdash" not in managers  # a restore gives its fields back
    at.until(lambda: "workload.hold" in offers(), "the release to be seen")


def test_what_is_held_goes_back_and_is_released_by_it(at: Bench, admin: httpx.Client) -> None:
    subject = at.subject("Deployment", NS, "auth")
    before = deployment(admin, "auth")["spec"]["template"]["spec"]
    assert at.do("workload.hold", subject).result is Result.APPLIED
    at.until(
        lambda: "workload.release" in {o.action for o in at.actions.offers(subject)}, "the hold to be seen"
    )
    new_image(admin, at, "auth", "registry.terrafusion.example/auth:9.9.9")
    done = at.do("workload.rollback", subject)
    assert (done.result, all(held for _, held in done.posts)) == (Result.APPLIED, True), done.sentence
    found = deployment(admin, "auth")["spec"]
    assert (bool(found.get("paused")), found["template"]["spec"]) == (False, before)


def unscaled(at: Bench) -> str:
    """A Deployment without an HPA."""
    cluster = at.board.picture.clusters[REF]
    scaled = {getattr(h, "target_name", "") for h in cluster.objects("HorizontalPodAutoscaler").values()}
    return next(k.name for k in cluster.objects("Deployment") if k.namespace == NS and k.name not in scaled)


def test_scale_up_is_exempt_and_down_is_frozen(at: Bench, admin: httpx.Client) -> None:
    name = unscaled(at)
    subject = at.subject("Deployment", NS, name)
    size = deployment(admin, name)["spec"]["replicas"]
    at.judge.calendar = CLOSED
    try:
        up = at.plan("workload.scale", subject, replicas=size + 1)
        assert (up.plan.freeze, up.refused) == (FreezeRule.EXEMPT, "")
        assert at.act(up)[0].result is Result.APPLIED
        assert deployment(admin, name)["spec"]["replicas"] == size + 1
        at.board.put_store_state(StoreState())  # have it judged by the closed calendar
        at.until(lambda: at.board.assessment.calendar is CLOSED, "the closed calendar")
        down = at.plan("workload.scale", subject, replicas=size)
        assert down.refused == "closed: blackout"
        assert down.checks[-1].id != "dry-run"
        assert at.act(down)[0].result is Result.REFUSED
        assert at.ledger.entries[-1].kind == "refusal"
        assert deployment(admin, name)["spec"]["replicas"] == size + 1
    finally:
        at.judge.calendar = OPEN
        at.board.put_store_state(StoreState())
        at.until(lambda: at.board.assessment.calendar is OPEN, "the open calendar")
    assert at.do("workload.scale", subject, replicas=size).result is Result.APPLIED


def test_an_autoscaler_s_bounds_are_set_instead(at: Bench, admin: httpx.Client) -> None:
    subject = at.subject("Deployment", NS, "auth")
    path = f"/apis/autoscaling/v2/namespaces/{NS}/horizontalpodautoscalers/auth"
    before = admin.get(path).json()["spec"]
    wanted = before["maxReplicas"] + 1
    guarded = at.plan("workload.scale", subject, minimum=before["minReplicas"], maximum=wanted)
    assert guarded.plan.subject.kind == "HorizontalPodAutoscaler"
    assert (guarded.plan.typed, guarded.plan.freeze) == ("auth", FreezeRule.EXEMPT)
    assert at.act(guarded)[0].result is Result.APPLIED
    assert admin.get(path).json()["spec"]["maxReplicas"] == wanted


def test_a_pod_is_deleted_by_its_uid(at: Bench, admin: httpx.Client) -> None:
    pod = pods_of(at, "checkout")[0]
    subject = at.subject("Pod", NS, pod.name)
    done = at.do("pod.delete", subject)
    assert done.result is Result.APPLIED, done.sentence
    found = admin.get(f"/api/v1/namespaces/{NS}/pods/{pod.name}")
    assert found.status_code == 404 or found.json()["metadata"]["uid"] != pod.uid
    events = admin.get(f"/api/v1/namespaces/{NS}/events").json()["items"]
    mine = [e for e in events if e.get("source", {}).get("component") == "tfdash"]
    assert any(e["involvedObject"]["uid"] == pod.uid and e["reason"] == "PodDelete" for e in mine)


def test_a_pod_is_isolated_and_another_takes_its_place(at: Bench, admin: httpx.Client) -> None:
    at.until(lambda: len(pods_of(at, "checkout")) > 1, "pods of checkout")
    pod = pods_of(at, "checkout")[0]
    done = at.do("pod.isolate", at.subject("Pod", NS, pod.name))
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts)
    found = admin.get(f"/api/v1/namespaces/{NS}/pods/{pod.name}").json()["metadata"]
    assert "app" not in found["labels"]
    assert found["labels"]["tfdash.io/isolated"] == "true"
    assert json.loads(found["annotations"]["tfdash.io/isolated-labels"])["app"] == "checkout"
    assert not [o for o in found.get("ownerReferences") or () if o.get("controller")]


def test_a_pod_of_a_stateful_set_is_not_isolated(at: Bench) -> None:
    pods: Any = at.board.picture.clusters[REF].objects("Pod").values()
    pod = next(p for p in pods if p.owner is not None and p.owner.kind == "StatefulSet")
    subject = at.subject("Pod", pod.namespace, pod.name)
    offer = next(o for o in at.actions.offers(subject) if o.action == "pod.isolate")
    assert "name is taken" in offer.refused
    with pytest.raises(PlanRefused, match="name is taken"):
        at.plan("pod.isolate", subject)


def test_an_eviction_asks_the_budget(at: Bench, admin: httpx.Client) -> None:
    path = f"/apis/policy/v1/namespaces/{NS}/poddisruptionbudgets"
    body = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "none-away", "namespace": NS},
        "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "documents"}}},
    }
    for budget in admin.get(path).json()["items"]:  # two that select one pod are refused for another reason
        if budget["spec"]["selector"].get("matchLabels", {}).get("app") == "documents":
            admin.delete(f"{path}/{budget['metadata']['name']}")
    assert admin.post(path, json=body).is_success
    budget = f"{path}/none-away"
    until(lambda: admin.get(budget).json().get("status", {}).get("expectedPods"), "the budget's controller")
    pod = pods_of(at, "documents")[0]
    guarded = at.plan("pod.evict", at.subject("Pod", NS, pod.name))
    assert not guarded.allowed
    assert "PodDisruptionBudget allows no disruption now" in guarded.refused
    admin.delete(budget)
    done = at.do("pod.evict", at.subject("Pod", NS, pod.name))
    assert done.result is Result.APPLIED, done.sentence


def test_a_cordoned_node_with_nothing_to_evict_is_drained_without_a_request(
    at: Bench, admin: httpx.Client
) -> None:
    def on_it() -> list[Pod]:
        pods = at.board.picture.clusters[REF].objects("Pod").values()
        return [
            p
            for p in pods
            if isinstance(p, Pod) and p.node == name and not (p.owner and p.owner.kind == "DaemonSet")
        ]

    name = next(iter(at.board.picture.clusters[REF].objects("Node"))).name
    subject = at.subject("Node", "", name)
    assert at.do("node.cordon", subject).result is Result.APPLIED
    for pod in on_it():
        admin.delete(f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}?gracePeriodSeconds=0")
    at.until(lambda: not on_it(), "the pods to go")
    guarded = at.plan("node.drain", subject, all="yes", delete_emptydir_data="yes", force="yes")
    assert guarded.plan.requests == ()
    done, _ = at.act(guarded)
    assert (done.result, "nothing had to be sent" in done.sentence) == (Result.APPLIED, True), done.sentence


def test_a_node_is_cordoned_drained_and_uncordoned(at: Bench, admin: httpx.Client) -> None:
    cluster = at.board.picture.clusters[REF]
    nodes: Any = cluster.objects("Node").values()
    pods: Any = list(cluster.objects("Pod").values())
    count = {
        n.name: sum(p.node == n.name and bool(p.owner) and p.owner.kind != "DaemonSet" for p in pods)
        for n in nodes
    }
    name = min((n for n in count if count[n]), key=count.__getitem__)
    subject = at.subject("Node", "", name)
    assert at.do("node.cordon", subject).result is Result.APPLIED
    assert admin.get(f"/api/v1/nodes/{name}").json()["spec"]["unschedulable"] is True
    guarded = at.plan("node.drain", subject, all="yes", delete_emptydir_data="yes", force="yes")
    assert guarded.allowed, guarded.refused
    done, told = at.act(guarded)
    assert done.result in (Result.APPLIED, Result.FAILED), done.sentence
    evicted = [name for name, outcome in done.items if outcome == "evicted"]
    assert evicted
    noted = [e.sentence for e in at.ledger.entries if e.kind == "note" and e.intent == done.entry]
    assert sorted(noted) == sorted(f"{item}: {outcome}" for item, outcome in done.items)
    assert any(p.stage == "sending" and p.items for p in told)
    at.until(
        lambda: "node.uncordon" in {o.action for o in at.actions.offers(subject) if not o.refused},
        "the cordon",
    )
    assert at.do("node.uncordon", subject).result is Result.APPLIED


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"typed": "chekout"}, "the name was to be typed"),
        ({"plan_digest": "0"}, "another plan"),
        ({"choices": ("suspend-keeper",)}, "was chosen is not in the plan"),
    ],
)
def test_what_was_not_confirmed_is_refused(at: Bench, given: dict[str, Any], told: str) -> None:
    guarded = at.plan("workload.restart", at.subject("Deployment", NS, "checkout"))
    done, _ = at.act(guarded, **given)
    assert done.result is Result.REFUSED
    assert told in done.sentence
    assert at.ledger.entries[-1].sentence == done.sentence


def test_a_plan_that_was_tampered_with_or_expired_is_refused(at: Bench) -> None:
    guarded = at.plan("workload.restart", at.subject("Deployment", NS, "checkout"))
    other = msgspec.structs.replace(
        guarded.plan, requests=(msgspec.structs.replace(guarded.plan.requests[0], path="/api/v1/nodes/n"),)
    )
    forged = msgspec.structs.replace(guarded, plan=other)
    assert "not what it was" in at.act(forged)[0].sentence
    late = msgspec.structs.replace(guarded.plan, id="late", expires_at=1.0)
    assert "not made here" in at.act(msgspec.structs.replace(guarded, plan=late))[0].sentence


def test_the_ledger_is_down(at: Bench, admin: httpx.Client) -> None:
    """A rollback goes on, loudly, with an Event; what is frozen does not."""
    subject = at.subject("Deployment", NS, "auth")
    at.ledger.down = "the disk is full"
    try:
        new_image(admin, at, "auth", "registry.terrafusion.example/auth:9.9.1")
        done = at.do("workload.rollback", subject)
        assert done.result is Result.APPLIED
        assert done.entry == ""
        assert "UNRECORDED: the disk is full" in done.sentence
        events = admin.get(f"/api/v1/namespaces/{NS}/events").json()["items"]
        assert any("UNRECORDED" in e["message"] and "(begins)" in e["message"] for e in events)
        name = unscaled(at)
        size = deployment(admin, name)["spec"]["replicas"]
        down = at.plan("workload.scale", at.subject("Deployment", NS, name), replicas=size - 1)
        refused, _ = at.act(down)
        assert refused.result is Result.REFUSED
        assert "nothing durable" in refused.sentence
        assert deployment(admin, name)["spec"]["replicas"] == size
    finally:
        at.ledger.down = ""


def test_the_viewer_is_told_that_it_has_no_right(demo: DemoProcess) -> None:
    with bench(demo.kubeconfig, "production-viewer", kinds=("Deployment", "ReplicaSet")) as viewer:
        guarded = viewer.plan("workload.restart", viewer.subject("Deployment", NS, "checkout"))
        assert "no right to patch deployments.apps in tf-production" in guarded.refused
        done, _ = viewer.act(guarded)
        assert done.result is Result.REFUSED


def test_a_read_only_service_describes_and_refuses(demo: DemoProcess) -> None:
    with bench(demo.kubeconfig, "production", mode=Mode(), kinds=("Deployment", "ReplicaSet")) as reading:
        subject = reading.subject("Deployment", NS, "checkout")
        assert reading.actions.mode.text == "READ-ONLY"
        assert not hasattr(reading.actions, "_parts")
        offers = reading.actions.offers(subject)
        assert offers
        assert all("read-only" in o.refused for o in offers if o.action != "workload.rollback")
        guarded = reading.plan("workload.restart", subject)
        assert "read-only" in guarded.refused
        assert reading.act(guarded)[0].result is Result.REFUSED


def test_elevation_ends(demo: DemoProcess) -> None:
    now = [100.0]
    mode = Mode(acts=True, lasts=300.0, clock=lambda: now[0])
    with bench(demo.kubeconfig, "production", mode=mode, kinds=("Deployment", "ReplicaSet")) as elevated:
        subject = elevated.subject("Deployment", NS, "checkout")
        assert elevated.actions.mode.text == "ELEVATED 05:00"
        guarded = elevated.plan("workload.restart", subject)
        assert guarded.allowed
        now[0] += 301.0
        assert elevated.actions.mode.text == "READ-ONLY"
        done, _ = elevated.act(guarded)
        assert (done.result, done.sentence) == (Result.REFUSED, "the elevation is over: start it anew to act")
