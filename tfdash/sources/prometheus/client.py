"""The client: prometheus-api-client over a session of ours that reads, never follows and never waits for ever.

Heavy (requests, urllib3): imported late, in a thread.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec
import requests
from prometheus_api_client.prometheus_connect import PrometheusConnect
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict
from urllib3.util.retry import Retry

from tfdash.addresses import hold_parts
from tfdash.connecting import asked_wait
from tfdash.sources.kubernetes.credentials import Credentials, in_a_header, read_header, read_secret
from tfdash.sources.prometheus.answer import AnotherShape, Row, decode_answer, decode_failure
from tfdash.sources.prometheus.failing import AnswerTooLarge, QueryFailed
from tfdash.sources.prometheus.options import Connection

_READS = re.compile(
    r"/api/v1/(?:query|query_range|series|labels|label/[^/]+/values|metadata|targets|alerts|rules|status/buildinfo)"
)
_OF_ROWS = ("/api/v1/query", "/api/v1/query_range")
_ASKER = "metrics"
_REFERENCE = ("env:", "file:", "command:")


class NotARead(Exception):
    """A request that this client does not make. A bug in the caller, never an operator's."""


class _Adapter(HTTPAdapter):
    """Trusts what the given TLS context trusts, and nothing that requests would add to it."""

    def __init__(self, credentials: Credentials, server_name: str, more: Sequence[tuple[str, str]]) -> None:
        self._credentials, self._server_name, self._more = credentials, server_name, more
        super().__init__(max_retries=Retry(0), pool_connections=1, pool_maxsize=1)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs, **self._tls())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, **self._tls())

    def _tls(self) -> dict[str, Any]:
        if not self._credentials.access.server.startswith("https:"):
            return {}
        name = {"server_hostname": self._server_name} if self._server_name else {}
        return {"ssl_context": self._credentials.ssl_context(), **name}

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if self._more:  # requests keeps one header of a name, and impersonation has several groups
            headers = HTTPHeaderDict(request.headers)
            for name, value in self._more:
                headers.add(name, value)
            request.headers = headers
        return super().send(request, *args, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context has it all already."""

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}


class _Answer:
    """What prometheus-api-client reads of an answer."""

    def __init__(self, status: int, content: bytes, rows: bool) -> None:
        self.status_code, self.content, self.ok = status, content, True
        self._rows = rows
        self.warnings: tuple[str, ...] = ()
        self.shape = ""  # its resultType; "" where a frontend has no series to tell one of

    def json(self) -> Any:
        if not self._rows:
            read = msgspec.json.decode(self.content)
            if isinstance(read, dict) and read.get("status") == "error":
                self._failed()
            return read
        try:
            found = decode_answer(self.content)
        except msgspec.ValidationError:
            if decode_failure(self.content).error:
                self._failed()
            raise
        if found.status != "success":  # what came before it failed may stand in its data all the same
            self._failed()
        self.warnings, self.shape = found.lacks(), found.data.resultType
        return {"data": {"result": found.data.result or []}}

    def _failed(self) -> NoReturn:
        """An error that says 200, in its own words."""
        told = decode_failure(self.content)
        words = told.error or f"its status is {told.status!r} and it does not say why"
        raise QueryFailed(self.status_code, words, told.errorType) from None


class ReadingSession(requests.Session):
    """GETs to the query API under ``base``; no redirect, no retry, no environment; the body within a time and a size."""

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        headers: dict[str, str],
        *,
        timeout: float,
        largest: int,
        server_name: str = "",
        proxy: str = "",
        more: Sequence[tuple[str, str]] = (),
        allowed: Callable[[str, str], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.update({"User-Agent": "tfdash", "Accept": "application/json", **headers})
        if proxy:
            self.proxies = {"http": proxy, "https": proxy}
        self._base, self._credentials = base, credentials
        self._timeout, self._largest = timeout, largest
        self._allowed, self._now = allowed, now
        self.adapter = _Adapter(credentials, server_name, more)
        self.last: _Answer | None = None
        self.skew: float | None = None

    # prometheus-api-client gives all by name, and but a few of requests' sixteen arguments.
    def request(self, method: str | bytes, url: str | bytes, **kwargs: Any) -> Any:  # type: ignore[override]  # see above
        path = str(url).removeprefix(self._base)
        if method != "GET" or path == str(url) or not _READS.fullmatch(path):
            raise NotARead(f"the metrics client does not {method!s} {path}")
        if self._allowed is not None:
            self._allowed("GET", urlsplit(str(url)).path)
        for renew in (False, True):
            answer = self._send(str(url), kwargs.get("params"), path, renew=renew)
            if answer is not None:
                self.last = answer
                return answer
        raise AssertionError("unreachable")

    def _send(self, url: str, params: Any, path: str, *, renew: bool) -> _Answer | None:
        """One attempt; None where the credential is to be renewed first."""
        header = self._credentials.authorization(renew=renew, asker=_ASKER)
        connect = min(5.0, self._timeout)
        deadline = time.monotonic() + self._timeout
        with super().request(
            "GET",
            url,
            params=params,
            headers={"Authorization": header} if header else None,
            timeout=(connect, self._timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = self._body(response, deadline)
            self._note_date(response.headers.get("Date", ""))
            status = response.status_code
            if status == 401 and header and not renew:
                return None
            if status != 401:
                self._credentials.accepted(_ASKER)
            if status != 200:
                raise _failure(status, body, response.headers)
        return _Answer(status, body, path in _OF_ROWS)

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        chunks, size = [], 0
        for chunk in response.iter_content(1 << 18):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._largest:
                raise AnswerTooLarge(self._largest)
            if time.monotonic() > deadline:
                raise requests.exceptions.ReadTimeout("the answer did not end in time")
        return b"".join(chunks)

    def _note_date(self, text: str) -> None:
        try:
            self.skew = parsedate_to_datetime(text).timestamp() - self._now() if text else None
        except ValueError:
            self.skew = None


def _failure(status: int, body: bytes, headers: Any) -> QueryFailed:
    try:
        found = decode_failure(body)
        kind, words = found.errorType, found.error or found.message
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind, words = "", ""
    wait = asked_wait(str(headers.get("Retry-After", "")), str(headers.get("Date", "")))
    where = str(headers.get("Location", "")) if 300 <= status < 400 else ""
    text = words or where or body[:200].decode(errors="replace").strip()
    return QueryFailed(status, text, kind, wait)


class Client:
    """One connection; used by one thread at a time."""

    def __init__(
        self,
        connection: Connection,
        base: str,
        credentials: Credentials,
        *,
        timeout: float,
        largest: int,
        allowed: Callable[[str, str], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        access = credentials.access
        headers = {name: _value(name, text) for name, text in connection.headers}
        near = urlsplit(base).hostname in ("127.0.0.1", "::1", "localhost")
        plain = {"identity": True, "gzip": False}.get(connection.compression, near)
        headers["Accept-Encoding"] = "identity" if plain else "gzip"
        self.base = base
        self.session = ReadingSession(
            base,
            credentials,
            headers,
            timeout=timeout,
            largest=largest,
            allowed=allowed,
            now=now,
            server_name=access.tls_server_name,
            proxy=(
                hold_parts(read_secret(connection.proxy))
                if connection.proxy.startswith(_REFERENCE)
                else connection.proxy or access.proxy
            ),
            more=access.impersonation(),
        )
        self._api = PrometheusConnect(url=base, session=self.session, retry=Retry(0))
        self.session.mount(base, self.session.adapter)  # instead of the one that it mounted

    def query(self, text: str, at: float, shape: str = "matrix") -> tuple[list[Row], tuple[str, ...]]:
        """An instant query evaluated ``at`` (epoch seconds): the series, and what the server says they lack.

        ``shape``: the resultType that such a query has, "matrix" of a range selector. Raises ``AnotherShape`` at another.
        """
        rows: list[Row] = self._api.custom_query(text, {"time": f"{at:.3f}"})
        last = self.session.last
        came = last.shape if last is not None else ""
        if came not in (shape, "") or (shape == "matrix" and any(row.value is not None for row in rows)):
            what = "single values" if came == shape else f"a {came}"
            raise AnotherShape(f"the answer is {what} where a {shape} was asked for")
        return rows, last.warnings if last is not None else ()

    def query_range(
        self, text: str, begin: float, end: float, step: float
    ) -> tuple[list[Row], tuple[str, ...]]:
        """Evaluated from ``begin`` to ``end`` (epoch seconds), each ``step`` seconds: as ``query``."""
        params = {"query": text, "start": f"{begin:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        answer = self.session.request("GET", f"{self.base}/api/v1/query_range", params=params)
        rows: list[Row] = answer.json()["data"]["result"]
        if answer.shape not in ("matrix", ""):
            raise AnotherShape(f"the answer is a {answer.shape} where a matrix was asked for")
        return rows, answer.warnings

    def get(self, path: str, params: dict[str, Any] | None = None) -> Any:
        """``data`` of another read, e.g. ``alerts`` or ``status/buildinfo``."""
        found = self.session.request("GET", f"{self.base}/api/v1/{path}", params=params).json()
        return msgspec.convert(found, dict[str, Any]).get("data")

    def close(self) -> None:
        self._api.close()


def _value(name: str, text: str) -> str:
    if text.startswith(_REFERENCE):
        return read_header(text)
    return in_a_header(text, what=f"prometheus.headers.{name}")
