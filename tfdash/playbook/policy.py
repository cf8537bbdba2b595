"""The knobs of the rules, with the playbook's own values from ``defaults/*.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib.resources import files


class PolicyError(Exception):
    """A shipped or given policy that names what does not exist."""


@dataclass(frozen=True)
class WorkloadPolicy:
    """Seconds throughout; see ``defaults/workloads.toml``."""

    oom_window: float
    terminating_grace: float
    stale_after: float


def default_policy() -> WorkloadPolicy:
    """The playbook's values."""
    name = "workloads.toml"
    raw = tomllib.loads(files("tfdash.playbook").joinpath("defaults", name).read_text(encoding="utf-8"))
    known = {f.name for f in fields(WorkloadPolicy)}
    for key in raw:
        if key not in known:
            raise PolicyError(f"{name}: {key}: unknown key; valid here: {', '.join(sorted(known))}")
    return WorkloadPolicy(**raw)


def changed(policy: WorkloadPolicy, values: Mapping[str, float]) -> WorkloadPolicy:
    return replace(policy, **values)
