"""The second person's part of a confirmation: asked for, waited for, and whether it holds for the plan that is shown."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.model.action import Guarded
from tfdash.model.store_state import ApprovalRequest
from tfdash.text import safe
from tfdash.views.table import Line


class ApprovalPrompt:
    """``approval`` is the newest request of this dialog, as the store tells it; None: nobody was asked."""

    def __init__(self) -> None:
        self.approval: ApprovalRequest | None = None

    def follow(self, known: Sequence[ApprovalRequest]) -> None:
        """What became of it."""
        if self.approval is not None:
            self.approval = next((a for a in known if a.id == self.approval.id), self.approval)

    @property
    def waits(self) -> bool:
        return self.approval is not None and self.approval.state == "waiting"

    def holds(self, guarded: Guarded) -> bool:
        """Whether somebody approved this very plan."""
        found = self.approval
        return found is not None and found.state == "approved" and found.digest == guarded.plan.digest

    def lines(self, plans: Sequence[Guarded], now: float) -> list[Line]:
        approval = self.approval
        if approval is None:
            return []
        if plans and approval.digest != plans[0].plan.digest:
            from tfdash.actions.core.plan_digest import changed_parts

            parts = changed_parts(approval, plans[0].plan)
            what = f"the plan changed since it was asked for{f' ({parts})' if parts else ''}"
            return [[(f"▲ {what}: the approval does not hold for it", "warn")]]
        minutes, seconds = divmod(max(0, int(approval.expires_at - now)), 60)
        left = f"{minutes:02d}:{seconds:02d} left"
        match approval.state:
            case "waiting":
                return [
                    [("◐ waits for a second person ", "moving"), f"request {safe(approval.id)}, {left}"],
                    [("anybody but you with a role of their own: on another terminal, :approvals", "dim")],
                ]
            case "approved":
                by = f"{safe(approval.approver)}, stamped by {safe(approval.stamped_by)}"
                return [[("✔ approved by ", "ok"), by, (f"   {left}", "dim")]]
            case _:
                by = f" by {safe(approval.approver)}" if approval.approver else ""
                return [[(f"✖ {safe(approval.state)}{by}", "breach")]]
