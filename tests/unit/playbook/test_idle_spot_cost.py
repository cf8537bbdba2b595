"""What is idle, what stands on spot nodes, and what a pool costs: each true and false."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.kinds import resources
from tests.unit.playbook.making import NOW, REF, deployment
from tfdash.judging.judge import Judge
from tfdash.model.kube import Container, Object, Owner, Pod, ReplicaSet, StatefulSet, Template
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Objects, Picture
from tfdash.model.subject import Key
from tfdash.model.update import Change
from tfdash.model.usage import Usage, UsageHistory, usage_key
from tfdash.playbook.policies import Policies
from tfdash.playbook.resources import cost, idle, spot
from tfdash.playbook.resources.policy import Price, default_resources_policy
from tfdash.quantities import amounts

DAY = 86_400.0
WEB = deployment(
    namespace="a",
    name="web",
    uid="d",
    desired=2,
    template=Template(containers=(Container("main", "w:1", resources(cpu="500m")),)),
)


def said(rule: Any, *objects: Object, prices: tuple[Price, ...] = ()) -> list[str]:
    kinds: dict[str, dict[Key, Object]] = {}
    for obj in objects:
        kinds.setdefault(obj.KIND, {})[Key(obj.namespace, obj.name)] = obj
    seen: dict[str, Observation[Objects]] = {
        k: Observation(value=v, complete=True, observed_at=NOW) for k, v in kinds.items()
    }
    cluster = ClusterPicture(ref=REF, info=Observation(), kinds=seen)
    picture = Picture(at=NOW, number=1, clusters={REF: cluster})
    policies = Policies(resources=replace(default_resources_policy(), prices=prices))
    judge = Judge(policies=policies, rules=(rule,))
    every = Change(keys={(REF, kind): None for kind in kinds}, freshness=frozenset())
    told, _ = judge.assess(picture, every, NOW)
    return [v.sentence for vs in told.verdicts.values() for v in vs]


def history(p95: float, covered: float = 7 * DAY, **fields: Any) -> UsageHistory:
    key = usage_key("Deployment", "a", "web")
    return UsageHistory(
        namespace=key.namespace, name=key.name, of="Deployment", called="web", since=NOW - 7 * DAY, until=NOW,
        covered=covered, cpu_p95=p95, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (history(0.049), ["web is idle by its CPU: 4.9 % of the 1 that it asks for, 95th percentile of 7 d"]),
        (history(0.05), []),
        (history(0.01, covered=6 * DAY), []),
        (history(0.01, current_only=True), []),
    ],
)
def test_idle_is_less_than_the_share_over_whole_weeks(seen: UsageHistory, found: list[str]) -> None:
    assert said(idle.RULE, WEB, seen) == found
    as_a_whole = Template(containers=(Container("main", "w:1"),), resources=resources(cpu="500m"))
    assert said(idle.RULE, msgspec.structs.replace(WEB, template=as_a_whole), seen) == found


def pod(owner: str, node: str) -> Pod:
    return Pod(
        namespace="a", name=f"p-{node}", uid=f"p-{node}", node=node, owner=Owner("ReplicaSet", "x", owner)
    )


NODES = (
    Node(namespace="", name="s1", labels={"karpenter.sh/capacity-type": "spot"}),
    Node(namespace="", name="n1", labels={"karpenter.sh/capacity-type": "on-demand"}),
)
SETS = ReplicaSet(namespace="a", name="web-1", uid="rs", desired=1, owner=Owner("Deployment", "web", "d"))
ONE = msgspec.structs.replace(WEB, desired=1)
STATE = StatefulSet(namespace="a", name="db", uid="st", desired=3)


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ((ONE, SETS, pod("rs", "s1")), ["web: its only replica stands on a spot node (s1), which may be taken away"]),
        ((ONE, SETS, pod("rs", "n1")), []),
        ((WEB, SETS, pod("rs", "s1")), []),
        ((STATE, pod("st", "s1")), ["db: 1 pod of a StatefulSet stands on a spot node (s1), which may be taken away"]),
        ((STATE, pod("st", "n1")), []),
    ],
)  # fmt: skip
def test_what_holds_state_or_stands_alone_is_named_on_spot_nodes(
    objects: tuple[Object, ...], found: list[str]
) -> None:
    assert said(spot.RULE, *objects, *NODES) == found


def test_a_pool_costs_what_its_price_says_and_nothing_without_one() -> None:
    key = usage_key("NodePool", "", "m5")
    pool = Usage(
        namespace=key.namespace, name=key.name, of="NodePool", called="m5", at=NOW, window=15.0, source="metrics.k8s.io",
        allocatable=amounts({"cpu": "10", "memory": "40Gi"}), asked=amounts({"cpu": "5", "memory": "20Gi"}),
        used=amounts({"cpu": "1", "memory": "10Gi"}),
    )  # fmt: skip
    assert said(cost.RULE, pool) == []
    first, other = Price("m*", 0.1, 0.01, "EUR"), Price("*", 9.0, 9.0, "EUR")
    assert said(cost.RULE, pool, prices=(first, other)) == [
        "pool m5: 511 of 1,022 EUR a month at list price are asked for by nobody; 511 asked for, 146 used"
    ]
