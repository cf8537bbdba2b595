"""Where each promise is to be kept, and what is on record of it there. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import EvidenceKind, MaintenanceRecord, item_subject
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.maintenance.cadence import After
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.policy import MaintenanceItem, MaintenancePolicy
from tfdash.playbook.schedule.local import instant

Spaces: TypeAlias = Callable[[str, MaintenanceItem, ClusterRef], Iterable[str]]
"""The namespaces of a cluster for which an item of that name is kept; "" for a cluster of which nobody knows."""


def places(
    policy: MaintenancePolicy,
    environments: Iterable[str],
    clusters: Iterable[ClusterRef],
    spaces: Spaces = lambda name, item, ref: (),
) -> Iterator[tuple[Subject, MaintenanceItem]]:
    """Each item at each of its places, in the order of the settings. ``environments``: all that are configured or shown;
    ``clusters``: those that are shown."""
    known, shown = sorted(set(environments)), sorted(set(clusters))
    for name, item in policy.items.items():
        for environment, cluster in _within(item, known, shown):
            own = item.places or ("",)
            if item.per == "namespace":
                own = tuple(spaces(name, item, ClusterRef(environment, cluster)))
            for place in own:
                yield item_subject(name, environment, cluster, place), item


def _within(
    item: MaintenanceItem, environments: list[str], clusters: list[ClusterRef]
) -> Iterator[tuple[str, str]]:
    if item.kept_per == "platform":
        yield "", ""
    elif item.kept_per == "environment":
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
    return with_before(
        Facts(
            started=said,
            starts=record.started.get(subject, ()),
            completions=record.completions.get(subject, ()),
            waivers=record.waivers.get(subject, ()),
            sightings=record.sightings.get(subject, ()),
            events=uses,
            lost=record.lost,
            rules=record.rules.get(subject, ()),
        ),
        item,
        subject,
        record,
    )


def before(item: MaintenanceItem, subject: Subject) -> Iterator[Subject]:
    """What ``subject`` may be on record as before: by the item's former names, and at wider places: what was done for all was done for each."""
    at, place = subject.cluster, subject.namespace
    wider = dict.fromkeys(
        (environment, cluster, named)
        for environment, cluster in ((at.environment, at.cluster), (at.environment, ""), ("", ""))
        for named in (place, "")
    )
    found = (item_subject(name, *where) for name in (subject.name, *item.formerly) for where in wider)
    return (one for one in found if one != subject)


def with_before(facts: Facts, item: MaintenanceItem, subject: Subject, record: MaintenanceRecord) -> Facts:
    """``facts`` of ``subject``, and of all that it was before. What a source showed of a wider place is of no narrower one: there it showed
    the oldest of several."""
    for one in before(item, subject):
        same = (one.cluster, one.namespace) == (subject.cluster, subject.namespace)
        done = record.completions.get(one, ())
        facts = facts._replace(
            completions=(
                *facts.completions,
                *(c for c in done if same or c.evidence is not EvidenceKind.LIVE),
            ),
            waivers=(*facts.waivers, *record.waivers.get(one, ())),
            sightings=(*facts.sightings, *(record.sightings.get(one, ()) if same else ())),
            starts=(*facts.starts, *record.started.get(one, ())),
            rules=(*facts.rules, *(rule for rule in record.rules.get(one, ()) if rule.terms is not None)),
        )
    return facts


class Scene(NamedTuple):
    """``environments``: all that are configured or shown; ``clusters``: those that are shown."""

    environments: frozenset[str]
    clusters: frozenset[ClusterRef]


def gone(
    policy: MaintenancePolicy,
    kept: Mapping[Subject, MaintenanceItem],
    record: MaintenanceRecord,
    scene: Scene,
) -> list[Subject]:
    """What is on record and not ``kept``, in order, but for what this terminal cannot tell of."""
    taken = {one for subject, item in kept.items() for one in before(item, subject)}
    tables = (record.rules, record.completions, record.waivers, record.sightings, record.started)
    found = {subject for table in tables for subject in table} - taken - kept.keys()
    return sorted(subject for subject in found if not _elsewhere(policy, subject, scene))


def _elsewhere(policy: MaintenancePolicy, subject: Subject, scene: Scene) -> bool:
    """Whether others may keep it still: in an environment that these settings do not know, or in a cluster that is not shown."""
    at, item = subject.cluster, policy.items.get(subject.name)
    if at.environment and at.environment not in scene.environments:
        return True
    if item is None or not at.cluster or at in scene.clusters:
        return False
    if not (_any(at.environment, item.environments) and _any(at.cluster, item.clusters)):
        return False
    named = item.per == "cluster" and subject.namespace in (item.places or ("",))
    return named or item.per == "namespace"


def remembered(record: MaintenanceRecord) -> Spaces:
    """By what is on record as kept."""
    on_record: dict[tuple[str, ClusterRef], list[str]] = {}
    for subject, said in record.rules.items():
        newest = max(said, key=lambda rule: rule.recorded_at)
        if subject.namespace and newest.terms is not None:
            on_record.setdefault((subject.name, subject.cluster), []).append(subject.namespace)
    return lambda name, item, ref: sorted(on_record.get((name, ref), ()))


def facts_of_gone(subject: Subject, record: MaintenanceRecord) -> Facts:
    """What is on record of what is not kept."""
    return Facts(
        starts=record.started.get(subject, ()),
        completions=record.completions.get(subject, ()),
        waivers=record.waivers.get(subject, ()),
        sightings=record.sightings.get(subject, ()),
        lost=record.lost,
        rules=record.rules.get(subject, ()),
        kept=False,
    )
