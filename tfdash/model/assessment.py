"""The one set of verdicts and states that every reader reads."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tfdash.model.calendar import CalendarState
from tfdash.model.judgement import Breach, CanaryJudgement
from tfdash.model.release import ReleaseState
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Verdict
from tfdash.model.workload import WorkloadState


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts of one picture (``number`` is the picture's), at one time (epoch seconds)."""

    at: float
    number: int
    verdicts: Mapping[Subject, tuple[Verdict, ...]]
    workloads: Mapping[Subject, WorkloadState]
    sections: tuple[SectionState, ...] = ()
    releases: Mapping[Subject, ReleaseState] = {}
    canaries: Mapping[Subject, CanaryJudgement] = {}
    calendar: CalendarState | None = None
    baselines: Mapping[Subject, str] = {}  # frozen while both versions serve, canonical JSON
    stale: Mapping[tuple[ClusterRef, str], float] = {}  # kinds, and when each was last proven current
    breaches: Mapping[
        Subject, tuple[Breach, ...]
    ] = {}  # first crossings that this terminal knows, ended ones among them


EMPTY_ASSESSMENT = Assessment(at=0.0, number=0, verdicts={}, workloads={})
