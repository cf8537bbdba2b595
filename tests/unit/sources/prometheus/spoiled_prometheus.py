"""A healthy release's Prometheus, and the ways in which what stands behind such an address spoils its answers.

Words and shapes are the servers' own: Thanos' warnings and Mimir's "no org id" as people posted them (grafana/
k8s-monitoring-helm#2413), ``isPartial`` as VictoriaMetrics' query_response.qtpl writes it, limits as Mimir's and
VictoriaMetrics' documentation has them. None of these servers runs here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from aiohttp import web

from tests.unit.sources.prometheus.server import Fake
from tfdash.model.judgement import Outcome

T0 = 1_790_000_000.0
STABLE, CANARY = "checkout-6d4f9-aaaaa", "checkout-7b8c1-bbbbb"
BEGAN = T0 - 900.0  # the release, epoch seconds
STEP, SCRAPES = 15.0, 80
BOUNDS = {"0.05": 0.2, "0.1": 0.5, "0.25": 0.9, "1": 0.99, "+Inf": 1.0}
THANOS = "failed to receive any data in 5s from Addr: 10.0.3.7:10901: context deadline exceeded"
CHUNKS = (
    "the query exceeded the maximum number of chunks (limit: 2000000 chunks) (err-mimir-max-chunks-per-query). "
    "Consider reducing the time range and/or number of series selected by the query."
)


def scraped(per_scrape: float, began: float) -> list[tuple[float, str]]:
    """A counter from its pod's beginning, or from before all that is looked at."""
    times = [T0 - 1 - STEP * k for k in range(SCRAPES)][::-1]
    return [(at, f"{per_scrape * k:g}") for k, at in enumerate([t for t in times if t >= began])]


def healthy(server: Fake) -> None:
    """Two versions that do the same: 200 requests a second each, 1 % errors, nine in ten under 250 ms."""
    for pod, began in ((STABLE, 0.0), (CANARY, BEGAN)):
        labels = {"namespace": "shop", "pod": pod}
        for code, count in (("200", 2970.0), ("500", 30.0)):
            server.add("http_requests_total", scraped(count, began), **labels, code=code)
        for le, share in BOUNDS.items():
            server.add(
                "http_request_duration_seconds_bucket", scraped(3000.0 * share, began), **labels, le=le
            )


Body = dict[str, Any]


def answers(body: Body | str, status: int = 200, about: str = "") -> Callable[[Fake], None]:
    """Every query that names ``about`` gets this."""

    def spoil(server: Fake) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "application/json" if isinstance(body, dict) else "text/html"

        def answer(request: web.Request) -> web.StreamResponse | None:
            query = request.query.get("query", "")
            return (
                web.Response(status=status, text=text, content_type=kind)
                if query and about in query
                else None
            )

        server.fail = answer

    return spoil


def failed(error: str, kind: str = "execution", status: int = 422, about: str = "") -> Callable[[Fake], None]:
    return answers({"status": "error", "errorType": kind, "error": error}, status, about)


def says(**more: Any) -> Callable[[Fake], None]:
    """Every answer has these members too."""
    return lambda server: server.more.update(more)


def lacks(*words: str) -> Callable[[Fake], None]:
    """Without the series that have such a name or label value."""

    def spoil(server: Fake) -> None:
        server.series = [s for s in server.series if not any(w in v for w in words for v in s[0].values())]

    return spoil


def doubled(server: Fake, **label: str) -> None:
    """Every series twice, told apart by a label."""
    (name, _), server.series = *label.items(), list(server.series)
    server.series = [
        ({**labels, name: f"{label[name]}-{copy}"}, values, native)
        for labels, values, native in server.series
        for copy in "ab"
    ]


def moved(seconds: float) -> Callable[[Fake], None]:
    """Samples of so long ago, whatever time is asked for."""

    def spoil(server: Fake) -> None:
        ask = server._query

        def old(text: str, at: float) -> dict[str, Any]:
            found = ask(text, at)
            for row in found["result"]:
                row["values"] = [[t - seconds, v] for t, v in row["values"]]
            return found

        server._query = old  # type: ignore[method-assign]  # a server that looks elsewhere

    return spoil


def stopped(seconds: float) -> Callable[[Fake], None]:
    """Nothing was scraped for so long."""

    def spoil(server: Fake) -> None:
        server.series = [
            (labels, [(t, v) for t, v in values if t < T0 - seconds], native)
            for labels, values, native in server.series
        ]

    return spoil


def no_number(about: str, text: str) -> Callable[[Fake], None]:
    """The last sample but one of every series of such a name."""

    def spoil(server: Fake) -> None:
        for labels, values, _ in server.series:
            if about in labels["__name__"]:
                values[-2] = (values[-2][0], text)

    return spoil


def shaped(shape: str, about: str = "") -> Callable[[Fake], None]:
    """A range selector is answered as if it were a query of another shape: what something that rewrites queries does."""

    def spoil(server: Fake) -> None:
        ask = server._query

        def other(text: str, at: float) -> dict[str, Any]:
            found = ask(text, at)
            if found["resultType"] == "matrix" and about in text:
                rows = [{"metric": row["metric"], "value": row["values"][-1]} for row in found["result"]]
                found = {"resultType": shape, "result": rows if shape != "scalar" else [at, "1"]}
            return found

        server._query = other  # type: ignore[method-assign]  # a server that answers otherwise

    return spoil


