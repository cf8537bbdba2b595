"""What a scale-down of a namespace plans, what it leaves alone, and where it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from tests.unit.actions.acting import Ledger, confirmed
from tests.unit.actions.test_sizes import KEDA
from tests.unit.actions.things import (
    HOURS,
    NIGHT,
    NOW,
    REF,
    Standing,
    autoscaler,
    cron_job,
    deployment,
    meta,
    namespace,
    subject,
    world,
)
from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.postconditions import PostconditionFacts
from tfdash.actions.core.protocols import ActionService, Answer, OutcomeUnknown, PlanRefused, Writers
from tfdash.actions.kubernetes.field_managers import PLACE, placed
from tfdash.actions.kubernetes.patches import took_effect
from tfdash.actions.kubernetes.scale_down import DOWN, EMPTY
from tfdash.clock import FixedClock
from tfdash.model.action import FreezeRule, Guarded, Plan, Result
from tfdash.model.autoscaling import PAUSED_AT
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.model.requests import ReadFailed
from tfdash.playbook.resources.hours import HoursSettings, hours_in
from tfdash.playbook.resources.scaled_down import MEMORY

Documents = list[dict[str, Any]]
ARGO = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": meta("night", namespace="argocd"),
    "spec": {"syncPolicy": {"automated": {"selfHeal": True}}},
}
TRACKED = {"argocd.argoproj.io/tracking-id": "night:apps/Deployment:night/healed"}


def inside(*found: dict[str, Any], **notes: str) -> Documents:
    for one in found:
        one["metadata"]["namespace"] = NIGHT
        if notes:
            one["metadata"].setdefault("annotations", {}).update(notes)
    return list(found)


def board(*found: dict[str, Any]) -> Standing:
    return Standing([*world(), *found])


def service(at: Standing, hours: Any = HOURS) -> ActionService:
    policy = ActionPolicy(follow=0.0, hours=hours)
    return make_service(
        at, Writers(clusters={REF: at.server}), Ledger(), policy, FixedClock(NOW), Mode(acts=True)
    )


async def planned(
    at: Standing, action: str = "namespace.scale-down", hours: Any = HOURS, name: str = NIGHT, **given: str
) -> Guarded:
    return await service(at, hours).plan(action, subject("Namespace", name), given)


def patches(plan: Plan) -> dict[str, dict[str, Any]]:
    """Of each object, what is changed, by the last name of where it stands."""
    found: dict[str, dict[str, Any]] = {}
    for request in plan.requests:
        assert request.subject is not None
        mine = found.setdefault(f"{request.subject.kind} {request.subject.name}", {})
        for change in json.loads(request.body):
            name = change["path"].rpartition("/")[2].replace("~1", "/")
            if change["op"] != "test" and name != PLACE:
                mine |= change["value"] if name == "annotations" else {name: change.get("value")}
    return found


async def test_each_object_is_stopped_and_remembers_in_one_patch_what_it_was() -> None:
    guarded = await planned(board(*inside(cron_job("off", suspended=True), deployment("zero", replicas=0))))
    assert guarded.allowed, guarded.refused
    assert patches(guarded.plan) == {
        "Deployment runs": {MEMORY: "3", "replicas": 0},
        "CronJob each-night": {MEMORY: "running", "suspend": True},
    }
    for request in guarded.plan.requests:
        tests = [o["path"] for o in json.loads(request.body) if o["op"] == "test"]
        assert tests[0] == "/metadata/uid" and len(tests) == 3 and request.alone
    assert sorted(json.loads(dict(guarded.plan.arguments)["remembers"])) == [
        ["CronJob", "each-night", "running"],
        ["Deployment", "runs", "3"],
    ]
    assert (guarded.plan.freeze, guarded.plan.typed) == (FreezeRule.FROZEN, NIGHT)


async def test_what_it_rests_on_is_looked_at_once_more() -> None:
    """Its mark, and nobody's word that it stays up: either may come between the plan and Enter."""
    label = HOURS[REF.environment].label
    told = {fact.pointer for fact in (await planned(board())).plan.facts}
    assert {"/metadata/uid", f"/metadata/labels/{label.replace('/', '~1')}"} < told
    assert any("keep-up-until" in place for place in told)


