"""An API server on loopback that says what a test tells it to say, byte for byte, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.waiting import soon
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.reading_rule import Served
from tfdash.sources.kubernetes.transport import Reader


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]


@dataclass
class Answer:
    """``headers``: whole lines. ``hold``: keep the connection open after the pieces, until the client or the server goes; ``mute``:
    not a byte is answered until then."""

    pieces: list[bytes] = field(default_factory=list)
    status: int = 200
    hold: bool = False
    mute: bool = False
    headers: bytes = b""


Say = Callable[[Asked], Answer]


@asynccontextmanager
async def scripted(
    say: Say, access: Callable[[str], Access] = Access, served: Served | None = None
) -> AsyncIterator[tuple[Reader, list[Asked]]]:
    """A real reader of a server that answers by ``say``; each piece leaves by itself."""
    asked: list[Asked] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                split = urlsplit(head.split(b" ", 2)[1].decode())
                asked.append(Asked(split.path, dict(parse_qsl(split.query))))
                answer = say(asked[-1])
                if answer.mute:
                    await reader.read()
                    return
                writer.write(b"HTTP/1.1 %d X\r\n" % answer.status)
                writer.write(b"%sTransfer-Encoding: chunked\r\n\r\n" % answer.headers)
                for piece in answer.pieces:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    await writer.drain()
                    await asyncio.sleep(0)
                if answer.hold:
                    await reader.read()
                    return
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Reader(Credentials(access(f"http://127.0.0.1:{port}")), served=served)
    try:
        yield client, asked
    finally:
        await client.close()
        server.close()


async def until(true: Callable[[], Any], *, deadline: float = 30.0) -> None:
    """Let the loop run until ``true``."""
    await soon(true, timeout=deadline, every=0.005)


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[asyncio.Task[None]]:
    """``work`` beside the test, ended with it."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def listed(*items: dict[str, Any], version: str = "10") -> Answer:
    body = {"kind": "List", "metadata": {"resourceVersion": version}, "items": list(items)}
    return Answer([json.dumps(body).encode()])


def event(kind: str, obj: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def status(code: int, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"kind": "Status", "code": code, "reason": reason, "message": message}


def failing(code: int, message: str = "no") -> Answer:
    return Answer([json.dumps(status(code, message=message)).encode()], code)


def named(name: str, version: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "a", "uid": f"u-{name}", "resourceVersion": version}
    return {"metadata": meta, "status": {"phase": "Active"}}
