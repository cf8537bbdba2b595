"""GitLab pipelines, by the REST API v4: one created with variables, and found again by the variable that has our id.

https://docs.gitlab.com/api/pipelines/
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from tfdash.actions.core.protocols import Answer
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.text import safe
from tfdash.writers.pipelines import Secrets
from tfdash.writers.places.github import epoch, queried
from tfdash.writers.places.memory import MemoryOfWork
from tfdash.writers.places.pipeline import Begun, Calls, Jobs, PipelinePlace, PipelineUnreadable, with_jobs

SERVER = "https://gitlab.com"
_ENDED = {"success": True, "failed": False, "canceled": False, "skipped": False}
_SLACK = 900.0  # seconds that two clocks may differ by
_MOST = 30  # pipelines whose variables are asked for our id


def calls_of(settings: PipelineSettings, secret: Secrets) -> Calls:
    base = f"{(settings.url or SERVER).rstrip('/').removesuffix('/api/v4')}/api/v4"
    return Calls(base, settings, secret, ("PRIVATE-TOKEN", ""))


class GitLabPlace(PipelinePlace):
    def __init__(self, name: str, settings: PipelineSettings, memory: MemoryOfWork, secret: Secrets) -> None:
        super().__init__(name, settings, memory, calls_of(settings, secret), time.time)
        self._project = f"/projects/{quote(settings.repository, safe='')}"

    async def _ask(self, work: Work) -> Begun:
        variables = [{"key": key, "value": value} for key, value in self.values_of(work).items()]
        body = {"ref": self.ref_of(work), "variables": variables}
        answer = await self._calls.change("POST", f"{self._project}/pipeline", body)
        self._calls.taken(answer)
        run = answer.body.get("id")
        return Begun(str(run) if run else "", str(answer.body.get("web_url") or ""))

    async def _find(self, work: Work, since: float) -> Begun | None:
        ours = self.id_of(work)
        asked = f"?per_page={_MOST}&order_by=id&sort=desc&ref={quote(self.ref_of(work), safe='')}"
        if since:
            after = queried(since - _SLACK)
            asked += f"&updated_after={quote(after)}"
        try:
            answer = await self._calls.read(f"{self._project}/pipelines{asked}")
        except LookupError as error:
            raise PipelineUnreadable(f"there is no project {self._settings.repository}: {error}") from None
        found = answer.get("items")
        if not isinstance(found, list):
            raise PipelineUnreadable("its answer is no list of pipelines")
        for one in found:  # newest first; workflow:name may show our id, and costs no further call
            if ours in str(one.get("name") or "").split() or await self._has(one.get("id"), ours):
                return Begun(str(one["id"]), str(one.get("web_url") or ""))
        return None

    async def _has(self, pipeline: Any, ours: str) -> bool:
        try:
            answer = await self._calls.read(f"{self._project}/pipelines/{pipeline}/variables")
        except LookupError:
            return False  # it was deleted meanwhile
        pairs = [one for one in answer.get("items") or () if isinstance(one, dict)]
        return any((one.get("key"), one.get("value")) == (self._settings.id_input, ours) for one in pairs)

    async def _state(self, run: str) -> WorkSeen:
        at = f"{self._project}/pipelines/{quote(run, safe='')}"
        found = await self._calls.read(at)
        status = str(found.get("status") or "")
        if not status:
            raise PipelineUnreadable("its answer has no status")
        told = f"pipeline {run} {'ended' if status in _ENDED else 'is'}: {status}"
        if status == "manual":
            told += "; somebody must start a job there"
        seen = WorkSeen(
            state=WorkState.ENDED if status in _ENDED else WorkState.RUNNING,
            good=_ENDED.get(status),
            sentence=safe(told),
            where=safe(str(found.get("web_url") or "")),
            line=safe(f"glab ci view --repo {self._settings.repository} --pipelineid {run}"),
            started_at=epoch(found.get("started_at") or found.get("created_at")),
            ended_at=epoch(found.get("finished_at")),
        )
        jobs = await self._jobs(f"{at}/jobs", "items", _ENDED)
        if seen.good:  # those that start other pipelines stand apart
            bridges = await self._jobs(f"{at}/bridges", "items", _ENDED)
            jobs = Jobs((*jobs.jobs, *bridges.jobs), jobs.missing or bridges.missing)
        return with_jobs(seen, jobs, self._settings.jobs)

    async def _cancel(self, run: str) -> Answer:
        return await self._calls.change("POST", f"{self._project}/pipelines/{quote(run, safe='')}/cancel")
