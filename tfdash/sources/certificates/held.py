"""Certificates that lie in a cluster's objects and in our kubeconfig, read now and then. What may not be read is nothing wrong, and is said of the
source: who asks for more grants the right, or names it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import HeldCertificate, Role
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects, Picture, SourceInfo
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef, Key
from tfdash.nouns import counted, plural
from tfdash.sources.base import SourceBoard
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.sources.kubernetes.pem import PemPage

log = logging.getLogger(__name__)
KUBECONFIG = "kubeconfig"
_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService")
_TLS = "type=kubernetes.io/tls"
_NOT_OURS = frozenset({ProblemKind.FORBIDDEN, ProblemKind.NOT_SERVED})


class ReadPem(Protocol):
    """``tfdash.sources.kubernetes.source.KubernetesSource.read_pem``."""

    def __call__(self, kind: str, at: Key | None = None, fields: str = "") -> Awaitable[PemPage]: ...


class _Part(NamedTuple):
    """One question. ``named``: the settings ask for it, so that it is to be there; ``at`` None: all of the kind."""

    what: str
    kind: str
    at: Key | None = None
    fields: str = ""
    named: bool = False

    def has(self, held: HeldCertificate) -> bool:
        return held.of == self.kind and self.at in (None, Key(held.namespace, held.called))


def _not_now(held: HeldCertificate, cause: str) -> HeldCertificate:
    """What is trusted may have been taken away since, and who relies on it must know."""
    if held.role is not Role.ANCHORS:
        return held
    return msgspec.structs.replace(held, odd=(f"it is not read any more: {cause}",))


def _never(kind: str, at: Key, cause: str) -> HeldCertificate:
    name = safe(f"{kind}/{at.name}")
    odd = (f"it cannot be read: {cause}",)
    return HeldCertificate(
        namespace=at.namespace, name=name, of=kind, called=safe(at.name), role=Role.ANCHORS, odd=odd
    )


class _Round:
    """What one round found, what it may not read, and what failed."""

    def __init__(self) -> None:
        self.found: dict[Key, HeldCertificate] = {}
        self.withheld: list[str] = []
        self.failed: list[tuple[_Part, Problem]] = []
        self.odd = 0


class HeldCertificatesSource:
    """See ``tfdash.sources.base.Source``. ``shown``: PEM of the certificate that we show to the cluster."""

    def __init__(
        self,
        ref: ClusterRef,
        settings: CertificatesSettings,
        clock: Clock,
        read: ReadPem,
        shown: Callable[[], bytes | None],
    ) -> None:
        self.ref, self._settings, self._clock, self._read, self._shown = ref, settings, clock, read, shown
        self._seen: Observation[Objects] = Observation(source=self.id)
        self._withheld: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"held certificates {self.ref.environment}/{self.ref.cluster}"

    @property
    def status(self) -> Observation[SourceInfo]:
        seen = self._seen
        count = None if seen.value is None else len(seen.value)
        told = [] if count is None else [counted(count, "holder")]
        if self._withheld:
            told.append(f"without the right to list {', '.join(self._withheld)}")
        return Observation(
            value=SourceInfo(
                name=f"{self.ref.cluster} held certificates",
                about="; ".join(told),
                count=count,
                cluster=self.ref,
            ),
            source=self.id,
            observed_at=seen.observed_at,
            problem=seen.problem,
            complete=seen.complete,
            interval=seen.interval,
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        cluster = picture.clusters[self.ref]
        asked = cluster.info.value is not None and Certificate.KIND in cluster.kinds
        settled = self._seen.complete or self._seen.problem is not None
        return () if settled or not asked else (f"{self.ref.cluster} held certificates",)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        def known() -> bool:
            info = board.picture.clusters[self.ref].info
            return not self._seen.unasked or (info.value is None and info.problem is not None)

        await board.until(known, PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        while True:
            # nothing is asked of a cluster of which nothing is asked: a log-in may be waited for
            await board.until(lambda: board.picture.clusters[self.ref].info.value is not None, 3600.0)
            if board.picture.clusters[self.ref].info.value is not None:
                await board.until(lambda: not board.unsettled(), 5.0)  # the first lists go before it
                await self._look(board)
                await asyncio.sleep(self._settings.interval)

    async def _look(self, board: SourceBoard) -> None:
        now, before, told = self._clock.now(), self._seen, _Round()
        try:
            for part in self._parts():
                await self._take(told, part)
            if (shown := self._shown()) is not None:
                self._add(told, KUBECONFIG, Key("", "client certificate"), Role.SHOWN, "", shown)
        except Exception as error:  # a bug of ours must not end what comes after
            log.exception("held certificates were not read")
            cause = f"it failed with {type(error).__name__}, a fault of the program; the log has more"
            problem = Problem(kind=ProblemKind.INTERNAL, cause=cause, since=now)
            self._seen = msgspec.structs.replace(before, problem=problem)
        else:
            self._withheld = tuple(told.withheld)
            self._seen = self._observed(told, before.value or {}, now)
        after = self._seen.value or {}
        same = before.complete and dict(before.value or {}) == dict(after)
        board.put_objects(self.ref, HeldCertificate.KIND, self._seen, frozenset() if same else None)
        board.put_status(self.id, self.status)

    def _observed(self, told: _Round, before: Objects, now: float) -> Observation[Objects]:
        """What could not be read stays as it was, says so and is counted: it takes nothing with it."""
        kept = {
            key: _not_now(obj, failed.cause)
            for part, failed in told.failed
            for key, obj in before.items()
            if isinstance(obj, HeldCertificate) and part.has(obj)
        }
        for part, failed in told.failed:  # what is named and was never read is there all the same
            if part.at is not None and not any(part.has(obj) for obj in kept.values()):
                one = _never(part.kind, part.at, failed.cause)
                kept[Key(one.namespace, one.name)] = one
        problem = None
        if told.failed:
            part, first = told.failed[0]
            cause = f"{part.what}: {first.cause}"
            problem = msgspec.structs.replace(first, cause=cause, since=now)
        return Observation(
            value={**kept, **told.found},
            source=self.id,
            observed_at=now,
            problem=problem,
            complete=True,
            unreadable=told.odd + len(told.failed),
            interval=in_clock_seconds(self._clock, 2 * self._settings.interval),
        )

    def _parts(self) -> Iterator[_Part]:
        settings = self._settings
        for kind in _WEBHOOKS if settings.webhooks else ():
            yield _Part(plural(kind), kind)
        if settings.secrets:
            yield _Part("Secrets", "Secret", fields=_TLS, named=True)
        for at in settings.maps:
            yield _Part(f"ConfigMap {at.namespace}/{at.name}", "ConfigMap", at, named=True)

    async def _take(self, told: _Round, part: _Part) -> None:
        try:
            got = await self._read(part.kind, part.at, part.fields)
        except ReadFailed as failed:
            kind = failed.problem.kind
            if part.named or kind not in _NOT_OURS:
                told.failed.append((part, failed.problem))
            elif kind is ProblemKind.FORBIDDEN:
                told.withheld.append(part.what)
            return
        told.odd += got.odd
        for one in got.found:
            self._add(told, one.kind, Key(one.namespace, one.name), one.role, one.key, one.pem, one.follows)

    def _add(
        self, told: _Round, of: str, at: Key, role: Role, key: str, pem: bytes, follows: str = ""
    ) -> None:
        from tfdash.sources.certificates.x509 import bundle_of

        read = bundle_of(pem)
        name = safe(f"{of}/{at.name}{f'/{key}' if key else ''}")
        told.found[Key(at.namespace, name)] = HeldCertificate(
            namespace=at.namespace,
            name=name,
            of=of,
            called=safe(at.name),
            role=role,
            bundle=read.certificates,
            odd=read.problems,
            follows=safe(follows),
        )
