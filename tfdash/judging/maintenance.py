"""Runs the dated promises: each at each place anew where something else is on record of it, or where time made it due."""

from __future__ import annotations

import math
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import ItemState
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.places import facts_of, places
from tfdash.playbook.maintenance.standing import Told, stand
from tfdash.playbook.maintenance.unread import not_read
from tfdash.playbook.policies import Policies

_READ = frozenset({"maintenance", "health"})  # fields of the store's state


class MaintenanceRunner:
    """``states`` is None until what is on record was read, another mapping after each change, and never mutated."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self.states: Mapping[Subject, ItemState] | None = None
        self._kept: dict[Subject, tuple[Facts, Told]] = {}
        self._clusters: frozenset[ClusterRef] | None = None
        self._due = -math.inf

    def due_at(self) -> float | None:
        return self._due if math.isfinite(self._due) else None

    def assess(self, picture: Picture, change: Change, now: float) -> bool:
        """Look again where it may say something else; True where it does."""
        clusters = frozenset(picture.clusters)
        if not (
            change.store is None or change.store & _READ or clusters != self._clusters or now >= self._due
        ):
            return False
        self._clusters = clusters
        record = picture.store_state.maintenance
        health = picture.store_state.health
        if not record.known or not health.read:
            return False
        policy = self._policies.maintenance
        environments = {*self._policies.environments, *(ref.environment for ref in clusters)}
        states, kept = {}, {}
        for subject, item in places(policy, environments, clusters):
            facts = facts_of(policy, item, subject, record)
            before = self._kept.get(subject)
            if before is not None and before[0] == facts and now < before[1].until:
                told = before[1]
            else:
                zone = ZoneInfo(policy.zone_of(item))
                told = stand(subject, item, zone, self._policies.calendar, facts, now, policy.look_back)
            kept[subject], states[subject] = (
                (facts, told),
                not_read(told.state, health.unread) if health.unread else told.state,
            )
        self._kept = kept
        self._due = min((told.until for _, told in kept.values()), default=math.inf)
        if states == self.states:
            return False
        self.states = states
        return True
