"""Our cells are the API server's own: what ``kubectl get`` prints for the same object."""

from __future__ import annotations

import json
import time

import msgspec
import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.protocol.conftest import Target
from tfdash.model.kinds import LISTED
from tfdash.model.subject import ClusterRef
from tfdash.sources.kubernetes.codec import Codec
from tfdash.views.kinds import view_of
from tfdash.views.kinds.base import Context

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
SHORTER = ("Images", "Kernel-Version")  # ours are shorter, or say more, on purpose
KINDS = (
    "Pod",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Job",
    "CronJob",
    "Node",
    "Namespace",
    "Service",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "ResourceQuota",
    "LimitRange",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "PriorityClass",
)


@pytest.fixture(scope="module")
def populated(request: pytest.FixtureRequest, target: Target) -> Target:
    """The simulator has a world; the real one gets the cases of the test platform."""
    if not target.simulated:
        cluster: Cluster = request.getfixturevalue("cluster")
        world.add_nodes(cluster, 2)
        world.add_cases(cluster)
        cluster.wait(
            lambda: "CrashLoopBackOff" in cluster.kubectl("get", "pods", "-n", "tf-cases"), "the cases"
        )
    return target


def _shown(cell: object) -> str:
    """As kubectl writes it."""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


@pytest.mark.parametrize("kind", KINDS)
def test_cells_equal_the_servers(populated: Target, kind: str) -> None:
    answer = populated.admin.get(
        LISTED[kind].path(), params={"includeObject": "Object"}, headers={"Accept": TABLE}
    )
    table = answer.json()
    names = [c["name"] for c in table["columnDefinitions"]]
    codec, view = Codec(kind), view_of(kind)
    context = Context(time.time(), ClusterRef("t", "t"), kind)
    compared = 0
    for row in table["rows"]:
        obj = codec.item(msgspec.Raw(json.dumps(row["object"]).encode()))
        assert obj is not None
        printed = dict(zip(names, row["cells"], strict=True))
        for field in view.fields:
            if field.printer in SHORTER or field.clock or field.printer not in printed:
                continue
            if printed[field.printer] != "<unknown>":
                compared += 1
                ours, theirs = field.text(obj, context), _shown(printed[field.printer])
                assert ours in (theirs, theirs.replace("<none>", "")), f"{kind} {obj.name}: {field.title}"
    assert compared or not table["rows"]
