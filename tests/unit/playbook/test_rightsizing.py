"""What a container should ask for: equal to KRR's own answers, and never at odds with the rest of the playbook."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds import resources
from tfdash.model.capacity import LimitRange, LimitRangeItem, ResourceQuota
from tfdash.model.kube import Container, HorizontalPodAutoscaler, Metric
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.usage import ContainerHistory, Usage, UsageHistory
from tfdash.model.usage_points import UsagePoint
from tfdash.model.verdict import Level
from tfdash.playbook.resources.policy import default_resources_policy
from tfdash.playbook.resources.rightsize import verdict
from tfdash.playbook.resources.rightsizing import Gap, Sizing, Surroundings, gap, krr, sizings
from tfdash.quantities import NANO, amounts, parse

POLICY = default_resources_policy()
DAY = 86_400.0
FACTS = Path(__file__).parents[2] / "fixtures" / "krr.jsonl"
"""KRR's own answers (robusta-dev/krr d6baa74: SimpleStrategy, the runner's rounding, Severity) on series of the kinds that it meets:
each line the figures that its loaders hand it, and what it says of them."""


def told(line: dict[str, Any]) -> ContainerHistory:
    return ContainerHistory(
        "main",
        samples=line["points"],
        seconds=DAY,
        cpu=((95.0, max(line["cpu_p95"])),),
        cpu_most=max(line["cpu_p95"]),
        memory_most=max(line["memory_most"]),
        oom_limit=line["oom_limit"],
    )


@pytest.mark.parametrize(
    "line", [json.loads(x) for x in FACTS.read_text().splitlines()], ids=lambda f: f["id"]
)
def test_it_says_what_krr_says(line: dict[str, Any]) -> None:
    found = krr(told(line), POLICY.rightsize, [line["hpa"]] if line["hpa"] else [])
    for resource in ("cpu", "memory"):
        wanted = line[f"{resource}_request"]
        nanos = None if wanted is None else round(wanted * NANO)
        assert found[resource].request == nanos, resource
        now = line[f"now_{resource}"]
        if nanos is not None:
            said = gap(resource, None if now is None else round(now * NANO), nanos)
            assert said.name == line[f"{resource}_severity"]


def history(**fields: Any) -> UsageHistory:
    own = {"name": "main", "samples": 4000, "seconds": 14 * DAY, "cpu": ((95.0, 0.2),), "cpu_most": 0.3}
    own |= {"memory_most": 200.0 * 2**20, **fields.pop("container", {})}
    base: dict[str, Any] = {"of": "Deployment", "called": "web", "since": 0.0, "until": 14 * DAY}
    return UsageHistory(namespace="a", name="web", containers=(ContainerHistory(**own),), **base, **fields)


def main(**said: str) -> Container:
    return Container("main", "web:1", resources(**said))


def sizes(container: Container, seen: UsageHistory, **around: Any) -> dict[str, Sizing]:
    return {p.resource: p for p in sizings([container], seen, Surroundings(**around), POLICY)}


SET = main(cpu="1", memory="1Gi", cpu_limit="2", memory_limit="1Gi")


def test_a_request_is_never_so_small_that_what_was_used_stands_above_the_band() -> None:
    found = sizes(SET, history())
    assert found["cpu"].krr == parse("200m") and found["cpu"].to == (
        parse("250m"),
        parse("2"),
    )  # 200m of 80 %
    assert (
        found["memory"].krr == parse("230Mi") and found["memory"].to == (parse("236Mi"),) * 2
    )  # 200Mi of 85 %
    assert "KRR" in found["cpu"].why[0]


def test_cpu_gets_the_limit_that_the_playbook_wants() -> None:
    found = sizes(main(cpu="1", memory="1Gi"), history(container={"cpu_most": 0.9}))
    assert found["cpu"].to == (
        parse("250m"),
        parse("1035m"),
    )  # 0.9 and 15 %, which is more than twice the request


@pytest.mark.parametrize(
    ("container", "why"),
    [
        ({"samples": 0}, "no data"),
        ({"samples": 99}, "99 of 100 points"),
        ({"seconds": 3 * 3600 - 60.0}, "3.0 h of 3 h"),
        ({"cpu": ()}, "no data"),
    ],
)
def test_what_is_short_is_a_question_mark(container: dict[str, Any], why: str) -> None:
    found = sizes(SET, history(container=container))["cpu"]
    assert found.to is None and found.why == (why,) and found.gap is Gap.UNKNOWN


def test_what_an_autoscaler_follows_stays() -> None:
    by_cpu = HorizontalPodAutoscaler(
        namespace="a", name="web", metrics=(Metric("Resource", "cpu", 70.0, 60.0),)
    )
    found = sizes(SET, history(), hpas=(by_cpu,))
    assert found["cpu"].to is None and found["memory"].to is not None


def test_kills_and_starts_bound_memory_from_below() -> None:
    killed = sizes(SET, history(container={"oom_limit": 1024.0 * 2**20, "oom_kills": 2}))["memory"]
    assert killed.krr == parse("1280Mi") and "OOM kills count" in killed.why[0]
    started = sizes(SET, history(container={"starting_memory": 400.0 * 2**20}))["memory"]
    assert started.krr == parse("460Mi")


@pytest.mark.parametrize(
    ("item", "to"),
    [
        (LimitRangeItem("Container", least=amounts({"cpu": "300m"})), ("300m", "2")),
        (LimitRangeItem("Container", most=amounts({"cpu": "1500m"})), ("250m", "1500m")),
        (LimitRangeItem("Pod", most=amounts({"cpu": "1"})), None),
        (LimitRangeItem("PersistentVolumeClaim", most=amounts({"cpu": "1m"})), ("250m", "2")),
    ],
)
def test_a_limit_range_is_never_left(item: LimitRangeItem, to: tuple[str, str] | None) -> None:
    one = LimitRange(namespace="a", name="bounds", items=(item,))
    found = sizes(SET, history(), ranges=(one,))["cpu"].to
    assert found == (None if to is None else tuple(map(parse, to)))


@pytest.mark.parametrize(("used", "fits"), [("8500m", True), ("8501m", False)])
def test_a_quota_is_never_left(used: str, fits: bool) -> None:
    """150m more in each of 10 pods."""
    quota = ResourceQuota(
        namespace="a", name="q", hard=amounts({"requests.cpu": "10"}), used=amounts({"requests.cpu": used})
    )
    small = main(cpu="100m", memory="236Mi", cpu_limit="2", memory_limit="236Mi")
    found = sizes(small, history(), quotas=(quota,), pods=10)["cpu"]
    assert (found.to is not None) is fits
    assert fits or "1500m more" in found.why[0]


def test_uneven_pods_are_not_taken_below_the_band() -> None:
    """The busiest of 10 uses 200m, all together 0.4 cores: with 250m each the workload would use 16 %."""
    small = main(cpu="60m", memory="236Mi", cpu_limit="2", memory_limit="236Mi")
    found = sizes(small, history(cpu_p95=0.4), pods=10)["cpu"]
    assert found.to is None and "unevenly" in found.why[0]


QUANTITIES = st.integers(1, 4000)


@given(
    cpu=st.floats(0.0001, 4),
    memory=st.floats(1e6, 4e9),
    now=st.floats(0, 4),
    pods=st.integers(1, 9),
    asked=QUANTITIES,
)
def test_what_is_proposed_stands_inside_the_band_at_this_time(
    cpu: float, memory: float, now: float, pods: int, asked: int
) -> None:
    usage = Usage(
        namespace="a", name="web", of="Deployment", called="web", at=0.0, window=15.0, source="metrics.k8s.io",
        pods=pods, measured=pods, points=(UsagePoint(0.0, now * pods, memory * pods),),
    )  # fmt: skip
    seen = history(container={"cpu": ((95.0, cpu),), "cpu_most": cpu * 2, "memory_most": memory})
    container = main(cpu=f"{asked}m", memory=f"{asked}Mi")
    for found in sizes(container, seen, usage=usage, pods=pods).values():
        assert found.to is not None and found.to.request is not None and found.to.limit is not None
        high = getattr(POLICY, found.resource)[1]
        used = max(now, cpu) if found.resource == "cpu" else memory
        assert used * 100 <= found.to.request / NANO * high * (1 + 1e-9)
        assert (
            found.to.limit
            >= found.to.request
            >= (parse("10m") if found.resource == "cpu" else parse("100Mi"))
        )
        assert math.isclose(found.to.request % parse("1m" if found.resource == "cpu" else "1Mi"), 0)


@pytest.mark.parametrize(
    ("set_to", "level", "says"),
    [
        (SET, Level.WARN, "web: cpu request 1 → 250m, memory request 1Gi → 236Mi: frees 2250m cores, 2.4Gi"),
        (main(cpu="100m", memory="300Mi", cpu_limit="2", memory_limit="300Mi"), Level.OK, "web: not far from what it used: cpu request 100m → 250m"),
        (main(cpu="200m", memory="300Mi", cpu_limit="2", memory_limit="300Mi"), Level.OK, "web: close to what it used: less than 100m and 100Mi a container apart"),
        (main(cpu="250m", memory="236Mi", cpu_limit="2", memory_limit="236Mi"), Level.OK, "web: requests are what it used asks for"),
    ],
    ids=["far", "little", "hardly", "none"],
)  # fmt: skip
def test_what_is_said_is_what_is_proposed(set_to: Container, level: Level, says: str) -> None:
    seen = history()
    found = tuple(sizes(set_to, seen).values())
    told = verdict(Subject(ClusterRef("p", "eu-1"), "Deployment", "a", "web"), seen, found, 3)
    assert (told.level, told.sentence) == (level, f"{says} (14 d, 4000 points)")
