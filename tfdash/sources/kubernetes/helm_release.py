"""What kinds of objects a stored release has. Of all that stands in it only apiVersion, kind, name and namespace of each object of its
manifest leave this module; no words of an error do, since these quote what they are about. Pure.

As https://helm.sh/docs/topics/advanced/#storage-backends and Helm's own ``pkg/storage/driver``: JSON, mostly packed by gzip, as Base64 in the key
"release" (in a Secret as Base64 once more).
"""

from __future__ import annotations

import re
import zlib
from binascii import a2b_base64
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec.json import Decoder

from tfdash.model.helm import StoredKind
from tfdash.nouns import counted

LARGEST = 32 << 20
"""Bytes of a release, unpacked. What is packed is no larger than etcd takes."""
LONGEST = 8 << 20
"""Characters of its manifest."""
MOST_EVENTS = 400_000
"""Pieces of YAML that are looked at in one release."""
DEEPEST = 100
_MOST_KINDS = 300
_PACKED = b"\x1f\x8b\x08"
_DIVIDER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_API = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}(/[A-Za-z0-9]{1,63})?")
_KIND = re.compile(r"[A-Za-z0-9]{1,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}")


class ReleaseContents(NamedTuple):
    """``odd``: why ``kinds`` are not known, or not all, in words of our own."""

    kinds: tuple[StoredKind, ...] = ()
    odd: str = ""


class _Data(msgspec.Struct):
    release: str = ""


class _Stored(msgspec.Struct):
    data: _Data | None = None


class _Release(msgspec.Struct):
    manifest: str = ""


_stored, _release = Decoder(_Stored).decode, Decoder(_Release).decode


class _TooMuch(Exception):
    """More than any release has."""


def contents(body: bytes, *, secret: bool) -> ReleaseContents:
    """Of the object as a server sends it. Never raises."""
    try:
        data = _stored(body).data
        packed = a2b_base64(data.release if data is not None else "")
        manifest = _release(_unpacked(a2b_base64(packed) if secret else packed)).manifest
        return _of(manifest)
    except _TooMuch as much:
        return ReleaseContents(odd=f"it has more than {much}")
    except Exception as error:  # whose words may quote what was read
        return ReleaseContents(odd=f"it is no release of Helm that can be read ({type(error).__name__})")


def _unpacked(raw: bytes) -> bytes:
    if not raw.startswith(_PACKED):
        return raw
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    whole = unpacking.decompress(raw, LARGEST + 1)
    if len(whole) > LARGEST:
        raise _TooMuch(f"{LARGEST >> 20} MiB unpacked")
    if not unpacking.eof:
        raise ValueError
    return whole


def _of(manifest: str) -> ReleaseContents:
    if len(manifest) > LONGEST:
        raise _TooMuch(f"{LONGEST >> 20} million characters of manifest")
    found: dict[tuple[str, str], StoredKind] = {}
    budget, objects, odd, why = [MOST_EVENTS], 0, 0, ""
    try:
        for text in _DIVIDER.split(manifest):
            for one in _read(text, budget):
                objects += 1
                odd += not _take(one, found)
    except _TooMuch as much:  # what came before stands
        why = f"it has more than {much}"
    if odd and not why:
        why = f"{odd} of {counted(objects, 'object')} cannot be read"
    return ReleaseContents(tuple(sorted(found.values())), why)


def _read(text: str, budget: list[int]) -> list[dict[str, str]]:
    """The objects of one document; one of which nothing is known in the place of what is no YAML."""
    try:
        return _objects(text, budget) if text.strip() else []
    except _TooMuch:
        raise
    except Exception:  # whose words quote it
        return [{}]


def _take(one: dict[str, str], found: dict[tuple[str, str], StoredKind]) -> bool:
    """False where it is no object."""
    api, kind = one.get("apiVersion", ""), one.get("kind", "")
    if not (_API.fullmatch(api) and _KIND.fullmatch(kind)):
        return False
    if known := found.get((api, kind)):
        found[api, kind] = known._replace(many=known.many + 1)
    elif len(found) < _MOST_KINDS:
        found[api, kind] = StoredKind(api, kind, _called(one))
    else:
        raise _TooMuch(f"{_MOST_KINDS} kinds of objects")
    return True


def _called(one: dict[str, str]) -> str:
    name, namespace = one.get("name", ""), one.get("namespace", "")
    if not _NAME.fullmatch(name):
        return ""
    return f"{namespace}/{name}" if _NAME.fullmatch(namespace) else name


_WANTED = {
    ("apiVersion",): "apiVersion",
    ("kind",): "kind",
    ("metadata", "name"): "name",
    ("metadata", "namespace"): "namespace",
}
_LISTED = ("items", "*")


def _objects(text: str, budget: list[int]) -> list[dict[str, str]]:
    """What one document says of its object, or of those of its list; [] of one that has nothing but comments."""
    outer: dict[str, str] = {}
    inner: list[dict[str, str]] = []
    empty = True
    for path, value in _walk(text, budget):
        empty = False
        if path[:2] == _LISTED:
            if len(path) == 2:
                inner.append({})
            elif (key := _WANTED.get(path[2:])) and inner:
                inner[-1][key] = value
        elif key := _WANTED.get(path):
            outer[key] = value
        elif path == ("metadata", "") and "apiVersion" in outer and not _lists(outer.get("kind", "List")):
            break  # all is known, and what is long comes behind it
    if empty:
        return []
    return inner if inner and _lists(outer.get("kind", "")) else [outer]


def _lists(kind: str) -> bool:
    return kind.endswith("List")


class _Open:
    """A mapping or a list that is being read. ``key``: of a mapping, the one that waits for its value; ``names``: it is a key itself."""

    def __init__(self, mapping: bool, names: bool) -> None:
        self.mapping, self.names = mapping, names
        self.key: str | None = None


def _walk(text: str, budget: list[int]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each scalar under its path, "*" for an item of a list; where a mapping begins its own path, where it ends that and "". No alias is
    followed, so that nothing grows."""
    import yaml

    stack: list[_Open] = []
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        budget[0] -= 1
        if budget[0] < 0:
            raise _TooMuch(f"{MOST_EVENTS:,} pieces of YAML")
        above = stack[-1] if stack else None
        if isinstance(event, yaml.CollectionEndEvent):
            ended = stack.pop()
            if ended.mapping:
                yield (*_path(stack), ""), ""
            if stack and not ended.names:
                stack[-1].key = None
        elif isinstance(event, yaml.NodeEvent):
            scalar = event.value if isinstance(event, yaml.ScalarEvent) else ""
            names = above is not None and above.mapping and above.key is None
            if above is not None and names:
                above.key = scalar
            if isinstance(event, yaml.CollectionStartEvent):
                mapping = isinstance(event, yaml.MappingStartEvent)
                if mapping and not names:
                    yield _path(stack), ""
                stack.append(_Open(mapping, names))
                if len(stack) > DEEPEST:
                    raise _TooMuch(f"{DEEPEST} levels of YAML")
            elif not names:
                yield _path(stack), scalar
                if above is not None:
                    above.key = None


def _path(stack: list[_Open]) -> tuple[str, ...]:
    return tuple((one.key or "") if one.mapping else "*" for one in stack)
