"""What ails a Job or a CronJob, by what the object itself says. Pure; None where nothing does."""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.kube import CronJob, Job
from tfdash.playbook.serving.causes.finding import plural, shorten
from tfdash.playbook.serving.causes.waiting import lasting, waits_for
from tfdash.playbook.serving.rollout_status import condition

_HOUR, _DAY = 3600.0, 86400.0
_LATE = 300.0  # seconds that a controller may be late before that is said
_OFTEN = {"@hourly": _HOUR, "@daily": _DAY, "@midnight": _DAY}


class Trouble(NamedTuple):
    """``code``: one of failed, pods, retries, deleting, piling up, missed, last run; ``sentence`` for people."""

    code: str
    sentence: str


def job_trouble(job: Job, now: float, grace: float = 30.0) -> Trouble | None:
    """``grace``: seconds that its pods may take to become ready."""
    failed = condition(job.conditions, "Failed") or condition(job.conditions, "FailureTarget")
    if failed is not None and failed.status == "True":
        why = f": {shorten(failed.message)}" if failed.message else ""
        return Trouble("failed", f"{failed.reason or 'failed'}{why}")
    if job.deleting is not None:
        why = f", {waits_for(job.finalizers)}" if job.finalizers else ""
        return Trouble(
            "deleting", f"deleted {lasting(max(0.0, now - job.deleting))} ago and still there{why}"
        )
    if job.suspended or job.completed is not None or job.started is None:
        return None
    if job.active and not job.ready and now - job.started >= grace:
        return Trouble("pods", f"{plural(job.active, 'pod')} active and none ready: enter shows why")
    if job.failed:
        return Trouble("retries", f"{plural(job.failed, 'pod')} failed of {job.backoff_limit} allowed")
    return None


def cron_job_trouble(cron: CronJob, now: float) -> Trouble | None:
    if cron.suspended:
        return None
    if len(cron.active) > 1:
        return Trouble("piling up", f"{len(cron.active)} runs at once ({cron.concurrency}): they pile up")
    every = at_least_every(cron.schedule)
    since = cron.last_scheduled or cron.created
    if every is not None and now - since > every + _LATE:
        when = f"last scheduled {lasting(now - since)} ago" if cron.last_scheduled else "never scheduled"
        due = "hourly" if every < _DAY else "daily"
        return Trouble("missed", f"{when}, though due at least {due}: is the controller alive?")
    if cron.last_scheduled and not cron.active and (cron.last_successful or 0.0) < cron.last_scheduled:
        last = (
            f"the last success was {lasting(now - cron.last_successful)} ago"
            if cron.last_successful
            else "none ever did"
        )
        return Trouble("last run", f"its last run did not succeed, {last}")
    return None


def at_least_every(schedule: str) -> float | None:
    """Seconds within which it is certainly due, where the schedule says so at a glance: every day, or every hour of each.
    A day is 25 h, so that the end of summer time is no missed run. None of all else."""
    text = schedule.strip()
    fields = text.split()
    if text in _OFTEN:
        often = _OFTEN[text]
    elif len(fields) == 5 and fields[2:] == ["*", "*", "*"]:
        often = _HOUR if fields[1] == "*" else _DAY
    else:
        return None
    return often + _HOUR if often == _DAY else often
