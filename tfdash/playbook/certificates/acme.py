"""How often an ACME server was asked for the same names lately: who issues too often is refused just when it matters.

Counted are CertificateRequests and Orders as far as the cluster keeps them (cert-manager keeps one request of a Certificate by
default): at least so many.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tfdash.model.cert_manager import AnyIssuer, Certificate, CertificateRequest, IssuerRef, Order
from tfdash.moments import moment
from tfdash.nouns import counted
from tfdash.playbook.certificates.links import REQUESTS_OF, issuer_of
from tfdash.playbook.seen import Look, Relation
from tfdash.playbook.staleness import Unread

WEEK = 7 * 86_400.0
LIMITS: Mapping[str, int] = {"acme-v02.api.letsencrypt.org": 5}
"""Certificates for exactly the same names in 7 days, by the server's host. Let's Encrypt: "New Certificates per Exact Set of Identifiers", one more
each 34 hours (https://letsencrypt.org/docs/rate-limits/, read 2026-11)."""
_ORDERS_FOR = Relation(Order, lambda o: (frozenset(o.names),))
_ISSUED_FOR = Relation(Certificate, lambda c: (frozenset(c.names),))


class AcmeCount(NamedTuple):
    """``lately`` in 7 days, the last at ``last`` (epoch seconds, 0 never). ``limit`` of its server, None where none is known. ``unread``: why there
    may be more."""

    lately: int = 0
    last: float = 0.0
    limit: int | None = None
    unread: str = ""
    orders_alone: bool = False

    @property
    def spent(self) -> bool:
        """Whether its server will likely refuse one more."""
        return self.limit is not None and self.lately >= self.limit

    def told(self, zone: ZoneInfo) -> str:
        """In words; times in ``zone``."""
        if self.unread:
            return f"how often its server issued these names lately is not known: {self.unread}"
        last = f", the last on {moment(self.last, zone)}" if self.last else ""
        kept = f"as far as {'Orders' if self.orders_alone else 'requests and Orders'} are kept"
        if not self.lately:
            return f"its ACME server was not asked for exactly these names in 7 days, {kept}{last}"
        limit = f": it issues {self.limit}" if self.limit is not None else ": servers limit that"
        if self.spent:
            limit += ", and refuses more until the first of them is a week old, or lets one more in 34 hours"
        return f"its ACME server was asked for exactly these names {counted(self.lately, 'time')} in 7 days, {kept}{last}{limit}"


def asked_of(look: Look, certificate: Certificate, issuer: AnyIssuer, now: float) -> AcmeCount | None:
    """None where no ACME server issues it."""
    if issuer.by != "acme":
        return None
    limit = LIMITS.get(urlsplit(issuer.server).hostname or "")
    names = frozenset(certificate.names)
    orders, requests = look.seen(_ORDERS_FOR, names), look.unread(CertificateRequest)
    if isinstance(orders, Unread):
        return AcmeCount(limit=limit, unread=orders.cause)
    times: dict[str, float] = {}
    for one in look.some(_ISSUED_FOR, names):
        for request in look.some(REQUESTS_OF, one.uid):
            if _same_server(look, request.namespace, request.issuer, issuer):
                times[request.uid] = request.created
    for order in orders:
        if _same_server(look, order.namespace, order.issuer, issuer):
            times[order.owner.uid if order.owner is not None else f"{order.namespace}/{order.name}"] = (
                order.created
            )
    lately = sum(at > now - WEEK for at in times.values())
    blind = requests is not None and not requests.absent
    return AcmeCount(lately, max(times.values(), default=0.0), limit, orders_alone=blind)


def _same_server(look: Look, namespace: str, ref: IssuerRef, issuer: AnyIssuer) -> bool:
    """Whether it was asked of the same server; of an issuer that is gone nobody can say, so it counts."""
    found = issuer_of(look, namespace, ref)
    return not isinstance(found, AnyIssuer) or (found.by == "acme" and found.server == issuer.server)
