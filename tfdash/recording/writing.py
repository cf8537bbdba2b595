"""Entries of what entered the board and of what was judged: of each only what differs from what is written already."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from tfdash.anonymise.fields import TextRole, role_of
from tfdash.board.fold import Entered
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.kube import Object
from tfdash.model.observation import Observation
from tfdash.model.picture import Objects, Picture
from tfdash.model.store_state import EMPTY_STORE_STATE, ApprovalRequest, StoreState, VerifiedGood
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.recording.codec import Encoder, table_of
from tfdash.recording.entries import (
    MEASURED,
    NIL,
    DropBody,
    FieldsBody,
    InfoBody,
    ObjectsBody,
    SignalsBody,
    StatusBody,
    Written,
)
from tfdash.recording.grown import MORE, RUNS, apart
from tfdash.recording.measured import MeasuredWriter, Roster
from tfdash.text import scrubbed
from tfdash.views.mask import for_a_report, masked

if TYPE_CHECKING:
    from tfdash.anonymise.anonymiser import Anonymiser

_TOGETHER = 400  # objects of one entry, so that a frame is bounded
_MISSING = object()
_NONE_WRITTEN = 0, 0, 0  # ``SeriesWriter.mark`` where nothing waits
log = logging.getLogger(__name__)
_JUDGED = ("verdicts", "workloads")  # whose changes an update names


class EntryWriter:
    """Of one file. Holds, by reference, what was written last: as it is, though ``anonymiser`` has it written by other names."""

    def __init__(self, anonymiser: Anonymiser | None = None) -> None:
        self._anonymiser = anonymiser
        self._encoder = Encoder(anonymiser)
        self._line = msgspec.msgpack.Encoder()
        self._measured = MeasuredWriter()
        self.kinds: dict[tuple[ClusterRef, str], Observation[Objects]] = {}
        self.infos: dict[ClusterRef, Observation[Any]] = {}
        self.signals: dict[tuple[str, Any], Observation[Any]] = {}
        self.store = EMPTY_STORE_STATE
        self.statuses: dict[str, Observation[Any]] = {}
        self.assessment = EMPTY_ASSESSMENT
        self.left_out = 0  # puts and judgements that no recording can hold
        self._told = False
        self._puts: dict[str, Callable[..., Iterator[Any]]] = {
            "put_objects": self._objects,
            "drop_objects": self._drop,
            "put_info": self._info,
            "put_signals": self._signals,
            "put_store_state": self._store,
            "put_status": self._status,
        }

    def entries(self, one: Entered) -> Iterator[bytes]:
        """Of one put. Of what no recording holds yet (a put that came with a later version) nothing."""
        if self._anonymiser is not None and not self._anonymiser.tells(one.arguments):
            return
        make, store, left_out = self._puts.get(one.what), self.store, self.left_out
        if make is not None:
            yield from self._kept(one.at, one.what, make(*one.arguments))
        if self.left_out != left_out:  # what comes next of it is no change of that
            if one.what == "put_objects":
                self.kinds.pop(one.arguments[:2], None)
            elif one.what == "put_store_state":
                self.store = store

    def judged(self, at: float, assessment: Assessment, judged: frozenset[Subject] | None) -> Iterator[bytes]:
        """``judged``: as ``Update`` has it."""
        before, left_out, self.assessment = self.assessment, self.left_out, assessment
        if before is not assessment:
            yield from self._kept(at, "judged", self._said(before, assessment, judged))
        if self.left_out != left_out:
            self.assessment = before

    def _said(
        self, before: Assessment | None, after: Assessment, judged: frozenset[Subject] | None
    ) -> Iterator[FieldsBody]:
        yield self._differs(Assessment, before, after, judged)

    def _kept(self, at: float, what: str, bodies: Iterator[Any]) -> Iterator[bytes]:
        """What is of a type that no recording holds costs itself, and not all that is recorded."""
        try:
            for body in bodies:
                yield self._written(at, what, body)
        except (NotImplementedError, TypeError):
            self._encoder.series.back_to(_NONE_WRITTEN)
            self.left_out += 1
            log.log(
                logging.DEBUG if self._told else logging.ERROR, "a %s cannot be recorded", what, exc_info=True
            )
            self._told = True  # it may come with each put

    def take(self, picture: Picture, assessment: Assessment) -> None:
        """This is what there is, however it came to be: the next whole has it."""
        self.kinds = {(ref, k): seen for ref, c in picture.clusters.items() for k, seen in c.kinds.items()}
        self.infos = {ref: cluster.info for ref, cluster in picture.clusters.items()}
        names = type(picture.signals).__struct_fields__
        self.signals = {(n, k): seen for n in names for k, seen in getattr(picture.signals, n).items()}
        self.store, self.statuses, self.assessment = picture.store_state, dict(picture.sources), assessment

    def whole(self, at: float) -> Iterator[bytes]:
        """Everything that there is, from nothing on."""
        self._encoder.series.reset()
        self._measured.reset()
        if self._anonymiser is None:
            yield from self._each(at)
            return
        with self._anonymiser.table.gathered():
            self._learn_all(self._anonymiser)
        self._encoder.all_learned = True
        try:
            yield from self._each(at)
        finally:
            self._encoder.all_learned = False

    def _each(self, at: float) -> Iterator[bytes]:
        for ref, info in self.infos.items():
            yield from self._kept(at, "put_info", self._info(ref, info))
        for (ref, kind), seen in self.kinds.items():
            yield from self._kept(at, "put_objects", self._all(ref, kind, seen))
        for id, status in self.statuses.items():
            yield from self._kept(at, "put_status", self._status(id, status))
        for signal in self.signals.items():
            yield from self._kept(at, "put_signals", map(self._of_signals, ((signal,),)))
        yield from self._kept(at, "put_store_state", self._remembered())
        yield from self._kept(at, "judged", self._assessed())

    def _remembered(self) -> Iterator[FieldsBody]:
        yield self._differs(StoreState, None, _masked(self.store), None)

    def _learn_all(self, anonymiser: Anonymiser) -> None:
        self.kinds = {kind: seen for kind, seen in self.kinds.items() if anonymiser.tells(kind)}
        ordered = sorted(self.kinds.items(), key=lambda named: anonymiser.rank(named[0][1]))
        self._learned(self.infos, *(tuple((seen.value or {}).values()) for _, seen in ordered))
        self._learned(list(self.signals.values()), self.store, self.statuses, self.assessment)

    def learn(self, coming: Iterable[Entered]) -> None:
        """What is written next: a list may come behind the events that name what is in it."""
        anonymiser = self._anonymiser
        if anonymiser is None:
            return
        put = [
            one.arguments for one in coming if one.what == "put_objects" and anonymiser.tells(one.arguments)
        ]
        with anonymiser.table.gathered():
            for ref, kind, seen, changed in sorted(put, key=lambda of: anonymiser.rank(of[1])):
                self._learned(ref, self._new(ref, kind, seen.value or {}, changed))

    def _new(
        self, ref: ClusterRef, kind: str, objects: Objects, changed: frozenset[Key] | None
    ) -> list[Object]:
        """Those that are other than what was written last."""
        before = self.kinds.get((ref, kind))
        held = (before.value if before is not None else None) or {}
        keys = objects if changed is None else [key for key in changed if key in objects]
        return [one for key in keys if held.get(key) is not (one := objects[key])]

    def _learned(self, *values: Any) -> None:
        assert self._anonymiser is not None
        for value in values:
            try:
                self._anonymiser.learn(value)
            except TypeError:  # it is left out, and told, where it would be written
                continue

    def _assessed(self) -> Iterator[FieldsBody]:
        large: dict[str, Mapping[Any, Any]] = {name: getattr(self.assessment, name) for name in _JUDGED}
        small = msgspec.structs.replace(self.assessment, **{name: {} for name in large})
        yield self._differs(Assessment, None, small, None)
        for name, table in large.items():
            items = iter(table.items())
            while piece := dict(islice(items, _TOGETHER)):
                yield FieldsBody(tables={name: (self._encoder.clean(piece), self._encoder.value(()))})

    def _written(self, at: float, what: str, body: Any) -> bytes:
        raw = msgspec.Raw(self._line.encode(self._encoder.shown(body)))
        chunks, views = self._encoder.series.take()
        return self._line.encode(Written(at, what, raw, chunks, views))

    # -- of each put --------------------------------------------------------------------------------------------

    def _objects(
        self, ref: ClusterRef, kind: str, seen: Observation[Objects], changed: frozenset[Key] | None
    ) -> Iterator[ObjectsBody]:
        before = self.kinds.get((ref, kind))
        self.kinds[ref, kind] = seen
        if before is None or before.value is None or seen.value is None:
            yield from self._all(ref, kind, seen)
            return
        old, new = before.value, seen.value
        if changed is None:
            differ = [k for k, one in new.items() if (was := old.get(k)) is not one and was != one]
            gone = [k for k in old if k not in new]
        else:
            differ = [k for k in changed if (one := new.get(k)) is not None and old.get(k) is not one]
            gone = [k for k in changed if k in old and k not in new]
        whole = len(differ) == len(new) and bool(new)  # as what is measured: nothing from before stays
        yield from self._pieces(ref, kind, seen, differ, [] if whole else gone, whole, changed is None)

    def _pieces(
        self,
        ref: ClusterRef,
        kind: str,
        seen: Observation[Objects],
        keys: list[Key],
        gone: list[Key],
        whole: bool,
        listed: bool,
    ) -> Iterator[ObjectsBody]:
        about, value = self._about(seen), seen.value
        for start in range(0, max(1, len(keys)), _TOGETHER):
            end = start + _TOGETHER
            roster, objects = self._of((ref, kind), value if value is not None else {}, keys[start:end])
            yield ObjectsBody(
                ref,
                kind,
                about,
                objects,
                self._names(gone) if not start else [],
                whole=whole and not start,
                more=end < len(keys),
                valued=value is not None,
                listed=listed,
                roster=roster,
            )

    def _all(self, ref: ClusterRef, kind: str, seen: Observation[Objects]) -> Iterator[ObjectsBody]:
        return self._pieces(ref, kind, seen, list(seen.value or ()), [], True, True)

    def _of(
        self, at: tuple[ClusterRef, str], value: Objects, keys: list[Key]
    ) -> tuple[Roster | None, msgspec.Raw]:
        objects: list[Object] = self._encoder.shown(
            [value[key] for key in keys], learned=True
        )  # by ``learn``
        keys = self._encoder.shown(keys, learned=True)
        columns = self._measured.written(at, keys, objects)
        if columns is not None:
            roster, row = columns
            if not self._encoder.suspicious(self._line.encode(roster)):  # numbers tell no secret
                return roster, msgspec.Raw(self._line.encode([("", "", MEASURED, row)]))
            self._measured.forget(at, roster)
        raws = self._encoder.clean_each(objects)
        named = [
            (key[0], key[1], type(one).__name__, raw)
            for key, one, raw in zip(self._names(keys), objects, raws, strict=True)
        ]
        return None, msgspec.Raw(self._line.encode(named))

    def _names(self, keys: list[Key]) -> list[Key]:
        """Without secrets, as the objects themselves have their names."""
        joined = "\n".join(part for key in keys for part in key)
        if not self._encoder.suspicious(joined.encode("utf-8", "replace")):
            return keys
        return [Key(*map(scrubbed, key)) for key in keys]

    def _about(self, seen: Observation[Any]) -> msgspec.Raw:
        """All of it but the value."""
        return self._encoder.clean(msgspec.structs.replace(seen, value=None))

    def _drop(self, ref: ClusterRef, kind: str) -> Iterator[DropBody]:
        if self.kinds.pop((ref, kind), None) is not None:
            yield DropBody(ref, kind)

    def _info(self, ref: ClusterRef, seen: Observation[Any]) -> Iterator[InfoBody]:
        self.infos[ref] = seen
        yield InfoBody(ref, self._encoder.clean(seen))

    def _signals(self, published: Mapping[tuple[str, Any], Observation[Any] | None]) -> Iterator[SignalsBody]:
        for signal in published.items():  # each an entry of its own: its samples are its own
            key, seen = signal
            if self.signals.get(key) is not seen:
                if seen is None:
                    del self.signals[key]
                else:
                    self.signals[key] = seen
                yield self._of_signals((signal,))

    def _of_signals(self, signals: Iterable[tuple[tuple[str, Any], Observation[Any] | None]]) -> SignalsBody:
        made = [
            (
                topic,
                self._encoder.clean(key, role_of("Signals", topic)),
                NIL if seen is None else self._encoder.clean(seen),
            )
            for (topic, key), seen in signals
        ]
        return SignalsBody(made)

    def _store(self, state: StoreState) -> Iterator[FieldsBody]:
        before, self.store = self.store, state
        yield self._differs(StoreState, _masked(before), _masked(state), None)

    def _status(self, source: str, seen: Observation[Any]) -> Iterator[StatusBody]:
        self.statuses[source] = seen
        yield StatusBody(source, self._encoder.clean(seen))

    def _differs(self, of: type, before: Any, after: Any, judged: frozenset[Subject] | None) -> FieldsBody:
        """``before`` None: all of it. ``judged``: of the tables that updates tell of, the only keys to look at."""
        fields: dict[str, msgspec.Raw] = {}
        tables: dict[str, tuple[msgspec.Raw, msgspec.Raw]] = {}
        for name in after.__struct_fields__:
            new, old = getattr(after, name), _MISSING if before is None else getattr(before, name)
            if new is old:
                continue
            if name == "sections":
                new, old = (
                    {s.id: s for s in some} if isinstance(some, tuple) else some for some in (new, old)
                )
            elif table_of(of, name) is None or new is None or old is None or old is _MISSING:
                if old is _MISSING or new != old:
                    fields[name] = self._encoder.clean(new, role_of(of.__name__, name))
                continue
            was: Any = {} if old is _MISSING else old
            asked: Iterable[Any] = [*new, *(key for key in was if key not in new)]
            if judged is not None and name in _JUDGED:
                asked = judged
            put = {k: new[k] for k in asked if k in new and (o := was.get(k)) is not new[k] and o != new[k]}
            gone = [key for key in asked if key in was and key not in new]
            if name == RUNS and put:
                put, more = apart(was, put)
                if more:
                    role = role_of(of.__name__, name)
                    tables[MORE] = self._encoder.clean(more, role), self._encoder.clean([], role)
            if put or gone:
                role = TextRole.OWN if name == "sections" else role_of(of.__name__, name)
                tables[name] = self._encoder.clean(put, role), self._encoder.clean(gone, role)
        return FieldsBody(fields, tables, whole=before is None)


def _masked(state: StoreState) -> StoreState:
    """Without the values of variables in what it remembers of pod templates and plans: a report says none either."""
    if not state.verified and not state.approvals:
        return state
    return msgspec.structs.replace(
        state,
        verified={subject: _masked_one(good, "template") for subject, good in state.verified.items()},
        approvals=tuple(_masked_one(request, "plan") for request in state.approvals),
    )


def _masked_one(value: Any, field: str) -> Any:
    assert isinstance(value, VerifiedGood | ApprovalRequest)
    try:
        document = json.loads(getattr(value, field))
    except ValueError:
        document = None
    with for_a_report():
        shown = json.dumps(masked(document), sort_keys=True) if isinstance(document, dict) else "{}"
    return msgspec.structs.replace(value, **{field: shown})
