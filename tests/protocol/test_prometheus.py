"""The simulated Prometheus against a real one that holds the same samples.

The answers in ``prometheus_answers.json`` were given by a real Prometheus 3.16; under ``--platform`` it is asked again.
"""

from __future__ import annotations

import json
import math
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.protocol.prometheus_cases import ANSWERS, ask, at, cases, held, name_of, openmetrics, told
from tfdash.demo.prometheus.api import Api
from tfdash.demo.prometheus.rules import Rules

Case = tuple[str, list[tuple[str, str]]]
Ask = Callable[[Case], dict[str, Any]]
RECORDED: dict[str, dict[str, Any]] = json.loads(ANSWERS.read_text())
ORDERED = ("sort(", "sort_desc(", "topk(", "bottomk(")  # whose answer has an order of its own


def simulator() -> Ask:
    storage = held()
    rules = Rules([], storage)
    api = Api(rules.storage, lambda: 1_795_502_000_000, rules)

    def asked(case: Case) -> dict[str, Any]:
        given: dict[str, list[str]] = {}
        for key, value in case[1]:
            given.setdefault(key, []).append(value)
        reply = api.answer("GET", f"/api/v1/{case[0]}", given)
        document = json.loads(json.dumps(reply.document))
        return told(reply.status, document)

    return asked


@pytest.fixture(scope="module", params=["simulator", pytest.param("real", marks=pytest.mark.platform)])
def answer(request: pytest.FixtureRequest) -> Iterator[Ask]:
    if request.param == "simulator":
        yield simulator()
        return
    from tests.platform.harness.prometheus import Prometheus

    with Prometheus(openmetrics=openmetrics()) as server:
        yield lambda case: told(*ask(server.url, case))


def same_number(a: str, b: str) -> bool:
    first, second = float(a), float(b)
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return first == second or math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-12)


def same(a: Any, b: Any) -> bool:
    """Equal documents; numbers written as text are equal to a tolerance."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, str) and isinstance(b, str) and a != b:
        try:
            return same_number(a, b)
        except ValueError:
            return False
    return bool(a == b)


def settled(found: dict[str, Any], keep_order: bool) -> dict[str, Any]:
    data = found.get("data")
    if isinstance(data, dict) and data.get("resultType") in ("vector", "matrix") and not keep_order:
        ordered = sorted(data["result"], key=lambda r: sorted(r["metric"].items()))
        return {**found, "data": {**data, "result": ordered}}
    return found


@pytest.mark.parametrize("case", cases(), ids=name_of)
def test_answers_are_those_of_a_real_prometheus(answer: Ask, case: Case) -> None:
    query = dict(case[1]).get("query", "")
    keep_order = case[0] == "query" and query.startswith(ORDERED)
    found, expected = (settled(a, keep_order) for a in (answer(case), RECORDED[name_of(case)]))
    if "limit" in dict(case[1]) and found.get("truncated"):  # which are left is for the server to choose
        counts = [len(d["result"] if isinstance(d, dict) else d) for d in (found["data"], expected["data"])]
        assert expected["truncated"] and counts[0] == counts[1]
        return
    assert same(found, expected), f"{urllib.parse.unquote_plus(name_of(case))}\n{found}\n{expected}"


def test_the_recorded_answers_are_of_these_questions() -> None:
    assert list(RECORDED) == [name_of(case) for case in cases()]


def test_known_results(answer: Ask) -> None:
    """Values that Prometheus documents or tests itself, so that the recording is not the only witness."""

    def value(query: str, minutes: float) -> list[float]:
        found = answer(("query", [("query", query), ("time", at(minutes))]))
        return [float(r["value"][1]) for r in found["data"]["result"]]

    assert value("increase(known_total[1800s1ms])", 30) == pytest.approx([7], rel=1e-5)
    assert value("rate(reset_mid_total[3000s1ms])", 50) == pytest.approx([0.03], rel=1e-5)
    assert value("histogram_quantile(0.9, top_bucket)", 0.5) == [1.0]  # in +Inf: the highest bound below it
    assert value('absent(up{job="web"})', 1) == []


# -- the world's own traffic -----------------------------------------------------------------------------------------

USUAL = [
    'sum by (pod) (increase(http_requests_total{namespace="tf-staging",app="checkout"}[5m]))',
    'sum by (app) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (app) (rate(http_requests_total[5m]))',
    "histogram_quantile(0.9, sum by (app, le) (rate(http_request_duration_seconds_bucket[5m])))",
    'histogram_quantile(0.9, sum by (pod, le) (rate(http_request_duration_seconds_bucket{app="checkout"}[2m])))',
    "sum by (app) (rate(http_request_duration_seconds_sum[5m])) / sum by (app) (rate(http_request_duration_seconds_count[5m]))",
    "topk(3, sum by (app) (rate(http_requests_total[5m])))",
    'http_requests_total{app="checkout"}[10m]',
    '{__name__=~"http_request_duration_seconds(_bucket|_count|_sum)?",app="checkout"}[3m]',
    'label_replace(sum by (pod) (rate(http_requests_total{app="checkout"}[5m])), "version", "$1", "pod", "checkout-(.*)-.*")',
    "avg_over_time(probe_success[10m])",
    "changes(up[30m])",
    "max_over_time(sum(rate(http_requests_total[1m]))[10m:30s])",
    'sum(rate(http_requests_total{app="checkout"}[5m])) > bool 1',
    "count by (app) (last_over_time(http_requests_total[5m]))",
]


@pytest.mark.platform
def test_the_worlds_traffic_has_the_same_answers_on_a_real_prometheus() -> None:
    from tests.platform.harness.prometheus import Prometheus
    from tests.unit.demo.prometheus.scenes import Scene
    from tfdash.demo.controllers.behaviour import BehaviourRule
    from tfdash.demo.traffic.storage import TrafficStorage

    scene = Scene(BehaviourRule(app="checkout", image="*:2.14.0", does={"errors": 0.05, "after": "1m"}))
    scene.do("release", service="checkout", version="2.14.0")
    scene.run(300)
    with scene.cluster.agenda.pretending(scene.time):
        everything = TrafficStorage(scene.cluster.prometheus.history).select((), 0, 2**52)
    with Prometheus(openmetrics=openmetrics(everything)) as server:
        for query in USUAL:
            asked = [("query", query), ("time", f"{scene.time:.3f}")]
            expected = settled(told(*ask(server.url, ("query", asked))), False)
            found = {"status": 200, "data": json.loads(json.dumps(scene.answer(**dict(asked))))}
            assert same(settled(found, False), expected), query
            assert expected["data"]["result"], query
