"""A person at a terminal who works on whatever run is open, until it is killed:
``python -m tests.trials.procedure_driver CONFIG WITNESS SEED PROCEDURE start|join GIVEN_UP``.

It knows only what the screen says (``Prepared.may``). Where the outcome of a step is asked of a person, they look at the witness: the file
that each command appends to, and the nodes themselves. With "start" a run of the procedure is
begun where there is none yet. Once GIVEN_UP of its steps are over it is given up, and what was done is taken back (0: it never is).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from tests.platform.harness.terminals import REF, Terminal, terminal
from tests.trials.random_procedure import branch_of, inner_of
from tests.unit.actions.acting import confirmed
from tests.waiting import until
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.procedure import Step, StepKind
from tfdash.model.requests import ReadFailed
from tfdash.model.run import RunEventKind, RunOutcome, RunState, StepState, StepStatus
from tfdash.model.subject import Subject
from tfdash.playbook.procedures import walk
from tfdash.playbook.procedures.progress import OVER, steps_over
from tfdash.procedures.kind import state_of, step_of
from tfdash.procedures.protocols import Given, Prepared, RunRefused

_SILENT = 6.0  # seconds without an event after which somebody else's step is taken over
REASON = "as a trial has it"


class Person:
    """``at``: the whole acting terminal."""

    def __init__(self, at: Terminal, witness: Path, luck: Random, given_up: int) -> None:
        self.at, self.runs, self.witness, self.luck, self.given_up = at, at.runs, witness, luck, given_up

    def call(self, work: Any) -> Any:
        return self.at.run(work, 120.0)

    def turn(self, procedure: str, *, begins: bool) -> bool:
        """One look at the run of ``procedure``, which is begun where there is none; whether it is over."""
        names = (procedure, inner_of(procedure))
        found = [run for run in self.runs.runs() if run.procedure.id in names]
        if not any(run.procedure.id == procedure for run in found) and begins:
            self._tried(procedure, lambda: self.runs.start(procedure, {}, reason=REASON, cluster=REF))
        for run in found:
            if not self._closed(run):
                self._one(run)
        return bool(found) and all(self._closed(run) for run in found)

    def _tried(self, what: str, work: Callable[[], Any]) -> bool:
        """Whether it was done."""
        try:
            self.call(work())
        except (RunRefused, LedgerUnavailable, ReadFailed) as error:
            print(f"{what}: {error}", flush=True)
            return False
        return True

    def _closed(self, run: RunState) -> bool:
        return any(event.kind is RunEventKind.CLOSED for event in self.runs.events(run.id))

    def _one(self, run: RunState) -> None:
        given = Given(reason=REASON)
        enough = self.given_up and not run.within[0] and steps_over(run).over >= self.given_up
        if enough and run.outcome is RunOutcome.OPEN:
            self._tried(run.id, lambda: self.runs.abort(run.id, given))
            return
        under_way = [s.id for s in run.steps if s.status in (StepStatus.RUNNING, StepStatus.UNKNOWN)]
        failed = [s.id for s in run.steps if s.status is StepStatus.FAILED and run.outcome is RunOutcome.OPEN]
        for ids in (under_way, list({*run.next, *failed})):
            for id in self.luck.sample(ids, len(ids)):
                self._step(run, id)
        newest = self.runs.run(run.id)
        if newest is None or newest.next:
            return
        left = any(s.status not in OVER for s in newest.steps) and newest.outcome is RunOutcome.OPEN
        if not left and self._tried(run.id, lambda: self.runs.close(run.id, given)):
            print(f"{run.id} closed", flush=True)

    def _step(self, run: RunState, id: str) -> None:
        if (found := step_of(run, id)) is None or found.kind is StepKind.GROUP:
            return
        at, given, seen = (run.id, id), Given(reason=REASON), self.runs.run(run.id)
        if seen is None or (state := state_of(seen, id)) is None:
            return
        shown: Prepared | None = None

        async def looked() -> None:
            nonlocal shown
            shown = await self.runs.prepare(*at)

        if not self._tried(id, looked) or shown is None:
            return
        newest = self.runs.run(run.id)
        now = state_of(newest, id) if newest is not None else None
        if now is None or (now.status, now.attempt) != (state.status, state.attempt):
            return  # what is shown is of another moment than what stands beside it
        acts = bool(shown.step.command or shown.step.action)
        if "settle" in shown.may:
            worked = Given(worked=self._worked(run, shown.step), reason=REASON, attempt=state.attempt)
            self._tried(id, lambda: self.runs.settle(*at, worked))
        elif state.status is StepStatus.FAILED and acts and "do" not in shown.may:
            if self.luck.random() < 0.1:  # it failed, and goes on: that is how it stays
                self._tried(id, lambda: self.runs.skip(*at, given))
        elif state.status is StepStatus.FAILED and acts and self._worked(run, shown.step):
            if not shown.step.idempotent:  # a person does not do it once more
                self._tried(id, lambda: self.runs.skip(*at, given))
            elif self.luck.random() < 0.2:  # else it is repeated by itself, or later
                self._do(run, shown, state)
        elif "take over" in shown.may and not (shown.claimed and shown.claimed.terminal):
            # somebody worked on it of whom nothing is known here: the person looks
            if state.status is StepStatus.READY and acts and self._worked(run, shown.step):
                self._tried(id, lambda: self.runs.skip(*at, given))
            elif self.at.board._clock.now() - (state.since or 0.0) > _SILENT:
                fence = shown.claimed.fence if shown.claimed else state.fence
                self._tried(id, lambda: self.runs.take_over(*at, Given(reason=REASON, fence=fence)))
        elif "skip" in shown.may and _hopeless(seen, shown.step):
            self._tried(id, lambda: self.runs.skip(*at, given))
        elif set(shown.may) & {"do", "sign", "decide", "pass", "approve", "alone"}:
            self._do(run, shown, state)
        elif "begin" in shown.may:
            inner = shown.step.begins[0]
            self._tried(id, lambda: self.runs.start(inner, {}, reason=REASON, cluster=REF))
        elif "skip" in shown.may and shown.step.optional:
            self._tried(id, lambda: self.runs.skip(*at, given))
        elif shown.refused:
            print(f"{run.id} {id}: {shown.refused} {shown.may}", flush=True)

    def _do(self, run: RunState, shown: Prepared, state: StepState) -> None:
        guarded, step = shown.guarded, shown.step
        alone = "alone" in shown.may and ("approve" not in shown.may or self.luck.random() < 0.2)
        if not alone and "approve" in shown.may and self.luck.random() < 0.5:
            return  # they think about it
        given = Given(
            reason=REASON,
            note="done" if "sign" in shown.may else "",
            branch=branch_of(step.id) if step.branches else "",
            confirmation=confirmed(guarded) if guarded is not None else None,
            no_return=bool(step.no_return),
            alone=alone,
            attempt=state.attempt,
            worked=False if "deny" in shown.may and not alone and self.luck.random() < 0.1 else None,
        )
        self._tried(step.id, lambda: self.runs.do(run.id, step.id, given))

    def _worked(self, run: RunState, step: Step) -> bool:
        """As a person finds out who looks at what the step is about."""
        if step.command:
            return f"{run.id} {step.id}" in self.witness.read_text().splitlines()
        kind, name = step.subject.split()
        document = self.call(self.at.board.read(Subject(REF, kind, "", name))).document
        cordoned = bool(document.get("spec", {}).get("unschedulable"))
        return cordoned if step.action == "node.cordon" else not cordoned


def _hopeless(run: RunState, step: Step) -> bool:
    """Whether it asks for what an act was to do that was passed over: that never comes, and a person passes over this, too."""
    gone = {
        one.subject
        for one in walk.leaves(run.procedure.steps)
        if (state := state_of(run, one.id)) is not None
        and state.status is StepStatus.SKIPPED
        and one.action == "node.cordon"
    }
    return any(f"Node {value}" in gone for ask in (*step.asks, *step.before) for _, value in ask.arguments)


def main() -> None:
    config, witness, seed, procedure, word, given_up = sys.argv[1:7]
    with terminal(Path(config), kinds=("Node",)) as at:
        person = Person(at, Path(witness), Random(int(seed)), int(given_up))
        print("ready", flush=True)
        until(
            lambda: person.turn(procedure, begins=word == "start"), "the run's end", timeout=900.0, every=0.1
        )
        print("over", flush=True)


if __name__ == "__main__":
    main()
