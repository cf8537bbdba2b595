"""Decoders of lists, single items and watch events for each kind; a malformed item costs itself, not its list."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, TypeVar

import msgspec

from tfdash.model.kinds import KINDS
from tfdash.model.kube import Object
from tfdash.model.subject import Key
from tfdash.sources.kubernetes import envelopes
from tfdash.sources.kubernetes.decoders.common import Decoders
from tfdash.sources.kubernetes.decoders.wire import PodMeta

T = TypeVar("T")
_EVENT = msgspec.json.Decoder(envelopes.WatchEvent)
_RAW_LIST = msgspec.json.Decoder(envelopes.RawList)


class _List(msgspec.Struct, Generic[T]):
    metadata: envelopes.ListMeta
    items: list[T] | None = None


class _Identity(msgspec.Struct):
    metadata: PodMeta


def decoder_of(kind: str) -> tuple[type[Any], Callable[[Any], Object]]:
    """The wire form of a listed kind, and what makes an object of the model of it."""
    module = import_module(f"tfdash.sources.kubernetes.decoders.{KINDS[kind].decoder}")
    decoders: Decoders = module.DECODERS
    return decoders[kind]


class Codec:
    """Of one kind. ``malformed`` names the items that could not be read, newest last."""

    def __init__(self, kind: str) -> None:
        wire, self._convert = decoder_of(kind)
        self._list = msgspec.json.Decoder(_List[wire])  # type: ignore[valid-type]  # which type it is depends on the kind
        self._item = msgspec.json.Decoder(wire)
        self.malformed: dict[Key, str] = {}

    def page(self, body: bytes) -> tuple[envelopes.ListMeta, list[Object]]:
        """One page of a list."""
        try:
            found = self._list.decode(body)
        except msgspec.ValidationError:
            return self._page_by_item(body)
        convert = self._convert
        return found.metadata, [convert(item) for item in found.items or ()]

    def _page_by_item(self, body: bytes) -> tuple[envelopes.ListMeta, list[Object]]:
        rough = _RAW_LIST.decode(body)
        objects = []
        for raw in rough.items or ():
            found = self.item(raw)
            if found is not None:
                objects.append(found)
        return rough.metadata, objects

    def item(self, raw: msgspec.Raw) -> Object | None:
        """One object; None, and a note in ``malformed``, where it cannot be read."""
        try:
            found = self._convert(self._item.decode(raw))
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            key = identity(raw)
            if key is not None:
                self.malformed[key] = str(error)
            return None
        if self.malformed:
            self.malformed.pop(Key(found.namespace, found.name), None)
        return found


def identity(raw: msgspec.Raw) -> Key | None:
    try:
        meta = msgspec.json.decode(raw, type=_Identity).metadata
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Key(meta.namespace, meta.name)


def event(line: bytes) -> envelopes.WatchEvent:
    return _EVENT.decode(line)
