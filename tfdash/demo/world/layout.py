"""How a cluster looks when the demo begins: everything laid down as if it had run for weeks."""

from __future__ import annotations

import base64
from typing import Any

from tfdash.demo import usage
from tfdash.demo.cluster import Cluster
from tfdash.demo.defaults import filled
from tfdash.demo.defaults import template as fill_template
from tfdash.demo.objects import Obj, hashed, labels_of, make_uid, name_of, owner_reference, stamp
from tfdash.demo.patch.ownership import after_update
from tfdash.demo.quantity import parse
from tfdash.demo.resources import by_storage
from tfdash.demo.scenario import Bulk
from tfdash.demo.services import give_address
from tfdash.demo.world import pods
from tfdash.demo.world.catalogue import Catalogue, NodeType, Service, catalogue
from tfdash.demo.world.identities import lay_rights
from tfdash.demo.world.kubelet import Kubelet
from tfdash.demo.world.revisions import make_revision
from tfdash.demo.world.templates import REGISTRY, template_of
from tfdash.demo.writing import GENERATED

DAY = 86_400.0
_ZONES = ("a", "b", "c")
_KERNEL, _OS, _RUNTIME, _VERSION = (
    "6.12.48-cloud",
    "Debian GNU/Linux 13 (trixie)",
    "containerd://2.2.0",
    "v1.37.2",
)


