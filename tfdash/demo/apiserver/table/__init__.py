"""Tables as the API server prints them: column definitions (data) and cells (code), one row function for each kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.resources import Resource, data
from tfdash.demo.apiserver.table import custom, others, pods, workloads

Row = Callable[[Obj, float], list[Any]]

_ROWS: dict[str, Row] = {
    "/pods": pods.row,
    "/configmaps": others.config_map,
    "/endpoints": others.endpoints,
    "/events": others.event,
    "/namespaces": others.namespace,
    "/nodes": others.node,
    "/persistentvolumeclaims": others.claim,
    "/persistentvolumes": others.volume,
    "/replicationcontrollers": workloads.replica_set,
    "/resourcequotas": others.quota,
    "/secrets": others.secret,
    "/serviceaccounts": others.named,
    "/services": others.service,
    "apps/deployments": workloads.deployment,
    "apps/replicasets": workloads.replica_set,
    "apps/statefulsets": workloads.stateful_set,
    "apps/daemonsets": workloads.daemon_set,
    "apps/controllerrevisions": others.controller_revision,
    "batch/jobs": workloads.job,
    "batch/cronjobs": workloads.cron_job,
    "certificates.k8s.io/certificatesigningrequests": others.signing_request,
    "autoscaling/horizontalpodautoscalers": workloads.autoscaler,
    "policy/poddisruptionbudgets": workloads.disruption_budget,
    "discovery.k8s.io/endpointslices": others.endpoint_slice,
    "networking.k8s.io/ingresses": others.ingress,
    "networking.k8s.io/ingressclasses": others.ingress_class,
    "networking.k8s.io/networkpolicies": others.network_policy,
    "rbac.authorization.k8s.io/rolebindings": others.binding,
    "rbac.authorization.k8s.io/clusterrolebindings": others.binding,
    "scheduling.k8s.io/priorityclasses": others.priority_class,
    "storage.k8s.io/storageclasses": others.storage_class,
    "coordination.k8s.io/leases": others.lease,
    "admissionregistration.k8s.io/validatingwebhookconfigurations": others.webhooks,
    "admissionregistration.k8s.io/mutatingwebhookconfigurations": others.webhooks,
    "apiregistration.k8s.io/apiservices": others.api_service,
}
# What a kind without a printer of its own gets: its name and when it was created.
_DEFAULT_COLUMNS = "/limitranges"


def _table_key(resource: Resource) -> str:
    return "/events" if resource.plural == "events" else f"{resource.group}/{resource.plural}"


@cache
def _all_columns() -> dict[str, list[Obj]]:
    found: dict[str, list[Obj]] = data("columns.json")
    return found


@cache
def columns_json(key: str) -> bytes:
    columns = _all_columns()
    return msgspec.json.encode(columns[key] if key in _ROWS else columns[_DEFAULT_COLUMNS])


def columns(resource: Resource) -> bytes:
    """The columnDefinitions as JSON."""
    if resource.custom:
        return msgspec.json.encode(custom.columns(resource))
    return columns_json(_table_key(resource))


def cells(resource: Resource, obj: Obj, now: float) -> list[Any]:
    if resource.custom:
        return custom.cells(resource, obj, now)
    return _ROWS.get(_table_key(resource), others.created_at)(obj, now)


def row_conditions(resource: Resource, obj: Obj) -> list[Obj] | None:
    return pods.conditions(obj) if resource.plural == "pods" else None


def blank_cells(resource: Resource) -> list[Any]:
    """The row of a bookmark, which is an object with nothing in it."""
    empty = {"metadata": {"name": ""}}
    return cells(resource, empty, 0.0)
