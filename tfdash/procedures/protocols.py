"""What the engine of procedures needs of others, and what screens and commands see of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from tfdash.model.action import Confirmation, Guarded, Progress
from tfdash.model.procedure import Procedure, Step
from tfdash.model.run import Probed, RunEvent, RunEventKind, RunState
from tfdash.model.subject import ClusterRef

# -- commands at a place ------------------------------------------------------------------------------------------


class WorkState(StrEnum):
    NOT_STARTED = "not started"  # certainly: it may be started
    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"  # it cannot be reached, or left nothing that tells


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One command. ``key`` is "RUN.STEP.ATTEMPT", by which its place knows it: it is started once for a key, however often it
    is asked, and found again by it from any terminal. ``argv`` is whole words, no shell. ``values``: of a pipeline's inputs.
    ``mark``: what ``Place.mark`` said when it was begun (it stands in the run's BEGUN); {} before that. Seconds."""

    key: str
    argv: tuple[str, ...] = ()
    values: Mapping[str, str] = {}
    timeout: float = 0.0
    mark: Mapping[str, str] = {}


class WorkSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands there. ``output``: its last lines, safe to show. ``code`` None where there is none or it is not known;
    ``good`` likewise. ``where``: the unit, Job or address of the run, for who looks by another tool; ``line`` is that command."""

    state: WorkState
    good: bool | None = None
    code: int | None = None
    output: str = ""
    sentence: str = ""
    where: str = ""
    line: str = ""
    started_at: float | None = None
    ended_at: float | None = None


class Place(Protocol):
    """Where a command runs: here, a host by ssh, a Kubernetes Job, a pipeline of GitHub or GitLab. On the board's loop."""

    def shown(self, work: Work) -> str:
        """What would be started, as a line that can be copied."""

    async def mark(self, work: Work) -> Mapping[str, str]:
        """What is to stand in the run before it is started, so that other terminals know whose memory speaks of it: what a machine
        alone remembers says nothing of a command that another one began."""

    async def start(self, work: Work) -> WorkSeen:
        """Start it, once for its key: where it was started before, that one is found. Raises
        ``tfdash.actions.core.protocols.NotSent`` (certainly not started) and ``OutcomeUnknown``."""

    async def look(self, work: Work) -> WorkSeen:
        """How it stands; UNKNOWN where the place cannot be reached, never a failure of the command."""

    async def stop(self, work: Work) -> WorkSeen:
        """End it, where that can be asked. What was not begun never will be under this key, once this says that it was not."""


# -- claims ---------------------------------------------------------------------------------------------------------


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Who works on a step. ``fence`` grows with each claim of the same step of the same run, whoever makes it. ``kept_by``: "store",
    "cluster", both ("store, cluster"), "folder" (other programs of this machine alone), "" for nobody: NOT COORDINATED."""

    run: str
    step: str
    fence: int
    holder: str
    terminal: str
    kept_by: str = ""


class ClaimTaken(Exception):
    """Somebody else has it; ``claim`` is theirs."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"{claim.holder} at {claim.terminal} works on it (claim {claim.fence})")
        self.claim = claim


class WorkUnseen(ClaimTaken):
    """Somebody had it and let it go, and what they did is not in the journal here: the shared store was away, or is behind. It may be done already."""

    def __str__(self) -> str:
        return f"{self.claim.holder} worked on it (claim {self.claim.fence}), and what came of it is not known here yet"


def taken(claim: Claim) -> ClaimTaken:
    """By whoever has it, or had it: ``terminal`` "" of a claim that was let go."""
    return ClaimTaken(claim) if claim.terminal else WorkUnseen(claim)


class Claims(Protocol):
    """Who works on which step, kept where several terminals see it: the shared store, else the cluster's Leases, else the folder of this
    machine. Each call has a deadline; none holds a loop."""

    async def claim(self, run: str, step: str, holder: str, *, over: int = 0, unseen: bool = False) -> Claim:
        """Ours from now on. ``over``: the fence of the claim that is taken over; ``unseen``: also where what was done under it is not known here, as a
        person says. Raises ``ClaimTaken``, and ``WorkUnseen``; where nothing that keeps
        claims can be reached it is one that nobody keeps (``kept_by`` "")."""

    async def holds(self, claim: Claim) -> bool:
        """Whether it is still ours: asked just before sending."""

    async def let_go(self, claim: Claim, *, worked: bool) -> None:
        """Nobody's any more. ``worked``: what was done under it stands in the journal; who does not see that there does nothing before they do."""

    async def ended(self, run: str) -> None:
        """The run is over: what was kept of it is not needed any more."""

    def coordinated(self, run: str = "") -> str:
        """ "" where claims are kept for all who work on a run (``run`` "": on any); else the sentence of why they are not, which
        begins with NOT COORDINATED. No I/O."""


# -- messages -------------------------------------------------------------------------------------------------------


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be told. ``key``: told once, however often it is asked. ``template``: its name; ``values`` what it speaks of.
    ``to``: channels by their names in the configuration, () for all that take messages of this template."""

    key: str
    template: str
    values: Mapping[str, Any] = {}
    to: tuple[str, ...] = ()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A message as one channel would get it, or got it. ``state``: "preview", "queued", "delivered", "refused" (it never got it, and will
    not), "unknown" (it was sent, and whether it arrived is not known). ``channel`` "" where there is none to tell."""

    channel: str
    subject: str
    body: str
    state: str = "preview"
    sentence: str = ""


