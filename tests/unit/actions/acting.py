"""An action service on an API server, for tests: a real board, a real writer, and a ledger that keeps its entries in memory.

The ledger here is the simplest thing that keeps the protocol's promises; the store's own tests run the real one.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tfdash.actions.core.action_service import make_service
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import ActionService, ApprovalRefused, LedgerUnavailable, Writers
from tfdash.board.board import Board
from tfdash.clock import Clock, SystemClock
from tfdash.judging.judge import Judge
from tfdash.model.action import Confirmation, Guarded, Plan, Progress, Result
from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import Breach
from tfdash.model.store_state import ApprovalRequest, Entry, EntryKind, VerifiedGood
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.update import Update
from tfdash.sources.base import ALL
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.writers.kubernetes import KubernetesWriter

T = TypeVar("T")
REF = ClusterRef("production", "eu-1")
KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Pod",
    "Node",
    "Namespace",
    "CronJob",
    "Service",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Rollout",
    "AnalysisRun",
    "Canary",
)
QUICK = {"backoff_first": 0.05, "backoff_longest": 0.3, "publish_every": 0.02}
OPEN = CalendarState(at=0.0, open=True, text="release OPEN", why="open: a test's window")
CLOSED = CalendarState(at=0.0, open=False, text="release CLOSED", why="closed: blackout", opens_at=4e9)


class Ledger:
    """Entries in memory. ``down``: what it says instead of keeping one."""

    terminal = "t1"

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.down = ""
        self.approvals: dict[str, ApprovalRequest] = {}

    async def append(
        self,
        kind: EntryKind,
        *,
        actor: str,
        subject: Subject | None = None,
        action: str = "",
        intent: str = "",
        sentence: str = "",
        data: Mapping[str, Any] | None = None,
        environment: str = "",
    ) -> Entry:
        if self.down:
            raise LedgerUnavailable(self.down)
        number = len(self.entries) + 1
        entry = Entry(
            version=1,
            terminal=self.terminal,
            sequence=number,
            at=float(number),
            kind=kind,
            actor=actor,
            environment=environment,
            target=str(subject or ""),
            action=action,
            sentence=sentence,
            intent=intent or (f"{self.terminal}:{number}" if kind is EntryKind.INTENT else ""),
            data=json.dumps(data or {}),
            hash=f"{number:064x}",
        )
        self.entries.append(entry)
        return entry

    async def reserve(self, entries: int) -> None:
        if self.down:
            raise LedgerUnavailable(self.down)

    async def request_approval(self, plan: Plan, reason: str) -> ApprovalRequest:
        request = ApprovalRequest(
            id=f"a{len(self.approvals) + 1}",
            digest=plan.digest,
            requester="",
            requested_at=0.0,
            expires_at=900.0,
            reason=reason,
            plan=msgspec.json.encode(plan).decode(),
        )
        self.approvals[request.id] = request
        return request

    async def approver(self) -> str:
        return "bob"

    async def decide(self, approval: str, digest: str, approve: bool, reason: str) -> ApprovalRequest:
        if self.approvals[approval].digest != digest:
            raise ApprovalRefused("its digest differs")
        state = "approved" if approve else "denied"
        kind = EntryKind.APPROVAL if approve else EntryKind.DENIAL
        await self.append(kind, actor="bob", sentence=reason)
        self.approvals[approval] = msgspec.structs.replace(self.approvals[approval], state=state)
        return self.approvals[approval]

    async def consume_approval(self, approval: str, digest: str, requester: str) -> ApprovalRequest:
        found = self.approvals.get(approval)
        if found is None or found.digest != digest or found.state != "approved":
            raise ApprovalRefused("no such approval" if found is None else f"it is {found.state}")
        self.approvals[approval] = msgspec.structs.replace(found, state="consumed")
        return found

    async def remember_verified(self, good: VerifiedGood) -> None:
        await self._note(good.by, f"{good.subject} is verified")

    async def remember_manual(self, subject: Subject, actor: str, sentence: str, version: str = "") -> None:
        await self._note(actor, sentence)

    async def remember_breach(
        self, subject: Subject, breach: Breach, state: str, text: str = "", actor: str = "tfdash"
    ) -> None:
        await self._note(actor, f"{state}: {text}")

    async def announce(self, plan: Plan, actor: str, sentence: str, now: float) -> str:
        return ""

    async def _note(self, actor: str, sentence: str) -> None:
        await self.append(EntryKind.NOTE, actor=actor, sentence=sentence)

    async def break_glass(self, environment: str, actor: str, reason: str) -> None:
        await self.append(EntryKind.BREAK_GLASS, actor=actor, sentence=reason, environment=environment)

    async def end_break_glass(self, environment: str, actor: str) -> None:
        await self.append(EntryKind.BREAK_GLASS, actor=actor, sentence="over", environment=environment)

    async def review_break_glass(self, environment: str, actor: str, text: str) -> None:
        await self.append(EntryKind.BREAK_GLASS, actor=actor, sentence=text, environment=environment)

    def kinds(self) -> list[str]:
        return [str(e.kind) for e in self.entries]


class TestJudge(Judge):
    """The judge, with a calendar and verdicts that a test says."""

    __test__ = False
    calendar: CalendarState | None = OPEN
    canaries: Mapping[Subject, Any] = {}

    def assess(self, picture: Any, change: Any, now: float) -> Any:
        assessment, judged = super().assess(picture, change, now)
        found = msgspec.structs.replace(
            assessment, calendar=self.calendar, canaries={**assessment.canaries, **self.canaries}
        )
        return found, judged


class Bench:
    """A board, an action service and a ledger on one API server, driven from a test's own thread."""

    def __init__(self, board: Board, actions: ActionService, ledger: Ledger, judge: TestJudge) -> None:
        self.board, self.actions, self.ledger, self.judge = board, actions, ledger, judge
        self._actions: Any = actions

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 60.0) -> T:
        return asyncio.run(asyncio.wait_for(work, timeout))

    def until(self, true: Callable[[], bool], what: str, timeout: float = 30.0) -> None:
        news = threading.Condition()

        def heard(update: Update) -> None:
            with news:
                news.notify_all()

        stop = self.board.subscribe(heard)
        try:
            with news:
                assert news.wait_for(true, timeout), f"waited {timeout:g} s for {what}"
        finally:
            stop()

    def subject(self, kind: str, namespace: str, name: str) -> Subject:
        return Subject(REF, kind, namespace, name)

    def see(self, subject: Subject) -> None:
        """Until the board knows it."""
        objects = self.board.picture.clusters[subject.cluster]
        self.until(
            lambda: subject.key in self.board.picture.clusters[subject.cluster].objects(subject.kind),
            f"{subject} to be seen among {len(objects.objects(subject.kind))}",
        )

    def plan(self, action: str, subject: Subject, **arguments: Any) -> Guarded:
        return self.run(self._actions.plan(action, subject, arguments))

    def act(self, guarded: Guarded, **given: Any) -> tuple[Progress, list[Progress]]:
        """Confirm as the plan asks, and carry it out."""
        told: list[Progress] = []
        done = self.run(self._actions.execute(guarded, confirmed(guarded, **given), told.append), 120.0)
        return done, told

    def do(self, action: str, subject: Subject, **arguments: Any) -> Progress:
        guarded = self.plan(action, subject, **arguments)
        assert guarded.allowed, guarded.refused
        return self.act(guarded)[0]


