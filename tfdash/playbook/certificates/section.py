"""The line of the certificates. Issuers and bundles stand on lists of their own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tfdash.model.cert_manager import Bundle, Certificate, ClusterIssuer, Issuer
from tfdash.model.certificates import HeldCertificate, ServedCertificate
from tfdash.model.dated_rules import OF_CERTIFICATES
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.section import Findings, Reading, Section, worst_of

_LISTS = {Issuer.KIND: "issuers", ClusterIssuer.KIND: "clusterissuers", Bundle.KIND: "bundles"}
"""Where what has no row on the page of certificates stands."""


def read(findings: Findings) -> Reading:
    verdicts = findings.by_rule(*OF_CERTIFICATES)
    if not verdicts:
        return Reading(Level.IDLE, "none are kept here")
    reading = worst_of(verdicts, "all are renewed in time", "in order")._replace(sentence=_counted(verdicts))
    placed = (
        msgspec.structs.replace(f, page=_LISTS.get(f.subject.kind, "")) if f.subject is not None else f
        for f in reading.findings
    )
    of = reading.subject.kind if reading.subject is not None else ""
    return reading._replace(findings=tuple(placed), target=_LISTS.get(of, ""))


def _counted(verdicts: Iterable[Verdict]) -> str:
    """``6 of 9 certificates in order, 2 under way, 1 of 4 issuers and bundles is not``: each counted once, whatever several rules say of
    it. What is under way is not in order yet: it may wait for an issuer that there is not."""
    worst: dict[Subject, Level] = {}
    for verdict in verdicts:
        here = Level.WARN if verdict.waived else verdict.level
        worst[verdict.subject] = max(worst.get(verdict.subject, Level.IDLE), here)
    others = [level for subject, level in worst.items() if subject.kind in _LISTS]
    mine = [level for subject, level in worst.items() if subject.kind not in _LISTS]
    bad = sum(level >= Level.UNKNOWN for level in others)
    if not mine:
        return f"{_in_order(others)} issuers and bundles in order{_under_way(others)}"
    told = (
        f"{_in_order(mine)} {'certificate' if len(mine) == 1 else 'certificates'} in order{_under_way(mine)}"
    )
    return (
        f"{told}, {bad} of {len(others)} issuers and bundles {'is' if bad == 1 else 'are'} not"
        if bad
        else told
    )


def _in_order(levels: list[Level]) -> str:
    return f"{sum(level < Level.UNKNOWN and level is not Level.MOVING for level in levels)} of {len(levels)}"


def _under_way(levels: list[Level]) -> str:
    moving = levels.count(Level.MOVING)
    return f", {moving} under way" if moving else ""


SECTION = Section(
    "certificates",
    "Certificates",
    "certificates",
    read,
    uses=(Certificate, Issuer, ClusterIssuer, Bundle, ServedCertificate, HeldCertificate),
    rules=OF_CERTIFICATES,
    noun="certificate",
)
