"""The whole registry in every mode: what may be done and what not, by one table. What is refused sends nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.actions.acting import Ledger, confirmed
from tests.unit.actions.things import CLOSED, HOURS, NOW, REF, Standing, judged, subject, world
from tests.unit.playbook.procedures.running import TEXT, Run
from tests.unit.store.helpers import Clock
from tfdash.actions.core.action import Target
from tfdash.actions.core.action_service import ActingService, ReadOnlyService, make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.plan_digest import carried, plan_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.postconditions import parts_of
from tfdash.actions.core.protocols import Writers
from tfdash.actions.core.run_tag import TAG
from tfdash.actions.registry import ACTIONS
from tfdash.actions.store.subjects import approval_subject, environment_subject, intent_subject
from tfdash.clock import FixedClock
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.model.action import FreezeRule, Progress, Result, Risk
from tfdash.model.judgement import Breach, Outcome
from tfdash.model.maintenance import ItemStanding, ItemState, item_subject
from tfdash.model.store_state import ApprovalRequest, BreakGlass, Entry, EntryKind, RunningAction, StoreHealth
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.releases import find_releases
from tfdash.writers.archives import ArchiveWriter

pytestmark = pytest.mark.long


def asked() -> ApprovalRequest:
    """What a second person is asked: a plan as another terminal makes it."""
    board = Standing(world())
    actions = make_service(
        board,
        Writers(clusters={REF: board.server}),
        Ledger(),
        ActionPolicy(),
        FixedClock(NOW),
        Mode(acts=True),
    )
    plan = carried(asyncio.run(actions.plan("workload.restart", subject("Deployment", "web"), {})).plan)
    return ApprovalRequest(
        id="a1",
        digest=plan.digest,
        requester="ann",
        requested_at=NOW,
        expires_at=NOW + 900,
        reason="r",
        plan=msgspec.json.encode(plan).decode(),
    )


SHOWN = asked()
# action, its target, what is given; one row for each that is there
CASES: list[tuple[str, str, str, dict[str, str]]] = [
    ("workload.rollback", "Deployment", "web", {}),
    ("workload.rollback", "Rollout", "paused", {}),
    ("workload.rollback", "Canary", "waits", {}),
    ("workload.restart", "Deployment", "web", {}),
    ("workload.archive", "Deployment", "web", {}),
    ("workload.hold", "Deployment", "web", {}),
    ("workload.release", "Deployment", "held", {}),
    ("workload.scale", "Deployment", "web", {"replicas": "9"}),
    ("workload.scale", "Deployment", "web", {"replicas": "1"}),
    ("workload.set-resources", "Deployment", "sized", {"cpu_request": "200m"}),
    ("autoscaler.bounds", "HorizontalPodAutoscaler", "sized", {"maximum": "9"}),
    ("autoscaler.bounds", "HorizontalPodAutoscaler", "sized", {"minimum": "1"}),
    ("quota.hard", "ResourceQuota", "most", {"hard": "12"}),
    ("quota.hard", "ResourceQuota", "most", {"hard": "1"}),
    ("namespace.scale-down", "Namespace", "night", {}),
    ("namespace.restore", "Namespace", "night", {}),
    ("namespace.keep-up", "Namespace", "night", {"until": "Thursday", "why": "a load test"}),
    ("workload.partition", "StatefulSet", "db", {"partition": "1"}),
    ("workload.partition", "StatefulSet", "db", {"partition": "3"}),
    ("rollout.promote", "Rollout", "paused", {}),
    ("rollout.promote-full", "Rollout", "paused", {}),
    ("rollout.abort", "Rollout", "paused", {}),
    ("rollout.retry", "Rollout", "aborted", {}),
    ("rollout.undo", "Rollout", "paused", {"revision": "1"}),
    ("rollout.stop-analysis", "Rollout", "analysed", {}),
    ("analysis.stop", "AnalysisRun", "analysed-run", {}),
    ("canary.open-gate", "Canary", "waits", {}),
    ("canary.close-gate", "Canary", "waits", {}),
    ("canary.suspend", "Canary", "waits", {}),
    ("canary.resume", "Canary", "stands", {}),
    ("canary.skip-analysis", "Canary", "waits", {}),
    ("canary.retry", "Canary", "lost", {}),
    ("pod.delete", "Pod", "web-1-a", {}),
    ("pod.evict", "Pod", "web-1-a", {}),
    ("pod.isolate", "Pod", "web-1-a", {}),
    ("pod.shell", "Pod", "web-1-a", {}),
    ("pod.port-forward", "Pod", "web-1-a", {}),
    ("node.cordon", "Node", "n1", {}),
    ("node.uncordon", "Node", "n2", {}),
    ("node.drain", "Node", "n1", {}),
    ("certificate.renew", "Certificate", "shop", {}),
    ("certificate.renew-all", "Certificate", "authority", {}),
    ("certificate.replace-key", "Certificate", "shop", {}),
    ("certificate.replace-all", "Certificate", "authority", {}),
    ("release.decide-rollback", "Rollout", "paused", {}),
    ("release.withdraw-rollback", "Rollout", "aborted", {}),
    ("release.overrule", "Rollout", "paused", {}),
    ("release.sign", "Deployment", "done", {}),
    ("approval.approve", "Approval", "a1", {"digest": SHOWN.digest}),
    ("approval.deny", "Approval", "a1", {"digest": SHOWN.digest}),
    ("environment.break-glass", "Environment", "production", {}),
    ("environment.end-break-glass", "Environment", "production", {}),
    ("environment.review-break-glass", "Environment", "production", {}),
    ("maintenance.sign-off", "MaintenanceItem", "access-review", {}),
    ("maintenance.adopt", "MaintenanceItem", "access-review", {"done": "2026-11-01"}),
    ("maintenance.waive", "MaintenanceItem", "access-review", {"until": "2026-12-31"}),
    ("intent.applied", "Intent", "i1", {}),
    ("intent.not-applied", "Intent", "i1", {}),
]
# as DESIGN has it: frozen by a closed calendar
FROZEN = {
    "workload.release",
    "workload.set-resources",
    "namespace.scale-down",
    "rollout.promote",
    "rollout.promote-full",
    "rollout.retry",
    "rollout.stop-analysis",
    "analysis.stop",
    "canary.open-gate",
    "canary.resume",
    "canary.skip-analysis",
    "canary.retry",
    "release.overrule",
}
PROMOTES = {
    "workload.set-resources",
    "rollout.retry",
    "canary.resume",
    "canary.retry",
    "rollout.promote",
    "rollout.promote-full",
    "rollout.stop-analysis",
    "canary.open-gate",
    "canary.skip-analysis",
    "analysis.stop",
}
EVERYTHING = {a for a, _, _, _ in CASES}
DECISIONS = {
    "release.decide-rollback": "note",
    "release.withdraw-rollback": "note",
    "release.overrule": "note",
    "release.sign": "note",
    "approval.approve": "approval",
    "approval.deny": "denial",
    "environment.break-glass": "break-glass",
    "environment.end-break-glass": "break-glass",
    "environment.review-break-glass": "break-glass",
    "maintenance.sign-off": "note",
    "maintenance.adopt": "note",
    "maintenance.waive": "note",
    "intent.applied": "outcome",
    "intent.not-applied": "outcome",
}
"""What a person decides: the entry that is recorded is all that is done."""
UNTYPED = {
    "release.decide-rollback",
    "approval.deny",
    "environment.review-break-glass",
    "maintenance.sign-off",
    "maintenance.adopt",
    "intent.applied",
    "intent.not-applied",
}  # a reason is asked, and no name
ASKS = {
    "release.overrule",
    "maintenance.waive",
}  # a second person always; only break-glass of one's own waives it
KUBECTL = {REF: ("kubectl",)}
ALL_ASK = tuple(sorted(EVERYTHING))


def left() -> Entry:
    """An intent that nobody said the end of, about Deployment web."""
    plan = msgspec.to_builtins(plan_of(asked()))
    return Entry(
        version=1,
        terminal="t9",
        sequence=1,
        at=NOW - 600,
        kind=EntryKind.INTENT,
        actor="ann",
        environment="production",
        action="workload.restart",
        intent="i1",
        sentence="web restarts",
        data=json.dumps({"plan": plan}),
    )


LEFT = left()


ITEM = ItemState(
    subject=item_subject("access-review", "production"),
    title="Access review",
    kind="access",
    owner="",
    standing=ItemStanding.DUE,
    level=Level.OK,
    sentence="Access review: due",
)


def target(kind: str, name: str) -> Subject:
    if kind == "Intent":
        return intent_subject("production", name)
    if kind == "Approval":
        return approval_subject("production", name)
    if kind == "MaintenanceItem":
        return item_subject(name, "production")
    return environment_subject(name) if kind == "Environment" else subject(kind, name)


def put(board: Standing, **fields: Any) -> None:
    """Have the store know it, beside what it knows."""
    state = msgspec.structs.replace(board.picture.store_state, **fields)
    board.picture = msgspec.structs.replace(board.picture, store_state=state)


def names(case: tuple[str, str, str, dict[str, str]]) -> str:
    return "-".join((case[0], case[2], *case[3].values()))


def frozen(action: str, given: dict[str, str]) -> bool:
    lowered = ("replicas", "partition", "minimum", "hard")
    return action in FROZEN or "1" in [given.get(name) for name in lowered]


class Mode_:
    """One way in which things may stand; ``allowed`` says what may then be done."""

    def __init__(
        self,
        allowed: Callable[[str, bool], bool],
        *,
        set_up: Callable[[Standing, Ledger], None] = lambda board, ledger: None,
        after_plan: Callable[[Standing, Ledger], None] = lambda board, ledger: None,
        policy: ActionPolicy | None = None,
        mode: Mode | None = None,
        later: float = 0.0,
        taken: str = "",
        **given: Any,
    ) -> None:
        self.allowed, self.set_up, self.after_plan = allowed, set_up, after_plan
        self.policy = policy or ActionPolicy(kubectl=KUBECTL, hours=HOURS)
        self.mode, self.given = mode or Mode(acts=True), given
        self.later = later  # seconds for which the plan is looked at
        self.taken = taken  # who took the step of a run over that it is done for

    async def still(self) -> str:
        return self.taken


def glass(by: str) -> Callable[[Standing, Ledger], None]:
    def break_it(board: Standing, ledger: Ledger) -> None:
        found = BreakGlass(environment="production", by=by, reason="outage 12", since=NOW - 5, until=NOW + 60)
        put(board, break_glass={"production": found})
        board.say(calendar=CLOSED)

    return break_it


def somebody(board: Standing, ledger: Ledger) -> None:
    acting = tuple(
        RunningAction(subject=target(kind, name), by="bob@corp", action="x", since=NOW, terminal="t2")
        for _, kind, name, _ in CASES
    )
    put(board, acting=acting)


def down(board: Standing, ledger: Ledger) -> None:
    ledger.down = "the disk is full"


def another_user(board: Standing, ledger: Ledger) -> None:
    board.server.user = "mallory@corp"


def another_object(board: Standing, ledger: Ledger) -> None:
    for document in board.server.documents.values():
        document["metadata"]["uid"] += "-new"


def forbidden(board: Standing, ledger: Ledger) -> None:
    board.server.forbidden = True


def says(outcome: Outcome) -> Callable[[Standing, Ledger], None]:
    return lambda board, ledger: board.say(canaries=judged(outcome))


def closed(board: Standing, ledger: Ledger) -> None:
    board.say(calendar=CLOSED)


def unknown_calendar(board: Standing, ledger: Ledger) -> None:
    board.say(calendar=None)


def shared(board: Standing, ledger: Ledger) -> None:
    health = StoreHealth(shared_configured=True)
    put(board, health=health)


def closed_and_shared(board: Standing, ledger: Ledger) -> None:
    """An emergency fix is possible: without an approval it is refused all the same."""
    shared(board, ledger)
    closed(board, ledger)


RUN = Run(
    TEXT.replace("recovery = true\n", 'recovery = true\nholds = ["Environment production"]\n'),
    environment=REF.environment,
    cluster=REF.cluster,
)


def recovering(board: Standing, ledger: Ledger) -> None:
    put(board, runs={RUN.id: RUN.journal})


def as_its_step(board: Standing, ledger: Ledger) -> None:
    recovering(board, ledger)
    TAG.set(f"{RUN.id}/rollback/1")


def anything(action: str, frozen: bool) -> bool:
    return True


def nothing(action: str, frozen: bool) -> bool:
    return False


def needs_no_right(action: str, frozen: bool) -> bool:
    """Who answers is stamped by the server that keeps the request; break-glass can always be ended."""
    return action.startswith("approval.") or action in ("environment.end-break-glass", "workload.archive")


def decides_by_itself(action: str, frozen: bool) -> bool:
    """What is approved is made anew from the object as it is."""
    return action in DECISIONS and action != "approval.approve"


def answers(action: str, frozen: bool) -> bool:
    return action.startswith("approval.")


def can_go_unrecorded(action: str, frozen: bool) -> bool:
    return not frozen and action not in DECISIONS


def unconfirmed(action: str, frozen: bool) -> bool:
    lowered = action == "workload.partition" and frozen  # a promotion: its name is typed
    return (ACTIONS[action].risk is Risk.KEY and not lowered) or action in UNTYPED


def exempt(action: str, frozen: bool) -> bool:
    return not frozen


def no_promotion(action: str, frozen: bool) -> bool:
    return action not in PROMOTES


def confirmed_once(action: str, frozen: bool) -> bool:
    """What is held and half way released goes on as a promotion too, where no verdict is known."""
    lowered = action == "workload.partition" and frozen
    return action not in PROMOTES and action != "workload.release" and not lowered


MODES = {
    "acting": Mode_(anything),
    "acting, after a long look at the plan": Mode_(anything, later=40.0),
    "read-only": Mode_(nothing, mode=Mode()),
    "elevation over": Mode_(nothing, mode=Mode(acts=True, lasts=0.0)),
    "calendar closed": Mode_(exempt, set_up=closed),
    "calendar closed, nobody approved the emergency": Mode_(exempt, set_up=closed_and_shared),
    "calendar closes meanwhile": Mode_(exempt, after_plan=closed),
    "calendar unknown": Mode_(exempt, set_up=unknown_calendar),
    "break-glass": Mode_(anything, set_up=glass("ada@corp")),
    "break-glass of somebody else": Mode_(exempt, set_up=glass("bob@corp")),
    "BREACH": Mode_(no_promotion, set_up=says(Outcome.BREACH)),
    "BREACH meanwhile": Mode_(no_promotion, after_plan=says(Outcome.BREACH)),
    "LOW TRAFFIC, not confirmed further": Mode_(
        confirmed_once, set_up=says(Outcome.LOW_TRAFFIC), extra=False
    ),
    "LOW TRAFFIC, confirmed further": Mode_(anything, set_up=says(Outcome.LOW_TRAFFIC), extra=True),
    "no right": Mode_(needs_no_right, set_up=forbidden),
    "right lost meanwhile": Mode_(needs_no_right, after_plan=forbidden),
    "identity changed meanwhile": Mode_(answers, after_plan=another_user),
    "another object meanwhile": Mode_(decides_by_itself, after_plan=another_object),
    "somebody else acts": Mode_(exempt, set_up=somebody),
    "a recovery holds it": Mode_(exempt, set_up=recovering),
    "a recovery begins meanwhile": Mode_(exempt, after_plan=recovering),
    "a step of the recovery that holds it": Mode_(anything, set_up=as_its_step, run=f"{RUN.id}/rollback/1"),
    "ledger down": Mode_(can_go_unrecorded, set_up=down),
    "second person, no server": Mode_(
        exempt, policy=ActionPolicy(kubectl=KUBECTL, hours=HOURS, second_person=ALL_ASK)
    ),
    "second person missing": Mode_(
        exempt, policy=ActionPolicy(kubectl=KUBECTL, hours=HOURS, second_person=ALL_ASK), set_up=shared
    ),
    "not confirmed": Mode_(unconfirmed, typed=""),
    "another plan confirmed": Mode_(nothing, plan_digest="00"),
    "for a step of a run": Mode_(anything, run="r1/restart/1"),
}
OF_THE_CALENDAR = {n for n in MODES if n.startswith("calendar") or n == "break-glass of somebody else"}
"""What they close is closed by the release calendar, which is not that of what goes by its environment's hours."""


