"""GitHub workflows, by the REST API as of 2022-11-28, which every server still answers: dispatched with ``return_run_details``
(github.com since February 2026, Enterprise Server 3.21), and by servers before it found by our id in the run's name.

https://docs.github.com/en/rest/actions/workflows and .../workflow-runs
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tfdash.actions.core.protocols import Answer
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.text import safe
from tfdash.writers.pipelines import Secrets
from tfdash.writers.places.memory import MemoryOfWork
from tfdash.writers.places.pipeline import Begun, Calls, PipelinePlace, PipelineUnreadable, with_jobs

API = "https://api.github.com"
_DETAILS = "return_run_details"
_PAGES = 3  # of a hundred runs, that are looked through for our id
_ASKS = {"waiting", "action_required"}
# "completed" with one of these is no end: a run that asks for an approval goes on under its number once it has that
_NOT_YET = ("action_required", "")
# https://docs.github.com/en/rest/actions/workflow-jobs: the conclusions of a job
_JOBS = dict.fromkeys(
    ("failure", "neutral", "cancelled", "skipped", "timed_out", "startup_failure", "stale"), False
) | {"success": True}
_SLACK = 900.0  # seconds that two clocks may differ by


def calls_of(settings: PipelineSettings, secret: Secrets) -> Calls:
    always = {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "tfdash",
    }
    return Calls(settings.url or API, settings, secret, ("Authorization", "Bearer "), always)


class GitHubPlace(PipelinePlace):
    def __init__(self, name: str, settings: PipelineSettings, memory: MemoryOfWork, secret: Secrets) -> None:
        super().__init__(name, settings, memory, calls_of(settings, secret), time.time)
        self._repository = f"/repos/{quote(settings.repository)}"
        self._workflow = f"{self._repository}/actions/workflows/{quote(settings.workflow, safe='')}"

    def described(self, work: Work) -> str:
        return f"workflow {self._settings.workflow} of {self._settings.repository} at {self.ref_of(work)}"

    async def _ask(self, work: Work) -> Begun:
        body = {"ref": self.ref_of(work), "inputs": self.values_of(work)}
        answer = await self._dispatch({**body, _DETAILS: True})
        if answer.status in (400, 422) and _DETAILS in self._calls.words(answer):
            answer = await self._dispatch(
                body
            )  # an older server: it said what it does not know, and began nothing
        self._calls.taken(answer)
        run = answer.body.get("workflow_run_id")
        return Begun(str(run) if run else "", str(answer.body.get("html_url") or ""))

    async def _dispatch(self, body: Mapping[str, Any]) -> Answer:
        return await self._calls.change("POST", f"{self._workflow}/dispatches", body)

    async def _find(self, work: Work, since: float) -> Begun | None:
        ours = self.id_of(work)
        asked = "?event=workflow_dispatch&per_page=100"
        if since:
            after = queried(since - _SLACK)
            asked += f"&created={quote('>=' + after)}"
        for page in range(1, _PAGES + 1):
            try:
                answer = await self._calls.read(f"{self._workflow}/runs{asked}&page={page}")
            except LookupError as error:
                raise PipelineUnreadable(f"there is no workflow {self._settings.workflow}: {error}") from None
            runs = answer.get("workflow_runs")
            if not isinstance(runs, list):
                raise PipelineUnreadable("its answer is no list of runs")
            for run in runs:
                if ours in f"{run.get('display_title')} {run.get('name')}".split():
                    return Begun(str(run["id"]), str(run.get("html_url") or ""))
            if len(runs) < 100:
                return None
        return None

    async def _state(self, run: str) -> WorkSeen:
        at = f"{self._repository}/actions/runs/{quote(run, safe='')}"
        found = await self._calls.read(at)
        status, conclusion = str(found.get("status") or ""), str(found.get("conclusion") or "")
        if not status:
            raise PipelineUnreadable("its answer has no status")
        attempt = int(found.get("run_attempt") or 1)
        again = f", attempt {attempt}" if attempt > 1 else ""
        ended = status == "completed" and conclusion not in _NOT_YET
        told = f"run {run} {'ended: ' + conclusion if ended else f'is {conclusion or status}'}{again}"
        if _ASKS & {status, conclusion}:
            told += "; somebody must let it go on there"
        seen = WorkSeen(
            state=WorkState.ENDED if ended else WorkState.RUNNING,
            good=conclusion == "success" if ended else None,
            sentence=safe(told),
            where=safe(str(found.get("html_url") or "")),
            line=safe(f"gh run view {run} --repo {self._settings.repository}"),
            started_at=epoch(found.get("run_started_at") or found.get("created_at")),
            ended_at=epoch(found.get("updated_at")) if ended else None,
        )
        return with_jobs(seen, await self._jobs(f"{at}/jobs", "jobs", _JOBS), self._settings.jobs)

    async def _cancel(self, run: str) -> Answer:
        return await self._calls.change(
            "POST", f"{self._repository}/actions/runs/{quote(run, safe='')}/cancel"
        )


def queried(at: float) -> str:
    """A time as a query has it: ISO 8601, without an offset to be quoted."""
    return datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z")


def epoch(text: Any) -> float | None:
    """Seconds of an ISO 8601 time; None where it is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
