"""Which recoveries the facts propose, what each would need, and which are being carried out: looked at anew where something is new, and no
more often than every few seconds, but for what is read for the first time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, Picture
from tfdash.model.procedure import Procedure
from tfdash.model.recovery import RecoveryProposal, RecoveryReadiness, RecoveryState
from tfdash.model.run import RunState
from tfdash.model.subject import ClusterRef
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.answering import kinds_asked
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.progress import under_way
from tfdash.playbook.procedures.proposals import proposal
from tfdash.playbook.procedures.readiness import PastRuns, readiness
from tfdash.playbook.procedures.state import RunStates
from tfdash.playbook.staleness import LOADING, NOT_ASKED, unread

SPACED = 5.0
"""Seconds between two looks, whatever is new."""
AGAIN = 60.0
"""Seconds after which what is told by its age is told anew."""
_OF_STORE = frozenset({"runs", "health", "verified", "views"})


class RecoveriesRemembered(NamedTuple):
    """``since``: when each was first seen to fit, by procedure and cluster. ``come``: what had come, or failed, at the last look."""

    state: RecoveryState | None = None
    looked: float | None = None
    due: float | None = None
    since: Mapping[tuple[str, ClusterRef], float] = {}
    come: frozenset[tuple[ClusterRef, str]] = frozenset()


class RecoveryRunner:
    """``state`` is None until the first look."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._kinds = _kinds_of(policies.recovery.procedures.values())
        self._come: frozenset[tuple[ClusterRef, str]] = frozenset()
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
        return RecoveriesRemembered(self.state, self._looked, self._due, self._since, self._come)

    def recall(self, known: RecoveriesRemembered) -> None:
        """Before anything is judged: what an earlier runner remembered at this moment."""
        self.state, self._looked, self._due = known.state, known.looked, known.due
        self._since, self._come = dict(known.since), known.come

    def assess(self, said: Assessment, picture: Picture, change: Change, now: float) -> bool:
        """``said``: what is said of everything else. True where it says something else than before."""
        store = change.store is None or bool(change.store & _OF_STORE)
        if not any(c.info.value is not None or c.info.problem is not None for c in picture.clusters.values()):
            return False  # nothing was asked yet
        soon = self._looked is None or not 0 <= now - self._looked < SPACED
        come = self._come | self._had_of(
            picture
        )  # who waits for it is told at once, and not what was so before
        if not (soon or store or come != self._come):
            assert self._looked is not None
            self._due = self._looked + SPACED
            return False
        self._looked, self._due, self._come = now, now + AGAIN, come
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

    def _had_of(self, picture: Picture) -> frozenset[tuple[ClusterRef, str]]:
        """What of that which is asked has come, or failed."""
        found = {
            (ref, kind)
            for ref, cluster in picture.clusters.items()
            for kind in self._kinds
            if (why := unread(cluster.kinds.get(kind))) is None or why not in (LOADING, NOT_ASKED)
        }
        told: list[tuple[ClusterRef, str, Observation[Any]]] = []
        told += [(ref, "", cluster.info) for ref, cluster in picture.clusters.items()]
        told += [(ref, "last good", seen) for ref, seen in picture.signals.last_good.items()]
        found |= {
            (ref, what) for ref, what, seen in told if seen.value is not None or seen.problem is not None
        }
        return frozenset(found)

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


def _kinds_of(procedures: Iterable[Procedure]) -> frozenset[str]:
    """That are looked at for what is said of the recoveries."""
    runbooks = [one for one in procedures if one.recovery]
    signs = [(*one.scenario.signs, *one.scenario.against) for one in runbooks if one.scenario is not None]
    return kinds_asked(ask for asks in (*signs, *(one.ready for one in runbooks)) for ask in asks)


_ORDER = {True: 0, None: 1, False: 2}


def _proposed(runbooks: Iterable[Procedure], case: ProbeCase) -> Iterable[RecoveryProposal]:
    return (told for one in runbooks if (told := proposal(one, case)) is not None)
