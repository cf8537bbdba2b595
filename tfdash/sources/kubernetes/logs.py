"""A container's log, line by line, for as long as it is followed: reconnects, resumes, and says so."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from tfdash.clock import Clock
from tfdash.model.kinds import LISTED
from tfdash.model.observation import ProblemKind
from tfdash.model.requests import LogLine, LogRequest, ReadFailed
from tfdash.sgr import coloured
from tfdash.sources.kubernetes.decoders.common import seconds
from tfdash.sources.kubernetes.listwatch import Backoff
from tfdash.sources.kubernetes.transport import ApiError, Reader, problem_of

_LONGEST = 64 * 1024  # bytes of one line that are kept; the rest is cut and said
_REMEMBERED = 5_000  # lines of a stream that are known again when it is resumed
_MARGIN = 2.0  # seconds before the last line from which a lost stream is resumed: two writers of a node are not in step
_FINAL = (ProblemKind.FORBIDDEN, ProblemKind.NOT_SERVED, ProblemKind.BAD_ANSWER)


class Overlap:
    """Tells what a resumed stream only repeats, by the whole line as it came: its full stamp and its text.

    Stamps order nothing here: two writers of one container are not in step, and a node's clock is set back. Where too
    little is remembered a line comes twice rather than never.
    """

    def __init__(self) -> None:
        self._passed: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED)  # (stamp, hash of the line)
        self._expected: Counter[int] = Counter()
        self._oldest: float | None = None  # while a resumed stream has repeated nothing yet

    @property
    def since(self) -> float | None:
        """From when to resume (epoch seconds); None before the first line that has a stamp."""
        last = self._passed[-1][0] if self._passed else 0.0
        return last - _MARGIN if last else None

    def resume(self) -> None:
        """A new stream begins, from ``since`` on."""
        self._expected = Counter(line for _, line in self._passed)
        self._oldest = min((at for at, _ in self._passed), default=None)

    def passes(self, raw: bytes, at: float | None) -> bool:
        """Whether a line is new; it is remembered then. ``at``: its stamp, None where it has none."""
        line = hash(raw)
        if self._expected[line] > 0:
            self._expected[line] -= 1
            self._oldest = None
            return False
        if self._oldest is not None and at is not None and at < self._oldest:
            return False  # from before the first line that was asked for, or before what is remembered
        self._passed.append((at if at is not None else self._passed[-1][0] if self._passed else 0.0, line))
        return True


async def stream(reader: Reader, request: LogRequest, clock: Clock) -> AsyncIterator[list[LogLine]]:
    """Batches of lines as they come. Raises ``ReadFailed`` if the log cannot be had at all."""
    backoff = Backoff(0.5, 10.0)
    overlap = Overlap()
    said = ""  # a note is not said again before a line came
    while True:
        told = "the log ended; it goes on here if the container runs again"
        try:
            overlap.resume()
            async for batch in _once(reader, request, overlap.since):
                pairs = ((raw, _line(request, raw)) for raw in batch)
                fresh = [line for raw, line in pairs if overlap.passes(raw, line.time)]
                if fresh:
                    said = ""
                    backoff.reset()
                    yield fresh
            if not request.follow or request.previous:
                return
        except Exception as error:
            problem = problem_of(error, clock.now())
            if isinstance(error, ApiError) and error.status == 404:  # every cluster serves logs
                problem = msgspec.structs.replace(problem, cause="the pod is gone")
            if problem.kind in _FINAL or not request.follow:
                raise ReadFailed(problem) from None
            told = f"stream lost: {problem.cause}; trying again"
        if told != said:
            said = told
            yield [_note(request, told)]
        await asyncio.sleep(backoff.next())


def _note(request: LogRequest, text: str) -> LogLine:
    return LogLine(request.pod.name, request.container, None, text, note=True)


async def _once(reader: Reader, request: LogRequest, since: float | None) -> AsyncIterator[list[bytes]]:
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
        if request.limit_bytes is not None:
            params["limitBytes"] = str(request.limit_bytes)
    path = LISTED["Pod"].path(request.pod.namespace, request.pod.name) + "/log"
    # a quiet log is no dead one: only the connection's own keep-alive may end it
    answer = await reader.open(path, params, accept="*/*", silence=3600.0 if request.follow else None)
    try:
        rest = b""
        async for chunk in answer.aiter_bytes():
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST:
                lines, rest = [*lines, rest], b""
            if lines:
                yield lines
        if rest:
            yield [rest]
    finally:
        await answer.aclose()


def _line(request: LogRequest, raw: bytes) -> LogLine:
    stamp, _, text = raw[:_LONGEST].decode(errors="replace").partition(" ")
    time = seconds(stamp) or None
    if time is None:
        text = raw[:_LONGEST].decode(errors="replace")
    if len(raw) > _LONGEST:
        text += f" … ({len(raw) - _LONGEST} bytes more)"
    shown, colours = coloured(text)
    return LogLine(request.pod.name, request.container, time, shown, colours=colours)
