"""A namespace of the simulated platform goes to nothing and comes back exactly, although half of it failed at first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.unit.actions.acting import bench
from tests.unit.actions.test_sim import admin_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused
from tfdash.demo.options import MARK, DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import Result
from tfdash.playbook.resources.hours import HoursSettings, hours_in
from tfdash.playbook.resources.scaled_down import MEMORY

NS = "tf-staging"
NEVER_UP = HoursSettings(days=frozenset(), label=MARK)
HOURS = {"production": hours_in("production", "America/New_York", NEVER_UP)}
LISTS = ("apps/v1", "deployments"), ("apps/v1", "statefulsets"), ("batch/v1", "cronjobs")


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=60.0)) as running:
        yield running


@pytest.fixture(scope="module")
def admin(demo: DemoProcess) -> Iterator[httpx.Client]:
    with admin_of(demo, "staging") as client:
        yield client


def objects(admin: httpx.Client) -> dict[str, dict[str, Any]]:
    found = {}
    for api, resource in LISTS:
        for one in admin.get(f"/apis/{api}/namespaces/{NS}/{resource}").json()["items"]:
            found[f"/apis/{api}/namespaces/{NS}/{resource}/{one['metadata']['name']}"] = one
    return found


def sizes(admin: httpx.Client) -> dict[str, Any]:
    return {
        path: one["spec"].get("replicas", one["spec"].get("suspend")) for path, one in objects(admin).items()
    }


def memories(admin: httpx.Client) -> dict[str, str]:
    notes = {path: one["metadata"].get("annotations") or {} for path, one in objects(admin).items()}
    return {path: found[MEMORY] for path, found in notes.items() if MEMORY in found}


def applied(admin: httpx.Client, path: str, replicas: int, force: bool) -> httpx.Response:
    """As the owner of the manifest does with server-side apply."""
    name = path.rpartition("/")[2]
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NS},
        "spec": {"replicas": replicas},
    }
    return admin.patch(
        path,
        params={"fieldManager": "owner", **({"force": "true"} if force else {})},
        content=json.dumps(manifest),
        headers={"Content-Type": "application/apply-patch+yaml"},
    )


def test_a_namespace_goes_to_nothing_and_comes_back_exactly(demo: DemoProcess, admin: httpx.Client) -> None:
    before = sizes(admin)
    scalers = admin.get(f"/apis/autoscaling/v2/namespaces/{NS}/horizontalpodautoscalers").json()["items"]
    sized = {one["spec"]["scaleTargetRef"]["name"] for one in scalers}
    assert sized
    moved, owned, *_ = (
        p for p, size in before.items() if "/deployments/" in p and size and p.rpartition("/")[2] not in sized
    )
    assert applied(admin, owned, before[owned], force=True).status_code == 200
    policy = ActionPolicy(follow=0.0, server_timeout=5.0, settle_margin=1.0, hours=HOURS)
    with bench(demo.kubeconfig, "staging", policy=policy) as at:
        namespace = at.subject("Namespace", "", NS)
        at.see(namespace)
        plan = at.plan("namespace.scale-down", namespace)
        assert plan.allowed, plan.refused
        patch = {"spec": {"replicas": before[moved] + 1}}  # its autoscaler, or a person, in between
        answer = admin.patch(
            moved, content=json.dumps(patch), headers={"Content-Type": "application/merge-patch+json"}
        )
        assert answer.status_code == 200
        done = at.act(plan)[0]
        assert (
            done.result is Result.FAILED
            and dict(done.items)[f"Deployment {NS}/{moved.rpartition('/')[2]}"] != "done"
        )
        assert moved not in memories(admin) and memories(admin)[owned] == str(before[owned])
        done = at.do("namespace.scale-down", namespace)  # goes on with what is left
        assert (done.result, done.posts[0][1]) == (Result.APPLIED, True), done.sentence
        assert set(sizes(admin).values()) <= {0, True}
        assert memories(admin)[owned] == str(before[owned])
        assert applied(admin, owned, before[owned], force=False).status_code == 409  # meanwhile it is told
        with pytest.raises(PlanRefused, match="nothing in it runs"):
            at.plan("namespace.scale-down", namespace)
        with bench(
            demo.kubeconfig, "staging", policy=policy
        ) as other:  # another terminal, with a log of its own
            other.see(namespace)
            plan = other.plan("namespace.restore", namespace)
            told = {line.removeprefix("+ ") for line in plan.plan.diff if line.startswith("+")}
            was = {p.split("/")[-1]: size for p, size in memories(admin).items() if size.isdecimal()}
            assert {f"Deployment {n} replicas: {size}" for n, size in was.items() if n in sized} <= told
            done = other.act(plan)[0]
        assert done.result is Result.APPLIED, done.sentence
        assert done.posts[0][1], done.sentence
    after = sizes(admin)
    its_own = {
        path for path in after if path.rpartition("/")[2] in sized
    }  # and what an autoscaler made of it since
    assert all(after[path] for path in its_own)
    assert after == before | {moved: before[moved] + 1} | {path: after[path] for path in its_own}
    assert memories(admin) == {}
    assert applied(admin, owned, before[owned], force=False).status_code == 200
    managers = {
        m["manager"] for o in objects(admin).values() for m in o["metadata"].get("managedFields") or ()
    }
    assert "tfdash" not in managers
