"""Bounds of autoscalers, requests and limits, quotas: what is planned, whether it is a release, and what is refused before it is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.actions import things
from tests.unit.actions.things import (
    CLOSED,
    NOW,
    REF,
    Standing,
    autoscaler,
    canary,
    deployment,
    meta,
    node,
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


async def test_a_maximum_below_what_runs_says_how_many_go() -> None:
    found = [deployment("many", replicas=9), autoscaler("many", "many", 2, 12)]
    plan = (await planned("autoscaler.bounds", "HorizontalPodAutoscaler", "many", found, maximum="4")).plan
    assert "5 of 9 pods go at once: the maximum is below what runs" in plan.notes
    assert (plan.freeze, plan.title) == (FROZEN, "deployment: scale down by its HPA")
    plan = (await planned("autoscaler.bounds", "HorizontalPodAutoscaler", "many", found, maximum="10")).plan
    assert not any("go at once" in note for note in plan.notes)


async def test_one_that_is_at_0_by_the_servers_gate_keeps_that() -> None:
    """HPAScaleToZero: without it the server takes no minimum of 0."""
    found = [deployment("quiet"), autoscaler("quiet", "quiet", 0, 5)]
    guarded = await planned("autoscaler.bounds", "HorizontalPodAutoscaler", "quiet", found, maximum="8")
    assert changes(guarded) == {"/spec/maxReplicas": 8}


@pytest.mark.parametrize(
    ("owner", "given", "wanted", "note"),
    [
        # at 0 an HPA stands aside: bounds start nothing
        (None, {"replicas": "3"}, {"/spec/replicas": 3}, "HPA web stands aside at 0 and takes over from there: 2 to 5"),
        (None, {"replicas": "3", "maximum": "9"}, {"/spec/minReplicas": 3, "/spec/maxReplicas": 9}, "nothing starts by this"),
        (KEDA, {"replicas": "3"}, {"/spec/minReplicaCount": 3}, "KEDA is in charge"),
        (KEDA, {"replicas": "3", "minimum": "0", "maximum": "9"}, {"/spec/maxReplicaCount": 9}, "may stop every pod"),
    ],
)  # fmt: skip
async def test_a_workload_at_0_is_started_by_its_size_and_sized_by_who_is_in_charge(
    owner: dict[str, Any] | None, given: dict[str, str], wanted: dict[str, int], note: str
) -> None:
    scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": meta("web")}
    scaled["spec"] = {"scaleTargetRef": {"name": "idle"}, "minReplicaCount": 0, "maxReplicaCount": 5}
    found = [deployment("idle", replicas=0), autoscaler("web", "idle", 2, 5, owner), scaled]
    guarded = await planned("workload.scale", "Deployment", "idle", found, **given)
    assert changes(guarded) == wanted
    assert any(note in n for n in guarded.plan.notes)
    assert guarded.plan.freeze is EXEMPT
    # what its HPA makes of the size a moment later does not undo that it was started
    assert ("written" in {post.id for post in guarded.plan.posts}) is not ("/spec/replicas" in wanted)


@pytest.mark.parametrize(
    ("owner", "given", "why"),
    [
        (None, {"maximum": "9"}, "keeps at least one replica"),
        (KEDA, {}, "ScaledObject web decides when it is at 0; to hold it there annotate it"),
    ],
)
async def test_to_0_is_not_had_by_bounds(
    owner: dict[str, Any] | None, given: dict[str, str], why: str
) -> None:
    scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": meta("web"), "spec": {}}
    found = [deployment("busy"), autoscaler("web", "busy", 2, 5, owner), scaled]
    with pytest.raises(PlanRefused, match=why):
        await planned("workload.scale", "Deployment", "busy", found, replicas="0", **given)


async def test_what_is_stopped_is_stopped_by_its_size_and_its_hpa_stands_aside() -> None:
    found = [deployment("busy"), autoscaler("web", "busy", 2, 5)]
    plan = (await planned("workload.scale", "Deployment", "busy", found, replicas="0")).plan
    assert [request.path.rpartition("/")[2] for request in plan.requests] == ["scale"]
    assert any("HPA web stands aside at 0" in note for note in plan.notes)
    assert "at 0 replicas it serves nobody" in plan.notes and plan.freeze is FROZEN


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


def of_some(found: dict[str, Any], *scopes: str) -> dict[str, Any]:
    """A quota of the pods that have these scopes; of a priority class, of one that is named."""
    named = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    if scopes == ("PriorityClass",):
        found["spec"]["scopeSelector"] = {"matchExpressions": [named]}
    else:
        found["spec"]["scopes"] = list(scopes)
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
        (
            {"cpu_request": "2"},
            [of_some(quota("q", requests_cpu="4"), "NotTerminating", "NotBestEffort")],
            "requests.cpu would be 7700m of 4",
        ),
    ],
)
async def test_what_limit_ranges_and_quotas_would_refuse_is_refused_before(
    given: dict[str, str], found: list[dict[str, Any]], why: str
) -> None:
    with pytest.raises(PlanRefused, match=why):
        await planned("workload.set-resources", "Deployment", "asks", [sized(ASKED), *found], **given)


@pytest.mark.parametrize("scope", ["BestEffort", "Terminating", "CrossNamespacePodAffinity", "PriorityClass"])
async def test_a_quota_that_counts_other_pods_refuses_none_of_these(scope: str) -> None:
    full = [sized(ASKED), of_some(quota("q", requests_cpu="4"), scope)]
    guarded = await planned("workload.set-resources", "Deployment", "asks", full, cpu_request="2")
    assert guarded.plan.requests
    lowered = await planned("quota.hard", "ResourceQuota", "q", full, hard="2050m")
    assert not lowered.plan.notes


def sized_node(cpu: str, memory: str) -> dict[str, Any]:
    found = node(f"node-{cpu}")
    found["status"]["allocatable"] = {"cpu": cpu, "memory": memory, "pods": "110"}
    return found


NODES = [sized_node("4", "8Gi"), sized_node("2", "64Gi")]


@pytest.mark.parametrize(
    ("given", "found", "why"),
    [
        ({"cpu_request": "3900m"}, NODES, ""),
        ({"cpu_request": "4001m"}, NODES, "a pod would ask for cpu 4001m, and no node has more than 4 for pods"),
        ({"memory_request": "65Gi", "memory_limit": "65Gi"}, NODES, "memory 65Gi, and no node has more than 64Gi for pods"),
        ({"cpu_request": "3", "memory_request": "9Gi", "memory_limit": "9Gi"}, NODES, "as much of each resource"),
        ({"cpu_request": "900"}, [], ""),  # no node says what it has
        ({"cpu_request": "50m"}, [sized_node("50m", "1Mi")], ""),  # less than now, and no worse
    ],
)  # fmt: skip
async def test_what_no_node_could_hold_is_refused(
    given: dict[str, str], found: list[dict[str, Any]], why: str
) -> None:
    asked = planned("workload.set-resources", "Deployment", "asks", [sized(ASKED), *found], **given)
    if not why:
        assert (await asked).plan.requests
        return
    with pytest.raises(PlanRefused, match=why):
        await asked


async def test_where_nodes_can_be_added_it_is_said_and_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(things, "KINDS", (*things.KINDS, "NodePool"))
    pool = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": meta("spot"), "spec": {}}
    plan = (
        await planned(
            "workload.set-resources", "Deployment", "asks", [sized(ASKED), *NODES, pool], cpu_request="5"
        )
    ).plan
    assert any(
        n.endswith("no node has more than 4 for pods: only one that Karpenter adds could take it")
        for n in plan.notes
    )


async def test_which_container_is_asked_with_their_names() -> None:
    found = sized(ASKED)
    found["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": "proxy:1"})
    with pytest.raises(PlanRefused) as refused:
        await planned("workload.set-resources", "Deployment", "asks", [found], cpu_request="1")
    assert (refused.value.wanting, refused.value.remedy) == (("container",), "it has main, proxy")


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
