"""From DER or PEM to what a certificate says of itself. What comes from outside may be anything: each failure is one sentence.

Importing this brings cryptography (50 ms or more): only where there is something to be read.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import itertools
import re
import warnings
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning

from tfdash.model.certificates import CertificateFacts
from tfdash.text import safe

T = TypeVar("T", bound=x509.ExtensionType)
LARGEST = 100_000  # bytes of one; OpenSSL takes no longer message of certificates
MOST = 1_000  # certificates of one bundle, and names of one certificate
LARGEST_BUNDLE = 4_000_000  # bytes; a Secret or ConfigMap has 1.5 MB at most, a system's bundle 0.3
_LONGEST = 300  # characters of one name that are kept
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----")
_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE")

# odd certificates are judged, and nothing but us may write to the terminal
warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)
warnings.filterwarnings("ignore", message=".*parsed certificate.*", category=UserWarning)


class NoCertificate(ValueError):
    """It is no certificate that can be read: one sentence, safe to show."""


class PemText(NamedTuple):
    """The certificates of a PEM text in their order, and one sentence for each block of it that is none."""

    certificates: tuple[CertificateFacts, ...] = ()
    problems: tuple[str, ...] = ()


def loaded(der: bytes) -> x509.Certificate:
    """Raises ``NoCertificate``. Much of it is decoded only when asked for: ``facts_of`` asks for what it needs."""
    if len(der) > LARGEST:
        raise NoCertificate(f"it has {len(der)} bytes, and no certificate is as large")
    try:
        return x509.load_der_x509_certificate(der)
    except BaseException as error:
        raise _unreadable(error) from None


def facts_of(der: bytes) -> CertificateFacts:
    """What the certificate says. Raises ``NoCertificate``."""
    return facts(loaded(der))


def facts(found: x509.Certificate) -> CertificateFacts:
    """Raises ``NoCertificate``."""
    try:
        return _facts(found)
    except BaseException as error:
        raise _unreadable(error) from None


def bundle_of(pem: bytes) -> PemText:
    """All certificates of a text, which may have anything between them. Never raises: what is odd is among the problems."""
    if len(pem) > LARGEST_BUNDLE:
        return PemText((), (f"it has {len(pem)} bytes, and no bundle is as large",))
    read: list[CertificateFacts] = []
    odd: list[str] = []
    for number, match in enumerate(_PEM.finditer(pem), 1):
        if number > MOST:
            odd.append(f"it has more than {MOST} blocks, the rest was not read")
            break
        if match[1] not in _LABELS:
            continue  # a key may stand beside it: it is never decoded
        try:
            read.append(facts(_of_block(match[0])))
        except NoCertificate as error:
            odd.append(f"block {number}: {error}")
    if not read and not odd:
        odd.append("it holds no certificate in PEM")
    return PemText(tuple(read), tuple(odd))


def ders_of(pem: bytes) -> tuple[bytes, ...]:
    """The certificates that can be read, as DER. Raises ``ValueError`` where there is none."""
    found = []
    for match in itertools.islice(_PEM.finditer(pem[:LARGEST_BUNDLE]), MOST):
        with contextlib.suppress(NoCertificate):
            if match[1] in _LABELS:
                found.append(_of_block(match[0]).public_bytes(Encoding.DER))
    if not found:
        raise ValueError("it holds no certificate in PEM")
    return tuple(found)


def _of_block(block: bytes) -> x509.Certificate:
    if len(block) > 2 * LARGEST:
        raise NoCertificate(f"it has {len(block)} bytes, and no certificate is as large")
    try:
        return x509.load_pem_x509_certificate(block)
    except BaseException as error:
        raise _unreadable(error) from None


def _unreadable(error: BaseException) -> NoCertificate:
    """``error`` as one of ours. A parser's panic derives from BaseException alone; what is meant for others goes on."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    if isinstance(error, NoCertificate):
        return error
    said = safe(" ".join(str(error).split()))[:160]
    return NoCertificate(f"it cannot be read as a certificate ({said or type(error).__name__})")


def _facts(found: x509.Certificate) -> CertificateFacts:
    extensions = found.extensions
    names, others = _names(_extension(extensions, x509.SubjectAlternativeName))
    constraints = _extension(extensions, x509.BasicConstraints)
    own = _extension(extensions, x509.SubjectKeyIdentifier)
    authority = _extension(extensions, x509.AuthorityKeyIdentifier)
    der = found.public_bytes(Encoding.DER)
    serial = f"{found.serial_number:X}"
    return CertificateFacts(
        serial=serial if len(serial) % 2 == 0 or serial.startswith("-") else f"0{serial}",
        subject=_text(found.subject.rfc4514_string()),
        issuer=_text(found.issuer.rfc4514_string()),
        not_before=found.not_valid_before_utc.timestamp(),
        not_after=found.not_valid_after_utc.timestamp(),
        fingerprint=_digest(der),
        names=names,
        others=others,
        is_ca=constraints is not None and constraints.ca,
        self_signed=_self_signed(found),
        key_id=_key_id(found),
        subject_key="" if own is None else own.digest.hex().upper(),
        authority_key="" if authority is None else (authority.key_identifier or b"").hex().upper(),
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest().upper()


def _text(name: str) -> str:
    shown = safe(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _key_id(found: x509.Certificate) -> str:
    try:
        return _digest(found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except Exception:  # a kind of key that nobody here knows
        return ""


def _self_signed(found: x509.Certificate) -> bool:
    if found.issuer != found.subject:
        return False
    try:
        found.verify_directly_issued_by(found)
    except Exception:  # the signature of another key of that name, or of a kind that nobody here knows
        return False
    return True


def _extension(of: x509.Extensions, kind: type[T]) -> T | None:
    try:
        return of.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _names(found: x509.SubjectAlternativeName | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Hosts, and others."""
    if found is None:
        return (), ()
    hosts = [_host(n) for n in found.get_values_for_type(x509.DNSName)]
    hosts += [str(n) for n in found.get_values_for_type(x509.IPAddress)]
    others = found.get_values_for_type(x509.UniformResourceIdentifier)
    others += found.get_values_for_type(x509.RFC822Name)
    return tuple(hosts[:MOST]), tuple(_text(n) for n in others[:MOST])


def _host(name: str) -> str:
    """A DNS name. One that looks like an address speaks for none (RFC 9525, 6.5), and is told apart from those."""
    host = _text(name).lower()
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host
    return f"DNS:{host}"
