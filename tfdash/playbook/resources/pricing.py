"""What nodes cost at list price, and so what is asked for on them. Pure; exact fractions of prices as they are written.

The price of a whole node is split between its CPU and its memory as OpenCost does it (opencost/opencost, pkg/costmodel: one GiB
costs price / (cores * r + GiB), one core r times that, with r the ratio of a core's price to a GiB's, 0.031611 / 0.004237 where
nothing else is said), here over what is allocatable: what the system keeps for itself is paid by what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from tfdash.model.kube import Object, Pod, ReplicaSet
from tfdash.model.kubecluster import Node
from tfdash.model.subject import Key
from tfdash.node_pools import INSTANCE_TYPE, on_spot, pool_of
from tfdash.playbook.policies import Policies
from tfdash.playbook.resources.policy import Price
from tfdash.playbook.seen import Look
from tfdash.playbook.serving.links import PODS_OF, REPLICA_SETS_OF
from tfdash.pod_requests import ENDED
from tfdash.quantities import NANO, Amounts, amount

MONTH = 730  # hours, as cloud price lists have it
GIB = NANO * 2**30  # as amounts are written
_CORE_WEIGHT, _GIB_WEIGHT = 0.031611, 0.004237
_LEAST = Fraction(1, 100)


class Rate(NamedTuple):
    """Per hour: of one core, of one GiB of memory."""

    core: Fraction
    gib: Fraction
    currency: str

    def hourly(self, amounts: Amounts) -> Fraction:
        cores, size = amount(amounts, "cpu") or 0, amount(amounts, "memory") or 0
        return self.core * Fraction(cores, NANO) + self.gib * Fraction(size, GIB)


class Unpriced(NamedTuple):
    """Why nothing can be said of a cost. ``comparable``: False where prices are of several currencies."""

    why: str
    comparable: bool = True


def price_of(node: Node, pool: str, prices: Sequence[Price]) -> Price | None:
    """The first that fits."""
    capacity = "spot" if on_spot(node) else "on-demand"
    kind = node.labels.get(INSTANCE_TYPE, "")
    return next(
        (
            p
            for p in prices
            if fnmatchcase(pool, p.pool)
            and fnmatchcase(kind, p.instance_type)
            and p.capacity in ("any", capacity)
        ),
        None,
    )


def rate_of(node: Node, policies: Policies) -> Rate | Unpriced:
    pool = pool_of(node, policies.pool_labels)
    price = price_of(node, pool, policies.resources.prices)
    if price is None:
        of = ", ".join(
            part
            for part in (pool and f"pool {pool}", node.labels.get(INSTANCE_TYPE), on_spot(node) and "spot")
            if part
        )
        return Unpriced(f"no price fits node {node.name}" + (f" ({of})" if of else ""))
    if not price.node_hour:
        return Rate(exact(price.core_hour), exact(price.gib_hour), price.currency)
    cpu, memory = amount(node.allocatable, "cpu") or 0, amount(node.allocatable, "memory") or 0
    if cpu <= 0 or memory <= 0:
        return Unpriced(f"node {node.name} says nothing of its CPU or memory")
    return _split(price, cpu, memory)


@lru_cache(1024)
def _split(price: Price, cpu: int, memory: int) -> Rate:
    """The price of a node over its cores and GiB."""
    core, gib = exact(price.core_hour), exact(price.gib_hour)
    if not core and not gib:
        core, gib = exact(_CORE_WEIGHT), exact(_GIB_WEIGHT)
    weight = core * Fraction(cpu, NANO) + gib * Fraction(memory, GIB)
    part = exact(price.node_hour) / weight
    return Rate(part * core, part * gib, price.currency)


@lru_cache(1024)
def exact(price: float) -> Fraction:
    """As it is written."""
    return Fraction(str(price))


def mean_rate(rates: Iterable[Rate | Unpriced]) -> Rate | Unpriced | None:
    """Each counting once; the first that has none, where one has none; None of none."""
    found: list[Rate] = []
    for rate in rates:
        if isinstance(rate, Unpriced):
            return rate
        found.append(rate)
    if not found:
        return None
    currencies = sorted({rate.currency for rate in found})
    if len(currencies) > 1:
        return Unpriced(
            f"prices are in {' and '.join(c or 'no currency' for c in currencies)}", comparable=False
        )
    if len(set(found)) == 1:
        return found[0]
    count = len(found)
    return Rate(
        sum((r.core for r in found), Fraction()) / count,
        sum((r.gib for r in found), Fraction()) / count,
        currencies[0],
    )


def rate_of_pods(look: Look, pods: Iterable[Pod], policies: Policies) -> Rate | Unpriced | None:
    """The mean of the nodes on which they stand, each pod counting once; None where none stands on a node, or nodes are not known."""
    nodes = (look.maybe(Node, Key("", pod.node)) for pod in pods if pod.node and pod.phase not in ENDED)
    known: dict[str, Rate | Unpriced] = {}
    rates = []
    for node in nodes:
        if node is not None:
            rates.append(known.get(node.name) or known.setdefault(node.name, rate_of(node, policies)))
    return mean_rate(rates)


def pods_of_workload(look: Look, workload: Object) -> list[Pod]:
    """Those that are there, over the ReplicaSets that want some."""
    owners = [workload.uid, *(s.uid for s in look.some(REPLICA_SETS_OF, workload.uid) if s.desired)]
    return [pod for uid in owners for pod in look.some(PODS_OF, uid)]


PRICED = (Node, Pod, ReplicaSet)
"""The kinds that are looked at for the price of a workload."""


def worth(look: Look, workload: Object, freed: Amounts, policies: Policies) -> str:
    """``worth 12.30 EUR a month at list price once nodes go``, with a comma before it; "" where nothing is priced or worth anything."""
    if not policies.resources.prices:
        return ""
    rate = rate_of_pods(look, pods_of_workload(look, workload), policies)
    if rate is None:
        return ""
    if isinstance(rate, Unpriced):
        return f", its worth not known: {rate.why}"
    value = rate.hourly(freed) * MONTH
    return f", worth {money(value, rate.currency)} a month at list price once nodes go" if value > 0 else ""


def money(value: Fraction, currency: str) -> str:
    """``12.30 EUR``; ``1,022 EUR`` from a hundred on."""
    if 0 < value < _LEAST:
        told = "less than 0.01"
    elif abs(value) >= 100:
        told = f"{round(value):,}"
    else:
        hundredths = round(value * 100)
        told = f"{'-' if hundredths < 0 else ''}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"
    return f"{told} {currency}".rstrip()
