"""What the store remembers, as the rules and the screens read it. ``tfdash.store`` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from tfdash.model.action import Result
from tfdash.model.judgement import Breach
from tfdash.model.maintenance import MaintenanceRecord
from tfdash.model.run import RunJournal
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.versions import NOTHING_SEEN, VersionMemory


class EntryKind(StrEnum):
    INTENT = "intent"
    REFUSAL = "refusal"
    CONFIRMATION = "confirmation"
    APPROVAL = "approval"
    DENIAL = "denial"
    OUTCOME = "outcome"
    VERIFICATION = "verification"
    NOTE = "note"
    BREAK_GLASS = "break-glass"
    HEARTBEAT = "heartbeat"
    POLICY = "policy"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit log. ``data`` is canonical JSON, secrets redacted before hashing. ``hash`` covers
    everything else of the entry and ``previous``, the hash of the entry before it in the same terminal's chain."""

    version: int
    terminal: str
    sequence: int
    at: float
    kind: EntryKind
    actor: str  # as the API server or the database says, never $USER alone
    environment: str = ""
    cluster: str = ""
    target: str = ""  # "Deployment tf-production/checkout"
    action: str = ""
    intent: str = ""  # id of the intent that it belongs to
    sentence: str = ""
    data: str = "{}"
    previous: str = ""
    hash: str = ""


class ActOnRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit log holds of one act for a step of a run. Neither ``intent`` nor ``result``: nothing was sent, where ``whole``
    says that the log of the terminal that began it is held to its end. ``verified``: None where its postconditions were not looked at."""

    intent: Entry | None = None
    result: Result | None = None
    sentence: str = ""
    verified: bool | None = None
    whole: bool = False


class VerifiedGood(msgspec.Struct, frozen=True, kw_only=True):
    """A release that was verified: its whole pod template (canonical JSON), so that it can be restored even after its
    ReplicaSet was pruned. ``by`` "rules" or a person."""

    subject: Subject
    template: str
    template_hash: str
    images: tuple[str, ...]
    digests: tuple[str, ...] = ()
    revision: str = ""
    at: float = 0.0
    by: str = ""
    verdicts: tuple[str, ...] = ()
    where: str = "store"  # "store", "cluster"
    origin: str = ""  # words on what vouches for it, where it is not this store alone


class ApprovalRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that waits for a second person; ``plan`` is its canonical JSON, to be rendered again by the approver."""

    id: str
    digest: str
    requester: str
    requested_at: float
    expires_at: float
    reason: str
    plan: str
    state: str = "waiting"  # waiting, approved, denied, expired, consumed
    approver: str = ""  # stamped by a server
    stamped_by: str = ""  # "postgresql", "kubernetes"


class BreakGlass(msgspec.Struct, frozen=True, kw_only=True):
    environment: str
    by: str
    reason: str
    since: float
    until: float
    terminal: str = ""
    reviewed_by: str = ""


class RunningAction(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who acts on a subject now. ``claimed``: only an object says so, whose writer no server stamps."""

    subject: Subject
    by: str
    action: str
    since: float
    terminal: str = ""
    claimed: bool = False


SCALE_DOWN, RESTORE = "namespace.scale-down", "namespace.restore"
"""The actions whose entries say what objects were."""
COMPLETION, PERIOD_WAIVER, MAINTENANCE_START = "completion", "maintenance-waiver", "maintenance-start"
"""The topics of the entries that say what was done of the dated promises, who answers for what was not, and from when account is kept."""
MAINTENANCE_RULES = "maintenance-rules"
"""The topic of the entries that put the settings themselves on record: by which rules which promises are kept, and which no longer."""
RULE = "rule"
"""Where such an entry says by which rule the promise was kept then."""
SIGHTING = "maintenance-sighting"
"""The topic of the entries that say that a live source was read, and what it knew."""
REHEARSED = "rehearsed"
"""Where the last event of a run says which runbook it rehearsed."""


class RememberedSize(msgspec.Struct, frozen=True):
    """What an object was before a scale-down from which it was not brought back. ``memory`` as
    ``tfdash.playbook.resources.scaled_down.MEMORY`` has it."""

    memory: str
    at: float
    by: str


class StoreHealth(msgspec.Struct, frozen=True, kw_only=True):
    """``local``, ``shared`` and ``broken`` (this terminal's own chain): "" where well, else the sentence of what is wrong.
    ``walked``: its file was read to its end, and nothing else may come to be wrong with it. ``read``: all that terminals recorded
    was read once, but for what ``unread`` says cannot be. ``behind``: entries in the outbox.
    ``stamps``: who stamps a second person here, "postgresql", "kubernetes" or "" for nobody."""

    path: str = ""
    terminal: str = ""
    local: str = ""
    shared: str = ""
    broken: str = ""
    walked: bool = True
    read: bool = True
    unread: str = ""
    shared_configured: bool = False
    behind: int = 0
    proven_to: int = 0  # last sequence that somebody else holds
    stamps: str = ""


class TerminalView(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal of ``machine`` said of a cluster ``at`` (epoch seconds): whether its API server answers there."""

    terminal: str
    cluster: ClusterRef
    at: float
    reaches: bool
    machine: str = ""


class StoreState(msgspec.Struct, frozen=True, kw_only=True):
    """What of the store enters a picture. Never mutated after publication."""

    verified: dict[Subject, VerifiedGood] = {}
    approvals: tuple[ApprovalRequest, ...] = ()
    break_glass: dict[str, BreakGlass] = {}  # by environment
    acting: tuple[RunningAction, ...] = ()
    manual: dict[Subject, str] = {}  # rollback decided by a person: their sentence
    unsettled: tuple[Entry, ...] = ()  # intents without an outcome
    unverified: tuple[
        tuple[Entry, Entry], ...
    ] = ()  # (intent, outcome) of what was done and not followed to its end
    health: StoreHealth = StoreHealth()
    baselines: dict[Subject, str] = {}  # frozen baselines, canonical JSON
    decided_on: dict[Subject, str] = {}  # the version (template hash) that ``manual`` is about; none: any
    decided_at: dict[Subject, float] = {}  # when that was decided, or taken back
    losses: tuple[
        tuple[float, str], ...
    ] = ()  # when a terminal found that entries of its log are lost, in its words
    baseline_of: dict[Subject, str] = {}  # the version that was judged against ``baselines``; none: any
    breaches: dict[
        Subject, tuple[Breach, ...]
    ] = {}  # first crossings by version and trigger, also those that ended
    owners: dict[ClusterRef, str] = {}
    sizes: dict[Subject, RememberedSize] = {}  # by object, without uid
    maintenance: MaintenanceRecord = MaintenanceRecord()
    versions: VersionMemory = NOTHING_SEEN
    runs: Mapping[str, RunJournal] = {}  # of procedures, by id: the open ones, and the newest of the others
    views: tuple[TerminalView, ...] = ()  # the newest of each terminal and cluster


EMPTY_STORE_STATE = StoreState()
