"""Half an answer is none: what other dialects say of it, what a failed query silences, and what is read anew afterwards.

The shapes are those that Thanos (warnings), VictoriaMetrics (isPartial, errorType by status) and Mimir (no tenant, limits)
document; the words are from their logs and issue threads, not recorded here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from aiohttp import web

from tests.unit.sources.prometheus.server import Board, Fake
from tests.unit.sources.prometheus.test_source import (
    CHECKOUT,
    STABLE,
    T0,
    WATCHED,
    http,
    scrapes,
    seen,
    source,
)
from tests.waiting import until
from tfdash.model.observation import ProblemKind
from tfdash.model.traffic import Traffic
from tfdash.sources.prometheus.targets import Belonging, QueryTarget

THANOS = "failed to receive any data in 5s from Addr: 10.0.3.7:10901: context deadline exceeded"
MIMIR_CHUNKS = (
    "the query exceeded the maximum number of chunks (limit: 2000000 chunks) (err-mimir-max-chunks-per-query). "
    "Consider reducing the time range and/or number of series selected by the query."
)


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake() as running:
        running.add("http_requests_total", scrapes(1, 5, 9), **http(running, code="200"))
        running.add("http_requests_total", scrapes(0, 1, 2), **http(running, code="503"))
        for le in ("0.1", "+Inf"):
            running.add("http_request_duration_seconds_bucket", scrapes(1, 5, 9), **http(running, le=le))
        yield running


def warnings(traffic: Traffic) -> dict[str, str]:
    return {q.role: q.warning for q in traffic.queries if q.warning}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"warnings": [THANOS]}, THANOS),
        ({"isPartial": True, "stats": {"seriesFetched": "2", "executionTimeMsec": 3}}, "isPartial: true"),
    ],
)
async def test_what_an_answer_lacks_is_said_in_the_servers_words(
    server: Fake, more: dict[str, Any], words: str
) -> None:
    server.more = more
    board = Board()
    await source(server).round(board)
    assert all(words in text for text in warnings(seen(board)).values()) and warnings(seen(board))


@pytest.mark.parametrize("more", [{"isPartial": False}, {"infos": ["metric might not be a counter"]}])
async def test_a_hint_is_nothing_missing(server: Fake, more: dict[str, Any]) -> None:
    server.more = more
    board = Board()
    await source(server).round(board)
    assert warnings(seen(board)) == {}


async def test_what_was_missing_is_read_anew_once_it_answers_whole(server: Fake) -> None:
    whole, server.series = server.series, server.series[::2]
    server.more = {"warnings": [THANOS]}
    board, asking = Board(), source(server)
    await asking.round(board)
    assert seen(board).errors == ()
    server.series, server.more = whole, {}
    await asking.round(board)
    assert "read anew" in warnings(seen(board))["requests"], "what it lacks is still missing"
    await asking.round(board)
    assert warnings(seen(board)) == {}
    (errors,) = seen(board).errors
    assert [p.value for p in errors.points] == [0, 1, 2]


@pytest.mark.parametrize("last", ["latency", "native"])
async def test_read_anew_the_other_kind_of_histogram_is_left_alone(server: Fake, last: str) -> None:
    """Classic buckets and native histograms come by a query each, in whichever order they are answered."""
    server.more = {"warnings": [THANOS]}
    asking = source(server)
    await asking.round(Board())
    server.more = {}
    await asking.round(Board())
    cache = asking._cache
    for batch in sorted(cache.batches(T0), key=lambda b: b.role == last):
        asking._fetch(asking._connect(), batch, T0)
    cache.settle(T0)
    (histogram,) = cache.traffic(cache.targets[0], T0).latency
    assert [b.counts for b in histogram.points] == [(1.0, 1.0), (5.0, 5.0), (9.0, 9.0)]


class Turn:
    """A lock that tells when somebody has to wait for it."""

    def __init__(self) -> None:
        self.asked, self._lock = threading.Event(), threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self.asked.set()
            self._lock.acquire()

    def __exit__(self, *exc: object) -> None:
        self._lock.release()


async def test_answers_that_come_at_once_are_taken_in_one_by_one(
    server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both kinds of histogram go into the same series: a series that two threads meet at once would stand there twice."""
    asking = source(server)
    await asking.round(Board())
    cache = asking._cache
    classic, native = (b for b in cache.batches(T0) if b.role != "requests")
    rows, _ = asking._connect().query(classic.text, T0)
    met, threads, turn = list[str](), list[threading.Thread](), Turn()
    whose = Belonging.target

    def meet(belonging: Belonging, labels: Mapping[str, str]) -> QueryTarget | None:
        met.append(labels["pod"])
        if not threads:  # while one series is being met, the other query's answer comes
            threads.append(threading.Thread(target=cache.take, args=(classic, rows, (), T0)))
            threads[0].start()
            until(lambda: turn.asked.is_set() or len(met) > 1, "the second waits, or is taken in")
            assert len(met) == 1, "the second answer was taken in beside the first"
        return whose(belonging, labels)

    monkeypatch.setattr(cache, "_taking", turn)
    monkeypatch.setattr(Belonging, "target", meet)
    cache._histograms["http"].forget(CHECKOUT, native=False)
    cache.take(native, rows, (), T0)
    threads[0].join()
    assert len(cache.traffic(cache.targets[0], T0).latency) == 1


