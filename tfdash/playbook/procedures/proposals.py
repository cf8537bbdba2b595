"""Which runbook? What tells for each scenario, what against it, and who else sees the same. Pure.

A scenario is proposed where one of its signs holds and nothing that is known speaks against it. What promotes or wipes (a step that cannot be
taken back) is not offered on this terminal's view alone: that a thing does not answer here says as much of the way there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tfdash.model.procedure import Ask, Procedure
from tfdash.model.recovery import LookAlike, RecoveryProposal
from tfdash.model.run import Probed
from tfdash.model.subject import Subject
from tfdash.model.verdict import UnknownKind
from tfdash.moments import near
from tfdash.nouns import counted
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.losing import CLUSTER
from tfdash.playbook.procedures.needs import recovery_policy
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes import PROBES
from tfdash.playbook.procedures.subject_text import subject_text
from tfdash.playbook.procedures.walk import all_steps
from tfdash.playbook.schedule.local import zone_of
from tfdash.text import safe

LATELY = 120.0
"""Seconds for which another terminal's word on what it reaches counts."""
_CUT_OFF = Ask(probe="terminal.cut-off")
_TYPES = {"workload": ("Deployment", "StatefulSet", "DaemonSet", "Rollout"), "node": ("Node",)}
"""Types of inputs that what a sign found is a value of, with its kinds."""


def proposal(procedure: Procedure, case: ProbeCase) -> RecoveryProposal | None:
    """None of what has no scenario."""
    scenario = procedure.scenario
    if scenario is None or not scenario.signs:
        return None
    signs = tuple(answered(ask, case) for ask in scenario.signs)
    against = tuple(answered(ask, case) for ask in scenario.against)
    holds = [told for told in signs if told.passed]
    contrary = [told for told in against if told.passed]
    disproved = bool(contrary) or all(told.passed is False for told in signs)
    proposed = False if disproved else (True if holds else None)
    final = points_of_no_return(procedure)
    vantage = _vantage(scenario.signs, signs, case) if holds else ()
    agrees = any(told.passed for told in vantage) and not any(told.passed is False for told in vantage)
    refused = ""
    if proposed and final and not agrees:
        why = "; ".join(told.sentence for told in vantage if not told.passed) or "no other view is known"
        refused = f"it has {counted(final, 'point')} of no return, and this terminal's view alone is not enough: {why}"
    known = recovery_policy(case).procedures
    return RecoveryProposal(
        procedure=procedure.id,
        title=safe(procedure.title),
        cluster=case.cluster,
        proposed=proposed,
        sentence=_sentence(signs, holds, contrary),
        signs=signs,
        against=against,
        alike=tuple(
            LookAlike(procedure=id, title=safe(known[id].title) if id in known else safe(id), how=safe(how))
            for id, how in scenario.alike
        ),
        vantage=vantage,
        inputs=_inputs(
            procedure, [subject for told in holds for subject in told.about], case.cluster.cluster
        ),
        refused=refused,
    )


def points_of_no_return(procedure: Procedure) -> int:
    return sum(bool(step.no_return) for step in all_steps(procedure.steps))


def _sentence(signs: Sequence[Probed], holds: Sequence[Probed], contrary: Sequence[Probed]) -> str:
    unclear = [told for told in signs if told.passed is None]
    many = f"{len(holds)} of {counted(len(signs), 'sign')}"
    if contrary:
        return f"{many}; against it: {contrary[0].sentence}"
    if holds:
        more = f"; {len(unclear)} not known" if unclear else ""
        return f"{many}: {holds[0].sentence}{more}"
    if unclear:
        return f"{many}, {len(unclear)} not known: {unclear[0].sentence}"
    return f"{many}: {signs[0].sentence}"


def _vantage(asks: Sequence[Ask], signs: Sequence[Probed], case: ProbeCase) -> tuple[Probed, ...]:
    """Who else sees it: the cluster itself, where it tells; this terminal's other ways out; other terminals."""
    told: list[Probed] = []
    by_cluster = [
        one for ask, one in zip(asks, signs, strict=True) if one.passed and not PROBES[ask.probe].reach
    ]
    name = safe(case.cluster.cluster)
    if by_cluster:
        return (
            Probed(
                passed=True,
                sentence=f"{name} itself tells it",
                seen_at=by_cluster[0].seen_at,
            ),
        )
    cut_off = answered(_CUT_OFF, case)
    if cut_off.passed:
        sentence = f"{cut_off.sentence}: it may be this terminal's own network"
        told.append(msgspec.structs.replace(cut_off, passed=False, sentence=sentence))
    told += _other_terminals(case)
    return tuple(told)


def _other_terminals(case: ProbeCase) -> list[Probed]:
    """Those of other machines: two terminals of one machine have one way out."""
    zone, views = zone_of(case.assessment.calendar), case.picture.store_state.views
    mine = case.picture.store_state.health.terminal
    here = {view.machine for view in views if view.terminal == mine}
    name, found = safe(case.cluster.cluster), []
    for view in views:
        if view.cluster != case.cluster or view.terminal == mine or view.machine in here:
            continue
        if not 0 <= case.now - view.at < LATELY:
            continue
        word = "reaches" if view.reaches else "does not reach"
        sentence = f"{safe(view.machine or view.terminal)} {word} {name}, {near(view.at, case.now, zone)}"
        found.append(Probed(passed=not view.reaches, sentence=sentence, seen_at=view.at))
    if not here:
        found = []  # which of them are of this machine is not known: until then none counts
    if not found:
        sentence = f"no terminal of another machine said within {LATELY:.0f} s whether it reaches {name}"
        found.append(Probed(passed=None, sentence=sentence, unknown=UnknownKind.NO_DATA))
    return found


def _inputs(procedure: Procedure, about: Sequence[Subject], cluster: str) -> Mapping[str, tuple[str, ...]]:
    """Those that what was found fits: one of it, or all where the input is a list; ``cluster``, where that is what is lost."""
    made: dict[str, tuple[str, ...]] = {}
    loses = procedure.scenario.loses if procedure.scenario is not None else ()
    for one in procedure.inputs:
        if one.type == CLUSTER and CLUSTER in loses and not one.many:
            made[one.id] = (cluster,)
        kinds = _TYPES.get(one.type, ())
        fit = tuple(dict.fromkeys(_value(one.type, s) for s in about if s.kind in kinds))
        if fit and (one.many or len(fit) == 1):
            made[one.id] = fit
    return made


def _value(type: str, subject: Subject) -> str:
    return subject.name if type == "node" else subject_text(subject)
