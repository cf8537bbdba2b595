"""Two weeks of what the demo's containers used, of which a percentile can be had by hand."""

from __future__ import annotations

import math

import pytest

from tests.unit.demo.prometheus.scenes import MAIN, Scene
from tfdash.demo.apiserver.objects import uid_of
from tfdash.demo.traffic.usage import noise


@pytest.fixture(scope="module")
def calm() -> Scene:
    return Scene()


def test_the_percentile_of_a_day_is_that_of_its_sine(calm: Scene) -> None:
    """A sine is above cos(0.05 pi) of its swing for 5 % of the day; billing has as much of its demand as each of its pods."""
    pod = calm.pods("billing", MAIN)[0]
    demand = calm.cluster.demands[MAIN, "billing"]
    share = demand.cores / len(calm.pods("billing", MAIN)) * (1 + 0.06 * noise(uid_of(pod)))
    name = pod["metadata"]["name"]
    asked = f'quantile_over_time(0.95, max by (pod) (rate(container_cpu_usage_seconds_total{{pod="{name}"}}[15m]))[1d:15m])'
    assert calm.value(asked) == pytest.approx(share * (1 + demand.swing * math.cos(0.05 * math.pi)), rel=0.01)
    size = calm.value(f'container_memory_working_set_bytes{{pod="{name}",container="billing"}}')
    assert size == pytest.approx(demand.memory * (1 + 0.05 * noise(uid_of(pod))))


def test_the_past_of_a_workload_is_longer_than_that_of_its_pods(calm: Scene) -> None:
    owned = f'kube_pod_owner{{namespace="{MAIN}",owner_name=~"api-core-.*"}}'
    now = {labels["pod"] for labels, _ in calm.rows(owned)}
    before = {labels["pod"] for labels, _ in calm.rows(f"{owned} offset 13d")}
    pods = calm.pods("api-core", MAIN)
    assert now == {p["metadata"]["name"] for p in pods}
    info = {(of["pod"], of["node"]) for of, _ in calm.rows(f'kube_pod_info{{namespace="{MAIN}"}}')}
    assert {(p["metadata"]["name"], p["spec"]["nodeName"]) for p in pods} <= info
    assert len(before) == len(now) and not before & now
    sets = {
        labels["owner_name"]
        for labels, _ in calm.rows(f'kube_replicaset_owner{{namespace="{MAIN}"}} offset 13d')
    }
    assert "api-core" in sets


def test_a_pod_that_is_gone_ends(calm: Scene) -> None:
    owned = f'count(kube_pod_owner{{namespace="{MAIN}",owner_name=~"auth-.*"}})'
    before = calm.value(owned)
    calm.do("release", service="auth", version="9.9.9")
    calm.run(900)
    assert calm.value(owned) == before, "the new ones"
    was = f'count(kube_pod_owner{{namespace="{MAIN}",owner_name=~"auth-.*"}} offset 2d)'
    assert calm.value(was) == before, "and the old ones are not forgotten"


def test_what_holds_a_container_back_is_counted(calm: Scene) -> None:
    """At its limit of CPU it is throttled in each of ten periods a second; killed for want of memory it is started again."""
    of = f'namespace="{MAIN}",pod=~"parcel-map-.*",container="parcel-map"'
    throttled = f"max(rate(container_cpu_cfs_throttled_periods_total{{{of}}}[15m]))"
    restarts = f"sum(kube_pod_container_status_restarts_total{{{of}}})"
    assert calm.value(f"max(rate(container_cpu_cfs_periods_total{{{of}}}[15m]))") == pytest.approx(10.0)
    assert calm.value(throttled) == 0.0 and calm.value(restarts) == 0.0
    demand = calm.cluster.demands[MAIN, "parcel-map"]
    demand.cores, usual = 1000.0, demand.cores
    calm.do("behave", service="parcel-map", does={"crash_after": "200s", "reason": "OOMKilled"})
    calm.do("release", service="parcel-map", version="9.9.9")
    calm.run(1500)
    assert calm.value(throttled) == pytest.approx(10.0)
    killed = calm.rows(f'kube_pod_container_status_last_terminated_reason{{{of},reason="OOMKilled"}}')
    assert killed and calm.value(restarts) >= len(killed)
    limit = calm.rows(f'kube_pod_container_resource_limits{{{of},resource="memory",unit="byte"}}')
    assert {labels["pod"] for labels, _ in killed} <= {labels["pod"] for labels, _ in limit}
    demand.cores = usual
