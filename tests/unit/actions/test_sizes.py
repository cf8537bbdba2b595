"""Bounds of autoscalers, requests and limits, quotas: what is planned, whether it is a release, and what is refused before it is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.actions.things import (
    CLOSED,
    NOW,
    REF,
    Standing,
    autoscaler,
    canary,
    deployment,
    meta,
    quota,
    replica_set,
    subject,
    world,
)
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused, Writers
from tfdash.clock import FixedClock
from tfdash.model.action import FreezeRule, Guarded

EXEMPT, FROZEN = FreezeRule.EXEMPT, FreezeRule.FROZEN
KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "web"}


async def planned(
    action: str,
    kind: str,
    name: str,
    found: list[dict[str, Any]],
    pairs: tuple[tuple[str, str], ...] = (),
    **given: str,
) -> Guarded:
    board = Standing([*world(), *found])
    policy = ActionPolicy(follow=0.0, pairs=pairs)
    writers = Writers(clusters={REF: board.server})
    service = make_service(board, writers, None, policy, FixedClock(NOW), Mode(acts=True))
    return await service.plan(action, subject(kind, name), given)


def changes(guarded: Guarded) -> dict[str, Any]:
    (request,) = guarded.plan.requests
    return {o["path"]: o.get("value") for o in json.loads(request.body) if o["op"] != "test"}


# -- autoscalers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "low", "high", "freeze"),
    [
        ({"maximum": "9"}, 2, 9, EXEMPT),
        ({"minimum": "4"}, 4, 5, EXEMPT),
        ({"maximum": "3"}, 2, 3, FROZEN),
        ({"minimum": "1"}, 1, 5, FROZEN),
        ({"minimum": "1", "maximum": "9"}, 1, 9, FROZEN),  # either way is possible
    ],
)
async def test_bounds_grow_at_any_time_and_shrink_while_the_calendar_is_open(
    given: dict[str, str], low: int, high: int, freeze: FreezeRule
) -> None:
    guarded = await planned("autoscaler.bounds", "HorizontalPodAutoscaler", "sized", [], **given)
    wanted = {"/spec/minReplicas": low, "/spec/maxReplicas": high}
    assert changes(guarded) == {p: v for p, v in wanted.items() if v != {"min": 2, "max": 5}[p[6:9]]}
    assert (guarded.plan.freeze, guarded.plan.typed, guarded.plan.promotes) == (freeze, "sized", False)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"minimum": "2", "maximum": "5"}, "has these bounds already"),
        ({"minimum": "6"}, "bounds 6 to 5 are none"),
        ({"minimum": "0"}, "the minimum is at least 1"),
        ({"maximum": "99999"}, "is not between 0 and 10000"),
        ({}, "minimum, maximum: must be given"),
    ],
)
async def test_bounds_that_are_none_are_refused(given: dict[str, str], why: str) -> None:
    with pytest.raises(PlanRefused, match=why):
        await planned("autoscaler.bounds", "HorizontalPodAutoscaler", "sized", [], **given)


def keda(**spec: Any) -> list[dict[str, Any]]:
    target = {"kind": "Deployment", "name": "web"}
    scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": meta("web")}
    return [
        autoscaler("keda-hpa-web", "web", 1, 5, KEDA),
        scaled | {"spec": {"scaleTargetRef": target, **spec}},
    ]


@pytest.mark.parametrize(
    ("action", "kind", "name", "given", "wanted"),
    [
        ("autoscaler.bounds", "HorizontalPodAutoscaler", "keda-hpa-web", {"maximum": "8"}, (1, 8)),
        ("autoscaler.bounds", "HorizontalPodAutoscaler", "keda-hpa-web", {"minimum": "0"}, (0, 5)),
        ("workload.scale", "Deployment", "web", {"replicas": "7"}, (7, 7)),
    ],
)
async def test_what_keda_owns_is_bounded_by_its_scaled_object(
    action: str, kind: str, name: str, given: dict[str, str], wanted: tuple[int, int]
) -> None:
    guarded = await planned(action, kind, name, keda(minReplicaCount=1, maxReplicaCount=5), **given)
    (request,) = guarded.plan.requests
    assert request.path == "/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects/web"
    bounds = {"/spec/minReplicaCount": 1, "/spec/maxReplicaCount": 5} | changes(guarded)
    assert tuple(bounds.values()) == wanted
    assert any("KEDA is in charge" in note for note in guarded.plan.notes)


async def test_a_scaled_object_s_own_rules_are_kept_and_one_that_cannot_be_read_is_named() -> None:
    found = keda(minReplicaCount=2, maxReplicaCount=5, idleReplicaCount=1)
    with pytest.raises(PlanRefused, match="idleReplicaCount, which is 1"):
        await planned("autoscaler.bounds", "HorizontalPodAutoscaler", "keda-hpa-web", found, minimum="1")
    with pytest.raises(PlanRefused, match="KEDA ScaledObject web puts the bounds of HPA keda-hpa-web back"):
        await planned("autoscaler.bounds", "HorizontalPodAutoscaler", "keda-hpa-web", found[:1], minimum="1")


async def test_bounds_that_let_a_canary_s_side_grow_are_a_promotion() -> None:
    stable, new = deployment("pair"), deployment("pair-canary", tag="3")
    found = [stable, new, replica_set(stable, "2", 1), replica_set(new, "3", 1)]
    found.append(autoscaler("pair-canary", "pair-canary", 1, 3))
    guarded = await planned(
        "autoscaler.bounds",
        "HorizontalPodAutoscaler",
        "pair-canary",
        found,
        (("pair", "pair-canary"),),
        maximum="9",
    )
    assert (guarded.plan.freeze, guarded.plan.promotes) == (FROZEN, True)


# -- requests and limits ------------------------------------------------------------------------------------------


def limits(**item: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": meta("bounds"),
        "spec": {"limits": [{"type": "Container", **item}]},
    }


def sized(asked: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = deployment("asks", **more)
    found["spec"]["template"]["spec"]["containers"][0]["resources"] = asked
    return found


ASKED = {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}


@pytest.mark.parametrize(
    ("given", "at", "value"),
    [
        ({"cpu_request": "0.25"}, "requests/cpu", "250m"),
        ({"cpu_limit": "2000m"}, "limits/cpu", "2"),
        ({"memory_request": "512Mi"}, "requests/memory", "512Mi"),
        ({"cpu_request": "none"}, "requests/cpu", None),
    ],
)
async def test_one_amount_is_set_by_one_operation_that_tests_the_container(
    given: dict[str, str], at: str, value: str | None
) -> None:
    guarded = await planned("workload.set-resources", "Deployment", "asks", [sized(ASKED)], **given)
    where = "/spec/template/spec/containers/0"
    assert changes(guarded) == {f"{where}/resources/{at}": value}
    tested = {o["path"]: o["value"] for o in json.loads(guarded.plan.requests[0].body) if o["op"] == "test"}
    assert tested == {
        "/metadata/uid": "uid-asks",
        f"{where}/name": "main",
        f"{where}/resources": ASKED,
    }
    assert (guarded.plan.freeze, guarded.plan.promotes) == (FROZEN, True)
    assert "That is a release" in guarded.plan.effect


async def test_what_says_nothing_yet_gets_it_in_one() -> None:
    guarded = await planned("workload.set-resources", "Deployment", "done", [], cpu_request="1")
    assert changes(guarded) == {"/spec/template/spec/containers/0/resources": {"requests": {"cpu": "1"}}}


@pytest.mark.parametrize(
    ("given", "found", "why"),
    [
        ({"cpu_request": "0.1"}, [], "has these requests and limits already"),
        ({"cpu_request": "lots"}, [], "is no quantity"),
        ({"memory_limit": "100m"}, [], "is not a number of whole bytes"),
        ({"container": "other", "cpu_limit": "1"}, [], "there is no container 'other'; there are main"),
        ({"memory_limit": "512Mi"}, [], "its memory request of 1Gi is above its limit of 512Mi"),
        (
            {"cpu_limit": "4"},
            [limits(max={"cpu": "2"})],
            "LimitRange bounds: container main: cpu limit 4 is above",
        ),
        ({"cpu_request": "10m"}, [limits(min={"cpu": "50m"})], "cpu request 10m is below the least, 50m"),
        (
            {"cpu_request": "2"},
            [limits(default={"cpu": "1"})],
            "its cpu request of 2 is above its limit of 1",
        ),
        (
            {"memory_request": "none", "memory_limit": "none"},
            [quota("q", limits_memory="8Gi")],
            "each container must",
        ),
        ({"cpu_request": "2"}, [quota("q", requests_cpu="4")], "requests.cpu would be 7700m of 4"),
        ({"cpu_request": "400m"}, [quota("q", requests_cpu="700m")], "requests.cpu would be 1250m of 700m"),
    ],
)
async def test_what_limit_ranges_and_quotas_would_refuse_is_refused_before(
    given: dict[str, str], found: list[dict[str, Any]], why: str
) -> None:
    with pytest.raises(PlanRefused, match=why):
        await planned("workload.set-resources", "Deployment", "asks", [sized(ASKED), *found], **given)


async def test_a_first_new_pod_that_has_no_room_beside_the_old_ones_is_refused() -> None:
    """300m of requests.cpu used, 100m left: three smaller pods fit in the end, and the first cannot start."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    tight = quota("q", requests_cpu="400m")
    tight["status"]["used"] = {"requests.cpu": "380m"}
    asks = sized({"requests": {"cpu": "100m"}}, strategy=strategy)
    with pytest.raises(PlanRefused, match="20m is left, and the first new pod of 90m must start before"):
        await planned("workload.set-resources", "Deployment", "asks", [asks, tight], cpu_request="90m")
    strategy["rollingUpdate"]["maxUnavailable"] = 1
    guarded = await planned("workload.set-resources", "Deployment", "asks", [asks, tight], cpu_request="90m")
    assert guarded.plan.requests


