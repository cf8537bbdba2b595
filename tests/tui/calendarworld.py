"""Two years of dated promises as the log has them: most kept, some late, some missed, one waived, two overdue, all by a fixed rule."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from tests.tui import world
from tests.tui.recorded import REF
from tfdash.board.board import Board
from tfdash.judging.judge import Judge
from tfdash.model.maintenance import AccountStart, Completion, EvidenceKind, MaintenanceRecord, PeriodWaiver
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.cadence import Each, Within
from tfdash.playbook.maintenance.periods import spans
from tfdash.playbook.maintenance.places import places
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.policies import Policies

NOW, DAY = world.NOW, world.DAY
POLICIES = Policies(environments=("production", "staging"))
ENVIRONMENTS = POLICIES.environments
BEGAN = NOW - 760 * DAY
_BY = ("ana@corp", "ben@corp", "chi@corp")
_OVERDUE = {"vacuum-analyze": "production", "privileged-access-review": "staging"}
_NEVER = {"root-ca"}  # nobody watches these yet


def all_places() -> list[tuple[Subject, MaintenanceItem]]:
    return list(places(POLICIES.maintenance, ENVIRONMENTS, [REF]))


def _done(number: int, subject: Subject, item: MaintenanceItem) -> Iterator[Completion]:
    """Each at some time of its period; every 17th late, every 29th not at all."""
    if isinstance(item.when, Within):
        step = item.when.age * 0.9
        times = [BEGAN + n * step for n in range(int((NOW - BEGAN) / step) + 1)]
    else:
        zone = ZoneInfo(POLICIES.maintenance.zone_of(item))
        times = []
        for n, span in enumerate(spans(item, zone, POLICIES.calendar, BEGAN, NOW)):
            length = span.deadline - span.start
            turn = number * 5 + n
            often = isinstance(item.when, Each) and item.when.period == "day"
            if turn % (211 if often else 29) == 28:
                continue
            share = (
                1.02
                if turn % (97 if often else 17) == 16 and item.grace > length * 0.05
                else 0.35 + turn % 5 * 0.1
            )
            times.append(span.start + length * share)
    for n, at in enumerate(times):
        if at < NOW:
            kind = EvidenceKind.LIVE if item.kind in ("database", "kubernetes") else EvidenceKind.SIGNED
            yield Completion(
                subject=subject,
                done_at=at,
                recorded_at=min(at + 3 * 3600.0, NOW),
                evidence=kind,
                by="main-db" if kind is EvidenceKind.LIVE else _BY[(number + n) % 3],
                note="" if n % 4 else "ticket OPS-" + str(1000 + number * 31 + n),
                terminal="t1",
            )


def record() -> MaintenanceRecord:
    completions, started, waivers = {}, {}, {}
    for number, (subject, item) in enumerate(all_places()):
        if subject.name in _NEVER:
            continue
        started[subject] = (AccountStart(BEGAN, BEGAN),)
        found = list(_done(number, subject, item))
        if _OVERDUE.get(subject.name) == subject.cluster.environment:
            found = [one for one in found if one.done_at < NOW - 45 * DAY]
        completions[subject] = tuple(found)
        if subject.name == "quota-review" and subject.cluster.environment == "staging":
            completions[subject] = tuple(one for one in found if one.done_at < NOW - 50 * DAY)
            waivers[subject] = (
                PeriodWaiver(
                    subject=subject,
                    since=NOW - 30 * DAY,
                    until=NOW + 38 * DAY,
                    who="ana@corp",
                    why="staging is rebuilt in December",
                    second="ben@corp",
                    recorded_at=NOW - 30 * DAY,
                ),
            )
    return MaintenanceRecord(completions=completions, started=started, waivers=waivers, known=True)


def judge() -> Judge:
    return Judge(policies=POLICIES)


def prepare(board: Board) -> None:
    board.put_store_state(StoreState(maintenance=record()))
