"""A procedure as it is carried out: the events of a run, and what they add up to. Plain data; times in epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from tfdash.model.procedure import Pairs, Procedure
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import UnknownKind


class RunEventKind(StrEnum):
    STARTED = "started"  # data: procedure, text, digest, inputs, reason, dry, targets, environment, cluster; within: the run and step as which it is carried out;
    # unvouched: why it could not be asked as whom the server knows them, who is a NOTE of that terminal later (data: starter)
    CLAIMED = "claimed"  # data: fence; also a takeover, which has a higher one
    LET_GO = "let go"
    BEGUN = "begun"  # recorded durably before anything is sent: data: fence, attempt, what (words), mark of the act
    DONE = "done"
    ALREADY = "already so"  # its postcondition was true before we did anything
    FAILED = "failed"
    UNKNOWN = "unknown outcome"
    SETTLED = "settled"  # data: result of what was in the air, and by what: "seen" or a person
    SKIPPED = "skipped"
    SIGNED = "signed"
    APPROVED = "approved"  # data: role, vouched: by which server
    DENIED = "denied"
    DECIDED = "decided"  # data: branch
    NOTE = "note"  # an annotation; data: proposes (a change of the runbook)
    IMPACT = "impact"  # data: at, at_least, source; of what a terminal found: proof (by what), by (in words)
    ACKNOWLEDGED = "acknowledged"
    TOLD = "told"  # people, by a terminal itself or by who uses it; data: template, channels, key
    LOOKED = "looked"  # somebody read the hand-over page up to an event; data: number
    HANDED_OVER = "handed over"  # as a file
    RESUMED = "resumed"
    CHANGED = "changed"  # the file of the procedure became another, and that was accepted; data: text, digest
    ABORTED = "aborted"
    CLOSED = "closed"


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """``number`` is a Lamport clock: one more than any that its writer had seen of the run; two with the same are ordered by
    ``terminal``. So events of several terminals have one order, whoever reads them, and in whatever order they come."""

    run: str
    number: int
    at: float
    kind: RunEventKind
    by: str
    terminal: str = ""
    step: str = ""
    attempt: int = 0
    sentence: str = ""
    data: Mapping[str, Any] = {}
    stamped: str = ""  # the login that the shared store saw, where it did


class RunJournal(msgspec.Struct, frozen=True, kw_only=True):
    """All events of one run that this terminal reaches, in their order, each once."""

    id: str
    events: tuple[RunEvent, ...]


class StepStatus(StrEnum):
    WAITING = "waiting"  # for what stands before it
    READY = "ready"
    CLAIMED = "claimed"
    RUNNING = "running"
    UNKNOWN = "unknown outcome"
    DONE = "done"
    ALREADY = "already so"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_CHOSEN = "not chosen"  # of another branch
    LEFT = "left undone"  # the run ended before it


class StepState(msgspec.Struct, frozen=True, kw_only=True):
    """``attempt``: the one that is in the air, else the newest. ``fence``: of the newest claim, by ``holder`` at ``terminal``. ``approvals``: who, of those that count."""

    id: str
    status: StepStatus
    depth: int = 0  # within groups
    holder: str = ""
    terminal: str = ""
    fence: int = 0
    attempt: int = 0
    since: float | None = None  # of this status
    began: float | None = None
    ended: float | None = None
    by: str = ""
    sentence: str = ""
    branch: str = ""
    approvals: tuple[str, ...] = ()
    asked: float | None = None  # of an approval: since when it is wanted
    told: tuple[str, ...] = ()  # the channels that were told that it is
    evidence: tuple[Pairs, ...] = ()
    stops: str = ""  # of a rehearsal: why it would go no further here
    mark: Mapping[str, Any] = {}  # of the act in the air: what tells that it was ours
    inner: str = ""  # the run that was begun for it last
    in_air: tuple[
        int, ...
    ] = ()  # attempts that began and of which nothing is known, but for the one that runs


class RunOutcome(StrEnum):
    OPEN = "open"
    DONE = "done"
    ABORTED = "aborted"
    SKIPPED = "all skipped"  # it came to its end, and nothing of what it was to do was done


class RunClock(msgspec.Struct, frozen=True, kw_only=True):
    """One segment of a recovery, against its target in seconds (0: none). ``end`` None: it runs. ``at_least``: it began before
    anybody saw it, or may have. ``by``: who or what tells its start ("Prometheus", a person), by ``source``."""

    id: str  # "impact", "detect", "acknowledge", "mitigate", "restore", "tier 2"
    title: str
    start: float | None
    end: float | None = None
    target: float = 0.0
    at_least: bool = False
    by: str = ""
    source: str = ""


class RunTold(msgspec.Struct, frozen=True, kw_only=True):
    """People were told something of a run: by which template, of which step ("": of the run), through which channels."""

    template: str
    step: str
    at: float
    channels: tuple[str, ...]


class RunState(msgspec.Struct, frozen=True, kw_only=True):
    """What the events of a run add up to. ``steps`` in the order of the file, groups before what is in them; ``next`` are the
    ids of those that can be worked on now. ``procedure`` is expanded: a group ``each`` stands there once for each value."""

    id: str
    procedure: Procedure
    inputs: Mapping[str, tuple[str, ...]]
    started_at: float
    by: str
    reason: str
    dry: bool
    targets: tuple[str, ...]
    cluster: ClusterRef  # where it acts
    steps: tuple[StepState, ...]
    next: tuple[str, ...]
    outcome: RunOutcome = RunOutcome.OPEN
    ended_at: float | None = None
    clocks: tuple[RunClock, ...] = ()
    number: int = 0  # of its last event
    last_at: float = 0.0
    people: Mapping[str, float] = {}  # who did something, and when last
    looked: Mapping[str, int] = {}  # who read up to which event
    previewed: tuple[
        str, ...
    ] = ()  # templates of messages that were shown when it was begun: it may tell these by itself
    told: tuple[RunTold, ...] = ()
    words: tuple[float, ...] = ()  # when stakeholders heard of it
    words_over: bool = False  # they were told that it ended
    unreadable: str = ""  # why its text is not understood by this program, "" where it is
    starter: str = ""  # as whom the server knows who started it, where that was said later
    unvouched: str = ""  # why that is not known: nobody is known to be somebody else then
    within: tuple[str, str] = ("", "")  # the run, and the step there, as which it is carried out


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe says: True passed, False failed, None not known, which never passes. ``line``: the same in kubectl, psql or
    the like, to be copied. ``seen_at``: when what it rests on was last proven current. ``about``: whom it speaks of, where it found them
    itself."""

    passed: bool | None
    sentence: str
    unknown: UnknownKind | None = None
    line: str = ""
    seen_at: float | None = None
    about: tuple[Subject, ...] = ()
