"""The simulated platform as another client sees it."""

from __future__ import annotations

import ssl

import httpx

from tfdash.demo.process import DemoProcess
from tfdash.sources.kubernetes.kubeconfig import resolve

NS = "tf-production"


class Platform:
    """The simulated platform past all of tfdash's own clients. ``name``: a Deployment that nothing but we changes."""

    def __init__(self, demo: DemoProcess) -> None:
        self.access = access = resolve(str(demo.kubeconfig), "production")
        self.kubeconfig = demo.kubeconfig
        tls = ssl.create_default_context(cadata=(access.ca or b"").decode())
        headers = {"Authorization": f"Bearer {access.token}"}
        self.client = httpx.Client(
            base_url=access.server, verify=tls, headers=headers, timeout=60, trust_env=False
        )
        scalers = self.client.get(f"/apis/autoscaling/v2/namespaces/{NS}/horizontalpodautoscalers").json()[
            "items"
        ]
        scaled = {s["spec"]["scaleTargetRef"]["name"] for s in scalers}
        found = self.client.get(f"/apis/apps/v1/namespaces/{NS}/deployments").json()["items"]
        self.name = next(d["metadata"]["name"] for d in found if d["metadata"]["name"] not in scaled)

    def three(self) -> None:
        """Three replicas again, so that one can be taken away; and the Leases of those that were killed are over."""
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{NS}/leases"
        for lease in self.client.get(leases).json()["items"]:
            self.client.delete(f"{leases}/{lease['metadata']['name']}")
        answer = self.client.patch(
            f"/apis/apps/v1/namespaces/{NS}/deployments/{self.name}",
            json={"spec": {"replicas": 3}},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert answer.is_success, answer.text

    def generation(self) -> int:
        found = self.client.get(f"/apis/apps/v1/namespaces/{NS}/deployments/{self.name}").json()
        return int(found["metadata"]["generation"])
