"""Everything that a cluster serves: two requests where it has aggregated discovery, else one for each group version.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api. Whatever one group does not tell, or tells so that it
cannot be read, is named and takes nothing away from the others.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import Raw, field

from tfdash.model.resources import ApiResource, Catalogue
from tfdash.sources.kubernetes.decoders.wire import Wire
from tfdash.sources.kubernetes.transport import ApiError, Reader
from tfdash.text import safe

T = TypeVar("T")
_AS = "as=APIGroupDiscoveryList"
AGGREGATED = f"application/json;g=apidiscovery.k8s.io;v=v2;{_AS},application/json;g=apidiscovery.k8s.io;v=v2beta1;{_AS},application/json"
_AT_ONCE = 8  # requests for group versions under way
_NAME = re.compile(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
)  # of a resource or version: anything else is not asked for
_GROUP = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NONSENSE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
Broken = list[tuple[str, str]]


class _Meta(Wire):
    name: str = ""


class _Root(Wire):
    kind: str = ""
    items: list[Raw] | None = None  # aggregated
    versions: list[str] | None = None  # of /api
    groups: list[Raw] | None = None  # of /apis


class _Group(Wire):
    metadata: _Meta = field(default_factory=_Meta)
    versions: list[Raw] | None = None


class _Version(Wire):
    version: str
    resources: list[Raw] | None = None
    freshness: str = "Current"


class _Kind(Wire):
    kind: str = ""


class _Aggregated(Wire):
    resource: str
    response_kind: _Kind | None = None
    scope: str = "Namespaced"
    singular_resource: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None


class _GroupVersion(Wire):
    version: str


class _OldGroup(Wire):
    name: str
    versions: list[_GroupVersion] | None = None
    preferred_version: _GroupVersion | None = None


class _OldList(Wire):
    resources: list[Raw] | None = None


class _Old(Wire):
    name: str
    kind: str
    namespaced: bool = True
    singular_name: str = ""
    verbs: list[str] | None = None
    short_names: list[str] | None = None


_read_root = msgspec.json.Decoder(_Root).decode
_read_group = msgspec.json.Decoder(_Group).decode
_read_old_group = msgspec.json.Decoder(_OldGroup).decode
_read_old = msgspec.json.Decoder(_Old).decode
_read_version = msgspec.json.Decoder(_Version).decode
_read_aggregated = msgspec.json.Decoder(_Aggregated).decode
_read_old_list = msgspec.json.Decoder(_OldList).decode


async def read_catalogue(reader: Reader) -> Catalogue:
    """Raises what the reader raises, where neither the core group nor the list of the others can be had."""
    found: list[ApiResource] = []
    broken: Broken = []
    failures: list[Exception] = []
    for root in ("/api", "/apis"):
        try:
            found += await _of_root(reader, root, broken)
        except ApiError as error:
            if error.status == 401:
                raise
            failures.append(error)
            broken.append((root, safe(error.message)))
        except _NONSENSE as error:
            failures.append(error)
            broken.append((root, _unreadable(error)))
    if len(failures) == 2:
        raise failures[0]
    return Catalogue(tuple(found), tuple(broken))


async def _of_root(reader: Reader, root: str, broken: Broken) -> list[ApiResource]:
    told = _read_root(await reader.get(root, accept=AGGREGATED))
    if told.items is not None and told.kind == "APIGroupDiscoveryList":
        return [r for raw in told.items for r in _aggregated(raw, broken)]
    if (told.versions if root == "/api" else told.groups) is None:  # "{}" is no word that there is nothing
        raise msgspec.ValidationError(f"a {told.kind or 'document without a kind'} came")
    wanted = [("", v) for v in told.versions or ()]
    for raw in told.groups or ():
        try:
            group = _read_old_group(raw)
        except _NONSENSE as error:
            broken.append((_called(raw), _unreadable(error)))
            continue
        offered = [v.version for v in group.versions or ()]
        first = [group.preferred_version.version] if group.preferred_version is not None else []
        wanted += [(group.name, v) for v in dict.fromkeys((*first, *offered))]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(group: str, version: str) -> list[ApiResource]:
        async with gate:
            return await _of_version(reader, group, version, broken)

    return [r for part in await asyncio.gather(*(one(*each) for each in wanted)) for r in part]


async def _of_version(reader: Reader, group: str, version: str, broken: Broken) -> list[ApiResource]:
    """As servers without aggregated discovery tell it."""
    name = f"{group}/{version}" if group else version
    if not _NAME.fullmatch(version) or (group and not _GROUP.fullmatch(group)):
        broken.append((safe(name), "that is no name of a group and version"))
        return []
    try:
        body = await reader.get(f"/apis/{name}" if group else f"/api/{name}")
        listed = _read_old_list(body).resources or []
    except ApiError as error:
        if error.status == 401:
            raise
        broken.append((name, safe(error.message)))
        return []
    except _NONSENSE as error:
        broken.append((name, _unreadable(error)))
        return []
    found = []
    for old in _each(listed, _read_old, name, broken):
        if _NAME.fullmatch(old.name):  # "pods/log" is a subresource
            found.append(
                ApiResource(
                    group,
                    version,
                    old.name,
                    old.kind,
                    old.singular_name,
                    tuple(old.short_names or ()),
                    old.namespaced,
                    tuple(old.verbs or ()),
                )
            )
    return found


def _aggregated(raw: Raw, broken: Broken) -> list[ApiResource]:
    """One group of the aggregated document, versions in its order: the preferred one first."""
    try:
        told = _read_group(raw)
    except _NONSENSE as error:
        broken.append((_called(raw), _unreadable(error)))
        return []
    group = told.metadata.name
    if group and not _GROUP.fullmatch(group):
        broken.append((safe(group), "that is no name of a group"))
        return []
    found = []
    for version in _each(told.versions or [], _read_version, group or "the core group", broken):
        name = f"{group}/{version.version}" if group else version.version
        if version.freshness != "Current":  # what it said before may stand there, and still be right
            broken.append((safe(name), "the server behind it does not answer"))
        if not _NAME.fullmatch(version.version):
            broken.append((safe(name), "that is no name of a version"))
            continue
        for r in _each(version.resources or [], _read_aggregated, name, broken):
            if _NAME.fullmatch(r.resource) and r.response_kind is not None and r.response_kind.kind:
                found.append(
                    ApiResource(
                        group,
                        version.version,
                        r.resource,
                        r.response_kind.kind,
                        r.singular_resource,
                        tuple(r.short_names or ()),
                        r.scope != "Cluster",
                        tuple(r.verbs or ()),
                    )
                )
    return found


def _each(raws: Sequence[Raw], read: Callable[[Raw], T], name: str, broken: Broken) -> list[T]:
    """Those that can be read; the others are named once."""
    found, bad = [], ""
    for raw in raws:
        try:
            found.append(read(raw))
        except _NONSENSE as error:
            bad = bad or _unreadable(error)
    if bad:
        broken.append((safe(name), bad))
    return found


def _called(raw: Raw) -> str:
    """The name of a group of which nothing else may be as it should."""
    try:
        told = msgspec.json.decode(raw)
    except _NONSENSE:
        told = None
    meta = told.get("metadata") if isinstance(told, dict) else None
    name = (meta.get("name") if isinstance(meta, dict) else None) or (
        told.get("name") if isinstance(told, dict) else None
    )
    return safe(str(name)) if name else "a group without a name"


def _unreadable(error: Exception) -> str:
    return f"its discovery cannot be read: {safe(str(error))}"