@pytest.mark.parametrize(
    ("desired", "replicas", "down", "empty"),
    [(3, 3, False, False), (0, 3, True, False), (0, 0, True, True)],
)
async def test_down_is_what_is_asked_for_and_empty_what_is_there(
    desired: int, replicas: int, down: bool, empty: bool
) -> None:
    at = board()
    plan = (await planned(at)).plan
    kinds = dict(at.picture.clusters[REF].kinds)
    there = {
        key: structs.replace(obj, desired=desired, replicas=replicas)
        for key, obj in at.picture.clusters[REF].objects("Deployment").items()
    }
    kinds["Deployment"] = structs.replace(kinds["Deployment"], value=there)
    jobs = {
        key: structs.replace(obj, suspended=True)
        for key, obj in at.picture.clusters[REF].objects("CronJob").items()
    }
    kinds["CronJob"] = structs.replace(kinds["CronJob"], value=jobs)
    cluster = structs.replace(at.picture.clusters[REF], kinds=kinds)
    seen = PostconditionFacts(plan, None, structs.replace(at.picture, clusters={REF: cluster}), NOW)
    assert (DOWN.holds(seen, ""), EMPTY.holds(seen, "")) == (down, empty)


async def test_what_came_up_since_keeps_its_first_number() -> None:
    guarded = await planned(board(*inside(deployment("again"), **{MEMORY: "7"})))
    assert patches(guarded.plan)["Deployment again"] == {"replicas": 0}
    assert any("again (7) came up again since an earlier scale-down" in n for n in guarded.plan.notes)


async def test_the_way_back_is_exempt_and_gives_the_fields_back() -> None:
    at = board(*inside(deployment("broken", replicas=0), **{MEMORY: "many"}))
    guarded = await planned(at, "namespace.restore", hours={})
    assert guarded.allowed and guarded.plan.freeze is FreezeRule.EXEMPT
    assert patches(guarded.plan) == {"Deployment was": {MEMORY: None, "replicas": 4}}
    back, last = guarded.plan.requests
    assert (MEMORY.rpartition("/")[2] in last.body, PLACE in last.body, last.dry_run) == (True, True, False)
    assert [o["op"] for o in json.loads(back.body)] == [
        "test",
        "test",
        "test",
        "replace",
    ]  # it is remembered until then
    assert guarded.plan.skips == (
        f"Deployment broken stays as it is: {MEMORY} is 'many' is no number of replicas",
    )


OWN = {"manager": "tfdash", "operation": "Update"}
OTHER = {"manager": "owner", "operation": "Apply"}


@pytest.mark.parametrize(
    ("entries", "notes", "sent", "done"),
    [
        ([OTHER, OWN], {MEMORY: "4"}, ["/metadata/managedFields/1"], False),
        (
            [OTHER],
            {MEMORY: "4"},
            [],
            False,
        ),  # somebody took our entry away: what is remembered goes all the same
        ([OTHER], {}, [], True),
        ([OTHER, OWN], {}, ["/metadata/managedFields/1"], False),  # forgotten, and the fields are ours yet
    ],
)
async def test_memory_and_fields_go_in_one_write(
    entries: Documents, notes: dict[str, str], sent: list[str], done: bool
) -> None:
    last = (await planned(board(), "namespace.restore", hours={})).plan.requests[-1]
    document = {"metadata": {"uid": "u", "annotations": notes, "managedFields": entries}}
    found = placed(last, document)
    assert found is not None
    removed = [o["path"] for o in json.loads(found.body) if o["op"] == "remove"]
    assert removed == ["/metadata/annotations/tfdash.io~1scaled-down-from", *sent]
    assert took_effect(found, document) is done


def made_by(kind: str) -> dict[str, Any]:
    owner = {"apiVersion": "x/v1", "kind": kind, "name": "boss", "uid": "u", "controller": True}
    found = deployment(f"of-{kind.lower()}")
    found["metadata"]["ownerReferences"] = [owner]
    return found


async def test_what_another_controller_makes_stays_and_what_flagger_makes_goes() -> None:
    daemon = {**deployment("agent"), "kind": "DaemonSet", "status": {}}
    guarded = await planned(board(*inside(made_by("Canary"), made_by("Database"), daemon)))
    assert "Deployment of-canary" in patches(guarded.plan)
    assert guarded.plan.skips == (
        "Deployment of-database stays: another controller made it",
        "DaemonSets stay: agent",
    )


async def test_what_is_in_flight_stays_and_the_rest_goes() -> None:
    at = board(*inside(deployment("moving")))
    moving = subject("Deployment", "moving")._replace(namespace=NIGHT)
    release = ReleaseState(subject=moving, carrier=Carrier.DEPLOYMENT, phase=Phase.PROGRESSING, message="")
    at.say(releases={moving: release})
    plan = (await planned(at)).plan
    assert plan.skips == ("Deployment moving stays: its release is in flight",)
    assert set(patches(plan)) == {"Deployment runs", "CronJob each-night"}


