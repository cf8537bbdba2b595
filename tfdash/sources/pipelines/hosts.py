"""What GitHub and GitLab say of a version: https://docs.github.com/en/rest/checks/runs, .../commits/statuses, .../pulls/reviews, .../git/refs,
.../releases/releases; https://docs.gitlab.com/api/commits/, .../merge_request_approvals/, .../tags/, .../releases/

Whether there is a tag is read of a list: an answer that there is nothing at an address may mean the repository, or that we may not see it."""

from __future__ import annotations

import json
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from tfdash.model.commits import CommitCheck, NewestCommit, ReleaseNotes, SeenCommit
from tfdash.model.observation import ProblemKind
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.sources.pipelines.reading import HostReader, HostUnread, unread
from tfdash.text import safe

_SAYS_NOTHING = frozenset({"skipped", "neutral"})
_NOT_YET = frozenset({"created", "pending", "preparing", "running", "scheduled", "waiting_for_resource"})


_NEWEST = 30
_RELEASES = 100  # the newest, among which the notes of a version are looked for


class HostAnswer(NamedTuple):
    """What a host said of a commit."""

    checks: Sequence[CommitCheck] = ()
    review: Mapping[str, Any] = {}
    lines: tuple[str, str] = ("", "")


class CodeHost(ABC):
    """Each read raises ``HostUnread``."""

    def __init__(self, name: str, settings: PipelineSettings) -> None:
        self._name, self._settings = name, settings

    async def seen(self, version: str, commit: str = "") -> SeenCommit:
        """Of ``commit``, full or short; where none is named of that at which the tag ``version`` points."""
        tag = await self._tag(version)
        asked = await self._commit(commit) if commit else tag
        if commit and not asked.startswith(commit.lower()):
            raise unread(ProblemKind.BAD_ANSWER, f"asked for the commit {commit}, it tells of {asked}")
        found = await self._of(asked) if asked else HostAnswer()
        try:
            notes = await self._notes(version)
            missing = "" if notes is not None else self._no_notes(tag)
        except HostUnread as failed:  # which hides nothing of the others
            notes, missing = None, failed.problem.cause
        tag_line, notes_line = self._lines(version)
        return SeenCommit(
            pipeline=self._name,
            version=version,
            commit=asked,
            tag=tag,
            checks=tuple(sorted(found.checks, key=lambda one: one.name)),
            needed=self._settings.checks,
            scans=self._settings.scans,
            migrations=self._settings.migrations,
            reviews=self._settings.reviews,
            **found.review,
            notes=notes,
            no_notes=missing,
            lines=found.lines,
            tag_line=tag_line,
            notes_line=notes_line,
        )

    @abstractmethod
    async def newest(self) -> tuple[NewestCommit, ...]:
        """Of the default branch, the newest first."""

    @abstractmethod
    async def _tag(self, version: str) -> str:
        """The commit at which it points; "" where there is no such tag."""

    @abstractmethod
    async def _commit(self, named: str) -> str: ...

    @abstractmethod
    async def _of(self, commit: str) -> HostAnswer: ...

    @abstractmethod
    async def _notes(self, version: str) -> ReleaseNotes | None: ...

    @abstractmethod
    def _no_notes(self, tag: str) -> str:
        """Why none may be seen."""

    @abstractmethod
    def _lines(self, version: str) -> tuple[str, str]:
        """Of the tag, and of the notes."""


