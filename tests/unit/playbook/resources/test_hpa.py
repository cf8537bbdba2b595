"""The rule of an autoscaler: blind, bounded, at odds with others; conditions as the HPA controller sets them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kinds import resources
from tests.unit.playbook.making import NOW, REF, condition, deployment, event, picture, pod, replica_set
from tfdash.judging.judge import judge_all
from tfdash.model.autoscaling import VerticalPodAutoscaler
from tfdash.model.capacity import LimitRange, LimitRangeItem
from tfdash.model.kube import Container, HorizontalPodAutoscaler, Metric, Object, Owner, Resources, Template
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.resources.hpa import ID
from tfdash.quantities import amounts

ABLE = condition("AbleToScale", "True", "ReadyForNewScale")
ACTIVE = condition("ScalingActive", "True", "ValidMetricFound")
FREE = condition("ScalingLimited", "False", "DesiredWithinRange")
FULL = condition("ScalingLimited", "True", "TooManyReplicas", since=NOW - 70)
CPU = Metric("Resource", "cpu", 70, 71)
QUEUE = Metric("External", "queue", 30, 12, "")
REQUESTS = Container("main", "web:1", resources(cpu="250m", memory="64Mi"))
SIDECAR = Container("proxy", "proxy:1", init=True, sidecar=True)
INIT = Container("prepare", "prepare:1", init=True)


def hpa(name: str = "web", **over: Any) -> HorizontalPodAutoscaler:
    given: dict[str, Any] = {
        "uid": f"uid-{name}",
        "created": NOW - 9000,
        "target_kind": "Deployment",
        "target_name": "web",
        "min_replicas": 2,
        "max_replicas": 8,
        "current": 4,
        "desired": 4,
        "metrics": (CPU,),
        "conditions": (ABLE, ACTIVE, FREE),
    }
    return HorizontalPodAutoscaler(namespace="a", name=name, **(given | over))


def target(*containers: Container) -> Object:
    return deployment(name="web", uid="w", template=Template(containers=containers or (REQUESTS,)))


def judged(*objects: Object, now: float = NOW, name: str = "web") -> Verdict:
    shown = picture(*objects)
    subject = Subject(REF, "HorizontalPodAutoscaler", "a", name)
    [found] = [v for v in judge_all(shown, now).verdicts[subject] if v.rule == ID]
    return found


SCALING: list[tuple[dict[str, Any], Level, str]] = [
    ({}, Level.OK, "web: 4 of 2-8, cpu 71 % of 70 %"),
    ({"metrics": ()}, Level.OK, "web: 4 of 2-8"),
    ({"deleting": NOW}, Level.IDLE, "web: is being deleted"),
    # nobody looked at it: not yet, and not at all
    ({"conditions": (), "created": NOW - 59.9}, Level.MOVING, "web: its controller has not looked at it yet"),
    ({"conditions": (), "created": NOW - 60}, Level.UNKNOWN, "web: no controller has looked at it"),
    # at 0 it is idle and not blind, whatever its bounds said before
    (
        {
            "conditions": (ABLE, condition("ScalingActive", "False", "ScalingDisabled", "m"), FULL),
            "current": 0,
        },
        Level.IDLE,
        "web: idle: Deployment web is at 0 replicas",
    ),
    *(
        (
            {"conditions": (ABLE, condition("ScalingActive", "False", reason, "no metrics"), FULL)},
            Level.WARN,
            "web: blind, stays at 4 replicas: no metrics",
        )
        for reason in (
            "FailedGetResourceMetric",
            "FailedGetContainerResourceMetric",
            "FailedGetPodsMetric",
            "FailedGetObjectMetric",
            "FailedGetExternalMetric",
            "InvalidMetricSourceType",
            "InvalidSelector",
            "AmbiguousSelector",
        )
    ),
    (
        {"conditions": (condition("AbleToScale", "False", "FailedGetScale", "not found"), ACTIVE, FULL)},
        Level.WARN,
        "web: cannot scale: not found",
    ),
    (
        {"conditions": (condition("AbleToScale", "False", "FailedUpdateScale"), ACTIVE, FREE)},
        Level.WARN,
        "web: cannot scale: FailedUpdateScale",
    ),
    # one of two metrics has no value: the controller still grows by the other
    (
        {"metrics": (CPU, Metric("External", "queue", 30, None, ""))},
        Level.WARN,
        "web: half blind: has no value of queue, so that it only grows",
    ),
    ({"metrics": (Metric("Resource", "cpu", 70),)}, Level.OK, "web: 4 of 2-8, cpu unknown of 70 %"),
    (
        {"conditions": (ABLE, ACTIVE, FULL), "current": 8, "desired": 8},
        Level.WARN,
        "web: pinned at its maximum, 8 of 2-8, and wants more, cpu 71 % of 70 %",
    ),
    (
        {
            "metrics": (
                Metric("External", "bytes", 20_000_000, 12_345_678, ""),
                Metric("Pods", "rps", 0.5, 0.25, ""),
            )
        },
        Level.OK,
        "web: 4 of 2-8, bytes 12345678 of 20000000, rps 0.25 of 0.5",
    ),
    (
        {"conditions": (ABLE, ACTIVE, FREE), "current": 8, "desired": 8},
        Level.OK,
        "web: 8 of 2-8, cpu 71 % of 70 %",
    ),
    (
        {
            "conditions": (ABLE, ACTIVE, condition("ScalingLimited", "True", "TooFewReplicas")),
            "current": 2,
            "desired": 2,
        },
        Level.OK,
        "web: at its minimum, 2 of 2-8, cpu 71 % of 70 %",
    ),
    (
        {
            "conditions": (ABLE, ACTIVE, condition("ScalingLimited", "True", "ScaleUpLimit")),
            "desired": 8,
            "metrics": (CPU, QUEUE),
        },
        Level.MOVING,
        "web: scales from 4 to 8 of 2-8, as fast as its behaviour allows, cpu 71 % of 70 %, queue 12 of 30",
    ),
    ({"desired": 5}, Level.MOVING, "web: scales from 4 to 5 of 2-8, cpu 71 % of 70 %"),
    (
        {
            "metrics": (
                Metric("ContainerResource", "memory", 2**29, 2**28, "bytes", "main"),
                Metric("Resource", "cpu", 0.25, 1.5, "cores"),
            )
        },
        Level.OK,
        "web: 4 of 2-8, memory of main 256Mi of 512Mi, cpu 1500m of 250m",
    ),
]


@pytest.mark.parametrize(("over", "level", "sentence"), SCALING)
def test_what_its_controller_says(over: dict[str, Any], level: Level, sentence: str) -> None:
    told = judged(hpa(**over), target())
    assert (told.level, told.sentence) == (level, sentence)
    assert told.unknown is (UnknownKind.NO_DATA if level is Level.UNKNOWN else None)
    assert (told.limit, told.band, told.unit) == (8, (2, 8), "replicas")


@pytest.mark.parametrize(
    ("reason", "ages", "current", "blind"),
    [
        ("FailedGetResourceMetric", (119.9, 5), 2, False),
        ("FailedGetResourceMetric", (120, 5), 2, True),
        ("FailedGetContainerResourceMetric", (60,), 1, False),
        ("FailedGetPodsMetric", (60,), 1, False),
        ("FailedGetExternalMetric", (60,), 1, True),  # that is not measured of pods
        ("FailedGetResourceMetric", (), 0, False),  # asked for, and none is there
        ("FailedGetResourceMetric", (), 2, True),
    ],
)
def test_what_just_came_up_is_not_measured_yet(
    reason: str, ages: tuple[float, ...], current: int, blind: bool
) -> None:
    """As the real one says it of a Deployment that comes back from 0: the condition's time is that of its going to 0."""
    active = condition("ScalingActive", "False", reason, "no metrics", since=NOW - 9000)
    told = judged(
        hpa(conditions=(ABLE, active, FREE), current=current),
        target(),
        replica_set(owner=Owner("Deployment", "web", "w")),
        *(pod(f"web-{n}", created=NOW - age, containers=(REQUESTS,)) for n, age in enumerate(ages)),
    )
    assert (told.level, "blind" in told.sentence) == (Level.WARN if blind else Level.MOVING, blind)


