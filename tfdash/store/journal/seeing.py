"""What one terminal sees and says at a time, in the journal's terms. Pure functions of a picture and its assessment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from tfdash.model.assessment import Assessment
from tfdash.model.judgement import CanaryJudgement, Outcome
from tfdash.model.observation import ALL_OTHERS
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.section import MOST
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.playbook.rule import Rule
from tfdash.playbook.section import Section
from tfdash.playbook.staleness import unread
from tfdash.store.journal.view import CANARY, SECTION, Cover, Covers, plain, section_subject

_OUTCOMES = {Outcome.PASS: Level.OK, Outcome.BREACH: Level.BREACH, Outcome.HOLD: Level.WARN}
_CUT = 240  # characters of a sentence: nobody reads on, and the rule says it anew while it lasts


class Says(NamedTuple):
    """One rule's word, as far as the journal keeps it."""

    level: Level
    waived: bool
    sentence: str
    cause: str

    @property
    def rank(self) -> tuple[Level, bool]:
        """What is waived stands behind what is not."""
        return self.level, not self.waived


class Outlook(NamedTuple):
    """How this terminal looks: the environment that it shows, and the namespaces that it is restricted to, () for all."""

    environment: str
    namespaces: tuple[str, ...] = ()


class JudgedTable:
    """The rules and sections that are judged, as far as it matters here. ``own``: the sections that judge by no rule of the table,
    each with the kinds that it needs. ``spoken``: ids of verdicts that were heard and are no rule's own (``resources.band.cpu``)."""

    def __init__(self, rules: Iterable[Rule], sections: Iterable[Section]) -> None:
        self.rules = tuple(rules)
        self.own = {
            one.id: frozenset(kind.KIND for kind in one.needs)
            for one in sections
            if not (one.rules or one.hears)
        }
        self.ids = frozenset(rule.id for rule in self.rules)
        self.spoken: set[str] = set()
        self.kinds = frozenset[str]().union(*(rule.needed for rule in self.rules), *self.own.values())

    def hear(self, assessment: Assessment, judged: frozenset[Subject] | None) -> None:
        """Note under which ids these subjects (None: all) are spoken of."""
        for subject in assessment.verdicts if judged is None else judged:
            for verdict in assessment.verdicts.get(subject, ()):
                if verdict.rule not in self.ids:
                    self.spoken.add(verdict.rule)

    def said_by(self, rule: Rule) -> set[str]:
        """The ids under which it speaks, as far as they were heard."""
        return {rule.id, *(id for id in self.spoken if rule.speaks(id))}


def said_of(assessment: Assessment, subject: Subject) -> Mapping[str, Says]:
    """By rule, what is worse than well of one subject (with its uid, where it has one); the worst of each."""
    found: dict[str, Says] = {}
    for verdict in assessment.verdicts.get(subject, ()):
        if verdict.level <= Level.OK:
            continue
        cause = verdict.cause.code.value if verdict.cause is not None else verdict.doubt
        says = Says(verdict.level, verdict.waived, verdict.sentence[:_CUT], cause[:_CUT])
        if verdict.rule not in found or says.rank > found[verdict.rule].rank:
            found[verdict.rule] = says
    judged = assessment.canaries.get(subject)
    if judged is not None and (level := _canary(assessment, subject, judged)) > Level.OK:
        found[CANARY] = Says(level, False, judged.sentence[:_CUT], "")
    return found


def _canary(assessment: Assessment, subject: Subject, judged: CanaryJudgement) -> Level:
    """A limit that was crossed stays crossed, but what went back is broken no longer: the breach lasts for as long as it is the answer."""
    level = _OUTCOMES.get(judged.outcome, Level.UNKNOWN)
    answer = assessment.answers.get(subject)
    return level if level < Level.BREACH or answer is None else min(level, answer.level)


def not_judged(assessment: Assessment, subject: Subject) -> frozenset[str]:
    """The rules that do not judge it yet, for they lack something: what they say next need not have begun then."""
    told = assessment.verdicts.get(subject, ())
    return frozenset(v.rule for v in told if v.level <= Level.OK and v.unknown is not None)


