"""The second person's part of a confirmation: asked for, waited for, and whether it holds for the plan that is shown."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.actions.core.protocols import ActionService, ApprovalRefused, LedgerUnavailable
from tfdash.model.action import Guarded
from tfdash.model.store_state import ApprovalRequest
from tfdash.text import safe
from tfdash.views.table import Line


class ApprovalPrompt:
    """``approvals`` are the newest requests of this dialog, one for each plan, as the store tells them; none: nobody was asked.
    Of several plans all are approved, or none is carried out."""

    def __init__(self) -> None:
        self.approvals: list[ApprovalRequest] = []

    def follow(self, known: Sequence[ApprovalRequest]) -> None:
        """What became of them."""
        by_id = {a.id: a for a in known}
        self.approvals = [by_id.get(a.id, a) for a in self.approvals]

    async def ask(self, actions: ActionService, plans: Sequence[Guarded], reason: str) -> str:
        """Ask for each plan that nobody is asked about yet; why one could not be asked for, "" where all were."""
        asked, why = [], ""
        try:
            for guarded in tuple(plans):
                held = self.of(guarded)
                again = held is None or held.state not in ("waiting", "approved")
                asked.append(
                    await actions.request_approval(guarded, reason) if held is None or again else held
                )
        except (LedgerUnavailable, ApprovalRefused) as error:
            why = safe(str(error))
        self.approvals = asked
        return why

    def waits(self, plans: Sequence[Guarded]) -> bool:
        """For an answer to these very plans that can still come."""
        states = {a.state if (a := self.of(g)) is not None else "" for g in plans}
        return "waiting" in states and states <= {"waiting", "approved"}

    def of(self, guarded: Guarded) -> ApprovalRequest | None:
        """The request for this very plan."""
        return next((a for a in self.approvals if a.digest == guarded.plan.digest), None)

    def holds(self, plans: Sequence[Guarded]) -> bool:
        """Whether somebody approved each of these very plans."""
        found = [self.of(g) for g in plans]
        return bool(found) and all(a is not None and a.state == "approved" for a in found)

    def lines(self, plans: Sequence[Guarded], now: float) -> list[Line]:
        return [line for index, _ in enumerate(self.approvals) for line in self._lines(index, plans, now)][:4]

    def _lines(self, index: int, plans: Sequence[Guarded], now: float) -> list[Line]:
        approval = self.approvals[index]
        if not any(g.plan.digest == approval.digest for g in plans):
            from tfdash.actions.core.plan_digest import changed_parts

            parts = changed_parts(approval, plans[index].plan) if index < len(plans) else ""
            what = f"the plan changed since it was asked for{f' ({parts})' if parts else ''}"
            return [[(f"▲ {what}: the approval does not hold for it", "warn")]]
        minutes, seconds = divmod(max(0, int(approval.expires_at - now)), 60)
        left = f"{minutes:02d}:{seconds:02d} left"
        match approval.state:
            case "waiting":
                hint: Line = [
                    ("anybody but you with a role of their own: on another terminal, :approvals", "dim")
                ]
                waits: Line = [
                    ("◐ waits for a second person ", "moving"),
                    f"request {safe(approval.id)}, {left}",
                ]
                return [waits, hint] if len(self.approvals) == 1 else [waits]
            case "approved":
                by = f"{safe(approval.approver)}, stamped by {safe(approval.stamped_by)}"
                return [[("✔ approved by ", "ok"), by, (f"   {left}", "dim")]]
            case _:
                by = f" by {safe(approval.approver)}" if approval.approver else ""
                return [[(f"✖ {safe(approval.state)}{by}", "breach")]]
