"""The CronJob controller: a Job at each due time, by its concurrency policy; old ones tidied away."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfoNotFoundError

from tfdash.cron import Schedule, schedule
from tfdash.demo.apiserver.defaults import filled
from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.object_store import DELETED, Exists, Happened, StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    controller_of,
    created,
    dig,
    name_of,
    owner_reference,
    seconds,
    stamp,
    with_status,
)
from tfdash.demo.controllers.job import STORAGE as JOBS
from tfdash.demo.controllers.job import finished
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.workload import live_owner

STORAGE = "cronjobs.batch"
_SOURCE = "cronjob-controller"
_LOOKS_BACK = (3600.0, 86400.0, 40 * 86400.0, 5 * 366 * 86400.0)  # seconds: a near time is found in few steps


class CronJobs:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        self._seen: set[str] = set()
        kernel.store.listen(STORAGE, self._own)
        kernel.store.listen(JOBS, self._job)

    def _own(self, storage: str, event: Happened) -> None:
        if event.type != DELETED:
            self._k.look(self.reconcile, event.now.key)

    def _job(self, storage: str, event: Happened) -> None:
        owner = controller_of(event.now.obj)
        if owner is not None and owner["kind"] == "CronJob":
            self._k.look(self.reconcile, (event.now.key[0], owner["name"]))

    def reconcile(self, key: StoreKey) -> None:
        found = live_owner(self._k.store, STORAGE, key)
        if found is None:
            return
        found = self._gather(found)
        try:
            times = schedule(found["spec"].get("schedule", ""), found["spec"].get("timeZone") or "")
        except (ValueError, ZoneInfoNotFoundError) as error:
            text = found["spec"].get("schedule", "")
            self._k.tell(
                STORAGE,
                found,
                "Warning",
                "UnparseableSchedule",
                f'unparseable schedule: "{text}" : {error}',
                _SOURCE,
            )
            return
        if found["spec"].get("suspend"):
            return
        now = self._k.now()
        last = seconds(dig(found, "status", "lastScheduleTime"))
        due = _newest_missed(times, last if last is not None else created(found), now)
        if due is not None:
            deadline = dig(found, "spec", "startingDeadlineSeconds")
            if deadline is None or now - due <= deadline:
                found = self._start(found, due)
            else:
                message = f"Missed scheduled time to start a job: {_rfc1123(due)}"
                self._k.tell(STORAGE, found, "Warning", "MissSchedule", message, _SOURCE)
        due = times.next(now)
        if due is not None:
            self._k.look(self.reconcile, key, due - now + 0.2)

    def _gather(self, found: Obj) -> Obj:
        """The active list, and what of the finished is to be kept."""
        active: list[Obj] = []
        done: dict[str, list[Obj]] = {"Complete": [], "Failed": []}
        last = seconds(dig(found, "status", "lastSuccessfulTime")) or 0.0
        for job in self._k.store.owned(JOBS, found):
            state = finished(job)
            if not state:
                active.append(_reference(job))
                continue
            done[state].append(job)
            uid = job["metadata"]["uid"]
            if uid not in self._seen:
                self._seen.add(uid)
                message = f"Saw completed job: {name_of(job)}, condition: {state}"
                self._k.tell(STORAGE, found, "Normal", "SawCompletedJob", message, _SOURCE)
            if state == "Complete":
                last = max(last, seconds(dig(job, "status", "completionTime")) or 0.0)
        limits = {
            "Complete": dig(found, "spec", "successfulJobsHistoryLimit", default=3),
            "Failed": dig(found, "spec", "failedJobsHistoryLimit", default=1),
        }
        for state, jobs in done.items():
            for job in sorted(jobs, key=created)[: max(0, len(jobs) - limits[state])]:
                self._k.tell(
                    STORAGE, found, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}", _SOURCE
                )
                remove(self._k.store, JOBS, job)
        return self._k.update(
            STORAGE,
            with_status(found, active=active or None, lastSuccessfulTime=stamp(last) if last else None),
        )

    def _start(self, found: Obj, due: float) -> Obj:
        policy = dig(found, "spec", "concurrencyPolicy", default="Allow")
        running = [j for j in self._k.store.owned(JOBS, found) if not finished(j)]
        if running and policy == "Forbid":
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._k.tell(STORAGE, found, "Normal", "JobAlreadyActive", message, _SOURCE)
            return found
        if running and policy == "Replace":
            for job in running:
                remove(self._k.store, JOBS, job)
        job = make_job(found, f"{name_of(found)}-{int(due) // 60}", stamp(due))
        try:
            made = self._k.store.create(JOBS, job)
        except Exists:
            return self._k.update(STORAGE, with_status(found, lastScheduleTime=stamp(due)))
        self._k.tell(STORAGE, found, "Normal", "SuccessfulCreate", f"Created job {name_of(made)}", _SOURCE)
        active = [*dig(found, "status", "active", default=()), _reference(made)]
        return self._k.update(STORAGE, with_status(found, active=active, lastScheduleTime=stamp(due)))


def _newest_missed(times: Schedule, since: float, now: float) -> float | None:
    """Only the newest of missed times is made up for, however long ago it was."""
    for back in _LOOKS_BACK:
        due = times.next(max(since, now - back))
        if due is None or due > now:
            continue
        while (later := times.next(due)) is not None and later <= now:
            due = later
        return due
    return None


def _rfc1123(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%a, %d %b %Y %H:%M:%S +0000}"


def _reference(job: Obj) -> Obj:
    meta = job["metadata"]
    return {
        "kind": "Job",
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": "batch/v1",
        "resourceVersion": meta["resourceVersion"],
    }


def make_job(found: Obj, name: str, due: str) -> Obj:
    """A Job of a CronJob's template."""
    template = found["spec"]["jobTemplate"]
    meta = {
        **(template.get("metadata") or {}),
        "name": name,
        "namespace": found["metadata"]["namespace"],
        "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": due},
        "ownerReferences": [owner_reference("batch/v1", "CronJob", found)],
        "generation": 1,
    }
    return filled(JOBS, {"metadata": meta, "spec": template.get("spec", {}), "status": {}})
