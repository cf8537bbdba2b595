"""What one terminal sees and says at a time, in the journal's terms. Pure functions of a picture and its assessment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from tfdash.model.assessment import Assessment
from tfdash.model.judgement import Outcome
from tfdash.model.observation import ALL_OTHERS
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.section import MOST
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.playbook.rule import Rule
from tfdash.playbook.staleness import unread
from tfdash.store.journal.view import SECTION, Cover, Covers, plain, section_subject

CANARY = "canary"
"""The rule under which the word of the rollback triggers is written."""
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


class Sight(NamedTuple):
    """How this terminal looks: the environment that it shows, and the namespaces that it is restricted to, () for all."""

    environment: str
    namespaces: tuple[str, ...] = ()


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
    if judged is not None and (level := _OUTCOMES.get(judged.outcome, Level.UNKNOWN)) > Level.OK:
        found[CANARY] = Says(level, False, judged.sentence[:_CUT], "")
    return found


def said_by_sections(
    picture: Picture, assessment: Assessment, sight: Sight
) -> Mapping[tuple[Subject, str], Says]:
    """Each section that is worse than well, and what it finds of things that no rule judges by itself: promises, versions."""
    found: dict[tuple[Subject, str], Says] = {}
    for section in assessment.sections:
        if section.level > Level.OK:
            subject = _section(picture, sight, section.id)
            found[subject, SECTION] = Says(section.level, False, section.sentence[:_CUT], "")
        for finding in section.findings:
            one = finding.subject
            if one is None or finding.level <= Level.OK or finding.loading or one in assessment.verdicts:
                continue
            says = Says(finding.level, False, finding.sentence[:_CUT], finding.cause[:_CUT])
            key = (plain(one), section.id)
            if key not in found or says.rank > found[key].rank:
                found[key] = says
    return found


def covers_of(picture: Picture, assessment: Assessment, rules: Iterable[Rule], sight: Sight) -> Covers:
    """What is seen whole now. A rule of which one kind that it needs is not read, or is stale, is not among them: its words are not
    current, and its silence says nothing."""
    table = tuple(rules)
    sections = frozenset(s.id for s in assessment.sections if not s.loading and len(s.findings) < MOST)
    found = {
        ref: _of_cluster(cluster, assessment, table, sections, sight)
        for ref, cluster in picture.clusters.items()
    }
    found[ClusterRef(sight.environment, "")] = Cover(sections)
    found[ClusterRef("", "")] = Cover(sections)
    for section in assessment.sections:
        if not section.loading:
            ref = _section(picture, sight, section.id).cluster
            had = found.get(ref, Cover(frozenset()))
            found[ref] = msgspec.structs.replace(had, rules=had.rules | {SECTION})
    return {ref: cover for ref, cover in found.items() if cover.rules}


def _section(picture: Picture, sight: Sight, id: str) -> Subject:
    return section_subject(
        sight.environment, tuple(ref.cluster for ref in picture.clusters), sight.namespaces, id
    )


def _of_cluster(
    cluster: ClusterPicture,
    assessment: Assessment,
    rules: tuple[Rule, ...],
    sections: frozenset[str],
    sight: Sight,
) -> Cover:
    seen: set[str] = set()
    hidden: list[tuple[str, str]] = []
    without: list[tuple[str, str]] = []
    blind = {kind for ref, kind in assessment.stale if ref == cluster.ref}
    for kind in {kind for rule in rules for kind in rule.needed} - blind:
        there = cluster.kinds.get(kind)
        why = unread(there)
        # of some namespaces alone, and nobody named them: which they are is not known
        some = there is not None and ALL_OTHERS in there.hidden and not sight.namespaces
        if some or (why is not None and not why.absent):
            blind.add(kind)
    for rule in rules:
        judged = {kind.KIND for kind in rule.judges}
        if rule.needs_besides & blind or judged <= blind:
            continue
        seen.add(rule.id)
        without += [(rule.id, kind) for kind in sorted(judged & blind)]
        apart = {
            n for kind in rule.needed if (had := cluster.kinds.get(kind)) is not None for n in had.hidden
        }
        hidden += [(rule.id, namespace) for namespace in sorted(apart - {ALL_OTHERS})]
    if not seen:
        return Cover(frozenset())
    return Cover(frozenset(seen) | sections | {CANARY}, sight.namespaces, tuple(hidden), tuple(without))
