"""A message to one of the services of apprise, which is an extra ("tfdash[notify]"). It runs in a child: its plug-ins block, keep no time
that holds, and tell only whether they think that it went well; the child watches what their requests came to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import msgspec

from tfdash.addresses import hold_parts
from tfdash.notify.channel import Arrival, Outgoing, SendResult
from tfdash.notify.lacking import NO_APPRISE
from tfdash.notify.settings import ChannelSettings
from tfdash.process import CommandFailed, CommandNotStarted, in_thread, run_command
from tfdash.text import safe, scrubbed

_STARTS = 15.0  # seconds for the child to be there: it imports a hundred services


class AppriseChannel:
    """``tfdash.notify.channel.MessageChannel``. ``secret`` resolves the reference to its address (blocking)."""

    def __init__(self, settings: ChannelSettings, secret: Callable[[str], str]) -> None:
        self._settings, self._secret = settings, secret

    async def send(self, message: Outgoing) -> SendResult:
        if find_spec("apprise") is None:
            return SendResult(arrival=Arrival.NOT_SENT, sentence=NO_APPRISE)
        try:
            url = await in_thread(lambda: hold_parts(self._secret(self._settings.url)))
        except Exception as error:
            return SendResult(
                arrival=Arrival.NOT_SENT, sentence=f"its secret cannot be had: {safe(str(error))}"
            )
        seconds = self._settings.timeout
        given = msgspec.json.encode(
            {
                "url": url,
                "title": message.subject,
                "body": message.body or message.subject,
                "timeout": seconds,
            }
        )
        argv = [sys.executable, "-P", "-m", "tfdash.writers.notify.apprise_child"]
        try:
            done = await in_thread(lambda: run_command(argv, timeout=seconds + _STARTS, given=given))
        except CommandNotStarted as failed:
            return SendResult(arrival=Arrival.NOT_SENT, sentence=safe(str(failed)))
        except CommandFailed:
            return SendResult(
                arrival=Arrival.UNKNOWN, sentence="apprise did not come to an end, and was ended"
            )
        try:
            return _said(msgspec.json.decode(done.stdout))
        except (msgspec.MsgspecError, KeyError, ValueError):
            why = safe(scrubbed(done.stderr.strip().rpartition("\n")[2])) or "it said nothing"
            return SendResult(arrival=Arrival.UNKNOWN, sentence=f"apprise failed: {why}")


def _said(told: dict[str, Any]) -> SendResult:
    return SendResult(
        arrival=Arrival(told["arrival"]),
        sentence=safe(scrubbed(str(told["sentence"]))),
        wait=float(told["wait"]),
        again=bool(told["again"]),
    )
