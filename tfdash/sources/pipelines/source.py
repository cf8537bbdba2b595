"""Reads what code hosts say of the versions that open runs ask for, and of no others: each soon after a run asks and with each step of it, then
every half a minute. And, seldom, which commits of the default branch are the newest: what there is to choose when a run begins."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.commits import NewestCommit, SeenCommit, commit_key
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.procedure import Ask, Step
from tfdash.model.run import RunOutcome
from tfdash.nouns import counted
from tfdash.playbook.procedures.probes.pipelines import SOURCE
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.playbook.procedures.state import RunStates
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.sources.pipelines.hosts import CodeHost, GitHubHost, GitLabHost
from tfdash.sources.pipelines.reading import HostUnread

log = logging.getLogger(__name__)
ASKED = "pipeline."
"""With this the ids of the probes begin that rest on it."""
_EVERY = 30.0  # seconds
_APART = 3.0  # between two rounds at least, however fast the steps of a run are
_SOON, _SELDOM = 5.0, 300.0  # until the newest commits are read first, and between two of these reads
_MOST = 50  # versions that are read at once
_HOSTS: Mapping[str, Callable[..., CodeHost]] = {"github": GitHubHost, "gitlab": GitLabHost}


T = TypeVar("T")


class _Asked(NamedTuple):
    """(pipeline, version, commit) of each, and the number of events of the runs that ask: with each something may have come to be."""

    versions: frozenset[tuple[str, str, str]]
    events: int


class PipelinesSource:
    """See ``tfdash.sources.base.Source``. ``secret`` resolves the references of tokens; it blocks."""

    id = SOURCE

    def __init__(
        self, pipelines: Mapping[str, PipelineSettings], clock: Clock, secret: Callable[[str], str]
    ) -> None:
        self._clock, self._runs = clock, RunStates()
        self._hosts: dict[str, CodeHost] = {
            name: _HOSTS[one.kind](name, one, secret) for name, one in pipelines.items() if one.kind in _HOSTS
        }
        self._hosts |= {
            name: self._hosts[one.code] for name, one in pipelines.items() if one.code in self._hosts
        }
        self._repository = {
            name: (one.kind, one.url, one.repository, one.token)
            for name, one in ((name, pipelines.get(one.code, one)) for name, one in pipelines.items())
        }
        self._seen: dict[str, Observation[SeenCommit]] = {}
        self._wanted: frozenset[tuple[str, str, str]] = frozenset()
        self._newest: dict[str, Observation[tuple[NewestCommit, ...]]] = {}
        self._newest_due = time.monotonic() + _SOON
        self._looked: float | None = None  # when it was last seen what is asked for

    @property
    def status(self) -> Observation[SourceInfo]:
        seen = list(self._seen.values())
        about = f"{counted(len(seen), 'version')} asked for of {counted(len(self._hosts), 'repository')}"
        problems = [one.problem for one in seen] + [one.problem for one in self._newest.values()]
        problem = next(filter(None, problems), None)
        times = [one.observed_at for one in seen if one.observed_at is not None]
        return Observation(
            value=SourceInfo(name=self.id, about=about, count=len(seen)),
            source=self.id,
            observed_at=min(times, default=None if seen else self._looked),
            problem=problem,
            complete=self._looked is not None and not self._unsettled(),
            interval=in_clock_seconds(self._clock, 2 * _EVERY),
        )

    def _unsettled(self) -> tuple[str, ...]:
        return tuple(key for one in sorted(self._wanted) if (key := commit_key(*one)) not in self._seen)

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        return self._unsettled()

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        await board.until(lambda: self._looked is not None and not self._unsettled(), PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        while True:
            started = time.monotonic()
            asked = self._asked(board.picture)
            self._wanted = asked.versions
            await self._round(board)
            if started >= self._newest_due:
                self._newest_due = started + _SELDOM
                await self._read_newest(board)
            await asyncio.sleep(max(0.0, started + _APART - time.monotonic()))
            left = min(_EVERY, max(_APART, self._newest_due - time.monotonic()))
            await board.until(lambda: self._asked(board.picture) != asked, left)  # noqa: B023

    def _asked(self, picture: Picture) -> _Asked:
        """What the probes of open runs ask for, and how far these runs are."""
        runs = picture.store_state.runs
        self._runs.forget_but(runs)
        found: set[tuple[str, str, str]] = set()
        steps = 0
        for journal in runs.values():
            state = self._runs.of(journal)
            if state.outcome is RunOutcome.OPEN:
                before = len(found)
                for ask in _asks(state.procedure.steps):
                    given = dict(ask.arguments)
                    if ask.probe.startswith(ASKED) and given.get("version"):
                        found.add((given.get("pipeline", ""), given["version"], given.get("commit", "")))
                steps += len(journal.events) if len(found) > before else 0
        return _Asked(frozenset(sorted(one for one in found if one[0] in self._hosts)[:_MOST]), steps)

    async def _read_newest(self, board: SourceBoard) -> None:
        """Of each repository once, whichever pipelines are of it."""
        read: dict[tuple[str, ...], Observation[tuple[NewestCommit, ...]]] = {}
        for name, host in sorted(self._hosts.items()):
            if (at := self._repository[name]) not in read:
                read[at] = await self._looked_at(host.newest, f"{self.id} {name}", self._newest.get(name))
            self._newest[name] = read[at]
        board.put_signals({("newest", name): seen for name, seen in self._newest.items()})

    async def _round(self, board: SourceBoard) -> None:
        for name, version, commit in sorted(self._wanted):
            key = commit_key(name, version, commit)
            read = partial(self._hosts[name].seen, version, commit)
            self._seen[key] = await self._looked_at(read, f"{self.id} {name}", self._seen.get(key))
            board.put_signals({("commits", key): self._seen[key]})
        kept = {commit_key(*one) for one in self._wanted}
        gone = [key for key in self._seen if key not in kept]
        for key in gone:
            del self._seen[key]
        if gone:
            board.put_signals({("commits", key): None for key in gone})
        self._looked = self._clock.now()
        board.put_status(self.id, self.status)

    async def _looked_at(
        self, read: Callable[[], Awaitable[T]], source: str, before: Observation[T] | None
    ) -> Observation[T]:
        interval = in_clock_seconds(self._clock, 2 * _EVERY)
        try:
            found = await read()
        except HostUnread as failed:
            problem = failed.problem
        except Exception:  # an answer that nobody foresaw must not end the others
            log.exception("%s was not read", source)
            problem = Problem(kind=ProblemKind.BAD_ANSWER, cause="its answer is none that is documented")
        else:
            return Observation(
                value=found, source=source, observed_at=self._clock.now(), complete=True, interval=interval
            )
        return Observation(
            value=before.value if before is not None else None,
            source=source,
            observed_at=before.observed_at if before is not None else None,
            problem=problem,
            complete=True,
            interval=interval,
        )


def _asks(steps: Iterable[Step]) -> Iterable[Ask]:
    for step in steps:
        yield from (*step.asks, *step.before, *step.after)
        yield from _asks(step.steps)
