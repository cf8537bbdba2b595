"""Which rule was broken for how long, by what terminals saw (``tfdash.store.journal``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.store.journal.times import VerdictTimes
from tfdash.store.journal.view import SECTION


class BrokenRule(NamedTuple):
    """One rule, all its subjects together: seconds at each level summed up over them, ``watched`` likewise. ``worst`` is the subject that was
    broken for longest, and ``longest`` its seconds."""

    rule: str
    level: Level
    subjects: int
    breach: float
    warn: float
    waived: float
    longest: float
    worst: Subject


class BrokenSubject(NamedTuple):
    rule: str
    subject: Subject
    breach: float
    warn: float
    waived: float
    watched: float
    sentence: str


def broken_subjects(times: Iterable[VerdictTimes]) -> tuple[BrokenSubject, ...]:
    """Each rule on each subject that was at a warning or a breach, longest breach first. Sections are readings of these, and left out."""
    found = [
        BrokenSubject(
            t.rule,
            t.subject,
            t.seconds.get(Level.BREACH, 0.0),
            t.seconds.get(Level.WARN, 0.0),
            t.waived,
            t.watched,
            max(t.spells, key=lambda s: (s.level, s.end)).word.sentence,
        )
        for t in times
        if t.rule != SECTION
    ]
    found = [one for one in found if one.breach or one.warn or one.waived]
    return tuple(sorted(found, key=lambda b: (-b.breach, -b.warn, -b.waived, b.rule, b.subject)))


def broken_rules(times: Iterable[VerdictTimes]) -> tuple[BrokenRule, ...]:
    """By rule, longest breach first."""
    every = [t for t in times if t.rule != SECTION]
    by: dict[str, list[BrokenSubject]] = {}
    for one in broken_subjects(every):
        by.setdefault(one.rule, []).append(one)
    found = []
    for rule, several in by.items():
        worst = max(several, key=lambda b: (b.breach, b.warn, b.waived))
        found.append(
            BrokenRule(
                rule=rule,
                level=Level.BREACH if worst.breach else Level.WARN,
                subjects=len(several),
                breach=sum(b.breach for b in several),
                warn=sum(b.warn for b in several),
                waived=sum(b.waived for b in several),
                longest=worst.breach or worst.warn or worst.waived,
                worst=worst.subject,
            )
        )
    return tuple(sorted(found, key=lambda b: (-b.breach, -b.warn, -b.waived, b.rule)))
