"""What the gate needs of others, as protocols: a Writer that sends, a Ledger that remembers, a service that
screens see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from tfdash.model.action import Arguments, Confirmation, Guarded, Offer, Plan, Progress, Request, Result
from tfdash.model.judgement import Breach
from tfdash.model.mode import ModeNow
from tfdash.model.requests import Privilege
from tfdash.model.store_state import ApprovalRequest, Entry, EntryKind, VerifiedGood
from tfdash.model.subject import ClusterRef, Subject


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server said to one request. ``status`` as HTTP has it; ``body`` the decoded JSON, {} where it is none; ``text`` of what is
    plain text, as a pod's log."""

    status: int
    body: Mapping[str, Any]
    text: str = ""
    message: str = ""
    reason: str = ""
    headers: Mapping[str, str] = {}

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class NotSent(Exception):
    """Nothing left this machine: certainly not applied. The text says why."""


class OutcomeUnknown(Exception):
    """Sent, and no answer within the time. ``settled_after``: monotonic seconds after which the server has given up too."""

    def __init__(self, message: str, settled_after: float = 0.0) -> None:
        super().__init__(message)
        self.settled_after = settled_after


class Writer(Protocol):
    """Sends exactly one request, once: no retry, no redirect. One for each cluster. On the board's loop."""

    ref: ClusterRef

    def reviewed(self) -> Writer:
        """This writer for one plan, bound to whom the server says that we are: ``identity`` is asked first, and rights, dry
        runs and requests go out with the very credential that the server knew as that person. Another one is shown to the
        server first; where it is somebody else's, nothing is sent (``NotSent``)."""

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        """User and groups as the server sees them now (SelfSubjectReview, never cached). Raises ``ReadFailed``."""

    async def may(self, request: Request) -> Privilege:
        """SelfSubjectAccessReview for exactly this verb, resource, subresource, namespace and name."""

    async def dry_run(self, request: Request) -> Answer:
        """The same request with dryRun=All. Raises ``NotSent``, ``OutcomeUnknown``."""

    async def send(self, request: Request, *, audit_id: str, timeout: float) -> Answer:
        """Send it, with the server's own time-out set to ``timeout`` seconds. Raises ``NotSent``, ``OutcomeUnknown``."""

    async def read(self, path: str) -> Answer:
        """The object behind ``path`` now, past every cache: facts are checked by it once more before sending."""


class Pipelines(Protocol):
    """Runs what is no request to an API server: a command, or HTTP calls. On the board's loop."""

    async def follow(
        self, request: Request, *, how: Any, names: Mapping[str, str], tell: Callable[[str], None]
    ) -> tuple[bool, str]:
        """Start it and follow it to its end: whether it ended well, and its last words. ``how`` is its
        ``tfdash.actions.core.policy.Pipeline``; ``names`` are put in for ``{name}``. Raises ``NotSent``, ``OutcomeUnknown``."""

    async def call(self, request: Request, *, timeout: float) -> Answer:
        """One HTTP call to an absolute URL. Raises ``NotSent``, ``OutcomeUnknown``."""


class KeptArchive(msgspec.Struct, frozen=True, kw_only=True):
    """A file of evidence. ``lacking``: sentences of what could not be had."""

    path: str
    sha256: str
    lacking: tuple[str, ...] = ()
    pieces: int = 0

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        return (("file", self.path), ("SHA-256", self.sha256), ("pieces", str(self.pieces)))


class Archives(Protocol):
    """Keeps evidence in files of this machine, by the name that a plan's request has. On the board's loop."""

    async def keep(self, request: Request, say: Callable[[str], None]) -> KeptArchive:
        """Read and write it, once. Raises ``OSError`` where nothing could be written, also where it is there already."""

    async def kept(self, request: Request) -> KeptArchive | None:
        """Whether it is there: it is whole where it is."""


class Writers(msgspec.Struct, frozen=True, kw_only=True):
    """All that may send. A cluster without one is read only."""

    clusters: Mapping[ClusterRef, Writer] = {}
    commands: Pipelines | None = None
    calls: Pipelines | None = None
    archives: Archives | None = None


