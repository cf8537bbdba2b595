"""Runs the playbook on what changed and on what time made due; one Assessment for every reader.

The table of rules first (``rules``), then the rollback triggers of each release (``canaries``), the calendar, and from
all of that the sections. The result is always what judging everything afresh would give; a property test holds it to that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

import msgspec

from tfdash.judging.calendar import CalendarRunner
from tfdash.judging.canaries import CanaryRunner, ReleasesRemembered
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.judging.recovery import RecoveriesRemembered, RecoveryRunner
from tfdash.judging.rules import RuleRunner
from tfdash.judging.sections import SectionReader
from tfdash.judging.versions import VersionsRunner
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.versions import VersionSighting
from tfdash.playbook.policies import Policies
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.procedures.section import SECTION as RECOVERY
from tfdash.playbook.registry import RULES, SECTIONS
from tfdash.playbook.rule import Rule
from tfdash.playbook.section import Findings, Section

_PIECE = 0.02  # seconds for which one call may judge what is used
_DATED = 0.01  # and the dated promises, which come on top


class Remembered(NamedTuple):
    """What a judge knows that the picture of this moment does not tell any more: two judges with the same of it and the same
    picture say the same."""

    releases: ReleasesRemembered
    versions: Mapping[ClusterRef, tuple[Mapping[str, float], tuple[VersionSighting, ...]]]
    recoveries: RecoveriesRemembered = RecoveriesRemembered()


class Judge:
    """See the module; ``assess``, ``go_on`` and ``due_at`` are ``tfdash.board.scheduler.Judging``.

    ``hold``: for how many seconds one call may judge releases by their triggers. ``stale_after``: seconds without a proof
    that a kind is current, after which nothing that rests on it is green.
    """

    def __init__(
        self,
        policy: WorkloadPolicy | None = None,
        policies: Policies | None = None,
        *,
        hold: float = math.inf,
        stale_after: float = math.inf,
        rules: tuple[Rule, ...] = RULES,
        sections: tuple[Section, ...] = SECTIONS,
    ) -> None:
        policies = policies or Policies()
        self._policies = policies if policy is None else replace(policies, workloads=policy)
        kinds = {kind for section in sections for kind in section.kinds}
        self._rules = RuleRunner(rules, stale_after, kinds, hold if hold == math.inf else min(hold, _PIECE))
        self._canaries = CanaryRunner(self._policies, hold)
        self._calendar = CalendarRunner(self._policies.calendar)
        self._maintenance = MaintenanceRunner(self._policies, hold if hold == math.inf else min(hold, _DATED))
        self._versions = VersionsRunner(
            self._policies.versions, stale_after, self._policies.calendar.tz, self._policies.waivers
        )
        asked = any(section.id == RECOVERY.id for section in sections)
        self._recovery = RecoveryRunner(self._policies) if asked else None
        self._picture: Picture | None = None
        self._reader = SectionReader(sections, self._rules.words)
        self._sections: tuple[SectionState, ...] = ()

    @property
    def remembered(self) -> Remembered:
        recoveries = self._recovery.remembered if self._recovery is not None else RecoveriesRemembered()
        return Remembered(self._canaries.remembered, self._versions.remembered, recoveries)

    def recall(self, known: Remembered) -> None:
        """Before anything is judged: what an earlier judge remembered at this moment."""
        self._canaries.recall(known.releases)
        self._versions.recall(known.versions)
        if self._recovery is not None:
            self._recovery.recall(known.recoveries)

    def due_at(self) -> float | None:
        parts = (self._rules, self._canaries, self._calendar, self._maintenance, self._versions)
        dues = [part.due_at() for part in parts]
        dues += [self._recovery.due_at()] if self._recovery is not None else []
        return min((at for at in dues if at is not None), default=None)

    def assess(self, picture: Picture, change: Change, now: float) -> tuple[Assessment, frozenset[Subject]]:
        """What is to be said now, and of which subjects something else is said than before."""
        self._picture = picture
        stale = self._rules.stale
        changed = self._rules.assess(picture, change, self._policies, now)
        aged = self._rules.stale != stale
        self._canaries.states = self._rules.releases
        changed |= self._canaries.assess(picture, change, changed, now)
        dated = (self._calendar, self._maintenance, self._versions)
        said = [part.assess(picture, change, now) for part in dated]
        told = self._told(picture, now)
        if self._recovery is not None:
            said.append(self._recovery.assess(told, picture, change, now))
        if any(said) or changed or aged or change.freshness:
            self._sections = self._reader.states(picture, self._findings())
        of_recoveries = self._recovery.state if self._recovery is not None else None
        told = msgspec.structs.replace(told, sections=self._sections, recovery=of_recoveries)
        return told, frozenset(changed)

    def _findings(self) -> Findings:
        return Findings(
            self._rules.verdicts,
            self._rules.workloads,
            self._rules.releases,
            self._canaries.judgements,
            self._calendar.state,
            tuple(self._rules.failed.values()),
            self._rules.stale,
            self._rules.words.of,
            self._maintenance.states,
            self._versions.state,
            self._recovery.state if self._recovery is not None else None,
        )

    def _told(self, picture: Picture, now: float) -> Assessment:
        """What is said of all but recoveries, which ask it; with the sections as they were."""
        return Assessment(
            at=now,
            number=picture.number,
            whole=not (self._rules.waits or self._maintenance.waits),
            verdicts=self._rules.verdicts,
            workloads=self._rules.workloads,
            sections=self._sections,
            releases=self._rules.releases,
            canaries=self._canaries.judgements,
            calendar=self._calendar.state,
            maintenance=self._maintenance.states,
            baselines=dict(self._canaries.frozen),
            failed=tuple(self._rules.failed.values()),
            stale={at: why.as_of for at, why in self._rules.stale.items()},
            breaches=self._canaries.breaches,
            versions=self._versions.state,
            rotations=self._rules.rotations,
        )

    def go_on(self, now: float) -> bool:
        """Judge more of what the last ``assess`` left waiting; True where something is left."""
        if self._picture is None:
            return False
        if self._rules.go_on(self._policies, now):  # the releases have the next turn
            return True
        if self._maintenance.waits:
            self._maintenance.go_on(now)
            return True
        return self._canaries.go_on(self._picture, now)


def judge_all(
    picture: Picture,
    now: float,
    policy: WorkloadPolicy | None = None,
    policies: Policies | None = None,
    *,
    stale_after: float = math.inf,
) -> Assessment:
    """Everything afresh, for reports of one moment and for tests."""
    keys: Iterable[tuple[ClusterRef, str]] = (
        (ref, k) for ref, c in picture.clusters.items() for k in c.kinds
    )
    known = frozenset(keys)
    change = Change(keys=dict.fromkeys(known), freshness=known, signals=None, store=None)
    return Judge(policy, policies, stale_after=stale_after).assess(picture, change, now)[0]
