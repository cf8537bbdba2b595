"""GitHub and GitLab as they document their REST APIs, on loopback: what is asked of them is noted, and what is wrong is refused in
the words of theirs. https://docs.github.com/en/rest/actions/workflows, https://docs.gitlab.com/api/pipelines/"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

TOKEN = "ghs-not-a-real-token-of-anybody"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Server:
    """``begun``: what every POST that begins something had in its body. ``fault``: what is done to the next such call: "before"
    (the connection is cut and nothing was begun), "after" (it was begun, and the answer is cut), or a status."""

    prefix = ""

    def __init__(self) -> None:
        self.begun: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.fault: str | int = ""
        self.headers: dict[str, str] = {}
        self.away = False
        self.late = False  # what was begun is not shown yet
        self.next = 1000

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    def denied(self, request: web.Request) -> web.Response | None:
        raise NotImplementedError

    @web.middleware
    async def _every(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        if self.away:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return self.denied(request) or await handler(request)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application(middlewares=[self._every])
        app.add_routes(self.routes())
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            yield f"http://127.0.0.1:{port}{self.prefix}"
        finally:
            await runner.cleanup()

    async def begin(
        self, request: web.Request, run: Callable[[int], dict[str, Any]], answer: Callable[[], web.Response]
    ) -> web.Response:
        fault, self.fault = self.fault, ""
        if isinstance(fault, int):
            return web.json_response({"message": "not now"}, status=fault, headers=self.headers)
        if fault != "before":
            self.next += 1
            self.begun.append(await request.json())
            self.runs.insert(0, run(self.next))
        if fault:
            await asyncio.sleep(0)
            assert request.transport is not None
            request.transport.abort()
        return answer()


class GitHub(Server):
    """``details``: whether it knows ``return_run_details``; 0 yes, else the status with which it says that it does not."""

    def __init__(self, *, details: int = 0, run_name: bool = True) -> None:
        super().__init__()
        self.details, self.run_name = details, run_name
        self.inputs = {"version", "tfdash"}  # that its workflows take
        self.jobs: list[dict[str, Any]] = []

    def routes(self) -> list[web.RouteDef]:
        at = "/repos/acme/shop/actions"
        return [
            web.post(f"{at}/workflows/deploy.yml/dispatches", self._dispatch),
            web.get(f"{at}/workflows/deploy.yml/runs", self._list),
            web.get(f"{at}/runs/{{run}}", self._run),
            web.get(f"{at}/runs/{{run}}/jobs", self._jobs),
            web.post(f"{at}/runs/{{run}}/cancel", self._cancel),
        ]

    def denied(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Bad credentials", "status": "401"}, status=401)
        if request.headers.get("X-GitHub-Api-Version") not in ("2022-11-28", "2026-03-10"):
            return web.json_response({"message": "unsupported version"}, status=400)
        return None

    async def _dispatch(self, request: web.Request) -> web.Response:
        body = await request.json()
        known = {"ref", "inputs"} | (set() if self.details else {"return_run_details"})
        if unknown := sorted(body.keys() - known):
            told = f'Invalid request.\n\n"{unknown[0]}" is not a permitted key.'
            return web.json_response({"message": told}, status=self.details or 422)
        if body["ref"] == "nowhere":
            return web.json_response({"message": "No ref found for: nowhere"}, status=422)
        if extra := sorted(set(body.get("inputs", {})) - self.inputs):
            return web.json_response({"message": f"Unexpected inputs provided: {extra}"}, status=422)

        def run(number: int) -> dict[str, Any]:
            return {
                "id": number,
                "name": "Deploy",
                "display_title": f"Deploy {body['inputs'].get('tfdash', '')}" if self.run_name else "Deploy",
                "status": "queued",
                "conclusion": None,
                "run_attempt": 1,
                "html_url": f"https://github.com/acme/shop/actions/runs/{number}",
                "created_at": iso(1_790_000_000.0),
                "run_started_at": iso(1_790_000_000.0),
                "updated_at": iso(1_790_000_060.0),
                "event": "workflow_dispatch",
                "padding": "x" * 15000,  # one of theirs is as large
            }

        def answer() -> web.Response:
            if not body.get("return_run_details"):
                return web.Response(status=204)
            at = f"https://github.com/acme/shop/actions/runs/{self.next}"
            return web.json_response({"workflow_run_id": self.next, "run_url": at, "html_url": at})

        return await self.begin(request, run, answer)

    async def _list(self, request: web.Request) -> web.Response:
        shown = [] if self.late else self.runs
        each, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        return web.json_response(
            {"total_count": len(shown), "workflow_runs": shown[(page - 1) * each : page * each]}
        )

    def _of(self, request: web.Request) -> dict[str, Any] | None:
        return next((run for run in self.runs if str(run["id"]) == request.match_info["run"]), None)

    async def _run(self, request: web.Request) -> web.Response:
        found = self._of(request)
        return web.json_response(found) if found else web.json_response({"message": "Not Found"}, status=404)

    async def _jobs(self, request: web.Request) -> web.Response:
        return web.json_response({"total_count": len(self.jobs), "jobs": self.jobs})

    async def _cancel(self, request: web.Request) -> web.Response:
        found = self._of(request)
        if found is None or found["status"] == "completed":
            told = "Cannot cancel a workflow run that is completed."
            return web.json_response({"message": told}, status=409)
        found |= {"status": "completed", "conclusion": "cancelled"}
        return web.json_response({}, status=202)


class GitLab(Server):
    def __init__(self, *, shows_variables: bool = True) -> None:
        super().__init__()
        self.shows_variables = shows_variables
        self.variables: dict[str, list[dict[str, Any]]] = {}
        self.jobs: list[dict[str, Any]] = []
        self.bridges: list[dict[str, Any]] = []

    def routes(self) -> list[web.RouteDef]:
        at = "/api/v4/projects/{project}"
        return [
            web.post(f"{at}/pipeline", self._create),
            web.get(f"{at}/pipelines", self._list),
            web.get(f"{at}/pipelines/{{run}}", self._run),
            web.get(f"{at}/pipelines/{{run}}/variables", self._variables),
            web.get(f"{at}/pipelines/{{run}}/jobs", self._jobs),
            web.get(f"{at}/pipelines/{{run}}/bridges", self._bridges),
            web.post(f"{at}/pipelines/{{run}}/cancel", self._cancel),
        ]

    def denied(self, request: web.Request) -> web.Response | None:
        if request.headers.get("PRIVATE-TOKEN") != TOKEN:
            return web.json_response({"message": "401 Unauthorized"}, status=401)
        if "/projects/acme%2Fshop/" not in request.raw_path:
            return web.json_response({"message": "404 Project Not Found"}, status=404)
        return None

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["ref"] == "nowhere":
            return web.json_response({"message": {"base": ["Reference not found"]}}, status=400)

        def run(number: int) -> dict[str, Any]:
            self.variables[str(number)] = [{"variable_type": "env_var", **one} for one in body["variables"]]
            return {
                "id": number,
                "iid": 7,
                "ref": body["ref"],
                "name": None,
                "status": "created",
                "source": "api",
                "web_url": f"https://gitlab.com/acme/shop/-/pipelines/{number}",
                "created_at": "2026-09-21T14:13:20.000Z",
                "started_at": None,
                "finished_at": None,
            }

        return await self.begin(request, run, lambda: web.json_response(self.runs[0], status=201))

    async def _list(self, request: web.Request) -> web.Response:
        ref = request.query.get("ref")
        shown = [run for run in self.runs if not self.late and ref in (None, run["ref"])]
        return web.json_response(shown[: int(request.query.get("per_page", 20))])

    async def _run(self, request: web.Request) -> web.Response:
        found = next((run for run in self.runs if str(run["id"]) == request.match_info["run"]), None)
        if found is None:
            return web.json_response({"message": "404 Not found"}, status=404)
        return web.json_response(found)

    async def _variables(self, request: web.Request) -> web.Response:
        if not self.shows_variables:
            return web.json_response({"message": "403 Forbidden"}, status=403)
        return web.json_response(self.variables[request.match_info["run"]])

    async def _bridges(self, request: web.Request) -> web.Response:
        return web.json_response(self.bridges)

    async def _jobs(self, request: web.Request) -> web.Response:
        return web.json_response(self.jobs)

    async def _cancel(self, request: web.Request) -> web.Response:
        found = next(run for run in self.runs if str(run["id"]) == request.match_info["run"])
        found["status"] = "canceled"
        return web.json_response(found)


class Plain(Server):
    """One of a company's own: it knows a run by the id that it was given."""

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/start", self._start), web.get("/runs/{run}", self._run)]

    def denied(self, request: web.Request) -> web.Response | None:
        return None

    async def _start(self, request: web.Request) -> web.Response:
        text = json.loads(await request.text())
        return await self.begin(
            request,
            lambda number: {"id": text["id"], "number": number, "status": "running"},
            lambda: web.json_response({"id": self.next}),
        )

    async def _run(self, request: web.Request) -> web.Response:
        run = request.match_info["run"]
        found = next((one for one in self.runs if run in (one["id"], str(one["number"]))), None)
        return web.json_response(found or {}, status=200 if found else 404)
