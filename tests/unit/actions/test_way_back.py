"""The gate looks at the effect: which way a rollback goes, that there is always one, and that nothing of ours stops it."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import msgspec
import pytest

from tests.unit.actions.acting import Ledger, confirmed
from tests.unit.actions.things import (
    CLOSED,
    NOW,
    NS,
    REF,
    Standing,
    deployment,
    judged,
    meta,
    picture,
    replica_set,
    rollout,
    subject,
    template,
)
from tfdash.actions.core.action_service import ActingService, make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused, Writers
from tfdash.actions.kubernetes.targets import key_of
from tfdash.clock import FixedClock
from tfdash.model.action import FreezeRule, Guarded, Plan, Progress, Result, Risk
from tfdash.model.judgement import Advice, Breach, CanaryJudgement, Outcome
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import SourceInfo
from tfdash.model.store_state import RunningAction, StoreHealth, StoreState, VerifiedGood
from tfdash.playbook.releases.managed_by import TRACKING

WEB = subject("Deployment", "web")
HISTORY = "deployment.kubernetes.io/revision-history"


def web(tag: str, *sets: tuple[str, int, str], **spec: Any) -> list[dict[str, Any]]:
    """A Deployment that wants ``tag``, and its ReplicaSets as (tag, revision, revision-history), oldest first. Those before the
    newest have no pod left, so it is complete."""
    found = deployment("web", tag, **spec)
    made = []
    for at, (of, revision, before) in enumerate(sets):
        one = replica_set(found, of, revision)
        one["metadata"]["creationTimestamp"] = f"2026-11-2{at}T10:00:00Z"
        if before:
            one["metadata"]["annotations"][HISTORY] = before
        if revision != max(s[1] for s in sets):
            with_pods(one, 0)
        made.append(one)
    found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = str(max(s[1] for s in sets))
    return [found, *made]


def with_pods(replica_set: dict[str, Any], count: int) -> dict[str, Any]:
    replica_set["spec"]["replicas"], replica_set["status"] = count, {"replicas": count}
    return replica_set


def desk(board: Standing, ledger: Ledger | None = None, **policy: Any) -> Any:
    return make_service(
        board,
        Writers(clusters={REF: board.server}),
        ledger or Ledger(),
        ActionPolicy(**policy),
        FixedClock(NOW),
        Mode(acts=True),
    )


async def back(documents: list[dict[str, Any]], store: StoreState | None = None, **given: str) -> Guarded:
    board = Standing(documents)
    if store is not None:
        board.picture = msgspec.structs.replace(board.picture, store_state=store)
    board.say(calendar=CLOSED)
    found: Guarded = await desk(board).plan("workload.rollback", WEB, given)
    return found


def good(tag: str, revision: str = "", at: float = NOW - 3600) -> VerifiedGood:
    text = json.dumps(template("web", tag))
    return VerifiedGood(
        subject=WEB, template=text, template_hash=f"h{tag}", images=(), revision=revision, at=at, by="rules"
    )


def verified(tag: str, revision: str = "", at: float = NOW - 3600) -> StoreState:
    return StoreState(verified={WEB: good(tag, revision, at)})


def is_back(plan: Plan) -> bool:
    return plan.freeze is FreezeRule.EXEMPT and not plan.promotes and "releases" not in plan.effect


async def test_twice_in_the_blackout_never_releases_the_newer_version_again() -> None:
    first = await back(web("2", ("1", 1, ""), ("2", 2, "")))
    assert first.allowed
    assert is_back(first.plan)
    assert "web:1 (revision 1)" in first.plan.after
    with pytest.raises(PlanRefused, match=r"nothing to go back to .* 2 \(web:2, left since\)"):
        await back(web("1", ("1", 3, "1"), ("2", 2, "")))
    behind = web("1", ("1", 1, ""), ("2", 2, ""))  # its controller has not numbered it yet
    with pytest.raises(PlanRefused, match="left since"):
        await back(behind)


async def test_what_was_left_is_released_again_only_as_a_release() -> None:
    guarded = await back(web("1", ("1", 3, "1"), ("2", 2, "")), revision="2")
    plan = guarded.plan
    assert (plan.freeze, plan.promotes) == (FreezeRule.FROZEN, True)
    assert (guarded.allowed, guarded.refused) == (False, "closed: blackout")
    assert plan.title == "deployment: release revision 2 again"
    assert "releases web:2 (revision 2) in place of web:1" in plan.effect
    assert "it was left since, so this is a release and no way back" in plan.effect


async def test_it_asks_the_verdict() -> None:
    board = Standing(web("1", ("1", 3, "1"), ("2", 2, "")))
    plan = (await desk(board).plan("workload.rollback", WEB, {"revision": "2"})).plan
    said = CanaryJudgement(
        subject=WEB, at=NOW, outcome=Outcome.BREACH, advice=Advice.ROLL_BACK, sentence="3 % against 1 %"
    )
    board.say(canaries={WEB: said})
    guarded = await desk(board).plan("workload.rollback", WEB, {"revision": "2"})
    assert guarded.plan.requests == plan.requests
    assert [w.id for w in plan.waives] == ["verdict"] and guarded.plan.waives == ()
    assert guarded.refused.startswith("BREACH")


async def test_the_last_verified_good_that_was_left_is_no_default() -> None:
    left = web("1", ("0", 1, ""), ("1", 4, "2"), ("2", 3, ""))
    guarded = await back(left, verified("2"))
    assert "web:0 (revision 1), UNVERIFIED" in guarded.plan.after
    assert "the last verified good was left since" in guarded.plan.after
    chosen = await back(left, verified("2"), revision="3")
    assert not is_back(chosen.plan)


@pytest.mark.parametrize("revision", ["2", ""], ids=["by its number", "by when it was verified"])
async def test_what_is_remembered_tells_of_what_the_cluster_forgot(revision: str) -> None:
    """Its ReplicaSet was pruned and made anew, without a history: that it served before is in our log."""
    documents = web("1", ("2", 3, ""), ("1", 4, ""))
    assert is_back((await back(documents)).plan)  # nothing says that it was left
    verified_at = NOW - 10 * 86400  # before the ReplicaSet of web:2 was made
    documents[0]["metadata"]["creationTimestamp"] = "2026-10-01T10:00:00Z"
    with pytest.raises(PlanRefused, match="left since"):
        await back(documents, verified("1", revision, verified_at))
    other = "2026-11-23T10:00:00Z"  # verified of another object of that name: its numbers say nothing
    documents[0]["metadata"]["creationTimestamp"] = other
    assert is_back((await back(documents, verified("1", revision, verified_at))).plan)


async def test_what_is_gone_from_the_cluster_and_verified_is_a_way_back() -> None:
    guarded = await back(web("2", ("2", 2, "")), verified("1", "1"))
    assert guarded.allowed
    assert is_back(guarded.plan)
    assert "the whole template was remembered" in guarded.plan.after


async def test_what_cannot_be_told_needs_a_second_person_unless_it_is_verified() -> None:
    restored = web("2", ("2", 2, ""), ("1", 1, ""))  # made in the wrong order, without a history
    with pytest.raises(PlanRefused, match=r"1 \(web:1, it cannot be told whether it served before\)"):
        await back(restored)
    asked = (await back(restored, revision="1")).plan
    assert (asked.freeze, asked.risk, asked.promotes) == (FreezeRule.FROZEN, Risk.SECOND_PERSON, True)
    assert "it cannot be told whether it served before" in asked.effect
    known = await back(restored, verified("1"), revision="1")
    assert known.allowed
    assert is_back(known.plan)


async def test_a_version_that_a_person_decided_to_roll_back_is_neither_a_default_nor_released_again() -> None:
    store = StoreState(manual={WEB: "ann: 5xx"}, decided_on={WEB: "h2"})
    three = web("3", ("1", 1, ""), ("2", 2, ""), ("3", 3, ""))
    assert "web:1" in (await back(three, store)).plan.after
    with pytest.raises(PlanRefused, match=r"not released again: rolling it back was decided \(ann: 5xx\)"):
        await back(three, store, revision="2")


def crossed(tag: str, **more: Any) -> StoreState:
    found = Breach(
        trigger="errors", uid="uid-web", version=f"h{tag}", at=NOW - 600, sentence="3.1 % ≥ 1.3 %", **more
    )
    return StoreState(breaches={WEB: (found,)})


async def test_what_a_breach_left_is_no_way_back() -> None:
    """Also where the release that crossed the limit is over: by a fix, that is, and not by a return."""
    three = web("3", ("1", 1, ""), ("2", 2, ""), ("3", 3, ""))
    for state in (crossed("2"), crossed("2", ended="over", ended_at=NOW - 60)):
        assert "web:1" in (await back(three, state)).plan.after
    with pytest.raises(
        PlanRefused, match=r"not released again: BREACH of Tue 24 Nov 15:50 UTC: 3.1 % ≥ 1.3 %"
    ):
        await back(three, crossed("2"), revision="2")
    over = (await back(three, crossed("2", ended="over", ended_at=NOW - 60), revision="2")).plan
    assert not is_back(over)
    assert "BREACH of Tue 24 Nov 15:50 UTC" in over.after
    overruled = (await back(three, crossed("2", overruled="ann and bob: a probe"), revision="2")).plan
    assert not is_back(overruled)
    again = msgspec.structs.replace(verified("2", at=NOW - 60), breaches=crossed("2", ended="x").breaches)
    assert "web:2 (revision 2), last verified good" in (await back(three, again)).plan.after
    before = msgspec.structs.replace(verified("2"), breaches=crossed("2").breaches)
    assert "web:1" in (await back(three, before)).plan.after


async def test_a_restart_in_between_is_no_version_to_go_back_to() -> None:
    documents = web("2", ("1", 1, ""), ("2", 2, ""), ("2r", 3, ""))
    stamp = {"kubectl.kubernetes.io/restartedAt": "2026-11-24T10:00:00Z"}
    for one in (documents[0], documents[3]):
        found = one["spec"]["template"]
        found["metadata"]["annotations"] = stamp
        found["spec"]["containers"][0]["image"] = "registry.example/web:2"
    guarded = await back(documents)
    assert "web:1 (revision 1)" in guarded.plan.after
    with pytest.raises(PlanRefused, match="runs what runs already: only the stamp of a restart differs"):
        await back(documents, revision="2")


async def test_what_never_served_everything_is_no_way_back() -> None:
    """web:2 never became well, and web:3 is to mend it: web:1 has pods still, so nothing served everything since."""
    documents = web("3", ("1", 1, ""), ("2", 2, ""), ("3", 3, ""))
    unknown = "UNVERIFIED, not known whether it ever served everything: the revision before"
    for asked in ({}, {"revision": "1"}):  # complete: nothing tells any more
        assert unknown.partition(":")[0] in (await back(documents, **asked)).plan.after
    assert f"web:2 (revision 2), {unknown}" in (await back(documents)).plan.after
    with_pods(documents[1], 2)
    with_pods(documents[2], 1)
    plan = (await back(documents)).plan
    assert is_back(plan)
    assert "web:1 (revision 1), UNVERIFIED: the revision before" in plan.after
    again = await back(documents, revision="2")
    assert not is_back(again.plan)
    assert (again.allowed, again.refused) == (False, "closed: blackout")
    assert "it never served everything, so this is a release and no way back" in again.plan.effect
    assert "chosen, UNVERIFIED" in again.plan.after and "not known" not in again.plan.after
    assert is_back((await back(documents, verified("2"), revision="2")).plan)  # our log knows better
    with_pods(documents[1], 0)  # web:2 took all over after all
    assert "web:2 (revision 2)" in (await back(documents)).plan.after


async def test_an_older_controller_revision_with_a_higher_number() -> None:
    def revision(tag: str, number: int, day: int) -> dict[str, Any]:
        owner = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "name": "db",
            "uid": "uid-db",
            "controller": True,
        }
        made = meta(f"db-{tag}", ownerReferences=[owner], creationTimestamp=f"2026-11-{day}T10:00:00Z")
        return {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": made,
            "data": {"spec": {"template": template("db", tag)}},
            "revision": number,
        }

    database = {**deployment("db", "1"), "kind": "StatefulSet"}
    board = Standing([database, revision("1", 3, 20), revision("2", 2, 21)])
    with pytest.raises(PlanRefused, match=r"2 \(db:2, left since\)"):
        await desk(board).plan("workload.rollback", subject("StatefulSet", "db"), {})
    database["spec"]["template"] = template("db", "2")
    board = Standing([database, revision("1", 1, 20), revision("2", 2, 21)])
    plan = (await desk(board).plan("workload.rollback", subject("StatefulSet", "db"), {})).plan
    assert is_back(plan)


async def test_what_is_held_goes_back_and_is_released_in_one_patch() -> None:
    for sets in ((("1", 1, ""), ("2", 2, "")), (("1", 1, ""),)):
        guarded = await back(web("2", *sets, paused=True))
        (request,) = guarded.plan.requests
        changed = {o["path"]: o.get("value") for o in json.loads(request.body) if o["op"] != "test"}
        assert changed["/spec/paused"] is False
        assert changed["/spec/template"]["spec"]["containers"][0]["image"].endswith("web:1")
        assert "its hold ends with it" in guarded.plan.effect
        assert "+ paused: false" in guarded.plan.diff
        assert guarded.allowed


async def test_a_held_rollout_s_abort_ends_its_hold() -> None:
    held = rollout("held")
    held["spec"]["paused"] = True
    board = Standing([held, replica_set(held, "1", 1), replica_set(held, "2", 2)])
    plan = (await desk(board).plan("workload.rollback", subject("Rollout", "held"), {})).plan
    assert [r.what for r in plan.requests] == ["abort the release", "end the hold"]


async def test_a_pair_s_canary_goes_where_no_earlier_revision_is_kept() -> None:
    stable, canary = web("1", ("1", 1, "")), deployment("web-canary", "2")
    board = Standing([*stable, canary, replica_set(canary, "2", 1)])
    guarded = await desk(board, pairs=(("web", "web-canary"),)).plan("workload.rollback", WEB, {})
    assert guarded.allowed
    assert [r.path.rpartition("/")[2] for r in guarded.plan.requests] == ["scale"]
    assert guarded.plan.subject.name == "web-canary"


@pytest.mark.parametrize(
    ("at", "replicas", "freeze", "promotes"),
    [
        ("web-canary", "9", FreezeRule.FROZEN, True),
        ("web-canary", "1", FreezeRule.EXEMPT, False),
        ("web", "1", FreezeRule.FROZEN, True),
        ("web", "9", FreezeRule.EXEMPT, False),
        ("alone", "9", FreezeRule.EXEMPT, False),
        ("alone", "1", FreezeRule.FROZEN, False),
    ],
)
async def test_a_canary_side_that_grows_is_promoted(
    at: str, replicas: str, freeze: FreezeRule, promotes: bool
) -> None:
    canary, alone = deployment("web-canary", "2"), deployment("alone")
    board = Standing(
        [*web("1", ("1", 1, "")), canary, replica_set(canary, "2", 1), alone, replica_set(alone, "2", 2)]
    )
    service = desk(board, pairs=(("web", "web-canary"),))
    plan = (await service.plan("workload.scale", subject("Deployment", at), {"replicas": replicas})).plan
    assert (plan.freeze, plan.promotes) == (freeze, promotes)
    assert any("this is a promotion" in note for note in plan.notes) is promotes


async def test_an_undo_is_one_run_to_the_end() -> None:
    """Nothing is in flight: template, then a full promotion once its controller took it up."""
    whole = rollout("whole", currentPodHash="h2", stableRS="h2", phase="Healthy", pauseConditions=None)
    whole["status"]["currentStepIndex"] = 4
    sets = [replica_set(whole, "1", 1), replica_set(whole, "2", 2)]
    board = Standing([whole, *sets])
    plan = (await desk(board).plan("workload.rollback", subject("Rollout", "whole"), {})).plan
    assert is_back(plan)
    undo, full = plan.requests
    assert (undo.after, full.what) == (None, "promote it fully")
    assert full.after is not None
    assert (full.after.id, full.unless and full.unless.id) == ("taken-up:whole:h1:h2", "promoted-to:whole:h1")
    tests = {o["path"]: o["value"] for o in json.loads(full.body) if o["op"] == "test"}
    assert tests["/status/currentPodHash"] == "h1"
    assert [p.id for p in plan.posts] == ["written", "whole:whole:h1"]
    again = rollout("whole", currentPodHash="h1", stableRS="h1", phase="Healthy", pauseConditions=None)
    again["spec"]["template"] = template("whole", "1")
    sets[0]["metadata"]["annotations"] = {
        "rollout.argoproj.io/revision": "3",
        "rollout.argoproj.io/revision-history": "1",
    }
    board = Standing([again, *sets])
    released = (await desk(board).plan("rollout.undo", subject("Rollout", "whole"), {"revision": "2"})).plan
    assert len(released.requests) == 1  # what was left is released by its steps
    assert (released.freeze, released.promotes) == (FreezeRule.FROZEN, True)


DEFAULTED = {
    "imagePullPolicy": "IfNotPresent",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}


@pytest.mark.parametrize("cpu", ["", "1000m"], ids=["defaults", "another word for the same"])
async def test_what_the_server_filled_into_a_replica_set_is_no_other_version(cpu: str) -> None:
    """A Rollout's own template stays as it was written: a custom resource has no defaults. Seen on a real server."""
    whole = rollout("whole", currentPodHash="h2", stableRS="h2", phase="Healthy", pauseConditions=None)
    sets = [replica_set(whole, "1", 1), replica_set(whole, "2", 2)]
    for one in sets:
        pod = one["spec"]["template"]["spec"]
        pod |= {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "securityContext": {}}
        pod["containers"][0] |= {**DEFAULTED, **({"resources": {"limits": {"cpu": "1"}}} if cpu else {})}
    if cpu:
        whole["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": cpu}}
    board = Standing([whole, *sets])
    plan = (await desk(board).plan("workload.rollback", subject("Rollout", "whole"), {})).plan
    assert "whole:1 (revision 1)" in plan.after


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"imagePullPolicy": "IfNotPresent"}, {}, True),
        ({"imagePullPolicy": "Always"}, {}, False),
        ({"image": "a", "imagePullPolicy": "Always"}, {"image": "a"}, True),
        ({"image": "r:5000/a:latest", "imagePullPolicy": "Always"}, {"image": "r:5000/a:latest"}, True),
        ({"image": "a:latest", "imagePullPolicy": "IfNotPresent"}, {"image": "a:latest"}, False),
        ({"restartPolicy": "Always"}, {}, False),  # a sidecar
        ({"securityContext": {"privileged": True}}, {}, False),
        (
            {"livenessProbe": {"httpGet": {"port": 80, "scheme": "HTTP"}, "periodSeconds": 10}},
            {"livenessProbe": {"httpGet": {"port": 80}}},
            True,
        ),
        ({"livenessProbe": {"periodSeconds": 11}}, {"livenessProbe": {}}, False),
        ({"ports": [{"containerPort": 80, "protocol": "TCP"}]}, {"ports": [{"containerPort": 80}]}, True),
        ({"tty": True}, {"tty": 1}, False),
    ],
)
def test_templates_that_run_the_same(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    def of(container: dict[str, Any]) -> dict[str, Any]:
        return {"spec": {"containers": [{"name": "main", "image": "r/a:1", **container}]}}

    assert (key_of(of(one)) == key_of(of(other))) is same


def _store(board: Standing, ledger: Ledger) -> None:
    ledger.down = "the disk is full"
    put(board, health=StoreHealth(local="the disk is full", shared="refused", shared_configured=True))


def _peer(board: Standing, ledger: Ledger) -> None:
    other = [subject("Deployment", "web"), subject("Rollout", "paused"), subject("Canary", "waits")]
    put(
        board,
        acting=tuple(
            RunningAction(subject=s, by="bob@corp", action="x", since=NOW, terminal="t2") for s in other
        ),
    )


def _verdict(board: Standing, ledger: Ledger) -> None:
    board.say(canaries=judged(Outcome.BREACH))


def _clock(board: Standing, ledger: Ledger) -> None:
    board.say(calendar=msgspec.structs.replace(CLOSED, problem="the clocks differ by 900 s"))


def put(board: Standing, **fields: Any) -> None:
    state = msgspec.structs.replace(board.picture.store_state, **fields)
    board.picture = msgspec.structs.replace(board.picture, store_state=state)


def _log(board: Standing, ledger: Ledger) -> None:
    """A chain beside ours that is not whole."""
    cut = Observation[SourceInfo](problem=Problem(kind=ProblemKind.UNREACHABLE, cause="its tail was cut"))
    board.picture = msgspec.structs.replace(board.picture, sources={"store": cut})


def _sync(board: Standing, ledger: Ledger) -> None:
    """Owned by an Application that undoes, and that cannot be read: it cannot be stopped from here."""
    board.documents[0]["metadata"]["annotations"][TRACKING] = f"shop:apps/Deployment:{NS}/web"
    automated = {"syncPolicy": {"automated": {"selfHeal": True}}}
    board.documents.append(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": meta("shop"),
            "spec": automated,
        }
    )
    seen = picture(board.documents)
    board.picture = msgspec.structs.replace(board.picture, clusters=seen.clusters)


