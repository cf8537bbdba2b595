"""What stands on the test platform: KWOK nodes, many pods for benchmarks, and one workload for each cause."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.error import HTTPError

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.stages import LABEL

CASES_NAMESPACE = "tf-cases"


def node(name: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"type": "kwok", "kubernetes.io/hostname": name, **labels},
            "annotations": {
                "metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource"
            },
        },
        "status": {
            "capacity": {"cpu": "64", "memory": "256Gi", "pods": "500"},
            "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "500"},
        },
    }


def create(cluster: Cluster, path: str, *documents: dict[str, Any]) -> None:
    """POST all, side by side. What stands there already, made by another module of the session, is left as it is."""

    def one(document: dict[str, Any]) -> None:
        try:
            cluster.request("POST", path, document)
        except HTTPError as error:
            if error.code != 409:
                raise

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, documents))


def add_nodes(cluster: Cluster, count: int) -> None:
    create(cluster, "/api/v1/nodes", *(node(f"node-{i:03}") for i in range(count)))
    cluster.wait(lambda: _ready_nodes(cluster) >= count, f"{count} nodes")


def add_namespaces(cluster: Cluster, *names: str, labels: dict[str, str] | None = None) -> None:
    """Namespaces in which pods can be made: the service account comes a moment after the namespace."""
    create(cluster, "/api/v1/namespaces", *({"metadata": {"name": n, "labels": labels or {}}} for n in names))
    for name in names:
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        cluster.wait(partial(_there, cluster, account), f"the service account of {name}")


def _there(cluster: Cluster, path: str) -> bool:
    return b"creationTimestamp" in cluster.get(path)


def _ready_nodes(cluster: Cluster) -> int:
    items = cluster.request("GET", "/api/v1/nodes")["items"]
    return sum(
        any(c["type"] == "Ready" and c["status"] == "True" for c in n["status"].get("conditions", ()))
        for n in items
    )


def deployment(name: str, namespace: str, replicas: int = 1, **changes: Any) -> dict[str, Any]:
    """A Deployment of one container ``main``; ``pod`` and ``container`` add to its spec, ``case`` names a KWOK stage."""
    case = changes.get("case")
    labels = {"app": name, **({LABEL: case} if case else {})}
    container = {
        "name": "main",
        "image": f"registry.example.com/{name}:1.0.0",
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
        **changes.get("container", {}),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {"kwok.x-k8s.io/usage-cpu": "5m", "kwok.x-k8s.io/usage-memory": "20Mi"},
                },
                "spec": {
                    "containers": [container],
                    "terminationGracePeriodSeconds": 0,
                    **changes.get("pod", {}),
                },
            },
            **changes.get("spec", {}),
        },
    }


def many_pods(cluster: Cluster, deployments: int, replicas: int, namespaces: int) -> None:
    """``deployments`` x ``replicas`` running pods named svc-000-..., spread over ``namespaces``."""
    names = [f"bench-{i:02}" for i in range(namespaces)]
    create(cluster, "/api/v1/namespaces", *({"metadata": {"name": n}} for n in names))
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(
                lambda i: cluster.request(
                    "POST",
                    f"/apis/apps/v1/namespaces/{names[i % namespaces]}/deployments",
                    deployment(f"svc-{i:03}", names[i % namespaces], replicas),
                ),
                range(deployments),
            )
        )
    wanted = deployments * replicas

    def running() -> bool:
        path = "/api/v1/pods?labelSelector=app&fieldSelector=status.phase%3DRunning&limit=1"
        found = cluster.request("GET", path)
        return False if not found["items"] else _count(cluster) >= wanted

    cluster.wait(running, f"{wanted} running pods", timeout=300)


def _count(cluster: Cluster) -> int:
    return sum(
        d["status"].get("readyReplicas", 0)
        for d in cluster.request("GET", "/apis/apps/v1/deployments")["items"]
        if d["metadata"]["namespace"].startswith("bench-")
    )


def add_cases(cluster: Cluster) -> None:
    """One workload for each state and cause of issue point 4, in ``tf-cases`` and ``tf-quota``."""
    space = CASES_NAMESPACE
    add_namespaces(cluster, space, "tf-quota", "tf-capacity")
    add_namespaces(cluster, "tf-hook", labels={"tfdash.test/hook": "yes"})
    cluster.apply(_EXTRAS)
    apps = f"/apis/apps/v1/namespaces/{space}/deployments"
    init = {"initContainers": [{"name": "init", "image": "registry.example.com/init:1"}]}
    short = {"progressDeadlineSeconds": 2}
    long = {"progressDeadlineSeconds": 86400}  # longer than any session, in which ten minutes may go by
    probed = {"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}
    create(
        cluster,
        apps,
        deployment("healthy", space, 3),
        deployment("idle", space, 0),
        deployment("paused", space, 2, spec={"paused": True}),
        deployment("crash-loop", space, 2, case="crash-loop"),
        deployment("oom-killed", space, 2, case="oom-killed"),
        deployment("image-pull", space, 1, case="image-pull"),
        deployment("not-ready", space, 2, case="not-ready", spec=long, container=probed),
        deployment("init-crash", space, 1, case="init-crash", pod=init),
        deployment("config-error", space, 1, case="config-error"),
        deployment("unschedulable", space, 1, container={"resources": {"requests": {"cpu": "900000"}}}),
        deployment("no-such-node", space, 1, pod={"nodeSelector": {"disk": "none"}}),
        deployment("deadline", space, 1, case="not-ready", spec=short, container=probed),
        deployment(
            "claim",
            space,
            1,
            pod={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "unbound"}}]},
        ),
        deployment("scaled", space, 2, container={"resources": {"requests": {"cpu": "10m"}}}),
    )
    create(cluster, "/apis/apps/v1/namespaces/tf-quota/deployments", deployment("over-quota", "tf-quota", 5))
    create(cluster, "/apis/apps/v1/namespaces/tf-hook/deployments", deployment("refused", "tf-hook", 1))
    patch = {"spec": {"replicas": 2, "template": {"metadata": {"annotations": {"again": "1"}}}}}
    cluster.wait(
        lambda: cluster.request("GET", f"{apps}/paused")["status"].get("observedGeneration", 0) >= 1,
        "the paused one",
    )
    cluster.request("PATCH", f"{apps}/paused", patch, "application/merge-patch+json")


_POD = """
      containers:
      - {name: main, image: "registry.example.com/%(name)s:1.0.0", resources: {requests: {cpu: 10m, memory: 32Mi}}}
      terminationGracePeriodSeconds: 0
