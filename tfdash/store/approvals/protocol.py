"""A second person: what a server that stamps identities must offer, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.model.action import Plan
from tfdash.model.store_state import ApprovalRequest, Entry


class Approvals(Protocol):
    """One server that stamps who asks and who decides. All raise ``ApprovalRefused`` and ``LedgerUnavailable``."""

    stamped_by: str
    every: float
    """Seconds between two looks at what waits."""

    async def identity(self) -> str:
        """Who we are to it."""

    async def request(self, plan: Plan, reason: str) -> ApprovalRequest: ...

    async def find(self, approval: str) -> ApprovalRequest: ...

    async def waiting(self) -> tuple[ApprovalRequest, ...]:
        """The requests of the last hour, with what became of them."""

    def may_decide(self, request: ApprovalRequest, identity: str, approve: bool) -> None:
        """Raises ``ApprovalRefused`` where ``identity`` may not, before anything is recorded."""

    async def decide(
        self, request: ApprovalRequest, approve: bool, reason: str, entry: Entry
    ) -> ApprovalRequest:
        """``request`` as it was shown; refused where the server has another plan under its id. ``entry`` is the approver's
        own, recorded already."""

    async def consume(self, approval: str, digest: str, requester: str) -> ApprovalRequest:
        """Once; whoever comes second is refused."""


class StepWord(NamedTuple):
    """A person's word on a step of a run. ``who``: the name it is given by; ``stamped``: the login that the shared store saw write it,
    "" where it saw none. ``step``: an id of 16 hexadecimal digits; ``digest``: of what was shown."""

    who: str
    stamped: str
    step: str
    digest: str


class Vouches(Protocol):
    """The same server, asked for people of a role: a role is groups that it knows people by. Raises ``LedgerUnavailable``."""

    stamped_by: str

    async def identity(self) -> str:
        """Who we are to it. Raises ``ApprovalRefused``."""

    async def sign(self, word: StepWord, groups: Sequence[str]) -> None:
        """Leave our word where others find it stamped. Raises ``ApprovalRefused`` where we are of none of these groups, or no person."""

    async def why_not(self, word: StepWord, groups: Sequence[str]) -> str:
        """Why it does not hold, "" where that person gave it and is of one of these groups."""


def still_open(request: ApprovalRequest, now: float) -> None:
    """Raises ``ApprovalRefused`` where nothing can be decided or used any more."""
    if request.state == "denied":
        raise ApprovalRefused(f"{request.approver or 'somebody'} denied it; one denial ends it")
    if request.state == "consumed":
        raise ApprovalRefused("this approval was used already")
    if request.state == "expired" or now >= request.expires_at:
        raise ApprovalRefused("the request has expired; make the plan again and ask again")


def as_shown(request: ApprovalRequest, digest: str) -> None:
    """Raises ``ApprovalRefused`` where the request is for another plan than the one of ``digest``, which was shown."""
    if request.digest != digest:
        raise ApprovalRefused(
            "it is another plan than the one that was shown: its digest differs; look at it again"
        )


def matches(request: ApprovalRequest, digest: str, requester: str) -> None:
    """Raises ``ApprovalRefused`` where it is not an approval of this plan for this person by another one."""
    if request.state != "approved":
        raise ApprovalRefused(f"nobody has approved it yet (it is {request.state})")
    if request.digest != digest:
        raise ApprovalRefused("the approval is for another plan: its digest differs")
    if not request.approver or request.approver in (request.requester, requester):
        raise ApprovalRefused("whoever asked cannot approve: it needs a second person")
