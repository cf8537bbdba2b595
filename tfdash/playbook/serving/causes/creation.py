"""Causes before there is a pod: quota, admission, any other refusal to create one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfdash.model.kube import Deployment, Job, Object
from tfdash.model.workload import CauseCode
from tfdash.playbook.serving.causes.finding import Finding, shorten
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import condition

_QUOTA = re.compile(r"exceeded quota: ([^,]+), requested: (.+?), used: (.+?), limited: (.+)$")
_WEBHOOK = re.compile(r'(?:admission|failed calling) webhook "([^"]+)"')
_POLICY = re.compile(r"ValidatingAdmissionPolicy '([^']+)'")


def refused(workload: Object, links: Links) -> Iterator[Finding]:
    """From the ReplicaFailure condition, or FailedCreate events where the kind has no such condition."""
    message, behind = _message(workload, links)
    if not message:
        return
    if quota := _QUOTA.search(message):
        name, wanted, used, limited = quota.groups()
        sentence = f"quota {name} is full: requested {wanted}, used {used}, limited {limited}"
        yield Finding(CauseCode.QUOTA, sentence, behind)
    elif hook := _WEBHOOK.search(message) or _POLICY.search(message):
        why = message.split(": ")[-1]
        kind = "did not answer" if "failed calling" in message else "refused the pods"
        yield Finding(CauseCode.ADMISSION, f"admission {hook[1]} {kind}: {shorten(why)}", behind)
    else:
        yield Finding(CauseCode.CREATE, f"pods cannot be created: {shorten(message)}", behind)


def _message(workload: Object, links: Links) -> tuple[str, tuple[Object, ...]]:
    newest = links.newest
    if isinstance(workload, Deployment):
        for holder in (newest, workload):
            failure = condition(holder.conditions, "ReplicaFailure") if holder is not None else None
            if holder is not None and failure is not None and failure.status == "True":
                return failure.message, (holder,)
    owners = {workload.uid, *([newest.uid] if newest is not None else [])}
    told = [e for e in links.events if e.reason == "FailedCreate" and e.involved_uid in owners]
    if isinstance(workload, Job):
        # one that waits after a failure lacks pods too, and what was refused before its newest pod was made is over
        made = max((p.created for p in links.pods or ()), default=0.0)
        told = [e for e in told if e.last_seen >= made] if workload.active < _wanted(workload) else []
    elif links.pods and len(links.pods) >= getattr(workload, "desired", 0):
        return "", ()
    if not told:
        return "", ()
    last = max(told, key=lambda e: e.last_seen)
    return last.message, (last,)


def _wanted(job: Job) -> int:
    """How many of its pods should run now."""
    return (
        job.parallelism if job.completions is None else min(job.parallelism, job.completions - job.succeeded)
    )
