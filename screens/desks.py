"""What a desk that may act has beyond ``tfdash.actions.core.protocols.Desk``: a second person, break-glass, what was left open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from tfdash.actions.core.protocols import Desk
from tfdash.model.action import Guarded, Plan
from tfdash.model.store_state import ApprovalRequest
from tfdash.model.subject import Subject


@runtime_checkable
class ActingDesk(Protocol):
    """Of a read-only terminal there is none of this."""

    async def request_approval(self, guarded: Guarded, reason: str) -> ApprovalRequest: ...

    async def decide(self, approval: ApprovalRequest, approve: bool, reason: str) -> ApprovalRequest: ...

    async def break_glass(self, environment: str, reason: str) -> None: ...

    async def end_break_glass(self, environment: str) -> None: ...

    async def terminal_ended(self, plan: Plan, code: int) -> None: ...

    async def decide_rollback(self, subject: Subject, reason: str) -> str: ...

    async def sign(self, subject: Subject, reason: str) -> str: ...

    async def settle(self) -> Sequence[Any]: ...


def acting(desk: Desk | None) -> ActingDesk | None:
    """The desk as one that may act; None where it only reads."""
    return desk if isinstance(desk, ActingDesk) else None
