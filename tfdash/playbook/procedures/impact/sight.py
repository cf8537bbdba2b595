"""When this terminal first saw that the scenario fits: it may have done so before anybody looked."""

from __future__ import annotations

from tfdash.playbook.procedures.impact.case import ImpactCase, ImpactProof


def seen_here(case: ImpactCase) -> ImpactProof:
    recovery = case.assessment.recovery
    wanted = {one._replace(uid="") for one in case.workloads}
    for one in recovery.proposals if recovery is not None else ():
        if one.procedure != case.procedure or one.since is None or not one.proposed:
            continue
        about = {subject._replace(uid="") for sign in one.signs if sign.passed for subject in sign.about}
        if wanted & about or one.cluster in case.clusters:
            return ImpactProof(
                one.since, "it saw first then that the facts propose this procedure", at_least=True
            )
    return ImpactProof(None, "by the facts that it sees it does not propose this procedure for it")
