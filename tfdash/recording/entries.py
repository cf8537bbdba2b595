"""What stands in a frame: entries, each a time, what was put, and the value, in the codec's words."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from tfdash.model.subject import ClusterRef, Key
from tfdash.recording.measured import MeasuredPods, Roster
from tfdash.recording.series import Chunk, SeriesView

_K = TypeVar("_K")
_V = TypeVar("_V")
MOST_OBJECT = 4 << 20  # bytes of one object: no server keeps one of half of that
MOST_HELD = 1_000_000  # objects of one kind of one cluster
# how many there may be: looked at before the first of them is read, so that a small file of many nothings costs nothing
Table = Annotated[dict[_K, _V], Meta(max_length=500_000)]
Gone = Annotated[list[_K], Meta(max_length=500_000)]
_Few = Annotated[dict[str, _V], Meta(max_length=1_000)]


class Written(msgspec.Struct, frozen=True, array_like=True):
    """``what`` as ``board.fold.Entered`` has it; "judged" of an assessment. Of an unknown one nothing is read."""

    at: float
    what: str
    body: msgspec.Raw
    chunks: Annotated[tuple[Chunk, ...], Meta(max_length=100_000)] = ()
    views: Annotated[tuple[SeriesView, ...], Meta(max_length=100_000)] = ()


Entries = Annotated[list[Written], Meta(max_length=100_000)]
"""Of one frame, which recorders end at a megabyte."""


class ObjectsBody(msgspec.Struct, frozen=True):
    """``seen`` without its value; of that, what appeared or changed (``Named`` by ``objects``, read when it is wanted), and what is ``gone``.
    ``whole``: nothing from before stays. ``more``: the next entry goes on with the same put. ``valued``: there is a value. ``listed``:
    a fresh list, which readers compare for themselves. ``roster``: who came to that of what is measured."""

    ref: ClusterRef
    kind: str
    seen: msgspec.Raw
    objects: msgspec.Raw
    gone: Gone[Key] = []
    whole: bool = False
    more: bool = False
    valued: bool = True
    listed: bool = False
    roster: Roster | None = None


Named = Annotated[list[tuple[str, str, str, msgspec.Raw]], Meta(max_length=10_000)]
"""Namespace and name of the key, the type's name, the object. One of type ``MEASURED`` stands for many, and its key is none."""
MEASURED = MeasuredPods.__name__


class DropBody(msgspec.Struct, frozen=True):
    ref: ClusterRef
    kind: str


class InfoBody(msgspec.Struct, frozen=True):
    ref: ClusterRef
    seen: msgspec.Raw


class SignalsBody(msgspec.Struct, frozen=True):
    """(topic, key, observation or None)."""

    signals: Annotated[list[tuple[str, msgspec.Raw, msgspec.Raw]], Meta(max_length=10_000)]


class FieldsBody(msgspec.Struct, frozen=True):
    """Of a struct as it was before, the fields that are another now; of those that are tables, what was set and which keys went."""

    fields: _Few[msgspec.Raw] = {}
    tables: _Few[tuple[msgspec.Raw, msgspec.Raw]] = {}
    whole: bool = False


class StatusBody(msgspec.Struct, frozen=True):
    source: str
    seen: msgspec.Raw


NIL = msgspec.Raw(msgspec.msgpack.encode(None))
BODIES: dict[str, Any] = {
    "put_objects": ObjectsBody,
    "drop_objects": DropBody,
    "put_info": InfoBody,
    "put_signals": SignalsBody,
    "put_store_state": FieldsBody,
    "put_status": StatusBody,
    "judged": FieldsBody,
}
