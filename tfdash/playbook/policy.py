"""The settings of the rules for workloads; the playbook's values stand in ``defaults/workloads.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from tfdash.setting import Between, Note, Seconds, SettingsTable, read, shipped


@dataclass(frozen=True)
class WorkloadPolicy(SettingsTable, defaults="workloads.toml"):
    """How workloads are judged."""

    oom_window: Annotated[
        Seconds,
        Note("for how long an OOM kill, or a crash of a container that runs again, counts as a cause"),
    ]
    ready_grace: Annotated[
        Seconds,
        Note(
            "how long a container may run without being ready before its probe is a cause, and a workload that was just made or scaled up from none may be held up before it is DOWN"
        ),
    ]
    terminating_grace: Annotated[
        Seconds, Note("how long a pod may outlive its deletion before that is a cause")
    ]
    stale_after: Annotated[
        Seconds,
        Between(90, 86_400, seconds=True),  # an API server proves a quiet watch about once a minute
        Note("data older than this is UNKNOWN, never green"),
    ]


@lru_cache(1)
def default_policy() -> WorkloadPolicy:
    """The playbook's values for workloads."""
    return read(WorkloadPolicy, shipped(WorkloadPolicy))
