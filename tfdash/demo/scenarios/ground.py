"""The ground on which services stand: nodes, namespaces, classes; and how a pod that has run for days is laid down."""

from __future__ import annotations

import random
from typing import Any

from tfdash.demo.apiserver.defaults import filled
from tfdash.demo.apiserver.objects import Obj, hashed, labels_of, name_of, stamp
from tfdash.demo.apiserver.patch.ownership import after_update
from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.apiserver.resources import by_storage
from tfdash.demo.apiserver.writing import GENERATED
from tfdash.demo.cluster import Cluster
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.kubelet import Kubelet
from tfdash.demo.controllers.node_state import node_conditions, tolerates
from tfdash.demo.controllers.root_ca import root_ca
from tfdash.demo.options import MARK
from tfdash.demo.scenarios.catalogue import Catalogue, NodeType, catalogue

DAY = 86_400.0
_ZONES = ("a", "b", "c")
_KERNEL, _OS, _RUNTIME = (
    "6.12.48-cloud",
    "Debian GNU/Linux 13 (trixie)",
    "containerd://2.2.0",
)


class Ground:
    """Lays things down as of ``begin`` (epoch seconds)."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet, begin: float) -> None:
        self.cluster = cluster
        self.kubelet = kubelet
        self.begin = begin
        self.store = cluster.store
        self.luck = cluster.luck
        self.plan: Catalogue = catalogue()
        self.environment = cluster.environment
        self.region = "eu-1" if cluster.name == cluster.environment else "eu-2"
        self._load: dict[str, tuple[float, float, int]] = {}

    def put(self, storage: str, obj: Obj, age: float, manager: str = "terraform") -> Obj:
        """Store one object ``age`` seconds old, with defaults, generation and its manager's fields."""
        resource = by_storage()[storage]
        obj = filled(storage, obj)
        if resource.plural in GENERATED:
            obj = {**obj, "metadata": {"generation": 1, **obj["metadata"]}}
        if manager:
            at = stamp(self.begin - age)
            fields = after_update(
                None, {k: v for k, v in obj.items() if k != "status"}, manager, "", resource.api_version, at
            )
            obj["metadata"] = {**obj["metadata"], "managedFields": fields}
        return self.store.create(storage, obj, at=self.begin - age)

    def chance(self, namespace: str, service: str) -> random.Random:
        """What of a service is laid down by chance."""
        return self.luck.of("laid", namespace, service)

    # -- nodes and namespaces -----------------------------------------------------------------------------------

    def nodes(self) -> None:
        number = 0
        for kind, count in self.plan.environments[self.environment].nodes.items():
            for index in range(count):
                number += 1
                self.node(
                    f"{kind.replace('general', 'worker')}-{index + 1:02d}",
                    kind,
                    self.plan.nodes[kind],
                    number,
                )

    def node(self, name: str, kind: str, of: NodeType, number: int) -> Obj:
        age = 64 * DAY + self.luck.of("node", name).random() * DAY
        labels = {
            "beta.kubernetes.io/arch": "amd64",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": f"c{of.cpu}",
            "topology.kubernetes.io/region": self.region,
            "topology.kubernetes.io/zone": f"{self.region}{_ZONES[number % 3]}",
            f"node-role.kubernetes.io/{kind.replace('general', 'worker')}": "",
        }
        if of.label:
            labels |= dict([of.label.split("=", 1)])
        spec: Obj = {"podCIDR": f"10.244.{number}.0/24", "podCIDRs": [f"10.244.{number}.0/24"]}
        if of.taint:
            key, _, rest = of.taint.partition("=")
            value, _, effect = rest.rpartition(":")
            if not rest:
                key, _, effect = of.taint.rpartition(":")
                value = ""
            spec["taints"] = [{"key": key, **({"value": value} if value else {}), "effect": effect}]
        memory = int(parse(of.memory))
        capacity = {
            "cpu": str(of.cpu),
            "ephemeral-storage": "102341612Ki",
            "memory": f"{memory // 1024}Ki",
            "pods": str(of.pods),
        }
        room = {**capacity, "cpu": f"{of.cpu * 1000 - 120}m", "memory": f"{memory // 1024 - 1_048_576}Ki"}
        address = f"10.0.{number // 200}.{10 + number}"
        status = {
            "capacity": capacity,
            "allocatable": room,
            "conditions": node_conditions(self.begin - age, self.begin),
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": hashed(name, 32),
                "systemUUID": hashed(name + "u", 32),
                "bootID": hashed(name + "b", 32),
                "kernelVersion": _KERNEL,
                "osImage": _OS,
                "containerRuntimeVersion": _RUNTIME,
                "kubeletVersion": self.cluster.kubernetes,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        }
        meta = {"name": name, "labels": labels}
        self._load[name] = (0.0, 0.0, 0)
        self.put(
            "leases.coordination.k8s.io",
            {
                "metadata": {"name": name, "namespace": "kube-node-lease"},
                "spec": {
                    "holderIdentity": name,
                    "leaseDurationSeconds": 40,
                    "renewTime": stamp(self.begin)[:-1] + ".000000Z",
                },
            },
            age,
            "kubelet",
        )
        return self.put("nodes", {"metadata": meta, "spec": spec, "status": status}, age, "kubelet")

    def namespace(self, name: str, quota: dict[str, str] | None) -> None:
        labels = {"kubernetes.io/metadata.name": name}
        if name not in ("default", "kube-public", "kube-node-lease", "kube-system"):
            labels |= {
                MARK: self.environment,
                "terrafusion.example/team": name.removeprefix("tf-"),
            }
        self.put("namespaces", {"metadata": {"name": name, "labels": labels}}, 64 * DAY, "kubectl-create")
        self.put("serviceaccounts", {"metadata": {"name": "default", "namespace": name}}, 64 * DAY, "")
        self.put(
            "configmaps",
            {"metadata": {"name": "kube-root-ca.crt", "namespace": name}, "data": {"ca.crt": root_ca()}},
            64 * DAY,
            "",
        )
        if quota and self.environment == "production":
            spec = {"hard": dict(quota)}
            self.put(
                "resourcequotas",
                {"metadata": {"name": "compute", "namespace": name}, "spec": spec, "status": {}},
                64 * DAY,
            )

    def cluster_wide(self) -> None:
        for name, value in (
            ("system-cluster-critical", 2_000_000_000),
            ("system-node-critical", 2_000_001_000),
            ("batch-low", -10),
        ):
            self.put(
                "priorityclasses.scheduling.k8s.io",
                {
                    "metadata": {"name": name},
                    "value": value,
                    "preemptionPolicy": "PreemptLowerPriority",
                },
                64 * DAY,
            )
        self.put(
            "storageclasses.storage.k8s.io",
            {
                "metadata": {
                    "name": "fast",
                    "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
                },
                "provisioner": "csi.demo.example",
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "WaitForFirstConsumer",
                "allowVolumeExpansion": True,
            },
            64 * DAY,
        )
        self.put(
            "ingressclasses.networking.k8s.io",
            {
                "metadata": {"name": "nginx"},
                "spec": {"controller": "k8s.io/ingress-nginx"},
            },
            64 * DAY,
        )
        for version, spec in (
            (
                "v1beta1.metrics.k8s.io",
                {
                    "group": "metrics.k8s.io",
                    "version": "v1beta1",
                    "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
                    "groupPriorityMinimum": 100,
                    "versionPriority": 100,
                },
            ),
            (
                "v1.apps",
                {"group": "apps", "version": "v1", "groupPriorityMinimum": 17800, "versionPriority": 15},
            ),
            ("v1.", {"version": "v1", "groupPriorityMinimum": 18000, "versionPriority": 1}),
        ):
            ready = {
                "type": "Available",
                "status": "True",
                "lastTransitionTime": stamp(self.begin - DAY),
                "reason": "Passed",
                "message": "all checks passed",
            }
            self.put(
                "apiservices.apiregistration.k8s.io",
                {
                    "metadata": {"name": version},
                    "spec": spec,
                    "status": {"conditions": [ready]},
                },
                64 * DAY,
                "kube-apiserver",
            )

    # -- services -----------------------------------------------------------------------------------------------

    def pod(self, template: Obj, namespace: str, owner: Obj, age: float, **named: Any) -> Obj:
        """A pod that has run for ``age`` on the least loaded node that takes it."""
        pod = pods.from_template(template, namespace, owner, self.luck, **named)
        node = self.choose(pod)
        at = self.begin - age
        rng = self.chance(namespace, labels_of(pod).get("app") or name_of(pod))
        settled = pods.settled(pod, node, self.kubelet.ip(name_of(node)), at, at + 4 + 8 * rng.random())
        made = self.store.create("pods", settled, at=at)
        self.kubelet.adopt(made)
        return made

    def choose(self, pod: Obj) -> Obj:
        wanted_cpu = sum(
            float(parse(c["resources"].get("requests", {}).get("cpu", "0")))
            for c in pod["spec"]["containers"]
        )
        wanted_memory = sum(
            float(parse(c["resources"].get("requests", {}).get("memory", "0")))
            for c in pod["spec"]["containers"]
        )
        fixed = pod["spec"].get("nodeName")
        best: tuple[float, str] | None = None
        for node in self.store.all("nodes"):
            name = name_of(node)
            if (fixed and name != fixed) or not tolerates(pod, node):
                continue
            if any(labels_of(node).get(k) != v for k, v in (pod["spec"].get("nodeSelector") or {}).items()):
                continue
            cpu, memory, count = self._load.get(name, (0.0, 0.0, 0))
            room = node["status"]["allocatable"]
            score = max(
                (cpu + wanted_cpu) / float(parse(room["cpu"])),
                (memory + wanted_memory) / float(parse(room["memory"])),
            )
            score += 0.0005 * count
            if best is None or score < best[0]:
                best = (score, name)
        assert best is not None, f"no node takes {pod['metadata']['name']}"
        cpu, memory, count = self._load[best[1]]
        self._load[best[1]] = (cpu + wanted_cpu, memory + wanted_memory, count + 1)
        chosen = self.store.find("nodes", "", best[1])
        assert chosen is not None
        return chosen
