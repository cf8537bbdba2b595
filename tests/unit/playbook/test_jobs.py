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


DAY = 86400
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
        ("@midnight", 90000),
        (" @hourly ", 3600),
        ("@weekly", None),
        ("0 0 * *", None),
        ("0 0 * * 1", None),
        ("x", None),
    ],
)
def test_how_often_it_is_certainly_due(schedule: str, seconds: float | None) -> None:
    assert at_least_every(schedule) == seconds


DUE = "though due at least {}: is the controller alive?"


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (job(conditions=LIMIT), "BackoffLimitExceeded: Job has reached the specified backoff limit"),
        (job(conditions=(condition("Failed", "True"),)), "failed"),
        (
            job(conditions=(condition("FailureTarget", "True", "x"),)),
            "x",
        ),  # it fails, and its pods are not gone yet
        (job(conditions=(condition("Failed", "False", "x"),)), None),
        (
            job(conditions=(condition("FailureTarget", "False", "x"), *LIMIT)),
            LIMIT[0].reason + ": " + LIMIT[0].message,
        ),
        (job(deleting=NOW - 600), "deleted 10 min ago and still there"),
        (job(deleting=NOW + 30), "deleted 0 s ago and still there"),  # within its grace
        (
            job(deleting=NOW - 30, finalizers=("a/b",)),
            "deleted 30 s ago and still there, waiting for finalizer a/b",
        ),
        (job(ready=0), "1 pod active and none ready: enter shows why"),
        (job(active=2, ready=0, started=NOW - 30), "2 pods active and none ready: enter shows why"),
        (job(active=2, ready=1), None),
        (job(ready=0, started=NOW - 29.9), None),
        (job(active=0, ready=0), None),
        (job(ready=0, completed=NOW), None),
        (job(ready=0, started=None), None),
        (job(failed=1, backoff_limit=3), "1 pod failed of 3 allowed"),
        (job(failed=1, suspended=True), None),
    ],
)
def test_what_is_said_of_a_job(found: Job, sentence: str | None) -> None:
    told = job_trouble(found, NOW)
    assert (told.sentence if told else None) == sentence


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (cron(active=("a", "b"), concurrency="Allow"), "2 runs at once (Allow): they pile up"),
        (cron(active=("a",)), None),
        (cron(last_scheduled=NOW - 3 * DAY), f"last scheduled 3 d ago, {DUE.format('daily')}"),
        (
            cron(schedule="@hourly", last_scheduled=NOW - 7200),
            f"last scheduled 2 h ago, {DUE.format('hourly')}",
        ),
        (
            cron(last_scheduled=None, last_successful=None, created=NOW - 2 * DAY),
            f"never scheduled, {DUE.format('daily')}",
        ),
        # five minutes late is not yet missed
        (cron(schedule="@hourly", last_scheduled=NOW - 3900, last_successful=NOW - 1), None),
        (cron(last_successful=NOW - 2 * DAY), "its last run did not succeed, the last success was 2 d ago"),
        (cron(last_successful=None), "its last run did not succeed, none ever did"),
        (cron(last_successful=NOW - 7200), None),  # in the same second
        (cron(last_scheduled=None, last_successful=None, schedule="0 0 * * 1"), None),
    ],
)
def test_what_is_said_of_a_cron_job(found: CronJob, sentence: str | None) -> None:
    told = cron_job_trouble(found, NOW)
    assert (told.sentence if told else None) == sentence
