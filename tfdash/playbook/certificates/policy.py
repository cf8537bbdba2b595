"""The settings of the rules for certificates; the playbook's values stand in ``defaults/certificates.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

from tfdash.setting import Between, Note, Seconds, SettingsTable, Texts, Unfit, read, shipped

PROTOCOLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""The oldest first."""


@dataclass(frozen=True)
class CertificatesPolicy(SettingsTable, defaults="certificates.toml"):
    """When a certificate is renewed too late. Nothing here is in days: those of a day and those of a year are judged alike."""

    least_share: Annotated[
        float, Between(0, 50), Note("% of its lifetime: one that nothing renews is told when less is left")
    ]
    presumed_life: Annotated[
        Seconds,
        Between(3600, 3650 * 86_400, seconds=True),
        Note("how long one is taken to live of which an exporter tells the end alone"),
    ]
    renewal_grace: Annotated[
        Seconds,
        Between(1, 86_400, seconds=True),
        Note("how long past its time of renewal cert-manager may take to begin"),
    ]
    issuing_for: Annotated[
        Seconds,
        Between(10, 7 * 86_400, seconds=True),
        Note("how long an issuance may take before it is told"),
    ]
    backoff: Annotated[
        Seconds,
        Between(1, 7 * 86_400, seconds=True),
        Note("cert-manager's wait after a first failure, doubled with each further one"),
    ]
    longest_backoff: Annotated[Seconds, Between(1, 30 * 86_400, seconds=True), Note("its longest")]
    cluster_secrets_in: Annotated[
        str,
        Note("the namespace of the Secrets of ClusterIssuers: cert-manager's --cluster-resource-namespace"),
    ]
    bundle_sources_in: Annotated[
        str,
        Note(
            "the namespace from which Bundles take Secrets and ConfigMaps: trust-manager's --trust-namespace"
        ),
    ]
    separate: Annotated[
        Texts,
        Note(
            'authorities that follow no other though they have its namespace, names and issuer, such as "mesh/root-b": else the newer '
            "one of two is taken for the other's successor"
        ),
    ]
    trusts_none: Annotated[
        Texts,
        Note(
            'bundles that trust none of our authorities, as :rotation names them ("ConfigMap mesh/*"): where one cannot be read no '
            "rotation waits for it"
        ),
    ]
    served_grace: Annotated[
        Seconds,
        Between(1, 86_400, seconds=True),
        Note(
            "how long after a renewal an address may serve the one before: kubelets bring it within minutes"
        ),
    ]
    least_protocol: Annotated[
        Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
        Note("TLSv1 | TLSv1.1 | TLSv1.2 | TLSv1.3: what an address that is looked at must speak at least"),
    ]
    reloads: Annotated[
        Texts,
        Note('workloads that read a renewed Secret again by themselves, such as "shop/web" or "mesh/*"'),
    ]

    def __post_init__(self) -> None:
        for one in self.reloads:
            if "/" not in one and "*" not in one:
                raise Unfit("reloads", f'"{one}" names no workload; write "namespace/name"')
        if self.backoff > self.longest_backoff:
            raise Unfit("backoff", "is longer than longest_backoff, which it never becomes; write less")


@lru_cache(1)
def default_certificates_policy() -> CertificatesPolicy:
    """The playbook's values for certificates."""
    return read(CertificatesPolicy, shipped(CertificatesPolicy))
