"""The knobs of the rollback triggers, with the playbook's own values from ``defaults/canary.toml``."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from tfdash.playbook.policy import PolicyError

NAME = "policy.canary"
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_GROSS_SHARE = 0.2  # of the errors' budget; the rest goes to the sequential tests
_HELD_SHARE = 0.2  # of what is left: kept for the time after 100 %, when a frozen baseline is compared with


@dataclass(frozen=True)
class ErrorsPolicy:
    """Error ratio; percentages as written, exact as fractions by the properties."""

    enabled: bool
    mode: str
    relative: float
    points: float
    floor_points: float
    min_errors: int
    min_requests: int
    gross_percent: float
    gross_requests: int

    @property
    def factor(self) -> Fraction:
        """1 + relative: 11/10."""
        return 1 + _hundredth(self.relative)

    @property
    def step(self) -> Fraction:
        """The points as a ratio: 1/10."""
        return _hundredth(self.points)

    @property
    def floor(self) -> Fraction:
        """The floor as a ratio: 1/1000."""
        return _hundredth(self.floor_points)

    @property
    def gross(self) -> Fraction:
        return _hundredth(self.gross_percent)


@dataclass(frozen=True)
class LatencyPolicy:
    """A quantile of request durations; ``increase`` in seconds."""

    enabled: bool
    quantile: float
    increase: float
    min_observations: int
    within_bucket: str


@dataclass(frozen=True)
class JourneysPolicy:
    """Critical user journeys; ``stale_after`` in seconds."""

    enabled: bool
    fails: int
    of: int
    stale_after: float


class Budgets(NamedTuple):
    """The release's false-alarm budget, divided: each part bounds its own false BREACHes over the whole release."""

    errors: float
    errors_held: float
    gross: float
    latency: float
    latency_held: float


@dataclass(frozen=True)
class CanaryPolicy:
    """Seconds throughout; see ``defaults/canary.toml`` for what each one means."""

    window: float
    windows: int
    warm_up: float
    false_alarms: float
    least_scatter: float
    confidence: float
    baseline: str
    baseline_version: str
    stale_intervals: float
    persist: int
    persist_of: int
    hold: float
    verification: float
    second_opinion: bool
    errors: ErrorsPolicy
    latency: LatencyPolicy
    journeys: JourneysPolicy

    @property
    def horizon(self) -> float:
        """For how many seconds back samples are wanted: the windows, one that is under way, and the first base."""
        return self.window * (self.windows + 2)

    @property
    def budgets(self) -> Budgets:
        """Bonferroni over the triggers that count traffic; journeys and persons are no chance events of it."""
        parts = int(self.errors.enabled) + int(self.latency.enabled)
        each = self.false_alarms / max(parts, 1)
        held = 1 - _HELD_SHARE if self.baseline == "before" else _HELD_SHARE
        errors = each * (1 - _GROSS_SHARE)
        return Budgets(
            errors * (1 - held), errors * held, each * _GROSS_SHARE, each * (1 - held), each * held
        )


@lru_cache(1024)
def exact(number: float) -> Fraction:
    """The number as it is written: 0.1 is one tenth, not the float beside it."""
    return Fraction(repr(number))


@lru_cache(1024)
def _hundredth(per_cent: float) -> Fraction:
    return exact(per_cent) / 100


_SECTIONS: dict[str, Any] = {"errors": ErrorsPolicy, "latency": LatencyPolicy, "journeys": JourneysPolicy}
_CHOICES = {
    "baseline": ("stable", "dedicated", "before"),
    "errors.mode": ("relative", "points", "both"),
    "latency.within_bucket": ("interpolate", "refuse"),
}
_DURATIONS = {
    "window",
    "warm_up",
    "hold",
    "verification",
    "latency.increase",
    "journeys.stale_after",
}
_BOUNDS: dict[str, tuple[float, float]] = {  # least and greatest useful value
    "window": (5, 3600),
    "windows": (1, 1000),
    "false_alarms": (0.0001, 0.5),
    "confidence": (0.5, 0.9999),
    "least_scatter": (1, 100),
    "stale_intervals": (1, 100),
    "persist": (1, 100),
    "persist_of": (1, 100),
    "errors.relative": (0.01, 10000),
    "errors.points": (0.001, 100),
    "errors.floor_points": (0, 100),
    "errors.min_errors": (1, 10**9),
    "errors.min_requests": (1, 10**9),
    "errors.gross_percent": (1, 100),
    "errors.gross_requests": (1, 10**9),
    "latency.quantile": (0.5, 0.999),
    "latency.increase": (0.001, 3600),
    "latency.min_observations": (10, 10**9),
    "journeys.fails": (1, 100),
    "journeys.of": (1, 100),
    "journeys.stale_after": (1, 10**7),
}


