"""Workloads of which it is known what they used for two weeks: their manifests, and what is to be said of each.

Each container asks for 200m and 200Mi, and uses a share of that which is a function of time: what was told of the past is in
``weeks_series``; what they use now KWOK tells, by an annotation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

DAY, HOUR = 86_400, 3600
DAYS = 15
"""Of history, today's part not counted."""
SPACE, BARE = "tf-weeks", "tf-weeks-bare"
"""Of the second no series tells whose its pods are."""
CORES, BYTES = 0.2, 200 * 2**20
Share = Callable[[float], float]
"""Of the request, at a time (epoch seconds)."""


# -- shapes --------------------------------------------------------------------------------------------------------


def flat(share: float) -> Share:
    """With a ripple of 2 %, as nothing is quite even."""
    return lambda at: share * (1 + 0.02 * math.sin(at / 700))


def hours(low: float, high: float, begin: float, length: float) -> Share:
    """High for so many hours of each day (UTC)."""
    return lambda at: (
        (high if begin <= at % DAY / HOUR < begin + length else low) * (1 + 0.02 * math.sin(at / 700))
    )


def days(low: float, high: float, *which: int) -> Share:
    """High on these of the days before today, of which yesterday is 1; the trial says where today begins."""
    return lambda at: high if math.ceil(-at / DAY) in which else low


class Pods(NamedTuple):
    """Some pods of one template, from and until so many days before today (below 0: after its first second)."""

    since: float = DAYS
    until: float = -1.0
    count: int = 2
    current: bool = True


class Said(NamedTuple):
    """The level's name, and words of the sentence."""

    level: str
    words: str = ""


IN = Said("OK")
BELOW = Said("WARN", "below ")
OFTEN = Said("OK", "95th percentile ")


class Work(NamedTuple):
    """``cpu``, ``memory``: what each of its pods uses; days are counted from the beginning of today, so that ``at`` is 0 there and
    negative before. ``now``: the shares of the present."""

    name: str
    cpu: Share
    memory: Share
    now: tuple[float, float]
    said: tuple[Said, Said]
    idle: bool = False
    sized: bool = True  # KRR has a word on it
    kind: str = "Deployment"
    pods: tuple[Pods, ...] = (Pods(),)
    containers: tuple[str, ...] = ("main",)
    space: str = SPACE
    request: dict[str, str] | None = {"cpu": "200m", "memory": "200Mi"}  # noqa: RUF012
    hpa: str = ""
    gap: tuple[float, float] = (0.0, 0.0)  # days before today between which nothing was scraped
    reset: float = 0.0  # hours after which the counter begins at 0 again
    twice: bool = False  # scraped by two
    killed: float = 0.0  # the limit (bytes) under which it was killed once a day
    throttled: float = 0.0

    @property
    def wanted(self) -> int:
        return sum(p.count for p in self.pods if p.current)


def short(days_seen: int) -> Said:
    return Said("IDLE", f"history {days_seen}d of 7d" if days_seen else "no history")


