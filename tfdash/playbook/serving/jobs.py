"""The rule of a Job: whether it failed, and what holds its pods up."""

from __future__ import annotations

from tfdash.model.kube import Condition, CronJob, Job, Pod
from tfdash.model.kubecluster import Event
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.model.workload import Cause, CauseCode
from tfdash.nouns import counted
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.serving import causes
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.serving.causes.waiting import lasting, waits_for
from tfdash.playbook.serving.cronjobs import JOBS_OF
from tfdash.playbook.serving.links import Links, links_of
from tfdash.playbook.serving.rollout_status import condition

ID = "job.runs"
_NO_LIMIT = 2**31 - 1  # backoffLimit where each index has its own (backoffLimitPerIndex)
_LOOK_AGAIN = 15.0  # seconds: one that ails is judged again although nothing changed (ages)


def judge(
    ref: ClusterRef,
    job: Job,
    links: Links,
    policy: WorkloadPolicy,
    now: float,
    cron: CronJob | None = None,
    runs: tuple[Job, ...] = (),
) -> Verdict:
    """``cron``: the CronJob that made it, where there is one: what a later run of it did is no trouble any more. ``runs``: those of
    its runs that are still there."""
    subject = Subject(ref, job.KIND, job.namespace, job.name)
    failure = _failure(job)
    overtaken = failure is not None and cron is not None and _made_good(job, failure, cron, runs)
    cause = None if overtaken else _cause(ref, job, failure, links, policy, now)
    if cause is not None:
        since = failure.since if failure is not None else job.deleting or job.started or job.created
        if cause.code is CauseCode.DELETING and job.deleting is None and (met := _succeeded(job)) is not None:
            since = met.since
        return Verdict(
            level=Level.WARN,
            rule=ID,
            subject=subject,
            sentence=f"{job.name}: {cause.sentence}",
            evidence=Evidence(objects=cause.objects),
            since=since or None,
            cause=cause,
        )
    level, what = Level.OK, f"runs, as its controller {job.managed_by} says" if job.managed_by else "runs"
    if overtaken:
        what = "failed, and a later run succeeded"
    elif job.deleting is not None:
        level, what = Level.IDLE, "is being deleted"
    elif job.completed is not None:
        level, what = Level.IDLE, "is complete"
    elif _succeeded(job) is not None:
        level, what = Level.IDLE, "has met its success criteria, and its pods end"
    elif job.suspended:
        level, what = Level.IDLE, "is suspended"
    return Verdict(level=level, rule=ID, subject=subject, sentence=f"{job.name} {what}")


def _failure(job: Job) -> Condition | None:
    """That it failed, or fails and still has pods."""
    found = [condition(job.conditions, name) for name in ("Failed", "FailureTarget")]
    return next((c for c in found if c is not None and c.status == "True"), None)


def _succeeded(job: Job) -> Condition | None:
    """That its success policy is met: the pods that are left are ended then, which is no failure of theirs."""
    found = condition(job.conditions, "SuccessCriteriaMet")
    return found if found is not None and found.status == "True" else None


def _made_good(job: Job, failure: Condition, cron: CronJob, runs: tuple[Job, ...]) -> bool:
    """Whether a later run succeeded. One that began before it and took longer is none (``Allow``), and the CronJob keeps but one
    time of all; of the runs the oldest are removed first, so that without any its word stands."""
    if (cron.last_successful or 0.0) <= failure.since:
        return False
    after = [run for run in runs if run.completed is not None and run.completed > failure.since]
    return not after or any(run.created > job.created for run in after)