def test_the_table_knows_every_action() -> None:
    assert set(ACTIONS) == EVERYTHING
    assert {a.id for a in ACTIONS.values() if a.freeze is FreezeRule.FROZEN} - {
        "workload.scale",
        "workload.partition",
        "autoscaler.bounds",
        "quota.hard",
    } == FROZEN
    assert {a.id for a in ACTIONS.values() if a.promotes} == PROMOTES


async def carry_out(
    board: Standing, mode: Mode_, case: tuple[str, str, str, dict[str, str]], folder: Path
) -> tuple[Progress, Ledger]:
    """Plan, confirm and execute; ends when it is being verified, for nothing verifies here."""
    action, kind, name, given = case
    ledger = Ledger()
    archives = ArchiveWriter(board, folder, FixedClock(NOW))
    writers = Writers(clusters={REF: board.server}, archives=archives)
    clock = Clock(NOW)
    actions = make_service(board, writers, ledger, mode.policy, clock, mode.mode)
    crossed = Breach(
        trigger="errors",
        uid="",
        version=find_releases(board.picture.clusters[REF], NOW)[subject("Rollout", "paused")].version,
        at=NOW,
    )
    put(
        board,
        approvals=(SHOWN,),
        unsettled=(LEFT,),
        manual={subject("Rollout", "aborted"): "ann: no"},
        breaches={subject("Rollout", "paused"): (crossed,)},
    )
    board.say(maintenance={ITEM.subject: ITEM})
    ledger.approvals["a1"] = SHOWN
    mode.set_up(board, ledger)
    guarded = await actions.plan(action, target(kind, name), given)
    known = {post.id for post in ACTIONS[action].posts}
    assert {parts_of(post)[0] for post in guarded.plan.posts} <= known
    mode.after_plan(board, ledger)
    clock.at += mode.later
    last: list[Progress] = []
    reached = asyncio.Event()

    def tell(progress: Progress) -> None:
        last.append(progress)
        if progress.stage in ("verifying", "terminal", "done"):
            reached.set()

    run = asyncio.ensure_future(actions.execute(guarded, confirmed(guarded, **mode.given), tell, mode.still))
    await asyncio.wait_for(reached.wait(), 5)
    progress = last[-1]
    if progress.stage == "terminal" and isinstance(actions, ActingService):
        await actions.terminal_ended(progress.plan, 0)
        return await run, ledger
    run.cancel()
    if isinstance(actions, ActingService):
        for task in actions._runs.values():
            task.cancel()
    await asyncio.gather(run, return_exceptions=True)
    if mode.mode.refused:
        assert not guarded.allowed
    return progress, ledger


