"""Short ways to say what runs, what was seen and by which rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tfdash.model.subject import ClusterRef
from tfdash.model.versions import PlannedUpdate, VersionSighting, VersionsState
from tfdash.playbook.moment import Moment
from tfdash.playbook.staleness import Unread
from tfdash.playbook.versions.policy import VersionsPolicy, default_versions_policy
from tfdash.playbook.versions.running import Running
from tfdash.playbook.versions.state import versions_state

DAY, HOUR = 86_400.0, 3600.0
DEVELOPMENT, STAGING, PRODUCTION = (
    ClusterRef(name, f"{name[:4]}-1") for name in ("development", "staging", "production")
)


def at(text: str) -> float:
    """``2026-11-24 15:00``, by UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOW = at("2026-11-24 15:00")


def policy(**changes: Any) -> VersionsPolicy:
    """The playbook's, with other rules."""
    found = default_versions_policy()
    return replace(found, rules=replace(found.rules, **changes))


def running(
    control: str | Sequence[str] = "v1.37.2",
    nodes: Mapping[str, Sequence[str]] | Sequence[str] = ("v1.37.2",),
    cluster: ClusterRef = PRODUCTION,
    unseen: Unread | None = None,
) -> Running:
    """``nodes``: one of each of these versions, n1, n2, ..., or names by version."""
    if not isinstance(nodes, Mapping):
        named: dict[str, list[str]] = {}
        for number, version in enumerate(nodes, 1):
            named.setdefault(version, []).append(f"n{number}")
        nodes = named
    answers = (control,) if isinstance(control, str) else tuple(control)
    return Running(cluster, answers, {v: tuple(names) for v, names in nodes.items()}, unseen)


def seen(cluster: ClusterRef, since: float, until: float, *versions: str) -> VersionSighting:
    return VersionSighting(cluster, since, until, tuple(sorted(versions)))


def state(
    *runs: Running,
    sightings: Sequence[VersionSighting] = (),
    announced: Sequence[PlannedUpdate] = (),
    rules: VersionsPolicy | None = None,
    now: float = NOW,
    moment: Moment | None = None,
    unread: Unread | None = None,
) -> VersionsState:
    environment = runs[0].cluster.environment
    own = [s for s in sightings if s.cluster.environment == environment]
    rest = [s for s in sightings if s.cluster.environment != environment]
    return versions_state(
        environment, runs, own, rest, announced, rules or policy(), moment or Moment(now), unread
    )
