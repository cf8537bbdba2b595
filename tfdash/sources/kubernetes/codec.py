"""Decoders of lists, single items and watch events for each kind; a malformed item costs itself, not its list.

An item that has a name and an odd value becomes a row that says which; one without a name is counted. A list that is none
(another kind, no items) is no empty list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec

from tfdash.model.kinds import KINDS
from tfdash.model.kube import Object, Unreadable
from tfdash.model.subject import Key
from tfdash.sources.kubernetes import envelopes
from tfdash.sources.kubernetes.decoders.common import Decoders
from tfdash.sources.kubernetes.decoders.wire import PodMeta

T = TypeVar("T")
_EVENT = msgspec.json.Decoder(envelopes.WatchEvent)
_RAW_LIST = msgspec.json.Decoder(envelopes.RawList)
_AT = re.compile(r" - at `\$\.?(.*?)`$")


class _List(msgspec.Struct, Generic[T]):
    metadata: envelopes.ListMeta
    kind: str = ""
    items: list[T] | None = None


class _Identity(msgspec.Struct):
    metadata: PodMeta


class OddItem(ValueError):
    """What is odd about an item that its types allow."""


def decoder_of(kind: str) -> tuple[type[Any], Callable[[Any], Object]]:
    """The wire form of a listed kind, and what makes an object of the model of it."""
    module = import_module(f"tfdash.sources.kubernetes.decoders.{KINDS[kind].decoder}")
    decoders: Decoders = module.DECODERS
    return decoders[kind]


class Codec:
    """Of one kind. ``malformed`` names the items that could not be read and why, newest last; ``lost`` counts those that
    do not even say who they are. ``begin`` forgets both: another list begins."""

    list_accept = watch_accept = "application/json"
    params: Mapping[str, str] = MappingProxyType({})

    def __init__(self, kind: str) -> None:
        wire, self._convert = decoder_of(kind)
        # its own kind stands in a watch event and in a custom resource; built-in kinds leave it out of their lists
        kinded = msgspec.defstruct(
            wire.__name__, [("kind", str, "")], bases=(wire,), rename="camel", gc=False
        )
        self.kind = kind
        self._list = msgspec.json.Decoder(_List[kinded])  # type: ignore[valid-type]  # which type it is depends on the kind
        self._item = msgspec.json.Decoder(kinded)
        self.malformed: dict[Key, str] = {}
        self.lost = 0

    @property
    def unreadable(self) -> int:
        """How many items could not be read."""
        return len(self.malformed) + self.lost

    def begin(self) -> None:
        self.malformed, self.lost = {}, 0

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
            raise msgspec.ValidationError(f"a {kind} came where a list of {self.kind}s was asked for")
        if items is None:
            raise msgspec.ValidationError("the list has no items, not even none: items is null or left out")

    def _page_by_item(self, body: bytes) -> tuple[envelopes.ListMeta, list[Object]]:
        rough = _RAW_LIST.decode(body)
        self._is_list(rough.kind, rough.items)
        read = (self.item(raw) for raw in rough.items or ())
        return rough.metadata, [found for found in read if found is not None]

    def _object(self, wire: Any) -> Object:
        if wire.kind not in ("", self.kind):
            raise OddItem(f"kind: it is a {wire.kind}")
        if not wire.metadata.name:
            raise OddItem("metadata.name: it has none")
        return self._convert(wire)

    def item(self, raw: msgspec.Raw) -> Object | None:
        """One object, ``Unreadable`` where a value of it is odd; None where it has no name (it is ``lost``)."""
        try:
            found = self._object(self._item.decode(raw))
        except Exception as error:  # whatever it is that a converter stumbles over
            return self._odd(raw, error)
        if self.malformed:
            self.malformed.pop(Key(found.namespace, found.name), None)
        return found

    def _odd(self, raw: msgspec.Raw, error: Exception) -> Object | None:
        told = named(raw)
        if told is None:
            self.lost += 1
            return None
        key, version = told
        why = why_odd(error)
        self.malformed.pop(key, None)
        self.malformed[key] = why
        return Unreadable(
            namespace=key.namespace,
            name=key.name,
            resource_version=version,
            kind=self.kind,
            cells=(),
            field=why,
        )

    def gone(self, raw: msgspec.Raw) -> Key | None:
        """Who it is that is gone; None where that cannot be read."""
        try:
            meta = msgspec.json.decode(raw, type=_Identity).metadata
            key = Key(meta.namespace, meta.name)
        except (msgspec.DecodeError, UnicodeDecodeError):
            told = named(raw)
            if told is None:
                return None
            key = told[0]
        self.malformed.pop(key, None)
        return key


def why_odd(error: Exception) -> str:
    """``spec.replicas: Expected `int`, got `str```."""
    text = str(error) or type(error).__name__
    at = _AT.search(text)
    return f"{at[1] or 'the object'}: {text[: at.start()]}" if at else text


def named(raw: msgspec.Raw) -> tuple[Key, str] | None:
    """Key and resource version of an item of which nothing else may be as it should."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    meta = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(meta, dict):
        return None
    name, namespace, version = (meta.get(k, "") for k in ("name", "namespace", "resourceVersion"))
    if not isinstance(name, str) or not name or not isinstance(namespace, str):
        return None
    return Key(namespace, name), version if isinstance(version, str) else ""


def event(line: bytes) -> envelopes.WatchEvent:
    return _EVENT.decode(line)
