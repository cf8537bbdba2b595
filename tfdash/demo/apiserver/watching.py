"""Watches: replay from a resourceVersion, then live; selectors, bookmarks, time-outs, Tables; 410 inside the stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
from aiohttp import web

from tfdash.demo.apiserver.bookmarks import Bookmarks
from tfdash.demo.apiserver.errors import expired
from tfdash.demo.apiserver.faults import Stream
from tfdash.demo.apiserver.object_store import ADDED, DELETED, MODIFIED, Gone, Happened, Stored, Watcher
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.reading import options_refused, row, selection, version_option
from tfdash.demo.apiserver.request import Call
from tfdash.demo.apiserver.resources import Resource
from tfdash.demo.apiserver.selectors import Test
from tfdash.demo.apiserver.table import blank_cells, columns
from tfdash.demo.apiserver.versions import full_json, partial_json

_encode = msgspec.json.encode
INITIAL_END = {"k8s.io/initial-events-end": "true"}
_SHORTEST, _LONGEST = 1800.0, 3600.0  # seconds a watch lives when the client names no time-out
_BATCH = 500  # events written at once


def _line(kind: str, body: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"


def error_line(status: Obj) -> bytes:
    return _line("ERROR", _encode(status))


class _Writer:
    """Events in the shape that the client accepts."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._headed = False

    def event(self, kind: str, item: Stored) -> bytes:
        form = self._call.shape.form
        if form == "table":
            return _line(kind, self._table(str(item.version), row(self._call, item)))
        if form == "partial":
            return _line(kind, partial_json(item))
        return _line(kind, full_json(self._call.resource, item))

    def bookmark(self, version: int, annotations: Obj | None = None) -> bytes:
        resource: Resource = self._call.resource
        meta: Obj = {"resourceVersion": str(version)}
        if annotations:
            meta["annotations"] = annotations
        partial = _encode({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta})
        if self._call.shape.form == "table":
            shown = b"null" if self._call.text("includeObject") == "None" else partial
            cells = _encode(blank_cells(resource))
            return _line(
                "BOOKMARK", self._table(str(version), b'{"cells":' + cells + b',"object":' + shown + b"}")
            )
        if self._call.shape.form == "partial":
            return _line("BOOKMARK", partial)
        return _line(
            "BOOKMARK", _encode({"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta})
        )

    def _table(self, version: str, one_row: bytes) -> bytes:
        definitions = b"null" if self._headed else columns(self._call.resource)
        self._headed = True
        head = (
            b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"'
            + version.encode()
        )
        return head + b'"},"columnDefinitions":' + definitions + b',"rows":[' + one_row + b"]}"


def seen_as(event: Happened, chosen: Test | None) -> tuple[str, Stored] | None:
    """How one change looks through a selector: an object that enters it is ADDED, one that leaves it DELETED."""
    if chosen is None:
        return event.type, event.now
    before = event.before is not None and chosen(event.before.obj)
    now = event.type != DELETED and chosen(event.now.obj)
    if event.type == DELETED:
        return (DELETED, event.now) if before else None
    if now:
        return (MODIFIED if before else ADDED), event.now
    if before and event.before is not None:
        meta = {**event.before.obj["metadata"], "resourceVersion": str(event.version)}
        return DELETED, Stored({**event.before.obj, "metadata": meta}, event.version)
    return None


def _check(call: Call) -> None:
    send, match = call.text("sendInitialEvents"), call.text("resourceVersionMatch")
    field = "resourceVersionMatch"
    if send and match != "NotOlderThan":
        raise options_refused(
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan", field
        )
    if match and not send:
        raise options_refused(
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided", field
        )


async def watch(call: Call) -> web.StreamResponse:
    """Serve one watch until its time-out, the client's leave, or a cut."""
    _check(call)
    asked, store = version_option(call), call.cluster.store
    chosen = selection(call)
    if call.name:
        name, inner = call.name, chosen
        chosen = lambda obj: obj["metadata"]["name"] == name and (inner is None or inner(obj))  # noqa: E731
    namespace = call.namespace if call.resource.namespaced else ""
    send = call.text("sendInitialEvents")
    initial = send in ("true", "1") or (not asked and not send)
    writer = _Writer(call)
    watcher = store.watch(call.storage, namespace)
    first: list[bytes] = []
    start = asked or store.version
    try:
        if initial:
            start = store.version
            items = store.listed(call.storage, namespace)
            first = [writer.event(ADDED, item) for item in items if chosen is None or chosen(item.obj)]
            if send and call.flag("allowWatchBookmarks"):
                first.append(writer.bookmark(store.version, INITIAL_END))
        elif asked:
            try:
                past = store.since(call.storage, namespace, asked)
            except Gone as gone:
                first = [error_line(expired(str(gone)).status())]
                watcher.cut = True
                watcher.ready.set()
                past = []
            for event in past:
                start = event.version
                seen = seen_as(event, chosen)
                if seen is not None:
                    first.append(writer.event(*seen))
        with call.cluster.faults.stream(call.request, watcher.ready) as stream:
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(call.request)
            for at in range(0, len(first), _BATCH):
                await response.write(b"".join(first[at : at + _BATCH]))
            first.clear()

            def convert(event: Happened) -> bytes | None:
                seen = seen_as(event, chosen) if event.version > (asked or 0) else None
                return writer.event(*seen) if seen is not None else None

            await _follow(call, response, watcher, writer, convert, stream, start)
        return response
    finally:
        store.unwatch(call.storage, watcher)


async def _follow(
    call: Call,
    response: web.StreamResponse,
    watcher: Watcher,
    writer: _Writer,
    convert: Callable[[Happened], bytes | None],
    stream: Stream,
    start: int,
) -> None:
    store, cluster = call.cluster.store, call.cluster
    shelf = store.shelf(call.storage)
    timeout = call.number("timeoutSeconds") or 0
    life = float(timeout) if timeout else cluster.machine_rng.uniform(_SHORTEST, _LONGEST)
    begun = time.monotonic()
    marks = Bookmarks(start, begun, begun + life) if call.flag("allowWatchBookmarks") else None
    while True:
        lines: list[bytes] = []
        while watcher.pending and len(lines) < _BATCH:
            line = convert(watcher.pending.popleft())
            if line is not None:
                lines.append(line)
        if lines:
            await response.write(b"".join(lines))
        if watcher.pending:
            await cluster.breathe()
            continue
        if await stream.obey(response):
            return
        if watcher.cut:
            break
        now = time.monotonic()
        every = cluster.options.bookmark_seconds / max(cluster.clock.speed, 1.0)  # of its own time
        if marks is not None and every:
            told = marks.take(now, every, shelf.newest, store.version)
            if told is not None:
                await response.write(writer.bookmark(told))
        if stream.take_bookmark() and marks is not None:
            await response.write(writer.bookmark(store.version))
        left = begun + life - now
        if left <= 0:
            break
        if marks is not None and every:
            left = min(left, marks.due_at(every) - now)
        watcher.ready.clear()
        try:
            async with asyncio.timeout(max(left, 0.001)):
                await watcher.ready.wait()
        except TimeoutError:
            continue
    await response.write_eof()
