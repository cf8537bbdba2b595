"""The events of a run, one after the other in their order, and what each changes. An event is somebody's word: what it may change is
decided here, whatever it says, and nothing in it can make this fail.

- What acts (ACTION, COMMAND, PROCEDURE) is DONE by an act of the terminal that says so, begun before, or by the word of who holds the step
  now, or SETTLED. What was begun by an old claim is kept as in the air.
- Everything else counts once the step is reached, and as long as nobody else holds it.
- The terminal that did an act knows best what came of it: its word counts after a settlement by somebody else, too, and that it sent nothing
  also once somebody else has the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tfdash.model.procedure import Pairs, Procedure, StepKind
from tfdash.model.run import RunEvent, RunEventKind, RunOutcome, StepStatus
from tfdash.playbook.procedures.people_told import PeopleTold
from tfdash.playbook.procedures.told_in import MOST, by_itself, number_in, one_person, text_in, time_in
from tfdash.playbook.procedures.tree import ENDED, IN_AIR, Act, PlacedStep, StepTree, lost_by

_ACTING = frozenset({StepKind.ACTION, StepKind.COMMAND, StepKind.PROCEDURE})
_WORK = frozenset({*_ACTING, StepKind.MANUAL})
_BY_WORD = frozenset({StepKind.CHECK, StepKind.GATE, StepKind.WAIT, StepKind.NOTIFY})
"""Kinds that are DONE by an event of that kind alone."""
_SAID = frozenset({StepKind.APPROVAL, StepKind.MANUAL, StepKind.DECISION})
"""Kinds that are a person's word: nothing of them is ever begun, so that nothing of them is settled either."""
LEAP = 1_000_000
"""Events and claims are counted one by one. A number that leaps further ahead is of nobody who counts, and would leave no number behind it."""
AGAIN = "again"
"""How an act ends that was done, and is to be done once more: as it then stands, and by a person."""
_EVIDENCE = ("note", "link", "file", "digest")


