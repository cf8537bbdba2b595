"""A conditional patch changes what it says, only while what was decided upon stands; read back, it is told apart."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.actions.things import REF
from tfdash.actions.kubernetes.patches import (
    UID,
    by_marks,
    conditional,
    map_changes,
    marks_of,
    put,
    still_stands,
    took_effect,
)
from tfdash.actions.kubernetes.paths import attributes_of, path_of
from tfdash.actions.kubernetes.scaling import scale_request
from tfdash.demo.apiserver.patch.simple import PatchRefused, json_patch
from tfdash.demo.apiserver.scaling import scale_of
from tfdash.model.action import Request
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical_at
from tfdash.writers.allowed import NotAllowed, check_allowed

WEB = Subject(REF, "Deployment", "shop", "web", "u1")
names = st.text("ab/~.", min_size=1, max_size=4)
maps = st.dictionaries(names, st.text("xy", max_size=2), max_size=4)


def documents(annotations: dict[str, str] | None, replicas: int, paused: bool | None) -> dict[str, Any]:
    meta: dict[str, Any] = {"uid": "u1", "name": "web"}
    if annotations is not None:
        meta["annotations"] = annotations
    spec: dict[str, Any] = {"replicas": replicas, "template": {"spec": {"containers": [{"image": "a"}]}}}
    if paused is not None:
        spec["paused"] = paused
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


objects = st.builds(documents, st.none() | maps, st.integers(0, 3), st.none() | st.booleans())
FACTS = (UID, "/spec/template", "/spec/paused")
_META = {"namespace": "shop", "resourceVersion": "1", "creationTimestamp": "2026-11-30T06:00:00Z"}


def patch(document: dict[str, Any], wanted: dict[str, str], image: str) -> Request:
    changes = [
        *map_changes(document, ("metadata", "annotations"), wanted),
        *put(document, "/spec/template", {"spec": {"containers": [{"image": image}]}}),
    ]
    return conditional("/x", document, FACTS, changes, "", WEB)


@given(objects, maps)
def test_it_changes_what_it_says_and_nothing_else(document: dict[str, Any], wanted: dict[str, str]) -> None:
    request = patch(document, wanted, "b")
    after = json_patch(copy.deepcopy(document), json.loads(request.body))
    assert (after["metadata"].get("annotations") or {}) == wanted
    assert after["spec"]["template"] == {"spec": {"containers": [{"image": "b"}]}}
    assert after["spec"]["replicas"] == document["spec"]["replicas"]
    assert took_effect(request, after) is True
    assert by_marks(marks_of(request), after, request) is True
    assert took_effect(request, document) is False
    assert still_stands(request, document)
    assert by_marks(marks_of(request), document, request) is False


@given(objects, objects, maps)
def test_it_is_refused_exactly_where_a_fact_differs(
    first: dict[str, Any], second: dict[str, Any], wanted: dict[str, str]
) -> None:
    second["spec"]["replicas"] = 9  # a status or a size that changed is no reason
    request = conditional("/x", first, FACTS, put(first, "/spec/replicas", 5), "", WEB)
    same = all(
        canonical_at(first, p) == canonical_at(second, p)
        or {canonical_at(first, p), canonical_at(second, p)} <= {"", "null"}
        for p in FACTS
    )
    try:
        json_patch(copy.deepcopy(second), json.loads(request.body))
        refused = False
    except PatchRefused:
        refused = True
    assert refused is not same
    assert still_stands(request, second) is same


@given(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3))
def test_a_size_is_set_exactly_where_it_is_what_it_was(was: int, now: int, wanted: int) -> None:
    """By the scale subresource, which does not show a 0."""
    request = scale_request(WEB, documents(None, was, None), wanted, "")
    document = documents(None, now, None)
    held = scale_of({**document, "metadata": {**_META, **document["metadata"]}})
    try:
        after = json_patch(held, json.loads(request.body))["spec"]["replicas"]
    except PatchRefused:
        after = None
    assert after == (wanted if now == was else None)
    marks = marks_of(request)
    assert still_stands(request, document) is (now == was)
    assert took_effect(request, document) is (now == wanted)
    assert by_marks(marks, document, request) is (True if now == wanted else False if now == was else None)


@pytest.mark.parametrize(
    ("kind", "namespace", "sub", "path", "asked"),
    [
        (
            "Deployment",
            "shop",
            "",
            "/apis/apps/v1/namespaces/shop/deployments/web",
            "patch deployments.apps in shop",
        ),
        (
            "Deployment",
            "shop",
            "scale",
            "/apis/apps/v1/namespaces/shop/deployments/web/scale",
            "patch deployments.apps/scale in shop",
        ),
        (
            "Pod",
            "shop",
            "eviction",
            "/api/v1/namespaces/shop/pods/web/eviction",
            "patch pods/eviction in shop",
        ),
        ("Node", "", "", "/api/v1/nodes/web", "patch nodes"),
        (
            "Rollout",
            "shop",
            "status",
            "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/status",
            "patch rollouts.argoproj.io/status in shop",
        ),
    ],
)
def test_paths_and_what_the_authorizer_is_asked(
    kind: str, namespace: str, sub: str, path: str, asked: str
) -> None:
    assert path_of(Subject(REF, kind, namespace, "web"), None, sub) == path
    found = attributes_of(Request(method="PATCH", path=path))
    assert found is not None
    group = f".{found.group}" if found.group else ""
    told = f"{found.verb} {found.resource}{group}{'/' + found.subresource if found.subresource else ''}"
    assert told + (f" in {found.namespace}" if found.namespace else "") == asked


@pytest.mark.parametrize(
    "request_",
    [
        Request(method="DELETE", path="/api/v1/namespaces/shop/pods/web"),  # without the uid
        Request(method="DELETE", path="/api/v1/namespaces/shop", body='{"preconditions":{}}'),
        Request(method="DELETE", path="/api/v1/namespaces/shop/pods", body='{"preconditions":{}}'),
        Request(
            method="PATCH",
            path="/apis/apps/v1/namespaces/shop/deployments/web",
            content_type="application/merge-patch+json",
        ),
        Request(
            method="PATCH",
            path="/api/v1/namespaces/shop/secrets/s",
            content_type="application/json-patch+json",
        ),
        Request(
            method="PATCH",
            path="/api/v1/namespaces/shop/pods/../secrets/s",
            content_type="application/json-patch+json",
        ),
        Request(method="PUT", path="/apis/apps/v1/namespaces/shop/deployments/web"),
        Request(method="POST", path="/api/v1/namespaces/shop/services/x/proxy/admin"),
        Request(method="POST", path="/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"),
        Request(method="POST", path="https://elsewhere/gate/open"),
        Request(method="POST", path="/api/v1/namespaces/shop/pods/web/exec", argv=("kubectl",)),
    ],
)
def test_what_no_action_sends_is_not_sent(request_: Request) -> None:
    with pytest.raises(NotAllowed):
        check_allowed(request_)
