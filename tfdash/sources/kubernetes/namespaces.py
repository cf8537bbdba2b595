"""Whether the namespaces to which somebody restricts what is read are there: a list of one that is not is empty, and no error."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from tfdash.model.picture import AbsentNamespace
from tfdash.sources.base import Scope
from tfdash.sources.kubernetes.transport import ApiError, Reader
from tfdash.spelling import closest

_MOST = 50  # so many are asked about at each look
_LISTED = 500
_ABSENT = 404


class _Metadata(msgspec.Struct):
    name: str = ""


class _Namespace(msgspec.Struct):
    metadata: _Metadata


class _Namespaces(msgspec.Struct):
    items: list[_Namespace]


_read_namespaces = msgspec.json.Decoder(_Namespaces).decode


async def missing(
    reader: Reader,
    configured: Collection[str],
    scopes: Iterable[Scope],
    before: tuple[AbsentNamespace, ...] = (),
) -> tuple[AbsentNamespace, ...]:
    """Those that the server says are not there. One about which we may not ask counts as there. ``before``: what was said the
    last time, so that what there is instead is looked for once."""
    found: list[str] = []
    wanted = {name for scope in scopes for name in scope.namespaces or ()}
    for name in sorted({*configured, *wanted})[:_MOST]:
        try:
            await reader.get(f"/api/v1/namespaces/{name}")
        except ApiError as error:
            if error.status == _ABSENT:
                found.append(name)
    if not found or found == [absent.name for absent in before]:
        return before if found else ()
    there = await _there(reader)
    return tuple(AbsentNamespace(name, closest(name, there), name in configured) for name in found)


async def _there(reader: Reader) -> list[str]:
    """The names of those that are; none where we may not list them."""
    try:
        listed = _read_namespaces(await reader.get(f"/api/v1/namespaces?limit={_LISTED}"))
    except (ApiError, msgspec.DecodeError):
        return []
    return [item.metadata.name for item in listed.items]
