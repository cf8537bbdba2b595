"""Who scales and who fixes a size, from the wire: ScaledObjects, NodeClaims, replicas in a manifest, what bounds a pod's place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.sources.test_delivery import decoded

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def test_a_scaled_object_has_kedas_defaults() -> None:
    bare = decoded("ScaledObject", spec={"scaleTargetRef": {"name": "web"}})
    assert (bare.target_kind, bare.min_replicas, bare.max_replicas, bare.cooldown) == (
        "Deployment",
        0,
        100,
        300.0,
    )
    assert (bare.idle, bare.paused, bare.paused_replicas, bare.hpa) == (None, False, None, "")
    said = decoded(
        "ScaledObject",
        metadata={"annotations": {"autoscaling.keda.sh/paused-replicas": "0"}},
        spec={
            "scaleTargetRef": {"kind": "StatefulSet", "name": "db"},
            "minReplicaCount": 2,
            "maxReplicaCount": 9,
            "idleReplicaCount": 0,
            "cooldownPeriod": 60,
            "triggers": [{"type": "cpu"}, {"type": "kafka"}, {"type": "cpu"}],
        },
        status={"hpaName": "keda-hpa-db", "conditions": [{"type": "Ready", "status": "True"}]},
    )
    assert (said.target, said.min_replicas, said.max_replicas, said.idle) == ("StatefulSet/db", 2, 9, 0)
    assert (said.cooldown, said.paused, said.paused_replicas) == (60.0, True, 0)
    assert (said.by, said.hpa, said.conditions[0].type) == ("cpu,kafka", "keda-hpa-db", "Ready")


@pytest.mark.parametrize(
    ("notes", "paused", "at"),
    [
        ({"autoscaling.keda.sh/paused": "true"}, True, None),
        *(
            ({"autoscaling.keda.sh/paused": no}, False, None)
            for no in ("0", "f", "F", "false", "False", "FALSE")
        ),
        *(({"autoscaling.keda.sh/paused": yes}, True, None) for yes in ("1", "T", "True", "", "no", "fALSE")),
        ({"autoscaling.keda.sh/paused-replicas": "3"}, True, 3),
        ({"autoscaling.keda.sh/paused-replicas": "many"}, True, None),
    ],
)
def test_what_pauses_a_scaled_object(notes: dict[str, str], paused: bool, at: int | None) -> None:
    found = decoded("ScaledObject", metadata={"annotations": notes})
    assert (found.paused, found.paused_replicas) == (paused, at)


def test_a_node_claim_says_how_far_it_came_and_why_not_further() -> None:
    def of(*stages: dict[str, str]) -> Any:
        labels = {"karpenter.sh/nodepool": "spot", "karpenter.sh/capacity-type": "spot"}
        return decoded(
            "NodeClaim", metadata={"labels": labels}, status={"nodeName": "n", "conditions": stages}
        )

    launched = {"type": "Launched", "status": "True"}
    found = of(launched, {"type": "Registered", "status": "Unknown", "message": "node not registered"})
    assert (found.pool, found.capacity, found.node) == ("spot", "spot", "n")
    assert (found.launched, found.registered, found.ready) == ("True", "Unknown", "")
    assert found.said == "node not registered"
    waits = {
        "type": "Launched",
        "status": "Unknown",
        "reason": "AwaitingReconciliation",
        "message": "object is",
    }
    assert of(waits).said == ""


def applied(manager: str, fields: Any, operation: str = "Apply", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields, **more}


SPEC = {"f:spec": {"f:replicas": {}}}
FIXED: list[tuple[list[dict[str, Any]], dict[str, str], str]] = [
    ([], {}, ""),
    ([applied("kustomize-controller", SPEC)], {}, "kustomize-controller"),
    # the server's defaults are the owner's too, where it did not apply on the server
    ([applied("argocd-controller", SPEC, "Update")], {}, ""),
    # another number of that name, and another part of the object
    ([applied("kube-controller-manager", {"f:status": {"f:replicas": {}}})], {}, ""),
    ([applied("x", SPEC, subresource="scale")], {}, ""),
    ([applied("x", {"f:spec": ["f:replicas"]}), applied("helm", SPEC)], {}, "helm"),
    ([], {APPLIED: json.dumps({"spec": {"replicas": 3}})}, "kubectl apply"),
    ([], {APPLIED: json.dumps({"spec": {"replicas": 3}}), "argocd.argoproj.io/tracking-id": "web"}, "argocd"),
    ([], {APPLIED: json.dumps({"spec": {}})}, ""),
    ([], {APPLIED: json.dumps({"spec": {"template": {"replicas": 3}}})}, ""),
    ([], {APPLIED: '{"spec": {"replicas"'}, ""),
]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "Rollout"])
@pytest.mark.parametrize(("fields", "notes", "by"), FIXED)
def test_who_says_in_a_manifest_how_many(
    kind: str, fields: list[dict[str, Any]], notes: dict[str, str], by: str
) -> None:
    assert decoded(kind, metadata={"managedFields": fields, "annotations": notes}).replicas_by == by


def _wrote(at: str, fields: dict[str, Any], **how: str) -> dict[str, Any]:
    return {"manager": "m", "operation": "Update", "time": f"2026-11-29T{at}Z", "fieldsV1": fields, **how}


_SAYS = {"f:spec": {"f:replicas": {}}}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ([], 0.0),
        ([_wrote("16:00:00", _SAYS, subresource="scale")], 1795968000.0),  # kubectl scale, an HPA
        ([_wrote("16:00:00", _SAYS), _wrote("15:00:00", _SAYS, operation="Apply")], 1795968000.0),
        ([_wrote("16:00:00", {"f:status": {"f:replicas": {}}}, subresource="status")], 0.0),
        ([_wrote("16:00:00", {"f:spec": {"f:paused": {}}})], 0.0),
        ([_wrote("25:00:00", _SAYS)], 0.0),
        ([{"fieldsV1": {"f:spec": {"f:replicas": {}}}}], 0.0),
    ],
)
def test_when_somebody_said_last_how_many(kind: str, fields: list[dict[str, Any]], at: float) -> None:
    assert decoded(kind, metadata={"managedFields": fields}).replicas_at == at


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ([], 0.0),
        ([_wrote("16:00:00", {"f:spec": {"f:paused": {}}}), _wrote("15:00:00", _SAYS)], 1795968000.0),
        ([_wrote("16:00:00", {"f:metadata": {"f:annotations": {}}})], 0.0),  # of that no generation comes
        ([_wrote("16:00:00", {"f:status": {"f:replicas": {}}}, subresource="status")], 0.0),
        ([{"fieldsV1": _SAYS, "subresource": "scale"}], 0.0),  # a server keeps no time of it
    ],
)
def test_when_the_spec_was_written_last(kind: str, fields: list[dict[str, Any]], at: float) -> None:
    assert decoded(kind, metadata={"managedFields": fields}).written_at == at


NEAR = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}}
WISH = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}


@pytest.mark.parametrize(
    ("spec", "uncounted"),
    [
        ({}, ()),
        ({"affinity": NEAR}, ("pod affinity",)),
        ({"affinity": WISH}, ()),
        ({"topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}]}, ("spreading",)),
        ({"topologySpreadConstraints": [{"whenUnsatisfiable": "ScheduleAnyway"}]}, ()),
        ({"containers": [{"name": "m", "ports": [{"containerPort": 80, "hostPort": 80}]}]}, ("host ports",)),
        (
            {"hostNetwork": True, "containers": [{"name": "m", "ports": [{"containerPort": 80}]}]},
            ("host ports",),
        ),
        ({"containers": [{"name": "m", "ports": [{"containerPort": 80}]}]}, ()),
        ({"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]}, ("volumes",)),
        ({"volumes": [{"name": "d", "emptyDir": {}}]}, ()),
    ],
)
def test_what_else_bounds_where_a_pod_may_go(spec: dict[str, Any], uncounted: tuple[str, ...]) -> None:
    found = decoded("Deployment", spec={"template": {"spec": spec}})
    assert found.template.placement.uncounted == uncounted
