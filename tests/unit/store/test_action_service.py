"""The action service on the real store: what is promised across both is asked of both.

The board stands still and the API server is one in memory (``tests.unit.actions.things``); the audit log is a real file, and a
second person is stamped by a real PostgreSQL.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.unit.actions.acting import confirmed
from tests.unit.actions.things import CLOSED, NOW, REF, Standing, meta, subject, world
from tests.unit.store.conftest import Database
from tests.unit.store.helpers import Clock, opened
from tests.unit.store.test_shared import end, sync
from tests.waiting import soon
from tfdash.actions.core import verification
from tfdash.actions.core.action_service import ActingService
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_digest import plan_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import (
    Answer,
    ApprovalRefused,
    OutcomeUnknown,
    PlanRefused,
    Writers,
)
from tfdash.actions.store.subjects import approval_subject, environment_subject
from tfdash.model.action import Guarded, Plan, Progress, Request, Result
from tfdash.model.store_state import Entry
from tfdash.store.opening import Opened

WEB, HELD = subject("Deployment", "web"), subject("Deployment", "held")


@pytest.fixture(autouse=True)
def _over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The board stands still, so no postcondition comes true: each second of waiting for it is a millisecond here."""
    real = time.monotonic
    monkeypatch.setattr(verification, "time", SimpleNamespace(monotonic=lambda: real() * 1000))
    monkeypatch.setattr(verification, "_LOOK_EVERY", 0.01)


