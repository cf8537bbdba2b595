"""GitHub behind real HTTP, as it documents itself, whose workflows do what a company's would: they tag, bring images out by kubectl, run scripts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from aiohttp import web

from tests.unit.writers.pipeline_servers import TOKEN, GitHub, iso

REPOSITORY = "acme/shop"
_AT = f"/repos/{REPOSITORY}"
Job = Callable[[Mapping[str, str]], None]
"""What a workflow does with its inputs; one that raises has failed."""


class Commit(NamedTuple):
    """``pull``: the number of the request that brought it in."""

    sha: str
    version: str
    pull: int


class CodeHost(GitHub):
    """``carried``: each run of a workflow with its inputs, as the host itself keeps account
    of them. A version is known once it is tagged."""

    def __init__(self, jobs: Mapping[str, Job], inputs: set[str]) -> None:
        super().__init__()
        self.workflows, self.inputs = jobs, {"tfdash"} | inputs
        self.carried: list[tuple[str, dict[str, str]]] = []
        self.commits: dict[str, Commit] = {}
        self.tags: dict[str, str] = {}

    def merged(self, version: str) -> Commit:
        """What ``version`` will be: reviewed, tested and scanned, its migrations verified and its notes written, and merged."""
        sha = hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()
        return self.commits.setdefault(sha, Commit(sha, version, len(self.commits) + 41))

    def tag(self, version: str, sha: str) -> None:
        assert version not in self.tags and sha in self.commits, (version, sha)
        self.tags[version] = sha

    def routes(self) -> list[web.RouteDef]:
        files = f"{_AT}/actions/workflows/{{file}}"
        mine = [
            web.post(f"{files}/dispatches", self._dispatch),
            web.get(f"{files}/runs", self._list),
            web.get(f"{_AT}/commits", self._newest),
            web.get(f"{_AT}/commits/tags/{{ref}}", self._commit),
            web.get(f"{_AT}/commits/{{ref}}", self._commit),
            web.get(f"{_AT}/git/matching-refs/tags/{{begin}}", self._tags),
            web.get(f"{_AT}/releases", self._releases),
            web.get(f"{_AT}/commits/{{ref}}/check-runs", self._checks),
            web.get(f"{_AT}/commits/{{ref}}/status", self._status),
            web.get(f"{_AT}/commits/{{ref}}/pulls", self._pulls),
            web.get(f"{_AT}/pulls/{{number}}/reviews", self._reviews),
        ]
        return [*mine, *(one for one in super().routes() if "deploy.yml" not in one.path)]

    async def begin(
        self, request: web.Request, run: Callable[[int], dict[str, Any]], answer: Callable[[], web.Response]
    ) -> web.Response:
        response = await super().begin(request, run, answer)
        file, inputs, begun = request.match_info["file"], self.begun[-1]["inputs"], self.runs[0]
        now = iso(time.time())
        begun |= {"name": file, "created_at": now, "run_started_at": now, "updated_at": now}
        begun["display_title"] = f"{file} {inputs.get('tfdash', '')}"
        asyncio.get_running_loop().run_in_executor(None, self._carry, begun, file, inputs)
        return response

    def _carry(self, run: dict[str, Any], file: str, inputs: Mapping[str, str]) -> None:
        run["status"] = "in_progress"
        self.carried.append((file, {name: value for name, value in inputs.items() if name != "tfdash"}))
        try:
            self.workflows[file](inputs)
            how = "success"
        except Exception as error:
            run["failed_by"] = repr(error)
            how = "failure"
        run |= {"updated_at": iso(time.time()), "conclusion": how, "status": "completed"}

    def _at(self, request: web.Request) -> Commit | None:
        ref = request.match_info["ref"]
        return self.commits.get(self.tags.get(ref, ref))

    async def _commit(self, request: web.Request) -> web.Response:
        found = self._at(request)
        if found is None:
            told = f"No commit found for SHA: {request.match_info['ref']}"
            return web.json_response({"message": told, "status": "422"}, status=422)
        return web.json_response({"sha": found.sha, "commit": {"message": "as reviewed"}})

    async def _newest(self, request: web.Request) -> web.Response:
        who = {"name": "ann", "date": iso(time.time() - 86_400)}
        told = {"message": "as reviewed", "author": who, "committer": who}
        return web.json_response([{"sha": sha, "commit": told} for sha in reversed(self.commits)])

    async def _tags(self, request: web.Request) -> web.Response:
        begin = request.match_info["begin"]
        rows = [
            {"ref": f"refs/tags/{tag}", "object": {"type": "commit", "sha": sha}}
            for tag, sha in self.tags.items()
            if tag.startswith(begin)
        ]
        return web.json_response(rows)

    async def _releases(self, request: web.Request) -> web.Response:
        """Notes are drafted with what is merged."""
        rows = [
            {"id": one.pull, "tag_name": one.version, "draft": True, "body": "what is new"}
            for one in self.commits.values()
        ]
        return web.json_response(rows)

    async def _checks(self, request: web.Request) -> web.Response:
        rows = [
            {"name": name, "status": "completed", "conclusion": "success"}
            for name in ("unit", "integration", "scan", "migrations")
        ]
        return web.json_response({"total_count": len(rows), "check_runs": rows})

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response({"state": "pending", "statuses": []})

    async def _pulls(self, request: web.Request) -> web.Response:
        found = self._at(request)
        assert found is not None
        pull = {
            "number": found.pull,
            "merged_at": iso(time.time() - 86_400),
            "user": {"login": "ann"},
            "head": {"sha": found.sha},
        }
        return web.json_response([pull])

    async def _reviews(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        head = next(one.sha for one in self.commits.values() if one.pull == number)
        review = {
            "user": {"login": "bob"},
            "state": "APPROVED",
            "commit_id": head,
            "submitted_at": iso(time.time() - 90_000),
        }
        return web.json_response([review])


@contextmanager
def running(host: CodeHost) -> Iterator[str]:
    """Its address, while it serves on a thread of its own."""
    loop, there = asyncio.new_event_loop(), threading.Event()
    over: asyncio.Event | None = None
    address: list[str] = []

    async def serve() -> None:
        nonlocal over
        over = asyncio.Event()
        async with host.serving() as url:
            address.append(url)
            there.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert there.wait(30.0)
    try:
        yield address[0]
    finally:
        assert over is not None
        loop.call_soon_threadsafe(over.set)
        thread.join(30.0)
        loop.close()


def settings(url: str, token: str, names: Mapping[str, tuple[str, Mapping[str, str]]]) -> str:
    """[procedures.pipelines] and the commands that may start them. ``names``: by command, its workflow's file and what each of its inputs gets."""
    told = []
    for name, (file, inputs) in names.items():
        values = ", ".join(f"{one} = {json.dumps(text)}" for one, text in inputs.items())
        told.append(
            f'[procedures.pipelines.{name}]\nkind = "github"\nurl = "{url}"\nrepository = "{REPOSITORY}"\n'
            f'workflow = "{file}"\ntoken = "{token}"\nid_input = "tfdash"\nscans = ["scan"]\nmigrations = ["migrations"]\n'
            f'[procedures.commands.{name}]\nplaces = ["pipeline {name}"]\nvalues = {{ {values} }}\n'
        )
    return "".join(told)


__all__ = ["REPOSITORY", "TOKEN", "CodeHost", "Commit", "running", "settings"]
