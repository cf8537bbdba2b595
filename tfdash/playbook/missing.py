"""Why a section does not know all that it needs: namespaces that are not there, kinds that were not read, not wholly or not lately."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.model.made import MADE
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import AbsentNamespace, Objects
from tfdash.model.subject import ClusterRef
from tfdash.nouns import counted, plural
from tfdash.playbook.one_cause import Missing
from tfdash.playbook.staleness import Unread

_LOADING = Missing("loading", "", True)


def missing_namespaces(nowhere: Sequence[AbsentNamespace]) -> Missing:
    """What is restricted to a namespace that is not there is empty, and never well."""
    names = ", ".join(one.name for one in nowhere)
    return Missing(
        f"there is no namespace {', '.join(map(str, nowhere))}",
        f"nothing can be read in {names}: name one that is there",
    )


def missing_kind(
    ref: ClusterRef, kind: str, seen: Observation[Objects] | None, old: Unread | None
) -> Missing | None:
    """Why the objects of a kind are not known, or not all, or not lately; None where they are, or where there can be none."""
    if seen is None or not (seen.complete or seen.problem):
        return _LOADING
    if not seen.complete:
        assert seen.problem is not None
        if seen.problem.kind is ProblemKind.NOT_SERVED and kind not in MADE:
            return None  # there are none, but of what is made of others there is as much as nobody says
        return Missing(
            f"{plural(kind)} of {ref.cluster} cannot be read",
            seen.problem.cause,
            kind=plural(kind),
            cause=f"{ref.cluster}: {seen.problem}",
        )
    if seen.unreadable:
        cause = seen.problem.cause if seen.problem is not None else ""
        return Missing(
            f"{counted(seen.unreadable, kind)} of {ref.cluster} cannot be read",
            cause,
            many=seen.unreadable,
        )
    if old is not None:
        cause = seen.problem.cause if seen.problem is not None else ""
        return Missing(
            f"{plural(kind)} of {ref.cluster} {old.cause}",
            cause,
            kind=plural(kind),
            cause=f"{ref.cluster}: {old.cause}",
        )
    return None
