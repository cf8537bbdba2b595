"""How well a container answers: which share of requests fails, how long they take."""

from __future__ import annotations

import math
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import msgspec

BOUNDS = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    math.inf,
)  # the clients' default, in seconds
CODES = ("200", "404", "500", "503")
_NOT_FOUND = 0.004
_P90 = 1.2815515655446004  # the standard normal's 90th percentile


def _phi(x: float) -> float:
    """The standard normal's distribution function."""
    return (1 + math.erf(x / math.sqrt(2))) / 2


class ServiceLoad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    requests: float
    errors: float
    latency_ms: float
    spread: float


class Journey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    host: str
    path: str
    through: list[str]


class Table(msgspec.Struct, frozen=True):
    service: list[ServiceLoad]
    journey: list[Journey]


@cache
def table() -> Table:
    text = files("tfdash.demo").joinpath("data", "traffic.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Table)


class Profile(msgspec.Struct, frozen=True):
    """``requests`` multiplies the share of traffic; ``journeys`` is the share of probes that fail here."""

    errors: float = 0.0
    error_code: str = "500"
    latency_ms: float = 100.0
    spread: float = 0.6
    requests: float = 1.0
    journeys: float = 0.0

    def changed(self, does: dict[str, Any]) -> Profile:
        """With what a behaviour says; see ``world.behaviour.TRAFFIC``."""
        names = {"latency_spread": "spread", "journey_errors": "journeys"}
        return msgspec.structs.replace(self, **{names.get(k, k): v for k, v in does.items()})

    @property
    def broken(self) -> float:
        """The share of a journey's probes that end here: those told, or as many as fail where most do not go well."""
        return max(self.journeys, self.errors if self.errors >= 0.2 else 0.0)


def profile_of(service: ServiceLoad) -> Profile:
    return Profile(errors=service.errors, latency_ms=service.latency_ms, spread=service.spread)


@lru_cache(maxsize=512)
def shares(profile: Profile) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of a request: the probability of each (code, bucket), codes outermost, and each one's mean latency in seconds.

    Latency is log-normal with ``latency_ms`` as its 90th percentile.
    """
    sigma = max(profile.spread, 0.01)
    mu = math.log(max(profile.latency_ms, 0.01) / 1000) - _P90 * sigma
    whole = math.exp(mu + sigma * sigma / 2)
    probabilities, means = [], []
    below, weighted = 0.0, 0.0
    for bound in BOUNDS:
        place = (math.log(bound) - mu) / sigma if bound < math.inf else math.inf
        here, moment = (_phi(place), whole * _phi(place - sigma)) if bound < math.inf else (1.0, whole)
        share = max(0.0, here - below)
        probabilities.append(share)
        means.append((moment - weighted) / share if share > 1e-12 else min(bound, 20.0))
        below, weighted = here, moment
    failing = min(max(profile.errors, 0.0), 1.0)
    missing = min(_NOT_FOUND, 1 - failing)
    by_code = {"200": 1 - failing - missing, "404": missing, profile.error_code: failing}
    joint = tuple(by_code.get(code, 0.0) * p for code in CODES for p in probabilities)
    return joint, tuple(means) * len(CODES)
