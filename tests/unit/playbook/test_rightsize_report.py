"""What ``tfdash rightsize`` prints and exports of a picture."""

from __future__ import annotations

import csv
import io
import json
import shlex
from typing import Any

import pytest

from tests.kinds import resources
from tests.unit.playbook.making import REF, deployment
from tfdash.model.capacity import ResourceQuota
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Container, Object, Owner, ReplicaSet, Template
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Objects, Picture
from tfdash.model.subject import Key
from tfdash.model.usage import ContainerHistory, UsageHistory, usage_key
from tfdash.playbook.resources.policy import default_resources_policy
from tfdash.quantities import amounts
from tfdash.report.rightsize import SizedWorkload, as_csv, as_kustomize, as_patches, sized_workloads, table

DAY, GI = 86_400.0, 2**30
SET = resources(cpu="2", memory="4Gi", cpu_limit="4", memory_limit="4Gi")
TEMPLATE = Template(containers=(Container("proxy", "p:1"), Container("main", "w:1", SET)))


def history(kind: str, name: str, **fields: Any) -> UsageHistory:
    key = usage_key(kind, "a", name)
    seen = ContainerHistory("main", 5000, 14 * DAY, cpu=((95.0, 0.4),), cpu_most=0.6, memory_most=1.0 * GI)
    return UsageHistory(
        namespace=key.namespace, name=key.name, of=kind, called=name, since=0, until=14 * DAY, containers=(seen,), **fields
    )  # fmt: skip


def found(*objects: Object, **fields: Any) -> list[SizedWorkload]:
    kinds: dict[str, Objects] = {}
    for obj in objects:
        kinds.setdefault(obj.KIND, {})[Key(obj.namespace, obj.name)] = obj  # type: ignore[index]
    made = [history(k, o.name, **fields) for k in ("Deployment", "Rollout") for o in objects if k == o.KIND]
    kinds["UsageHistory"] = {Key(h.namespace, h.name): h for h in made}
    seen = {k: Observation(value=v, complete=True, observed_at=0.0) for k, v in kinds.items()}
    cluster = ClusterPicture(ref=REF, info=Observation(), kinds=seen)
    picture = Picture(at=14 * DAY, number=1, clusters={REF: cluster})
    return sized_workloads(picture, default_resources_policy(), ("a",))


WEB = deployment(name="web", uid="w", template=TEMPLATE)
CHART = deployment(
    name="chart", uid="c", template=TEMPLATE, labels={"app.kubernetes.io/managed-by": "Helm"},
    notes={"meta.helm.sh/release-name": "chart"},
)  # fmt: skip
ROLLOUT = Rollout(namespace="a", name="roll", uid="r", desired=2)
OF_ROLLOUT = ReplicaSet(
    namespace="a", name="roll-1", uid="rs", owner=Owner("Rollout", "roll", "r"), template=TEMPLATE
)


def test_the_table_says_what_is_asked_for_what_should_be_and_why() -> None:
    lines = table(found(WEB)).splitlines()
    assert lines[1].split()[2:10] == ["proxy", "cpu", "none", "?", "none", "?", "UNKNOWN", "no"]
    assert lines[3].split()[2:9] == ["main", "cpu", "2", "500m", "4", "4", "CRITICAL"]
    assert lines[4].split()[2:9] == ["main", "memory", "4Gi", "1205Mi", "4Gi", "1205Mi", "CRITICAL"]
    assert lines[-1] == "a/web: frees 4500m cores, 8.5Gi", "of three pods"


def test_a_patch_is_of_the_containers_that_change_and_none_of_what_a_tool_owns() -> None:
    lines = as_patches(found(WEB, CHART, ROLLOUT, OF_ROLLOUT)).splitlines()
    helm, web, roll = lines[1:]
    assert helm == "# a/chart: Helm owns it, and a patch would be put back: export kustomize and commit there"
    words = shlex.split(web)
    assert words[:8] == ["kubectl", "-n", "a", "patch", "deployment", "web", "--type", "strategic"]
    limits = {"cpu": "4", "memory": "1205Mi"}
    assert json.loads(words[-1])["spec"]["template"]["spec"]["containers"] == [
        {"name": "main", "resources": {"requests": {"cpu": "500m", "memory": "1205Mi"}, "limits": limits}}
    ]
    assert shlex.split(roll)[-3] == "json"
    assert json.loads(shlex.split(roll)[-1])[0] == {
        "op": "test", "path": "/spec/template/spec/containers/1/name", "value": "main",
    }  # fmt: skip


def test_a_component_of_kustomize_has_them_all() -> None:
    component = json.loads(as_kustomize(found(WEB, CHART, ROLLOUT, OF_ROLLOUT)))
    assert component["kind"] == "Component"
    assert [p["target"]["name"] for p in component["patches"]] == ["chart", "web", "roll"]
    assert isinstance(json.loads(component["patches"][2]["patch"]), list)


@pytest.mark.parametrize(("scope", "proposed"), [("NotTerminating", ""), ("Terminating", "1205Mi")])
def test_a_quota_of_such_pods_alone_is_not_left_either(scope: str, proposed: str) -> None:
    """Three pods would ask for 3315Mi more, and 1Gi is left."""
    small = deployment(
        name="web",
        uid="w",
        template=Template(containers=(Container("main", "w:1", resources(memory="100Mi")),)),
    )
    full = ResourceQuota(
        namespace="a",
        name="q",
        hard=amounts({"requests.memory": "4Gi"}),
        used=amounts({"requests.memory": "3Gi"}),
        scopes=(scope,),
        scoped=((scope, "Exists", ()),),
    )
    (_, memory) = csv.DictReader(io.StringIO(as_csv(found(small, full))))
    assert memory["proposed_request"] == proposed


def test_rows_are_whole_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(found(WEB)))))
    assert [(r["container"], r["resource"], r["proposed_request"]) for r in rows][2:] == [
        ("main", "cpu", "500m"),
        ("main", "memory", "1205Mi"),
    ]


@pytest.mark.parametrize("only", [False, True])
def test_pods_of_now_alone_are_said(only: bool) -> None:
    assert ("current pods only" in table(found(WEB, current_only=only))) is only
