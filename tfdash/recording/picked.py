"""The state that entries of a recording add up to: a picture and an assessment. What is only passed over is not decoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from tfdash.board.fold import Entered
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.kube import Object
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Objects, Picture, ServerInfo, SourceInfo
from tfdash.model.run import RunJournal
from tfdash.model.section import SectionState
from tfdash.model.store_state import EMPTY_STORE_STATE, StoreState
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.traffic import Signals
from tfdash.recording.bounds import Odd, bounded
from tfdash.recording.codec import decoder, fields_of, object_types, table_of
from tfdash.recording.entries import (
    BODIES,
    MEASURED,
    MOST_HELD,
    MOST_OBJECT,
    FieldsBody,
    Gone,
    Named,
    ObjectsBody,
    Table,
    Written,
)
from tfdash.recording.grown import MORE, RUNS, joined
from tfdash.recording.measured import Known, MeasuredColumns, MeasuredObjects, MeasuredPods, known
from tfdash.recording.series import UNREADABLE, WITH_SERIES, SeriesReader, SeriesView


class _Waiting(NamedTuple):
    """Not decoded yet. ``whole``: of a picture that is written whole."""

    type: str
    raw: msgspec.Raw
    views: tuple[SeriesView, ...]
    whole: bool


_Put = tuple[ObjectsBody, tuple[SeriesView, ...], bool, list[Known]]
_Made = dict[tuple[str, bytes], Object]


class _Kind:
    """One kind of one cluster. ``objects`` None: nothing was ever read of it. ``coming``: of a put whose end is still to come; ``waiting``:
    what was put and not read yet. ``measured``: some of the objects are ``MeasuredAt``."""

    __slots__ = ("coming", "lost", "measured", "objects", "seen", "waiting")

    def __init__(self) -> None:
        self.seen = _UNSEEN
        self.objects: dict[Key, Any] | None = None
        self.lost: set[Key] = set()  # objects that could not be read
        self.measured = False
        self.coming: list[_Put] = []
        self.waiting: list[_Put] = []


_UNSEEN = msgspec.Raw(msgspec.msgpack.encode(Observation()))


class Picked:
    """Of one recording, from a keyframe on. Raises ``Odd`` and ``msgspec.MsgspecError`` for what is not as recorders write it."""

    def __init__(self, clusters: tuple[ClusterRef, ...], before: Picked | None = None) -> None:
        """``before``: another state of the same recording; what is in both is not decoded again."""
        self.at = 0.0
        # objects of the newest picture that is written whole, and of one before it, by what is written of them
        self._made: _Made = {}
        self._made_before: _Made = {} if before is None else before._made or before._made_before
        self._within = False  # a picture that is written whole
        self._clusters = clusters
        self._series = SeriesReader()
        self._kinds: dict[tuple[ClusterRef, str], _Kind] = {}
        self._rosters: dict[tuple[ClusterRef, str], list[Known]] = {}  # these lists only grow
        self._infos: dict[ClusterRef, Observation[ServerInfo]] = {}
        self._signals: dict[str, dict[Any, Observation[Any]]] = {}
        self._store: dict[str, Any] = {}
        self._statuses: dict[str, Observation[SourceInfo]] = {}
        self._said: dict[str, Any] = {}
        # not decoded yet: who looks at pictures alone asks for nothing of it
        self._saying: deque[FieldsBody] = deque()
        self._assessment: Assessment | None = None
        self._take: dict[str, Callable[[Any, tuple[SeriesView, ...], bool], Any]] = {
            "put_objects": self._put_objects,
            "drop_objects": self._drop_objects,
            "put_info": self._put_info,
            "put_signals": self._put_signals,
            "put_store_state": self._put_store_state,
            "put_status": self._put_status,
            "judged": self._judged,
        }
        self.unknown: dict[
            str, int
        ] = {}  # types and puts of another version, and how many of each were left out

    # -- reading ------------------------------------------------------------------------------------------------

    def absorb(self, one: Written, tell: bool = False, whole: bool = False) -> Entered | None:
        """Take it in. ``tell``: what it was, as it entered the board; None where that is nothing that does. ``whole``: it is of a picture
        that is written whole, until ``is_whole``."""
        self.at = max(self.at, one.at)
        self._within = whole
        for chunk in one.chunks:
            self._series.grow(chunk, anew=whole)
        body_of = BODIES.get(one.what)
        if body_of is None:
            self._leave_out(one.what)
            return None
        body = decoder(body_of).decode(one.body)
        if (ref := getattr(body, "ref", None)) is not None and ref not in self._clusters:
            raise Odd("what is of no cluster of it")
        arguments: tuple[Any, ...] | None = self._take[one.what](body, one.views, tell)
        return Entered(one.at, one.what, arguments) if tell and arguments is not None else None

    def is_whole(self) -> None:
        """All of the picture was said anew."""
        self._series.forget()
        if self._made:
            self._made, self._made_before = {}, self._made

    def _leave_out(self, name: str) -> None:
        if name in self.unknown or len(self.unknown) < 100:
            self.unknown[name] = self.unknown.get(name, 0) + 1

    def _put_objects(self, body: ObjectsBody, views: tuple[SeriesView, ...], tell: bool) -> Any:
        kind = self._kinds.setdefault((body.ref, body.kind), _Kind())
        if kind.coming and (body.whole or not kind.coming[-1][0].more):
            kind.coming.clear()  # the end of that put is lacking
        kind.coming.append((body, views, self._within, self._roster(body)))
        if body.more:
            return None
        first, put = kind.coming[0][0], kind.coming
        kind.coming = []
        if tell:
            self._settle(kind)  # what was put before is no part of what this one names
        if first.whole:
            kind.waiting.clear()
        kind.waiting += put
        if not tell:
            return None
        changed = self._settle(kind)
        return body.ref, body.kind, self._observation(kind), None if body.listed else frozenset(changed)

    def _roster(self, body: ObjectsBody) -> list[Known]:
        at, grown = (body.ref, body.kind), body.roster
        held = self._rosters.setdefault(at, [])
        if grown is not None:
            if not grown.since:
                held = self._rosters[at] = []
            if grown.since != len(held):
                raise Odd("a roster that does not go on where it ended")
            held += map(known, grown.pods)
        return held

    def _measured(self, raw: msgspec.Raw, roster: list[Known]) -> dict[Key, Any]:
        """Who was measured; {} where the row is odd."""
        try:
            return MeasuredColumns(decoder(MeasuredPods).decode(raw), roster).all()
        except UNREADABLE:
            self._leave_out(MEASURED)
            return {}

    def _settle(self, kind: _Kind) -> set[Key]:
        """Read what waits; which keys of the last put it names. Where that cannot be read nothing is known of the kind any more."""
        waiting, kind.waiting = kind.waiting, []
        try:
            return self._take_in(kind, waiting)
        except UNREADABLE:
            kind.objects, kind.lost, kind.seen = None, set(), _UNSEEN
            self._leave_out(waiting[-1][0].kind)
            return set()

    def _take_in(self, kind: _Kind, waiting: list[_Put]) -> set[Key]:
        changed: set[Key] = set()
        for body, views, whole, roster in waiting:
            if body.whole:
                changed.update(kind.objects or ())
                kind.objects, kind.lost, kind.measured = {} if body.valued else None, set(), False
            elif kind.objects is None:
                kind.objects = {}
            objects = kind.objects if kind.objects is not None else {}
            kind.seen = body.seen
            for key in body.gone:
                objects.pop(key, None)
                kind.lost.discard(key)
                changed.add(key)
            named: Named = decoder(Named).decode(body.objects)
            for namespace, name, type, raw in named:
                key = Key(namespace, name)
                if type == MEASURED and kind.objects is not None:
                    measured = self._measured(raw, roster)
                    kind.measured = True
                    kind.objects |= measured
                    kind.lost = kind.lost - measured.keys() if measured else {*kind.lost, key}
                    changed.update(measured)
                    continue
                kind.lost.discard(key)
                if type in object_types():
                    objects[key] = _Waiting(type, raw, views, whole)
                    changed.add(key)
                else:
                    self._leave_out(type)
                    kind.lost.add(key)
            if len(objects) + len(kind.lost) > MOST_HELD:
                raise Odd("more objects than a cluster has")
        bounded(decoder(Observation[None]).decode(kind.seen))
        return changed

    def _observation(self, kind: _Kind) -> Observation[Objects]:
        self._settle(kind)
        seen: Observation[Any] = decoder(Observation[None]).decode(kind.seen)
        if kind.objects is None:
            return seen
        for key, one in tuple(kind.objects.items()):
            if type(one) is _Waiting:
                try:
                    kind.objects[key] = self._object(one)
                except UNREADABLE:
                    del kind.objects[key]
                    self._leave_out(one.type)
                    kind.lost.add(key)
        held = dict(kind.objects)
        value: Objects = MeasuredObjects(held) if kind.measured else held
        return msgspec.structs.replace(seen, value=value, unreadable=seen.unreadable + len(kind.lost))

    def _object(self, one: _Waiting) -> Object:
        of = object_types()[one.type]
        if len(bytes(one.raw)) > MOST_OBJECT:
            raise Odd("an object larger than servers keep")
        if not one.whole or of in WITH_SERIES:  # samples are placed by what was read before them
            made: Object = _read(of, one.raw)
            self._place(made, one.views)
            return made
        written = one.type, bytes(one.raw)
        known = self._made_before.get(written)
        made = self._made[written] = _read(of, one.raw) if known is None else known
        return made

    def _place(self, value: Any, views: tuple[SeriesView, ...]) -> None:
        put = WITH_SERIES.get(type(value))
        if put is not None:
            put(value, lambda placed: self._series.view(placed, views))

    def _drop_objects(self, body: Any, views: tuple[SeriesView, ...], tell: bool) -> Any:
        self._kinds.pop((body.ref, body.kind), None)
        return body.ref, body.kind

    def _put_info(self, body: Any, views: tuple[SeriesView, ...], tell: bool) -> Any:
        self._infos[body.ref] = _read(Observation[ServerInfo], body.seen)
        return body.ref, self._infos[body.ref]

    def _put_status(self, body: Any, views: tuple[SeriesView, ...], tell: bool) -> Any:
        self._statuses[body.source] = _read(Observation[SourceInfo], body.seen)
        return body.source, self._statuses[body.source]

    def _put_signals(self, body: Any, views: tuple[SeriesView, ...], tell: bool) -> Any:
        published: dict[tuple[str, Any], Observation[Any] | None] = {}
        for topic, raw_key, raw in body.signals:
            types = table_of(Signals, topic) if topic in Signals.__struct_fields__ else None
            if types is None:
                self._leave_out(topic)
                continue
            key = decoder(types[0]).decode(raw_key)
            table = self._signals.setdefault(topic, {})
            try:
                seen: Observation[Any] | None = decoder(types[1] | None).decode(raw)
                bounded(seen)
            except (msgspec.ValidationError, Odd):  # another version's: nothing is known of it
                self._leave_out(topic)
                seen = None
            if seen is not None:
                self._place(seen.value, views)
                table[key] = seen
            elif table.pop(key, None) is None:
                continue
            published[topic, key] = seen
        return (published,)

    def _put_store_state(self, body: FieldsBody, views: tuple[SeriesView, ...], tell: bool) -> Any:
        self._fields(StoreState, self._store, body)
        return (self._state(),) if tell else None

    def _judged(self, body: FieldsBody, views: tuple[SeriesView, ...], tell: bool) -> Any:
        if body.whole:
            self._saying.clear()
        self._saying.append(body)
        return (self.assessment(),) if tell else None

    def _fields(self, of: type, held: dict[str, Any], body: FieldsBody) -> None:
        if body.whole:
            held.clear()
        for name, raw in body.fields.items():
            try:
                held[name] = _read(fields_of(of)[name], raw)
            except (KeyError, msgspec.ValidationError):  # another version's
                self._leave_out(name)
        for name, (put, gone) in body.tables.items():
            if name == MORE and RUNS in fields_of(of):
                held[RUNS] = joined(held.get(RUNS) or {}, _read(Table[str, RunJournal], put))
                continue
            types = (str, SectionState) if name == "sections" else None
            if types is None and name in fields_of(of):
                types = table_of(of, name)
            if types is None:
                self._leave_out(name)
                continue
            table = dict(held.get(name) or {})
            table.update(_read(Table[types[0], types[1]], put))  # type: ignore[valid-type]
            for key in decoder(Gone[types[0]]).decode(gone):  # type: ignore[valid-type]
                table.pop(key, None)
            held[name] = table

    # -- what it adds up to -------------------------------------------------------------------------------------

    def _state(self) -> StoreState:
        return msgspec.structs.replace(EMPTY_STORE_STATE, **self._store)

    def assessment(self) -> Assessment:
        while self._saying:
            self._assessment = None
            try:
                self._fields(Assessment, self._said, self._saying.popleft())
            except UNREADABLE:
                self._leave_out("judged")
        if self._assessment is None:
            held: Mapping[str, Any] = {
                n: tuple(v.values()) if n == "sections" else v for n, v in self._said.items()
            }
            self._assessment = msgspec.structs.replace(EMPTY_ASSESSMENT, **held)
        return self._assessment

    def picture(self, number: int) -> Picture:
        kinds: dict[ClusterRef, dict[str, Observation[Objects]]] = {ref: {} for ref in self._clusters}
        for (ref, name), kind in self._kinds.items():
            kinds[ref][name] = self._observation(kind)
        return Picture(
            at=self.at,
            number=number,
            clusters={
                ref: ClusterPicture(
                    ref=ref,
                    info=self._infos.get(ref, Observation(source=ref.cluster)),
                    kinds=kinds[ref],
                )
                for ref in self._clusters
            },
            signals=Signals(**{topic: dict(table) for topic, table in self._signals.items()}),
            store_state=self._state(),
            sources=dict(self._statuses),
        )


def _read(of: Any, raw: msgspec.Raw) -> Any:
    """One of that type, all its times within a calendar."""
    made = decoder(of).decode(raw)
    bounded(made)
    return made
