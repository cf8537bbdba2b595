"""One run of a journey: its steps in order, to the first that fails."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from tfdash.addresses import hold_fields
from tfdash.model.traffic import JourneyRun
from tfdash.process import in_thread
from tfdash.sources.journeys.address import AddressRefused, pin
from tfdash.sources.journeys.checks import HttpResponse, NoSuchValue, captured, failure
from tfdash.sources.journeys.options import READING, JourneySettings, JourneyStep, filled
from tfdash.sources.kubernetes.credentials import in_a_header, read_header, read_secret
from tfdash.sources.kubernetes.login import LoginNeeded
from tfdash.text import safe

if TYPE_CHECKING:
    import httpx

MOST = 1 << 20  # bytes of an answer that are read
_REDIRECTS = 5
_REFERENCE = ("env:", "file:", "command:")
Turn = Callable[[], Awaitable[None]]


class CannotRun(Exception):
    """It was not run, for a reason that says nothing of what it asks: ``remedy`` says what to do."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.remedy = remedy


class StepFailed(Exception):
    pass


async def run_journey(
    journey: JourneySettings,
    at: float,
    *,
    acting: bool,
    turn: Turn,
    resolve: Callable[[str, int], Awaitable[str]] = pin,
) -> JourneyRun:
    """Run it; ``at`` is when it began (epoch seconds), ``turn`` waits for one request's turn. Raises ``CannotRun``."""
    if journey.mutates and not acting:
        raise CannotRun("it changes things, and this terminal only reads")
    headers = await in_thread(lambda: _secrets(journey.headers))
    tls = await in_thread(lambda: _tls(journey)) if journey.scheme == "https" else None
    began, number = time.monotonic(), 0
    total = len(journey.requests)
    message = ""
    try:
        async with asyncio.timeout(journey.timeout):
            async with await _client(journey, headers, tls, acting, resolve) as client:
                variables: dict[str, str] = {}
                for step in journey.requests:
                    number += 1
                    variables |= await _step(client, journey, step, variables, turn)
    except StepFailed as failed:
        message = str(failed)
    except TimeoutError:
        message = f"no end within {journey.timeout:g} s"
    except CannotRun:
        raise
    except Exception as error:
        message = _words(error)
    where = f" at step {number}" if message and number and total > 1 else ""
    return JourneyRun(
        at=at,
        ok=not message,
        step=max(number, 1) if message else 0,
        steps=total,
        duration=time.monotonic() - began,
        message=safe(message + where),
    )


async def _client(
    journey: JourneySettings,
    headers: dict[str, str],
    tls: ssl.SSLContext | None,
    acting: bool,
    resolve: Callable[[str, int], Awaitable[str]],
) -> httpx.AsyncClient:
    make = await in_thread(_heavy)
    host, port = journey.address
    try:
        address = await resolve(host, port)
    except AddressRefused as refused:
        raise CannotRun(str(refused), "name another url or dial; journeys never go there") from None
    except OSError:
        raise StepFailed(f"{host} is not known to DNS") from None
    return make(
        address,
        port,
        tls,
        {"User-Agent": "tfdash-journey", **headers},
        journey.timeout,
        acting=acting and journey.mutates,
    )


def _heavy() -> Callable[..., httpx.AsyncClient]:
    from tfdash.sources.journeys.pinned import pinned_client

    return pinned_client


def _secrets(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    try:
        return {k: read_header(v) if v.startswith(_REFERENCE) else in_a_header(v, what=k) for k, v in pairs}
    except LoginNeeded as needed:
        raise CannotRun(f"a header's secret is not to be had: {needed}", needed.remedy) from None


def _body(reference: str) -> str:
    try:
        return hold_fields(read_secret(reference))
    except LoginNeeded as needed:
        raise CannotRun(f"a body's secret is not to be had: {needed}", needed.remedy) from None


def _tls(journey: JourneySettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(Path(journey.ca).expanduser()) if journey.ca else None)
    except (OSError, ssl.SSLError) as error:
        raise CannotRun(f"ca cannot be read: {error.strerror or error}", "check the journey's ca") from None


async def _step(
    client: httpx.AsyncClient,
    journey: JourneySettings,
    step: JourneyStep,
    variables: dict[str, str],
    turn: Turn,
) -> dict[str, str]:
    """Send one step, follow its redirects on the origin, check the answer; returns what it captures."""
    headers = {k: (v if v.startswith(_REFERENCE) else filled(v, variables)) for k, v in step.headers}
    headers = await in_thread(lambda: _secrets(tuple(headers.items())))
    path = filled(step.path, variables, lambda value: quote(value, safe=""))
    body = await in_thread(lambda: _body(step.body)) if step.body.startswith(_REFERENCE) else step.body
    url, method, body = journey.origin + path, step.method, filled(body, variables)
    began = time.monotonic()
    for _ in range(_REDIRECTS + 1):
        await turn()
        answer = await _send(client, method, url, headers, body, began)
        location = answer.headers.get("location", "")
        if answer.status not in (301, 302, 303, 307, 308) or not location or answer.status in step.status:
            break
        url = _on_origin(journey, url, location)
        if answer.status == 303 or (answer.status in (301, 302) and method not in READING):
            method, body = "GET", ""
    else:
        raise StepFailed(f"more than {_REDIRECTS} redirects")
    wrong = _checked(step, answer, variables)
    if wrong:
        raise StepFailed(wrong)
    try:
        return captured(step, answer)
    except NoSuchValue as missing:
        raise StepFailed(f"the answer holds nothing for {{{missing}}}") from None


def _checked(step: JourneyStep, answer: HttpResponse, variables: dict[str, str]) -> str:
    try:
        return failure(step, answer, variables)
    except NoSuchValue:
        return "the answer is not JSON"


async def _send(
    client: httpx.AsyncClient, method: str, url: str, headers: dict[str, str], body: str, began: float
) -> HttpResponse:
    async with client.stream(
        method, url, headers=headers, content=body.encode() if body else None
    ) as response:
        chunks, size, whole = [], 0, True
        async for chunk in response.aiter_bytes(65536):
            chunks.append(chunk[: MOST - size])
            size += len(chunk)
            if size > MOST:
                whole = False
                break
        found = {k.lower(): v for k, v in response.headers.items()}
        return HttpResponse(response.status_code, found, b"".join(chunks), whole, time.monotonic() - began)


def _on_origin(journey: JourneySettings, url: str, location: str) -> str:
    """Where a redirect leads, if it stays. Only its host is said: the rest may hold a secret."""
    try:
        target = urlsplit(urljoin(url, location))
        port = target.port or {"http": 80, "https": 443}.get(target.scheme, 0)
    except ValueError:
        raise StepFailed("a redirect to what is no address") from None
    if (target.scheme, target.hostname, port) != (journey.scheme, journey.host, journey.port):
        raise StepFailed(f"a redirect to another origin: {target.scheme}://{target.hostname or '?'}:{port}")
    return target._replace(netloc=urlsplit(journey.origin).netloc, fragment="").geturl()


def _words(error: Exception) -> str:
    """A transport's failure, without what was sent."""
    text = str(error)
    name = type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
        return "the certificate is not trusted"
    if "Timeout" in name:
        return "no answer in time"
    if "Connect" in name:
        return "cannot connect"
    if name in ("ReadError", "RemoteProtocolError", "WriteError"):
        return "the connection was lost"
    if name == "DecodingError":
        return "the answer cannot be decompressed"
    return f"the request failed: {name}"