class RunFold:
    """What events add up to so far. ``read``: a text of the procedure, expanded for the run; None where it cannot be read."""

    def __init__(
        self,
        started: RunEvent,
        procedure: Procedure,
        *,
        dry: bool,
        read: Callable[[RunEvent], Procedure | None],
    ) -> None:
        self.started, self.procedure, self.dry, self._read = started, procedure, dry, read
        self.tree = StepTree(procedure)
        self.outcome = RunOutcome.OPEN
        self.given_up = self.closed = False
        self.ended_at: float | None = None
        self.number, self.last_at = started.number, started.at
        self.people: dict[str, float] = {started.by: started.at}
        self.looked: dict[str, int] = {}
        self.people_told = PeopleTold()
        self.impacts: list[tuple[float, bool, str, str]] = []
        self.acknowledged: float | None = None
        self.starter, self.unvouched = "", text_in(started.data.get("unvouched"))

    def apply(self, event: RunEvent) -> None:
        """The next one in the order of a journal."""
        self.number, self.last_at = max(self.number, event.number), max(self.last_at, event.at)
        if not by_itself(event):
            self.people[event.by] = max(event.at, self.people.get(event.by, event.at))
        of_run = _OF_RUN.get(event.kind)
        if of_run is not None:
            of_run(self, event)
            return
        node, of_step = self.tree.nodes.get(event.step), _OF_STEP.get(event.kind)
        if node is None or of_step is None:
            return
        if not node.group:
            of_step(self, node, event)
        elif event.kind is RunEventKind.SKIPPED:
            for leaf in list(node.leaves()):
                self._skipped(leaf, event)

    def next(self) -> tuple[str, ...]:
        """Steps that can be worked on now, in the order of the file: claimed, done, skipped or settled."""
        return tuple(node.step.id for node in self._in_order() if self._stands_open(node))

    def _in_order(self) -> Iterator[PlacedStep]:
        for top in (*self.tree.root.children, *self.tree.back.children):
            yield from top.leaves()

    def _stands_open(self, node: PlacedStep) -> bool:
        status = node.told.status
        if status in IN_AIR:
            return not self.closed
        return status not in ENDED and not self.tree.passed(node) and self.workable(node)

    # -- of the run -----------------------------------------------------------------------------------------------

    def _impact(self, event: RunEvent) -> None:
        at = time_in(event.data.get("at"))
        if at is not None and at <= event.at:
            at_least, source = event.data.get("at_least") is True, text_in(event.data.get("source"))
            by = text_in(event.data.get("by")) if by_itself(event) else event.by
            self.impacts.append((at, at_least, by, source))

    def _acknowledged(self, event: RunEvent) -> None:
        if self.acknowledged is None or event.at < self.acknowledged:
            self.acknowledged = event.at

    def _told(self, event: RunEvent) -> None:
        channels, node = self.people_told.take(event), self.tree.nodes.get(event.step)
        if node is not None and node.step.kind is StepKind.APPROVAL:
            node.told.channels = tuple(dict.fromkeys((*node.told.channels, *channels)))

    def _note(self, event: RunEvent) -> None:
        name = text_in(event.data.get("starter")) if event.terminal == self.started.terminal else ""
        if self.unvouched and name:
            self.starter, self.unvouched = name, ""

    def _looked(self, event: RunEvent) -> None:
        number = min(number_in(event.data.get("number")), event.number)
        self.looked[event.by] = max(number, self.looked.get(event.by, 0))

    def _changed(self, event: RunEvent) -> None:
        if self.closed or self.given_up:
            return
        procedure = self._read(event)
        if procedure is not None and not self._in_its_way(procedure):
            self.procedure, self.tree = procedure, StepTree(procedure, self.tree)

    def _in_its_way(self, procedure: Procedure) -> bool:
        """Whether something under way would be lost by it, or become another thing than the one that was begun."""
        under_way = [node.step for node in self.tree.nodes.values() if node.told.status in IN_AIR]
        return any(lost_by(under_way, procedure))

    def _aborted(self, event: RunEvent) -> None:
        if self.closed or self.given_up:
            return
        self.given_up, self.outcome, self.ended_at = True, RunOutcome.ABORTED, event.at
        done = [node for node in self.tree.nodes.values() if node.undo and _did(node)]
        for node in sorted(done, key=lambda one: one.told.ended or one.told.began or 0.0):
            self.tree.offer_undo(node)

    def _closed(self, event: RunEvent) -> None:
        if self.closed:
            return
        self.closed = True
        if not self.given_up:
            self.outcome, self.ended_at = self._came_to(), event.at

    def _came_to(self) -> RunOutcome:
        if not self.tree.passed(self.tree.root):
            return RunOutcome.ABORTED
        work = [n for n in self.tree.root.leaves() if n.step.kind in _WORK and n.told.status is not None]
        skipped = bool(work) and all(node.told.status is StepStatus.SKIPPED for node in work)
        return RunOutcome.SKIPPED if skipped else RunOutcome.DONE

    # -- of a step ------------------------------------------------------------------------------------------------

    def workable(self, node: PlacedStep) -> bool:
        if self.closed or self.given_up != node.taken_back:
            return False
        return self.tree.reached(node)

    def _free(self, node: PlacedStep, event: RunEvent) -> bool:
        """Whether nobody else holds it, and it can be worked on."""
        told = node.told
        mine = not told.terminal or told.terminal == event.terminal
        return mine and told.status not in ENDED and self.workable(node)

    def _set(self, node: PlacedStep, status: StepStatus | None, event: RunEvent) -> None:
        told, passed = node.told, self.tree.passed(node)
        if told.status is not status:
            told.since = event.at
        told.status = status
        if status is None or status is StepStatus.CLAIMED:
            said = "" if event.kind is RunEventKind.LET_GO and told.sentence else event.sentence
            told.sentence = said or told.sentence  # who lets it go says nothing of it
        else:
            told.by, told.sentence = event.by, event.sentence
            told.stops = text_in(event.data.get("would_stop")) if self.dry else ""
        if status in ENDED or status is StepStatus.FAILED:
            told.ended = event.at
            if status is StepStatus.DONE:
                self.people_told.by_step(node.step, event.at)
            if self.given_up and not node.taken_back and _did(node):
                self.tree.offer_undo(node)
        else:
            told.ended = None
        if passed and not self.tree.passed(node):
            self.tree.reopened(node)

    def _claimed(self, node: PlacedStep, event: RunEvent) -> None:
        told, fence = node.told, number_in(event.data.get("fence"))
        if not told.fence < fence <= told.fence + LEAP or told.status in ENDED or self.closed:
            return
        if told.status not in IN_AIR and not self.workable(node):
            return
        told.holder, told.terminal, told.fence = event.by, event.terminal, fence
        if told.status not in IN_AIR:
            self._set(node, StepStatus.CLAIMED, event)

    def _let_go(self, node: PlacedStep, event: RunEvent) -> None:
        told = node.told
        if told.terminal == event.terminal:
            told.holder = told.terminal = ""
            if told.status is StepStatus.CLAIMED:
                self._set(node, None, event)

    def _begun(self, node: PlacedStep, event: RunEvent) -> None:
        told, key = node.told, (event.terminal, event.attempt)
        if node.step.kind in _SAID or not 0 < event.attempt < MOST or key in told.acts:
            return
        mark = event.data.get("mark")
        act = told.acts[key] = Act(event.terminal, event.attempt, mark if isinstance(mark, Mapping) else {})
        told.attempt = max(told.attempt, event.attempt)
        ours = told.terminal == event.terminal and number_in(event.data.get("fence")) == told.fence
        again = told.status is not StepStatus.UNKNOWN or node.step.idempotent
        if ours and again and self._free(node, event):
            if node.step.idempotent and told.current is not None:
                told.current.over = True  # it is done again, whatever came of it
            told.current, told.inner = act, text_in(act.mark.get("inner"))
            told.began = event.at if told.began is None else told.began
            self._set(node, StepStatus.RUNNING, event)

    def _act(self, node: PlacedStep, event: RunEvent) -> Act | None:
        """The act that an event speaks of: its terminal's own; else, for who holds the step, the one of that attempt."""
        acts = node.told.acts
        if event.attempt:
            own = acts.get((event.terminal, event.attempt))
        else:
            own = next((act for act in reversed(acts.values()) if act.terminal == event.terminal), None)
        if own is not None or node.told.terminal != event.terminal:
            return own
        current = node.told.current
        fits = current is not None and event.attempt in (0, current.attempt)
        return current if fits else None

    def _done(self, node: PlacedStep, event: RunEvent) -> None:
        act, kind = self._act(node, event), node.step.kind
        if act is not None:
            act.over = True
        if self.dry and event.data.get("dry") is True:  # a rehearsal begins nothing
            counts = self._free(node, event)
        else:
            counts = act is not None if kind in _ACTING else kind in _BY_WORD and self._free(node, event)
        if counts and node.told.status not in ENDED:
            _answered(node, event)
            self._set(node, StepStatus.DONE, event)

    def _failed(self, node: PlacedStep, event: RunEvent) -> None:
        told, act = node.told, self._act(node, event)
        if act is not None:
            act.over = True
            if act is told.current and told.status in IN_AIR:
                self._set(node, StepStatus.FAILED, event)
        elif told.status not in IN_AIR and self._free(node, event):
            self._set(node, StepStatus.FAILED, event)

    def _unknown(self, node: PlacedStep, event: RunEvent) -> None:
        told, act = node.told, self._act(node, event)
        if act is not None and act is told.current and told.status in IN_AIR:
            self._set(node, StepStatus.UNKNOWN, event)
        elif act is None and node.step.kind in _BY_WORD and self._free(node, event):
            self._set(node, StepStatus.FAILED, event)  # it sent nothing: it is not known, and does not pass

    def _settled(self, node: PlacedStep, event: RunEvent) -> None:
        told, result = node.told, text_in(event.data.get("result"))
        own = told.acts.get((event.terminal, event.attempt)) if result == "not done" else None
        holds = not told.terminal or told.terminal == event.terminal
        unfit = result not in _RESULTS or (result == AGAIN and not node.step.again)
        if unfit or not (holds or own is not None):
            return
        current = told.current if told.status in IN_AIR else None
        attempt = event.attempt or (current.attempt if current is not None else 0)
        for act in told.acts.values():
            if act is own or (holds and act.attempt == attempt):
                act.over = True
        if current is not None and current.over:
            status = _RESULTS[result]
            if status is StepStatus.DONE:
                _answered(node, event)
            self._set(node, status or (StepStatus.CLAIMED if told.holder else None), event)

    def _already(self, node: PlacedStep, event: RunEvent) -> None:
        if node.step.after and node.told.status not in IN_AIR and self._free(node, event):
            self._set(node, StepStatus.ALREADY, event)

    def _skipped(self, node: PlacedStep, event: RunEvent) -> None:
        told = node.told
        if told.status in ENDED or self.closed or not (event.sentence.strip() or node.step.optional):
            return
        if self.given_up and not (node.offered or told.status in IN_AIR):
            return
        self._set(node, StepStatus.SKIPPED, event)

    def _signed(self, node: PlacedStep, event: RunEvent) -> None:
        step, told = node.step, node.told
        by_hand = step.kind is StepKind.MANUAL or bool(step.by_hand)
        if not by_hand or told.status in IN_AIR or not self._free(node, event):
            return
        given = {name: text_in(event.data.get(name)) for name in _EVIDENCE}
        worked = event.data.get("worked") is not False
        has_file = given["file"] or given["digest"]
        if worked and not all(has_file if one == "file" else given.get(one) for one in step.evidence):
            return
        shown: Pairs = tuple((name, value) for name, value in given.items() if value)
        if shown:
            told.evidence.append(shown)
        self._set(node, StepStatus.DONE if worked else StepStatus.FAILED, event)

    def _approved(self, node: PlacedStep, event: RunEvent) -> None:
        if not self._of_role(node, event):
            return
        step, told = node.step, node.told
        alone = bool(step.alone) and event.data.get("alone") is True
        if not (alone or event.data.get("vouched")):
            return
        if any(one_person(event, who, stamp) for who, stamp in told.approvals):
            return
        own = event.by == self.starter or one_person(event, self.started.by, self.started.stamped)
        if step.others and not alone and (own or self.unvouched):
            return  # of who started it, or of whom nobody can say that they did not
        told.approvals.append((event.by, event.stamped))
        if alone or len(told.approvals) >= step.count:
            self._set(node, StepStatus.DONE, event)

    def _denied(self, node: PlacedStep, event: RunEvent) -> None:
        if self._of_role(node, event) and event.data.get("vouched"):
            node.told.approvals.clear()
            self._set(node, StepStatus.FAILED, event)

    def _of_role(self, node: PlacedStep, event: RunEvent) -> bool:
        """Whether an approval counts at all: one out of a file is told by whoever carried that file."""
        return (
            node.step.kind is StepKind.APPROVAL
            and node.told.status not in ENDED
            and text_in(event.data.get("role")) == node.step.role
            and not event.data.get("from_file")
            and self.workable(node)
        )

    def _decided(self, node: PlacedStep, event: RunEvent) -> None:
        branch, told = text_in(event.data.get("branch")), node.told
        known = {one.id: one for one in node.step.branches}
        if node.step.kind is not StepKind.DECISION or not (branch in known or (branch == "*" and self.dry)):
            return
        if told.status is StepStatus.DONE:
            now = known.get(told.branch)
            if now is None or event.data.get("instead_of") != now.id or not self.workable(node):
                return
            begun = [leaf for id in now.steps if (of := self.tree.nodes.get(id)) for leaf in of.leaves()]
            if any(leaf.told.status is not None or leaf.told.acts for leaf in begun):
                return
        elif not self._free(node, event):
            return
        told.branch = branch
        self._set(node, StepStatus.DONE, event)
        self.tree.chosen_anew()


