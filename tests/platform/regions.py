"""Two real control planes as two regions: thirty services in the playbook's five tiers in one, and the same at rest in the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from tests.platform.harness.cluster import Cluster
from tests.platform.world import add_namespaces, create, deployment, node
from tests.waiting import until
from tfdash.playbook.procedures.recovery_settings import TIERS

EACH = 6  # services of a tier
_AT_REST = (1, 1)  # bounds of the HPAs of what waits for its turn
_THEIR_OWN = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")


class Service(NamedTuple):
    """``scaler``: least and most of its HPA; None where it has none, as databases."""

    name: str
    namespace: str
    tier: int
    replicas: int
    scaler: tuple[int, int] | None
    rests_on: str

    @property
    def workload(self) -> str:
        return f"Deployment {self.namespace}/{self.name}"


def _service(tier: int, number: int) -> Service:
    """No two of a tier are alike in replicas and bounds."""
    stem = [word.replace(" ", "-").lower() for word in TIERS]
    replicas = 1 + (tier + number) % 4
    return Service(
        name=f"{stem[tier - 1]}-{number}",
        namespace=f"tf-tier-{tier}",
        tier=tier,
        replicas=replicas,
        scaler=(1 + number % replicas, replicas + 1 + number) if tier > 1 else None,
        rests_on=f"{stem[tier - 2]}-{number}" if tier > 1 else "",
    )


SERVICES = tuple(_service(tier, number) for tier in range(1, len(TIERS) + 1) for number in range(EACH))


def scaler(of: Service, bounds: tuple[int, int]) -> dict[str, Any]:
    """At work, and it takes nothing away: how long the machine takes for a test is not to be seen in it."""
    target = {"type": "Utilization", "averageUtilization": 90}
    return {
        "metadata": {"name": of.name, "namespace": of.namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": of.name},
            "minReplicas": bounds[0],
            "maxReplicas": bounds[1],
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"selectPolicy": "Disabled"}},
        },
    }


def seed(cluster: Cluster, *, serving: bool) -> None:
    """All services: as they are at work, or at rest as in a region that waits."""
    create(cluster, "/api/v1/nodes", *(node(f"region-{i}") for i in range(3)))
    spaces = dict.fromkeys(one.namespace for one in SERVICES)
    add_namespaces(cluster, *spaces)
    for space in spaces:
        mine = [one for one in SERVICES if one.namespace == space]
        made = [deployment(one.name, space, one.replicas if serving else 0) for one in mine]
        create(cluster, f"/apis/apps/v1/namespaces/{space}/deployments", *made)
        scalers = [scaler(one, one.scaler if serving else _AT_REST) for one in mine if one.scaler]
        create(cluster, f"/apis/autoscaling/v2/namespaces/{space}/horizontalpodautoscalers", *scalers)
    if serving:
        until(partial(_serve, cluster), "all services to serve", 180.0)


def _serve(cluster: Cluster) -> bool:
    found = cluster.request("GET", "/apis/apps/v1/deployments")["items"]
    has = {one["metadata"]["name"]: one["status"].get("availableReplicas", 0) for one in found}
    return has == {one.name: one.replicas for one in SERVICES}


def witnessed(cluster: Cluster) -> dict[str, Any]:
    """What kubectl shows of all Deployments and HPAs, without their status and what each server makes of its own: times and versions of objects."""

    def own(document: dict[str, Any]) -> dict[str, Any]:
        metadata = {key: value for key, value in document["metadata"].items() if key not in _THEIR_OWN}
        return {**{key: value for key, value in document.items() if key != "status"}, "metadata": metadata}

    items = json.loads(cluster.kubectl("get", "deploy,hpa", "-A", "-o", "json"))["items"]
    return {
        f"{one['kind']} {one['metadata']['namespace']}/{one['metadata']['name']}": own(one) for one in items
    }


def settings(folder: str, comes_up: Callable[[Service], str]) -> str:
    """[recovery] of all of them."""
    told = [f'[recovery.last_good]\nfolder = {json.dumps(folder)}\ngood_for = "60s"\n']
    for one in SERVICES:
        rests = f"rests_on = [{json.dumps(one.rests_on)}]\n" if one.rests_on else ""
        told.append(
            f"[recovery.services.{one.name}]\nworkload = {json.dumps(one.workload)}\ntier = {one.tier}\n"
            f'owner = "team-{one.tier}"\ncomes_up = {json.dumps(comes_up(one))}\n{rests}'
        )
    return "".join(told)
