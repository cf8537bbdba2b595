"""Followed logs: every line arrives once, whatever its stamp, and a lost stream goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.unit.sources.scripted import Answer, Asked, failing, scripted
from tfdash.clock import SystemClock
from tfdash.model.requests import LogLine, LogRequest, ReadFailed
from tfdash.model.subject import ClusterRef, Subject
from tfdash.sources.kubernetes import logs
from tfdash.sources.kubernetes.logs import Overlap, stream

OUT_OF_ORDER = b"""\
2026-11-28T19:08:10.000000500Z one (stdout)
2026-11-28T19:08:10.000300000Z two (stdout)
2026-11-28T19:08:10.000299000Z three: ERROR on stderr, stamped 1 us earlier
2026-11-28T19:08:11.0Z four
2026-11-28T19:08:05.0Z five: the node clock was set back 6 s
2026-11-28T19:08:06.0Z six: OutOfMemoryError
2026-11-28T19:08:07.0Z seven
2026-11-28T19:08:12.0Z eight
2026-11-28T19:08:13.000000100Z retry
2026-11-28T19:08:13.000000200Z retry
2026-11-28T19:08:13.000000300Z retry
2026-11-28T19:08:14.5+01:00 nine: other offset
no stamp at all
2026-11-28T19:08:16.123Z@
""".replace(b"@", b" ").splitlines(keepends=True)
TEXTS = [
    *("one (stdout)", "two (stdout)", "three: ERROR on stderr, stamped 1 us earlier", "four"),
    *("five: the node clock was set back 6 s", "six: OutOfMemoryError", "seven", "eight"),
    *("retry", "retry", "retry", "nine: other offset", "no stamp at all", ""),
]
REF = ClusterRef("test", "test")
REQUEST = LogRequest(pod=Subject(REF, "Pod", "a", "web"), container="main", tail=100)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects come at once."""
    monkeypatch.setattr(logs.Backoff, "next", lambda self, at_least=None: 0.0)


async def read(answers: Iterator[Answer], count: int) -> tuple[list[LogLine], list[Asked]]:
    """The first ``count`` lines that are no notes."""
    found: list[LogLine] = []
    async with scripted(lambda asked: next(answers, failing(500))) as (reader, asked), asyncio.timeout(30):
        batches = stream(reader, REQUEST, SystemClock())
        async for batch in batches:
            found += [line for line in batch if not line.note]
            if len(found) >= count:
                break
        await batches.aclose()  # type: ignore[attr-defined]  # it is a generator
    return found, asked


async def test_each_line_arrives_whatever_its_stamp() -> None:
    found, _ = await read(iter([Answer(OUT_OF_ORDER, hold=True)]), len(TEXTS))
    assert [line.text for line in found] == TEXTS
    assert [line.text for line in found if line.time is None] == ["no stamp at all"]


@pytest.mark.parametrize("cut", range(1, len(TEXTS)))
async def test_a_lost_stream_goes_on_where_it_was(cut: int) -> None:
    """The second connection sends everything again, as a kubelet may: what was there is not repeated, all else comes."""
    answers = iter([Answer(OUT_OF_ORDER[:cut]), Answer(OUT_OF_ORDER, hold=True)])
    found, asked = await read(answers, len(TEXTS))
    assert [line.text for line in found] == TEXTS
    assert ("tailLines" in asked[0].query, "sinceTime" in asked[0].query) == (True, False)
    assert ("tailLines" in asked[1].query, "sinceTime" in asked[1].query) == (False, True)


async def test_a_stream_that_is_lost_twice_within_what_it_repeats() -> None:
    answers = iter([Answer(OUT_OF_ORDER[:9]), Answer(OUT_OF_ORDER[:4]), Answer(OUT_OF_ORDER, hold=True)])
    found, _ = await read(answers, len(TEXTS))
    assert [line.text for line in found] == TEXTS


async def test_it_is_resumed_a_little_before_the_last_line() -> None:
    lines = [b"2026-11-28T19:08:10.9Z one\n", b"2026-11-28T19:08:11.1Z three\n"]
    late = b"2026-11-28T19:08:10.95Z two, by another writer\n"
    answers = iter([Answer(lines), Answer([lines[0], lines[1], late], hold=True)])
    found, asked = await read(answers, 3)
    assert [line.text for line in found] == ["one", "three", "two, by another writer"]
    assert asked[1].query["sinceTime"] == "2026-11-28T19:08:09Z"


def passing(overlap: Overlap, *lines: tuple[bytes, float]) -> list[bytes]:
    return [raw for raw, at in lines if overlap.passes(raw, at)]


def test_what_stands_before_the_first_line_that_was_asked_for_does_not_come_by_a_resume() -> None:
    overlap = Overlap()
    assert passing(overlap, (b"c", 10.2), (b"d", 10.3)) == [b"c", b"d"]
    overlap.resume()
    assert passing(overlap, (b"a", 10.0), (b"b", 10.1), (b"c", 10.2), (b"d", 10.3), (b"e", 10.4)) == [b"e"]


def test_equal_lines_are_counted() -> None:
    overlap = Overlap()
    assert passing(overlap, (b"x", 1.0), (b"x", 1.0)) == [b"x", b"x"]
    overlap.resume()
    assert passing(overlap, *[(b"x", 1.0)] * 3) == [b"x"]


def test_more_than_is_remembered_comes_twice_rather_than_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_REMEMBERED", 2)
    overlap = Overlap()
    passing(overlap, (b"a", 9.0), (b"b", 10.0), (b"c", 8.0))
    overlap.resume()
    assert passing(overlap, (b"a", 9.0), (b"b", 10.0), (b"c", 8.0), (b"d", 8.1)) == [b"a", b"d"]


def test_a_log_without_any_stamp_is_resumed_as_it_was_begun() -> None:
    from tfdash.sources.kubernetes.logs import Overlap

    overlap = Overlap()
    assert overlap.passes(b"failed to create fsnotify watcher: too many open files", None)
    assert overlap.since is None
    assert overlap.passes(b"2026-11-28T19:08:10Z one", 100.0) and overlap.since == 98.0


async def test_an_ended_container_says_so_once_until_it_runs_again() -> None:
    line = b"2026-11-28T19:08:10.000000500Z %s\n"
    first, second = line % b"one", line % b"two"
    third = line % b"three"
    answers = iter(
        [
            *(Answer([first]) for _ in range(3)),
            Answer([first + second]),
            Answer([first + second + third], hold=True),
        ]
    )
    found: list[LogLine] = []
    async with scripted(lambda asked: next(answers, failing(500))) as (reader, _), asyncio.timeout(30):
        batches = stream(reader, REQUEST, SystemClock())
        async for batch in batches:
            found += batch
            if found[-1].text == "three":
                break
        await batches.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert ["note" if line.note else line.text for line in found] == ["one", "note", "two", "note", "three"]


async def test_the_log_of_a_pod_that_was_deleted_ends_with_that() -> None:
    answers = iter([Answer([b"2026-11-28T19:08:10Z one\n"])])
    found: list[LogLine] = []
    async with scripted(lambda asked: next(answers, failing(404))) as (reader, _), asyncio.timeout(30):
        batches = stream(reader, REQUEST, SystemClock())
        for _ in range(2):
            found += await anext(batches)
        with pytest.raises(ReadFailed, match="the pod is gone"):
            await anext(batches)
    assert ["note" if line.note else line.text for line in found] == ["one", "note"]