@pytest.mark.parametrize("case", CASES, ids=names)
@pytest.mark.parametrize("name", MODES)
async def test_every_action_in_every_mode(
    name: str, case: tuple[str, str, str, dict[str, str]], tmp_path: Path
) -> None:
    mode, board = MODES[name], Standing(world())
    action, given = case[0], case[3]
    progress, ledger = await carry_out(board, mode, case, tmp_path)
    others = ACTIONS[action].by_hours and name in OF_THE_CALENDAR
    if mode.allowed(action, frozen(action, given) and not others) and (
        action not in ASKS or name == "break-glass"
    ):
        assert progress.result is Result.APPLIED, progress.sentence
        terminal = ACTIONS[action].terminal
        silent = terminal or action in DECISIONS or ACTIONS[action].target is Target.ARCHIVE
        needed = [r for r in progress.plan.requests if r.unless is None]
        assert len(board.server.sent) == (0 if silent else len(needed))
        if action in DECISIONS:
            assert ledger.kinds() == [DECISIONS[action]]
        elif name == "ledger down":
            assert "UNRECORDED: the disk is full" in progress.sentence or terminal
            assert progress.entry == ""
        else:
            assert ledger.kinds()[0] == "intent"
            assert "confirmation" in ledger.kinds() or not frozen(action, given)
    else:
        lost = name == "ledger down" and action in DECISIONS and action not in ASKS
        assert progress.result is (Result.NOT_APPLIED if lost else Result.REFUSED)
        assert progress.sentence
        assert board.server.sent == []
        if name not in ("ledger down",) and mode.mode.refused == "":
            assert ledger.kinds() == ["refusal"]


