"""Puts the samples of the workloads that are judged, alerts and probes into the board, round by round."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects, Picture, SourceInfo
from tfdash.model.release import Phase
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Alert, Journey, SignalKey, Traffic
from tfdash.process import in_thread
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis
from tfdash.sources.journeys.options import JourneySettings
from tfdash.sources.prometheus.alerts import read_alerts
from tfdash.sources.prometheus.answer import last_sample
from tfdash.sources.prometheus.batches import Batch, halves, roles_of
from tfdash.sources.prometheus.cache import Cache, newest_of, without
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.sources.prometheus.probes import not_run, read_probe
from tfdash.sources.prometheus.targets import left_out, targets_now, why_quiet

if TYPE_CHECKING:
    from tfdash.sources.prometheus.client import Client

log = logging.getLogger(__name__)
T = TypeVar("T")
_ROUNDED = 60.0  # seconds by which an answer may be off what was asked for, whatever rounds on the way
_RARELY = 300.0  # seconds between looks at the server's version


Failed = dict[tuple[str, Subject], Problem]
"""Why a query failed, by its role and the workload that it was about."""


class PrometheusSource:
    """See ``tfdash.sources.base.Source``. ``connect`` makes one client, in a thread; ``check`` is asked before the first.

    Cheap to make: nothing is imported or opened before ``run``.
    """

    def __init__(
        self,
        ref: ClusterRef,
        connection: Connection,
        options: Options,
        connect: Callable[[], Client],
        clock: Clock,
        zone: ZoneInfo,
        *,
        check: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.ref, self.options, self.connection = ref, options, connection
        self._connect, self._check, self._clock, self._zone = connect, check, clock, zone
        self._cache = Cache(connection.match, options.replica_labels, options.horizon)
        self._free: list[Client] = []
        self._slots = asyncio.Semaphore(options.concurrency)
        self._traffic: dict[Subject, Observation[Traffic]] = {}
        self._left_out: dict[Subject, Observation[Traffic]] = {}
        self._alerts: Observation[tuple[Alert, ...]] = Observation()
        self._journeys: dict[str, Observation[Journey]] = {}
        self._since: dict[str, float] = {}  # when each problem began, by its cause
        self._version = ""
        self._source = f"prometheus {connection.shown}"
        self._due = in_clock_seconds(clock, options.interval * 2 + options.timeout)
        self._server = Observation[str](source=self._source, interval=self._due)
        self._version_at = -math.inf
        self._newest: tuple[float | None, float] = (None, 0.0)  # the newest sample, and what lies between two
        self._quiet = ""  # why the newest sample is old although the server is well
        self._early = False  # whether whose pods are whose was not known yet when the last round began
        self._begun = False  # the last round went well: what is still to be filled is filled at once
        self.round_seconds = 0.0  # how long the last round took

    @property
    def id(self) -> str:
        return f"prometheus {self.ref.environment}/{self.ref.cluster}"

    @property
    def status(self) -> Observation[SourceInfo]:
        """As old as its newest sample, where it has any: a server that answers with what it scraped long ago is not current."""
        seen, (newest, spacing) = self._server, self._newest
        about = " · ".join(p for p in (seen.value or "", self.connection.shown, self._quiet) if p)
        info = SourceInfo(
            name=f"{self.ref.cluster} metrics", about=about, count=len(self._traffic), cluster=self.ref
        )
        return Observation(
            value=info,
            source=seen.source,
            observed_at=seen.observed_at if newest is None or self._quiet else newest,
            problem=seen.problem,
            complete=seen.complete,
            interval=max(seen.interval, spacing),
        )

    async def run(self, board: SourceBoard) -> None:
        board.put_signals({("prometheus", self.ref): self._server})
        await asyncio.sleep(
            random.uniform(0.0, min(1.0, self.options.interval / 4))
        )  # terminals do not march in step
        while True:
            began = time.monotonic()
            try:
                await self.round(board)
            except Exception:  # a bug of ours: said in the log, and the next round comes
                log.exception("a round of metrics failed")
                self._early = False
            self.round_seconds = time.monotonic() - began
            await self._wait(board, max(1.0, self.options.interval - self.round_seconds))

    async def _wait(self, board: SourceBoard, seconds: float) -> None:
        """Until the next round is due, or until there is something that was never asked for: a release that begins."""
        until = time.monotonic() + seconds
        seen = None
        await asyncio.sleep(0.2)
        while not self.behind and (left := until - time.monotonic()) > 0:
            releases = board.assessment.releases
            if self._early and not board.unsettled():
                return
            if releases is not seen:
                seen = releases
                wanted = targets_now(self.ref, board, self.options, self._clock.now())
                if self._begun and any(not self._cache.asked(t) for t in wanted):
                    return
            await asyncio.sleep(min(0.5, left))

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """What is in flight needs samples asked for when the clusters had come, or the reason why it has none."""
        server = picture.signals.prometheus.get(self.ref)
        if server is None or server.unasked:
            return (f"{self.ref.cluster} metrics",)
        if server.problem is not None:
            return ()
        known = picture.signals.traffic
        return tuple(
            f"metrics of {subject.name}"
            for subject, release in assessment.releases.items()
            if subject.cluster == self.ref
            and (release.in_flight or release.phase is Phase.COMPLETE)
            and (self._early or not any(s in known for s in (release.subject, release.workload)))
        )

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        """Of each service which series there are, once its first samples have come."""
        from tfdash.sources.prometheus.inspect import as_json, as_text, inspect_metrics

        await board.until(lambda: self._examinable(board), PATIENCE)
        report = as_json(inspect_metrics(self, board.picture.signals, board.assessment.releases))
        return Diagnosis(
            group="metrics",
            document=report,
            lines=tuple(as_text(report)),
            reached=not report["problem"],
            findings=bool(report["findings"]),
        )

    def _examinable(self, board: SourceBoard) -> bool:
        picture, releases = board.picture, board.assessment.releases
        if self._server.unasked:
            return False
        if self._server.problem is not None:
            return True
        mine = [s for s in releases if s.cluster == self.ref]
        few = len(mine) <= self.options.max_workloads
        known = all(s in picture.signals.traffic for s in mine) if few else not self.behind
        return known and not board.unsettled() and board.assessment.number >= picture.number

    @property
    def behind(self) -> bool:
        """Some workloads were not asked for yet, and nothing hinders that: the next round may come at once."""
        return self._begun and any(not self._cache.asked(t) for t in self._cache.targets)

    @property
    def skew(self) -> float | None:
        """The server's clock minus ours by its last answer, in seconds."""
        return self._free[0].session.skew if self._free else None

    async def round(self, board: SourceBoard) -> None:
        """One round at one evaluation time, a whole second."""
        at = float(math.floor(self._clock.now()))
        early = bool(board.unsettled())
        if self._check is not None:
            try:
                await self._check()
            except Exception as error:
                problem = self._say(error)
                told = self._tell(
                    at, {(r, t.subject): problem for t in self._cache.targets for r in roles_of(t.template)}
                )
                self._publish(board, at, problem, told, unreached=problem)
                return
        cluster = board.picture.clusters.get(self.ref)
        releases = board.assessment.releases
        targets = targets_now(self.ref, board, self.options, at)
        self._cache.use(targets)
        self._left_out = left_out(self.ref, releases, targets)
        if cluster is not None:
            self._cache.pods.follow(cluster.objects("Pod"))
        pods = cluster.kinds.get("Pod") if cluster is not None else None
        failed: Failed = {}
        server: list[Problem | None] = []

        async def one(batch: Batch) -> None:
            problem = await self._ask(lambda client: self._fetch(client, batch, at))
            smaller = self._smaller(batch, at) if problem is not None and not problem.transient else []
            for part in smaller:  # what is refused of many may be answered of few
                await one(part)
            if smaller:
                return
            server.append(problem)
            if problem is not None:
                failed.update({(batch.role, t.subject): problem for t in batch.targets})

        async with asyncio.TaskGroup() as group:
            for batch in self._cache.batches(at):
                group.create_task(one(batch))
            about = group.create_task(self._about(at))
            for work in self._more():
                group.create_task(work(at))
        told = await in_thread(lambda: self._settle(at, failed, pods))
        self._begun = not failed
        worst = about.result() or next((p for p in server if p is not None), None)
        self._publish(board, at, worst, told)
        self._early = early  # not before: what asks whether this has settled is another thread

    def _smaller(self, batch: Batch, at: float) -> list[Batch]:
        """Queries that ask for less each; none where it is one workload's last ``horizon`` already."""
        if len(batch.targets) > 1:
            return list(halves(batch, self.connection.match))
        return self._cache.again(batch, at) if self._cache.shorten(batch.targets[0]) else []

    def _more(self) -> list[Callable[[float], Coroutine[Any, Any, None]]]:
        """What is asked beside the traffic."""
        found = [self._read_alerts] if self.connection.alerts else []
        mine = (
            p
            for p in self.options.probes
            if p.environment in ("", self.ref.environment) and p.cluster in ("", self.ref.cluster)
        )
        return [*found, *(partial(self._read_probe, probe) for probe in mine)]

    async def _read_alerts(self, at: float) -> None:
        got: list[tuple[Alert, ...]] = []
        problem = await self._ask(lambda client: got.append(read_alerts(client, at, self.connection.match)))
        self._alerts = self._seen(self._alerts, got, problem, at)

    async def _read_probe(self, probe: JourneySettings, at: float) -> None:
        got: list[Journey] = []
        problem = await self._ask(
            lambda client: got.append(read_probe(client, self.ref, probe, at, self.options.idle_horizon))
        )
        key = f"{self.ref.environment}/{self.ref.cluster}/{probe.name}"
        unknown = not_run(self.ref, probe)
        before = self._journeys.get(key, Observation(value=unknown, source=self._source, interval=self._due))
        self._journeys[key] = self._seen(before, got, problem, at)

    def _seen(
        self, before: Observation[T], got: list[T], problem: Problem | None, at: float
    ) -> Observation[T]:
        if problem is not None or not got:
            return msgspec.structs.replace(before, problem=problem)
        return Observation(
            value=got[-1], source=self._source, observed_at=at, complete=True, interval=self._due
        )

    # -- asking -------------------------------------------------------------------------------------------------

    def _fetch(self, client: Client, batch: Batch, at: float) -> None:
        rows, warnings = client.query(batch.text, at)
        last = last_sample(rows)
        if last is not None and last < at - batch.seconds - _ROUNDED:
            from tfdash.sources.prometheus.failing import OldAnswer

            raise OldAnswer(at - last)
        self._cache.take(batch, rows, warnings, at)

    async def _ask(self, work: Callable[[Client], Any]) -> Problem | None:
        """Run ``work`` with a client in a thread; its failure as a problem."""
        async with self._slots:
            try:
                await in_thread(lambda: self._with_client(work))
            except Exception as error:
                return self._say(error)
        return None

    def _with_client(self, work: Callable[[Client], Any]) -> Any:
        try:
            client = self._free.pop()
        except IndexError:  # asked before, another thread might take the last one
            client = self._connect()
        try:
            done = work(client)
        except BaseException:
            client.close()  # its credential or connection may be what is wrong
            raise
        self._free.append(client)
        return done

    def _say(self, error: BaseException) -> Problem:
        from tfdash.sources.prometheus.failing import problem_of

        problem = problem_of(error, self._clock.now())
        if problem.kind is ProblemKind.INTERNAL:
            log.error("metrics: %s", problem.cause, exc_info=error)
        since = self._since.setdefault(problem.cause, problem.since)
        return msgspec.structs.replace(problem, since=since)

    async def _about(self, at: float) -> Problem | None:
        """The server's version, now and then: also what proves that it is there where nothing is to be judged."""
        if at - self._version_at < _RARELY:
            return None

        def ask(client: Client) -> None:
            from tfdash.sources.prometheus.failing import QueryFailed

            try:
                found = client.get("status/buildinfo")
                self._version = str(found.get("version") or "") if isinstance(found, dict) else ""
            except QueryFailed as error:
                if error.status not in (400, 404, 405, 501):  # not every relative of Prometheus has it
                    raise
                client.query("vector(1)", at, "vector")
            self._version_at = at

        return await self._ask(ask)

    # -- publishing ---------------------------------------------------------------------------------------------

    def _settle(
        self, at: float, failed: Failed, pods: Observation[Objects] | None
    ) -> dict[Subject, Observation[Traffic]]:
        self._cache.settle(at)
        told = self._tell(at, failed)
        self._newest = newest, spacing = newest_of(s.value for s in told.values() if s.value is not None)
        late = newest is not None and at - newest > max(self._due, spacing)
        self._quiet = why_quiet(self._cache.targets, pods, newest or at, self._zone) if late else ""
        return told

    def _tell(self, at: float, failed: Failed) -> dict[Subject, Observation[Traffic]]:
        traffic = dict(self._left_out)
        plain: Observation[Traffic] = Observation(source=self._source, interval=self._due)
        for target in self._cache.targets:
            roles = roles_of(target.template)
            lost = {r: p for r in roles if (p := failed.get((r, target.subject))) is not None}
            if len(lost) == len(roles) and lost:
                last = self._traffic.get(target.subject, plain)
                traffic[target.subject] = msgspec.structs.replace(last, problem=next(iter(lost.values())))
            elif self._cache.asked(target):
                value = without(self._cache.traffic(target, at), target.template, lost)
                traffic[target.subject] = msgspec.structs.replace(
                    plain, value=value, observed_at=at, complete=True
                )
        return traffic

    def _publish(
        self,
        board: SourceBoard,
        at: float,
        server: Problem | None,
        traffic: dict[Subject, Observation[Traffic]],
        *,
        unreached: Problem | None = None,
    ) -> None:
        gone = self._traffic.keys() - traffic.keys()
        self._traffic = traffic
        if server is None:
            self._since.clear()

        if unreached is not None:  # nothing was asked
            self._alerts = msgspec.structs.replace(self._alerts, problem=unreached)
            self._journeys = {
                k: msgspec.structs.replace(o, problem=unreached) for k, o in self._journeys.items()
            }
        self._server = (
            msgspec.structs.replace(self._server, problem=server)
            if server is not None
            else Observation(
                value=self._version, source=self._source, observed_at=at, complete=True, interval=self._due
            )
        )
        published: dict[SignalKey, Observation[Any] | None] = {("traffic", s): None for s in gone}
        published |= {("traffic", subject): seen for subject, seen in traffic.items()}
        published |= {("journeys", name): seen for name, seen in self._journeys.items()}
        published["prometheus", self.ref] = self._server
        if self.connection.alerts:
            published["alerts", self.ref] = self._alerts
        board.put_signals(published)
        board.put_status(self.id, self.status)
