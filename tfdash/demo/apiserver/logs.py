"""Container logs: made from the pod's identity and simulated time, so that the same line is always there again."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from aiohttp import web

from tfdash.demo.apiserver.errors import bad_request
from tfdash.demo.apiserver.objects import Obj, dig, micro_stamp, name_of, seconds, uid_of
from tfdash.demo.apiserver.reading import stored
from tfdash.demo.apiserver.request import Call
from tfdash.demo.traffic.usage import app_of

_PACE = 1.7  # simulated seconds between two lines, about
_MOST = 20_000  # lines of a log that are kept, as rotation would
_PATHS = (
    "/v1/parcels/{n}",
    "/v1/valuations/{n}",
    "/v1/session",
    "/v1/search?q=lot+{n}",
    "/v1/ledger/{n}/entries",
    "/healthz",
)
_NOTES = (
    "cache refreshed in {d} ms",
    "connection pool: {n} of 40 in use",
    "consumed offset {n}",
    "lease renewed",
    "slow query: {d} ms, 1 row",
    "retrying upstream after {d} ms",
)


class Run(NamedTuple):
    """One run of a container: from ``begun`` to ``ended`` (None: it runs), and what it said last."""

    begun: float
    ended: float | None
    number: int
    last: tuple[str, ...] = ()


class Line(NamedTuple):
    at: float
    text: str


def _text(pod: Obj, container: str, run: Run, index: int, at: float) -> str:
    rng = random.Random(zlib.crc32(f"{uid_of(pod)}/{container}/{run.number}/{index}".encode()))
    if index == 0:
        return f'level=info msg="{app_of(pod) or container} starting" pid=1 run={run.number}'
    if index == 1:
        return 'level=info msg="listening" addr=0.0.0.0:8080'
    n, d = rng.randrange(1000, 99_999), rng.randrange(2, 240)
    if rng.random() < 0.12:
        level = "warn" if rng.random() < 0.2 else "info"
        note = rng.choice(_NOTES).format(n=n % 40, d=d)
        return f'level={level} msg="{note}"'
    status = rng.choices((200, 201, 304, 404, 500), (90, 4, 3, 2, 0.3))[0]
    path = rng.choice(_PATHS).format(n=n)
    trace = f"{rng.getrandbits(64):016x}"
    return f"level=info method=GET path={path} status={status} duration={d}ms trace={trace}"


def _lines(pod: Obj, container: str, run: Run, first: int, until: float) -> Iterator[tuple[int, Line]]:
    """Lines from number ``first`` up to ``until``, with their numbers."""
    index = first
    while True:
        waver = (zlib.crc32(f"{uid_of(pod)}/{index}".encode()) % 1000) / 1000.0
        at = run.begun + 0.2 + index * _PACE + waver * _PACE * 0.9
        if at > until:
            return
        yield index, Line(at, _text(pod, container, run, index, at))
        index += 1


def _status(pod: Obj, container: str) -> Obj | None:
    for field in ("containerStatuses", "initContainerStatuses"):
        for found in dig(pod, "status", field, default=()):
            if found["name"] == container:
                status: Obj = found
                return status
    return None


def _last_words(call: Call, pod: Obj, container: str, ended: Obj) -> tuple[str, ...]:
    if ended.get("reason") == "OOMKilled" or not ended.get("exitCode"):
        return ()
    spec = next(
        (
            c
            for c in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
            if c["name"] == container
        ),
        None,
    )
    words = call.cluster.behaviours.of(pod, spec).last_words if spec else ""
    return (
        f'level=error msg="{words or "fatal: configuration rejected"}"',
        f"exit status {ended['exitCode']}",
    )


def _run(call: Call, pod: Obj, container: str, *, previous: bool) -> Run:
    """The run whose log is asked for; 400 in the kubelet's words where there is none."""
    status = _status(pod, container)
    state = (status or {}).get("state") or {}
    number = (status or {}).get("restartCount", 0)
    ended = dig(status, "lastState", "terminated")
    if previous:
        if ended is None:
            raise bad_request(
                f'previous terminated container "{container}" in pod "{name_of(pod)}" not found'
            )
        number -= 1
    elif "running" in state:
        return Run(seconds(state["running"]["startedAt"]) or 0.0, None, number)
    elif "terminated" in state:
        ended = state["terminated"]
    elif ended is None:
        why = dig(state, "waiting", "reason", default="ContainerCreating")
        if why in ("ErrImagePull", "ImagePullBackOff"):
            why = "trying and failing to pull image"
        raise bad_request(f'container "{container}" in pod "{name_of(pod)}" is waiting to start: {why}')
    assert ended is not None
    words = _last_words(call, pod, container, ended)
    return Run(seconds(ended.get("startedAt")) or 0.0, seconds(ended.get("finishedAt")) or 0.0, number, words)