def test_since_is_that_of_what_is_said() -> None:
    assert judged(hpa(conditions=(ABLE, ACTIVE, FULL)), target()).since == NOW - 70


def test_its_target_is_not_there() -> None:
    assert judged(hpa()).sentence == "web: Deployment web, its target, is not there"
    assert judged(hpa(target_kind="Database"), target()).level is Level.OK, "of that kind nothing is known"


def test_of_two_for_one_target_each_names_the_other() -> None:
    both = (hpa(), hpa("web-2"), target())
    assert judged(*both).sentence == "web: Deployment web is scaled by web-2 too"
    assert judged(*both, name="web-2").sentence == "web-2: Deployment web is scaled by web too"
    assert judged(hpa(), hpa("web-2", deleting=NOW), target()).level is Level.OK
    assert judged(hpa(), hpa("web-2", target_name="other"), target()).level is Level.OK


def test_bounds_that_somebody_else_sets_are_changed_there() -> None:
    owned = hpa(conditions=(ABLE, ACTIVE, FULL), owner=Owner("ScaledObject", "web-queue", "k"))
    assert judged(owned, target()).sentence.endswith("; its bounds are changed on ScaledObject web-queue")
    assert "ScaledObject" not in judged(hpa(owner=owned.owner), target()).sentence, "nothing is to be changed"


