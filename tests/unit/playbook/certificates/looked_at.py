"""Short ways to make what an address serves."""

from __future__ import annotations

from typing import Any

from tests.unit.playbook.certificates.kept import DAY
from tests.unit.playbook.making import NOW
from tfdash.model.certificates import CertificateFacts, ServedCertificate


def facts(**over: Any) -> CertificateFacts:
    """As ``kept.certificate`` is: of 90 days, 30 of them over."""
    given: dict[str, Any] = {
        "serial": "0ABC",
        "subject": "CN=shop.example.com",
        "issuer": "CN=R10",
        "not_before": NOW - 30 * DAY,
        "not_after": NOW + 60 * DAY,
        "fingerprint": "F0",
        "names": ("shop.example.com",),
    }
    return CertificateFacts(**(given | over))


def served(*chain: CertificateFacts, **over: Any) -> ServedCertificate:
    """Looked at just now."""
    given: dict[str, Any] = {
        "namespace": "",
        "name": "shop.example.com:443",
        "asked": "shop.example.com",
        "looked_at": NOW,
        "seen_at": NOW,
        "chain": chain or (facts(),),
        "protocol": "TLSv1.3",
    }
    return ServedCertificate(**(given | over))
