"""Certificates that lie in a cluster's objects and in our kubeconfig, read now and then. What may not be read is not known, and counts as that:
who cannot be given the right says by the settings that it is not to be looked at."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import CERTIFICATE_PAGES, HeldCertificate, Role
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects, Picture
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef, Key
from tfdash.nouns import counted, plural
from tfdash.sources.base import SourceBoard
from tfdash.sources.certificates import anchors
from tfdash.sources.certificates.anchors import WellKnown
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.kubernetes.pem import PemPage
from tfdash.sources.rounds import ClusterRounds
from tfdash.text import safe

log = logging.getLogger(__name__)
KUBECONFIG = "kubeconfig"
_WEBHOOKS = (
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
    "CustomResourceDefinition",
)
_TLS = "type=kubernetes.io/tls"
_NOT_OURS = frozenset({ProblemKind.FORBIDDEN, ProblemKind.NOT_SERVED})


class ReadPem(Protocol):
    """``tfdash.sources.kubernetes.source.KubernetesSource.read_pem``."""

    def __call__(self, kind: str, at: Key | None = None, fields: str = "") -> Awaitable[PemPage]: ...


class _Part(NamedTuple):
    """One question. ``named``: the settings ask for it, so that it is to be there; ``at`` None: all of the kind, or of ``known`` those of
    that name. ``by``: the setting that says whether it is asked."""

    what: str
    kind: str
    at: Key | None = None
    fields: str = ""
    named: bool = False
    known: WellKnown | None = None
    by: str = ""

    def has(self, held: HeldCertificate) -> bool:
        if self.known is not None and held.called != self.known.name:
            return False
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
        self.withheld: list[_Part] = []
        self.failed: list[tuple[_Part, Problem]] = []
        self.odd = 0


class HeldCertificatesSource(ClusterRounds):
    """See ``tfdash.sources.base.Source``. ``shown``: PEM of the certificate that we show to the cluster. ``namespaces``: where what is known
    by name is looked for, if it may not be listed everywhere."""

    ONLY_FOR = CERTIFICATE_PAGES

    def __init__(
        self,
        ref: ClusterRef,
        settings: CertificatesSettings,
        clock: Clock,
        read: ReadPem,
        shown: Callable[[], bytes | None],
        namespaces: Sequence[str] = (),
    ) -> None:
        self._namespaces = tuple(namespaces)
        super().__init__(ref, "held certificates", settings.interval)
        self._settings, self._clock, self._read, self._shown = settings, clock, read, shown

    @property
    def id(self) -> str:
        return f"held certificates {self.ref.environment}/{self.ref.cluster}"

    def _about(self, count: int | None) -> str:
        return "" if count is None else counted(count, "holder")

    def _is_asked(self, picture: Picture) -> bool:
        return super()._is_asked(picture) and Certificate.KIND in picture.clusters[self.ref].kinds

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
        problem = _not_listed(told.withheld, now) if told.withheld else None
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
            unreadable=told.odd + len(told.failed) + len(told.withheld),
            interval=in_clock_seconds(self._clock, 2 * self._settings.interval),
        )

    def _parts(self) -> Iterator[_Part]:
        settings = self._settings
        for kind in _WEBHOOKS if settings.webhooks else ():
            yield _Part(plural(kind), kind, by="webhooks")
        for one in anchors.MAPS if settings.anchors else ():
            yield _Part(f"ConfigMaps {one.name}", "ConfigMap", fields=_named(one), known=one, by="anchors")
        if settings.secrets:
            yield _Part("Secrets", "Secret", fields=_TLS, named=True)
            for one in anchors.SECRETS:
                yield _Part(f"Secrets {one.name}", "Secret", fields=_named(one), known=one, by="secrets")
        for at in settings.maps:
            yield _Part(f"ConfigMap {at.namespace}/{at.name}", "ConfigMap", at, named=True)

    async def _take(self, told: _Round, part: _Part) -> None:
        if part.by == "secrets" and any(refused.kind == part.kind for refused, _ in told.failed):
            return  # as all Secrets, which is said
        try:
            got = await self._asked(part)
        except ReadFailed as failed:
            kind = failed.problem.kind
            if part.named or kind not in _NOT_OURS:
                told.failed.append((part, failed.problem))
            elif kind is ProblemKind.FORBIDDEN:
                told.withheld.append(part)
            return
        told.odd += got.odd
        if part.known is None:
            for one in got.found:
                self._add(
                    told, one.kind, Key(one.namespace, one.name), one.role, one.key, one.pem, one.follows
                )
            return
        alike: dict[tuple[str, Role, bytes], list[str]] = {}
        for one in got.found:
            alike.setdefault((one.key, one.role, one.pem), []).append(one.namespace)
        for (key, role, pem), spaces in alike.items():
            first = part.known.home if part.known.home in spaces else min(spaces)
            self._add(told, part.kind, Key(first, part.known.name), role, key, pem, also=len(spaces) - 1)

    async def _asked(self, part: _Part) -> PemPage:
        """Those of a name, where they may not be listed, at its home and in the namespaces that are read at all."""
        try:
            return await self._read(part.kind, part.at, part.fields)
        except ReadFailed as failed:
            if part.known is None or failed.problem.kind is not ProblemKind.FORBIDDEN:
                raise
            whole, some = PemPage(), False
            for space in dict.fromkeys((*self._namespaces, part.known.home)):
                try:
                    got = await self._read(part.kind, Key(space, part.known.name))
                except ReadFailed as again:
                    if again.problem.kind not in _NOT_OURS:
                        raise
                    some = some or again.problem.kind is ProblemKind.NOT_SERVED
                else:
                    whole, some = PemPage(whole.found + got.found, "", whole.odd + got.odd), True
            if not some:
                raise failed from None
            return whole

    def _add(
        self,
        told: _Round,
        of: str,
        at: Key,
        role: Role,
        key: str,
        pem: bytes,
        follows: str = "",
        also: int = 0,
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
            also=also,
        )


def _named(one: WellKnown) -> str:
    return f"metadata.name={one.name}"


def _not_listed(parts: Sequence[_Part], now: float) -> Problem:
    settings = dict.fromkeys(f"{part.by} = false" for part in parts)
    return Problem(
        kind=ProblemKind.FORBIDDEN,
        cause=f"no right to list {', '.join(part.what for part in parts)}",
        remedy=f"grant it, or set {' and '.join(settings)} under [certificates]: then nobody looks at them",
        since=now,
    )
