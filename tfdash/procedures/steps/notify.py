"""A message: queued durably and told once for its key, so that nothing of it is ever in the air; who is told is not waited for."""

from __future__ import annotations

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.protocols import Given, Message, RunRefused
from tfdash.procedures.speaking import values_of

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


def _message(doing: Doing) -> Message:
    """Known by run and step, not by attempt: a second one tells nobody twice."""
    run, step = doing.run, doing.step
    values = values_of(run, step, doing.by, doing.now)
    return Message(key=f"{run.id}.{step.id}", template=step.message, values=values, to=step.to)
