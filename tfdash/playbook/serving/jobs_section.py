"""The line of what runs to an end: Jobs and CronJobs."""

from __future__ import annotations

import msgspec

from tfdash.model.kube import CronJob, Job
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.nouns import counted
from tfdash.playbook.section import Findings, Reading, Section, worst_of
from tfdash.playbook.serving import cronjobs, jobs

_LISTS = {Job.KIND: "jobs", CronJob.KIND: "cronjobs"}


def read(findings: Findings) -> Reading:
    of_jobs, of_crons = findings.by_rule(jobs.ID), findings.by_rule(cronjobs.ID)
    # a failed run is its CronJob's trouble, told once
    told = {o._replace(uid="") for v in of_crons if v.level is Level.WARN for o in v.evidence.objects}
    reading = worst_of(
        [v for v in (*of_crons, *of_jobs) if v.subject._replace(uid="") not in told],
        "none failed, none late",
        "jobs",
    )
    parts = [_count(of_jobs, "job"), _count(of_crons, "cron job")]
    sentence = ", ".join(part for part in parts if part) or "no jobs"
    target = _list_of(reading.subject)
    one_by_one = tuple(msgspec.structs.replace(f, page=_list_of(f.subject)) for f in reading.findings)
    return reading._replace(sentence=sentence, target=target, findings=one_by_one)


def _list_of(subject: Subject | None) -> str:
    return _LISTS.get(subject.kind, "") if subject is not None else ""


def _count(verdicts: list[Verdict], noun: str) -> str:
    if not verdicts:
        return ""
    good = sum(v.level < Level.UNKNOWN for v in verdicts)
    return f"{good} of {counted(len(verdicts), noun)} ok"


SECTION = Section("jobs", "Jobs", "jobs", read, needs=(Job, CronJob), rules=(jobs.ID, cronjobs.ID))