async def test_under_an_autoscaler_its_bounds_stay_and_keda_is_paused() -> None:
    scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": meta("web"), "spec": {}}
    found = inside(
        deployment("cpu"),
        autoscaler("cpu", "cpu", 2, 5),
        deployment("queue"),
        autoscaler("k", "queue", 1, 5, KEDA),
        scaled,
    )
    plan = (await planned(board(*found))).plan
    wanted = patches(plan)
    assert wanted["Deployment cpu"] == {MEMORY: "3", "replicas": 0}
    assert wanted["ScaledObject web"] == {MEMORY: "running", PAUSED_AT: "0"}
    assert wanted["Deployment queue"] == {MEMORY: "ScaledObject/web"}
    assert any("1 of them have an HPA" in n for n in plan.notes)
    for one in found:  # KEDA took its HPA away, as it does while it is paused
        one["metadata"].setdefault("annotations", {}).update(
            {"queue": {MEMORY: "ScaledObject/web"}, "web": {MEMORY: "running", PAUSED_AT: "0"}}.get(
                one["metadata"]["name"], {}
            )
        )
    back = patches((await planned(board(*found[2:3], found[4]), "namespace.restore")).plan)
    assert back["ScaledObject web"] == {
        MEMORY: None,
        PAUSED_AT: None,
    }
    assert back["Deployment queue"] == {MEMORY: None}


@pytest.mark.parametrize(
    ("notes", "down", "up"),
    [
        # paused at 2 it keeps 2 up: it goes to 0, and back to 2
        (
            {PAUSED_AT: "2"},
            {
                "ScaledObject web": {MEMORY: "paused/2", PAUSED_AT: "0"},
                "Deployment queue": {MEMORY: "ScaledObject/web"},
            },
            {"ScaledObject web": {MEMORY: None, PAUSED_AT: "2"}, "Deployment queue": {MEMORY: None}},
        ),
        # paused as it is, KEDA brings nothing back: its target remembers its own size
        (
            {"autoscaling.keda.sh/paused": "true"},
            {"Deployment queue": {MEMORY: "3", "replicas": 0}},
            {"Deployment queue": {MEMORY: None, "replicas": 3}},
        ),
    ],
)
async def test_what_keda_was_told_to_rest_with_pods_up_goes_down_and_comes_back_so(
    notes: dict[str, str], down: dict[str, Any], up: dict[str, Any]
) -> None:
    scaled = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {**meta("web"), "annotations": notes},
        "spec": {"scaleTargetRef": {"name": "queue"}},
    }
    found = inside(deployment("queue"), scaled)

    async def wanted(action: str) -> dict[str, Any]:
        plan = (await planned(board(*found), action)).plan
        return {name: what for name, what in patches(plan).items() if name.endswith((" queue", " web"))}

    assert await wanted("namespace.scale-down") == down
    for one in found:
        changed = dict(down.get(f"{one['kind']} {one['metadata']['name']}", {}))
        if "replicas" in changed:
            one["spec"]["replicas"] = changed.pop("replicas")
        one["metadata"].setdefault("annotations", {}).update(changed)
    assert await wanted("namespace.restore") == up


async def test_what_heals_itself_is_told_before() -> None:
    guarded = await planned(board(*inside(deployment("healed"), **TRACKED), ARGO))
    assert [c.id for c in guarded.plan.choices] == ["suspend-keeper", "leave-keeper"]
    assert guarded.refused == "choose first whether its reconciliation is stopped or left on"


def kept(until: str) -> Documents:
    notes = {
        f"tfdash.io/keep-up-{k}": v for k, v in (("until", until), ("by", "bob@corp"), ("why", "a load test"))
    }
    found = namespace("kept", environment="staging")
    found["metadata"]["annotations"] = notes
    return [found]


UP = {"production": hours_in("production", "America/New_York", HoursSettings())}


@pytest.mark.parametrize(
    ("found", "name", "hours", "why"),
    [
        ([], NIGHT, {}, "production is not marked as non-production"),
        ([namespace("bare")], "bare", HOURS, "it has no label 'environment'"),
        (
            [namespace("live", environment="production")],
            "live",
            HOURS,
            "does not say that it is not production",
        ),
        (
            kept("2026-11-25T12:00:00Z"),
            "kept",
            HOURS,
            "bob@corp keeps it up until Wed 25 Nov 07:00 EST: a load test",
        ),
        (kept("2026-11-24T12:00:00Z"), "kept", HOURS, "nothing in it runs"),  # that time is over
        (
            kept("2036-11-24T12:00:00Z"),
            "kept",
            HOURS,
            "nothing in it runs",
        ),  # nobody keeps anything up for ten years
    ],
)
async def test_it_is_refused_where_it_is_not_marked_or_kept_up(
    found: Documents, name: str, hours: Any, why: str
) -> None:
    with pytest.raises(PlanRefused, match=why):
        await planned(board(*found), hours=hours, name=name)