STEP = "r1/restart/1"


@pytest.mark.parametrize("case", CASES, ids=names)
async def test_a_step_that_somebody_took_over_sends_nothing(
    case: tuple[str, str, str, dict[str, str]], tmp_path: Path
) -> None:
    """Asked after the intent, just before sending: the entry then says that nothing was sent."""
    board = Standing(world())
    progress, ledger = await carry_out(board, Mode_(anything, run=STEP, taken="bob has it"), case, tmp_path)
    assert board.server.sent == []
    if case[0] not in ASKS:
        assert progress.result is Result.NOT_APPLIED and "bob has it" in progress.sentence
        assert "outcome" in ledger.kinds() or case[0] in DECISIONS


@pytest.mark.parametrize("case", CASES, ids=names)
async def test_a_step_that_nothing_would_remember_sends_nothing(
    case: tuple[str, str, str, dict[str, str]], tmp_path: Path
) -> None:
    """A way back, too: after a restart nobody could tell that the step was done. By its own key it goes out all the same."""
    board = Standing(world())
    progress, _ = await carry_out(board, Mode_(nothing, set_up=down, run=STEP), case, tmp_path)
    assert board.server.sent == [] and progress.result in (Result.REFUSED, Result.NOT_APPLIED)


def test_a_read_only_service_has_nothing_to_write_with() -> None:
    board = Standing(world())
    actions = make_service(board, None, None, ActionPolicy(), FixedClock(NOW), Mode(acts=True))
    assert isinstance(actions, ReadOnlyService)
    actions = make_service(
        board, Writers(clusters={REF: board.server}), None, ActionPolicy(), FixedClock(NOW), Mode()
    )
    assert isinstance(actions, ReadOnlyService)
    held = [v for v in vars(actions).values() if isinstance(v, Writers) or v is board.server]
    assert held == []