async def decided(service: ActionService, action: str, subject: Subject, reason: str) -> str:
    """Plan and confirm what a person decides; what came of it, in words."""
    guarded = await service.plan(action, subject, {})
    done = await service.execute(guarded, confirmed(guarded, reason=reason), lambda p: None)
    assert done.result is Result.APPLIED, done.sentence
    return done.sentence


def confirmed(guarded: Guarded, **given: Any) -> Confirmation:
    values = {
        "plan_digest": guarded.plan.digest,
        "typed": guarded.plan.typed,
        "reason": "a test says so",
        "extra": True,
        "choices": tuple(c.id for c in guarded.plan.choices if c.chosen),
        **given,
    }
    return Confirmation(**values)


@contextmanager
def bench(
    kubeconfig: Path,
    context: str,
    *,
    policy: ActionPolicy | None = None,
    clock: Clock | None = None,
    mode: Mode | None = None,
    margin: float = 1.0,
    judge: TestJudge | None = None,
    kinds: tuple[str, ...] = KINDS,
    through: str = "",
    ledger: Any = None,
    sources: tuple[Any, ...] = (),
    more: Callable[[KubernetesSource, Clock], tuple[Any, ...]] = lambda source, clock: (),
) -> Iterator[Bench]:
    """``more``: further sources that read by that of the cluster."""
    access = resolve(str(kubeconfig), context)
    clock, judge, ledger = clock or SystemClock(), judge or TestJudge(), ledger or Ledger()
    source = KubernetesSource(REF, access, clock, tuning=KubernetesSettings(**QUICK))
    board = Board([source], judge, clock, interval=0.02, sources=(*sources, *more(source, clock)))
    board.want("test", {kind: ALL for kind in kinds})
    writer = KubernetesWriter(
        REF, Credentials(replace(access, server=through or access.server)), margin=margin
    )
    chosen = policy or ActionPolicy(follow=60.0, server_timeout=5.0, settle_margin=margin)
    actions = make_service(
        board, Writers(clusters={REF: writer}), ledger, chosen, clock, mode or Mode(acts=True)
    )
    board.start()
    found = Bench(board, actions, ledger, judge)
    try:
        found.until(
            lambda: not [w for w in board.unsettled() if w[1] in kinds], "the first lists", timeout=60.0
        )
        yield found
    finally:
        board.stop(5.0)
