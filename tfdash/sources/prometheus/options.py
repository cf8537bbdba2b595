"""[metrics] and each cluster's prometheus table: how a Prometheus is reached, and whose series are which."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Literal

from tfdash.addresses import PROXIES, wrong_with
from tfdash.namespaces import LABEL
from tfdash.setting import (
    Between,
    Listed,
    Note,
    Seconds,
    SecretText,
    SettingsTable,
    SortedPairs,
    Spelled,
    Texts,
    Unfit,
    check_address,
    check_header,
)
from tfdash.sources.journeys.options import JourneySettings
from tfdash.sources.prometheus.certificates.options import CertificateSeries
from tfdash.sources.prometheus.template import SHIPPED, MetricTemplate, TemplateTable, shipped, template_of
from tfdash.sources.prometheus.usage.options import UsageSeries

_REFERENCES = ("env:", "file:", "command:")
LARGEST = 64 << 20  # bytes of one answer
_SERVICE = re.compile(r"(?:https?:)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?::[a-z0-9-]+)?")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/?)*")


_AS = 'write it as "http://host:9090" or "https://host/prefix"'


def _url(value: Any) -> str:
    if isinstance(value, str):
        check_address(value, "use username and password, bearer, or headers with a reference")
    if not isinstance(value, str):
        raise ValueError(_AS)
    if value and (wrong := wrong_with(value)):
        raise ValueError(f"{wrong}; {_AS}")
    if "?" in value:
        raise ValueError(
            "is where Prometheus answers, which has no query; labels for every query go into match"
        )
    return value


def _prefix(value: Any) -> str:
    if not isinstance(value, str) or not _PREFIX.fullmatch(value.strip("/")):
        raise ValueError("is not a plain path")
    return value


@dataclass(frozen=True)
class Connection(SettingsTable):
    """Also Thanos, Mimir, VictoriaMetrics; under [[environments.X.clusters]] it is each cluster's own."""

    url: Annotated[str, Spelled(_url, str), Note(sample='"https://prometheus.example.com/prefix"')] = ""
    service: Annotated[
        str,
        Note(
            'instead of url: through the API server (right: get services/proxy); "ns/https:name:port" for TLS',
            '"monitoring/prometheus-server:80"',
        ),
    ] = ""
    path_prefix: Annotated[str, Spelled(_prefix, str), Note("of that service")] = ""
    bearer: Annotated[
        SecretText, Note("env:NAME, file:PATH or command:PROGRAM ARG", '"file:~/.prometheus"')
    ] = ""
    username: str = ""
    password: Annotated[SecretText, Note(sample='"env:PROM_PASSWORD"')] = ""
    certificate: Annotated[str, Note("mTLS: PEM files")] = ""
    key: str = ""
    ca: Annotated[str, Note('"": the system\'s')] = ""
    server_name: Annotated[str, Note("the name in the certificate, where it is not the url's")] = ""
    headers: Annotated[
        SortedPairs,
        Note("a tenant; a value may be a reference as above", '{ X-Scope-OrgID = "team-a" }'),
    ] = ()
    proxy: Annotated[str, Note("the environment's proxy variables are not read")] = ""
    compression: Annotated[
        Literal["auto", "gzip", "identity"], Note("auto: none on loopback, else gzip | gzip | identity")
    ] = "auto"
    match: Annotated[
        SortedPairs,
        Note(
            "labels that every query gets, where several clusters share one Prometheus",
            '{ cluster = "eu-1" }',
        ),
    ] = ()
    alerts: bool = True

    def __post_init__(self) -> None:
        if self.url and self.service:
            raise Unfit("service", "names an url and also a service; keep one of the two")
        if self.service and not (LABEL.fullmatch(self.namespace) and _SERVICE.fullmatch(self.service_name)):
            raise Unfit("service", 'write it as "namespace/name:port" or "namespace/https:name:port"')
        for name, value in self.headers:
            try:
                check_header(name, value)
            except ValueError as error:
                raise Unfit("headers", f"{name}: {error}") from None
        if not self.proxy.startswith(_REFERENCES):
            try:
                check_address(self.proxy, 'give such a proxy by reference: "env:NAME" or "file:PATH"')
                if self.proxy and (wrong := wrong_with(self.proxy, PROXIES)):
                    raise ValueError(f'{wrong}; write it as "http://host:3128" or "socks5://host:1080"')
            except ValueError as error:
                raise Unfit("proxy", str(error)) from None
        if self.username and self.bearer:
            raise Unfit("username", "names a username and also a bearer; keep one of the two")
        for given, lacking in (("password", "username"), ("key", "certificate")):
            if getattr(self, given) and not getattr(self, lacking):
                raise Unfit(given, f"is of no use without {lacking}; add {lacking} = ...")

    @property
    def namespace(self) -> str:
        return self.service.partition("/")[0]

    @property
    def service_name(self) -> str:
        """``[https:]NAME:PORT`` of the Service in ``namespace``."""
        return self.service.partition("/")[2]

    @property
    def proxy_path(self) -> str:
        """The one path under which the API server is asked for ``service``."""
        prefix = f"/{self.path_prefix.strip('/')}".rstrip("/")
        return f"/api/v1/namespaces/{self.namespace}/services/{self.service_name}/proxy{prefix}"

    @property
    def base_url(self) -> str:
        return self.url.rstrip("/")

    @property
    def named(self) -> bool:
        """Whether there is a Prometheus at all."""
        return bool(self.url or self.service)

    @property
    def shown(self) -> str:
        """How it is called on screens."""
        return self.base_url or f"{self.service} (through the API server)"


