"""What the gate and the runner need of whatever carries a plan out: an API server, a pipeline, the store, later a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tfdash.actions.core.protocols import Writer
from tfdash.model.action import Check, Confirmation, Plan, Request, Result
from tfdash.model.subject import Subject

Items = tuple[tuple[str, str], ...]
"""(item, what became of it) of an action that does many things."""


Still = Callable[[], Awaitable[str]]
"""Asked just before each request: why it is not ours to send any more, "" where it is."""


async def anybody() -> str:
    """Nobody can take it over."""
    return ""


class SendOutcome(NamedTuple):
    """What came of sending."""

    result: Result
    sentence: str
    items: Items = ()


@dataclass(frozen=True)
class Sending:
    """What the runner hands an executor with a plan. ``intent`` is the intent's id, the plan's where nothing recorded it."""

    plan: Plan
    user: str
    confirmation: Confirmation
    intent: str
    audit_id: Callable[[int], str]  # of the n-th request
    say: Callable[[str], None]  # a sentence, while it goes on
    show: Callable[[Items], None]
    note: Callable[[str, str], Awaitable[None]]  # records what became of one item
    hand_over: Callable[[str], object]  # the screen runs this command in its terminal
    second: str = ""  # who approved it, stamped by a server; "" where nobody was asked
    terminal: asyncio.Future[int] | None = None  # how that command ended
    still: Still = anybody


class Executor(Protocol):
    """Carries out the plans of one action on one target, each request once. On the board's loop.

    ``journals``: what it does is itself an entry of the audit log, so that no intent and no outcome are recorded around it.
    ``writer``: by which others see who acts, and by which the Event is written; None where nothing in a cluster changes.
    """

    @property
    def journals(self) -> bool: ...

    @property
    def writer(self) -> Writer | None: ...

    async def identity(self) -> tuple[str, tuple[str, ...]]:
        """User and groups as the target's server sees them now. Raises ``ReadFailed``."""

    async def rights(self, plan: Plan) -> Check:
        """Whether the server lets us do exactly this."""

    async def facts(self, plan: Plan) -> Check:
        """Whether what the plan rests on still stands, asked past every cache."""

    async def dry_run(self, plan: Plan) -> Check | None:
        """What the target says of it without doing it; None where there is no such thing to speak of."""

    async def send(self, sending: Sending) -> SendOutcome:
        """Do it, once. Never raises for what a server or a network does: an unknown outcome is settled by reading."""

    async def read_outcome(self, request: Request, marks: Any) -> tuple[Result, str]:
        """Whether the target is as ``request`` would have left it; ``marks`` where the request was redacted, else None.
        Raises ``ReadFailed``."""

    def marks(self, request: Request) -> Any:
        """What an intent keeps of a request, so that its outcome can be told although secrets were taken out of it."""

    async def document(self, subject: Subject) -> Mapping[str, Any] | None:
        """An object as postconditions look at it, past every cache; None where it is gone. Raises ``ReadFailed``."""

    def wrote(self, plan: Plan, document: Mapping[str, Any]) -> str:
        """Who else wrote last what ``plan`` is about; "" where that is us, and where nothing says it."""

    async def announce(
        self, plan: Plan, sentence: str, *, actor: str, intent: str, now: float, warning: bool
    ) -> str:
        """Say it at the target itself (an Event), best effort: why that failed, "" where it stands."""
