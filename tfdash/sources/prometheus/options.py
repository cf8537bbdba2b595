"""What the configuration says of a Prometheus and of which service is which metric; read without pydantic.

What is wrong in a value is told by the validation behind the first frame; here it falls back to the default, but for
templates: a template that cannot be used must not leave services silently judged by another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tfdash.durations import parse_duration
from tfdash.sources.prometheus.template import Template, TemplateError, templates_of


@dataclass(frozen=True)
class Connection:
    """How one Prometheus is reached. Secrets are references (``env:``, ``file:``, ``command:``), never values.

    ``service`` is ``[https:]NAME:PORT`` in ``namespace``: through the API server's service proxy, with the kubeconfig's
    credential. ``match`` are labels that every query gets, such as ``cluster="eu-1"`` of a shared Thanos.
    """

    url: str = ""
    namespace: str = ""
    service: str = ""
    path_prefix: str = ""  # of the service proxy; an url brings its own
    bearer: str = ""
    username: str = ""
    password: str = ""
    certificate: str = ""
    key: str = ""
    ca: str = ""
    server_name: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str = ""
    compression: str = "auto"  # "gzip", "identity", "auto": identity to loopback, gzip elsewhere
    match: tuple[tuple[str, str], ...] = ()
    alerts: bool = True

    @property
    def shown(self) -> str:
        """How it is called on screens."""
        return self.url or f"{self.namespace}/{self.service} (through the API server)"


@dataclass(frozen=True)
class ServiceRule:
    """Which template a service has, and values for placeholders of one's own. Names may hold ``*``."""

    namespace: str = "*"
    workload: str = "*"
    kind: str = "Deployment"
    environment: str = ""
    template: str = ""
    values: tuple[tuple[str, str], ...] = ()

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
class ProbeRule:
    """A journey that somebody else's prober runs (blackbox exporter): 1 is success. ``duration`` is in seconds."""

    name: str
    query: str
    duration: str = ""
    environment: str = ""
    cluster: str = ""
    workload: str = ""  # "namespace/name"
    kind: str = "Deployment"
    critical: bool = True
    side: str = "mixed"
    control: bool = False


@dataclass(frozen=True)
class Options:
    """[metrics]. Seconds throughout. ``horizon``: how far back the samples of a release in flight go, ``idle`` of others."""

    interval: float = 15.0
    horizon: float = 2100.0
    idle: float = 600.0
    timeout: float = 10.0
    concurrency: int = 4
    max_workloads: int = 250
    max_answer: int = 64 << 20
    default_template: str = "http"
    templates: Mapping[str, Template] = field(default_factory=dict)
    services: tuple[ServiceRule, ...] = ()
    probes: tuple[ProbeRule, ...] = ()

    def rule_for(self, environment: str, namespace: str, workload: str) -> ServiceRule | None:
        """The first rule that names it: order is the operator's."""
        for rule in self.services:
            if rule.applies(environment, namespace, workload):
                return rule
        return None


def connection_of(table: Mapping[str, Any]) -> Connection | None:
    """From ``[environments.X.prometheus]``; None where neither an url nor a service is named."""
    url = _text(table, "url").rstrip("/")
    namespace, slash, service = _text(table, "service").partition("/")
    if not url and not (slash and service):
        return None
    return Connection(
        url=url,
        namespace="" if url else namespace,
        service="" if url else service,
        path_prefix=_text(table, "path_prefix").strip("/"),
        bearer=_text(table, "bearer"),
        username=_text(table, "username"),
        password=_text(table, "password"),
        certificate=_text(table, "certificate"),
        key=_text(table, "key"),
        ca=_text(table, "ca"),
        server_name=_text(table, "server_name"),
        headers=_pairs(table, "headers"),
        proxy=_text(table, "proxy"),
        compression=_text(table, "compression") or "auto",
        match=_pairs(table, "match"),
        alerts=table.get("alerts") is not False,
    )


def options_of(raw: Mapping[str, Any]) -> Options:
    """From the whole configuration's ``[metrics]`` and ``[[journeys]]``. Raises ``TemplateError``."""
    table = _table(raw, "metrics")
    templates = templates_of(_table(table, "templates"))
    default = _text(table, "default_template") or "http"
    rules = tuple(_rule(row) for row in _rows(table, "services"))
    for named in (default, *(r.template for r in rules if r.template)):
        if named not in templates:
            raise TemplateError(f'metrics: there is no template "{named}"; there is: {", ".join(templates)}')
    plain = Options()
    return Options(
        interval=_seconds(table, "interval", plain.interval),
        horizon=_seconds(table, "horizon", plain.horizon),
        idle=_seconds(table, "idle_horizon", plain.idle),
        timeout=_seconds(table, "timeout", plain.timeout),
        concurrency=_whole(table, "concurrency", plain.concurrency),
        max_workloads=_whole(table, "max_workloads", plain.max_workloads),
        default_template=default,
        templates=templates,
        services=rules,
        probes=tuple(_probe(row) for row in _rows(raw, "journeys") if _text(row, "probe")),
    )


def _rule(row: Mapping[str, Any]) -> ServiceRule:
    return ServiceRule(
        namespace=_text(row, "namespace") or "*",
        workload=_text(row, "workload") or "*",
        kind=_text(row, "kind") or "Deployment",
        environment=_text(row, "environment"),
        template=_text(row, "template"),
        values=_pairs(row, "values"),
    )


def _probe(row: Mapping[str, Any]) -> ProbeRule:
    return ProbeRule(
        name=_text(row, "name"),
        query=_text(row, "probe"),
        duration=_text(row, "probe_duration"),
        cluster=_text(row, "cluster"),
        environment=_text(row, "environment"),
        workload=_text(row, "workload"),
        kind=_text(row, "kind") or "Deployment",
        critical=row.get("critical") is not False,
        side=_text(row, "side") or "mixed",
        control=row.get("control") is True,
    )


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def _rows(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = raw.get(key)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def _pairs(raw: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v) for k, v in _table(raw, key).items() if isinstance(v, str)))


def _seconds(raw: Mapping[str, Any], key: str, default: float) -> float:
    try:
        return parse_duration(raw[key]) if key in raw else default
    except ValueError:
        return default


def _whole(raw: Mapping[str, Any], key: str, default: int) -> int:
    value = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default
