"""An action in words where no plan of it can be made: what it would send, how it is confirmed, and what would refuse it."""

from __future__ import annotations

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import FreezeRule, Risk
from tfdash.text import safe

_CONFIRMED = {
    Risk.KEY: "by a key",
    Risk.TYPED_NAME: "by typing the name",
    Risk.TYPED_NAME_AND_REASON: "by typing the name and a reason",
    Risk.SECOND_PERSON: "by typing the name and a reason, and by a second person",
}


def described(action: Action, found: Standing, risk: Risk, refused: str) -> tuple[str, ...]:
    """``refused``: why it could not have been done as things stood, "" where nothing known would have refused it. Safe sentences."""
    return (
        safe(f"it would send: {_sent(action, found)}"),
        f"it is confirmed {_CONFIRMED[risk]}; {_frozen(action)}",
        safe(f"as things stood: {refused}")
        if refused
        else "as things stood, nothing that is recorded would have refused it",
    )


def _sent(action: Action, found: Standing) -> str:
    at = found.carrier if action.acts_on_carrier(found) and found.carrier is not None else found.subject
    if action.target is Target.ARCHIVE:
        return f"nothing; what is known of {at.kind} {at.name} is read and kept in a file"
    if action.target is not Target.CLUSTER:
        return "nothing to a cluster; an entry of the audit log, by the person that the server knows"
    if action.terminal:
        return f"nothing by itself; a command gets the terminal, on {at.kind} {at.name}"
    right = action.right(found)
    if right is None:
        return (
            f"what the live objects ask for, beginning with {at.kind} {at.name}; the fields follow from these"
        )
    return f"{right.method} {path_of(at, subresource=right.sub)}; the fields follow from the live object"


def _frozen(action: Action) -> str:
    verdict = ", and asks for the canary's verdict" if action.promotes else ""
    if action.freeze_by_plan:
        return f"whether a closed calendar freezes it follows from what it changes{verdict}"
    if action.freeze is FreezeRule.EXEMPT:
        return f"no calendar freezes it{verdict}"
    by = (
        "outside the hours of its environment it is frozen"
        if action.by_hours
        else "a closed release calendar freezes it"
    )
    return f"{by}{verdict}"
