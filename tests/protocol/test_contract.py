"""The simulator answers as the real API server does. Every case runs against both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.protocol.conftest import Target
from tests.waiting import until

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
def maps(target: Target, space: str) -> Iterator[str]:
    """The path of the ConfigMaps of the tests' namespace, emptied."""
    path = f"/api/v1/namespaces/{space}/configmaps"
    selector = {"labelSelector": "test=contract"}
    target.admin.request("DELETE", path, params=selector)
    yield path
    target.admin.request("DELETE", path, params=selector)


def config_map(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"test": "contract", **labels}}, "data": {"k": "v"}}


def made(target: Target, path: str, *names: str) -> list[dict[str, Any]]:
    return [target.admin.post(path, json=config_map(name)).raise_for_status().json() for name in names]


SELECT = {"labelSelector": "test=contract"}


@contextmanager
def watching(client: httpx.Client, path: str, **params: str) -> Iterator[Iterator[dict[str, Any]]]:
    query = {"watch": "1", "timeoutSeconds": "60", **SELECT, **params}
    with client.stream("GET", path, params=query) as answer:
        yield (json.loads(line) for line in answer.iter_lines())


def test_version_and_health(target: Target) -> None:
    version = target.admin.get("/version").json()
    assert version["gitVersion"].startswith("v1.37")
    assert target.admin.get("/readyz").text == "ok"


@pytest.mark.parametrize(
    "path", ["/api/v1", "/apis/apps/v1", "/apis/autoscaling/v2", "/apis/policy/v1", "/apis/batch/v1"]
)
def test_discovery_serves_the_kinds_that_are_read(target: Target, path: str) -> None:
    found = target.admin.get(path).json()
    names = {r["name"] for r in found["resources"]}
    wanted = {
        "/api/v1": {"pods", "pods/log", "pods/eviction", "nodes", "namespaces", "events", "services"},
        "/apis/apps/v1": {"deployments", "deployments/scale", "replicasets", "statefulsets", "daemonsets"},
        "/apis/autoscaling/v2": {"horizontalpodautoscalers"},
        "/apis/policy/v1": {"poddisruptionbudgets"},
        "/apis/batch/v1": {"jobs", "cronjobs"},
    }[path]
    assert wanted <= names
    assert found["kind"] == "APIResourceList"


def test_pages_are_one_list(target: Target, maps: str) -> None:
    made(target, maps, *(f"p{i}" for i in range(5)))
    first = target.admin.get(maps, params={**SELECT, "limit": "2"}).json()
    assert [i["metadata"]["name"] for i in first["items"]] == ["p0", "p1"]
    made(target, maps, "p00-late")
    names, token = [], first["metadata"]["continue"]
    while token:
        page = target.admin.get(maps, params={**SELECT, "limit": "2", "continue": token}).json()
        names += [i["metadata"]["name"] for i in page["items"]]
        token = page["metadata"].get("continue")
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert names == ["p2", "p3", "p4"]


def test_a_broken_continue_token_is_refused(target: Target, maps: str) -> None:
    answer = target.admin.get(maps, params={"limit": "2", "continue": "nonsense"})
    assert answer.status_code in (400, 410)
    assert answer.json()["kind"] == "Status"


def test_a_watch_from_a_list_misses_nothing(target: Target, maps: str) -> None:
    [one] = made(target, maps, "w1")
    version = target.admin.get(maps, params=SELECT).json()["metadata"]["resourceVersion"]
    with watching(target.admin, maps, resourceVersion=version) as events:
        made(target, maps, "w2")
        assert (e := next(events))["type"] == "ADDED"
        assert e["object"]["metadata"]["name"] == "w2"
        target.admin.patch(
            f"{maps}/w1", json={"data": {"k": "2"}}, headers={"Content-Type": "application/merge-patch+json"}
        ).raise_for_status()
        changed = next(events)
        assert (changed["type"], changed["object"]["data"]["k"]) == ("MODIFIED", "2")
        assert int(changed["object"]["metadata"]["resourceVersion"]) > int(one["metadata"]["resourceVersion"])
        target.admin.delete(f"{maps}/w2").raise_for_status()
        assert next(events)["type"] == "DELETED"


def test_leaving_a_selector_is_a_deletion_to_its_watch(target: Target, maps: str) -> None:
    made(target, maps, "s1")
    version = target.admin.get(maps, params=SELECT).json()["metadata"]["resourceVersion"]
    with watching(target.admin, maps, resourceVersion=version) as events:
        patch = {"metadata": {"labels": {"test": "other"}}}
        target.admin.patch(f"{maps}/s1", json=patch, headers={"Content-Type": "application/merge-patch+json"})
        assert next(events)["type"] == "DELETED"
    target.admin.delete(f"{maps}/s1")


def test_initial_events_end_with_a_marked_bookmark(target: Target, maps: str) -> None:
    made(target, maps, "i1", "i2")
    params = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    with watching(target.admin, maps, **params) as events:
        assert {next(events)["object"]["metadata"]["name"] for _ in range(2)} == {"i1", "i2"}
        bookmark = next(events)
        assert bookmark["type"] == "BOOKMARK"
        assert bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"


