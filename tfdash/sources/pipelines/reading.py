"""GETs of one code host's REST API, within bounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec

from tfdash.connecting import LeftAlone, no_way
from tfdash.model.observation import Problem, ProblemKind
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.process import in_thread
from tfdash.text import safe, scrubbed

_LARGEST = 8 << 20  # bytes of one answer
_KEPT = 60.0  # seconds for which a token that was read is not read again
_PAGES = 5  # of a hundred rows: what has more is not known whole

_KINDS = {401: ProblemKind.LOGIN_EXPIRED, 403: ProblemKind.FORBIDDEN, 429: ProblemKind.THROTTLED}


class HostUnread(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.cause)
        self.problem = problem


def unread(kind: ProblemKind, cause: str, remedy: str = "") -> HostUnread:
    return HostUnread(Problem(kind=kind, cause=safe(scrubbed(cause)), remedy=remedy))


class HostReader:
    """``header``: the name of that which has the token, and what stands in front of it. ``secret`` blocks."""

    def __init__(
        self,
        base: str,
        settings: PipelineSettings,
        secret: Callable[[str], str],
        header: tuple[str, str],
        always: Mapping[str, str],
    ) -> None:
        self._base, self._settings, self._secret = base.rstrip("/"), settings, secret
        self._header, self._always = header, dict(always)
        self._token: tuple[str, float] = ("", 0.0)
        self._alone = LeftAlone()

    async def rows(self, path: str, within: str = "") -> list[Mapping[str, Any]]:
        """All rows of a list, which stands in the answer as a whole or as its field ``within``. Raises ``HostUnread``."""
        found: list[Mapping[str, Any]] = []
        joined = "&" if "?" in path else "?"
        for page in range(1, _PAGES + 1):
            answer = await self.read(f"{path}{joined}per_page=100&page={page}")
            part = answer.get(within) if within and isinstance(answer, dict) else answer
            if not isinstance(part, list):
                raise unread(ProblemKind.BAD_ANSWER, "its answer is no list")
            found += [row for row in part if isinstance(row, dict)]
            if len(part) < 100:
                return found
        raise unread(ProblemKind.BAD_ANSWER, f"it has more than {_PAGES * 100} rows")

    async def read(self, path: str) -> Any:
        """Raises ``HostUnread``."""
        if left := self._alone.seconds():
            raise unread(ProblemKind.THROTTLED, f"it asked to be left alone, for {left:.0f} s more")
        patience = self._settings.patience
        headers = await self._headers()
        limits = httpx.Timeout(patience, connect=min(5.0, patience))
        raw = bytearray()
        try:
            async with (
                httpx.AsyncClient(follow_redirects=False, trust_env=True, timeout=limits) as client,
                client.stream("GET", self._base + path, headers=headers) as answer,
            ):
                async for chunk in answer.aiter_bytes():
                    raw += chunk
                    if len(raw) > _LARGEST:
                        raise unread(ProblemKind.BAD_ANSWER, "its answer is too large")
        except httpx.TimeoutException:
            raise unread(ProblemKind.TIMEOUT, "no answer in time") from None
        except httpx.HTTPError as error:
            words = no_way(error, httpx.URL(self._base).host) or str(error) or type(error).__name__
            raise unread(ProblemKind.UNREACHABLE, words) from None
        if answer.status_code == 401:
            self._token = ("", 0.0)
        self._alone.note(answer.status_code, answer.headers)
        if left := self._alone.seconds():
            raise unread(
                ProblemKind.THROTTLED, f"it answered {answer.status_code}, and asks to wait {left:.0f} s"
            )
        if not answer.is_success:
            raise _refused(answer.status_code, bytes(raw))
        try:
            return msgspec.json.decode(bytes(raw))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise unread(ProblemKind.BAD_ANSWER, "its answer is no JSON") from None

    async def _headers(self) -> dict[str, str]:
        if not self._settings.token:
            return self._always
        token, until = self._token
        if time.monotonic() >= until:
            try:
                token = await in_thread(lambda: self._secret(self._settings.token))
            except Exception as error:
                raise unread(ProblemKind.LOGIN_EXPIRED, f"its token cannot be had: {error}") from None
            self._token = (token, time.monotonic() + _KEPT)
        name, front = self._header
        return {**self._always, name: front + token}


def _refused(status: int, raw: bytes) -> HostUnread:
    try:
        told = msgspec.json.decode(raw)
        words = told.get("message") or told.get("error") if isinstance(told, dict) else ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        words = ""
    plain = ProblemKind.SERVER_ERROR if status >= 500 else ProblemKind.BAD_ANSWER
    kind = _KINDS.get(status, plain)
    return unread(kind, f"it answered {status}" + (f": {words}" if isinstance(words, str) and words else ""))
