"""What recoveries are judged by: the procedures that there are, what is configured for their steps, and where that lies."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tfdash.model.procedure import Procedure
from tfdash.playbook.procedures.recovery_settings import RestoredService


class Dependency(NamedTuple):
    """Something without which no recovery is carried out. ``need``: its entry in ``NEEDS``; ``what``: in words, "the shared store";
    ``host``: where it answers, "" for a file of this machine; ``key``: the setting that names it."""

    need: str
    what: str
    host: str
    key: str


@dataclass(frozen=True, kw_only=True)
class RecoveryPolicy:
    """``procedures`` by id. ``hosts``, ``pipelines``, ``channels``: names that are configured; ``commands``: those that are allowed, by name, each with its places. ``inside``: this program runs in a pod of a
    cluster that it may have to recover. ``apart``: hosts, as patterns, of which somebody says that they go down with none of the clusters;
    ``along``: those that do. ``services``: what a complete restore brings back, by name;
    ``keeps_last_good``: what they were is kept somewhere, and is at most ``fresh`` seconds old where it is good for a restore."""

    procedures: Mapping[str, Procedure] = field(default_factory=dict)
    problems: Collection[str] = ()
    hosts: Collection[str] = ()
    pipelines: Collection[str] = ()
    channels: Collection[str] = ()
    commands: Mapping[str, Collection[str]] = field(default_factory=dict)
    dependencies: tuple[Dependency, ...] = ()
    inside: bool = False
    apart: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    services: Mapping[str, RestoredService] = field(default_factory=dict)
    keeps_last_good: bool = False
    fresh: float = 86_400.0
