"""What a section of the playbook is, and how one result of it is made: its line on the overview, badge, gate and report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import CanaryJudgement
from tfdash.model.kube import Object
from tfdash.model.observation import ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.release import ReleaseState
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.workload import WorkloadState


class Findings(NamedTuple):
    """What the rules said of one picture: all that a section reads. It sees no object."""

    verdicts: Mapping[Subject, tuple[Verdict, ...]]
    workloads: Mapping[Subject, WorkloadState]
    releases: Mapping[Subject, ReleaseState]
    canaries: Mapping[Subject, CanaryJudgement]
    calendar: CalendarState | None

    failed: tuple[Verdict, ...] = ()  # of subjects for which a rule itself went wrong

    def by_rule(self, *rules: str) -> list[Verdict]:
        """The verdicts of these rules."""
        return [v for several in self.verdicts.values() for v in several if v.rule in rules]


class Missing(NamedTuple):
    """What a section cannot say without: in words, and why. ``loading``: it was not read yet, nothing failed."""

    sentence: str
    detail: str = ""
    loading: bool = False


class Reading(NamedTuple):
    """What the findings say. ``many``: subjects at that level; ``target``: another screen than the section's own."""

    level: Level
    sentence: str
    detail: str = ""
    many: int = 0
    target: str = ""


@dataclass(frozen=True)
class Section:
    """One line of the table ``tfdash.playbook.registry``.

    ``needs``: kinds without which nothing can be said: then it is UNKNOWN. ``uses``: kinds that a cluster may lack, but
    without reading which nothing is called well. ``despite`` says what is known though a kind that it needs is not.
    """

    id: str
    title: str
    target: str
    read: Callable[[Findings], Reading]
    needs: tuple[type[Object], ...] = ()
    uses: tuple[type[Object], ...] = ()
    despite: Callable[[Findings, Missing], Reading | None] = lambda findings, missing: None

    def state(self, picture: Picture, findings: Findings) -> SectionState:
        """How it stands. ``picture`` tells what could not be read."""
        missing = _needed(picture, self.needs)
        if missing is not None:
            known = self.despite(findings, missing)
            return self._unknown(missing) if known is None else self._said(known)
        reading = self.read(findings)
        if reading.level in (Level.IDLE, Level.OK):
            missing = self._failed(findings) or _used(picture, self.uses)
            if missing is not None:
                return self._unknown(missing, reading.target)
        return self._said(reading)

    def _failed(self, findings: Findings) -> Missing | None:
        kinds = {kind.KIND for kind in (*self.needs, *self.uses)}
        told = [v for v in findings.failed if v.subject.kind in kinds]
        return Missing(f"{len(told)} not known", told[0].sentence) if told else None

    def _said(self, reading: Reading) -> SectionState:
        return SectionState(
            id=self.id,
            title=self.title,
            level=reading.level,
            sentence=reading.sentence,
            detail=reading.detail,
            target=reading.target or self.target,
            count=reading.many,
        )

    def _unknown(self, missing: Missing, target: str = "") -> SectionState:
        said = self._said(Reading(Level.UNKNOWN, missing.sentence, missing.detail, target=target))
        return msgspec.structs.replace(said, loading=missing.loading)


def summarise(sections: Iterable[Section], picture: Picture, findings: Findings) -> tuple[SectionState, ...]:
    """Every section, in the order of the table."""
    return tuple(section.state(picture, findings) for section in sections)


def worst_of(verdicts: Iterable[Verdict], well: str, noun: str) -> Reading:
    """The plain reading of some verdicts: how many are well, the worst sentence, how many are as bad."""
    ordered = sorted(verdicts, key=lambda v: (-v.level, v.subject))
    good = sum(v.level < Level.UNKNOWN for v in ordered)
    level = ordered[0].level if ordered else Level.OK
    detail = ordered[0].sentence if ordered and level > Level.OK else well
    return Reading(level, f"{good} of {len(ordered)} {noun}", detail, sum(v.level is level for v in ordered))


_LOADING = Missing("loading", "", True)


def _needed(picture: Picture, kinds: Iterable[type[Object]]) -> Missing | None:
    """What of ``kinds`` is not known in some cluster; a failure before what is still loading."""
    kinds, loading = tuple(kinds), False
    for ref, cluster in picture.clusters.items():
        for kind in kinds:
            seen = cluster.kinds.get(kind.KIND)
            loading |= seen is None or not seen.complete
            if seen is not None and seen.problem is not None and not seen.complete:
                return Missing(f"{kind.KIND}s of {ref.cluster} cannot be read", seen.problem.cause)
        if cluster.info.problem is not None and cluster.info.value is None:
            return Missing(f"{ref.cluster} cannot be reached", str(cluster.info.problem))
    return _LOADING if loading else None


def _used(picture: Picture, kinds: Iterable[type[Object]]) -> Missing | None:
    """The first of ``kinds`` that some cluster serves and that was asked for, and is not known."""
    for ref, cluster in picture.clusters.items():
        for kind in kinds:
            seen = cluster.kinds.get(kind.KIND)
            if seen is None or seen.complete:
                continue
            if seen.problem is None:
                return _LOADING
            if seen.problem.kind is ProblemKind.NOT_SERVED:
                continue
            return Missing(f"{kind.KIND}s of {ref.cluster} cannot be read", seen.problem.cause)
    return None
