"""The services and nodes of the simulated platform, read from ``data/world.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Autoscaler(msgspec.Struct, frozen=True):
    min: int
    max: int
    cpu: int


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service. ``demand`` is in cores for all its pods at a usual hour, ``used`` the memory of one pod."""

    name: str
    kind: str
    namespace: str
    version: str
    replicas: int = 1
    before: list[str] = []
    image: str = ""
    cpu: str = "100m"
    memory: str = "128Mi"
    memory_limit: str = ""
    port: int = 8080
    ingress: str = ""
    load_balancer: bool = False
    hpa: Autoscaler | None = None
    pdb: int | str | None = None
    pdb_max_unavailable: bool = False
    demand: float = 0.0
    used: str = "64Mi"
    sidecar: str = ""
    migrate: bool = False
    storage: str = ""
    partition: int = 0
    schedule: str = ""
    zone: str = ""
    runs: float = 60.0
    tolerates: str = ""
    everywhere: bool = False  # tolerates every taint
    mounts: str = ""  # a TLS Secret, which it reads when it starts


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a service is released where a scenario has a controller do it."""

    steps: list[dict[str, Any]] = []  # of a Rollout's canary
    routed: bool = True  # whether a traffic router sets the weights
    metrics: list[dict[str, Any]] = []  # of its AnalysisTemplate
    flagger: dict[str, Any] = {}  # spec.analysis of a Flagger Canary


class Certificate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One that cert-manager keeps: ``names`` may hold ${domain}; of ``days`` of life, ``left`` of them when the world begins.
    ``authority``: it signs others; ``answers``: somebody serves it to its first name; ``mounted_by``: a service that reads it when it starts."""

    name: str
    namespace: str
    issuer: str
    names: list[str]
    days: float = 90
    left: float = 60
    authority: bool = False
    same_key: bool = False
    answers: bool = False
    mounted_by: str = ""


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ClusterIssuer. ``by`` "acme", "ca" (with the certificate in ``secret``) or "selfSigned"."""

    name: str
    by: str
    secret: str = ""


class NodeType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cpu: int
    memory: str
    pods: int
    taint: str = ""
    label: str = ""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    replicas: float
    nodes: dict[str, int]
    domain: str


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    environments: dict[str, Environment]
    nodes: dict[str, NodeType]
    namespaces: dict[str, str]
    quotas: dict[str, dict[str, str]]
    service: list[Service]
    issuer: list[Issuer] = []
    certificate: list[Certificate] = []
    delivery: dict[str, Delivery] = {}  # by the service's name

    def namespace(self, role: str, environment: str) -> str:
        return self.namespaces[role].replace("${env}", environment)

    def replicas(self, service: Service, environment: str) -> int:
        factor = self.environments[environment].replicas
        return max(1, round(service.replicas * factor))


@cache
def catalogue() -> Catalogue:
    text = files("tfdash.demo").joinpath("data", "world.toml").read_text(encoding="utf-8")
    raw: dict[str, Any] = tomllib.loads(text)
    return msgspec.convert(raw, Catalogue)