def test_a_watch_ends_at_its_time(target: Target, maps: str) -> None:
    params = {"watch": "1", "timeoutSeconds": "1", **SELECT}
    assert target.admin.get(maps, params=params).status_code == 200


def test_conflicts(target: Target, maps: str) -> None:
    [one] = made(target, maps, "c1")
    again = target.admin.post(maps, json=config_map("c1"))
    assert (again.status_code, again.json()["reason"]) == (409, "AlreadyExists")
    target.admin.put(f"{maps}/c1", json={**one, "data": {"k": "new"}}).raise_for_status()
    stale = target.admin.put(f"{maps}/c1", json={**one, "data": {"k": "old"}})
    assert (stale.status_code, stale.json()["reason"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("kind", "patch", "result"),
    [
        (
            "json-patch",
            [
                {"op": "test", "path": "/data/k", "value": "v"},
                {"op": "replace", "path": "/data/k", "value": "x"},
            ],
            {"k": "x"},
        ),
        ("merge-patch", {"data": {"k": None, "l": "y"}}, {"l": "y"}),
        ("strategic-merge-patch", {"data": {"l": "z"}}, {"k": "v", "l": "z"}),
    ],
)
def test_patches(target: Target, maps: str, kind: str, patch: Any, result: dict[str, str]) -> None:
    made(target, maps, "patched")
    headers = {"Content-Type": f"application/{kind}+json"}
    assert target.admin.patch(f"{maps}/patched", json=patch, headers=headers).json()["data"] == result


def test_a_failed_test_of_a_json_patch_changes_nothing(target: Target, maps: str) -> None:
    made(target, maps, "tested")
    patch = [{"op": "test", "path": "/data/k", "value": "other"}, {"op": "remove", "path": "/data/k"}]
    answer = target.admin.patch(
        f"{maps}/tested", json=patch, headers={"Content-Type": "application/json-patch+json"}
    )
    assert answer.status_code == 422
    assert target.admin.get(f"{maps}/tested").json()["data"] == {"k": "v"}


def test_server_side_apply_owns_fields(target: Target, maps: str) -> None:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map("applied")}
    first = target.admin.patch(
        f"{maps}/applied", params={"fieldManager": "one"}, content=json.dumps(body), headers=headers
    )
    assert first.status_code == 201
    body["data"] = {"k": "other"}
    second = target.admin.patch(
        f"{maps}/applied", params={"fieldManager": "two"}, content=json.dumps(body), headers=headers
    )
    assert (second.status_code, second.json()["reason"]) == (409, "Conflict")
    forced = target.admin.patch(
        f"{maps}/applied",
        params={"fieldManager": "two", "force": "true"},
        content=json.dumps(body),
        headers=headers,
    )
    assert forced.json()["data"] == {"k": "other"}


def test_dry_run_changes_nothing(target: Target, maps: str) -> None:
    answer = target.admin.post(maps, params={"dryRun": "All"}, json=config_map("dry"))
    assert answer.status_code == 201
    assert target.admin.get(f"{maps}/dry").status_code == 404


def test_delete_with_another_uid_is_a_conflict(target: Target, maps: str) -> None:
    made(target, maps, "kept")
    wrong = {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    assert target.admin.request("DELETE", f"{maps}/kept", json=wrong).status_code == 409
    assert target.admin.get(f"{maps}/kept").status_code == 200


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("tier=a", ["l1"]),
        ("tier!=a", ["l2", "l3"]),
        ("tier in (a,b)", ["l1", "l2"]),
        ("tier", ["l1", "l2"]),
        ("!tier", ["l3"]),
        ("tier notin (a)", ["l2", "l3"]),
    ],
)
def test_label_selectors(target: Target, maps: str, selector: str, names: list[str]) -> None:
    for name, labels in (("l1", {"tier": "a"}), ("l2", {"tier": "b"}), ("l3", {})):
        target.admin.post(maps, json=config_map(name, **labels))
    found = target.admin.get(maps, params={"labelSelector": f"test=contract,{selector}"}).json()
    assert [i["metadata"]["name"] for i in found["items"]] == names


def test_who_may_not(target: Target, space: str) -> None:
    refused = target.viewer.delete(f"/api/v1/namespaces/{space}/configmaps/x")
    status = refused.json()
    assert (refused.status_code, status["reason"], status["code"]) == (403, "Forbidden", 403)
    assert 'cannot delete resource "configmaps" in API group ""' in status["message"]
    unknown = httpx.get(
        f"{str(target.admin.base_url).rstrip(chr(47))}/api/v1/pods",
        verify=False,
        headers={"Authorization": "Bearer wrong"},
    )
    assert (unknown.status_code, unknown.json()["reason"]) == (401, "Unauthorized")


def test_self_subject_reviews(target: Target) -> None:
    def may(client: httpx.Client, verb: str, resource: str) -> bool:
        spec = {"resourceAttributes": {"verb": verb, "resource": resource, "namespace": "default"}}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        answer = client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=body)
        return bool(answer.json()["status"]["allowed"])

    assert may(target.viewer, "list", "pods")
    assert not may(target.viewer, "delete", "pods")
    assert may(target.admin, "delete", "pods")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = target.viewer.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json=body)
    assert answer.json()["status"]["userInfo"]["username"] == "viewer@corp"


