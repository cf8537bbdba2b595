"""Whether approvals hold: an event says that somebody approved, and the server that stamps people is asked whether they did and are of the
role. What it denies counts for nothing, whoever wrote it; what it cannot be asked lets nothing be done."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunOutcome, RunState, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.starts import read_for
from tfdash.playbook.procedures.told_in import text_in
from tfdash.playbook.procedures.walk import all_steps
from tfdash.playbook.releases.facts import canonical
from tfdash.store.approvals.protocol import StepWord, Vouches

log = logging.getLogger(__name__)
WORDS = frozenset({RunEventKind.APPROVED, RunEventKind.DENIED})
_EVERY = 5.0  # seconds between two looks for approvals that nobody has proven yet
_PATIENCE = 10.0  # for one answer


class WordProof(NamedTuple):
    """``why`` "" where the server vouches for it, else its words."""

    why: str


class _HasRuns(Protocol):
    """What is asked of ``tfdash.procedures.journals.Journals``."""

    def states(self) -> tuple[RunState, ...]: ...

    def journal(self, run: str) -> RunJournal | None: ...


class Proofs:
    """``vouches`` None: no server here stamps who approves, and no approval holds but one that is given alone, as the file allows.
    ``groups``: those that a role is. ``at``: who vouches for runs of that cluster, None: ``vouches`` does for all. ``changed``: something is known of an approval. Asked on the board's loop, read from any thread."""

    def __init__(
        self,
        vouches: Vouches | None,
        groups: Callable[[str], tuple[str, ...]],
        changed: Callable[[], None] = lambda: None,
        at: Callable[[ClusterRef], Vouches | None] = lambda cluster: None,
    ) -> None:
        self._vouches, self._at, self.groups, self._changed = vouches, at, groups, changed
        self._known: dict[tuple[str, str, int], WordProof] = {}  # by run: each counts its own events
        self.version = 0  # grows with each that is known not to hold

    def by(self, run: RunState) -> Vouches | None:
        """Who vouches for the people of a run."""
        return self.at(run.cluster)

    def at(self, cluster: ClusterRef) -> Vouches | None:
        """The same for runs of that cluster: its own server, which answers where another one is lost."""
        return self._at(cluster) or self._vouches

    def without_forged(self, journal: RunJournal) -> RunJournal:
        """The events that count: all but the approvals that the server denied."""
        kept = tuple(event for event in journal.events if not self.forged(event))
        return journal if len(kept) == len(journal.events) else RunJournal(id=journal.id, events=kept)

    def forged(self, event: RunEvent) -> str:
        """Why it counts for nothing, "" where it counts, or is not known yet."""
        proof = self._known.get(_key(event)) if _to_prove(event) else None
        return proof.why if proof is not None else ""

    async def unproven(self, journal: RunJournal, run: RunState, step: Step) -> str:
        """Why that approval does not hold now, "" where enough people gave it. What cannot be asked is no approval, and one that was
        given to another text, or taken back by a denial, is none any more."""
        events = [event for event in journal.events if event.step == step.id and event.kind in WORDS]
        counted, digest = _counted(run, step), digest_of(run, step)
        whys, people = [], set[str]()
        for event in events:
            if event.kind is not RunEventKind.APPROVED or event.data.get("from_file"):
                continue
            if event.by not in counted:
                continue
            if event.data.get("digest") != digest:
                alone = " alone" if event.data.get("alone") is True else ""
                whys.append(f"{event.by} approved{alone} something else than what stands there now")
                continue
            if event.data.get("alone") is True and step.alone:
                return ""
            if other := _in_name_of(event):
                whys.append(other)
                continue
            try:
                why = (await self._asked(journal, run, step, event)).why
            except (LedgerUnavailable, TimeoutError) as error:
                if event.stamped and event.stamped == event.data.get("who"):
                    why = (
                        ""  # the server saw them write it; only of which groups they are cannot be asked now
                    )
                else:
                    why = f"whether {event.by} approved cannot be asked: {error or 'no answer in time'}"
            people |= {event.by} if not why else set()
            whys += [why] if why else []
        if len(people) >= step.count:
            return ""
        return f"the approval {step.title!r} does not hold: {'; '.join(whys) or 'too few have given it'}"

    async def _asked(self, journal: RunJournal, run: RunState, step: Step, event: RunEvent) -> WordProof:
        """Raises ``LedgerUnavailable``, ``TimeoutError``. Each is asked until it is known once."""
        known = self._known.get(_key(event))
        if known is not None:
            return known
        proof = await self._proof(journal, run, step, event)
        self._known[_key(event)] = proof
        if proof.why:
            self.version += 1
            log.warning("an approval of %s does not hold: %s", run.id, proof.why)
            self._changed()
        return proof

    async def _proof(self, journal: RunJournal, run: RunState, step: Step, event: RunEvent) -> WordProof:
        vouches = self.by(run)
        if vouches is None:
            raise LedgerUnavailable("no server here stamps who approves")
        told = event.data
        of = _given_for(journal, run, step, event)
        if of is None:
            return WordProof(f"{event.by} approved something else than what stands there now")
        word = StepWord(
            str(told.get("who", "")), event.stamped, key_of(run.id, step.id), str(told.get("digest"))
        )
        if not word.who:
            return WordProof("nobody's name is on it")
        if other := _in_name_of(event):
            return WordProof(other)
        async with asyncio.timeout(_PATIENCE):
            return WordProof(await vouches.why_not(word, self.groups(of.role)))

    async def look(self, journal: RunJournal, run: RunState) -> None:
        """Ask what is not known of this run yet; what cannot be asked stays unknown."""
        for step in _approvals(run):
            for event in journal.events:
                if event.step == step.id and _to_prove(event):
                    try:
                        await self._asked(journal, run, step, event)
                    except (LedgerUnavailable, TimeoutError) as error:
                        log.info("an approval of %s is not proven: %s", run.id, error)
                        return

    async def run(self, journals: _HasRuns) -> None:
        """Until cancelled: approvals of open runs are asked about soon after they come."""
        while True:
            for run in journals.states():
                journal = journals.journal(run.id)
                if run.outcome is RunOutcome.OPEN and not run.dry and journal is not None:
                    await self.look(journal, run)
            await asyncio.sleep(_EVERY)


