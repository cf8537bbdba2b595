"""The demo's traffic: what its samples say is what was told to happen, whenever they are asked for."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from aiohttp.test_utils import make_mocked_request

from tests.unit.demo.prometheus.scenes import MAIN, Scene
from tests.unit.demo.worlds import START
from tfdash.demo.apiserver.auth import User
from tfdash.demo.apiserver.object_store import ADDED, DELETED, Happened, Stored
from tfdash.demo.apiserver.objects import labels_of, name_of
from tfdash.demo.controllers.behaviour import Behaviour, BehaviourRule, made
from tfdash.demo.traffic.history import ROLLOUTS
from tfdash.demo.traffic.profile import BOUNDS, CODES, Profile, shares

ERRORS = 'sum(rate(http_requests_total{app="checkout",code=~"5.."%s}[5m])) / sum(rate(http_requests_total{app="checkout"%s}[5m]))'
P90 = 'histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket{app="checkout"}[5m])))'
NEW = 'label_replace(up, "new", "yes", "pod", "checkout-%s-.*")'


@pytest.fixture(scope="module")
def calm() -> Scene:
    return Scene()


def release(scene: Scene, version: str = "2.14.0") -> None:
    scene.do("release", service="checkout", version=version)


def hashes(scene: Scene) -> dict[str, str]:
    """The image's version by template hash."""
    return {
        labels_of(p)["pod-template-hash"]: p["spec"]["containers"][0]["image"].rpartition(":")[2]
        for p in scene.pods("checkout", MAIN)
    }


# -- truth --------------------------------------------------------------------------------------------------------


def test_ratios_and_latency_are_those_of_the_table(calm: Scene) -> None:
    asked = 'sum(increase(http_requests_total{app="checkout",code=~"5.."}[1h])) / sum(increase(http_requests_total{app="checkout"}[1h]))'
    assert calm.value(asked) == pytest.approx(0.012, rel=0.1)
    inside = 'sum(increase(http_request_duration_seconds_bucket{app="checkout",le="0.25"}[1h])) / sum(increase(http_request_duration_seconds_count{app="checkout"}[1h]))'
    sigma, mu = 0.6, math.log(0.18) - 1.2815515655446004 * 0.6
    expected = (1 + math.erf((math.log(0.25) - mu) / sigma / math.sqrt(2))) / 2
    assert calm.value(inside) == pytest.approx(expected, abs=0.01)
    mean = 'sum(rate(http_request_duration_seconds_sum{app="checkout"}[1h])) / sum(rate(http_request_duration_seconds_count{app="checkout"}[1h]))'
    assert calm.value(mean) == pytest.approx(math.exp(mu + sigma**2 / 2), rel=0.02)


def test_counters_and_histogram_count_the_same_requests(calm: Scene) -> None:
    difference = "sum by (pod) (http_requests_total) - on(pod) http_request_duration_seconds_count != 0"
    assert calm.rows(difference) == []
    assert (
        calm.rows(
            'http_request_duration_seconds_bucket{le="+Inf"} - ignoring(le) http_request_duration_seconds_count != 0'
        )
        == []
    )


def test_traffic_follows_the_day_and_is_shared_evenly(calm: Scene) -> None:
    pods = calm.rows('sum by (pod) (increase(http_requests_total{app="api-core"}[30m]))')
    values = [v for _, v in pods]
    assert len(pods) >= 2 and max(values) / min(values) < 1.1
    assert {m["app"] for m, _ in calm.rows("sum by (app) (up)")} >= {"checkout", "web", "auth"}


def test_history_reaches_two_hours_back_and_no_further(calm: Scene) -> None:
    steps = calm.answer(
        "query_range",
        query='sum(rate(http_requests_total{app="web"}[5m]))',
        start=START - 10_800,
        end=START,
        step=60,
    )["result"][0]["values"]
    assert START - 7200 <= steps[0][0] <= START - 6600
    assert steps[-1][0] == START
    assert all(float(v) > 0 for _, v in steps)


def test_probabilities_are_whole_and_bounds_are_the_clients_own() -> None:
    joint, means = shares(Profile(errors=0.03, latency_ms=400.0))
    assert len(joint) == len(means) == len(CODES) * len(BOUNDS)
    assert sum(joint) == pytest.approx(1)
    below = sum(
        joint[c * len(BOUNDS) + b] for c in range(len(CODES)) for b in range(len(BOUNDS)) if BOUNDS[b] <= 0.5
    )
    assert below > 0.9


# -- the same whenever it is asked -----------------------------------------------------------------------------------


