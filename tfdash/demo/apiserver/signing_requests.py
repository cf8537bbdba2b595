"""CertificateSigningRequests: the server itself writes who made one into its ``spec``, and lets nobody change that afterwards.

They are made, read and removed; nobody here approves or signs one, so that the subresources for it are not served.
"""

from __future__ import annotations

import base64
import binascii

from tfdash.demo.apiserver.auth import User
from tfdash.demo.apiserver.objects import Obj

STORAGE = "certificatesigningrequests.certificates.k8s.io"
_STAMPED = ("username", "uid", "groups", "extra")
_NO_REQUEST = "PEM block type must be CERTIFICATE REQUEST"
_NO_SIGNER = (
    "must be a fully qualified domain and path of the form 'example.com/signer-name'"  # at least one "/"
)


def stamped(obj: Obj, user: User) -> Obj:
    """A new one as it is kept: whatever the sender said of who they are is overwritten."""
    spec = {k: v for k, v in (obj.get("spec") or {}).items() if k not in _STAMPED}
    return {**obj, "spec": {**spec, **user.document()}, "status": {}}


def unchanged(before: Obj, after: Obj) -> Obj:
    """``after`` with what a change leaves as it was: all but the metadata."""
    return {**after, "spec": before["spec"], "status": before.get("status", {})}


def why_no_request(text: str) -> str:
    """What is wrong with the certificate request in ``text`` (base64 of PEM), "" where nothing is. Raises ``TypeError`` for no base64."""
    from cryptography import x509

    try:
        pem = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise TypeError(f"illegal base64 data: {error}") from None
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in pem:
        return _NO_REQUEST
    try:
        found = x509.load_pem_x509_csr(pem)
    except ValueError:
        return _NO_REQUEST
    return "" if found.is_signature_valid else "x509: signature verification failed"


def why_no_signer(name: str) -> str:
    domain, _, path = name.partition("/")
    return "" if path and "." in domain else _NO_SIGNER
