"""An action service that says and does what a test gives it, behind the protocol that the real ones have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tests.tui import canaryworld as cw
from tests.tui import world
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import (
    Arguments,
    Check,
    Choice,
    Confirmation,
    FreezeRule,
    Guarded,
    Offer,
    Plan,
    Post,
    Progress,
    Request,
    Result,
    Risk,
)
from tfdash.model.mode import ModeNow, Posture
from tfdash.model.store_state import ApprovalRequest
from tfdash.model.subject import Subject

ROLL_BACK = Offer(action="workload.rollback", title="workload: roll back", key="b")
PROMOTE = Offer(
    action="rollout.promote",
    title="rollout: promote",
    key="o",
    refused="BREACH",
    remedy="roll back first",
)
HOLD = Offer(action="workload.hold", title="workload: hold", key="h")
SCALE = Offer(
    action="workload.scale",
    title="workload: scale",
    key="s",
    arguments=("replicas", "minimum", "maximum"),
    needed=("replicas",),
)
SHELL = Offer(action="pod.shell", title="pod: shell", key="x")
EVICT = Offer(action="pod.evict", title="pod: evict", key="")
OFFERS = (ROLL_BACK, PROMOTE, HOLD, SCALE)

CHECKS = (
    Check(id="right", text="may patch rollouts/status", passed=True),
    Check(id="dry-run", text="dry run accepted", passed=True),
    Check(id="policy", text="never frozen by the calendar", passed=True),
    Check(id="lock", text="nobody else acts on it", passed=True),
)


def plan_of(action: str, subject: Subject, made_at: float, **over: Any) -> Plan:
    request = Request(
        method="PATCH",
        path="/apis/argoproj.io/v1alpha1/namespaces/tf-production/rollouts/checkout/status",
        body='[{"op":"replace","path":"/status/abort","value":true}]',
        subject=subject,
    )
    given: dict[str, Any] = {
        "id": "p-1",
        "action": action,
        "title": "workload: roll back",
        "subject": subject,
        "effect": "from 2.14.0 to 2.13.4, last verified good 17 Nov 10:41 by ci: the release is aborted, 2 canary pods go",
        "requests": (request,),
        "before": "checkout:2.14.0 (revision 88)",
        "after": "checkout:2.13.4 (revision 87)",
        "diff": ("- image checkout:2.14.0", "+ image checkout:2.13.4", "- env FEATURE_TAX=on"),
        "skips": (),
        "not_reverted": ("ConfigMap checkout-cfg (changed 14m ago)", "database schema 212", "replicas (HPA)"),
        "notes": ("Argo CD will sync 2.14.0 back unless the application is paused.",),
        "choices": (Choice(id="suspend", text="pause the Argo CD application shop first"),),
        "posts": (
            Post(id="aborted", text="the release is aborted"),
            Post(id="pods", text="the canary's pods are gone"),
        ),
        "risk": Risk.TYPED_NAME,
        "freeze": FreezeRule.EXEMPT,
        "typed": subject.name,
        "digest": f"d1-{subject.name}",
        "made_at": made_at,
        "expires_at": made_at + 60.0,
    }
    return Plan(**(given | over))


class ToldService:
    """``offered`` by kind; ``plans`` and ``outcome`` change what is planned and what comes of it."""

    def __init__(
        self, offered: Sequence[Offer] = OFFERS, kinds: Sequence[str] = ("Deployment",), **over: Any
    ) -> None:
        self.offered, self.kinds, self.over = tuple(offered), tuple(kinds), over
        self.mode, self.acts, self.bulk_cap = ModeNow(Posture.ACTING), True, 20
        self.checks: tuple[Check, ...] = CHECKS
        self.refused = ""
        self.changed: tuple[str, ...] = ()
        self.trouble: Exception | None = None
        self.planned: list[tuple[str, Subject, dict[str, Any]]] = []
        self.refreshed: list[tuple[str, ...]] = []
        self.executed: list[tuple[Plan, Confirmation]] = []
        self.entry = "ops-7:1207"
        self.result = Result.APPLIED
        self.gate: asyncio.Event | None = None
        self.asked: list[str] = []
        self.decided: list[tuple[str, bool, str]] = []
        self.break_glass: list[tuple[str, str]] = []
        self.persons: list[tuple[str, str, str]] = []
        self.clock: Callable[[], float] = lambda: world.NOW

    def offers(self, subject: Subject) -> tuple[Offer, ...]:
        return self.offered if subject.kind in self.kinds else ()

    def _guarded(self, plan: Plan) -> Guarded:
        return Guarded(plan=plan, checks=self.checks, refused=self.refused, changed=self.changed)

    async def plan(self, action: str, subject: Subject, arguments: Arguments) -> Guarded:
        self.planned.append((action, subject, dict(arguments)))
        if self.trouble is not None:
            raise self.trouble
        if action == "workload.scale" and "replicas" not in arguments:
            raise PlanRefused("replicas: must be given", wanting=("replicas",))
        given = {"arguments": tuple(sorted((k, str(v)) for k, v in arguments.items()))}
        return self._guarded(plan_of(action, subject, self.clock(), **(given | self.over)))

    async def refresh(self, plan: Plan, choices: tuple[str, ...] = ()) -> Guarded:
        self.refreshed.append(choices)
        chosen = tuple(msgspec.structs.replace(c, chosen=c.id in choices) for c in plan.choices)
        now = self.clock()
        over = {"choices": chosen, "made_at": now, "expires_at": now + 60.0} | self.over
        return self._guarded(msgspec.structs.replace(plan, **over))

    async def execute(
        self, guarded: Guarded, confirmation: Confirmation, tell: Callable[[Progress], None]
    ) -> Progress:
        plan = guarded.plan
        if said := self._person(plan, confirmation):
            return Progress(plan=plan, stage="done", result=self.result, sentence=said)
        self.executed.append((plan, confirmation))
        for stage in ("checking", "recording", "sending"):
            tell(Progress(plan=plan, stage=stage, sentence="", entry=self.entry))
        posts: tuple[tuple[Post, bool | None], ...] = tuple((p, None) for p in plan.posts)
        tell(Progress(plan=plan, stage="verifying", result=self.result, posts=posts, entry=self.entry))
        if self.gate is not None:
            await self.gate.wait()
        done = Progress(
            plan=plan,
            stage="done",
            result=self.result,
            sentence="accepted by the API server",
            entry=self.entry,
            posts=tuple((p, True) for p in plan.posts),
        )
        tell(done)
        return done

    async def request_approval(self, guarded: Guarded, reason: str) -> ApprovalRequest:
        self.asked.append(reason)
        return ApprovalRequest(
            id=f"apr-{40 + len(self.asked)}",
            digest=guarded.plan.digest,
            requester="oncall@corp",
            requested_at=world.NOW,
            expires_at=world.NOW + 900,
            reason=reason,
            plan=msgspec.json.encode(guarded.plan).decode(),
        )

    async def terminal_ended(self, plan: Plan, code: int) -> None: ...

    def _person(self, plan: Plan, given: Confirmation) -> str:
        """What a person decides is kept apart; what is said of it, "" of anything else."""
        name = plan.subject.name
        match plan.action:
            case "approval.approve" | "approval.deny":
                word = {"approval.approve": "approved", "approval.deny": "denied"}[plan.action]
                self.decided.append((name, word == "approved", given.reason))
                return f"request {name} is {word} as second@corp, stamped by postgresql"
            case "environment.break-glass" | "environment.end-break-glass":
                ends = plan.action == "environment.end-break-glass"
                self.break_glass.append((name, given.reason))
                return (
                    f"break-glass in {name} is over"
                    if ends
                    else f"break-glass active in {name}: the calendar and the second person are waived"
                )
            case "release.decide-rollback" | "release.withdraw-rollback":
                back = plan.action == "release.withdraw-rollback"
                self.persons.append(("decide", name, "" if back else given.reason))
                return f"{plan.subject}: decided"
            case "release.sign":
                self.persons.append(("sign", name, given.reason))
                return f"{plan.subject}: signed"
        return ""

    async def reconcile(self) -> tuple[Any, ...]:
        return ()


__all__ = [
    "EVICT",
    "HOLD",
    "OFFERS",
    "PROMOTE",
    "ROLL_BACK",
    "SCALE",
    "SHELL",
    "ToldService",
    "cw",
    "plan_of",
]
