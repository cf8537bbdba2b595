"""The sources beside the clusters: one line each. All that shows, awaits or examines sources follows from it.

A source is made when what it needs is there: the validated configuration, the opened store, or the leave to send requests
of its own to what is served. Its module is imported only where it is configured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from tfdash.clock import Clock
from tfdash.model.traffic import NOT_MEASURED, Signals
from tfdash.sources.base import Source
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.config.settings import Settings
    from tfdash.model.subject import Key
    from tfdash.sources.kubernetes.entrances import Entrance
    from tfdash.sources.kubernetes.helm_release import ReleaseContents
    from tfdash.sources.kubernetes.helm_stored import StoredRevision
    from tfdash.sources.kubernetes.pem import PemPage
    from tfdash.sources.prometheus import Connection
    from tfdash.sources.usage.second import SecondUsage
    from tfdash.store.opening import Opened


class Needs(Enum):
    """Before what a source cannot be made."""

    SETTINGS = auto()
    STORE = auto()  # opened: by the terminal, or for reading by a command that judges once
    OTHERS = (
        auto()
    )  # the store, and the time to look what others left: a terminal, or doctor; no judgement waits for it
    WEEKS = auto()  # the store, and the time to read weeks: a terminal, or a command that judges by them
    KEEPING = auto()  # terminals add it with what writes for later; doctor looks whether one could write
    LEAVE = auto()  # it sends requests of its own: a terminal whose turn it is, or a command that judges once


class Wiring(NamedTuple):
    """What sources are made from. ``clusters`` are those of the environment, at least one."""

    environment: str
    settings: Settings
    clusters: Sequence[KubernetesSource]
    clock: Clock
    opened: Opened | None = None
    path: Path | None = None  # of the configuration
    keeping: bool = False  # what is read may be kept beside the store's files
    once: bool = False  # of a command that judges by weeks once: what is kept of them comes first
    acting: bool = False  # requests that change something may be sent
    may_run: Callable[[], Awaitable[bool]] | None = (
        None  # whether it is this terminal's turn; None: nobody is asked
    )


class Registration(NamedTuple):
    name: str
    needs: Needs
    make: Callable[[Wiring], Iterable[Source]]  # none where it is not configured


def _connections(wiring: Wiring) -> Iterable[tuple[KubernetesSource, Connection]]:
    """The clusters that name a metric backend, and which; a cluster's own table goes before its environment's."""
    configured = wiring.settings.environments.get(wiring.environment)
    if configured is None:
        return
    from tfdash.sources.prometheus import Connection

    own = [cluster.prometheus for cluster in configured.clusters]
    for number, cluster in enumerate(wiring.clusters):
        mine = own[number] if number < len(own) else Connection()
        connection = mine if mine != Connection() else configured.prometheus
        if connection.named:
            yield cluster, connection


_ASKING: WeakKeyDictionary[KubernetesSource, asyncio.Semaphore] = WeakKeyDictionary()


def _asking(cluster: KubernetesSource) -> asyncio.Semaphore:
    """What limits how many ask its Prometheus for usage at once, now and of weeks together."""
    from tfdash.sources.prometheus.usage.asking import IN_FLIGHT

    return _ASKING.setdefault(cluster, asyncio.Semaphore(IN_FLIGHT))


def _usage(wiring: Wiring) -> Iterable[Source]:
    from tfdash.sources.usage.source import UsageSource

    settings = wiring.settings.sources.usage
    seconds = {second.ref: second for second in _second_usage(wiring)}
    yield from seconds.values()
    for cluster in wiring.clusters:
        whole = partial(cluster.reads_all, "Pod")
        yield UsageSource(cluster.ref, settings, wiring.clock, whole, seconds.get(cluster.ref))


def _second_usage(wiring: Wiring) -> Iterable[SecondUsage]:
    """Prometheus, where metrics.k8s.io does not answer, and for the minutes before the start."""
    connections = tuple(_connections(wiring)) if wiring.settings.metrics.usage.present else ()
    if not connections:
        return
    from tfdash.sources.prometheus import options_of, present_usage_for
    from tfdash.sources.usage.second import SecondUsage

    options = options_of(wiring.settings.metrics, ())
    for cluster, connection in connections:
        reader = present_usage_for(connection, options, cluster.credentials, wiring.clock, _asking(cluster))
        yield SecondUsage(
            cluster.ref,
            wiring.settings.sources.usage.pool_labels,
            reader,
            wiring.clock,
            partial(cluster.reads_all, "Pod"),
            wiring.settings.policy.resources.above_for,
            connection.shown,
        )


def _cluster_autoscaler(wiring: Wiring) -> Iterable[Source]:
    from tfdash.sources.cluster_autoscaler.source import ClusterAutoscalerSource

    for cluster in wiring.clusters:
        yield ClusterAutoscalerSource(
            cluster.ref, wiring.settings.sources.cluster_autoscaler, wiring.clock, cluster.read
        )


def _certificates(wiring: Wiring) -> Iterable[Source]:
    """What addresses serve, API servers among them; of several clusters in one, as an address is the environment's."""
    from tfdash.sources.certificates.endpoint import Endpoint, api_server, configured
    from tfdash.sources.certificates.finding import NamingCluster
    from tfdash.sources.certificates.source import CertificatesSource

    settings, clusters = wiring.settings.certificates, wiring.clusters
    refs = [cluster.ref for cluster in clusters]
    named = configured(settings, refs)

    def there() -> Iterable[Endpoint]:
        yield from named
        for cluster in clusters if settings.api_servers else ():
            own = api_server(cluster.ref, cluster.access)
            if own is not None:
                yield own

    def store() -> Iterable[Endpoint]:
        """Of the database that is shared; blocks, as its address may come from a command."""
        if not (settings.store and wiring.settings.store.url):
            return ()
        from tfdash.sources.certificates.endpoint import databases
        from tfdash.sources.kubernetes.credentials import read_secret
        from tfdash.sources.kubernetes.login import LoginNeeded

        try:
            return databases(read_secret(wiring.settings.store.url), refs[0])
        except (LoginNeeded, ValueError) as error:
            raise ValueError(f"the address of the store: {safe(str(error))}") from None

    places = [NamingCluster(cluster.ref, partial(_entrances, cluster)) for cluster in clusters]
    yield CertificatesSource(refs, there, settings, wiring.clock, places, store)


