"""The word that stakeholders are owed at stated times: as it would be sent now, and sent by a person."""

from __future__ import annotations

from tfdash.durations import tell_duration
from tfdash.model.run import RunEventKind, RunOutcome, RunState, StepStatus
from tfdash.moments import near
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.stated import word_due
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.procedures.kind import Means
from tfdash.procedures.protocols import Given, Message, RunRefused, Told
from tfdash.procedures.speaking import values_of

_NOBODY = "nobody can be told from here: this terminal is read-only, or no channel is configured"


async def word_shown(means: Means, run: RunState, note: str = "") -> tuple[Told, ...]:
    """As each channel would get it; one of nobody, refused, where none would. Raises ``RunRefused``."""
    message = _message(means, run, note)
    if means.notifier is None:
        return (
            Told(
                channel="",
                subject="",
                body=str(message.values["sentence"]),
                state="refused",
                sentence=_NOBODY,
            ),
        )
    return tuple(await means.notifier.preview(message))


async def give_word(means: Means, run: RunState, given: Given) -> None:
    """Queued, and on record with how late it is. ``given.worked``: it was told another way, which the note says. Raises ``RunRefused``,
    ``LedgerUnavailable``."""
    note, message = given.note.strip(), _message(means, run, given.note.strip())
    channels, refused = list[str](), list[str]()
    if given.worked:
        if not note:
            raise RunRefused("say whom you told, and how", remedy="in the note")
    elif means.notifier is None:
        raise RunRefused(_NOBODY, remedy="tell them another way, and note how")
    else:
        told = await means.notifier.tell(message)
        channels = [one.channel for one in told if one.state != "refused"]
        refused = [
            f"{one.channel}: {one.sentence}".removeprefix(": ") for one in told if one.state == "refused"
        ]
        if not channels:
            raise RunRefused("; ".join(refused), remedy="tell them another way, and note how")
    due, now = word_due(run), means.clock.now()
    late = max(0.0, now - due) if due is not None else 0.0
    said = f"told another way: {note}" if given.worked else f"{', '.join(channels)} told how it stands"
    said += f": {note}" if note and not given.worked else ""
    said += f"; not told: {'; '.join(refused)}" if refused else ""
    said += f"; {tell_duration(late)} late" if late >= 1 else ""
    data = {
        "template": message.template,
        "channels": channels,
        "key": message.key,
        "word": True,
        "late": late,
    }
    await means.journals.record(
        run.id,
        RunEventKind.TOLD,
        by=means.who(run.cluster),
        sentence=said,
        data=data,
        environment=run.cluster.environment,
        procedure=run.procedure.id,
    )


def _message(means: Means, run: RunState, note: str) -> Message:
    """With what is known filled in: how far it is, what goes on, when they hear next. Raises ``RunRefused``."""
    status, now = run.procedure.status, means.clock.now()
    if status is None or run.dry or run.outcome is not RunOutcome.OPEN:
        raise RunRefused(
            "it states no times" if status is None else "nobody is told of it: it is no run that is open"
        )
    values = values_of(run, None, means.who(run.cluster), now)
    lines = list(values["lines"])
    lines += [f"now: {title}" for title in _titles(run, StepStatus.RUNNING, StepStatus.CLAIMED)]
    lines += [f"next: {title}" for title in _titles(run, StepStatus.READY)]
    lines += [f"failed: {title}" for title in _titles(run, StepStatus.FAILED, StepStatus.UNKNOWN)]
    return Message(
        key=f"{run.id}.status.{len(run.words)}",
        template=status.message,
        values={
            **values,
            "step": "how it stands",
            "sentence": note or _sentence(run),
            "lines": lines,
            "next": f"by {near(now + status.every, now, means.zone)}",
        },
        to=status.to,
    )


_SHOWN = 4  # titles of a kind


def _titles(run: RunState, *statuses: StepStatus) -> list[str]:
    steps = steps_by_id(run.procedure)
    found = [
        steps[s.id].title
        for s in run.steps
        if s.status in statuses and s.id in steps and not steps[s.id].steps
    ]
    more = [f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return found[:_SHOWN] + more


def _sentence(run: RunState) -> str:
    """The tier that is at work, else what was done last."""
    steps = steps_by_id(run.procedure)
    tops = [s for s in run.steps if s.depth == 0 and s.id in steps]
    at_work = next((s for s in tops if steps[s.id].tier and s.status not in OVER), None)
    begun = at_work is not None and at_work.status is not StepStatus.WAITING
    if at_work is not None and begun:
        return f"at work: {steps[at_work.id].title}"
    done = [s for s in tops if s.status in (StepStatus.DONE, StepStatus.ALREADY) and s.ended is not None]
    last = max(done, key=lambda one: one.ended or 0.0, default=None)
    return f"done last: {steps[last.id].title}" if last is not None else "it was begun"