def _fields(board: Standing, ledger: Ledger) -> None:
    """Who manages its fields is nothing that can be read."""
    odd = [{"manager": 3, "fieldsV1": "x", "time": None}, {"fieldsV1": {"f:spec": {"f:template": []}}}, "odd"]
    board.documents[0]["metadata"]["managedFields"] = odd


BROKEN = {
    "store": _store,
    "peer": _peer,
    "verdict": _verdict,
    "clock": _clock,
    "log": _log,
    "sync": _sync,
    "fields": _fields,
}


@pytest.mark.parametrize(
    "broken",
    [c for n in (1, 2, len(BROKEN)) for c in itertools.combinations(BROKEN, n)],
    ids="+".join,
)
@pytest.mark.parametrize("held", [False, True], ids=["going on", "held"])
async def test_nothing_of_ours_refuses_a_way_back(broken: tuple[str, ...], held: bool) -> None:
    board, ledger = Standing(web("2", ("1", 1, ""), ("2", 2, ""), paused=held)), Ledger()
    for name in broken:
        BROKEN[name](board, ledger)
    service = desk(board, ledger, second_person=("workload.rollback",), bulk_cap=1)
    assert isinstance(service, ActingService)
    service._under_way.add("something of ours that hangs")
    guarded = await service.plan("workload.rollback", WEB, {})
    assert guarded.allowed, guarded.refused
    assert ("it cannot be suspended from here: not found" in guarded.plan.notes) is ("sync" in broken)
    done = await sent(service, guarded)
    assert (done.result, len(board.server.sent)) == (Result.APPLIED, 1), done.sentence


async def sent(service: ActingService, guarded: Guarded) -> Progress:
    """Execute, until it is done or verified: nothing changes here."""
    reached: asyncio.Future[Progress] = asyncio.get_running_loop().create_future()

    def tell(progress: Progress) -> None:
        if progress.stage in ("verifying", "done") and not reached.done():
            reached.set_result(progress)

    run = asyncio.ensure_future(service.execute(guarded, confirmed(guarded), tell))
    found = await asyncio.wait_for(reached, 5)
    for task in (run, *service._runs.values()):
        task.cancel()
    await asyncio.gather(run, return_exceptions=True)
    return found
