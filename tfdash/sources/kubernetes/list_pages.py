"""The pages of a list, one after the other: while one is being read, the server already makes the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Self

import msgspec

from tfdash.sources.kubernetes import envelopes


class ListPages:
    """``get`` fetches the page behind a continue token, "" the first, and calls what it is given when it has asked. Whatever is still under
    way at the end is cancelled."""

    def __init__(self, get: Callable[[str, Callable[[], None]], Coroutine[Any, Any, bytes]]) -> None:
        self._get = get
        self._token = ""  # of the page that comes next
        self._ahead: asyncio.Task[bytes] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.restart()

    @property
    def begun(self) -> bool:
        """Whether a page was read, and it said that another follows."""
        return bool(self._token)

    def restart(self) -> None:
        """The next page is the first."""
        self._token = ""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and not ahead.cancel() and not ahead.cancelled():
            ahead.exception()  # nobody else asks what became of it

    async def next(self) -> bytes:
        """The body of the next page; the one behind it is asked for at once. Raises what ``get`` does."""
        ahead, self._ahead = self._ahead, None
        body = await (self._get(self._token, _nobody) if ahead is None else ahead)
        try:
            token = envelopes.list_head(body).metadata.continue_
        except (msgspec.DecodeError, UnicodeDecodeError):
            return body  # who reads it says what is wrong
        if token:
            self._token = token
            asked = asyncio.Event()
            self._ahead = asyncio.create_task(self._get(token, asked.set))
            self._ahead.add_done_callback(lambda _: asked.set())
            await asked.wait()  # whoever reads a page holds the loop
        return body

    def goes_on(self, token: str) -> None:
        """What follows, as who read the page understood it."""
        if token != self._token:
            self.restart()
            self._token = token


def _nobody() -> None:
    """Nobody waits for it to be asked."""


def telling_when_sent(
    sent: Callable[[], None],
) -> Callable[[str, Mapping[str, Any]], Coroutine[Any, Any, None]]:
    """For httpcore's extension "trace": ``sent`` is called when a request has gone out."""

    async def heard(event: str, about: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.complete"):
            sent()

    return heard
