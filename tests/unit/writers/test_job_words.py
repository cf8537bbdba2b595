"""How Jobs and their pods stand, as the API server tells it, and what that says of the command: conditions of a Job by states of its pod.
The shapes are those of clusters where people met them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.settings import AllowedCommand
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.writers.kubernetes import KubernetesWriter
from tfdash.writers.places.job import JobPlace
from tfdash.writers.places.memory import MemoryOfWork
from tfdash.writers.places.names import name_of

REF = ClusterRef("production", "eu-1")
ALLOWED = AllowedCommand(command=("flush",), places=("job",), image="tools:1", namespace="ops")
WORK = Work(key="run.flush.1", argv=("flush",), timeout=600.0)
NOW = "2026-11-30T15:00:00Z"
Json = Mapping[str, Any]


def condition(kind: str, reason: str = "", message: str = "") -> Json:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": NOW}


LIMIT = condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
LATE = condition("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
POLICY = condition(
    "Failed", "PodFailurePolicy", "Pod ops/x has condition DisruptionTarget matching FailJob rule at index 0"
)


def container(name: str = "command", before: Json | None = None, **state: Any) -> Json:
    return {"name": name, "state": state, "lastState": before or {}}


def ended(code: int, reason: str = "Error") -> Json:
    return {"exitCode": code, "reason": reason, "finishedAt": NOW}


def pod(*containers: Json, phase: str = "Running", **status: Any) -> list[Json]:
    about = {"name": "x", "creationTimestamp": NOW}
    return [{"metadata": about, "status": {"phase": phase, "containerStatuses": list(containers), **status}}]


UNKNOWN = ended(137, "ContainerStatusUnknown")
MESH = container("cloud-sql-proxy", running={"startedAt": NOW})  # by its name it stands before ours
GONE = condition(
    "DisruptionTarget", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"
)
STRANGERS = pod(container(terminated=ended(99)), phase="Failed")  # all that are in the namespace
E, R, U = WorkState.ENDED, WorkState.RUNNING, WorkState.UNKNOWN

# the Job's conditions, its pods, how it stands, whether that is good, its code, what is said
STANDS: list[tuple[tuple[Json, ...], list[Json], WorkState, bool | None, int | None, str]] = [
    ((), [], R, None, None, "it has no pod yet"),
    ((), pod(container(running={"startedAt": NOW})), R, None, None, "its pod is Running"),
    ((), pod(container(waiting={"reason": "ImagePullBackOff", "message": "no such image"})), R, None, None, "ImagePullBackOff"),
    ((), pod(container(terminated=ended(0, "Completed"))), R, None, None, "its pod is Running"),  # its Job says so soon
    # a mesh put a container beside ours that nobody ends (istio 11045, kubernetes 73118)
    ((), pod(MESH, container(running={"startedAt": NOW})), R, None, None, "its pod is Running"),
    ((), pod(MESH, container(terminated=ended(0, "Completed"))), E, True, 0, "it ended with 0; in its pod cloud-sql-proxy goes on"),
    ((), pod(MESH, container(terminated=ended(3))), E, False, 3, "it ended with 3; in its pod cloud-sql-proxy goes on"),
    ((LATE,), pod(MESH, container(terminated=ended(0, "Completed"))), E, True, 0, "it ended with 0"),
    ((condition("FailureTarget", "DeadlineExceeded"),), pod(MESH, container(terminated=ended(143))), R, None, None, "being ended"),
    # what it ended with
    ((condition("Complete"),), pod(container(terminated=ended(0, "Completed"))), E, True, 0, "it ended with 0"),
    ((condition("SuccessCriteriaMet"), condition("Complete")), [], E, True, None, "it ended"),
    ((LIMIT,), pod(container(terminated=ended(3)), phase="Failed"), E, False, 3, "BackoffLimitExceeded: Job has reached the specified backoff limit; it ended with 3"),
    ((LIMIT,), pod(container(terminated=ended(137, "OOMKilled")), phase="Failed"), E, False, 137, "it ended with 137, OOMKilled"),
    # ended by its deadline: the controller takes the pod away (kubernetes 78644)
    ((LATE,), [], E, False, None, "DeadlineExceeded"),
    # the pod was lost, and what became of the command is not known (kubernetes 104107, 122160)
    ((LIMIT,), [], U, None, None, "its pod is not there any more"),
    ((LIMIT,), pod(container(terminated=UNKNOWN), phase="Failed", reason="Evicted", message="The node was low on resource"), U, None, None, "taken away, Evicted: The node was low on resource"),
    ((LIMIT,), pod(container(running={"startedAt": NOW}), phase="Failed", conditions=[GONE]), U, None, None, "taken away, DeletionByTaintManager"),
    ((POLICY,), pod(container(waiting={"reason": "ContainerCreating"}, before={"terminated": UNKNOWN}), phase="Failed", reason="Evicted"), U, None, None, "taken away, Evicted"),
    ((LIMIT,), pod(phase="Failed", reason="NodeLost"), U, None, None, "taken away, NodeLost"),
    # it was lost before it began
    ((LIMIT,), pod(container(waiting={"reason": "ContainerCreating"}), phase="Failed", reason="Evicted"), E, False, None, "BackoffLimitExceeded"),
]  # fmt: skip


class Server:
    """An API server that has one Job; ``pods`` None: they may not be read."""

    def __init__(self, conditions: tuple[Json, ...], pods: list[Json] | None, **spec: Any) -> None:
        self.conditions, self.pods, self.spec = conditions, pods, spec
        self.logs: list[str] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/apis/batch/v1/namespaces/ops/jobs/{name}", self._job)
        app.router.add_get("/api/v1/namespaces/ops/pods", self._pods)
        app.router.add_get("/api/v1/namespaces/ops/pods/x/log", self._log)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _job(self, request: web.Request) -> web.Response:
        about = {"name": request.match_info["name"], "annotations": {"tfdash.dev/step": WORK.key}}
        status = {"startTime": NOW, "conditions": list(self.conditions)}
        return web.json_response({"kind": "Job", "metadata": about, "spec": self.spec, "status": status})

    async def _pods(self, request: web.Request) -> web.Response:
        if self.pods is None:
            return web.json_response({"kind": "Status", "message": "pods is forbidden"}, status=403)
        wanted = request.query.get("labelSelector") == f"batch.kubernetes.io/job-name={name_of(WORK.key, 52)}"
        return web.json_response({"kind": "PodList", "items": self.pods if wanted else STRANGERS})

    async def _log(self, request: web.Request) -> web.Response:
        """As the API server has it: of a pod of several containers one must be named."""
        self.logs.append(request.query.get("container", ""))
        if not self.logs[-1]:
            told = "a container name must be specified for pod x"
            return web.json_response({"kind": "Status", "message": told}, status=400)
        return web.Response(text="what it said\n")


def writer_to(url: str, folder: Path) -> KubernetesWriter:
    (folder / "config").write_text(
        f"clusters: [{{name: c, cluster: {{server: '{url}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"
    )
    return KubernetesWriter(REF, Credentials(resolve(str(folder / "config"), "x")))


async def seen_of(server: Server, folder: Path) -> WorkSeen:
    async with server.serving() as url:
        return await JobPlace(writer_to(url, folder), MemoryOfWork(folder / "work"), ALLOWED).look(WORK)


@pytest.mark.parametrize(("conditions", "pods", "state", "good", "code", "words"), STANDS)
async def test_how_a_job_stands_says_what_became_of_its_command(
    tmp_path: Path,
    conditions: tuple[Json, ...],
    pods: list[Json],
    state: WorkState,
    good: bool | None,
    code: int | None,
    words: str,
) -> None:
    server = Server(conditions, pods)
    seen = await seen_of(server, tmp_path)
    assert (seen.state, seen.good, seen.code) == (state, good, code)
    assert words in seen.sentence
    assert set(server.logs) <= {"command"}


async def test_what_holds_a_job_back_is_told(tmp_path: Path) -> None:
    """As a queue of Jobs does, by changing what is made."""
    seen = await seen_of(Server((condition("Suspended", "JobSuspended"),), [], suspend=True), tmp_path)
    assert seen.state is R and "suspended" in seen.sentence


async def test_who_may_not_read_pods_has_the_word_of_the_job(tmp_path: Path) -> None:
    seen = await seen_of(Server((LIMIT,), None), tmp_path)
    assert (seen.state, seen.good) == (E, False)


async def test_a_query_of_a_path_is_sent(tmp_path: Path) -> None:
    """Else it is the pods of the whole namespace that are read, and the newest of them is taken for ours."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    writer = writer_to(f"http://127.0.0.1:{runner.addresses[0][1]}", tmp_path)
    await writer.read("/api/v1/namespaces/a%2Fb/pods?labelSelector=x%2Fy%3Dz&limit=1")
    await runner.cleanup()
    assert asked == ["/api/v1/namespaces/a%2Fb/pods?labelSelector=x%2Fy%3Dz&limit=1"]


async def test_its_output_is_that_of_its_own_container(tmp_path: Path) -> None:
    seen = await seen_of(Server((LIMIT,), pod(MESH, container(terminated=ended(3)))), tmp_path)
    assert seen.output == "what it said" and "-c command" in seen.line
