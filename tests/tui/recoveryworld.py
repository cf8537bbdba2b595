"""Runs of procedures at one fixed moment: their states are what the real fold makes of events; what a step would do is written here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tests.tui import world
from tests.tui.recorded import REF
from tests.unit.playbook.procedures.running import Run
from tfdash.model.action import Progress
from tfdash.model.procedure import Procedure, StepKind
from tfdash.model.recovery import LookAlike, RecoveryProposal, RecoveryReadiness, RecoveryState
from tfdash.model.run import Probed, RunEvent, RunEventKind, RunState, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level, UnknownKind
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.reading import digest_of, read_procedure
from tfdash.procedures.protocols import Given, Prepared, RunRefused, Told

NOW = world.NOW
CHECKOUT = "Deployment tf-production/checkout"

FAILURE = """
title = "single service failure"
purpose = "bring one service back, keep what tells why, and fix it by the release procedure"
recovery = true
holds = ["{service}"]
rto = "30m"
rehearse = "90d"

[roles]
managers = "say whether traffic may go there"

[[inputs]]
id = "service"
title = "the service that fails"
type = "workload"

[scenario]
title = "a service fails and the platform around it is well"
signs = [{ probe = "workload.down" }]

[[steps]]
id = "seen"
title = "it is this service that fails"
kind = "check"
asks = [{ probe = "workload.down", workload = "{service}" }]
target = "2m"

[[steps]]
id = "keep"
title = "gather logs, events and YAML before anything is deleted"
kind = "command"
command = "archive"
words = ["{service}"]
by_hand = "kubectl logs and describe into one archive"
target = "3m"

[[steps]]
id = "how"
title = "how is it mended?"
kind = "decision"

[[steps.branches]]
id = "back"
title = "what was released last is the cause: roll it back"
steps = ["rollback"]

[[steps.branches]]
id = "forth"
title = "a fix goes out by the release procedure"
steps = ["fix"]

[[steps]]
id = "rollback"
title = "roll it back"
kind = "action"
action = "workload.rollback"
subject = "{service}"
after = [{ probe = "workload.serving", workload = "{service}" }]
target = "5m"

[[steps]]
id = "fix"
title = "the fix is released"
kind = "manual"
text = "Start the release procedure for the fix, and come back here when it is verified good."
evidence = ["note"]

[[steps]]
id = "both"
title = "tidy up"
kind = "group"
parallel = true

[[steps.steps]]
id = "wipe"
title = "delete the failed pods that were isolated"
kind = "manual"
text = "kubectl delete pod, one by one"
evidence = ["note"]

[[steps.steps]]
id = "tell"
title = "tell the stakeholders"
kind = "notify"
on_failure = "continue"
message = "restored"

[[steps]]
id = "traffic"
title = "switch the traffic back"
kind = "command"
command = "switch"
words = ["{service}"]
by_hand = "by the load balancer's page"
no_return = "clients are sent to it at once; it can be switched away again, what failed meanwhile stays failed"

[[steps]]
id = "may"
title = "may it be called restored?"
kind = "approval"
role = "managers"
count = 2
alone = "break-glass, reviewed the next working day"