async def _entrances(cluster: KubernetesSource, kind: str) -> tuple[Entrance, ...]:
    return await cluster.singly.read_entrances(kind)


async def _pem(cluster: KubernetesSource, kind: str, at: Key | None = None, fields: str = "") -> PemPage:
    return await cluster.singly.read_pem(kind, at, fields)


def _held_certificates(wiring: Wiring) -> Iterable[Source]:
    """Certificates in the objects of each cluster, and the one that we show to it."""
    from tfdash.sources.certificates.held import HeldCertificatesSource

    for cluster in wiring.clusters:
        yield HeldCertificatesSource(
            cluster.ref,
            wiring.settings.certificates,
            wiring.clock,
            partial(_pem, cluster),
            cluster.credentials.shown_certificate,
            cluster.namespaces,
        )


async def _stored(cluster: KubernetesSource, kind: str) -> tuple[StoredRevision, ...]:
    return await cluster.singly.list_stored(kind)


async def _contents(cluster: KubernetesSource, kind: str, at: Key) -> ReleaseContents:
    return await cluster.singly.read_stored(kind, at)


def _helm(wiring: Wiring) -> Iterable[Source]:
    """Releases that Helm stores in each cluster."""
    settings = wiring.settings.sources.helm
    if not settings.stored_in:
        return
    from tfdash.sources.helm.source import StoredReleasesSource

    for cluster in wiring.clusters:
        yield StoredReleasesSource(
            cluster.ref, settings, wiring.clock, partial(_stored, cluster), partial(_contents, cluster)
        )


