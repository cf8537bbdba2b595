"""The knobs of the rules; the playbook's own values stand in ``defaults/*.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from tfdash.setting import Note, Seconds, Table, read, shipped


@dataclass(frozen=True)
class WorkloadPolicy(Table, defaults="workloads.toml"):
    """How workloads are judged."""

    oom_window: Annotated[
        Seconds, Note("an OOM kill, or a crash of what runs again, counts as a cause for so long")
    ]
    ready_grace: Annotated[
        Seconds, Note("a container may run for so long without being ready before its probe is a cause")
    ]
    terminating_grace: Annotated[
        Seconds, Note("a pod that is still there so long after its deletion was due is a cause")
    ]
    stale_after: Annotated[Seconds, Note("data older than this is UNKNOWN, never green")]


@lru_cache(1)
def default_policy() -> WorkloadPolicy:
    """The playbook's values for workloads."""
    return read(WorkloadPolicy, shipped(WorkloadPolicy))
