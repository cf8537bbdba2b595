"""Services that a scenario has Argo Rollouts, Flagger or Argo CD carry, laid down as if they had done so for weeks."""

from __future__ import annotations

from collections.abc import Callable

from tfdash.demo.apiserver.objects import Obj, owner_reference, stamp, with_annotations
from tfdash.demo.apiserver.resources import by_storage
from tfdash.demo.apiserver.service_addresses import give_address
from tfdash.demo.controllers.argo.applications import STORAGE as APPLICATIONS
from tfdash.demo.controllers.argo.applications import TRACKING
from tfdash.demo.controllers.argo.git_repository import Tracked
from tfdash.demo.controllers.argo.rollout_analysis import TEMPLATES
from tfdash.demo.controllers.argo.rollout_replicasets import STORAGE, new_manifest
from tfdash.demo.controllers.argo.rollout_status import HASH, REVISION, step_hash
from tfdash.demo.controllers.replicaset import STORAGE as SETS
from tfdash.demo.scenarios.catalogue import Delivery, Service
from tfdash.demo.scenarios.flagger_layout import lay_canary
from tfdash.demo.scenarios.ground import DAY
from tfdash.demo.scenarios.layout import Layout
from tfdash.demo.scenarios.pod_templates import template_of
from tfdash.demo.scenarios.scenario import Scenario

_ARGOCD = "argocd"
Carrier = Callable[[Layout, Service, str], None]


def carriers(scenario: Scenario) -> dict[str, Carrier]:
    """Who lays down which service."""
    found: dict[str, Carrier] = dict.fromkeys(scenario.rollouts, rollout)
    found |= dict.fromkeys(scenario.canaries, lay_canary)
    return found | {name: _deployed(found.get(name)) for name in scenario.applications}


def _deployed(inner: Carrier | None) -> Carrier:
    """By Argo CD, as a Deployment or as what ``inner`` makes of it."""

    def lay(layout: Layout, service: Service, namespace: str) -> None:
        (inner or Layout.deployment)(layout, service, namespace)
        application(layout, service, namespace)

    return lay


