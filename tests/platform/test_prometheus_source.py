"""The Prometheus source against a real Prometheus, directly, under a prefix and through a real API server's proxy."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.configured import metrics_source
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.prometheus import Exposition, Prometheus, scrape_config
from tests.unit.sources.prometheus.server import REF, Board
from tests.waiting import soon
from tfdash.clock import SystemClock
from tfdash.model.observation import ProblemKind
from tfdash.model.subject import Subject
from tfdash.model.traffic import Traffic
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.prometheus import PrometheusSource
from tfdash.sources.prometheus.inspect import inspect_metrics

pytestmark = pytest.mark.platform
Start = Callable[..., Prometheus]
POD = "checkout-6d4f9-abcde"
CHECKOUT = Subject(REF, "Deployment", "shop", "checkout")
WATCHED: dict[str, Any] = {"metrics": {"services": [{"namespace": "shop", "workload": "checkout"}]}}


def exposed(n: int) -> str:
    label = f'namespace="shop",pod="{POD}"'
    return (
        "# TYPE http_requests_total counter\n"
        f'http_requests_total{{{label},code="200"}} {n}\nhttp_requests_total{{{label},code="500"}} {n // 10}\n'
        "# TYPE http_request_duration_seconds histogram\n"
        f'http_request_duration_seconds_bucket{{{label},le="0.1"}} {n // 2}\n'
        f'http_request_duration_seconds_bucket{{{label},le="0.5"}} {n * 3 // 4}\n'
        f'http_request_duration_seconds_bucket{{{label},le="+Inf"}} {n}\n'
        f"http_request_duration_seconds_sum{{{label}}} {n / 4}\nhttp_request_duration_seconds_count{{{label}}} {n}\n"
        "# TYPE probe_success gauge\nprobe_success 1\n"
    )


RULES = "rule_files: ['rules.yml']\n"
ALERT = (
    "groups: [{name: g, interval: 1s, rules: [{alert: Many, expr: 'http_requests_total{code=\"500\"} >= 0', "
    "labels: {severity: page}, annotations: {summary: 'many errors'}}]}]\n"
)


def config(target: Exposition, more: str = "") -> str:
    return scrape_config(target.address, more=more).replace(
        "  static_configs", "  honor_labels: true\n  static_configs"
    )


@pytest.fixture(scope="module")
def target() -> Iterator[Exposition]:
    with Exposition(exposed(100)) as running:
        yield running


def source(url: str, raw: dict[str, Any] = WATCHED) -> PrometheusSource:
    made = metrics_source(REF, raw, {"url": url}, None, SystemClock())
    return made


def traffic(board: Board) -> Traffic | None:
    seen = board.signals.traffic.get(CHECKOUT)
    return seen.value if seen is not None else None


def held(board: Board) -> Traffic:
    return traffic(board) or Traffic(evaluated_at=0.0, since=0.0)


async def until(one: PrometheusSource, board: Board, true: Callable[[], bool], timeout: float = 30.0) -> None:
    async def round() -> bool:
        if true():
            return True
        await one.round(board)
        return true()

    await soon(round, lambda: board.signals.prometheus[REF].problem, timeout, every=0.5)


async def test_live_samples_alerts_probes_and_the_report_under_a_prefix(
    prometheus: Start, target: Exposition
) -> None:
    server = Prometheus(config(target, RULES), prefix="/prom")
    (server.folder / "rules.yml").write_text(ALERT)
    with server:
        raw = {
            **WATCHED,
            "journeys": [{"name": "pay", "probe": "probe_success", "workload": "shop/checkout"}],
        }
        board, one = Board(), source(server.url, raw)
        await until(one, board, lambda: bool(held(board).requests))
        target.text = exposed(150)
        await until(
            one,
            board,
            lambda: len({p.value for c in held(board).requests for p in c.points}) == 4,
        )
        found = traffic(board)
        assert found is not None
        by_code = {dict(c.labels)["code"]: c for c in found.requests}
        assert by_code["200"].pod == POD and by_code["200"].version == "6d4f9"
        assert [c.points[-1].value for c in found.errors] == [15.0]
        (histogram,) = found.latency
        assert histogram.points[-1].counts == (75.0, 112.0, 150.0)
        times = [p.at for p in by_code["200"].points]
        assert times == sorted(set(times)) and found.scrape_interval == pytest.approx(1.0, abs=0.2)
        await until(one, board, lambda: bool(board.signals.alerts[REF].value))
        (alert,) = board.signals.alerts[REF].value or ()
        assert (alert.name, alert.state, alert.workload) == ("Many", "firing", "checkout")
        assert alert.summary == "many errors" and alert.since is not None
        pay = board.signals.journeys["production/eu-1/pay"].value
        assert pay is not None and pay.runs and all(r.ok for r in pay.runs)
        report = inspect_metrics(one, board.signals, {})
        assert report.version.startswith("3.") and report.problem == ""
        (service,) = report.services
        assert service.versions == (("6d4f9", 1),) and service.bounds[0] == 0.1 and service.findings == ()


async def test_rounds_hold_what_one_query_of_the_whole_holds(prometheus: Start, target: Exposition) -> None:
    """Nothing is lost and nothing doubled at the seams of the rounds."""
    with Prometheus(config(target)) as server:
        board, one = Board(), source(server.url)
        await until(one, board, lambda: len(held(board).requests) > 0)
        for n in range(160, 168):
            target.text, scrapes = exposed(n), target.scrapes
            await soon(lambda scrapes=scrapes: target.scrapes > scrapes, "a scrape")
            await one.round(board)
        kept = traffic(board)
        whole = Board()
        await source(server.url).round(whole)
        fresh = traffic(whole)
        assert kept is not None and fresh is not None
        for mine, its in zip(kept.requests, fresh.requests, strict=True):
            assert mine.points == its.points[: len(mine.points)] and len(its.points) - len(mine.points) <= 1
        assert kept.latency[0].points == fresh.latency[0].points[: len(kept.latency[0].points)]


async def test_native_histograms_and_what_the_server_refuses(prometheus: Start) -> None:
    text = (
        "# TYPE http_request_duration_seconds histogram\n"
        + "\n".join(
            f'http_request_duration_seconds_bucket{{namespace="shop",pod="{POD}",le="{le}"}} {n}'
            for le, n in (("0.1", 2), ("0.5", 5), ("+Inf", 6))
        )
        + f'\nhttp_request_duration_seconds_count{{namespace="shop",pod="{POD}"}} 6'
        + f'\nhttp_request_duration_seconds_sum{{namespace="shop",pod="{POD}"}} 3\n'
    )
    with Exposition(text) as target:
        native = config(target).replace(
            "honor_labels: true", "honor_labels: true\n  convert_classic_histograms_to_nhcb: true"
        )
        with Prometheus(
            native.replace("- job_name", "- scrape_native_histograms: true\n  job_name")
        ) as server:
            board, one = Board(), source(server.url)
            await until(one, board, lambda: len(held(board).latency) > 0)
            found = traffic(board)
            assert found is not None and found.latency[0].native
            last = found.latency[0].points[-1]
            assert dict(zip(last.bounds, last.counts, strict=True)) == {0.1: 2.0, 0.5: 5.0, float("inf"): 6.0}
            bad = {
                "metrics": {
                    "default_template": "bad",
                    "templates": {"bad": {"requests": 'up{pod=~"$pods",a=~"$x"}'}},
                    "services": [{"namespace": "shop", "workload": "checkout", "values": {"x": "b"}}],
                }
            }
            broken = source(server.url, bad)
            monkey = broken._cache.batches
            broken._cache.batches = lambda at: [b._replace(text=b.text + "}") for b in monkey(at)]
            refused = Board()
            await broken.round(refused)
            problem = refused.signals.traffic[CHECKOUT].problem
            assert (
                problem is not None and problem.kind is ProblemKind.CONFIG and "parse error" in problem.cause
            )


def own_address() -> str:
    """An address of this machine that the API server proxies to: it refuses loopback and link-local ones."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("203.0.113.1", 9))  # nothing is sent
        return str(probe.getsockname()[0])