def refuse(status: int, body: dict[str, str], about: str) -> Any:
    def answer(request: web.Request) -> web.StreamResponse | None:
        if about in request.query.get("query", ""):
            return web.json_response(body, status=status)
        return None

    return answer


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (422, {"status": "error", "errorType": "execution", "error": MIMIR_CHUNKS}, MIMIR_CHUNKS),
        (422, {"status": "error", "errorType": "422", "error": "cannot select more than -search.maxSamplesPerQuery=1e9 samples"},
         "-search.maxSamplesPerQuery=1e9"),
        (503, {"status": "error", "errorType": "timeout", "error": "a store did not answer in time"}, "a store did not answer"),
    ],
)  # fmt: skip
async def test_a_failed_query_silences_its_own_trigger_alone(
    server: Fake, status: int, body: dict[str, str], words: str
) -> None:
    server.fail = refuse(status, body, "duration")
    board = Board()
    await source(server).round(board)
    found = board.signals.traffic[CHECKOUT]
    assert found.problem is None and found.observed_at == T0
    problems = {q.role: q.problem for q in seen(board).queries}
    assert words in problems["latency"] and problems["requests"] == problems["errors"] == ""
    assert len(seen(board).requests) == 2


async def test_where_all_fail_the_workload_has_the_problem(server: Fake) -> None:
    server.fail = refuse(422, {"status": "error", "errorType": "execution", "error": MIMIR_CHUNKS}, "http")
    board = Board()
    await source(server).round(board)
    problem = board.signals.traffic[CHECKOUT].problem
    assert problem is not None and problem.remedy == "shorten [metrics] history, then horizon"


async def test_a_missing_tenant_is_named(server: Fake) -> None:
    server.fail = lambda request: web.Response(status=401, text="no org id\n")
    board = Board()
    await source(server).round(board)
    problem = board.signals.traffic[CHECKOUT].problem
    assert problem is not None and problem.kind is ProblemKind.CONFIG
    assert (
        str(problem)
        == 'the server wants a tenant: no org id; set it: prometheus.headers = { X-Scope-OrgID = "TENANT" }'
    )


async def test_what_is_refused_of_many_is_asked_of_few(server: Fake) -> None:
    """One heavy workload takes nothing from the others."""
    raw = {
        "metrics": {"services": [{"namespace": "shop", "workload": w} for w in ("checkout", "cart", "heavy")]}
    }

    def answer(request: web.Request) -> web.StreamResponse | None:
        body = {"status": "error", "errorType": "execution", "error": "too many samples"}
        return web.json_response(body, status=422) if "heavy" in request.query.get("query", "") else None

    server.fail = answer
    board = Board()
    await source(server, raw).round(board)
    told = {s.name: o.problem is None for s, o in board.signals.traffic.items()}
    assert told == {"checkout": True, "cart": True, "heavy": False}


async def test_each_name_of_a_metric_is_asked_for_by_itself(server: Fake) -> None:
    board = Board()
    await source(server).round(board)
    assert len(server.queries()) == 3 and not any("__name__" in q for q in server.queries())


@pytest.mark.parametrize("fuller", ["a", "b"])
async def test_of_the_copies_of_one_series_the_fullest_counts(server: Fake, fuller: str) -> None:
    server.series.clear()
    for replica in ("a", "b"):
        values = range(40) if replica == fuller else range(0, 40, 13)
        server.add(
            "http_requests_total",
            scrapes(*map(float, values)),
            **http(server, code="200", prometheus_replica=replica),
        )
    board = Board()
    await source(server).round(board)
    (one,) = seen(board).requests
    assert (one.pod, len(one.points), dict(one.labels)["prometheus_replica"]) == (STABLE, 40, fuller)


async def test_labels_that_are_not_named_so_are_other_series(server: Fake) -> None:
    server.series.clear()
    for job in ("a", "b"):
        server.add("http_requests_total", scrapes(1, 2), **http(server, code="200", job=job))
    board = Board()
    await source(server).round(board)
    assert len(seen(board).requests) == 2
    raw = {"metrics": {**WATCHED["metrics"], "replica_labels": ["job"]}}
    await source(server, raw).round(board := Board())
    assert len(seen(board).requests) == 1
