"""Many plain pods, for the ``scale`` scenario."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj, hashed, name_of, owner_reference
from tfdash.demo.controllers import pods
from tfdash.demo.scenarios.catalogue import NodeType
from tfdash.demo.scenarios.ground import DAY, Ground
from tfdash.demo.scenarios.pod_templates import REGISTRY
from tfdash.demo.scenarios.scenario import Bulk


def lay_bulk(ground: Ground, count: int, plan: Bulk) -> None:
    """``count`` plain pods in their own namespaces on their own nodes."""
    machine = NodeType(cpu=64, memory="256Gi", pods=plan.node_pods + 20, taint="bulk=true:NoSchedule")
    nodes = [
        ground.node(f"bulk-{i:03d}", "bulk", machine, 30 + i) for i in range(-(-count // plan.node_pods))
    ]
    namespaces = [f"bulk-{i:02d}" for i in range(min(plan.namespaces, max(1, count // plan.replicas)))]
    for name in namespaces:
        ground.namespace(name, None)
    made = 0
    for number in range(-(-count // plan.replicas)):
        size = min(plan.replicas, count - made)
        _service(
            ground,
            f"svc-{number:03d}",
            namespaces[number % len(namespaces)],
            size,
            nodes,
            made // plan.node_pods,
        )
        made += size


def _service(ground: Ground, name: str, namespace: str, size: int, nodes: list[Obj], first: int) -> None:
    labels = {"app": name}
    container = {
        "name": "main",
        "image": f"{REGISTRY}/bulk:1.0.0",
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "100m", "memory": "128Mi"},
        },
    }
    spec = {"containers": [container], "tolerations": [{"key": "bulk", "operator": "Exists"}]}
    meta = {
        "name": name,
        "namespace": namespace,
        "labels": labels,
        "annotations": {"deployment.kubernetes.io/revision": "1"},
    }
    template = {"metadata": {"labels": labels}, "spec": spec}
    age = 5 * DAY * ground.luck.of("bulk", name).random()
    above = ground.put(
        "deployments.apps",
        {
            "metadata": meta,
            "spec": {"replicas": size, "selector": {"matchLabels": labels}, "template": template},
        },
        age,
    )
    shown = above["spec"]["template"]
    digest = hashed(shown)
    labels = {**labels, "pod-template-hash": digest}
    template = {**shown, "metadata": {"labels": labels}}
    found = ground.put(
        "replicasets.apps",
        {
            "metadata": {
                "name": f"{name}-{digest}",
                "namespace": namespace,
                "labels": labels,
                "annotations": {
                    "deployment.kubernetes.io/desired-replicas": str(size),
                    "deployment.kubernetes.io/max-replicas": str(size + -(-size // 4)),
                    "deployment.kubernetes.io/revision": "1",
                },
                "ownerReferences": [owner_reference("apps/v1", "Deployment", above)],
            },
            "spec": {"replicas": size, "selector": {"matchLabels": labels}, "template": template},
        },
        age,
        "",
    )
    owner = owner_reference("apps/v1", "ReplicaSet", found)
    for index in range(size):
        node = nodes[(first + index) % len(nodes)]
        pod = pods.from_template(template, namespace, owner, ground.luck)
        settled = pods.settled(
            pod, node, ground.kubelet.ip(name_of(node)), ground.begin - age, ground.begin - age + 9
        )
        ground.store.create("pods", settled, at=ground.begin - age)