def _prometheus(wiring: Wiring) -> Iterable[Source]:
    connections = tuple(_connections(wiring))
    if not connections:
        return
    from tfdash.sources.prometheus import options_of, source_for

    options = options_of(wiring.settings.metrics, wiring.settings.journeys)
    zone = ZoneInfo(wiring.settings.time.zone)
    for cluster, connection in connections:
        yield source_for(cluster.ref, connection, options, cluster.credentials, wiring.clock, zone)


def not_measured(wiring: Wiring) -> Signals:
    """That no Prometheus is configured, of each cluster of which that is so."""
    measured = {cluster.ref for cluster, _ in _connections(wiring)}
    refs = [cluster.ref for cluster in wiring.clusters if cluster.ref not in measured]
    return Signals(prometheus=dict.fromkeys(refs, NOT_MEASURED))


def _journeys(wiring: Wiring) -> Iterable[Source]:
    """Our own journeys; those that change things run only where ``acting``."""
    if not any(journey.url for journey in wiring.settings.journeys):
        return
    from tfdash.sources.journeys import source_for

    refs = [cluster.ref for cluster in wiring.clusters]
    found = source_for(
        refs, wiring.settings.journeys, wiring.clock, acting=wiring.acting, may_run=wiring.may_run
    )
    if found is not None:
        yield found


def _store(wiring: Wiring) -> Iterable[Source]:
    assert wiring.opened is not None
    yield wiring.opened.source


def _feeds(wiring: Wiring) -> Iterable[Source]:
    """Calendars of others that close ours."""
    assert wiring.opened is not None
    settings = wiring.settings
    if settings.calendar.feeds:
        from tfdash.sources.feeds.source import FeedsSource

        folder = wiring.opened.store.folder / "feeds"
        zone = ZoneInfo(settings.time.zone)
        yield FeedsSource(settings.calendar.feeds, zone, wiring.clock, folder, keeping=wiring.keeping)


def _pipelines(wiring: Wiring) -> Iterable[Source]:
    """What code hosts say of the versions that open runs ask for."""
    pipelines = wiring.settings.procedures.pipelines
    if any(one.repository for one in pipelines.values()):
        from tfdash.sources.kubernetes.credentials import read_secret
        from tfdash.sources.pipelines.source import PipelinesSource

        yield PipelinesSource(pipelines, wiring.clock, read_secret)


def _last_good(wiring: Wiring) -> Iterable[Source]:
    recovery, refs = wiring.settings.recovery, [cluster.ref for cluster in wiring.clusters]
    if recovery.last_good.folder and recovery.services:
        from tfdash.sources.last_good.source import LastGoodSource

        yield LastGoodSource(refs, recovery, wiring.clock, keeping=wiring.keeping)


def _peers(wiring: Wiring) -> Iterable[Source]:
    """What other terminals left in the clusters themselves."""
    assert wiring.opened is not None
    if wiring.settings.actions.in_cluster:
        from tfdash.store.peers.peer_watcher import PeerWatcher

        yield PeerWatcher(wiring.opened.store, wiring.clock)


def _notify(wiring: Wiring) -> Iterable[Source]:
    """Who is told by messages."""
    assert wiring.opened is not None
    if wiring.settings.notify.channels:
        from tfdash.notify.posts import posts_of
        from tfdash.notify.source import NotifySource
        from tfdash.sources.kubernetes.credentials import read_secret

        posts = tuple(posts_of(wiring.settings.notify, wiring.path).values())
        yield NotifySource(posts, wiring.opened.store.folder, read_secret, wiring.clock)


