"""How one finds the other: a certificate its request, order and challenges, an authority what it signed."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.model.cert_manager import (
    GROUP,
    AnyIssuer,
    Certificate,
    CertificateRequest,
    Challenge,
    ClusterIssuer,
    Issuer,
    IssuerRef,
    Order,
)
from tfdash.model.kube import Object
from tfdash.model.subject import Key
from tfdash.playbook.seen import Look, Relation
from tfdash.playbook.staleness import Unread


def _owner(obj: Object) -> tuple[str, ...]:
    return (obj.owner.uid,) if obj.owner is not None else ()


def _in_secret(issuer: AnyIssuer) -> tuple[Key, ...]:
    return (Key(issuer.namespace, issuer.secret),) if issuer.secret else ()


def issuer_key(namespace: str, ref: IssuerRef) -> tuple[str, Key]:
    """The kind and key of an issuer that something in ``namespace`` names."""
    return ref.kind, Key("" if ref.kind == ClusterIssuer.KIND else namespace, ref.name)


def _issued_by(certificate: Certificate) -> Iterable[tuple[str, Key]]:
    if certificate.issuer.group == GROUP:
        yield issuer_key(certificate.namespace, certificate.issuer)


REQUESTS_OF = Relation(CertificateRequest, _owner)
ORDERS_OF = Relation(Order, _owner)
CHALLENGES_OF = Relation(Challenge, _owner)
"""Each by the uid of its owner."""
KEPT_IN = Relation(Certificate, lambda c: (Key(c.namespace, c.secret),) if c.secret else ())
ISSUED_BY = Relation(Certificate, _issued_by)
"""By ``issuer_key``."""
SIGNS_WITH = Relation(Issuer, _in_secret)
CLUSTER_SIGNS_WITH = Relation(ClusterIssuer, _in_secret)
"""Those that issue by the certificate and key in a Secret; of a ClusterIssuer in any namespace, so that its key has none."""


def issuer_of(look: Look, namespace: str, ref: IssuerRef) -> AnyIssuer | Unread | None:
    """The issuer; None where there is none of that name, or of another group, of which nothing is known here."""
    if ref.group != GROUP:
        return None
    kind: type[Issuer] | type[ClusterIssuer] = ClusterIssuer if ref.kind == ClusterIssuer.KIND else Issuer
    why = look.unread(kind)
    if why is not None and not why.absent:
        return why
    return look.maybe(kind, issuer_key(namespace, ref)[1])


def request_of(look: Look, certificate: Certificate) -> CertificateRequest | Unread | None:
    """The one that is to become its next revision: of several the newest, as after a failure both may be there."""
    seen = look.seen(REQUESTS_OF, certificate.uid)
    if isinstance(seen, Unread):
        return seen
    wanted = (certificate.revision or 0) + 1
    found = [r for r in seen if r.revision == wanted]
    return max(found, key=lambda r: (r.created, r.name), default=None)
