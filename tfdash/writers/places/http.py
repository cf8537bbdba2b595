"""A pipeline that is started by one HTTP call and tells its state at an address, as [actions.pipelines] has them."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from tfdash.actions.core.protocols import Answer, NotSent
from tfdash.actions.pipelines.drafts import filled, in_json, in_url
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.playbook.releases.facts import canonical_at
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.text import safe
from tfdash.writers.pipelines import Secrets, how_it_stands, plain
from tfdash.writers.places.memory import MemoryOfWork
from tfdash.writers.places.pipeline import Begun, Calls, PipelinePlace, PipelineUnreadable


class HttpPlace(PipelinePlace):
    def __init__(self, name: str, settings: PipelineSettings, memory: MemoryOfWork, secret: Secrets) -> None:
        calls = Calls("", settings, secret, ("Authorization", "Bearer "))
        super().__init__(name, settings, memory, calls, time.time)

    @property
    def _can_find(self) -> bool:
        """Its state is asked by our id."""
        return "{run}" not in self._settings.status_url

    def described(self, work: Work) -> str:
        address = urlsplit(self._settings.url)
        return f"pipeline {self._name}: POST {address.scheme}://{address.netloc}{address.path}"

    def _names(self, work: Work) -> dict[str, str]:
        return {**self.values_of(work), "ref": self.ref_of(work), "key": self.id_of(work)}

    async def _ask(self, work: Work) -> Begun:
        names = self._names(work)
        url = filled(self._settings.url, names, in_url)
        answer = await self._calls.send_text("POST", url, filled(self._settings.body, names, in_json))
        self._calls.taken(answer)
        if self._can_find:
            return Begun(self.id_of(work))
        run = plain(canonical_at(answer.body, self._settings.run)) if self._settings.run else ""
        return Begun(run)

    async def _find(self, work: Work, since: float) -> Begun | None:
        try:
            answer = await self._calls.read(self._address(self.id_of(work)))
        except LookupError:
            return None
        return Begun(self.id_of(work)) if canonical_at(answer, self._settings.state) else None

    def _address(self, run: str) -> str:
        return filled(self._settings.status_url, {"run": run, "key": run}, in_url)

    async def _state(self, run: str) -> WorkSeen:
        answer = await self._calls.read(self._address(run))
        at = self._settings.state
        if not canonical_at(answer, at):
            raise PipelineUnreadable(f"its answer has nothing at {at}")
        state, good = how_it_stands(answer, at, self._settings.good, self._settings.bad)
        told = "is under way" if not state else f"{'is' if good is None else 'ended'}: {state}"
        return WorkSeen(
            state=WorkState.RUNNING if good is None else WorkState.ENDED,
            good=good,
            sentence=safe(f"run {run} {told}"),
            where=safe(self._address(run)),
        )

    async def _cancel(self, run: str) -> Answer:
        raise NotSent("how this pipeline is stopped is not configured; stop it there")
