"""A service that Flagger carries: its target stands at no pods, ``-primary`` serves, and the load tester has the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfdash.demo.apiserver.objects import Obj, owner_reference, stamp, with_spec
from tfdash.demo.apiserver.service_addresses import give_address
from tfdash.demo.controllers.flagger import canaries
from tfdash.demo.controllers.flagger.canary_status import STORAGE
from tfdash.demo.controllers.flagger.load_tester import SERVICE
from tfdash.demo.scenarios.catalogue import Delivery, Service
from tfdash.demo.scenarios.ground import DAY

if TYPE_CHECKING:
    from tfdash.demo.scenarios.layout import Layout


def lay_canary(layout: Layout, service: Service, namespace: str) -> None:
    """The Canary, initialized weeks ago, over the service's Deployment."""
    plan = layout.plan.delivery.get(service.name, Delivery())
    layout.deployment(service, namespace)
    target = layout.store.find(canaries.DEPLOYMENTS, namespace, service.name)
    assert target is not None
    canary = layout.put(
        STORAGE,
        {
            "metadata": {"name": service.name, "namespace": namespace, "labels": {"app": service.name}},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name},
                "service": {"port": 80, "targetPort": service.port},
                "progressDeadlineSeconds": 600,
                "analysis": plan.flagger
                or {"interval": "1m", "threshold": 5, "maxWeight": 50, "stepWeight": 10},
            },
            "status": _status(layout, canaries.spec_hash(target)),
        },
        60 * DAY,
        "argocd-controller",
    )
    _primary(layout, service, namespace, target, canary)
    layout.cluster.prometheus.history.routed((namespace, service.name), 0)
    for suffix, app in (("-canary", service.name), ("-primary", f"{service.name}-primary")):
        _service(layout, service, namespace, f"{service.name}{suffix}", app)
    if layout.store.get("services", layout.plan.namespaces["platform"], SERVICE) is None:
        tester = Service(name=SERVICE, kind="Deployment", namespace="platform", version="0.34.0", used="21Mi")
        layout.service(tester)


def _status(layout: Layout, digest: str) -> Obj:
    at = stamp(layout.begin - 2 * DAY)
    truth, message = "True", "Canary analysis completed successfully, promotion finished."
    condition = {
        "type": "Promoted",
        "status": truth,
        "reason": "Succeeded",
        "message": message,
        "lastUpdateTime": at,
        "lastTransitionTime": at,
    }
    return {
        "phase": "Succeeded",
        "canaryWeight": 0,
        "failedChecks": 0,
        "iterations": 0,
        "lastAppliedSpec": digest,
        "lastPromotedSpec": digest,
        "lastTransitionTime": at,
        "conditions": [condition],
    }


def _primary(layout: Layout, service: Service, namespace: str, target: Obj, canary: Obj) -> None:
    """The serving Deployment gets the target's pods' number; the target's own pods go before the world is shown."""
    count = target["spec"]["replicas"]
    label = f"{service.name}-primary"
    primary = {
        "metadata": {
            "name": label,
            "namespace": namespace,
            "labels": {"app": label},
            "generation": 1,
            "ownerReferences": [owner_reference("flagger.app/v1beta1", "Canary", canary)],
        },
        "spec": {
            **target["spec"],
            "replicas": count,
            "selector": {"matchLabels": {"app": label}},
            "template": canaries.primary_template(target),
        },
    }
    layout.put(canaries.DEPLOYMENTS, primary, 2 * DAY, "flagger")
    layout.store.update(canaries.DEPLOYMENTS, with_spec(target, replicas=0))


def _service(layout: Layout, service: Service, namespace: str, name: str, app: str) -> None:
    spec = {"selector": {"app": app}, "ports": [{"name": "http", "port": 80, "targetPort": service.port}]}
    body = {"metadata": {"name": name, "namespace": namespace, "labels": {"app": name}}, "spec": spec}
    layout.put("services", give_address(layout.cluster, body), 60 * DAY, "flagger")
