"""As ``kube``: X.509 certificates, as they are served, held and kept. Times are epoch seconds (UTC)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from tfdash.model.kube import Object
from tfdash.nouns import counted

CERTIFICATE_PAGES = ("certificates", "calendar")  # what rests on sources of certificates


class CertificateFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one certificate says of itself. Texts are safe to show; digests and the serial are hexadecimal, upper case.

    ``names``: of the server it speaks for, DNS names and addresses, in lower case; ``others``: URIs and mail addresses.
    ``subject`` and ``issuer`` by RFC 4514. ``key_id``: SHA-256 of its SubjectPublicKeyInfo (RFC 7469, in hexadecimal), so that a key that was kept is known
    again; "" of a key that cannot be read. ``subject_key`` and ``authority_key``: the identifiers by which a certificate names its own
    key and its issuer's, "" where it does not. ``self_signed``: its own key signed it.
    """

    serial: str
    subject: str
    issuer: str
    not_before: float
    not_after: float
    fingerprint: str  # SHA-256 of the whole
    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    is_ca: bool = False
    self_signed: bool = False
    key_id: str = ""
    subject_key: str = ""
    authority_key: str = ""

    @property
    def lifetime(self) -> float:
        return max(0.0, self.not_after - self.not_before)

    def left(self, now: float) -> float:
        """The share of its lifetime that is still to come: 1 before it begins, 0 once it has ended."""
        if not self.lifetime:
            return 0.0
        return min(1.0, max(0.0, (self.not_after - now) / self.lifetime))

    @property
    def rank(self) -> str:
        """What it is in a chain."""
        if not self.is_ca:
            return "certificate"
        return "root" if self.self_signed else "intermediate"

    @property
    def called(self) -> str:
        """By what it is known: its first name, else its subject."""
        return next(iter((*self.names, *self.others)), "") or self.subject or f"serial {self.serial}"


class Contact(StrEnum):
    """What came of the last look at an address: only ``SERVED`` shows a certificate. Each is said as it stands here."""

    SERVED = "serves a certificate"
    NO_HOST = "no address is found for its name"
    NO_WAY = "no network leads there"
    NOT_ASKED = "nothing is asked there"  # a cloud's metadata, a link-local address
    REFUSED = "connection refused"
    TIMEOUT = "no answer in time"
    RESET = "it ends the connection during the handshake"
    NOT_TLS = "TLS is not spoken there"
    HANDSHAKE = "it refuses the handshake"
    UNREADABLE = "its certificate cannot be read"
    FAULT = "it was not looked at"


class Trust(StrEnum):
    """Why OpenSSL does not trust a chain whose dates are left aside; ``SURE`` where it does. The rule judges the dates: they pass."""

    SURE = "trusted"
    SELF_SIGNED = "it is signed by its own key, which nobody vouches for"
    UNKNOWN_ROOT = "the root of its chain is not trusted here"
    INCOMPLETE = "its issuer is neither sent with it nor trusted here"
    WEAK = "a key or a signature of its chain is too weak"
    NO_SIGNATURE = "a signature of its chain does not hold"
    NO_CA = "a certificate of its chain may not sign others"
    WRONG_PURPOSE = "it is not meant for a server"
    OTHER = "its chain does not hold"


class ServedCertificate(Object, frozen=True, gc=False, kw_only=True):
    """What one address serves; its key is ("", ``name``), the address as it is named in the settings.

    ``asked``: the name that is expected, "" where an address was. ``chain``: what it sent when it was last seen to serve, ``seen_at``, its own
    certificate first; it outlives a failure, of which ``answer`` and ``said`` (its words, may be "") tell. ``looked_at``: the last look.
    ``fits``: ``asked`` is one of its names. ``code``: OpenSSL's first word against the chain, 0 none. ``lowered``: it answered only once
    old protocols and weak keys were allowed. ``same_key``: the one that it served before had the key of this one. ``of``: "" for an address of the settings, else whose it is ("API server").
    ``beside``: fingerprints of what it sent and what nobody needs who trusts as we do: their way to a root is another one.
    """

    KIND: ClassVar[str] = "ServedCertificate"

    asked: str = ""
    answer: Contact = Contact.SERVED
    said: str = ""
    looked_at: float = 0.0
    seen_at: float = 0.0
    chain: tuple[CertificateFacts, ...] = ()
    protocol: str = ""  # "TLSv1.3"
    lowered: bool = False
    fits: bool = True
    trust: Trust = Trust.SURE
    code: int = 0
    same_key: bool = False
    of: str = ""
    beside: tuple[str, ...] = ()

    @property
    def leaf(self) -> CertificateFacts | None:
        """Its own certificate, None where it was never seen."""
        return self.chain[0] if self.chain else None


