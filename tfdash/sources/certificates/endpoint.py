"""An address that is looked at, and which the settings and clusters name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tfdash.model.subject import ClusterRef, Key
from tfdash.sources.certificates.settings import CertificatesSettings
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
            host, port = one.place
            file = Path(one.trust).expanduser() if one.trust else None
            anchors = system if file is None else file.read_bytes
            found.append(Endpoint(ref, safe(one.name), host, port, one.asked, anchors, one.speaks))
    return tuple(found)


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
