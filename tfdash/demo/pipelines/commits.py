"""What the simulated repository says: the commits of its main branch, each with the pull request that brought it in, its review and its checks,
its tags, and a draft of the notes of what is to come (docs.github.com/en/rest/commits, /checks/runs, /pulls/reviews, /git/refs, /releases)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
from aiohttp import web

from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import dig

SCANS = ("CodeQL",)
MIGRATIONS = ("migrations",)
_CHECKS = ("unit tests", "integration tests", *SCANS, *MIGRATIONS)
_AUTHOR, _REVIEWER = "grace", "ada"
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_FIRST_PULL = 1528
_DRAFT = "2.14.0"
_KINDS = ("deployments.apps", "rollouts.argoproj.io", "statefulsets.apps")


T = TypeVar("T")


class MainCommit(msgspec.Struct, frozen=True, kw_only=True):
    """``failed``: its check that failed."""

    sha: str
    title: str
    at: str
    pull: int
    failed: str = ""


def _made(number: int, title: str, at: str, failed: str = "") -> MainCommit:
    sha = hashlib.sha1(title.encode()).hexdigest()
    return MainCommit(sha=sha, title=title, at=at, pull=_FIRST_PULL - number, failed=failed)


MAIN = tuple(
    _made(number, *told)
    for number, told in enumerate(
        (
            ("Keep the tax line of a bill when its currency changes", "2026-11-23T21:14:00Z"),
            ("Round the discount of a bundle once", "2026-11-23T16:20:00Z", "integration tests"),
            ("Show the tax of each line", "2026-11-23T10:05:00Z"),
            ("Retry the rates of the tax office", "2026-11-20T14:41:00Z"),
            ("Remove the flag of the old cart", "2026-11-19T09:30:00Z"),
        )
    )
)
"""Of the default branch, the newest first."""


class CodeRepository:
    """Its tags: each version that the cluster ran when the demo began is one, on a commit of its own; others come to be by being tagged."""

    def __init__(self) -> None:
        self.commits = {one.sha: one for one in MAIN}
        self.tags: dict[str, str] = {}

    def learn(self, store: ObjectStore) -> None:
        for version in sorted(set(_versions(store))):
            one = _made(len(self.commits), f"Release {version}", "2026-10-27T14:00:00Z")
            self.commits[one.sha] = one
            self.tags[version] = one.sha

    def sha(self, ref: str) -> str:
        """Of a commit, full or short, or of "tags/VERSION"; "" where there is none."""
        if ref.startswith("tags/"):
            return self.tags.get(ref.removeprefix("tags/"), "")
        if ref in ("main", "heads/main"):
            return MAIN[0].sha
        found = [sha for sha in self.commits if len(ref) >= 4 and sha.startswith(ref.lower())]
        return found[0] if len(found) == 1 else self.tags.get(ref, "")

    def tag(self, version: str, commit: str) -> str:
        """Why it was not tagged, "" where it was. ``commit`` "": the head of the main branch."""
        if version in self.tags:
            return f"fatal: tag '{version}' already exists"
        sha = self.sha(commit or "main")
        if not sha:
            return f"fatal: Failed to resolve '{commit}' as a valid ref."
        self.tags[version] = sha
        return ""


def _versions(store: ObjectStore) -> Iterator[str]:
    for kind in _KINDS:
        for obj in store.all(kind):
            for container in dig(obj, "spec", "template", "spec", "containers", default=[]):
                tag = str(container.get("image", "")).rpartition(":")[2]
                if _VERSION.fullmatch(tag):
                    yield tag


class Commits:
    """The repository as the API has it."""

    def __init__(self, repository: str, held: CodeRepository) -> None:
        self._at, self._held = f"/repos/{repository}", held

    def routes(self) -> list[web.RouteDef]:
        at = f"{self._at}/commits/{{ref:.+}}"
        return [
            web.get(f"{self._at}/commits", self._newest),
            web.get(f"{at}/check-runs", self._checks),
            web.get(f"{at}/status", self._status),
            web.get(f"{at}/pulls", self._pulls),
            web.get(at, self._commit),
            web.get(f"{self._at}/pulls/{{number}}/reviews", self._reviews),
            web.get(f"{self._at}/git/matching-refs/tags/{{start:.*}}", self._tags),
            web.get(f"{self._at}/releases", self._releases),
        ]

    def _of(self, request: web.Request) -> MainCommit:
        ref = request.match_info["ref"]
        sha = self._held.sha(ref)
        if not sha:
            told = json.dumps({"message": f"No commit found for SHA: {ref}", "status": "422"})
            raise web.HTTPUnprocessableEntity(text=told, content_type="application/json")
        return self._held.commits[sha]

    async def _newest(self, request: web.Request) -> web.Response:
        return _page(request, list(MAIN), _told)

    async def _commit(self, request: web.Request) -> web.Response:
        return web.json_response(_told(self._of(request)))

    async def _checks(self, request: web.Request) -> web.Response:
        one = self._of(request)
        runs = [
            {
                "id": i,
                "name": name,
                "head_sha": one.sha,
                "status": "completed",
                "conclusion": "failure" if name == one.failed else "success",
            }
            for i, name in enumerate(_CHECKS, 1)
        ]
        return web.json_response({"total_count": len(runs), "check_runs": runs})

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"state": "pending", "sha": self._of(request).sha, "total_count": 0, "statuses": []}
        )

    async def _pulls(self, request: web.Request) -> web.Response:
        one = self._of(request)
        pull = {
            "number": one.pull,
            "state": "closed",
            "merged_at": one.at,
            "user": {"login": _AUTHOR},
            "head": {"sha": one.sha},
        }
        return web.json_response([pull])

    async def _reviews(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        one = next((each for each in self._held.commits.values() if str(each.pull) == number), None)
        if one is None:
            return web.json_response({"message": "Not Found", "status": "404"}, status=404)
        return web.json_response([{"user": {"login": _REVIEWER}, "state": "APPROVED", "commit_id": one.sha}])

    async def _tags(self, request: web.Request) -> web.Response:
        start = request.match_info["start"]
        found = [
            {"ref": f"refs/tags/{version}", "object": {"type": "commit", "sha": sha}}
            for version, sha in sorted(self._held.tags.items())
            if version.startswith(start)
        ]
        return web.json_response(found)

    async def _releases(self, request: web.Request) -> web.Response:
        """The draft, which its token may see, and a release of each other tag."""
        draft = {
            "id": 91,
            "tag_name": _DRAFT,
            "target_commitish": "main",
            "draft": True,
            "body": "A bill keeps its tax line when its currency changes. Ask: the team of the checkout.",
        }
        others = [
            {"id": 90 - i, "tag_name": version, "draft": False, "body": f"What {version} brought."}
            for i, version in enumerate(sorted(self._held.tags, reverse=True))
            if version != _DRAFT
        ]
        return _page(request, [draft, *others], lambda one: one)


def _page(request: web.Request, rows: list[T], shown: Callable[[T], object]) -> web.Response:
    each, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
    return web.json_response([shown(row) for row in rows[(page - 1) * each : page * each]])


def _told(one: MainCommit) -> dict[str, object]:
    who = {"name": _AUTHOR, "date": one.at}
    return {"sha": one.sha, "commit": {"message": one.title, "author": who, "committer": who}}