class Role(StrEnum):
    """What certificates that lie somewhere are there for."""

    ANCHORS = (
        "trusts"  # one of them that is valid is enough: in a rotation the old and the new stand side by side
    )
    SHOWN = "shows"  # the first is what is shown to others, the rest its chain


ALSO = " and in "
"""Before what is said of others that are alike."""


class HeldCertificate(Object, frozen=True, gc=False, kw_only=True):
    """Certificates that lie in an object, or in our kubeconfig. Its key is (namespace, "KIND/name"), or the like where several lie in one.

    ``of`` and ``called``: kind and name of the holder. ``follows``: "namespace/name" of the Certificate of which cert-manager writes its anchors,
    "" where none is named. ``bundle`` in its order; ``odd``: a sentence for each piece that cannot be
    read. ``also``: in how many other namespaces one of its name holds the very same. No key is ever in it: it is left out where the
    answer is decoded.
    """

    KIND: ClassVar[str] = "HeldCertificate"

    of: str
    called: str
    role: Role
    bundle: tuple[CertificateFacts, ...] = ()
    odd: tuple[str, ...] = ()
    follows: str = ""
    also: int = 0

    @property
    def where(self) -> str:
        """``Secret shop/web-tls``, with which of several lie in it."""
        inside = f"{self.namespace}/" if self.namespace else ""
        more = f"{ALSO}{counted(self.also, 'other namespace')}" if self.also else ""
        return f"{self.of} {inside}{self.name.removeprefix(f'{self.of}/')}{more}"

    @property
    def decisive(self) -> CertificateFacts | None:
        """The one whose end is that of the whole: the first that is shown, the last of those that are trusted."""
        if not self.bundle:
            return None
        if self.role is Role.SHOWN:
            return self.bundle[0]
        return max(self.bundle, key=lambda c: c.not_after)


class ToldOne(msgspec.Struct, frozen=True, gc=False):
    """One certificate as an exporter tells of it. ``not_before`` None: it tells no beginning; texts "" where it tells none."""

    not_after: float
    not_before: float | None = None
    subject: str = ""
    issuer: str = ""
    serial: str = ""

    @property
    def lifetime(self) -> float | None:
        return None if self.not_before is None else max(0.0, self.not_after - self.not_before)

    @property
    def self_signed(self) -> bool:
        return bool(self.subject) and self.subject == self.issuer


class ToldCertificate(Object, frozen=True, gc=False, kw_only=True):
    """What the metrics of an exporter tell of the certificates in one place, which nobody here has seen. Its key is (namespace, "OF/called"), with
    ``inside``, which of several lie in it, behind.

    ``by``: the exporter. ``of``: "Secret", "ConfigMap", "Certificate", "file", "address", "kubelet". ``bundle``: its own first, () where it is
    told of and no end is. ``renews``: from when, and ``ready``: "True", "False" or "Unknown", where a manager says so; ``failed``: renewals that failed
    in the last hour. ``at``: the scrape; from ``current_until`` on it is not known any more; ``since``: when this end was seen first. ``why``: why
    nothing is known at all.
    """

    KIND: ClassVar[str] = "ToldCertificate"

    by: str
    of: str
    called: str
    inside: str = ""
    role: Role = Role.SHOWN
    bundle: tuple[ToldOne, ...] = ()
    renews: float | None = None
    ready: str = ""
    failed: float = 0.0
    at: float = 0.0
    current_until: float = 0.0
    since: float = 0.0
    why: str = ""

    @property
    def where(self) -> str:
        """``Secret shop/web-tls``, with which of several lie in it."""
        space = f"{self.namespace}/" if self.namespace else ""
        inside = f"/{self.inside}" if self.inside else ""
        return f"{self.of} {space}{self.called}{inside}"

    @property
    def decisive(self) -> ToldOne | None:
        """As of ``HeldCertificate``."""
        if not self.bundle:
            return None
        if self.role is Role.SHOWN:
            return self.bundle[0]
        return max(self.bundle, key=lambda c: c.not_after)
