"""A message to a webhook: one POST of JSON. What the answer proves is said as narrowly as HTTP says it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import formatdate

import httpx
import msgspec

from tfdash.addresses import hold_parts, wrong_with
from tfdash.clock import Clock
from tfdash.connecting import asked_wait, no_way
from tfdash.notify.channel import Arrival, Outgoing, SendResult
from tfdash.notify.settings import ChannelSettings
from tfdash.process import in_thread
from tfdash.text import safe, scrubbed
from tfdash.writers.notify.answers import is_page, says_no

_LARGEST = 64 << 10  # bytes of an answer that are looked at
_SHOWN = 200  # characters of it that are told
_BUSY = (408, 425, 429, 500, 503)  # not taken (RFC 9110, 6585, 8470): later it may be
_HALF = (502, 504)  # who stands between does not know what became of it
Secret = Callable[[str], str]


class WebhookChannel:
    """``tfdash.notify.channel.MessageChannel``. ``header`` resolves references in a header and in the address (blocking)."""

    def __init__(self, settings: ChannelSettings, header: Secret, clock: Clock) -> None:
        self._settings, self._header, self._clock = settings, header, clock

    async def send(self, message: Outgoing) -> SendResult:
        try:
            url, headers = await in_thread(self._secrets)
        except Exception as error:  # whatever a command may do
            return SendResult(
                arrival=Arrival.NOT_SENT, sentence=f"its secret cannot be had: {safe(str(error))}"
            )
        if wrong := wrong_with(url):
            return SendResult(arrival=Arrival.NOT_SENT, sentence=f"its address {wrong}")
        seconds = self._settings.timeout
        sent = {"Content-Type": "application/json", "Idempotency-Key": f'"{_key(message)}"', **headers}
        limits = httpx.Timeout(seconds, connect=min(5.0, seconds))
        try:
            async with (
                httpx.AsyncClient(follow_redirects=False, trust_env=True, timeout=limits) as client,
                client.stream("POST", url, content=self._body(message), headers=sent) as answer,
            ):
                raw, whole = await _beginning(answer, time.monotonic() + seconds)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            words = no_way(error, httpx.URL(url).host) if isinstance(error, httpx.ConnectError) else ""
            return SendResult(arrival=Arrival.NOT_SENT, sentence=words or _words(error) or "cannot connect")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeEncodeError):
            return SendResult(
                arrival=Arrival.NOT_SENT, sentence="its address, or a header, holds what no request can carry"
            )
        except httpx.HTTPError as error:
            return SendResult(arrival=Arrival.UNKNOWN, sentence=f"sent, and no answer: {_words(error)}")
        return self._judged(answer, raw, whole)

    def _secrets(self) -> tuple[str, dict[str, str]]:
        return hold_parts(self._header(self._settings.url)), {
            name: self._header(value) if value.partition(":")[0] in ("env", "file", "command") else value
            for name, value in self._settings.headers
        }

    def _body(self, message: Outgoing) -> bytes:
        places = message.places()
        names = dict(self._settings.fields) or {name: f"{{{name}}}" for name in places}
        return msgspec.json.encode({name: filled(text, places) for name, text in names.items()})

    def _judged(self, answer: httpx.Response, raw: bytes, whole: bool) -> SendResult:
        code, told = answer.status_code, safe(scrubbed(raw[:_SHOWN].decode(errors="replace")))
        said = f"it answered {code}" + (f": {told}" if told else "")
        if code in _BUSY:
            return SendResult(arrival=Arrival.NOT_SENT, sentence=said, wait=self._wait(answer))
        if code in _HALF:
            return SendResult(arrival=Arrival.UNKNOWN, sentence=said, wait=self._wait(answer))
        if 300 <= code < 400:
            elsewhere = "its address leads elsewhere, and nothing is sent on: give the one where it is taken"
            return SendResult(arrival=Arrival.REFUSED, sentence=f"it answered {code}: {elsewhere}")
        if not 200 <= code < 300:
            return SendResult(arrival=Arrival.REFUSED, sentence=said)
        expects = self._settings.expects
        if expects and expects.encode() not in raw:
            why = f"and not with what it answers when it took one: {told or 'nothing'}"
            return SendResult(arrival=Arrival.UNKNOWN, sentence=f"it answered {code}, {why}", again=not whole)
        if not expects and is_page(answer.headers.get("Content-Type", ""), raw):
            page = "with a page for people, as what asks for a log-in does; say with expects what it answers when it took one"
            return SendResult(arrival=Arrival.UNKNOWN, sentence=f"it answered {code} {page}", again=False)
        if not expects and says_no(raw):
            what = f"and says that it failed: {told}; say with expects what it answers when it took one"
            return SendResult(arrival=Arrival.UNKNOWN, sentence=f"it answered {code}, {what}", again=False)
        return SendResult(arrival=Arrival.DELIVERED, sentence=f"it answered {code}")

    def _wait(self, answer: httpx.Response) -> float:
        """Seconds of its Retry-After, 0 where it has none that is understood."""
        date = answer.headers.get("Date") or formatdate(self._clock.now(), usegmt=True)
        return asked_wait(answer.headers.get("Retry-After", ""), date) or 0.0


def filled(text: str, places: Mapping[str, str]) -> str:
    """``text`` with what ``{name}`` stands for, in one pass: what is put in is not looked at again."""
    import re

    return re.sub(r"\{([a-z_]+)\}", lambda found: places.get(found[1], found[0]), text)


def _key(message: Outgoing) -> str:
    import hashlib

    return hashlib.sha256(message.key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


async def _beginning(answer: httpx.Response, deadline: float) -> tuple[bytes, bool]:
    """The body as far as it is looked at, or as it came until ``deadline`` (monotonic), and whether that is all of it. The head of the
    answer has been read: what it says stands, though its body is cut off."""
    found = bytearray()
    try:
        async for chunk in answer.aiter_bytes():
            found += chunk[: _LARGEST - len(found)]
            if len(found) >= _LARGEST or time.monotonic() > deadline:
                return bytes(found), False
    except httpx.HTTPError:
        return bytes(found), False
    return bytes(found), True


def _words(error: httpx.HTTPError) -> str:
    """Its own words may name the address."""
    return safe(scrubbed(str(error))) or type(error).__name__
