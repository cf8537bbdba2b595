"""Connections of httpx: the proxy between, why none came about, in an operator's words, and how long a server asks to wait."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_NO_NETWORK = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


def proxy_of(address: str, trust: Callable[[], ssl.SSLContext]) -> httpx.Proxy | None:
    """The proxy at ``address``, None for "". One that speaks TLS itself is trusted by the cluster's own settings, as by kubectl:
    Go takes one configuration for both, the name that is expected among it."""
    import httpx

    if not address:
        return None
    return httpx.Proxy(address, ssl_context=trust() if address.lower().startswith("https:") else None)


def asked_wait(retry_after: str) -> float | None:
    """The seconds of a Retry-After; None where it is a date, no number, or one of more than 31 years: not calculated with."""
    return float(retry_after) if re.fullmatch("[0-9]{1,9}", retry_after) else None


class NoWay(str):
    """A sentence. ``unknown``: for want of the host's address; what names the host may be wrong."""

    unknown = False


def no_way(error: BaseException, host: str) -> NoWay:
    """Why ``host`` was not reached, by what the operating system said beneath ``error``; "" where nothing of it is known."""
    found = NoWay()
    for each in _beneath(error):
        if isinstance(each, socket.gaierror):
            dumb = each.errno == socket.EAI_AGAIN
            said = f"the name service does not answer for {host}" if dumb else f"there is no host {host}"
            found = NoWay(said)
            found.unknown = True
        elif isinstance(each, OSError) and each.errno in _NO_NETWORK:
            found = NoWay(f"no network leads to {host}")
        elif isinstance(each, OSError) and each.errno == errno.ECONNREFUSED:
            found = NoWay("connection refused")
    return found


def _beneath(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what it was raised for, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):  # one for each address that was tried
            waiting += each.exceptions
