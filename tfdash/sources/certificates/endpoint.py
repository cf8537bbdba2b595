"""An address that is looked at, and which the settings and clusters name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tfdash.model.subject import ClusterRef, Key
from tfdash.named_file import read_named
from tfdash.sources.certificates.settings import CertificatesSettings, named
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.sources.kubernetes.kubeconfig import Access


class Endpoint(NamedTuple):
    """An address that is looked at. ``anchors`` gives PEM, None the system's own, and raises ``ValueError`` or ``OSError``. ``asked``: the name that
    is expected; ``of``: as of ``ServedCertificate``."""

    ref: ClusterRef
    name: str
    host: str
    port: int
    asked: str
    anchors: Callable[[], bytes | None]
    speaks: str = "tls"
    of: str = ""

    @property
    def key(self) -> Key:
        return Key("", self.name)


def configured(settings: CertificatesSettings, refs: Sequence[ClusterRef]) -> tuple[Endpoint, ...]:
    """Those of the settings that are of this environment."""
    environment = refs[0].environment
    found = []
    for one in settings.endpoints:
        if one.environment in ("", environment):
            ref = next((r for r in refs if r.cluster == one.cluster), refs[0])
            host, port, speaks = one.place
            found.append(Endpoint(ref, safe(one.name), host, port, one.asked, _anchors(one.trust), speaks))
    return tuple(found)


def databases(url: str, ref: ClusterRef) -> tuple[Endpoint, ...]:
    """The servers of a connection string of libpq, each held against what it trusts; none behind a socket of this machine, or where it
    would do without TLS (``sslmode``). Nothing of it but host and port is kept. Raises ``ValueError``."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        told = {k: str(v) for k, v in conninfo_to_dict(url).items() if v is not None}
    except ProgrammingError:
        raise ValueError(
            "it is no connection string of PostgreSQL"
        ) from None  # its words may hold the password
    if told.get("sslmode") not in ("require", "verify-ca", "verify-full"):
        return ()
    ports = told.get("port", "").split(",")
    found = []
    for place, host in enumerate(told.get("host", "").split(",")):
        port = ports[place] if place < len(ports) and len(ports) > 1 else ports[0]
        if host and not host.startswith(("/", "@")):
            there = told.get("hostaddr", "").split(",")
            where = there[place] if place < len(there) and there[place] else host
            speaks = "tls" if told.get("sslnegotiation") == "direct" else "postgres"
            trust = "" if told.get("sslrootcert", "system") == "system" else told["sslrootcert"]
            number = int(port or "5432")
            name = safe(named(where, number, host))
            found.append(Endpoint(ref, name, where, number, host, _anchors(trust), speaks, "the store"))
    return tuple(found)


_LARGEST = 10_000_000  # bytes of a file of authorities; that of a system has some hundred thousand


def _anchors(trust: str) -> Callable[[], bytes | None]:
    return partial(read_named, trust, _LARGEST) if trust else system


def api_server(ref: ClusterRef, access: Access) -> Endpoint | None:
    """What a cluster itself serves, held against what its kubeconfig trusts; None where no handshake leads there directly."""
    address = urlsplit(access.server)
    try:
        host, port = address.hostname, address.port
    except ValueError:
        return None
    if address.scheme != "https" or not host or access.proxy:
        return None
    asked = access.tls_server_name or host
    name = f"API server {ref.cluster}"
    return Endpoint(ref, name, host, port or 443, asked, lambda: access.ca, of="API server")


def system() -> None:
    return None
