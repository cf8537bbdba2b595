"""The steps of a run as they hang together, and what its events say of each: which can be worked on now. Mutable; ``state`` folds
events into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfdash.model.procedure import OnFailure, Pairs, Procedure, Step, StepKind
from tfdash.model.run import StepState, StepStatus
from tfdash.playbook.procedures.walk import steps_by_id

ENDED = frozenset({StepStatus.DONE, StepStatus.ALREADY, StepStatus.SKIPPED})
"""Somebody brought it to its end."""
IN_AIR = frozenset({StepStatus.RUNNING, StepStatus.UNKNOWN})
_GRAVEST = (StepStatus.UNKNOWN, StepStatus.RUNNING, StepStatus.FAILED, StepStatus.CLAIMED, StepStatus.READY)
"""What a group is, of what its steps are: the first of these that one of them is."""


_WORDS = ("title", "text", "by_hand", "target", "tier")
"""Fields of a step that what it does does not hang on."""


def lost_by(under_way: Iterable[Step], newer: Procedure) -> Iterator[Step]:
    """Steps that are under way and are none of ``newer``, or would be another act in it: what was begun is followed, and settled, by what its
    step says. What only waits may wait for something else."""
    there = steps_by_id(newer)
    for step in under_way:
        new = there.get(step.id)
        if new is None or new.kind is not step.kind or (step.kind is not StepKind.WAIT and _acts(step, new)):
            yield step


def _acts(step: Step, new: Step) -> bool:
    """Whether the two are not the same act."""
    fields = (one for one in step.__struct_fields__ if one not in _WORDS)
    return any(getattr(step, one) != getattr(new, one) for one in fields)


def _asked_anew(step: Step, told: StepTold) -> bool:
    """Approved was the text before; and what was decided is no answer any more where ``step`` does not have it."""
    if step.kind is StepKind.DECISION and told.branch:
        return told.branch not in {"*", *(branch.id for branch in step.branches)}
    return step.kind is StepKind.APPROVAL


def by_whom(state: StepState) -> str:
    """Of what is so already, before it is done or done again: what was begun once may have made it so."""
    return "after it was begun here" if state.attempt else "not by us"


@dataclass(slots=True)
class Act:
    """One attempt of a step that was begun. ``over``: what came of it is known."""

    terminal: str
    attempt: int
    mark: Mapping[str, Any]
    over: bool = False


@dataclass(slots=True)
class StepTold:
    """What the events say of one step. ``status`` None: nothing that changes what its place among the others says. ``current``: the
    act that RUNNING is about. ``approvals``: name and stamped login."""

    status: StepStatus | None = None
    holder: str = ""
    terminal: str = ""
    fence: int = 0
    attempt: int = 0
    since: float | None = None
    began: float | None = None
    ended: float | None = None
    by: str = ""
    sentence: str = ""
    branch: str = ""
    stops: str = ""
    inner: str = ""
    approvals: list[tuple[str, str]] = field(default_factory=list)
    evidence: list[Pairs] = field(default_factory=list)
    channels: tuple[str, ...] = ()  # that were told that its approval is wanted
    current: Act | None = None
    acts: dict[tuple[str, int], Act] = field(default_factory=dict)

    def in_air(self) -> tuple[int, ...]:
        """Attempts of which nothing is known, but for the one that runs."""
        running = self.current if self.status in IN_AIR else None
        return tuple(sorted(act.attempt for act in self.acts.values() if not act.over and act is not running))


class PlacedStep:
    """A step at its place. ``choosers``: the decisions that it hangs on, each with the branches in which it is. ``taken_back``: it is the
    undo of another step; ``offered``: and that one was done in a run that was given up."""

    __slots__ = (
        "children",
        "choosers",
        "depth",
        "offered",
        "parallel",
        "parent",
        "passed_to",
        "place",
        "step",
        "taken_back",
        "told",
        "undo",
    )

    def __init__(
        self, step: Step, parent: PlacedStep | None, depth: int, *, taken_back: bool = False
    ) -> None:
        self.step, self.parent, self.depth, self.taken_back = step, parent, depth, taken_back
        self.place, self.passed_to, self.parallel = 0, 0, step.parallel
        self.told = StepTold()
        self.children: list[PlacedStep] = []
        self.undo: list[PlacedStep] = []
        self.choosers: list[tuple[PlacedStep, frozenset[str]]] = []
        self.offered = False

    @property
    def group(self) -> bool:
        return self.step.kind is StepKind.GROUP

    def leaves(self) -> Iterator[PlacedStep]:
        if not self.group:
            yield self
        for child in self.children:
            yield from child.leaves()


class StepTree:
    """Of an expanded procedure. ``before``: the tree of the text that it replaces, whose steps stay what they are, but for
    approvals: those were of that text."""

    def __init__(self, procedure: Procedure, before: StepTree | None = None) -> None:
        self.root = PlacedStep(Step(id="", title="", kind=StepKind.GROUP), None, -1)
        self.back = PlacedStep(Step(id="", title="", kind=StepKind.GROUP), None, -1)
        self.nodes: dict[str, PlacedStep] = {}
        for step in procedure.steps:
            self._add(step, self.root)
        for node in list(self.nodes.values()):
            for branch in node.step.branches:
                for id in branch.steps:
                    if (of := self.nodes.get(id)) is not None and of is not node:
                        of.choosers.append((node, frozenset({branch.id})))
        if before is not None:
            for id, node in self.nodes.items():
                old = before.nodes.get(id)
                if old is None or old.step.kind is not node.step.kind:
                    continue
                node.offered = old.offered
                if not _asked_anew(node.step, old.told):
                    node.told = old.told
            self.back.children = [
                self.nodes[old.step.id] for old in before.back.children if old.step.id in self.nodes
            ]
            for place, node in enumerate(self.back.children):
                node.place, node.parent = place, self.back

    def _add(self, step: Step, parent: PlacedStep, *, taken_back: bool = False) -> PlacedStep | None:
        if step.id in self.nodes or parent.depth > 50:  # a text that nobody checked
            return None
        node = PlacedStep(step, parent, parent.depth + 1, taken_back=taken_back)
        self.nodes[step.id] = node
        if not taken_back:
            node.place = len(parent.children)
            parent.children.append(node)
        for child in step.steps:
            self._add(child, node)
        node.undo = [
            made for one in step.undo if (made := self._add(one, self.back, taken_back=True)) is not None
        ]
        return node

    # -- what follows from the places -----------------------------------------------------------------------------

    def chosen(self, node: PlacedStep, seen: frozenset[str] = frozenset()) -> bool | None:
        """Whether it belongs to what was decided; None where that is not decided yet."""
        answer: bool | None = True
        at: PlacedStep | None = node
        while at is not None and at is not self.root and at is not self.back:
            if at.choosers:
                one = self._chosen_by(at, seen | {at.step.id})
                if one is False:
                    return False
                answer = answer and one
            at = at.parent
        return answer

    def _chosen_by(self, node: PlacedStep, seen: frozenset[str]) -> bool | None:
        open_yet = False
        for decision, branches in node.choosers:
            if decision.step.id in seen:  # a circle of decisions, in a text that nobody checked
                continue
            told = decision.told
            if told.status is StepStatus.DONE:
                if told.branch in branches or told.branch == "*":
                    return True
            elif told.status is not StepStatus.SKIPPED and self.chosen(decision, seen) is not False:
                open_yet = True
        return None if open_yet else False

    def passed(self, node: PlacedStep) -> bool:
        """Whether what stands behind it may begin, as far as it is concerned."""
        if node.group:
            return self._first_open(node) == len(node.children) or self.chosen(node) is False
        status = node.told.status
        if status in ENDED or (status is StepStatus.FAILED and node.step.on_failure is OnFailure.CONTINUE):
            return True
        return status is None and self.chosen(node) is False

    def _first_open(self, group: PlacedStep) -> int:
        children = group.children
        while group.passed_to < len(children) and self.passed(children[group.passed_to]):
            group.passed_to += 1
        return group.passed_to

    def reopened(self, node: PlacedStep) -> None:
        """It is not passed any more: nor is what it stands in."""
        at = node
        while (above := at.parent) is not None:
            above.passed_to = min(above.passed_to, at.place)
            at = above

    def chosen_anew(self) -> None:
        for node in (self.root, self.back, *self.nodes.values()):
            node.passed_to = 0

    def reached(self, node: PlacedStep) -> bool:
        """Whether all that stands before it is passed, and it belongs to what was decided."""
        if node.taken_back and not node.offered:
            return False
        at = node
        while (above := at.parent) is not None:
            if not above.parallel and self._first_open(above) < at.place:
                return False
            at = above
        return self.chosen(node) is True

    def offer_undo(self, node: PlacedStep) -> None:
        """What takes it back, before what takes back what was done before it."""
        fresh = [one for one in node.undo if not one.offered]
        if fresh:
            for one in fresh:
                one.offered = True
            self.back.children = [*fresh, *self.back.children]
            for place, one in enumerate(self.back.children):
                one.place, one.parent = place, self.back
            self.back.passed_to = 0

    # -- as it is told --------------------------------------------------------------------------------------------

    def shown(self, *, started: float, given_up: bool, over: bool) -> tuple[StepState, ...]:
        """All steps in the order of the file, groups before what is in them; those that take back behind them."""
        found: list[StepState] = []
        for part, ended in ((self.root, given_up or over), (self.back, over)):
            for node in part.children:
                self._show(node, started, ended, found)
        return tuple(found)

    def _show(self, node: PlacedStep, started: float, ended: bool, into: list[StepState]) -> StepState:
        if node.group:
            return self._show_group(node, started, ended, into)
        told = node.told
        status, since = told.status, told.since
        if status is None or (ended and status in (StepStatus.CLAIMED, StepStatus.FAILED)):
            status, since = self._by_place(node, started, ended, told.status)
        act = told.current if told.status in IN_AIR else None
        state = StepState(
            id=node.step.id,
            status=status,
            depth=max(0, node.depth),
            holder=told.holder,
            terminal=told.terminal,
            fence=told.fence,
            attempt=act.attempt if act is not None else told.attempt,
            since=since,
            began=told.began,
            ended=told.ended,
            by=told.by,
            sentence=told.sentence,
            branch=told.branch,
            stops=told.stops,
            inner=told.inner,
            approvals=tuple(who for who, _ in told.approvals),
            asked=self._asked(node, started),
            told=told.channels,
            evidence=tuple(told.evidence),
            mark=act.mark if act is not None else {},
            in_air=told.in_air(),
        )
        into.append(state)
        return state

    def _by_place(
        self, node: PlacedStep, started: float, ended: bool, was: StepStatus | None
    ) -> tuple[StepStatus, float | None]:
        if was is None and self.chosen(node) is False:
            return StepStatus.NOT_CHOSEN, None
        if ended:
            return (StepStatus.FAILED if was is StepStatus.FAILED else StepStatus.LEFT), node.told.since
        if self.reached(node):
            return StepStatus.READY, self._ready_since(node, started)
        return StepStatus.WAITING, None

    def _asked(self, node: PlacedStep, started: float) -> float | None:
        """Since when its turn is, whoever claimed it or denied it meanwhile."""
        wanted = node.step.kind is StepKind.APPROVAL and (node.told.status is not None or self.reached(node))
        return self._turn_since(node, started) if wanted else None

    def _ready_since(self, node: PlacedStep, started: float) -> float:
        return self._turn_since(node, node.told.since or started)

    def _turn_since(self, node: PlacedStep, latest: float) -> float:
        at = node
        while (above := at.parent) is not None:
            before = above.children[: at.place] if not above.parallel else []
            ends = [leaf.told.ended for one in before for leaf in one.leaves()]
            latest = max([latest, *(end for end in ends if end is not None)])
            at = above
        return latest

    def _show_group(self, node: PlacedStep, started: float, ended: bool, into: list[StepState]) -> StepState:
        place = len(into)
        into.append(StepState(id=node.step.id, status=StepStatus.WAITING))
        inside = [self._show(child, started, ended, into) for child in node.children]
        seen = {one.status for one in inside}
        if self.chosen(node) is False and not seen - {StepStatus.NOT_CHOSEN}:
            status = StepStatus.NOT_CHOSEN
        elif self.passed(node):
            only = next(iter(seen)) if len(seen) == 1 else StepStatus.DONE
            status = only if only in (*ENDED, StepStatus.NOT_CHOSEN) else StepStatus.DONE
            if not inside and not self.reached(node):
                status = StepStatus.LEFT if ended else StepStatus.WAITING
        else:
            rest = StepStatus.LEFT if ended else StepStatus.WAITING
            status = next((one for one in _GRAVEST if one in seen), rest)
        begins = [one.began for one in inside if one.began is not None]
        ends = [one.ended for one in inside if one.ended is not None]
        sinces = [one.since for one in inside if one.since is not None and one.status is status]
        into[place] = StepState(
            id=node.step.id,
            status=status,
            depth=max(0, node.depth),
            since=min(sinces, default=None),
            began=min(begins, default=None),
            ended=max(ends, default=None) if self.passed(node) else None,
        )
        return into[place]
