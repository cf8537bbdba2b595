"""Reads checks and reviews of the versions that open runs ask for, and of no others: each soon after a run asks, then every half a minute."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.commits import SeenCommit, commit_key
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
_MOST = 50  # versions that are read at once
_HOSTS: Mapping[str, Callable[..., CodeHost]] = {"github": GitHubHost, "gitlab": GitLabHost}


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
        self._seen: dict[str, Observation[SeenCommit]] = {}
        self._wanted: frozenset[tuple[str, str]] = frozenset()
        self._looked: float | None = None  # when it was last seen what is asked for

    @property
    def status(self) -> Observation[SourceInfo]:
        seen = list(self._seen.values())
        about = f"{counted(len(seen), 'version')} asked for of {counted(len(self._hosts), 'repository')}"
        problem = next((one.problem for one in seen if one.problem is not None), None)
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
            self._wanted = self._asked(board.picture)
            await self._round(board)
            wanted = self._wanted
            await board.until(lambda: self._asked(board.picture) != wanted, _EVERY)  # noqa: B023

    def _asked(self, picture: Picture) -> frozenset[tuple[str, str]]:
        """(pipeline, version) of the probes of open runs."""
        runs = picture.store_state.runs
        self._runs.forget_but(runs)
        found: set[tuple[str, str]] = set()
        for journal in runs.values():
            state = self._runs.of(journal)
            if state.outcome is RunOutcome.OPEN:
                for ask in _asks(state.procedure.steps):
                    given = dict(ask.arguments)
                    if ask.probe.startswith(ASKED) and given.get("version"):
                        found.add((given.get("pipeline", ""), given["version"]))
        return frozenset(sorted(one for one in found if one[0] in self._hosts)[:_MOST])

    async def _round(self, board: SourceBoard) -> None:
        for name, version in sorted(self._wanted):
            key = commit_key(name, version)
            self._seen[key] = await self._look(name, version, self._seen.get(key))
            board.put_signals({("commits", key): self._seen[key]})
        kept = {commit_key(*one) for one in self._wanted}
        gone = [key for key in self._seen if key not in kept]
        for key in gone:
            del self._seen[key]
        if gone:
            board.put_signals({("commits", key): None for key in gone})
        self._looked = self._clock.now()
        board.put_status(self.id, self.status)

    async def _look(
        self, name: str, version: str, before: Observation[SeenCommit] | None
    ) -> Observation[SeenCommit]:
        interval = in_clock_seconds(self._clock, 2 * _EVERY)
        try:
            found = await self._hosts[name].seen(version)
        except HostUnread as failed:
            problem = failed.problem
        except Exception:  # an answer that nobody foresaw must not end the others
            log.exception("pipeline %s was not read", name)
            problem = Problem(kind=ProblemKind.BAD_ANSWER, cause="its answer is none that is documented")
        else:
            return Observation(
                value=found,
                source=f"{self.id} {name}",
                observed_at=self._clock.now(),
                complete=True,
                interval=interval,
            )
        return Observation(
            value=before.value if before is not None else None,
            source=f"{self.id} {name}",
            observed_at=before.observed_at if before is not None else None,
            problem=problem,
            complete=True,
            interval=interval,
        )


def _asks(steps: Iterable[Step]) -> Iterable[Ask]:
    for step in steps:
        yield from (*step.asks, *step.before, *step.after)
        yield from _asks(step.steps)
