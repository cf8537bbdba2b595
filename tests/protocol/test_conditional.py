"""What the gate rests on, asked of both: dry runs that are dry, and JSON Patch tests of what is there and of what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.protocol.conftest import Target
from tests.unit.store.helpers import REF
from tfdash.actions.kubernetes.scaling import scale_request
from tfdash.model.subject import Subject

JSON_PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture
def one(target: Target, space: str) -> Any:
    path = f"/api/v1/namespaces/{space}/configmaps"
    made = (
        target.admin.post(path, json={"metadata": {"name": "tested"}, "data": {"k": "v"}})
        .raise_for_status()
        .json()
    )
    yield made
    target.admin.request("DELETE", f"{path}/tested")


def at(space: str, name: str = "tested") -> str:
    return f"/api/v1/namespaces/{space}/configmaps/{name}"


def test_a_deletion_is_dry_by_its_body_alone_where_it_has_one(target: Target, space: str, one: Any) -> None:
    uid = {"preconditions": {"uid": one["metadata"]["uid"]}}
    dry = target.admin.request("DELETE", at(space), json={**uid, "dryRun": ["All"]})
    assert dry.is_success
    assert target.admin.get(at(space)).is_success
    assert target.admin.request("DELETE", at(space), params={"dryRun": "All"}).is_success
    assert target.admin.get(at(space)).is_success
    ignored = target.admin.request("DELETE", at(space), params={"dryRun": "All"}, json=uid)
    assert ignored.is_success
    assert target.admin.get(at(space)).status_code == 404  # the trap: the query is not read beside a body


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"op": "test", "path": "/data/k", "value": "v"}, 200),
        ({"op": "test", "path": "/data/k", "value": "w"}, 422),
        ({"op": "test", "path": "/data/k", "value": None}, 422),
        ({"op": "test", "path": "/data/none", "value": None}, 200),  # absent or null
        ({"op": "test", "path": "/data/none", "value": "v"}, 422),
        ({"op": "test", "path": "/metadata/annotations", "value": None}, 200),
        ({"op": "test", "path": "/data", "value": {"k": "v"}}, 200),
        ({"op": "test", "path": "/data", "value": {"k": "v", "l": "x"}}, 422),
        ({"op": "remove", "path": "/data/none"}, 422),
        ({"op": "replace", "path": "/data/none", "value": "x"}, 200),  # RFC 6902 says otherwise
    ],
)
def test_a_patch_s_operations(target: Target, space: str, one: Any, operation: Any, status: int) -> None:
    change = {"op": "add", "path": "/data/changed", "value": "yes"}
    answer = target.admin.patch(at(space), json=[operation, change], headers=JSON_PATCH)
    assert answer.status_code == status
    assert ("changed" in target.admin.get(at(space)).json()["data"]) is (status == 200)
    if status == 422:
        assert not answer.json().get("details", {}).get("causes")


def test_what_is_at_0_is_started_while_it_is_at_0(target: Target, space: str) -> None:
    """A Scale shows no 0: a patch that tests for it finds nothing, and sets nothing in its place."""
    path = f"/apis/apps/v1/namespaces/{space}/deployments"
    template = {
        "metadata": {"labels": {"app": "idle"}},
        "spec": {"containers": [{"name": "main", "image": "a"}]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "idle"}}, "template": template}
    made = (
        target.admin.post(path, json={"metadata": {"name": "idle"}, "spec": spec}).raise_for_status().json()
    )
    uid = made["metadata"]["uid"]
    request = scale_request(Subject(REF, "Deployment", space, "idle", uid), made, 2, "")

    def sent() -> int:
        body = json.loads(request.body)
        return target.admin.patch(request.path, json=body, headers=JSON_PATCH).status_code

    try:
        assert target.admin.get(f"{path}/idle/scale").json()["spec"] == {}
        assert (sent(), target.admin.get(f"{path}/idle").json()["spec"]["replicas"]) == (200, 2)
        assert (sent(), target.admin.get(f"{path}/idle").json()["spec"]["replicas"]) == (422, 2)
    finally:
        target.admin.delete(f"{path}/idle")


def test_the_audit_id_that_is_given_is_kept(target: Target, space: str, one: Any) -> None:
    wanted = "5f1c0c8e-7b5e-5c1d-9f53-0d8a7c7a2c11"
    assert target.admin.get(at(space), headers={"Audit-ID": wanted}).headers["audit-id"] == wanted