STEADY = flat(0.77)
WORKLOADS: tuple[Work, ...] = (
    Work("steady", flat(0.70), STEADY, (0.70, 0.77), (IN, IN)),
    Work("steady-low", flat(0.63), flat(0.73), (0.63, 0.73), (IN, IN)),
    Work("steady-high", flat(0.78), flat(0.83), (0.78, 0.83), (IN, IN)),
    Work("under", flat(0.30), flat(0.40), (0.30, 0.40), (BELOW, BELOW)),
    Work("just-under", flat(0.57), flat(0.67), (0.57, 0.67), (BELOW, BELOW)),
    Work("idle", flat(0.01), flat(0.30), (0.01, 0.30), (BELOW, BELOW), idle=True),
    Work("nearly-idle", flat(0.045), STEADY, (0.045, 0.77), (BELOW, IN), idle=True),
    Work("not-idle", flat(0.06), STEADY, (0.06, 0.77), (BELOW, IN)),
    Work("hot", flat(0.95), STEADY, (0.95, 0.77), (Said("WARN", "above 80 %"), IN)),
    Work("past", flat(1.3), STEADY, (1.3, 0.77), (Said("BREACH", "past 100 %"), IN)),
    Work("hot-memory", flat(0.7), flat(0.95), (0.7, 0.95), (IN, Said("WARN", "above 85 %"))),
    Work("past-memory", flat(0.7), flat(1.1), (0.7, 1.1), (IN, Said("BREACH", "past 100 %"))),
    Work("day-night", hours(0.2, 0.7, 8, 10), hours(0.5, 0.8, 8, 10), (0.2, 0.5), (OFTEN, OFTEN)),
    Work("day-night-low", hours(0.05, 0.4, 8, 10), STEADY, (0.05, 0.77), (BELOW, IN)),
    Work("nightly", hours(0.1, 0.75, 2, 2), STEADY, (0.1, 0.77), (OFTEN, IN)),  # 8 % of the time
    Work("nightly-short", hours(0.1, 0.75, 2, 1), STEADY, (0.1, 0.77), (BELOW, IN)),  # 4 %
    Work("five-days", days(0.1, 0.72, 1, 2, 3, 4, 5), STEADY, (0.1, 0.77), (OFTEN, IN)),
    Work("one-day", days(0.1, 0.72, 4), STEADY, (0.1, 0.77), (OFTEN, IN)),
    Work("last-week", days(0.1, 0.72, 8, 9, 10, 11, 12, 13, 14), STEADY, (0.1, 0.77), (BELOW, IN)),
    Work("two-days", flat(0.3), flat(0.4), (0.3, 0.4), (short(2), short(2)), pods=(Pods(2.1),)),
    Work("six-days", flat(0.3), flat(0.4), (0.3, 0.4), (short(6), short(6)), pods=(Pods(6.1),)),
    Work(
        "two-hours", flat(0.3), flat(0.4), (0.3, 0.4), (short(0), short(0)), pods=(Pods(math.nan),), sized=False
    ),
    Work("outage", flat(0.3), flat(0.4), (0.3, 0.4), (BELOW, BELOW), gap=(3.5, 3.25)),
    Work("long-outage", flat(0.3), flat(0.4), (0.3, 0.4), (short(6), short(6)), gap=(3.5, 3.0)),
    Work(
        "at-minimum", flat(0.3), STEADY, (0.3, 0.77), (Said("OK", "its HPA is at its minimum of 2"), IN), hpa="2-6"
    ),
    Work("above-minimum", flat(0.3), STEADY, (0.3, 0.77), (BELOW, IN), hpa="1-6"),
    Work("single", flat(0.3), flat(0.4), (0.3, 0.4), (Said("OK", "one replica"),) * 2, pods=(Pods(count=1),)),
    Work(
        "floor",
        flat(0.3),
        flat(0.4),
        (0.3, 0.4),
        (Said("OK", "at the floor of 10m"), Said("OK", "at the floor of 100Mi")),
        request={"cpu": "10m", "memory": "100Mi"},
    ),
    Work("everywhere", flat(0.3), flat(0.4), (0.3, 0.4), (Said("OK", "one pod a node"),) * 2, kind="DaemonSet"),
    Work("stateful", flat(0.3), flat(0.4), (0.3, 0.4), (BELOW, BELOW), kind="StatefulSet", reset=48),
    Work("restarting", flat(0.7), STEADY, (0.7, 0.77), (IN, IN), reset=6),
    Work(
        "replaced",
        flat(0.3),
        flat(0.4),
        (0.3, 0.4),
        (BELOW, BELOW),
        pods=(*(Pods(d, d - 1, current=False) for d in range(DAYS, 1, -1)), Pods(1)),
    ),
    Work(
        "replaced-yesterday",
        days(0.3, 0.72, *range(2, DAYS + 1)),
        STEADY,
        (0.3, 0.77),
        (OFTEN, IN),
        pods=(Pods(DAYS, 1, current=False), Pods(1)),
    ),
    Work(
        "scaled-down",
        flat(0.3),
        STEADY,
        (0.3, 0.77),
        (OFTEN, IN),
        pods=(Pods(), Pods(DAYS, 2, count=4, current=False)),
    ),
    Work("two-containers", flat(0.7), STEADY, (0.7, 0.77), (IN, IN), containers=("main", "proxy")),
    Work("two-containers-under", flat(0.3), STEADY, (0.3, 0.77), (BELOW, IN), containers=("main", "proxy")),
    Work("scraped-twice", flat(0.35), flat(0.4), (0.35, 0.4), (BELOW, BELOW), twice=True),
    Work(
        "killed",
        flat(0.7),
        flat(0.4),
        (0.7, 0.4),
        (IN, Said("OK", "OOM killed")),
        killed=256 * 2**20,
    ),
    Work("throttled", flat(0.7), STEADY, (0.7, 0.77), (Said("OK", "throttled in 30 %"), IN), throttled=0.3),
    Work("peaks", flat(0.7), hours(0.5, 0.9, 3, 1), (0.7, 0.5), (IN, Said("OK", "its peaks want"))),
    Work("growing", flat(0.7), lambda at: 0.78 + 0.02 * at / DAY, (0.7, 0.78), (IN, IN)),
    Work("silent", flat(0.3), flat(0.4), (0.3, 0.4), (Said("IDLE", "name no cpu"), Said("IDLE", "name no")), request=None),
    Work("bare", flat(0.3), flat(0.4), (0.3, 0.4), (BELOW, BELOW), space=BARE),
    Work(
        "bare-new",
        flat(0.3),
        flat(0.4),
        (0.3, 0.4),
        (short(1), short(1)),
        space=BARE,
        pods=(Pods(DAYS, 1.1, current=False), Pods(1.1)),
    ),
)  # fmt: skip


