"""The Event on an action's target, so that ``kubectl describe`` tells it too."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from tfdash.actions.core.protocols import NotSent, OutcomeUnknown, Writer
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import Plan, Request
from tfdash.playbook.releases.facts import canonical
from tfdash.text import fault, safe

log = logging.getLogger(__name__)
_CLUSTER_EVENTS = "default"  # the namespace of events about cluster-scoped objects


def event_request(
    plan: Plan, actor: str, sentence: str, intent: str, now: float, *, warning: bool = False
) -> Request:
    """A core/v1 Event on the target, so that ``kubectl describe`` tells it too."""
    subject = plan.subject
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    namespace = subject.namespace or _CLUSTER_EVENTS
    api = path_of(subject).split("/namespaces/")[0].split("/")
    version = "/".join(api[2:4]) if api[1] == "apis" else api[2]
    reason = "".join(p.capitalize() for p in plan.action.replace("-", ".").split("."))
    tail = f" (tfdash {intent})" if intent else " (tfdash, UNRECORDED)"
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{subject.name[:200]}.tfdash-", "namespace": namespace},
        "involvedObject": {
            "apiVersion": version,
            "kind": subject.kind,
            "name": subject.name,
            "uid": subject.uid,
            **({"namespace": subject.namespace} if subject.namespace else {}),
        },
        "reason": reason[:128],
        "message": f"{actor}: {sentence}{tail}"[:1000],
        "type": "Warning" if warning else "Normal",
        "source": {"component": "tfdash"},
        "reportingComponent": "tfdash",
        "reportingInstance": intent.partition(":")[0] or "tfdash",
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }
    return Request(
        method="POST",
        path=f"/api/v1/namespaces/{namespace}/events",
        body=canonical(body),
        what="an Event",
        subject=subject,
    )


async def write_event(writer: Writer, request: Request, audit_id: str, timeout: float) -> str:
    """Best effort; returns why it failed, "" where it stands."""
    try:
        answer = await writer.send(request, audit_id=audit_id, timeout=timeout)
    except (NotSent, OutcomeUnknown) as error:
        return safe(str(error))
    except Exception as error:
        log.exception("the Event could not be written")
        return fault(error)
    return "" if answer.ok else safe(answer.message)