async def test_flagger_and_rollouts_carry_it_and_what_they_make_is_left_alone() -> None:
    made = deployment("lost-app-primary")
    owner = {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "name": "lost",
        "uid": "u",
        "controller": True,
    }
    made["metadata"]["ownerReferences"] = [owner]
    with pytest.raises(PlanRefused, match="Canary lost makes it and puts its template back"):
        await planned("workload.set-resources", "Deployment", "lost-app-primary", [made], cpu_request="1")
    with pytest.raises(PlanRefused, match="a release is in flight"):
        await planned("workload.set-resources", "Rollout", "paused", [], cpu_request="1")
    found = [canary("well", "Succeeded"), deployment("well-app", replicas=0)]
    guarded = await planned("workload.set-resources", "Deployment", "well-app", found, cpu_request="1")
    assert "Flagger finds the new template" in guarded.plan.effect and not guarded.plan.promotes


async def test_where_something_owns_it_the_path_to_its_source_is_named() -> None:
    owned = sized(ASKED)
    owned["metadata"]["annotations"]["meta.helm.sh/release-name"] = "asks"
    owned["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    guarded = await planned("workload.set-resources", "Deployment", "asks", [owned], cpu_request="1")
    assert any("Helm owns it" in n and "tfdash rightsize --export kustomize" in n for n in guarded.plan.notes)


async def test_the_calendar_closes_it() -> None:
    board = Standing([*world(), sized(ASKED)])
    board.say(calendar=CLOSED)
    writers = Writers(clusters={REF: board.server})
    service = make_service(board, writers, None, ActionPolicy(), FixedClock(NOW), Mode(acts=True))
    guarded = await service.plan(
        "workload.set-resources", subject("Deployment", "asks"), {"cpu_request": "1"}
    )
    assert guarded.refused == "closed: blackout"


# -- quotas -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says", "note", "freeze"),
    [
        ("4", "at most 4 in shop (now 2); 1 is used, 3 left", "", EXEMPT),
        ("1.05", "1 is used, 50m left", "one more pod could not be created of asks (100m)", FROZEN),
        ("500m", "1 is used, 500m more than that: nothing that runs is stopped", "asks (100m)", FROZEN),
    ],
)
async def test_a_quota_says_what_is_left_and_what_could_no_longer_be_created(
    given: str, says: str, note: str, freeze: FreezeRule
) -> None:
    found = [sized(ASKED), quota("cpu", requests_cpu="2")]
    guarded = await planned("quota.hard", "ResourceQuota", "cpu", found, hard=given)
    assert says in guarded.plan.effect
    assert note in " ".join(guarded.plan.notes) and bool(guarded.plan.notes) is bool(note)
    assert (guarded.plan.freeze, guarded.plan.typed) == (freeze, "cpu")
    assert [p.id.partition(":")[0] for p in guarded.plan.posts] == ["written", "in-force"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"hard": "2000m"}, "is 2 already"),
        ({"hard": "-1"}, "less than nothing"),
        ({"hard": "plenty"}, "is no quantity"),
        ({"resource": "requests.cup", "hard": "1"}, "says nothing of 'requests.cup'.*requests.cpu"),
        ({"resource": "requests.cpu"}, "how much requests.cpu at most"),
    ],
)
async def test_a_quota_is_not_set_to_what_is_none(given: dict[str, str], why: str) -> None:
    with pytest.raises(PlanRefused, match=why):
        await planned("quota.hard", "ResourceQuota", "cpu", [quota("cpu", requests_cpu="2")], **given)