def _cause(
    ref: ClusterRef, job: Job, failure: Condition | None, links: Links, policy: WorkloadPolicy, now: float
) -> Cause | None:
    this = (Subject(ref, job.KIND, job.namespace, job.name, job.uid),)
    if failure is not None:
        why = f": {shorten(failure.message)}" if failure.message else ""
        found = None if job.managed_by else causes.of_job(ref, job, links, policy, now)
        return _with(found, this, f"{failure.reason or 'failed'}{why}")
    if job.deleting is not None:
        if now - job.deleting < policy.terminating_grace:  # whoever clears up waits for its pods first
            return None
        why = f", {waits_for(job.finalizers)}" if job.finalizers else ""
        sentence = f"deleted {lasting(max(0.0, now - job.deleting))} ago and still there{why}"
        return Cause(code=CauseCode.DELETING, sentence=sentence, objects=this)
    if job.suspended or job.completed is not None:
        return None
    if (met := _succeeded(job)) is not None:
        if now - met.since < policy.terminating_grace:
            return None
        sentence = (
            f"its success criteria were met {lasting(max(0.0, now - met.since))} ago, and it is not complete"
        )
        return Cause(code=CauseCode.DELETING, sentence=sentence, objects=this)
    if job.started is None:
        if now - job.created < policy.ready_grace:
            return None
        controller = f"controller {job.managed_by}" if job.managed_by else "controller"
        sentence = f"not begun since {lasting(now - job.created)}: is its {controller} alive?"
        return Cause(code=CauseCode.GENERATION, sentence=sentence, objects=this)
    limit = f" of {job.backoff_limit} allowed" if job.backoff_limit < _NO_LIMIT else ""
    failed = f"{counted(job.failed, 'pod')} failed{limit}" if job.failed else ""
    found = None if job.managed_by else causes.of_job(ref, job, links, policy, now)
    if found is not None:
        return found if not failed else _after(found, failed)
    if job.active and job.ready == 0 and now - job.started >= policy.ready_grace:
        sentence = f"{counted(job.active, 'pod')} active and none ready"
        return Cause(code=CauseCode.NOT_READY, sentence=sentence, objects=this)
    if failed:
        return Cause(code=CauseCode.RETRIES, sentence=failed, objects=this)
    idle = not job.active and job.parallelism > 0 and now - job.started >= policy.ready_grace
    if idle and not job.managed_by and links.pods is not None and not links.pods:
        return Cause(code=CauseCode.NOT_READY, sentence="begun, and no pod of it is there", objects=this)
    return None


def _with(found: Cause | None, this: tuple[Subject, ...], sentence: str) -> Cause:
    """That it failed, and behind it what its pods died of."""
    more = f"; {found.sentence}" if found is not None else ""
    objects = found.objects if found is not None else this
    return Cause(code=CauseCode.FAILED, sentence=f"{sentence}{more}", objects=objects)


def _after(found: Cause, more: str) -> Cause:
    return Cause(
        code=found.code,
        sentence=f"{found.sentence}; {more}",
        objects=found.objects,
        count=found.count,
        others=found.others,
        origin=found.origin,
    )


def _rule(case: Case[Job]) -> RuleResult:
    job, policy = case.obj, case.policies.workloads
    owner = job.owner
    cron = None
    if owner is not None and owner.kind == CronJob.KIND:
        cron = case.maybe(CronJob, Key(job.namespace, owner.name))
    if cron is not None and owner is not None and cron.uid != owner.uid:
        cron = None  # another of this name
    runs = case.some(JOBS_OF, cron.uid) if cron is not None and _failure(job) is not None else ()
    verdict = judge(case.ref, job, links_of(case, job), policy, case.now, cron, runs)
    if verdict.level is Level.WARN:
        case.reached(case.now + _LOOK_AGAIN)
    elif job.deleting is not None:
        case.reached(job.deleting + policy.terminating_grace)
    elif (met := _succeeded(job)) is not None and job.completed is None:
        case.reached(met.since + policy.terminating_grace)
    elif job.completed is None and not job.suspended:
        case.reached((job.started or job.created) + policy.ready_grace)
    return RuleResult((verdict,))


RULE = Rule(ID, (Job,), _rule, uses=(Pod, Event, CronJob))