def default(**over: Any) -> LimitRange:
    return LimitRange(
        namespace=over.pop("namespace", "a"),
        name="defaults",
        items=(LimitRangeItem("Container", default_request=amounts(over)),),
    )


SILENT = "web: scales by a share of what is not requested: cpu of "


@pytest.mark.parametrize(
    ("metric", "containers", "more", "sentence"),
    [
        (CPU, (REQUESTS,), (), ""),
        (CPU, (REQUESTS, SIDECAR), (), f"{SILENT}proxy"),
        (CPU, (REQUESTS, INIT), (), ""),  # one that ends is not counted
        (CPU, (SIDECAR, Container("main", "web:1", resources(memory="64Mi"))), (), f"{SILENT}proxy, main"),
        (Metric("Resource", "cpu", 0.25, 0.1, "cores"), (SIDECAR,), (), ""),  # by value nothing is asked for
        (QUEUE, (SIDECAR,), (), ""),
        (Metric("ContainerResource", "cpu", 70, 71, container="main"), (REQUESTS, SIDECAR), (), ""),
        (
            Metric("ContainerResource", "cpu", 70, 71, container="proxy"),
            (REQUESTS, SIDECAR),
            (),
            f"{SILENT}proxy",
        ),
        # a LimitRange fills in what the template lacks, in its namespace and for that resource
        (CPU, (REQUESTS, SIDECAR), (default(cpu="100m"),), ""),
        (CPU, (REQUESTS, SIDECAR), (default(memory="1Gi"),), f"{SILENT}proxy"),
        (CPU, (REQUESTS, SIDECAR), (default(cpu="100m", namespace="b"),), f"{SILENT}proxy"),
        # where there are pods they tell: a LimitRange that came later filled in nothing
        (
            CPU,
            (REQUESTS, SIDECAR),
            (
                default(cpu="100m"),
                replica_set(owner=Owner("Deployment", "web", "w")),
                pod(containers=(REQUESTS, SIDECAR)),
            ),
            f"{SILENT}proxy",
        ),
        (
            CPU,
            (REQUESTS, SIDECAR),
            (replica_set(owner=Owner("Deployment", "web", "w")), pod(containers=(REQUESTS,))),
            "",
        ),
        (
            CPU,
            (REQUESTS, SIDECAR),
            (
                replica_set(owner=Owner("Deployment", "web", "w")),
                pod(containers=(REQUESTS, SIDECAR), resources=resources(cpu="1")),
            ),
            "",
        ),
    ],
)
def test_a_share_of_what_is_not_requested(
    metric: Metric, containers: tuple[Container, ...], more: tuple[Object, ...], sentence: str
) -> None:
    told = judged(hpa(metrics=(metric,)), target(*containers), *more)
    assert (told.level is Level.WARN, told.sentence if sentence else "") == (bool(sentence), sentence)


def vpa(**over: Any) -> VerticalPodAutoscaler:
    given: dict[str, Any] = {"target_kind": "Deployment", "target_name": "web", "controls": ("cpu", "memory")}
    return VerticalPodAutoscaler(namespace="a", name="web-vpa", **(given | over))


MOVED = "web: scales by a share of the {} request, which VerticalPodAutoscaler web-vpa sets"


