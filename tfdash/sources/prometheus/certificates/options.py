"""[metrics.certificates]: which series tell of certificates, as their exporters name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from tfdash.setting import Between, Note, Seconds, SettingsTable, Spelled
from tfdash.sources.prometheus.selector import SeriesSelector, parse_selector
from tfdash.sources.prometheus.usage.options import selector_text


def _plain(value: Any) -> str:
    wrong = "holds a placeholder; all are asked for at once, so remove it"
    return selector_text(value, "x509_cert_not_after", set(), wrong)


Told = Annotated[str, Spelled(_plain, str)]


@dataclass(frozen=True)
class CertificateSeries(SettingsTable):
    """Certificates of which exporters tell, where no better source shows them: x509-certificate-exporter, cert-manager, blackbox exporter, kubelets; "": not asked for"""

    enabled: bool = True
    every: Annotated[Seconds, Between(15, 86_400, seconds=True)] = 300.0
    remembered: Annotated[
        Seconds,
        Between(60, 7 * 86_400, seconds=True),
        Note("how long one of which nobody tells any more is still said, as not known"),
    ] = 86_400.0
    exporter_not_after: Told = "x509_cert_not_after"
    exporter_not_before: Annotated[Told, Note("its version 4 tells it only when it is told to")] = (
        "x509_cert_not_before"
    )
    manager_not_after: Told = "certmanager_certificate_expiration_timestamp_seconds"
    manager_renewal: Told = "certmanager_certificate_renewal_timestamp_seconds"
    manager_ready: Told = "certmanager_certificate_ready_status"
    probe_earliest: Annotated[Told, Note("the first end of all that is sent")] = (
        "probe_ssl_earliest_cert_expiry"
    )
    probe_chain: Annotated[Told, Note("the end of the chain that the prober trusts")] = (
        "probe_ssl_last_chain_expiry_timestamp_seconds"
    )
    probe_info: Told = "probe_ssl_last_chain_info"
    kubelet_client: Annotated[Told, Note("seconds until it ends; from Kubernetes 1.18 on")] = (
        "kubelet_certificate_manager_client_ttl_seconds"
    )
    kubelet_client_end: Annotated[Told, Note("when it ends; before Kubernetes 1.18")] = (
        "kubelet_certificate_manager_client_expiration_seconds"
    )
    kubelet_server: Told = "kubelet_certificate_manager_server_ttl_seconds"
    kubelet_client_errors: Told = "kubelet_certificate_manager_client_expiration_renew_errors"
    kubelet_server_errors: Told = "kubelet_server_expiration_renew_errors"

    def selector(self, role: str) -> SeriesSelector | None:
        """None where that is not asked for. Written out, so that a setting that nothing reads is found."""
        text: str = {
            "exporter_not_after": self.exporter_not_after,
            "exporter_not_before": self.exporter_not_before,
            "manager_not_after": self.manager_not_after,
            "manager_renewal": self.manager_renewal,
            "manager_ready": self.manager_ready,
            "probe_earliest": self.probe_earliest,
            "probe_chain": self.probe_chain,
            "probe_info": self.probe_info,
            "kubelet_client": self.kubelet_client,
            "kubelet_client_end": self.kubelet_client_end,
            "kubelet_server": self.kubelet_server,
            "kubelet_client_errors": self.kubelet_client_errors,
            "kubelet_server_errors": self.kubelet_server_errors,
        }[role]
        return parse_selector(text) if text else None
