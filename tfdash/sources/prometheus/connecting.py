"""From a connection's settings to clients, directly or through the API server."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tfdash.clock import Clock
from tfdash.model.subject import ClusterRef
from tfdash.node_pools import POOL_LABELS
from tfdash.sources.kubernetes.credentials import Credentials, read_secret
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.login import LoginNeeded
from tfdash.sources.prometheus.certificates.source import CertificateMetricsSource
from tfdash.sources.prometheus.options import LARGEST, Connection, Options
from tfdash.sources.prometheus.proxy import right_to_proxy
from tfdash.sources.prometheus.source import PrometheusSource
from tfdash.sources.prometheus.usage.asking import Asking
from tfdash.sources.prometheus.usage.kept import KeptDays
from tfdash.sources.prometheus.usage.present import PresentReader
from tfdash.sources.prometheus.usage.source import UsageHistorySource, Windows
from tfdash.sources.prometheus.usage.volumes import VolumeUsageSource

if TYPE_CHECKING:
    from tfdash.sources.prometheus.client import Client


def access_of(connection: Connection) -> Access:
    """How a Prometheus is reached directly, its files read. Raises ``LoginNeeded`` with the file that is missing."""
    return Access(
        server=connection.base_url,
        ca=_file(connection.ca),
        certificate=_file(connection.certificate),
        key=_file(connection.key or connection.certificate),
        secret=connection.bearer,
        tls_server_name=connection.server_name,
        basic=(connection.username, read_secret(connection.password) if connection.password else "")
        if connection.username
        else None,
    )


def _file(path: str) -> bytes | None:
    if not path:
        return None
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise LoginNeeded(f"{path} cannot be read: {error.strerror}") from None


class OwnCredentials:
    """Of a Prometheus that is reached directly: the same ones for each new client, so that what failed or was refused is
    remembered; others where a file that they are made of has changed. ``current`` blocks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = Lock()
        self._made: Credentials | None = None

    def current(self) -> Credentials:
        with self._lock:
            access = access_of(self._connection)
            if self._made is None or self._made.access != access:
                self._made = Credentials(access)
            return self._made


def client_of(
    connection: Connection,
    options: Options,
    credentials: Credentials | None,
    own: OwnCredentials,
    clock: Clock,
) -> Client:
    """One client; ``credentials`` of the cluster, where it is reached through that. Blocking and heavy: in a thread."""
    from tfdash.sources.prometheus.client import Client

    if not connection.service:
        return Client(
            connection,
            connection.base_url,
            own.current(),
            timeout=options.timeout,
            largest=LARGEST,
            now=clock.now,
        )
    from tfdash.sources.kubernetes.reading_rule import check_allowed

    assert credentials is not None
    path = connection.proxy_path
    server = credentials.access.server.rstrip("/")
    prefix = (
        "/" + server.split("://", 1)[1].partition("/")[2].strip("/")
        if "/" in server.split("://", 1)[1]
        else ""
    )
    return Client(
        connection,
        server + path,
        credentials,
        timeout=options.timeout,
        largest=LARGEST,
        allowed=lambda method, at: check_allowed(method, at.removeprefix(prefix), proxied=path),
        now=clock.now,
    )


def source_for(
    ref: ClusterRef,
    connection: Connection,
    options: Options,
    credentials: Credentials | None,
    clock: Clock,
    zone: ZoneInfo,
) -> PrometheusSource:
    check = None
    if connection.service:
        if credentials is None:
            raise ValueError("prometheus.service: needs the credentials of the cluster")
        check = right_to_proxy(credentials, connection)
    own = OwnCredentials(connection)
    return PrometheusSource(
        ref,
        connection,
        options,
        lambda: client_of(connection, options, credentials, own, clock),
        clock,
        zone,
        check=check,
    )


def usage_history_for(
    ref: ClusterRef,
    connection: Connection,
    options: Options,
    credentials: Credentials | None,
    clock: Clock,
    windows: Windows,
    folder: Path | None,
    slots: asyncio.Semaphore,
    pool_labels: Sequence[str] = POOL_LABELS,
    *,
    reading: bool = False,
    once: bool = False,
) -> UsageHistorySource:
    """``folder``: where days that are over are kept, ``reading``: from where they are only read; None: in memory. ``once``: see
    ``UsageHistorySource``."""
    own, series = OwnCredentials(connection), options.usage
    asked = repr((ref, connection.shown, connection.match, series, tuple(pool_labels)))
    kept = folder / hashlib.sha256(asked.encode()).hexdigest()[:16] if folder is not None else None
    return UsageHistorySource(
        ref,
        series,
        windows,
        Asking(lambda: client_of(connection, options, credentials, own, clock), slots, rests=True),
        clock,
        KeptDays(kept, reading=reading),
        shown=connection.shown,
        match=connection.match,
        pool_labels=pool_labels,
        once=once,
    )


def _asking_now(
    connection: Connection,
    options: Options,
    credentials: Credentials | None,
    clock: Clock,
    slots: asyncio.Semaphore,
) -> Asking:
    """Of what is so now; credentials of its own are read once for all that it asks."""
    own = OwnCredentials(connection)
    return Asking(lambda: client_of(connection, options, credentials, own, clock), slots, rests=False)


def present_usage_for(
    connection: Connection,
    options: Options,
    credentials: Credentials | None,
    clock: Clock,
    slots: asyncio.Semaphore,
) -> PresentReader:
    """What asks for what is used now; ``slots``: shared with the history of the same server."""
    asking = _asking_now(connection, options, credentials, clock, slots)
    return PresentReader(options.usage, asking, clock, connection.match)


def certificate_metrics_for(
    ref: ClusterRef,
    connection: Connection,
    options: Options,
    credentials: Credentials | None,
    clock: Clock,
    slots: asyncio.Semaphore,
) -> CertificateMetricsSource:
    """``slots``: as of ``present_usage_for``."""
    asking = _asking_now(connection, options, credentials, clock, slots)
    return CertificateMetricsSource(
        ref, options.certificates, asking, clock, shown=connection.shown, match=connection.match
    )


def volume_usage_for(
    ref: ClusterRef,
    connection: Connection,
    options: Options,
    credentials: Credentials | None,
    clock: Clock,
    slots: asyncio.Semaphore,
) -> VolumeUsageSource:
    """``slots``: as of ``present_usage_for``."""
    asking = _asking_now(connection, options, credentials, clock, slots)
    return VolumeUsageSource(
        ref, options.usage, asking, clock, shown=connection.shown, match=connection.match
    )
