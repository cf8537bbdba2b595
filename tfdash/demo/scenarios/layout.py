"""How a cluster looks when the demo begins: everything laid down as if it had run for weeks."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import msgspec

from tfdash.cron import schedule
from tfdash.demo.apiserver.defaults import template as fill_template
from tfdash.demo.apiserver.objects import Obj, hashed, name_of, owner_reference, stamp
from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.cluster import Cluster
from tfdash.demo.controllers.controller_revisions import make_revision
from tfdash.demo.controllers.kubelet import Kubelet
from tfdash.demo.scenarios.catalogue import Service
from tfdash.demo.scenarios.ground import DAY, Ground
from tfdash.demo.scenarios.identities import lay_rights
from tfdash.demo.scenarios.network import lay_network
from tfdash.demo.scenarios.pod_templates import template_of
from tfdash.demo.scenarios.scenario import Use
from tfdash.demo.scenarios.volumes import lay_volume
from tfdash.demo.traffic.demand import Demand

_PLATFORM = ("platform", "system")  # roles of namespaces


class Layout(Ground):
    """One environment's services. ``carriers`` lay down those that another controller than their kind's releases. ``standing_by``: in a
    second region the services that wait there, scaled to nothing; of the others it has what a platform itself needs."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet, begin: float) -> None:
        super().__init__(cluster, kubelet, begin)
        self.standing_by: tuple[str, ...] = ()
        self.carriers: dict[str, Callable[[Layout, Service, str], None]] = {}

    def everything(
        self, quotas: Mapping[str, dict[str, str]] | None = None, mounts: Mapping[str, str] | None = None
    ) -> None:
        """``quotas``: by the namespace's role, instead of the plan's; ``mounts``: by the service's name, which TLS Secret it reads."""
        lay_rights(self)
        self.nodes()
        for role in self.plan.namespaces:
            quota = {**self.plan.quotas, **(quotas or {})}.get(role)
            self.namespace(self.plan.namespace(role, self.environment), quota)
        for name in ("default", "kube-public", "kube-node-lease"):
            self.namespace(name, None)
        self.cluster_wide()
        for service in self.plan.service:
            if (
                self.standing_by
                and service.name not in self.standing_by
                and service.namespace not in _PLATFORM
            ):
                continue
            self.service(msgspec.structs.replace(service, mounts=(mounts or {}).get(service.name, "")))

    def service(self, service: Service) -> None:
        namespace = self.plan.namespace(service.namespace, self.environment)
        self.configuration(service, namespace)
        if service.demand:
            # The demand of an environment follows its size, so that utilisation is alike in all of them.
            share = self.plan.replicas(service, self.environment) / service.replicas
            self.cluster.demands[namespace, service.name] = Demand(
                service.demand * share, float(parse(service.used))
            )
        else:
            self.cluster.demands[namespace, service.name] = Demand(0.02, float(parse(service.used)))
        maker = {
            "Deployment": self.deployment,
            "StatefulSet": self.stateful_set,
            "DaemonSet": self.daemon_set,
            "CronJob": self.cron_job,
        }[service.kind]
        carrier = self.carriers.get(service.name)
        if carrier is None:
            maker(service, namespace)
        else:
            carrier(self, service, namespace)
        if service.kind in ("Deployment", "StatefulSet"):
            lay_network(self, service, namespace)
            self.guards(service, namespace)

    def uses(self, use: Use) -> None:
        """Another demand of a service than the plan's, in its past as well."""
        found = next(s for s in self.plan.service if s.name == use.service)
        demand = self.cluster.demands[self.plan.namespace(found.namespace, self.environment), use.service]
        demand.cores = demand.cores if use.cores is None else use.cores
        demand.swing = demand.swing if use.swing is None else use.swing
        demand.memory = float(parse(use.memory)) if use.memory else demand.memory
        demand.filled = demand.filled if use.filled is None else use.filled
        demand.a_day = float(parse(use.a_day)) if use.a_day else demand.a_day

    def configuration(self, service: Service, namespace: str) -> None:
        meta = {"namespace": namespace, "labels": {"app": service.name}}
        domain = self.plan.environments[self.environment].domain
        data = {"ENVIRONMENT": self.environment, "BASE_URL": f"https://{domain}", "LOG_LEVEL": "info"}
        age = 30 * DAY + self.chance(namespace, service.name).random() * 20 * DAY
        self.put("configmaps", {"metadata": {"name": f"{service.name}-config", **meta}, "data": data}, age)
        token = hashed([service.name, "secret"], 32)
        secret = {"DATABASE_PASSWORD": base64.b64encode(f"demo-{token}".encode()).decode()}
        self.put(
            "secrets",
            {"metadata": {"name": f"{service.name}-secrets", **meta}, "data": secret, "type": "Opaque"},
            age,
        )
        self.put("serviceaccounts", {"metadata": {"name": service.name, **meta}}, age)

    def replicas(self, service: Service) -> int:
        return 0 if service.name in self.standing_by else self.plan.replicas(service, self.environment)

    def deployment(self, service: Service, namespace: str) -> None:
        count = self.replicas(service)
        versions = [*reversed(service.before), service.version]
        revision = 12 + sum(service.name.encode()) % 60
        ages = sorted(
            (1.5 * DAY + 26 * DAY * self.chance(namespace, service.name).random() for _ in versions),
            reverse=True,
        )
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
        template = template_of(service, service.version, self.environment)
        cause = f"release {service.version} by ci"
        deployment = self.put(
            "deployments.apps",
            {
                "metadata": {
                    "name": service.name,
                    "namespace": namespace,
                    "labels": {"app": service.name},
                    "generation": revision + 9,
                    "annotations": {
                        "deployment.kubernetes.io/revision": str(revision),
                        "kubernetes.io/change-cause": cause,
                    },
                },
                "spec": {
                    "replicas": count,
                    "selector": {"matchLabels": {"app": service.name}},
                    "template": template,
                    "strategy": strategy,
                },
            },
            60 * DAY,
            "argocd-controller",
        )
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
                "replicas": wanted,
                "selector": {"matchLabels": labels},
                "template": {
                    **shown,
                    "metadata": {**shown["metadata"], "labels": {**shown["metadata"]["labels"], **labels}},
                },
            }
            annotations = {
                "deployment.kubernetes.io/desired-replicas": str(count),
                "deployment.kubernetes.io/max-replicas": str(count + -(-count // 4)),
                "deployment.kubernetes.io/revision": str(revision - len(versions) + 1 + index),
                "kubernetes.io/change-cause": f"release {version} by ci",
            }
            found = self.put(
                "replicasets.apps",
                {
                    "metadata": {
                        "name": f"{service.name}-{digest}",
                        "namespace": namespace,
                        "labels": labels,
                        "annotations": annotations,
                        "ownerReferences": [owner],
                        "generation": 1 if newest else 3,
                    },
                    "spec": spec,
                },
                ages[index],
                "kube-controller-manager",
            )
            for _ in range(wanted):
                self.pod(
                    found["spec"]["template"],
                    namespace,
                    owner_reference("apps/v1", "ReplicaSet", found),
                    ages[index] * (0.2 + 0.8 * self.chance(namespace, service.name).random()),
                )

    def stateful_set(self, service: Service, namespace: str) -> None:
        count = (
            self.replicas(service)
            if service.replicas < 3 or service.name in self.standing_by
            else (3 if self.environment == "production" else 1)
        )
        template = template_of(service, service.version, self.environment)
        claim = {
            "metadata": {"name": "data"},
            "status": {"phase": "Pending"},
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "fast",
                "volumeMode": "Filesystem",
                "resources": {"requests": {"storage": service.storage}},
            },
        }
        age = 40 * DAY + 10 * DAY * self.chance(namespace, service.name).random()
        found = self.put(
            "statefulsets.apps",
            {
                "metadata": {"name": service.name, "namespace": namespace, "labels": {"app": service.name}},
                "spec": {
                    "replicas": count,
                    "serviceName": f"{service.name}-headless",
                    "selector": {"matchLabels": {"app": service.name}},
                    "template": template,
                    "volumeClaimTemplates": [claim],
                    "updateStrategy": {
                        "type": "RollingUpdate",
                        "rollingUpdate": {"partition": service.partition},
                    },
                },
            },
            age,
            "argocd-controller",
        )
        revision = self.revision("StatefulSet", found, age)
        owner = owner_reference("apps/v1", "StatefulSet", found)
        for index in range(count):
            name = f"{service.name}-{index}"
            lay_volume(self, namespace, f"data-{name}", service.storage, age)
            self.pod(
                found["spec"]["template"],
                namespace,
                owner,
                age * (0.1 + 0.3 * self.chance(namespace, service.name).random()),
                name=name,
                labels={
                    "apps.kubernetes.io/pod-index": str(index),
                    "controller-revision-hash": revision,
                    "statefulset.kubernetes.io/pod-name": name,
                },
                hostname=name,
                subdomain=f"{service.name}-headless",
                volumes=[
                    {"name": "data", "persistentVolumeClaim": {"claimName": f"data-{name}"}},
                    *found["spec"]["template"]["spec"].get("volumes", []),
                ],
            )

    def revision(self, kind: str, owner: Obj, age: float) -> str:
        """The ControllerRevision of a StatefulSet or DaemonSet; returns its label's value."""
        return make_revision(self.store, kind, owner, 1, at=self.begin - age)

    def daemon_set(self, service: Service, namespace: str) -> None:
        age = 40 * DAY + 10 * DAY * self.chance(namespace, service.name).random()
        found = self.put(
            "daemonsets.apps",
            {
                "metadata": {
                    "name": service.name,
                    "namespace": namespace,
                    "labels": {"app": service.name},
                    "annotations": {"deprecated.daemonset.template.generation": "1"},
                },
                "spec": {
                    "selector": {"matchLabels": {"app": service.name}},
                    "template": template_of(service, service.version, self.environment),
                },
            },
            age,
            "argocd-controller",
        )
        revision = self.revision("DaemonSet", found, age)
        owner = owner_reference("apps/v1", "DaemonSet", found)
        digest = revision.rpartition("-")[2]
        for node in list(self.store.all("nodes")):
            self.pod(
                found["spec"]["template"],
                namespace,
                owner,
                age * (0.3 + 0.6 * self.chance(namespace, service.name).random()),
                labels={
                    "controller-revision-hash": digest,
                    "pod-template-generation": "1",
                },
                nodeName=name_of(node),
            )

    def cron_job(self, service: Service, namespace: str) -> None:
        template = template_of(service, service.version, self.environment)
        self.put(
            "cronjobs.batch",
            {
                "metadata": {"name": service.name, "namespace": namespace, "labels": {"app": service.name}},
                "spec": {
                    "schedule": service.schedule,
                    **({"timeZone": service.zone} if service.zone else {}),
                    "concurrencyPolicy": "Forbid",
                    "jobTemplate": {"spec": {"backoffLimit": 2, "template": template}},
                },
                "status": self.last_run(service),
            },
            33 * DAY,
            "argocd-controller",
        )

    def last_run(self, service: Service) -> Obj:
        """The status that its newest run before the beginning left, of those that were over by then."""
        times = schedule(service.schedule, service.zone)
        due = times.next(self.begin - 2 * DAY)
        while (
            due is not None and (later := times.next(due)) is not None and later + service.runs < self.begin
        ):
            due = later
        return (
            {}
            if due is None
            else {"lastScheduleTime": stamp(due), "lastSuccessfulTime": stamp(due + service.runs)}
        )

    def scaled(self, service: Service, namespace: str) -> Obj:
        """What an autoscaler scales."""
        if self.store.get("rollouts.argoproj.io", namespace, service.name) is not None:
            return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": service.name}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name}

    def guards(self, service: Service, namespace: str) -> None:
        """HPA and PodDisruptionBudget."""
        meta = {"name": service.name, "namespace": namespace, "labels": {"app": service.name}}
        if service.hpa is not None and self.environment != "development":
            factor, waits = (
                self.plan.environments[self.environment].replicas,
                service.name in self.standing_by,
            )
            target = {"type": "Utilization", "averageUtilization": service.hpa.cpu}
            self.put(
                "horizontalpodautoscalers.autoscaling",
                {
                    "metadata": meta,
                    "spec": {
                        "scaleTargetRef": self.scaled(service, namespace),
                        "minReplicas": 1 if waits else max(1, round(service.hpa.min * factor)),
                        "maxReplicas": 2 if waits else max(2, round(service.hpa.max * factor)),
                        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
                    },
                    "status": {"currentMetrics": None, "desiredReplicas": 0},
                },
                50 * DAY,
                "argocd-controller",
            )
        if service.pdb is not None and self.environment == "production":
            field = "maxUnavailable" if service.pdb_max_unavailable else "minAvailable"
            self.put(
                "poddisruptionbudgets.policy",
                {
                    "metadata": meta,
                    "spec": {field: service.pdb, "selector": {"matchLabels": {"app": service.name}}},
                    "status": {
                        "disruptionsAllowed": 0,
                        "currentHealthy": 0,
                        "desiredHealthy": 0,
                        "expectedPods": 0,
                    },
                },
                50 * DAY,
                "argocd-controller",
            )
