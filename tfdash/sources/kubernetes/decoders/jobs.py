"""Jobs and CronJobs: from the wire to the model. Pure; raises only what msgspec raises for malformed JSON."""

from __future__ import annotations

from msgspec import field

from tfdash.model import kube as m
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import (
    Decoders,
    conditions,
    meta,
    optional_seconds,
    selector,
    template,
)

_BUILT_IN = "kubernetes.io/job-controller"


class JobSpec(w.Wire):
    parallelism: w.Count | None = None
    completions: w.Count | None = None
    backoff_limit: int | None = None
    suspend: bool | None = None
    managed_by: str | None = None
    selector: w.LabelSelector | None = None
    template: w.Template | None = None


class JobStatus(w.Wire):
    active: w.Count = 0
    ready: w.Count | None = None
    succeeded: w.Count = 0
    failed: w.Count = 0
    start_time: str | None = None
    completion_time: str | None = None
    conditions: list[w.Condition] | None = None


class Job(w.Wire):
    metadata: w.Meta
    spec: JobSpec = field(default_factory=JobSpec)
    status: JobStatus = field(default_factory=JobStatus)


class JobTemplate(w.Wire):
    spec: JobSpec | None = None


class CronJobSpec(w.Wire):
    schedule: str = ""
    time_zone: str | None = None
    suspend: bool | None = None
    concurrency_policy: str = "Allow"
    starting_deadline_seconds: int | None = None
    job_template: JobTemplate | None = None


class CronJobStatus(w.Wire):
    active: list[w.Named] | None = None
    last_schedule_time: str | None = None
    last_successful_time: str | None = None


class CronJob(w.Wire):
    metadata: w.Meta
    spec: CronJobSpec = field(default_factory=CronJobSpec)
    status: CronJobStatus = field(default_factory=CronJobStatus)


def job(found: Job) -> m.Job:
    spec, status = found.spec, found.status
    return m.Job(
        **meta(found.metadata),
        parallelism=1 if spec.parallelism is None else spec.parallelism,
        completions=spec.completions,
        backoff_limit=6 if spec.backoff_limit is None else spec.backoff_limit,
        suspended=bool(spec.suspend),
        active=status.active,
        ready=status.ready,
        succeeded=status.succeeded,
        failed=status.failed,
        started=optional_seconds(status.start_time),
        completed=optional_seconds(status.completion_time),
        selector=selector(spec.selector),
        template=template(spec.template),
        conditions=conditions(status.conditions),
        managed_by="" if spec.managed_by in (None, _BUILT_IN) else spec.managed_by,
    )


def cron_job(found: CronJob) -> m.CronJob:
    inner = found.spec.job_template.spec if found.spec.job_template else None
    return m.CronJob(
        **meta(found.metadata),
        schedule=found.spec.schedule,
        time_zone=found.spec.time_zone or "",
        suspended=bool(found.spec.suspend),
        concurrency=found.spec.concurrency_policy,
        starting_deadline=found.spec.starting_deadline_seconds,
        active=tuple(a.name for a in found.status.active or ()),
        last_scheduled=optional_seconds(found.status.last_schedule_time),
        last_successful=optional_seconds(found.status.last_successful_time),
        template=template(inner.template if inner else None),
    )


DECODERS: Decoders = {
    "Job": (Job, job),
    "CronJob": (CronJob, cron_job),
}