def application(layout: Layout, service: Service, namespace: str) -> None:
    """The Application of a service that is laid down already, as automatic as it goes."""
    storage = next(s for s in (STORAGE, "deployments.apps") if layout.store.get(s, namespace, service.name))
    resource = by_storage()[storage]
    if layout.store.get("namespaces", "", _ARGOCD) is None:
        layout.namespace(_ARGOCD, None)
    workload = layout.store.find(storage, namespace, service.name)
    assert workload is not None
    tracking = f"{service.name}:{resource.group}/{resource.kind}:{namespace}/{service.name}"
    workload = layout.store.update(storage, with_annotations(workload, **{TRACKING: tracking}))
    commit = layout.cluster.repository.track(
        (_ARGOCD, service.name),
        Tracked(storage, namespace, service.name),
        workload["spec"]["template"],
        f"release {service.version} by ci",
    )
    source = {
        "repoURL": "https://git.terrafusion.example/platform/deploy.git",
        "targetRevision": "main",
        "path": f"{layout.environment}/{service.name}",
    }
    at = stamp(layout.begin - DAY)
    sync = {"revision": commit.revision, "source": source}
    layout.put(
        APPLICATIONS,
        {
            "metadata": {"name": service.name, "namespace": _ARGOCD},
            "spec": {
                "project": "platform",
                "source": source,
                "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
                "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            },
            "status": {
                "sync": {"status": "Synced", "revision": commit.revision},
                "health": {"status": "Healthy"},
                "operationState": {
                    "phase": "Succeeded",
                    "startedAt": at,
                    "finishedAt": at,
                    "syncResult": sync,
                },
                "history": [{"id": 41, "revision": commit.revision, "deployedAt": at, "source": source}],
            },
        },
        60 * DAY,
        "argocd-server",
    )


def rollout(layout: Layout, service: Service, namespace: str) -> None:
    """A Rollout whose newest version is stable, its ReplicaSets and pods, its Services and its AnalysisTemplate."""
    plan = layout.plan.delivery.get(service.name, Delivery())
    count = layout.plan.replicas(service, layout.environment)
    _analysis(layout, service, namespace, plan)
    versions = [*reversed(service.before), service.version]
    number = 12 + sum(service.name.encode()) % 60
    template = template_of(service, service.version, layout.environment)
    found = layout.put(
        STORAGE,
        {
            "metadata": {
                "name": service.name,
                "namespace": namespace,
                "labels": {"app": service.name},
                "generation": number + 9,
                "annotations": {
                    REVISION: str(number),
                    "kubernetes.io/change-cause": f"release {service.version} by ci",
                },
            },
            "spec": {
                "replicas": count,
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600,
                "selector": {"matchLabels": {"app": service.name}},
                "template": template,
                "strategy": {"canary": _canary(service, plan)},
            },
        },
        60 * DAY,
        "argocd-controller",
    )
    ages = sorted(
        (1.5 * DAY + 26 * DAY * layout.chance(namespace, service.name).random() for _ in versions),
        reverse=True,
    )
    digest = ""
    for index, version in enumerate(versions):
        newest = version == service.version
        wanted = count if newest else 0
        shown = {
            **found,
            "spec": {**found["spec"], "template": template_of(service, version, layout.environment)},
        }
        manifest = new_manifest(shown, number - len(versions) + 1 + index, wanted)
        manifest["metadata"]["generation"] = 1 if newest else 3
        made = with_annotations(manifest, **{"kubernetes.io/change-cause": f"release {version} by ci"})
        laid = layout.put(SETS, made, ages[index], "rollouts-controller")
        digest = laid["metadata"]["labels"][HASH]
        owner = owner_reference("apps/v1", "ReplicaSet", laid)
        for _ in range(wanted):
            age = ages[index] * (0.2 + 0.8 * layout.chance(namespace, service.name).random())
            layout.pod(laid["spec"]["template"], namespace, owner, age)
    since = layout.begin - ages[-1]
    layout.store.update(STORAGE, {**found, "status": _status(found, plan, digest, count, since)})
    _canary_service(layout, service, namespace, plan, digest)


def _canary(service: Service, plan: Delivery) -> Obj:
    canary: Obj = {"maxSurge": "25%", "maxUnavailable": 0, "steps": list(plan.steps)}
    if plan.routed:
        canary |= {
            "stableService": service.name,
            "canaryService": f"{service.name}-canary",
            "trafficRouting": {"nginx": {"stableIngress": service.name}},
        }
    return canary


def _status(found: Obj, plan: Delivery, digest: str, count: int, since: float) -> Obj:
    at = stamp(since)

    def condition(kind: str, reason: str, message: str) -> Obj:
        return {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastTransitionTime": at,
            "lastUpdateTime": at,
        }

    name = found["metadata"]["name"]
    progressed = f'ReplicaSet "{name}-{digest}" has successfully progressed.'
    return {
        "observedGeneration": str(found["metadata"]["generation"]),
        "stableRS": digest,
        "currentPodHash": digest,
        "currentStepHash": step_hash(found),
        "currentStepIndex": len(plan.steps),
        "replicas": count,
        "updatedReplicas": count,
        "readyReplicas": count,
        "availableReplicas": count,
        "HPAReplicas": count,
        "phase": "Healthy",
        "blueGreen": {},
        "canary": {},
        "selector": f"app={name}",
        "conditions": [
            condition("Available", "AvailableReason", "Rollout has minimum availability"),
            condition("Progressing", "NewReplicaSetAvailable", progressed),
            condition("Healthy", "RolloutHealthy", "Rollout is healthy"),
            condition("Completed", "RolloutCompleted", "RolloutCompleted"),
        ],
    }


def _analysis(layout: Layout, service: Service, namespace: str, plan: Delivery) -> None:
    if plan.metrics:
        layout.put(
            TEMPLATES[0],
            {
                "metadata": {"name": service.name, "namespace": namespace, "labels": {"app": service.name}},
                "spec": {"args": [{"name": "version"}], "metrics": list(plan.metrics)},
            },
            40 * DAY,
            "argocd-controller",
        )


def _canary_service(layout: Layout, service: Service, namespace: str, plan: Delivery, digest: str) -> None:
    """The Service of the canary's pods alone; while nothing is released it selects the stable ones."""
    if not plan.routed:
        return
    spec = {
        "selector": {"app": service.name, HASH: digest},
        "ports": [{"name": "http", "port": 80, "targetPort": service.port}],
    }
    body = {
        "metadata": {
            "name": f"{service.name}-canary",
            "namespace": namespace,
            "labels": {"app": service.name},
            "annotations": {"argo-rollouts.argoproj.io/managed-by-rollouts": service.name},
        },
        "spec": spec,
    }
    layout.put("services", give_address(layout.cluster, body), 40 * DAY, "argocd-controller")
