"""A message: queued durably and told once for its key, so that nothing of it is ever in the air; who is told is not waited for."""

from __future__ import annotations

from typing import Any

from tfdash.durations import tell_duration, write_duration
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind
from tfdash.playbook.procedures.progress import steps_over
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.protocols import Given, Message, RunRefused

_NOBODY = "nobody can be told from here: this terminal is read-only, or no channel is configured"


class NotifyStep(KindOfStep):
    kind = StepKind.NOTIFY
    begins = False
    repeats = True

    async def prepare(self, doing: Doing) -> StepShown:
        notifier = doing.means.notifier
        if notifier is None:
            return StepShown(refused=_NOBODY)
        return StepShown(told=tuple(await notifier.preview(_message(doing))))

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        notifier = doing.means.notifier
        if notifier is None:
            raise RunRefused(_NOBODY, remedy="tell them another way, and skip this with how you did")
        await doing.holds()
        told = await notifier.tell(_message(doing))
        refused = [f"{one.channel}: {one.sentence}" for one in told if one.state == "refused"]
        queued = [one.channel for one in told if one.state != "refused"]
        if not queued:
            return StepEnd(kind=RunEventKind.FAILED, sentence="; ".join(refused) or "there is nobody to tell")
        sentence = f"told to {', '.join(queued)}" + (f"; not to {'; '.join(refused)}" if refused else "")
        return StepEnd(kind=RunEventKind.DONE, sentence=sentence, data={"key": _message(doing).key})


def _clocks(doing: Doing) -> list[str]:
    """How long each segment took, or runs already, against its target."""
    lines = []
    for one in doing.run.clocks:
        if one.start is None:
            continue
        took = tell_duration(max(1.0, (one.end or doing.now) - one.start))
        target = f" of {write_duration(one.target)}" if one.target else ""
        least = "at least " if one.at_least else ""
        lines.append(
            f"{one.title}: {least}{took}{target}" + ("" if one.end is not None else ", still running")
        )
    return lines


def _message(doing: Doing) -> Message:
    """Known by run and step, not by attempt: a second one tells nobody twice."""
    run = doing.run
    over, of = steps_over(run)
    values: dict[str, Any] = {
        "run": run.id,
        "procedure": run.procedure.title,
        "step": doing.step.title,
        "text": doing.step.text,
        "sentence": doing.step.text or doing.step.title,
        "environment": run.cluster.environment,
        "cluster": run.cluster.cluster,
        "reason": run.reason,
        "by": doing.by,
        "targets": list(run.targets),
        "lines": [f"{over} of {of} steps are done", *_clocks(doing)],
        "no_return": doing.step.no_return,
        "outcome": run.outcome.value,
        "left": [
            step.title for step in run.procedure.steps if step.id in run.next and step is not doing.step
        ],
    }
    key = f"{run.id}.{doing.step.id}"
    return Message(key=key, template=doing.step.message, values=values, to=doing.step.to)
