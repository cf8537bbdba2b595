"""One target, one run: what open runs hold, and what is done to the same thing beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tfdash.model.run import RunEventKind, RunJournal
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.procedures.starts import RunStart, is_over, start_of, targets_of
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.playbook.procedures.told_in import number_in
from tfdash.playbook.procedures.walk import all_steps, is_act

BEHIND = "behind"
"""Where the beginning of a recovery's first act has ``behind``."""
_CARRIERS = frozenset({"Deployment", "Rollout", "Canary", "HorizontalPodAutoscaler", "ScaledObject"})
"""Kinds of which one named as another is about the same workload."""


class Holding(NamedTuple):
    """An open run. ``recovery``: it goes before what is no part of it."""

    run: str
    title: str
    by: str
    recovery: bool
    cluster: ClusterRef
    targets: tuple[str, ...]
    began: float  # epoch seconds
    procedure: str = ""  # its id
    within: tuple[str, str] = ("", "")  # the run and the step as which it is carried out
    acted: int | None = (
        None  # how far its first act stands behind those that were known where it was begun; None: none was
    )

    def subjects(self) -> Iterator[Subject]:
        for text in self.targets:
            subject = subject_in(text, self.cluster)
            if subject is not None:
                yield subject


class _Asked:
    """The last answer: the gate asks for each key of a screen, and the store has the same table until something is recorded."""

    def __init__(self) -> None:
        self.last: tuple[Mapping[str, RunJournal] | None, tuple[Holding, ...]] = None, ()


_ASKED = _Asked()


def holdings(journals: Mapping[str, RunJournal]) -> tuple[Holding, ...]:
    """Of runs that are carried out and not over; a rehearsal holds nothing. ``journals`` are never mutated."""
    known, found = _ASKED.last
    if known is not journals:
        found = tuple(_held(journals))
        _ASKED.last = journals, found
    return found


def _held(journals: Mapping[str, RunJournal]) -> Iterator[Holding]:
    for journal in journals.values():
        start = None if is_over(journal) else start_of(journal)
        if start is not None and not start.dry:
            yield _holding(journal, start)


def _holding(journal: RunJournal, start: RunStart) -> Holding:
    title = start.procedure.title if start.procedure is not None else start.id
    recovery = start.procedure is not None and start.procedure.recovery
    return Holding(
        run=journal.id,
        title=title,
        by=start.event.by,
        recovery=recovery,
        cluster=start.cluster,
        targets=targets_of(journal, start),
        began=start.event.at,
        procedure=start.id,
        within=start.within,
        acted=_acted(journal, start),
    )


def _acted(journal: RunJournal, start: RunStart) -> int | None:
    own = start.procedure.steps if start.procedure is not None else ()
    acts = {step.id for step in all_steps(own) if is_act(step)}
    begun = [event for event in journal.events if event.kind is RunEventKind.BEGUN]
    told = [number_in(event.data[BEHIND]) for event in begun if BEHIND in event.data]
    return min(told) if told else 0 if any(event.step in acts for event in begun) else None


def holders(journals: Mapping[str, RunJournal], *subjects: Subject) -> tuple[Holding, ...]:
    """The open runs that hold one of these, recoveries first."""
    found = [
        one
        for one in holdings(journals)
        if any(meets(held, at) for held in one.subjects() for at in subjects)
    ]
    return tuple(sorted(found, key=lambda one: (not one.recovery, one.run)))


def goes_first(one: Holding, other: Holding) -> bool:
    """Of two recoveries that began at once, each unseen by the other's terminal: whether ``one`` may go on. Every terminal says the same, and by no
    clock where one of them has done something: that one goes on, and of two the one whose act the other's terminal knew of when it began its first."""
    return _rank(one) < _rank(other)


def _rank(one: Holding) -> tuple[bool, int, float, str]:
    return one.acted is None, one.acted or 0, one.began, one.run


def behind(journals: Mapping[str, RunJournal], run: str) -> int | None:
    """Where the first act of ``run`` comes among those of the recoveries on the same that are known here: behind each of them (as L. Lamport's clocks
    count, "Time, Clocks, and the Ordering of Events", 1978). None where it has acted already."""
    found = {one.run: one for one in holdings(journals)}
    own = found.get(run)
    if own is None or own.acted is not None:
        return None
    others = (one for one in found.values() if one.recovery and one.acted is not None)
    mine = tuple(own.subjects())
    before = (
        one.acted
        for one in others
        if one.acted is not None and any(meets(held, at) for held in one.subjects() for at in mine)
    )
    return 1 + max(before, default=-1)


def meets(one: Subject, other: Subject) -> bool:
    """Whether what is done to the one is done to the other: the same, the workload that it carries, or what it lies in."""
    if one.cluster != other.cluster:
        return _wide(one, other) or _wide(other, one)
    return same(one, other) or _within(one, other) or _within(other, one)


def same(one: Subject, other: Subject) -> bool:
    """The same object, or a workload and what carries it."""
    if (one.cluster, one.namespace, one.name) != (other.cluster, other.namespace, other.name):
        return False
    return one.kind == other.kind or (one.kind in _CARRIERS and other.kind in _CARRIERS)


def _within(inner: Subject, outer: Subject) -> bool:
    return (outer.kind == "Namespace" and inner.namespace == outer.name) or _wide(outer, inner)


def _wide(outer: Subject, inner: Subject) -> bool:
    """Whether a cluster or an environment as a whole is meant, and the other one is in it."""
    there, here = _where(outer), _where(inner)
    return (outer.kind == "Environment" and here[0] == there[0]) or (
        outer.kind == "Cluster" and here == there
    )


def _where(subject: Subject) -> tuple[str, str]:
    """Environment and cluster that it is, or lies in."""
    if subject.kind == "Environment":
        return subject.name, ""
    return subject.cluster.environment, subject.name if subject.kind == "Cluster" else subject.cluster.cluster


def said(found: Iterable[Holding]) -> str:
    """Which runs, in words."""
    return "; ".join(f"{one.title} (run {one.run}, of {one.by})" for one in found)
