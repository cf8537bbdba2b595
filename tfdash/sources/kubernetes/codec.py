"""Decoders of lists, single items and watch events for each kind. A list that is none (another kind, no items) is no empty
list."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from tfdash.model.kinds import KINDS
from tfdash.model.kube import Object
from tfdash.model.picture import Objects
from tfdash.model.subject import Key
from tfdash.nouns import plural
from tfdash.pieces import at_once
from tfdash.sources.kubernetes import envelopes
from tfdash.sources.kubernetes.decoders.common import Again, Decoders
from tfdash.sources.kubernetes.decoders.wire import PodMeta
from tfdash.sources.kubernetes.malformed import Malformed, named

T = TypeVar("T")
_EVENT = msgspec.json.Decoder(envelopes.WatchEvent)
_RAW_LIST = msgspec.json.Decoder(envelopes.RawList)
_PIECE = 50  # items
_NOTHING: Objects = {}


class _List(msgspec.Struct, Generic[T]):
    metadata: envelopes.ListMeta
    kind: str = ""
    items: list[T] | None = None


class _Identity(msgspec.Struct):
    metadata: PodMeta


_identity = msgspec.json.Decoder(_Identity).decode


class OddItem(ValueError):
    """What is odd about an item that its types allow."""


def decoder_of(kind: str) -> tuple[type[Any], Callable[[Any], Object]]:
    """The wire form of a listed kind, and what makes an object of the model of it."""
    module = import_module(f"tfdash.sources.kubernetes.decoders.{KINDS[kind].decoder}")
    decoders: Decoders = module.DECODERS
    return decoders[kind]


class _Decoders(NamedTuple):
    of_list: msgspec.json.Decoder[Any]
    of_item: msgspec.json.Decoder[Any]
    of_items: msgspec.json.Decoder[list[Any]]
    convert: Callable[[Any], Object]
    again: Callable[[Any, Object | None], Object] | None


@cache  # a millisecond each: one of a kind for all clusters, and for each restart of a feed
def _decoders(kind: str) -> _Decoders:
    wire, convert = decoder_of(kind)
    # its own kind stands in a watch event and in a custom resource; built-in kinds leave it out of their lists
    kinded = msgspec.defstruct(wire.__name__, [("kind", str, "")], bases=(wire,), rename="camel", gc=False)
    # which type it is depends on the kind
    of_list = msgspec.json.Decoder(_List[kinded])  # type: ignore[valid-type]
    of_items = msgspec.json.Decoder(list[kinded])  # type: ignore[valid-type]
    module = import_module(convert.__module__)
    again: Again = getattr(module, "AGAIN", {})
    return _Decoders(of_list, msgspec.json.Decoder(kinded), of_items, convert, again.get(kind))


class Codec(Malformed):
    """Of one kind."""

    list_accept = watch_accept = "application/json"
    params: Mapping[str, str] = MappingProxyType({})

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        shared = _decoders(kind)
        self._list, self._item, self._items = shared.of_list, shared.of_item, shared.of_items
        self._convert, self._again = shared.convert, shared.again

    def page(self, body: bytes) -> tuple[envelopes.ListMeta, list[Object]]:
        """One page of a list. Raises ``msgspec.ValidationError`` for what is no list of this kind."""
        try:
            found = self._list.decode(body)
        except msgspec.ValidationError:
            return self._page_by_item(body)
        self._is_list(found.kind, found.items)
        try:
            return found.metadata, [self._object(item) for item in found.items or ()]
        except Exception:  # one of them is odd: each for itself
            return self._page_by_item(body)

    def _is_list(self, kind: str, items: object) -> None:
        if kind not in ("", "List", f"{self.kind}List"):
            raise msgspec.ValidationError(f"a {kind} came where a list of {plural(self.kind)} was asked for")
        if items is None:
            raise msgspec.ValidationError("the list has no items, not even none: items is null or left out")

    def _page_by_item(self, body: bytes) -> tuple[envelopes.ListMeta, list[Object]]:
        return at_once(self.pieces(body))

    def pieces(
        self, body: bytes, before: Objects = _NOTHING
    ) -> Generator[None, None, tuple[envelopes.ListMeta, list[Object]]]:
        """A page item by item, in pieces that are done in a millisecond or two. What is as it was ``before`` stays that object."""
        rough = _RAW_LIST.decode(body)
        self._is_list(rough.kind, rough.items)
        found: list[Object] = []
        raws = rough.items or []
        for first in range(0, len(raws), _PIECE):
            some = raws[first : first + _PIECE]
            try:
                found += self._several(some, before)
            except Exception:  # one of them is odd: each for itself
                for obj in filter(None, map(self.item, some)):
                    same = before.get(Key(obj.namespace, obj.name))
                    found.append(same if same is not None and same == obj else obj)
            yield
        return rough.metadata, found

    def _several(self, raws: list[msgspec.Raw], before: Objects) -> list[Object]:
        """Raises whatever one of them does."""
        found = []
        wires = self._items.decode(b"[%b]" % b",".join(raws))
        for wire in wires:
            meta = wire.metadata
            same = before.get((meta.namespace, meta.name)) if before else None  # type: ignore[call-overload]  # as a Key
            obj = self._object(wire, same)
            found.append(same if obj is same or (same is not None and same == obj) else obj)
        if self.malformed:
            for obj in found:
                self.is_read(Key(obj.namespace, obj.name))
        return found

    def _object(self, wire: Any, before: Object | None = None) -> Object:
        if wire.kind not in ("", self.kind):
            raise OddItem(f"kind: it is a {wire.kind}")
        if not wire.metadata.name:
            raise OddItem("metadata.name: it has none")
        return self._convert(wire) if self._again is None else self._again(wire, before)

    def item(self, raw: msgspec.Raw) -> Object | None:
        """One object, ``Unreadable`` where a value of it is odd; None where it has no name (it is ``lost``)."""
        try:
            found = self._object(self._item.decode(raw))
        except Exception as error:  # whatever it is that a converter stumbles over
            return self.odd(raw, error)
        self.is_read(Key(found.namespace, found.name))
        return found

    def gone(self, raw: msgspec.Raw) -> Key | None:
        """Who it is that is gone; None where that cannot be read."""
        try:
            meta = _identity(raw).metadata
            key = Key(meta.namespace, meta.name)
        except (msgspec.DecodeError, UnicodeDecodeError):
            told = named(raw)
            if told is None:
                return None
            key = told[0]
        self.is_read(key)
        return key


def event(line: bytes) -> envelopes.WatchEvent:
    return _EVENT.decode(line)
