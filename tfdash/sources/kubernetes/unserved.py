"""What a failure means for kinds that Kubernetes always has, and for those that another server answers for behind it."""

from __future__ import annotations

import msgspec

from tfdash.model.kind_spec import KindSpec
from tfdash.model.observation import Problem, ProblemKind


def worded(problem: Problem, kind: KindSpec, status: int) -> Problem:
    """The problem as it is to be said of a list of this kind. ``status``: the answer's, 0 where none came."""
    if kind.served_by:
        return _behind(problem, kind, status)
    if problem.kind is ProblemKind.NOT_SERVED and kind.judged and not kind.optional:
        return msgspec.structs.replace(
            problem,
            kind=ProblemKind.BAD_ANSWER,
            cause=f"the server knows no {kind.resource}, which Kubernetes has",
            remedy="check the server's address and what stands before it",
        )
    return problem


def _behind(problem: Problem, kind: KindSpec, status: int) -> Problem:
    if problem.kind is ProblemKind.NOT_SERVED:
        return msgspec.structs.replace(
            problem, cause=f"no {kind.group}: {kind.served_by} is not installed", remedy=""
        )
    if status == 503:
        service = f"{kind.version}.{kind.group}"
        return msgspec.structs.replace(
            problem,
            kind=ProblemKind.SERVER_ERROR,
            cause=f"{kind.served_by} does not answer: nothing serves APIService {service} ({problem.cause})",
            remedy=f"see: kubectl get apiservice {service}",
        )
    return problem
