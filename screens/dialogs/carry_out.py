"""Carries out what a person decided in a dialog: an action like any other, by the one gate."""

from __future__ import annotations

from typing import NamedTuple

from tfdash.actions.core.protocols import ActionService, PlanRefused
from tfdash.model.action import Arguments, Confirmation, Progress, Result
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.text import safe

_NONE: Arguments = {}


class CarriedOut(NamedTuple):
    """``done``: whether it is recorded; ``sentence`` says so, or why not."""

    done: bool
    sentence: str


async def carry_out(
    service: ActionService,
    action: str,
    subject: Subject,
    arguments: Arguments = _NONE,
    *,
    reason: str = "",
    typed: str = "",
) -> CarriedOut:
    """Plan it and confirm that plan with what was given in the dialog. Never raises for a refusal."""
    try:
        guarded = await service.plan(action, subject, arguments)
    except PlanRefused as refused:
        return CarriedOut(False, safe(str(refused)))
    except ReadFailed as failed:
        return CarriedOut(False, safe(str(failed.problem)))
    given = Confirmation(plan_digest=guarded.plan.digest, typed=typed, reason=reason)
    done = await service.execute(guarded, given, _nobody)
    return CarriedOut(done.result is Result.APPLIED, safe(done.sentence))


def _nobody(progress: Progress) -> None:
    """What such a thing is doing on the way is over before it could be read."""
