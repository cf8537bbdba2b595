"""The rule of a CronJob: whether it is scheduled when it is due, and whether its runs end well."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfoNotFoundError

from tfdash.cron import Schedule, schedule
from tfdash.model.kube import CronJob, Job
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.model.workload import Cause, CauseCode
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.seen import Relation
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.serving.causes.waiting import lasting
from tfdash.playbook.serving.rollout_status import condition

ID = "cronjob.runs"
_LATE = 300.0  # seconds that a controller may be late before that is said
_LOOK_AGAIN = 60.0
_HOUR = 3600.0
_WEST, _EAST = 12 * _HOUR, 14 * _HOUR  # the zones farthest from UTC
_SHORT = 10.0  # seconds: the controller looks so often, and misses shorter deadlines
JOBS_OF = Relation(Job, lambda job: () if job.owner is None else (job.owner.uid,))
"""By the uid of the owner."""


def judge(ref: ClusterRef, cron: CronJob, jobs: tuple[Job, ...], now: float) -> tuple[Verdict, float | None]:
    """What is said of it, and when it must be looked at again though nothing changed (epoch seconds). ``jobs``: its own."""
    subject = Subject(ref, cron.KIND, cron.namespace, cron.name)
    if cron.suspended:
        return Verdict(level=Level.IDLE, rule=ID, subject=subject, sentence=f"{cron.name} is suspended"), None
    try:
        due = due_after(schedule(cron.schedule, cron.time_zone), cron.last_scheduled, cron.created)
    except (
        ValueError,
        OverflowError,
        OSError,
        ZoneInfoNotFoundError,
    ) as error:  # OSError: a zone that is a folder
        odd = Cause(code=CauseCode.SCHEDULE, sentence=f"when it is due is not known: {shorten(str(error))}")
        return _verdict(Level.UNKNOWN, cron, subject, odd, None), None
    cause = (
        _piled_up(cron, jobs, due, now)
        or _missed(cron, due, now)
        or _last_run(ref, cron, jobs)
        or _runs_again(cron, now)
    )
    if cause is None:
        verdict = Verdict(level=Level.OK, rule=ID, subject=subject, sentence=f"{cron.name} is scheduled")
        return verdict, None if due is None else due + _LATE
    late = cause.code in (CauseCode.MISSED, CauseCode.PILING_UP)
    since = due if late else cron.last_scheduled
    return _verdict(Level.WARN, cron, subject, cause, since), now + _LOOK_AGAIN


def _verdict(level: Level, cron: CronJob, subject: Subject, cause: Cause, since: float | None) -> Verdict:
    return Verdict(
        level=level,
        rule=ID,
        subject=subject,
        sentence=f"{cron.name}: {cause.sentence}",
        evidence=Evidence(objects=cause.objects),
        unknown=UnknownKind.NO_DATA if level is Level.UNKNOWN else None,
        since=since,
        cause=cause,
    )


def _piled_up(cron: CronJob, jobs: tuple[Job, ...], due: float | None, now: float) -> Cause | None:
    if len(cron.active) > 1:
        sentence = f"{len(cron.active)} runs at once ({cron.concurrency}): they pile up"
        return Cause(code=CauseCode.PILING_UP, sentence=sentence)
    if cron.concurrency != "Forbid" or not cron.active or due is None or now < due + _LATE:
        return None
    # the controller leaves lastScheduleTime as it was while it skips runs
    began = next((j.created for j in jobs if j.name == cron.active[0] and j.created), cron.last_scheduled)
    age = f" of {lasting(now - began)} ago" if began else ""
    return Cause(
        code=CauseCode.PILING_UP, sentence=f"its run{age} still runs, so that later ones are skipped (Forbid)"
    )


def _missed(cron: CronJob, due: float | None, now: float) -> Cause | None:
    if due is None or now < due + _LATE:
        return None
    what = (
        f"last scheduled {lasting(now - cron.last_scheduled)} ago"
        if cron.last_scheduled
        else "never scheduled"
    )
    told = f"{what}, though due {lasting(now - due)} ago"
    deadline = cron.starting_deadline
    if deadline is not None and deadline < _SHORT:
        told += (
            f": a startingDeadlineSeconds of {deadline:g} is under the {_SHORT:g} s in which it is looked at"
        )
    elif deadline is not None and now - due > deadline:
        told += f", and not made up for after its startingDeadlineSeconds of {deadline:g}"
    else:
        told += ": is kube-controller-manager alive?"
    return Cause(code=CauseCode.MISSED, sentence=told)


def _last_run(ref: ClusterRef, cron: CronJob, jobs: tuple[Job, ...]) -> Cause | None:
    if not cron.last_scheduled or cron.active or (cron.last_successful or 0.0) >= cron.last_scheduled:
        return None
    last_runs = [j for j in jobs if j.created >= cron.last_scheduled]
    if any(j.completed is not None for j in last_runs):
        return None  # the controller writes down a moment later that it succeeded
    failed = [j for j in jobs if (c := condition(j.conditions, "Failed")) is not None and c.status == "True"]
    newest = max((j for j in failed if j in last_runs), key=lambda j: j.created, default=None)
    if newest is None:
        # a Job that is removed as soon as it has ended leaves no trace: ttlSecondsAfterFinished, and before Kubernetes 1.32
        # successfulJobsHistoryLimit 0 (kubernetes/kubernetes#122025)
        told = "of its last run no success is recorded"
    else:
        reason = next((c.reason for c in newest.conditions if c.type == "Failed"), "")
        told = f"its last run ({newest.name}{': ' if reason else ''}{reason}) did not succeed"
    last = (
        f"the last success was {lasting(cron.last_scheduled - cron.last_successful)} before"
        if cron.last_successful
        else "none ever did"
    )
    objects = tuple(Subject(ref, j.KIND, j.namespace, j.name, j.uid) for j in failed)
    return Cause(code=CauseCode.LAST_RUN, sentence=f"{told}, {last}", objects=objects)


def _runs_again(cron: CronJob, now: float) -> Cause | None:
    """A run that has begun says nothing of those before it: where one was due between the last success and this one, none of them
    did. Replaced runs (Replace) and those of which no Job is kept leave no other trace."""
    if not cron.active or not cron.last_scheduled:
        return None
    times = schedule(cron.schedule, cron.time_zone)
    before = due_after(times, cron.last_successful, cron.created)
    if before is None or before >= cron.last_scheduled:
        return None
    replaced = ", and each ends the one before (Replace)" if cron.concurrency == "Replace" else ""
    long = (
        f"succeeded for {lasting(now - cron.last_successful)}" if cron.last_successful else "ever succeeded"
    )
    return Cause(code=CauseCode.LAST_RUN, sentence=f"one runs now, and none {long}{replaced}")


@lru_cache(4096)
def due_after(times: Schedule, last: float | None, created: float) -> float | None:
    """When it is certainly due next (epoch seconds), after it was scheduled ``last``, or made; None: never. Without a time
    zone that of the controller's process counts, which nobody can see: then when it is due in every zone."""
    since = created if last is None else last
    if times.zone_given:
        return times.next(since)
    if times.hourly:
        return since + times.hourly
    if last is None:
        due = times.next(created + _EAST)
        return None if due is None else due + _WEST
    # scheduled at a time of the schedule, whatever its zone: the longest gap behind one that may have been meant
    longest, meant = 0.0, times.next(last - _WEST - 1)
    while meant is not None and meant <= last + _EAST:
        following = times.next(meant)
        if following is None:
            return None
        longest, meant = max(longest, following - meant), following
    return last + longest + _HOUR if longest else None  # an hour more where summer time ends


def _rule(case: Case[CronJob]) -> RuleResult:
    verdict, again = judge(case.ref, case.obj, case.some(JOBS_OF, case.obj.uid), case.now)
    if again is not None:
        case.reached(again)
    return RuleResult((verdict,))


RULE = Rule(ID, (CronJob,), _rule, uses=(Job,))
