"""The last-good pictures as probes see them: whose they are, and of which services a cluster serves nothing, so that it needs none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from tfdash.model.last_good import GoodService, LastGood
from tfdash.model.run import Probed
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import UnknownKind
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.probe import ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.playbook.procedures.probes.workloads import workload_object
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.playbook.staleness import Unread

_FEW = 3  # that are named one by one
OF = ProbeArgument(
    id="of", title="the cluster whose last-good picture it is; else the newest of all", needed=False
)


def good_services(
    pictures: Mapping[ClusterRef, LastGood], environment: str, of: str = ""
) -> dict[str, GoodService]:
    """By name, in the order of a restore: of the cluster ``of``, else the newest of each service."""
    found: dict[str, GoodService] = {}
    for ref, picture in sorted(pictures.items()):
        if ref.environment == environment and of in ("", ref.cluster):
            for one in picture.services:
                if one.name not in found or one.at > found[one.name].at:
                    found[one.name] = one
    return dict(sorted(found.items(), key=lambda pair: pair[1].tier))


def pictures_of(case: ProbeCase) -> dict[ClusterRef, LastGood]:
    seen = case.picture.signals.last_good
    return {ref: one.value for ref, one in seen.items() if one.value is not None}


def recovery_of(case: ProbeCase) -> RecoveryPolicy:
    return (case.policies or Policies()).recovery


def not_kept(look: ProbeLook) -> Probed | None:
    """That nothing is configured, or nothing was read yet, so that nothing is known."""
    policy = recovery_of(look.case)
    if not policy.services:
        return look.unclear(
            UnknownKind.NOT_WATCHED, "no service that is restored is named: [recovery.services.NAME]"
        )
    if not policy.keeps_last_good:
        return look.unclear(
            UnknownKind.NOT_WATCHED, "no last-good picture is kept: [recovery.last_good] folder"
        )
    seen = [
        one
        for ref, one in look.case.picture.signals.last_good.items()
        if ref.environment == look.ref.environment
    ]
    if not seen:
        return look.unclear(UnknownKind.LOADING, "the last-good picture was not read yet")
    problem = next((one.problem for one in seen if one.problem is not None), None)
    return look.unclear(UnknownKind.QUERY_ERROR, problem.cause) if problem is not None else None


def not_served(case: ProbeCase, of: str) -> Collection[str]:
    """The services that the cluster ``of`` is known not to serve: none of it is wanted there now, and another cluster was the last that served it.
    What is not read may be served. Nobody has to bring these up where that cluster is lost."""
    there = ProbeLook(msgspec.structs.replace(case, arguments={"cluster": of}))
    pictures = pictures_of(case)
    mine = good_services(pictures, there.ref.environment, of)
    newest = good_services(pictures, there.ref.environment)
    found: list[str] = []
    for name, one in recovery_of(case).services.items():
        if name not in newest or (name in mine and mine[name].at >= newest[name].at):
            continue
        subject = subject_in(one.workload, there.ref)
        obj = workload_object(there, subject) if subject is not None else None
        if not isinstance(obj, Unread) and getattr(obj, "desired", 0) == 0:
            found.append(name)
    return found


def named(names: Sequence[str]) -> str:
    """``web, api, auth and 4 more``."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"{', '.join(names[:_FEW])}{more}"
