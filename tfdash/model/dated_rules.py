"""The ids of the rules of certificates and of versions of Kubernetes, as ``resource_rules`` has those of resources. Whether a version may go to
production, and how it soaks, is told by two more, which nobody waives: the playbook has its own way for these."""

from __future__ import annotations

MANAGED = "certificates.managed"
ISSUER = "certificates.issuer"
MOUNTED = "certificates.mounted"
SERVED = "certificates.served"
HELD = "certificates.held"
ROTATION = "certificates.rotation"
TOLD = "certificates.told"
SUPPORT = "versions.support"
SKEW = "versions.skew"
PATCH = "versions.patch"
REMOVED = "versions.removed"
HELM = "versions.helm"

OF_CERTIFICATES = (MANAGED, ISSUER, MOUNTED, SERVED, HELD, ROTATION, TOLD)
OF_VERSIONS = (SUPPORT, SKEW, PATCH, REMOVED, HELM)
"""Of what runs in a cluster."""