def test_what_is_not_there(target: Target, space: str) -> None:
    answer = target.admin.get(f"/api/v1/namespaces/{space}/configmaps/none")
    assert (answer.status_code, answer.json()["reason"]) == (404, "NotFound")
    assert target.admin.get("/apis/nowhere/v1/things").status_code == 404


def test_invalid_names_are_422(target: Target, maps: str) -> None:
    answer = target.admin.post(maps, json=config_map("Not_A_Name"))
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("/api/v1/pods", "Name|Ready|Status|Restarts|Age|IP|Node|Nominated Node|Readiness Gates"),
        ("/apis/apps/v1/deployments", "Name|Ready|Up-to-date|Available|Age|Containers|Images|Selector"),
        ("/apis/apps/v1/statefulsets", "Name|Ready|Age|Containers|Images"),
        (
            "/apis/apps/v1/daemonsets",
            "Name|Desired|Current|Ready|Up-to-date|Available|Node Selector|Age|Containers|Images|Selector",
        ),
        ("/apis/apps/v1/replicasets", "Name|Desired|Current|Ready|Age|Containers|Images|Selector"),
        (
            "/api/v1/nodes",
            "Name|Status|Roles|Age|Version|Internal-IP|External-IP|OS-Image|Kernel-Version|Container-Runtime",
        ),
        ("/api/v1/namespaces", "Name|Status|Age"),
        (
            "/apis/autoscaling/v2/horizontalpodautoscalers",
            "Name|Reference|Targets|MinPods|MaxPods|Replicas|Age",
        ),
        (
            "/apis/policy/v1/poddisruptionbudgets",
            "Name|Min Available|Max Unavailable|Allowed Disruptions|Age",
        ),
        ("/api/v1/services", "Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector"),
    ],
)
def test_tables(target: Target, path: str, columns: str) -> None:
    answer = target.admin.get(path, params={"includeObject": "None"}, headers={"Accept": TABLE})
    table = answer.json()
    assert table["kind"] == "Table"
    assert "|".join(c["name"] for c in table["columnDefinitions"]) == columns
    for row in table["rows"] or []:
        assert len(row["cells"]) == len(table["columnDefinitions"])
        assert row.get("object") is None


def test_a_deployment_is_rolled_out_scaled_and_rolled_back(target: Target, space: str) -> None:
    """On the real one without nodes the pods stay Pending: what the controllers write is compared, not that it runs."""
    path = f"/apis/apps/v1/namespaces/{space}/deployments"
    container = {"name": "main", "image": "registry.example.com/contract:1"}
    template = {"metadata": {"labels": {"app": "contract"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "contract"}}, "template": template}
    target.admin.delete(f"{path}/contract")
    made_ = (
        target.admin.post(path, json={"metadata": {"name": "contract"}, "spec": spec})
        .raise_for_status()
        .json()
    )
    assert made_["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert made_["spec"]["progressDeadlineSeconds"] == 600
    revision = "deployment.kubernetes.io/revision"

    def seen(predicate: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def looked() -> bool:
            found.clear()
            found.update(target.admin.get(f"{path}/contract").json())
            return bool(predicate(found))

        until(looked, lambda: f"what was asked for: {json.dumps(found)[:2000]}")
        return found

    first = seen(lambda d: d["metadata"].get("annotations", {}).get(revision) == "1")
    seen(lambda d: d["status"].get("observedGeneration") == first["metadata"]["generation"])
    patch = {
        "spec": {
            "template": {
                "spec": {"containers": [{"name": "main", "image": "registry.example.com/contract:2"}]}
            }
        }
    }
    target.admin.patch(
        f"{path}/contract", json=patch, headers={"Content-Type": "application/strategic-merge-patch+json"}
    )
    second = seen(lambda d: d["metadata"]["annotations"].get(revision) == "2")
    assert second["metadata"]["generation"] > first["metadata"]["generation"]
    scale = target.admin.get(f"{path}/contract/scale").json()
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 2)
    scale["spec"]["replicas"] = 3
    del scale["metadata"]["resourceVersion"]  # the controller may write the status at this very moment
    target.admin.put(f"{path}/contract/scale", json=scale).raise_for_status()
    seen(lambda d: d["spec"]["replicas"] == 3)
    sets = target.admin.get(
        f"/apis/apps/v1/namespaces/{space}/replicasets", params={"labelSelector": "app=contract"}
    ).json()
    assert sorted(s["metadata"]["annotations"][revision] for s in sets["items"]) == ["1", "2"]
    assert all(s["metadata"]["ownerReferences"][0]["kind"] == "Deployment" for s in sets["items"])
    pods = target.admin.get(
        f"/api/v1/namespaces/{space}/pods", params={"labelSelector": "app=contract"}
    ).json()
    assert all("pod-template-hash" in p["metadata"]["labels"] for p in pods["items"])
    target.admin.delete(f"{path}/contract")
