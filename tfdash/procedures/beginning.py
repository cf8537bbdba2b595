"""What is looked at before a run begins, or goes on by a newer text of its file: all that was meant, and that nobody else is at it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tfdash.actions.core.protocols import ApprovalRefused, LedgerUnavailable
from tfdash.model.procedure import Input, Procedure
from tfdash.model.run import RunEventKind, RunState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.procedures.candidates import Candidate, InputCase
from tfdash.playbook.procedures.existing import existing
from tfdash.playbook.procedures.holding import holders, meets, said
from tfdash.playbook.procedures.inputs import INPUT_TYPES, lost_clusters, whole
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.starts import start_of
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.playbook.procedures.walk import all_steps
from tfdash.playbook.procedures.within import StepToBegin, inner_open, relatives, to_begin
from tfdash.procedures.kind import Means
from tfdash.procedures.looking import open_run
from tfdash.procedures.protocols import RunRefused
from tfdash.spelling import closest
from tfdash.text import safe

_PATIENCE = 10.0  # seconds for one answer
UNSEEN = "unseen"
"""Where the start of a run has what was chosen and is not known to exist, and of a rehearsal why it would not begin, in words."""


def whole_inputs(
    means: Means, found: Procedure, chosen: Mapping[str, tuple[str, ...]], cluster: ClusterRef
) -> Mapping[str, tuple[str, ...]]:
    """With all that there are now, where all were meant. Raises ``RunRefused`` where there are none."""
    all_of = whole(found, chosen, lambda wanted, before: _case(means, cluster, wanted, before))
    for one in found.inputs:
        if chosen.get(one.id) and not all_of[one.id] and not one.optional:
            raise RunRefused(f"{one.title}: all were meant, and there are none")
        for value in all_of[one.id]:  # out of a file that anybody may have written
            if why := INPUT_TYPES[one.type].refuse(value):
                raise RunRefused(
                    f'{one.title}: "{safe(value[:80])}" {why}',
                    remedy="choose those that are meant one by one",
                )
    return all_of


def not_itself(found: Procedure, chosen: Mapping[str, tuple[str, ...]], cluster: ClusterRef) -> None:
    """Raises ``RunRefused`` where it would be carried out in what it is about the loss of, or in what is to be another cluster."""
    if cluster.cluster in lost_clusters(found, chosen):
        raise RunRefused(
            f"it would act in {cluster.cluster}, which is what is lost",
            remedy="begin it in the cluster that takes over",
        )
    for one in found.inputs:
        if one.elsewhere and cluster.cluster in chosen[one.id]:
            raise RunRefused(
                f"{one.title}: that is {cluster.cluster}, in which it would be carried out",
                remedy="begin it in the other cluster",
            )


def not_known(
    means: Means, found: Procedure, chosen: Mapping[str, tuple[str, ...]], cluster: ClusterRef
) -> list[str]:
    """Of what was chosen that which nobody knows to exist, in words. Raises ``RunRefused`` where something is known not to."""
    board = means.board
    case = ProbeCase(
        arguments={},
        cluster=cluster,
        picture=board.picture,
        assessment=board.assessment,
        now=means.clock.now(),
        policies=means.policies(),
    )
    unclear = []
    for one in existing(found, chosen, case):
        if one.there is False:
            told = f"{one.wanted.title}: there is no {one.value} in {cluster.cluster}"
            meant = closest(
                one.value, [each.value for each in _candidates(means, one.wanted, chosen, cluster)]
            )
            raise RunRefused(told, remedy=f'did you mean "{meant}"?' if meant else "choose one that is there")
        if one.there is None:
            unclear.append(f"whether there is a {one.value} is not known: {one.why}")
    return unclear


def _candidates(
    means: Means, wanted: Input, chosen: Mapping[str, tuple[str, ...]], cluster: ClusterRef
) -> Sequence[Candidate]:
    others = {id: values for id, values in chosen.items() if id != wanted.id}
    return INPUT_TYPES[wanted.type].candidates(_case(means, cluster, wanted, others))


def _case(
    means: Means, cluster: ClusterRef, wanted: Input, before: Mapping[str, tuple[str, ...]]
) -> InputCase:
    return InputCase(
        wanted=wanted,
        cluster=cluster,
        picture=means.board.picture,
        assessment=means.board.assessment,
        policies=means.policies(),
        chosen=before,
    )


class Starter(NamedTuple):
    """``by``: by which name it is begun. ``unvouched``: why it is not known to be the server's name for them, "" where it is, or nobody asks."""

    by: str
    unvouched: str = ""

    def said(self) -> tuple[str, ...]:
        """For the start of the run; nothing where it is known."""
        told = f"as whom the API server knows {self.by} could not be asked: {self.unvouched}"
        return (told,) if self.unvouched else ()