class Terminal:
    """A board, a service and a real store. ``see`` has the board show what the store knows now."""

    def __init__(
        self,
        folder: Path,
        *,
        policy: ActionPolicy | None = None,
        store: Opened | None = None,
        documents: list[dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        self.clock = Clock(NOW)
        self.opened = store or opened(folder, self.clock, **options)
        self.store = self.opened.store
        self.board = Standing(documents or world())
        self.service = ActingService(
            self.board,
            Writers(clusters={REF: self.board.server}),
            self.store,
            policy or ActionPolicy(follow=0.0, settle_margin=0.0),
            self.clock,
            Mode(acts=True),
        )
        self.see()

    @property
    def sent(self) -> list[Request]:
        return self.board.server.sent

    def see(self) -> None:
        self.board.picture = msgspec.structs.replace(self.board.picture, store_state=self.store.state())

    async def plan(self, action: str = "workload.restart", at: Any = WEB, **given: str) -> Guarded:
        self.see()
        return await self.service.plan(action, at, given)

    async def execute(self, guarded: Guarded, **given: Any) -> Progress:
        work = self.service.execute(guarded, confirmed(guarded, **given), lambda p: None)
        return await asyncio.wait_for(work, 60)

    async def entries(self) -> list[Entry]:
        """Oldest first."""
        return (await self.store.newest(100))[::-1]

    async def kinds(self) -> list[str]:
        return [str(e.kind) for e in await self.entries()]


class Held:
    """The server's answer to writes waits until it is let go."""

    def __init__(self, terminal: Terminal) -> None:
        self.arrived, self.let_go = asyncio.Event(), asyncio.Event()
        real = terminal.board.server.send

        async def send(request: Request, *, audit_id: str, timeout: float) -> Answer:
            answer = await real(request, audit_id=audit_id, timeout=timeout)
            if not request.path.endswith("/events"):
                self.arrived.set()
                await self.let_go.wait()
            return answer

        terminal.board.server.send = send  # type: ignore[method-assign]  # an answer that waits for the test


async def test_what_was_done_stands_in_the_log_in_its_order(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    done = await at.execute(await at.plan("workload.release", HELD))
    assert done.result is Result.APPLIED
    entries = await at.entries()
    assert [e.kind for e in entries] == ["intent", "confirmation", "outcome", "verification"]
    assert {e.intent for e in entries} == {done.entry}
    assert {e.actor for e in entries} == {"ada@corp"}
    assert {(e.target, e.action, e.environment, e.cluster) for e in entries} == {
        ("Deployment shop/held", "workload.release", "production", "eu-1")
    }
    at.store.close()


async def test_the_same_plan_twice_is_done_once_and_both_get_its_outcome(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    held, guarded = Held(at), await at.plan()
    first = asyncio.ensure_future(at.execute(guarded))
    await held.arrived.wait()
    second = asyncio.ensure_future(at.execute(guarded))
    held.let_go.set()
    assert await first == await second == await at.execute(guarded)
    assert len(at.sent) == 1 and (await at.kinds()).count("intent") == 1
    at.store.close()


async def test_another_plan_of_the_very_same_is_refused_while_it_is_under_way_and_not_afterwards(
    tmp_path: Path,
) -> None:
    at = Terminal(tmp_path)
    held, one, other = Held(at), await at.plan(), await at.plan()
    assert one.plan.id != other.plan.id and one.plan.digest == other.plan.digest
    first = asyncio.ensure_future(at.execute(one))
    await held.arrived.wait()
    refused = await at.execute(other)
    assert (refused.result, refused.sentence) == (Result.REFUSED, "the very same is under way already")
    assert len(at.sent) == 1
    held.let_go.set()
    await first
    assert (await at.execute(await at.plan())).result is Result.APPLIED
    assert len(at.sent) == 2
    at.store.close()


def autoscaler(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(name),
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 10,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        },
        "status": {"currentReplicas": 3, "desiredReplicas": 3},
    }


async def test_the_very_same_is_known_by_what_is_sent_also_where_a_shown_word_moved(tmp_path: Path) -> None:
    at = Terminal(tmp_path, documents=[*world(), autoscaler("web")])
    held, one = Held(at), await at.plan("workload.scale", minimum="4")
    first = asyncio.ensure_future(at.execute(one))
    await held.arrived.wait()
    deployment = at.board.server.documents["/apis/apps/v1/namespaces/shop/deployments/web"]
    deployment["spec"]["replicas"] = 4  # the autoscaler's doing
    other = await at.plan("workload.scale", minimum="4")
    assert other.plan.requests == one.plan.requests and other.plan.before != one.plan.before
    refused = await at.execute(other)
    assert (refused.result, refused.sentence) == (Result.REFUSED, "the very same is under way already")
    held.let_go.set()
    await first
    assert len(at.sent) == 1
    at.store.close()


async def test_of_two_of_the_very_same_in_one_instant_one_is_refused(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    done = await asyncio.gather(at.execute(await at.plan()), at.execute(await at.plan()))
    assert sorted(d.result for d in done if d.result) == [Result.APPLIED, Result.REFUSED]
    assert len(at.sent) == 1
    at.store.close()


async def test_different_things_go_on_beside_each_other_up_to_the_cap(tmp_path: Path) -> None:
    at = Terminal(tmp_path, policy=ActionPolicy(follow=0.0, bulk_cap=2))
    held = Held(at)
    plans = [await at.plan(), await at.plan("workload.hold"), await at.plan("workload.release", HELD)]
    under_way = []
    for guarded in plans[:2]:
        held.arrived.clear()
        under_way.append(asyncio.ensure_future(at.execute(guarded)))
        await held.arrived.wait()
    refused = await at.execute(plans[2])
    assert refused.result is Result.REFUSED and "2 actions are under way already" in refused.sentence
    assert len(at.sent) == 2
    waived = await at.execute(await at.plan("environment.break-glass", environment_subject("production")))
    assert waived.result is Result.APPLIED, "the cap is for what is sent"
    held.let_go.set()
    assert [p.result for p in await asyncio.gather(*under_way)] == [Result.APPLIED, Result.APPLIED]
    assert (await at.execute(plans[2])).result is Result.APPLIED
    at.store.close()


async def test_a_plan_of_another_terminal_is_refused(tmp_path: Path) -> None:
    one, other = Terminal(tmp_path / "one"), Terminal(tmp_path / "other")
    refused = await other.execute(await one.plan())
    assert (refused.result, other.sent) == (Result.REFUSED, [])
    assert "not made here" in refused.sentence
    one.store.close()
    other.store.close()


async def test_it_goes_on_when_whoever_asked_is_gone(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    held, guarded = Held(at), await at.plan()
    asked = asyncio.ensure_future(at.execute(guarded))
    await held.arrived.wait()
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    held.let_go.set()
    assert (await at.execute(guarded)).result is Result.APPLIED  # the first one's outcome
    assert len(at.sent) == 1 and "outcome" in await at.kinds()
    at.store.close()


async def test_without_a_disk_what_is_exempt_goes_on_unrecorded_and_all_else_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    at = Terminal(tmp_path / "file" / "x")
    done = await at.execute(await at.plan())
    assert done.result is Result.APPLIED and done.sentence.startswith("UNRECORDED: ")
    assert (len(at.sent), done.entry) == (1, "")
    refused = await at.execute(await at.plan("workload.release", HELD))
    assert refused.result is Result.REFUSED and "nothing durable would remember it" in refused.sentence
    assert len(at.sent) == 1
    at.store.close()


async def test_an_outcome_that_never_came_is_settled_by_reading_after_a_restart(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    guarded = await at.plan()

    class Killed(BaseException):
        pass

    async def die(*_: Any, **__: Any) -> Answer:
        raise Killed

    at.board.server.send = die  # type: ignore[method-assign]  # the process ends as it sends
    with pytest.raises(Killed):
        await at.execute(guarded)
    assert await at.kinds() == ["intent"]
    at.store.close()
    again = Terminal(tmp_path)
    again.clock.at = NOW + 3600
    await again.opened.source.load()
    again.see()
    (left,) = again.board.picture.store_state.unsettled
    (settled,) = await again.service.reconcile()
    assert (settled.entry.intent, settled.result, settled.recorded) == (
        left.intent,
        Result.NOT_APPLIED,
        True,
    )
    assert again.store.state().unsettled == () and again.sent == []
    again.store.close()


async def test_what_was_not_followed_to_its_end_is_verified_by_the_next_start(tmp_path: Path) -> None:
    """Killed while it was verifying: the effect is looked at, and its verification recorded, all the same."""
    for seen in (True, False):
        folder = tmp_path / str(seen)
        at = Terminal(folder, policy=ActionPolicy(follow=600.0, settle_margin=0.0))
        guarded = await at.plan("workload.hold")
        verifying = asyncio.Event()

        def tell(progress: Progress, verifying: asyncio.Event = verifying) -> None:
            if progress.stage == "verifying":
                verifying.set()

        run = asyncio.ensure_future(at.service.execute(guarded, confirmed(guarded), tell))
        await asyncio.wait_for(verifying.wait(), 30)
        for task in (run, *at.service._runs.values()):
            task.cancel()
        await asyncio.gather(run, *at.service._runs.values(), return_exceptions=True)
        assert (await at.kinds())[-1] == "outcome"
        assert at.store.state().unverified == ()  # this terminal may still be at it
        at.store.close()
        again = Terminal(folder)
        again.clock.at = NOW + 60
        await again.opened.source.load()
        again.see()
        (left,) = again.store.state().unverified
        deployment = again.board.server.documents["/apis/apps/v1/namespaces/shop/deployments/web"]
        deployment["spec"]["paused"] = seen
        following = asyncio.ensure_future(again.service.follow_what_was_left())
        await soon(lambda store=again.store: store.state().unverified == (), "the verification")
        following.cancel()
        last = (await again.entries())[-1]
        assert (str(last.kind), last.intent) == ("verification", left[0].intent)
        word = "seen: spec.paused is as asked" if seen else "NOT seen in time: spec.paused is as asked"
        assert last.sentence == f"{word} (looked at by the next start)"
        assert again.sent == []
        again.store.close()


async def test_an_answer_that_was_lost_is_told_by_reading_and_sent_once(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    guarded = await at.plan()
    at.board.server.answers = [OutcomeUnknown("lost")]
    done = await at.execute(guarded)
    assert done.result is Result.NOT_APPLIED and "it took no effect" in done.sentence
    assert len(at.sent) == 1
    assert [e.kind for e in await at.entries() if e.kind == "outcome"] == ["outcome"]
    at.store.close()


# -- what a person decides --------------------------------------------------------------------------------------

WEB_ROLLOUT, FINISHED = subject("Rollout", "paused"), subject("Deployment", "done")
PRODUCTION = environment_subject("production")


async def test_a_decision_to_roll_back_is_one_entry_and_is_taken_back_by_another(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    at.board.say(calendar=CLOSED)  # it is never frozen
    done = await at.execute(await at.plan("release.decide-rollback", WEB_ROLLOUT), reason="customers call")
    assert (done.result, done.sentence) == (
        Result.APPLIED,
        "Rollout shop/paused: ada@corp decides to roll back",
    )
    state = at.store.state()
    assert state.manual == {WEB_ROLLOUT: "ada@corp: customers call"} and state.decided_on[WEB_ROLLOUT]
    done = await at.execute(await at.plan("release.withdraw-rollback", WEB_ROLLOUT), reason="")
    assert done.result is Result.APPLIED and at.store.state().manual == {}
    entries = await at.entries()
    assert [(e.kind, e.actor, e.sentence) for e in entries] == [
        ("note", "ada@corp", "ada@corp: customers call"),
        ("note", "ada@corp", "takes back the decision to roll back"),
    ]
    assert at.sent == []
    at.store.close()


async def test_a_signature_is_the_version_that_serves_with_name_reason_and_verdicts(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    guarded = await at.plan("release.sign", FINISHED)
    for given, told in (({"reason": "x"}, "a reason is needed"), ({"typed": "other"}, "to be typed: done")):
        refused = await at.execute(guarded, **given)
        assert refused.result is Result.REFUSED and told in refused.sentence
    assert at.store.state().verified == {}
    done = await at.execute(guarded, reason="held for a week")
    assert done.result is Result.APPLIED, done.sentence
    (good,) = at.store.state().verified.values()
    assert (good.subject, good.by, good.at, good.images) == (
        FINISHED,
        "ada@corp",
        NOW,
        ("registry.example/done:2",),
    )
    assert good.verdicts == ("signed by ada@corp: held for a week",)
    assert await at.kinds() == ["refusal", "refusal", "verification"]
    at.store.close()


async def test_what_is_signed_is_what_was_shown(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    guarded = await at.plan("release.sign", FINISHED)
    document = at.board.server.documents["/apis/apps/v1/namespaces/shop/deployments/done"]
    document["spec"]["template"]["spec"]["containers"][0]["env"] = []
    refused = await at.execute(guarded)
    assert (refused.result, refused.sentence) == (Result.REFUSED, "it changed since the plan was made")
    assert at.store.state().verified == {}
    at.store.close()


async def test_break_glass_waives_the_calendar_for_whoever_broke_it_until_its_end(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    at.board.say(calendar=CLOSED)
    assert (await at.plan("workload.release", HELD)).refused == "closed: blackout"
    broken = await at.plan("environment.break-glass", PRODUCTION)
    for given in ({"reason": "  "}, {"typed": "staging"}):
        assert (await at.execute(broken, **given)).result is Result.REFUSED
    assert at.store.state().break_glass == {}
    assert (await at.execute(broken, reason="an outage")).result is Result.APPLIED
    glass = at.store.state().break_glass["production"]
    assert (glass.by, glass.reason) == ("ada@corp", "an outage")
    waived = await at.plan("workload.release", HELD)
    assert waived.allowed and (await at.execute(waived)).result is Result.APPLIED
    ended = await at.plan("environment.end-break-glass", PRODUCTION)
    assert (await at.execute(ended)).result is Result.APPLIED
    assert (await at.plan("workload.release", HELD)).refused == "closed: blackout"
    assert [k for k in await at.kinds() if k == "break-glass"] == ["break-glass"] * 2
    at.store.close()


async def test_without_a_disk_nothing_is_decided(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    at = Terminal(tmp_path / "file" / "x")
    for action, to in (
        ("release.decide-rollback", WEB_ROLLOUT),
        ("release.sign", FINISHED),
        ("environment.break-glass", PRODUCTION),
    ):
        done = await at.execute(await at.plan(action, to))
        assert done.result is Result.NOT_APPLIED and done.sentence
    state = at.store.state()
    assert (state.manual, state.verified, state.break_glass) == ({}, {}, {})
    at.store.close()


async def test_an_approval_that_is_not_known_here_cannot_be_answered(tmp_path: Path) -> None:
    at = Terminal(tmp_path)
    with pytest.raises(PlanRefused, match="not known here"):
        await at.plan("approval.approve", approval_subject("production", "nowhere"))
    at.store.close()


# -- a second person --------------------------------------------------------------------------------------------

ASKS = ActionPolicy(follow=0.0, second_person=("workload.release",))


def person(folder: Path, database: Database, role: str, policy: ActionPolicy = ASKS) -> Terminal:
    store = opened(folder / role, Clock(NOW), url=database.url(role), terminal=role, deadline=5.0)
    return Terminal(folder, policy=policy, store=store)


async def asked(ann: Terminal, at: Any = HELD) -> tuple[Guarded, str]:
    ann.store.health = msgspec.structs.replace(ann.store.health, shared_configured=True)
    guarded = await ann.plan("workload.release", at)
    assert guarded.allowed, guarded.refused
    return guarded, (await ann.service.request_approval(guarded, "the queue is full")).id


async def answered(bob: Terminal, approval: str, approve: bool) -> None:
    await sync(bob.opened)
    await bob.store.look_at_approvals()
    action = "approval.approve" if approve else "approval.deny"
    (shown,) = (a for a in bob.store.state().approvals if a.id == approval)
    done = await bob.execute(
        await bob.plan(action, approval_subject("production", approval), digest=shown.digest)
    )
    if done.result is not Result.APPLIED:
        raise ApprovalRefused(done.sentence)


async def test_one_asks_another_approves_and_it_is_used_once(tmp_path: Path, database: Database) -> None:
    ann, bob = person(tmp_path, database, "ann"), person(tmp_path, database, "bob")
    guarded, approval = await asked(ann)
    refused = await ann.execute(guarded, approval=approval)
    assert refused.result is Result.REFUSED and "nobody has approved it yet" in refused.sentence
    await answered(bob, approval, True)
    done = await ann.execute(guarded, approval=approval)
    assert done.result is Result.APPLIED and len(ann.sent) == 1
    refused = await ann.execute(await ann.plan("workload.release", HELD), approval=approval)
    assert refused.result is Result.REFUSED and "used already" in refused.sentence
    assert len(ann.sent) == 1
    await end(ann.opened, bob.opened)


async def test_whoever_asked_cannot_approve_and_a_denial_ends_it(tmp_path: Path, database: Database) -> None:
    ann, bob = person(tmp_path, database, "ann"), person(tmp_path, database, "bob")
    guarded, approval = await asked(ann)
    with pytest.raises(ApprovalRefused, match="second person"):
        await answered(ann, approval, True)
    await answered(bob, approval, False)
    refused = await ann.execute(guarded, approval=approval)
    assert refused.result is Result.REFUSED and "denied it" in refused.sentence
    assert ann.sent == []
    await end(ann.opened, bob.opened)


async def test_an_approval_is_of_one_plan_and_of_what_its_approver_was_shown(
    tmp_path: Path, database: Database
) -> None:
    ann, bob = person(tmp_path, database, "ann"), person(tmp_path, database, "bob")
    guarded, approval = await asked(ann)
    await answered(bob, approval, True)
    document = ann.board.server.documents["/apis/apps/v1/namespaces/shop/deployments/held"]
    document["spec"]["progressDeadlineSeconds"] = 9
    document["metadata"]["uid"] = "another"
    other = await ann.plan("workload.release", HELD)
    assert other.plan.digest != guarded.plan.digest
    refused = await ann.execute(other, approval=approval)
    assert refused.result is Result.REFUSED and "another plan" in refused.sentence
    assert "changed since it was approved" in refused.sentence
    (request,) = (a for a in ann.store.state().approvals if a.id == approval)
    forged = msgspec.structs.replace(msgspec.json.decode(request.plan, type=Plan), requests=())
    text = msgspec.json.encode(forged).decode()
    with pytest.raises(ApprovalRefused, match="not the one that its digest names"):
        plan_of(msgspec.structs.replace(request, plan=text))
    await end(ann.opened, bob.opened)


async def test_in_a_closed_calendar_an_emergency_fix_goes_by_a_second_person(
    tmp_path: Path, database: Database
) -> None:
    policy = ActionPolicy(follow=0.0)
    ann, bob = person(tmp_path, database, "ann", policy), person(tmp_path, database, "bob", policy)
    ann.board.say(calendar=CLOSED)
    guarded, approval = await asked(ann)
    assert (await ann.execute(guarded)).result is Result.REFUSED
    await answered(bob, approval, True)
    assert (await ann.execute(guarded, approval=approval)).result is Result.APPLIED
    await end(ann.opened, bob.opened)


async def test_what_was_approved_goes_past_no_rule_that_its_approver_was_not_told_of(
    tmp_path: Path, database: Database
) -> None:
    policy = ActionPolicy(follow=0.0, second_person=("workload.release",))
    ann, bob = person(tmp_path, database, "ann", policy), person(tmp_path, database, "bob", policy)
    guarded, approval = await asked(ann)  # while the calendar is open
    assert [w.id for w in guarded.plan.waives] == ["verdict"]
    await answered(bob, approval, True)
    ann.board.say(calendar=CLOSED)
    refused = await ann.execute(guarded, approval=approval)
    assert (
        refused.result is Result.REFUSED and "it would also go past the release calendar" in refused.sentence
    )
    again = await ann.plan("workload.release", HELD)
    assert [w.id for w in again.plan.waives] == [
        "calendar",
        "verdict",
    ] and again.plan.digest != guarded.plan.digest
    assert ann.sent == []
    await end(ann.opened, bob.opened)


async def test_an_approver_whose_terminal_sees_another_object_cannot_approve(
    tmp_path: Path, database: Database
) -> None:
    ann, bob = person(tmp_path, database, "ann"), person(tmp_path, database, "bob")
    _, approval = await asked(ann)
    bob.board.server.documents["/apis/apps/v1/namespaces/shop/deployments/held"]["metadata"]["uid"] = (
        "another"
    )
    with pytest.raises(PlanRefused, match="made anew on this terminal it is another plan"):
        await answered(bob, approval, True)
    await answered(bob, approval, False)  # a denial needs no plan
    await end(ann.opened, bob.opened)