def test_samples_do_not_depend_on_when_they_are_asked_for() -> None:
    rule = BehaviourRule(app="checkout", image="*:2.14.0", does={"errors": 0.05})
    often, once = Scene(rule), Scene(rule)
    for scene in (often, once):
        release(scene)
    selector = 'http_requests_total{app="checkout"}[20m]'
    for _ in range(12):
        often.run(47)
        often.samples(selector)
    once.run(12 * 47)
    assert often.samples(selector) == once.samples(selector)


def test_another_seed_gives_other_samples(calm: Scene) -> None:
    asked = 'sum(http_requests_total{app="web"})'
    assert calm.value(asked) != Scene(seed=2).value(asked)


def test_a_change_of_demand_leaves_the_past_alone() -> None:
    scene, untouched = Scene(), Scene()
    for one in (scene, untouched):
        one.run(60)
    scene.do("demand", service="checkout", factor=0.1, over="10s")
    scene.do("demand", service="checkout", factor=0.1)
    for one in (scene, untouched):
        one.run(600)
    asked = 'sum(rate(http_requests_total{app="checkout"}[5m]))'
    assert scene.value(asked) < 0.15 * untouched.value(asked)
    before = START + 55
    assert scene.value(asked, time=before) == untouched.value(asked, time=before)


# -- releases ---------------------------------------------------------------------------------------------------------


def test_a_new_pod_counts_from_zero_and_its_first_error_starts_a_series() -> None:
    scene = Scene(BehaviourRule(app="checkout", image="*:2.14.0", does={"errors": 0.03}))
    release(scene)
    scene.run(240)
    new = next(h for h, version in hashes(scene).items() if version == "2.14.0")
    ok = scene.samples(f'http_requests_total{{app="checkout",code="200",pod=~"checkout-{new}-.*"}}[10m]')
    failed = scene.samples(f'http_requests_total{{app="checkout",code="500",pod=~"checkout-{new}-.*"}}[10m]')
    assert ok and failed
    for _, points in ok:
        assert 0 < points[0][1] < 400  # one interval's requests at most, not a history
    assert all(points[0][1] >= 1 for _, points in failed)
    assert any(points[0][0] > ok[0][1][0][0] for _, points in failed)


def test_a_canarys_errors_come_after_their_time_then_its_latency() -> None:
    scene = Scene(
        BehaviourRule(app="checkout", image="*:2.14.0", does={"errors": 0.03, "after": "4m"}),
        BehaviourRule(app="checkout", image="*:2.14.0", does={"latency-ms": 900, "after": "10m"}),
    )
    release(scene)
    scene.run(230)
    new = next(h for h, version in hashes(scene).items() if version == "2.14.0")
    pods = f',pod=~"checkout-{new}-.*"'
    asked = (ERRORS % (pods, pods)).replace("5m", "2m")
    assert scene.value(asked) < 0.02
    scene.run(300)
    assert scene.value(asked) == pytest.approx(0.03, rel=0.4)
    assert scene.value(P90) < 0.3
    scene.run(420)
    assert scene.value(P90) > 0.6


def test_weights_of_a_router_split_the_traffic() -> None:
    scene = Scene()
    split = scene.cluster.prometheus.history.splits[MAIN, "checkout"]
    version = next(iter(hashes(scene)))
    canary = list(split.serving.values())[:1]
    canary[0].hash = "canary"
    rollout = {
        "metadata": {"name": "checkout", "namespace": MAIN},
        "spec": {
            "selector": {"matchLabels": {"app": "checkout"}},
            "strategy": {"canary": {"trafficRouting": {"nginx": {}}}},
        },
        "status": {
            "canary": {
                "weights": {
                    "canary": {"weight": 5, "podTemplateHash": "canary"},
                    "stable": {"weight": 95, "podTemplateHash": version},
                }
            }
        },
    }
    told = Stored(rollout, 1)
    with scene.cluster.agenda.pretending(scene.time):
        scene.cluster.prometheus.history.rollout_changed(ROLLOUTS, Happened(1, ADDED, told, None))
    scene.run(400)
    pod = canary[0].labels["pod"]
    share = scene.value(
        f'sum(rate(http_requests_total{{pod="{pod}"}}[5m])) / scalar(sum(rate(http_requests_total{{app="checkout"}}[5m])))'
    )
    assert share == pytest.approx(0.05, rel=0.2)
    with scene.cluster.agenda.pretending(scene.time):
        scene.cluster.prometheus.history.rollout_changed(ROLLOUTS, Happened(2, DELETED, told, told))
    scene.run(400)
    assert scene.value(
        f'sum(rate(http_requests_total{{pod="{pod}"}}[5m])) / scalar(sum(rate(http_requests_total{{app="checkout"}}[5m])))'
    ) == pytest.approx(1 / len(split.serving), rel=0.1)