async def what_is_unproven(proofs: Proofs, journal: RunJournal, run: RunState) -> str:
    """Why nothing may be done behind the approvals that this run has, "" where each of them holds."""
    done = {state.id for state in run.steps if state.status is StepStatus.DONE}
    for step in _approvals(run):
        if step.id in done and (why := await proofs.unproven(journal, run, step)):
            return why
    return ""


def digest_of(run: RunState, step: Step) -> str:
    """SHA-256 of what is approved: this step, and whatever the file and the inputs of the run have behind it."""
    told = canonical(
        {
            "run": run.id,
            "step": msgspec.to_builtins(step),
            "file": run.procedure.digest,
            "inputs": {name: list(values) for name, values in run.inputs.items()},
        }
    )
    return hashlib.sha256(told.encode()).hexdigest()


def _given_for(journal: RunJournal, run: RunState, step: Step, event: RunEvent) -> Step | None:
    """The step to which that word was given: as it stands now, or, where the run went on by another text since, as it stood before."""
    digest = event.data.get("digest")
    if digest == digest_of(run, step):
        return step
    texts = [one for one in journal.events if one.kind in (RunEventKind.STARTED, RunEventKind.CHANGED)]
    if texts[-1:] and texts[-1].number > event.number:
        for one in texts:
            procedure, _ = read_for(run, text_in(one.data.get("text")))
            if procedure is None or one.number > event.number:
                continue
            before = msgspec.structs.replace(run, procedure=procedure)
            of = next((s for s in _approvals(before) if s.id == step.id), None)
            if of is not None and digest == digest_of(before, of):
                return of
    return None


def _counted(run: RunState, step: Step) -> tuple[str, ...]:
    """Those whose word the run counts: of its text as it stands, and behind the last denial."""
    return next((state.approvals for state in run.steps if state.id == step.id), ())


def _in_name_of(event: RunEvent) -> str:
    """Who is counted by one name is asked about by no other."""
    who = event.data.get("who")
    return "" if who == event.by else f"{event.by} wrote it in the name of {who}"


def _key(event: RunEvent) -> tuple[str, str, int]:
    return event.run, event.terminal, event.number


def key_of(run: str, step: str) -> str:
    """By which the server that stamps words knows the step: 16 hexadecimal digits."""
    return hashlib.sha256(f"{run}/{step}".encode()).hexdigest()[:16]


def _to_prove(event: RunEvent) -> bool:
    return event.kind in WORDS and event.data.get("alone") is not True and not event.data.get("from_file")


def _approvals(run: RunState) -> Iterator[Step]:
    return (step for step in all_steps(run.procedure.steps) if step.kind is StepKind.APPROVAL)