def said_by_sections(
    picture: Picture, assessment: Assessment, table: JudgedTable, outlook: Outlook
) -> Mapping[tuple[Subject, str], Says]:
    """Each section that is worse than well, and what those find that judge by no rule of the table: promises, versions."""
    found: dict[tuple[Subject, str], Says] = {}
    for section in assessment.sections:
        if section.level > Level.OK:
            subject = _section(picture, outlook, section.id)
            found[subject, SECTION] = Says(section.level, False, section.sentence[:_CUT], "")
        for finding in section.findings if section.id in table.own else ():
            if finding.subject is None or finding.level <= Level.OK or finding.loading:
                continue
            says = Says(finding.level, False, finding.sentence[:_CUT], finding.cause[:_CUT])
            key = (plain(finding.subject), section.id)
            if key not in found or says.rank > found[key].rank:
                found[key] = says
    return found


def covers_of(
    picture: Picture,
    assessment: Assessment,
    table: JudgedTable,
    outlook: Outlook,
    places: Iterable[ClusterRef] = (),
) -> Covers:
    """What is seen whole now. A rule of which one kind that it needs is not read, or is stale, is not among them: its words are not
    current, and its silence says nothing. ``places``: of which sections spoke before."""
    blind = {ref: _blind(cluster, assessment, table, outlook) for ref, cluster in picture.clusters.items()}
    everywhere = frozenset[str]().union(*blind.values())
    told = [section for section in assessment.sections if not section.loading]
    own = frozenset(
        s.id
        for s in told
        if s.id in table.own and len(s.findings) < MOST and not table.own[s.id] & everywhere
    )
    found = {
        ref: _of_cluster(cluster, blind[ref], table, own, outlook)
        for ref, cluster in picture.clusters.items()
    }
    for ref in {*places, *places_of(assessment, table), ClusterRef(outlook.environment, "")}:
        found.setdefault(ref, Cover(own))
    for section in told:
        ref = _section(picture, outlook, section.id).cluster
        had = found.get(ref, Cover(frozenset()))
        found[ref] = msgspec.structs.replace(had, rules=had.rules | {SECTION})
    return {ref: cover for ref, cover in found.items() if cover.rules}


def places_of(assessment: Assessment, table: JudgedTable) -> set[ClusterRef]:
    """Those of which sections speak by themselves, of other environments too."""
    findings = (one for s in assessment.sections if s.id in table.own for one in s.findings)
    found = {one.subject.cluster for one in findings if one.subject is not None}
    return found | {subject.cluster for subject in assessment.maintenance or ()}


def _section(picture: Picture, outlook: Outlook, id: str) -> Subject:
    return section_subject(
        outlook.environment, tuple(ref.cluster for ref in picture.clusters), outlook.namespaces, id
    )


def _blind(
    cluster: ClusterPicture, assessment: Assessment, table: JudgedTable, outlook: Outlook
) -> frozenset[str]:
    """The kinds that are not read, or not lately."""
    found = {kind for ref, kind in assessment.stale if ref == cluster.ref}
    for kind in table.kinds - found:
        there = cluster.kinds.get(kind)
        why = unread(there)
        # of some namespaces alone, and nobody named them: which they are is not known
        some = there is not None and ALL_OTHERS in there.hidden and not outlook.namespaces
        if some or (why is not None and not why.absent):
            found.add(kind)
    return frozenset(found)


def _of_cluster(
    cluster: ClusterPicture, blind: frozenset[str], table: JudgedTable, own: frozenset[str], outlook: Outlook
) -> Cover:
    seen: set[str] = set()
    hidden: list[tuple[str, str]] = []
    without: list[tuple[str, str]] = []
    for rule in table.rules:
        judged = {kind.KIND for kind in rule.judges}
        if rule.needs_besides & blind or judged <= blind:
            continue
        ids = table.said_by(rule)
        seen |= ids
        without += [(id, kind) for kind in sorted(judged & blind) for id in sorted(ids)]
        apart = {
            n for kind in rule.needed if (had := cluster.kinds.get(kind)) is not None for n in had.hidden
        }
        hidden += [(id, namespace) for namespace in sorted(apart - {ALL_OTHERS}) for id in sorted(ids)]
    if not seen:
        return Cover(frozenset())
    return Cover(frozenset(seen) | own | {CANARY}, outlook.namespaces, tuple(hidden), tuple(without))