@dataclass(frozen=True)
class ServiceRule(SettingsTable):
    """The first rule that fits counts; a workload that is named without * is always watched."""

    namespace: Annotated[str, Note("may hold *", '"shop"')] = "*"
    workload: Annotated[str, Note("may hold *", '"checkout"')] = "*"
    kind: str = "Deployment"
    environment: Annotated[str, Note('"": all')] = ""
    template: Annotated[str, Note(sample='"istio"')] = ""
    values: Annotated[
        SortedPairs, Note("for placeholders of your own: $job", '{ job = "shop-checkout" }')
    ] = ()

    def __post_init__(self) -> None:
        for key in ("namespace", "workload"):
            if not getattr(self, key) or "/" in getattr(self, key):
                raise Unfit(key, f'is no name of one; write {key} = "*" for all')

    @property
    def exact(self) -> bool:
        """One service by name: it is watched although no release of it is known."""
        return not any(c in self.namespace + self.workload for c in "*?[")

    def applies(self, environment: str, namespace: str, workload: str) -> bool:
        return (
            self.environment in ("", environment)
            and fnmatchcase(namespace, self.namespace)
            and fnmatchcase(workload, self.workload)
        )


@dataclass(frozen=True)
class MetricsSettings(SettingsTable):
    """Which series are a service's requests, errors and latencies, and how they are fetched."""

    interval: Annotated[Seconds, Note("one round: all queries at one evaluation time")] = 15.0
    horizon: Annotated[Seconds, Note("how far back the samples of a release in flight go")] = 2100.0
    history: Annotated[
        Seconds,
        Note(
            "... from before it began, so that what was crossed before tfdash looked is found; at most this much"
        ),
    ] = 10_800.0
    replica_labels: Annotated[
        Texts, Note("tell the copies of one series apart that several Prometheus scraped: the fullest counts")
    ] = ("prometheus_replica", "receive_replica", "__replica__")
    idle_horizon: Annotated[Seconds, Note("... of the others")] = 600.0
    timeout: Annotated[Seconds, Note("of one query")] = 10.0
    concurrency: Annotated[int, Between(1, 32), Note("queries at once")] = 4
    max_workloads: Annotated[
        int, Between(1, 5000), Note("how many workloads are queried; releases in flight come first")
    ] = 250
    default_template: Annotated[
        str, Note("http | istio | linkerd | ingress-nginx | opentelemetry | one of your own")
    ] = "http"
    services: Annotated[tuple[ServiceRule, ...], Listed()] = ()
    templates: Annotated[dict[str, TemplateTable], Note(sample="own")] = field(default_factory=dict)
    usage: UsageSeries = field(default_factory=UsageSeries)
    certificates: CertificateSeries = field(default_factory=CertificateSeries)

    def __post_init__(self) -> None:
        known = {*SHIPPED, *self.templates}
        named = {f"services.{i}.template": s.template for i, s in enumerate(self.services) if s.template}
        for key, name in {"default_template": self.default_template, **named}.items():
            if name not in known:
                raise Unfit(key, f'there is no template "{name}"; there is: {", ".join(sorted(known))}')


@dataclass(frozen=True)
class Options(MetricsSettings):
    """[metrics] with the journeys that somebody else's prober runs. Seconds throughout."""

    probes: tuple[JourneySettings, ...] = ()

    @cached_property
    def families(self) -> Mapping[str, MetricTemplate]:
        """The shipped templates and those of [metrics.templates], which win."""
        return {**shipped(), **{name: template_of(name, table) for name, table in self.templates.items()}}

    def rule_for(self, environment: str, namespace: str, workload: str) -> ServiceRule | None:
        """The first rule that names it: order is the operator's."""
        for rule in self.services:
            if rule.applies(environment, namespace, workload):
                return rule
        return None


def options_of(metrics: MetricsSettings, journeys: Sequence[JourneySettings]) -> Options:
    """[metrics] with those of [[journeys]] that name a probe."""
    values = {f.name: getattr(metrics, f.name) for f in fields(MetricsSettings)}
    return Options(**values, probes=tuple(j for j in journeys if j.probe))
