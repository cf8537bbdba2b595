"""What GitHub and GitLab say of a version: https://docs.github.com/en/rest/checks/runs, .../commits/statuses, .../pulls/reviews;
https://docs.gitlab.com/api/commits/, .../merge_request_approvals/"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from tfdash.model.commits import CommitCheck, SeenCommit
from tfdash.model.observation import ProblemKind
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.sources.pipelines.reading import HostReader, unread
from tfdash.text import safe

_SAYS_NOTHING = frozenset({"skipped", "neutral"})
_NOT_YET = frozenset({"created", "pending", "preparing", "running", "scheduled", "waiting_for_resource"})


class CodeHost(Protocol):
    async def seen(self, version: str) -> SeenCommit:
        """Raises ``HostUnread``."""


class GitHubHost:
    def __init__(self, name: str, settings: PipelineSettings, secret: Callable[[str], str]) -> None:
        self._name, self._settings = name, settings
        always = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "tfdash",
        }
        base = settings.url or "https://api.github.com"
        self._read = HostReader(base, settings, secret, ("Authorization", "Bearer "), always)
        self._at = f"/repos/{quote(settings.repository)}"

    async def seen(self, version: str) -> SeenCommit:
        commit = _text(await self._read.read(f"{self._at}/commits/{quote(version, safe='')}"), "sha")
        runs = await self._read.rows(f"{self._at}/commits/{commit}/check-runs?filter=latest", "check_runs")
        states = await self._read.rows(f"{self._at}/commits/{commit}/status", "statuses")
        checks = (*map(_run, runs), *map(_status, states))
        repository = self._settings.repository
        return _commit(
            self._name,
            self._settings,
            version,
            commit,
            checks,
            **await self._review(commit),
            lines=(
                f"gh api repos/{repository}/commits/{commit}/check-runs --jq '.check_runs[] | [.name, .conclusion]'",
                f"gh api repos/{repository}/commits/{commit}/pulls --jq '.[].html_url'",
            ),
        )

    async def _review(self, commit: str) -> dict[str, Any]:
        """Of the pull request that brought it in: the newest merged one, else the newest."""
        pulls = await self._read.rows(f"{self._at}/commits/{commit}/pulls")
        if not pulls:
            return {}
        pull = max(pulls, key=lambda one: (bool(one.get("merged_at")), int(one.get("number") or 0)))
        rows = await self._read.rows(f"{self._at}/pulls/{pull.get('number')}/reviews")
        author, head = _login(pull.get("user")), str((pull.get("head") or {}).get("sha"))
        last: dict[str, Mapping[str, Any]] = {}
        for row in rows:  # in the order in which they were given; a comment takes nothing back
            if row.get("state") in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                last[_login(row.get("user"))] = row
        yes = {
            who: row for who, row in last.items() if row["state"] == "APPROVED" and who not in ("", author)
        }
        return {
            "review": f"pull request {pull.get('number')}",
            "author": author,
            "approved": tuple(sorted(who for who, row in yes.items() if row.get("commit_id") == head)),
            "earlier": tuple(sorted(who for who, row in yes.items() if row.get("commit_id") != head)),
            "against": tuple(sorted(w for w, row in last.items() if row["state"] == "CHANGES_REQUESTED")),
        }


class GitLabHost:
    def __init__(self, name: str, settings: PipelineSettings, secret: Callable[[str], str]) -> None:
        self._name, self._settings = name, settings
        base = (settings.url or "https://gitlab.com").rstrip("/").removesuffix("/api/v4")
        self._read = HostReader(f"{base}/api/v4", settings, secret, ("PRIVATE-TOKEN", ""), {})
        self._at = f"/projects/{quote(settings.repository, safe='')}"

    async def seen(self, version: str) -> SeenCommit:
        found = await self._read.read(f"{self._at}/repository/commits/{quote(version, safe='')}")
        commit = _text(found, "id")
        statuses = await self._read.rows(f"{self._at}/repository/commits/{commit}/statuses")
        project = quote(self._settings.repository, safe="")
        return _commit(
            self._name,
            self._settings,
            version,
            commit,
            tuple(map(_job, statuses)),
            **await self._review(commit),
            lines=(
                f"glab api projects/{project}/repository/commits/{commit}/statuses",
                f"glab api projects/{project}/repository/commits/{commit}/merge_requests",
            ),
        )

    async def _review(self, commit: str) -> dict[str, Any]:
        requests = await self._read.rows(f"{self._at}/repository/commits/{commit}/merge_requests")
        if not requests:
            return {}
        one = max(requests, key=lambda row: (row.get("state") == "merged", int(row.get("iid") or 0)))
        found = await self._read.read(f"{self._at}/merge_requests/{one.get('iid')}/approvals")
        author = str((one.get("author") or {}).get("username") or "")
        given = [str((row.get("user") or {}).get("username") or "") for row in found.get("approved_by") or ()]
        return {
            "review": f"merge request {one.get('iid')}",
            "author": author,
            "approved": tuple(sorted({who for who in given if who not in ("", author)})),
        }


def _commit(
    name: str,
    settings: PipelineSettings,
    version: str,
    commit: str,
    checks: Sequence[CommitCheck],
    **found: Any,
) -> SeenCommit:
    return SeenCommit(
        pipeline=name,
        version=version,
        commit=commit,
        checks=tuple(sorted(checks, key=lambda one: one.name)),
        needed=settings.checks,
        scans=settings.scans,
        reviews=settings.reviews,
        **found,
    )


def _run(row: Mapping[str, Any]) -> CommitCheck:
    word = str(row.get("conclusion") if row.get("status") == "completed" else row.get("status"))
    ended = row.get("status") == "completed"
    return CommitCheck(
        name=safe(str(row.get("name"))),
        passed=word == "success" if ended else None,
        word=safe(word),
        counts=not (ended and word in _SAYS_NOTHING),
    )


def _status(row: Mapping[str, Any]) -> CommitCheck:
    word = str(row.get("state"))
    passed = None if word == "pending" else word == "success"
    return CommitCheck(name=safe(str(row.get("context"))), passed=passed, word=safe(word))


def _job(row: Mapping[str, Any]) -> CommitCheck:
    word = str(row.get("status"))
    passed = None if word in _NOT_YET else word == "success"
    may_fail = bool(row.get("allow_failure"))
    counts = word not in ("skipped", "manual") and not (may_fail and passed is not True)
    return CommitCheck(name=safe(str(row.get("name"))), passed=passed, word=safe(word), counts=counts)


def _login(user: Any) -> str:
    return safe(str(user.get("login") or "")) if isinstance(user, dict) else ""


def _text(found: Any, key: str) -> str:
    value = found.get(key) if isinstance(found, dict) else None
    if not isinstance(value, str) or not value.isalnum():
        raise unread(ProblemKind.BAD_ANSWER, "its answer names no commit")
    return value