[[steps]]
id = "serves"
title = "it serves again, for five minutes"
kind = "wait"
asks = [{ probe = "workload.serving", workload = "{service}" }]
lasts = "5m"
timeout = "30m"
"""


def failure(text: str = FAILURE, **over: Any) -> Run:
    """A run of it that ana@corp began 12 minutes ago."""
    began = {
        "procedure": "service-failure",
        "inputs": {"service": [CHECKOUT]},
        "reason": "checkout is down since the release of 2.14.0",
        "targets": [CHECKOUT],
        "environment": REF.environment,
        "cluster": REF.cluster,
    }
    run = Run(text, **(began | over))
    run.events[:] = [msgspec.structs.replace(event, at=NOW - 720.0, by="ana@corp") for event in run.events]
    return run


def said(
    run: Run,
    kind: str,
    step: str = "",
    *,
    ago: float,
    by: str = "ana@corp",
    terminal: str = "ann",
    **more: Any,
) -> None:
    run.add(kind, step, at=NOW - ago, by=by, terminal=terminal, **more)


def at_decision(run: Run) -> Run:
    """Down is seen, the evidence is kept; how it is mended is to be decided."""
    said(run, "acknowledged", ago=700)
    said(
        run,
        "done",
        "seen",
        ago=690,
        attempt=1,
        sentence="checkout is down, 0 of 4 pods available: OOM killed",
    )
    said(run, "claimed", "keep", ago=680, fence=1)
    said(run, "begun", "keep", ago=679, attempt=1, fence=1, mark={"unit": "tfdash-keep-1"})
    said(run, "done", "keep", ago=600, attempt=1, sentence="41 files in checkout-evidence.tar.gz")
    return run


def at_rollback(run: Run, end: str = "") -> Run:
    """It is rolled back by ben@corp, whose terminal ended in between."""
    at_decision(run)
    said(run, "decided", "how", ago=560, branch="back", reason="2.14.0 leaks")
    said(run, "claimed", "rollback", ago=540, by="ben@corp", terminal="ben", fence=2)
    said(
        run,
        "begun",
        "rollback",
        ago=530,
        by="ben@corp",
        terminal="ben",
        attempt=1,
        fence=2,
        mark={"uid": "u-1"},
    )
    if end:
        said(
            run,
            end,
            "rollback",
            ago=420,
            by="ben@corp",
            terminal="ben",
            attempt=1,
            sentence="the connection to the API server was lost after it was sent"
            if end != "done"
            else "rolled back to 2.13.4",
        )
    return run


def past_both(run: Run) -> Run:
    """What is left is the switch of the traffic."""
    at_rollback(run, "done")
    said(run, "signed", "wipe", ago=300, note="7 pods deleted", worked=True)
    said(run, "done", "tell", ago=290, attempt=1, sentence="delivered to #incidents")
    return run


DOWN = Probed(
    passed=True,
    sentence="checkout is down, 0 of 4 pods available: OOM killed",
    line="kubectl -n tf-production get deployment checkout -o wide",
    seen_at=NOW - 4,
)
SERVES = Probed(
    passed=False,
    sentence="checkout is down, 0 of 4 pods available",
    line="kubectl -n tf-production rollout status deployment checkout",
    seen_at=NOW - 4,
)
AGE = Probed(passed=None, sentence="since when 2.14.0 serves is not known", unknown=UnknownKind.STALE)


class ToldRuns:
    """A run service that tells what a test gave it; what is called is kept in ``called``."""

    def __init__(self, *runs: Run, alone: str = "", procedures: Sequence[Procedure] | None = None) -> None:
        self.journals = {run.id: run for run in runs}
        self.alone, self.called = alone, list[tuple[Any, ...]]()
        self.refuse: RunRefused | None = None
        self.trouble: Exception | None = None  # of whoever asks what a step would do
        self.faults: tuple[str, ...] = ()
        self.previewed: dict[str, tuple[Told, ...]] = {}  # what a run would tell by itself
        shipped = library().procedures
        there = [read_procedure("service-failure", FAILURE), shipped["release"], shipped["rollback"]]
        self._procedures = list(procedures) if procedures is not None else there
        self.over: dict[str, Any] = {}

    def procedures(self) -> Sequence[Procedure]:
        return self._procedures

    def problems(self) -> Sequence[str]:
        return self.faults

    def runs(self) -> Sequence[RunState]:
        return [run.state for run in self.journals.values()]

    def run(self, id: str) -> RunState | None:
        return self.journals[id].state if id in self.journals else None

    def events(self, id: str) -> Sequence[RunEvent]:
        return self.journals[id].journal.events if id in self.journals else ()

    def coordinated(self) -> str:
        return self.alone

    def probes(self, run: str, step: str) -> tuple[Probed, ...]:
        return {"seen": (DOWN,), "rollback": (SERVES,), "serves": (SERVES,)}.get(step, ())

    async def prepare(self, run: str, step: str, choices: tuple[str, ...] = ()) -> Prepared:
        from tfdash.views.recovery.words import step_of

        if self.trouble is not None:
            raise self.trouble
        state = self.journals[run].state
        found = step_of(state, step)
        now = next(s for s in state.steps if s.id == step)
        assert found is not None
        said = {
            StepKind.MANUAL: ("sign",),
            StepKind.DECISION: ("decide",),
            StepKind.APPROVAL: ("approve", "deny"),
        }
        may: tuple[str, ...] = (*said.get(found.kind, ("do",)), "skip")
        lines: tuple[str, ...] = ()
        refused = ""
        if now.status is StepStatus.WAITING:
            may, refused = ("skip",), "it waits for what stands before it"
        if now.status is StepStatus.UNKNOWN:
            may = ("settle", "skip")
        if now.status is StepStatus.RUNNING:
            may, refused = ("take over", "skip"), f"it is under way, by {now.holder} at {now.terminal}"
        if found.kind is StepKind.COMMAND:
            lines = (
                "starts here, and is found again by its key:",
                f"$ {found.command} {' '.join(found.words)}",
            )
        told: tuple[Told, ...] = ()
        if found.kind is StepKind.NOTIFY:
            told = (
                Told(
                    channel="#incidents", subject="checkout is restored", body="since 09:15 EST\nby ana@corp"
                ),
            )
        made = Prepared(
            run=run,
            step=found,
            lines=lines,
            asks=self.probes(run, step)[: len(found.asks)],
            told=told,
            branches=((DOWN, AGE), ()) if found.branches else (),
            refused=refused,
            may=may,
        )
        return msgspec.structs.replace(made, **self.over)

    async def _told(self, *what: Any) -> RunState:
        self.called.append(what)
        if self.refuse is not None:
            raise self.refuse
        return next(iter(self.journals.values())).state

    async def start(
        self,
        procedure: str,
        inputs: Mapping[str, tuple[str, ...]],
        *,
        reason: str,
        cluster: ClusterRef,
        dry: bool = False,
        previewed: Sequence[str] = (),
    ) -> RunState:
        return await self._told("start", procedure, dict(inputs), reason, dry, *previewed)

    async def previews(
        self, procedure: str, given: Mapping[str, str], cluster: ClusterRef
    ) -> Mapping[str, tuple[Told, ...]]:
        return self.previewed

    async def do(
        self, run: str, step: str, given: Given, tell: Callable[[Progress], None] | None = None
    ) -> RunState:
        return await self._told("do", step, given)

    async def settle(self, run: str, step: str, given: Given) -> RunState:
        return await self._told("settle", step, given)

    async def skip(self, run: str, step: str, given: Given) -> RunState:
        return await self._told("skip", step, given)

    async def take_over(self, run: str, step: str, given: Given) -> RunState:
        return await self._told("take over", step, given)

    async def word(self, run: str, note: str = "") -> tuple[Told, ...]:
        return (
            Told(channel="#incidents", subject="single service failure: rolled back", body="1 of 9 steps"),
        )

    async def tell(self, run: str, given: Given) -> RunState:
        return await self._told("tell", given)

    async def note(self, run: str, step: str, text: str, *, proposes: str = "") -> RunState:
        return await self._told("note", step, text, proposes)

    async def add(
        self, run: str, kind: RunEventKind, step: str, given: Given, data: Mapping[str, Any]
    ) -> RunState:
        return await self._told(kind.value, step, given, dict(data))

    async def abort(self, run: str, given: Given) -> RunState:
        return await self._told("abort", given)

    async def close(self, run: str, given: Given) -> RunState:
        return await self._told("close", given)

    async def hand_over(self, run: str, path: str) -> str:
        await self._told("hand over", path)
        return f"the run is written into {path}"

    async def resume(self, path: str) -> RunState:
        return await self._told("resume", path)


RECOVERY = RecoveryState(
    proposals=(
        RecoveryProposal(
            procedure="service-failure",
            title="a service fails and the platform around it is well",
            proposed=True,
            cluster=REF,
            sentence="checkout is down for 12m, and the nodes, the API server and the other 41 workloads are well",
            signs=(DOWN,),
            against=(Probed(passed=False, sentence="many nodes are down: 0 of 12"),),
            alike=(
                LookAlike(
                    procedure="environment-failure",
                    title="the whole environment fails",
                    how="there most services fail at once, or the API server or the nodes are away, too",
                ),
            ),
            vantage=(Probed(passed=True, sentence="ben@corp's terminal sees the same, 3s ago"),),
            inputs={"service": (CHECKOUT,)},
            since=NOW - 720,
        ),
    ),
    readiness=(
        RecoveryReadiness(
            procedure="service-failure",
            title="a service fails and the platform around it is well",
            level=Level.WARN,
            cluster=REF,
            asks=(
                Probed(passed=True, sentence="the API server answers, 4s ago"),
                Probed(passed=None, sentence="whether evidence can be archived is not known"),
            ),
            missing=("archive is not configured",),
            rto=740.0,
            rto_source="the median of the last 3 runs",
            rehearsed_at=NOW - 20 * world.DAY,
            rehearsed_in=610.0,
        ),
    ),
)
DIGEST = digest_of(FAILURE)
AFAR = ClusterRef(REF.environment, "zz-9")


def elsewhere(said: RecoveryState) -> RecoveryState:
    """The same, and of another cluster that nothing calls for a runbook there, and that nothing is missing."""
    quiet = [msgspec.structs.replace(one, cluster=AFAR, proposed=False) for one in said.proposals]
    ready = [msgspec.structs.replace(one, cluster=AFAR, level=Level.OK, missing=()) for one in said.readiness]
    return msgspec.structs.replace(
        said, proposals=(*said.proposals, *quiet), readiness=(*said.readiness, *ready)
    )
