"""The kinds of steps, one registration each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfdash.model.procedure import StepKind
from tfdash.procedures.kind import KindOfStep
from tfdash.procedures.steps.action import ActionStep
from tfdash.procedures.steps.approval import ApprovalStep
from tfdash.procedures.steps.check import CheckStep, GateStep
from tfdash.procedures.steps.command import CommandStep
from tfdash.procedures.steps.decision import DecisionStep
from tfdash.procedures.steps.group import GroupStep
from tfdash.procedures.steps.manual import ManualStep
from tfdash.procedures.steps.notify import NotifyStep
from tfdash.procedures.steps.procedure import ProcedureStep
from tfdash.procedures.steps.wait import WaitStep

STEP_KINDS: Mapping[StepKind, Callable[[], KindOfStep]] = {
    made.kind: made
    for made in (
        CheckStep,
        GateStep,
        WaitStep,
        ManualStep,
        DecisionStep,
        GroupStep,
        NotifyStep,
        ProcedureStep,
        ActionStep,
        CommandStep,
        ApprovalStep,
    )
}
"""A kind may remember what it saw: each engine makes its own."""
