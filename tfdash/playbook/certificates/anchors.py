"""Where authorities are trusted: trust-manager's Bundles, ConfigMaps that are named in the settings, bundles of webhooks and APIServices.

What a Bundle holds is read from a target of it that is named, else from its sources. What cert-manager writes anew with a certificate (by its
annotation ``inject-ca-from``, or as ``ca.crt`` beside it) holds one authority at a time and follows by itself: it cannot be made ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from tfdash.model.cert_manager import Bundle, BundleSource, Certificate
from tfdash.model.certificates import ALSO, CertificateFacts, HeldCertificate, Role
from tfdash.model.subject import Key
from tfdash.playbook.certificates.generations import Pair, issued
from tfdash.playbook.certificates.links import KEPT_IN
from tfdash.playbook.certificates.policy import CertificatesPolicy
from tfdash.playbook.seen import Look, Relation
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.staleness import Unread


def _trusts(held: HeldCertificate) -> tuple[str, ...]:
    """Of a TLS Secret the ``ca.crt`` comes and goes with its certificate: nobody adds to it."""
    return ("",) if held.role is Role.ANCHORS and held.of != "Secret" else ()


ANCHORS = Relation(HeldCertificate, _trusts)
"""All, under ""."""
BUNDLES = Relation(Bundle, lambda bundle: ("",))


class Anchors(NamedTuple):
    """What one place trusts. ``unread``: why not all of it is known, "" where it is. ``follows``: the Certificate that it is written anew with, "" none.
    ``takes``: the Secret of an authority that it takes its anchors from, as they stand there."""

    where: str
    found: tuple[CertificateFacts, ...] = ()
    unread: str = ""
    follows: str = ""
    takes: tuple[Key, ...] = ()

    def has(self, pairs: Iterable[Pair]) -> bool:
        wanted = set(pairs)
        return any((c.subject, c.subject_key) in wanted for c in self.found if c.is_ca)

    def names(self, subjects: Iterable[str]) -> bool:
        wanted = set(subjects)
        return any(c.subject in wanted for c in self.found if c.is_ca)


class TrustPlaces(NamedTuple):
    """All places; ``unread``: why there may be more. ``apart``: those that cannot be read, and trust none of ours by the settings."""

    places: tuple[Anchors, ...]
    unread: tuple[str, ...]
    apart: tuple[str, ...] = ()


def trust_of(look: Look, policy: CertificatesPolicy) -> TrustPlaces:
    unread = []
    held, bundles = look.seen(ANCHORS, ""), look.seen(BUNDLES, "")
    if isinstance(held, Unread):
        unread.append(f"what webhooks and ConfigMaps trust is not known: {held.cause}")
        held = ()
    elif why := look.lacking(HeldCertificate):
        unread.append(f"not all that webhooks and ConfigMaps trust is known: {why}")
    if isinstance(bundles, Unread):
        unread.append(f"Bundles are not known: {bundles.cause}")
        bundles = ()
    places, targets = [], set[Key]()
    for bundle in bundles:
        copies = [h for h in held if _is_target(bundle, h)]
        targets |= {Key(h.namespace, h.name) for h in copies}
        places.append(_of_bundle(look, bundle, copies, policy.bundle_sources_in))
    rest = (h for h in held if Key(h.namespace, h.name) not in targets)
    places += [Anchors(h.where, h.bundle, shorten(h.odd[0]) if h.odd else "", h.follows) for h in rest]
    apart = [p for p in places if p.unread and _is_apart(p, policy.trusts_none)]
    kept = tuple(p for p in places if p not in apart) if apart else tuple(places)
    return TrustPlaces(kept, tuple(unread), tuple(p.where for p in apart))


def _is_apart(place: Anchors, patterns: Iterable[str]) -> bool:
    called = place.where.partition(ALSO)[0]
    return any(fnmatchcase(called, pattern) for pattern in patterns)


def _is_target(bundle: Bundle, held: HeldCertificate) -> bool:
    return (
        held.of == "ConfigMap"
        and held.called == bundle.name
        and bool(bundle.config_map_key)
        and held.name == f"ConfigMap/{bundle.name}/{bundle.config_map_key}"
    )


def _of_bundle(look: Look, bundle: Bundle, copies: list[HeldCertificate], space: str) -> Anchors:
    where = f"Bundle {bundle.name}"
    sources = [_of_source(look, source, space) for source in bundle.sources]
    takes = tuple(
        Key(space, s.name)
        for s in bundle.sources
        if s.of == "Secret" and look.some(KEPT_IN, Key(space, s.name))
    )
    unsynced = "" if bundle.synced == "True" else "trust-manager has not written it everywhere"
    if copies:
        # of several copies each must have it
        odd = next((h.odd[0] for h in copies if h.odd), "")
        alike = [c for c in copies[0].bundle if all(c in h.bundle for h in copies[1:])]
        return Anchors(where, tuple(alike), unsynced or shorten(odd), "", takes)
    unread = next((why for _, why in sources if why), "")
    return Anchors(where, tuple(c for found, _ in sources for c in found), unread or unsynced, "", takes)


def _of_source(look: Look, source: BundleSource, space: str) -> tuple[tuple[CertificateFacts, ...], str]:
    """What it brings, and why that is not known."""
    if source.of == "inline":
        return source.written, shorten(source.odd[0]) if source.odd else ""
    if source.of == "defaults":
        return (), ""  # public authorities, of which none is kept here
    if not source.of:
        return (), "a source of it names several objects, or is of a kind that is not known here"
    if source.of == "Secret":
        for certificate in look.some(KEPT_IN, Key(space, source.name)):
            found = _of_certificate(look, certificate, source.key)
            if found is not None:
                return (found,), ""
    key = Key(space, f"{source.of}/{source.name}/{source.key}")
    for name in (key, Key(space, f"{source.of}/{source.name}")):
        held = look.maybe(HeldCertificate, name)
        if held is not None and (name == key or source.key == "tls.crt"):
            return held.bundle, shorten(held.odd[0]) if held.odd else ""
    return (), f"{source.of} {space}/{source.name}, from which it takes {source.key}, is not read"


def _of_certificate(look: Look, certificate: Certificate, key: str) -> CertificateFacts | None:
    """What its Secret has under that key: of a root both are the same."""
    found = issued(look, certificate)
    if found is None or key == "tls.crt":
        return found
    return found if key == "ca.crt" and found.self_signed else None


def places_of(places: Iterable[Anchors], subjects: Iterable[str]) -> Iterator[Anchors]:
    """Those that concern authorities of these subjects, or may."""
    wanted = frozenset(subjects)
    yield from (p for p in places if p.unread or p.names(wanted))