async def test_through_the_api_servers_service_proxy(
    cluster: Cluster, prometheus: Start, target: Exposition
) -> None:
    address = own_address()
    with socket.socket() as probe:
        probe.bind((address, 0))
        port = probe.getsockname()[1]
    server = prometheus(config(target), flags=(f"--web.listen-address={address}:{port}",))
    assert server.url
    # the API server proxies to addresses of pods only: one that nothing schedules, with this machine's address
    pod = {"kind": "Pod", "namespace": "monitoring", "name": "prometheus-0"}
    named = {"name": "prometheus", "namespace": "monitoring"}
    manifest = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "prometheus-0", "namespace": "monitoring"},
            "spec": {
                "schedulerName": "nobody",
                "containers": [{"name": "prometheus", "image": "prometheus"}],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": named,
            "spec": {"ports": [{"name": "web", "port": 9090, "targetPort": port}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": named,
            "subsets": [
                {"addresses": [{"ip": address, "targetRef": pod}], "ports": [{"name": "web", "port": port}]}
            ],
        },
    ]
    cluster.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifest}))
    status = {"status": {"podIP": address, "podIPs": [{"ip": address}]}}
    at = "/api/v1/namespaces/monitoring/pods/prometheus-0/status"
    cluster.request("PATCH", at, status, "application/merge-patch+json")

    def through(identity: str, service: str = "monitoring/prometheus:9090") -> PrometheusSource:
        credentials = Credentials(resolve(str(cluster.kubeconfig(identity))))
        made = metrics_source(REF, WATCHED, {"service": service}, credentials, SystemClock())
        return made

    board, one = Board(), through("admin")
    await until(one, board, lambda: len(held(board).requests) == 2)
    assert (board.signals.prometheus[REF].value or "").startswith("3.")
    refused, viewer = Board(), through("viewer")
    await viewer.round(refused)
    problem = refused.signals.prometheus[REF].problem
    assert problem is not None and problem.kind is ProblemKind.FORBIDDEN
    assert "services/proxy" in problem.cause and 'resourceNames ["prometheus:9090"]' in problem.remedy
    missing = Board()
    await through("admin", "monitoring/nobody:9090").round(missing)
    gone = missing.signals.prometheus[REF].problem
    assert gone is not None and 'services "nobody" not found' in gone.cause
    cluster.kubectl("delete", "namespace", "monitoring", "--wait=false")