class Layout:
    """Lays one environment down at ``begin`` (epoch seconds)."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet, begin: float) -> None:
        self.cluster = cluster
        self.kubelet = kubelet
        self.begin = begin
        self.store = cluster.store
        self.rng = cluster.rng
        self.plan: Catalogue = catalogue()
        self.environment = cluster.name
        self._load: dict[str, tuple[float, float, int]] = {}

    def everything(self) -> None:
        lay_rights(self)
        self.nodes()
        for role in self.plan.namespaces:
            self.namespace(self.plan.namespace(role, self.environment), self.plan.quotas.get(role))
        for name in ("default", "kube-public", "kube-node-lease"):
            self.namespace(name, None)
        self.cluster_wide()
        for service in self.plan.service:
            self.service(service)

    def put(self, storage: str, obj: Obj, age: float, manager: str = "terraform") -> Obj:
        """Store one object ``age`` seconds old, with defaults, generation and its manager's fields."""
        resource = by_storage()[storage]
        obj = filled(storage, obj)
        if resource.plural in GENERATED:
            obj = {**obj, "metadata": {"generation": 1, **obj["metadata"]}}
        if manager:
            at = stamp(self.begin - age)
            fields = after_update(None, {k: v for k, v in obj.items() if k != "status"}, manager, "", resource.api_version, at)  # fmt: skip
            obj["metadata"] = {**obj["metadata"], "managedFields": fields}
        return self.store.create(storage, obj, at=self.begin - age)

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
        age = 64 * DAY + self.rng.random() * DAY
        labels = {
            "beta.kubernetes.io/arch": "amd64", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux", "node.kubernetes.io/instance-type": f"c{of.cpu}",
            "topology.kubernetes.io/region": "eu-1", "topology.kubernetes.io/zone": f"eu-1{_ZONES[number % 3]}",
            f"node-role.kubernetes.io/{kind.replace('general', 'worker')}": "",
        }  # fmt: skip
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
        capacity = {"cpu": str(of.cpu), "ephemeral-storage": "102341612Ki", "memory": f"{memory // 1024}Ki", "pods": str(of.pods)}  # fmt: skip
        room = {**capacity, "cpu": f"{of.cpu * 1000 - 120}m", "memory": f"{memory // 1024 - 1_048_576}Ki"}
        address = f"10.0.{number // 200}.{10 + number}"
        status = {
            "capacity": capacity,
            "allocatable": room,
            "conditions": node_conditions(self.begin - age, self.begin),
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": hashed(name, 32), "systemUUID": hashed(name + "u", 32), "bootID": hashed(name + "b", 32),
                "kernelVersion": _KERNEL, "osImage": _OS, "containerRuntimeVersion": _RUNTIME,
                "kubeletVersion": _VERSION, "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64",
            },
        }  # fmt: skip
        meta = {"name": name, "labels": labels}
        self._load[name] = (0.0, 0.0, 0)
        self.put("leases.coordination.k8s.io", {
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": stamp(self.begin)[:-1] + ".000000Z"},
        }, age, "kubelet")  # fmt: skip
        return self.put("nodes", {"metadata": meta, "spec": spec, "status": status}, age, "kubelet")

    def namespace(self, name: str, quota: dict[str, str] | None) -> None:
        labels = {"kubernetes.io/metadata.name": name}
        if name not in ("default", "kube-public", "kube-node-lease", "kube-system"):
            labels |= {
                "terrafusion.example/environment": self.environment,
                "terrafusion.example/team": name.removeprefix("tf-"),
            }
        self.put("namespaces", {"metadata": {"name": name, "labels": labels}}, 64 * DAY, "kubectl-create")
        self.put("serviceaccounts", {"metadata": {"name": "default", "namespace": name}}, 64 * DAY, "")
        certificate = {"ca.crt": "-----BEGIN CERTIFICATE-----\n(simulated)\n-----END CERTIFICATE-----\n"}
        self.put(
            "configmaps",
            {"metadata": {"name": "kube-root-ca.crt", "namespace": name}, "data": certificate},
            64 * DAY,
            "",
        )
        if quota and self.environment == "production":
            spec = {"hard": dict(quota)}
            self.put("resourcequotas", {"metadata": {"name": "compute", "namespace": name}, "spec": spec, "status": {}}, 64 * DAY)  # fmt: skip

    def cluster_wide(self) -> None:
        for name, value in (
            ("system-cluster-critical", 2_000_000_000),
            ("system-node-critical", 2_000_001_000),
            ("batch-low", -10),
        ):
            self.put("priorityclasses.scheduling.k8s.io", {
                "metadata": {"name": name}, "value": value, "preemptionPolicy": "PreemptLowerPriority",
            }, 64 * DAY)  # fmt: skip
        self.put("storageclasses.storage.k8s.io", {
            "metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "csi.demo.example", "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
        }, 64 * DAY)  # fmt: skip
        self.put("ingressclasses.networking.k8s.io", {
            "metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"},
        }, 64 * DAY)  # fmt: skip
        for version, spec in (
            ("v1beta1.metrics.k8s.io", {"group": "metrics.k8s.io", "version": "v1beta1", "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443}, "groupPriorityMinimum": 100, "versionPriority": 100}),
            ("v1.apps", {"group": "apps", "version": "v1", "groupPriorityMinimum": 17800, "versionPriority": 15}),
            ("v1.", {"version": "v1", "groupPriorityMinimum": 18000, "versionPriority": 1}),
        ):  # fmt: skip
            ready = {
                "type": "Available",
                "status": "True",
                "lastTransitionTime": stamp(self.begin - DAY),
                "reason": "Passed",
                "message": "all checks passed",
            }
            self.put("apiservices.apiregistration.k8s.io", {
                "metadata": {"name": version}, "spec": spec, "status": {"conditions": [ready]},
            }, 64 * DAY, "kube-apiserver")  # fmt: skip

    # -- services -----------------------------------------------------------------------------------------------

    def service(self, service: Service) -> None:
        namespace = self.plan.namespace(service.namespace, self.environment)
        self.configuration(service, namespace)
        if service.demand:
            # The demand of an environment follows its size, so that utilisation is alike in all of them.
            share = self.plan.replicas(service, self.environment) / service.replicas
            self.cluster.demands[namespace, service.name] = usage.Demand(
                service.demand * share, float(parse(service.used))
            )
        else:
            self.cluster.demands[namespace, service.name] = usage.Demand(0.02, float(parse(service.used)))
        maker = {
            "Deployment": self.deployment, "StatefulSet": self.stateful_set, "DaemonSet": self.daemon_set,
            "CronJob": self.cron_job,
        }[service.kind]  # fmt: skip
        maker(service, namespace)
        if service.kind in ("Deployment", "StatefulSet"):
            self.network(service, namespace)
            self.guards(service, namespace)

    def configuration(self, service: Service, namespace: str) -> None:
        meta = {"namespace": namespace, "labels": {"app": service.name}}
        domain = self.plan.environments[self.environment].domain
        data = {"ENVIRONMENT": self.environment, "BASE_URL": f"https://{domain}", "LOG_LEVEL": "info"}
        age = 30 * DAY + self.rng.random() * 20 * DAY
        self.put("configmaps", {"metadata": {"name": f"{service.name}-config", **meta}, "data": data}, age)
        token = hashed([service.name, "secret"], 32)
        secret = {"DATABASE_PASSWORD": base64.b64encode(f"demo-{token}".encode()).decode()}
        self.put("secrets", {"metadata": {"name": f"{service.name}-secrets", **meta}, "data": secret, "type": "Opaque"}, age)  # fmt: skip
        self.put("serviceaccounts", {"metadata": {"name": service.name, **meta}}, age)

    def deployment(self, service: Service, namespace: str) -> None:
        count = self.plan.replicas(service, self.environment)
        versions = [*reversed(service.before), service.version]
        revision = 12 + sum(service.name.encode()) % 60
        ages = sorted((1.5 * DAY + 26 * DAY * self.rng.random() for _ in versions), reverse=True)
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
        template = template_of(service, service.version, self.environment)
        cause = f"release {service.version} by ci"
        deployment = self.put("deployments.apps", {
            "metadata": {
                "name": service.name, "namespace": namespace, "labels": {"app": service.name}, "generation": revision + 9,
                "annotations": {"deployment.kubernetes.io/revision": str(revision), "kubernetes.io/change-cause": cause},
            },
            "spec": {
                "replicas": count, "selector": {"matchLabels": {"app": service.name}}, "template": template,
                "strategy": strategy,
            },
        }, 60 * DAY, "argocd-controller")  # fmt: skip
        owner = owner_reference("apps/v1", "Deployment", deployment)
        for index, version in enumerate(versions):
            newest = version == service.version
            shown = (
                deployment["spec"]["template"]
                if newest
                else fill_template(template_of(service, version, self.environment))
            )
            digest = hashed(shown)
            labels = {"app": service.name, "pod-template-hash": digest}
            wanted = count if newest else 0
            spec = {
                "replicas": wanted, "selector": {"matchLabels": labels},
                "template": {**shown, "metadata": {**shown["metadata"], "labels": {**shown["metadata"]["labels"], **labels}}},
            }  # fmt: skip
            annotations = {
                "deployment.kubernetes.io/desired-replicas": str(count),
                "deployment.kubernetes.io/max-replicas": str(count + -(-count // 4)),
                "deployment.kubernetes.io/revision": str(revision - len(versions) + 1 + index),
                "kubernetes.io/change-cause": f"release {version} by ci",
            }
            found = self.put("replicasets.apps", {
                "metadata": {
                    "name": f"{service.name}-{digest}", "namespace": namespace, "labels": labels,
                    "annotations": annotations, "ownerReferences": [owner], "generation": 1 if newest else 3,
                },
                "spec": spec,
            }, ages[index], "kube-controller-manager")  # fmt: skip
            for _ in range(wanted):
                self.pod(spec["template"], namespace, owner_reference("apps/v1", "ReplicaSet", found), ages[index] * (0.2 + 0.8 * self.rng.random()))  # fmt: skip

    def pod(self, template: Obj, namespace: str, owner: Obj, age: float, **named: Any) -> Obj:
        """A pod that has run for ``age`` on the least loaded node that takes it."""
        pod = pods.from_template(template, namespace, owner, self.rng, **named)
        node = self.choose(pod)
        at = self.begin - age
        pod["metadata"]["uid"] = make_uid(self.rng)
        settled = pods.settled(pod, node, self.kubelet.ip(name_of(node)), at, at + 4 + 8 * self.rng.random())
        made = self.store.create("pods", settled, at=at)
        self.kubelet.adopt(made)
        return made

    def choose(self, pod: Obj) -> Obj:
        wanted_cpu = sum(
            float(parse(c["resources"].get("requests", {}).get("cpu", "0")))
            for c in pod["spec"]["containers"]
        )
        wanted_memory = sum(float(parse(c["resources"].get("requests", {}).get("memory", "0"))) for c in pod["spec"]["containers"])  # fmt: skip
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
        node = self.store.find("nodes", "", best[1])
        assert node is not None
        return node

    def stateful_set(self, service: Service, namespace: str) -> None:
        count = (
            self.plan.replicas(service, self.environment)
            if service.replicas < 3
            else (3 if self.environment == "production" else 1)
        )
        template = template_of(service, service.version, self.environment)
        claim = {
            "metadata": {"name": "data"}, "status": {"phase": "Pending"}, "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "volumeMode": "Filesystem", "resources": {"requests": {"storage": service.storage}}},
        }  # fmt: skip
        age = 40 * DAY + 10 * DAY * self.rng.random()
        found = self.put("statefulsets.apps", {
            "metadata": {"name": service.name, "namespace": namespace, "labels": {"app": service.name}},
            "spec": {
                "replicas": count, "serviceName": f"{service.name}-headless", "selector": {"matchLabels": {"app": service.name}},
                "template": template, "volumeClaimTemplates": [claim],
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": service.partition}},
            },
        }, age, "argocd-controller")  # fmt: skip
        revision = self.revision("StatefulSet", found, age)
        owner = owner_reference("apps/v1", "StatefulSet", found)
        for index in range(count):
            name = f"{service.name}-{index}"
            self.volume(namespace, f"data-{name}", service.storage, age)
            self.pod(found["spec"]["template"], namespace, owner, age * (0.1 + 0.3 * self.rng.random()), name=name, labels={
                "apps.kubernetes.io/pod-index": str(index), "controller-revision-hash": revision,
                "statefulset.kubernetes.io/pod-name": name,
            }, hostname=name, subdomain=f"{service.name}-headless", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": f"data-{name}"}}, *found["spec"]["template"]["spec"].get("volumes", [])])  # fmt: skip

    def volume(self, namespace: str, claim: str, size: str, age: float) -> None:
        uid = make_uid(self.rng)
        name = f"pvc-{uid}"
        made = self.put("persistentvolumeclaims", {
            "metadata": {"name": claim, "namespace": namespace, "uid": uid, "finalizers": ["kubernetes.io/pvc-protection"]},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, "volumeName": name, "storageClassName": "fast"},
            "status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}},
        }, age, "kube-controller-manager")  # fmt: skip
        ref = {
            "kind": "PersistentVolumeClaim",
            "namespace": namespace,
            "name": claim,
            "uid": made["metadata"]["uid"],
            "apiVersion": "v1",
        }
        self.put("persistentvolumes", {
            "metadata": {"name": name, "finalizers": ["kubernetes.io/pv-protection"]},
            "spec": {
                "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "claimRef": ref, "storageClassName": "fast",
                "persistentVolumeReclaimPolicy": "Delete", "volumeMode": "Filesystem",
                "csi": {"driver": "csi.demo.example", "volumeHandle": uid},
            },
            "status": {"phase": "Bound"},
        }, age, "csi-provisioner")  # fmt: skip

    def revision(self, kind: str, owner: Obj, age: float) -> str:
        """The ControllerRevision of a StatefulSet or DaemonSet; returns its label's value."""
        return make_revision(self.store, kind, owner, 1, at=self.begin - age)

    def daemon_set(self, service: Service, namespace: str) -> None:
        age = 40 * DAY + 10 * DAY * self.rng.random()
        found = self.put("daemonsets.apps", {
            "metadata": {"name": service.name, "namespace": namespace, "labels": {"app": service.name}, "annotations": {"deprecated.daemonset.template.generation": "1"}},
            "spec": {"selector": {"matchLabels": {"app": service.name}}, "template": template_of(service, service.version, self.environment)},
        }, age, "argocd-controller")  # fmt: skip
        revision = self.revision("DaemonSet", found, age)
        owner = owner_reference("apps/v1", "DaemonSet", found)
        digest = revision.rpartition("-")[2]
        for node in list(self.store.all("nodes")):
            self.pod(found["spec"]["template"], namespace, owner, age * (0.3 + 0.6 * self.rng.random()), labels={
                "controller-revision-hash": digest, "pod-template-generation": "1",
            }, nodeName=name_of(node))  # fmt: skip

    def cron_job(self, service: Service, namespace: str) -> None:
        template = template_of(service, service.version, self.environment)
        self.put("cronjobs.batch", {
            "metadata": {"name": service.name, "namespace": namespace, "labels": {"app": service.name}},
            "spec": {
                "schedule": service.schedule, **({"timeZone": service.zone} if service.zone else {}),
                "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": {"backoffLimit": 2, "template": template}},
            },
            "status": {},
        }, 33 * DAY, "argocd-controller")  # fmt: skip

    def network(self, service: Service, namespace: str) -> None:
        selector = {"app": service.name}
        meta = {"namespace": namespace, "labels": selector}
        port = {"name": "http" if service.port in (8080, 9090) else "main", "port": 80 if service.port == 8080 else service.port, "targetPort": service.port}  # fmt: skip
        spec: Obj = {"selector": selector, "ports": [port]}
        status: Obj = {"loadBalancer": {}}
        if service.load_balancer:
            spec["type"] = "LoadBalancer"
            port["nodePort"] = 30000 + self.rng.randrange(2000)
            status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.10", "ipMode": "VIP"}]}}
        obj = give_address(self.cluster, filled("services", {"metadata": {"name": service.name, **meta}, "spec": spec, "status": status}))  # fmt: skip
        self.put("services", obj, 58 * DAY, "argocd-controller")
        if service.kind == "StatefulSet":
            headless = {
                "metadata": {"name": f"{service.name}-headless", **meta},
                "spec": {**spec, "clusterIP": "None"},
                "status": status,
            }
            self.put(
                "services",
                give_address(self.cluster, filled("services", headless)),
                58 * DAY,
                "argocd-controller",
            )
        if service.ingress:
            host = f"{service.ingress}.{self.plan.environments[self.environment].domain}"
            back = {"service": {"name": service.name, "port": {"number": 80}}}
            rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": back}]}}
            self.put("ingresses.networking.k8s.io", {
                "metadata": {"name": service.name, **meta},
                "spec": {"ingressClassName": "nginx", "tls": [{"hosts": [host], "secretName": f"{service.name}-tls"}], "rules": [rule]},
                "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}},
            }, 58 * DAY, "argocd-controller")  # fmt: skip

    def guards(self, service: Service, namespace: str) -> None:
        """HPA and PodDisruptionBudget."""
        meta = {"name": service.name, "namespace": namespace, "labels": {"app": service.name}}
        if service.hpa is not None and self.environment != "development":
            factor = self.plan.environments[self.environment].replicas
            target = {"type": "Utilization", "averageUtilization": service.hpa.cpu}
            self.put("horizontalpodautoscalers.autoscaling", {
                "metadata": meta,
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name},
                    "minReplicas": max(1, round(service.hpa.min * factor)), "maxReplicas": max(2, round(service.hpa.max * factor)),
                    "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
                },
                "status": {"currentMetrics": None, "desiredReplicas": 0},
            }, 50 * DAY, "argocd-controller")  # fmt: skip
        if service.pdb is not None and self.environment == "production":
            field = "maxUnavailable" if service.pdb_max_unavailable else "minAvailable"
            self.put("poddisruptionbudgets.policy", {
                "metadata": meta,
                "spec": {field: service.pdb, "selector": {"matchLabels": {"app": service.name}}},
                "status": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
            }, 50 * DAY, "argocd-controller")  # fmt: skip

    def bulk(self, count: int, plan: Bulk) -> None:
        """``count`` plain pods in their own namespaces on their own nodes."""
        machine = NodeType(cpu=64, memory="256Gi", pods=plan.node_pods + 20, taint="bulk=true:NoSchedule")
        nodes = [
            self.node(f"bulk-{i:03d}", "bulk", machine, 30 + i) for i in range(-(-count // plan.node_pods))
        ]
        namespaces = [f"bulk-{i:02d}" for i in range(min(plan.namespaces, max(1, count // plan.replicas)))]
        for name in namespaces:
            self.namespace(name, None)
        made = 0
        for number in range(-(-count // plan.replicas)):
            size = min(plan.replicas, count - made)
            self._bulk_service(
                f"svc-{number:03d}", namespaces[number % len(namespaces)], size, nodes, made // plan.node_pods
            )
            made += size

    def _bulk_service(self, name: str, namespace: str, size: int, nodes: list[Obj], first: int) -> None:
        labels = {"app": name}
        container = {
            "name": "main", "image": f"{REGISTRY}/bulk:1.0.0",
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        }  # fmt: skip
        spec = {"containers": [container], "tolerations": [{"key": "bulk", "operator": "Exists"}]}
        meta = {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        }
        template = {"metadata": {"labels": labels}, "spec": spec}
        age = 5 * DAY * self.rng.random()
        above = self.put(
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
        found = self.put("replicasets.apps", {
            "metadata": {
                "name": f"{name}-{digest}", "namespace": namespace, "labels": labels,
                "annotations": {"deployment.kubernetes.io/desired-replicas": str(size), "deployment.kubernetes.io/max-replicas": str(size + -(-size // 4)), "deployment.kubernetes.io/revision": "1"},
                "ownerReferences": [owner_reference("apps/v1", "Deployment", above)],
            },
            "spec": {"replicas": size, "selector": {"matchLabels": labels}, "template": template},
        }, age, "")  # fmt: skip
        owner = owner_reference("apps/v1", "ReplicaSet", found)
        for index in range(size):
            node = nodes[(first + index) % len(nodes)]
            pod = pods.from_template(template, namespace, owner, self.rng)
            pod["metadata"]["uid"] = make_uid(self.rng)
            settled = pods.settled(
                pod, node, self.kubelet.ip(name_of(node)), self.begin - age, self.begin - age + 9
            )
            self.store.create("pods", settled, at=self.begin - age)


def tolerates(pod: Obj, node: Obj, effects: tuple[str, ...] = ("NoSchedule", "NoExecute")) -> bool:
    """Whether the pod tolerates all of the node's taints with these effects."""
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] in effects and not any(
            _takes(t, taint) for t in pod["spec"].get("tolerations") or ()
        ):
            return False
    return True


def _takes(toleration: Obj, taint: Obj) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return bool(
        toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", "")
    )


def node_conditions(since: float, now: float) -> list[Obj]:
    good = (
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "KubeletReady", "kubelet is posting ready status"),
    )
    return [
        {"type": kind, "status": "True" if kind == "Ready" else "False", "lastHeartbeatTime": stamp(now),
         "lastTransitionTime": stamp(since), "reason": reason, "message": message}
        for kind, reason, message in good
    ]  # fmt: skip