def _usage_history(wiring: Wiring) -> Iterable[Source]:
    """What workloads used over weeks, by the Prometheus of each cluster."""
    connections = tuple(_connections(wiring)) if wiring.settings.metrics.usage.enabled else ()
    if not connections:
        return
    from tfdash.sources.prometheus import Windows, options_of, usage_history_for

    policy = wiring.settings.policy.resources
    windows = Windows(
        round(policy.below_over / 86_400),
        round(policy.rightsize.history / 86_400),
        policy.rightsize.cpu_percentile,
    )
    kept = wiring.opened.store.folder / "usage" if wiring.opened is not None else None
    options = options_of(wiring.settings.metrics, ())
    for cluster, connection in connections:
        yield usage_history_for(
            cluster.ref,
            connection,
            options,
            cluster.credentials,
            wiring.clock,
            windows,
            kept,
            _asking(cluster),
            wiring.settings.sources.usage.pool_labels,
            reading=not wiring.keeping,
            once=wiring.once,
        )


def _volume_usage(wiring: Wiring) -> Iterable[Source]:
    """How full volumes are, by the Prometheus of each cluster."""
    series = wiring.settings.metrics.usage
    connections = tuple(_connections(wiring)) if series.enabled and series.volume_used else ()
    if not connections:
        return
    from tfdash.sources.prometheus import options_of, volume_usage_for

    options = options_of(wiring.settings.metrics, ())
    for cluster, connection in connections:
        yield volume_usage_for(
            cluster.ref, connection, options, cluster.credentials, wiring.clock, _asking(cluster)
        )


def _certificate_metrics(wiring: Wiring) -> Iterable[Source]:
    """What exporters tell of certificates, by the Prometheus of each cluster."""
    connections = tuple(_connections(wiring)) if wiring.settings.metrics.certificates.enabled else ()
    if not connections:
        return
    from tfdash.sources.prometheus import certificate_metrics_for, options_of

    options = options_of(wiring.settings.metrics, ())
    for cluster, connection in connections:
        yield certificate_metrics_for(
            cluster.ref, connection, options, cluster.credentials, wiring.clock, _asking(cluster)
        )


def _kept(wiring: Wiring) -> Iterable[Source]:
    """What terminals write for later, where nobody here does."""
    from tfdash.cli.kept import kept_journal, kept_ring
    from tfdash.cli.store_options import store_options
    from tfdash.sources.kept import KeptSource

    yield KeptSource(kept_journal(store_options(wiring.settings)), wiring.clock)
    if wiring.settings.recording.ring:
        yield KeptSource(kept_ring(wiring.settings), wiring.clock)


SOURCES = (
    Registration("usage", Needs.SETTINGS, _usage),
    Registration("cluster-autoscaler", Needs.SETTINGS, _cluster_autoscaler),
    Registration("certificates", Needs.SETTINGS, _certificates),
    Registration("held certificates", Needs.SETTINGS, _held_certificates),
    Registration("helm", Needs.SETTINGS, _helm),
    Registration("certificate metrics", Needs.SETTINGS, _certificate_metrics),
    Registration("prometheus", Needs.SETTINGS, _prometheus),
    Registration("volume usage", Needs.SETTINGS, _volume_usage),
    Registration("store", Needs.STORE, _store),
    Registration("calendar feeds", Needs.STORE, _feeds),
    Registration("last-good", Needs.STORE, _last_good),
    Registration("peers", Needs.OTHERS, _peers),
    Registration("pipelines", Needs.OTHERS, _pipelines),
    Registration("notify", Needs.OTHERS, _notify),
    Registration("usage history", Needs.WEEKS, _usage_history),
    Registration("kept", Needs.KEEPING, _kept),
    Registration("journeys", Needs.LEAVE, _journeys),
)


def made(wiring: Wiring, *there: Needs) -> list[Source]:
    """All sources that are configured and need nothing but what is ``there``."""
    return [source for one in SOURCES if one.needs in there for source in one.make(wiring)]
