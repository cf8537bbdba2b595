"""The rule of the bands, at its edges: above, past the whole, below, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.making import NOW, REF, daemon_set, deployment, picture
from tfdash.judging.judge import Judge, judge_all
from tfdash.model.kube import HorizontalPodAutoscaler, Object
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Key, Subject
from tfdash.model.usage import ContainerHistory, Usage, UsageHistory, usage_key
from tfdash.model.usage_points import UsagePoint
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.policies import Policies
from tfdash.playbook.resources.policy import default_resources_policy
from tfdash.playbook.resources.shares import held, looked
from tfdash.quantities import amounts

STEP, DAY = 15.0, 86_400.0
WEB = Subject(REF, "Deployment", "a", "checkout")


def points(*shares: float, step: float = STEP, of: float = 1.0) -> tuple[UsagePoint, ...]:
    """Shares of one core and of 1000 bytes, in percent, the newest at ``NOW``."""
    start = NOW - step * (len(shares) - 1)
    return tuple(UsagePoint(start + step * i, of * s / 100, 10 * s, of, 1000.0) for i, s in enumerate(shares))


def usage(
    *shares: float, of: str = "Deployment", namespace: str = "a", name: str = "checkout", **over: Any
) -> Usage:
    key = usage_key(of, namespace, name)
    base: dict[str, Any] = {
        "namespace": key.namespace,
        "name": key.name,
        "of": of,
        "called": name,
        "at": NOW,
        "window": STEP,
        "source": "metrics.k8s.io",
        "used": amounts({"cpu": f"{round(shares[-1] * 10**7)}n", "memory": str(round(10 * shares[-1]))}),
        "requests": amounts({"cpu": "1", "memory": "1000"}),
        "asked": amounts({"cpu": "1", "memory": "1000", "pods": "3"}),
        "pods": 3,
        "measured": 3,
        "points": points(*shares),
    }
    return Usage(**{**base, **over})


def history(cpu: float, memory: float = 700.0, days: float = 7, **over: Any) -> UsageHistory:
    key = usage_key("Deployment", "a", "checkout")
    base: dict[str, Any] = {
        "namespace": key.namespace,
        "name": key.name,
        "of": "Deployment",
        "called": "checkout",
        "since": NOW - days * DAY,
        "until": NOW,
        "covered": days * DAY,
        "cpu_p95": cpu,
        "memory_p95": memory,
    }
    return UsageHistory(**{**base, **over})


def judged(*objects: Object, subject: Subject = WEB, **policy: Any) -> dict[str, Verdict]:
    policies = Policies(resources=replace(default_resources_policy(), **policy))
    told = judge_all(picture(*objects), NOW, policies=policies).verdicts.get(subject, ())
    return {v.rule.rpartition(".")[2]: v for v in told if v.rule.startswith("resources.band")}


def cpu(*objects: Object, subject: Subject = WEB, **policy: Any) -> tuple[Level, str]:
    verdict = judged(*objects, subject=subject, **policy)["cpu"]
    return verdict.level, verdict.sentence.partition(": cpu ")[2]


WELL = (70.0,) * 61


@pytest.mark.parametrize(
    ("shares", "level", "words"),
    [
        (WELL, Level.OK, "70 % of its request"),
        ((80.0,) * 61, Level.OK, "80 % of its request"),  # the bound belongs to the band
        ((60.0,) * 61, Level.OK, "60 % of its request"),
        ((80.1,) * 61, Level.WARN, "80.1 % of its request, above 80 % for 15m of the last 15m"),
        # 48 of 60 quarter minutes are four fifths of it, 47 are not
        ((*(70.0,) * 13, *(90.0,) * 48), Level.WARN, "90 % of its request, above 80 % for 12m of the last 15m"),
        ((*(70.0,) * 14, *(90.0,) * 47), Level.OK, "90 % of its request, above 80 % for 11m of 15m"),
        ((*(90.0,) * 60, 70.0), Level.WARN, "70 % of its request now, above 80 % for 14m of the last 15m"),
        # past the whole is red, and said at once
        ((101.0,) * 61, Level.BREACH, "101 % of its request, past 100 % for 15m of the last 15m"),
        ((100.0,) * 61, Level.WARN, "100 % of its request, above 80 % for 15m of the last 15m"),
        ((*WELL, 130.0), Level.WARN, "130 % of its request, past 100 % now, for 15s of the last 15m"),
        ((130.0,), Level.WARN, "130 % of its request, past 100 % now, for 15s of the last 15m"),
        # what was not seen decides
        ((70.0,), Level.UNKNOWN, "70 % of its request, seen for 15s of 15m"),
        ((70.0,) * 12, Level.UNKNOWN, "70 % of its request, seen for 3m of 15m"),
        ((70.0,) * 13, Level.OK, "70 % of its request"),  # a fifth of it and more was within
        ((90.0,) * 47, Level.UNKNOWN, "90 % of its request, seen for 11m of 15m"),
        ((90.0,) * 48, Level.WARN, "90 % of its request, above 80 % for 12m of the last 15m"),
    ],
)  # fmt: skip
def test_above(shares: tuple[float, ...], level: Level, words: str) -> None:
    assert cpu(deployment(), usage(*shares)) == (level, words)


def by_prometheus(*shares: float, late: float = 0.0) -> tuple[UsagePoint, ...]:
    """A minute apart."""
    return tuple(p._replace(at=p.at - late) for p in points(*shares, step=60.0))


@pytest.mark.parametrize(
    ("seen", "other", "level", "words"),
    [
        ((70.0,), (70.0,) * 15, Level.OK, "70 % of its request"),
        ((90.0,), (90.0,) * 15, Level.WARN, "90 % of its request, above 80 % for 15m of the last 15m (Prometheus)"),
        ((130.0,), (130.0,) * 15, Level.BREACH, "130 % of its request, past 100 % for 15m of the last 15m (Prometheus)"),
        # what is below is not of these minutes, and not its word
        ((31.0,), (31.0,) * 15, Level.IDLE, "31 % of its request, below 60 %, not judged: no history"),
        # what it is now is not its to say
        ((70.0,), (90.0,) * 15, Level.WARN, "70 % of its request now, above 80 % for 15m of the last 15m (Prometheus)"),
        # it has not seen enough either, or ended long ago: nothing is put together of two halves
        ((90.0,) * 12, (90.0,) * 5, Level.UNKNOWN, "90 % of its request, seen for 3m of 15m"),
        ((70.0,), 181.0, Level.UNKNOWN, "70 % of its request, seen for 15s of 15m"),
        ((70.0,), 180.0, Level.WARN, "70 % of its request now, above 80 % for 12m of the last 15m (Prometheus)"),
        # what this session saw itself decides, once it can
        ((70.0,) * 61, (90.0,) * 15, Level.OK, "70 % of its request"),
    ],
)  # fmt: skip
def test_the_minutes_before_the_start_are_those_of_the_other_source(
    seen: tuple[float, ...], other: tuple[float, ...] | float, level: Level, words: str
) -> None:
    """``other``: its shares, or for how long it has said nothing more."""
    late, shares = (other, (90.0,) * 15) if isinstance(other, float) else (0.0, other)
    before = by_prometheus(*shares, late=late)
    one = usage(*seen, other_points=before)
    assert cpu(deployment(), one) == (level, words)


def test_the_window_of_the_other_source_ends_with_what_it_saw_last() -> None:
    one = usage(90.0, at=NOW - 60, points=(), other_points=by_prometheus(*(90.0,) * 20))
    assert cpu(deployment(), one)[1].endswith("for 15m of the last 15m (Prometheus)")


def test_memory_of_a_moment_stands_for_no_five_minutes() -> None:
    few = points(*(90.0,) * 10, step=60.0)
    told = judged(deployment(), usage(90.0, points=few, window=300.0, source="prometheus"))
    assert told["cpu"].level is Level.WARN and told["memory"].level is Level.UNKNOWN


def test_what_a_verdict_carries() -> None:
    told = judged(deployment(), usage(*(90.0,) * 61))["cpu"]
    assert (told.measured, told.band, told.limit, told.unit) == (90.0, (60.0, 80.0), 100.0, "%")
    assert (told.evidence.query, told.evidence.sample, told.evidence.window) == ("metrics.k8s.io", 61, 900.0)
    assert told.since == NOW - 900
    short = judged(deployment(), usage(70.0))["memory"]
    assert (short.level, short.unknown, short.band) == (Level.UNKNOWN, UnknownKind.NO_DATA, (70.0, 85.0))


@pytest.mark.parametrize(
    ("over", "level", "words"),
    [
        ({"requests": (), "without_request": (("cpu", 2),)}, Level.IDLE, "700m, not judged: 2 of 3 pods name no cpu request"),
        ({"requests": amounts({"cpu": "0"})}, Level.IDLE, "700m, not judged: its cpu request is 0"),
        ({"used": (), "measured": 0}, Level.UNKNOWN, "is not measured yet (3 pods)"),
        ({"used": (), "measured": 0, "pods": 0}, Level.IDLE, "has no pods"),
        ({"measured": 2}, Level.UNKNOWN, "70 % of its request, 1 of 3 pods not measured"),
        ({"used": amounts({"cpu": "800000001n"})}, Level.OK, "80.0000001 % of its request, above 80 % for 0s of 15m"),
    ],
)  # fmt: skip
def test_what_cannot_be_held_against_anything(over: dict[str, Any], level: Level, words: str) -> None:
    assert cpu(deployment(), usage(*WELL, **over)) == (level, words)


def test_it_may_be_held_against_the_limit() -> None:
    seen = usage(*WELL, limits=amounts({"cpu": "500m"}))
    assert cpu(deployment(), seen, cpu_of="limit")[0] is Level.BREACH
    assert cpu(deployment(), seen)[0] is Level.OK


LOW = (31.0,) * 61
SCALER = HorizontalPodAutoscaler(
    namespace="a", name="h", target_kind="Deployment", target_name="checkout", min_replicas=3, max_replicas=9, current=3
)  # fmt: skip


@pytest.mark.parametrize(
    ("about", "level", "words"),
    [
        ((history(0.3),), Level.WARN, "below 60 %: 95th percentile 30 % over 7d"),
        ((history(0.6),), Level.OK, "95th percentile 60 % over 7d"),
        ((history(0.3, current_only=True),), Level.WARN, "below 60 %: 95th percentile 30 % over 7d, current pods only"),
        ((history(0.3, days=2),), Level.IDLE, "below 60 %, not judged: history 2d of 7d"),
        ((), Level.IDLE, "below 60 %, not judged: no history"),
        ((history(0.3), SCALER), Level.OK, "below 60 %: its HPA is at its minimum of 3"),
        ((history(0.3), msgspec.structs.replace(SCALER, current=4)), Level.WARN, "below 60 %: 95th percentile 30 % over 7d"),
    ],
)  # fmt: skip
def test_below(about: tuple[Object, ...], level: Level, words: str) -> None:
    assert cpu(deployment(), usage(*LOW), *about) == (level, f"31 % of its request, {words}")


def test_what_all_pods_ask_for_is_told_by_those_that_were_measured() -> None:
    half = usage(*LOW, pods=6, measured=3)
    assert cpu(deployment(), half, history(0.7))[1].endswith("below 60 %: 95th percentile 35 % over 7d")


REFUSED = Observation[Any](problem=Problem(kind=ProblemKind.FORBIDDEN, cause="403 of Prometheus", since=NOW))


@pytest.mark.parametrize(
    ("weeks", "why", "unknown"),
    [
        (None, "no Prometheus is asked for weeks", UnknownKind.NOT_WATCHED),
        (Observation[Any](), "no history was read: still loading", UnknownKind.LOADING),
        (REFUSED, "no history was read: 403 of Prometheus", UnknownKind.NO_PRIVILEGE),
        (Observation[Any](value={}, complete=True, observed_at=NOW), "no history", UnknownKind.TOO_LITTLE_HISTORY),
    ],
)  # fmt: skip
def test_a_history_that_nobody_read_is_not_said_to_be_none(
    weeks: Observation[Any] | None, why: str, unknown: UnknownKind
) -> None:
    """Whatever is lacking has its name; no level rests on what nobody configured or what comes yet, and what is refused is not known."""
    seen = picture(deployment(), usage(*LOW))
    cluster = seen.clusters[REF]
    kinds = {kind: one for kind, one in cluster.kinds.items() if kind != UsageHistory.KIND}
    kinds |= {} if weeks is None else {UsageHistory.KIND: weeks}
    seen = msgspec.structs.replace(seen, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
    (told,) = (v for v in judge_all(seen, NOW).verdicts[WEB] if v.rule == "resources.band.cpu")
    assert told.sentence.endswith(f"below 60 %, not judged: {why}")
    level = Level.UNKNOWN if unknown is UnknownKind.NO_PRIVILEGE else Level.IDLE
    assert (told.level, told.unknown) == (level, unknown)


def test_what_cannot_shrink_is_not_too_large() -> None:
    one = usage(*LOW, pods=1, measured=1)
    assert cpu(deployment(), one, history(0.3)) == (Level.OK, "31 % of its request, below 60 %: one replica")
    floor = usage(*LOW, used=amounts({"cpu": "9m", "memory": "1"}), requests=amounts({"cpu": "30m"}))
    assert cpu(deployment(), floor)[1].endswith("below 60 %: its request is at the floor of 10m")
    logs = Subject(REF, "DaemonSet", "a", "logs")
    seen = usage(*LOW, of="DaemonSet", name="logs")
    assert cpu(daemon_set(), seen, subject=logs) == (
        Level.OK,
        "31 % of its request, below 60 %: one pod a node",
    )


@pytest.mark.parametrize(
    ("container", "level", "words"),
    [
        ({"memory_most": 173.0}, Level.WARN, "below 70 %: 95th percentile 31 % over 7d"),
        ({"memory_most": 174.0}, Level.OK, "95th percentile 31 % over 7d; its peaks want 201Mi a pod"),
        ({"memory_most": 100.0, "starting_memory": 174.0}, Level.OK, "95th percentile 31 % over 7d; its peaks want 201Mi a pod"),
        ({"memory_most": 100.0, "oom_limit": 159.0}, Level.WARN, "below 70 %: 95th percentile 31 % over 7d"),
        ({"memory_most": 100.0, "oom_limit": 160.0}, Level.OK, "95th percentile 31 % over 7d; its peaks want 200Mi a pod"),
        ({"memory_most": 174.0, "samples": 99}, Level.WARN, "below 70 %: 95th percentile 31 % over 7d"),
    ],
)  # fmt: skip
def test_memory_that_its_peaks_want_is_not_too_much(
    container: dict[str, Any], level: Level, words: str
) -> None:
    """Of 200Mi a pod right-sizing would leave none of it: less would have it killed."""
    own = {k: v if k == "samples" else v * 2**20 for k, v in container.items()}
    told = history(0.7, 186.0 * 2**20, containers=(ContainerHistory("main", **{"samples": 4000, "seconds": DAY, "cpu": ((95.0, 0.2),), **own}),))  # fmt: skip
    amount = {"used": amounts({"cpu": "700m", "memory": "186Mi"}), "requests": amounts({"cpu": "1", "memory": "600Mi"})}  # fmt: skip
    seen = usage(*WELL, points=tuple(p._replace(memory=186.0 * 2**20, memory_request=600.0 * 2**20) for p in points(*WELL)), **amount)  # fmt: skip
    found = judged(deployment(), seen, told)["memory"]
    assert (found.level, found.sentence) == (level, f"checkout: memory 31 % of its request, {words}")


def test_a_use_that_is_within_now_is_not_below() -> None:
    assert cpu(deployment(), usage(*WELL), history(0.1)) == (Level.OK, "70 % of its request")


def test_what_else_tells_of_too_little_stands_beside() -> None:
    told = history(0.7, containers=(ContainerHistory("main", throttled=0.12, oom_kills=2),))
    found = judged(deployment(), usage(*WELL), told)
    assert found["cpu"].sentence.endswith("; throttled in 12 % of its periods")
    assert found["memory"].sentence.endswith("; OOM killed 2 times in its history")
    hardly = history(0.7, containers=(ContainerHistory("main", throttled=0.009),))
    assert cpu(deployment(), usage(*WELL), hardly)[1] == "70 % of its request"


@pytest.mark.parametrize(
    ("of", "name", "who", "over", "level"),
    [
        ("Namespace", "shop", "namespace shop: cpu 70 % of its request", {}, Level.OK),
        ("NodePool", "spot", "pool spot: cpu 70 % of allocatable", {}, Level.OK),
        ("Cluster", "", "eu-1: cpu 70 % of allocatable", {}, Level.OK),
        # of many pods one that nobody measured counts as if it used all that it asked for
        ("Namespace", "shop", "namespace shop: cpu 70 % of its request", {"pods": 4, "asked": amounts({"cpu": "1100m"})}, Level.OK),
        ("Namespace", "shop", "namespace shop: cpu 70 % of its request, 1 of 4 pods not measured",
         {"pods": 4, "asked": amounts({"cpu": "2"})}, Level.UNKNOWN),
    ],
)  # fmt: skip
def test_more_than_a_workload(of: str, name: str, who: str, over: dict[str, Any], level: Level) -> None:
    seen = usage(
        *WELL, of=of, namespace="", name=name, allocatable=amounts({"cpu": "1", "memory": "1000"}), **over
    )
    told = judged(seen, subject=Subject(REF, "Usage", seen.namespace, seen.name))["cpu"]
    assert (told.level, told.sentence) == (level, who)


@pytest.mark.parametrize(
    ("pods", "partial", "level", "words"),
    [
        (0, True, Level.IDLE, "not judged: the pods of other namespaces are not read"),
        (3, False, Level.UNKNOWN, "and is not measured yet (3 pods)"),
        (0, False, Level.IDLE, "not judged: it has no pods"),
    ],
)
def test_nodes_that_say_more_than_pods_do_are_laid_to_other_namespaces_only_where_those_are_not_read(
    pods: int, partial: bool, level: Level, words: str
) -> None:
    """What nodes say of themselves comes before what their pods use is read."""
    by_nodes = {"used": (), "pods": pods, "measured": 0, "nodes_used": amounts({"cpu": "200m"})}
    seen = usage(*WELL, of="Cluster", namespace="", name="", allocatable=amounts({"cpu": "1"}), **by_nodes)
    whole = picture(seen)
    kinds = whole.clusters[REF].kinds
    kinds = {**kinds, "Pod": msgspec.structs.replace(kinds["Pod"], partial=partial)}
    read = msgspec.structs.replace(
        whole, clusters={REF: msgspec.structs.replace(whole.clusters[REF], kinds=kinds)}
    )
    verdicts = judge_all(read, NOW).verdicts[Subject(REF, "Usage", seen.namespace, seen.name)]
    told = next(v for v in verdicts if v.rule == "resources.band.cpu")
    assert (told.level, told.sentence) == (level, f"eu-1: cpu 20 % of allocatable by its nodes, {words}")


SILENT = {
    "used": amounts({"cpu": "700m", "memory": "950"}), "silent": amounts({"memory": "200"}),
    "requests": amounts({"cpu": "1"}), "rest": amounts({"memory": "1000"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("without", "over", "level", "words"),
    [
        (1, {}, Level.OK, "75 % of its request; without 1 pod that requests none"),
        (2, {}, Level.OK, "75 % of its request; without 2 pods that request none"),
        (1, {"used": amounts({"memory": "1100"}), "points": points(*(90.0,) * 61)}, Level.WARN,
         "90 % of its request, above 85 % for 15m of the last 15m; without 1 pod that requests none"),
        # of the pods that are not measured what they ask for counts, as if it were used
        (1, {"pods": 4, "asked": amounts({"memory": "1100"})}, Level.OK, "75 % of its request; without 1 pod that requests none"),
        (1, {"pods": 4, "asked": amounts({"memory": "1900"})}, Level.UNKNOWN,
         "75 % of its request, 1 of 4 pods not measured; without 1 pod that requests none"),
    ],
)  # fmt: skip
def test_a_namespace_is_judged_by_the_pods_that_request_something(
    without: int, over: dict[str, Any], level: Level, words: str
) -> None:
    seen = usage(*(75.0,) * 61, of="Namespace", namespace="", name="shop", without_request=(("memory", without),), **(SILENT | over))  # fmt: skip
    told = judged(seen, subject=Subject(REF, "Usage", "", "Namespace/shop"))["memory"]
    assert (told.level, told.sentence) == (level, f"namespace shop: memory {words}")


@pytest.mark.parametrize(
    ("p95", "level", "words"),
    [
        (600.0, Level.WARN, "below 70 %: 95th percentile 60 % over 7d"),
        (700.0, Level.IDLE, "below 70 %, not judged: its weeks count all its pods"),
    ],
)
def test_weeks_of_all_pods_tell_only_that_some_of_them_use_less(p95: float, level: Level, words: str) -> None:
    key = usage_key("Namespace", "", "shop")
    low = SILENT | {"used": amounts({"cpu": "700m", "memory": "510"})}
    seen = usage(*LOW, of="Namespace", namespace="", name="shop", without_request=(("memory", 1),), **low)  # fmt: skip
    weeks = history(0.7, p95, namespace=key.namespace, name=key.name, of="Namespace", called="shop")
    told = judged(seen, weeks, subject=Subject(REF, "Usage", "", "Namespace/shop"))["memory"]
    assert (told.level, told.sentence) == (
        level,
        f"namespace shop: memory 31 % of its request, {words}; without 1 pod that requests none",
    )


def test_a_node_is_not_too_large_by_itself() -> None:
    seen = usage(
        *LOW, of="Node", namespace="", name="n1", allocatable=amounts({"cpu": "1", "memory": "1000"})
    )
    told = judged(seen, subject=Subject(REF, "Usage", "", "Node/n1"))["cpu"]
    assert (told.level, told.sentence) == (
        Level.IDLE,
        "n1: cpu 31 % of allocatable, below 60 %: its pool shrinks, not it",
    )


@pytest.mark.parametrize(
    ("nodes", "pods", "level", "words"),
    [
        (2, 3, Level.WARN, "below 60 %: 95th percentile 50 % over 7d"),
        (
            2,
            6,
            Level.WARN,
            "below 60 %: 95th percentile 50 % over 7d",
        ),  # what nodes have does not grow with pods
        (1, 3, Level.OK, "below 60 %: one node"),
    ],
)
def test_a_pool_is_below_by_its_own_weeks(nodes: int, pods: int, level: Level, words: str) -> None:
    """Of two cores half were used; one that has a single node cannot give it back."""
    there = [Node(namespace="", name=f"n{i}", labels={"karpenter.sh/nodepool": "spot"}) for i in range(nodes)]
    seen = usage(
        *LOW, of="NodePool", namespace="", name="spot", pods=pods,
        allocatable=amounts({"cpu": "2", "memory": "1000"}), asked=amounts({"cpu": "1"}),
    )  # fmt: skip
    key = usage_key("NodePool", "", "spot")
    weeks = history(1.0, namespace=key.namespace, name=key.name, of="NodePool", called="spot")
    told = judged(seen, weeks, *there, subject=Subject(REF, "Usage", "", "NodePool/spot"))["cpu"]
    assert (told.level, told.sentence.partition("allocatable, ")[2]) == (level, words)


# -- the window ---------------------------------------------------------------------------------------------------


def test_a_use_is_held_against_the_request_of_its_time() -> None:
    """Ten pods became two: what ten used is not held against what two ask for."""
    before = points(*WELL[:31], of=10.0)
    then = [p._replace(at=p.at - 30 * STEP) for p in before]
    seen = held(looked((*then, *points(*WELL[:30])), NOW, 900), "cpu", None, 80, STEP)
    assert (seen.seen, seen.above, seen.points) == (900, 0, 61)
    assert held(looked((*then, *points(*WELL[:30])), NOW, 900), "cpu", 1.0, 80, STEP).above == 450


def test_a_gap_is_not_seen_and_means_of_five_minutes_are() -> None:
    gap = (*points(*(90.0,) * 10), points(90.0)[0]._replace(at=NOW + 400))
    seen = held(looked(gap, NOW + 400, 900), "cpu", None, 80, STEP)
    assert (seen.seen, seen.lasting(seen.above, 80)) == (10 * STEP + 90, None)
    coarse = [UsagePoint(NOW - 300 * i, 0.9, 0.0, 1.0, 1.0) for i in range(20, 12, -1)]
    assert held(looked(coarse, NOW, 7200), "cpu", None, 80, STEP).seen == STEP + 7 * 300
    day = [UsagePoint(NOW - 1800 * i, 0.9, 0.0, 1.0, 1.0) for i in range(20, 12, -1)]
    assert held(looked(day, NOW, 86_400), "cpu", None, 80, STEP).seen == STEP + 7 * 1800


# -- what is lost makes nothing green --------------------------------------------------------------------------------

SHARES = st.lists(st.sampled_from((20.0, 70.0, 90.0, 120.0)), min_size=1, max_size=70)


@given(SHARES, st.data())
def test_lost_points_and_pods_make_nothing_green(shares: list[float], data: st.DataObject) -> None:
    whole = usage(*shares)
    first = judged(deployment(), whole)["cpu"].level
    kept = [p for p in whole.points[:-1] if data.draw(st.booleans())]
    fewer = msgspec.structs.replace(
        whole, points=(*kept, whole.points[-1]), measured=data.draw(st.integers(1, 3))
    )
    then = judged(deployment(), fewer)["cpu"].level
    assert first < Level.UNKNOWN or then >= Level.UNKNOWN


def test_what_is_not_read_or_old_is_never_green() -> None:
    good = picture(deployment(), usage(*WELL))
    cluster = good.clusters[REF]
    gone = Problem(kind=ProblemKind.NOT_SERVED, cause="no metrics.k8s.io: metrics-server is not installed")
    absent = Observation[Any](problem=gone)
    for seen in (
        absent,
        Observation[Any](),
        msgspec.structs.replace(cluster.kinds["Usage"], observed_at=NOW - 999),
    ):
        kinds = {**cluster.kinds, "Usage": seen}
        told = judge_all(
            msgspec.structs.replace(good, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)}),
            NOW,
            stale_after=180,
        )
        assert {v.level for v in told.verdicts[WEB] if v.rule.startswith("resources.band")} == {Level.UNKNOWN}
        section = next(s for s in told.sections if s.id == "resources")
        assert section.level is Level.UNKNOWN
        if seen is absent:
            assert section.sentence == "amounts used of eu-1 cannot be read" and section.detail == gone.cause
            assert len(section.findings) == 1, "it is said once"


@given(st.lists(st.tuples(SHARES, st.booleans()), min_size=1, max_size=6))
def test_judged_change_by_change_as_afresh(steps: list[tuple[list[float], bool]]) -> None:
    judge, before = Judge(), picture(deployment(), usage(70.0))
    judge.assess(before, Change(keys={(REF, k): None for k in before.clusters[REF].kinds}, freshness=frozenset(), signals=None, store=None), NOW)  # fmt: skip
    for number, (shares, there) in enumerate(steps, 2):
        key = usage_key("Deployment", "a", "checkout")
        objects = {key: usage(*shares)} if there else {}
        cluster = before.clusters[REF]
        seen = msgspec.structs.replace(cluster.kinds["Usage"], value=objects)
        cluster = msgspec.structs.replace(cluster, kinds={**cluster.kinds, "Usage": seen})
        before = Picture(at=NOW, number=number, clusters={REF: cluster}, signals=before.signals)
        change = Change(
            keys={(REF, "Usage"): frozenset({Key(*key)})}, freshness=frozenset(), signals=None, store=None
        )
        told = judge.assess(before, change, NOW)[0]
        afresh = judge_all(before, NOW)
        assert told.verdicts == afresh.verdicts and told.sections == afresh.sections


DS = {"of": "DaemonSet", "name": "logs"}
JOB = {"of": "Job", "name": "sums"}
ALONE = {"name": "alone", "pods": 1, "measured": 1}
FLOOR = {"name": "small", "used": amounts({"cpu": "9m"}), "requests": amounts({"cpu": "30m"})}
WEB_LOW: dict[str, Any] = {}
IN_BAND = {"name": "well", "used": amounts({"cpu": "700m"})}
MINIMUM, MORE = SCALER, msgspec.structs.replace(SCALER, current=4)
FIXED, WIDE = "below 60 %: nothing in it can shrink", "below 60 %: 95th percentile 30 % over 7d"


@pytest.mark.parametrize("of", ["Namespace", "NodePool", "Cluster"])
@pytest.mark.parametrize(
    ("inside", "scalers", "words"),
    [
        ([DS], (), f"{FIXED} (logs: one pod a node)"),
        ([JOB], (), f"{FIXED} (sums: it runs to an end)"),
        ([ALONE], (), f"{FIXED} (alone: one replica)"),
        ([FLOOR], (), f"{FIXED} (small: its request is at the floor of 10m)"),
        ([WEB_LOW], (MINIMUM,), f"{FIXED} (checkout: its HPA is at its minimum of 3)"),
        ([DS, JOB, ALONE, IN_BAND], (), f"{FIXED} (logs: one pod a node; alone: one replica; 1 more)"),
        # one that can is enough; one that is in its band cannot
        ([DS, WEB_LOW], (), WIDE),
        ([DS, WEB_LOW], (MORE,), WIDE),
        ([IN_BAND], (), WIDE),  # nor is it below
        ([], (), WIDE),
    ],
)  # fmt: skip
def test_more_than_a_workload_is_not_too_large_where_nothing_in_it_can_shrink(
    of: str, inside: list[dict[str, Any]], scalers: tuple[Object, ...], words: str
) -> None:
    name = {"Namespace": "a", "NodePool": "spot"}.get(of, "")
    assert below(of, name, inside, scalers, "2")[1] == words


def test_of_nodes_that_are_asked_for_less_some_can_go() -> None:
    """Whatever their pods are."""
    assert below("Cluster", "", [DS], (), "599m")[1] == WIDE
    assert below("Cluster", "", [DS], (), "600m")[1].startswith(FIXED)


def test_a_namespace_of_which_autoscalers_are_not_known_is_not_judged() -> None:
    told = below("Namespace", "a", [WEB_LOW], (), "2", without="HorizontalPodAutoscaler")
    assert told == (Level.UNKNOWN, "below 60 %, not judged: autoscalers are not known")
    assert below("Namespace", "a", [DS], (), "2", without="HorizontalPodAutoscaler")[1].startswith(FIXED)


def below(
    of: str,
    name: str,
    inside: list[dict[str, Any]],
    scalers: tuple[Object, ...],
    asked: str,
    without: str = "",
) -> tuple[Level, str]:
    """Of two nodes with a core together, 31 % used, and 30 % over whole weeks; its workloads are in the namespace "a"."""
    nodes = [Node(namespace="", name=f"n{i}", labels={"karpenter.sh/nodepool": "spot"}) for i in range(2)]
    room = {"allocatable": amounts({"cpu": "1", "memory": "1000"}), "asked": amounts({"cpu": asked})}
    whole = usage(*LOW, of=of, namespace="", name=name, **room)
    weeks = history(0.3, namespace="", name=whole.name, of=of, called=name)
    seen = picture(whole, weeks, *nodes, *scalers, *(usage(*LOW, **one) for one in inside))
    cluster = seen.clusters[REF]
    kinds = {k: v for k, v in cluster.kinds.items() if k != without}
    seen = msgspec.structs.replace(seen, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
    found = judge_all(seen, NOW).verdicts[Subject(REF, "Usage", "", whole.name)]
    [told] = [v for v in found if v.rule == "resources.band.cpu"]
    return told.level, told.sentence.partition(" request, ")[2] or told.sentence.partition("allocatable, ")[2]
