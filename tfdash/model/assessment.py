"""The one set of verdicts and states that every reader reads."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import Breach, CanaryJudgement
from tfdash.model.maintenance import ItemState
from tfdash.model.recovery import RecoveryState
from tfdash.model.release import ReleaseState
from tfdash.model.release_answer import Ground, ReleaseAnswer
from tfdash.model.rotation import Rotation
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.model.versions import VersionsState
from tfdash.model.workload import WorkloadState


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts of one picture (``number`` is the picture's), at one time (epoch seconds)."""

    at: float
    number: int
    verdicts: Mapping[Subject, tuple[Verdict, ...]]
    whole: bool = True  # False: pieces of it are still being judged, and are as they were before
    workloads: Mapping[Subject, WorkloadState]
    sections: tuple[SectionState, ...] = ()
    releases: Mapping[Subject, ReleaseState] = {}
    canaries: Mapping[Subject, CanaryJudgement] = {}
    calendar: CalendarState | None = None
    maintenance: Mapping[Subject, ItemState] | None = (
        None  # dated promises, each at each place; None: not read
    )
    baselines: Mapping[Subject, str] = {}  # frozen while both versions serve, canonical JSON
    failed: tuple[Verdict, ...] = ()  # of subjects for which a rule itself went wrong
    stale: Mapping[tuple[ClusterRef, str], float] = {}  # kinds, and when each was last proven current
    breaches: Mapping[
        Subject, tuple[Breach, ...]
    ] = {}  # first crossings that this terminal knows, ended ones among them
    versions: VersionsState | None = None
    rotations: Mapping[Subject, Rotation] = {}  # of each authority among the Certificates
    recovery: RecoveryState | None = None  # which runbook the facts propose, and what each would need

    @property
    def answers(self) -> Mapping[Subject, ReleaseAnswer]:
        """What the section of the releases says of each; nothing before the first judgement."""
        return next((s.answers for s in self.sections if s.answers), {})

    def answer(self, release: ReleaseState) -> ReleaseAnswer:
        """The same of one; of what the section did not see yet nothing is known."""
        found = self.answers.get(release.subject)
        if found is not None:
            return found
        return ReleaseAnswer(
            subject=release.subject, level=Level.UNKNOWN, ground=Ground.NOT_JUDGED, phase=release.phase
        )


EMPTY_ASSESSMENT = Assessment(at=0.0, number=0, verdicts={}, workloads={})
