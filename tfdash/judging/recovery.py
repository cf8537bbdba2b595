"""Which recoveries the facts propose, what each would need, and which are being carried out: looked at anew where something is new, and no
more often than every few seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.procedure import Procedure
from tfdash.model.recovery import RecoveryProposal, RecoveryReadiness, RecoveryState
from tfdash.model.run import RunState
from tfdash.model.subject import ClusterRef
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.progress import under_way
from tfdash.playbook.procedures.proposals import proposal
from tfdash.playbook.procedures.readiness import PastRuns, readiness
from tfdash.playbook.procedures.state import RunStates

SPACED = 5.0
"""Seconds between two looks, whatever is new."""
AGAIN = 60.0
"""Seconds after which what is told by its age is told anew."""
_OF_STORE = frozenset({"runs", "health", "verified", "views"})


class RecoveriesRemembered(NamedTuple):
    """``since``: when each was first seen to fit, by procedure and cluster."""

    state: RecoveryState | None = None
    looked: float | None = None
    due: float | None = None
    since: Mapping[tuple[str, ClusterRef], float] = {}


class RecoveryRunner:
    """``state`` is None until the first look."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._runs = RunStates()
        self._folded: object = None
        self._states: tuple[RunState, ...] = ()
        self._past = PastRuns()
        self._looked: float | None = None
        self._due: float | None = None
        self._since: dict[tuple[str, ClusterRef], float] = {}
        self.state: RecoveryState | None = None

    def due_at(self) -> float | None:
        return self._due

    @property
    def remembered(self) -> RecoveriesRemembered:
        return RecoveriesRemembered(self.state, self._looked, self._due, self._since)

    def recall(self, known: RecoveriesRemembered) -> None:
        """Before anything is judged: what an earlier runner remembered at this moment."""
        self.state, self._looked, self._due = known.state, known.looked, known.due
        self._since = dict(known.since)

    def assess(self, said: Assessment, picture: Picture, change: Change, now: float) -> bool:
        """``said``: what is said of everything else. True where it says something else than before."""
        store = change.store is None or bool(change.store & _OF_STORE)
        if not any(c.info.value is not None or c.info.problem is not None for c in picture.clusters.values()):
            return False  # nothing was asked yet
        soon = self._looked is None or not 0 <= now - self._looked < SPACED
        if not (soon or store):
            assert self._looked is not None
            self._due = self._looked + SPACED
            return False
        self._looked, self._due = now, now + AGAIN
        runs = picture.store_state.runs
        if runs is not self._folded:
            self._runs.forget_but(runs)
            self._states = tuple(self._runs.of(journal) for journal in runs.values())
            self._past = PastRuns(self._states)
            self._folded = runs
        told = self._told(said, picture, now)
        other = told != self.state
        self.state = told if other else self.state
        return other

    def _told(self, said: Assessment, picture: Picture, now: float) -> RecoveryState:
        recovery = self._policies.recovery
        runbooks = [one for one in recovery.procedures.values() if one.recovery]
        proposals: list[RecoveryProposal] = []
        ready: list[RecoveryReadiness] = []
        for ref in sorted(picture.clusters):
            case = ProbeCase(
                arguments={},
                cluster=ref,
                picture=picture,
                assessment=said,
                now=now,
                policies=self._policies,
            )
            proposals += _proposed(runbooks, case)
            ready += [readiness(one, case, self._past) for one in runbooks]
        proposals.sort(key=lambda one: (_ORDER[one.proposed], one.procedure, one.cluster))
        ready.sort(key=lambda one: (-one.level, one.procedure, one.cluster))
        return RecoveryState(
            proposals=tuple(self._with_since(proposals, now)),
            readiness=tuple(ready),
            open=tuple(sorted(under_way(self._states, now), key=lambda one: one.since)),
            problems=tuple(recovery.problems),
        )

    def _with_since(self, proposals: Iterable[RecoveryProposal], now: float) -> Iterator[RecoveryProposal]:
        """Each that is proposed with when this terminal saw that first."""
        fits = {(one.procedure, one.cluster): now for one in proposals if one.proposed}
        self._since = {key: self._since.get(key, at) for key, at in fits.items()}
        for one in proposals:
            yield msgspec.structs.replace(one, since=self._since.get((one.procedure, one.cluster)))


_ORDER = {True: 0, None: 1, False: 2}


def _proposed(runbooks: Iterable[Procedure], case: ProbeCase) -> Iterable[RecoveryProposal]:
    return (told for one in runbooks if (told := proposal(one, case)) is not None)
