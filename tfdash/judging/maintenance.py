"""Runs the dated promises: each at each place anew where something else is on record of it, or where time made it due."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from tfdash.judging.calendar import fed
from tfdash.model.maintenance import ItemState, LiveReading, MaintenanceRecord
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.maintenance.at_once import next_clashes
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.live import READERS, reading
from tfdash.playbook.maintenance.places import Scene, facts_of, facts_of_gone, gone, places
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.maintenance.shown import EACH, told_with, with_seen
from tfdash.playbook.maintenance.spaces import KIND as SPACE
from tfdash.playbook.maintenance.spaces import LiveSpaces, not_known, nowhere
from tfdash.playbook.maintenance.standing import StandingTold, stand
from tfdash.playbook.maintenance.unread import not_read
from tfdash.playbook.maintenance.withdrawn import withdrawn
from tfdash.playbook.policies import Policies
from tfdash.playbook.schedule.feeds import in_force
from tfdash.playbook.schedule.policy import CalendarPolicy

_One = tuple[Subject, MaintenanceItem | None, Facts]
"""What is to be judged; none: the settings have it no longer."""
_READ = frozenset({"maintenance", "health"})  # fields of the store's state


class MaintenanceRunner:
    """``states`` is None until what is on record was read and judged, another mapping after each change, and never mutated.

    Hundreds of items with years of periods are not judged in one go: after ``hold`` seconds the rest is left waiting, and
    ``go_on`` takes it up. What is told is of one look: until the last of them is judged it stays what was told before.
    """

    def __init__(self, policies: Policies, hold: float = math.inf) -> None:
        self._policies, self.hold = policies, hold
        self.states: Mapping[Subject, ItemState] | None = None
        self._calendar = policies.calendar
        self._look: list[_One] = []
        self._waiting: deque[_One] = deque()
        self._unread = ""
        self._unsaid = False  # a look began that nobody was told of
        self._kept: dict[Subject, tuple[Facts, StandingTold]] = {}
        self._clusters: frozenset[ClusterRef] | None = None
        self._due = self._look_again = -math.inf
        named = {i.live for i in policies.maintenance.items.values() if i.evidence == "live"}
        spaced = any(item.per == "namespace" for item in policies.maintenance.items.values())
        self._spaces = frozenset({SPACE} if spaced else ())
        self._unknown: dict[Subject, str] = {}  # why nobody knows whether it is kept there
        self._nowhere: dict[Subject, str] = {}  # of which no namespace fits
        self._kinds = self._spaces | {kind for name in named for kind in READERS[name].kinds}
        self._store = _READ | {field for name in named for field in READERS[name].store}
        self._live: dict[Subject, LiveReading] = {}
        self._first: dict[Subject, tuple[float | None, float]] = {}  # since when a source shows it

    @property
    def waits(self) -> bool:
        """Whether something is left for ``go_on``."""
        return bool(self._waiting)

    def due_at(self) -> float | None:
        found = [at for at in (self._due, self._look_again) if math.isfinite(at)]
        return min(found, default=None)

    def assess(self, picture: Picture, change: Change, now: float) -> bool:
        """Look again where it may say something else; True where it does."""
        clusters = frozenset(picture.clusters)
        fresh = fed(change) and self._take(in_force(self._policies.calendar, picture.signals.feeds))
        news = change.store is None or change.store & self._store or self._shown_anew(change)
        due = now >= min(self._due, self._look_again)
        if news or fresh or due or clusters != self._clusters:
            self._clusters = clusters
            record, health = picture.store_state.maintenance, picture.store_state.health
            if not record.known or not health.read:
                return False
            self._begin(picture, record, clusters, now)
            self.go_on(now)
        return self._unsaid and not self._waiting and self._publish(now)

    def _take(self, calendar: CalendarPolicy) -> bool:
        """Whether feeds close other days than before: then nothing that was judged holds."""
        if calendar.told == self._calendar.told:
            return False
        self._calendar = calendar
        self._kept.clear()
        return True

    def go_on(self, now: float) -> bool:
        """Judge more of what was left, for ``hold`` seconds; True where something still is. The next ``assess`` says it."""
        until = time.perf_counter() + self.hold
        policy = self._policies.maintenance
        while self._waiting:
            subject, item, facts = self._waiting.popleft()
            if item is None:
                told = withdrawn(subject, self._calendar, facts, policy.zone, now, policy.look_back)
            else:
                zone = ZoneInfo(policy.zone_of(item))
                told = stand(subject, item, zone, self._calendar, facts, now, policy.look_back)
            self._kept[subject] = facts, told
            if time.perf_counter() >= until:
                break
        return bool(self._waiting)

    def _begin(
        self, picture: Picture, record: MaintenanceRecord, clusters: frozenset[ClusterRef], now: float
    ) -> None:
        policy = self._policies.maintenance
        environments = {*self._policies.environments, *(ref.environment for ref in clusters)}
        self._look, self._live = [], {}
        spaces = LiveSpaces(picture, record)
        kept = dict(places(policy, environments, clusters, spaces))
        self._unknown, self._nowhere = spaces.unread, spaces.none
        for subject, item in kept.items():
            facts = facts_of(policy, item, subject, record)
            if item.evidence == "live":
                shown = self._shown(subject, item, picture, now)
                facts = with_seen(facts, subject, shown, self._first[subject][1])
            self._look.append((subject, item, facts))
        scene = Scene(frozenset(environments), clusters)
        self._look += [(one, None, facts_of_gone(one, record)) for one in gone(policy, kept, record, scene)]
        self._look_again = now + EACH if self._live else math.inf
        self._unread = picture.store_state.health.unread
        self._waiting = deque(one for one in self._look if not self._holds(one, now))
        self._unsaid = True
        self._due = math.inf  # nothing is due while it waits to be judged

    def _shown_anew(self, change: Change) -> bool:
        """Whether an object became another that a live source is read from, or the first of them came."""
        if any(kind in self._spaces for _, kind in change.freshness):
            return True  # what could not be read can, or the other way round
        return any(kind in self._kinds for _, kind in change.keys) or (
            any(kind in self._kinds for _, kind in change.freshness)
            and any(shown.problem for shown in self._live.values())
        )

    def _shown(self, subject: Subject, item: MaintenanceItem, picture: Picture, now: float) -> LiveReading:
        """What its source shows, and since when it shows that."""
        shown = reading(item.live, picture, subject, self._policies.versions)
        if not shown.problem:
            whole = shown.seen - shown.seen % EACH
            shown = replace(shown, seen=max(whole, shown.done_at or 0.0))
        first = self._first.get(subject)
        if first is None or first[0] != shown.done_at:
            self._first[subject] = (shown.done_at, now)
        self._live[subject] = shown
        return shown

    def _holds(self, one: _One, now: float) -> bool:
        """Whether what was judged of it is true still."""
        subject, _, facts = one
        before = self._kept.get(subject)
        return before is not None and before[0] == facts and now < before[1].until

    def _publish(self, now: float) -> bool:
        """Tell of the look that is judged; True where it says something else."""
        self._kept = {subject: self._kept[subject] for subject, *_ in self._look}
        self._due = min((told.until for _, told in self._kept.values()), default=math.inf)
        unread = self._unread
        states = {}
        for subject, (_, told) in self._kept.items():
            state = not_read(told.state, unread) if unread else told.state
            shown = self._live.get(subject)
            state = told_with(state, shown) if shown is not None else state
            if (why := self._unknown.get(subject)) is not None:
                state = not_known(state, why)
            elif (why := self._nowhere.get(subject)) is not None:
                state = nowhere(state, why)
            states[subject] = state
        clashes, until = next_clashes(self._policies.maintenance, self._calendar, states, now)
        for subject, found in clashes.items():
            states[subject] = replace(states[subject], clashes=found)
        self._due = min(self._due, until)
        self._unsaid = False
        if states == self.states:
            return False
        self.states = states
        return True
