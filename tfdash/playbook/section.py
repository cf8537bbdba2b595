"""What a section of the playbook is, and how one result of it is made: its line on the overview, badge, gate and report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import CanaryJudgement
from tfdash.model.kinds import KINDS, PLAIN
from tfdash.model.kube import Object
from tfdash.model.maintenance import ItemState
from tfdash.model.picture import Picture
from tfdash.model.recovery import RecoveryState
from tfdash.model.release import ReleaseState
from tfdash.model.release_answer import ReleaseAnswer
from tfdash.model.section import MOST, SectionFinding, SectionState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.versions import VersionsState
from tfdash.model.workload import WorkloadState
from tfdash.namespaces import absent
from tfdash.nouns import counted
from tfdash.playbook.missing import missing_kind, missing_namespaces
from tfdash.playbook.one_cause import Missing, by_cause, together
from tfdash.playbook.rule import StateType
from tfdash.playbook.staleness import Unread


class Findings:
    """What the rules said of one picture: all that a section reads. It sees no object.

    ``looked_at``: what was read of it, as names of its attributes and ids of rules: while these are what they were, what was read
    is too. ``failed``: of subjects for which a rule itself went wrong; ``stale``: kinds, by cluster. ``words``: the verdicts by
    the rules that spoke them, where these are kept so.
    """

    __slots__ = ("_of", "_verdicts", "_words", "looked_at")
    NAMES = frozenset(
        {
            "workloads",
            "releases",
            "canaries",
            "calendar",
            "failed",
            "stale",
            "maintenance",
            "versions",
            "recovery",
        }
    )

    def __init__(
        self,
        verdicts: Mapping[Subject, tuple[Verdict, ...]],
        workloads: Mapping[Subject, WorkloadState],
        releases: Mapping[Subject, ReleaseState],
        canaries: Mapping[Subject, CanaryJudgement],
        calendar: CalendarState | None,
        failed: tuple[Verdict, ...] = (),
        stale: Mapping[tuple[ClusterRef, str], Unread] = {},
        words: Callable[[str], Iterable[Verdict]] | None = None,
        maintenance: Mapping[Subject, ItemState] | None = None,
        versions: VersionsState | None = None,
        recovery: RecoveryState | None = None,
    ) -> None:
        self._verdicts = verdicts
        self._of = {
            "workloads": workloads,
            "releases": releases,
            "canaries": canaries,
            "calendar": calendar,
            "failed": failed,
            "stale": stale,
            "maintenance": maintenance,
            "versions": versions,
            "recovery": recovery,
        }
        self._words = words
        self.looked_at: set[str] = set()

    def of(self, name: str) -> Any:
        """One of them, by its name."""
        return self._of[name]

    def _look(self, name: str) -> Any:
        self.looked_at.add(name)
        return self._of[name]

    @property
    def workloads(self) -> Mapping[Subject, WorkloadState]:
        found: Mapping[Subject, WorkloadState] = self._look("workloads")
        return found

    @property
    def releases(self) -> Mapping[Subject, ReleaseState]:
        found: Mapping[Subject, ReleaseState] = self._look("releases")
        return found

    @property
    def canaries(self) -> Mapping[Subject, CanaryJudgement]:
        found: Mapping[Subject, CanaryJudgement] = self._look("canaries")
        return found

    @property
    def calendar(self) -> CalendarState | None:
        found: CalendarState | None = self._look("calendar")
        return found

    @property
    def maintenance(self) -> Mapping[Subject, ItemState] | None:
        """None where what is on record was not read."""
        found: Mapping[Subject, ItemState] | None = self._look("maintenance")
        return found

    @property
    def failed(self) -> tuple[Verdict, ...]:
        found: tuple[Verdict, ...] = self._look("failed")
        return found

    @property
    def stale(self) -> Mapping[tuple[ClusterRef, str], Unread]:
        found: Mapping[tuple[ClusterRef, str], Unread] = self._look("stale")
        return found

    @property
    def versions(self) -> VersionsState | None:
        found: VersionsState | None = self._look("versions")
        return found

    @property
    def recovery(self) -> RecoveryState | None:
        found: RecoveryState | None = self._look("recovery")
        return found

    def by_rule(self, *rules: str) -> list[Verdict]:
        """The verdicts of these rules."""
        self.looked_at.update(rules)
        if self._words is not None:
            return [v for rule in rules for v in self._words(rule)]
        return [v for several in self._verdicts.values() for v in several if v.rule in rules]


class Reading(NamedTuple):
    """What is known. ``subject`` and ``since``: whom ``detail`` is about, and since when it is so. ``many``: subjects at that level; ``unknown``: those of which nothing is known; ``target``: another
    screen than the section's own; ``loading``: nothing was read yet; ``answers``: what is said of each; ``findings``: one by one, in any order."""

    level: Level
    sentence: str
    detail: str = ""
    many: int = 0
    target: str = ""
    unknown: int = 0
    subject: Subject | None = None
    since: float | None = None
    answers: Mapping[Subject, ReleaseAnswer] = {}
    findings: tuple[SectionFinding, ...] = ()
    loading: bool = False