def test_offers_say_why_before_a_key_is_pressed() -> None:
    board = Standing(world())
    actions = make_service(
        board,
        Writers(clusters={REF: board.server}),
        Ledger(),
        ActionPolicy(),
        FixedClock(NOW),
        Mode(acts=True),
    )
    board.say(calendar=CLOSED, canaries=judged(Outcome.BREACH))
    offers = {o.action: o for o in actions.offers(subject("Rollout", "paused"))}
    assert (offers["workload.rollback"].key, offers["workload.rollback"].refused) == ("b", "")
    promote = offers["rollout.promote"]
    assert (promote.key, promote.refused, promote.opens_at) == ("o", "closed: blackout", CLOSED.opens_at)
    shell = {o.action: o for o in actions.offers(subject("Pod", "web-1-a"))}["pod.shell"]
    assert (shell.refused, shell.remedy) == ("kubectl is not installed or not on PATH", "install kubectl")
    past = ReadOnlyService(board, None, ActionPolicy(), FixedClock(NOW), Mode(recorded=True))
    shell = {o.action: o for o in past.offers(subject("Pod", "web-1-a"))}["pod.shell"]
    assert shell.refused.startswith("this is a recording") and "nothing that is recorded" in shell.about[-1]
    keys = [o.key for o in actions.offers(subject("Rollout", "paused")) if o.key]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('second_person = ["rollout.promot"]', "there is no action 'rollout.promot'"),
        ('second_person = ["production/workload.rollback"]', "never waits for a second person"),
        ('pipelines."rollback" = { command = ["ci"] }', "there is no action 'rollback'"),
    ],
)
def test_an_id_that_is_none_is_refused_by_the_configuration(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(f"[actions]\n{text}\n", "c.toml")
