"""The settings of the rules for resources; the playbook's values stand in ``defaults/resources.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from tfdash.setting import Between, Listed, Note, Seconds, SettingsTable, Spelled, Texts, Unfit, read, shipped

ENOUGH = 0.95
"""Of the whole days of a history, to be taken for them: scrapes fail, and what lies between two distant points is not covered."""
REQUIRABLE = ("cpu request", "memory request", "cpu limit", "memory limit")


def _band(value: Any) -> tuple[float, float]:
    """``[60, 80]``. Raises ``ValueError``."""
    if isinstance(value, list) and len(value) == 2:
        low, high = value
        if (
            all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
            and 0 <= low < high <= 100
        ):
            return float(low), float(high)
    raise ValueError(f"{value!r} is no band; write its lower and its upper bound in %, such as [60, 80]")


def _required(value: Any) -> tuple[str, ...]:
    found = tuple(value) if isinstance(value, list) else (value,)
    for one in found:
        if one not in REQUIRABLE:
            raise ValueError(f"{one!r} cannot be required; choose from {', '.join(REQUIRABLE)}")
    return found


@dataclass(frozen=True)
class RightsizingPolicy(SettingsTable):
    """What requests and limits are proposed; the figures are those of KRR (https://github.com/robusta-dev/krr)."""

    history: Annotated[
        Seconds, Between(86_400, 31 * 86_400, seconds=True), Note("whole days that are looked at")
    ]
    cpu_percentile: Annotated[
        float, Between(50, 100), Note("% of the CPU that a pod uses, of the pod with the most")
    ]
    memory_buffer: Annotated[float, Between(0, 400), Note("% above the most that was used")]
    oom_buffer: Annotated[
        float, Between(0, 400), Note("% above the limit under which a container was killed")
    ]
    least_cpu: Annotated[float, Between(0, 64), Note("cores; no proposal is less")]
    least_memory: Annotated[float, Between(0, 2**40), Note("bytes; likewise")]
    least_points: Annotated[
        int, Between(1, 10**6), Note("of all pods together; with fewer nothing is proposed")
    ]
    least_time: Annotated[Seconds, Between(60, 31 * 86_400, seconds=True), Note("from the first to the last")]


Band = Annotated[tuple[float, float], Spelled(_band, list, "list")]


@dataclass(frozen=True)
class Price(SettingsTable):
    """The list price of nodes; of several the first that fits a node counts: the most specific stands first. Without one nothing is said of cost."""

    pool: Annotated[str, Note("a pool of nodes; may hold *")] = "*"
    instance_type: Annotated[str, Note("likewise, such as m5.*")] = "*"
    capacity: Annotated[
        Literal["any", "spot", "on-demand"], Note("on-demand is what no label calls spot")
    ] = "any"
    node_hour: Annotated[
        float,
        Between(0, 100_000),
        Note("of a whole node: split between what is allocatable by the weights of the two below", "0.192"),
    ] = 0.0
    core_hour: Annotated[float, Between(0, 1000), Note(sample="0.033")] = 0.0
    gib_hour: Annotated[float, Between(0, 1000), Note("of memory", "0.0044")] = 0.0
    currency: Annotated[str, Note(sample='"EUR"')] = ""

    def __post_init__(self) -> None:
        if not (self.node_hour or self.core_hour or self.gib_hour):
            raise Unfit("node_hour", "is no price; write node_hour, or core_hour and gib_hour, above 0")
        if bool(self.core_hour) != bool(
            self.gib_hour
        ):  # the other would cost nothing, and nobody had said so
            lacks, there = ("gib_hour", "core_hour") if self.core_hour else ("core_hour", "gib_hour")
            raise Unfit(lacks, f"is not said, and {there} is; write both above 0, or node_hour alone")


@dataclass(frozen=True)
class VolumePrice(SettingsTable):
    """The list price of volumes by storage class; the first that fits counts."""

    storage_class: Annotated[str, Note("may hold *")] = "*"
    gib_month: Annotated[float, Between(0, 1000), Note(sample="0.08")] = 0.0
    currency: Annotated[str, Note(sample='"EUR"')] = ""

    def __post_init__(self) -> None:
        if not self.gib_month:
            raise Unfit("gib_month", "is no price; write what a GiB costs a month, above 0")


@dataclass(frozen=True)
class ResourcesPolicy(SettingsTable, defaults="resources.toml"):
    """How much of what was asked for is used, how full quotas and nodes may be, and what each workload must say of itself."""

    cpu: Annotated[Band, Note("of the request, in %: above it is too little, below it too much")]
    memory: Annotated[Band, Note("likewise")]
    cpu_of: Annotated[
        Literal["request", "limit"],
        Note(
            "what the CPU of workloads and namespaces is held against; that of nodes, pools and the cluster: allocatable"
        ),
    ]
    memory_of: Annotated[Literal["request", "limit"], Note("likewise")]
    alert_at: Annotated[
        float, Between(1, 100), Note("% of a quota, a node's places or a volume that are used")
    ]
    above_for: Annotated[
        Seconds,
        Between(60, 86_400, seconds=True),
        Note("the window that is looked at for use above the band"),
    ]
    above_share: Annotated[float, Between(1, 100), Note("% of that window above the band")]
    below_over: Annotated[
        Seconds,
        Between(86_400, 31 * 86_400, seconds=True),
        Note("the history of which the 95th percentile is below the band; with less it is not judged"),
    ]
    required: Annotated[
        tuple[str, ...],
        Spelled(_required, list, "list"),
        Note("what each container must say: " + ", ".join(REQUIRABLE)),
    ]
    quota_required: Annotated[bool, Note("whether each namespace must have a quota")]
    system_namespaces: Annotated[
        Texts,
        Note("in these neither quotas nor requests and limits are required; with * for any letters"),
    ]
    idle_below: Annotated[
        float, Between(0, 100), Note("% of its CPU request: a workload whose 95th percentile is less is idle")
    ]
    prices: Annotated[tuple[Price, ...], Listed(), Note("what a month of it costs is said by these")]
    volume_prices: Annotated[tuple[VolumePrice, ...], Listed(), Note("of volumes that nothing uses")]
    unattached_after: Annotated[
        Seconds,
        Between(3600, 365 * 86_400, seconds=True),
        Note("a volume without a claim, or a claim that no pod mounts, is told when it is so old"),
    ]
    rightsize: RightsizingPolicy


@lru_cache(1)
def default_resources_policy() -> ResourcesPolicy:
    """The playbook's values for resources."""
    return read(ResourcesPolicy, shipped(ResourcesPolicy))
