"""Pages of a list: the next is asked for before the one that came is read, and what is under way ends with who asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from tfdash.sources.kubernetes.list_pages import ListPages


def page(follows: str) -> bytes:
    return json.dumps({"items": [], "metadata": {"resourceVersion": "1", "continue": follows}}).encode()


class Server:
    """``asked`` is what was asked for, ``ended`` what was cancelled before its answer; of ``silent`` there comes none."""

    def __init__(self, answers: dict[str, bytes | Exception], silent: str = "-") -> None:
        self.answers, self.silent, self.asked, self.ended = answers, silent, list[str](), list[str]()

    async def get(self, token: str, sent: Callable[[], None]) -> bytes:
        self.asked.append(token)
        await asyncio.sleep(0)
        sent()
        try:
            if token == self.silent:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.ended.append(token)
            raise
        answer = self.answers[token]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_the_next_page_is_under_way_before_one_is_read() -> None:
    server = Server({"": page("a"), "a": page("b"), "b": page("")})
    async with ListPages(server.get) as pages:
        assert (await pages.next(), server.asked) == (page("a"), ["", "a"])
        assert (await pages.next(), server.asked) == (page("b"), ["", "a", "b"])
        assert (await pages.next(), server.asked) == (page(""), ["", "a", "b"])
    assert not server.ended


async def test_what_is_under_way_ends_with_who_asked() -> None:
    server = Server({"": page("a")}, silent="a")
    async with ListPages(server.get) as pages:
        await pages.next()
    await asyncio.sleep(0)
    assert server.ended == ["a"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_is_cancelled_takes_its_page_along() -> None:
    server, waiting = Server({"": page("a")}, silent="a"), asyncio.Event()

    async def read() -> None:
        async with ListPages(server.get) as pages:
            await pages.next()
            waiting.set()
            await pages.next()

    task = asyncio.create_task(read())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert server.ended == ["a"]


async def test_a_page_that_failed_is_told_when_its_turn_comes_and_the_list_can_begin_again() -> None:
    server = Server({"": page("a"), "a": ConnectionError("gone")})
    async with ListPages(server.get) as pages:
        assert not pages.begun
        await pages.next()
        assert pages.begun
        with pytest.raises(ConnectionError, match="gone"):
            await pages.next()
        pages.restart()
        server.answers["a"] = page("")
        assert [await pages.next(), await pages.next()] == [page("a"), page("")]


async def test_what_is_no_list_is_for_who_reads_it() -> None:
    server = Server({"": b"<html>"})
    async with ListPages(server.get) as pages:
        assert await pages.next() == b"<html>"
    assert server.asked == [""]


async def test_another_token_than_the_head_had_is_asked_for_in_its_place() -> None:
    server = Server({"": page("a"), "z": page("")}, silent="a")
    async with ListPages(server.get) as pages:
        await pages.next()
        pages.goes_on("z")
        assert await pages.next() == page("")
    assert server.ended == ["a"] and server.asked == ["", "a", "z"]


async def test_a_page_that_fails_before_it_is_asked_for_holds_nobody_up() -> None:
    """No connection comes about, so that no request goes out."""

    async def get(token: str, sent: Callable[[], None]) -> bytes:
        if token:
            raise ConnectionError("refused")
        return page("a")

    async with asyncio.timeout(30), ListPages(get) as pages:
        assert await pages.next() == page("a")
        with pytest.raises(ConnectionError):
            await pages.next()
