"""A message: queued durably and told once for its key, so that nothing of it is ever in the air; who is told is not waited for."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.protocols import Given, Message, RunRefused, Told
from tfdash.procedures.speaking import values_of

_NOBODY = "nobody can be told from here: this terminal is read-only, or no channel is configured"
_REFUSED = "refused"


class NotifyStep(KindOfStep):
    kind = StepKind.NOTIFY
    begins = False
    repeats = True

    async def prepare(self, doing: Doing) -> StepShown:
        notifier = doing.means.notifier
        if notifier is None:
            return StepShown(refused=_NOBODY)
        told = tuple(await notifier.preview(_message(doing)))
        return StepShown(told=told, refused="" if _taken(told) else _why_not(told))

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        notifier = doing.means.notifier
        if notifier is None:
            raise RunRefused(_NOBODY, remedy="tell them another way, and skip this with how you did")
        await doing.holds()
        told = await notifier.tell(_message(doing))
        queued, why = _taken(told), _why_not(told)
        if not queued:
            return StepEnd(kind=RunEventKind.FAILED, sentence=why)
        not_to = f"; not to {why}" if len(queued) < len(told) else ""
        sentence = f"told to {', '.join(queued)}{not_to}"
        return StepEnd(kind=RunEventKind.DONE, sentence=sentence, data={"key": _message(doing).key})


def _taken(told: Sequence[Told]) -> list[str]:
    """The channels that take it."""
    return [one.channel for one in told if one.state != _REFUSED]


def _why_not(told: Sequence[Told]) -> str:
    """Why the others do not; where that is all of them, it is told by hand."""
    refused = (one for one in told if one.state == _REFUSED)
    why = "; ".join(f"{one.channel}: {one.sentence}" if one.channel else one.sentence for one in refused)
    return why or "there is nobody to tell"


def _message(doing: Doing) -> Message:
    """Known by run and step, not by attempt: a second one tells nobody twice."""
    run, step = doing.run, doing.step
    values = values_of(run, step, doing.by, doing.now)
    return Message(key=f"{run.id}.{step.id}", template=step.message, values=values, to=step.to)
