"""From series to certificates, pure. Labels and values are those of the exporters' own code and documentation:

- x509-certificate-exporter (versions 3 and 4): one series for each certificate of a bundle; ``serial_number`` in decimal digits; where it lies by
  ``secret_namespace``, ``secret_name``, ``secret_key``, or ``configmap_*``, or ``filepath`` with ``embedded_kind`` and ``embedded_key`` of a kubeconfig.
- cert-manager: ``name`` and ``namespace`` (``exported_namespace`` where the scrape's own label is kept); 0 is "not said".
- blackbox exporter: what is probed stands in ``instance`` or ``target``; a chain that it does not trust ends in year 1.
- kubelet: seconds until the end as of the scrape, +Inf of one that it does not have; whose it is the scrape's labels say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace

from tfdash.model.certificates import Role, ToldCertificate, ToldOne
from tfdash.model.subject import Key
from tfdash.text import safe

X509, MANAGER, BLACKBOX, KUBELET = "x509-certificate-exporter", "cert-manager", "blackbox exporter", "kubelet"
BY = {
    "exporter_not_after": X509,
    "manager_not_after": MANAGER,
    "probe_earliest": BLACKBOX,
    "kubelet_client": KUBELET,
    "kubelet_client_end": KUBELET,
    "kubelet_server": KUBELET,
}
"""Who tells the end by which role."""
_TOGETHER = 240.0
"""Seconds between two looks at one place within which the later one does not outdo the other: of two that tell of an address one may
see a node of it that the other does not, and anybody may tell of anything."""
LATEST = 253_402_300_799.0  # the end of year 9999, which stands for "never"
NODE_LABELS = ("node", "kubernetes_node", "kubernetes_io_hostname", "nodename", "instance")
_ANCHOR_KEYS = ("ca.crt", "root-cert.pem", "ca-bundle.crt")
_PARTS = ("CN", "OU", "O", "L", "ST", "C")
Labels = tuple[tuple[str, str], ...]
Values = Mapping[Labels, float]
"""By a series' labels without its name, sorted."""


class ToldSeries:
    """What was answered, by role. ``at``: when each series of a family was scraped; ``now``: of those of which that is not known."""

    def __init__(self, roles: Mapping[str, Values], at: Values, now: float) -> None:
        self._roles, self._at, self._now = roles, at, now

    def ends(self, role: str) -> Iterator[tuple[dict[str, str], Labels, float]]:
        """Only what may be an end."""
        for labels, value in self._roles.get(role, {}).items():
            if 0 <= value <= LATEST:
                yield dict(labels), labels, value

    def value(self, role: str, labels: Labels) -> float | None:
        return self._roles.get(role, {}).get(labels)

    def series(self, role: str) -> Iterable[tuple[dict[str, str], float]]:
        return ((dict(labels), value) for labels, value in self._roles.get(role, {}).items())

    def at(self, labels: Labels) -> float:
        return self._at.get(labels, self._now)


def told(answers: ToldSeries, current: float) -> dict[Key, ToldCertificate]:
    """All that is told of; ``current``: for how many seconds after its scrape each is."""
    found = (*_x509(answers), *_managed(answers), *_probed(answers), *_of_kubelets(answers))
    best: dict[Key, ToldCertificate] = {}
    for one in found:
        key = key_of(one)
        best[key] = _first_to_end(best[key], one) if key in best else one
    return {key: _until(one, current) for key, one in best.items()}


def _first_to_end(a: ToldCertificate, b: ToldCertificate) -> ToldCertificate:
    """Of two that tell of the same: the later look, or where both were about then what ends first."""
    if abs(a.at - b.at) > _TOGETHER:
        return max(a, b, key=lambda one: one.at)
    first, other = sorted(
        (a, b), key=lambda one: (one.decisive.not_after if one.decisive is not None else LATEST, -one.at)
    )
    return replace(first, failed=max(first.failed, other.failed))


def key_of(one: ToldCertificate) -> Key:
    return Key(one.namespace, f"{one.of}/{one.called}{f'/{one.inside}' if one.inside else ''}")


def _until(one: ToldCertificate, current: float) -> ToldCertificate:
    return replace(one, name=key_of(one).name, current_until=one.at + current)


def _x509(answers: ToldSeries) -> Iterator[ToldCertificate]:
    """Those of one place together."""
    places: dict[tuple[str, str, str, str], dict[tuple[str, str], list[tuple[float, ToldOne]]]] = {}
    for labels, series, end in answers.ends("exporter_not_after"):
        where = _place(labels)
        one = ToldOne(
            not_after=end,
            not_before=answers.value("exporter_not_before", series),
            subject=_name(labels, "subject"),
            issuer=_name(labels, "issuer"),
            serial=_serial(labels.get("serial_number", "")),
        )
        several = places.setdefault(where, {})
        several.setdefault((one.subject, one.issuer), []).append((answers.at(series), one))
    for (of, space, called, inside), several in places.items():
        anchors = of == "ConfigMap" or inside in _ANCHOR_KEYS
        yield ToldCertificate(
            namespace=safe(space),
            name="",
            by=X509,
            of=of,
            called=safe(called),
            inside=safe(inside),
            role=Role.ANCHORS if anchors else Role.SHOWN,
            bundle=_leaf_first([_told_of(seen, anchors) for seen in several.values()]),
            at=max(at for seen in several.values() for at, _ in seen),
        )


