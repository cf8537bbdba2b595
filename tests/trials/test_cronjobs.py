"""CronJobs on the real kube-controller-manager: when a schedule is due in its zone, what is skipped, what fails. Minutes of waiting."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.test_jobs import SPACE, board, is_so, job_spec
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.cron import schedule
from tfdash.model.verdict import Level
from tfdash.model.workload import CauseCode

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]
CRON_JOBS = f"/apis/batch/v1/namespaces/{SPACE}/cronjobs"
FAR = "Asia/Kathmandu"  # never at UTC's hour or minute
__all__ = ["board"]


def cron(name: str, text: str, case: str = "", **spec: Any) -> dict[str, Any]:
    inner = {"jobTemplate": {"spec": job_spec(name, case)}, "schedule": text, **spec}
    return {"metadata": {"name": name, "namespace": SPACE}, "spec": inner}


def test_a_cron_job_is_due_in_its_zone(cluster: Cluster, board: Board) -> None:
    """One minute that comes, said by three clocks; the controller starts the one whose clock it is."""
    soon = datetime.now(ZoneInfo("UTC")).replace(second=0) + timedelta(minutes=1)
    if time.time() % 60 > 50:
        soon += timedelta(minutes=1)
    there = soon.astimezone(ZoneInfo(FAR))
    text = f"{there.minute} {there.hour} * * *"
    made = (
        cron("here", text, timeZone=FAR),
        cron("elsewhere", text, timeZone="UTC"),
        cron("nowhere", text),
        cron("asleep", text, timeZone=FAR, suspend=True),
        cron("fails", "* * * * *", "failed"),
        cron("long", "* * * * *", "image-pull", concurrencyPolicy="Forbid"),
    )
    world.create(cluster, CRON_JOBS, *made)
    is_so(board, "CronJob", "asleep", Level.IDLE, None, "is suspended")

    def last(name: str) -> float | None:
        found = json.loads(cluster.kubectl("get", f"cronjob/{name}", "-n", SPACE, "-o", "json"))
        text = found["status"].get("lastScheduleTime")
        return None if text is None else datetime.fromisoformat(text).timestamp()

    until(lambda: last("here") is not None, "it to be scheduled in its zone", timeout=200.0, every=1.0)
    due = schedule(text, FAR).next(soon.timestamp() - 1)
    assert last("here") == due == int(soon.timestamp())
    assert last("elsewhere") is None and last("asleep") is None  # the controller looks at all when it is due
    is_so(board, "CronJob", "here", Level.OK, None)
    for name in ("elsewhere", "nowhere"):
        is_so(board, "CronJob", name, Level.OK, None)  # not due before their day is over: not missed
    is_so(board, "CronJob", "fails", Level.WARN, CauseCode.LAST_RUN, "BackoffLimitExceeded")

    # it runs still: what is due meanwhile is skipped, and lastScheduleTime stays, of which a dead controller is no part
    def skipped() -> bool:
        return "JobAlreadyActive" in cluster.kubectl(
            "get",
            "events",
            "-n",
            SPACE,
            "--field-selector=involvedObject.name=long",
            "-o",
            "jsonpath={..reason}",
        )

    until(skipped, "the controller to skip a run", timeout=200.0, every=1.0)
    stays = last("long")
    assert stays is not None and stays < time.time() - 60
