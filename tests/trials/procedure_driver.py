"""A person at a terminal who works on whatever run is open, until it is killed:
``python -m tests.trials.procedure_driver CONFIG WITNESS SEED PROCEDURE start|join``.

It knows only what the screen says (``Prepared.may``). Where the outcome of a step is asked of a person, they look at the witness: the file
that each command appends to, and the nodes themselves. With "start" a run of the procedure is
begun where there is none yet.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import Any

from tests.platform.harness.terminals import REF, Terminal, terminal
from tests.unit.actions.acting import confirmed
from tests.waiting import until
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.procedure import Step
from tfdash.model.requests import ReadFailed
from tfdash.model.run import RunOutcome, RunState, StepState, StepStatus
from tfdash.model.subject import Subject
from tfdash.procedures.kind import state_of
from tfdash.procedures.protocols import Given, Prepared, RunRefused

_SILENT = 6.0  # seconds without an event after which somebody else's step is taken over
REASON = "as a trial has it"


class Person:
    """``at``: the whole acting terminal."""

    def __init__(self, at: Terminal, witness: Path, luck: Random) -> None:
        self.at, self.runs, self.witness, self.luck = at, at.runs, witness, luck

    def call(self, work: Any) -> Any:
        return self.at.run(work, 120.0)

    def turn(self, procedure: str, *, begins: bool) -> bool:
        """One look at the run of ``procedure``, which is begun where there is none; whether it is over."""
        found = [run for run in self.runs.runs() if run.procedure.id == procedure]
        try:
            if not found and begins:
                self.call(self.runs.start(procedure, {}, reason=REASON, cluster=REF))
            for run in found:
                if run.outcome is RunOutcome.OPEN:
                    self._one(run)
        except (RunRefused, LedgerUnavailable, ReadFailed) as error:
            print(f"{procedure}: {error}", flush=True)
        return bool(found) and all(run.outcome is not RunOutcome.OPEN for run in found)

    def _one(self, run: RunState) -> None:
        under_way = [s.id for s in run.steps if s.status in (StepStatus.RUNNING, StepStatus.UNKNOWN)]
        for id in self.luck.sample(under_way, len(under_way)):
            self._step(run, id)
        for id in self.luck.sample(run.next, len(run.next)):
            self._step(run, id)
        newest = self.runs.run(run.id)
        if (
            newest is not None
            and not newest.next
            and all(s.ended is not None or _over(s) for s in newest.steps)
        ):
            self.call(self.runs.close(run.id, Given(reason=REASON)))
            print(f"{run.id} closed", flush=True)

    def _step(self, run: RunState, id: str) -> None:
        shown: Prepared = self.call(self.runs.prepare(run.id, id))
        state = state_of(run, id)
        assert state is not None
        if "settle" in shown.may:
            self.call(
                self.runs.settle(run.id, id, Given(worked=self._worked(run, shown.step), reason=REASON))
            )
        elif "take over" in shown.may and not (shown.claimed and shown.claimed.terminal):
            acts = bool(shown.step.command or shown.step.action)
            # somebody worked on it of whom nothing is known here: the person looks
            if state.status is StepStatus.READY and acts and self._worked(run, shown.step):
                self.call(self.runs.skip(run.id, id, Given(reason=REASON)))
                return
            if self.at.board._clock.now() - (state.since or 0.0) > _SILENT:
                self.call(
                    self.runs.take_over(
                        run.id,
                        id,
                        Given(reason=REASON, fence=shown.claimed.fence if shown.claimed else state.fence),
                    )
                )
        elif any(word in shown.may for word in ("do", "sign", "decide", "pass")):
            guarded = shown.guarded
            given = Given(
                reason=REASON,
                note="done" if "sign" in shown.may else "",
                branch=shown.step.branches[0].id if shown.step.branches else "",
                confirmation=confirmed(guarded) if guarded is not None else None,
            )
            self.call(self.runs.do(run.id, id, given))
        elif "skip" in shown.may and shown.step.optional:
            self.call(self.runs.skip(run.id, id, Given(reason=REASON)))
        elif shown.refused:
            print(f"{run.id} {id}: {shown.refused} {shown.may}", flush=True)

    def _worked(self, run: RunState, step: Step) -> bool:
        """As a person finds out who looks at what the step is about."""
        if step.command:
            return f"{run.id} {step.id}" in self.witness.read_text().splitlines()
        kind, name = step.subject.split()
        document = self.call(self.at.board.read(Subject(REF, kind, "", name))).document
        return bool(document.get("spec", {}).get("unschedulable"))


def _over(state: StepState) -> bool:
    return state.status in (StepStatus.SKIPPED, StepStatus.NOT_CHOSEN, StepStatus.ALREADY, StepStatus.DONE)


def main() -> None:
    config, witness, seed, procedure, word = sys.argv[1:6]
    with terminal(Path(config), kinds=("Node",)) as at:
        person = Person(at, Path(witness), Random(int(seed)))
        print("ready", flush=True)
        until(
            lambda: person.turn(procedure, begins=word == "start"), "the run's end", timeout=900.0, every=0.1
        )
        print("over", flush=True)


if __name__ == "__main__":
    main()
