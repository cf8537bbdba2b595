"""What a runbook is filled with out of the live picture: which objects there are to choose, and how those that it speaks of stand: what
somebody who restores them by hand needs to know, once nothing can be asked any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.kube import Pod
from tfdash.model.picture import Picture
from tfdash.model.procedure import Input, Procedure
from tfdash.model.store_state import VerifiedGood
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.workload import WorkloadState
from tfdash.moments import moment
from tfdash.nouns import counted
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.candidates import Candidate, InputCase
from tfdash.playbook.procedures.existing import object_of
from tfdash.playbook.procedures.inputs import INPUT_TYPES, Inputs
from tfdash.report.runbooks.document import FilledWith

_SHOWN = 60
"""So many of what can be chosen are listed, and have their lines."""


def filled_today(
    procedure: Procedure,
    inputs: Inputs,
    cluster: ClusterRef,
    picture: Picture,
    assessment: Assessment,
    policies: Policies,
    zone: ZoneInfo,
) -> FilledWith:
    """``inputs``: what was chosen. An input that is a list, must be given and was not is all that there are."""
    chosen = dict(inputs)
    there: dict[str, list[tuple[str, str]]] = {}
    names: list[tuple[str, str]] = []
    for one in procedure.inputs:
        if chosen.get(one.id):
            continue
        case = InputCase(
            wanted=one,
            cluster=cluster,
            picture=picture,
            assessment=assessment,
            policies=policies,
            chosen=chosen,
        )
        found = INPUT_TYPES[one.type].candidates(case)
        if one.many and not one.optional and found:
            chosen[one.id] = tuple(each.value for each in found if not each.other)
        else:
            there[one.id] = list(_listed(found))
            names += [(one.id, each.value) for each in found[:_SHOWN] if _lasts(one, each.value)]
    at = moment(assessment.at, zone)
    return FilledWith(
        inputs=chosen,
        own={"environment": cluster.environment, "cluster": cluster.cluster},
        there=there,
        names=names,
        today=tuple(_today(chosen, cluster, picture, assessment, zone)),
        said=f"filled with what {cluster.environment} {cluster.cluster} had {at}",
    )


def _lasts(one: Input, value: str) -> bool:
    """Whether it names an object that will be called so when the runbook is read: a pod is not."""
    named = object_of(one, value)
    return named is not None and named[0] != Pod.KIND


def _listed(found: Sequence[Candidate]) -> Iterator[tuple[str, str]]:
    yield from ((one.value, one.sentence) for one in found[:_SHOWN])
    if len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN:,} more", ""


def _today(
    chosen: Inputs, cluster: ClusterRef, picture: Picture, assessment: Assessment, zone: ZoneInfo
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(object, facts) of each workload that was chosen, in that order."""
    states = {str(s): state for s, state in assessment.workloads.items() if s.cluster == cluster}
    good = {str(s): one for s, one in picture.store_state.verified.items() if s.cluster == cluster}
    owners = {
        str(release.workload or s): release.managed_by
        for s, release in assessment.releases.items()
        if s.cluster == cluster and release.managed_by is not None
    }
    for name in dict.fromkeys(value for values in chosen.values() for value in values):
        if (state := states.get(name)) is not None:
            owner = owners.get(name)
            yield (
                name,
                (
                    *_size(state),
                    *(f"image {image}" for image in state.images),
                    *([f"kept by {owner.tool}{_of(owner.subject)}"] if owner is not None else []),
                    _verified(good.get(name), zone),
                ),
            )


def _size(state: WorkloadState) -> Iterator[str]:
    yield f"{counted(state.desired, 'replica')}, {state.serving}"
    if (by := state.scaled_by) is not None:
        yield f"{by.subject.kind} {by.subject.name}: {by.minimum} to {by.maximum}"


def _of(owner: Subject | None) -> str:
    return f" ({owner})" if owner is not None else ""


def _verified(good: VerifiedGood | None, zone: ZoneInfo) -> str:
    if good is None:
        return "no version is on record as verified good"
    version = f", revision {good.revision}" if good.revision else ""
    return f"verified good: {', '.join(good.images)}{version}, {moment(good.at, zone)}"