def _container(call: Call, pod: Obj) -> str:
    asked = call.text("container")
    names = [c["name"] for c in pod["spec"]["containers"]]
    others = [c["name"] for c in pod["spec"].get("initContainers") or ()]
    if asked:
        if asked not in names + others:
            raise bad_request(f"container {asked} is not valid for pod {name_of(pod)}")
        return asked
    if len(names) > 1:
        inits = f" or one of the init containers: [{' '.join(others)}]" if others else ""
        raise bad_request(
            f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(names)}]{inits}"
        )
    return str(names[0])


class _Options(NamedTuple):
    stamped: bool
    limit: int | None
    since: float | None
    tail: int | None


def _options(call: Call, now: float) -> _Options:
    since_seconds, since_time = call.number("sinceSeconds"), call.text("sinceTime")
    since = now - since_seconds if since_seconds is not None else None
    if since_time:
        since = seconds(since_time)
        if since is None:
            raise bad_request(f'sinceTime: parsing time "{since_time}" as RFC 3339 failed')
    return _Options(call.flag("timestamps"), call.number("limitBytes"), since, call.number("tailLines"))


def _written(line: Line, options: _Options) -> bytes:
    if not options.stamped:
        return line.text.encode() + b"\n"
    return f"{micro_stamp(line.at).rstrip('Z')}000Z {line.text}\n".encode()


def _past(pod: Obj, container: str, run: Run, options: _Options, now: float) -> tuple[list[Line], int]:
    """What is in the log by now, and the number of the line to come."""
    until = min(now, run.ended) if run.ended is not None else now
    newest = max(0, int((until - run.begun) / _PACE) + 2)
    begin = max(0, newest - _MOST)
    if options.since is not None:
        begin = max(begin, int((options.since - run.begun) / _PACE) - 3)
    if options.tail is not None:
        begin = max(begin, newest - options.tail - 5)
    found = list(_lines(pod, container, run, max(0, begin), until))
    following = found[-1][0] + 1 if found else max(0, begin)
    lines = [line for _, line in found if options.since is None or line.at > options.since]
    if run.ended is not None:
        lines += [Line(run.ended, text) for text in run.last]
    if options.tail is not None:
        lines = lines[-options.tail :] if options.tail > 0 else []
    return lines, following


async def log(call: Call) -> web.StreamResponse:
    """Answer pods/log, following where asked until the container ends."""
    pod = stored(call).obj
    container = _container(call, pod)
    store = call.cluster.store
    run = _run(call, pod, container, previous=call.flag("previous"))
    now = store.now()
    options = _options(call, now)
    lines, following = _past(pod, container, run, options, now)
    body = b"".join(_written(line, options) for line in lines)
    if options.limit is not None:
        body = body[: options.limit]
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(call.request)
    if body:
        await response.write(body)
    if call.flag("follow") and run.ended is None and options.limit is None:
        await _follow(call, response, container, run, options, following)
    await response.write_eof()
    return response


async def _follow(
    call: Call, response: web.StreamResponse, container: str, run: Run, options: _Options, following: int
) -> None:
    """New lines as simulated time brings them."""
    store, clock = call.cluster.store, call.cluster.clock
    ready = asyncio.Event()
    with call.cluster.faults.stream(call.request, ready) as stream:
        while True:
            if await stream.obey(response):
                return
            pod = store.find("pods", call.namespace, call.name)
            if pod is None:
                return
            current = dig(_status(pod, container), "state", "running", "startedAt")
            over = seconds(current) != run.begun
            fresh = list(_lines(pod, container, run, following, store.now()))
            if over:
                fresh = fresh[:1]
            if fresh:
                following = fresh[-1][0] + 1
                await response.write(b"".join(_written(line, options) for _, line in fresh))
            if over:
                return
            ready.clear()
            wait = clock.wall_delay(store.now() + _PACE / 2)
            try:
                async with asyncio.timeout(1.0 if wait is None else max(0.05, wait)):
                    await ready.wait()
            except TimeoutError:
                continue
