"""Bookmarks of a watch, and what a scale leaves behind: the simulator and the real API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.protocol.conftest import Target
from tests.waiting import until

_LIFE = {"watch": "1", "timeoutSeconds": "4", "allowWatchBookmarks": "true"}  # it is told 2 s before its end


@pytest.fixture
def path(target: Target, space: str) -> Iterator[str]:
    found = f"/api/v1/namespaces/{space}/configmaps"
    yield found
    target.admin.request("DELETE", f"{found}/marked")


def _version(target: Target, path: str) -> str:
    return str(
        target.admin.get(path, params={"limit": "1"}).raise_for_status().json()["metadata"]["resourceVersion"]
    )


def test_a_change_is_marked_before_the_watch_ends(target: Target, path: str) -> None:
    """In another namespace's watch too: a server keeps one cache of a kind."""
    start = _version(target, path)
    elsewhere = "/api/v1/namespaces/default/configmaps"
    with target.admin.stream("GET", elsewhere, params={**_LIFE, "resourceVersion": start}) as answer:
        made = target.admin.post(path, json={"metadata": {"name": "marked"}}).raise_for_status().json()
        events = [json.loads(line) for line in answer.iter_lines()]
    assert [e["type"] for e in events if e["object"]["metadata"].get("name") == "marked"] == []
    marks = [int(e["object"]["metadata"]["resourceVersion"]) for e in events if e["type"] == "BOOKMARK"]
    assert marks[-1] >= int(made["metadata"]["resourceVersion"])


def test_nothing_is_marked_that_is_no_newer_than_the_beginning(target: Target, path: str) -> None:
    start = _version(target, path)
    with target.admin.stream("GET", path, params={**_LIFE, "resourceVersion": start}) as answer:
        events = [json.loads(line) for line in answer.iter_lines()]
    assert all(int(e["object"]["metadata"]["resourceVersion"]) > int(start) for e in events)
    if target.simulated:  # a real server may hear of the progress of other kinds at any time
        assert events == []


def test_a_scale_keeps_no_time_and_its_replica_set_does(target: Target, space: str) -> None:
    """A scale by ``kubectl scale`` or an HPA: managedFields of the Deployment name who, not when."""
    path = f"/apis/apps/v1/namespaces/{space}/deployments"
    container = {"name": "main", "image": "registry.example.com/sized:1"}
    template = {"metadata": {"labels": {"app": "sized"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "sized"}}, "template": template}
    target.admin.post(path, json={"metadata": {"name": "sized"}, "spec": spec}).raise_for_status()

    def sized() -> list[dict[str, Any]]:
        sets = target.admin.get(
            f"/apis/apps/v1/namespaces/{space}/replicasets", params={"labelSelector": "app=sized"}
        ).json()["items"]
        return [
            one
            for s in sets
            if s["spec"]["replicas"] == 2
            for one in s["metadata"].get("managedFields", ())
            if "f:replicas" in one["fieldsV1"].get("f:spec", {}) and not one.get("subresource")
        ]

    try:
        until(
            lambda: target.admin.get(f"{path}/sized").json().get("status", {}).get("observedGeneration"),
            "its controller",
        )
        target.admin.patch(
            f"{path}/sized/scale",
            json={"spec": {"replicas": 2}},
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()
        until(lambda: bool(sized()), "its ReplicaSet to be scaled")
        fields = target.admin.get(f"{path}/sized").json()["metadata"]["managedFields"]
        [scale] = [f for f in fields if f.get("subresource") == "scale"]
        assert "time" not in scale
        assert all(f["time"] for f in fields if f is not scale)
        assert all(one["time"] for one in sized())
    finally:
        target.admin.delete(f"{path}/sized")
