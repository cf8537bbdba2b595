"""What a person decides and the store remembers, while it is carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.protocols import Ledger
from tfdash.model.action import Plan
from tfdash.model.judgement import Breach
from tfdash.model.store_state import VerifiedGood
from tfdash.model.subject import Subject


class Memory(Protocol):
    """Where decisions about releases are remembered. Raises ``LedgerUnavailable``."""

    async def remember_verified(self, good: VerifiedGood) -> None: ...

    async def remember_manual(
        self, subject: Subject, actor: str, sentence: str, version: str = ""
    ) -> None: ...

    async def remember_breach(
        self, subject: Subject, breach: Breach, state: str, text: str = "", actor: str = "tfdash"
    ) -> None: ...

    async def announce(self, plan: Plan, actor: str, sentence: str, now: float) -> str:
        """An Event on the plan's subject, as a warning; why there is none, "" where it stands or nobody may write it."""


@dataclass(frozen=True)
class OperatorDecision:
    """``told`` is what its plan's request says, ``standing`` how things stand now (epoch seconds). ``second``: who approved it,
    "" where break-glass waived that or nobody was to be asked. ``zone``: the platform's, for its words."""

    ledger: Ledger
    memory: Memory
    user: str
    reason: str
    plan: Plan
    now: float
    told: Mapping[str, Any]
    standing: Standing
    zone: ZoneInfo
    second: str = ""


Record = Callable[[OperatorDecision], Awaitable[str]]
"""Records a decision and says so in words. Raises ``LedgerUnavailable``, ``ApprovalRefused``."""
