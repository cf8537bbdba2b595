"""What the server lets us do, asked in the background for what is under the cursor, so that a key is dim before it is pressed.

The plan asks once more, for exactly what it sends. What is not known yet refuses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from tfdash.actions.core.protocols import Writer
from tfdash.actions.kubernetes.paths import attributes_of, path_of
from tfdash.model.action import Request
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef, Subject

_KEPT = 120.0  # seconds for which an answer is believed
_LOOK_EVERY = 0.2
_MOST = 5000  # answers kept
_ANY = "any-name"  # of a rule that names no resource: it holds for each


class Right(NamedTuple):
    """``sub`` is a subresource, "" where none is asked."""

    method: str
    sub: str = ""


class Rights:
    """``writers`` gives the writer of a cluster; ``clock`` epoch seconds. ``lacking`` may be called on any thread."""

    def __init__(self, writer_of: Callable[[ClusterRef], Writer | None], clock: Callable[[], float]) -> None:
        self._writer_of, self._clock = writer_of, clock
        self._known: dict[tuple[Subject, Right], tuple[float, str]] = {}
        self._asked: set[tuple[Subject, Right]] = set()

    def lacking(self, subject: Subject, right: Right) -> str:
        """ "no right to patch deployments.apps in shop"; "" where we may, and where that is not known yet."""
        key = (subject._replace(uid=""), right)
        at, told = self._known.get(key, (float("-inf"), ""))
        if self._clock() - at > _KEPT:
            self._asked.add(key)
        return told

    async def run(self, board: object = None) -> None:
        """Ask what is wanted, on the board's loop."""
        while True:
            while self._asked:
                subject, right = self._asked.pop()
                try:
                    told = await self._ask(subject, right)
                except ReadFailed:
                    told = ""  # not known: the plan says why
                if len(self._known) > _MOST:  # a long day of looking around
                    self._known.clear()
                self._known[subject, right] = (self._clock(), told)
            await asyncio.sleep(_LOOK_EVERY)

    async def _ask(self, subject: Subject, right: Right) -> str:
        """For the whole namespace first: one answer does for all that is in it."""
        writer = self._writer_of(subject.cluster)
        if writer is None:
            return ""
        everywhere = subject._replace(name=_ANY)
        at, told = self._known.get((everywhere, right), (float("-inf"), "?"))
        if self._clock() - at > _KEPT:
            told = await self._review(writer, everywhere, right)
            self._known[everywhere, right] = (self._clock(), told)
        return told and await self._review(writer, subject, right)

    async def _review(self, writer: Writer, subject: Subject, right: Right) -> str:
        request = Request(method=right.method, path=path_of(subject, subresource=right.sub))
        answer = await writer.may(request)
        attributes = attributes_of(request)
        return f"no right to {attributes}" if answer.allowed is False and attributes is not None else ""