# -- manifests -----------------------------------------------------------------------------------------------------


def manifest(work: Work, pod: dict[str, Any]) -> dict[str, Any]:
    """``pod``: what its pods have besides."""
    cpu, memory = work.now
    request = work.request or {"cpu": "200m", "memory": "200Mi"}
    milli, mebi = int(request["cpu"][:-1]) * cpu, int(request["memory"][:-2]) * memory
    resources = {} if work.request is None else {"requests": work.request}
    labels = {"app": work.name}
    template = {
        "metadata": {
            "labels": labels,
            "annotations": {
                "kwok.x-k8s.io/usage-cpu": f"{round(milli * 1000)}u",
                "kwok.x-k8s.io/usage-memory": f"{round(mebi * 1024)}Ki",
            },
        },
        "spec": {
            "containers": [
                {"name": c, "image": f"registry.example.com/{work.name}:1", "resources": resources}
                for c in work.containers
            ],
            "terminationGracePeriodSeconds": 0,
            **pod,
        },
    }
    spec: dict[str, Any] = {"template": template, "selector": {"matchLabels": {"app": work.name}}}
    if work.kind in ("Deployment", "StatefulSet"):
        spec["replicas"] = work.wanted
    if work.kind == "StatefulSet":
        spec["serviceName"] = work.name
    return {
        "apiVersion": "apps/v1",
        "kind": work.kind,
        "metadata": {"name": work.name, "namespace": work.space},
        "spec": spec,
    }


def scaler(work: Work) -> dict[str, Any]:
    """Which lets them be: what is to be said is of the present number of pods."""
    least, _, most = work.hpa.partition("-")
    target = {"type": "Utilization", "averageUtilization": 70}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": work.name, "namespace": work.space},
        "spec": {
            "minReplicas": int(least),
            "maxReplicas": int(most),
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": work.kind, "name": work.name},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"selectPolicy": "Disabled"}},
        },
    }
