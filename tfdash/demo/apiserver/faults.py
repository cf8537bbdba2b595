"""Fault switches: what goes wrong on purpose, for which requests, how often and for how long.

A fault matches by method, a pattern of the path, a resource and a cluster. ``slow`` and ``hang`` hold the answer,
``reset`` breaks the connection, ``401 403 429 500`` answer so, ``410`` expires (a list's 410, a watch's in-stream
error), ``garbage`` answers with bytes that are no JSON. ``streams`` makes it strike open watches and logs too.
"""

from __future__ import annotations

import asyncio
import fnmatch
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from aiohttp import web

from tfdash.demo.apiserver.errors import ApiError, expired, too_many, unauthorized
from tfdash.demo.apiserver.negotiate import failure
from tfdash.demo.apiserver.paths import target, watching

KINDS = ("slow", "hang", "reset", "401", "403", "429", "500", "410", "garbage")
GARBAGE = b'\x00\xff{"kind": "PodLi\x1b[31mst", "items": [}}\n'


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``count`` requests (None: all), for ``duration`` real seconds; ``delay`` is for slow, ``retry_after`` for 429."""

    fault: str
    path: str = "*"
    resource: str = ""
    method: str = ""
    cluster: str = ""
    count: int | None = None
    duration: float | None = None
    delay: float = 2.0
    retry_after: int = 1
    streams: bool = False
    ends: float | None = None

    def over(self) -> bool:
        return (self.ends is not None and time.monotonic() > self.ends) or self.count == 0


def parse(raw: bytes) -> Fault:
    """A fault from a control request; 400 with a sentence for what is wrong."""
    try:
        fault = msgspec.json.decode(raw, type=Fault)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ApiError(400, "BadRequest", f"this is no fault: {error}") from error
    if fault.fault not in KINDS:
        raise ApiError(400, "BadRequest", f"fault {fault.fault!r} is unknown; one of {', '.join(KINDS)}")
    fault.ends = None if fault.duration is None else time.monotonic() + fault.duration
    return fault


class Stream:
    """One open watch or log, which a fault may strike."""

    def __init__(self, request: web.Request, ready: asyncio.Event) -> None:
        self.request = request
        self.ready = ready
        self._struck: Fault | None = None
        self._bookmark = False

    def strike(self, fault: Fault) -> None:
        self._struck = fault
        self.ready.set()

    def ask_bookmark(self) -> None:
        self._bookmark = True
        self.ready.set()

    def take_bookmark(self) -> bool:
        asked, self._bookmark = self._bookmark, False
        return asked

    async def obey(self, response: web.StreamResponse) -> bool:
        """Do what struck; True when the stream is over."""
        fault, self._struck = self._struck, None
        if fault is None:
            return False
        if fault.fault == "slow":
            await asyncio.sleep(fault.delay)
            return False
        if fault.fault == "hang":
            await asyncio.sleep(fault.duration if fault.duration is not None else 86_400.0)
            return False
        if fault.fault == "garbage":
            await response.write(GARBAGE)
            return False
        if fault.fault == "410":
            status = msgspec.json.encode(expired("too old resource version: 1 (2)").status())
            await response.write(b'{"type":"ERROR","object":' + status + b"}\n")
            await response.write_eof()
        else:  # a stream that has begun can only break
            abort(self.request)
        return True


def abort(request: web.Request) -> None:
    transport: Any = request.transport
    if transport is not None:
        transport.abort()


class Faults:
    """The faults of one cluster that are switched on, and the streams they may strike."""

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.active: list[Fault] = []
        self.streams: set[Stream] = set()

    @contextmanager
    def stream(self, request: web.Request, ready: asyncio.Event) -> Iterator[Stream]:
        found = Stream(request, ready)
        self.streams.add(found)
        try:
            yield found
        finally:
            self.streams.discard(found)

    def add(self, fault: Fault) -> None:
        if fault.cluster and fault.cluster != self.cluster:
            return
        self.active.append(fault)
        if fault.streams:
            for stream in tuple(self.streams):
                if _matches(fault, stream.request):
                    stream.strike(fault)

    def clear(self) -> None:
        self.active.clear()

    def take(self, request: web.Request) -> Fault | None:
        """The first fault for this request, its count reduced."""
        self.active = [fault for fault in self.active if not fault.over()]
        for fault in self.active:
            if _matches(fault, request):
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None


def _matches(fault: Fault, request: web.Request) -> bool:
    if fault.method and fault.method.upper() != request.method:
        return False
    if fault.resource:
        found = target(request.path)
        if found is None or found.plural != fault.resource:
            return False
    return fnmatch.fnmatchcase(request.path, fault.path) or fnmatch.fnmatchcase(request.path_qs, fault.path)


async def strike(fault: Fault, request: web.Request) -> web.StreamResponse | None:
    """What the fault makes of a request: an answer, a broken connection, or None to go on (after a while)."""
    kind = fault.fault
    if kind == "slow":
        await asyncio.sleep(fault.delay)
        return None
    if kind == "hang":
        await asyncio.sleep(fault.duration if fault.duration is not None else 86_400.0)
        return None
    if kind == "reset":
        abort(request)
        return web.Response(status=500)
    if kind == "garbage":
        return web.Response(body=GARBAGE, content_type="application/json")
    if kind == "410" and watching(request):
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        status = msgspec.json.encode(expired("too old resource version: 1 (2)").status())
        await response.write(b'{"type":"ERROR","object":' + status + b"}\n")
        await response.write_eof()
        return response
    errors = {
        "401": unauthorized(),
        "403": ApiError(
            403,
            "Forbidden",
            f'forbidden: User "demo" cannot {request.method.lower()} path "{request.path}"',
            {},
        ),
        "429": too_many(
            "too many requests, please try again later",
            fault.retry_after,
            {"retryAfterSeconds": fault.retry_after},
        ),
        "500": ApiError(500, "InternalError", "Internal error occurred: a fault of the demo", {}),
        "410": expired("The resourceVersion for the provided list is too old."),
    }
    return failure(errors[kind])
