"""An authority and the ones before it: which is the newest, with which key each certificate was signed, and what is known of neither.

By keys, as far as what was issued is known (its CertificateRequest keeps it, or a Secret that may be read); else by dates, and where these
do not tell it is not known. Of one family are the authorities of one namespace with the same names from the same issuer: one that was
renewed in its place, or a new one that was made beside the old one before any issuer signs with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from tfdash.model.cert_manager import Certificate, CertificateRequest, ClusterIssuer, Issuer
from tfdash.model.certificates import CertificateFacts, HeldCertificate
from tfdash.model.rotation import Signed
from tfdash.model.subject import Key
from tfdash.playbook.certificates.links import (
    CLUSTER_SIGNS_WITH,
    ISSUED_BY,
    REQUESTS_OF,
    SIGNS_WITH,
)
from tfdash.playbook.certificates.renewed import AUTHORITY, same
from tfdash.playbook.seen import Look, Relation
from tfdash.playbook.staleness import Unread

_DEEP = 5  # authorities above one another

FAMILY = Relation(
    Certificate,
    lambda c: ((c.namespace, c.names, c.issuer),) if c.is_ca and c.names and c.secret else (),
)
AUTHORITIES_ISSUED = Relation(
    CertificateRequest,
    lambda r: (r.issued.subject,) if r.issued is not None and r.issued.is_ca else (),
)
"""By the subject of an authority that came of it."""
Pair = tuple[str, str]
"""Subject and key identifier: by these a chain finds who signed it."""


def issued(look: Look, certificate: Certificate) -> CertificateFacts | None:
    """What is kept of it now; None where nothing that may be read has it."""
    for request in look.some(REQUESTS_OF, certificate.uid):
        found = request.issued
        if found is not None and request.revision == certificate.revision and same(certificate, found):
            return found
    held = look.maybe(HeldCertificate, Key(certificate.namespace, f"Secret/{certificate.secret}"))
    if held is not None and held.bundle and same(certificate, held.bundle[0]):
        return held.bundle[0]
    return None


def family(look: Look, certificate: Certificate, separate: Collection[str] = ()) -> tuple[Certificate, ...]:
    """It and those of its family, the newest first; none where it is no authority, or none of them was issued yet. ``separate``: namespace/name
    of those that are of no other's family."""
    if not certificate.is_ca or not certificate.secret:
        return ()
    key = (certificate.namespace, certificate.names, certificate.issuer)
    alone = not certificate.names or name_of(certificate) in separate
    found = (certificate,) if alone else [c for c in look.some(FAMILY, key) if name_of(c) not in separate]
    there = [c for c in found if c.deleting is None and c.not_before is not None]
    return tuple(sorted(there, key=lambda c: (-(c.not_before or 0.0), c.name)))


def name_of(certificate: Certificate) -> str:
    return f"{certificate.namespace}/{certificate.name}"


class Signing(NamedTuple):
    """Who signs with which of a family. ``by_newest`` of ``issuers``; ``unread``: sentences of what is not known."""

    issuers: tuple[tuple[str, Key], ...]
    by_newest: frozenset[tuple[str, Key]]
    unread: tuple[str, ...]


def signing(look: Look, members: tuple[Certificate, ...], cluster_secrets_in: str) -> Signing:
    found: dict[tuple[str, Key], bool] = {}
    unread: dict[str, None] = {}
    for place, member in enumerate(members):
        here = look.seen(SIGNS_WITH, Key(member.namespace, member.secret))
        if isinstance(here, Unread):
            unread[f"Issuers are not known: {here.cause}"] = None
        else:
            found |= {(Issuer.KIND, Key(i.namespace, i.name)): place == 0 for i in here}
        if member.namespace != cluster_secrets_in:
            continue
        wide = look.seen(CLUSTER_SIGNS_WITH, Key("", member.secret))
        if isinstance(wide, Unread):
            unread[f"ClusterIssuers are not known: {wide.cause}"] = None
        else:
            found |= {(ClusterIssuer.KIND, Key("", i.name)): place == 0 for i in wide}
    newest = frozenset(key for key, first in found.items() if first)
    return Signing(tuple(sorted(found)), newest, tuple(unread))