class Ledger(Protocol):
    """The audit log and what else is remembered, as the gate uses it. Every call has a deadline; none holds a loop."""

    @property
    def terminal(self) -> str: ...

    async def append(
        self,
        kind: EntryKind,
        *,
        actor: str,
        subject: Subject | None = None,
        action: str = "",
        intent: str = "",
        sentence: str = "",
        data: Mapping[str, Any] | None = None,
        environment: str = "",
    ) -> Entry:
        """Durable when it returns, in the local or the shared store. Raises ``LedgerUnavailable`` where in neither."""

    async def append_all(
        self,
        told: Sequence[tuple[str, Mapping[str, Any]]],
        *,
        actor: str,
        action: str = "",
        environment: str = "",
    ) -> list[Entry]:
        """Notes, (sentence, data) each, in their order; as ``append``."""

    async def reserve(self, entries: int) -> None:
        """Make sure of room for so many entries. Raises ``LedgerUnavailable``."""

    async def request_approval(self, plan: Plan, reason: str) -> ApprovalRequest: ...

    async def approver(self) -> str:
        """Who we are to the server that stamps approvals. Raises ``ApprovalRefused``, ``LedgerUnavailable``."""

    async def decide(self, approval: str, digest: str, approve: bool, reason: str) -> ApprovalRequest:
        """Approve or deny as this terminal's own identity, stamped by the server that keeps it. ``digest`` is of the plan
        that was shown: raises ``ApprovalRefused`` where the request is for another one."""

    async def consume_approval(self, approval: str, digest: str, requester: str) -> ApprovalRequest:
        """Use it up, once, before sending. Raises ``ApprovalRefused`` with the reason."""

    async def remember_verified(self, good: VerifiedGood) -> None: ...

    async def remember_manual(
        self, subject: Subject, actor: str, sentence: str, version: str = ""
    ) -> None: ...

    async def remember_breach(
        self, subject: Subject, breach: Breach, state: str, text: str = "", actor: str = "tfdash"
    ) -> None: ...

    async def announce(self, plan: Plan, actor: str, sentence: str, now: float) -> str: ...

    async def break_glass(self, environment: str, actor: str, reason: str) -> None: ...

    async def end_break_glass(self, environment: str, actor: str) -> None: ...

    async def review_break_glass(self, environment: str, actor: str, text: str) -> None:
        """Raises ``ValueError`` where none waits, ``PermissionError`` for whoever began it."""


class Announces(Protocol):
    """Says in the cluster itself who acts, so that terminals without a shared store see each other."""

    def hold(
        self, writer: Writer, subject: Subject, *, by: str, action: str, wait: bool
    ) -> AbstractAsyncContextManager[Callable[[], str]]:
        """For as long as it is entered. What it gives says who acts instead, "" where nobody does. ``wait``: a moment,
        until the server has answered; never raises for its own sake."""


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an intent without an outcome. ``result`` UNKNOWN is for the operator to say; everything else is
    recorded already."""

    entry: Entry
    result: Result
    sentence: str
    recorded: bool = False


class LedgerUnavailable(Exception):
    """No durable sink acknowledged; the text says which and why."""


class ApprovalRefused(Exception):
    """An approval that does not hold: denied, expired, consumed, forged, of another plan, by the requester."""


class ActionService(Protocol):
    """What screens see of all this. Callable from the screens' loop; the work happens on the board's loop.

    Built for every mode: in a read-only one there is no executor behind it, offers carry the refusal, ``plan`` may still
    be shown and ``execute`` refuses.
    """

    @property
    def mode(self) -> ModeNow:
        """Whether it may act now, and for how long yet."""

    @property
    def acts(self) -> bool:
        """Whether there is anything behind it that could act, whatever the mode says now."""

    @property
    def bulk_cap(self) -> int:
        """Objects that one key may act upon; each is planned and recorded by itself."""

    def offers(self, subject: Subject) -> tuple[Offer, ...]:
        """All actions that concern it, allowed or refused with the reason, from what is known now. Quick; no I/O."""

    async def plan(self, action: str, subject: Subject, arguments: Arguments) -> Guarded:
        """Make the plan and have the guard look at it. Raises ``ReadFailed`` or ``PlanRefused``."""

    async def refresh(self, plan: Plan, choices: tuple[str, ...] = ()) -> Guarded:
        """The same plan anew, with what changed since."""

    async def execute(
        self,
        guarded: Guarded,
        confirmation: Confirmation,
        tell: Callable[[Progress], None],
        still: Callable[[], Awaitable[str]] = ...,
    ) -> Progress:
        """Check once more, record, send, verify, record; ``tell`` gets each stage, on the board's loop. ``still`` is asked
        there just before each request: why it is not ours to send any more, "" where it is."""

    async def terminal_ended(self, plan: Plan, code: int) -> None:
        """The command that a plan of this terminal ran (stage "terminal") ended with ``code``."""

    async def request_approval(self, guarded: Guarded, reason: str) -> ApprovalRequest:
        """Ask for a second person. Raises ``LedgerUnavailable``, ``ApprovalRefused``."""

    async def reconcile(self, entries: Sequence[Entry] | None = None) -> tuple[Reconciled, ...]:
        """The intents without an outcome (None: all that nobody carries out any more), each read again: what is certain is
        recorded, the rest is asked of a person."""


class PlanRefused(Exception):
    """There is nothing to plan; the text is for the operator. ``opens_at`` where waiting helps, ``remedy`` where not.
    ``wanting`` names the arguments without which there is no plan, where that is all that is wrong."""

    def __init__(
        self, message: str, *, opens_at: float | None = None, remedy: str = "", wanting: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.opens_at, self.remedy, self.wanting = opens_at, remedy, wanting
