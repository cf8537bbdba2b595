"""Settings of the metrics and the journeys; ``tfdash.sources.{prometheus,journeys}`` read the same tables without pydantic."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tfdash.config.types import Duration, SecretRef


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class PrometheusSettings(Table):
    """How one Prometheus (or Thanos, Mimir, VictoriaMetrics) is reached; "" where neither an url nor a service is set: none."""

    url: str = ""
    service: str = ""
    path_prefix: str = ""
    bearer: SecretRef | None = None
    username: str = ""
    password: SecretRef | None = None
    certificate: str = ""
    key: str = ""
    ca: str = ""
    server_name: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    proxy: str = ""
    compression: Literal["auto", "gzip", "identity"] = "auto"
    match: dict[str, str] = Field(default_factory=dict)
    alerts: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> PrometheusSettings:
        if self.url and self.service:
            raise ValueError("names an url and also a service; keep one of the two")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError('url: write it as "http://host:9090" or "https://host/prefix"')
        if self.service:
            from tfdash.sources.prometheus.options import connection_of
            from tfdash.sources.prometheus.proxy import proxy_path

            connection = connection_of({"service": self.service, "path_prefix": self.path_prefix})
            if connection is None:
                raise ValueError('service: write it as "namespace/name:port" or "namespace/https:name:port"')
            proxy_path(connection)
        if self.username and self.bearer is not None:
            raise ValueError("names a username and also a bearer; keep one of the two")
        return self


class TemplateSettings(Table):
    """A metric family of one's own; see the shipped ones in ``tfdash/sources/prometheus/templates``."""

    title: str = ""
    requests: str = ""
    errors: list[str] = Field(default_factory=list)
    latency: str = ""
    unit: Literal["s", "ms", "us"] = "s"
    histogram: Literal["auto", "classic", "native"] = "auto"
    group: str = "pod"
    canary: str = ""

    @model_validator(mode="after")
    def _usable(self) -> TemplateSettings:
        from tfdash.sources.prometheus.template import template_of

        template_of("template", self.model_dump())
        return self


class ServiceSettings(Table):
    """Which services have which template; names may hold ``*``; the first that fits counts."""

    namespace: str = "*"
    workload: str = "*"
    kind: str = "Deployment"
    environment: str = ""
    template: str = ""
    values: dict[str, str] = Field(default_factory=dict)


class MetricsSettings(Table):
    interval: Duration = 15.0
    horizon: Duration = 2100.0
    idle_horizon: Duration = 600.0
    timeout: Duration = 10.0
    concurrency: int = Field(default=4, ge=1, le=32)
    max_workloads: int = Field(default=250, ge=1, le=5000)
    default_template: str = "http"
    templates: dict[str, TemplateSettings] = Field(default_factory=dict)
    services: list[ServiceSettings] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known_templates(self) -> MetricsSettings:
        from tfdash.sources.prometheus.template import SHIPPED

        known = {*SHIPPED, *self.templates}
        for named in (self.default_template, *(s.template for s in self.services if s.template)):
            if named not in known:
                raise ValueError(f'there is no template "{named}"; there is: {", ".join(sorted(known))}')
        return self


class StepSettings(Table):
    """One request of a journey and what must be true of its answer."""

    path: str = "/"
    method: str = "GET"
    name: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    status: list[int] = Field(default_factory=list)
    contains: str = ""
    matches: str = ""
    json_values: dict[str, str | int | float | bool] = Field(default_factory=dict)
    within: Duration | None = None
    capture: dict[str, str] = Field(default_factory=dict)


class JourneySettings(Table):
    """A user journey: a probe metric (``probe``), or requests of our own (``url`` and ``steps``)."""

    name: str
    environment: str = ""
    cluster: str = ""
    workload: str = ""
    kind: str = "Deployment"
    critical: bool = True
    side: Literal["canary", "stable", "mixed"] = "mixed"
    control: bool = False
    probe: str = ""
    probe_duration: str = ""
    url: str = ""
    dial: str = ""
    every: Duration = 30.0
    timeout: Duration = 10.0
    mutates: bool = False
    headers: dict[str, str] = Field(default_factory=dict)
    ca: str = ""
    steps: list[StepSettings] = Field(default_factory=list)

    @field_validator("workload")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if value and value.count("/") != 1:
            raise ValueError('write it as "namespace/name"')
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> JourneySettings:
        if bool(self.probe) is bool(self.url):
            raise ValueError("needs either a probe (a metric) or an url with steps")
        if self.url:
            from tfdash.sources.journeys.options import journey_of

            journey_of(self.model_dump())
        return self
