"""The dated promises at size: expanded, judged, and judged again after one sign-off.

    .venv/bin/python -m benchmarks.maintenance [--items 200] [--places 3] [--json]

Items of every sort (days to years, dates, ages) with the playbook's blackout, two years of completions at each place: most in
time, some late, some missing. Times are CPU time of this process; a piece is what holds the board's thread at once.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import cycle, islice
from zoneinfo import ZoneInfo

import msgspec

from tfdash.ics import promises, releases, writing
from tfdash.judging.judge import Judge
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.maintenance import (
    AccountStart,
    Completion,
    EvidenceKind,
    MaintenanceRecord,
    item_subject,
)
from tfdash.model.picture import Change, Picture
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.cadence import After, Each, On, Within, parse_cadence
from tfdash.playbook.maintenance.days import dates_of
from tfdash.playbook.maintenance.periods import spans
from tfdash.playbook.maintenance.places import places as places_of
from tfdash.playbook.maintenance.policy import MaintenanceItem, MaintenancePolicy
from tfdash.playbook.policies import Policies
from tfdash.playbook.schedule.local import local_date
from tfdash.playbook.schedule.policy import default_calendar_policy
from tfdash.views.calendar import agenda, audit
from tfdash.views.calendar.cells import month_cell, month_span
from tfdash.views.calendar.day import day_lines

ZONE = "America/New_York"
DAY = 86_400.0
NOW = datetime(2026, 11, 24, 10, 5, tzinfo=ZoneInfo(ZONE)).timestamp()
SORTS = (
    ("each month", 7.0, "before"),
    ("each week", 1.0, "allowed"),
    ("within 7d", 1.0, "allowed"),
    ("each quarter", 14.0, "before"),
    ("on FREQ=MONTHLY;BYDAY=2TU", 3.0, "after"),
    ("each month", 7.0, "after"),
    ("within 90d", 3.0, "allowed"),
    ("each day", 0.5, "allowed"),
    ("each year", 30.0, "before"),
    ("within 1d", 0.5, "allowed"),
)


def items(count: int) -> dict[str, MaintenanceItem]:
    return {
        f"item-{n:03d}": MaintenanceItem(
            when=parse_cadence(when),
            title=f"Item {n}",
            grace=grace * DAY,
            blackout=blackout,  # type: ignore[arg-type] # one of the words
        )
        for n, (when, grace, blackout) in enumerate(islice(cycle(SORTS), count))
    }


def step_of(item: MaintenanceItem) -> float:
    """Seconds between two times that it is done at."""
    when = item.when
    if isinstance(when, Within):
        return when.age * 0.95
    if isinstance(when, On | After):
        return 30 * DAY
    assert isinstance(when, Each)
    return {"day": 1, "week": 7, "month": 30.4, "quarter": 91.3, "half-year": 182, "year": 365}[
        when.period
    ] * DAY


def completions(subject: Subject, item: MaintenanceItem, seed: int) -> tuple[Completion, ...]:
    chance = random.Random(seed)
    step, at, found = step_of(item), NOW - 730 * DAY, []
    while at < NOW:
        if chance.random() > 0.05:
            done = at + chance.random() * 0.3 * step
            found.append(Completion(subject=subject, done_at=done, recorded_at=done, evidence=EvidenceKind.SIGNED, by="ann", terminal="t"))  # fmt: skip
        at += step
    return tuple(found)


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1000


def measure(count: int, places: int) -> dict[str, float]:
    policy = MaintenancePolicy(ZONE, 24, None, items(count))
    environments = [f"env-{n}" for n in range(places)]
    policies = replace(Policies(), maintenance=policy, environments=tuple(environments))
    calendar, zone = default_calendar_policy(ZONE), ZoneInfo(ZONE)
    record: dict[Subject, tuple[Completion, ...]] = {}
    for number, (name, item) in enumerate(policy.items.items()):
        for environment in environments:
            at = item_subject(name, environment)
            record[at] = completions(at, item, number)
    starts = {at: (AccountStart(NOW - 730 * DAY, NOW - 730 * DAY),) for at in record}
    told = MaintenanceRecord(completions=record, started=starts, known=True)

    def expand() -> None:
        for item in policy.items.values():
            for _ in spans(item, zone, calendar, NOW, NOW + 5 * 365.25 * DAY):
                pass

    def export() -> None:
        span = promises.horizon(local_date(NOW, zone), 5)
        several = list(places_of(policy, environments, ()))
        due = {at: NOW + DAY for at, item in several if not promises.dated(item)}
        entries = [*promises.entries(policy, calendar, several, due, span), *releases.entries(calendar, span)]
        before = writing.written(entries, "tfdash", zone, span.last, NOW)
        writing.written(entries, "tfdash", zone, span.last, NOW, writing.read_previous(before))

    expanded, exported = timed(expand), timed(export)
    gc.collect()
    gc.freeze()  # as the program does when its lists are read
    picture = Picture(at=NOW, number=1, clusters={}, store_state=StoreState(maintenance=told))
    change = Change(keys={}, freshness=frozenset(), signals=None, store=frozenset({"maintenance"}))
    whole = MaintenanceRunner(policies)
    found = {
        "five years expanded": expanded,
        "exported, and once again": exported,
        "first look, whole": timed(lambda: whole.assess(picture, change, NOW)),
    }
    gc.freeze()
    judge = Judge(policies=policies, hold=0.05)
    pieces = [timed(lambda: judge.assess(picture, change, NOW))]
    left = True
    while left:
        begin = time.process_time()
        left = judge.go_on(NOW)
        pieces.append((time.process_time() - begin) * 1000)
    pieces.append(
        timed(lambda: judge.assess(picture, Change(keys={}, freshness=frozenset(), store=frozenset()), NOW))
    )
    found["first look, longest piece"] = max(pieces)
    found["first look, all pieces"] = sum(pieces)
    at = next(iter(record))
    one = msgspec.structs.replace(record[at][-1], done_at=NOW - 60, recorded_at=NOW - 60)
    more = msgspec.structs.replace(told, completions={**record, at: (*record[at], one)})
    later = Picture(at=NOW, number=2, clusters={}, store_state=StoreState(maintenance=more))
    found["after one sign-off"] = timed(lambda: judge.assess(later, change, NOW))
    assert judge.go_on(NOW) is False
    shown = whole.states
    assert shown is not None

    def month() -> None:
        """What the page makes when it is opened: the days, each cell, the chosen day, and all rows for the filter."""
        today = local_date(NOW, zone)
        dates = dates_of(policies, shown, told, *month_span(today), NOW)
        for day in dates.days:
            month_cell(dates, day, today, 16, 8)
        chosen = dates.on(today)
        assert chosen is not None
        day_lines(dates, chosen, None)
        agenda.rows_of(dates)

    def two_years() -> None:
        today = local_date(NOW, zone)
        dates = dates_of(policies, shown, told, today, today, NOW)
        months, step = audit.months_shown(today, policy.look_back, 120)
        audit.head_line(shown.values(), months)
        for row in islice(audit.rows_of(dates).values(), 50):  # as many as are in view
            audit.cells(row, months, step, zone)

    found["month view opened"] = timed(month)
    found["audit view opened"] = timed(two_years)
    assert whole.states is not None and len(whole.states) == count * places
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--places", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measure(args.items, args.places)
    if args.json:
        print(json.dumps(found))
        return
    print(f"{args.items} items at {args.places} places, milliseconds of CPU")
    for name, value in found.items():
        print(f"  {name:<28} {value:8.1f}")


if __name__ == "__main__":
    main()
