"""The line of the certificates. Issuers and bundles stand on lists of their own."""

from __future__ import annotations

import msgspec

from tfdash.model.cert_manager import Bundle, Certificate, ClusterIssuer, Issuer
from tfdash.model.certificates import HeldCertificate, ServedCertificate
from tfdash.model.verdict import Level
from tfdash.playbook.certificates import held, issuer, managed, mounted, rotating, served
from tfdash.playbook.section import Findings, Reading, Section, worst_of

OF_CERTIFICATES = (managed.ID, issuer.ID, mounted.ID, served.ID, held.ID, rotating.ID)
"""The rules whose words it reads."""
_LISTS = {Issuer.KIND: "issuers", ClusterIssuer.KIND: "clusterissuers", Bundle.KIND: "bundles"}
"""Where what has no row on the page of certificates stands."""


def read(findings: Findings) -> Reading:
    verdicts = findings.by_rule(*OF_CERTIFICATES)
    if not verdicts:
        return Reading(Level.IDLE, "none are kept here")
    reading = worst_of(verdicts, "all are renewed in time", "in order")
    placed = (
        msgspec.structs.replace(f, page=_LISTS.get(f.subject.kind, "")) if f.subject is not None else f
        for f in reading.findings
    )
    of = reading.subject.kind if reading.subject is not None else ""
    return reading._replace(findings=tuple(placed), target=_LISTS.get(of, ""))


SECTION = Section(
    "certificates",
    "Certificates",
    "certificates",
    read,
    uses=(Certificate, Issuer, ClusterIssuer, Bundle, ServedCertificate, HeldCertificate),
    rules=OF_CERTIFICATES,
)
