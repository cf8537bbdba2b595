"""What the playbook promises by date, and how it is kept. Made by ``tfdash.playbook.maintenance``, remembered by the store.

An *item* is one dated promise, a *place* where it is to be kept; each pair is a ``Subject`` of ``KIND``: environment and cluster
where these are named, the namespace is a named place ("main", a database), the name is the item's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level

KIND = "MaintenanceItem"


def item_subject(item: str, environment: str = "", cluster: str = "", place: str = "") -> Subject:
    return Subject(ClusterRef(environment, cluster), KIND, place, item)


REHEARSAL, RUNBOOK_EXPORT = "rehearsal", "runbook-export"
"""The items of runbooks: each of them has one of its own by each of these."""


def runbook_item(item: str, procedure: str) -> str:
    """The id of what ``item`` is of one runbook."""
    return f"{item}-{procedure}"


class EvidenceKind(StrEnum):
    LIVE = "live"  # a source shows it
    SIGNED = "signed"  # a person says so
    IMPORTED = "imported"  # a list of earlier times, or another system's report


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """It was done: when, and since when that is on record (epoch seconds). ``by``: whom a server stamped, or the source."""

    subject: Subject
    done_at: float
    recorded_at: float
    evidence: EvidenceKind
    by: str
    note: str = ""
    link: str = ""
    digest: str = ""  # SHA-256 of the file that proves it
    terminal: str = ""  # whose log has it


class Sighting(msgspec.Struct, frozen=True):
    """A source was read at ``seen`` and the last time that it knows of is ``done_at`` (None: none ever). So nothing was done after
    ``done_at`` and until ``seen``. ``recorded_at``: since when that is on record, where it is a later time."""

    seen: float
    done_at: float | None
    recorded_at: float = 0.0


class LostEntries(msgspec.Struct, frozen=True, order=True):
    """Of what was recorded after ``since`` and until ``until`` some is in no log any more: entries of ``terminal``, as ``noted_by``
    found at ``until``; each "" where it is not known."""

    since: float
    until: float
    terminal: str = ""
    noted_by: str = ""


class AccountStart(msgspec.Struct, frozen=True):
    """Somebody said at ``recorded_at`` that account is kept from ``start`` on."""

    start: float
    recorded_at: float


class LiveReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a source shows now: the last time that it was done (None: none that it knows of), read at ``seen``; ``since`` when it is
    being done. ``by`` is the source, ``note`` what it shows. ``problem``: why nothing is known, "" where it is."""

    done_at: float | None = None
    seen: float = 0.0
    by: str = ""
    note: str = ""
    since: float | None = None
    problem: str = ""


class PeriodWaiver(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody answers for its not being done from ``since`` until ``until``; ``second`` is the other person."""

    subject: Subject
    since: float
    until: float
    who: str
    why: str
    second: str = ""
    recorded_at: float = 0.0


class PeriodVerdict(StrEnum):
    KEPT = "kept"
    LATE = "late"
    MISSED = "missed"
    WAIVED = "waived"
    NOT_WATCHED = "not watched"
    OPEN = "open"  # it can still be kept


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """One span that is judged once: [start, end), ``deadline`` until when it counts as kept, ``closes`` from when no later work
    can change its verdict. ``label``: "2026-11", "2026-W48", "2026-Q4", "2026-11-24"."""

    label: str
    start: float
    end: float
    deadline: float
    closes: float
    verdict: PeriodVerdict
    late_by: float = 0.0
    completion: Completion | None = None
    others: tuple[Completion, ...] = ()  # of the same period, which do not decide it
    waiver: PeriodWaiver | None = None
    lost: LostEntries | None = None  # why nobody knows whether it was kept, where that is why


class RuleTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What of a promise as it is configured decides what a period says. ``when`` as it is written, ``grace`` in seconds, ``start``: from when
    account is kept by the settings, in epoch seconds. ``evidence``: "imported" where no word counts."""

    when: str
    grace: float
    blackout: str
    zone: str
    start: float | None = None
    evidence: str = ""


class RuleSaid(msgspec.Struct, frozen=True):
    """The rule that was in force when something was recorded of a promise; ``terms`` None: it was kept no longer. ``title``, ``kind`` and
    ``owner`` where the settings themselves were put on record."""

    terms: RuleTerms | None
    recorded_at: float
    title: str = ""
    kind: str = ""
    owner: str = ""


class ItemStanding(StrEnum):
    """How an item stands now at one place."""

    DONE = "done"
    DUE = "due"
    OVERDUE = "overdue"
    IN_PROGRESS = "in progress"
    NO_EVIDENCE = "no evidence"
    WAIVED = "waived"
    NOTHING = "nothing to do"  # it follows an event, and there was none
    NOT_WATCHED = "not yet watched"
    WITHDRAWN = "withdrawn"  # the settings have it there no longer; what closed before is kept


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """In [start, end) a window of maintenance lies at once with ``what``: another promise, of ``subject``, or the release window."""

    what: str
    start: float
    end: float
    subject: Subject | None = None


class ItemState(msgspec.Struct, frozen=True, kw_only=True):
    """``since``: overdue, in progress, waived or withdrawn since. ``due``: by when the next time is to be done. ``last``: the newest completion.
    ``started``: from when account is kept, where somebody said so. ``live``: what its
    source shows now, None where it is signed. ``clashes``: what lies in the way of its next window. ``periods``: of the months that are looked back on, oldest
    first, the open one last."""

    subject: Subject
    title: str
    kind: str
    owner: str
    standing: ItemStanding
    level: Level
    sentence: str
    words: str = ""  # the same without the title
    due: float | None = None
    since: float | None = None
    last: Completion | None = None
    started: float | None = None
    live: LiveReading | None = None
    clashes: tuple[Clash, ...] = ()
    periods: tuple[Period, ...] = ()
    kept: int = 0  # of the judged periods, and their number, those among them of which entries are lost
    judged: int = 0
    terms: RuleTerms | None = None  # by which it is judged now
    cause: str = ""  # why it is not known, where that is of what it was read from: others share it
    before: tuple[Subject, ...] = ()  # what it was on record as before: of another name, or of a wider place


class MaintenanceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the store has on record of dated promises. ``started``: what was said of from when account is kept; ``uses``: when
    break-glass began, by environment, oldest first; ``lost``: when it was recorded that is lost; ``known``: it was read."""

    completions: Mapping[Subject, tuple[Completion, ...]] = {}
    waivers: Mapping[Subject, tuple[PeriodWaiver, ...]] = {}
    sightings: Mapping[Subject, tuple[Sighting, ...]] = {}
    started: Mapping[Subject, tuple[AccountStart, ...]] = {}
    rules: Mapping[Subject, tuple[RuleSaid, ...]] = {}
    uses: Mapping[str, tuple[float, ...]] = {}
    lost: tuple[LostEntries, ...] = ()
    known: bool = False
