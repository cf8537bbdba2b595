"""Servers that send without an end, or a little that becomes a lot: said, and the program lives on."""

from __future__ import annotations

import gzip
import resource
import zlib
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.unit.sources.scripted import Answer, Asked, event, listed, named, running, scripted, until
from tests.unit.sources.test_listwatch import Seen, watch_of
from tfdash.model.observation import ProblemKind
from tfdash.sources.kubernetes import bodies
from tfdash.sources.kubernetes.bodies import BodyTooLarge, beginning, check_packing, lines, read
from tfdash.sources.kubernetes.transport import ApiError, problem_of

MIB = b"x" * (1 << 20)


class Endless(httpx.AsyncByteStream):
    """``piece`` again and again; ``sent`` counts."""

    def __init__(self, piece: bytes, first: bytes = b"") -> None:
        self.piece, self.first, self.sent = piece, first, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.first:
            yield self.first
        while True:
            self.sent += len(self.piece)
            yield self.piece


def answer(stream: httpx.AsyncByteStream, **headers: str) -> httpx.Response:
    return httpx.Response(200, headers={k.replace("_", "-"): v for k, v in headers.items()}, stream=stream)


async def test_a_body_without_an_end() -> None:
    stream = Endless(MIB)
    with pytest.raises(BodyTooLarge, match="larger than 4 MiB"):
        await read(answer(stream), 4 << 20)
    assert stream.sent == 5 << 20
    assert len(await beginning(answer(Endless(MIB)))) == bodies.FAILURE


async def test_a_line_without_an_end() -> None:
    stream = Endless(MIB, b"one\n\ntw")
    got: list[bytes] = []

    async def take() -> None:
        async for found in lines(answer(stream), 4 << 20):
            got.extend(found)

    with pytest.raises(BodyTooLarge, match="an event of the watch is larger than 4 MiB"):
        await take()
    assert got == [b"one"] and stream.sent == 4 << 20


@pytest.mark.parametrize(
    "pieces", [[b"a\nb\nc\n"], [b"a", b"\nb", b"\n", b"c\n", b"left"], [b"a\r\nb\n\n\nc\n"]]
)
async def test_lines_however_they_are_cut(pieces: list[bytes]) -> None:
    class Pieces(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

    got = [line.strip() async for found in lines(answer(Pieces())) for line in found]
    assert got == [b"a", b"b", b"c"]


async def test_a_little_that_becomes_a_lot() -> None:
    packed = gzip.compress(bytes(64 << 20))
    assert len(packed) < 1 << 17

    class Once(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for start in range(0, len(packed), 4096):
                yield packed[start : start + 4096]

    with pytest.raises(BodyTooLarge):
        await read(answer(Once(), Content_Encoding="gzip"), 8 << 20)
    with pytest.raises(BodyTooLarge, match="packed twice"):
        check_packing(answer(Once(), Content_Encoding="gzip, gzip"))
    with pytest.raises(httpx.DecodingError) as told:
        await read(answer(Endless(zlib.compress(b"x")[:4]), Content_Encoding="gzip"))
    assert problem_of(told.value, 0.0).cause == "the answer cannot be unpacked"


def endless(say: bytes, times: int) -> Iterator[bytes]:
    return (say for _ in range(times))


async def test_a_page_without_an_end_is_a_problem_and_takes_no_memory_along() -> None:
    def say(asked: Asked) -> Answer:
        answer = Answer()
        answer.pieces = endless(MIB, 400)  # type: ignore[assignment]  # made as it is sent
        return answer

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with scripted(say) as (reader, _):
        with pytest.raises(BodyTooLarge) as told:
            await reader.get("/api/v1/namespaces")
    problem = problem_of(told.value, 0.0)
    assert problem.kind is ProblemKind.BAD_ANSWER and problem.transient and "256 MiB" in problem.cause
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600 << 10


async def test_a_failure_without_an_end_is_told_by_its_beginning() -> None:
    def say(asked: Asked) -> Answer:
        answer = Answer(status=500)
        answer.pieces = endless(b"the proxy says no " * 60_000, 400)  # type: ignore[assignment]
        return answer

    async with scripted(say) as (reader, _):
        with pytest.raises(ApiError, match="the proxy says no") as told:
            await reader.get("/api/v1/namespaces")
    assert len(told.value.message) <= 200


async def test_an_event_without_an_end_loses_the_watch_and_not_what_is_known() -> None:
    first, seen = True, Seen()

    def say(asked: Asked) -> Answer:
        nonlocal first
        if "watch" not in asked.query:
            return listed(named("a", "10"))
        if first:
            first = False
            answer = Answer()
            answer.pieces = endless(MIB, 40)  # type: ignore[assignment]
            return answer
        return Answer([event("ADDED", named("b", "11"))], hold=True)

    async with scripted(say) as (reader, _), running(watch_of(reader, seen).run()):
        await until(lambda: any(o.problem is not None for o in seen.all))
        (problem,) = {o.problem.cause for o in seen.all if o.problem is not None}
        assert "an event of the watch is larger than 16 MiB" in problem
        await until(lambda: seen.names == {"a", "b"})
        assert all("a" in {k.name for k in o.value} for o in seen.all if o.value is not None)
