"""Certificates of one run: its authority and API servers', by the machine's clock, and whatever the simulated platform issues, by its own."""

from __future__ import annotations

import datetime
import ipaddress
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tfdash.demo.options import AUTHORITY

_DAY = 86_400.0
_LASTS = 30 * _DAY
_SIGNS = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


class Certificates(NamedTuple):
    """Paths of PEM files; the key can be read by its owner alone."""

    authority: Path
    certificate: Path
    key: Path


class Issued(NamedTuple):
    """A certificate, its key, and who signed it (None: itself)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    by: Issued | None = None

    @property
    def pem(self) -> bytes:
        """As it is served: after it whoever signed it, but for a root, which clients have."""
        own = self.certificate.public_bytes(serialization.Encoding.PEM)
        return own + (self.by.pem if self.by is not None and self.by.by is not None else b"")

    @property
    def root(self) -> Issued:
        """Who stands above all of its chain."""
        return self if self.by is None else self.by.root

    def is_by(self, authority: Issued) -> bool:
        """Whether that one signed it, or one above it."""
        return self.by is not None and (
            self.by.certificate == authority.certificate or self.by.is_by(authority)
        )

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def new_key() -> ec.EllipticCurvePrivateKey:
    """On the curve P-256: its making takes less than a tenth of a millisecond."""
    return ec.generate_private_key(ec.SECP256R1())


def key_of(number: int) -> ec.EllipticCurvePrivateKey:
    """The same for the same ``number`` of at most 255 bits, which is no secret: of the simulated world alone."""
    return ec.derive_private_key(number, ec.SECP256R1())


def issue(
    subject: str,
    begins: float,
    ends: float,
    by: Issued | None = None,
    *,
    names: Sequence[str] = (),
    authority: bool = False,
    key: ec.EllipticCurvePrivateKey | None = None,
    serial: int | None = None,
) -> Issued:
    """Valid from ``begins`` to ``ends`` (epoch seconds), signed ``by`` that one or by itself. ``names``: of hosts and addresses."""
    own = key or new_key()
    signer = own if by is None else by.key
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else [])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if by is None else by.certificate.subject)
        .public_key(own.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(int(begins), datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(int(ends), datetime.UTC))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    if by is not None:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        built = built.add_extension(above, critical=False)
    if authority:
        built = built.add_extension(_SIGNS, critical=True)
    else:
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if names:
        # where there is no subject the names are critical (RFC 5280, 4.2.1.6)
        given = x509.SubjectAlternativeName([_general(n) for n in names])
        built = built.add_extension(given, critical=not subject)
    try:
        signed = built.sign(signer, hashes.SHA256(), ecdsa_deterministic=True)  # RFC 6979
    except UnsupportedAlgorithm:  # by an OpenSSL before 3.2: another signature each time
        signed = built.sign(signer, hashes.SHA256())
    return Issued(signed, own, by)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def make(folder: Path) -> Certificates:
    """Write a new authority's certificate, and a server's for 127.0.0.1 and localhost, into ``folder``."""
    begins = time.time() - 3600.0
    ends = begins + _LASTS
    authority = issue(AUTHORITY, begins, ends, authority=True)
    names = ("localhost", "127.0.0.1", "::1")
    server = issue("tfdash demo API server", begins, ends, authority, names=names)
    made = Certificates(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    made.authority.write_bytes(authority.pem)
    made.certificate.write_bytes(server.pem)
    made.key.touch(mode=0o600)
    made.key.write_bytes(server.key_pem)
    return made
