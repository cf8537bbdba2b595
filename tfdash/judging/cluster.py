"""One cluster as its rules see it, followed change by change.

Every look of a rule is noted: the relation and key that it asked for, an object by its name, another rule's word. When
one of these becomes another, exactly those subjects are judged again that had looked at it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from tfdash.model.made import MADE
from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.playbook.rule import Rule
from tfdash.playbook.seen import Groups
from tfdash.playbook.staleness import NOT_ASKED, Unread, lacking, stale, unread

Read: TypeAlias = tuple[Any, Hashable]
"""What was looked at: (relation, key), (kind, key of an object), (kind, None) for whether it is known, (type of a state,
its subject)."""
NONE: Objects = {}


class RuleSubject(NamedTuple):
    """One subject before one rule (its place in the table)."""

    rule: int
    subject: Subject


class Readers:
    """Who looked at what, both ways."""

    def __init__(self) -> None:
        self._by_read: dict[Read, RuleSubject | set[RuleSubject]] = {}  # mostly one, and a set of one is dear
        self._by_asked: dict[RuleSubject, tuple[Read, ...]] = {}

    def of(self, read: Read) -> Iterable[RuleSubject]:
        found = self._by_read.get(read)
        return () if found is None else (found,) if isinstance(found, RuleSubject) else found

    def note(self, asked: RuleSubject, reads: tuple[Read, ...]) -> None:
        """What it looked at now takes the place of what it looked at before; nothing: it is forgotten."""
        before = self._by_asked.get(asked, ())
        if reads == before:
            return
        for read in set(before).difference(reads) if before else ():
            self._drop(read, asked)
        for read in set(reads).difference(before) if before else reads:
            others = self._by_read.get(read)
            if others is None:
                self._by_read[read] = asked
            elif isinstance(others, RuleSubject):
                self._by_read[read] = {others, asked}
            else:
                others.add(asked)
        if reads:
            self._by_asked[asked] = reads
        else:
            self._by_asked.pop(asked, None)

    def _drop(self, read: Read, asked: RuleSubject) -> None:
        others = self._by_read[read]
        if isinstance(others, set):
            others.discard(asked)
        if isinstance(others, RuleSubject) or not others:
            del self._by_read[read]


class ClusterJudge:
    """See the module. ``stale_after``: seconds without a proof that a kind is current, after which it is stale."""

    def __init__(
        self,
        ref: ClusterRef,
        rules: tuple[Rule, ...],
        stale_after: float,
        zone: ZoneInfo,
        kinds: Iterable[str] = (),
    ) -> None:
        """``zone``: in which times are written; ``kinds``: followed besides those that the rules look at."""
        self.ref, self._zone = ref, zone
        self._rules, self._stale_after = rules, stale_after
        self._kinds = sorted({kind for rule in rules for kind in rule.kinds}.union(kinds))
        self._unread: dict[str, Unread | None] = dict.fromkeys(self._kinds, NOT_ASKED)
        self._stale: dict[str, Unread] = {}
        self._partial: set[str] = set()
        self._lacking: dict[str, str] = {}
        self._proven: dict[str, float] = {}  # when each was last proven current
        self._patience: dict[str, float] = {}  # seconds, of those that are read more seldom
        self._objects: dict[str, Objects] = {}  # as they were when they were last read whole
        self.groups = Groups()
        self.readers = Readers()

    def objects(self, kind: str) -> Objects:
        return self._objects.get(kind, NONE)

    def unread(self, kind: str) -> Unread | None:
        """Why its objects are not known, or that the cluster serves none; None where they were read."""
        return self._unread[kind]

    def whole(self, kind: str) -> bool:
        """Whether those of all namespaces are read."""
        return kind not in self._partial

    def lacking(self, kind: str) -> str:
        """What of it could not be read, "" nothing."""
        return self._lacking.get(kind, "")

    def stale(self, kind: str) -> Unread | None:
        return self._stale.get(kind)

    @property
    def all_stale(self) -> Mapping[str, Unread]:
        """By kind; not to be kept: it changes."""
        return self._stale

    def due_at(self) -> float | None:
        """When the next kind turns stale."""
        if self._stale_after == math.inf:
            return None
        ahead = (
            at + self._patience.get(kind, self._stale_after)
            for kind, at in self._proven.items()
            if kind not in self._stale
        )
        return min(ahead, default=None)

    def follow(
        self,
        cluster: ClusterPicture,
        keys: Mapping[tuple[ClusterRef, str], frozenset[Key] | None],
        now: float,
        later: set[RuleSubject] | None = None,
    ) -> set[RuleSubject]:
        """Take the newest picture; returns who is to be judged again. ``keys`` is a hint, as in ``Change``. ``later`` gets those
        for whom nothing is new but what is used, where that may wait."""
        wanted: set[RuleSubject] = set()
        for kind in self._kinds:
            into = wanted if later is None or kind not in MADE else later
            seen = cluster.kinds.get(kind)
            why = unread(seen)
            if why is None or why.absent:
                after = NONE if seen is None or seen.value is None else seen.value
                if after is not self._objects.get(kind):
                    self._replace(kind, after, keys.get((self.ref, kind)), into)
            elif kind in self._objects:
                if seen is not None:
                    why = None  # it was read whole once and is being listed anew: what was read stands
                else:  # nobody wants it any more: it is as if it never had been read
                    self._replace(kind, NONE, None, into)
                    for table in (self._objects, self._proven):
                        table.pop(kind, None)
            old = None
            if seen is not None and why is None:
                if seen.observed_at is not None:
                    self._proven[kind] = seen.observed_at
                if kind in MADE:  # read as seldom as its source says
                    self._patience[kind] = max(self._stale_after, seen.interval)
                patience = self._patience.get(kind, self._stale_after)
                old = stale(self._proven.get(kind, 0.0), patience, now, self._zone)
            if (seen is not None and seen.partial) is not (kind in self._partial):
                self._partial ^= {kind}
                into.update(self.readers.of((kind, None)))
            if (words := lacking(seen)) != self._lacking.get(kind, ""):
                self._lacking[kind] = words
                into.update(self.readers.of((kind, None)))
            if why != self._unread[kind]:
                self._unread[kind] = why
                into.update(self.readers.of((kind, None)))
                into |= self._all(kind, needing=True)
            if old != self._stale.get(kind):
                self._stale.pop(kind, None)
                if old is not None:
                    self._stale[kind] = old
                into |= self._all(kind)
        return wanted

    def _all(self, kind: str, *, needing: bool = False) -> set[RuleSubject]:
        """Every subject before the rules that look at the kind, or only those that say nothing without it."""
        return {
            RuleSubject(number, Subject(self.ref, judged.KIND, *key))
            for number, rule in enumerate(self._rules)
            if kind in (rule.needs_besides if needing else rule.kinds)
            for judged in rule.judges
            for key, obj in self.objects(judged.KIND).items()
            if rule.asks(obj)
        }

    def _replace(
        self, kind: str, after: Objects, keys: frozenset[Key] | None, wanted: set[RuleSubject]
    ) -> None:
        before = self.objects(kind)
        self._objects[kind] = after
        # keys are a hint: a mapping that replaced another wholly is compared key by key
        if not keys or not before:
            keys = frozenset(k for k in (*before, *after) if before.get(k) is not after.get(k))
        judges = [(n, rule) for n, rule in enumerate(self._rules) if any(kind == j.KIND for j in rule.judges)]
        for key in keys:
            old, new = before.get(key), after.get(key)
            if old is new:
                continue
            subject = Subject(self.ref, kind, *key) if judges else None
            for number, rule in judges:
                if subject is not None and (rule.asks(new) or rule.asks(old)):
                    wanted.add(RuleSubject(number, subject))
            wanted.update(self.readers.of((kind, key)))
            for read in self.groups.replace(kind, key, old, new):
                wanted.update(self.readers.of(read))
