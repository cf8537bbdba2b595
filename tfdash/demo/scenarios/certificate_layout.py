"""What cert-manager keeps when the demo begins, as data/world.toml has it, and what a scenario has otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.demo.addresses.server import Addresses, Strange
from tfdash.demo.addresses.trusting import BUNDLES
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.controllers.behaviour import duration
from tfdash.demo.controllers.cert_manager import parts as p
from tfdash.demo.scenarios.catalogue import Certificate, Issuer
from tfdash.demo.scenarios.ground import DAY, Ground
from tfdash.demo.scenarios.scenario import Answers, Kept, Rotated, Trusting
from tfdash.demo.tls import Issued

_BY_HAND = "argocd-controller"
_MANAGER = "cert-manager-certificates-issuing"
_SPACE = "cert-manager"
_READY = {
    "acme": ("ACMEAccountRegistered", "The ACME account was registered with the ACME server"),
    "ca": ("KeyPairVerified", "Signing CA verified"),
    "selfSigned": ("IsReady", ""),
}
_SHARED = (
    'Secret was issued for "{}". If this message is not transient, you might have two conflicting Certificates '
    "pointing to the same secret."
)
_FAULT = {"acme": "ErrRegisterACMEAccount", "ca": "ErrGetKeyPair", "selfSigned": "Error"}


def lay_certificates(ground: Ground, otherwise: Iterable[Kept], besides: Rotated) -> None:
    """Issuers, certificates and their Secrets; each is months old."""
    kept = {one.name: one for one in otherwise if one.environment in ("*", ground.environment)}
    ground.namespace(_SPACE, None)
    issuers = {issuer.name: issuer for issuer in (*ground.plan.issuer, *besides.issuer)}
    for issuer in issuers.values():
        _issuer(ground, issuer, kept.get(issuer.name, Kept(name="")))
    for certificate in (*ground.plan.certificate, *besides.certificate):
        by = issuers[certificate.issuer].by
        _certificate(ground, certificate, kept.get(certificate.name, Kept(name="")), by)
    for place in besides.trusts:
        _trusting(ground, place)
    sources = [{"useDefaultCAs": True}, {"secret": {"name": "root-ca", "key": "ca.crt"}}]
    target = {"configMap": {"key": "ca-bundle.crt"}}
    _bundle(ground, "platform-roots", {"sources": sources, "target": target})


def _trusting(ground: Ground, place: Trusting) -> None:
    """As of when the platform was made; it is brought to others by its owner."""
    issues = ground.cluster.backend(Addresses).issues
    pem = [found.pem.decode() for name in place.of if (found := issues.now((_SPACE, name))) is not None]
    if place.kind == "ConfigMap":
        if ground.store.find("namespaces", "", place.namespace) is None:
            ground.namespace(place.namespace, None)
        meta = {"name": place.name, "namespace": place.namespace}
        data = {place.key: "".join(pem)}
        ground.put("configmaps", {"metadata": meta, "data": data}, 60 * DAY, _BY_HAND)
        return
    spec = {"sources": [{"inLine": text} for text in pem], "target": {"configMap": {"key": "ca-bundle.crt"}}}
    _bundle(ground, place.name, spec)


def _bundle(ground: Ground, name: str, spec: Obj) -> None:
    told = "Successfully synced Bundle to all namespaces"
    synced = p.condition("Synced", "True", "Synced", told, ground.begin - 60 * DAY)
    body = {"metadata": {"name": name, "generation": 1}, "spec": spec, "status": {"conditions": [synced]}}
    ground.put(BUNDLES, body, 60 * DAY, _BY_HAND)


def lay_addresses(ground: Ground, strange: Iterable[Answers]) -> None:
    """Those with which no Certificate has to do."""
    begin = ground.cluster.shown_from
    for one in strange:
        if one.environment in ("*", ground.environment):
            names = tuple(one.names) or (one.name,)
            at = begin + duration(one.begins), begin + duration(one.ends)
            ground.cluster.backend(Addresses).is_strange(one.name, Strange(one.issuer, names, *at))


def _issuer(ground: Ground, issuer: Issuer, otherwise: Kept) -> None:
    spec: Obj = {issuer.by: {}}
    if issuer.by == "acme":
        spec = {"acme": {"server": "https://acme.demo.example/directory", "email": "ops@terrafusion.example"}}
    elif issuer.by == "ca":
        spec = {"ca": {"secretName": issuer.secret}}
    at = ground.begin - (0.1 if otherwise.problem else 60) * DAY
    said = (
        p.condition("Ready", "False", _FAULT[issuer.by], otherwise.problem, at)
        if otherwise.problem
        else p.condition("Ready", "True", *_READY[issuer.by], at)
    )
    meta = {"name": issuer.name, "generation": 1}
    body = {"metadata": meta, "spec": spec, "status": {"conditions": [said]}}
    ground.put(p.CLUSTER_ISSUERS, body, 60 * DAY, _BY_HAND)


def _certificate(ground: Ground, plan: Certificate, otherwise: Kept, by: str) -> None:
    places = ground.plan.namespaces
    namespace = (
        ground.plan.namespace(plan.namespace, ground.environment)
        if plan.namespace in places
        else plan.namespace
    )
    known = {
        "${domain}": ground.plan.environments[ground.environment].domain,
        "${env}": ground.environment,
        "${main}": ground.plan.namespace("main", ground.environment),
    }
    names = [_filled(name, known) for name in plan.names]
    # what is said of its times is read from the Secret, whosesoever it is
    secret_of = next((c for c in ground.plan.certificate if c.name == otherwise.shares), plan)
    lasts = (otherwise.days or secret_of.days) * DAY
    left = duration(otherwise.left) if otherwise.left else secret_of.left * DAY
    begins = ground.begin - (lasts - left)
    spec: Obj = {
        "secretName": f"{otherwise.shares or plan.name}-tls" if not plan.authority else plan.name,
        "issuerRef": {"name": plan.issuer, "kind": "ClusterIssuer"},
        "duration": f"{(otherwise.days or plan.days) * 24:g}h",
        "privateKey": {"rotationPolicy": "Never" if plan.same_key else "Always"},
        **({"isCA": True, "commonName": names[0]} if plan.authority else {"dnsNames": names}),
    }
    ready = (
        p.condition("Ready", "False", "IncorrectCertificate", _SHARED.format(otherwise.shares), begins)
        if otherwise.shares
        else p.condition("Ready", "True", "Ready", p.UP_TO_DATE, begins)
    )
    made = ground.put(
        p.CERTIFICATES,
        {
            "metadata": {"name": plan.name, "namespace": namespace, "generation": 1},
            "spec": spec,
            "status": {"conditions": [ready], "revision": 3, **p.times(begins, lasts)},
        },
        max(60 * DAY, lasts - left),
        _BY_HAND,
    )
    issues = ground.cluster.backend(Addresses).issues
    issues.make((namespace, plan.name))
    issued = issues.now((namespace, plan.name))
    if plan.answers:
        ground.cluster.backend(Addresses).keeps(
            names[0], (namespace, plan.name), mounted=bool(otherwise.mounted_by or plan.mounted_by)
        )
    if otherwise.asleep:
        ground.cluster.asleep.add((namespace, plan.name))
    if otherwise.challenge:
        ground.cluster.unproven[namespace, plan.name] = otherwise.challenge
    if not otherwise.shares:
        ground.put("secrets", p.secret(made, issued), lasts - left, _MANAGER)
    request = _done(p.request(made, 3, begins), begins, issued)
    asked = ground.put(p.REQUESTS, request, lasts - left, _MANAGER)
    if by == "acme":
        ordered = p.order(made, asked)
        ordered["status"] = {**ordered["status"], "state": "valid"}
        ground.put(p.ORDERS, ordered, lasts - left, _MANAGER)


def _done(request: Obj, at: float, made: Issued | None) -> Obj:
    issued = p.condition("Ready", "True", "Issued", "Certificate fetched from issuer successfully", at)
    conditions = [*request["status"]["conditions"], issued]
    return {**request, "status": {**request["status"], "conditions": conditions, **p.answered(made)}}


def _filled(name: str, known: dict[str, str]) -> str:
    for mark, value in known.items():
        name = name.replace(mark, value)
    return name
