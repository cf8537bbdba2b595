"""What doctor says of services: series, versions, buckets, intervals, and what is missing."""

from __future__ import annotations

import json
import math

from tests.configured import metrics_source
from tests.unit.sources.prometheus.server import REF, Board, Fake, Ticking
from tests.unit.sources.prometheus.test_source import (
    CANARY,
    CHECKOUT,
    STABLE,
    T0,
    http,
    in_flight,
    releasing,
    scrapes,
)
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.traffic import CounterSeries, Point, Traffic
from tfdash.sources.prometheus.inspect import as_json, as_text, inspect_metrics, inspect_service


async def test_a_whole_report() -> None:
    with Fake() as server:
        for pod in (STABLE, CANARY):
            server.add("http_requests_total", scrapes(1, 2, 3), **http(server, pod, code="200"))
        for le in ("0.1", "0.5", "+Inf"):
            server.add("http_request_duration_seconds_bucket", scrapes(1, 2), **http(server, STABLE, le=le))
        one = metrics_source(REF, {}, {"url": server.url}, None, Ticking(T0))
        assert one is not None
        board = Board()
        releasing(board, in_flight())
        await one.round(board)
    report = as_json(inspect_metrics(one, board.signals, board.assessment.releases))
    (service,) = report["services"]
    assert service["versions"] == {"6d4f9": 1, "7b8c1": 1} and service["bounds"] == [0.1, 0.5, "+Inf"]
    assert service["scrape_interval"] == 15.0 and service["newest_age"] == 1.0
    assert list(service["findings"]) == []
    text = "\n".join(as_text(report))
    assert (
        "version 3.16.0" in text
        and "6d4f9 (1 pods), 7b8c1 (1 pods)" in text
        and "bucket bounds 0.1, 0.5, +Inf s" in text
    )
    json.dumps(report, allow_nan=False)


def told(traffic: Traffic, release: bool = True) -> str:
    return "; ".join(
        inspect_service(CHECKOUT, Observation(value=traffic), in_flight() if release else None).findings
    )


def counter(pod: str, version: str = "", at: float = T0 - 1) -> CounterSeries:
    return CounterSeries(pod=pod, version=version, points=(Point(at - 15, 1.0), Point(at, 2.0)))


def test_what_is_missing_is_said() -> None:
    empty = Traffic(evaluated_at=T0, since=T0 - 600)
    assert "no request counter is found" in told(empty)
    one_side = Traffic(evaluated_at=T0, since=0, requests=(counter(STABLE, "6d4f9"),), scrape_interval=15.0)
    assert "no series is the canary's (7b8c1, 1 pods)" in told(one_side)
    assert "no series has a label that tells errors (code)" in "; ".join(
        inspect_service(CHECKOUT, Observation(value=one_side), None, frozenset({"code"})).findings
    )
    nameless = Traffic(evaluated_at=T0, since=0, requests=(counter("", ""),), scrape_interval=15.0)
    assert "the series carry no pod" in told(nameless)
    stale = Traffic(
        evaluated_at=T0 + 300, since=0, requests=(counter(STABLE, "6d4f9"),), scrape_interval=15.0
    )
    assert "the newest sample is 301 s old" in told(stale, release=False)


def test_a_service_that_could_not_be_read() -> None:
    seen: Observation[Traffic] = Observation(
        problem=Problem(kind=ProblemKind.CONFIG, cause="bad\x1b[2J query", remedy="look")
    )
    report = inspect_service(CHECKOUT, seen)
    assert report.findings and report.newest_age is None and report.bounds == ()
    assert math.isfinite(report.requests)