class Notifier(Protocol):
    """Queued and durable: what tells never waits for who is told."""

    async def preview(self, message: Message) -> tuple[Told, ...]:
        """As each channel would get it. Nothing is sent or kept."""

    async def tell(self, message: Message) -> tuple[Told, ...]:
        """Durably queued when it returns; delivered behind. Raises ``LedgerUnavailable`` where nothing could keep it."""

    def told(self, key: str) -> tuple[Told, ...]:
        """What came of it so far."""


# -- runs -----------------------------------------------------------------------------------------------------------


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it would be done now, to be shown before it is. ``lines``: what it will do, in words and as commands that can be copied.
    ``guarded``: the plan of an action, confirmed by its own dialog. ``before``, ``already``: what the probes of its preconditions and
    postconditions say. ``refused``: why it cannot be done now, "" where it can; ``may``: ids of what a person can do with it
    ("do", "pass", "skip", "sign", "approve", "deny", "alone", "decide", "claim", "take over", "settle"). ``needs``: for each of the step's needs
    whether it is there; ``branches``: for each branch of a decision what its ``when`` says, in the order of the file; ``claimed``: by whom, where
    that was met in what keeps claims and the journal here does not tell of it; ``opens``: when the way alone does, "" where it is open, or none."""

    run: str
    step: Step
    lines: tuple[str, ...] = ()
    guarded: Guarded | None = None
    before: tuple[Probed, ...] = ()
    already: tuple[Probed, ...] = ()
    asks: tuple[Probed, ...] = ()
    needs: tuple[Probed, ...] = ()
    branches: tuple[tuple[Probed, ...], ...] = ()
    told: tuple[Told, ...] = ()
    refused: str = ""
    opens: str = ""
    may: tuple[str, ...] = ()
    claimed: Claim | None = None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave with a key. ``fence``: of the claim that they saw, 0 for none. ``attempt``: the newest one of the step that they saw, 0 for
    none; None: it is not said. What was tried since is not done, or settled, by a word that was given before."""

    reason: str = ""
    note: str = ""
    link: str = ""
    file: str = ""
    branch: str = ""
    worked: bool | None = (
        None  # of a step in the air, as a person settles it; and whether a manual step came out well
    )
    confirmation: Confirmation | None = None
    alone: bool = False
    anyway: bool = False  # to be done though it is already so; without it, it is passed with that
    no_return: bool = False  # what can not be undone behind it was shown, and is meant
    fence: int = 0
    attempt: int | None = None


class RunRefused(Exception):
    """It is not done; the text is for the operator. ``remedy`` where there is one."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class RunService(Protocol):
    """What screens and commands see. Callable from the screens' loop; the work happens on the board's loop. Every method that changes
    something raises ``RunRefused``, and ``LedgerUnavailable`` where it cannot be remembered."""

    def procedures(self) -> Sequence[Procedure]:
        """All that are there: shipped and the company's, by id."""

    def problems(self) -> Sequence[str]:
        """What is wrong with files of the company's folder; the others are there all the same."""

    def runs(self) -> Sequence[RunState]:
        """Those that this terminal reaches, open ones first, newest first."""

    def run(self, id: str) -> RunState | None: ...

    def events(self, id: str) -> Sequence[RunEvent]: ...

    def coordinated(self) -> str:
        """Of ``Claims``: "" or why what is done here is NOT COORDINATED."""

    def probes(self, run: str, step: str) -> tuple[Probed, ...]:
        """What the probes of a step say by the newest picture: its asks, then its postconditions. No I/O."""

    async def start(
        self,
        procedure: str,
        inputs: Mapping[str, tuple[str, ...]],
        *,
        reason: str,
        cluster: ClusterRef,
        dry: bool = False,
        previewed: Sequence[str] = (),
    ) -> RunState:
        """``previewed``: the templates of messages that were shown before, by ``previews``: the run may tell these by itself."""

    async def previews(
        self, procedure: str, given: Mapping[str, str], cluster: ClusterRef
    ) -> Mapping[str, tuple[Told, ...]]:
        """By their templates the messages that a run of it would tell by itself, as each channel would get them; {} where no channel takes any.
        ``given``: what is chosen already, by the inputs' ids."""

    async def prepare(self, run: str, step: str, choices: tuple[str, ...] = ()) -> Prepared:
        """What the step would do now; reads, checks and dry runs, and changes nothing. ``choices``: of an action's plan, as they were ticked."""

    async def do(
        self, run: str, step: str, given: Given, tell: Callable[[Progress], None] | None = None
    ) -> RunState:
        """Claim it and carry it out as it was prepared; a check is asked, a message queued, a manual step signed, a decision taken."""

    async def settle(self, run: str, step: str, given: Given) -> RunState:
        """What was in the air, as a person says it was."""

    async def skip(self, run: str, step: str, given: Given) -> RunState: ...

    async def take_over(self, run: str, step: str, given: Given) -> RunState: ...

    async def note(self, run: str, step: str, text: str, *, proposes: str = "") -> RunState: ...

    async def add(
        self, run: str, kind: RunEventKind, step: str, given: Given, data: Mapping[str, Any]
    ) -> RunState:
        """What else a person says of a run: IMPACT, ACKNOWLEDGED, LOOKED, CHANGED."""

    async def word(self, run: str, note: str = "") -> tuple[Told, ...]:
        """What stakeholders would be told now, of a run that states times, as each channel would get it."""

    async def tell(self, run: str, given: Given) -> RunState:
        """Tell them that; with ``worked`` it was told another way, as the note says."""

    async def abort(self, run: str, given: Given) -> RunState:
        """Keep what was done; what is left undone is listed, and the undo of what was done is offered."""

    async def close(self, run: str, given: Given) -> RunState: ...

    async def hand_over(self, run: str, path: str) -> str:
        """Write the run into a file for another terminal; the sentence of what it holds."""

    async def resume(self, path: str) -> RunState: ...
