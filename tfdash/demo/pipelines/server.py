"""The company's pipelines as GitHub answers for them (docs.github.com/en/rest/actions, API version 2022-11-28), and a webhook of the
team's chat: a server of its own on this machine. It tells real time, and its jobs take simulated time.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tfdash.demo.backend import Backend
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.pipelines.commits import MIGRATIONS, SCANS, Commits
from tfdash.demo.pipelines.workflows import WORKFLOWS, RepositoryState, Workflow
from tfdash.demo.scenarios.step import Step

REPOSITORY = "terrafusion/platform"
_OF = "production"  # the cluster on which pipelines act
_ID = "tfdash"  # the input by which a run is found again
_FIRST_RUN = 4720
_QUEUED = 3.0  # simulated seconds until a runner takes it
_MESSAGES = "messages.txt"


class Pipelines(Backend):
    """Of the production cluster alone; the others' offer nothing."""

    def __init__(self, cluster: ClusterState) -> None:
        super().__init__(cluster)
        self.state = RepositoryState(cluster.store)
        self.runs: list[dict[str, Any]] = []  # the newest first
        self._runner: web.AppRunner | None = None
        self._folder = Path()
        self._token = secrets.token_urlsafe(24)
        self._hook = secrets.token_urlsafe(18)

    def acts_by(self, act: Callable[[Step], None]) -> None:
        self.state.act = act

    @property
    def address(self) -> str:
        """ "" while it does not serve."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}" if self._runner is not None else ""

    async def start(self, folder: Path) -> None:
        if self.cluster.name != _OF:
            return
        self._folder = folder
        self.state.held.learn(self.state.store)
        at = f"/repos/{REPOSITORY}/actions"
        application = web.Application(middlewares=[self._who])
        application.add_routes(
            [
                web.post(f"{at}/workflows/{{file}}/dispatches", self._dispatch),
                web.get(f"{at}/workflows/{{file}}/runs", self._list),
                web.get(f"{at}/runs/{{run}}", self._run),
                web.get(f"{at}/runs/{{run}}/jobs", self._jobs),
                web.post(f"{at}/runs/{{run}}/cancel", self._cancel),
                web.post(f"/hooks/{self._hook}", self._message),
                *Commits(REPOSITORY, self.state.held).routes(),
            ]
        )
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        for name, text in (("ci-token", self._token), ("team-hook", f"{self.address}/hooks/{self._hook}")):
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(f"{text}\n", encoding="utf-8")

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def settings(self, token: Path, ca: Path) -> list[str]:
        if self._runner is None:
            return []
        lines = []
        for file, workflow in WORKFLOWS.items():
            name = {"tag.yml": "tag-release"}.get(file, file.removesuffix(".yml"))
            values = ", ".join(f'{one} = "{{{one}}}"' for one in sorted(workflow.inputs | workflow.optional))
            lines += [
                f"[procedures.pipelines.{name}]",
                'kind = "github"',
                f"url = {json.dumps(self.address)}",
                f"repository = {json.dumps(REPOSITORY)}",
                f"workflow = {json.dumps(file)}",
                f"token = {json.dumps(f'file:{self._folder}/ci-token', ensure_ascii=False)}",
                f"id_input = {json.dumps(_ID)}",
                f"scans = {json.dumps(SCANS)}",
                f"migrations = {json.dumps(MIGRATIONS)}",
                "",
                f"[procedures.commands.{name}]",
                f'places = ["pipeline {name}"]',
                f"values = {{ {values} }}",
                "",
            ]
        return [
            *lines,
            "[procedures.roles.release-manager]",
            'groups = ["oncall"]  # whom the demo is shown to',
            "",
            "[procedures.roles.commander]",
            'groups = ["oncall"]',
            "",
            "[notify.channels.team]",
            f"# what it gets stands in {_MESSAGES} beside this file",
            f"url = {json.dumps(f'file:{self._folder}/team-hook', ensure_ascii=False)}",
            'fields = { text = "*{subject}*\\n{body}" }',
            'expects = "ok"',
            'markup = "slack"',
        ]

    # -- what is asked of it ----------------------------------------------------------------------------------------

    @web.middleware
    async def _who(self, request: web.Request, handler: Any) -> web.StreamResponse:
        open_to_all = request.path.startswith("/hooks/")  # whoever knows its address
        if not open_to_all and request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.json_response({"message": "Bad credentials", "status": "401"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _dispatch(self, request: web.Request) -> web.Response:
        workflow = WORKFLOWS.get(request.match_info["file"])
        if workflow is None:
            return _not_found()
        try:
            body = json.loads(await request.read())
            inputs = {str(name): str(value) for name, value in (body.get("inputs") or {}).items()}
        except (ValueError, AttributeError):
            return web.json_response({"message": "Problems parsing JSON"}, status=400)
        if extra := sorted(inputs.keys() - workflow.inputs - workflow.optional - {_ID}):
            return web.json_response(
                {"message": f"Unexpected inputs provided: {json.dumps(extra)}"}, status=422
            )
        if missing := sorted(workflow.inputs - inputs.keys()):
            told = f"Required input '{missing[0]}' not provided"
            return web.json_response({"message": told}, status=422)
        run = self._begun(request.match_info["file"], workflow, inputs)
        if not body.get("return_run_details"):
            return web.Response(status=204)
        return web.json_response(
            {"workflow_run_id": run["id"], "run_url": run["url"], "html_url": run["html_url"]}
        )

    def _begun(self, file: str, workflow: Workflow, inputs: dict[str, str]) -> dict[str, Any]:
        number = _FIRST_RUN + len(self.runs)
        at = f"{self.address}/repos/{REPOSITORY}/actions/runs/{number}"
        run = {
            "id": number,
            "name": workflow.title,
            "display_title": " ".join(filter(None, (workflow.title, inputs.get(_ID, "")))),
            "path": f".github/workflows/{file}",
            "event": "workflow_dispatch",
            "status": "queued",
            "conclusion": None,
            "run_attempt": 1,
            "url": at,
            "html_url": at,
            "created_at": _now(),
            "run_started_at": _now(),
            "updated_at": _now(),
            "jobs": [],
        }
        self.runs.insert(0, run)
        self.cluster.agenda.after(_QUEUED, self._job, run, workflow, inputs, 0)
        return run

    def _job(self, run: dict[str, Any], workflow: Workflow, inputs: dict[str, str], index: int) -> None:
        if run["status"] == "completed":  # it was cancelled
            return
        if index == len(workflow.jobs):
            run.update(status="completed", conclusion="success", updated_at=_now())
            return
        job = workflow.jobs[index]
        run.update(status="in_progress", updated_at=_now())
        run["jobs"].append(
            {"name": job.name, "status": "in_progress", "conclusion": None, "started_at": _now()}
        )
        self.cluster.agenda.after(job.seconds, self._job_ends, run, workflow, inputs, index)

    def _job_ends(self, run: dict[str, Any], workflow: Workflow, inputs: dict[str, str], index: int) -> None:
        if run["status"] == "completed":
            return
        why = workflow.jobs[index].ends(self.state, inputs, run["id"])
        told = {"status": "completed", "conclusion": "failure" if why else "success", "completed_at": _now()}
        run["jobs"][-1].update(
            told, name=f"{workflow.jobs[index].name}: {why}" if why else workflow.jobs[index].name
        )
        if why:
            run.update(status="completed", conclusion="failure", updated_at=_now())
        else:
            self._job(run, workflow, inputs, index + 1)

    async def _list(self, request: web.Request) -> web.Response:
        file = request.match_info["file"]
        if file not in WORKFLOWS:
            return _not_found()
        after = request.query.get("created", "").removeprefix(">=")
        path = f".github/workflows/{file}"
        shown = [_shown(run) for run in self.runs if run["path"] == path and run["created_at"] >= after]
        each, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        return web.json_response(
            {"total_count": len(shown), "workflow_runs": shown[(page - 1) * each : page * each]}
        )

    def _of(self, request: web.Request) -> dict[str, Any] | None:
        return next((run for run in self.runs if str(run["id"]) == request.match_info["run"]), None)

    async def _run(self, request: web.Request) -> web.Response:
        found = self._of(request)
        return _not_found() if found is None else web.json_response(_shown(found))

    async def _jobs(self, request: web.Request) -> web.Response:
        found = self._of(request)
        if found is None:
            return _not_found()
        return web.json_response({"total_count": len(found["jobs"]), "jobs": found["jobs"]})

    async def _cancel(self, request: web.Request) -> web.Response:
        found = self._of(request)
        if found is None:
            return _not_found()
        if found["status"] == "completed":
            return web.json_response(
                {"message": "Cannot cancel a workflow run that is completed."}, status=409
            )
        found.update(status="completed", conclusion="cancelled", updated_at=_now())
        return web.json_response({}, status=202)

    async def _message(self, request: web.Request) -> web.Response:
        """As Slack's incoming webhooks answer."""
        try:
            text = str(json.loads(await request.read())["text"])
        except (ValueError, KeyError, TypeError):
            return web.Response(status=400, text="invalid_payload")
        with (self._folder / _MESSAGES).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n\n")
        return web.Response(text="ok")


def _shown(run: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name != "jobs"}


def _not_found() -> web.Response:
    return web.json_response({"message": "Not Found", "status": "404"}, status=404)


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
