"""What one kind of step does: each is a class here derived, and its line in ``tfdash.procedures.steps: STEP_KINDS``."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from tfdash.actions.core.protocols import ActionService
from tfdash.clock import Clock
from tfdash.model.action import Guarded, Progress
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.procedure import Ask, Step, StepKind
from tfdash.model.run import Probed, RunEventKind, RunState, StepState
from tfdash.model.store_state import ActOnRecord
from tfdash.model.subject import ClusterRef
from tfdash.model.update import Update
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.holding import BEHIND, behind
from tfdash.playbook.procedures.needs import needed
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.settings import AllowedCommand, ProceduresSettings
from tfdash.playbook.procedures.tree import IN_AIR
from tfdash.playbook.procedures.walk import all_steps, is_act
from tfdash.procedures.elapsed import Elapsed
from tfdash.procedures.journals import Journals
from tfdash.procedures.only_shown import OnlyShown
from tfdash.procedures.proofs import Proofs
from tfdash.procedures.protocols import Claim, Claims, Given, Notifier, Place, RunRefused, Told
from tfdash.sources.base import Scope
from tfdash.text import safe

T = TypeVar("T")
Tell = Callable[[Progress], None]
_KUBECTL = "kubectl "
WAS_FALSE = "was_false"
"""In the mark of an act before which a postcondition was known to be false: that all are true later is then what tells that it was done."""


class RunBoard(Protocol):
    """What is needed of the board."""

    picture: Picture
    assessment: Assessment

    async def on_loop(self, work: Coroutine[Any, Any, T]) -> T: ...

    def subscribe(self, listener: Callable[[Update], None]) -> Callable[[], None]: ...

    def want(self, owner: str, kinds: Mapping[str, Scope], cluster: ClusterRef | None = None) -> None: ...


Places = Callable[[str, ClusterRef, AllowedCommand | None], Place]
"""The place of that name, for a command that is allowed there; None: for one that was begun, and is not allowed any more. Raises
``RunRefused``."""


def no_place(name: str, cluster: ClusterRef, allowed: AllowedCommand | None) -> Place:
    if allowed is None:
        raise RunRefused(f"this terminal starts nothing: it has no way to {name}")
    return OnlyShown(name)


async def nothing() -> None:
    """There is nobody to deliver to."""


async def unremembered(environment: str, who: str, why: str) -> None:
    raise RunRefused("nothing here would remember that you go on alone")


@dataclass(frozen=True, kw_only=True)
class Means:
    """What steps are carried out with. ``who``: the person at this terminal, as the
    cluster's API server knew them last. ``refused``: why this terminal may do nothing, "" where it may. ``gone``: whether nobody is behind a
    terminal any more, for certain. ``acts``: what the audit log has of an act, by the terminal that began it and its tag. ``kubectl``: its
    command for a cluster, for lines that are copied. ``proofs``: whether approvals hold. ``deliver``: what is recorded, to others, now.
    ``break_glass``: (environment, who, why) recorded, to be reviewed. ``elapsed``: how long something goes on, whatever the clock is set to. ``met``: the claim of somebody else that a step (run, id) was refused for last."""

    board: RunBoard
    journals: Journals
    claims: Claims
    clock: Clock
    elapsed: Elapsed
    zone: ZoneInfo
    who: Callable[[ClusterRef], str]
    refused: Callable[[], str]
    gone: Callable[[str], bool] = lambda terminal: False
    policies: Callable[[], Policies | None] = lambda: None
    actions: ActionService | None = None
    places: Places = no_place
    allowed: ProceduresSettings = field(
        default_factory=ProceduresSettings
    )  # what commands may run, and where
    notifier: Notifier | None = None
    acts: Callable[[str, str], ActOnRecord] = lambda terminal, tag: ActOnRecord()
    kubectl: Callable[[ClusterRef], tuple[str, ...]] = lambda cluster: ("kubectl",)
    proofs: Proofs | None = None
    deliver: Callable[[], Awaitable[None]] = nothing
    break_glass: Callable[[str, str, str], Awaitable[None]] = unremembered
    met: dict[tuple[str, str], Claim] = field(default_factory=dict)


class FencedOut(RunRefused):
    """Somebody else has the step by now: nothing was sent."""


@dataclass(frozen=True, kw_only=True)
class StepShown:
    """What a kind says of a step before it is done. ``refused``: why it cannot be now; ``may``: what a person can do with it."""

    lines: tuple[str, ...] = ()
    guarded: Guarded | None = None
    told: tuple[Told, ...] = ()
    refused: str = ""
    opens: str = ""
    may: tuple[str, ...] = ("do",)


@dataclass(frozen=True, kw_only=True)
class StepEnd:
    """How it ended: DONE, FAILED, UNKNOWN, SIGNED, DECIDED, APPROVED, DENIED; and what of it is evidence."""

    kind: RunEventKind
    sentence: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class Doing:
    """One step in hand. ``step`` is as the run has it, its inputs put in. ``attempt``: the one that is made, or that is in the air. ``claim``: ours,
    None while it is only looked at."""

    def __init__(self, means: Means, run: RunState, step: Step, state: StepState, attempt: int) -> None:
        self.means, self.run, self.step, self.state, self.attempt = means, run, step, state, attempt
        self.claim: Claim | None = None
        self.choices: tuple[str, ...] = ()  # of the plan of an action, as a person ticked them
        self.beginning = False  # that it begins was to be recorded
        self.begun = False  # here: what ends now has an entry of its own
        self.past = ""  # what can not be undone behind it, as a person was shown and meant it

    @property
    def now(self) -> float:
        return self.means.clock.now()

    @property
    def key(self) -> str:
        """By which a place knows its work."""
        return f"{self.run.id}.{self.step.id}.{self.attempt}"

    @property
    def tag(self) -> str:
        """By which the audit log tells which step an intent belongs to."""
        return f"{self.run.id}/{self.step.id}/{self.attempt}"

    def began_at(self) -> tuple[str, ...]:
        """The terminals that began this attempt: one, where claims are kept."""
        journal = self.means.journals.journal(self.run.id)
        mine = (
            event.terminal
            for event in (journal.events if journal is not None else ())
            if (event.kind, event.step, event.attempt) == (RunEventKind.BEGUN, self.step.id, self.attempt)
        )
        return tuple(dict.fromkeys(mine))

    @property
    def began(self) -> float:
        """When the attempt that is in the air was begun; now where none is."""
        at = self.state.mark.get("at")
        return float(at) if isinstance(at, int | float) else self.state.began or self.now

    @property
    def by(self) -> str:
        return self.means.who(self.run.cluster)

    @property
    def ran(self) -> float:
        """For how many seconds of the clock the attempt in the air goes on, less what the clock was set by meanwhile."""
        return self.means.elapsed.since(self.key, self.began)

    @property
    def unanswered(self) -> float:
        """For how many seconds of the clock it was asked for and nobody answered, less what the clock was set by meanwhile."""
        asked, what = self.state.asked, ("asked", self.run.id, self.step.id)
        return self.means.elapsed.since(what, asked) if asked is not None else 0.0

    @property
    def ours(self) -> Mapping[str, str]:
        """The marks of our act, for a postcondition about it."""
        told = {name: str(value) for name, value in self.state.mark.items()}
        return {**told, "run": self.run.id, "step": self.step.id, "key": self.key, "tag": self.tag}

    def ask(self, asks: tuple[Ask, ...]) -> tuple[Probed, ...]:
        """What the probes say by the newest picture. No I/O."""
        case = self._case()
        return tuple(self._lined(ask, answered(ask, case)) for ask in asks)

    def _lined(self, ask: Ask, said: Probed) -> Probed:
        """The line asks the very cluster that was asked here, wherever kubectl points for whoever pastes it."""
        if not said.line.startswith(_KUBECTL):
            return said
        named = dict(ask.arguments).get("cluster", "") or self.run.cluster.cluster
        command = shlex.join(self.means.kubectl(self.run.cluster._replace(cluster=named)))
        line = said.line.removeprefix(_KUBECTL).replace(f"; {_KUBECTL}", f"; {command} ")
        return msgspec.structs.replace(said, line=safe(f"{command} {line}"))

    def needs(self) -> tuple[Probed, ...]:
        """Of each thing that the step needs whether it is there now."""
        case = self._case()
        return tuple(needed(need, case) for need in self.step.needs)

    def _case(self) -> ProbeCase:
        means = self.means
        return ProbeCase(
            arguments={},
            cluster=self.run.cluster,
            picture=means.board.picture,
            assessment=means.board.assessment,
            now=self.now,
            policies=means.policies(),
            ours=(self.ours,),
        )

    async def begin(self, what: str, mark: Mapping[str, Any] | None = None) -> None:
        """Durably: from here on it is in the air until it ends. Raises ``LedgerUnavailable``: then nothing may be sent."""
        was_false = any(one.passed is False for one in self.ask(self.step.after))
        told = {"at": self.now, **(mark or {}), **({WAS_FALSE: True} if was_false else {})}
        self.beginning = True
        self.means.elapsed.since(self.key, self.now)
        place = self._place()
        data = {"fence": self._fence, "what": what, "mark": told}
        data |= {BEHIND: place} if place is not None else {}
        await self.record(RunEventKind.BEGUN, what, data)
        self.begun = True

    def _place(self) -> int | None:
        """Of the first act of a recovery, among those of others on the same."""
        counts = self.run.procedure.recovery and not self.run.dry and is_act(self.step)
        return behind(self.means.journals.known(), self.run.id) if counts else None

    async def holds(self) -> None:
        """Asked just before sending. Raises ``FencedOut``."""
        claim = self.claim
        if claim is None:
            raise FencedOut("nobody claimed it")
        newest = self.means.journals.state(self.run.id)
        state = state_of(newest, self.step.id) if newest is not None else None
        taken = state is not None and state.fence > claim.fence and state.terminal != claim.terminal
        if taken or not await self.means.claims.holds(claim):
            alone = taken or claim.kept_by in ("", "folder")
            away = "" if alone else self.means.claims.coordinated(self.run.id)
            if away:
                raise FencedOut(
                    f"whether the step is still yours cannot be asked, and nothing was sent: {away}"
                )
            other = f"{state.holder} at {state.terminal}" if state is not None and taken else "somebody else"
            raise FencedOut(f"{other} took the step over: nothing was sent from here")
        newest = self.means.journals.state(self.run.id)  # anything may have come while it was asked
        if newest is None or not self._stands(newest):
            raise FencedOut("the run went another way meanwhile: nothing was sent from here")

    def _stands(self, newest: RunState) -> bool:
        """Whether by all that is on record it is this attempt that goes on: the run was not given up, nor the step skipped, nor is it another one by
        the text that the run goes on by."""
        state = state_of(newest, self.step.id)
        if (
            newest.procedure.digest != self.run.procedure.digest
            and step_of(newest, self.step.id) != self.step
        ):
            return False
        if state is None or not self.begun:
            return state is not None and self.step.id in newest.next
        return state.status in IN_AIR and state.attempt == self.attempt

    async def record(self, kind: RunEventKind, sentence: str, data: Mapping[str, Any], by: str = "") -> None:
        """Raises ``LedgerUnavailable``."""
        data = {**data, "no_return": self.past} if self.past else data
        await self.means.journals.record(
            self.run.id,
            kind,
            by=by or self.by,
            step=self.step.id,
            attempt=self.attempt,
            sentence=sentence,
            data=data,
            environment=self.run.cluster.environment,
            procedure=self.run.procedure.id,
        )

    @property
    def _fence(self) -> int:
        return self.claim.fence if self.claim is not None else self.state.fence


class KindOfStep:
    """What a kind of step says and does. On the board's loop."""

    kind: StepKind
    begins = True  # something goes on or is sent once it is begun: whose it is stands in the journal, too
    by_person = False  # what a person says is the step: it is the same in a rehearsal
    repeats = False  # to do it again changes nothing, whatever its step says
    goes_on = False  # once begun, ``follow`` looks after it, whoever watches; nothing of it is in the air
    by_news = True  # ``follow`` is asked with all that is new; False: when ``due`` says, and no sooner

    async def prepare(self, doing: Doing) -> StepShown:
        """What it would do now; changes nothing."""
        return StepShown()

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        """Carry it out under ``doing.claim``: ``doing.begin`` before anything is sent, ``doing.holds`` just before. None: it goes on. Raises
        ``RunRefused`` where nothing was done, ``NotSent``, ``OutcomeUnknown``."""
        raise NotImplementedError

    async def follow(self, doing: Doing) -> StepEnd | None:
        """Whether what goes on has come to its end."""
        return None

    async def settle(self, doing: Doing) -> StepEnd | None:
        """What became of what was in the air when its terminal ended; None where nothing tells. DONE, FAILED; UNKNOWN with words of what can be
        seen; ``NOT_SENT`` where certainly nothing was."""
        return None

    async def stop(self, doing: Doing) -> StepEnd | None:
        """It took longer than its time-out: end what can be ended."""
        return StepEnd(kind=RunEventKind.FAILED, sentence="it took longer than its time-out")

    def due(self, doing: Doing) -> float | None:
        """When ``follow`` is to be asked next, for what heeds news where nothing new came (epoch seconds); None: only by news."""
        return None


NOT_SENT = StepEnd(
    kind=RunEventKind.SETTLED, sentence="nothing was sent", data={"result": "not done", "by": "seen"}
)


def step_of(run: RunState, id: str) -> Step | None:
    """By its id: also within groups, and of what takes another back."""
    return next((step for step in all_steps(run.procedure.steps) if step.id == id), None)


def state_of(run: RunState, id: str) -> StepState | None:
    return next((state for state in run.steps if state.id == id), None)


def next_attempt(state: StepState) -> int:
    """One that nobody has begun, whoever knew of whom."""
    return 1 + max((state.attempt, *state.in_air))


def told_of(probed: tuple[Probed, ...]) -> list[dict[str, Any]]:
    """For a journal: what was asked and answered."""
    return [
        {"passed": one.passed, "sentence": one.sentence, "line": one.line, "seen_at": one.seen_at}
        for one in probed
    ]


def not_passed(probed: tuple[Probed, ...]) -> str:
    """The sentences of those that did not pass; what is not known is none that did. "" where all passed."""
    words = {False: "", None: "not known: "}
    return "; ".join(dict.fromkeys(words[p.passed] + p.sentence for p in probed if p.passed is not True))
