"""What runs in a cluster, seen when, and what the playbook says of that. Made by ``tfdash.playbook.versions`` and ``tfdash.store``."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Verdict


class DeprecatedApi(NamedTuple):
    """``policy/v1beta1 podsecuritypolicies``, and the release that no longer serves it, "1.25"."""

    group: str
    version: str
    resource: str
    removed: str

    def __str__(self) -> str:
        return (
            f"{self.group}/{self.version} {self.resource}"
            if self.group
            else f"{self.version} {self.resource}"
        )


class DeprecatedApis(msgspec.Struct, frozen=True, kw_only=True):
    """Those that were asked for since an API server began (``since``, epoch seconds). ``problem``: why that is not known, "" where it
    is; ``refused``: for want of a right."""

    asked: tuple[DeprecatedApi, ...] = ()
    since: float = 0.0
    problem: str = ""
    refused: bool = False


class VersionSighting(msgspec.Struct, frozen=True):
    """Somebody watched a cluster from ``since`` to ``until`` (epoch seconds), and all that time these ``versions`` ran there: what its
    API server answers and its kubelets say, as they write it, sorted, each once."""

    cluster: ClusterRef
    since: float
    until: float
    versions: tuple[str, ...]
    by: tuple[str, ...] = ()  # the terminals that recorded it, sorted; none of what this terminal sees


class Unwatched(NamedTuple):
    """A time in which nobody watched (epoch seconds)."""

    since: float
    until: float

    @property
    def seconds(self) -> float:
        return self.until - self.since


class Soak(msgspec.Struct, frozen=True, kw_only=True):
    """How long an environment has run nothing older than ``version``, and how much of that was watched.

    ``since``: when all of it was first seen without anything older; ``first``: nothing older was ever seen there, so that it may be
    longer. ``watched``: seconds in which ``version`` was the oldest there and somebody watched; ``until``: when somebody watched last;
    ``gaps``: times between, in which nobody did."""

    version: str
    since: float
    until: float
    watched: float
    gaps: tuple[Unwatched, ...] = ()
    first: bool = False


class PlannedUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """That an environment is to get a version, "1.37" or "1.37.2", on a ``day`` ("2026-12-05"). ``announced``: when that was first written
    into the audit log (epoch seconds), None where it was not yet."""

    environment: str
    version: str
    day: str
    announced: float | None = None


class VersionMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What the store remembers: of clusters of any environment, and of plans as they were first recorded."""

    sightings: tuple[VersionSighting, ...] = ()
    announced: tuple[PlannedUpdate, ...] = ()


NOTHING_SEEN = VersionMemory()


class VersionsState(msgspec.Struct, frozen=True, kw_only=True):
    """``next``: the version that waits to go to production, "" where none does or that is not known. ``seen``: what this terminal has watched since it started, the newest of each cluster among it. ``running``: in one line.
    ``plans``: of the configuration, with what the store knows of them."""

    verdicts: tuple[Verdict, ...] = ()
    running: str = ""
    next: str = ""
    soak: Soak | None = None
    seen: tuple[VersionSighting, ...] = ()
    plans: tuple[PlannedUpdate, ...] = ()