def parse_canary_policy(
    values: Mapping[str, Any], name: str = NAME, base: CanaryPolicy | None = None
) -> CanaryPolicy:
    """The default policy (or ``base``) with ``values`` replaced. ``name`` is the file's or section's, for messages.

    ``values`` are as TOML reads them: durations ``"60s"``, ``"100ms"`` or seconds. Raises ``PolicyError``.
    """
    policy = replace(base or default_canary_policy(), **_values(CanaryPolicy, values, name, "", base))
    return _consistent(policy, name)


def _values(kind: Any, values: Any, name: str, at: str, base: CanaryPolicy | None) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise PolicyError(f"{name}: {at.rstrip('.')}: {values!r} is not a table; write [{at.rstrip('.')}]")
    known = {f.name: str(f.type) for f in fields(kind)}
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise PolicyError(f"{name}: {at}{key}: unknown key; valid here: {', '.join(sorted(known))}")
        if not at and key in _SECTIONS:
            section = getattr(base or default_canary_policy(), key)
            found[key] = replace(section, **_values(_SECTIONS[key], value, name, f"{key}.", base))
        else:
            found[key] = _value(known[key], value, name, at + key)
    return found


def _value(kind: str, value: Any, name: str, key: str) -> Any:
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            raise PolicyError(f"{name}: {key}: {value!r} is none of {', '.join(_CHOICES[key])}")
        return value
    if kind == "str":
        if not isinstance(value, str):
            raise PolicyError(f"{name}: {key}: {value!r} is not a text; put it in quotes")
        return value
    if kind == "bool":
        if not isinstance(value, bool):
            raise PolicyError(f"{name}: {key}: {value!r} is neither true nor false")
        return value
    if key in _DURATIONS and isinstance(value, str):
        value = _seconds(value, name, key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = '; write it as "60s"' if key in _DURATIONS else ""
        raise PolicyError(f"{name}: {key}: {value!r} is not a number{hint}")
    if kind == "int" and (not math.isfinite(value) or value != int(value)):
        raise PolicyError(f"{name}: {key}: {value!r} is not a whole number")
    low, high = _BOUNDS.get(key, (0, 10**9))
    if not (math.isfinite(value) and low <= value <= high):
        raise PolicyError(f"{name}: {key}: {value!r} is out of range; choose one from {low:g} to {high:g}")
    return int(value) if kind == "int" else float(value)


def _seconds(text: str, name: str, key: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise PolicyError(f'{name}: {key}: {text!r} is no duration; write it as "60s", "5m" or "100ms"')
    d, h, m, s, ms = (float(g or 0) for g in match.groups())
    return d * 86400 + h * 3600 + m * 60 + s + ms / 1000


def _consistent(policy: CanaryPolicy, name: str) -> CanaryPolicy:
    if policy.persist > policy.persist_of:
        raise PolicyError(f"{name}: persist: {policy.persist} of {policy.persist_of} windows cannot be")
    if policy.journeys.fails > policy.journeys.of:
        raise PolicyError(
            f"{name}: journeys.fails: {policy.journeys.fails} of {policy.journeys.of} runs cannot be"
        )
    if policy.baseline == "dedicated" and not policy.baseline_version:
        raise PolicyError(
            f"{name}: baseline_version: missing; a dedicated baseline needs its template hash or version label"
        )
    return policy


def read_canary_policy(text: str, name: str) -> CanaryPolicy:
    """A whole policy from TOML, every key given. Raises ``PolicyError``."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not readable as TOML: {error}") from error
    for at, kind in (("", CanaryPolicy), *((f"{k}.", v) for k, v in _SECTIONS.items())):
        table = raw.get(at.rstrip("."), {}) if at else raw
        for field in fields(kind):
            if not isinstance(table, Mapping):
                raise PolicyError(
                    f"{name}: {at.rstrip('.')}: {table!r} is not a table; write [{at.rstrip('.')}]"
                )
            if field.name not in table:
                raise PolicyError(f"{name}: {at}{field.name}: missing; take it from the shipped canary.toml")
    blank = CanaryPolicy(**{f.name: raw[f.name] for f in fields(CanaryPolicy)})
    base = replace(
        blank, **{k: v(**{f.name: raw[k][f.name] for f in fields(v)}) for k, v in _SECTIONS.items()}
    )
    return parse_canary_policy(raw, name, base)


@lru_cache(1)
def default_canary_policy() -> CanaryPolicy:
    """The playbook's values."""
    text = files("tfdash.playbook").joinpath("defaults", "canary.toml").read_text(encoding="utf-8")
    return read_canary_policy(text, "canary.toml")


@lru_cache(32)
def policy_digest(policy: CanaryPolicy) -> str:
    """SHA-256 over the policy's canonical JSON, first 16 hexadecimal digits: two terminals judged alike or not."""
    text = json.dumps(asdict(policy), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