async def test_inside_its_hours_it_is_refused_until_they_end_whatever_the_release_calendar_says() -> None:
    guarded = await planned(board(), hours=UP)
    assert guarded.refused == "production is inside its hours until Tue 24 Nov 20:00 EST"
    closed = next(c for c in guarded.checks if c.id == "policy")
    assert closed.opens_at == NOW + 9 * 3600


async def test_what_cannot_be_read_whole_is_not_scaled_down() -> None:
    at = board()
    cluster = at.picture.clusters[REF]
    lost = Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause="no right to list"))
    cluster = structs.replace(cluster, kinds={**cluster.kinds, "StatefulSet": lost})
    at.picture = structs.replace(at.picture, clusters={REF: cluster})
    with pytest.raises(PlanRefused, match="StatefulSets of night are not known: no right to list"):
        await planned(at)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"until": "soon", "why": "x"}, "'soon' is no time"),
        ({"until": "2026-11-20", "why": "x"}, "is not within the next 31 days"),
        ({"until": "2027-11-20", "why": "x"}, "is not within the next 31 days"),
        ({"until": "Thursday"}, "why: must be given"),
    ],
)
async def test_it_is_kept_up_for_a_time_and_with_a_reason(given: dict[str, str], why: str) -> None:
    with pytest.raises(PlanRefused, match=why):
        await planned(board(), "namespace.keep-up", **given)


async def test_who_keeps_it_up_stands_in_the_namespace() -> None:
    guarded = await planned(board(), "namespace.keep-up", until="2026-11-26 18:00", why="a load test")
    (request,) = guarded.plan.requests
    assert json.loads(request.body)[-1]["value"] == {
        "tfdash.io/keep-up-until": "2026-11-26T23:00:00Z",
        "tfdash.io/keep-up-by": "ada@corp",
        "tfdash.io/keep-up-why": "a load test",
    }


async def test_one_that_is_refused_holds_up_no_other_and_what_is_left_is_named() -> None:
    at = board(*inside(deployment("second")))
    at.server.answers = [Answer(status=422, body={}, message="testing path", reason="Invalid")]
    acting = service(at)
    guarded = await acting.plan("namespace.scale-down", subject("Namespace", NIGHT), {})
    done = await acting.execute(guarded, confirmed(guarded), lambda progress: None)
    assert (done.result, len(at.server.sent)) == (Result.FAILED, 3)
    assert "2 of 3 were done; not Deployment night/runs" in done.sentence
    assert [state == "done" for _, state in done.items] == [False, True, True]


@pytest.mark.parametrize(
    ("answer", "result", "told"),
    [
        (ReadFailed(Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")), Result.FAILED, "connection refused"),
        (Answer(status=503, body={}, message="starting"), Result.FAILED, "it cannot be read: starting"),
        (Answer(status=404, body={}), Result.APPLIED, "1 of 1 were done"),
    ],
)  # fmt: skip
async def test_a_server_that_is_gone_before_the_fields_are_given_back(
    answer: Any, result: Result, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = board()
    acting = service(at)
    guarded = await acting.plan("namespace.restore", subject("Namespace", NIGHT), {})
    read = at.server.read

    async def after_the_first(path: str) -> Answer:
        if not at.server.sent:
            return await read(path)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer

    monkeypatch.setattr(at.server, "read", after_the_first)
    done = await acting.execute(guarded, confirmed(guarded), lambda progress: None)
    assert (done.result, len(at.server.sent)) == (result, 1)
    assert told in done.sentence and done.items == (("Deployment night/was", "done"),)


async def test_after_an_unknown_outcome_nothing_more_is_sent() -> None:
    at = board(*inside(deployment("second")))
    at.server.answers = [OutcomeUnknown("no answer in time")]
    acting = service(at)
    guarded = await acting.plan("namespace.scale-down", subject("Namespace", NIGHT), {})
    done = await acting.execute(guarded, confirmed(guarded), lambda progress: None)
    assert (done.result is Result.APPLIED, len(at.server.sent)) == (False, 1)
