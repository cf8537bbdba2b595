"""What ails Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW, condition
from tfdash.model.kube import CronJob, Job
from tfdash.playbook.serving.jobs import at_least_every, cron_job_trouble, job_trouble


def job(**fields: Any) -> Job:
    base: dict[str, Any] = {
        "namespace": "a",
        "name": "migrate",
        "started": NOW - 600,
        "active": 1,
        "ready": 1,
    }
    return Job(**{**base, **fields})


def cron(**fields: Any) -> CronJob:
    base: dict[str, Any] = {
        "namespace": "a",
        "name": "nightly",
        "schedule": "15 2 * * *",
        "created": NOW - 9e6,
        "last_scheduled": NOW - 7200,
        "last_successful": NOW - 7000,
    }
    return CronJob(**{**base, **fields})


LIMIT = (condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit"),)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (job(), None),
        (job(conditions=LIMIT, active=0, ready=0), "failed"),
        (job(ready=0), "pods"),
        (job(ready=0, started=NOW - 20), None),
        (job(ready=0, suspended=True), None),
        (job(failed=2), "retries"),
        (job(failed=2, active=0, completed=NOW), None),
        (job(deleting=NOW - 600, finalizers=("example.com/never",)), "deleting"),
    ],
)
def test_a_job(found: Job, code: str | None) -> None:
    told = job_trouble(found, NOW)
    assert (told.code if told else None) == code


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (cron(), None),
        (cron(active=("a", "b")), "piling up"),
        (cron(last_scheduled=NOW - 3 * 86400), "missed"),
        (cron(last_scheduled=None, last_successful=None), "missed"),
        (cron(last_scheduled=None, last_successful=None, created=NOW - 60), None),
        (cron(last_scheduled=NOW - 3 * 86400, suspended=True), None),
        (cron(schedule="0 0 1 * *", last_scheduled=NOW - 20 * 86400, last_successful=NOW - 86400), None),
        (cron(last_successful=NOW - 90000), "last run"),
        (cron(last_successful=None), "last run"),
        (cron(last_successful=None, active=("a",)), None),
    ],
)
def test_a_cron_job(found: CronJob, code: str | None) -> None:
    told = cron_job_trouble(found, NOW)
    assert (told.code if told else None) == code


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("*/5 * * * *", 3600),
        ("15 2 * * *", 90000),
        ("@hourly", 3600),
        ("@daily", 90000),
        ("0 0 * * 1", None),
        ("x", None),
    ],
)
def test_how_often_it_is_certainly_due(schedule: str, seconds: float | None) -> None:
    assert at_least_every(schedule) == seconds
