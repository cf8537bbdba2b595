"""What is looked at before a run begins, or goes on by a newer text of its file: all that was meant, and that nobody else is at it."""

from __future__ import annotations

from collections.abc import Mapping

from tfdash.model.procedure import Input, Procedure
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.candidates import InputCase
from tfdash.playbook.procedures.holding import holders, meets, said
from tfdash.playbook.procedures.inputs import whole
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.procedures.kind import Means
from tfdash.procedures.protocols import RunRefused


def whole_inputs(
    means: Means, found: Procedure, chosen: Mapping[str, tuple[str, ...]], cluster: ClusterRef
) -> Mapping[str, tuple[str, ...]]:
    """With all that there are now, where all were meant. Raises ``RunRefused`` where there are none."""
    board = means.board

    def case(wanted: Input, before: Mapping[str, tuple[str, ...]]) -> InputCase:
        return InputCase(
            wanted=wanted,
            cluster=cluster,
            picture=board.picture,
            assessment=board.assessment,
            policies=means.policies(),
            chosen=before,
        )

    all_of = whole(found, chosen, case)
    for one in found.inputs:
        if chosen.get(one.id) and not all_of[one.id] and not one.optional:
            raise RunRefused(f"{one.title}: all were meant, and there are none")
    return all_of


def alone_on(
    means: Means, found: Procedure, targets: tuple[str, ...], cluster: ClusterRef, *, but: str = ""
) -> None:
    """One target, one run. Raises ``RunRefused`` with the other one's name. A recovery waits for no single action of somebody: it
    holds its target from then on. ``but``: the run that is to hold it."""
    subjects = [one for text in targets if (one := subject_in(text, cluster)) is not None]
    known = ((id, means.journals.journal(id)) for id in means.journals.ids() if id != but)
    journals = {id: journal for id, journal in known if journal is not None}
    others = holders(journals, *subjects)
    if others:
        raise RunRefused(
            f"{', '.join(targets)}: {said(others)} is under way on the same",
            remedy=f"work on {others[0].run}, or end it first",
        )
    for acting in means.board.picture.store_state.acting:
        if not (found.recovery or acting.claimed) and any(meets(acting.subject, one) for one in subjects):
            raise RunRefused(f"{acting.by} is at {acting.subject} now: {acting.action}")