@dataclass(frozen=True)
class Section:
    """One line of the table ``tfdash.playbook.registry``.

    ``rules``: ids of the verdicts that it reads, and ``hears`` the states: what it says needs no other rule to be run. ``needs``:
    kinds without which nothing can be called well. ``uses``: the same of kinds that a cluster may lack. What is known of the rest
    is said whatever is not. ``behind``: ids of the rules whose fault is one of its own (the registry fills it in); None: of all. ``noun``: what it judges, in the singular.
    """

    id: str
    title: str
    target: str
    read: Callable[[Findings], Reading]
    needs: tuple[type[Object], ...] = ()
    uses: tuple[type[Object], ...] = ()
    rules: tuple[str, ...] = ()
    hears: tuple[StateType, ...] = ()
    noun: str = "object"
    reads: tuple[type[Object], ...] = ()  # kinds besides, of whose want what it hears tells itself
    behind: frozenset[str] | None = None

    @property
    def kinds(self) -> frozenset[str]:
        both: tuple[type[Object], ...] = (*self.needs, *self.uses)
        return frozenset(kind.KIND for kind in both)

    def state(
        self, picture: Picture, findings: Findings, reading: Reading | None = None, most: int = MOST
    ) -> SectionState:
        """How it stands. ``picture`` tells what could not be read; ``reading``: what was read of the findings, where that is
        known; ``most``: so many findings are told one by one."""
        reading = self.read(findings) if reading is None else reading
        missing = [*self._failed(findings), *self._unread(picture, findings)]
        if any(m.loading for m in missing):  # it says so once, and not again of each
            read = tuple(f for f in reading.findings if not f.loading)
            reading = reading._replace(findings=read)
        said = self._said(reading, [m for m in missing if not m.loading], most)
        if not missing:
            return said
        # what failed is said before what is still loading
        missing.sort(key=lambda m: m.loading)
        failed = [m for m in missing if not m.loading]
        first = missing[0]
        rest = self._of_the_others(picture, missing)
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        what = f"{first.sentence}{more}"
        if rest:  # each cluster of which nothing is known is spoken of
            down = {m.cluster for m in failed}
            hang = dict.fromkeys(m.cluster for m in missing if m.cluster and m.cluster not in down)
            loads = f"{_named(hang)} {'is' if len(hang) == 1 else 'are'} loading" if hang else ""
            what = ", ".join(filter(None, (what if failed else "", loads)))
        unknown = max(reading.unknown, sum(m.many for m in failed))
        if reading.level >= Level.WARN:
            return msgspec.structs.replace(said, sentence=f"{said.sentence}; {what}", unknown=unknown)
        moves = reading.level in (Level.MOVING, Level.PAUSED)
        return msgspec.structs.replace(
            said,
            level=Level.UNKNOWN,
            sentence=f"{said.sentence}; {what}"
            if moves
            else f"{said.sentence}{rest}; {what}"
            if rest
            else what,
            detail=said.detail if moves or reading.unknown else first.detail,
            subject=said.subject if moves or reading.unknown else None,
            since=said.since if moves or reading.unknown else None,
            count=unknown,
            unknown=unknown,
            loading=not failed and not reading.unknown,
        )

    def _of_the_others(self, picture: Picture, missing: Sequence[Missing]) -> str:
        """`` in eu-1``: where all was read of which the reading speaks, while nothing was of the clusters that are missing; "" where
        that cannot be told apart."""
        lacking = {m.cluster for m in missing}
        whole = [ref for ref in picture.clusters if ref not in lacking]
        partly = any(
            (seen := cluster.kinds.get(kind)) is not None and seen.value is not None
            for ref, cluster in picture.clusters.items()
            if ref in lacking
            for kind in self.kinds
        )
        if None in lacking or partly or not whole or not self.kinds:
            return ""
        return f" in {_named(whole, f'{len(whole)} of {len(picture.clusters)}')}"

    def _failed(self, findings: Findings) -> list[Missing]:
        mine = [v for v in findings.failed if self.behind is None or v.rule in self.behind]
        told = [v for v in mine if v.subject.kind in self.kinds]
        first = min(told, key=lambda v: (v.subject, v.rule), default=None)  # they come in any order
        return [Missing(f"{len(told)} not known", first.sentence, many=len(told))] if first else []

    def _unread(self, picture: Picture, findings: Findings) -> list[Missing]:
        """What of its kinds is not known in some cluster, each for itself."""
        optional = {kind.KIND for kind in self.uses}
        found = []
        nowhere = absent(picture.clusters.values())
        if nowhere and any(KINDS.get(kind, PLAIN).namespaced for kind in self.kinds):
            found.append(missing_namespaces(nowhere))
        for ref, cluster in picture.clusters.items() if self.kinds else ():
            if cluster.info.problem is not None and cluster.info.value is None:
                found.append(
                    Missing(f"{ref.cluster} cannot be reached", str(cluster.info.problem), cluster=ref)
                )
                continue
            for kind in sorted(self.kinds, key=lambda k: (k in optional, k)):
                missing = missing_kind(ref, kind, cluster.kinds.get(kind), findings.stale.get((ref, kind)))
                if missing is not None:
                    found.append(missing._replace(cluster=ref))
        return found

    def _said(self, reading: Reading, missing: Sequence[Missing], most: int) -> SectionState:
        causes = frozenset(m.cause for m in missing if m.cause)
        alone, besides = together(reading.findings, self.noun, causes)
        unread = [
            SectionFinding(
                level=Level.UNKNOWN, sentence=f"{m.sentence}: {m.detail}" if m.detail else m.sentence
            )
            for m in by_cause(missing)
        ]
        if besides:  # told of whom it was read, and not of each again
            so = f"{unread[0].sentence}; {counted(besides, self.noun)} not known for that"
            unread[0] = msgspec.structs.replace(unread[0], sentence=so)
        told = sorted(alone, key=lambda f: -f.level)
        if rest := told[most:]:
            more = f"{len(rest)} more of {self.title}: its page has them all"
            unread.append(SectionFinding(level=rest[0].level, sentence=more))
        findings = sorted((*told[:most], *unread), key=lambda f: -f.level)
        return SectionState(
            id=self.id,
            title=self.title,
            level=reading.level,
            sentence=reading.sentence,
            detail=reading.detail,
            target=reading.target or self.target,
            count=reading.many,
            loading=reading.loading,
            unknown=reading.unknown,
            subject=reading.subject,
            since=reading.since,
            answers=reading.answers,
            findings=tuple(msgspec.structs.replace(f, page=f.page or self.target) for f in findings),
        )


