"""What a report is made of, read once before it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.maintenance import ItemState
from tfdash.model.picture import Picture
from tfdash.model.store_state import Entry
from tfdash.model.subject import Subject
from tfdash.report.reports.findings import OpenFinding
from tfdash.store.journal.view import JournalView

Version = tuple[Subject, str]
"""A release's carrier without uid, and the template hash of what is released."""


class LogProof(NamedTuple):
    """What ``tfdash audit verify`` says of the log: its lines, and 0 whole, 1 not whole, 2 not all could be looked at."""

    code: int
    lines: tuple[str, ...]


class ReportFacts(NamedTuple):
    """Times in epoch seconds; what is told is of ``[since, until)``. ``journal`` None: it could not be read. ``now_known``: whether a
    cluster was read, without which ``picture`` and ``assessment`` say nothing. ``before``: what stood open at ``since`` by the last
    report, None where there is none. ``committed``: when what is released was committed, as its pipeline wrote it there.
    ``unread``: what could not be read, one sentence each. ``kept``: all that the journal keeps up to ``until``, read when it is asked for."""

    report: str
    environment: str
    since: float
    until: float
    now: float
    zone: ZoneInfo
    since_why: str
    picture: Picture
    assessment: Assessment
    now_known: bool
    entries: tuple[Entry, ...] = ()
    journal: JournalView | None = None
    promises: Mapping[Subject, ItemState] | None = None
    before: tuple[OpenFinding, ...] | None = None
    workload: Subject | None = None
    proof: LogProof | None = None
    committed: Mapping[Version, float] = {}
    commit_named: bool = False
    unread: tuple[str, ...] = ()
    kept: Callable[[], JournalView | None] = lambda: None
