"""What workloads used over days, by a real Prometheus: as the demo's tells it, and from which quarter of an hour on a new pod is in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.platform.harness.prometheus import Prometheus
from tests.unit.sources.prometheus.server import REF, Fake, serve_series
from tests.unit.sources.prometheus.test_usage_history import MI, NOW, TODAY, Putting, World
from tfdash.clock import FixedClock
from tfdash.demo.prometheus.series import Series
from tfdash.model.kube import Object, Pod
from tfdash.model.observation import Observation
from tfdash.model.subject import Key
from tfdash.model.usage import UsageHistory, usage_key
from tfdash.sources.prometheus.connecting import usage_history_for
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.sources.prometheus.usage.options import UsageSeries
from tfdash.sources.prometheus.usage.source import Windows

pytestmark = pytest.mark.platform
CORES = 0.1
MINUTE = 60.0
SELDOM = 300.0
"""Seconds: the demo's pods are scraped each two minutes."""
# a point of memory stands at the end of each five minutes, the last one five minutes before what is asked for ends
BEGAN = {
    "early": 4 * 3600 + MINUTE,
    "middle": 4 * 3600 + 9 * MINUTE,
    "late": 4 * 3600 + 11 * MINUTE,
    "before-midnight": -7 * MINUTE,
    "at-midnight": -3 * MINUTE,
}
"""Pods, each scraped each fifteen seconds since so many seconds after the beginning of today."""


def new_pods() -> list[Series]:
    found = []
    for name, began in BEGAN.items():
        of = {"namespace": "new", "pod": name, "container": "main"}
        seconds = range(0, 3600, 15)
        times = [round((TODAY + began + s) * 1000) for s in seconds]
        told: list[tuple[str, dict[str, str], list[float]]] = [
            ("container_cpu_usage_seconds_total", {}, [CORES * s for s in seconds]),
            ("container_memory_working_set_bytes", {}, [float(MI)] * len(times)),
            ("kube_pod_owner", {"owner_kind": "StatefulSet", "owner_name": name}, [1.0] * len(times)),
        ]
        found += [Series({"__name__": metric, **of, **more}, times, values) for metric, more, values in told]
    return found


def openmetrics(series: list[Series]) -> str:
    lines = []
    for one in series:
        labels = dict(one.labels)
        name = labels.pop("__name__")
        of = ",".join(f'{k}="{v}"' for k, v in labels.items())
        lines += [f"{name}{{{of}}} {v!r} {t / 1000:.0f}" for t, v in zip(one.times, one.values, strict=True)]
    return "\n".join([*lines, "# EOF", ""])


def told(url: str, now: float, step: float = UsageSeries().step) -> dict[Key, Object]:
    """Every history that there is, by a server that answers at this address. ``step``: seconds between two points of CPU."""
    board = Putting()
    cluster = board.picture.clusters[REF]
    pods = {**cluster.objects(Pod.KIND), Key("new", "early"): Pod(namespace="new", name="early")}
    board.picture = board.having(Observation(value=pods, complete=True, observed_at=now), Pod.KIND)
    one = usage_history_for(
        REF,
        Connection(url=url),
        Options(usage=UsageSeries(step=step)),
        None,
        FixedClock(now),
        Windows(bands=1, sizes=2, percentile=95.0),
        None,
        asyncio.Semaphore(2),
    )
    asyncio.run(one.round(board))
    assert board.put.problem is None, board.put.problem
    return dict(board.put.value)


@pytest.fixture(scope="module")
def real(prometheus: Callable[..., Prometheus]) -> str:
    return prometheus(openmetrics=openmetrics([*World().series, *new_pods()])).url


@pytest.mark.parametrize("now", [TODAY + 300, TODAY + 700, NOW], ids=["midnight", "ten minutes later", "day"])
def test_days_are_what_the_demo_tells(real: str, now: float) -> None:
    world = World()
    world.series += new_pods()
    with Fake() as demo:
        serve_series(demo, world, now)
        wanted = plain(told(demo.url, now, SELDOM))
    found = plain(told(real, now, SELDOM))
    assert usage_key("Deployment", "shop", "web") in wanted
    assert found.keys() == wanted.keys()
    for key, fields in wanted.items():
        assert found[key] == pytest.approx(fields, rel=1e-6), key


def plain(histories: dict[Key, Object]) -> dict[Key, dict[str, object]]:
    """Their figures, one by one."""
    found: dict[Key, dict[str, object]] = {}
    for key, one in histories.items():
        assert isinstance(one, UsageHistory)
        figures = {f: getattr(one, f) for f in ("since", "until", "covered", "cpu_p95", "memory_p95")}
        figures |= {"current_only": one.current_only, "sized_since": one.sized_since}
        for c in one.containers:
            figures |= {
                f"{c.name} {f}": getattr(c, f)
                for f in ("samples", "seconds", "cpu_most", "memory_most", "starting_cpu", "starting_memory")
            }
            figures |= {f"{c.name} p{percent:g}": value for percent, value in c.cpu}
        found[key] = {name: value for name, value in figures.items() if value is not None}
    return found


@pytest.mark.parametrize(
    ("pod", "looked", "there"),
    [
        ("early", 4 * 3600 + 14 * MINUTE, False),  # a quarter is asked for once it is over
        ("early", 4 * 3600 + 15 * MINUTE, True),
        ("middle", 4 * 3600 + 15 * MINUTE, True),
        ("late", 4 * 3600 + 29 * MINUTE, False),  # in the quarter's last five minutes: with the next one
        ("late", 4 * 3600 + 30 * MINUTE, True),
        ("before-midnight", 0.0, True),  # yesterday belongs to today's part
        ("before-midnight", 10 * MINUTE, True),  # and now is a day of its own
        ("at-midnight", 0.0, False),
        ("at-midnight", 14 * MINUTE, False),
        ("at-midnight", 15 * MINUTE, True),
    ],
)
def test_from_when_on_a_new_pod_has_a_history(real: str, pod: str, looked: float, there: bool) -> None:
    found = told(real, TODAY + looked).get(usage_key("StatefulSet", "new", pod))
    assert (found is not None) is there
    if isinstance(found, UsageHistory):
        (container,) = found.containers
        assert container.memory_most == MI
        assert container.cpu_most == pytest.approx(CORES, rel=0.02)
