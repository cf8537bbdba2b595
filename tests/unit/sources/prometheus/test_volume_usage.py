"""How full volumes are: against the demo's Prometheus, which is held to the real one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.unit.sources.prometheus.server import REF, Board, Fake, Ticking
from tfdash.demo.prometheus.api import Api
from tfdash.demo.prometheus.series import HeldSeries, Series
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.capacity import PersistentVolumeClaim
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.subject import Key
from tfdash.model.usage import VolumeUsage
from tfdash.sources.prometheus.connecting import volume_usage_for
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.sources.prometheus.usage.volumes import VolumeUsageSource, trend

DAY, HOUR = 86_400.0, 3600.0
NOW = 20_000 * DAY + 2 * HOUR
GI = 2.0**30


def each(hours: float, values: list[float]) -> list[tuple[float, float]]:
    return [(i * hours * HOUR, value) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("points", "a_day"),
    [
        ([], None),
        (each(4, [1.0]), None),
        (each(4, [1, 2, 3, 4, 5, 6]), None),  # 20 hours
        (each(4, [1, 2, 3, 4, 5, 6, 7]), 6.0),
        (each(4, [5.0] * 20), 0.0),
        (each(4, [float(i) for i in range(30, 0, -1)]), -6.0),
        # one large file, and one that was soon deleted: the rest goes on as it did
        (each(4, [float(i) + (500 if i >= 38 else 0) for i in range(42)]), 6.0),
        (each(4, [float(i) + (500 if 20 <= i < 23 else 0) for i in range(42)]), 6.0),
        # filled by day, emptied at night: it does not grow
        (each(4, [0.0, 10.0, 20.0, 30.0, 40.0, 50.0] * 7), 0.0),
    ],
)
def test_the_trend_is_the_median_of_all_slopes(
    points: list[tuple[float, float]], a_day: float | None
) -> None:
    found, _ = trend(points)
    assert (found is None) == (a_day is None)
    if found is not None and a_day is not None:
        assert found * DAY == pytest.approx(a_day, abs=0.5)


class World(HeldSeries):
    """Ten days: ``data`` grows by 1 GiB a day, made anew two days and five hours ago; ``logs`` is half a day old; ``nfs`` tells no
    inodes; ``else`` of another namespace is none of ours."""

    def __init__(self) -> None:
        super().__init__()
        self._volume("shop", "data", NOW - 10 * DAY, lambda at: 60 * GI + (at - NOW) / DAY * GI, 1000.0)
        self._volume("shop", "logs", NOW - DAY / 2, lambda at: 5 * GI, 1000.0)
        self._volume("db", "nfs", NOW - 10 * DAY, lambda at: 5 * GI, None)
        self._volume("other", "else", NOW - DAY, lambda at: GI, None)

    def _volume(self, namespace: str, claim: str, since: float, used: Any, inodes: float | None) -> None:
        times = [round(at) * 1000 for at in _range(since, NOW, 240.0)]
        labels = {"namespace": namespace, "persistentvolumeclaim": claim, "node": "n1"}
        for name, values in (
            ("used_bytes", [used(at / 1000) for at in times]),
            ("capacity_bytes", [100 * GI] * len(times)),
            ("inodes", [inodes or math.nan] * len(times)),
            ("inodes_used", [50.0 if inodes else math.nan] * len(times)),
        ):
            self.series.append(Series({"__name__": f"kubelet_volume_stats_{name}", **labels}, times, values))


def _range(begin: float, end: float, step: float) -> Iterator[float]:
    return (begin + step * i for i in range(int((end - begin) / step) + 1))


class Putting(Board):
    def __init__(self, *claims: PersistentVolumeClaim) -> None:
        super().__init__()
        objects = {Key(c.namespace, c.name): c for c in claims}
        kinds = {"PersistentVolumeClaim": Observation(value=objects, complete=True, observed_at=NOW)}
        cluster = ClusterPicture(ref=REF, info=Observation(), kinds=kinds)
        self.picture = Picture(at=NOW, number=1, clusters={REF: cluster})
        self.put: Observation[Any] = Observation()

    def put_objects(self, ref: Any, kind: str, observation: Any, changed: Any) -> None:
        assert (ref, kind) == (REF, "VolumeUsage")
        self.put = observation


def claim(namespace: str, name: str, created: float, volume: str = "pv") -> PersistentVolumeClaim:
    return PersistentVolumeClaim(
        namespace=namespace, name=name, created=created, phase="Bound", volume=volume
    )


CLAIMS = (
    claim("shop", "data", NOW - 2 * DAY - 5 * HOUR),
    claim("shop", "logs", NOW - DAY / 2),
    claim("shop", "waits", NOW - DAY, volume=""),
    claim("db", "nfs", 0.0),
    claim("db", "unmounted", 0.0),
)


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake() as running:
        yield running


def source(server: Fake, clock: Ticking) -> VolumeUsageSource:
    return volume_usage_for(REF, Connection(url=server.url), Options(), None, clock, asyncio.Semaphore(2))


async def test_how_full_they_are_is_known_where_how_they_grew_cannot_be_asked_for(server: Fake) -> None:
    api = Api(World(), lambda: round(NOW * 1000))

    def answer(request: web.Request) -> web.StreamResponse:
        if "start" in request.query:
            return web.Response(status=503, text="no")
        reply = api.answer("GET", request.path, {k: [v] for k, v in request.query.items()})
        return web.Response(status=reply.status, body=msgspec.json.encode(reply.document))

    server.fail = answer
    board, one = Putting(*CLAIMS), source(server, Ticking(NOW))
    await one.round(board)
    data = board.put.value[Key("shop", "data")]
    assert data.fill == pytest.approx(60, abs=0.01) and data.days_left is None
    assert board.put.complete and board.put.problem is not None and one.status.problem is not None
    asked = len(server.asked)
    await one.round(board)
    assert len(server.asked) == asked + 5, "how they grew is asked for again"


async def test_what_is_told_of_claims_and_how_they_grew(server: Fake) -> None:
    api = Api(World(), lambda: round(NOW * 1000))

    def answer(request: web.Request) -> web.StreamResponse:
        reply = api.answer("GET", request.path, {k: [v] for k, v in request.query.items()})
        return web.Response(status=reply.status, body=msgspec.json.encode(reply.document))

    server.fail = answer
    board, clock = Putting(*CLAIMS), Ticking(NOW)
    one = source(server, clock)
    assert one.unsettled(board.picture, EMPTY_ASSESSMENT) == (f"{REF.cluster} volumes",)
    await one.round(board)
    assert one.unsettled(board.picture, EMPTY_ASSESSMENT) == ()
    found: dict[Key, VolumeUsage] = board.put.value
    assert set(found) == {Key("shop", "data"), Key("shop", "logs"), Key("db", "nfs")}
    data = found[Key("shop", "data")]
    assert (data.fill, data.inodes, data.inodes_used) == (pytest.approx(60, abs=0.01), 1000.0, 50.0)
    assert data.seen <= 2 * DAY + 5 * HOUR, "what was there before the claim was made is not its own"
    assert data.days_left == pytest.approx(40, rel=0.01)
    assert (found[Key("shop", "logs")].grows, found[Key("db", "nfs")].inodes) == (None, None)
    assert found[Key("db", "nfs")].grows == 0.0
    asked = len(server.asked)
    assert asked == 5, "four figures and one history, for all namespaces together"
    await one.round(board)
    assert len(server.asked) == asked + 4, "how they grew is asked for once an hour"
    # what fails keeps what was known, with its age
    server.fail = lambda request: web.Response(status=503, text="down")
    await one.round(board)
    assert board.put.problem is not None and board.put.complete and set(board.put.value) == set(found)


async def test_without_claims_nothing_is_asked_and_where_it_fails_at_once_that_is_settled(
    server: Fake,
) -> None:
    board, one = Putting(claim("shop", "waits", 0.0, volume="")), source(server, Ticking(NOW))
    assert one.unsettled(board.picture, EMPTY_ASSESSMENT) == ()
    await one.round(board)
    assert (board.put.value, board.put.complete, server.asked) == ({}, True, [])
    server.fail = lambda request: web.Response(status=503, text="down")
    board, one = Putting(*CLAIMS), source(server, Ticking(NOW))
    await one.round(board)
    assert board.put.problem is not None and not board.put.complete
    assert one.unsettled(board.picture, EMPTY_ASSESSMENT) == ()
