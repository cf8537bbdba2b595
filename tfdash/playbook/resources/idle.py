"""The rule of a workload that asks for CPU and uses next to none of it for whole weeks. Whether anybody asks anything of it, CPU alone
does not tell, and is not said."""

from __future__ import annotations

from tfdash.model import resource_rules
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Deployment, Object, StatefulSet
from tfdash.model.usage import UsageHistory, usage_key
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.playbook.resources import pricing
from tfdash.playbook.resources.policy import ENOUGH
from tfdash.playbook.resources.rightsize import pods_of, template_of
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving.links import REPLICA_SETS_OF
from tfdash.pod_requests import of_template
from tfdash.quantities import NANO, amount

ID = resource_rules.IDLE


def _judge(case: Case[Object]) -> RuleResult | None:
    subject, workload = case.subject, case.obj
    least, weeks = case.policies.resources.idle_below, case.policies.resources.below_over
    history = case.maybe(UsageHistory, usage_key(subject.kind, subject.namespace, subject.name))
    pods = pods_of(workload)
    if history is None or history.cpu_p95 is None or not pods:
        return None
    if history.covered < weeks * ENOUGH or history.current_only:
        return None
    sets = case.some(REPLICA_SETS_OF, workload.uid) if isinstance(workload, Rollout) else ()
    template = template_of(workload, sets)
    requests = of_template(template.containers, template.resources)
    asked = amount(requests, "cpu")
    if not asked:
        return None
    share = 100 * history.cpu_p95 * NANO / (asked * pods)
    if share >= least:
        return None
    days = round((history.until - history.since) / 86_400)
    all_asked = tuple((name, value * pods) for name, value in requests)
    size = amount(all_asked, "memory")
    memory = f", {written('memory', size)}" if size else ""
    sentence = (
        f"{subject.name} is idle by its CPU: {share:.2g} % of the {written('cpu', asked * pods)} that it asks for, "
        f"95th percentile of {days} d; at 0 it frees {written('cpu', asked * pods)} cores{memory}"
        f"{pricing.worth(case, workload, all_asked, case.policies)}"
    )
    evidence = Evidence(
        query=history.queries[0] if history.queries else "", window=history.until - history.since
    )
    return RuleResult(
        (
            Verdict(
                level=Level.WARN,
                rule=ID,
                subject=subject,
                sentence=sentence,
                measured=share,
                limit=least,
                unit="%",
                evidence=evidence,
            ),
        )
    )


RULE = Rule(ID, (Deployment, StatefulSet, Rollout), _judge, uses=(UsageHistory, *pricing.PRICED))
