"""The knobs of the rules, with the playbook's own values from ``defaults/*.toml``."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeVar


class PolicyError(Exception):
    """A policy that cannot be used; the message names file, key and remedy."""


@dataclass(frozen=True)
class WorkloadPolicy:
    """Seconds throughout; see ``defaults/workloads.toml`` for what each one means."""

    oom_window: float
    ready_grace: float
    terminating_grace: float
    starting_grace: float
    evicted_window: float
    stale_after: float


@dataclass(frozen=True)
class NodePolicy:
    """Seconds; see ``defaults/nodes.toml``."""

    joining_grace: float


@dataclass(frozen=True)
class Policy:
    """Everything that rules are parametrised by."""

    workloads: WorkloadPolicy
    nodes: NodePolicy


P = TypeVar("P", WorkloadPolicy, NodePolicy)


def parse(kind: type[P], text: str, name: str) -> P:
    """A policy from TOML; ``name`` is the file's, for messages. Raises ``PolicyError``."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not readable as TOML: {error}") from error
    known = [f.name for f in fields(kind)]
    missing = [key for key in known if key not in raw]
    if missing:
        raise PolicyError(f"{name}: {missing[0]}: missing; add it as a number of seconds")
    return kind(**{key: _seconds(value, name, key, known) for key, value in raw.items()})


def _seconds(value: Any, name: str, key: str, known: list[str]) -> float:
    if key not in known:
        raise PolicyError(f"{name}: {key}: unknown key; valid here: {', '.join(sorted(known))}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PolicyError(f"{name}: {key}: {value!r} is not a number of seconds")
    if not math.isfinite(value) or value < 0:
        raise PolicyError(f"{name}: {key}: {value!r} must be finite and not negative")
    return float(value)


def _shipped(kind: type[P], name: str) -> P:
    return parse(kind, files("tfdash.playbook").joinpath("defaults", name).read_text(encoding="utf-8"), name)


@lru_cache(1)
def default_policy() -> WorkloadPolicy:
    """The playbook's values for workloads."""
    return _shipped(WorkloadPolicy, "workloads.toml")


@lru_cache(1)
def default_node_policy() -> NodePolicy:
    """The playbook's values for nodes."""
    return _shipped(NodePolicy, "nodes.toml")


def changed(policy: WorkloadPolicy, values: Mapping[str, float]) -> WorkloadPolicy:
    """The policy with some values replaced. Raises ``PolicyError`` for unknown keys and unusable values."""
    known = [f.name for f in fields(policy)]
    return replace(policy, **{k: _seconds(v, "policy.workloads", k, known) for k, v in values.items()})