"""
_EXTRAS = (
    """
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: tf-quota}
spec: {hard: {pods: "2"}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: compute, namespace: tf-capacity}
spec: {hard: {requests.cpu: 1500m, limits.memory: 1.5Gi, count/jobs.batch: 2k}, scopes: [NotTerminating]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: defaults, namespace: tf-capacity}
spec:
  limits:
  - {type: Container, default: {cpu: 100m, memory: 64Mi}, defaultRequest: {cpu: 20m, memory: 16Mi}, max: {cpu: "2"}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: kept}
spec:
  capacity: {storage: 1500M}
  accessModes: [ReadOnlyMany, ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: slow
  hostPath: {path: /tmp/kept}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: bound, namespace: tf-capacity}
spec: {accessModes: [ReadWriteOnce], storageClassName: slow, volumeName: kept, resources: {requests: {storage: 1G}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: slow, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: example.com/slow
reclaimPolicy: Retain
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: true
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: unbound, namespace: tf-cases}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: nowhere}
webhooks:
- name: nowhere.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 1
  namespaceSelector: {matchLabels: {tfdash.test/hook: "yes"}}
  clientConfig: {url: "https://127.0.0.1:9/"}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: healthy, namespace: tf-cases}
spec: {minAvailable: 2, selector: {matchLabels: {app: healthy}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaled, namespace: tf-cases}
spec:
  minReplicas: 2
  maxReplicas: 6
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: scaled}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: partitioned, namespace: tf-cases}
spec:
  replicas: 3
  serviceName: partitioned
  podManagementPolicy: Parallel
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}
  selector: {matchLabels: {app: partitioned}}
  template:
    metadata: {labels: {app: partitioned}}
    spec:"""
    + _POD % {"name": "partitioned"}
    + """
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: on-delete, namespace: tf-cases}
spec:
  replicas: 1
  serviceName: on-delete
  updateStrategy: {type: OnDelete}
  selector: {matchLabels: {app: on-delete}}
  template:
    metadata: {labels: {app: on-delete}}
    spec:"""
    + _POD % {"name": "on-delete"}
    + """
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: shipper, namespace: tf-cases}
spec:
  selector: {matchLabels: {app: shipper}}
  template:
    metadata: {labels: {app: shipper}}
    spec:"""
    + _POD % {"name": "shipper"}
    + """
---
apiVersion: batch/v1
kind: Job
metadata: {name: import, namespace: tf-cases}
spec:
  template:
    spec:
      restartPolicy: Never"""
    + _POD % {"name": "import"}
    + """
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: tf-cases}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: "registry.example.com/nightly:1"}]
---
apiVersion: v1
kind: Service
metadata: {name: healthy, namespace: tf-cases}
spec: {selector: {app: healthy}, ports: [{port: 80, targetPort: 8080}]}
"""
)


def describe(cluster: Cluster) -> str:
    """What stands there, for people: one line a workload."""
    found = json.loads(cluster.kubectl("get", "deployments", "-A", "-o", "json"))["items"]
    return "\n".join(f"{d['metadata']['namespace']}/{d['metadata']['name']}" for d in found)
