"""The TLS of one access: whom we trust and what we show, without ever asking the terminal."""

from __future__ import annotations

import re
import ssl
import tempfile

from tfdash.sources.kubernetes.kubeconfig import Access

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class Unusable(Exception):
    """A certificate or a key that cannot be used: one sentence, and what helps."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.remedy = remedy


class _Locked(Exception):
    """OpenSSL asked for a passphrase."""


class _Named(ssl.SSLContext):
    """Expects the server to be ``server_name``, whatever host was asked for: behind an HTTP proxy httpcore knows no other way."""

    server_name = ""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.server_name or server_hostname, session)


def context_of(access: Access) -> ssl.SSLContext:
    """As ``access`` says, its tls-server-name too; the certificate is shown where it has one. 20 ms. Raises ``Unusable``."""
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = access.tls_server_name
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif access.ca is not None:
        _trust(context, access.ca)
    elif access.tls_server_name:
        context.load_default_certs()
    else:
        return ssl.create_default_context()
    return context


def _trust(context: ssl.SSLContext, pem: bytes) -> None:
    """What stands between the certificates, such as names in any encoding, is no part of them."""
    found = b"\n".join(_CERTIFICATE.findall(pem))
    try:
        if not found:
            raise ValueError
        context.load_verify_locations(cadata=found.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise Unusable(
            "certificate-authority holds no certificate that can be read",
            "name a file with PEM certificates in it (-----BEGIN CERTIFICATE-----)",
        ) from None


def load_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Have ``context`` show it. Raises ``Unusable``.

    The standard library takes files only: one that is readable to us alone, and gone at once.
    """
    with tempfile.NamedTemporaryFile(prefix="tfdash-") as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        try:
            context.load_cert_chain(file.name, password=_nobody_to_ask)
        except _Locked:
            raise Unusable(
                "client-key is locked by a passphrase, which nobody is asked for",
                "unlock it into a file of its own (openssl pkey -in KEY -out NEW) and name that, or use an exec plug-in",
            ) from None
        except (ssl.SSLError, ValueError) as error:
            apart = getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
            what = "do not belong together" if apart else "cannot be read as PEM"
            raise Unusable(
                f"client-certificate and client-key {what}", "check both in the kubeconfig"
            ) from None


def _nobody_to_ask() -> bytes:
    raise _Locked
