"""What is idle, what stands on spot nodes, and what a pool costs: each true and false."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
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
from tfdash.model.usage import PlaceDay, Usage, UsageHistory, usage_key
from tfdash.playbook.policies import Policies
from tfdash.playbook.resources import cost, idle, pricing, spot
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


def said(rule: Any, *objects: Object, prices: tuple[Price, ...] = (), read: float = NOW) -> list[str]:
    """``read``: when the histories were, which are read each hour."""
    kinds: dict[str, dict[Key, Object]] = {}
    for obj in objects:
        kinds.setdefault(obj.KIND, {})[Key(obj.namespace, obj.name)] = obj
    seen: dict[str, Observation[Objects]] = {
        k: Observation(value=v, complete=True, observed_at=NOW) for k, v in kinds.items()
    }
    if UsageHistory.KIND in seen:
        seen[UsageHistory.KIND] = msgspec.structs.replace(
            seen[UsageHistory.KIND], observed_at=read, interval=7200.0
        )
    cluster = ClusterPicture(ref=REF, info=Observation(), kinds=seen)
    picture = Picture(at=NOW, number=1, clusters={REF: cluster})
    policies = Policies(resources=replace(default_resources_policy(), prices=prices))
    judge = Judge(policies=policies, rules=(rule,), stale_after=120.0)
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
        (
            history(0.049),
            [
                "web is idle by its CPU: 4.9 % of the 1 that it asks for, 95th percentile of 7 d; at 0 it frees 1 cores"
            ],
        ),
        (history(0.05), []),
        (history(0.01, covered=6 * DAY), []),
        (history(0.01, current_only=True), []),
    ],
)
def test_idle_is_less_than_the_share_over_whole_weeks(seen: UsageHistory, found: list[str]) -> None:
    assert said(idle.RULE, WEB, seen) == found
    as_a_whole = Template(containers=(Container("main", "w:1"),), resources=resources(cpu="500m"))
    assert said(idle.RULE, msgspec.structs.replace(WEB, template=as_a_whole), seen) == found


@pytest.mark.parametrize(("age", "old"), [(7199.0, False), (7200.0, True)])
def test_a_history_is_current_for_as_long_as_its_source_says(age: float, old: bool) -> None:
    (words,) = said(idle.RULE, WEB, history(0.01), read=NOW - age)
    assert (", as of " in words) is old


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


def pool(of: str = "NodePool", called: str = "m5") -> Usage:
    key = usage_key(of, "", called)
    return Usage(
        namespace=key.namespace, name=key.name, of=of, called=called, at=NOW, window=15.0, source="metrics.k8s.io",
        asked=amounts({"cpu": "5", "memory": "20Gi"}), used=amounts({"cpu": "1", "memory": "10Gi"}), pods=9,
    )  # fmt: skip


def node(name: str, kind: str, cpu: str, memory: str, asks: dict[str, str]) -> tuple[Object, ...]:
    key = usage_key("Node", "", name)
    own = {"node.kubernetes.io/instance-type": kind, "karpenter.sh/nodepool": "m5"}
    return (
        Node(namespace="", name=name, labels=own, allocatable=amounts({"cpu": cpu, "memory": memory})),
        Usage(
            namespace=key.namespace, name=key.name, of="Node", called=name, at=NOW, window=15.0,
            source="metrics.k8s.io", asked=amounts(asks),
        ),
    )  # fmt: skip


SPOT = {"karpenter.sh/capacity-type": "spot"}
A = node("a", "m5.large", "4", "16Gi", {"cpu": "2", "memory": "8Gi"})
B = node("b", "m5.large", "4", "16Gi", {"cpu": "1", "memory": "12Gi"})
BIG = node("c", "m5.4xlarge", "10", "40Gi", {"cpu": "5", "memory": "20Gi"})
CHEAP = tuple(
    msgspec.structs.replace(one, labels=one.labels | SPOT) if isinstance(one, Node) else one for one in B
)
EUR = "EUR"


@pytest.mark.parametrize(
    ("objects", "prices", "found"),
    [
        ((pool(), *BIG), (), []),
        # 10 * 0.1 + 40 * 0.01 = 1.4 an hour, times 730; half of it asked for; 1 * 0.1 + 10 * 0.01 used
        (
            (pool(), *BIG),
            (
                Price("c*", core_hour=7.0, gib_hour=1e-9, currency=EUR),
                Price("m*", core_hour=0.1, gib_hour=0.01, currency=EUR),
                Price(core_hour=9.0, gib_hour=1e-9, currency=EUR),
            ),
            ["pool m5: 511 of 1,022 EUR a month at list price are asked for by nobody; 511 asked for, 146 used"],
        ),
        # a node at 0.2: weights 4 * 0.03 + 16 * 0.005 = 0.2, so the price is the weights themselves.
        # asked: a 2 * 0.03 + 8 * 0.005 = 0.1, b 0.03 + 0.06 = 0.09; used 0.03 + 0.05; all by 730
        (
            (pool(), *A, *B),
            (Price(instance_type="m5.large", node_hour=0.2, core_hour=0.03, gib_hour=0.005, currency=EUR),),
            ["pool m5: 153 of 292 EUR a month at list price are asked for by nobody; 139 asked for, 58.40 used"],
        ),
        # a spot node for a quarter: 0.2 + 0.05 an hour; asked 0.1 + 0.0225; the mean core 0.01875, the mean GiB 0.003125:
        # used 0.01875 + 0.03125 = 0.05
        (
            (pool(), *A, *CHEAP),
            (
                Price(capacity="spot", core_hour=0.0075, gib_hour=0.00125),
                Price(capacity="on-demand", core_hour=0.03, gib_hour=0.005),
            ),
            ["pool m5: 93.08 of 182 a month at list price are asked for by nobody; 89.42 asked for, about 36.50 used"],
        ),
        (
            (pool(), *A, *BIG),
            (Price(instance_type="*.large", node_hour=0.2, currency=EUR),),
            ["pool m5: its cost is not known: no price fits node c (pool m5, m5.4xlarge)"],
        ),
        (
            (pool(), *A, *CHEAP),
            (Price(capacity="spot", node_hour=0.2, currency="USD"), Price(node_hour=0.2, currency=EUR)),
            ["pool m5: its cost is not known: prices are in EUR and USD"],
        ),
        (
            (msgspec.structs.replace(pool(), pods=0), *A),
            (Price(node_hour=0.2, currency=EUR),),
            ["pool m5: 146 EUR a month at list price; no pods are counted on 1 node"],
        ),
        (
            (pool("Cluster", ""), *BIG),
            (Price(core_hour=0.1, gib_hour=0.01, currency=EUR),),
            ["eu-1: 511 of 1,022 EUR a month at list price are asked for by nobody; 511 asked for, 146 used"],
        ),
        ((pool(called="gone"), *A), (Price(node_hour=0.2),), []),  # a pool that has no nodes costs nothing, and is not 0 / 0
    ],
)  # fmt: skip
def test_what_nodes_cost_is_the_sum_of_their_prices_and_unknown_with_one_that_has_none(
    objects: tuple[Object, ...], prices: tuple[Price, ...], found: list[str]
) -> None:
    assert said(cost.RULE, *objects, prices=prices) == found


def test_a_whole_node_is_split_as_opencost_does() -> None:
    """m5.large (2 cores, 8 GiB) at 0.096: 0.096 / (2 * 7.4607 + 8) = 0.0041882 a GiB, 0.0312471 a core."""
    given = node("n", "m5.large", "2", "8Gi", {})[0]
    assert isinstance(given, Node)
    policies = Policies(resources=replace(default_resources_policy(), prices=(Price(node_hour=0.096),)))
    rate = pricing.rate_of(given, policies)
    assert isinstance(rate, pricing.Rate)
    assert (round(float(rate.gib), 7), round(float(rate.core), 7)) == (0.0041882, 0.0312471)
    assert 2 * rate.core + 8 * rate.gib == Fraction("0.096")


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ((pool(), *A, *B), []),
        # of 3 cores and 20 GiB asked for, 1 and 12 stand on the spot node
        (
            (pool(), *A, *CHEAP),
            ["pool m5: 1 of 2 nodes is spot (50 %), with 33 % of the CPU and 60 % of the memory that is asked for"],
        ),
        ((pool("Cluster", ""), NODES[1]), ["eu-1: 0 of 1 node are spot"]),
        ((pool(called="none"), *CHEAP), []),
        ((msgspec.structs.replace(pool(), pods=0), *CHEAP), ["pool m5: 1 of 1 node is spot"]),
    ],
)  # fmt: skip
def test_the_share_of_spot_is_that_of_nodes_and_of_what_is_asked_for(
    objects: tuple[Object, ...], found: list[str]
) -> None:
    assert said(spot.SHARE, *objects) == found


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ((), ""),
        # 1 core at 0.1 for 730 hours
        ((Price(core_hour=0.1, gib_hour=0.01, currency=EUR),), ", worth 73.00 EUR a month at list price once nodes go"),
        ((Price(capacity="on-demand", node_hour=1.0),), ", its worth not known: no price fits node s1 (spot)"),
    ],
)  # fmt: skip
def test_what_an_idle_workload_frees_is_worth_what_its_own_nodes_cost(
    prices: tuple[Price, ...], told: str
) -> None:
    (words,) = said(idle.RULE, WEB, SETS, pod("rs", "s1"), *NODES, history(0.01), prices=prices)
    assert words.endswith(f"at 0 it frees 1 cores{told}")


def test_a_pod_that_ended_costs_nothing() -> None:
    ended = msgspec.structs.replace(pod("rs", "n1"), phase="Succeeded")
    prices = (Price(capacity="spot", core_hour=0.1, gib_hour=1e-9, currency=EUR),)
    (words,) = said(idle.RULE, WEB, SETS, pod("rs", "s1"), ended, *NODES, history(0.01), prices=prices)
    assert words.endswith(", worth 73.00 EUR a month at list price once nodes go")


def test_money_is_never_rounded_to_nothing() -> None:
    told = [pricing.money(Fraction(v), "EUR") for v in ("0", "0.001", "0.014", "99.994", "1234.5", "-0.25")]
    assert told == ["0.00 EUR", "less than 0.01 EUR", "0.01 EUR", "99.99 EUR", "1,234 EUR", "-0.25 EUR"]


def of_day(day: float, nodes: int, cores: str, asked: str) -> PlaceDay:
    return PlaceDay(NOW + day * DAY, nodes, amounts({"cpu": cores}), amounts({"cpu": asked}))


@pytest.mark.parametrize(
    ("days", "told"),
    [
        # of 8 cores asked for 5 are left: 3 at 0.1 an hour, 219 a month
        ((of_day(-9, 3, "12", "8"), of_day(-2, 3, "12", "5")), "; of 219 EUR freed in 7d nothing is realised: no node went away"),
        # smaller nodes in place of larger ones
        ((of_day(-9, 3, "12", "8"), of_day(-2, 3, "10", "5")), "; of 219 EUR freed in 7d nothing is realised: no node went away"),
        # with one node of 4 cores more went away than was freed
        ((of_day(-9, 3, "12", "8"), of_day(-2, 2, "8", "5")), "; of 219 EUR freed in 7d 219 are realised by 1 node that went away"),
        # with one of 2 cores less did: 146
        ((of_day(-9, 3, "10", "8"), of_day(-2, 2, "8", "5")), "; of 219 EUR freed in 7d 146 are realised by 1 node that went away"),
        ((of_day(-9, 3, "12", "5"), of_day(-2, 2, "8", "5")), ""),  # a node went away for which nothing had been freed
        ((of_day(-2, 3, "12", "8"),), ""),
        ((), ""),
    ],
)  # fmt: skip
def test_a_saving_is_realised_by_nodes_that_went_away(days: tuple[PlaceDay, ...], told: str) -> None:
    key = usage_key("NodePool", "", "m5")
    past = UsageHistory(
        namespace=key.namespace,
        name=key.name,
        of="NodePool",
        called="m5",
        since=NOW - DAY,
        until=NOW,
        days=days,
    )
    (words,) = said(
        cost.RULE, pool(), *BIG, past, prices=(Price(core_hour=0.1, gib_hour=1e-9, currency=EUR),)
    )
    assert words.partition(" used")[2] == told
