"""Which verdicts became others, between two assessments: what a replay steps along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfdash.model.assessment import Assessment
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level


class VerdictChange(NamedTuple):
    """What a rule says of a subject became another level at a time (epoch seconds). What was not said counts as ``Level.OK``."""

    at: float
    subject: Subject
    rule: str
    before: Level
    after: Level


ATTENTION = Level.UNKNOWN
"""From here on a level is a change that somebody looks for; what lies below is as good as OK."""
RELEASE = "release"
"""The rule under which stands what the section says of a release."""


def levels_of(assessment: Assessment, subject: Subject) -> dict[str, Level]:
    """What is said of one subject that wants attention, by rule: the worst of each."""
    found: dict[str, Level] = {}
    for verdict in assessment.verdicts.get(subject, ()):
        if verdict.level >= ATTENTION:
            found[verdict.rule] = max(verdict.level, found.get(verdict.rule, Level.OK))
    release = assessment.answers.get(subject)
    if release is not None and release.level >= ATTENTION:
        found[RELEASE] = release.level
    return found


def verdict_changes(
    at: float, before: Assessment, after: Assessment, judged: frozenset[Subject] | None
) -> Iterator[VerdictChange]:
    """Of subjects that are ``judged``, or of all where that is None. The first assessment changes nothing: so it stands then."""
    if not before.number or before is after:
        return
    subjects = before.verdicts.keys() | after.verdicts.keys() if judged is None else judged
    for subject in {*subjects, *before.answers, *after.answers}:
        if all(
            known.get(subject) is new.get(subject)
            for known, new in ((before.verdicts, after.verdicts), (before.answers, after.answers))
        ):
            continue
        was, now = levels_of(before, subject), levels_of(after, subject)
        for rule in sorted({*was, *now}):
            then, later = was.get(rule, Level.OK), now.get(rule, Level.OK)
            if then is not later:
                yield VerdictChange(at, subject, rule, then, later)
