"""HTTP to one address that was resolved and allowed before, whatever the name says by then. Heavy (httpx): imported late."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpcore
import httpx

from tfdash.sources.journeys.options import READING


class WouldChange(Exception):
    """A request with a changing method where only reading ones may be sent. A bug in the caller."""


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to one address, whatever is asked for: TLS and Host still speak the name."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._port = address, port
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return await self._inner.connect_tcp(
            self._address, self._port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


class PinnedTransport(httpx.AsyncBaseTransport):
    """``acting`` False lets reading methods through and nothing else."""

    def __init__(self, address: str, port: int, tls: ssl.SSLContext | None, *, acting: bool) -> None:
        self._acting = acting
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls, retries=0, max_connections=1, network_backend=_Backend(address, port)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._acting and request.method not in READING:
            raise WouldChange(request.method)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer = await self._pool.handle_async_request(sent)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Stream(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


def pinned_client(
    address: str,
    port: int,
    tls: ssl.SSLContext | None,
    headers: dict[str, str],
    timeout: float,
    *,
    acting: bool,
) -> httpx.AsyncClient:
    """A client that reaches that address alone; it keeps cookies, follows nothing and reads no environment."""
    return httpx.AsyncClient(
        transport=PinnedTransport(address, port, tls, acting=acting),
        headers=headers,
        follow_redirects=False,
        trust_env=False,
        timeout=timeout,
    )
