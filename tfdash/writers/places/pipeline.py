"""A pipeline of somebody else's, started by one call and found again by its run: what all sorts of them have in common."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import msgspec

from tfdash.actions.core.protocols import Answer, NotSent, OutcomeUnknown
from tfdash.connecting import LeftAlone
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.process import in_thread
from tfdash.text import safe, scrubbed
from tfdash.writers.pipelines import HttpWriter, Secrets
from tfdash.writers.places.memory import CALLED_OFF, MemoryOfWork, is_off
from tfdash.writers.places.names import is_text, name_of

_LARGEST = 16 << 20  # bytes: a hundred runs of GitHub are 1.5 MB
_KEPT = 60.0  # seconds for which a token that was read is not read again
_REFUSED = frozenset({400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 429})
_MOVED = frozenset({301, 302, 303, 307, 308})


class PipelineUnreadable(Exception):
    """It could not be read; the text says why."""


class Begun(NamedTuple):
    """``run`` "" where the server took it and did not say which it is."""

    run: str
    where: str = ""


class Calls:
    """Calls of one server with its token, none of them twice. ``header``: the name of that which has the token, and what stands
    in front of it. ``secret`` blocks."""

    def __init__(
        self,
        base: str,
        settings: PipelineSettings,
        secret: Secrets,
        header: tuple[str, str],
        always: Mapping[str, str] = {},
    ) -> None:
        self.base, self._settings, self._always, self._header = base.rstrip("/"), settings, always, header
        self._http, self._secret = HttpWriter(secret), secret
        self._token: tuple[str, float] = ("", 0.0)
        self._alone = LeftAlone()

    async def change(self, method: str, path: str, body: Any = None) -> Answer:
        """Raises ``NotSent``, ``OutcomeUnknown``."""
        return await self.send_text(
            method, path, msgspec.json.encode(body).decode() if body is not None else ""
        )

    async def send_text(self, method: str, path: str, body: str) -> Answer:
        """Likewise, of what is JSON already."""
        return await self._call(method, path, body)

    async def read(self, path: str) -> Any:
        """The JSON of an answer, a list under "items". Raises ``PipelineUnreadable``; ``LookupError`` where there is no such thing."""
        try:
            answer = await self._call("GET", path, "")
        except (NotSent, OutcomeUnknown) as error:
            raise PipelineUnreadable(str(error)) from None
        if answer.status == 404:
            raise LookupError(self.words(answer))
        if not answer.ok:
            raise PipelineUnreadable(self.words(answer))
        return answer.body

    async def _call(self, method: str, path: str, body: str) -> Answer:
        if left := self._alone.seconds():
            raise NotSent(f"it asked to be left alone, for {left:.0f} s more")
        patience = self._settings.patience
        url = path if "://" in path else self.base + path
        answer = await self._http.send(method, url, body, await self._headers(), patience, _LARGEST)
        self._alone.note(answer.status, answer.headers)
        if answer.status == 401:
            self._token = ("", 0.0)  # perhaps it was renewed where it is kept
        return answer

    async def _headers(self) -> dict[str, str]:
        if not self._settings.token:
            return dict(self._always)
        token, until = self._token
        if time.monotonic() >= until:
            try:
                token = await in_thread(lambda: self._secret(self._settings.token))
            except Exception as error:
                raise NotSent(safe(f"its token cannot be had: {error}")) from None
            self._token = (token, time.monotonic() + _KEPT)
        name, front = self._header
        return {**self._always, name: front + token}

    def taken(self, answer: Answer) -> Answer:
        """``answer``, of a server that began what was asked for. Raises ``NotSent`` where it says that it did not, and
        ``OutcomeUnknown`` where it says neither."""
        if answer.status in _MOVED:
            raise NotSent(f"{self.words(answer)}; it moved: write its new name into [procedures.pipelines]")
        if answer.status in _REFUSED:
            raise NotSent(self.words(answer))
        if not answer.ok:
            raise OutcomeUnknown(self.words(answer))
        return answer

    def words(self, answer: Answer) -> str:
        """What a refusal says, with what helps."""
        told = answer.body.get("message") or answer.body.get("error") or answer.message
        if not isinstance(told, str):
            told = msgspec.json.encode(told).decode()
        words = f"it answered {answer.status}" + (f": {safe(scrubbed(told[:500]))}" if told else "")
        if answer.status in (403, 429) and (left := self._alone.seconds()):
            return f"{words}; it asks to wait {left:.0f} s"
        if answer.status == 401:
            return f"{words}; see the token of this pipeline in [procedures.pipelines]"
        return words


class PipelinePlace(ABC):
    """``tfdash.procedures.protocols.Place``. Before it is asked for it is noted that it will be, so that after a cut it is known
    that it may have been; our id in one of its inputs tells then whether it was. ``wall``: epoch seconds."""

    def __init__(
        self,
        name: str,
        settings: PipelineSettings,
        memory: MemoryOfWork,
        calls: Calls,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._name, self._settings, self._memory, self._calls, self._wall = (
            name,
            settings,
            memory,
            calls,
            wall,
        )

    # -- what each sort has of its own -----------------------------------------------------------------------------------

    @abstractmethod
    async def _ask(self, work: Work) -> Begun:
        """Ask for it, once. Raises ``NotSent`` where it certainly was not begun, else ``OutcomeUnknown``."""

    @abstractmethod
    async def _find(self, work: Work, since: float) -> Begun | None:
        """The run that has our id, asked for after ``since`` (epoch seconds, 0: not known). None: there is none yet, or nothing by
        which it could be found. Raises ``PipelineUnreadable``."""

    @abstractmethod
    async def _state(self, run: str) -> WorkSeen:
        """Raises ``PipelineUnreadable``; ``LookupError`` where there is no such run."""

    @abstractmethod
    async def _cancel(self, run: str) -> Answer: ...

    async def _jobs(self, path: str, key: str, ended: Mapping[str, bool | None]) -> Jobs:
        """The first hundred of the run that are at ``path``, a list at ``key`` of the answer. ``ended``: how a job that is in a state ended."""
        try:
            answer = await self._calls.read(f"{path}?per_page=100")
        except (PipelineUnreadable, LookupError) as error:
            return Jobs((), safe(f"its jobs cannot be read: {error}"))
        rows = answer.get(key)
        found = [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []
        states = [(str(one.get("name") or "?"), state_of_job(one)) for one in found]
        jobs = tuple(PipelineJob(name, state, ended.get(state)) for name, state in states)
        return Jobs(jobs, "only the first hundred of its jobs are shown" if len(found) >= 100 else "")

    @property
    def _can_find(self) -> bool:
        return bool(self._settings.id_input)

    # -- the place -------------------------------------------------------------------------------------------------------

    def id_of(self, work: Work) -> str:
        """What stands in the input that gets our id."""
        return name_of(work.key)

    def values_of(self, work: Work) -> dict[str, str]:
        """The inputs that are sent; ``ref`` is none of them. Raises ``NotSent``."""
        values = {name: value for name, value in work.values.items() if name != "ref"}
        for name, value in work.values.items():
            if "\0" in value or len(value) > 65535 or not is_text(value):
                raise NotSent(safe(f"what stands for {name} is too long, or holds what no text holds"))
        if self._settings.id_input:
            values[self._settings.id_input] = self.id_of(work)
        return values

    def ref_of(self, work: Work) -> str:
        return work.values.get("ref") or self._settings.ref

    def shown(self, work: Work) -> str:
        told = " ".join(
            f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in work.values.items()
        )
        return safe(scrubbed(f"start {self.described(work)} {told}".rstrip()))

    def described(self, work: Work) -> str:
        return f"pipeline {self._name} of {self._settings.repository} at {self.ref_of(work)}"

    async def mark(self, work: Work) -> Mapping[str, str]:
        try:
            return {**await in_thread(self._memory.mark), "id": self.id_of(work)}
        except OSError as error:
            raise NotSent(self._no_memory(error)) from None

    async def start(self, work: Work) -> WorkSeen:
        self.values_of(work)
        if await in_thread(lambda: self._memory.elsewhere(work.mark)):
            return await self.look(work)  # it was another machine's to begin
        try:
            first = await in_thread(lambda: self._memory.claim(work.key, {"asked_at": self._wall()}))
        except OSError as error:
            raise NotSent(self._no_memory(error)) from None
        if not first:
            return await self.look(work)
        try:
            begun = await self._ask(work)
        except NotSent:
            await in_thread(lambda: self._memory.forget(work.key))
            raise
        await self._note(work, begun)
        return await self.look(work)

    async def _note(self, work: Work, begun: Begun) -> None:
        said = {"asked_at": self._wall(), "run": begun.run, "where": begun.where}
        try:
            await in_thread(lambda: self._memory.note(work.key, said))
        except OSError:
            return  # that it was asked for is noted: it is looked for by our id

    def _no_memory(self, error: OSError) -> str:
        return safe(f"nothing can be written down at {self._memory.folder}: {error.strerror or error}")

    def _remembered(self, work: Work) -> tuple[dict[str, Any], str]:
        """What is noted of it, and the other machine that may know more. Blocks; raises ``OSError``."""
        return self._memory.noted(work.key) or {}, self._memory.elsewhere(work.mark)

    async def look(self, work: Work) -> WorkSeen:
        try:
            noted, elsewhere = await in_thread(lambda: self._remembered(work))
        except OSError as error:
            why = error.strerror or error
            return self._unknown(f"what is noted of it at {self._memory.folder} cannot be read: {why}")
        run, where = str(noted.get("run") or ""), str(noted.get("where") or "")
        try:
            if not run:
                found = await self._found(work, noted, elsewhere)
                if isinstance(found, WorkSeen):
                    return found
                run, where = found
            seen = await self._state(run)
        except PipelineUnreadable as error:
            return self._unknown(f"it cannot be read: {error}", where)
        except LookupError as error:
            return self._unknown(
                f"run {run} is not there any more, or its token may not see it: {error}", where
            )
        return msgspec.structs.replace(seen, where=seen.where or safe(where))

    async def _found(self, work: Work, noted: Mapping[str, Any], elsewhere: str) -> Begun | WorkSeen:
        """By our id. That there is none is no proof: servers show a run some time after they took the call."""
        if not elsewhere and (not noted or is_off(noted)):
            told = CALLED_OFF if noted else "it was not asked for"
            return WorkSeen(state=WorkState.NOT_STARTED, sentence=told)
        since = float(noted.get("asked_at") or 0.0)
        found = await self._find(work, since) if self._can_find else None
        if found is not None:
            await self._note(work, found)
            return found
        if not self._can_find:
            how = f"add id_input to [procedures.pipelines.{self._name}] to find such a run"
            told = f"it was asked for from {elsewhere}" if elsewhere else "it was asked for"
            return self._unknown(f"{told}, and which run it is was not said; {how}")
        told = f"no run has our id {self.id_of(work)} yet: it was asked for, and whether that arrived is not known"
        return self._unknown(told)

    async def stop(self, work: Work) -> WorkSeen:
        seen = await self.look(work)
        if seen.state is WorkState.NOT_STARTED:
            try:
                await in_thread(lambda: self._memory.call_off(work.key))
            except OSError as error:
                return self._unknown(f"it cannot be called off: {self._no_memory(error)}")
            return await self.look(work)  # perhaps somebody was quicker
        if seen.state is not WorkState.RUNNING:
            return seen
        try:
            noted, _ = await in_thread(lambda: self._remembered(work))
            answer = await self._cancel(str(noted["run"]))
        except (OSError, KeyError):
            return msgspec.structs.replace(
                seen, sentence=f"{seen.sentence}; not stopped: which run it is cannot be read here"
            )
        except (NotSent, OutcomeUnknown) as error:
            return msgspec.structs.replace(seen, sentence=safe(f"{seen.sentence}; not stopped: {error}"))
        if not answer.ok:
            told = f"{seen.sentence}; not stopped: {self._calls.words(answer)}"
            return msgspec.structs.replace(seen, sentence=told)
        return await self.look(work)

    def _unknown(self, sentence: str, where: str = "") -> WorkSeen:
        return WorkSeen(state=WorkState.UNKNOWN, sentence=safe(sentence), where=safe(where))


class PipelineJob(NamedTuple):
    """One job of a run. ``good`` None: it has not ended. ``state`` as its server says it."""

    name: str
    state: str
    good: bool | None


class Jobs(NamedTuple):
    """Those of a run. ``missing``: why not all of them are there, "" where they are."""

    jobs: tuple[PipelineJob, ...]
    missing: str = ""


def state_of_job(job: Mapping[str, Any]) -> str:
    """As its server says it. One of GitLab that starts a pipeline of somebody else's is what that came to, whether it waited for it
    (https://docs.gitlab.com/ci/pipelines/downstream_pipelines/)."""
    began = job.get("downstream_pipeline")
    about = began if isinstance(began, dict) and began.get("status") else job
    return str(about.get("conclusion") or about.get("status"))


_NAMED = 4  # of the jobs that did not run, that are told in one sentence


def with_jobs(seen: WorkSeen, found: Jobs, wanted: Sequence[str]) -> WorkSeen:
    """What a run comes to by its jobs. That a run is a success says nothing of a job that was skipped, was allowed to fail, or waits
    for somebody to start it (GitHub: https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-jobs-with-conditions,
    GitLab: https://docs.gitlab.com/ci/jobs/job_control/#types-of-manual-jobs): such are named, and those that are ``wanted`` (patterns) must
    have ended well. Raises ``PipelineUnreadable``."""
    told = [safe(f"{job.name}: {job.state}") for job in found.jobs][-40:]
    seen = msgspec.structs.replace(
        seen, output="\n".join([*told, *([found.missing] if found.missing else [])])
    )
    if not seen.good:
        return seen
    others = [job for job in found.jobs if job.good is not True]
    if others:
        names = [f"{job.name} ({job.state})" for job in others[:_NAMED]]
        more = [f"{len(others) - _NAMED} more"] if len(others) > _NAMED else []
        seen = msgspec.structs.replace(
            seen, sentence=safe(f"{seen.sentence}; not a success in it: {', '.join(names + more)}")
        )
    for pattern in wanted:
        fit = [job for job in found.jobs if fnmatchcase(job.name, pattern)]
        if not fit and found.missing:
            raise PipelineUnreadable(f"whether its job {pattern} ended well: {found.missing}")
        if not fit or any(job.good is False for job in fit):
            why = ", ".join(job.state for job in fit) or "it has no such job"
            told_of = safe(f"{seen.sentence}; its job {pattern} is wanted: {why}")
            return msgspec.structs.replace(seen, good=False, sentence=told_of)
        if any(job.good is None for job in fit):
            told_of = safe(f"{seen.sentence}; its job {pattern} is waited for")
            return msgspec.structs.replace(
                seen, state=WorkState.RUNNING, good=None, ended_at=None, sentence=told_of
            )
    return seen
