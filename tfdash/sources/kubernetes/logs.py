"""A container's log, line by line, for as long as it is followed: reconnects, resumes, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from tfdash.clock import Clock
from tfdash.model.observation import ProblemKind
from tfdash.model.requests import LogLine, LogRequest, ReadFailed
from tfdash.sources.kubernetes.decoders.common import seconds
from tfdash.sources.kubernetes.kinds import WATCHED
from tfdash.sources.kubernetes.listwatch import Backoff
from tfdash.sources.kubernetes.transport import Reader, problem_of
from tfdash.text import safe

_LONGEST = 64 * 1024  # bytes of one line that are kept; the rest is cut and said
_FINAL = (ProblemKind.FORBIDDEN, ProblemKind.NOT_SERVED, ProblemKind.BAD_ANSWER)


async def stream(reader: Reader, request: LogRequest, clock: Clock) -> AsyncIterator[list[LogLine]]:
    """Batches of lines as they come. Raises ``ReadFailed`` if the log cannot be had at all."""
    backoff = Backoff(0.5, 10.0)
    last_time: float | None = request.since_time
    last_texts: set[str] = set()  # the lines already shown of the last second, which sinceTime sends again
    began = False
    while True:
        try:
            async for batch in _once(reader, request, last_time):
                fresh = [line for line in batch if not _seen(line, last_time, last_texts)]
                if fresh and not began and last_time != request.since_time:
                    began = True
                for line in fresh:
                    if line.time is not None:
                        second = int(line.time)
                        if last_time is None or second > int(last_time):
                            last_texts = set()
                        last_time = line.time
                        last_texts.add(line.text)
                if fresh:
                    backoff.reset()
                    yield fresh
            if not request.follow or request.previous:
                return
            yield [_note(request, "the log ended; waiting for the container to start again")]
        except Exception as error:
            problem = problem_of(error, clock.now())
            if problem.kind in _FINAL or not request.follow:
                raise ReadFailed(problem) from None
            yield [_note(request, f"stream lost: {problem.cause}; trying again")]
        await asyncio.sleep(backoff.next())


def _seen(line: LogLine, last_time: float | None, last_texts: set[str]) -> bool:
    if line.time is None or last_time is None:
        return False
    return line.time < last_time or (
        int(line.time) == int(last_time) and line.text in last_texts and line.time <= last_time
    )


def _note(request: LogRequest, text: str) -> LogLine:
    return LogLine(request.pod.name, request.container, None, text, note=True)


async def _once(reader: Reader, request: LogRequest, since: float | None) -> AsyncIterator[list[LogLine]]:
    params = {"container": request.container, "timestamps": "true"}
    if request.follow and not request.previous:
        params["follow"] = "true"
    if request.previous:
        params["previous"] = "true"
    if since is not None:
        params["sinceTime"] = datetime.fromtimestamp(int(since), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        if request.tail is not None:
            params["tailLines"] = str(request.tail)
        if request.since_seconds is not None:
            params["sinceSeconds"] = str(request.since_seconds)
    path = WATCHED["Pod"].path(request.pod.namespace, request.pod.name) + "/log"
    # a quiet log is no dead one: only the connection's own keep-alive may end it
    answer = await reader.open(path, params, accept="*/*", silence=3600.0 if request.follow else None)
    try:
        rest = b""
        async for chunk in answer.aiter_bytes():
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST:
                lines, rest = [*lines, rest], b""
            if lines:
                yield [_line(request, raw) for raw in lines]
        if rest:
            yield [_line(request, rest)]
    finally:
        await answer.aclose()


def _line(request: LogRequest, raw: bytes) -> LogLine:
    stamp, _, text = raw[:_LONGEST].decode(errors="replace").partition(" ")
    time = seconds(_six_digits(stamp)) or None
    if time is None:
        text = raw[:_LONGEST].decode(errors="replace")
    if len(raw) > _LONGEST:
        text += f" … ({len(raw) - _LONGEST} bytes more)"
    return LogLine(request.pod.name, request.container, time, safe(text.rstrip("\r").expandtabs(4)))


def _six_digits(stamp: str) -> str:
    """Kubernetes writes nanoseconds; Python reads microseconds."""
    head, dot, tail = stamp.partition(".")
    if not dot:
        return stamp
    digits = tail.rstrip("Z")
    return f"{head}.{digits[:6]:0<6}+00:00" if digits.isdigit() else stamp
