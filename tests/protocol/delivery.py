"""A Rollout as the contract cases need it, and waiting for what its status says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from tests.waiting import until

MERGE = "application/merge-patch+json"
PATCH = "application/json-patch+json"
IMAGE = "registry.example/web"
STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 40}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]
LONGEST = 45.0


class Release:
    """One Rollout of the tests' own behind a plain HTTP client, with the patches that Argo's kubectl plugin sends."""

    def __init__(self, client: httpx.Client, space: str, name: str) -> None:
        self.client, self.space, self.name = client, space, name
        self.base = f"/apis/argoproj.io/v1alpha1/namespaces/{space}"
        self.path = f"{self.base}/rollouts/{name}"

    def template(self, version: int) -> dict[str, Any]:
        container = {"name": "main", "image": f"{IMAGE}:{version}"}
        return {"metadata": {"labels": {"app": self.name}}, "spec": {"containers": [container]}}

    def create(self, steps: list[dict[str, Any]] | None = None, **canary: Any) -> None:
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": {"name": self.name},
            "spec": {
                "replicas": 5,
                "selector": {"matchLabels": {"app": self.name}},
                "template": self.template(1),
                "strategy": {"canary": {"steps": STEPS if steps is None else steps, **canary}},
            },
        }
        made = self.client.post(f"{self.base}/rollouts", json=body)
        assert made.status_code == 201, made.text

    def get(self) -> dict[str, Any]:
        return dict(self.client.get(self.path).json())

    def patch(self, change: Any, sub: str = "", media: str = MERGE) -> httpx.Response:
        path = f"{self.path}/{sub}" if sub else self.path
        return self.client.patch(path, content=json.dumps(change), headers={"Content-Type": media})

    def change(self, change: Any, sub: str = "", media: str = MERGE) -> None:
        answer = self.patch(change, sub, media)
        assert answer.status_code == 200, answer.text

    def release(self, version: int) -> None:
        self.change({"spec": {"template": self.template(version)}})

    # -- what its status says -------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        return dict(self.get().get("status") or {})

    def until(self, true: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The status once its generation is observed and ``true`` holds of it; an error with the last one otherwise."""

        def there() -> dict[str, Any] | None:
            found = self.get()
            status: dict[str, Any] = found.get("status") or {}
            seen = status.get("observedGeneration") == str(found["metadata"]["generation"])
            return status if seen and true(status) else None

        found = until(there, lambda: f"{what}; the status is {self.status()}", LONGEST)
        assert found is not None
        return found

    def healthy(self) -> dict[str, Any]:
        return self.until(
            lambda s: s.get("phase") == "Healthy" and s["stableRS"] == s["currentPodHash"], "Healthy"
        )

    def paused_at(self, index: int) -> dict[str, Any]:
        return self.until(
            lambda s: (
                s.get("phase") == "Paused"
                and s.get("currentStepIndex") == index
                and bool(s.get("pauseConditions"))
            ),
            f"a pause at step {index}",
        )

    def sizes(self) -> dict[str, int]:
        """Pods wanted by template hash."""
        path = f"/apis/apps/v1/namespaces/{self.space}/replicasets"
        sets = self.client.get(path, params={"labelSelector": f"app={self.name}"}).json()["items"]
        return {
            s["metadata"]["labels"]["rollouts-pod-template-hash"]: s["spec"]["replicas"]
            for s in sets
            if s["spec"]["replicas"]
        }

    def sets(self) -> list[dict[str, Any]]:
        path = f"/apis/apps/v1/namespaces/{self.space}/replicasets"
        return list(self.client.get(path, params={"labelSelector": f"app={self.name}"}).json()["items"])


def reasons(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in status.get("conditions", ())}
