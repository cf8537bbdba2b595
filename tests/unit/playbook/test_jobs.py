"""What ails Jobs and CronJobs, and the section that is read from it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, condition, picture, pod, waiting
from tfdash.cron import schedule
from tfdash.judging.judge import judge_all
from tfdash.judging.rules import RuleRunner
from tfdash.model.kube import Condition, ContainerStatus, CronJob, Job, Object, Owner, Pod
from tfdash.model.kubecluster import Event
from tfdash.model.picture import Change
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import CauseCode as C
from tfdash.playbook.policies import Policies
from tfdash.playbook.serving import cronjobs, jobs
from tfdash.playbook.serving.cronjobs import due_after
from tfdash.views.sections import next_line

DAY, HOUR, MIN = 86400.0, 3600.0, 60.0
LIMIT = condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
REACHED = "BackoffLimitExceeded: Job has reached the specified backoff limit"
OWNED = Owner("Job", "migrate", "j")
BY_CRON = Owner("CronJob", "nightly", "c")


def job(**fields: Any) -> Job:
    base: dict[str, Any] = {
        "namespace": "a",
        "name": "migrate",
        "uid": "j",
        "created": NOW - 600,
        "started": NOW - 600,
        "active": 1,
        "ready": 1,
    }
    return Job(**{**base, **fields})


def cron(**fields: Any) -> CronJob:
    """Due every night at 02:15Z; 1_000_000 is 13:46Z of a day in 1970."""
    base: dict[str, Any] = {
        "namespace": "a",
        "name": "nightly",
        "uid": "c",
        "schedule": "15 2 * * *",
        "time_zone": "UTC",
        "created": NOW - 9e5,
        "last_scheduled": at("02:15"),
        "last_successful": at("02:20"),
    }
    return CronJob(**{**base, **fields})


def met(ago: float) -> Condition:
    return Condition("SuccessCriteriaMet", "True", "SuccessPolicy", "", NOW - ago)


def at(clock: str, days: int = 0) -> float:
    hour, minute = map(int, clock.split(":"))
    day = datetime.fromtimestamp(NOW, UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return day.timestamp() + days * DAY


def mine(name: str, *statuses: ContainerStatus, **fields: Any) -> Pod:
    return pod(name, *statuses, owner=OWNED, **fields)


def ended(code: int, message: str = "") -> ContainerStatus:
    return ContainerStatus("main", state="terminated", reason="Error", exit_code=code, message=message)


def told(*objects: Object) -> tuple[Level, Verdict]:
    first = objects[0]
    several = judge_all(picture(*objects), NOW).verdicts[
        Subject(REF, first.KIND, first.namespace, first.name)
    ]
    (verdict,) = [v for v in several if not v.rule.startswith("resources.")]
    return verdict.level, verdict


def section(*objects: Object) -> SectionState:
    return next(s for s in judge_all(picture(*objects), NOW).sections if s.id == "jobs")


@pytest.mark.parametrize(
    ("objects", "code", "sentence"),
    [
        ((job(),), None, "migrate runs"),
        ((job(conditions=(LIMIT,), active=0, ready=0),), C.FAILED, REACHED),
        ((job(conditions=(condition("Failed", "True"),)),), C.FAILED, "failed"),
        ((job(conditions=(condition("FailureTarget", "True", "x"),)),), C.FAILED, "x"),  # its pods still end
        ((job(conditions=(condition("Failed", "False", "x"),)),), None, "migrate runs"),
        (
            (
                job(conditions=(condition("FailureTarget", "False", "x"), LIMIT)),
                mine("p", ended(3, "no such table\n"), phase="Failed"),
            ),
            C.FAILED,
            f"{REACHED}; container main failed in 1 pod: last exit 3: no such table",
        ),
        (
            (job(ready=0), mine("p", waiting("ImagePullBackOff"), phase="Pending")),
            C.IMAGE_PULL,
            "ImagePullBackOff: registry.example.com/checkout:2.14.0 cannot be pulled in 1 pod",
        ),
        (
            (
                job(ready=0, failed=2),
                mine("p", ended(1), phase="Failed"),
                mine("q", ended(1), phase="Failed"),
            ),
            C.CRASH_LOOP,
            "container main failed in 2 pods: last exit 1; 2 pods failed of 6 allowed",
        ),
        (
            (
                job(ready=0),
                mine(
                    "p",
                    phase="Pending",
                    node="",
                    conditions=(
                        condition(
                            "PodScheduled",
                            "False",
                            "Unschedulable",
                            "0/3 nodes are available: 3 Insufficient memory.",
                        ),
                    ),
                ),
            ),
            C.UNSCHEDULABLE,
            "1 pod unschedulable, 0 of 3 nodes fit: 3 Insufficient memory",
        ),
        (
            (
                job(active=0, ready=0),
                Event(
                    namespace="a",
                    name="e",
                    reason="FailedCreate",
                    involved_uid="j",
                    message='Error creating: pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=9, limited: pods=9',
                ),
            ),
            C.QUOTA,
            "quota q is full: requested pods=1, used pods=9, limited pods=9",
        ),
        # some of its pods were made, and the others are refused since
        *[
            (
                (
                    job(**fields),
                    mine("p", created=NOW - 100),
                    mine("first", created=NOW - 200),
                    Event(
                        namespace="a",
                        name="e",
                        reason="FailedCreate",
                        involved_uid="j",
                        message="no",
                        last_seen=seen,
                    ),
                ),
                C.CREATE if refused else None,
                "pods cannot be created: no" if refused else "migrate runs",
            )
            for fields, seen, refused in (
                ({"parallelism": 3}, NOW - 50, True),
                ({"parallelism": 3}, NOW - 100, True),
                ({"parallelism": 3}, NOW - 101, False),  # before that one was made
                ({"parallelism": 3, "active": 3, "ready": 3}, NOW - 50, False),
                ({"parallelism": 3, "completions": 5, "succeeded": 3}, NOW - 50, True),
                ({"parallelism": 3, "completions": 5, "succeeded": 4}, NOW - 50, False),  # its last
            )
        ],
        ((job(ready=0),), C.NOT_READY, "1 pod active and none ready"),
        ((job(active=2, ready=0, started=NOW - 30),), C.NOT_READY, "2 pods active and none ready"),
        ((job(active=2, ready=1),), None, "migrate runs"),
        ((job(ready=0, started=NOW - 29.9),), None, "migrate runs"),
        ((job(ready=0, active=0),), C.NOT_READY, "begun, and no pod of it is there"),
        ((job(ready=0, active=0, started=NOW - 29.9),), None, "migrate runs"),
        ((job(ready=0, active=0, parallelism=0),), None, "migrate runs"),
        ((job(failed=1, backoff_limit=3),), C.RETRIES, "1 pod failed of 3 allowed"),
        ((job(failed=3, backoff_limit=2**31 - 1),), C.RETRIES, "3 pods failed"),  # backoffLimitPerIndex
        ((job(ready=None),), None, "migrate runs"),  # a controller that does not count the ready ones
        ((job(failed=2, active=0, completed=NOW),), None, "migrate is complete"),
        ((job(ready=0, failed=1, suspended=True),), None, "migrate is suspended"),
        ((job(started=None),), C.GENERATION, "not begun since 10 min: is its controller alive?"),
        ((job(started=None, created=NOW - 29.9),), None, "migrate runs"),
        ((job(started=None, suspended=True),), None, "migrate is suspended"),
        # met before all its pods ended: those that are ended then did not fail
        (
            (job(conditions=(met(59.9),), failed=2),),
            None,
            "migrate has met its success criteria, and its pods end",
        ),
        (
            (job(conditions=(met(60),), failed=2),),
            C.DELETING,
            "its success criteria were met 60 s ago, and it is not complete",
        ),
        ((job(conditions=(met(600),), completed=NOW, active=0),), None, "migrate is complete"),
        # another controller's: its pods may be elsewhere, and its status is all there is
        ((job(managed_by="x.io/q", active=0, ready=0),), None, "migrate runs, as its controller x.io/q says"),
        ((job(managed_by="x.io/q", failed=1, active=1),), C.RETRIES, "1 pod failed of 6 allowed"),
        (
            (job(managed_by="x.io/q", conditions=(LIMIT,)), mine("p", ended(3), phase="Failed")),
            C.FAILED,
            REACHED,
        ),
        (
            (job(managed_by="x.io/q", started=None),),
            C.GENERATION,
            "not begun since 10 min: is its controller x.io/q alive?",
        ),
        ((job(deleting=NOW - 600),), C.DELETING, "deleted 10 min ago and still there"),
        (
            (job(deleting=NOW - 60, finalizers=("a/b",)),),
            C.DELETING,
            "deleted 60 s ago and still there, waiting for finalizer a/b",
        ),
        ((job(deleting=NOW - 59.9, ready=0),), None, "migrate is being deleted"),  # as what clears up does
    ],
)
def test_a_job(objects: tuple[Object, ...], code: C | None, sentence: str) -> None:
    level, verdict = told(*objects)
    assert (verdict.cause.code if verdict.cause else None) is code
    assert (verdict.cause.sentence if verdict.cause else verdict.sentence) == sentence
    assert (level is Level.WARN) is (code is not None)
    assert code is None or verdict.sentence == f"migrate: {sentence}"


OF_JOB = Subject(REF, "Job", "a", "migrate", "j")


@pytest.mark.parametrize(
    ("objects", "since", "behind"),
    [
        ((job(conditions=(LIMIT,)),), LIMIT.since, (OF_JOB,)),
        (
            (job(conditions=(LIMIT,)), mine("p", ended(3), phase="Failed")),
            LIMIT.since,
            (Subject(REF, "Pod", "a", "p", "p"),),
        ),
        ((job(deleting=NOW - 100),), NOW - 100, (OF_JOB,)),
        ((job(conditions=(met(90),)),), NOW - 90, (OF_JOB,)),
        ((job(started=None),), NOW - 600, (OF_JOB,)),
        ((job(ready=0, started=NOW - 60),), NOW - 60, (OF_JOB,)),
        ((job(failed=1),), NOW - 600, (OF_JOB,)),
        ((job(ready=0, active=0),), NOW - 600, (OF_JOB,)),
    ],
)
def test_since_when_and_what_stands_behind_it(
    objects: tuple[Object, ...], since: float, behind: tuple[Subject, ...]
) -> None:
    _, verdict = told(*objects)
    assert verdict.cause is not None
    assert (verdict.since, verdict.evidence.objects, verdict.cause.objects) == (since, behind, behind)
    assert verdict.rule == "job.runs"


def test_what_its_pods_lack_keeps_its_count_where_some_failed_before() -> None:
    pods = [mine(name, waiting("ImagePullBackOff"), phase="Pending", node="n") for name in ("p", "q")]
    other = mine("r", ended(1), phase="Failed")
    plain, after = (told(job(ready=0, failed=n), *pods, other)[1].cause for n in (0, 1))
    assert plain is not None and after is not None
    assert after.sentence == f"{plain.sentence}; 1 pod failed of 6 allowed"
    assert (plain.count, len(plain.others)) == (2, 1)
    assert (after.code, after.objects, after.count, after.others) == (
        plain.code,
        plain.objects,
        plain.count,
        plain.others,
    )


@pytest.mark.parametrize(
    ("first", "due"),
    [
        (job(started=NOW - 10), NOW + 20),  # its pods may be starting
        (job(started=None, created=NOW - 10), NOW + 20),
        (job(deleting=NOW - 10), NOW + 50),
        (job(ready=0), NOW + 15),  # one that ails: ages
        (job(suspended=True), None),
        (job(completed=NOW - 10), None),
        (cron(), at("02:20", 1)),
        (cron(last_scheduled=at("02:15", -1)), NOW + 60),
        (cron(suspended=True), None),
        (cron(schedule="61 * * * *"), None),
        (cron(schedule="0 0 30 2 *"), None),
    ],
)
def test_when_it_is_looked_at_again_though_nothing_changed(first: Job | CronJob, due: float | None) -> None:
    runner, shown = RuleRunner((jobs.RULE, cronjobs.RULE), math.inf), picture(first)
    known = frozenset((REF, kind) for kind in shown.clusters[REF].kinds)
    runner.assess(shown, Change(keys=dict.fromkeys(known), freshness=known), Policies(), NOW)
    assert runner.due_at() == due


def test_a_failed_run_that_a_later_one_made_good_asks_for_nobody() -> None:
    run = job(conditions=(LIMIT,), active=0, ready=0, owner=BY_CRON)  # it failed a minute ago
    assert told(run, cron(last_successful=NOW - 61))[0] is Level.WARN
    level, verdict = told(run, cron(last_successful=NOW - 59))
    assert (level, verdict.sentence) == (Level.OK, "migrate failed, and a later run succeeded")


@pytest.mark.parametrize(("began", "level"), [(NOW - 900, Level.WARN), (NOW - 300, Level.OK)])
def test_a_run_that_began_before_a_failed_one_makes_nothing_good(began: float, level: Level) -> None:
    run = job(conditions=(LIMIT,), active=0, ready=0, owner=BY_CRON)
    long = job(name="long", uid="l", created=began, completed=NOW - 10, active=0, owner=BY_CRON)
    assert told(run, cron(last_successful=NOW - 10), long)[0] is level


def test_what_another_cron_job_of_the_name_did_makes_nothing_good() -> None:
    run = job(conditions=(LIMIT,), active=0, ready=0, owner=Owner("CronJob", "nightly", "before"))
    assert told(run, cron(last_successful=NOW - 10))[0] is Level.WARN


ALIVE = "is kube-controller-manager alive?"


@pytest.mark.parametrize(
    ("fields", "code", "sentence"),
    [
        ({}, None, "nightly is scheduled"),
        ({"active": ("a", "b")}, C.PILING_UP, "2 runs at once (Allow): they pile up"),
        ({"active": ("a",)}, None, "nightly is scheduled"),
        (
            {"last_scheduled": at("02:15", -1)},
            C.MISSED,
            f"last scheduled 35 h ago, though due 11 h ago: {ALIVE}",
        ),
        (
            {"last_scheduled": None, "last_successful": None},
            C.MISSED,
            f"never scheduled, though due 9 d ago: {ALIVE}",
        ),
        ({"last_scheduled": None, "last_successful": None, "created": at("02:16")}, None, None),
        ({"last_scheduled": at("02:15", -1), "suspended": True}, None, "nightly is suspended"),
        # five minutes late is not yet missed
        ({"schedule": "41 * * * *", "last_scheduled": at("12:41"), "last_successful": NOW}, C.MISSED, None),
        ({"schedule": "42 * * * *", "last_scheduled": at("12:42"), "last_successful": NOW}, None, None),
        # in its zone: 02:15 in New York was 07:15Z
        (
            {"time_zone": "America/New_York", "last_scheduled": at("07:15"), "last_successful": NOW},
            None,
            None,
        ),
        ({"time_zone": "America/New_York", "last_successful": NOW}, C.MISSED, None),
        ({"time_zone": "Mars/North"}, C.SCHEDULE, None),
        ({"time_zone": "Europe"}, C.SCHEDULE, None),  # a folder of zones
        ({"schedule": "61 * * * *"}, C.SCHEDULE, "when it is due is not known: 61 is outside 0-59"),
        ({"schedule": "0 0 30 2 *"}, None, None),  # never due
        (
            {"last_scheduled": at("02:15", -1), "starting_deadline": 60},
            C.MISSED,
            "last scheduled 35 h ago, though due 11 h ago, and not made up for after its startingDeadlineSeconds of 60",
        ),
        (
            {"last_scheduled": at("02:15", -1), "starting_deadline": 5},
            C.MISSED,
            "last scheduled 35 h ago, though due 11 h ago: a startingDeadlineSeconds of 5 is under the 10 s in which it is looked at",
        ),
        # while one runs the controller skips, and leaves the time of the last one as it was
        (
            {"last_scheduled": at("02:15", -1), "concurrency": "Forbid", "active": ("a",)},
            C.PILING_UP,
            "its run of 35 h ago still runs, so that later ones are skipped (Forbid)",
        ),
        ({"concurrency": "Forbid", "active": ("a",)}, None, None),
        (
            {"concurrency": "Forbid", "active": ("a",), "last_scheduled": None},
            C.PILING_UP,
            "its run still runs, so that later ones are skipped (Forbid)",
        ),
        (
            {"active": ("a",), "last_scheduled": None, "last_successful": None, "created": at("02:16")},
            None,
            None,
        ),
        (
            {"last_successful": at("02:20", -1)},
            C.LAST_RUN,
            "of its last run no success is recorded, the last success was 23 h before",
        ),
        ({"last_successful": None}, C.LAST_RUN, "of its last run no success is recorded, none ever did"),
        ({"last_successful": at("02:15")}, None, None),  # in the same second
        # the next one that begins makes nothing good
        (
            {"active": ("a",), "last_successful": at("02:20", -2)},
            C.LAST_RUN,
            "one runs now, and none succeeded for 2 d",
        ),
        ({"active": ("a",), "last_successful": at("02:20", -1)}, None, None),
        (
            {"active": ("a",), "last_successful": None, "concurrency": "Replace"},
            C.LAST_RUN,
            "one runs now, and none ever succeeded, and each ends the one before (Replace)",
        ),
        ({"active": ("a",), "last_successful": None, "created": at("02:14")}, None, None),  # its first
        # Forbid begins what it skipped once the run before has ended, at the time that was skipped
        (
            {
                "schedule": "*/5 * * * *",
                "concurrency": "Forbid",
                "active": ("a",),
                "last_scheduled": at("13:40"),
                "last_successful": at("13:42"),
            },
            None,
            None,
        ),
        ({"time_zone": "America"}, C.SCHEDULE, None),  # a folder of zones
    ],
)
def test_a_cron_job(fields: dict[str, Any], code: C | None, sentence: str | None) -> None:
    level, verdict = told(cron(**fields))
    assert (verdict.cause.code if verdict.cause else None) is code
    if sentence is not None:
        assert (verdict.cause.sentence if verdict.cause else verdict.sentence) == sentence
    expected = {None: Level.IDLE if fields.get("suspended") else Level.OK, C.SCHEDULE: Level.UNKNOWN}
    assert level is expected.get(code, Level.WARN)


@pytest.mark.parametrize(("clock", "level", "again"), [(-0.1, Level.OK, 0.0), (0.0, Level.WARN, 60.0)])
@pytest.mark.parametrize("busy", [(), ("a",)])
def test_five_minutes_late_is_missed_or_skipped(
    clock: float, level: Level, again: float, busy: tuple[str, ...]
) -> None:
    late = at("02:20") + clock
    concurrency = "Forbid" if busy else "Allow"
    nightly = cron(last_scheduled=at("02:15", -1), active=busy, concurrency=concurrency)
    verdict, due = cronjobs.judge(REF, nightly, (), late)
    assert (verdict.level, due) == (level, late + again if again else at("02:20"))
    assert verdict.since == (None if level is Level.OK else at("02:15"))


@pytest.mark.parametrize(
    ("text", "last", "due"),
    [
        # every hour of every day: the widest gap, in whatever zone
        ("*/5 * * * *", at("12:00"), at("12:05")),
        ("0,10 * * * *", at("12:10"), at("13:00")),
        ("@every 90m", at("12:00"), at("13:30")),
        # else when it is due in every zone: a day, and an hour where summer time ends
        ("15 2 * * *", at("09:15"), at("10:15", 1)),
        ("0 9-17 * * *", at("03:00"), at("20:00")),  # which of nine it was, nobody can tell: the night
        ("15 2 * * *", None, at("14:15", 1)),
        ("*/5 * * * *", None, at("12:05")),
        ("0 0 30 2 *", None, None),
        ("0 0 30 2 *", at("12:00"), None),
    ],
)
def test_without_a_time_zone_it_is_due_when_it_is_due_in_every_zone(
    text: str, last: float | None, due: float | None
) -> None:
    assert due_after(schedule(text), last, at("12:00")) == due


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_without_either_kind_nothing_is_called_well(kind: str) -> None:
    cluster = picture(job(), cron()).clusters[REF]
    kinds = {k: v for k, v in cluster.kinds.items() if k != kind}
    seen = msgspec.structs.replace(picture(), clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
    told = next(s for s in judge_all(seen, NOW).sections if s.id == "jobs")
    assert (told.level, told.loading, told.title, told.target) == (Level.UNKNOWN, True, "Jobs", "jobs")


def test_the_section_counts_a_failed_run_once_and_leads_to_its_list() -> None:
    well = section(job(completed=NOW), cron())
    assert (well.level, well.sentence, well.detail) == (
        Level.OK,
        "1 of 1 job ok, 1 of 1 cron job ok",
        "none failed, none late",
    )
    assert (section().level, section().sentence, section().target) == (Level.OK, "no jobs", "jobs")
    run = job(conditions=(LIMIT,), active=0, ready=0, owner=BY_CRON)
    one = section(run, cron(last_successful=None))
    assert (one.level, one.count, one.target) == (Level.WARN, 1, "cronjobs")
    assert one.sentence == "0 of 1 job ok, 0 of 1 cron job ok"
    assert (
        one.detail == "nightly: its last run (migrate: BackoffLimitExceeded) did not succeed, none ever did"
    )
    other = section(run, cron(), job(name="pull", uid="p", ready=0))
    assert (other.level, other.count, other.target) == (Level.WARN, 2, "jobs")
    unknown = section(cron(schedule="61 * * * *"))
    assert (unknown.level, unknown.sentence) == (Level.UNKNOWN, "0 of 1 cron job ok")
    late = section(job(name="pull", uid="p", ready=0), cron(last_successful=None))
    assert {f.page for f in late.findings} == {"jobs", "cronjobs"}
    assert next_line(other, NOW) == (
        "next: :jobs, then w: why; enter: down to its pods · since 1m · Job a/migrate in eu-1"
    )


def test_a_last_run_is_judged_by_its_own_job() -> None:
    """The CronJob says a moment later that it succeeded; what became of a Job that is not kept nobody says."""
    late = cron(last_successful=None)
    done = job(created=at("02:15"), completed=at("02:20"), owner=BY_CRON)
    of_cron, *_ = judge_all(picture(late, done), NOW).verdicts[Subject(REF, "CronJob", "a", "nightly")]
    assert of_cron.level is Level.OK
    before = job(created=at("02:14"), completed=at("02:20"), owner=BY_CRON)
    failed = job(name="old", uid="o", created=at("02:14"), conditions=(LIMIT,), owner=BY_CRON)
    for kept in ((before,), (failed,), ()):
        of_cron, *_ = judge_all(picture(late, *kept), NOW).verdicts[Subject(REF, "CronJob", "a", "nightly")]
        assert of_cron.level is Level.WARN
        assert of_cron.sentence == "nightly: of its last run no success is recorded, none ever did"
