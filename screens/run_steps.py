"""Keys where an open run is about what is under the cursor: one that is a step of the run, and whose turn it is, opens that very step; where the
run refuses it, what comes next there is told."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from screens.frame.board_screen import BoardScreen
from screens.shell import Shell
from tfdash.model.action import Offer
from tfdash.model.run import RunState
from tfdash.model.subject import Subject
from tfdash.text import fault, safe
from widgets.workers import begin

if TYPE_CHECKING:
    from tfdash.playbook.procedures.turns import RunTurn

KEY = "f"
"""Leads from an object to the runs that are about it, and to what can be started on it."""
_HELD = "run"
"""The check of the gate by which an open run refuses what is done beside it."""


def _open_runs(shell: Shell) -> Iterator[tuple[RunState, tuple[Subject, ...]]]:
    """Each that is carried out, with what it holds."""
    journals, runs = shell.board.picture.store_state.runs, shell.context.runs
    if runs is None or not journals:
        return
    from tfdash.playbook.procedures.holding import holdings  # nothing that the first frame needs

    for one in holdings(journals):
        if (state := runs.run(one.run)) is not None:
            yield state, tuple(one.subjects())


def runs_on(shell: Shell, about: Subject) -> list[RunState]:
    """The open runs that hold it."""
    from tfdash.playbook.procedures.holding import meets

    bare = about._replace(uid="")
    return [run for run, held in _open_runs(shell) if any(meets(one, bare) for one in held)]


def turn_of(shell: Shell, offer: Offer, about: Subject, argument: str = "") -> RunTurn | None:
    """Of the run in which it is a step, else of one that holds it; None where nothing of it is any run's."""
    found = list(_open_runs(shell))
    if not found:
        return None
    from tfdash.playbook.procedures.holding import meets
    from tfdash.playbook.procedures.turns import first, turn

    bare, given = about._replace(uid=""), {offer.said_with: argument} if argument else {}
    turns = ((turn(run, offer.action, (bare,), given), held) for run, held in found)
    return first(at for at, held in turns if at.step is not None or any(meets(one, bare) for one in held))


def offers_here(shell: Shell, about: Subject) -> tuple[Offer, ...]:
    """What may be done to it: a step of an open run whose turn it is is not refused since that run is open, and beside what that refuses it is
    said what comes next there."""
    actions = shell.context.actions
    offers = actions.offers(about) if actions is not None else ()
    return tuple(_beside(shell, offer, about) if offer.refused_by == _HELD else offer for offer in offers)


def _beside(shell: Shell, offer: Offer, about: Subject) -> Offer:
    at = turn_of(shell, offer, about)
    if at is None:
        return offer
    if at.now:
        return msgspec.structs.replace(offer, refused="", refused_by="")
    return msgspec.structs.replace(offer, remedy=_way(at))


def _way(at: RunTurn) -> str:
    """What comes next in the run, and the key that leads there."""
    following = (
        f"its next step is “{at.next.title or at.next.id}”"
        if at.next is not None
        else "nothing of it can be done now"
    )
    return f"{following}; {KEY} leads to the run"


def begin_step(page: BoardScreen, offer: Offer, about: Subject, argument: str = "") -> bool:
    """Open the step that it is in an open run; False where it is none whose turn it is."""
    at = turn_of(page.shell, offer, about, argument)
    if at is None or at.step is None or not at.now:
        return False
    begin(page, partial(_open_step, page, at.run.id, at.step.id), "run step")
    return True


async def _open_step(page: BoardScreen, run_id: str, step_id: str) -> None:
    """Its own confirmation, as the run's page opens it; where it cannot be begun it is said why."""
    from screens.dialogs.step_acts import InHand, StepActs
    from tfdash.procedures.protocols import RunRefused
    from tfdash.views.recovery.steps import rows_of
    from tfdash.views.recovery.words import run_title

    shell, runs = page.shell, page.shell.context.runs
    if runs is None:
        return
    why = ""
    try:
        prepared = await runs.prepare(run_id, step_id)
    except RunRefused as refused:
        why = str(refused)
    except Exception as error:  # a key that says nothing would be taken for one that does nothing
        why = fault(error)
    run = runs.run(run_id)
    row = rows_of(run).get(step_id) if run is not None else None
    if run is None or row is None:
        return
    if not why and "do" in prepared.may and "pass" not in prepared.may:
        if page.is_current:
            StepActs(shell, runs).do(InHand(run, row, prepared, ()))
        return
    if not why:
        why = prepared.refused or "it is so already"
    shell.tell(
        f"it is the step “{safe(row.step.title)}” of {run_title(run)}: {safe(why)}; {KEY} leads to the run",
        "warning",
    )
