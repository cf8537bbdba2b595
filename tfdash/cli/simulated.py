"""Whether a configuration is the simulator's own: its servers are proven by the authority that each run makes for itself."""

from __future__ import annotations

import ssl
from dataclasses import replace

from tfdash.demo.options import AUTHORITY
from tfdash.sources.kubernetes.kubeconfig import Access, KubeconfigError


def why_not_simulated(access: Access) -> str:
    """Why a connection by ``access`` could reach something else than a simulated API server; "" where it cannot. An address
    tells nothing: a tunnel, a proxy and a cluster in containers are on loopback too. The authority does, since a server that
    has no certificate of its is not talked to, and its key ends with the run."""
    if not access.server.lower().startswith("https://") or access.insecure:
        return f"nothing proves which server answers at {access.context}"
    try:
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusted.load_verify_locations(cadata=(access.ca or b"").decode("ascii", "replace"))
        subjects = [certificate["subject"] for certificate in trusted.get_ca_certs()]
        if (
            trusted.cert_store_stats()["x509"] != 1
        ):  # a server's own certificate is no authority, and trusted all the same
            subjects = []
    except (ssl.SSLError, ValueError):
        subjects = []
    if subjects == [((("commonName", AUTHORITY),),)]:
        return ""
    return f"{access.context} trusts another authority than the simulated platform's"


def only_simulated(access: Access) -> Access:
    """The same, whose files when they change may only name a simulated server again: the clock was chosen for it."""
    again = access.again
    if again is None:
        return access

    def read() -> Access:
        found = again()
        if why := why_not_simulated(found):
            raise KubeconfigError(f"{found.kubeconfig}: it is no simulated platform's any more: {why}")
        return only_simulated(found)

    return replace(access, again=read)
