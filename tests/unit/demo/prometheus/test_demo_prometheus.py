"""The demo's Prometheus over HTTP: who may ask, forms, faults, the service proxy; and its alerts."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.demo.prometheus.api import Api
from tfdash.demo.prometheus.numbers import number
from tfdash.demo.prometheus.rules import Group, Rule, Rules
from tfdash.demo.prometheus.series import NAME, HeldSeries, Series
from tfdash.sources.kubernetes.kubeconfig import resolve

PROXY = "/api/v1/namespaces/platform/services/prometheus:9090/proxy"


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(scenario="calm", seed=5)) as running:
        yield running
        running.stop()
        assert running.wait() == 0  # it ended by itself when its stdin did


@pytest.fixture(scope="module")
def client(demo: DemoProcess) -> Iterator[httpx.Client]:
    access = resolve(str(demo.kubeconfig), "production")
    tls = ssl.create_default_context(cafile=str(demo.ca))
    headers = {"Authorization": f"Bearer {access.token}"}
    with httpx.Client(
        base_url=access.server, verify=tls, headers=headers, timeout=20, trust_env=False
    ) as made:
        yield made


def ask(client: httpx.Client, query: str, prefix: str = "/prometheus") -> httpx.Response:
    return client.get(f"{prefix}/api/v1/query", params={"query": query})


def test_it_is_ready_and_says_its_version(client: httpx.Client) -> None:
    assert client.get("/prometheus/-/ready").text == "Prometheus Server is Ready.\n"
    assert client.get("/prometheus/api/v1/status/buildinfo").json()["data"]["version"] == "3.16.0"
    assert client.get("/prometheus/").status_code == 200
    assert client.get("/prometheus/nothing").status_code == 404


def test_a_query_by_get_and_by_form(client: httpx.Client) -> None:
    found = ask(client, "count by (app) (up)").json()
    assert found["status"] == "success" and found["data"]["resultType"] == "vector"
    form = client.post("/prometheus/api/v1/query", data={"query": "vector(1)"}, params={"query": "vector(2)"})
    assert form.json()["data"]["result"][0]["value"][1] == "1"  # the form comes before the address
    assert client.post("/prometheus/api/v1/alerts").status_code == 405


def test_refusals_have_prometheus_own_shape(client: httpx.Client) -> None:
    wrong = ask(client, "sum(")
    assert wrong.status_code == 400
    assert wrong.json()["status"] == "error" and wrong.json()["errorType"] == "bad_data"
    twice = ask(client, "up * on(job) up")
    assert twice.status_code == 422 and twice.json()["errorType"] == "execution"
    deep = ask(client, "(" * 3000 + "1" + ")" * 3000)
    assert deep.status_code in (200, 400, 422)


def test_large_answers_are_compressed_where_wanted(client: httpx.Client) -> None:
    assert ask(client, "http_requests_total").headers["Content-Encoding"] in ("gzip", "deflate")
    plain = client.get(
        "/prometheus/api/v1/query", params={"query": "up"}, headers={"Accept-Encoding": "identity"}
    )
    assert "Content-Encoding" not in plain.headers


def test_only_this_runs_identities_may_ask_and_no_browser(client: httpx.Client) -> None:
    def status(**headers: str) -> int:
        return client.get("/prometheus/api/v1/labels", headers=headers).status_code

    token = client.headers["Authorization"]
    assert status() == 200
    assert status(Authorization="Bearer wrong") == 401
    assert status(Origin="http://evil.example") == 403
    assert status(Host="evil.example") == 421
    del client.headers["Authorization"]
    try:
        assert status() == 401
    finally:
        client.headers["Authorization"] = token


def test_through_the_service_proxy_with_the_right_to_it(demo: DemoProcess, client: httpx.Client) -> None:
    assert ask(client, "count(up)", PROXY).json()["status"] == "success"
    other = PROXY.replace("prometheus:9090", "nothing:80")
    assert ask(client, "up", other).status_code == 404
    assert (
        ask(
            client, "up", PROXY.replace("platform/services/prometheus", "tf-production/services/web")
        ).status_code
        == 503
    )
    viewer = resolve(str(demo.kubeconfig), "production-viewer")
    refused = client.get(f"{PROXY}/-/ready", headers={"Authorization": f"Bearer {viewer.token}"})
    assert refused.status_code == 403 and "services/proxy" in refused.json()["message"]


def test_faults_strike_it_too(demo: DemoProcess, client: httpx.Client) -> None:
    fault = {"fault": "500", "path": "/prometheus/*", "count": 1}
    assert client.post("/_control/faults", json=fault).status_code == 200
    assert ask(client, "up").status_code == 500
    assert ask(client, "up").status_code == 200


# -- alerts and numbers -------------------------------------------------------------------------------------------


def test_an_alert_waits_then_fires_then_is_gone() -> None:
    base = 1_795_500_000_000
    values = [1.0] * 20 + [0.0] * 20 + [1.0] * 30
    times = [base + 15_000 * i for i in range(len(values))]
    held = HeldSeries([Series({NAME: "up", "app": "web"}, times, values)])
    rule = Rule(
        alert="Down",
        expr="up == 0",
        lasting="2m",
        labels={"severity": "critical"},
        annotations={"summary": "{{ $labels.app }} is {{ $value }}"},
    )
    rules = Rules([Group(name="g", interval="30s", rules=[rule])], held)
    now = base
    api = Api(rules.storage, lambda: now, rules)

    def at(minutes: float) -> list[str]:
        nonlocal now
        now = base + round(minutes * 60_000)
        assert api.answer("GET", "/api/v1/query", {"query": ["1"]}).status == 200
        return [a["state"] for a in rules.alerts()]

    assert at(4) == []
    assert at(6) == ["pending"]
    assert at(7.5) == ["firing"]
    (alert,) = rules.alerts()
    assert alert["labels"] == {"alertname": "Down", "app": "web", "severity": "critical"}
    assert alert["annotations"] == {"summary": "web is 0"} and alert["value"] == "0e+00"
    assert alert["activeAt"] == "2026-11-24T06:05:00Z"
    (group,) = rules.groups(now)
    assert group["rules"][0]["state"] == "firing" and group["rules"][0]["duration"] == 120
    firing = 'ALERTS{alertstate="firing"}'
    assert len(api.answer("GET", "/api/v1/query", {"query": [firing]}).document["data"]["result"]) == 1
    assert at(11) == []
    assert api.answer("GET", "/api/v1/query", {"query": [firing]}).document["data"]["result"] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-7, "1e-07"),
        (1e-6, "0.000001"),
        (-2.5e-10, "-2.5e-10"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
        (0.0, "0"),
        (-0.0, "-0"),
        (1.5e300, "1.5e+300"),
        (123456789.125, "123456789.125"),
    ],
)
def test_numbers_are_written_as_prometheus_writes_them(value: float, text: str) -> None:
    assert number(value) == text
