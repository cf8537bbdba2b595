"""Asks for what exporters tell of certificates, some questions each five minutes, and remembers what they told of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import CERTIFICATE_PAGES, ToldCertificate
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem
from tfdash.model.picture import ClusterPicture, Objects, Picture, SourceInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.nouns import counted
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.sources.prometheus.answer import decode_labels, number
from tfdash.sources.prometheus.certificates.options import CertificateSeries
from tfdash.sources.prometheus.certificates.told import BY, Labels, ToldSeries, told
from tfdash.sources.prometheus.usage.asking import Asking
from tfdash.sources.prometheus.usage.queries import RangeQuery, written

log = logging.getLogger(__name__)
HOUR = 3600.0
_OFTEN = 15.0  # seconds between two rounds at least, however fast the clock of a demonstration runs
_CURRENT = 3  # rounds for which what was scraped is taken as current
_LOOKBACK = 300.0  # seconds for which Prometheus takes a sample as current
_MAIN = {
    "exporter_not_after": ("exporter_not_before",),
    "manager_not_after": ("manager_renewal", "manager_ready"),
    "probe_earliest": ("probe_chain", "probe_info"),
    "kubelet_client": ("kubelet_client_errors",),
    "kubelet_client_end": ("kubelet_client_errors",),
    "kubelet_server": ("kubelet_server_errors",),
}
"""By what tells the end: what else is asked for where there is any."""
_LEFT = ("kubelet_client", "kubelet_server")  # tell how long it lasts still
_COUNTED = ("kubelet_client_errors", "kubelet_server_errors")


class CertificateMetricsSource:
    """See ``tfdash.sources.base.Source``: makes ``ToldCertificate``."""

    def __init__(
        self,
        ref: ClusterRef,
        series: CertificateSeries,
        asking: Asking,
        clock: Clock,
        *,
        shown: str = "",
        match: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.ref, self._series, self._match = ref, series, match
        self._asking, self._clock = asking, clock
        self._source = f"prometheus {shown}"
        self._answered = False
        self._seen: Observation[Objects] = Observation(source=self._source, interval=self._interval)

    @property
    def id(self) -> str:
        return f"certificate metrics {self.ref.environment}/{self.ref.cluster}"

    @property
    def _round(self) -> float:
        """Seconds of the clock between two rounds."""
        return max(self._series.every, in_clock_seconds(self._clock, _OFTEN))

    @property
    def _interval(self) -> float:
        return 2 * self._round

    @property
    def status(self) -> Observation[SourceInfo]:
        there = [
            one
            for one in (self._seen.value or {}).values()
            if isinstance(one, ToldCertificate) and not one.why
        ]
        by = ", ".join(sorted({one.by for one in there}))
        info = SourceInfo(
            name=f"{self.ref.cluster} certificate metrics",
            about=f"{counted(len(there), 'certificate')} of {by}"
            if there
            else "no exporter tells of certificates",
            count=len(there),
            cluster=self.ref,
            only_for=CERTIFICATE_PAGES,
        )
        return msgspec.structs.replace(self._seen, value=info)  # type: ignore[arg-type]

    @property
    def _settled(self) -> bool:
        return self._seen.complete or self._seen.problem is not None

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Asked once where somebody asks for certificates."""
        asked = Certificate.KIND in picture.clusters[self.ref].kinds
        return () if self._settled or not asked else (f"{self.ref.cluster} certificate metrics",)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        await board.until(lambda: self._settled, PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        await board.until(lambda: not board.unsettled(), 5.0)  # the first lists go before it
        while True:
            try:
                await self.round(board)
            except Exception:  # a bug of ours: said in the log, and the next round comes
                log.exception("a round of the certificates' metrics failed")
            await asyncio.sleep(self._round / in_clock_seconds(self._clock, 1.0))

    async def round(self, board: SourceBoard) -> None:
        """Ask once of all."""
        now, before = self._clock.now(), self._known
        try:
            current = await self._read(now)
            if not self._answered:
                before = {**await self._read_past(now, {one.by for one in current.values()}), **before}
        except Exception as error:
            problem = self._failed(error, now)
            value = before if self._answered else {**before, **_not_known(problem)}
            self._seen = msgspec.structs.replace(self._seen, value=value, problem=problem)
        else:
            self._answered = True
            gone = self._gone(before, current, board.picture.clusters[self.ref], now)
            value = {**gone, **{key: _since(one, before.get(key), now) for key, one in current.items()}}
            self._seen = Observation(
                value=value, source=self._source, observed_at=now, complete=True, interval=self._interval
            )
        board.put_objects(self.ref, ToldCertificate.KIND, self._seen, None)
        board.put_status(self.id, self.status)

    @property
    def _known(self) -> dict[Key, ToldCertificate]:
        return {
            key: one
            for key, one in (self._seen.value or {}).items()
            if isinstance(one, ToldCertificate) and not one.why
        }

    def _failed(self, error: Exception, now: float) -> Problem:
        from tfdash.sources.prometheus.failing import problem_of

        problem = problem_of(error, now)
        log.info("what exporters tell of certificates of %s: %s", self.ref.cluster, problem.cause)
        return problem

    # -- asking -------------------------------------------------------------------------------------------------

    async def _read(self, now: float) -> dict[Key, ToldCertificate]:
        roles: dict[str, dict[Labels, float]] = {}
        at: dict[Labels, float] = {}
        for main, rest in _MAIN.items():
            selector = self._selector(main)
            roles[main] = await self._ask(main, self._end(main, selector), now) if selector else {}
            if not roles[main]:
                continue
            at.update(await self._ask(main, f"timestamp({selector})", now))
            for role in rest:
                if role not in roles and (more := self._selector(role)):
                    asked = f"increase({more}[{HOUR:.0f}s])" if role in _COUNTED else more
                    roles[role] = await self._ask(role, asked, now)
        return told(ToldSeries(roles, at, now), max(_CURRENT * self._round, _LOOKBACK + self._round))

    async def _read_past(self, now: float, speak: Collection[str]) -> dict[Key, ToldCertificate]:
        """What was told of before we looked, as of a time of which only is known that it is too long ago. ``speak``: who tells of others."""
        roles: dict[str, dict[Labels, float]] = {}
        for main in _MAIN:
            if selector := self._selector(main):
                end, reach = self._end(main, selector), f"{self._patience(BY[main] in speak):.0f}s"
                step = f"[{reach}:{_LOOKBACK:.0f}s]" if end != selector else f"[{reach}]"
                roles[main] = await self._ask(
                    main, f"last_over_time({f'({end})' if end != selector else end}{step})", now
                )
        return told(ToldSeries(roles, {}, now - _LOOKBACK), 0.0)

    def _selector(self, role: str) -> str:
        found = self._series.selector(role)
        return "" if found is None else written(found, (), self._match)

    @staticmethod
    def _end(role: str, selector: str) -> str:
        return f"{selector} + timestamp({selector})" if role in _LEFT else selector

    async def _ask(self, role: str, text: str, now: float) -> dict[Labels, float]:
        rows = await self._asking.ask(RangeQuery(role, text, now, now, 0))
        found = {}
        for row in rows:
            if row.value is not None:
                labels = decode_labels(row.metric)
                labels.pop("__name__", None)
                found[tuple(sorted(labels.items()))] = number(row, row.value[1])
        return found

    # -- what is told of no more --------------------------------------------------------------------------------

    def _patience(self, speaks: bool) -> float:
        return min(HOUR, self._series.remembered) if speaks else self._series.remembered

    def _gone(
        self,
        before: Mapping[Key, ToldCertificate],
        current: Mapping[Key, ToldCertificate],
        cluster: ClusterPicture,
        now: float,
    ) -> dict[Key, ToldCertificate]:
        """What is not known any more, and for how long that is said: where its exporter tells of others still it was mostly deleted."""
        speak = {one.by for one in current.values()}
        moved = {
            (one.by, one.called.partition(" on ")[0], one.inside, one.bundle) for one in current.values()
        }
        found = {}
        for key, one in before.items():
            if key in current or one.at + self._patience(one.by in speak) <= now or _is_no_more(one, cluster):
                continue
            if (
                one.of == "file"
                and (one.by, one.called.partition(" on ")[0], one.inside, one.bundle) in moved
            ):
                continue  # the exporter has another address
            found[key] = msgspec.structs.replace(one, current_until=min(one.current_until, now))
        return found


def _is_no_more(one: ToldCertificate, cluster: ClusterPicture) -> bool:
    """Whether the cluster itself says that its place was deleted."""
    if one.of == "Certificate":
        seen = cluster.kinds.get(Certificate.KIND)
        return seen is not None and seen.complete and Key(one.namespace, one.called) not in (seen.value or {})
    if one.of == "kubelet":
        nodes = cluster.kinds.get(Node.KIND)
        if nodes is None or not nodes.complete:
            return False
        host = one.called.rpartition(":")[0].strip("[]")
        return not any(
            isinstance(node, Node) and {node.name, node.internal_ip} & {one.called, host}
            for node in (nodes.value or {}).values()
        )
    return False


def _since(one: ToldCertificate, before: ToldCertificate | None, now: float) -> ToldCertificate:
    same = before is not None and before.bundle == one.bundle
    return msgspec.structs.replace(one, since=before.since if same and before is not None else now)


def _not_known(problem: Problem) -> dict[Key, ToldCertificate]:
    """While no answer ever came."""
    one = ToldCertificate(
        namespace="",
        name="metrics/Prometheus",
        by="Prometheus",
        of="metrics",
        called="Prometheus",
        why=problem.cause,
    )
    return {Key("", one.name): one}
