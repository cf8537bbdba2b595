"""What the playbook says: verdicts, made only by ``tfdash.playbook``. Some thousands are made with each poll of what is used, and hidden
from the garbage collector: no field may form a cycle."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from tfdash.model.subject import Subject
from tfdash.model.workload import Cause


class Level(IntEnum):
    """Ordered by how much it wants attention. UNKNOWN is never green: it stands above OK."""

    IDLE = 0
    OK = 1
    MOVING = 2
    PAUSED = 3
    UNKNOWN = 4
    WARN = 5
    BREACH = 6


class UnknownKind(StrEnum):
    """Why nothing can be said."""

    NO_PRIVILEGE = "missing privilege"
    NO_DATA = "no data"
    LOADING = "loading"
    LOW_TRAFFIC = "low traffic"
    STALE = "stale"
    QUERY_ERROR = "query error"
    NOT_COMPARABLE = "not comparable"
    TOO_LITTLE_HISTORY = "too little history"
    NOT_WATCHED = "not watched"  # nothing is configured that would be asked


class Evidence(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a verdict was reached: the query or objects read, the sample size and the window in seconds."""

    query: str = ""
    sample: int | None = None
    window: float | None = None
    objects: tuple[Subject, ...] = ()


class Verdict(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One rule's word on one subject: one sentence with its arithmetic, and the numbers behind it."""

    level: Level
    rule: str
    subject: Subject
    sentence: str
    measured: float | None = None
    limit: float | None = None
    band: tuple[float | None, float | None] | None = None  # lower and upper bound, where there are two
    unit: str = ""
    evidence: Evidence = Evidence()
    unknown: UnknownKind | None = None  # at IDLE: why it is not judged
    since: float | None = None
    doubt: str = ""  # why it is not known, where that is of what it was read from: others share it
    waived: bool = False  # somebody answers for it, as the sentence says: neither a finding nor well
    cause: Cause | None = None  # where the rule tells no state that holds it
