"""What is new, ended and still open since the last report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tfdash.model.assessment import Assessment
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.store.journal.times import Spell, VerdictTimes
from tfdash.store.journal.view import plain


class OpenFinding(NamedTuple):
    """One rule's word on one subject (without uid) that is a warning or a breach and that nobody answers for. ``since``: for how
    long it has been so, where that is known (epoch seconds)."""

    level: Level
    rule: str
    subject: Subject
    sentence: str
    since: float | None = None

    @property
    def key(self) -> tuple[Subject, str]:
        return self.subject, self.rule


class EndedFinding(NamedTuple):
    """``at`` None: when it ended was not seen."""

    finding: OpenFinding
    at: float | None = None
    lasted: float | None = None


class FindingNews(NamedTuple):
    """``new`` began since and is open; ``open`` was so before; ``passed`` began and ended between. Where ``known_before`` is False
    nobody knows what stood open before: all that is open stands in ``open``. Where ``known_now`` is False likewise of now."""

    new: tuple[OpenFinding, ...]
    ended: tuple[EndedFinding, ...]
    open: tuple[OpenFinding, ...]
    passed: tuple[EndedFinding, ...]
    known_before: bool
    known_now: bool


def findings_now(assessment: Assessment) -> tuple[OpenFinding, ...]:
    """What rules say, and what sections find of things that no rule judges by itself (promises, versions) under the section's name: as the
    verdict journal has them."""
    found: dict[tuple[Subject, str], OpenFinding] = {}

    def add(level: Level, rule: str, subject: Subject, sentence: str, since: float | None) -> None:
        one = OpenFinding(level, rule, plain(subject), sentence, since)
        if level >= Level.WARN:
            found[one.key] = max(one, found.get(one.key, one), key=lambda f: f.level)

    for verdicts in assessment.verdicts.values():
        for v in verdicts:
            if not v.waived:
                add(v.level, v.rule, v.subject, v.sentence, v.since)
    for section in assessment.sections:
        for f in section.findings:
            if f.subject is not None and f.subject not in assessment.verdicts:
                add(f.level, section.id, f.subject, f.sentence, f.since)
    return gravest(found.values())


def gravest(found: Iterable[OpenFinding]) -> tuple[OpenFinding, ...]:
    return tuple(sorted(found, key=lambda f: (-f.level, f.rule, f.subject)))


def compared(
    now: tuple[OpenFinding, ...] | None,
    before: tuple[OpenFinding, ...] | None,
    times: Iterable[VerdictTimes],
    since: float,
    until: float,
) -> FindingNews:
    """``now`` and ``before``: what is and what was open; None where nobody can say, and then the journal is asked."""
    seen = {(t.subject, t.rule): t for t in times}
    known_before, known_now = before is not None, now is not None
    if before is None:
        before = _at(seen, since)
        known_before = bool(before)
    if now is None:
        now = _at(seen, until)
    was, is_open = {f.key: f for f in before}, {f.key: f for f in now}
    new: list[OpenFinding] = []
    still: list[OpenFinding] = []
    for finding in now:
        told = _since(finding, seen.get(finding.key))
        began_since = finding.key not in was if known_before else _began(seen.get(finding.key), since)
        (new if began_since else still).append(told)
    ended = [_ended(f, seen.get(key)) for key, f in was.items() if key not in is_open]
    passed = [
        EndedFinding(_of(t, worst), worst.end if worst.ended else None, _lasted(t))
        for key, t in seen.items()
        if key not in was and key not in is_open and (worst := _worst(t)) is not None
    ]
    return FindingNews(
        gravest(new),
        tuple(sorted(ended, key=lambda e: (-e.finding.level, e.finding.rule, e.finding.subject))),
        gravest(still),
        tuple(sorted(passed, key=lambda e: (-e.finding.level, e.finding.rule, e.finding.subject))),
        known_before,
        known_now,
    )


def _bad(spell: Spell) -> bool:
    return spell.level >= Level.WARN and not spell.waived


def _at(seen: Mapping[tuple[Subject, str], VerdictTimes], at: float) -> tuple[OpenFinding, ...]:
    """What the journal saw open at that time; a spell that ends just there counts."""
    found = []
    for times in seen.values():
        for spell in times.spells:
            if _bad(spell) and spell.begin <= at <= spell.end and not (spell.begin == at and spell.begun):
                found.append(_of(times, spell))
                break
    return tuple(found)


def _of(times: VerdictTimes, spell: Spell) -> OpenFinding:
    return OpenFinding(spell.level, times.rule, times.subject, spell.word.sentence, spell.begin)


def _worst(times: VerdictTimes) -> Spell | None:
    return max(filter(_bad, times.spells), key=lambda s: (s.level, s.end), default=None)


def _lasted(times: VerdictTimes) -> float:
    return sum(s.end - s.begin for s in times.spells if _bad(s))


def _began(times: VerdictTimes | None, since: float) -> bool:
    """Whether the newest stretch was seen to begin after ``since``."""
    bad = [s for s in times.spells if _bad(s)] if times is not None else []
    return bool(bad) and bad[-1].begun and bad[-1].begin > since


def _since(finding: OpenFinding, times: VerdictTimes | None) -> OpenFinding:
    bad = [s for s in times.spells if _bad(s)] if times is not None else []
    if not bad or not bad[-1].begun:
        return finding
    return finding._replace(
        since=bad[-1].begin if finding.since is None else min(finding.since, bad[-1].begin)
    )


def _ended(finding: OpenFinding, times: VerdictTimes | None) -> EndedFinding:
    bad = [s for s in times.spells if _bad(s)] if times is not None else []
    if not bad or times is None:
        return EndedFinding(finding)
    return EndedFinding(finding, bad[-1].end if bad[-1].ended else None, _lasted(times))