def signed(look: Look, members: tuple[Certificate, ...], found: Signing, cluster_secrets_in: str) -> Signed:
    newest = members[0]
    facts = issued(look, newest)
    sorts: dict[str, list[Certificate]] = {"new": [], "old": [], "unknown": []}
    keys, below = set[str](), set[str]()
    for leaf in _leaves(look, members, found):
        one = issued(look, leaf)
        sort = _sort(newest, facts, leaf, one)
        sorts[sort].append(leaf)
        if sort == "old" and one is not None and facts is not None and one.issuer == facts.subject:
            keys |= {one.authority_key} - {""}
        if leaf.is_ca:
            for under, its in _below(look, facts, leaf, sort, cluster_secrets_in, {name_of(newest)}):
                sorts[its].append(under)
                below.add(name_of(under))
    new, old, unknown = (tuple(sorts[s]) for s in ("new", "old", "unknown"))
    return Signed(new, old, unknown, frozenset(keys), frozenset(below))


def _leaves(look: Look, members: tuple[Certificate, ...], found: Signing) -> Iterator[Certificate]:
    own = {name_of(m) for m in members}
    for key in found.issuers:
        for leaf in look.some(ISSUED_BY, key):
            if name_of(leaf) not in own and leaf.deleting is None and leaf.not_before is not None:
                yield leaf


def _sort(
    newest: Certificate, facts: CertificateFacts | None, leaf: Certificate, one: CertificateFacts | None
) -> str:
    if facts is not None and one is not None and facts.subject_key and one.authority_key:
        mine = one.issuer == facts.subject and one.authority_key == facts.subject_key
        return "new" if mine else "old"
    began, at = newest.not_before, leaf.not_before
    if began is not None and at is not None and at < began and newest.rotation != "Never":
        return "old"  # before there was this one; later does not say that it was signed by it
    return "unknown"


def _below(
    look: Look,
    facts: CertificateFacts | None,
    authority: Certificate,
    sort: str,
    cluster_secrets_in: str,
    seen: set[str],
) -> Iterator[tuple[Certificate, str]]:
    """What a lower authority of that sort signed, with its own: an earlier issue of that authority stands in its chain, whatever the key."""
    if len(seen) > _DEEP or name_of(authority) in seen:
        return
    seen = {*seen, name_of(authority)}
    for key in signing(look, (authority,), cluster_secrets_in).issuers:
        for leaf in look.some(ISSUED_BY, key):
            if leaf.deleting is not None or leaf.not_before is None or name_of(leaf) in seen:
                continue
            its = sort
            if sort != "old" and authority.not_before is not None and leaf.not_before < authority.not_before:
                its = _through_one_before(look, facts, leaf)
            yield leaf, its
            if leaf.is_ca:
                yield from _below(look, facts, leaf, its, cluster_secrets_in, seen)


def _through_one_before(look: Look, facts: CertificateFacts | None, leaf: Certificate) -> str:
    """Of what an earlier issue of a lower authority signed: by who signed that one, where it is seen anywhere."""
    one = issued(look, leaf)
    if one is None or facts is None or not one.authority_key:
        return "unknown"
    above = authority_known(look, (one.issuer, one.authority_key))
    if above is None or not above.authority_key or above.not_before > one.not_before:
        return "unknown"  # not that issue of it
    return "new" if (above.issuer, above.authority_key) == (facts.subject, facts.subject_key) else "old"


def chain_of(look: Look, facts: CertificateFacts) -> tuple[Pair, ...]:
    """It and those above it, as far as these are known: to trust any of them is to trust it."""
    pairs: dict[Pair, None] = {(facts.subject, facts.subject_key): None}
    at: CertificateFacts | None = facts
    for _ in range(_DEEP):
        if at is None or at.self_signed or not at.authority_key:
            break
        pair = (at.issuer, at.authority_key)
        if pair in pairs:
            break
        pairs[pair] = None
        at = authority_known(look, pair)
    return tuple(pairs)


def authority_known(look: Look, pair: Pair) -> CertificateFacts | None:
    """One of that subject and key, wherever it is seen."""
    held = (c for h in look.some(AUTHORITY, pair[0]) for c in h.bundle)
    asked = (r.issued for r in look.some(AUTHORITIES_ISSUED, pair[0]) if r.issued is not None)
    return next((c for c in (*held, *asked) if (c.subject, c.subject_key) == pair and c.is_ca), None)


def foreign_keys(look: Look, members: tuple[Certificate, ...], subject: str) -> frozenset[str]:
    """Those of other authorities that happen to have the same subject."""
    own = {m.uid for m in members}
    return frozenset(
        r.issued.subject_key
        for r in look.some(AUTHORITIES_ISSUED, subject)
        if r.issued is not None and (r.owner is None or r.owner.uid not in own)
    )
