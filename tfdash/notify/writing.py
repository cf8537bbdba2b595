"""A message in words, by its template: a company's own in a child within bounds, else the one that ships, else the bare values.

A template that goes wrong holds back no message: it is told by the next of these, and says what went wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.clock import Clock
from tfdash.moments import moment
from tfdash.notify.messages import MESSAGES
from tfdash.process import in_thread
from tfdash.text import safe, safe_lines, scrubbed

log = logging.getLogger(__name__)
_PACKAGE = "tfdash.notify"
_SECONDS, _PATIENCE = 3, 20.0  # of a processor, for a company's own template; of the machine, for all of it
_SUBJECT, _BODY = 200, 8000  # characters at most


class Wording(NamedTuple):
    """``fault``: what is wrong with the template that was asked for, "" where nothing is."""

    subject: str
    body: str
    fault: str = ""


class MessageWriter:
    """``folder``: the company's own templates, "" for none. ``environment``: where a message says none itself."""

    def __init__(self, folder: str, environment: str, zone: ZoneInfo, clock: Clock) -> None:
        self._folder, self._environment, self._zone, self._clock = folder, environment, zone, clock

    async def write(self, template: str, values: Mapping[str, Any]) -> Wording:
        """Never raises."""
        about = self._values(values)
        fault = ""
        for render in self._ways(template):
            try:
                async with asyncio.timeout(_PATIENCE):
                    text = await in_thread(partial(render, f"{template}.txt", about))
            except TimeoutError:
                fault = fault or f"the template {template} took too long"
            except Exception as error:
                fault = fault or self._told(error)
            else:
                return _wording(text, fault)
        bare = "\n".join(f"{name}: {_line(value)}" for name, value in about.items())
        return _wording(f"[{about['environment']}] {template}\n\n{bare}", fault)

    def _ways(self, template: str) -> list[Callable[[str, Mapping[str, Any]], str]]:
        from tfdash.report.templates import Templates

        ways: list[Callable[[str, Mapping[str, Any]], str]] = []
        if self._folder:
            ways.append(Templates(self._folder, _SECONDS, _PACKAGE).render)
        if not self._folder or template in MESSAGES:
            ways.append(Templates(package=_PACKAGE).render_here)
        return ways

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        now = moment(self._clock.now(), self._zone)
        known = {"environment": self._environment, "now": now}
        return {**known, **{str(name): _plain(value) for name, value in values.items()}}

    def _told(self, error: Exception) -> str:
        from tfdash.report.templates import TemplateFault

        if isinstance(error, TemplateFault):
            return str(error)
        log.error("a message could not be written", exc_info=error)
        return f"the message could not be written ({type(error).__name__}); the log has the details"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if value is None or type(value) in (str, int, float, bool):
        return value
    return str(value)


def _line(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_line, value))
    return "" if value is None else safe(str(value))


def _wording(text: str, fault: str) -> Wording:
    first, *rest = safe_lines(scrubbed(text).strip("\n"))
    while rest and not rest[0].strip():
        del rest[0]
    if fault:
        rest.append(f"(not as its template has it: {safe(fault)})")
    body = "\n".join(rest)
    if len(body) > _BODY:
        body = f"{body[:_BODY]}\n... ({len(body) - _BODY:,} more characters are left out)"
    subject = first.strip() or "tfdash"
    return Wording(subject if len(subject) <= _SUBJECT else f"{subject[: _SUBJECT - 1]}…", body, fault)


def without_markup(text: str, markup: str) -> str:
    """``text`` so that the other side reads nothing of it as markup: "none", "slack" (docs.slack.dev, formatting message text: the three
    characters of control), "markdown"."""
    if markup == "slack":
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if markup == "markdown":
        from tfdash.report.formats.md import inline

        return "\n".join(inline(line) for line in text.split("\n"))
    return text
