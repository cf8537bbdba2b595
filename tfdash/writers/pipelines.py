"""Runs what an action was configured to run instead of requests to the cluster: a command, or HTTP calls.

Both are correlated by the intent's id, and followed to their end. Nothing is started twice; secrets in headers come by
reference and are kept out of every text.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import msgspec

from tfdash.actions.core.policy import Pipeline
from tfdash.actions.core.protocols import Answer, NotSent, OutcomeUnknown
from tfdash.actions.pipelines.drafts import filled, in_json, in_url
from tfdash.addresses import hold_fields, hold_parts
from tfdash.connecting import no_way
from tfdash.model.action import Request
from tfdash.playbook.releases.facts import canonical_at
from tfdash.process import CommandFailed, CommandNotStarted, how_ended, in_thread, run_command
from tfdash.text import safe

_LAST = 3  # lines of a command's output that are shown
_LARGEST = 1 << 20
_OVER, _BESIDE = "completed", ("conclusion", "result")
Tell = Callable[[str], None]
Secrets = Callable[[str], str]


class CommandWriter:
    """``tfdash.actions.core.protocols.Pipelines`` for commands. No shell; the output's end is the outcome's sentence."""

    async def follow(
        self, request: Request, *, how: Any, names: Mapping[str, str], tell: Tell
    ) -> tuple[bool, str]:
        pipeline: Pipeline = how
        argv = [filled(part, names) for part in request.argv]
        tell(safe(f"running {argv[0]}"))
        try:
            done = await in_thread(lambda: run_command(argv, timeout=pipeline.within))
        except CommandNotStarted as failed:
            raise NotSent(str(failed)) from None
        except CommandFailed as failed:
            raise OutcomeUnknown(f"{failed}; it was ended, what it had started may go on") from None
        said = [line for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.strip()] or said
        last = " / ".join(safe(line) for line in said[-_LAST:]) or "it said nothing"
        return done.returncode == 0, f"{safe(argv[0])} {how_ended(done.returncode)}: {last}"

    async def call(self, request: Request, *, timeout: float) -> Answer:
        raise NotSent("a command is not called by HTTP")


class HttpWriter:
    """``tfdash.actions.core.protocols.Pipelines`` for HTTP. ``secret`` resolves references in headers and addresses (blocking),
    ``text`` those of bodies, which may have several lines."""

    def __init__(self, secret: Secrets, text: Secrets | None = None) -> None:
        self._secret, self._text = secret, text or secret

    async def call(self, request: Request, *, timeout: float) -> Answer:
        return await self.send(request.method, request.path, request.body, {}, timeout)

    async def follow(
        self, request: Request, *, how: Any, names: Mapping[str, str], tell: Tell
    ) -> tuple[bool, str]:
        pipeline: Pipeline = how
        headers = {k: await self._header(v) for k, v in pipeline.headers.items()}
        url = filled(await self._address(request.path), names, in_url)
        body = filled(await self._body(request.body), names, in_json)
        until = time.monotonic() + pipeline.within
        answer = await self.send(request.method, url, body, headers, min(30.0, pipeline.within))
        if not answer.ok:
            if answer.status >= 500:
                raise OutcomeUnknown(f"it answered {answer.status} {answer.message}")
            return False, f"it answered {answer.status} {answer.message}".rstrip()
        run = plain(canonical_at(answer.body, pipeline.run)) if pipeline.run else ""
        if pipeline.run and not run:
            raise OutcomeUnknown(f"it was started, but its answer has nothing at {pipeline.run}")
        if not pipeline.status_url:
            return True, f"it answered {answer.status}"
        status = await self._address(pipeline.status_url)
        status_url = filled(status, {**names, "run": run}, in_url)
        return await self._watch(pipeline, status_url, run, headers, until, tell)

    async def _watch(
        self, pipeline: Pipeline, url: str, run: str, headers: Mapping[str, str], until: float, tell: Tell
    ) -> tuple[bool, str]:
        """Read the state until it is an end. A read that fails is tried again: it starts nothing."""
        name, last = f"run {run}" if run else "the run", ""
        while time.monotonic() < until:
            try:
                answer = await self.send("GET", url, "", headers, 30.0)
                state, good = f"HTTP {answer.status}", None
                if answer.ok:
                    state, good = how_it_stands(answer.body, pipeline.state, pipeline.good, pipeline.bad)
            except (NotSent, OutcomeUnknown) as error:
                state, good = f"not readable: {error}", None
            if good is not None:
                return good, safe(f"{name} ended: {state}")
            if state != last:
                tell(safe(f"{name}: {state}"))
                last = state
            await asyncio.sleep(pipeline.every)
        raise OutcomeUnknown(f"{name} did not end within {pipeline.within:g} s; it was {last} at last")

    async def _address(self, value: str) -> str:
        """The address, where it was given by reference because it holds a secret."""
        found = await self._header(value)
        return found if found == value else hold_parts(found)

    async def _body(self, value: str) -> str:
        found = await self._had(value, self._text)
        return found if found == value else hold_fields(found)

    async def _header(self, value: str) -> str:
        return await self._had(value, self._secret)

    async def _had(self, value: str, secret: Secrets) -> str:
        if value.partition(":")[0] in ("env", "file", "command"):
            try:
                return await in_thread(lambda: secret(value))
            except Exception as error:
                raise NotSent(f"a secret cannot be had: {error}") from None
        return value

    async def send(
        self,
        method: str,
        url: str,
        body: str,
        headers: Mapping[str, str],
        timeout: float,
        largest: int = _LARGEST,
    ) -> Answer:
        """Once, without redirects. ``largest``: bytes of its answer that are looked at. A list stands under "items". Raises
        ``NotSent``, ``OutcomeUnknown``."""
        content = body.encode() if body else None
        sent = {"Content-Type": "application/json", **headers} if content is not None else dict(headers)
        limits = httpx.Timeout(timeout, connect=min(5.0, timeout))
        try:
            async with (
                httpx.AsyncClient(follow_redirects=False, trust_env=True, timeout=limits) as client,
                client.stream(method, url, content=content, headers=sent) as answer,
            ):
                raw = await _beginning(answer, time.monotonic() + timeout, largest)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.InvalidURL,
            httpx.UnsupportedProtocol,
        ) as error:
            words = no_way(error, httpx.URL(url).host) if isinstance(error, httpx.ConnectError) else ""
            raise NotSent(words or safe(str(error)) or "cannot connect") from None
        except httpx.HTTPError as error:
            raise OutcomeUnknown(_words(error), time.monotonic() + timeout) from None
        try:
            found = msgspec.json.decode(raw) if raw else {}
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = {}
        text = "" if answer.is_success else safe(raw[:200].decode(errors="replace"))
        return Answer(
            status=answer.status_code,
            body=found if isinstance(found, dict) else {"items": found},
            message=text,
            headers={name.lower(): value for name, value in answer.headers.items()},
        )


async def _beginning(answer: httpx.Response, deadline: float, largest: int) -> bytes:
    """The body as far as it is looked at, or as it came until ``deadline`` (monotonic): what answers without an end has answered."""
    found = bytearray()
    async for chunk in answer.aiter_bytes():
        found += chunk[: largest - len(found)]
        if len(found) >= largest or time.monotonic() > deadline:
            break
    return bytes(found)


def how_it_stands(
    body: Any, pointer: str, good: Sequence[str], bad: Sequence[str]
) -> tuple[str, bool | None]:
    """The state at ``pointer``, "" where nothing is there, and whether that is a good end; None: it is none yet. "completed" says
    no more than that it is over: where the answer says beside it how (``conclusion`` as GitHub, ``result`` as Azure Pipelines), that is
    the state."""
    state = plain(canonical_at(body, pointer))
    if state == _OVER:
        beside = [canonical_at(body, f"{pointer.rpartition('/')[0]}/{name}") for name in _BESIDE]
        if said := [plain(one) for one in beside if one]:
            told = next((one for one in said if one), "")
            return told or state, (told in good) if told else None
    return state, (state in good) if state in good or state in bad else None


def plain(value: str) -> str:
    """A canonical JSON scalar as text."""
    if not value or value == "null":
        return ""
    found = msgspec.json.decode(value)
    return found if isinstance(found, str) else value


def _words(error: httpx.HTTPError) -> str:
    if isinstance(
        error, httpx.LocalProtocolError
    ):  # its own words repeat the header, and that may be a secret
        return "a header holds a character that no header can carry"
    return safe(str(error)) or type(error).__name__