def _told_of(seen: Sequence[tuple[float, ToldOne]], anchors: bool) -> ToldOne:
    """Of one name in one place, as several scrapes tell it: of one that was renewed between the scrapes of two replicas the later; of looks that
    were made together what ends first. Of what is trusted, and of one scrape, what lasts longest."""
    by_scrape: dict[float, ToldOne] = {}
    for at, one in seen:
        by_scrape[at] = max(by_scrape.get(at, one), one, key=lambda o: o.not_after)
    newest = max(by_scrape)
    together = [one for at, one in by_scrape.items() if newest - at <= _TOGETHER]
    return (max if anchors else min)(together, key=lambda one: one.not_after)


def _place(labels: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Kind, namespace, name, and which of several: "" for ``tls.crt``."""
    for of, prefix in (("Secret", "secret"), ("ConfigMap", "configmap")):
        if name := labels.get(f"{prefix}_name"):
            key = labels.get(f"{prefix}_key", "")
            return of, labels.get(f"{prefix}_namespace", ""), name, "" if key == "tls.crt" else key
    path = labels.get("filepath") or labels.get("filename", "")
    inside = "/".join(filter(None, (labels.get("embedded_kind"), labels.get("embedded_key"))))
    return "file", "", f"{path} on {node_of(labels)}", inside


def node_of(labels: Mapping[str, str]) -> str:
    return next((labels[label] for label in NODE_LABELS if labels.get(label)), "?")


def _name(labels: Mapping[str, str], of: str) -> str:
    """``CN=web,O=shop``, as far as it is told."""
    parts = ((part, labels.get(f"{of}_{part}", "")) for part in _PARTS)
    return safe(",".join(f"{part}={text}" for part, text in parts if text))


def _serial(text: str) -> str:
    """In hexadecimal, as elsewhere."""
    return f"{int(text):X}" if text.isascii() and text.isdecimal() and len(text) < 60 else safe(text)


def _leaf_first(several: Sequence[ToldOne]) -> tuple[ToldOne, ...]:
    """What issues none of the others; of several such what ends first."""
    issuers = {one.issuer for one in several if not one.self_signed}
    return tuple(
        sorted(several, key=lambda one: (one.subject in issuers and bool(one.subject), one.not_after))
    )


def _managed(answers: ToldSeries) -> Iterator[ToldCertificate]:
    ready = {
        _certificate(labels): labels.get("condition", "")
        for labels, v in answers.series("manager_ready")
        if v
    }
    for labels, series, end in answers.ends("manager_not_after"):
        renewal = answers.value("manager_renewal", series)
        space, name = where = _certificate(labels)
        issuer = safe(f"{labels.get('issuer_kind') or 'Issuer'} {labels.get('issuer_name', '')}".strip())
        yield ToldCertificate(
            namespace=safe(space),
            name="",
            by=MANAGER,
            of="Certificate",
            called=safe(name),
            bundle=(ToldOne(not_after=end, issuer=issuer),) if end else (),
            renews=renewal or None,
            ready=safe(ready.get(where, "")),
            at=answers.at(series),
        )


def _certificate(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels.get("exported_namespace") or labels.get("namespace", ""), labels.get(
        "exported_name"
    ) or labels.get("name", "")


def _probed(answers: ToldSeries) -> Iterator[ToldCertificate]:
    info = {_target(labels): labels for labels, _ in answers.series("probe_info")}
    for labels, series, first in answers.ends("probe_earliest"):
        target = _target(labels)
        chain, facts = answers.value("probe_chain", series), info.get(target, {})
        end = chain if chain is not None and 0 < chain <= LATEST else first
        yield ToldCertificate(
            namespace="",
            name="",
            by=BLACKBOX,
            of="address",
            called=safe(target),
            bundle=(
                ToldOne(
                    not_after=end,
                    subject=safe(facts.get("subject", "")),
                    issuer=safe(facts.get("issuer", "")),
                    serial=safe(facts.get("serialnumber", "").upper()),
                ),
            ),
            at=answers.at(series),
        )


def _target(labels: Mapping[str, str]) -> str:
    """``host:port`` of a URL or an address."""
    text = labels.get("target") or labels.get("instance", "")
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname or text, parts.port or (443 if parts.scheme in ("", "https") else 0)
    except ValueError:
        return text
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else shown


def _of_kubelets(answers: ToldSeries) -> Iterator[ToldCertificate]:
    for what, errors, roles in (
        ("client certificate", "kubelet_client_errors", ("kubelet_client", "kubelet_client_end")),
        ("server certificate", "kubelet_server_errors", ("kubelet_server",)),
    ):
        failed = {node_of(labels): value for labels, value in answers.series(errors)}
        for role in roles:
            for labels, series, end in answers.ends(role):
                if not end:
                    continue  # it has none
                node = node_of(labels)
                yield ToldCertificate(
                    namespace="",
                    name="",
                    by=KUBELET,
                    of="kubelet",
                    called=safe(node),
                    inside=what,
                    bundle=(ToldOne(not_after=end),),
                    failed=failed.get(node, 0.0),
                    at=answers.at(series),
                )
