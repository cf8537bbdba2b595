"""What is new, ended and still open since the last report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.model.usage import HISTORY_SOURCE, UsageHistory
from tfdash.model.verdict import Level
from tfdash.playbook.registry import RULES, SECTIONS
from tfdash.store.journal.reading import BEAT
from tfdash.store.journal.seeing import JudgedTable, Outlook, Says, covers_of, said_by_sections, said_of
from tfdash.store.journal.times import Spell, VerdictTimes
from tfdash.store.journal.view import SECTION, plain

Named = tuple[Subject, str]
"""A subject without uid, and a rule."""
_TABLE = JudgedTable(RULES, SECTIONS)


class OpenFinding(NamedTuple):
    """One rule's word on one subject (without uid) that is a warning or a breach and that nobody answers for. ``since``: since when it
    has been so, where that is known (epoch seconds); else ``by``: it was so already when somebody began to look, who saw it so until
    now. ``lasted``: of what may be over, for how long it was seen (seconds)."""

    level: Level
    rule: str
    subject: Subject
    sentence: str
    since: float | None = None
    lasted: float | None = None
    by: float | None = None

    @property
    def key(self) -> tuple[Subject, str]:
        return self.subject, self.rule


class EndedFinding(NamedTuple):
    """``at`` None: when it ended was not seen."""

    finding: OpenFinding
    at: float | None = None
    lasted: float | None = None


class FindingNews(NamedTuple):
    """``new`` began since and is open; ``open`` was so before; ``passed`` began and ended between; ``unsure`` was open when it was
    last seen, and whether it still is nobody knows. Where ``known_before`` is False
    nobody knows what stood open before: all that is open stands in ``open``. Where ``known_now`` is False likewise of now."""

    new: tuple[OpenFinding, ...]
    ended: tuple[EndedFinding, ...]
    open: tuple[OpenFinding, ...]
    passed: tuple[EndedFinding, ...]
    unsure: tuple[OpenFinding, ...]
    known_before: bool
    known_now: bool


def findings_now(picture: Picture, assessment: Assessment) -> tuple[OpenFinding, ...]:
    """As the verdict journal has them, so that what is now and what was then are the same things."""
    found: dict[tuple[Subject, str], OpenFinding] = {}

    def add(subject: Subject, rule: str, says: Says, since: float | None) -> None:
        one = OpenFinding(says.level, rule, plain(subject), says.sentence, since)
        if says.level >= Level.WARN and not says.waived and rule != SECTION:
            found[one.key] = max(one, found.get(one.key, one), key=lambda f: f.level)

    began = {(v.subject, v.rule): v.since for told in assessment.verdicts.values() for v in told}
    for subject in {*assessment.verdicts, *assessment.canaries}:
        for rule, says in said_of(assessment, subject).items():
            add(subject, rule, says, began.get((subject, rule)))
    begun = {f.subject: f.since for section in assessment.sections for f in section.findings if f.subject}
    for (subject, rule), says in said_by_sections(picture, assessment, _TABLE, Outlook("")).items():
        add(subject, rule, says, begun.get(subject))
    return gravest(found.values())


def known_now(picture: Picture, assessment: Assessment, environment: str) -> Callable[[Named], bool]:
    """Whether a rule's silence on a subject says that it is well now: it judges it, all that it needs was read, and no weeks of use are lacking
    that it speaks by."""
    table = JudgedTable(RULES, SECTIONS)
    table.hear(assessment, None)
    covers = covers_of(picture, assessment, table, Outlook(environment))
    doubted = {
        (plain(v.subject), v.rule)
        for told in assessment.verdicts.values()
        for v in told
        if v.level is Level.UNKNOWN or v.unknown is not None
    }

    by_weeks: frozenset[str] = frozenset[str]().union(
        *(table.said_by(rule) for rule in RULES if UsageHistory in rule.uses)
    )
    every = [status for id, status in picture.sources.items() if id.startswith(HISTORY_SOURCE)]
    lacking = {s.value.cluster for s in every if s.value is not None and s.progress is not None}

    def known(named: Named) -> bool:
        cover = covers.get(named[0].cluster)
        return (
            named not in doubted
            and not (named[1] in by_weeks and named[0].cluster in lacking)
            and cover is not None
            and cover.has(named[0].kind, named[0].namespace, named[1])
        )

    return known


def gravest(found: Iterable[OpenFinding]) -> tuple[OpenFinding, ...]:
    return tuple(sorted(found, key=lambda f: (-f.level, f.rule, f.subject)))


def compared(
    now: tuple[OpenFinding, ...] | None,
    before: tuple[OpenFinding, ...] | None,
    times: Iterable[VerdictTimes],
    since: float,
    until: float,
    known: Callable[[Named], bool] = lambda named: True,
    earlier: Callable[[], Iterable[VerdictTimes]] = tuple,
) -> FindingNews:
    """``now`` and ``before``: what is and what was open; None where nobody can say, and then the journal is asked. ``known``: whether
    what is not among ``now`` is well. ``earlier``: as ``times``, of all that is kept: asked only where something began before ``since``."""
    seen = {(t.subject, t.rule): t for t in times}
    known_before, now_is_known = before is not None, now is not None
    if before is None:
        before = _at(seen, since)
        known_before = bool(before)
    if now is None:
        now = _at(seen, until)
    was, is_open = {f.key: f for f in before}, {f.key: f for f in now}
    new: list[OpenFinding] = []
    still: list[OpenFinding] = []
    begun = {f.key: _since(f, seen.get(f.key), until) for f in now}
    if any(told.since is None for told in begun.values()):
        longer = {(t.subject, t.rule): t for t in earlier()}
        begun |= {
            f.key: _since(f, longer[f.key], until)
            for f in now
            if begun[f.key].since is None and f.key in longer
        }
    for finding in now:
        told = begun[finding.key]
        began_since = finding.key not in was if known_before else _began(seen.get(finding.key), since)
        (new if began_since else still).append(told)
    away = [_ended(f, seen.get(key)) for key, f in was.items() if key not in is_open]
    ended = [e for e in away if e.at is not None or known(e.finding.key)]
    passed = [
        _ended(_of(t, worst), t)
        for key, t in seen.items()
        if key not in was and key not in is_open and (worst := _worst(t)) is not None
    ]
    unsure = [e for e in away if e not in ended] + [
        e for e in passed if e.at is None and not known(e.finding.key)
    ]
    passed = [e for e in passed if e not in unsure]
    return FindingNews(
        gravest(new),
        tuple(sorted(ended, key=lambda e: (-e.finding.level, e.finding.rule, e.finding.subject))),
        gravest(still),
        tuple(sorted(passed, key=lambda e: (-e.finding.level, e.finding.rule, e.finding.subject))),
        gravest(e.finding._replace(lasted=e.lasted) for e in unsure),
        known_before,
        now_is_known,
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
    begun, already = (spell.begin, None) if spell.begun else (None, spell.begin)
    return OpenFinding(spell.level, times.rule, times.subject, spell.word.sentence, begun, None, already)


def _worst(times: VerdictTimes) -> Spell | None:
    return max(filter(_bad, times.spells), key=lambda s: (s.level, s.end), default=None)


def _lasted(times: VerdictTimes) -> float:
    return sum(s.end - s.begin for s in times.spells if _bad(s))


def _began(times: VerdictTimes | None, since: float) -> bool:
    """Whether the newest stretch was seen to begin after ``since``."""
    bad = [s for s in times.spells if _bad(s)] if times is not None else []
    return bool(bad) and bad[-1].begun and bad[-1].begin > since


def _since(finding: OpenFinding, times: VerdictTimes | None, until: float) -> OpenFinding:
    bad = [s for s in times.spells if _bad(s)] if times is not None else []
    if not bad:
        return finding
    if not bad[-1].begun:
        seen_until_now = finding.since is None and not bad[-1].ended and bad[-1].end >= until - 2 * BEAT
        return finding._replace(by=bad[-1].begin) if seen_until_now else finding
    return finding._replace(
        since=bad[-1].begin if finding.since is None else min(finding.since, bad[-1].begin)
    )


def _ended(finding: OpenFinding, times: VerdictTimes | None) -> EndedFinding:
    bad = [s for s in times.spells if _bad(s)] if times is not None else []
    if not bad or times is None:
        return EndedFinding(finding)
    return EndedFinding(finding, bad[-1].end if bad[-1].ended else None, _lasted(times))
