"""What probes see of a cluster: objects that were read, wholly and lately, or a named UNKNOWN. Their only door to a picture.

A rule leaves red what turned stale; a probe does not: a procedure goes on by what it says, whichever way, so that of what is not current
nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from tfdash.model.kube import Object, Provisional, Unreadable
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture
from tfdash.model.run import Probed
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import UnknownKind
from tfdash.nouns import plural
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.probe import ProbeArgument, ProbeCase
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.playbook.schedule.local import zone_of
from tfdash.playbook.staleness import Unread, lacking, not_current, stale, unread
from tfdash.text import safe

K = TypeVar("K", bound=Object)

CLUSTER = ProbeArgument(id="cluster", title="another cluster than the run's", needed=False)
"""Of every probe that looks at a cluster."""
_DEFAULTS = Policies()


class ProbeLook:
    """One cluster before a probe."""

    def __init__(self, case: ProbeCase) -> None:
        named = case.arguments.get("cluster", "")
        self.case = case
        self.ref = case.cluster._replace(cluster=named) if named else case.cluster
        self.cluster: ClusterPicture | None = case.picture.clusters.get(self.ref)
        self._proven: list[float] = []

    @property
    def now(self) -> float:
        return self.case.now

    @property
    def policies(self) -> Policies:
        return _DEFAULTS if self.case.policies is None else self.case.policies

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.case.assessment.calendar)

    def argument(self, id: str, default: str = "") -> str:
        return self.case.arguments.get(id, "") or default

    def subject(self, id: str) -> Subject | None:
        """The subject that an argument names; None where it names none."""
        return subject_in(self.argument(id), self.ref)

    def away(self) -> Unread | None:
        """That the cluster is not among those that are watched."""
        if self.cluster is not None:
            return None
        return Unread(UnknownKind.NOT_WATCHED, f"{safe(self.ref.cluster)} is no cluster that is watched here")

    def why(self, *kinds: type[Object]) -> Unread | None:
        """Why the objects of these kinds are not known to be as they are held; None where they are, or where the cluster serves none."""
        if (away := self.away()) is not None:
            return away
        assert self.cluster is not None
        for kind in kinds:
            seen = self.cluster.kinds.get(kind.KIND)
            found = unread(seen)
            if found is not None and found.absent:
                continue
            if found is None and seen is not None:
                found = self.old(seen) or self._judged_old(kind)
            if found is not None:
                return found._replace(cause=f"{plural(kind.KIND)} of {self.ref.cluster}: {found.cause}")
        return None

    def _judged_old(self, kind: type[Object]) -> Unread | None:
        at = self.case.assessment.stale.get((self.ref, kind.KIND))
        return None if at is None else not_current(at, self.zone)

    def old(self, seen: Observation[Any]) -> Unread | None:
        """That nothing proved it current lately; None where something did, and then the answer rests on it."""
        proven = seen.observed_at or 0.0
        patience = max(self.policies.workloads.stale_after, seen.interval)
        if (found := stale(proven, patience, self.now, self.zone)) is None:
            self._proven.append(proven)
        return found

    def too_old(self, at: float, interval: float = 0.0) -> Unread | None:
        """The same of what was said or measured ``at`` (epoch seconds), and is each ``interval`` seconds."""
        patience = max(self.policies.workloads.stale_after, interval)
        return stale(at, patience, self.now, self.zone)

    def some(self, kind: type[K]) -> tuple[tuple[K, ...], Unread | None] | Unread:
        """The objects of a kind that are read, in the order of their names, and why these are not all; None where they are."""
        if (why := self.why(kind)) is not None:
            return why
        assert self.cluster is not None
        seen, objects = self.cluster.kinds[kind.KIND], self.cluster.objects(kind.KIND)
        found = tuple(o for at in sorted(objects) if isinstance(o := objects[at], kind))
        if seen.partial:
            return found, Unread(
                UnknownKind.NO_PRIVILEGE, f"only {plural(kind.KIND)} of some namespaces are read"
            )
        if short := lacking(seen):
            return found, Unread(UnknownKind.QUERY_ERROR, short)
        return found, None

    def all(self, kind: type[K]) -> tuple[K, ...] | Unread:
        """All objects of a kind, or why they are not known: a part of them is not all."""
        found = self.some(kind)
        if isinstance(found, Unread):
            return found
        objects, short = found
        return objects if short is None else short

    def within(self, kind: type[K], namespace: str) -> tuple[K, ...] | Unread:
        """All of one namespace."""
        found = self.some(kind)
        if isinstance(found, Unread):
            return found
        here = tuple(o for o in found[0] if o.namespace == namespace)
        short = found[1]
        known = short is None or (short.unknown is UnknownKind.NO_PRIVILEGE and here)
        return here if known or short is None else short

    def one(self, kind: type[K], key: Key) -> K | Unread | None:
        """The object; None where there is certainly none."""
        if (why := self.why(kind)) is not None:
            return why
        assert self.cluster is not None
        objects, seen = self.cluster.objects(kind.KIND), self.cluster.kinds[kind.KIND]
        obj = objects.get(key)
        if isinstance(obj, kind):
            return obj
        if isinstance(obj, Unreadable):
            return Unread(UnknownKind.QUERY_ERROR, f"{key.name}: unreadable: {safe(obj.field)}")
        if isinstance(obj, Provisional) or obj is not None:
            return Unread(UnknownKind.LOADING, "still loading")
        if short := lacking(seen):  # it may be one of those without a name
            return Unread(UnknownKind.QUERY_ERROR, short)
        if seen.partial and key.namespace and not any(at.namespace == key.namespace for at in objects):
            return Unread(UnknownKind.NO_PRIVILEGE, f"nothing of namespace {safe(key.namespace)} is read")
        return None

    # -- what is said ------------------------------------------------------------------------------------------------

    def said(self, passed: bool, sentence: str, about: Iterable[Subject] = ()) -> Probed:
        """It passes, or it does not. ``sentence`` may hold names from outside."""
        at = min(self._proven, default=None)
        return Probed(passed=passed, sentence=safe(sentence), seen_at=at, about=tuple(about))

    def unknown(self, why: Unread, what: str = "") -> Probed:
        """``what``: of what nothing is known, ``checkout: ``."""
        return Probed(passed=None, sentence=safe(f"{what}{why.cause}"), unknown=why.unknown)

    def unclear(self, kind: UnknownKind, sentence: str) -> Probed:
        return Probed(passed=None, sentence=safe(sentence), unknown=kind)

    def misnamed(self, id: str) -> Probed:
        """An argument that names nothing of which anything could be known."""
        given = self.argument(id)
        sentence = f"{id} = {given!r} names no object: write it as Kind namespace/name"
        return self.unclear(UnknownKind.NOT_COMPARABLE, sentence)


def number_of(arguments: Mapping[str, str], id: str) -> int | None:
    """A whole number that an argument gives; None where it is none."""
    text = arguments.get(id, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
