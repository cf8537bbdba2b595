"""Terminals that keep a journal, by a clock that the test sets; what they are shown is made by hand, what they write is real."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.unit.store.journal.journals import REF
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Object
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, ClusterPicture, Picture, ServerInfo
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.update import Update
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.registry import RULES, SECTIONS
from tfdash.playbook.serving import workload
from tfdash.store.journal.recorder import JournalRecorder
from tfdash.store.journal.seeing import JudgedTable, Outlook

RULE = workload.RULE.id
TABLE = JudgedTable(RULES, SECTIONS)
KINDS = TABLE.kinds
Said = Mapping[Subject, Level]
CHANGE = Change(keys={}, freshness=frozenset())


class SetClock:
    """One for all, or a terminal's own. ``boot`` goes on whatever the wall does."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at, self.boot = at, 1000.0

    def now(self) -> float:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += seconds
        self.boot += seconds


def picture(
    at: float,
    *,
    blind: Iterable[str] = (),
    hidden: Iterable[str] = (),
    skew: float = 0.0,
    ref: ClusterRef = REF,
) -> Picture:
    """One cluster of which everything was read, but for the kinds of ``blind``; ``hidden`` namespaces nowhere."""
    forbidden = Problem(kind=ProblemKind.FORBIDDEN, cause="forbidden")
    none: Mapping[Key, Object] = {}
    kinds = {
        kind: Observation[Mapping[Key, Object]](problem=forbidden)
        if kind in blind
        else Observation[Mapping[Key, Object]](
            value=none, complete=True, observed_at=at, hidden=tuple(hidden)
        )
        for kind in KINDS
    }
    info = Observation(value=ServerInfo(skew=skew), observed_at=at)
    return Picture(at=at, number=1, clusters={ref: ClusterPicture(ref=ref, info=info, kinds=kinds)})


def assessment(
    at: float, said: Said, sections: tuple[SectionState, ...] = (), rule: str = RULE
) -> Assessment:
    verdicts = {
        subject: (
            Verdict(
                level=level,
                rule=rule,
                subject=subject,
                sentence=f"{subject.name}: {level.name}",
                unknown=UnknownKind.LOADING if level is Level.IDLE else None,
            ),
        )
        for subject, level in said.items()
    }
    return Assessment(at=at, number=1, verdicts=verdicts, workloads={}, sections=sections)


class Terminal:
    """One that looks every so often and is told of each change at once, as the board does."""

    def __init__(
        self, folder: Path, clock: SetClock, watcher: str = "wall-1", outlook: Outlook | None = None
    ) -> None:
        self.clock = clock
        self.recorder = JournalRecorder(
            folder, watcher, clock, outlook or Outlook(REF.environment), TABLE, boot=lambda: clock.boot
        )
        self.picture, self.assessment = picture(clock.at), assessment(clock.at, {})

    def shows(
        self,
        said: Said,
        shown: Picture | None = None,
        sections: tuple[SectionState, ...] = (),
        rule: str = RULE,
    ) -> None:
        """From now on; whoever listens is told."""
        before = self.assessment
        self.picture = shown or self.picture
        self.assessment = assessment(self.clock.at, said, sections, rule)
        judged = frozenset({*before.verdicts, *self.assessment.verdicts})
        self.recorder.take(Update(self.picture, self.assessment, CHANGE, judged))

    def look(self) -> None:
        self.recorder.look(self.picture, self.assessment, settled=True)
        self.recorder.written()

    def killed(self) -> None:
        """As by kill -9: nothing more is written, and the file is held no longer."""
        self.recorder.written()
        self.recorder.journal.close()

    def ends(self) -> None:
        self.recorder.close()
