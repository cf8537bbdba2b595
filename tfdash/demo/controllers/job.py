"""The Job controller: pods until enough succeeded or too many failed."""

from __future__ import annotations

from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.errors import ApiError
from tfdash.demo.apiserver.object_store import StoreKey
from tfdash.demo.apiserver.objects import (
    Obj,
    condition,
    created,
    deleting,
    dig,
    name_of,
    owner_reference,
    seconds,
    stamp,
    with_spec,
    with_status,
)
from tfdash.demo.controllers import pods
from tfdash.demo.controllers.owned_pods import Owning
from tfdash.demo.controllers.workload import active, create_pod, end_pod, live_owner, ready

STORAGE = "jobs.batch"
_SOURCE = "job-controller"
_UID, _NAME = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_RETRY_FIRST, _RETRY_LONGEST = 10.0, 360.0


def finished(job: Obj) -> str:
    """Complete, Failed or ""."""
    for kind in ("Complete", "Failed"):
        found = condition(job, kind)
        if found is not None and found["status"] == "True":
            return kind
    return ""


class Jobs(Owning):
    KIND = "Job"
    STORED = STORAGE

    def reconcile(self, key: StoreKey) -> None:
        job = live_owner(self._k.store, STORAGE, key)
        if job is None:
            return
        if finished(job):
            self._expire(key, job)
            return
        if not dig(job, "spec", "selector"):
            job = self._with_selector(job)
        mine = self._k.store.owned("pods", job)
        running = active(mine)
        ended = [dig(p, "status", "phase") for p in mine]
        succeeded, failed = ended.count("Succeeded"), ended.count("Failed")
        if job["spec"].get("suspend"):
            self._suspend(job, running, succeeded, failed)
            return
        if not dig(job, "status", "startTime"):
            job = self._k.update(STORAGE, with_status(job, startTime=stamp(self._k.now())))
        verdict = self._verdict(key, job, succeeded, failed)
        if verdict is not None:
            for pod in running:
                end_pod(self._k, pod)
            self._finish(job, succeeded, failed, *verdict)
            return
        running = self._adjust(key, job, mine, running, succeeded, failed)
        self._status(job, running, succeeded, failed, [])

    def _with_selector(self, job: Obj) -> Obj:
        """The labels by which a Job knows its pods, made by the API server for a new one."""
        uid = job["metadata"]["uid"]
        labels = {_UID: uid, _NAME: name_of(job), "controller-uid": uid, "job-name": name_of(job)}
        template = job["spec"]["template"]
        meta = {
            **template.get("metadata", {}),
            "labels": {**(dig(template, "metadata", "labels") or {}), **labels},
        }
        return self._k.update(
            STORAGE,
            with_spec(job, selector={"matchLabels": {_UID: uid}}, template={**template, "metadata": meta}),
        )

    def _verdict(self, key: StoreKey, job: Obj, succeeded: int, failed: int) -> tuple[str, str, str] | None:
        spec = job["spec"]
        started = seconds(dig(job, "status", "startTime")) or self._k.now()
        deadline = spec.get("activeDeadlineSeconds")
        if deadline is not None:
            if self._k.now() - started >= deadline:
                return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
            self._k.look(self.reconcile, key, started + deadline - self._k.now() + 0.1)
        if failed > spec.get("backoffLimit", 6):
            return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        wanted = spec.get("completions")
        if wanted is None and succeeded and not any(True for _ in active(self._k.store.owned("pods", job))):
            return "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
        if wanted is not None and succeeded >= wanted:
            return "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
        return None

    def _adjust(
        self, key: StoreKey, job: Obj, mine: list[Obj], running: list[Obj], succeeded: int, failed: int
    ) -> list[Obj]:
        spec = job["spec"]
        parallelism, completions = spec.get("parallelism", 1), spec.get("completions")
        wanted = parallelism if completions is None else min(parallelism, completions - succeeded)
        if completions is None and succeeded:
            wanted = len(running)
        for pod in running[wanted:] if len(running) > wanted else ():
            end_pod(self._k, pod)
        missing = wanted - len(running)
        if missing > 0 and failed:
            last = max(
                (seconds(dig(s, "state", "terminated", "finishedAt")) or 0.0)
                for p in mine
                if dig(p, "status", "phase") == "Failed"
                for s in dig(p, "status", "containerStatuses", default=({},))
            )
            wait = last + min(_RETRY_LONGEST, _RETRY_FIRST * 2 ** min(failed - 1, 10)) - self._k.now()
            if wait > 0:
                self._k.look(self.reconcile, key, wait)
                return running
        for _ in range(missing):
            owner = owner_reference("batch/v1", "Job", job)
            pod = pods.from_template(spec["template"], key[0], owner, self._k.cluster.luck)
            try:
                made = create_pod(self._k, pod)
            except ApiError as error:
                self._k.tell(STORAGE, job, "Warning", "FailedCreate", f"Error creating: {error}", _SOURCE)
                self._k.look(self.reconcile, key, 15.0)
                break
            self._k.tell(STORAGE, job, "Normal", "SuccessfulCreate", f"Created pod: {name_of(made)}", _SOURCE)
            running = [*running, made]
        return running

    def _status(
        self, job: Obj, running: list[Obj], succeeded: int, failed: int, conditions: list[Obj]
    ) -> Obj:
        mine = self._k.store.owned("pods", job)
        status: Obj = {
            "active": len(running) or None,
            "ready": sum(ready(p) for p in running),
            "terminating": sum(deleting(p) for p in mine),
            "succeeded": succeeded or None,
            "failed": failed or None,
            "uncountedTerminatedPods": {},
        }
        if conditions:
            status["conditions"] = conditions
        return self._k.update(STORAGE, with_status(job, **status))

    def _finish(self, job: Obj, succeeded: int, failed: int, kind: str, reason: str, message: str) -> None:
        now = stamp(self._k.now())
        first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        conditions = [
            {
                "type": t,
                "status": "True",
                "lastProbeTime": now,
                "lastTransitionTime": now,
                "reason": reason,
                "message": message,
            }
            for t in (first, kind)
        ]
        if kind == "Complete":
            job = with_status(job, completionTime=now)
            self._k.tell(STORAGE, job, "Normal", "Completed", "Job completed", _SOURCE)
        else:
            self._k.tell(STORAGE, job, "Warning", reason, message, _SOURCE)
        self._status(job, [], succeeded, failed, conditions)

    def _suspend(self, job: Obj, running: list[Obj], succeeded: int, failed: int) -> None:
        for pod in running:
            end_pod(self._k, pod)
        if condition(job, "Suspended") is None:
            now = stamp(self._k.now())
            suspended = {
                "type": "Suspended",
                "status": "True",
                "lastProbeTime": now,
                "lastTransitionTime": now,
                "reason": "JobSuspended",
                "message": "Job suspended",
            }
            self._k.tell(STORAGE, job, "Normal", "Suspended", "Job suspended", _SOURCE)
            self._status(with_status(job, startTime=None), [], succeeded, failed, [suspended])

    def _expire(self, key: StoreKey, job: Obj) -> None:
        """ttlSecondsAfterFinished."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return
        ends = seconds(dig(job, "status", "completionTime")) or created(job)
        left = ends + ttl - self._k.now()
        if left <= 0:
            remove(self._k.store, STORAGE, job)
        else:
            self._k.look(self.reconcile, key, left + 0.1)
