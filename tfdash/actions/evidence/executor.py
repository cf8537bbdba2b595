"""Carries out what keeps evidence: it reads the cluster and writes one file here. A restart finds that file, or that there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from tfdash.actions.core.executor import Sending, SendOutcome
from tfdash.actions.core.protocols import Archives, Writer
from tfdash.actions.evidence.archive import pods_in
from tfdash.actions.kubernetes import server_checks
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import Check, Plan, Request, Result
from tfdash.model.subject import Subject
from tfdash.text import safe


class EvidenceExecutor:
    """``tfdash.actions.core.executor.Executor`` for the archives of this machine. ``reader`` says who we are and what we may read."""

    journals = False
    writer: Writer | None = None  # nothing in the cluster changes

    def __init__(self, reader: Writer, archives: Archives) -> None:
        self._reader, self._archives = reader.reviewed(), archives

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        return await self._reader.identity()

    async def rights(self, plan: Plan) -> Check:
        """Without the right to logs the rest is kept all the same, and what is missing is said."""
        (request,) = plan.requests
        logs = tuple(
            Request(method="GET", path=path_of(pod, subresource="log"))
            for pod in pods_in(request, json.loads(request.body))
        )
        check = await server_checks.rights(
            msgspec.structs.replace(plan, requests=logs, choices=()), self._reader
        )
        return check if check.passed else msgspec.structs.replace(check, passed=None)

    async def facts(self, plan: Plan) -> Check:
        return await server_checks.facts(plan, self._reader)

    async def dry_run(self, plan: Plan) -> None:
        return None

    async def send(self, sending: Sending) -> SendOutcome:
        (request,) = sending.plan.requests
        try:
            kept = await self._archives.keep(request, sending.say)
        except OSError as error:
            return SendOutcome(Result.NOT_APPLIED, safe(f"the file could not be written: {error}"))
        lacking = f"; it lacks {'; '.join(kept.lacking)}" if kept.lacking else ""
        return SendOutcome(Result.APPLIED, f"kept in {kept.path}{lacking}", kept.items)

    async def read_outcome(self, request: Request, marks: Any) -> tuple[Result, str]:
        found = await self._archives.kept(request)
        if found is None:
            return Result.NOT_APPLIED, "there is no such file here"
        return Result.APPLIED, f"it is there: {found.path}, SHA-256 {found.sha256}"

    def marks(self, request: Request) -> None:
        return None

    async def document(self, subject: Subject) -> None:
        return None

    def wrote(self, plan: Plan, document: Mapping[str, Any]) -> str:
        return ""

    async def announce(
        self, plan: Plan, sentence: str, *, actor: str, intent: str, now: float, warning: bool
    ) -> str:
        return ""
