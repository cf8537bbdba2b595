"""As ``kube``: X.509 certificates, as they are served, held and kept. Times are epoch seconds (UTC)."""

from __future__ import annotations

import msgspec


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
    def called(self) -> str:
        """By what it is known: its first name, else its subject."""
        return next(iter((*self.names, *self.others)), "") or self.subject or f"serial {self.serial}"
