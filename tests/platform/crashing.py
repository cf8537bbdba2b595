"""A service whose newest version really crashes: three pods served, and it took all of them away."""

from __future__ import annotations

import json

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.stages import LABEL
from tests.platform.world import add_namespaces, create, deployment, node
from tests.waiting import seconds_later, until

AVAILABLE = '{{.status.conditions[?(@.type=="Available")].{}}}'


class Crashing:
    """``workload``: as an input of a run names it."""

    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self.cluster, self.namespace, self.name = cluster, namespace, name
        self.workload = f"Deployment {namespace}/{name}"

    def release(self) -> None:
        cluster, space, name = self.cluster, self.namespace, self.name
        create(cluster, "/api/v1/nodes", *(node(f"{name}-{i}") for i in range(2)))
        add_namespaces(cluster, space)
        made = deployment(name, space, 3, spec={"strategy": {"type": "Recreate"}})
        create(cluster, f"/apis/apps/v1/namespaces/{space}/deployments", made)
        service = {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}
        create(cluster, f"/api/v1/namespaces/{space}/services", service)
        cluster.kubectl("rollout", "status", f"deploy/{name}", "-n", space, "--timeout=60s")
        seconds_later(6)  # a version that comes at once is its first, and that starts
        changed = {
            "metadata": {"labels": {LABEL: "crash-loop"}},
            "spec": {"containers": [{"name": "main", "image": self.image("1.1.0")}]},
        }
        patch = json.dumps({"spec": {"template": changed}})
        cluster.kubectl("patch", "deploy", name, "-n", space, "--type=strategic", "-p", patch)
        until(lambda: len(self.pods()) == 3, "three crashing pods")
        mine = f"deploy/{name}"
        until(lambda: self.value(mine, AVAILABLE.format("status")) == "False", "its condition")
        seconds_later(3)  # it fell before anybody begins a run of it, by whole seconds too

    def image(self, version: str) -> str:
        return f"registry.example.com/{self.name}:{version}"

    def value(self, what: str, path: str) -> str:
        return self.cluster.kubectl("get", what, "-n", self.namespace, "-o", f"jsonpath={path}").strip()

    def pods(self) -> list[str]:
        """Those that crash."""
        mine = ("get", "pods", "-n", self.namespace, "-l", f"app={self.name}", "-o", "json")
        found = json.loads(self.cluster.kubectl(*mine))["items"]
        states = {
            p["metadata"]["name"]: p["status"].get("containerStatuses", [{}])[0].get("state", {})
            for p in found
        }
        crashed = "CrashLoopBackOff"
        return [name for name, at in states.items() if at.get("waiting", {}).get("reason") == crashed]
