"""A message: queued durably and told once for its key, so that nothing of it is ever in the air; who is told is not waited for."""

from __future__ import annotations

from typing import Any

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.protocols import Given, Message, RunRefused

_NOBODY = "no channel is configured: nobody can be told from here"


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


def _message(doing: Doing) -> Message:
    """Known by run and step, not by attempt: a second one tells nobody twice."""
    run = doing.run
    values: dict[str, Any] = {
        "run": run.id,
        "procedure": run.procedure.title,
        "step": doing.step.title,
        "text": doing.step.text,
        "environment": run.cluster.environment,
        "cluster": run.cluster.cluster,
        "reason": run.reason,
        "by": doing.by,
        "inputs": {name: ", ".join(found) for name, found in run.inputs.items()},
        "dry": run.dry,
    }
    key = f"{run.id}.{doing.step.id}"
    return Message(key=key, template=doing.step.message, values=values, to=doing.step.to)
