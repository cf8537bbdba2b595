"""What adds nodes and what KEDA carries out, as these tell it of themselves: neither runs here, and their objects stand on the real server."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from tests.platform.harness.cluster import Cluster
from tests.trials.rules.objects import HPAS, NOWHERE, Manifest, as_list, hpa

_MERGE = "application/merge-patch+json"
_LONG_AGO = "2026-01-01T00:00:00Z"

# -- the cluster-autoscaler ----------------------------------------------------------------------------------------

_YAML = """\
{when}message: "as its provider says"
autoscalerStatus: "Running"
clusterWide:
  health:
    status: "{whole}"
    nodeCounts: {{registered: {{total: 3, ready: 3}}}}
  scaleUp: {{status: "NoActivity"}}
nodeGroups:
  - name: "large"
    health:
      status: "{health}"
      nodeCounts: {{registered: {{total: 3, ready: 3}}}}
      cloudProviderTarget: {target}
      minSize: 1
      maxSize: 5
    scaleUp:
      status: "{up}"
      backoffInfo: {{errorCode: "QUOTA_EXCEEDED", errorMessage: "Limit: 57.0"}}
      lastTransitionTime: "2026-01-01T00:00:00Z"
"""
_TEXT = """\
Cluster-autoscaler status at {when}:
Cluster-wide:
  Health:      {whole} (ready=3 unready=0 notStarted=0 longNotStarted=0 registered=3 longUnregistered=0)
               LastProbeTime:      {when} m=+54.671652928
               LastTransitionTime: {when} m=+14.603692120
  ScaleUp:     NoActivity (ready=3 registered=3)
               LastProbeTime:      {when} m=+54.671652928
               LastTransitionTime: {when} m=+14.603692120

NodeGroups:
  Name:        large
  Health:      {health} (ready=3 unready=0 notStarted=0 longNotStarted=0 registered=3 longUnregistered=0 cloudProviderTarget={target} (minSize=1, maxSize=5))
               LastProbeTime:      {when} m=+54.671652928
               LastTransitionTime: {when} m=+14.603692120
  ScaleUp:     {up} (ready=3 cloudProviderTarget={target})
               LastProbeTime:      {when} m=+54.671652928
               LastTransitionTime: {when} m=+14.603692120
"""
AUTOSCALER = ("ClusterAutoscaler", "kube-system", "cluster-autoscaler-status")


def write_status(cluster: Cluster, old: bool = False, ago: float | None = 0.0, **said: Any) -> None:
    """``old``: as text, as before 1.30; ``ago``: seconds since it was written, None where it does not say."""
    when = (
        ""
        if ago is None
        else f"{datetime.fromtimestamp(time.time() - ago, UTC):%Y-%m-%d %H:%M:%S.%f}000 +0000 UTC"
    )
    words = {"whole": "Healthy", "health": "Healthy", "target": 3, "up": "NoActivity"} | said
    if not old and when:
        when = f'time: "{when}"\n'
    text = (_TEXT if old else _YAML).format(when=when, **words)
    _, space, name = AUTOSCALER
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": space},
        "data": {"status": text},
    }
    cluster.apply(as_list([document]))


def no_status(cluster: Cluster) -> None:
    _, space, name = AUTOSCALER
    cluster.kubectl("delete", "configmap", name, "-n", space)


# -- Karpenter -----------------------------------------------------------------------------------------------------


def _pool(name: str, **limits: str) -> Manifest:
    of = {"group": "example.com", "kind": "Provider", "name": "default"}
    needs = [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]}]
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"nodeClassRef": of, "requirements": needs}}, "limits": limits},
    }


def _condition(kind: str, status: str, message: str = "", at: str = _LONG_AGO) -> Manifest:
    return {"type": kind, "status": status, "reason": kind, "message": message, "lastTransitionTime": at}


def _tell(cluster: Cluster, path: str, status: Manifest) -> None:
    cluster.request("PATCH", f"{path}/status", {"status": status}, _MERGE)


def add_pools(cluster: Cluster) -> None:
    claim = _pool("coming")
    claim["kind"], spec = "NodeClaim", claim["spec"]["template"]["spec"]
    claim["metadata"]["labels"] = {"karpenter.sh/nodepool": "coming"}
    claim["spec"] = spec
    pools = [
        _pool("grows", cpu="10"),
        _pool("limited", cpu="10"),
        _pool("broken", cpu="10"),
        _pool("coming", cpu="10"),
    ]
    cluster.kubectl("create", "-f", "-", stdin=as_list([*pools, claim]))
    at = "/apis/karpenter.sh/v1"
    ready = {"conditions": [_condition("Ready", "True")]}
    for name, cpu in (("grows", "4"), ("limited", "10"), ("coming", "0")):
        _tell(
            cluster, f"{at}/nodepools/{name}", {"nodes": 1, "resources": {"cpu": cpu, "nodes": "1"}, **ready}
        )
    broken = _condition("Ready", "False", "its node class is not there")
    _tell(cluster, f"{at}/nodepools/broken", {"conditions": [broken]})
    refused = _condition("Launched", "False", "insufficient capacity")
    _tell(cluster, f"{at}/nodeclaims/coming", {"conditions": [refused]})


def pools_full(cluster: Cluster) -> None:
    """None of them can grow."""
    for name in ("grows", "coming"):
        cluster.request(
            "PATCH", f"/apis/karpenter.sh/v1/nodepools/{name}", {"spec": {"limits": {"cpu": "0"}}}, _MERGE
        )


# -- KEDA ----------------------------------------------------------------------------------------------------------

_READY, _ACTIVE = _condition("Ready", "True"), _condition("Active", "True")
SCALED: dict[str, tuple[dict[str, str], list[Manifest]]] = {
    "works": ({}, [_READY, _ACTIVE]),
    "rests": ({}, [_READY, _condition("Active", "False")]),
    "paused": ({"autoscaling.keda.sh/paused-replicas": "0"}, [_READY, _condition("Paused", "True")]),
    "broken": ({}, [_condition("Ready", "False", "its secret is not there")]),
    "falls-back": ({}, [_READY, _ACTIVE, _condition("Fallback", "True", "at its 2 replicas")]),
    "unseen": ({}, []),
}
"""By name: annotations, and the conditions that its operator writes."""


def add_scaled_objects(cluster: Cluster) -> None:
    def one(name: str, notes: dict[str, str]) -> Manifest:
        trigger = {"type": "cron", "metadata": {"timezone": "UTC"}}
        return {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": name, "namespace": HPAS, "annotations": notes},
            "spec": {"scaleTargetRef": {"name": "queue"}, "maxReplicaCount": 4, "triggers": [trigger]},
        }

    cluster.kubectl("create", "-f", "-", stdin=as_list([one(n, notes) for n, (notes, _) in SCALED.items()]))
    at = f"/apis/keda.sh/v1alpha1/namespaces/{HPAS}/scaledobjects"
    for name, (_, conditions) in SCALED.items():
        if conditions:
            _tell(cluster, f"{at}/{name}", {"conditions": conditions})
    uid = cluster.request("GET", f"{at}/works")["metadata"]["uid"]
    owner = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "works", "uid": uid}
    owned = {"ownerReferences": [{**owner, "controller": True}]}
    made = hpa("keda-hpa-works", HPAS, 1, 4, NOWHERE, of="kept", metadata=owned)
    cluster.kubectl("create", "-f", "-", stdin=as_list([made]))
