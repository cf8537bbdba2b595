"""Certificates for tests: authorities, leaves and what is wrong with them, and a TLS server that serves any chain."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

DAY = 86_400.0
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Issued(NamedTuple):
    """A certificate with its key; ``chain``: what its server sends after it, its issuer first."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        """The certificate and its chain."""
        return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (self.certificate, *self.chain))

    @property
    def own_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def serial(self) -> str:
        told = f"{self.certificate.serial_number:X}"
        return told if len(told) % 2 == 0 else f"0{told}"


def issue(
    name: str,
    by: Issued | None = None,
    *,
    names: Sequence[str] = (),
    begins: float = -10 * DAY,
    ends: float = 80 * DAY,
    now: float | None = None,
    ca: bool = False,
    key: Key | None = None,
    serial: int | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> Issued:
    """Signed ``by`` that one, or by its own key; ``begins`` and ``ends`` are seconds from ``now`` (None: the machine's)."""
    at = (
        datetime.datetime.now(datetime.UTC)
        if now is None
        else datetime.datetime.fromtimestamp(now, datetime.UTC)
    )
    own = ec.generate_private_key(ec.SECP256R1()) if key is None else key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = own if by is None else by.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(at + datetime.timedelta(seconds=begins))
        .not_valid_after(at + datetime.timedelta(seconds=ends))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general(n) for n in names]), critical=False
        )
    signed = builder.sign(signer, digest or hashes.SHA256())
    chain = (
        () if by is None or by.certificate.issuer == by.certificate.subject else (by.certificate, *by.chain)
    )
    return Issued(signed, own, chain)


def _general(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    if name.startswith("DNS:"):
        return x509.DNSName(name.removeprefix("DNS:"))
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def server_context(issued: Issued, *, weak: bool = False) -> ssl.SSLContext:
    """A server's, with what it serves already read: a file that is written anew changes nothing. ``weak``: with keys and ciphers that
    nobody should use."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if weak:
        made.set_ciphers("ALL:@SECLEVEL=0")
    with tempfile.NamedTemporaryFile() as file:
        file.write(issued.pem + issued.key_pem)
        file.flush()
        made.load_cert_chain(file.name)
    return made


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of this machine behind which each connection is handed to ``serve``, and is closed after it."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # or accept would go on waiting


def tls(made: ssl.SSLContext, seen: list[str | None] | None = None) -> Callable[[socket.socket], None]:
    """Serve TLS and wait for the client to go. ``seen`` gets the name that each client asked for."""
    if seen is not None:
        made.sni_callback = lambda _, name, __: seen.append(name)

    def serve(connection: socket.socket) -> None:
        with made.wrap_socket(connection, server_side=True) as spoken:
            spoken.recv(1)

    return serve
