"""Where each promise is to be kept, and what is on record of it there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import MaintenanceRecord, item_subject
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.maintenance.cadence import After
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.policy import MaintenanceItem, MaintenancePolicy
from tfdash.playbook.schedule.local import instant


def places(
    policy: MaintenancePolicy, environments: Iterable[str], clusters: Iterable[ClusterRef]
) -> Iterator[tuple[Subject, MaintenanceItem]]:
    """Each item at each of its places, in the order of the settings. ``environments``: all that are configured or shown;
    ``clusters``: those that are shown."""
    known, shown = sorted(set(environments)), sorted(set(clusters))
    for name, item in policy.items.items():
        for environment, cluster in _within(item, known, shown):
            for place in item.places or ("",):
                yield item_subject(name, environment, cluster, place), item


def _within(
    item: MaintenanceItem, environments: list[str], clusters: list[ClusterRef]
) -> Iterator[tuple[str, str]]:
    if item.per == "platform":
        yield "", ""
    elif item.per == "environment":
        yield from ((e, "") for e in environments if _any(e, item.environments))
    else:
        for ref in clusters:
            if _any(ref.environment, item.environments) and _any(ref.cluster, item.clusters):
                yield ref.environment, ref.cluster


def _any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def facts_of(
    policy: MaintenancePolicy, item: MaintenanceItem, subject: Subject, record: MaintenanceRecord
) -> Facts:
    """What is on record. By the settings account is kept from the item's start, else from that of all."""
    start = item.start or policy.start
    zone = ZoneInfo(policy.zone_of(item))
    said = instant(start, zone) if start is not None else None
    environment = subject.cluster.environment
    uses: tuple[float, ...] = ()
    if isinstance(item.when, After):
        found = record.uses
        uses = (
            found.get(environment, ())
            if environment
            else tuple(sorted(at for of in found.values() for at in of))
        )
    return Facts(
        started=said,
        starts=record.started.get(subject, ()),
        completions=record.completions.get(subject, ()),
        waivers=record.waivers.get(subject, ()),
        sightings=record.sightings.get(subject, ()),
        events=uses,
        lost=record.lost,
        rules=record.rules.get(subject, ()),
    )
