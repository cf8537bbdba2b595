"""The settings of the rules for versions of Kubernetes; the playbook's values stand in ``defaults/versions.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from tfdash.playbook.schedule.policy import DEFAULT_ZONE, parse_date
from tfdash.playbook.versions.end_of_life import EndOfLife, shipped_tables, tables_of
from tfdash.playbook.versions.removed_apis import RemovedApis, removals_of, shipped_removals
from tfdash.setting import (
    Between,
    Checked,
    Listed,
    Note,
    Pairs,
    Seconds,
    SettingsTable,
    Spelled,
    Unfit,
    read,
    shipped,
)

_DAY = 86_400.0
Day = Annotated[date, Spelled(parse_date, date.isoformat)]


def _version(value: str) -> None:
    if not re.fullmatch(r"v?\d{1,4}\.\d{1,4}(\.\d{1,6})?", value):
        raise ValueError(f'{value!r} is no version; write "1.37" or "1.37.2"')


@dataclass(frozen=True)
class PlannedVersion(SettingsTable):
    """That an environment is to be updated. The notice begins when a terminal that records has written it into the audit log."""

    version: Annotated[str, Checked(_version), Note("a minor, or one patch of it", '"1.38"')]
    date: Annotated[Day, Note("it may not begin before", '"2027-01-19"')]
    environment: Annotated[str, Note('"": the one that is called production here')] = ""


@dataclass(frozen=True)
class VersionsRules(SettingsTable, defaults="versions.toml"):
    """Versions of Kubernetes: how long they are supported, and how an update comes to production: first development, then staging, where
    it soaks, then production, with notice."""

    development: Annotated[
        str, Note('the environment that is updated first; "": there is none, and none is asked for')
    ]
    staging: Annotated[str, Note("the one in which a version soaks; likewise")]
    production: Annotated[str, Note("the one that is updated last")]
    soak: Annotated[
        Seconds, Between(0, 365 * _DAY, seconds=True), Note("watched time in staging without anything older")
    ]
    notice: Annotated[
        Seconds, Between(0, 365 * _DAY, seconds=True), Note("from the day on which the plan was recorded")
    ]
    near_end: Annotated[
        Seconds, Between(0, 365 * _DAY, seconds=True), Note("an end of support is told before")
    ]
    patch_within: Annotated[
        Seconds,
        Between(_DAY, 365 * _DAY, seconds=True),
        Note("a newer patch of the same minor is told when it has been out for so long"),
    ]
    table_age: Annotated[
        Seconds,
        Between(_DAY, 3650 * _DAY, seconds=True),
        Note("by a table that is older nothing is called supported, and no API version kept"),
    ]
    end_of_life: Annotated[
        str,
        Note(
            "a file with tables in the place of the shipped ones: tfdash/playbook/versions/end_of_life.toml"
        ),
    ]
    removals: Annotated[
        str,
        Note(
            "a file in the place of the shipped table of API versions that were removed: tfdash/playbook/versions/removed_apis.toml"
        ),
    ]
    endings: Annotated[
        Pairs,
        Note(
            'what versions end with, and the table that they follow: { "" = "aks" } where those without an ending are AKS\'s'
        ),
    ]
    plan: Annotated[tuple[PlannedVersion, ...], Listed(), Note("updates that are planned")]

    def __post_init__(self) -> None:
        named = [name for name in (self.development, self.staging, self.production) if name]
        if len(named) != len(set(named)):
            raise Unfit("staging", "each of development, staging and production is another environment")
        seen = set()
        for i, plan in enumerate(
            self.plan
        ):  # the one that was announced first would count, whatever day the other says
            of = (plan.environment or self.production, plan.version.removeprefix("v"))
            if of in seen:
                raise Unfit(
                    f"plan.{i}.version", f"{of[1]} is planned for {of[0]} already; leave one of the two out"
                )
            seen.add(of)


@dataclass(frozen=True)
class VersionsPolicy:
    """The rules with what they refer to. ``clusters``: of environments whose clusters the configuration names, these names."""

    rules: VersionsRules
    tables: EndOfLife
    removals: RemovedApis = field(default_factory=shipped_removals)
    zone: str = DEFAULT_ZONE
    clusters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def endings(self) -> dict[str, str]:
        return dict(self.rules.endings)


@lru_cache(1)
def default_versions_policy() -> VersionsPolicy:
    """The playbook's values."""
    return VersionsPolicy(read(VersionsRules, shipped(VersionsRules)), shipped_tables())


def versions_in(rules: VersionsRules, zone: str, clusters: Mapping[str, tuple[str, ...]]) -> VersionsPolicy:
    """[versions] in the zone of [time], with its files read."""
    tables, removals = tables_of(rules.end_of_life), removals_of(rules.removals)
    return VersionsPolicy(rules, tables, removals, zone, clusters)
