"""The source against a server that answers as Prometheus does: what is asked, what is kept, what is said."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.configured import metrics_source
from tests.unit.sources.prometheus.server import REF, Board, Fake, Ticking
from tfdash.config.problems import ConfigError
from tfdash.model.kube import Condition, Pod
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.subject import Key, Subject
from tfdash.model.traffic import Traffic
from tfdash.sources.prometheus import PrometheusSource
from tfdash.sources.prometheus.answer import NativeHistogram, buckets_of
from tfdash.views.age import of_observation

T0 = 1_790_000_000.0
STABLE, CANARY = "checkout-6d4f9-aaaaa", "checkout-7b8c1-bbbbb"
CHECKOUT = Subject(REF, "Deployment", "shop", "checkout")
WATCHED = {"metrics": {"services": [{"namespace": "shop", "workload": "checkout"}]}}
GONE = Problem(kind=ProblemKind.UNREACHABLE, cause="gone")


@pytest.fixture
def server() -> Iterator[Fake]:
    with Fake() as running:
        yield running


def source(server: Fake, raw: dict[str, Any] = WATCHED, at: float = T0, **table: Any) -> PrometheusSource:
    made = metrics_source(REF, raw, {"url": server.url, **table}, None, Ticking(at))
    return made


def scrapes(*values: float, every: float = 15.0, until: float = T0) -> list[tuple[float, str]]:
    """Samples of which the last is 1 s before ``until``."""
    first = until - 1 - every * (len(values) - 1)
    return [(first + every * i, f"{v}") for i, v in enumerate(values)]


def seen(board: Board, subject: Subject = CHECKOUT) -> Traffic:
    found = board.signals.traffic[subject].value
    assert found is not None
    return found


def http(server: Fake, pod: str = STABLE, **more: str) -> dict[str, str]:
    return {"namespace": "shop", "pod": pod, **more}


async def test_counters_errors_and_buckets_come_exact(server: Fake) -> None:
    server.add("http_requests_total", scrapes(1, 9007199254740993, 12.5), **http(server, code="200"))
    server.add("http_requests_total", scrapes(0, 3), **http(server, code="503"))
    for le, values in (("0.1", (1, 2)), ("0.5", (2, 4)), ("+Inf", (3, 5))):
        server.add("http_request_duration_seconds_bucket", scrapes(*values), **http(server, le=le))
    board = Board()
    await source(server).round(board)
    traffic = seen(board)
    assert [
        (c.pod, c.version, dict(c.labels)["code"], [p.value for p in c.points]) for c in traffic.requests
    ] == [
        (STABLE, "6d4f9", "200", [1.0, 9007199254740992.0, 12.5]),
        (STABLE, "6d4f9", "503", [0.0, 3.0]),
    ]
    assert traffic.errors == (traffic.requests[1],)
    (histogram,) = traffic.latency
    assert [(b.bounds, b.counts) for b in histogram.points] == [
        ((0.1, 0.5, math.inf), (1.0, 2.0, 3.0)),
        ((0.1, 0.5, math.inf), (2.0, 4.0, 5.0)),
    ]
    assert (traffic.evaluated_at, traffic.since, traffic.scrape_interval) == (T0, T0 - 600, 15.0)
    assert {q.role for q in traffic.queries} == {"requests", "errors", "latency"}
    assert board.signals.prometheus[REF].value == "3.16.0"


async def test_a_later_round_asks_for_what_is_new_and_appends(server: Fake) -> None:
    server.add("http_requests_total", scrapes(1, 2), **http(server, code="200"))
    board, one = Board(), source(server)
    await one.round(board)
    assert all("[600s]" in q for q in server.queries())
    server.asked.clear()
    labels, values, native = server.series[0]
    server.series[0] = (labels, [*values, (T0 + 14, "4")], native)
    one._clock.at = T0 + 15
    await one.round(board)
    assert [p.value for p in seen(board).requests[0].points] == [1.0, 2.0, 4.0]
    (requests,) = [q for q in server.queries() if q.startswith("http_requests_total")]
    assert int(requests.rpartition("[")[2].removesuffix("s]")) < 60  # not the horizon again
    assert {params["time"] for path, params, _ in server.asked if path.endswith("query")} == {
        f"{T0 + 15:.3f}"
    }


async def test_samples_past_the_horizon_go_and_so_do_series_that_ended(server: Fake) -> None:
    server.add("http_requests_total", scrapes(1, 2), **http(server))
    board, one = Board(), source(server)
    await one.round(board)
    one._clock.at = T0 + 599
    await one.round(board)
    assert [p.at for p in seen(board).requests[0].points] == [T0 - 1]
    one._clock.at = T0 + 700
    await one.round(board)
    assert seen(board).requests == () and seen(board).since == T0 + 100


async def test_a_lagging_backend_is_caught_up_with(server: Fake) -> None:
    server.add("http_requests_total", scrapes(1, 2, until=T0 - 120), **http(server))
    board, one = Board(), source(server)
    await one.round(board)
    labels, values, native = server.series[0]
    server.series[0] = (labels, [*values, (T0 - 106, "3")], native)
    one._clock.at = T0 + 15
    await one.round(board)
    assert [p.value for p in seen(board).requests[0].points] == [1.0, 2.0, 3.0]


async def test_its_row_is_as_old_as_the_newest_sample_and_not_as_the_last_answer(server: Fake) -> None:
    board, one = Board(), source(server)
    await one.round(board)
    assert one.status.observed_at == T0  # no series: that it answers is all that is known
    server.add("http_requests_total", scrapes(1, 2, until=T0 - 240), **http(server))
    other = source(server)
    await other.round(board)
    assert other.status.observed_at == T0 - 241
    assert of_observation(other.status, T0).state == "old"


@pytest.mark.parametrize(
    ("ready", "known", "old"),
    [
        ("False", {"complete": True}, False),
        ("True", {"complete": True}, True),
        ("False", {"complete": False}, True),
        ("False", {"complete": True, "problem": GONE}, True),  # read once; what they are now is not known
        (None, {"complete": True}, False),
    ],
)
async def test_what_lost_its_pods_gives_no_new_samples_and_the_server_is_well(
    server: Fake, ready: str | None, known: dict[str, Any], old: bool
) -> None:
    server.add("http_requests_total", scrapes(1, 2, until=T0 - 240), **http(server))
    board = Board()
    releasing(board, in_flight())
    pod = Pod(namespace=CHECKOUT.namespace, name=STABLE, conditions=(Condition("Ready", ready or ""),))
    pods: Observation[Any] = Observation(
        value={Key(pod.namespace, pod.name): pod} if ready else {}, observed_at=T0, **known
    )
    cluster = ClusterPicture(ref=REF, info=Observation(), kinds={"Pod": pods})
    board.picture = Picture(at=T0, number=1, clusters={REF: cluster})
    one = source(server)
    await one.round(board)
    assert one.status.observed_at == (T0 - 241 if old else T0)
    assert ("no pod of what it measures is ready" in one.status.value.about) is not old


async def test_samples_that_come_each_minute_are_not_late(server: Fake) -> None:
    server.add("http_requests_total", scrapes(1, 2, 3, every=60.0), **http(server))
    board, one = Board(), source(server)
    await one.round(board)
    assert one.status.interval >= 60.0


async def test_no_number_is_dropped_and_said(server: Fake) -> None:
    at = T0 - 60
    server.add(
        "http_requests_total",
        [(at, "1"), (at + 15, "NaN"), (at + 30, "+Inf"), (at + 40, "1e17"), (at + 45, "3")],
        **http(server),
    )
    board = Board()
    await source(server).round(board)
    assert [p.value for p in seen(board).requests[0].points] == [1.0, 3.0]
    assert "3 samples were no countable numbers" in seen(board).queries[0].warning


@pytest.mark.parametrize(
    ("total", "count", "taken"),
    [("3", "3", True), ("NaN", "3", False), ("+Inf", "3", False), ("3", "NaN", False), ("3", "1e17", False), ("3", "-1", False)],
)  # fmt: skip  # a row is one case
def test_a_native_histogram_of_what_is_no_count_is_none(total: str, count: str, taken: bool) -> None:
    found = NativeHistogram(count=total, sum="1", buckets=((0, "0.1", "0.2", count),))
    assert (buckets_of(T0, found, 1.0) is not None) is taken


async def test_warnings_of_the_server_are_kept(server: Fake) -> None:
    server.warnings = ["PromQL warning: partial response"]
    board = Board()
    await source(server).round(board)
    assert "partial response" in seen(board).queries[0].warning


async def test_half_a_scrape_waits_for_its_rest(server: Fake) -> None:
    name = "http_request_duration_seconds_bucket"
    server.add(name, scrapes(1, 2), **http(server, le="0.1"))
    server.add(name, scrapes(1, 2), **http(server, le="+Inf"))
    board, one = Board(), source(server)
    await one.round(board)
    labels, values, native = server.series[1]
    server.series[1] = (labels, [*values, (T0 + 14, "5")], native)  # the other bucket is not there yet
    one._clock.at = T0 + 15
    await one.round(board)
    assert len(seen(board).latency[0].points) == 2
    labels, values, native = server.series[0]
    server.series[0] = (labels, [*values, (T0 + 14, "3")], native)
    one._clock.at = T0 + 30
    await one.round(board)
    assert [b.counts for b in seen(board).latency[0].points] == [(1.0, 1.0), (2.0, 2.0), (3.0, 5.0)]


async def test_native_histograms_are_cumulative_and_win_over_classic_ones(server: Fake) -> None:
    found = {"count": "10", "sum": "2.5", "buckets": [[0, "0.1", "0.2", "4"], [0, "0.4", "0.8", "5"]]}
    server.series.append(
        (
            {"__name__": "http_request_duration_seconds", **http(server)},
            [],
            [(T0 - 20, found), (T0 - 5, {"count": "NaN", "sum": "NaN"})],
        )
    )
    for le in ("0.5", "+Inf"):
        server.add("http_request_duration_seconds_bucket", scrapes(1, 2), **http(server, le=le))
    board = Board()
    await source(server).round(board)
    (histogram,) = seen(board).latency
    assert histogram.native and len(histogram.points) == 1
    assert histogram.points[0].bounds == (0.1, 0.2, 0.4, 0.8, math.inf)
    assert histogram.points[0].counts == (0.0, 4.0, 4.0, 9.0, 10.0)


async def test_istio_is_in_milliseconds_and_finds_by_workload(server: Fake) -> None:
    raw = {"metrics": {"services": [{"namespace": "shop", "workload": "checkout", "template": "istio"}]}}
    labels = {
        "reporter": "destination",
        "destination_workload_namespace": "shop",
        "destination_workload": "checkout",
        "pod": CANARY,
    }
    server.add("istio_requests_total", scrapes(1, 2), **labels, response_code="200")
    server.add("istio_requests_total", scrapes(1, 2), **labels, response_code="503")
    server.add(
        "istio_requests_total",
        scrapes(5, 5),
        **{**labels, "destination_workload": "cart"},
        response_code="200",
    )
    for le in ("100", "+Inf"):
        server.add("istio_request_duration_milliseconds_bucket", scrapes(1, 2), **labels, le=le)
    board = Board()
    await source(server, raw).round(board)
    traffic = seen(board)
    assert len(traffic.requests) == 2 and len(traffic.errors) == 1 and traffic.requests[0].version == "7b8c1"
    assert traffic.latency[0].points[0].bounds == (0.1, math.inf)


async def test_opentelemetry_counts_its_histogram(server: Fake) -> None:
    raw = {
        "metrics": {"services": [{"namespace": "shop", "workload": "checkout", "template": "opentelemetry"}]}
    }
    for code, n in (("200", 7), ("500", 2)):
        for le in ("0.1", "+Inf"):
            server.add(
                "http_server_request_duration_seconds_bucket",
                scrapes(0, n),
                k8s_namespace_name="shop",
                k8s_pod_name=STABLE,
                http_response_status_code=code,
                le=le,
            )
    board = Board()
    await source(server, raw).round(board)
    traffic = seen(board)
    assert [c.points[-1].value for c in traffic.requests] == [7.0, 2.0]
    assert [c.points[-1].value for c in traffic.errors] == [2.0] and traffic.errors[0].pod == STABLE


def in_flight(subject: Subject = CHECKOUT, **more: Any) -> ReleaseState:
    return ReleaseState(
        subject=subject,
        carrier=Carrier.DEPLOYMENT,
        phase=Phase.PROGRESSING,
        message="",
        workload=subject,
        canary=Side(hash="7b8c1", pods=(CANARY,)),
        stable=Side(hash="6d4f9", pods=(STABLE,)),
        **more,
    )


def releasing(board: Board, *releases: ReleaseState) -> None:
    board.assessment = msgspec.structs.replace(board.assessment, releases={r.subject: r for r in releases})


async def test_samples_from_before_the_clusters_had_come_settle_nothing(server: Fake) -> None:
    """Whose pods are whose was not known then: a snapshot would say NO DATA where the gate has samples soon after."""
    server.add("http_requests_total", scrapes(1, 2), **http(server))
    board, one = Board(), source(server)
    releasing(board, in_flight())
    board.coming = ((REF, "Pod"),)
    await one.round(board)
    picture = Picture(at=T0, number=1, clusters={}, signals=board.signals)
    assert one.unsettled(picture, board.assessment) == ("metrics of checkout",)
    board.coming = ()
    await one._wait(board, 3600.0)  # comes back at once: there is something to be asked again
    await one.round(board)
    assert one.unsettled(picture, board.assessment) == ()


async def test_ingress_nginx_tells_versions_by_route(server: Fake) -> None:
    raw = {"metrics": {"default_template": "ingress-nginx"}}
    base = {"exported_namespace": "shop", "exported_service": "checkout", "status": "200"}
    server.add("nginx_ingress_controller_requests", scrapes(1, 2), **base, canary="")
    server.add("nginx_ingress_controller_requests", scrapes(3, 4), **base, canary="shop-checkout-canary-80")
    board = Board()
    releasing(board, in_flight())
    await source(server, raw).round(board)
    traffic = seen(board)
    assert [(c.version, c.pod, c.points[-1].value) for c in traffic.requests] == [
        ("6d4f9", "", 2.0),
        ("7b8c1", "", 4.0),
    ]
    assert traffic.group == "canary"


async def test_pods_are_mapped_by_the_api_and_remembered_when_gone(server: Fake) -> None:
    server.add("http_requests_total", scrapes(1, 2), **http(server, STABLE))
    pod = Pod(namespace="shop", name=STABLE, labels={"pod-template-hash": "from-the-label"})
    board, one = Board(), source(server)
    info: Observation[ServerInfo] = Observation()
    at = Key("shop", STABLE)
    for pods in ({at: pod}, {}):
        board.picture = msgspec.structs.replace(
            board.picture,
            clusters={
                REF: ClusterPicture(ref=REF, info=info, kinds={"Pod": Observation(value=pods, complete=True)})
            },
        )
        await one.round(board)
        assert seen(board).requests[0].version == "from-the-label"


async def test_a_neighbour_with_a_longer_name_keeps_its_own(server: Fake) -> None:
    api = Subject(REF, "Deployment", "shop", "checkout-api")
    server.add("http_requests_total", scrapes(1, 2), **http(server, STABLE))
    server.add("http_requests_total", scrapes(8, 9), **http(server, "checkout-api-5f6d7-ccccc"))
    server.add("http_requests_total", scrapes(8, 9), namespace="other", pod=STABLE)
    board = Board()
    releasing(board, in_flight(), in_flight(api))
    await source(server, {}).round(board)
    assert [c.pod for c in seen(board).requests] == [STABLE]
    assert [c.pod for c in seen(board, api).requests] == ["checkout-api-5f6d7-ccccc"]


async def test_a_pair_of_deployments_is_one_release(server: Fake) -> None:
    server.add("http_requests_total", scrapes(1, 2), **http(server, STABLE))
    server.add("http_requests_total", scrapes(3, 4), **http(server, "checkout-canary-7b8c1-ddddd"))
    board = Board()
    partner = Subject(REF, "Deployment", "shop", "checkout-canary")
    releasing(board, in_flight(partner=partner))
    await source(server, {}).round(board)
    assert {c.pod for c in seen(board).requests} == {STABLE, "checkout-canary-7b8c1-ddddd"}


@pytest.mark.parametrize("role", ["requests", "latency"])
async def test_what_is_known_as_another_thing_later_is_read_whole(server: Fake, role: str) -> None:
    """A Deployment is read before the Canary that it belongs to: the newest samples alone would pass for a pod's first, and
    all that it ever counted for the rise of one window."""
    made = "checkout-primary-7b8c1-ddddd"
    for pod in (STABLE, made):
        server.add("http_requests_total", scrapes(100, 200, 300, 400), **http(server, pod))
        for le in ("0.1", "+Inf"):
            name = "http_request_duration_seconds_bucket"
            server.add(name, scrapes(100, 200, 300, 400), **http(server, pod, le=le))
    primary = Subject(REF, "Deployment", "shop", "checkout-primary")
    canary = Subject(REF, "Canary", "shop", "checkout")
    board, one = Board(), source(server, {})
    releasing(board, in_flight(), in_flight(primary))
    await one.round(board)
    releasing(board, msgspec.structs.replace(in_flight(canary), workload=primary, partner=CHECKOUT))
    for _ in range(3):
        await one.round(board)
        found = {s.pod: len(s.points) for s in getattr(seen(board, canary), role)}
        assert found == {STABLE: 4, made: 4}
        one._clock.at += 5


async def test_who_shares_a_name_with_a_new_release_is_asked_for_anew(server: Fake) -> None:
    """Whose a series is does not hang on who was read first."""
    server.add("http_requests_total", scrapes(100, 200, 300), **http(server))
    rollout = Subject(REF, "Rollout", "shop", "app")
    board, one = Board(), source(server, {})
    releasing(board, in_flight())
    await one.round(board)
    releasing(board, in_flight(), msgspec.structs.replace(in_flight(rollout), workload=CHECKOUT))
    for _ in range(2):
        await one.round(board)
        assert [len(s.points) for s in seen(board, rollout).requests] == [3]
        assert seen(board).requests == ()
        one._clock.at += 5


async def test_what_begins_to_be_released_is_read_as_far_back_as_its_release_needs(server: Fake) -> None:
    server.add("http_requests_total", scrapes(*range(120)), **http(server))
    board, one = Board(), source(server)
    await one.round(board)
    assert seen(board).since == T0 - 600
    releasing(board, in_flight(started=T0 - 1500))
    await one.round(board)
    assert len(seen(board).requests[0].points) == 120 and seen(board).since < T0 - 1800


async def test_many_services_are_few_queries(server: Fake) -> None:
    board = Board()
    releasing(
        board, *(in_flight(Subject(REF, "Deployment", f"ns-{i % 5}", f"service-{i:03d}")) for i in range(200))
    )
    one = source(server, {})
    for known in (40, 80, 120, 160, 200):  # first views come early: in flight first, by and by
        await one.round(board)
        assert len(board.signals.traffic) == known
    server.asked.clear()
    one._clock.at = T0 + 15
    await one.round(board)
    assert len(server.queries()) <= 8 and max(map(len, server.queries())) < 6000


async def test_too_many_workloads_leave_out_the_idle_ones(server: Fake) -> None:
    board = Board()
    idle = msgspec.structs.replace(in_flight(Subject(REF, "Deployment", "a", "idle")), phase=Phase.NONE)
    releasing(board, idle, in_flight())
    await source(server, {"metrics": {"max_workloads": 1}}).round(board)
    assert list(board.signals.traffic) == [CHECKOUT]


async def test_what_is_released_and_left_out_says_so_and_is_not_waited_for(server: Fake) -> None:
    board, one = Board(), source(server, {"metrics": {"max_workloads": 1}})
    other = Subject(REF, "Deployment", "a", "other")
    releasing(board, in_flight(), in_flight(other))
    await one.round(board)
    told = [seen.problem for seen in board.signals.traffic.values()]
    assert [str(p) for p in told if p] == [
        "it is not among the 1 workloads that are asked for; raise [metrics] max_workloads"
    ]
    assert board.signals.traffic.keys() == {CHECKOUT, other}
    assert one.unsettled(Picture(at=T0, number=1, clusters={}, signals=board.signals), board.assessment) == ()


async def test_what_is_no_more_is_taken_out(server: Fake) -> None:
    board, one = Board(), source(server, {})
    releasing(board, in_flight())
    await one.round(board)
    assert list(board.signals.traffic) == [CHECKOUT]
    releasing(board)
    await one.round(board)
    assert board.signals.traffic == {}


def answer(status: int, kind: str = "", words: str = "", **headers: str) -> Any:
    body = {"status": "error", "errorType": kind, "error": words}
    return lambda request: web.json_response(body, status=status, headers=headers)


@pytest.mark.parametrize(
    ("fail", "kind", "said"),
    [
        (answer(401), ProblemKind.LOGIN_EXPIRED, "does not accept the credential; check prometheus.bearer"),
        (answer(403, "", "no org id"), ProblemKind.FORBIDDEN, "forbids it: no org id"),
        (answer(404), ProblemKind.NOT_SERVED, "no query API at this address; check the path prefix"),
        (
            answer(400, "bad_data", "parse error: unexpected"),
            ProblemKind.CONFIG,
            "refuses the query: parse error",
        ),
        (
            answer(422, "execution", "query processing would load too many samples"),
            ProblemKind.CONFIG,
            "shorten [metrics] history, then horizon",
        ),
        (answer(503, "timeout", "query timed out"), ProblemKind.TIMEOUT, "the query took too long"),
        (answer(429), ProblemKind.THROTTLED, "too many requests"),
        (answer(503, **{"Retry-After": "7"}), ProblemKind.THROTTLED, "it asks to wait 7 s"),
        (answer(500, "internal", "boom\x1b[31m"), ProblemKind.SERVER_ERROR, "failed (500): boom␛[31m"),
        (
            answer(302, Location="https://login.example.com/"),
            ProblemKind.CONFIG,
            "a redirect to https://login",
        ),
        (lambda r: web.Response(text="<html>sign in</html>"), ProblemKind.BAD_ANSWER, "is not Prometheus'"),
        (
            lambda r: web.json_response({"status": "success", "data": {"resultType": "matrix", "result": 7}}),
            ProblemKind.BAD_ANSWER,
            "is not Prometheus'",
        ),
    ],
)
async def test_a_failure_is_told_in_words_and_keeps_the_last_value(
    server: Fake, fail: Any, kind: ProblemKind, said: str
) -> None:
    server.add("http_requests_total", scrapes(1, 2), **http(server))
    board, one = Board(), source(server)
    await one.round(board)
    server.fail = fail
    one._clock.at = T0 + 15
    await one.round(board)
    found = board.signals.traffic[CHECKOUT]
    assert found.problem is not None and found.problem.kind is kind and said in str(found.problem)
    assert found.value is not None and found.observed_at == T0
    assert board.signals.prometheus[REF].problem == found.problem
    server.fail = lambda request: None
    one._clock.at = T0 + 30
    await one.round(board)
    assert board.signals.traffic[CHECKOUT].problem is None and len(seen(board).requests[0].points) == 2


async def test_a_server_that_never_answers_costs_one_timeout(server: Fake) -> None:
    server.delay = 5.0
    board = Board()
    raw = {"metrics": {**WATCHED["metrics"], "timeout": "200ms"}}
    began = asyncio.get_running_loop().time()
    await source(server, raw).round(board)
    assert asyncio.get_running_loop().time() - began < 3.0
    problem = board.signals.traffic[CHECKOUT].problem
    assert problem is not None and problem.kind is ProblemKind.TIMEOUT


async def test_nobody_listens() -> None:
    board = Board()
    made = metrics_source(REF, WATCHED, {"url": "http://127.0.0.1:1"}, None, Ticking(T0))
    await made.round(board)
    problem = board.signals.prometheus[REF].problem
    assert problem is not None and "connection refused" in problem.cause and problem.since == T0
    made._clock.at = T0 + 15
    await made.round(board)
    again = board.signals.prometheus[REF].problem
    assert again is not None and again.since == T0  # it began then


async def test_credentials_headers_prefix_and_labels_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROM_TOKEN", "planted-secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Fake(prefix="/mimir/prometheus") as server:
        board = Board()
        table = {
            "bearer": "env:PROM_TOKEN",
            "headers": {"X-Scope-OrgID": "team-a"},
            "match": {"cluster": "eu-1"},
        }
        await source(server, **table).round(board)
        assert board.signals.prometheus[REF].problem is None
        for path, _, headers in server.asked:
            assert path.startswith("/api/v1/") and headers["Authorization"] == "Bearer planted-secret"
            assert headers["X-Scope-OrgID"] == "team-a" and headers["Accept-Encoding"] == "identity"
        assert all('cluster="eu-1"' in q for q in server.queries())
        assert "planted" not in repr(board.signals)


async def test_basic_and_gzip(server: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROM_PASSWORD", "open sesame")
    server.add("http_requests_total", scrapes(1, 2), **http(server))
    board = Board()
    await source(server, username="ops", password="env:PROM_PASSWORD", compression="gzip").round(board)
    assert len(seen(board).requests[0].points) == 2
    assert server.asked[0][2]["Authorization"] == "Basic b3BzOm9wZW4gc2VzYW1l"
    assert server.asked[0][2]["Accept-Encoding"] == "gzip"


async def test_a_missing_secret_is_said_without_being_asked_for(server: Fake) -> None:
    board = Board()
    await source(server, bearer="env:NO_SUCH_VARIABLE_HERE").round(board)
    problem = board.signals.prometheus[REF].problem
    assert problem is not None and "NO_SUCH_VARIABLE_HERE is not set" in problem.cause and server.asked == []


async def test_alerts_are_matched_to_workloads(server: Fake) -> None:
    server.alerts = [
        {
            "labels": {"alertname": "Slow", "namespace": "shop", "pod": STABLE, "severity": "page"},
            "annotations": {"summary": "P90 is 2 s"},
            "state": "firing",
            "activeAt": "2026-09-21T14:13:20.123456789Z",
            "value": "1e+00",
        },
        {
            "labels": {"alertname": "Down", "namespace": "shop", "deployment": "cart"},
            "annotations": {},
            "state": "pending",
        },
        {"labels": {"alertname": "Disk", "instance": "n1"}, "annotations": {}, "state": "firing"},
    ]
    board = Board()
    await source(server).round(board)
    alerts = board.signals.alerts[REF].value
    assert alerts is not None
    told = {a.name: (a.state, a.namespace, a.workload, a.severity, a.summary, a.since) for a in alerts}
    assert told["Slow"] == ("firing", "shop", "checkout", "page", "P90 is 2 s", T0)
    assert told["Down"][2] == "cart" and told["Disk"][1:3] == ("", "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "it has no list of alerts"),
        ({"results": {}}, "it has no list of alerts"),
        ({"status": "success", "data": []}, "it has no list of alerts"),
        ({"status": "error", "error": "ruler is gone", "data": {"alerts": []}}, "ruler is gone"),
        ([], "Expected `object`, got `array`"),
        ({"data": {"alerts": {}}}, "Expected `array | null`, got `object`"),
        ({"data": {"alerts": ["Slow"]}}, "Expected `object`, got `str` - at `$[0]`"),
        (
            {"data": {"alerts": [{"labels": ["a"]}]}},
            "Expected `object | null`, got `array` - at `$[0].labels`",
        ),
    ],
)
async def test_what_is_no_list_of_alerts_is_not_none(server: Fake, body: Any, words: str) -> None:
    server.fail = lambda r: web.json_response(body) if r.path.endswith("/alerts") else None
    board = Board()
    await source(server).round(board)
    seen = board.signals.alerts[REF]
    assert seen.value is None
    assert words in str(seen.problem)


async def test_alerts_come_from_series_where_the_api_has_none(server: Fake) -> None:
    server.alerts = None
    server.add(
        "ALERTS", [(T0 - 5, "1")], alertname="Slow", alertstate="firing", namespace="shop", statefulset="db"
    )
    board = Board()
    await source(server).round(board)
    (alert,) = board.signals.alerts[REF].value or ()
    assert (alert.name, alert.state, alert.workload) == ("Slow", "firing", "db")


async def test_probe_metrics_are_journeys(server: Fake) -> None:
    raw = {
        "journeys": [
            {
                "name": "pay",
                "probe": 'probe_success{instance="shop"}',
                "probe_duration": 'probe_duration_seconds{instance="shop"}',
                "workload": "shop/checkout",
                "side": "canary",
            },
            {"name": "elsewhere", "probe": "probe_success", "environment": "staging"},
            {"name": "none", "probe": "no_such_metric"},
        ]
    }
    server.add("probe_success", scrapes(1, 0), instance="shop")
    server.add("probe_duration_seconds", scrapes(0.2, 3), instance="shop")
    board = Board()
    await source(server, raw).round(board)
    assert sorted(board.signals.journeys) == ["production/eu-1/none", "production/eu-1/pay"]
    pay = board.signals.journeys["production/eu-1/pay"].value
    assert pay is not None and pay.workload == CHECKOUT and pay.side == "canary"
    assert [(r.ok, r.duration) for r in pay.runs] == [(True, 0.2), (False, 3.0)]
    none = board.signals.journeys["production/eu-1/none"].value
    assert none is not None and none.runs == ()
    server.fail = answer(500)
    await source(server, raw).round(board)
    assert board.signals.journeys["production/eu-1/pay"].problem is not None


async def test_alerts_and_probes_of_another_shape_say_what_came(server: Fake) -> None:
    server.alerts = None
    server.add("probe_success", [(T0 - 5, "")])
    row = {"metric": {"alertname": "Slow"}, "values": [[T0, "1"]]}
    body = {"status": "success", "data": {"resultType": "matrix", "result": [row]}}
    server.fail = lambda r: web.json_response(body) if "ALERTS" in r.query.get("query", "") else None
    board = Board()
    await source(server, {"journeys": [{"name": "pay", "probe": "probe_success"}]}).round(board)
    assert "a matrix where a vector was asked for" in str(board.signals.alerts[REF].problem)
    assert "a sample is '' and no number" in str(board.signals.journeys["production/eu-1/pay"].problem)


def test_a_template_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match='there is no template "nope"'):
        metrics_source(REF, {"metrics": {"default_template": "nope"}}, {"url": "http://h"}, None, Ticking(T0))
