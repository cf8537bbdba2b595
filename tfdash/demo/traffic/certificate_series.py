"""What an x509-certificate-exporter tells Prometheus: of one Secret that nobody renews, filled by hand when the year began to run."""

from __future__ import annotations

from tfdash.demo.prometheus.series import NAME, Matchers, Series, matches
from tfdash.demo.traffic.history import History
from tfdash.demo.traffic.usage_series import PAST

_EVERY = 60_000  # milliseconds between two scrapes
_DAY = 86_400.0
_FIGURES = {
    "x509_cert_not_before": ("Indicates the certificate's not before timestamp", -165.0),
    "x509_cert_not_after": ("Indicates the certificate's not after timestamp", 200.0),
}
"""What each tells, and how many days from the first moment of the demonstration on."""
_LABELS = {
    "job": "x509-certificate-exporter",
    "secret_namespace": "platform",
    "secret_name": "registry-tls",
    "secret_key": "tls.crt",
    "serial_number": "7142395",
    "subject_CN": "registry.terrafusion.example",
    "issuer_CN": "Corporate CA 2",
}


class ExportedCertificates:
    """A ``Storage``."""

    def __init__(self, history: History) -> None:
        self._history = history

    def metadata(self) -> dict[str, tuple[str, str]]:
        return {name: ("gauge", told) for name, (told, _) in _FIGURES.items()}

    def select(self, matchers: Matchers, begin: int, end: int) -> list[Series]:
        if not any(m.name == NAME for m in matchers):
            return []
        now = self._history.now()
        begin, end = max(begin, now - PAST), min(end, now)
        times = range(-(-begin // _EVERY) * _EVERY, end + 1, _EVERY)
        origin = self._history.cluster.shown_from
        return [
            Series(labels, times, [origin + days * _DAY] * len(times))
            for name, (_, days) in _FIGURES.items()
            if times and matches(matchers, labels := {NAME: name, **_LABELS})
        ]