async def starter(means: Means, found: Procedure, cluster: ClusterRef) -> Starter:
    """Who starts it; where somebody else is to approve by the word of an API server, as that server knows them: two names of one person would be
    two people. (PostgreSQL stamps the event itself.) Raises ``RunRefused`` where it cannot be asked and the start can wait for it."""
    by, others = means.who(cluster), any(step.others for step in all_steps(found.steps))
    vouches = means.proofs.at(cluster) if means.proofs is not None and others else None
    if vouches is None or vouches.stamped_by != "kubernetes":
        return Starter(by)
    try:
        async with asyncio.timeout(_PATIENCE):
            return Starter(await vouches.identity())
    except (LedgerUnavailable, ApprovalRefused, TimeoutError) as error:
        why = str(error) or "no answer in time"
        if found.recovery or found.urgent or found.emergency:
            return Starter(by, why)
        told = f"somebody else is to approve it, and as whom you start it cannot be asked: {why}"
        raise RunRefused(told, remedy="begin it once the API server answers") from None


def wants_name(means: Means, run: RunState) -> bool:
    """Begun from here in earnest, with somebody else to approve it, by a name that the server has not said yet."""
    journal = means.journals.journal(run.id) if run.unvouched and not run.dry else None
    start = start_of(journal) if journal is not None and open_run(run) else None
    return start is not None and start.event.terminal == means.journals.terminal


async def name_starter(means: Means, run: RunState) -> bool:
    """Said later, from the same terminal: as whom the server knows who started it; whether that could be asked. Raises ``LedgerUnavailable``."""
    vouches = means.proofs.at(run.cluster) if means.proofs is not None else None
    if vouches is None:
        return False
    try:
        async with asyncio.timeout(_PATIENCE):
            name = await vouches.identity()
    except (ApprovalRefused, TimeoutError):
        return False
    await means.journals.record(
        run.id,
        RunEventKind.NOTE,
        by=name,
        sentence=f"who started it is {name}, as {vouches.stamped_by} says",
        data={"starter": name},
        environment=run.cluster.environment,
        procedure=run.procedure.id,
    )
    return True


def outer_of(
    means: Means, found: Procedure, targets: tuple[str, ...], cluster: ClusterRef, *, dry: bool = False
) -> StepToBegin | None:
    """The step of an open run on the same target that begins this procedure, and whose turn it is; None where there is none. Raises ``RunRefused``
    where one is under way for it already: it has one at a time."""
    journals, subjects = means.journals.known(), _subjects(targets, cluster)
    for one in holders(journals, *subjects):
        state = means.journals.state(one.run)
        at = to_begin(state, found.id) if state is not None else None
        if at is None:
            continue
        other = inner_open(journals, *at.at)
        if not other or dry:
            return at
        if found.urgent:  # it is begun all the same, by itself
            return None
        raise RunRefused(
            f"{other} is under way already as the step “{at.step.title}” of {said([one])}",
            remedy=f"work on {other}, or end it first",
        )
    return None


def alone_on(
    means: Means,
    found: Procedure,
    targets: tuple[str, ...],
    cluster: ClusterRef,
    *,
    run: str = "",
    within: str = "",
) -> None:
    """One target, one run. Raises ``RunRefused`` with the other one's name. A recovery waits for no single action of somebody: it
    holds its target from then on. ``run``: the one that is to hold it, with what is carried out as its steps; ``within``: as whose step it is."""
    journals, subjects = means.journals.known(), _subjects(targets, cluster)
    mine = {id for one in (run, within) if one for id in relatives(journals, one)}
    others = [one for one in holders(journals, *subjects) if one.run not in mine]
    if others:
        raise RunRefused(
            f"{', '.join(targets)}: {said(others)} is under way on the same",
            remedy=f"work on {others[0].run}, or end it first",
        )
    for acting in means.board.picture.store_state.acting:
        if not (found.recovery or acting.claimed) and any(meets(acting.subject, one) for one in subjects):
            raise RunRefused(f"{acting.by} is at {acting.subject} now: {acting.action}")


def _subjects(targets: tuple[str, ...], cluster: ClusterRef) -> list[Subject]:
    return [one for text in targets if (one := subject_in(text, cluster)) is not None]
