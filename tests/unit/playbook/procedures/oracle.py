"""What a run's events add up to, said a second time and slowly: nothing is remembered but what was said of each step, and everything else is
asked anew for each event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tfdash.model.procedure import OnFailure, Procedure, Step, StepKind
from tfdash.model.run import RunEvent, RunEventKind

K = RunEventKind
OVER = {"done", "already so", "skipped"}
SAID = (StepKind.APPROVAL, StepKind.MANUAL, StepKind.DECISION)
AIR = {"running", "unknown outcome"}
BY_WORD = {StepKind.CHECK, StepKind.GATE, StepKind.WAIT, StepKind.NOTIFY}
ACTS = {StepKind.ACTION, StepKind.COMMAND, StepKind.PROCEDURE}


@dataclass
class Said:
    status: str = ""
    holder: str = ""
    fence: int = 0
    now: tuple[str, int] = ("", 0)  # terminal and attempt of the act that runs
    began: dict[tuple[str, int], None] = field(default_factory=dict)
    known: set[tuple[str, int]] = field(default_factory=set)  # acts of which it is known what came of them
    branch: str = ""
    approved: list[str] = field(default_factory=list)


class Oracle:
    def __init__(self, procedure: Procedure, events: Sequence[RunEvent], *, dry: bool = False) -> None:
        self.procedure, self.dry = procedure, dry
        self.parents: dict[str, Step | None] = {}
        self.steps: dict[str, Step] = {}
        self.undoes: dict[str, Step] = {}
        self._place(procedure.steps, None)
        self.said = {id: Said() for id in (*self.steps, *self.undoes)}
        self.given_up = self.closed = self.whole = False
        self.offered: list[str] = []
        self.ended: dict[str, float] = {}
        self.began: dict[str, float] = {}
        for event in events:
            self._take(event)

    def _place(self, steps: Sequence[Step], parent: Step | None) -> None:
        for step in steps:
            self.steps[step.id], self.parents[step.id] = step, parent
            for undo in step.undo:
                self.undoes[undo.id] = undo
            self._place(step.steps, step)

    # -- how things stand -----------------------------------------------------------------------------------------

    def leaves(self, step: Step) -> Iterator[Step]:
        if step.kind is not StepKind.GROUP:
            yield step
        for inner in step.steps:
            yield from self.leaves(inner)

    def chosen(self, id: str) -> bool | None:
        found: list[bool | None] = []
        at: str | None = id
        while at is not None:
            deciding = [
                (one, branch)
                for one in self.steps.values()
                for branch in one.branches
                if at in branch.steps and one.id != at
            ]
            if deciding:
                answers: list[bool | None] = []
                for one, branch in deciding:
                    told = self.said[one.id]
                    if told.status == "done":
                        answers.append(told.branch in (branch.id, "*"))
                    elif told.status == "skipped" or self.chosen(one.id) is False:
                        answers.append(False)
                    else:
                        answers.append(None)
                found.append(True if True in answers else (None if None in answers else False))
            parent = self.parents.get(at)
            at = parent.id if parent is not None else None
        if False in found:
            return False
        return None if None in found else True

    def passed(self, step: Step) -> bool:
        if step.kind is StepKind.GROUP:
            return self.chosen(step.id) is False or all(self.passed(one) for one in step.steps)
        status = self.said[step.id].status
        if status in OVER or (status == "failed" and step.on_failure is OnFailure.CONTINUE):
            return True
        return status == "" and self.chosen(step.id) is False

    def reached(self, id: str) -> bool:
        if id in self.undoes:
            before = self.offered[: self.offered.index(id)] if id in self.offered else []
            return id in self.offered and all(self.passed(self.undoes[one]) for one in before)
        at = self.steps[id]
        while True:
            parent = self.parents[at.id]
            siblings = parent.steps if parent is not None else self.procedure.steps
            if parent is None or not parent.parallel:
                for one in siblings:
                    if one.id == at.id:
                        break
                    if not self.passed(one):
                        return False
            if parent is None:
                return self.chosen(id) is True
            at = parent

    def workable(self, id: str) -> bool:
        return not self.closed and self.given_up == (id in self.undoes) and self.reached(id)

    def free(self, id: str, event: RunEvent) -> bool:
        told = self.said[id]
        return told.holder in ("", event.terminal) and told.status not in OVER and self.workable(id)

    def next(self) -> tuple[str, ...]:
        found = []
        order = [leaf for step in self.procedure.steps for leaf in self.leaves(step)]
        for step in (*order, *(self.undoes[id] for id in self.offered)):
            status = self.said[step.id].status
            if (status in AIR and not self.closed) or (
                status not in OVER | AIR and not self.passed(step) and self.workable(step.id)
            ):
                found.append(step.id)
        return tuple(found)

    def statuses(self) -> dict[str, str]:
        """Of what is no group."""
        found = {}
        order = [leaf for step in self.procedure.steps for leaf in self.leaves(step)]
        for step in (*order, *(self.undoes[id] for id in self.offered)):
            status = self.said[step.id].status
            over = self.closed or (self.given_up and step.id not in self.undoes)
            if status == "claimed" and over:
                status = "left undone"
            elif status == "":
                if self.chosen(step.id) is False:
                    status = "not chosen"
                elif over:
                    status = "left undone"
                else:
                    status = "ready" if self.reached(step.id) else "waiting"
            found[step.id] = status
        return found

    # -- what an event changes --------------------------------------------------------------------------------------

    def _take(self, event: RunEvent) -> None:
        if event.kind is K.ABORTED and not (self.closed or self.given_up):
            self.given_up = True
            order = [s for s in self.steps.values() if s.undo and self._did(s.id)]
            for step in sorted(order, key=lambda s: self.ended.get(s.id, self.began.get(s.id, 0.0))):
                self._offer(step)
        elif event.kind is K.CLOSED and not self.closed:
            self.whole = not self.given_up and all(self.passed(one) for one in self.procedure.steps)
            self.closed = True
        elif event.step in self.steps and self.steps[event.step].kind is StepKind.GROUP:
            if event.kind is K.SKIPPED:
                for leaf in self.leaves(self.steps[event.step]):
                    self._of(leaf, event)
        elif event.step in self.said:
            self._of(self.steps.get(event.step) or self.undoes[event.step], event)

    def _offer(self, step: Step) -> None:
        self.offered = [one.id for one in step.undo if one.id not in self.offered] + self.offered

    def _did(self, id: str) -> bool:
        told = self.said[id]
        return told.status in {"done", *AIR} or bool(set(told.began) - told.known)

    def _becomes(self, step: Step, status: str, event: RunEvent) -> None:
        self.said[step.id].status = status
        self.ended.pop(step.id, None)
        if status in OVER or status == "failed":
            self.ended[step.id] = event.at
            if self.given_up and step.id in self.steps and self._did(step.id):
                self._offer(step)

    def _of(self, step: Step, event: RunEvent) -> None:
        told, data, who = self.said[step.id], event.data, event.terminal
        act, free = (who, event.attempt), self.free(step.id, event)
        match event.kind:
            case K.CLAIMED:
                fence = data.get("fence", 0)
                fits = told.fence < fence <= told.fence + 1_000_000 and told.status not in OVER
                if fits and not self.closed and (told.status in AIR or self.workable(step.id)):
                    told.holder, told.fence = who, fence
                    if told.status not in AIR:
                        self._becomes(step, "claimed", event)
            case K.LET_GO if told.holder == who:
                told.holder = ""
                if told.status == "claimed":
                    self._becomes(step, "", event)
            case K.BEGUN if event.attempt > 0 and act not in told.began and step.kind not in SAID:
                told.began[act] = None
                ours = told.holder == who and data.get("fence", 0) == told.fence
                if ours and free and (told.status != "unknown outcome" or step.idempotent):
                    if step.idempotent and told.now[0]:
                        told.known.add(told.now)
                    told.now = act
                    self.began.setdefault(step.id, event.at)
                    self._becomes(step, "running", event)
            case K.DONE | K.FAILED | K.UNKNOWN:
                self._ends(step, event, free)
            case K.SETTLED if told.holder in ("", who) and data.get("result") in (
                "done",
                "failed",
                "not done",
                *(["again"] if step.again else ()),
            ):
                runs = told.now if told.status in AIR else ("", 0)
                attempt = event.attempt or runs[1]
                told.known |= {one for one in told.began if one[1] == attempt}
                if runs[0] and runs[1] == attempt:
                    result = data["result"]
                    after = "claimed" if told.holder else ""
                    self._becomes(step, after if result in ("not done", "again") else result, event)
            case K.ALREADY if step.after and free and told.status not in AIR:
                self._becomes(step, "already so", event)
            case K.SKIPPED if told.status not in OVER and not self.closed:
                here = not self.given_up or step.id in self.offered or told.status in AIR
                if here and (event.sentence.strip() or step.optional):
                    self._becomes(step, "skipped", event)
            case K.SIGNED if (
                (step.kind is StepKind.MANUAL or step.by_hand) and free and told.status not in AIR
            ):
                worked = data.get("worked") is not False
                if not worked or all(data.get(name) for name in step.evidence):
                    self._becomes(step, "done" if worked else "failed", event)
            case K.APPROVED | K.DENIED if step.kind is StepKind.APPROVAL and told.status not in OVER:
                if data.get("role") != step.role or not self.workable(step.id) or data.get("from_file"):
                    return
                alone = event.kind is K.APPROVED and bool(step.alone) and data.get("alone") is True
                if event.kind is K.DENIED and data.get("vouched"):
                    told.approved = []
                    self._becomes(step, "failed", event)
                elif (
                    event.kind is K.APPROVED
                    and (alone or data.get("vouched"))
                    and event.by not in told.approved
                ):
                    told.approved.append(event.by)
                    if alone or len(told.approved) >= step.count:
                        self._becomes(step, "done", event)
            case K.DECIDED if step.kind is StepKind.DECISION:
                self._decides(step, event, free)

    def _ends(self, step: Step, event: RunEvent, free: bool) -> None:
        told, own = self.said[step.id], (event.terminal, event.attempt)
        if not event.attempt:
            own = next((one for one in reversed(told.began) if one[0] == event.terminal), own)
        act = own if own in told.began else ("", 0)
        if not act[0] and told.holder == event.terminal and told.now[0]:
            act = told.now if event.attempt in (0, told.now[1]) else act
        runs = bool(act[0]) and act == told.now and told.status in AIR
        if event.kind is K.UNKNOWN:
            if runs:
                self._becomes(step, "unknown outcome", event)
            elif not act[0] and step.kind in BY_WORD and free:
                self._becomes(step, "failed", event)
            return
        if act[0]:
            told.known.add(act)
        if event.kind is K.FAILED:
            if runs or (not act[0] and told.status not in AIR and free):
                self._becomes(step, "failed", event)
        elif self.dry and event.data.get("dry") is True:
            if free:
                self._becomes(step, "done", event)
        elif (step.kind in ACTS and act[0] and told.status not in OVER) or (step.kind in BY_WORD and free):
            self._becomes(step, "done", event)

    def _decides(self, step: Step, event: RunEvent, free: bool) -> None:
        told, branch = self.said[step.id], event.data.get("branch")
        known = {one.id: one for one in step.branches}
        if branch not in known and not (branch == "*" and self.dry):
            return
        if told.status == "done":
            now = known.get(told.branch)
            if now is None or event.data.get("instead_of") != now.id or not self.workable(step.id):
                return
            inside = [leaf for id in now.steps if id in self.steps for leaf in self.leaves(self.steps[id])]
            if any(self.said[leaf.id].status or self.said[leaf.id].began for leaf in inside):
                return
        elif not free:
            return
        told.branch = str(branch)
        self._becomes(step, "done", event)
