"""The few protobuf bodies that kubectl sends whatever one wants: reviews, evictions, delete options, small objects.

The envelope is ``k8s\\0`` and a runtime.Unknown; the messages are read by the field numbers of the API's own
``generated.proto`` files. Other kinds are refused with 415, as a server without their codec would.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from tfdash.demo.apiserver.objects import Obj

MEDIA = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"

# Field number -> (name, type). A type is a scalar, another message's name, "[x]" a list of it, "{x}" a string map.
_MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "ObjectMeta": {
        1: ("name", "string"),
        2: ("generateName", "string"),
        3: ("namespace", "string"),
        5: ("uid", "string"),
        6: ("resourceVersion", "string"),
        11: ("labels", "{string}"),
        12: ("annotations", "{string}"),
        14: ("finalizers", "[string]"),
    },
    "Preconditions": {1: ("uid", "string"), 2: ("resourceVersion", "string")},
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "int"),
        2: ("preconditions", "Preconditions"),
        3: ("orphanDependents", "bool"),
        4: ("propagationPolicy", "string"),
        5: ("dryRun", "[string]"),
    },
    "ResourceAttributes": {
        1: ("namespace", "string"),
        2: ("verb", "string"),
        3: ("group", "string"),
        4: ("version", "string"),
        5: ("resource", "string"),
        6: ("subresource", "string"),
        7: ("name", "string"),
    },
    "NonResourceAttributes": {1: ("path", "string"), 2: ("verb", "string")},
    "AccessSpec": {
        1: ("resourceAttributes", "ResourceAttributes"),
        2: ("nonResourceAttributes", "NonResourceAttributes"),
        3: ("user", "string"),
        4: ("groups", "[string]"),
    },
    "RulesSpec": {1: ("namespace", "string")},
    "SelfSubjectAccessReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "AccessSpec")},
    "SubjectAccessReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "AccessSpec")},
    "LocalSubjectAccessReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "AccessSpec")},
    "SelfSubjectRulesReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "RulesSpec")},
    "SelfSubjectReview": {1: ("metadata", "ObjectMeta")},
    "Eviction": {1: ("metadata", "ObjectMeta"), 2: ("deleteOptions", "DeleteOptions")},
    "Namespace": {1: ("metadata", "ObjectMeta")},
    "ServiceAccount": {1: ("metadata", "ObjectMeta")},
    "ConfigMap": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "{string}"),
        3: ("binaryData", "{bytes}"),
        4: ("immutable", "bool"),
    },
    "Secret": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "{bytes}"),
        3: ("type", "string"),
        5: ("immutable", "bool"),
    },
}


class NotDecodable(ValueError):
    """No envelope of ours, or a kind whose message is not known here."""


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(raw) or shift > 63:
            raise NotDecodable("a number is cut off")
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if not byte & 0x80:
            return value, at
        shift += 7


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, its number or bytes)."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(raw, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(raw, at)
            if at + length > len(raw):
                raise NotDecodable("a field is cut off")
            yield number, raw[at : at + length]
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise NotDecodable(f"wire type {wire} is unknown")


def _value(kind: str, raw: int | bytes) -> Any:
    if kind == "bool":
        return bool(raw)
    if kind == "int":
        assert isinstance(raw, int)
        return raw - (1 << 64) if raw >= 1 << 63 else raw
    if not isinstance(raw, bytes):
        raise NotDecodable("a number stands where a message should")
    if kind == "string":
        return raw.decode()
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    return _message(kind, raw)


def _message(name: str, raw: bytes) -> Obj:
    known = _MESSAGES[name]
    found: Obj = {}
    for number, value in _fields(raw):
        if number not in known:
            continue
        field, kind = known[number]
        if kind.startswith("["):
            found.setdefault(field, []).append(_value(kind[1:-1], value))
        elif kind.startswith("{"):
            assert isinstance(value, bytes)
            parts = dict(_fields(value))
            key = parts.get(1, b"")
            assert isinstance(key, bytes)
            found.setdefault(field, {})[key.decode()] = _value(kind[1:-1], parts.get(2, b""))
        else:
            got = _value(kind, value)
            if got not in ("", {}):
                found[field] = got
    return found


def decode(raw: bytes) -> Obj:
    """The object with its kind and apiVersion. Raises ``NotDecodable``."""
    if not raw.startswith(_MAGIC):
        raise NotDecodable("this is no Kubernetes protobuf")
    outer = dict(_fields(raw[len(_MAGIC) :]))
    head, body = outer.get(1, b""), outer.get(2, b"")
    assert isinstance(head, bytes)
    assert isinstance(body, bytes)
    types = dict(_fields(head))
    version, kind = types.get(1, b""), types.get(2, b"")
    assert isinstance(version, bytes)
    assert isinstance(kind, bytes)
    name = kind.decode()
    if name not in _MESSAGES:
        raise NotDecodable(f"protobuf of kind {name} is not known here")
    return {"kind": name, "apiVersion": version.decode(), **_message(name, body)}