class GitHubHost(CodeHost):
    def __init__(self, name: str, settings: PipelineSettings, secret: Callable[[str], str]) -> None:
        super().__init__(name, settings)
        always = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "tfdash",
        }
        base = settings.url or "https://api.github.com"
        self._read = HostReader(base, settings, secret, ("Authorization", "Bearer "), always)
        self._at = f"/repos/{quote(settings.repository)}"

    async def newest(self) -> tuple[NewestCommit, ...]:
        rows = _list(await self._read.read(f"{self._at}/commits?per_page={_NEWEST}"))
        return tuple(
            _newest(
                row.get("sha"),
                str(_in(row, "commit", "message") or "").partition("\n")[0],
                _in(row, "commit", "author", "name"),
                _in(row, "commit", "committer", "date"),
            )
            for row in rows
        )

    async def _tag(self, version: str) -> str:
        rows = _list(await self._read.read(f"{self._at}/git/matching-refs/tags/{quote(version)}"))
        if not any(row.get("ref") == f"refs/tags/{version}" for row in rows):
            return ""
        return await self._commit(f"tags/{version}")  # an annotated one points at an object of its own

    async def _commit(self, named: str) -> str:
        return _text(await self._read.read(f"{self._at}/commits/{quote(named)}"), "sha")

    async def _of(self, commit: str) -> HostAnswer:
        runs = await self._read.rows(f"{self._at}/commits/{commit}/check-runs?filter=latest", "check_runs")
        states = await self._read.rows(f"{self._at}/commits/{commit}/status", "statuses")
        repository = self._settings.repository
        return HostAnswer(
            (*map(_run, runs), *map(_status, states)),
            await self._review(commit),
            (
                f"gh api repos/{repository}/commits/{commit}/check-runs --jq '.check_runs[] | [.name, .conclusion]'",
                f"gh api repos/{repository}/commits/{commit}/pulls --jq '.[].html_url'",
            ),
        )

    async def _notes(self, version: str) -> ReleaseNotes | None:
        rows = _list(await self._read.read(f"{self._at}/releases?per_page={_RELEASES}"))
        return _fullest(
            [
                ReleaseNotes(
                    what=f"{'draft ' if row.get('draft') is True else ''}release {row.get('id')}",
                    written=_written(row.get("body")),
                )
                for row in rows
                if row.get("tag_name") == version
            ]
        )

    def _no_notes(self, tag: str) -> str:
        return "no release of it is seen; a draft is shown to who may push alone"

    def _lines(self, version: str) -> tuple[str, str]:
        at = f"repos/{self._settings.repository}"
        pick = shlex.quote(f".[] | select(.tag_name == {json.dumps(version)}) | .body")
        return (
            f"gh api {shlex.quote(f'{at}/commits/tags/{quote(version)}')} --jq .sha",
            f"gh api '{at}/releases?per_page={_RELEASES}' --jq {pick}",
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


class GitLabHost(CodeHost):
    def __init__(self, name: str, settings: PipelineSettings, secret: Callable[[str], str]) -> None:
        super().__init__(name, settings)
        base = (settings.url or "https://gitlab.com").rstrip("/").removesuffix("/api/v4")
        self._read = HostReader(f"{base}/api/v4", settings, secret, ("PRIVATE-TOKEN", ""), {})
        self._project = f"projects/{quote(settings.repository, safe='')}"
        self._at = f"/{self._project}"

    async def newest(self) -> tuple[NewestCommit, ...]:
        rows = _list(await self._read.read(f"{self._at}/repository/commits?per_page={_NEWEST}"))
        return tuple(
            _newest(row.get("id"), row.get("title"), row.get("author_name"), row.get("committed_date"))
            for row in rows
        )

    async def _tag(self, version: str) -> str:
        rows = await self._read.rows(f"{self._at}/repository/tags?search={quote('^' + version, safe='')}")
        found = next((row for row in rows if row.get("name") == version), None)
        return "" if found is None else _text(found.get("commit"), "id")

    async def _commit(self, named: str) -> str:
        return _text(await self._read.read(f"{self._at}/repository/commits/{quote(named, safe='')}"), "id")

    async def _of(self, commit: str) -> HostAnswer:
        statuses = await self._read.rows(f"{self._at}/repository/commits/{commit}/statuses")
        return HostAnswer(
            tuple(map(_job, statuses)),
            await self._review(commit),
            (
                f"glab api {self._project}/repository/commits/{commit}/statuses",
                f"glab api {self._project}/repository/commits/{commit}/merge_requests",
            ),
        )

    async def _notes(self, version: str) -> ReleaseNotes | None:
        rows = _list(await self._read.read(f"{self._at}/releases?per_page={_RELEASES}"))
        return _fullest(
            [
                ReleaseNotes(
                    what=f"{'upcoming ' if row.get('upcoming_release') is True else ''}release {safe(version)}",
                    written=_written(row.get("description")),
                )
                for row in rows
                if row.get("tag_name") == version
            ]
        )

    def _no_notes(self, tag: str) -> str:
        return "no release of it is there" if tag else "it has a release once it is tagged, and not before"

    def _lines(self, version: str) -> tuple[str, str]:
        at = quote(version, safe="")
        return (
            f"glab api {shlex.quote(f'{self._project}/repository/tags/{at}')}",
            f"glab api {shlex.quote(f'{self._project}/releases/{at}')}",
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


def _list(found: Any) -> list[Mapping[str, Any]]:
    if not isinstance(found, list):
        raise unread(ProblemKind.BAD_ANSWER, "its answer is no list")
    return [row for row in found if isinstance(row, dict)]


def _in(found: Any, *keys: str) -> Any:
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _newest(commit: Any, title: Any, author: Any, at: Any) -> NewestCommit:
    try:
        when = datetime.fromisoformat(str(at)).timestamp()
    except ValueError:
        when = None
    found = _text({"id": commit}, "id")
    return NewestCommit(commit=found, title=safe(str(title or "")), author=safe(str(author or "")), at=when)


def _written(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _fullest(found: Sequence[ReleaseNotes]) -> ReleaseNotes | None:
    """A version may have a draft beside its release."""
    return max(found, key=lambda one: one.written, default=None)


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
