"""The rows of a list, kept current from the board's updates.

A reset costs one pass over the keys; all else about a row is computed when it is asked for: cells for the rows in
view, search texts when a filter is first tried (``prepare`` makes them in slices beforehand). The objects themselves
stay in the picture; a row costs its key and its search text.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from math import nan
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.kube import EMPTY_LABELS, Labels, Object, Provisional
from tfdash.model.picture import Objects, Picture
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.update import Update
from tfdash.model.verdict import Level
from tfdash.views import says
from tfdash.views.age import Freshness
from tfdash.views.filter import Amount, parse_number
from tfdash.views.kinds.base import UTC, Context, Field, KindView, SortValue
from tfdash.views.rowbeside import Beside
from tfdash.views.rowfields import RowShape, fields_of, named
from tfdash.views.scope import EVERYTHING, Match, Restriction, chosen


class RowKey(NamedTuple):
    """One row of any list, of one kind or of several, of one cluster or of several."""

    cluster: ClusterRef
    kind: str
    key: Key

    @property
    def subject(self) -> Subject:
        """Who it is, without a uid."""
        return Subject(self.cluster, self.kind, self.key.namespace, self.key.name)


class RowChanges(NamedTuple):
    """What an update did to the rows. After a ``reset`` any row may be new, gone or changed, and the sets are empty.
    ``measured``: rows that use something else than before; nothing but their ``Field.measured`` cells is another."""

    reset: bool = False
    added: frozenset[RowKey] = frozenset()
    removed: frozenset[RowKey] = frozenset()
    changed: frozenset[RowKey] = frozenset()
    measured: frozenset[RowKey] = frozenset()

    def __bool__(self) -> bool:
        return any(self)


_NOTHING: Objects = {}
RESET = RowChanges(reset=True)
MANY = 2000  # more differences than this after a fresh list are not worth naming


class BoardRows:
    """The rows of one view. Not thread-safe: one reader calls it, on its own thread.

    ``clusters`` None means all of the picture. ``update`` must see every update of the board, or two of them merged
    by ``tfdash.model.update.merged``.
    """

    def __init__(
        self,
        view: KindView,
        restriction: Restriction = EVERYTHING,
        clusters: tuple[ClusterRef, ...] | None = None,
        zone: ZoneInfo = UTC,
    ) -> None:
        self.view = view
        self.restriction = restriction
        self.now = 0.0
        self.assessment: Assessment = EMPTY_ASSESSMENT
        self._clusters = clusters
        self._zone = zone
        self._picture: Picture | None = None
        self._members: dict[tuple[ClusterRef, str], Objects] = {}
        self._sources: dict[tuple[ClusterRef, str], Objects] = {}
        self._search: dict[tuple[ClusterRef, str], dict[Key, str]] = {}
        self._unsearched: Iterator[RowKey] | None = None
        self._beside = Beside(view)
        self._contexts: dict[tuple[ClusterRef, str], Context] = {}
        self._shape = RowShape(view)
        self.fields: tuple[Field, ...] = fields_of(view, restriction, several_clusters=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """The kinds that must be wanted of the board for this list."""
        return tuple(dict.fromkeys((*self.view.kinds, *self.view.needs, *self.restriction.needs)))

    # -- keeping current ----------------------------------------------------------------------------------------

    def update(self, update: Update, now: float) -> RowChanges:
        """Take an update in; says which rows it touched."""
        first = self._picture is None
        self._picture, self.assessment = update.picture, update.assessment
        self.at(now)
        shown = chosen(self._clusters, update.picture.clusters)
        fields = fields_of(
            self._shape.view(update.picture, shown), self.restriction, several_clusters=len(shown) > 1
        )
        if [(f.id, f.width) for f in fields] != [(f.id, f.width) for f in self.fields]:
            self.fields, first = fields, True
        added: set[RowKey] = set()
        removed: set[RowKey] = set()
        changed: set[RowKey] = set()
        measured: set[RowKey] = set()
        reset = first
        for ref in shown:
            cluster = update.picture.clusters[ref]
            match = self.restriction.match(cluster)
            rematch = any((ref, kind) in update.change.keys for kind in self.restriction.needs)
            for kind in self.view.kinds:
                at = (ref, kind)
                now_there = cluster.objects(kind)
                keys = update.change.keys.get(at)  # a change that was not announced is compared as a whole
                if now_there is self._sources.get(at, _NOTHING) and not rematch and not first:
                    continue
                before = self._members.get(at, _NOTHING)
                if keys is None or rematch or first:
                    after = self._narrowed(now_there, match)
                    diff = None if first or not before else _differences(before, after)
                else:
                    after, diff = self._followed(before, now_there, keys, match)
                self._sources[at], self._members[at] = now_there, after
                if diff is None:
                    reset = reset or bool(before or after)
                    self._search.pop(at, None)
                else:
                    self._note(at, diff, (added, removed, changed))
            changed |= self._follow_use(update, ref)
            measured |= self._measured(update, ref)
        changed |= self._judged(update)
        if reset:
            self._unsearched = None
            return RESET
        changed -= added
        changed -= removed
        sets = (added, removed, changed, measured)
        return RowChanges(False, *map(frozenset, sets))

    def _measured(self, update: Update, ref: ClusterRef) -> set[RowKey]:
        kind = self.view.kinds[0]
        members = self._members.get((ref, kind), _NOTHING)
        return {RowKey(ref, kind, key) for key in self._beside.follow_measured(update, ref) if key in members}

    def at(self, now: float) -> None:
        """Let time pass: ages are written as of ``now`` (epoch seconds)."""
        self.now = now
        self._contexts = {}

    def _narrowed(self, objects: Objects, match: Match | None) -> Objects:
        namespaces = self.restriction.namespaces if self.view.namespaced else None
        if namespaces is None and match is None:
            return objects
        return {
            key: obj
            for key, obj in objects.items()
            if (namespaces is None or key.namespace in namespaces) and (match is None or match(obj))
        }

    def _followed(
        self, before: Objects, now_there: Objects, keys: frozenset[Key], match: Match | None
    ) -> tuple[Objects, _Diff]:
        """The members after some keys changed; shares the picture's mapping where nothing restricts it."""
        touched = {key: now_there[key] for key in keys if key in now_there}
        kept = self._narrowed(touched, match)
        diff = _Diff(
            [k for k in kept if k not in before],
            [k for k in keys if k in before and k not in kept],
            [k for k, obj in kept.items() if k in before and before[k] is not obj],
        )
        if (
            kept is touched
            and match is None
            and (self.restriction.namespaces is None or not self.view.namespaced)
        ):
            return now_there, diff
        members = dict(before)
        for key in diff.removed:
            del members[key]
        members.update(kept)
        return members, diff

    def _note(
        self, at: tuple[ClusterRef, str], diff: _Diff, into: tuple[set[RowKey], set[RowKey], set[RowKey]]
    ) -> None:
        texts = self._search.get(at, {})
        for keys, rows in zip(diff, into, strict=True):
            for key in keys:
                texts.pop(key, None)
                rows.add(RowKey(*at, key))

    def _judged(self, update: Update) -> set[RowKey]:
        """Rows of which something else was said. Only kinds that are judged show it."""
        if not self.view.judged:
            return set()
        rows = set()
        if update.judged is None:
            self._search.clear()
            return {RowKey(*at, key) for at, members in self._members.items() for key in members}
        for subject in update.judged:
            members = self._members.get((subject.cluster, subject.kind), _NOTHING)
            if subject.key in members:
                self._search.get((subject.cluster, subject.kind), {}).pop(subject.key, None)
                rows.add(RowKey(subject.cluster, subject.kind, subject.key))
        return rows

    def _follow_use(self, update: Update, ref: ClusterRef) -> set[RowKey]:
        """The rows of the nodes for which it changed what their pods ask for."""
        nodes = self._members.get((ref, "Node"), _NOTHING)
        touched = [Key("", name) for name in self._beside.follow_pods(update, ref, nodes)]
        for key in touched:
            self._search.get((ref, "Node"), {}).pop(key, None)
        return {RowKey(ref, "Node", key) for key in touched if key in nodes}

    # -- rows ---------------------------------------------------------------------------------------------------

    def keys(self) -> list[RowKey]:
        """The keys of all rows, in the order in which the server listed them."""
        return [RowKey(ref, kind, key) for (ref, kind), members in self._members.items() for key in members]

    def __iter__(self) -> Iterator[RowKey]:
        return iter(self.keys())

    def __len__(self) -> int:
        return sum(len(members) for members in self._members.values())

    def __contains__(self, row: object) -> bool:
        return isinstance(row, RowKey) and row.key in self._members.get((row.cluster, row.kind), _NOTHING)

    def object(self, row: RowKey) -> Object | None:
        """The object of a row, ``Provisional`` while it is not known whole; None when the row is gone."""
        return self._members.get((row.cluster, row.kind), _NOTHING).get(row.key)

    def subject(self, row: RowKey) -> Subject:
        """Who it is, with its uid once that is known ("" until then: no action may be offered)."""
        obj = self.object(row)
        return row.subject._replace(uid=obj.uid if obj is not None else "")

    def provisional(self, row: RowKey) -> bool:
        return isinstance(self.object(row), Provisional)

    def text(self, row: RowKey, field: Field) -> str:
        obj = self.object(row)
        return "" if obj is None else field.text(obj, self.context(row))

    def sort_value(self, row: RowKey, field: Field) -> SortValue:
        obj = self.object(row)
        return "" if obj is None else field.sort_value(obj, self.context(row))

    def levels(self, row: RowKey) -> list[Level]:
        """What its cells say of how it stands, in kinds that are judged."""
        obj = self.object(row)
        if obj is None:
            return []
        context = self.context(row)
        return [field.level(obj, context) for field in self.fields if field.level is not None]

    def tokens(self, row: RowKey) -> tuple[str, ...]:
        """What its cells say by their colours."""
        obj = self.object(row)
        if obj is None:
            return ()
        context = self.context(row)
        return tuple(field.token(obj, context) for field in self.fields if field.paint is not None)

    def marks(self, row: RowKey) -> tuple[Hashable, ...]:
        """One value a column; where it differs from before, the cell changed for the eye."""
        obj = self.object(row)
        if obj is None:
            return ()
        context = self.context(row)
        return tuple(field.mark(obj, context) for field in self.fields)

    def labels(self, row: RowKey) -> Labels:
        obj = self.object(row)
        return EMPTY_LABELS if obj is None else obj.labels

    def context(self, row: RowKey) -> Context:
        at = (row.cluster, row.kind)
        context = self._contexts.get(at)
        if context is None:
            use, measured = self._beside.use(row.cluster), self._beside.measured(row.cluster)
            context = Context(self.now, row.cluster, row.kind, self.assessment, self._zone, use, measured)
            self._contexts[at] = context
        return context

    # -- searching ----------------------------------------------------------------------------------------------

    def search_text(self, row: RowKey) -> str:
        """Lower case text that a filter is tried on; made once for each state of a row."""
        texts = self._search.setdefault((row.cluster, row.kind), {})
        text = texts.get(row.key)
        if text is None:
            obj = self.object(row)
            text = "" if obj is None else self._searched(obj, self.context(row))
            texts[row.key] = text
        return text

    def _searched(self, obj: Object, context: Context) -> str:
        """What the view says beside its cells, and each cell on a line of its own; what time alone or a measurement changes is left out."""
        cells = (f.text(obj, context).lower() for f in self.fields if not f.clock and not f.measured)
        return "\n".join((self.view.search_text(obj, context), *cells))

    def amount(self, row: RowKey, column: str) -> Amount | None:
        """What a column (its id or title in lower case) says as a number; an age in seconds."""
        field = named(self.fields, column)
        if field is None:
            return None
        obj = self.object(row)
        if obj is None:
            return Amount(nan)
        context = self.context(row)
        if field.measured:
            number = field.typed(obj, context)
            return Amount(number if isinstance(number, int | float) else nan)
        if field.clock and not field.counts:
            minus_when = field.sort_value(obj, context)  # ages sort by it
            return Amount(
                self.now + minus_when if isinstance(minus_when, float) and minus_when else nan, True
            )
        return Amount(parse_number(field.text(obj, context)))

    def prepare(self, limit: int = 500) -> bool:
        """Make up to ``limit`` search texts beforehand; True when none is missing. For idle moments."""
        if self._unsearched is None:
            self._unsearched = iter(self.keys())
        for _ in range(limit):
            row = next(self._unsearched, None)
            if row is None:
                return True
            self.search_text(row)
        return False

    # -- what the list says of itself ---------------------------------------------------------------------------

    @property
    def seen(self) -> list[says.ObservedKind]:
        """The observations behind the rows, of each cluster and kind."""
        if self._picture is None:
            return []
        clusters = self._picture.clusters
        return [
            (clusters[ref], kind, clusters[ref].kinds.get(kind))
            for ref in chosen(self._clusters, clusters)
            for kind in self.view.kinds
        ]

    @property
    def progress(self) -> str:
        return says.progress(self.seen, self.view.noun)

    @property
    def unread(self) -> bool:
        return not len(self) and says.unread(self.seen)

    @property
    def empty(self) -> str:
        """Why there is no row; "" where there are rows."""
        if len(self):
            return ""
        if self._picture is None:
            return f"loading {self.view.noun} …"
        return says.empty(self.seen, self.view.noun, self.restriction, self.view.namespaced)

    @property
    def freshness(self) -> Freshness:
        return says.freshness(self.seen, self.now, self.assessment.stale)

    @property
    def hidden(self) -> str:
        return says.hidden(self.seen)


class _Diff(NamedTuple):
    added: list[Key]
    removed: list[Key]
    changed: list[Key]


def _differences(before: Objects, after: Objects) -> _Diff | None:
    """What a fresh list changed, by resource version; None where it changed so much that naming it is no help."""
    added: list[Key] = []
    changed: list[Key] = []
    for key, obj in after.items():
        old = before.get(key)
        if old is None:
            added.append(key)
        elif old is not obj and (not obj.resource_version or old.resource_version != obj.resource_version):
            changed.append(key)
    removed = [key for key in before if key not in after]
    return _Diff(added, removed, changed) if len(added) + len(removed) + len(changed) <= MANY else None
