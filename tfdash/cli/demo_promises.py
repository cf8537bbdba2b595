"""What a scenario says was kept of the dated promises before the demo began: two years of sign-offs, by the playbook's own periods."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.demo.options import ENVIRONMENTS
from tfdash.demo.scenarios.scenario import Dated
from tfdash.model.maintenance import REHEARSAL, EvidenceKind
from tfdash.model.store_state import COMPLETION, MAINTENANCE_START, PERIOD_WAIVER, EntryKind
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.maintenance.cadence import Each, Within
from tfdash.playbook.maintenance.eras import rule_data, terms_of
from tfdash.playbook.maintenance.periods import spans
from tfdash.playbook.maintenance.places import places
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.policies import Policies
from tfdash.store.log.audit_projection import subject_data
from tfdash.store.log.draft import EntryDraft

_DAY = 86_400.0
_MONTH = 30.5 * _DAY
_SIGNERS = {"dba": "dora", "platform": "paul", "security": "sara", "operations": "olga"}
_SCANS = ("image-scan", "running-scan", "infrastructure-scan", "application-scan")


class _Turn(NamedTuple):
    """One time at which it was to be done: when it was, or was not; ``late``: when that would have been late."""

    done: float
    late: float
    waived: tuple[float, float]


def kept_before(dated: Dated, policies: Policies, now: float) -> Iterator[EntryDraft]:
    """Entries in no order. The same run says the same: chance goes by the names."""
    clusters = [ClusterRef(name, f"demo-{name}") for name in ENVIRONMENTS]
    for subject, item in places(policies.maintenance, ENVIRONMENTS, clusters):
        rehearsal = item.per == "runbook" and subject.name.startswith(f"{REHEARSAL}-")
        # a rehearsal is a run, and the demo begins with none
        begin = now - (_DAY if rehearsal else min(dated.months * _MONTH, _remembered(item)))
        yield _entry(begin, subject, "tfdash", "account is kept from here on", {"topic": MAINTENANCE_START, "start": begin})  # fmt: skip
        by = rule_data(terms_of(item, policies.maintenance.zone_of(item), None))
        turns = list(_turns(subject, item, policies, begin, now)) if not rehearsal else []
        for ago, turn in enumerate(reversed(turns)):
            yield from _said(dated, subject, item, ago, turn, now, by)


def _remembered(item: MaintenanceItem) -> float:
    """Seconds of history that are worth their entries: two months of what is daily, half a year of what is weekly."""
    step = item.when.age if isinstance(item.when, Within) else _DAY * 30
    if isinstance(item.when, Each):
        step = {"day": _DAY, "week": 7 * _DAY}.get(item.when.period, step)
    return {True: 60 * _DAY, step > 2 * _DAY: 180 * _DAY, step > 15 * _DAY: 3700 * _DAY}[True]


def _turns(
    subject: Subject, item: MaintenanceItem, policies: Policies, begin: float, now: float
) -> Iterator[_Turn]:
    """Oldest first."""
    chance = random.Random(f"{subject.name} {subject.cluster.environment}")
    if isinstance(item.when, Within):
        age = item.when.age
        found = [now - age * chance.uniform(0.2, 0.6)]
        while found[-1] > begin:
            found.append(found[-1] - age * chance.uniform(0.8, 0.92))
        for before, done in zip(found[:0:-1], found[-2::-1], strict=True):
            yield _Turn(done, before + age + item.grace / 2, (before + age - _DAY / 4, before + 2 * age))
        return
    zone = ZoneInfo(policies.maintenance.zone_of(item))
    for span in spans(item, zone, policies.calendar, begin, now):
        if span.start >= begin:
            done = span.start + (span.planned - span.start) * chance.uniform(0.6, 0.9)
            yield _Turn(done, span.deadline + item.grace / 2, (span.end - _DAY / 4, span.closes))


def _said(
    dated: Dated,
    subject: Subject,
    item: MaintenanceItem,
    ago: int,
    turn: _Turn,
    now: float,
    by: dict[str, Any],
) -> Iterator[EntryDraft]:
    what = ""
    for one in dated.otherwise:
        if one.item == subject.name and one.environment == subject.cluster.environment:
            if one.what == "overdue":
                what = "missed" if ago <= max(one.ago) else what
            elif ago in one.ago:
                what = one.what
    who = _SIGNERS.get(item.owner, "olga")
    if what == "waived":
        since, until = turn.waived
        told = {
            "topic": PERIOD_WAIVER,
            "since": since,
            "until": until,
            "why": "the year's end freeze",
            "second": "bea",
            **by,
        }
        yield _entry(since, subject, "marc", f"marc waives {subject.name}: the year's end freeze", told)
    elif what != "missed":
        done = turn.late if what == "late" else turn.done
        if done < now:
            scan = subject.name in _SCANS
            told = {
                "topic": COMPLETION,
                "done_at": done,
                "evidence": (EvidenceKind.IMPORTED if scan else EvidenceKind.SIGNED).value,
                "note": "report of the scanner" if scan else "",
                **by,
            }
            day = f"{datetime.fromtimestamp(done, UTC):%Y-%m-%d %H:%MZ}"
            yield _entry(
                min(done + 600.0, now), subject, who, f"{who} signs {subject.name} as done on {day}", told
            )


def _entry(at: float, subject: Subject, actor: str, sentence: str, data: dict[str, object]) -> EntryDraft:
    told = {**data, "subject": subject_data(subject)}
    return EntryDraft(
        kind=EntryKind.NOTE,
        at=at,
        actor=actor,
        environment=subject.cluster.environment,
        sentence=sentence,
        data=told,
    )


def in_order(drafts: Sequence[EntryDraft]) -> list[EntryDraft]:
    return sorted(drafts, key=lambda draft: draft.at)
