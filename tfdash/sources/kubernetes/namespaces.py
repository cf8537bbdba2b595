"""Whether the namespaces to which somebody restricts what is read are there: a list of one that is not is empty, and no error."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.sources.base import Scope
from tfdash.sources.kubernetes.transport import ApiError, Reader

_MOST = 50  # so many are asked about at each look
_ABSENT = 404


def named(configured: Iterable[str], scopes: Iterable[Scope]) -> tuple[str, ...]:
    """All that are named anywhere, in the order of the alphabet."""
    wanted = {name for scope in scopes for name in scope.namespaces or ()}
    return tuple(sorted({*configured, *wanted}))


async def missing(reader: Reader, names: Iterable[str]) -> tuple[str, ...]:
    """Those that the server says are not there. One about which we may not ask counts as there."""
    found = []
    for name in list(names)[:_MOST]:
        try:
            await reader.get(f"/api/v1/namespaces/{name}")
        except ApiError as error:
            if error.status == _ABSENT:
                found.append(name)
    return tuple(found)
