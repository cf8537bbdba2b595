"""Jobs and CronJobs, as kubectl shows them."""

from __future__ import annotations

from tfdash.model.kube import CronJob, Job, Object, Provisional
from tfdash.model.verdict import Level, Verdict
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import human_duration, since
from tfdash.views.kinds.base import (
    Context,
    Field,
    age_field,
    count_field,
    images_of,
    kind_view,
    name_field,
    names_of,
    none,
    printed,
    selector_text,
    text_field,
    worst_verdict,
)


def _is(job: Job, condition: str) -> bool:
    return any(c.type == condition and c.status == "True" for c in job.conditions)


def job_status(job: Job) -> str:
    """The word of the API server's printer, most final first."""
    for condition, word in (("Complete", "Complete"), ("Failed", "Failed")):
        if _is(job, condition):
            return word
    if job.deleting is not None:
        return "Terminating"
    for condition in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if _is(job, condition):
            return condition
    return "Running"


_TOKENS = {
    "Complete": "idle",
    "Failed": "warn",
    "FailureTarget": "warn",
    "Suspended": "paused",
    "Terminating": "moving",
    "Running": "moving",
    "SuccessCriteriaMet": "moving",
}


def completions(job: Job) -> str:
    if job.completions is not None:
        return f"{job.succeeded}/{job.completions}"
    return f"{job.succeeded}/1 of {job.parallelism}" if job.parallelism > 1 else f"{job.succeeded}/1"


def duration_seconds(job: Job, now: float) -> float | None:
    """From its start to its completion, or to now; None before it started."""
    if job.started is None:
        return None
    return (job.completed if job.completed is not None else now) - job.started


def _duration(job: Job, context: Context) -> str:
    seconds = duration_seconds(job, context.now)
    return "" if seconds is None else human_duration(seconds)


def _duration_sort(job: Job, context: Context) -> float:
    """Running jobs count from their start, so that the order does not depend on when it was asked."""
    if job.started is None:
        return -1e18
    return job.completed - job.started if job.completed is not None else 1e12 - job.started


def _paint_status(obj: Object, context: Context) -> str:
    if isinstance(obj, Provisional):
        return _TOKENS.get(printed(obj, "Status"), "")
    token = _TOKENS.get(job_status(obj), "") if isinstance(obj, Job) else ""
    calm = token == "warn" and context.verdicts(obj) and _told(obj, context) is None
    return "idle" if calm else token  # it failed, and a later run of its CronJob succeeded


def _paint_suspended(obj: Object, context: Context) -> str:
    if isinstance(obj, Provisional):
        return "paused" if printed(obj, "Suspend") == "True" else ""
    return "paused" if isinstance(obj, CronJob) and obj.suspended else ""


def _search(job: Job | CronJob, context: Context) -> str:
    status = job_status(job) if isinstance(job, Job) else job.schedule
    return f"{job.namespace} {job.name} {status} {images_of(job.template.containers)}"


def _told(obj: Object, context: Context) -> Verdict | None:
    """What the playbook says of it, where that asks for somebody."""
    worst = worst_verdict(context.verdicts(obj))
    return worst if worst is not None and worst.level >= Level.UNKNOWN else None


def _token(obj: Object, context: Context) -> str:
    told = _told(obj, context)
    return "" if told is None else states.of_level(told.level).token


def _cause(obj: Object, context: Context) -> str:
    told = _told(obj, context)
    if told is None:
        return ""
    return safe(told.cause.sentence if told.cause is not None else told.sentence)


def _cause_value(obj: Object, context: Context) -> dict[str, str] | None:
    told = _told(obj, context)
    if told is None or told.cause is None:
        return None
    return {"code": told.cause.code.value, "sentence": safe(told.cause.sentence)}


CAUSE = Field("cause", "CAUSE", 18, _cause, paint=_token, value=_cause_value, flexible=True, priority=0)
_WIDE = (
    text_field(
        "containers",
        "CONTAINERS",
        20,
        lambda o: names_of(o.template.containers),
        printer="Containers",
        priority=6,
    ),
    text_field(
        "images", "IMAGES", 40, lambda o: images_of(o.template.containers), printer="Images", priority=5
    ),
)

JOBS = kind_view(
    "Job",
    search=_search,
    judged=True,
    fields=(
        name_field(width=24),
        text_field("status", "STATUS", 12, job_status, printer="Status", priority=0, paint=_paint_status),
        Field(
            "completions",
            "COMPLETIONS",
            11,
            lambda j, c: completions(j),
            lambda j, c: float(j.succeeded),
            value=lambda j, c: {
                "succeeded": j.succeeded,
                "wanted": j.completions,
                "parallelism": j.parallelism,
            },
            printer="Completions",
            right=True,
            priority=3,
        ),
        Field(
            "duration",
            "DURATION",
            8,
            _duration,
            _duration_sort,
            value=lambda j, c: duration_seconds(j, c.now),
            printer="Duration",
            right=True,
            priority=2,
            clock=True,
        ),
        age_field(),
        count_field(
            "failed",
            "FAILED",
            lambda j: j.failed,
            priority=4,
            paint=lambda o, c: _token(o, c) if isinstance(o, Job) and o.failed else "",
        ),
        CAUSE,
        *_WIDE,
        text_field(
            "selector", "SELECTOR", 30, lambda o: selector_text(o.selector), printer="Selector", priority=9
        ),
    ),
)
CRON_JOBS = kind_view(
    "CronJob",
    search=_search,
    judged=True,
    fields=(
        name_field(width=24),
        text_field("schedule", "SCHEDULE", 16, lambda j: j.schedule, printer="Schedule", priority=0),
        text_field("timezone", "TIMEZONE", 18, lambda j: none(j.time_zone), printer="Timezone", priority=4),
        Field(
            "suspend",
            "SUSPEND",
            7,
            lambda j, c: str(j.suspended),
            paint=_paint_suspended,
            value=lambda j, c: j.suspended,
            printer="Suspend",
            priority=2,
        ),
        count_field("active", "ACTIVE", lambda j: len(j.active), printer="Active", width=6),
        Field(
            "last_schedule",
            "LAST SCHEDULE",
            13,
            lambda j, c: "<none>" if j.last_scheduled is None else since(j.last_scheduled, c.now),
            lambda j, c: -(j.last_scheduled or 0.0),
            value=lambda j, c: j.last_scheduled,
            printer="Last Schedule",
            right=True,
            priority=1,
            clock=True,
        ),
        age_field(priority=3),
        CAUSE,
        *_WIDE,
    ),
)

VIEWS = (
    JOBS,
    CRON_JOBS,
)
