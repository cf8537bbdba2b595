"""What takes a message out, and what it says of it. Pure types; the channels themselves are writers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message as one channel gets it. ``key`` is the same for each try, so that who receives it can tell a second one."""

    key: str
    template: str
    subject: str
    body: str
    environment: str = ""

    def places(self) -> Mapping[str, str]:
        """What ``{name}`` stands for in a channel's fields and words (``tfdash.notify.settings: PLACES``)."""
        text = f"{self.subject}\n{self.body}" if self.body else self.subject
        return {**msgspec.structs.asdict(self), "text": text}


_CUT = "\n... (cut here: no more is taken there)"


def cut(text: str, most: int) -> str:
    """``text`` in at most so many characters; where that takes some away it says so."""
    if len(text) <= most:
        return text
    return text[: most - len(_CUT)] + _CUT if most > 2 * len(_CUT) else text[:most]


def fitted(subject: str, body: str, most: int, between: int = 1) -> tuple[str, str]:
    """Both in at most so many characters, with ``between`` of them between the two: of a subject no more than half of it."""
    subject = subject[: most // 2]
    return subject, cut(body, max(1, most - len(subject) - between))


class Arrival(StrEnum):
    DELIVERED = "delivered"
    NOT_SENT = "not sent"  # certainly not there; it may be tried again
    REFUSED = "refused"  # certainly not there, and trying again changes nothing
    UNKNOWN = "unknown"  # it may be there


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one try. ``wait``: seconds that the other side asks to wait before the next, 0 where it asks for none. ``again``:
    whether trying again can tell more, of an UNKNOWN one."""

    arrival: Arrival
    sentence: str = ""
    wait: float = 0.0
    again: bool = True


class MessageChannel(Protocol):
    """Sends one message once: no retry, no redirect. On the board's loop."""

    async def send(self, message: Outgoing) -> SendResult:
        """Never raises for what happens outside; no sentence holds a secret or an address."""