@pytest.mark.parametrize(
    ("metrics", "over", "sentence"),
    [
        ((CPU,), {}, MOVED.format("cpu")),
        ((CPU,), {"mode": "Initial"}, MOVED.format("cpu")),
        ((CPU, Metric("Resource", "memory", 80, 70)), {"mode": "Auto"}, MOVED.format("cpu and memory")),
        ((CPU,), {"mode": "Off"}, ""),
        ((CPU,), {"controls": ("memory",)}, ""),
        ((CPU,), {"target_name": "other"}, ""),
        ((QUEUE, Metric("Resource", "cpu", 0.25, 0.1, "cores")), {}, ""),
    ],
)
def test_a_share_of_what_somebody_else_moves(
    metrics: tuple[Metric, ...], over: dict[str, Any], sentence: str
) -> None:
    told = judged(hpa(metrics=metrics), target(), vpa(**over))
    assert (told.level is Level.WARN, told.sentence if sentence else "") == (bool(sentence), sentence)


def rescaled(*sizes: int, at: float = NOW, apart: float = 300.0) -> list[Object]:
    times = [at - apart * n for n in range(len(sizes))][::-1]
    return [
        event("SuccessfulRescale", f"New size: {size}; reason: x", uid="uid-web", at=when, name=f"e{when}")
        for size, when in zip(sizes, times, strict=True)
    ]


@pytest.mark.parametrize(
    ("sizes", "flaps"),
    [((4, 9, 4, 9), False), ((4, 9, 4, 9, 4), True), ((4, 9, 9, 4, 9, 9, 4), True), ((2, 3, 4, 5, 6), False)],
)
def test_it_flaps_where_it_turned_three_times_within_an_hour(sizes: tuple[int, ...], flaps: bool) -> None:
    events = rescaled(*sizes)
    told = judged(hpa(), target(), *events)
    assert (told.level is Level.WARN) is flaps
    if flaps:
        shown = " → ".join(str(s) for s in sizes[-6:])
        assert told.sentence == f"web: flaps: {shown} replicas within an hour"
        assert judged(hpa(), target(), *events, now=NOW + 3600).level is Level.OK, "it was an hour ago"


@pytest.mark.parametrize("whole", [resources(cpu="1"), resources(cpu_limit="1"), resources(memory="1Gi")])
def test_what_a_template_asks_for_as_a_whole_is_a_request_before_a_pod_is_there(whole: Resources) -> None:
    template = Template(containers=(Container("main", "web:1"),), resources=whole)
    said = judged(hpa(), deployment(name="web", uid="w", template=template))
    assert ("what is not requested" in said.sentence) == (whole == resources(memory="1Gi"))


def test_equal_bounds_are_a_size_that_somebody_set() -> None:
    same = {"conditions": (ABLE, ACTIVE, FULL), "min_replicas": 4, "max_replicas": 4}
    told = judged(hpa(**same), target())
    assert (told.level, told.sentence) == (Level.OK, "web: held at 4 by equal bounds, cpu 71 % of 70 %")
    told = judged(hpa(**same, current=3), target())
    assert (told.level, told.sentence) == (
        Level.MOVING,
        "web: scales from 3 to 4 of 4-4, as fast as its behaviour allows, cpu 71 % of 70 %",
    )


@pytest.mark.parametrize(
    ("conditions", "most", "wants"),
    [
        ((ABLE, ACTIVE, FULL), 8, True),
        ((ABLE, ACTIVE, FULL), 2, False),
        ((ABLE, ACTIVE, FREE), 8, False),
        ((ABLE, ACTIVE, condition("ScalingLimited", "True", "TooFewReplicas")), 8, False),
        ((ABLE, ACTIVE, condition("ScalingLimited", "True", "ScaleUpLimit")), 8, False),
        ((ABLE, condition("ScalingActive", "False", "FailedGetResourceMetric"), FULL), 8, False),
        ((condition("AbleToScale", "False", "FailedGetScale"), ACTIVE, FULL), 8, False),
        ((), 8, False),
    ],
)
def test_what_wants_more_is_said_alike_of_the_autoscaler_and_its_workload(
    conditions: tuple[Any, ...], most: int, wants: bool
) -> None:
    mine = hpa(conditions=conditions, max_replicas=most, current=most, desired=most)
    shown = judge_all(picture(mine, target()), NOW)
    [state] = [w for at, w in shown.workloads.items() if at.name == "web"]
    assert state.scaled_by is not None
    assert (mine.wants_more, state.scaled_by.limited) == (wants, wants)
    assert state.scaled_by.metric == "cpu 71 % of 70 %"