def test_low_traffic_is_little_traffic(calm: Scene) -> None:
    usual, little = calm, Scene(BehaviourRule(app="checkout", does={"requests": 0.01}))
    asked = 'sum(increase(http_requests_total{app="checkout"}[30m]))'
    assert little.value(asked) == pytest.approx(usual.value(asked) / 100, rel=0.15)


# -- what goes away ---------------------------------------------------------------------------------------------------


def test_a_pod_that_is_gone_leaves_the_answers_at_once() -> None:
    scene = Scene()
    pod = name_of(scene.pods("web", MAIN)[0])
    assert scene.rows(f'up{{pod="{pod}"}}')
    with scene.cluster.agenda.pretending(scene.time):
        scene.store.delete("pods", MAIN, pod)
    scene.run(31)
    assert scene.rows(f'up{{pod="{pod}"}}') == []
    assert scene.rows(f'http_requests_total{{pod="{pod}"}}') == []
    assert scene.samples(f'http_requests_total{{pod="{pod}",code="200"}}[5m]')


def test_pods_of_a_lost_node_are_not_scraped() -> None:
    scene = Scene()
    node = next(p["spec"]["nodeName"] for p in scene.pods("web", MAIN))
    lost = [name_of(p) for p in scene.pods("web", MAIN) if p["spec"]["nodeName"] == node]
    scene.do("lose-node", node=node)
    scene.run(120)
    down = {m["pod"]: v for m, v in scene.rows('up{app="web"} == 0')}
    assert set(lost) <= set(down)
    scene.do("restore-node", node=node)
    scene.run(60)
    assert scene.rows('up{app="web"} == 0') == []


def test_a_crash_is_a_failed_scrape_and_a_counter_reset() -> None:
    rule = BehaviourRule(app="ledger-export", pods=1, does={"crash_after": "200s"})
    scene = Scene(rule)
    scene.run(900)
    counts = scene.samples('http_request_duration_seconds_count{app="ledger-export"}[25m]')
    resets = [sum(b < a for (_, a), (_, b) in pairwise(p)) for _, p in counts]
    assert max(resets) >= 1
    assert scene.value('min(min_over_time(up{app="ledger-export"}[25m]))') == 0


def test_what_is_long_gone_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = 900_000
    for module in ("storage", "samples"):
        monkeypatch.setattr(f"tfdash.demo.traffic.{module}.KEPT", kept)
    scene = Scene()
    history = scene.cluster.prometheus.history
    release(scene)
    scene.run(300)
    scene.value("count(up)")
    known = len(history.targets)
    for seconds in (1500, 700):
        scene.run(seconds)
        scene.value("count(http_requests_total)")
    assert len(history.targets) < known
    times = [len(life.state.times) for t in history.targets.values() for life in t.lives if life.state]
    assert max(times) <= kept // 15_000 + 66


# -- journeys and behaviours --------------------------------------------------------------------------------------------


def test_a_journey_fails_where_a_service_fails_it_or_has_no_pods() -> None:
    scene = Scene(BehaviourRule(app="checkout", image="*:2.14.0", does={"journey-errors": 1}))
    assert {v for _, v in scene.rows("probe_success")} == {1.0}
    release(scene)
    scene.do("scale", service="search", replicas=0)
    scene.run(300)
    found = {m["journey"]: v for m, v in scene.rows("avg_over_time(probe_success[2m])")}
    assert found["pay-a-bill"] == found["parcel-search"] == 0
    assert found["home-page"] == found["control"] == 1
    assert scene.rows('ALERTS{alertname="JourneyFailing",alertstate="firing"}')


async def test_prometheus_can_be_told_to_be_down(calm: Scene) -> None:
    async def asked() -> tuple[int, str]:
        request = make_mocked_request("GET", "/prometheus/api/v1/query?query=1")
        answer = await calm.cluster.prometheus.serve(request, User("somebody", ()))
        return answer.status, answer.text or ""

    calm.do("prometheus-down", reason="no route")
    assert await asked() == (503, "no route\n")
    calm.do("prometheus-up")
    assert (await asked())[0] == 200


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ({"errors": 1.5}, "between 0 and 1"),
        ({"errors": "much"}, "could not convert"),
        ({"error_code": "404"}, "one of 500, 503"),
        ({"crash_after": "3s", "after": "1m"}, "works with errors"),
        ({"latency": 5}, "is unknown"),
    ],
)
def test_a_wrong_behaviour_is_refused_with_a_sentence(does: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made(Behaviour(), does)
