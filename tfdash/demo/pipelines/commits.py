"""What the simulated repository says of a version: its commit, the pull request that brought it in with its review, and its checks
(docs.github.com/en/rest/commits, /checks/runs, /pulls/reviews)."""

from __future__ import annotations

import hashlib
import re

from aiohttp import web

SCANS = ("CodeQL",)
_CHECKS = ("unit tests", "integration tests", *SCANS)
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_AUTHOR, _REVIEWER = "grace", "ada"


class Commits:
    """Every version "N.N.N" is one that was reviewed and tested; nothing else is there."""

    def __init__(self, repository: str) -> None:
        self._at = f"/repos/{repository}"
        self._versions: dict[str, str] = {}  # by commit

    def routes(self) -> list[web.RouteDef]:
        at = f"{self._at}/commits/{{ref}}"
        return [
            web.get(at, self._commit),
            web.get(f"{at}/check-runs", self._checks),
            web.get(f"{at}/status", self._status),
            web.get(f"{at}/pulls", self._pulls),
            web.get(f"{self._at}/pulls/{{number}}/reviews", self._reviews),
        ]

    def _sha(self, ref: str) -> str:
        """ "" where there is no such commit."""
        if ref in self._versions:
            return ref
        if not _VERSION.fullmatch(ref):
            return ""
        sha = hashlib.sha1(ref.encode()).hexdigest()
        self._versions[sha] = ref
        return sha

    def _of(self, request: web.Request) -> str:
        sha = self._sha(request.match_info["ref"])
        if not sha:
            told = f"No commit found for SHA: {request.match_info['ref']}"
            raise web.HTTPUnprocessableEntity(
                text=f'{{"message": "{told}"}}', content_type="application/json"
            )
        return sha

    async def _commit(self, request: web.Request) -> web.Response:
        sha = self._of(request)
        return web.json_response({"sha": sha, "commit": {"message": f"Release {self._versions[sha]}"}})

    async def _checks(self, request: web.Request) -> web.Response:
        sha = self._of(request)
        runs = [
            {"id": i, "name": name, "head_sha": sha, "status": "completed", "conclusion": "success"}
            for i, name in enumerate(_CHECKS, 1)
        ]
        return web.json_response({"total_count": len(runs), "check_runs": runs})

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"state": "pending", "sha": self._of(request), "total_count": 0, "statuses": []}
        )

    async def _pulls(self, request: web.Request) -> web.Response:
        sha = self._of(request)
        pull = {
            "number": 1000 + int(sha[:4], 16) % 1000,
            "state": "closed",
            "merged_at": "2026-11-23T16:20:00Z",
            "user": {"login": _AUTHOR},
            "head": {"sha": sha},
        }
        return web.json_response([pull])

    async def _reviews(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"]) if request.match_info["number"].isdigit() else 0
        sha = next((one for one in self._versions if 1000 + int(one[:4], 16) % 1000 == number), "")
        if not sha:
            return web.json_response({"message": "Not Found", "status": "404"}, status=404)
        return web.json_response([{"user": {"login": _REVIEWER}, "state": "APPROVED", "commit_id": sha}])
