"""Break-glass: waives the calendar and the second person for one environment, for an hour, and nothing else.

It lives in the process that began it: a restart or another identity ends it. The hour is counted on a clock that goes on
while the machine sleeps, so that neither suspend nor a clock that is set back makes it longer.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tfdash.model.store_state import BreakGlass, EntryKind
from tfdash.store.log.draft import EntryDraft

_APART = 60.0  # seconds by which the clocks of two terminals may differ


class OpenBreakGlass(msgspec.Struct, frozen=True, kw_only=True):
    """One that this process began."""

    id: str
    environment: str
    actor: str
    reason: str
    begun: float  # wall clock
    until: float  # wall clock
    boot_until: float


class OwnBreakGlass:
    """What this process began. ``life`` in seconds."""

    def __init__(self, now: Callable[[], float], boot: Callable[[], float], life: float) -> None:
        self._now, self._boot, self.life = now, boot, life
        self._open: dict[str, OpenBreakGlass] = {}

    def begin(self, environment: str, actor: str, reason: str) -> OpenBreakGlass:
        """Not active before ``keep``: it is recorded in between. Raises ``ValueError`` without environment, actor or reason, and
        where that person's is active."""
        if not environment or not actor:
            raise ValueError("break-glass is for one environment and one person, both must be known")
        if not reason.strip():
            raise ValueError("break-glass needs a reason")
        if self.active(environment, actor):
            raise ValueError(f"break-glass active in {environment} already; :break-glass end ends it")
        now = self._now()
        return OpenBreakGlass(
            id=secrets.token_hex(8),
            environment=environment,
            actor=actor,
            reason=reason,
            begun=now,
            until=now + self.life,
            boot_until=self._boot() + self.life,
        )

    def keep(self, opened: OpenBreakGlass) -> None:
        self._open[opened.environment] = opened

    def drop(self, environment: str) -> OpenBreakGlass | None:
        return self._open.pop(environment, None)

    def all(self) -> list[OpenBreakGlass]:
        return list(self._open.values())

    def over(self) -> list[OpenBreakGlass]:
        """Those whose hour has passed, by whichever clock says so first."""
        now, boot = self._now(), self._boot()
        return [o for o in self._open.values() if boot >= o.boot_until or now >= o.until]

    def of_others(self, actor: str) -> list[OpenBreakGlass]:
        """Those that another identity than ``actor`` began."""
        return [o for o in self._open.values() if o.actor != actor]

    def active(self, environment: str, actor: str) -> bool:
        """Whether ``actor`` may go by it now."""
        opened = self._open.get(environment)
        return opened is not None and opened.actor == actor and opened not in self.over()


def begun(opened: OpenBreakGlass) -> EntryDraft:
    return EntryDraft(
        kind=EntryKind.BREAK_GLASS,
        at=opened.begun,
        actor=opened.actor,
        environment=opened.environment,
        sentence=f"break-glass begins: {opened.reason}",
        data={
            "topic": "break-glass",
            "id": opened.id,
            "state": "begun",
            "until": opened.until,
            "reason": opened.reason,
        },
    )


def ended(identifier: str, environment: str, actor: str, why: str, at: float) -> EntryDraft:
    return EntryDraft(
        kind=EntryKind.BREAK_GLASS,
        at=at,
        actor=actor,
        environment=environment,
        sentence=f"break-glass ends: {why}",
        data={"topic": "break-glass", "id": identifier, "state": "ended"},
    )


def reviewed(identifier: str, environment: str, actor: str, text: str, at: float) -> EntryDraft:
    data: dict[str, Any] = {"topic": "break-glass", "id": identifier, "state": "reviewed"}
    return EntryDraft(
        kind=EntryKind.BREAK_GLASS,
        at=at,
        actor=actor,
        environment=environment,
        sentence=f"break-glass reviewed: {text}",
        data=data,
    )


def facts(
    own: OwnBreakGlass, recorded: Mapping[str, BreakGlass], terminal: str, now: float
) -> dict[str, BreakGlass]:
    """Ours first; one of ours that is over by the clock that counts suspend is over, whatever the wall clock says. What others
    are said to have begun in the future was not begun."""
    chosen = dict(recorded)
    for environment, glass in chosen.items():
        if glass.until > now and (glass.terminal == terminal or glass.since > now + _APART):
            chosen[environment] = msgspec.structs.replace(glass, until=now)
    for opened in own.all():
        if own.active(opened.environment, opened.actor):
            chosen[opened.environment] = BreakGlass(
                environment=opened.environment,
                by=opened.actor,
                reason=opened.reason,
                since=opened.begun,
                until=opened.until,
                terminal=terminal,
            )
    return chosen
