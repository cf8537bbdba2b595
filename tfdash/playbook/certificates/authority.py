"""Authorities: what a certificate is in its chain, and what is still signed by the one before. Renewing an authority does not
re-issue what it signed: that is re-issued when its own time comes, or by hand.

A leaf is taken for signed by the one before where it began before the authority did: cert-manager's CA issuer dates what it signs
from that second (pkg/util/pki, certificate templates).
"""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.cert_manager import Certificate, ClusterIssuer, Issuer
from tfdash.model.subject import Key
from tfdash.playbook.certificates.links import (
    CLUSTER_SIGNS_WITH,
    ISSUED_BY,
    REQUESTS_OF,
    SIGNS_WITH,
    issuer_of,
)
from tfdash.playbook.rule import Case
from tfdash.playbook.staleness import Unread


def role(case: Case[Certificate]) -> str:
    """``root``, ``intermediate`` or ``leaf``; ``authority`` where its issuer is not known."""
    certificate = case.obj
    issuer = issuer_of(case, certificate.namespace, certificate.issuer)
    if isinstance(issuer, Unread) or issuer is None:
        return "authority" if certificate.is_ca else "leaf"
    if issuer.by == "selfSigned":
        return "root" if certificate.is_ca else "self-signed leaf"
    return "intermediate" if certificate.is_ca else "leaf"


class Left(NamedTuple):
    """What the authority before it signed. ``ends``: when that one ends, by its own request, or (``known`` False) if it was renewed at
    its time: None where not even that can be said. ``outlive``: those that are not re-issued by themselves before it does."""

    leaves: tuple[Certificate, ...]
    ends: float | None
    known: bool
    outlive: tuple[Certificate, ...]


def left_behind(case: Case[Certificate]) -> Left | None:
    """None where there is none, and of what is no authority."""
    authority = case.obj
    began = authority.not_before
    if not authority.is_ca or not authority.secret or began is None:
        return None
    leaves = [
        leaf
        for key in _signs(case, authority)
        for leaf in case.some(ISSUED_BY, key)
        if leaf.not_before is not None and leaf.not_before < began and leaf is not authority
    ]
    if not leaves:
        return None
    by_request = _ended_by_request(case)
    ends = by_request
    if ends is None and authority.renewal is not None and authority.not_after is not None:
        ends = began + (authority.not_after - authority.renewal)
    late = (leaf for leaf in leaves if ends is not None and _ends_first(leaf, ends))
    return Left(tuple(leaves), ends, by_request is not None, tuple(late))


def _ended_by_request(case: Case[Certificate]) -> float | None:
    """When the revision before ends, where the request of it is kept (``revisionHistoryLimit``): it began with that."""
    authority = case.obj
    if authority.lifetime is None or authority.revision is None:
        return None
    there = case.some(REQUESTS_OF, authority.uid)
    began = (r.created for r in there if r.revision == authority.revision - 1)
    first = next(began, None)
    return None if first is None else first + authority.lifetime


def _ends_first(leaf: Certificate, authority_ends: float) -> bool:
    """Whether the authority that signed it ends before it is re-issued, or ends itself."""
    again = leaf.renewal if leaf.renews and leaf.renewal is not None else leaf.not_after
    return again is not None and again >= authority_ends


def _signs(case: Case[Certificate], authority: Certificate) -> list[tuple[str, Key]]:
    """The issuers that sign with it, by ``links.issuer_key``."""
    there = case.some(SIGNS_WITH, Key(authority.namespace, authority.secret))
    found = [(Issuer.KIND, Key(i.namespace, i.name)) for i in there]
    if authority.namespace == case.policies.certificates.cluster_secrets_in:
        wide = case.some(CLUSTER_SIGNS_WITH, Key("", authority.secret))
        found += [(ClusterIssuer.KIND, Key("", i.name)) for i in wide]
    return found
