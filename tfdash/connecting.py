"""Connections of httpx: the proxy between, why none came about, in an operator's words, and how long a server asks to wait."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_LIMITS = (403, 429)
_UNSAID = 60.0  # seconds, where a limit does not say how long
_LONGEST = 3600.0  # of being left alone: limits are by the hour
_NO_NETWORK = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


def proxy_of(address: str, trust: Callable[[], ssl.SSLContext]) -> httpx.Proxy | None:
    """The proxy at ``address``, None for "". One that speaks TLS itself is trusted by the cluster's own settings, as by kubectl:
    Go takes one configuration for both, the name that is expected among it."""
    import httpx

    if not address:
        return None
    return httpx.Proxy(address, ssl_context=trust() if address.lower().startswith("https:") else None)


def asked_wait(retry_after: str, date: str) -> float | None:
    """The seconds of a Retry-After (RFC 9110, 10.2.3): a number, or a time, which is counted from ``date``, that of the answer, so that
    no clock of ours has a say. None where it is neither, or one of more than 31 years: not calculated with."""
    if re.fullmatch("[0-9]{1,9}", retry_after):
        return float(retry_after)
    until, now = _epoch(retry_after), _epoch(date)
    return min(max(0.0, until - now), 1e9) if until is not None and now is not None else None


def _epoch(date: str) -> float | None:
    """Of a time as HTTP has it; one without a zone is UTC."""
    try:
        found = parsedate_to_datetime(date)
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


class LeftAlone:
    """Whether a server asks to be left alone, by its refusals. ``now``: seconds of a clock that is never set."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._until = now, 0.0

    def note(self, status: int, headers: Mapping[str, str]) -> float:
        """Seconds from now on, 0 where it does not ask for it. Retry-After; else what limits of a rate say, as GitHub and GitLab have it
        (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api, https://docs.gitlab.com/administration/settings/
        user_and_ip_rate_limits/): nothing is left until a time (epoch seconds). ``headers``: their names in small letters."""
        if status not in _LIMITS:
            return 0.0
        date = headers.get("date", "")
        wait = asked_wait(headers.get("retry-after", ""), date)
        if wait is None:
            reset, today = headers.get(_first(headers, "reset"), ""), _epoch(date)
            used_up = headers.get(_first(headers, "remaining")) == "0"
            if used_up and today is not None and re.fullmatch("[0-9]{9,11}", reset):
                wait = max(0.0, float(reset) - today)
        if wait is None:
            wait = _UNSAID if status == 429 else 0.0
        self._until = max(self._until, self._now() + min(wait, _LONGEST))
        return wait

    def seconds(self) -> float:
        """For so long nothing is to be asked."""
        return max(0.0, self._until - self._now())


def _first(headers: Mapping[str, str], name: str) -> str:
    return next((one for one in (f"x-ratelimit-{name}", f"ratelimit-{name}") if one in headers), "")


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