def cut_off(server: Fake) -> None:
    """The answer ends in the middle of a series."""
    whole = json.dumps({"status": "success", "data": server._query("http_requests_total[900s]", T0)})
    answers(whole[: len(whole) // 2])(server)


class Spoilt(NamedTuple):
    """``outcome`` and ``words``: what the screen's headline says then."""

    how: Callable[[Fake], None]
    outcome: Outcome
    words: str


SPOILT: dict[str, Spoilt] = {
    "nothing": Spoilt(lambda server: None, Outcome.PASS, "all triggers pass"),
    "a hint": Spoilt(says(infos=["metric might not be a counter"]), Outcome.PASS, "all triggers pass"),
    "Thanos: a store is gone": Spoilt(says(warnings=[THANOS]), Outcome.QUERY_ERROR, f"query answered in part: {THANOS}"),
    "VictoriaMetrics: a storage node is gone": Spoilt(says(isPartial=True), Outcome.QUERY_ERROR, "query answered in part: isPartial: true"),
    "Prometheus: cut to a limit": Spoilt(says(warnings=["results truncated due to limit"]), Outcome.QUERY_ERROR, "answered in part: results truncated due to limit"),
    "Mimir: no tenant": Spoilt(answers("no org id\n", 401), Outcome.QUERY_ERROR, "the server wants a tenant: no org id; set it: prometheus.headers"),
    "Mimir: too many chunks": Spoilt(failed(CHUNKS), Outcome.QUERY_ERROR, "the query exceeded the maximum number of chunks"),
    "Mimir: too many chunks of latencies": Spoilt(failed(CHUNKS, about="duration"), Outcome.QUERY_ERROR, "the latency query failed"),
    "Prometheus: too many samples": Spoilt(failed("query processing would load too many samples into memory in query execution", about="requests_total"), Outcome.QUERY_ERROR, "the requests query failed"),
    "Prometheus: the query timed out": Spoilt(failed("query timed out in expression evaluation", "timeout", 503), Outcome.QUERY_ERROR, "the query took too long"),
    "a login page": Spoilt(answers("<html><title>Sign in</title>"), Outcome.QUERY_ERROR, "the answer is not Prometheus'"),
    "the end is missing": Spoilt(cut_off, Outcome.QUERY_ERROR, "the answer is not Prometheus'"),
    "an error that says 200": Spoilt(failed("store unavailable", "internal", 200), Outcome.QUERY_ERROR, "store unavailable"),
    "an error that says 200, beside what it has": Spoilt(says(status="error", errorType="internal", error="store 3 is gone"), Outcome.QUERY_ERROR, "store 3 is gone"),
    "an error without a word": Spoilt(says(status="error"), Outcome.QUERY_ERROR, "its status is 'error' and it does not say why"),
    "a sample is no text at all": Spoilt(no_number("requests_total", ""), Outcome.QUERY_ERROR, "a sample is '' and no number"),
    "a sample of latencies is a word": Spoilt(no_number("duration", "null"), Outcome.QUERY_ERROR, "a sample is 'null' and no number"),
    "single values": Spoilt(shaped("vector"), Outcome.QUERY_ERROR, "the answer is a vector where a matrix was asked for"),
    "single values of latencies": Spoilt(shaped("vector", "duration"), Outcome.QUERY_ERROR, "the answer is a vector where a matrix was asked for"),
    "single values, said to be a matrix": Spoilt(shaped("matrix"), Outcome.QUERY_ERROR, "the answer is single values where a matrix was asked for"),
    "a scalar": Spoilt(shaped("scalar"), Outcome.QUERY_ERROR, "the answer is not Prometheus'"),
    "no series, as null": Spoilt(answers({"status": "success", "data": {"resultType": "", "result": None}, "warnings": None}), Outcome.NO_DATA, "no request counter of this workload was found"),
    "yesterday's": Spoilt(moved(86400.0), Outcome.QUERY_ERROR, "its samples are of"),
    "nothing was scraped for five minutes": Spoilt(stopped(300.0), Outcome.STALE, "newest sample is 3"),
    "nothing was scraped for an hour": Spoilt(stopped(3600.0), Outcome.NO_DATA, "no request counter of this workload was found"),
    "the canary's series are missing": Spoilt(lacks(CANARY), Outcome.NO_DATA, "the canary (7b8c1) has no series yet"),
    "the baseline's series are missing": Spoilt(lacks(STABLE), Outcome.NOT_COMPARABLE, "the baseline (6d4f9) has no series"),
    "the latencies are missing": Spoilt(lacks("duration"), Outcome.NO_DATA, "no histogram of this workload was found"),
    "the last bucket is missing": Spoilt(lacks("+Inf"), Outcome.NO_DATA, "no histogram of this workload was found"),
    "two replicas of one Prometheus": Spoilt(lambda server: doubled(server, prometheus_replica="p"), Outcome.PASS, "all triggers pass"),
    "scraped by two jobs": Spoilt(lambda server: doubled(server, job="web"), Outcome.NOT_COMPARABLE, "counted twice"),
}  # fmt: skip
"""By what is spoilt."""
