"""What is to be seen of a certificate after it was renewed."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts
from tfdash.actions.kubernetes.patches import operations_of
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import ServedCertificate
from tfdash.playbook.certificates.renewed import SERVES_NAME, of_its_names, same
from tfdash.playbook.seen import ClusterLook, Look


def _reissued(seen: PostconditionFacts, value: str) -> bool:
    conditions = {c.get("type"): c.get("status") for c in seen.status.get("conditions") or ()}
    later = int(seen.status.get("revision") or 0) > int(value)
    return seen.same and later and conditions.get("Ready") == "True" and conditions.get("Issuing") != "True"


REISSUED = Postcondition("reissued", _reissued)
"""A revision after that of the value is issued, and ready."""


def _all_reissued(seen: PostconditionFacts, value: str) -> bool:
    cluster = seen.picture.clusters[seen.plan.subject.cluster]
    found = []
    for request in seen.plan.requests:
        one = (
            cluster.objects(Certificate.KIND).get(request.subject.key)
            if request.subject is not None
            else None
        )
        before = next((o["value"] for o in operations_of(request) if o["path"] == "/status/revision"), None)
        found.append(
            isinstance(one, Certificate)
            and (one.revision or 0) > int(before or 0)
            and one.ready == "True"
            and one.issuing is None
        )
    return bool(found) and all(found)


ALL_REISSUED = Postcondition("all-reissued", _all_reissued)
"""Each Certificate that the plan asks for has a later revision than it tested for, and is ready."""


def addresses(look: Look, certificate: Certificate) -> tuple[ServedCertificate, ...]:
    """Those that were seen to serve what is, or was, issued for its names."""
    found = {s.name: s for name in certificate.names for s in look.some(SERVES_NAME, name.lower())}
    mine = (s for s in found.values() if s.leaf is not None and of_its_names(certificate, s.leaf))
    return tuple(sorted(mine, key=lambda s: s.name))


def _all_new(served: Iterable[ServedCertificate], certificate: Certificate) -> bool:
    return all(s.leaf is not None and same(certificate, s.leaf) for s in served)


def _served(seen: PostconditionFacts, value: str) -> bool:
    at = seen.plan.subject
    look = ClusterLook(seen.picture.clusters[at.cluster])
    certificate = look.maybe(Certificate, at.key)
    if certificate is None or (certificate.revision or 0) <= int(value):
        return False
    served = addresses(look, certificate)
    return bool(served) and _all_new(served, certificate)


SERVED = Postcondition("served", _served)
"""Each address that is looked at and has its names serves the revision after that of the value."""