def _answered(node: PlacedStep, event: RunEvent) -> None:
    """What a command answered, where its step wants evidence."""
    if node.step.kind is StepKind.COMMAND and node.step.evidence:
        shown = tuple((name, value) for name in _EVIDENCE if (value := text_in(event.data.get(name))))
        node.told.evidence += [shown] if shown else []


def _did(node: PlacedStep) -> bool:
    """Whether there may be something to take back."""
    told = node.told
    by_us = told.status is StepStatus.DONE or told.status in IN_AIR
    return by_us or any(not act.over for act in told.acts.values())


_RESULTS: Mapping[str, StepStatus | None] = {
    "done": StepStatus.DONE,
    "failed": StepStatus.FAILED,
    "not done": None,  # nothing was sent
    AGAIN: None,
}
_OF_RUN: Mapping[RunEventKind, Callable[[RunFold, RunEvent], None]] = {
    RunEventKind.IMPACT: RunFold._impact,
    RunEventKind.ACKNOWLEDGED: RunFold._acknowledged,
    RunEventKind.LOOKED: RunFold._looked,
    RunEventKind.TOLD: RunFold._told,
    RunEventKind.NOTE: RunFold._note,
    RunEventKind.CHANGED: RunFold._changed,
    RunEventKind.ABORTED: RunFold._aborted,
    RunEventKind.CLOSED: RunFold._closed,
}
_OF_STEP: Mapping[RunEventKind, Callable[[RunFold, PlacedStep, RunEvent], None]] = {
    RunEventKind.CLAIMED: RunFold._claimed,
    RunEventKind.LET_GO: RunFold._let_go,
    RunEventKind.BEGUN: RunFold._begun,
    RunEventKind.DONE: RunFold._done,
    RunEventKind.ALREADY: RunFold._already,
    RunEventKind.FAILED: RunFold._failed,
    RunEventKind.UNKNOWN: RunFold._unknown,
    RunEventKind.SETTLED: RunFold._settled,
    RunEventKind.SKIPPED: RunFold._skipped,
    RunEventKind.SIGNED: RunFold._signed,
    RunEventKind.APPROVED: RunFold._approved,
    RunEventKind.DENIED: RunFold._denied,
    RunEventKind.DECIDED: RunFold._decided,
}
