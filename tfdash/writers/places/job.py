"""Commands as Jobs of a cluster, one pod each, never made anew where it failed. The API server takes a name once, so that a Job is
begun once for its key. (The controller starts a second pod where it cannot tell what became of the first: after the loss of a node, as
https://kubernetes.io/docs/concepts/workloads/controllers/job/ says; it waits for the first one's end where the server can.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from tfdash.actions.core.protocols import Answer, NotSent, OutcomeUnknown, Writer
from tfdash.model.action import Request
from tfdash.model.requests import ReadFailed
from tfdash.playbook.procedures.settings import AllowedCommand
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.process import how_ended, in_thread
from tfdash.text import safe
from tfdash.writers.places.memory import CALLED_OFF, MemoryOfWork, is_off
from tfdash.writers.places.names import as_line, is_text, last_lines, name_of

_LONGEST = 52  # of a name: its pod's has a hyphen and five characters behind it, and 63 are a label
_CONTAINER = "command"  # ours: others may be put beside it, by a mesh
_KEY = "tfdash.dev/step"
_MINE = {"app.kubernetes.io/managed-by": "tfdash"}
_TIMEOUT = 15.0  # seconds that the server may take for one write
_LINES = 40
_LATE = "DeadlineExceeded"  # of a Job: its controller ended the pod, and took it away
_NOT_KNOWN = "ContainerStatusUnknown"  # of a container: the kubelet found it no more
_BEFORE = "before"


class JobPlace:
    """``tfdash.procedures.protocols.Place`` of one cluster. ``allowed`` says with what image and where; None: of what was begun, the
    mark does."""

    def __init__(self, writer: Writer, memory: MemoryOfWork, allowed: AllowedCommand | None) -> None:
        self._writer, self._memory, self._allowed = writer, memory, allowed

    def shown(self, work: Work) -> str:
        allowed = self._allowed
        where = f"Job {self._namespace(work)}/{_name(work)}"
        return f"{where}: {safe(allowed.image) if allowed is not None else ''} {as_line(work.argv)}"

    async def mark(self, work: Work) -> Mapping[str, str]:
        try:
            ours = await in_thread(self._memory.mark)
        except OSError as error:
            raise NotSent(_no_memory(error)) from None
        return {**ours, "namespace": self._namespace(work), "job": _name(work)}

    async def start(self, work: Work) -> WorkSeen:
        if await in_thread(lambda: self._memory.elsewhere(work.mark)):
            return await self.look(work)
        if not all(map(is_text, work.argv)):
            raise NotSent("its words hold what no text holds")
        try:
            first = await in_thread(lambda: self._memory.claim(work.key, {"job": _name(work)}))
        except OSError as error:
            raise NotSent(_no_memory(error)) from None
        if not first:
            return await self.look(work)
        body = msgspec.json.encode(self._job(work)).decode()
        request = Request(method="POST", path=self._jobs(work), body=body, what=f"make Job {_name(work)}")
        try:
            answer = await self._writer.send(request, audit_id="", timeout=_TIMEOUT)
        except NotSent:
            await in_thread(lambda: self._memory.forget(work.key))
            raise
        if not answer.ok and answer.status != 409:
            if answer.status >= 500:
                raise OutcomeUnknown(_words(answer))
            await in_thread(lambda: self._memory.forget(work.key))
            raise NotSent(_words(answer))
        return await self.look(work)

    async def look(self, work: Work) -> WorkSeen:
        common: dict[str, Any] = {
            "where": f"Job {self._namespace(work)}/{_name(work)}",
            "line": as_line(
                [
                    *("kubectl", "-n", self._namespace(work), "logs", f"job/{_name(work)}"),
                    *("-c", _CONTAINER, "--tail=40"),
                ]
            ),
        }
        try:
            answer = await self._writer.read(f"{self._jobs(work)}/{_name(work)}")
        except ReadFailed as failed:
            told = f"it cannot be read: {failed.problem}"
            return WorkSeen(state=WorkState.UNKNOWN, sentence=safe(told), **common)
        if answer.status == 404:
            return await self._not_there(work, common)
        if not answer.ok:
            return WorkSeen(state=WorkState.UNKNOWN, sentence=_words(answer), **common)
        return await self._seen(work, answer.body, common)

    async def stop(self, work: Work) -> WorkSeen:
        """Its deadline becomes a second: the controller ends it, and it stays ended. What was not begun here never will be."""
        seen = await self.look(work)
        if seen.state is WorkState.NOT_STARTED:
            try:
                await in_thread(lambda: self._memory.call_off(work.key))
            except OSError as error:
                told = f"it cannot be called off: {_no_memory(error)}"
                return msgspec.structs.replace(seen, state=WorkState.UNKNOWN, sentence=told)
            return await self.look(work)  # perhaps somebody was quicker
        if seen.state is not WorkState.RUNNING:
            return seen
        path = f"{self._jobs(work)}/{_name(work)}"
        patch = [{"op": "add", "path": "/spec/activeDeadlineSeconds", "value": 1}]
        request = Request(
            method="PATCH",
            path=path,
            body=msgspec.json.encode(patch).decode(),
            content_type="application/json-patch+json",
            what=f"end Job {_name(work)}",
        )
        try:
            answer = await self._writer.send(request, audit_id="", timeout=_TIMEOUT)
        except (NotSent, OutcomeUnknown) as error:
            return msgspec.structs.replace(seen, sentence=safe(f"{seen.sentence}; not stopped: {error}"))
        if not answer.ok:
            return msgspec.structs.replace(seen, sentence=f"{seen.sentence}; not stopped: {_words(answer)}")
        return await self.look(work)

    # -- what it is ----------------------------------------------------------------------------------------------------

    def _namespace(self, work: Work) -> str:
        return work.mark.get("namespace") or (self._allowed.namespace if self._allowed is not None else "")

    def _jobs(self, work: Work) -> str:
        return f"/apis/batch/v1/namespaces/{quote(self._namespace(work), safe='')}/jobs"

    def _job(self, work: Work) -> dict[str, Any]:
        assert self._allowed is not None
        account = self._allowed.service_account
        who = {"serviceAccountName": account} if account else {"automountServiceAccountToken": False}
        container = {
            "name": _CONTAINER,
            "image": self._allowed.image,
            "command": [word.replace("$", "$$") for word in work.argv],  # "$(NAME)" would be put in
            "env": [{"name": "TFDASH_KEY", "value": work.key.replace("$", "$$")}],
        }
        about = {"labels": _MINE, "annotations": {_KEY: work.key}}
        limit = {"activeDeadlineSeconds": max(1, round(work.timeout))} if work.timeout else {}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": _name(work), "namespace": self._namespace(work), **about},
            "spec": {
                "backoffLimit": 0,
                "completions": 1,
                "parallelism": 1,
                "podReplacementPolicy": "Failed",
                **limit,
                "template": {
                    "metadata": about,
                    "spec": {"restartPolicy": "Never", "containers": [container], **who},
                },
            },
        }

    # -- how it stands -------------------------------------------------------------------------------------------------

    async def _not_there(self, work: Work, common: Mapping[str, Any]) -> WorkSeen:
        try:
            noted = await in_thread(lambda: self._memory.noted(work.key))
        except OSError as error:
            told = safe(f"what is noted of it beside the store cannot be read: {error.strerror or error}")
            return WorkSeen(state=WorkState.UNKNOWN, sentence=told, **common)
        if (noted is None or is_off(noted)) and not await in_thread(
            lambda: self._memory.elsewhere(work.mark)
        ):
            told = "it was not asked for" if noted is None else CALLED_OFF
            return WorkSeen(state=WorkState.NOT_STARTED, sentence=told, **common)
        told = "there is no such Job: it was asked for, and did not arrive, or was deleted since"
        return WorkSeen(state=WorkState.UNKNOWN, sentence=told, **common)

    async def _seen(self, work: Work, job: Mapping[str, Any], common: Mapping[str, Any]) -> WorkSeen:
        key = ((job.get("metadata") or {}).get("annotations") or {}).get(_KEY)
        if key != work.key:
            told = "a Job of that name is there, and is not ours"
            return WorkSeen(state=WorkState.UNKNOWN, sentence=told, **common)
        status = job.get("status") or {}
        conditions = {
            str(one.get("type")): one for one in status.get("conditions") or () if one.get("status") == "True"
        }
        pod = await self._pod(work)
        shared: dict[str, Any] = {
            **common,
            "code": None,
            "output": await self._output(work, pod or {}),
            "started_at": _epoch(status.get("startTime")),
        }
        failed, complete = conditions.get("Failed"), conditions.get("Complete")
        code, others = _code(pod or {}), _going_on(pod or {})
        if failed is None and complete is None:
            if "FailureTarget" in conditions:
                return WorkSeen(state=WorkState.RUNNING, sentence="it is being ended", **shared)
            if code is not None and others:
                told = f"it {how_ended(code)}; in its pod {', '.join(others)} goes on, so that its Job does not end"
                ended = _epoch(_ours(pod or {})["terminated"].get("finishedAt"))
                found = {**shared, "code": code, "ended_at": ended}
                return WorkSeen(state=WorkState.ENDED, good=code == 0, sentence=safe(told), **found)
            held = (job.get("spec") or {}).get("suspend") is True
            going = "it is suspended: somebody must let it go on" if held else _waiting(pod or {})
            return WorkSeen(state=WorkState.RUNNING, sentence=safe(going), **shared)
        end = complete or failed or {}
        shared["ended_at"] = _epoch(status.get("completionTime") or end.get("lastTransitionTime"))
        shared["code"] = code
        if complete is not None:
            told = f"it {how_ended(code)}" if code is not None else "it ended"
            return WorkSeen(state=WorkState.ENDED, good=True, sentence=told, **shared)
        return _failed(end, pod, shared)

    async def _pod(self, work: Work) -> Mapping[str, Any] | None:
        """The newest pod of the Job; {} where there is none, None where that cannot be read."""
        namespace = quote(self._namespace(work), safe="")
        selector = quote(f"batch.kubernetes.io/job-name={_name(work)}", safe="")
        try:
            answer = await self._writer.read(
                f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}&limit=10"
            )
        except ReadFailed:
            return None
        if not answer.ok:
            return None
        pods: Iterable[Mapping[str, Any]] = answer.body.get("items") or ()
        return max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), default={})

    async def _output(self, work: Work, pod: Mapping[str, Any]) -> str:
        name, ours = (pod.get("metadata") or {}).get("name"), _ours(pod)
        if not name or not (ours.get("running") or ours.get("terminated")):
            return ""  # it has said nothing yet
        namespace = quote(self._namespace(work), safe="")
        path = f"/api/v1/namespaces/{namespace}/pods/{quote(str(name), safe='')}/log"
        try:
            answer = await self._writer.read(
                f"{path}?container={_CONTAINER}&tailLines={_LINES}&limitBytes=65536"
            )
        except ReadFailed as failed:
            return safe(f"its output cannot be read: {failed.problem}")
        return last_lines(answer.text) if answer.ok else f"its output cannot be read: {_words(answer)}"


def _name(work: Work) -> str:
    return work.mark.get("job") or name_of(work.key, _LONGEST)


def _words(answer: Answer) -> str:
    return safe(f"the API server answered {answer.status}: {answer.message or answer.reason}")


def _no_memory(error: OSError) -> str:
    return safe(f"nothing can be written down beside the store: {error.strerror or error}")


def _failed(end: Mapping[str, Any], pod: Mapping[str, Any] | None, shared: Mapping[str, Any]) -> WorkSeen:
    """A Job fails because its command did, or because its pod was lost: of a node that does not answer, the command may go on there
    (https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions)."""
    code, why = shared["code"], f"it failed, {end.get('reason')}: {end.get('message')}"
    if code is not None:
        ended = str(_ours(pod or {})["terminated"].get("reason") or "")
        told = f"{why}; it {how_ended(code)}" + (
            f", {ended}" if ended not in ("", "Error", "Completed") else ""
        )
        return WorkSeen(state=WorkState.ENDED, good=code == 0, sentence=safe(told), **shared)
    lost = _lost(pod) if pod is not None and end.get("reason") != _LATE else ""
    if lost:
        told = f"{why}; how its command ended is not known: {lost}"
        return WorkSeen(state=WorkState.UNKNOWN, sentence=safe(told), **shared)
    return WorkSeen(state=WorkState.ENDED, good=False, sentence=safe(why), **shared)


def _lost(pod: Mapping[str, Any]) -> str:
    """Why it is not known what became of the command in it; "" where it never began."""
    if not pod:
        return "its pod is not there any more"
    ours, status = _ours(pod), pod.get("status") or {}
    if ours.get("waiting") and not ours.get(_BEFORE):
        return ""
    taken = next(
        (
            one
            for one in status.get("conditions") or ()
            if (one.get("type"), one.get("status")) == ("DisruptionTarget", "True")
        ),
        status,
    )
    words = ": ".join(str(taken[name]) for name in ("reason", "message") if taken.get(name))
    return f"its pod was taken away, {words}" if words else "its pod does not say"


def _statuses(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in (pod.get("status") or {}).get("containerStatuses") or () if isinstance(one, dict)]


def _ours(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state of the container that runs the command, with that before it where it is not its first."""
    for one in _statuses(pod):
        if one.get("name") == _CONTAINER:
            return {**(one.get("state") or {}), _BEFORE: one.get("lastState")}
    return {}


def _code(pod: Mapping[str, Any]) -> int | None:
    """What the command ended with. What its node lost has a made-up one."""
    ended = _ours(pod).get("terminated") or {}
    code = ended.get("exitCode")
    return code if isinstance(code, int) and ended.get("reason") != _NOT_KNOWN else None


def _going_on(pod: Mapping[str, Any]) -> list[str]:
    """The containers beside ours that do not end by themselves."""
    return [
        str(one.get("name"))
        for one in _statuses(pod)
        if one.get("name") != _CONTAINER and not (one.get("state") or {}).get("terminated")
    ]


def _waiting(pod: Mapping[str, Any]) -> str:
    if not pod:
        return "it has no pod yet"
    if waits := _ours(pod).get("waiting"):
        return f"its pod waits, {waits.get('reason')}: {waits.get('message') or ''}".rstrip(": ")
    return f"its pod is {(pod.get('status') or {}).get('phase', 'there')}"


def _epoch(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