def summarise(
    sections: Iterable[Section], picture: Picture, findings: Findings, most: int = MOST
) -> tuple[SectionState, ...]:
    """Every section, in the order of the table."""
    return tuple(section.state(picture, findings, most=most) for section in sections)


def worst_of(
    verdicts: Iterable[Verdict],
    well: str,
    noun: str,
    order: Callable[[Verdict], Any] = lambda verdict: 0,
    spare: Callable[[Verdict], bool] = lambda verdict: False,
) -> Reading:
    """The plain reading of some verdicts: how many are well, the worst sentence, how many are as bad. Of equals the first by
    ``order``; ``spare``: which are only too much."""
    told = list(verdicts)
    worse = sorted((v for v in told if v.level > Level.OK), key=lambda v: (-v.level, order(v), v.subject))
    good = sum(v.level < Level.UNKNOWN and not v.waived for v in told)
    level = worse[0].level if worse else max((v.level for v in told), default=Level.OK)
    first = worse[0] if worse else None
    return Reading(
        level,
        f"{good} of {len(told)} {noun}",
        well if first is None else first.sentence,
        sum(v.level is level for v in told),
        unknown=sum(v.level is Level.UNKNOWN and v.unknown is not UnknownKind.LOADING for v in worse),
        subject=first.subject if first is not None else None,
        since=first.since if first is not None else None,
        findings=tuple(
            SectionFinding(
                level=v.level,
                sentence=v.sentence,
                subject=v.subject,
                since=v.since,
                cause=shared_cause(v),
                loading=v.unknown is UnknownKind.LOADING,
                spare=spare(v),
                rule=v.rule,
                waived=v.waived,
            )
            for v in worse
        ),
    )


def shared_cause(verdict: Verdict) -> str:
    """``SectionFinding.cause`` of it."""
    return f"{verdict.subject.cluster.cluster}: {verdict.doubt}" if verdict.doubt else ""


_FEW = 2  # clusters that are named one by one


def _named(refs: Collection[ClusterRef], many: str = "") -> str:
    few = " and ".join(ref.cluster for ref in refs)
    return few if len(refs) <= _FEW else f"{many or len(refs)} clusters"
