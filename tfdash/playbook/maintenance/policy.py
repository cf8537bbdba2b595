"""The dated promises as settings: ``[maintenance]``; the playbook's own stand in ``defaults/maintenance.toml``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import lru_cache
from typing import Annotated, Literal

from tfdash.durations import write_duration
from tfdash.labels import LabelSelector, parse_selector
from tfdash.model.maintenance import REHEARSAL, runbook_item
from tfdash.model.procedure import Procedure
from tfdash.playbook.maintenance.cadence import Cadence, Each, On, Within, parse_cadence
from tfdash.playbook.maintenance.live import READERS
from tfdash.playbook.schedule.policy import parse_local, parse_time
from tfdash.setting import (
    Between,
    Note,
    OwnZone,
    Seconds,
    SettingsTable,
    Spelled,
    Texts,
    Unfit,
    read,
    refuse,
    shipped,
)
from tfdash.spelling import nearest

Kind = Literal["kubernetes", "database", "certificates", "resources", "security", "access", "operations"]
Blackout = Literal["stays", "before", "after", "allowed"]
LONGEST_GRACE = 92 * 86_400.0
"""Seconds after which nothing is kept late any more."""
WORKS = ("kubernetes", "database", "certificates")
"""What changes what runs; the others look at it."""
_SHORTEST = {"day": 1, "week": 7, "month": 28, "quarter": 90, "half-year": 181, "year": 365}


def _start(value: object) -> datetime | None:
    return None if value == "" else parse_local(value)


Start = Annotated[datetime | None, Spelled(_start, lambda at: at.isoformat(" ", "minutes") if at else "")]
"""A local date or time; none where it is ""."""


def _hour(value: object) -> time | None:
    return None if value == "" else parse_time(value)


Hour = Annotated[time | None, Spelled(_hour, lambda at: f"{at:%H:%M}" if at else "")]
"""A local time of day; none where it is ""."""
When = Annotated[Cadence, Spelled(parse_cadence, lambda cadence: cadence.words())]


Fitting = Annotated[LabelSelector, Spelled(parse_selector, lambda selector: selector.text)]


@dataclass(frozen=True)
class MaintenanceItem(SettingsTable):
    """One dated promise. A name that ships keeps what is not written here; another name is a promise of your own."""

    when: Annotated[
        When,
        Note(
            'once in each period ("each day", week, month, quarter, half-year, year), never older than ("within 7d"), '
            'on a date ("on FREQ=WEEKLY;BYDAY=MO"), after an event ("after break-glass within 24h")',
            '"each month"',
        ),
    ]
    title: Annotated[str, Note(sample='"Vacuum analyze"')]
    kind: Annotated[
        Kind,
        Note("of what: the letter on the calendar, and what filters go by"),
    ] = "operations"
    sentence: Annotated[str, Note("of the playbook, that it stands for")] = ""
    owner: Annotated[str, Note("the team that keeps it", '"dba"')] = ""
    per: Annotated[
        Literal["platform", "environment", "cluster", "namespace", "runbook"],
        Note(
            "what it is to be done for: each of these has a state of its own; by live evidence, platform is each environment; "
            "runbook: an item of its own for each recovery, in each environment"
        ),
    ] = "environment"
    environments: Annotated[Texts, Note("in which of them; may hold *")] = ("*",)
    clusters: Annotated[Texts, Note("likewise, where per = cluster or namespace")] = ("*",)
    selector: Annotated[
        Fitting,
        Note(
            'where per = namespace: those with such labels, as kubectl -l has it; "": all',
            '"team=payments,tier in (db,cache)"',
        ),
    ] = LabelSelector()  # noqa: RUF009 # a tuple
    places: Annotated[
        Texts, Note('names of their own within each, such as databases: ["main", "reports"]')
    ] = ()
    at: Annotated[
        Hour,
        Note(
            'of what is done on a date: from when, so that two at once on one target are told; "": the whole day',
            '"02:00"',
        ),
    ] = None
    length: Annotated[
        Seconds, Between(300, 86_400, seconds=True), Note("for how long, where at says from when")
    ] = 3600.0
    grace: Annotated[
        Seconds,
        Between(3600, LONGEST_GRACE, seconds=True),
        Note("done so long after is late; then it is missed"),
    ] = 86_400.0
    blackout: Annotated[
        Blackout,
        Note(
            "where it falls due inside a blackout or freeze: it stays due (a conflict), moves before it, moves behind it, "
            "or may be done inside"
        ),
    ] = "allowed"
    evidence: Annotated[
        Literal["signed", "live", "imported"],
        Note(
            "what it counts as done by: a person's word, what a source shows, or imported: what calendar adopt takes over from another "
            "system alone, no word"
        ),
    ] = "signed"
    live: Annotated[
        str, Note("which source, where evidence = live: " + ", ".join(READERS), '"kubernetes-patch"')
    ] = ""
    formerly: Annotated[
        Texts, Note("names that it had before: what is on record of them is its own", '["old-name"]')
    ] = ()
    zone: Annotated[OwnZone, Note('"": that of [time]')] = ""
    start: Annotated[Start, Note('from when account is kept; "": that of [maintenance]', '"2026-12-01"')] = (
        None
    )
    enabled: bool = True

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        if not self.title.strip():
            yield Unfit("title", "says nothing: write what is to be done")
        if self.evidence == "live" and self.live not in READERS:
            yield Unfit(
                "live",
                f'"{self.live}" is no source of live evidence; {nearest(self.live, READERS)} or write evidence = "signed"',
            )
        for key in ("environments", "clusters"):
            if not getattr(self, key):
                yield Unfit(key, 'names none, so that it is kept nowhere; write ["*"], or enabled = false')
        if self.selector.text and self.per != "namespace":
            yield Unfit(
                "selector",
                f'counts where per = "namespace", and per is "{self.per}"; write that, or take selector out',
            )
        if self.per == "namespace" and self.places:
            yield Unfit(
                "places",
                'counts for nothing where per = "namespace", whose places are namespaces; take it out',
            )
        if self.per == "namespace" and self.evidence == "live":
            yield Unfit(
                "per", 'is "namespace", and no source of live evidence looks at one alone; write "cluster"'
            )
        if self.per == "runbook" and self.evidence == "live":
            yield Unfit(
                "per", 'is "runbook", and no source of live evidence looks at one; write "environment"'
            )
        if self.clusters not in ((), ("*",)) and self.per not in ("cluster", "namespace"):
            yield Unfit(
                "clusters",
                f'counts where per = "cluster", and per is "{self.per}"; write that, or take clusters out',
            )
        if self.environments not in ((), ("*",)) and self.kept_per == "platform":
            yield Unfit(
                "environments", 'counts for nothing where per = "platform"; write per = "environment"'
            )
        if len(set(self.places)) != len(self.places):
            yield Unfit("places", "one of them stands there twice; leave one out")
        if self.at is not None and not isinstance(self.when, On):
            yield Unfit(
                "at", 'says hours of a promise that has no date; write when = "on FREQ=..." or no hours'
            )
        if self.at is None and self.length != MaintenanceItem.length:
            yield Unfit("length", 'counts where at says from when; write at = "02:00" too, or take it out')
        if isinstance(self.when, Each) and self.grace >= _SHORTEST[self.when.period] * 86_400:
            yield Unfit(
                "grace",
                f"is as long as the {self.when.period} itself, so that nothing would ever be missed; write less",
            )

    @property
    def kept_per(self) -> str:
        """What a source shows is of an environment, and no one terminal sees the platform whole; a runbook is for an environment."""
        if self.per == "runbook":
            return "environment"
        return "environment" if self.evidence == "live" and self.per == "platform" else self.per

    @property
    def rule_words(self) -> str:
        """``once a month``, ``never older than 7d``."""
        if isinstance(self.when, Each):
            return f"once each {self.when.period}"
        if isinstance(self.when, Within):
            return f"never older than {self.when.words().partition(' ')[2]}"
        hours = f", {self.at:%H:%M} for {write_duration(self.length)}" if self.at is not None else ""
        return f"{self.when.words()}{hours}"


@dataclass(frozen=True)
class MaintenanceRules(SettingsTable, defaults="maintenance.toml"):
    """The dated promises. Nothing counts as missed before ``start``, or before what "tfdash calendar adopt" took over."""

    look_back: Annotated[int, Between(1, 120), Note("months that the audit view looks back on")]
    start: Annotated[
        Start, Note('from when account is kept, such as "2026-12-01"; "": from the first evidence of each')
    ]
    items: Annotated[dict[str, MaintenanceItem], Note(sample="own")]

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        for name in self.items:
            if not name.strip() or "/" in name:
                yield Unfit(
                    ("items", name),
                    'an item needs a name without "/"; write [maintenance.items.restore-drill]',
                )
        owned: dict[str, str] = {}
        for name, item in self.items.items():
            for old in item.formerly:
                other = owned.setdefault(old, name)
                if old in self.items and self.items[old].enabled:
                    yield Unfit(
                        ("items", name, "formerly"),
                        f'"{old}" is an item still; leave it out, or write enabled = false there',
                    )
                elif other != name:
                    yield Unfit(
                        ("items", name, "formerly"), f'"{old}" is {other} now; leave it out of one of the two'
                    )


@dataclass(frozen=True)
class MaintenancePolicy:
    """The promises in the zone of [time]."""

    zone: str
    look_back: int
    start: datetime | None
    items: Mapping[str, MaintenanceItem]

    def zone_of(self, item: MaintenanceItem) -> str:
        return item.zone or self.zone


def maintenance_in(
    zone: str, rules: MaintenanceRules, recoveries: Iterable[Procedure] = ()
) -> MaintenancePolicy:
    """The promises that are kept account of; those of runbooks once for each of ``recoveries``."""
    kept: dict[str, MaintenanceItem] = {}
    runbooks = tuple(recoveries)
    for name, item in rules.items.items():
        if item.per != "runbook":
            kept[name] = item
            continue
        for one in runbooks:
            own = runbook_item(name, one.id)
            if own not in rules.items:  # else somebody said by name how that one is kept
                kept[own] = _of_runbook(name, item, one)
    return MaintenancePolicy(
        zone, rules.look_back, rules.start, {name: item for name, item in kept.items() if item.enabled}
    )


def _of_runbook(name: str, item: MaintenanceItem, runbook: Procedure) -> MaintenanceItem:
    """``item`` of one runbook, whose file may say itself how often it is rehearsed."""
    when = Within(runbook.rehearse) if name == REHEARSAL and runbook.rehearse else item.when
    return replace(item, title=f"{item.title}: {runbook.title}", when=when)


@lru_cache(8)
def default_maintenance_policy(zone: str) -> MaintenancePolicy:
    """The playbook's own."""
    return maintenance_in(zone, read(MaintenanceRules, shipped(MaintenanceRules)))
