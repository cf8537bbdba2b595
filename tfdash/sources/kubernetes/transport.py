"""The reading client: what ``reading_rule`` allows and nothing else, by construction.

Every request passes ``ReadingTransport``, which refuses the rest before it leaves: there is no method that writes.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import httpx
import msgspec

from tfdash.connecting import asked_wait, no_way, proxy_of
from tfdash.model.observation import Problem, ProblemKind
from tfdash.process import in_thread
from tfdash.sources.kubernetes import bodies, envelopes
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.list_pages import telling_when_sent
from tfdash.sources.kubernetes.login import LoginNeeded
from tfdash.sources.kubernetes.reading_rule import Served, check_allowed
from tfdash.sources.kubernetes.tls import Unusable
from tfdash.text import safe

_NAME = r"[^/]+"
_IN_NAMESPACE = re.compile(rf"/namespaces/{_NAME}(?=/)")
_PATIENCE = 10  # times the time-out of one read, until the whole answer must be there
_KEEPALIVE: list[tuple[int, int, int]] = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
]
for _name, _value in (
    ("TCP_KEEPIDLE", 15),
    ("TCP_KEEPINTVL", 5),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", 30_000),
):
    if hasattr(socket, _name):  # not on every platform
        _KEEPALIVE.append((socket.IPPROTO_TCP, getattr(socket, _name), _value))


log = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer that is no success. ``retry_after`` in seconds where the server named one."""

    def __init__(self, status: int, message: str, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.reason, self.retry_after = status, message, reason, retry_after


def resource_of(path: str) -> str:
    """The resource that a path is about, whatever namespace and object: what is refused there is refused for all of it."""
    parts = _IN_NAMESPACE.sub("", path).split("/")
    return "/".join(parts[: 5 if parts[1:2] == ["apis"] else 4])


class EndsAtOnce(Exception):
    """The server ends each watch as soon as it has begun, without an error."""


class Unreached(httpx.ConnectError):
    """No connection came about. ``host`` is the one that was tried, a proxy's where there is one; ``remedy``: what names it."""

    def __init__(self, error: httpx.ConnectError, access: Access) -> None:
        super().__init__(str(error))
        self.host = httpx.URL(access.proxy or access.server).host
        where = access.kubeconfig or "the kubeconfig"
        self.remedy = (
            f"check proxy-url in {where}, HTTPS_PROXY and NO_PROXY"
            if access.proxy
            else f'check server of context "{access.context}" in {where}'
            if access.context
            else "check its address"
        )


class ReadingTransport(httpx.AsyncBaseTransport):
    """Refuses before anything is sent; ``prefix`` is the path of the server's own address."""

    def __init__(self, inner: httpx.AsyncBaseTransport, prefix: str, served: Served | None = None) -> None:
        self._inner, self._prefix, self._served = inner, prefix, served

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        check_allowed(request.method, request.url.path.removeprefix(self._prefix), served=self._served)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Reader:
    """One cluster's HTTP reads. Lives on the loop that first uses it."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        served: Served | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.credentials = credentials
        self._made_for = -1  # the credentials' generation
        self._leaving: set[asyncio.Task[None]] = set()
        self._connect, self._read = connect_timeout, read_timeout
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._now = now
        self._served = served  # what discovery named, and may be read
        self.skew: float | None = None  # server time minus ours, from the Date header

    @property
    def access(self) -> Access:
        """As the kubeconfig has it now."""
        return self.credentials.access

    async def client(self) -> httpx.AsyncClient:
        """Made anew where the kubeconfig leads elsewhere, or shows another certificate, than when it was made."""
        if self._client is None or self._made_for != self.credentials.generation:
            async with self._opening:
                if self._client is None or self._made_for != self.credentials.generation:
                    before, made_for = self._client, self.credentials.generation
                    self._client = await in_thread(self._open)
                    self._made_for = made_for
                    if before is not None:  # its watches end, and begin anew over there
                        task = asyncio.create_task(before.aclose())
                        self._leaving.add(task)
                        task.add_done_callback(self._leaving.discard)
        return self._client

    def _open(self) -> httpx.AsyncClient:
        access = self.access
        base = httpx.URL(access.server)
        tls = self.credentials.ssl_context() if base.scheme == "https" else False
        inner = httpx.AsyncHTTPTransport(
            verify=tls,
            retries=0,
            socket_options=_KEEPALIVE,
            proxy=proxy_of(access.proxy, self.credentials.ssl_context),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=30.0),
        )
        headers = [
            # from this very machine too: unpacked, a list comes in pieces of 4 KB, of which each costs more than its unpacking
            ("Accept-Encoding", "gzip"),
            ("User-Agent", "tfdash"),
            *access.impersonation(),
        ]
        return httpx.AsyncClient(
            base_url=base,
            transport=ReadingTransport(inner, base.path.rstrip("/"), self._served),
            follow_redirects=False,
            trust_env=False,
            headers=headers,
            timeout=httpx.Timeout(self._read, connect=self._connect, pool=self._read),
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def open(
        self,
        path: str,
        params: dict[str, str] | None = None,
        *,
        method: str = "GET",
        body: Any = None,
        accept: str = bodies.JSON,
        silence: float | None = None,
        within: float | None = None,
        sent: Callable[[], None] | None = None,
    ) -> httpx.Response:
        """Send and return the answer with its body still to be read; the caller closes it. ``sent`` is called when the server has the request.

        A 401 renews the credential once. Raises ``ApiError``, ``LoginNeeded`` or httpx's errors. ``silence`` is the
        longest wait for the next byte of the body, ``within`` for the answer's beginning, in seconds."""
        timeout = httpx.Timeout(silence or self._read, connect=self._connect, pool=self._read)
        asker = resource_of(path)
        for renew in (False, True):
            header = await in_thread(partial(self.credentials.authorization, renew=renew, asker=asker))
            client = await self.client()
            headers = {"Accept": accept}
            if header:
                headers["Authorization"] = header
            told = {"params": params, "json": body, "headers": headers, "timeout": timeout}
            request = client.build_request(method, path, **told)
            if self.access.tls_server_name:
                request.extensions["sni_hostname"] = self.access.tls_server_name
            if sent is not None:
                request.extensions["trace"] = telling_when_sent(sent)
            async with asyncio.timeout(within or self._connect + self._read):  # a begun watch is patient
                try:
                    answer = await client.send(request, stream=True)
                except httpx.ConnectError as error:
                    raise Unreached(error, self.access) from error
            self._note_date(answer)
            try:
                bodies.check_packing(answer)
            except bodies.BodyTooLarge:
                await answer.aclose()
                raise
            if answer.status_code != 401:
                self.credentials.accepted(asker)
            if answer.status_code < 300:
                if page := _instead(answer):
                    await answer.aclose()
                    raise ApiError(answer.status_code, page)
                return answer
            try:
                async with asyncio.timeout(self._read):
                    raw = await bodies.beginning(answer)
            finally:
                await answer.aclose()
            if answer.status_code != 401 or renew:
                raise _api_error(answer, raw)
        raise AssertionError("unreachable")

    async def get(
        self, path: str, params: dict[str, str] | None = None, accept: str = bodies.JSON, **how: Any
    ) -> bytes:
        answer = await self.open(path, params, accept=accept, **how)
        try:
            async with asyncio.timeout(
                self._read * _PATIENCE
            ):  # each piece comes in time, and the last never
                return await bodies.read(answer)
        finally:
            await answer.aclose()

    async def review(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST one of the SelfSubject reviews."""
        answer = await self.open(path, method="POST", body=body)
        try:
            async with asyncio.timeout(self._read):
                found = msgspec.json.decode(await bodies.read(answer, bodies.FAILURE))
        finally:
            await answer.aclose()
        return found if isinstance(found, dict) else {}

    def _note_date(self, answer: httpx.Response) -> None:
        text = answer.headers.get("Date")
        if text:
            try:
                self.skew = parsedate_to_datetime(text).timestamp() - self._now()
            except ValueError:
                self.skew = None


def _api_error(answer: httpx.Response, raw: bytes) -> ApiError:
    try:
        found = envelopes.status(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = envelopes.StatusObject()
    message = found.message or _instead(answer) or raw[:200].decode(errors="replace") or "no words with it"
    wait = asked_wait(answer.headers.get("Retry-After", ""), answer.headers.get("Date", ""))
    return ApiError(answer.status_code, message, found.reason, wait)


def _instead(answer: httpx.Response) -> str:
    """What came instead of an API server's answer, "" where that is not known."""
    if answer.is_redirect:
        host = answer.next_request.url.host if answer.next_request is not None else ""
        return f"it leads elsewhere{host and ', to '}{host}"
    page = answer.headers.get("Content-Type", "").startswith("text/html")
    return "a page for a browser (HTML), which no API server sends" if page else ""


def problem_of(
    error: BaseException, since: float, retry_at: float | None = None, *, everywhere: bool = False
) -> Problem:
    """Any failure of a read, in an operator's words with a remedy. ``everywhere``: all namespaces were asked at once."""
    kind, cause, remedy, transient = _explain(error)
    if everywhere and kind is ProblemKind.FORBIDDEN:
        remedy += ", or name those that you may see: namespaces under [environments.NAME], or -n"
    return Problem(
        kind=kind, cause=safe(cause), remedy=safe(remedy), since=since, retry_at=retry_at, transient=transient
    )


def _explain(error: BaseException) -> tuple[ProblemKind, str, str, bool]:
    if isinstance(error, LoginNeeded):
        return ProblemKind.LOGIN_EXPIRED, f"login expired: {error}", error.remedy, True
    if isinstance(error, bodies.BodyTooLarge):
        return (
            ProblemKind.BAD_ANSWER,
            str(error),
            "check the server's address and what stands before it",
            True,
        )
    if isinstance(error, Unusable):
        return ProblemKind.CONFIG, str(error), error.remedy, False
    if isinstance(error, ApiError):
        return _explain_status(error)
    if isinstance(error, EndsAtOnce):
        return ProblemKind.SERVER_ERROR, "the server, or a proxy before it, ends each watch at once", "", True
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        what = "connecting timed out" if isinstance(error, httpx.ConnectTimeout) else "no answer in time"
        return ProblemKind.TIMEOUT, what, "", True
    if isinstance(error, httpx.ConnectError):
        text = str(error)
        if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
            reason = text.split("certificate verify failed:")[-1].split("(")[0].strip()
            return (
                ProblemKind.CONFIG,
                f"the server's certificate is not trusted: {reason}",
                "check certificate-authority in the kubeconfig",
                False,
            )
        if words := no_way(error, getattr(error, "host", "the server")):
            return (
                ProblemKind.UNREACHABLE,
                words,
                getattr(error, "remedy", "") if words.unknown else "",
                True,
            )
        if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
            return ProblemKind.CONFIG, "TLS is not spoken there", "check server in the kubeconfig", False
        return ProblemKind.UNREACHABLE, f"cannot connect: {text}", "", True
    if isinstance(error, httpx.ProxyError):
        return (
            ProblemKind.UNREACHABLE,
            f"the proxy refused: {error}",
            "check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY",
            True,
        )
    if isinstance(error, httpx.LocalProtocolError):  # its words repeat the header, and that may be a secret
        return (
            ProblemKind.CONFIG,
            "the request cannot be made: a header holds a character that it may not",
            "check the kubeconfig's user",
            False,
        )
    if isinstance(error, httpx.DecodingError):
        return ProblemKind.BAD_ANSWER, "the answer cannot be unpacked", "", True
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return (
            ProblemKind.CONFIG,
            "the server's address cannot be used",
            "check server in the kubeconfig",
            False,
        )
    if isinstance(error, httpx.TransportError):
        return ProblemKind.UNREACHABLE, f"connection lost: {str(error) or type(error).__name__}", "", True
    if isinstance(error, msgspec.DecodeError | msgspec.ValidationError | UnicodeDecodeError):
        return ProblemKind.BAD_ANSWER, f"unreadable answer: {error}", "", True
    if isinstance(error, OSError):
        return ProblemKind.UNREACHABLE, error.strerror or str(error), "", True
    log.error("a read failed", exc_info=error)  # the whole of it, for whoever mends it
    name = type(error).__name__
    return (
        ProblemKind.INTERNAL,
        f"a fault of tfdash itself ({name})",
        "its log has the details: report them",
        True,
    )


def _explain_status(error: ApiError) -> tuple[ProblemKind, str, str, bool]:
    if error.status == 401:
        return (
            ProblemKind.LOGIN_EXPIRED,
            "login expired: the server does not accept the credential",
            "renew that of the kubeconfig's user, or what token under [environments.NAME] names",
            True,
        )
    if error.status == 403:
        return (
            ProblemKind.FORBIDDEN,
            error.message,
            "ask for the right",
            False,
        )
    if error.status == 404:
        return ProblemKind.NOT_SERVED, "this cluster does not serve it", "", False
    if error.status in (429, 503) and error.retry_after is not None:
        return (
            ProblemKind.THROTTLED,
            f"the server asks to wait {error.retry_after:,.0f} s: {error.message}",
            "",
            True,
        )
    if error.status >= 500:
        return ProblemKind.SERVER_ERROR, f"the server failed ({error.status}): {error.message}", "", True
    if error.status == 429:
        return ProblemKind.THROTTLED, f"too many requests: {error.message}", "", True
    remedy = "check the server's address and what stands before it" if error.status < 400 else ""
    return ProblemKind.BAD_ANSWER, f"HTTP {error.status}: {error.message}", remedy, True
