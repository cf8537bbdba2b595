"""What exporters of certificates say, in their own format: names and labels are those of x509-certificate-exporter (v3 pkg internal/collector.go;
v4 docs/metrics.md), cert-manager (pkg/metrics), blackbox exporter (prober/) and the kubelet (cmd/kubelet, pkg/kubelet/certificate)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tfdash.demo.prometheus.series import NAME, Series

DAY = 86_400.0
_LINE = re.compile(r"([a-z0-9_]+)\{(.*)\} (\S+)")
_LABEL = re.compile(r'([A-Za-z_0-9]+)="((?:[^"\\]|\\.)*)"')


def _labels(**labels: str) -> str:
    return ",".join(f'{k}="{v}"' for k, v in labels.items())


def x509(now: float) -> str:
    """Version 3: a Secret with its chain, one whose authority lies beside it, a ConfigMap, a file and a kubeconfig; version 4 tells no beginning."""
    shop = {"secret_namespace": "shop", "secret_name": "web-tls", "secret_key": "tls.crt"}
    found = [
        (1, 60, "web.example.com", "R10", shop),
        (2, 400, "R10", "ISRG Root X1", shop),
        (3, 900, "a root", "a root", {**shop, "secret_key": "ca.crt"}),
        (4, 20, "old.example.com", "R10", {**shop, "secret_name": "old-tls"}),
        (
            5,
            300,
            "kube-apiserver",
            "kubernetes",
            {"filename": "apiserver.crt", "filepath": "/etc/kubernetes/pki/apiserver.crt"},
        ),
        (
            6,
            200,
            "admin",
            "kubernetes",
            {
                "filename": "admin.conf",
                "filepath": "/etc/kubernetes/admin.conf",
                "embedded_kind": "user",
                "embedded_key": "admin",
            },
        ),
    ]
    lines = []
    for name in ("x509_cert_not_before", "x509_cert_not_after"):
        lines.append(f"# TYPE {name} gauge")
        for serial, ends, subject, issuer, where in found:
            value = now + ends * DAY if name.endswith("after") else now - 30 * DAY
            lines.append(
                f"{name}{{{_labels(serial_number=str(serial), issuer_CN=issuer, subject_CN=subject, subject_O='', **where)}}} {value!r}"
            )
    four = _labels(
        serial_number="30", subject_CN="v4", issuer_CN="R10", configmap_namespace="shop", configmap_name="roots", configmap_key="ca.pem",
        filename="", secret_name="",
    )  # fmt: skip
    return "\n".join([*lines, f"x509_cert_not_after{{{four}}} {now + 500 * DAY!r}", ""])


def manager(now: float) -> str:
    lines = []
    for name, ends, ready in (("web", 60, "True"), ("fails", 2, "False"), ("new", 0, "Unknown")):
        who = dict(
            issuer_group="cert-manager.io",
            issuer_kind="ClusterIssuer",
            issuer_name="letsencrypt",
            name=name,
            namespace="shop",
        )
        end = now + ends * DAY if ends else 0.0
        lines.append(f"certmanager_certificate_expiration_timestamp_seconds{{{_labels(**who)}}} {end!r}")
        renewal = now + (ends - 30) * DAY if ends else 0.0
        lines.append(f"certmanager_certificate_renewal_timestamp_seconds{{{_labels(**who)}}} {renewal!r}")
        lines += [
            f"certmanager_certificate_ready_status{{{_labels(condition=c, **who)}}} {float(c == ready)!r}"
            for c in ("True", "False", "Unknown")
        ]
    return "\n".join([*lines, ""])


def blackbox(now: float, *, trusted: bool = True) -> str:
    info = _labels(
        fingerprint_sha256="ab12",
        issuer="CN=R10",
        serialnumber="ff",
        subject="CN=probed",
        subjectalternative="probed",
    )
    chain = now + 50 * DAY if trusted else -62135596800.0
    return (
        f"probe_ssl_earliest_cert_expiry{{}} {now + 40 * DAY!r}\n"
        f"probe_ssl_last_chain_expiry_timestamp_seconds{{}} {chain!r}\nprobe_ssl_last_chain_info{{{info}}} 1.0\n"
    )


def kubelet(now: float, *, renews: float = 0.0) -> str:
    return (
        f"kubelet_certificate_manager_client_ttl_seconds{{}} {200 * DAY!r}\n"
        "kubelet_certificate_manager_server_ttl_seconds{} +Inf\n"
        f"kubelet_certificate_manager_client_expiration_renew_errors{{}} {renews!r}\n"
    )


def scraped(text: str, times: list[float], **target: str) -> list[Series]:
    """As a Prometheus has it that scraped ``text`` at these times (epoch seconds)."""
    found = []
    for name, labels, value in _LINE.findall(text):
        own = {k: v for k, v in _LABEL.findall(labels) if v}
        mine: Mapping[str, str] = {
            **{f"exported_{k}" if k in target else k: v for k, v in own.items()},
            **target,
        }
        found.append(
            Series({NAME: name, **mine}, [round(at * 1000) for at in times], [float(value)] * len(times))
        )
    return found
