"""A proxy between writer and API server that goes wrong on purpose: HTTP on loopback before, TLS behind."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Proxy:
    """``swallow``: the next PATCH is forwarded after ``late`` seconds and its answer thrown away; the client gets none.
    ``patches`` counts what came from the client and ``forwarded`` what went on."""

    def __init__(self, server: str, ca: bytes | None) -> None:
        parts = urlsplit(server)
        self.upstream, self.port = (parts.hostname or "", parts.port or 443), 0
        self._tls = ssl.create_default_context(cadata=ca.decode()) if ca else None
        self.swallow, self.late, self.drop = False, 0.0, False
        self.patches, self.forwarded = 0, 0
        self._loop = asyncio.new_event_loop()

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await server.serve_forever()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        patch = head.startswith(b"PATCH") and b"dryRun" not in head.split(b"\r\n")[0]
        length = next(
            (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length:")),
            0,
        )
        body = await reader.readexactly(length)
        request = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1) + body
        self.patches += patch
        if patch and self.drop:
            writer.close()
            return
        if patch and self.swallow:
            await asyncio.sleep(self.late)
            await self._forward(request)
            writer.close()
            return
        writer.write(await self._forward(request))
        await writer.drain()
        writer.close()

    async def _forward(self, request: bytes) -> bytes:
        self.forwarded += request.startswith(b"PATCH")
        reader, writer = await asyncio.open_connection(*self.upstream, ssl=self._tls)
        writer.write(request)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer

    def run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(ready))
        except (RuntimeError, asyncio.CancelledError):
            return


@contextmanager
def proxied(server: str, ca: bytes | None) -> Iterator[Proxy]:
    proxy, ready = Proxy(server, ca), threading.Event()
    thread = threading.Thread(target=proxy.run, args=(ready,), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield proxy
    finally:
        proxy._loop.call_soon_threadsafe(proxy._loop.stop)
        thread.join(5)
